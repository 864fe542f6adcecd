#![doc = include_str!("../README.md")]
#![allow(
    clippy::missing_safety_doc,
    reason = "what every pointer must be is said once, in the README's conventions; the header repeats this file's docs"
)]

mod amount;
mod boundary;
mod buffer;
mod handle;
mod key;
mod message;
mod pointer;
mod settlement;
mod signature;
mod status;
mod types;
mod version;

pub use amount::*;
pub use boundary::{fabstir_last_error, fabstir_last_error_string};
pub use buffer::{fabstir_bytes, fabstir_bytes_free, fabstir_string, fabstir_string_free};
pub use handle::fabstir_handles_open;
pub use key::*;
pub use message::*;
pub use settlement::*;
pub use signature::*;
pub use status::{fabstir_status, fabstir_status_is_retryable, fabstir_status_name};
pub use types::*;
pub use version::*;
