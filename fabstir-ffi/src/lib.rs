#![doc = include_str!("../README.md")]
#![allow(
    clippy::missing_safety_doc,
    reason = "what every pointer must be is said once, in the README's conventions; the header repeats this file's docs"
)]

mod amount;
mod boundary;
mod buffer;
mod calldata;
mod chat;
mod context;
mod escrow;
mod event;
#[cfg(feature = "llama")]
mod generation;
mod handle;
#[cfg(feature = "host")]
mod host;
mod json;
mod key;
mod message;
#[cfg(feature = "llama")]
mod model;
mod pointer;
mod profile;
#[cfg(feature = "host")]
mod queue;
#[cfg(feature = "client")]
mod renter;
mod renter_session;
#[cfg(any(feature = "client", feature = "host"))]
mod runtime;
mod sampling;
#[cfg(feature = "client")]
mod session;
mod settlement;
mod signature;
mod status;
mod transcript;
mod types;
mod version;
mod wire;

pub use amount::*;
pub use boundary::{fabstir_last_error, fabstir_last_error_string};
pub use buffer::{fabstir_bytes, fabstir_bytes_free, fabstir_string, fabstir_string_free};
pub use calldata::*;
pub use context::*;
pub use escrow::*;
pub use event::*;
#[cfg(feature = "llama")]
pub use generation::*;
pub use handle::fabstir_handles_open;
#[cfg(feature = "host")]
pub use host::*;
pub use key::*;
pub use message::*;
#[cfg(feature = "llama")]
pub use model::*;
pub use profile::*;
#[cfg(feature = "host")]
pub use queue::*;
#[cfg(feature = "client")]
pub use renter::*;
pub use renter_session::*;
pub use sampling::*;
#[cfg(feature = "client")]
pub use session::*;
pub use settlement::*;
pub use signature::*;
pub use status::{fabstir_status, fabstir_status_is_retryable, fabstir_status_name};
pub use transcript::*;
pub use types::*;
pub use version::*;
pub use wire::*;
