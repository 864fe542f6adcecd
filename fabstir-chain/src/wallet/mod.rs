//! Everything a renter, a host or a bystander can do, by one key.
//!
//! Each call is simulated first, so that a refusal costs nothing and is named; then it is signed, sent and awaited.

mod market;
mod registry;
mod token;

pub use registry::NodeDescription;

use crate::{
    Chain, Error,
    provider::Transaction,
    queue::TransactionQueue,
    receipt::{Receipt, Spent},
};
use alloy_primitives::Address;
use alloy_sol_types::SolCall;
use fabstir_core::{amount::Amount, signature::SigningKey};

/// A key on a chain. Cheap to clone; clones share one transaction queue.
#[derive(Debug, Clone)]
pub struct Wallet {
    chain: Chain,
    queue: TransactionQueue,
}

impl Wallet {
    /// This key's wallet. Make one per key and clone it: two would use each other's nonces.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] outside of a tokio runtime.
    pub fn new(chain: Chain, key: SigningKey) -> Result<Self, Error> {
        let queue = TransactionQueue::new(chain.provider().clone(), key)?;
        Ok(Self::with_queue(chain, queue))
    }

    /// A wallet over a queue that is there already: the one that has deployed the market, for instance.
    #[must_use]
    pub fn with_queue(chain: Chain, queue: TransactionQueue) -> Self {
        let queue = queue.with_contracts(chain.contracts());
        Self { chain, queue }
    }

    /// The chain it is on.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Its account.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.queue.account()
    }

    /// What its transactions cost so far.
    #[must_use]
    pub fn spent(&self) -> Spent {
        self.queue.spent()
    }

    /// Its transaction queue, for transactions of other kinds.
    #[must_use]
    pub const fn queue(&self) -> &TransactionQueue {
        &self.queue
    }

    async fn send<C: SolCall>(&self, to: Address, call: &C, value: Amount) -> Result<Receipt, Error> {
        self.queue.execute(Transaction::call(to, call, value)).await
    }
}
