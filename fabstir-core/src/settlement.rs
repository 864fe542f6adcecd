//! The one copy of the price formula: exact integers, the rounding in every name.
//!
//! Mirrors the contract's `SettlementLib`; both run `vectors/settlement.json`. Every amount of a session is computed
//! on cumulative counts and credited by difference, so the result never depends on how often one settles.

use crate::{
    Error,
    amount::{Amount, Prices, TOKENS_PER_PRICE, Usage},
};
use alloy_primitives::U256;

/// Basis points in a whole.
pub const BPS: u16 = 10_000;

/// Payment for the tokens at these prices, rounded down (in the renter's favour).
///
/// Units: prices are token base units per 1,000,000 LLM tokens; the result is base units.
/// Mirrors `SettlementLib.grossDown`; both run `vectors/settlement.json`.
///
/// # Errors
///
/// [`Error::Overflow`] if the product exceeds 256 bits.
pub fn gross_down(usage: Usage, prices: Prices) -> Result<Amount, Error> {
    let cost = |tokens: u64, price: u128| U256::from(tokens).checked_mul(U256::from(price));
    let input = cost(usage.input, prices.input.get());
    let output = cost(usage.output, prices.output.get());
    input
        .zip(output)
        .and_then(|(input, output)| input.checked_add(output))
        .map(|total| Amount::new(total / U256::from(TOKENS_PER_PRICE)))
        .ok_or(Error::Overflow { what: "price of tokens" })
}

/// What a session with this deposit pays for the tokens, rounded down: the gross, but never more than the deposit.
///
/// Units: as [`gross_down`].
///
/// # Errors
///
/// [`Error::Overflow`] as [`gross_down`].
pub fn payable_down(usage: Usage, prices: Prices, deposit: Amount) -> Result<Amount, Error> {
    Ok(gross_down(usage, prices)?.min(deposit))
}

/// The market's fee in a cumulative payment, rounded down (in the host's favour).
///
/// Units: base units; `fee_bps` in 1/10,000.
#[must_use]
pub fn fee_down(paid: Amount, fee_bps: u16) -> Amount {
    share_down(paid, fee_bps)
}

/// What the host gets of the unspent deposit if the renter left alone, rounded down (in the renter's favour).
///
/// Units: base units; `cancel_bps` in 1/10,000.
#[must_use]
pub fn cancellation_fee_down(unspent: Amount, cancel_bps: u16) -> Amount {
    share_down(unspent, cancel_bps)
}

/// `floor(amount * bps / 10000)`. Divides first and carries the remainder, so that no product can overflow at rates up
/// to a whole.
fn share_down(amount: Amount, bps: u16) -> Amount {
    let (whole, bps) = (U256::from(BPS), U256::from(bps));
    let (quotient, remainder) = amount.get().div_rem(whole);
    Amount::new(quotient.saturating_mul(bps).saturating_add(remainder * bps / whole))
}

/// One payment, divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Split {
    /// To the host.
    pub host: Amount,
    /// To the market.
    pub fee: Amount,
}

impl Split {
    /// Divides everything paid over a session's life.
    #[must_use]
    pub fn of(paid: Amount, fee_bps: u16) -> Self {
        let fee = fee_down(paid, fee_bps);
        Self { host: paid.saturating_sub(fee), fee }
    }

    /// Host's part and fee together.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`] above 256 bits.
    pub fn total(self) -> Result<Amount, Error> {
        self.host.checked_add(self.fee)
    }
}

/// What one settlement credits when the cumulative payment rises: the difference of the two cumulative divisions.
///
/// Units: base units; `fee_bps` in 1/10,000.
///
/// # Errors
///
/// [`Error::VoucherBackwards`] if `settled_after` is below `settled_before`.
pub fn increment(settled_before: Amount, settled_after: Amount, fee_bps: u16) -> Result<Split, Error> {
    if settled_after < settled_before {
        return Err(Error::VoucherBackwards);
    }
    let (before, after) = (Split::of(settled_before, fee_bps), Split::of(settled_after, fee_bps));
    // Both parts of a division grow with the amount divided, as long as the rate is at most a whole.
    Ok(Split { host: after.host.checked_sub(before.host)?, fee: after.fee.checked_sub(before.fee)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amount::Price;
    use alloy_primitives::U512;
    use proptest::prelude::*;

    fn amount(units: u128) -> Amount {
        Amount::from(units)
    }

    #[test]
    fn floors_once_over_both_kinds() {
        // 0.5 + 0.5 base units are one: each kind alone would vanish.
        let prices = Prices::new(500_000, 500_000);
        assert_eq!(gross_down(Usage::new(1, 1), prices), Ok(amount(1)));
        assert_eq!(gross_down(Usage::new(1, 0), prices), Ok(Amount::ZERO));
    }

    #[test]
    fn prices_below_a_base_unit_per_token_do_not_vanish() {
        // 0.06 USDC per million tokens.
        let prices = Prices { input: Price::new(60_000), output: Price::new(60_000) };
        assert_eq!(gross_down(Usage::new(0, 16), prices), Ok(Amount::ZERO));
        assert_eq!(gross_down(Usage::new(0, 17), prices), Ok(amount(1)));
        assert_eq!(gross_down(Usage::new(1_000_000, 1_000_000), prices), Ok(amount(120_000)));
    }

    #[test]
    fn the_largest_counts_and_prices_fit() {
        let prices = Prices::new(u128::MAX, u128::MAX);
        let gross = gross_down(Usage::new(u64::MAX, u64::MAX), prices).expect("fits");
        let expected = U512::from(u64::MAX) * U512::from(u128::MAX) * U512::from(2) / U512::from(1_000_000);
        assert_eq!(U512::from(gross.get()), expected);
        assert_eq!(payable_down(Usage::new(u64::MAX, 0), prices, amount(9)), Ok(amount(9)));
    }

    #[test]
    fn backwards_is_refused() {
        assert_eq!(increment(amount(2), amount(1), 1_500), Err(Error::VoucherBackwards));
    }

    proptest! {
        #[test]
        fn gross_is_the_floor(input: u64, output: u64, pin: u128, pout: u128) {
            let gross = gross_down(Usage::new(input, output), Prices::new(pin, pout)).expect("fits");
            let exact = U512::from(input) * U512::from(pin) + U512::from(output) * U512::from(pout);
            let scaled = U512::from(gross.get()) * U512::from(TOKENS_PER_PRICE);
            prop_assert!(scaled <= exact && exact - scaled < U512::from(TOKENS_PER_PRICE));
        }

        #[test]
        fn shares_are_the_floor(limbs: [u64; 4], bps in 0..=BPS) {
            let paid = Amount::new(U256::from_limbs(limbs));
            let expected = U512::from(paid.get()) * U512::from(bps) / U512::from(BPS);
            prop_assert_eq!(U512::from(fee_down(paid, bps).get()), expected);
            prop_assert_eq!(cancellation_fee_down(paid, bps), fee_down(paid, bps));
            prop_assert_eq!(Split::of(paid, bps).total(), Ok(paid));
        }

        #[test]
        fn how_often_one_settles_does_not_matter(
            mut steps in proptest::collection::vec(0..1u128 << 96, 1..20),
            fee_bps in 0..=3_000u16,
        ) {
            steps.sort_unstable();
            let (mut before, mut host, mut fee) = (Amount::ZERO, Amount::ZERO, Amount::ZERO);
            for after in steps.iter().copied().map(amount) {
                let split = increment(before, after, fee_bps).expect("rises");
                prop_assert_eq!(split.total(), after.checked_sub(before));
                host = host.checked_add(split.host).expect("fits");
                fee = fee.checked_add(split.fee).expect("fits");
                before = after;
            }
            prop_assert_eq!(Split { host, fee }, Split::of(before, fee_bps));
        }
    }
}
