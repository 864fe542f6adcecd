//! What crosses the boundary to JavaScript: 32-byte big-endian words, one after the other, as the contracts have them.
//! The JavaScript half packs addresses, numbers and hashes into them by the tables in `js/src/words.js`.

use alloy_primitives::{Address, B256, U256};
use fabstir_core::{
    Code, Error,
    abi::Terms,
    amount::{Amount, Prices, Usage},
    messages::Domain,
};

/// Reads words in order; [`Words::end`] refuses what is left.
pub(crate) struct Words<'a>(&'a [u8]);

/// A number that may not fill its word.
macro_rules! narrow {
    ($($name:ident: $type:ty),*) => { $(
        pub(crate) fn $name(&mut self) -> Result<$type, Error> {
            self.number()?.try_into().map_err(|_| overflow())
        }
    )* };
}

impl<'a> Words<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn word(&mut self) -> Result<B256, Error> {
        let Some((word, rest)) = self.0.split_first_chunk::<32>() else { return Err(wrong_length()) };
        self.0 = rest;
        Ok(B256::new(*word))
    }

    pub(crate) fn number(&mut self) -> Result<U256, Error> {
        self.word().map(Into::into)
    }

    narrow!(u128: u128, u64: u64, u32: u32, u16: u16);

    #[cfg(feature = "renter")]
    narrow!(u8: u8);

    /// Bytes behind their length.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let length = self.u32()? as usize;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(wrong_length)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(crate) fn amount(&mut self) -> Result<Amount, Error> {
        self.number().map(Amount::new)
    }

    pub(crate) fn address(&mut self) -> Result<Address, Error> {
        let word = self.word()?;
        if word[..12].iter().any(|byte| *byte != 0) {
            return Err(overflow());
        }
        Ok(Address::from_word(word))
    }

    pub(crate) fn usage(&mut self) -> Result<Usage, Error> {
        Ok(Usage::new(self.u64()?, self.u64()?))
    }

    pub(crate) fn prices(&mut self) -> Result<Prices, Error> {
        Ok(Prices::new(self.u128()?, self.u128()?))
    }

    pub(crate) fn domain(&mut self) -> Result<Domain, Error> {
        Ok(Domain::new(self.u64()?, self.address()?))
    }

    /// In the order of the contract's struct.
    pub(crate) fn terms(&mut self) -> Result<Terms, Error> {
        Ok(Terms {
            renter: self.address()?,
            host: self.address()?,
            hostSigner: self.address()?,
            voucherSigner: self.address()?,
            token: self.address()?,
            modelId: self.word()?,
            inputPrice: self.u128()?,
            outputPrice: self.u128()?,
            expiresAt: self.u64()?,
            grace: self.u32()?,
            feeBps: self.u16()?,
            cancelBps: self.u16()?,
            proofCap: self.u128()?,
            salt: self.number()?,
        })
    }

    /// Refuses what is left.
    pub(crate) fn end(&self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(wrong_length()) }
    }
}

/// Writes words in order.
#[derive(Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn word(&mut self, word: B256) -> &mut Self {
        self.0.extend_from_slice(word.as_slice());
        self
    }

    pub(crate) fn number(&mut self, number: U256) -> &mut Self {
        self.word(number.into())
    }

    pub(crate) fn long(&mut self, number: u64) -> &mut Self {
        self.number(U256::from(number))
    }

    /// Bytes behind their length.
    #[cfg(feature = "renter")]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.long(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn take(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.0)
    }
}

#[cfg(feature = "renter")]
/// Bytes of a fixed length.
pub(crate) fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Error> {
    bytes.try_into().map_err(|_| wrong_length())
}

#[cfg(feature = "renter")]
pub(crate) fn word(bytes: &[u8]) -> Result<B256, Error> {
    fixed(bytes).map(B256::new)
}

const fn overflow() -> Error {
    Error::Overflow { what: "value" }
}

fn wrong_length() -> Error {
    Error::coded(Code::InvalidValue, "wrong number of bytes")
}
