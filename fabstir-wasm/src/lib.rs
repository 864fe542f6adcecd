#![doc = include_str!("../README.md")]

mod abi;
mod calls;
mod quotes;
mod thrown;
mod typed_data;
mod words;

#[cfg(feature = "renter")]
mod keys;
#[cfg(feature = "renter")]
mod session;
#[cfg(feature = "renter")]
mod transcript;

pub use calls::{call_result, calldata, event};
pub use quotes::{cancellation_fee, fee, gross, increment, payable};
pub use thrown::start;
pub use typed_data::{domain_separator, message_digest, message_type};

#[cfg(feature = "renter")]
pub use keys::{address_of_key, public_key, recover_signer, sign_digest};
#[cfg(feature = "renter")]
pub use session::RenterEngine;
#[cfg(feature = "renter")]
pub use transcript::{SessionTranscript, model_id, profile_hash};
