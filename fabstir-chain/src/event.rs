//! What the contracts told, decoded.

use crate::{Error, provider::Provider};
use alloy::rpc::types::Log;
use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEventInterface;
use fabstir_core::abi::{INodeRegistry::INodeRegistryEvents, ISessionMarket::ISessionMarketEvents};
use serde::{Deserialize, Serialize};

/// One event of the market or its registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its block.
    pub block: u64,
    /// Its transaction.
    pub transaction: B256,
    /// Its place among all logs of the block.
    pub log_index: u64,
    /// What happened.
    pub kind: EventKind,
}

/// What happened, in the contracts' own names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "most events of the market are small; boxing would serve the rare one")]
pub enum EventKind {
    /// In SessionMarket.
    Market(ISessionMarketEvents),
    /// In NodeRegistry.
    Registry(INodeRegistryEvents),
}

/// The addresses whose events are ours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contracts {
    pub(crate) market: Address,
    pub(crate) registry: Address,
}

/// A place between two events, to resume from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cursor {
    /// First block that may hold events not yet seen.
    pub block: u64,
    /// First log of it not yet seen.
    pub log_index: u64,
}

impl Cursor {
    /// The beginning of a block.
    #[must_use]
    pub const fn at_block(block: u64) -> Self {
        Self { block, log_index: 0 }
    }
}

impl Event {
    /// The place right after this event.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        Cursor { block: self.block, log_index: self.log_index.saturating_add(1) }
    }
}

impl Contracts {
    /// Reads a log; `None` if it is not of ours or of a kind the interface does not have (ownership, for instance).
    pub(crate) fn decode(&self, provider: &Provider, log: &Log) -> Result<Option<Event>, Error> {
        let nonsense = |reason: &str| provider.nonsense("logs", reason);
        let (topics, data) = (log.inner.data.topics(), &log.inner.data.data);
        let Some(topic) = topics.first() else { return Ok(None) };
        let unreadable = |_| nonsense("an event that does not decode");
        let kind = if log.inner.address == self.market && ISessionMarketEvents::SELECTORS.contains(&topic.0) {
            EventKind::Market(ISessionMarketEvents::decode_raw_log(topics, data).map_err(unreadable)?)
        } else if log.inner.address == self.registry && INodeRegistryEvents::SELECTORS.contains(&topic.0) {
            EventKind::Registry(INodeRegistryEvents::decode_raw_log(topics, data).map_err(unreadable)?)
        } else {
            return Ok(None);
        };
        let (Some(block), Some(transaction), Some(log_index)) = (log.block_number, log.transaction_hash, log.log_index)
        else {
            return Err(nonsense("a log without its block"));
        };
        Ok(Some(Event { block, transaction, log_index, kind }))
    }
}
