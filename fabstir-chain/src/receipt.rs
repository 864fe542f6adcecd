//! What a transaction did and cost.

use crate::{
    Error,
    event::{Contracts, Event, EventKind},
    provider::{Provider, RawReceipt},
};
use alloy_primitives::{Address, B256, U256};
use fabstir_core::{abi::ISessionMarket::ISessionMarketEvents, amount::Amount};

/// A transaction that was mined and succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its hash.
    pub tx_hash: B256,
    /// Its block.
    pub block: u64,
    /// Gas it used.
    pub gas_used: u64,
    /// Wei paid for a unit of gas.
    pub effective_gas_price: u128,
    /// Wei paid for data on a layer-1 chain, on chains that have one under them.
    pub data_fee: Amount,
    /// The contract it created, if it did.
    pub contract: Option<Address>,
    /// What our contracts told.
    pub events: Vec<Event>,
}

impl Receipt {
    pub(crate) fn read(provider: &Provider, raw: &RawReceipt, contracts: Option<&Contracts>) -> Result<Self, Error> {
        let mut events = Vec::new();
        if let Some(contracts) = contracts {
            for log in &raw.logs {
                events.extend(contracts.decode(provider, log)?);
            }
        }
        Ok(Self {
            tx_hash: raw.transaction_hash,
            block: raw.block_number.to(),
            gas_used: raw.gas_used.to(),
            effective_gas_price: raw.effective_gas_price.saturating_to(),
            data_fee: raw.l1_fee.unwrap_or_default().into(),
            contract: raw.contract_address,
            events,
        })
    }

    /// What the sender paid for it, wei.
    #[must_use]
    pub fn fee(&self) -> Amount {
        let gas = U256::from(self.gas_used).saturating_mul(U256::from(self.effective_gas_price));
        gas.saturating_add(self.data_fee.get()).into()
    }

    /// The market's events in it.
    pub fn market_events(&self) -> impl Iterator<Item = &ISessionMarketEvents> {
        self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Market(event) => Some(event),
            EventKind::Registry(_) => None,
        })
    }
}

/// What a key's transactions cost so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Transactions mined, failed ones included.
    pub transactions: u64,
    /// Gas used.
    pub gas: u64,
    /// Wei paid for it.
    pub fee: Amount,
}

impl Spent {
    pub(crate) fn add(&mut self, receipt: &Receipt) {
        self.transactions = self.transactions.saturating_add(1);
        self.gas = self.gas.saturating_add(receipt.gas_used);
        self.fee = self.fee.get().saturating_add(receipt.fee().get()).into();
    }
}
