//! A session's terms on the wire.

use super::num;
use crate::abi::ISessionMarket::Terms;
use alloy_primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};

/// Declares the mirror and both conversions from one table, so that no field can be forgotten in one of them.
macro_rules! mirror {
    ($($(#[$attribute:meta])* $field:ident: $type:ty = $theirs:ident;)*) => {
        /// [`Terms`] as the wire writes them.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct WireTerms { $($(#[$attribute])* pub $field: $type,)* }

        impl From<Terms> for WireTerms {
            fn from(terms: Terms) -> Self { Self { $($field: terms.$theirs,)* } }
        }

        impl From<WireTerms> for Terms {
            fn from(terms: WireTerms) -> Self { Self { $($theirs: terms.$field,)* } }
        }
    };
}

mirror! {
    /// Pays, and is refunded.
    #[serde(with = "num")]
    renter: Address = renter;
    /// Is paid.
    #[serde(with = "num")]
    host: Address = host;
    /// Signs checkpoints, closes and quotes.
    #[serde(with = "num")]
    host_signer: Address = hostSigner;
    /// The renter's key for this session alone.
    #[serde(with = "num")]
    voucher_signer: Address = voucherSigner;
    /// The payment token; zero is the chain's coin.
    #[serde(with = "num")]
    token: Address = token;
    /// See [`crate::transcript::ModelId::hash`].
    #[serde(with = "num")]
    model_id: B256 = modelId;
    /// Base units per 1,000,000 tokens fed.
    #[serde(with = "num")]
    input_price: u128 = inputPrice;
    /// Base units per 1,000,000 tokens sampled.
    #[serde(with = "num")]
    output_price: u128 = outputPrice;
    /// Unix seconds, before extensions.
    #[serde(with = "num")]
    expires_at: u64 = expiresAt;
    /// Seconds for late vouchers.
    grace: u32 = grace;
    /// The market's fee, in basis points of the host's gross.
    fee_bps: u16 = feeBps;
    /// Of the unspent deposit, in basis points, if the renter leaves alone early.
    cancel_bps: u16 = cancelBps;
    /// Most that a proof system may hold back, in base units.
    #[serde(with = "num")]
    proof_cap: u128 = proofCap;
    /// Makes equal terms different sessions.
    #[serde(with = "num")]
    salt: U256 = salt;
}
