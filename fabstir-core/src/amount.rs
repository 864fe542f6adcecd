//! Money and token counts as types, so that one is never taken for another. No floating point anywhere.

use crate::Error;
use alloy_primitives::{U256, aliases::U96};
use core::{fmt, str::FromStr};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// LLM tokens that a [`Price`] is for.
pub const TOKENS_PER_PRICE: u64 = 1_000_000;

/// An amount of money in a token's base units (wei for the chain's coin, millionths for a 6-decimal token).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(U256);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(U256::ZERO);

    /// The largest amount the market can hold in one place, 2^96 - 1.
    pub const MAX_U96: Self = Self(U256::from_limbs([u64::MAX, u32::MAX as u64, 0, 0]));

    /// An amount from its base units.
    #[must_use]
    pub const fn new(base_units: U256) -> Self {
        Self(base_units)
    }

    /// The base units.
    #[must_use]
    pub const fn get(self) -> U256 {
        self.0
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Whether the contract can store it: its slots hold 96 bits.
    #[must_use]
    pub fn fits_u96(self) -> bool {
        self <= Self::MAX_U96
    }

    /// The amount as the contract stores it.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`] above 96 bits. Never cast.
    pub fn to_u96(self) -> Result<U96, Error> {
        if self.fits_u96() { Ok(U96::from(self.0)) } else { Err(Error::Overflow { what: "amount" }) }
    }

    /// The sum.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`] above 256 bits.
    pub fn checked_add(self, other: Self) -> Result<Self, Error> {
        self.0.checked_add(other.0).map(Self).ok_or(Error::Overflow { what: "sum of amounts" })
    }

    /// The difference.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`] if `other` is larger.
    pub fn checked_sub(self, other: Self) -> Result<Self, Error> {
        self.0.checked_sub(other.0).map(Self).ok_or(Error::Overflow { what: "difference of amounts" })
    }

    /// The difference, or nothing if `other` is larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Base units as 32 big-endian bytes, as the C ABI and CBOR carry them.
    #[must_use]
    pub const fn to_be_bytes(self) -> [u8; 32] {
        self.0.to_be_bytes()
    }

    /// An amount from 32 big-endian bytes.
    #[must_use]
    pub const fn from_be_bytes(bytes: [u8; 32]) -> Self {
        Self(U256::from_be_bytes(bytes))
    }

    /// Reads an amount as people write it: `"1.5"` of a token with `decimals` decimals. Exact: nothing is rounded.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] unless `text` is digits with at most one point and at most `decimals` digits behind it;
    /// [`Error::Overflow`] above 256 bits.
    pub fn parse_units(text: &str, decimals: u8) -> Result<Self, Error> {
        let invalid = |reason: &str| Error::invalid("amount", format!("{reason}: {text:?}"));
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid("no digits"));
        }
        if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return Err(invalid("not a plain decimal number"));
        }
        let Some(padding) = usize::from(decimals).checked_sub(fraction.len()) else {
            return Err(invalid(&format!("more than {decimals} digits after the point")));
        };
        let digits = whole.bytes().chain(fraction.bytes()).chain(core::iter::repeat_n(b'0', padding));
        read_digits(digits).map(Self).ok_or(Error::Overflow { what: "amount" })
    }

    /// Writes the amount of a token with `decimals` decimals as people do: `"1.5"`, without trailing zeros.
    #[must_use]
    pub fn format_units(self, decimals: u8) -> String {
        let decimals = usize::from(decimals);
        let digits = format!("{:0>width$}", self.0.to_string(), width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        match fraction.trim_end_matches('0') {
            "" => whole.to_owned(),
            fraction => format!("{whole}.{fraction}"),
        }
    }
}

/// The number these ASCII digits write, if it fits.
fn read_digits(digits: impl Iterator<Item = u8>) -> Option<U256> {
    let ten = U256::from(10u8);
    let mut value = U256::ZERO;
    for digit in digits {
        value = value.checked_mul(ten)?.checked_add(U256::from(digit - b'0'))?;
    }
    Some(value)
}

impl fmt::Display for Amount {
    /// Base units in decimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Amount {
    type Err = Error;

    /// Reads base units in decimal.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse_units(text, 0)
    }
}

impl From<U256> for Amount {
    fn from(base_units: U256) -> Self {
        Self(base_units)
    }
}

impl From<u128> for Amount {
    fn from(base_units: u128) -> Self {
        Self(U256::from(base_units))
    }
}

impl From<u64> for Amount {
    fn from(base_units: u64) -> Self {
        Self(U256::from(base_units))
    }
}

impl From<U96> for Amount {
    fn from(base_units: U96) -> Self {
        Self(U256::from(base_units))
    }
}

impl From<Amount> for U256 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

impl core::iter::Sum for Amount {
    /// The sum, held at 2^256 - 1: no sum of amounts that exist comes near it.
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |total, amount| Self(total.0.saturating_add(amount.0)))
    }
}

impl Serialize for Amount {
    /// A decimal string where people read, else 32 big-endian bytes.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_bytes(&self.to_be_bytes())
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("base units as a decimal string or 32 bytes")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Amount, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Amount, E> {
                let bytes = bytes.try_into().map_err(|_| E::invalid_length(bytes.len(), &self))?;
                Ok(Amount::from_be_bytes(bytes))
            }
        }
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Visitor)
        } else {
            deserializer.deserialize_bytes(Visitor)
        }
    }
}

/// What [`TOKENS_PER_PRICE`] LLM tokens cost, in base units of the token paid with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(u128);

impl Price {
    /// A price from base units per million LLM tokens.
    #[must_use]
    pub const fn new(base_units: u128) -> Self {
        Self(base_units)
    }

    /// Base units per million LLM tokens.
    #[must_use]
    pub const fn get(self) -> u128 {
        self.0
    }

    /// Reads a price as people write it: `"0.06"` of a token with `decimals` decimals, per million LLM tokens.
    ///
    /// # Errors
    ///
    /// As [`Amount::parse_units`]; [`Error::Overflow`] above 128 bits.
    pub fn parse_units(text: &str, decimals: u8) -> Result<Self, Error> {
        let amount = Amount::parse_units(text, decimals)?;
        u128::try_from(amount.0).map(Self).map_err(|_| Error::Overflow { what: "price" })
    }

    /// Writes the price as people do, see [`Amount::format_units`].
    #[must_use]
    pub fn format_units(self, decimals: u8) -> String {
        Amount::from(self.0).format_units(decimals)
    }
}

impl fmt::Display for Price {
    /// Base units per million LLM tokens, in decimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<u128> for Price {
    fn from(base_units: u128) -> Self {
        Self(base_units)
    }
}

/// The two prices of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Prices {
    /// Of tokens fed to the model.
    pub input: Price,
    /// Of tokens sampled from it.
    pub output: Price,
}

impl Prices {
    /// Prices from base units per million LLM tokens.
    #[must_use]
    pub const fn new(input: u128, output: u128) -> Self {
        Self { input: Price(input), output: Price(output) }
    }
}

/// LLM tokens billed since the session opened, fed and sampled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens fed to the model.
    pub input: u64,
    /// Tokens sampled from it.
    pub output: u64,
}

impl Usage {
    /// Cumulative counts.
    #[must_use]
    pub const fn new(input: u64, output: u64) -> Self {
        Self { input, output }
    }

    /// Both counts raised.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`] above 64 bits.
    pub fn checked_add(self, other: Self) -> Result<Self, Error> {
        let overflow = || Error::Overflow { what: "token count" };
        Ok(Self {
            input: self.input.checked_add(other.input).ok_or_else(overflow)?,
            output: self.output.checked_add(other.output).ok_or_else(overflow)?,
        })
    }

    /// Whether neither count is below the other's: counts of one session only grow.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        self.input >= other.input && self.output >= other.output
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;
    use proptest::prelude::*;

    #[test]
    fn people_write_amounts() {
        for (text, decimals, units) in
            [("1.5", 6, 1_500_000u64), ("0.000001", 6, 1), ("7", 0, 7), (".5", 1, 5), ("3.", 2, 300), ("007", 0, 7)]
        {
            assert_eq!(Amount::parse_units(text, decimals), Ok(Amount::from(units)), "{text}");
        }
        assert_eq!(Amount::from(1_500_000u64).format_units(6), "1.5");
        assert_eq!(Amount::ZERO.format_units(18), "0");
        assert_eq!(Amount::from(1u64).format_units(18), "0.000000000000000001");
        assert_eq!(Amount::from(10u64).format_units(0), "10");
    }

    #[test]
    fn unclear_amounts_are_refused() {
        for text in ["", ".", "-1", "+1", "1e3", "1,5", "1_000", " 1", "0x1", "1.2.3", "1.0000000", "\u{661}"] {
            assert_eq!(Amount::parse_units(text, 6).map_err(|e| e.code()), Err(Code::InvalidValue), "{text:?}");
        }
        let above = format!("1{}", "0".repeat(78));
        assert_eq!(Amount::parse_units(&above, 0).map_err(|e| e.code()), Err(Code::Overflow));
        assert_eq!(Amount::parse_units("1", 255).map_err(|e| e.code()), Err(Code::Overflow));
        assert_eq!(Price::parse_units(&U256::MAX.to_string(), 0).map_err(|e| e.code()), Err(Code::Overflow));
    }

    #[test]
    fn only_96_bits_are_stored() {
        assert_eq!(Amount::MAX_U96.get() + U256::from(1), U256::from(1) << 96);
        assert!(Amount::MAX_U96.fits_u96());
        assert!(Amount::MAX_U96.to_u96().is_ok());
        let above = Amount::from(1u128 << 96);
        assert!(!above.fits_u96());
        assert_eq!(above.to_u96().map_err(|e| e.code()), Err(Code::Overflow));
    }

    #[test]
    fn counts_only_grow() {
        let usage = Usage::new(3, 4);
        assert!(usage.covers(usage) && usage.covers(Usage::new(3, 0)));
        assert!(!usage.covers(Usage::new(0, 5)) && !usage.covers(Usage::new(4, 0)));
        assert_eq!(usage.checked_add(Usage::new(1, u64::MAX)).map_err(|e| e.code()), Err(Code::Overflow));
    }

    proptest! {
        #[test]
        fn text_round_trips(limbs: [u64; 4], decimals: u8) {
            let amount = Amount::new(U256::from_limbs(limbs));
            prop_assert_eq!(Amount::parse_units(&amount.format_units(decimals), decimals), Ok(amount));
            prop_assert_eq!(amount.to_string().parse::<Amount>(), Ok(amount));
        }

        #[test]
        fn serde_round_trips(limbs: [u64; 4]) {
            let amount = Amount::new(U256::from_limbs(limbs));
            let json = serde_json::to_string(&amount).expect("json");
            prop_assert_eq!(&json, &format!("\"{amount}\""));
            prop_assert_eq!(serde_json::from_str::<Amount>(&json).expect("json"), amount);
            let mut cbor = Vec::new();
            ciborium::into_writer(&amount, &mut cbor).expect("cbor");
            prop_assert_eq!(cbor.len(), 34);
            prop_assert_eq!(ciborium::from_reader::<Amount, _>(cbor.as_slice()).expect("cbor"), amount);
        }

        #[test]
        fn sums_and_differences_are_inverse(a: u128, b: u128) {
            let (a, b) = (Amount::from(a), Amount::from(b));
            prop_assert_eq!(a.checked_add(b).and_then(|sum| sum.checked_sub(b)), Ok(a));
            prop_assert_eq!(a.checked_sub(b).is_err(), b > a);
        }
    }
}
