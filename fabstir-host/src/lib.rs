#![doc = include_str!("../README.md")]

mod boxed;
mod config;
mod connection;
mod error;
mod generation;
mod host;
mod journal;
mod listener;
mod monitor;
mod opening;
mod prompt;
pub mod queue;
mod registry;
mod session;
mod settings;
mod settlement;
mod socket;
mod watch;

#[cfg(feature = "llama")]
pub use fabstir_llama as llama;

pub use boxed::BoxedHost;
pub use config::{HostConfig, ServedModel, TokenPrices};
pub use error::HostError;
pub use host::{Host, HostState};
pub use settings::{HostSettings, prices_from_json};
