//! Money and what is signed, as C structs. Numbers beyond 64 bits are big-endian bytes.

use fabstir_core::{
    Error,
    abi::Terms,
    amount::{self, Amount},
    messages::Domain,
    signature::Signature65,
};

/// Declares a struct of bytes.
macro_rules! same_bytes {
    ($ours:ty, $theirs:path) => {
        impl From<$ours> for $theirs {
            fn from(value: $ours) -> Self {
                Self::new(value.bytes)
            }
        }

        impl From<$theirs> for $ours {
            fn from(value: $theirs) -> Self {
                Self { bytes: value.into() }
            }
        }
    };
}

/// Money in a token's base units (wei for the chain's coin): 32 bytes, big-endian. Prices are in base units per
/// 1,000,000 LLM tokens.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_amount {
    /// The number.
    pub bytes: [u8; 32],
}

/// An account or contract.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_address {
    /// As the chain has it.
    pub bytes: [u8; 20],
}

/// A digest, head, salt, secret or session id (then big-endian).
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_hash {
    /// As it is hashed and sent.
    pub bytes: [u8; 32],
}

/// A signature: r, s, v, with v 27 or 28.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_signature {
    /// r, s, v.
    pub bytes: [u8; 65],
}

same_bytes!(fabstir_address, alloy_primitives::Address);
same_bytes!(fabstir_hash, alloy_primitives::B256);

impl From<fabstir_amount> for Amount {
    fn from(amount: fabstir_amount) -> Self {
        Self::from_be_bytes(amount.bytes)
    }
}

impl From<Amount> for fabstir_amount {
    fn from(amount: Amount) -> Self {
        Self { bytes: amount.to_be_bytes() }
    }
}

impl From<fabstir_signature> for Signature65 {
    fn from(signature: fabstir_signature) -> Self {
        Self::new(signature.bytes)
    }
}

impl From<Signature65> for fabstir_signature {
    fn from(signature: Signature65) -> Self {
        Self { bytes: *signature.as_bytes() }
    }
}

impl From<fabstir_hash> for alloy_primitives::U256 {
    fn from(hash: fabstir_hash) -> Self {
        Self::from_be_bytes(hash.bytes)
    }
}

impl From<alloy_primitives::U256> for fabstir_hash {
    fn from(number: alloy_primitives::U256) -> Self {
        Self { bytes: number.to_be_bytes() }
    }
}

/// LLM tokens billed since a session opened.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_usage {
    /// Fed to the model.
    pub input: u64,
    /// Sampled from it.
    pub output: u64,
}

impl From<fabstir_usage> for amount::Usage {
    fn from(usage: fabstir_usage) -> Self {
        Self::new(usage.input, usage.output)
    }
}

impl From<amount::Usage> for fabstir_usage {
    fn from(usage: amount::Usage) -> Self {
        Self { input: usage.input, output: usage.output }
    }
}

/// The two prices of a session, in base units per 1,000,000 LLM tokens. At most 128 bits each.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_prices {
    /// Of tokens fed to the model.
    pub input: fabstir_amount,
    /// Of tokens sampled from it.
    pub output: fabstir_amount,
}

impl TryFrom<fabstir_prices> for amount::Prices {
    type Error = Error;

    fn try_from(prices: fabstir_prices) -> Result<Self, Error> {
        Ok(Self::new(narrow(prices.input, "input price")?, narrow(prices.output, "output price")?))
    }
}

/// A number of at most 128 bits.
pub(crate) fn narrow(number: fabstir_amount, what: &'static str) -> Result<u128, Error> {
    let (high, low) = number.bytes.split_at(16);
    match (high.iter().all(|byte| *byte == 0), low.try_into()) {
        (true, Ok(low)) => Ok(u128::from_be_bytes(low)),
        _ => Err(Error::Overflow { what }),
    }
}

/// A number of at most 128 bits, widened.
pub(crate) fn widen(number: u128) -> fabstir_amount {
    Amount::from(number).into()
}

/// The market that signatures are for: worthless on any other chain or contract.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_domain {
    /// The chain.
    pub chain_id: u64,
    /// The SessionMarket.
    pub market: fabstir_address,
}

impl From<fabstir_domain> for Domain {
    fn from(domain: fabstir_domain) -> Self {
        Self::new(domain.chain_id, domain.market.into())
    }
}

/// Everything the two parties of a session agree on. Its digest is the session's id.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_terms {
    /// Pays, and is refunded.
    pub renter: fabstir_address,
    /// Is paid.
    pub host: fabstir_address,
    /// Signs checkpoints, closes and quotes.
    pub host_signer: fabstir_address,
    /// The renter's key for this session alone.
    pub voucher_signer: fabstir_address,
    /// The payment token; zero is the chain's coin.
    pub token: fabstir_address,
    /// See fabstir_model_id().
    pub model_id: fabstir_hash,
    /// Base units per 1,000,000 tokens fed; at most 128 bits.
    pub input_price: fabstir_amount,
    /// Base units per 1,000,000 tokens sampled; at most 128 bits.
    pub output_price: fabstir_amount,
    /// Unix seconds, before extensions.
    pub expires_at: u64,
    /// Seconds for late vouchers.
    pub grace: u32,
    /// The market's fee, in 1/10,000 of what the host is paid.
    pub fee_bps: u16,
    /// Of the unspent deposit, in 1/10,000, to the host if the renter leaves alone early.
    pub cancel_bps: u16,
    /// Most that a proof system may hold back, in base units; at most 128 bits.
    pub proof_cap: fabstir_amount,
    /// Makes equal terms different sessions.
    pub salt: fabstir_hash,
}

impl TryFrom<fabstir_terms> for Terms {
    type Error = Error;

    fn try_from(terms: fabstir_terms) -> Result<Self, Error> {
        Ok(Self {
            renter: terms.renter.into(),
            host: terms.host.into(),
            hostSigner: terms.host_signer.into(),
            voucherSigner: terms.voucher_signer.into(),
            token: terms.token.into(),
            modelId: terms.model_id.into(),
            inputPrice: narrow(terms.input_price, "input price")?,
            outputPrice: narrow(terms.output_price, "output price")?,
            expiresAt: terms.expires_at,
            grace: terms.grace,
            feeBps: terms.fee_bps,
            cancelBps: terms.cancel_bps,
            proofCap: narrow(terms.proof_cap, "proof cap")?,
            salt: terms.salt.into(),
        })
    }
}

impl From<&Terms> for fabstir_terms {
    fn from(terms: &Terms) -> Self {
        Self {
            renter: terms.renter.into(),
            host: terms.host.into(),
            host_signer: terms.hostSigner.into(),
            voucher_signer: terms.voucherSigner.into(),
            token: terms.token.into(),
            model_id: terms.modelId.into(),
            input_price: widen(terms.inputPrice),
            output_price: widen(terms.outputPrice),
            expires_at: terms.expiresAt,
            grace: terms.grace,
            fee_bps: terms.feeBps,
            cancel_bps: terms.cancelBps,
            proof_cap: widen(terms.proofCap),
            salt: terms.salt.into(),
        }
    }
}
