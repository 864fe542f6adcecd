#![doc = include_str!("../README.md")]

pub mod abi;
pub mod amount;
pub mod cbor;
#[cfg(feature = "channel")]
pub mod channel;
pub mod context;
pub mod error;
pub mod inference;
pub mod messages;
pub mod metering;
pub mod renter;
pub mod sampling;
pub mod session;
pub mod settlement;
pub mod signature;
pub mod text;
pub mod transcript;
pub mod wire;

pub use error::{Code, Error};
