#![doc = include_str!("../README.md")]

#[cfg(feature = "anvil")]
pub mod anvil;
mod chain;
mod config;
pub mod deploy;
mod error;
mod event;
mod events;
mod provider;
mod queue;
mod reads;
mod receipt;
mod revert;
mod rpc;
mod transport;
mod wallet;

pub use chain::Chain;
pub use config::{ChainConfig, RpcLimits};
pub use deploy::{DeployConfig, Deployment, deploy};
pub use error::Error;
pub use event::{Cursor, Event, EventKind};
pub use events::{EventFilter, Events, Opening, Page};
pub use provider::{Block, Provider, Transaction};
pub use queue::{Pending, TransactionQueue};
pub use reads::{DelegateRights, Earnings, MAX_PAGE, Offer, TokenUnits};
pub use receipt::{Receipt, Spent};
pub use revert::Revert;
pub use wallet::{NodeDescription, Wallet};
