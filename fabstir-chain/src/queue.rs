//! One key's transactions, one after the other.
//!
//! A task owns the key and the next nonce. Callers estimate and wait for receipts on their own, side by side; only what
//! must be in order (nonce, signature, handing in) passes through the task, so a caller that gives up half-way never
//! leaves a gap.

use crate::{
    Error,
    event::Contracts,
    provider::{Fees, Provider, RawReceipt, Transaction, charge},
    receipt::{Receipt, Spent},
    revert::Revert,
};
use alloy::{
    consensus::{SignableTransaction, TxEip1559},
    eips::{Encodable2718, eip2930::AccessList},
};
use alloy_primitives::{Address, B256, Bytes, Signature, U64, keccak256};
use fabstir_core::signature::SigningKey;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// First pause between looks for a receipt; grows to the configured one. Local chains answer within it.
const FIRST_POLL: Duration = Duration::from_millis(20);

/// One key's transaction queue. Cheap to clone; all clones share the nonce. One key must have one queue only.
#[derive(Debug, Clone)]
pub struct TransactionQueue {
    provider: Provider,
    account: Address,
    contracts: Option<Contracts>,
    jobs: mpsc::Sender<Job>,
    spent: Arc<Mutex<Spent>>,
}

/// A transaction handed in and not known to be mined.
#[derive(Debug)]
#[must_use = "a transaction may fail: await its receipt"]
pub struct Pending {
    queue: TransactionQueue,
    transaction: Transaction,
    hash: B256,
    nonce: u64,
}

#[derive(Debug)]
struct Job {
    transaction: Transaction,
    gas_limit: u64,
    fees: Fees,
    reply: oneshot::Sender<Result<(B256, u64), Error>>,
}

impl TransactionQueue {
    /// The queue of this key. Its task ends with the last clone.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] outside of a tokio runtime.
    pub fn new(provider: Provider, key: SigningKey) -> Result<Self, Error> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|error| Error::Internal(error.to_string()))?;
        let account = key.address();
        let (jobs, receiver) = mpsc::channel(provider.limits().queue.max(1));
        let worker = Worker { provider: provider.clone(), key, next: None, least: 0 };
        runtime.spawn(worker.run(receiver));
        Ok(Self { provider, account, contracts: None, jobs, spent: Arc::default() })
    }

    /// Lets receipts decode these contracts' events.
    pub(crate) fn with_contracts(mut self, contracts: Contracts) -> Self {
        self.contracts = Some(contracts);
        self
    }

    /// The key's account.
    #[must_use]
    pub const fn account(&self) -> Address {
        self.account
    }

    /// The connection it sends through.
    #[must_use]
    pub const fn provider(&self) -> &Provider {
        &self.provider
    }

    /// What this queue's transactions cost so far, as far as their receipts were awaited.
    #[must_use]
    pub fn spent(&self) -> Spent {
        *self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Simulates, signs and hands in a transaction. Not mined yet when this returns.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] if it would fail now, [`Error::InsufficientFunds`], [`Error::FeeTooHigh`],
    /// [`Error::QueueFull`], those of the endpoint.
    pub async fn send(&self, transaction: Transaction) -> Result<Pending, Error> {
        let (gas, fees) = futures::try_join!(self.provider.estimate(self.account, &transaction), self.provider.fees())?;
        // What it takes can grow until it is mined: cold slots, another path through the contract.
        let gas_limit = gas + gas / 4;
        let (reply, answer) = oneshot::channel();
        let job = Job { transaction: transaction.clone(), gas_limit, fees, reply };
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::QueueFull { pending: self.jobs.max_capacity() },
            mpsc::error::TrySendError::Closed(_) => Error::QueueStopped,
        })?;
        let (hash, nonce) = answer.await.map_err(|_| Error::QueueStopped)??;
        Ok(Pending { queue: self.clone(), transaction, hash, nonce })
    }

    /// Sends a transaction and waits until it is mined.
    ///
    /// # Errors
    ///
    /// As [`TransactionQueue::send`] and [`Pending::receipt`].
    pub async fn execute(&self, transaction: Transaction) -> Result<Receipt, Error> {
        self.send(transaction).await?.receipt().await
    }
}

impl Pending {
    /// Its hash.
    #[must_use]
    pub const fn hash(&self) -> B256 {
        self.hash
    }

    /// Its nonce.
    #[must_use]
    pub const fn nonce(&self) -> u64 {
        self.nonce
    }

    /// Waits until it is mined.
    ///
    /// # Errors
    ///
    /// [`Error::TransactionFailed`] if it was mined and reverted, [`Error::TransactionTimeout`] if it was not mined
    /// within the configured time, an endpoint that fell silent included.
    pub async fn receipt(self) -> Result<Receipt, Error> {
        let provider = &self.queue.provider;
        let waited = provider.limits().receipt_timeout;
        let raw = tokio::time::timeout(waited, self.poll()).await.map_err(|_| Error::TransactionTimeout {
            hash: self.hash,
            nonce: self.nonce,
            waited,
        })?;
        let receipt = Receipt::read(provider, &raw, self.queue.contracts.as_ref())?;
        self.queue.spent.lock().unwrap_or_else(PoisonError::into_inner).add(&receipt);
        if raw.status == U64::from(1) { Ok(receipt) } else { Err(self.failure(receipt.block).await) }
    }

    async fn poll(&self) -> RawReceipt {
        let provider = &self.queue.provider;
        let mut pause = FIRST_POLL;
        loop {
            match provider.receipt(self.hash).await {
                Ok(Some(raw)) => return raw,
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, hash = %self.hash, "no receipt yet"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(provider.limits().poll_interval.max(FIRST_POLL));
        }
    }

    /// Why it failed: told by running it again on the state it left.
    async fn failure(&self, block: u64) -> Error {
        let replay = self.queue.provider.simulate(self.queue.account, &self.transaction, &format!("{block:#x}")).await;
        let revert = match replay {
            Err(Error::Reverted(revert)) => revert,
            Err(error) => Revert::unexplained(&error.to_string()),
            Ok(()) => Revert::unexplained("out of gas, or the state has changed: a replay succeeds"),
        };
        Error::TransactionFailed { hash: self.hash, block, revert }
    }
}

/// The task that owns key and nonce.
struct Worker {
    provider: Provider,
    key: SigningKey,
    /// The next nonce; `None` until asked, and when in doubt.
    next: Option<u64>,
    /// No nonce below this is free, whatever a lagging endpoint says: the endpoint has accepted them from us.
    least: u64,
}

impl Worker {
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.recv().await {
            // The caller has gone before anything was signed: nothing to do.
            if job.reply.is_closed() {
                continue;
            }
            let result = self.submit(&job).await;
            // The caller may have gone meanwhile; the transaction is out and its nonce counted all the same.
            let _ = job.reply.send(result);
        }
    }

    async fn submit(&mut self, job: &Job) -> Result<(B256, u64), Error> {
        for fresh in [false, true] {
            let nonce = match self.next {
                Some(nonce) => nonce,
                None => self.provider.next_nonce(self.key.address()).await?.max(self.least),
            };
            self.next = Some(nonce);
            let (raw, hash) = self.sign(job, nonce);
            match self.hand_in(&raw, hash).await {
                Ok(()) => {
                    self.least = nonce + 1;
                    self.next = Some(nonce + 1);
                    return Ok((hash, nonce));
                }
                // Somebody else uses the key as well.
                Err(error) if is_nonce_taken(&error) && !fresh => self.next = None,
                Err(error @ (Error::Refused { .. } | Error::InsufficientFunds { .. })) => {
                    return Err(charge(self.key.address())(error));
                }
                // It may have arrived or not: the chain is asked before the next one.
                Err(error) => {
                    self.next = None;
                    return Err(error);
                }
            }
        }
        Err(Error::Internal("no nonce is free".to_owned()))
    }

    /// Hands in one signed transaction. Doing so again is harmless: it is the same transaction.
    async fn hand_in(&self, raw: &Bytes, hash: B256) -> Result<(), Error> {
        let limits = self.provider.limits();
        let mut pause = limits.backoff;
        let mut attempt = 1;
        loop {
            let error = match self.provider.send_raw(raw).await {
                Ok(answered) if answered == hash => return Ok(()),
                Ok(_) => return Err(self.provider.nonsense("eth_sendRawTransaction", "another transaction's hash")),
                Err(error) => error,
            };
            if is_known(&error) {
                return Ok(());
            }
            // An earlier attempt that seemed lost may have been mined since.
            if attempt > 1 && is_nonce_taken(&error) && self.provider.knows(hash).await? {
                return Ok(());
            }
            if !matches!(error, Error::Unavailable { .. }) || attempt >= limits.attempts {
                return Err(error);
            }
            tracing::debug!(%error, attempt, %hash, "handing in again");
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
            attempt += 1;
        }
    }

    fn sign(&self, job: &Job, nonce: u64) -> (Bytes, B256) {
        let transaction = TxEip1559 {
            chain_id: self.provider.chain_id(),
            nonce,
            gas_limit: job.gas_limit,
            max_fee_per_gas: job.fees.max,
            max_priority_fee_per_gas: job.fees.priority,
            to: job.transaction.to,
            value: job.transaction.value,
            access_list: AccessList::default(),
            input: job.transaction.input.clone(),
        };
        let signature = self.key.sign_digest(transaction.signature_hash());
        let bytes = signature.as_bytes();
        let signature = Signature::from_bytes_and_parity(&bytes[..64], bytes[64] == 28);
        let raw: Bytes = transaction.into_signed(signature).encoded_2718().into();
        let hash = keccak256(&raw);
        (raw, hash)
    }
}

fn refusal(error: &Error) -> Option<String> {
    match error {
        Error::Refused { message, .. } => Some(message.to_ascii_lowercase()),
        _ => None,
    }
}

fn is_nonce_taken(error: &Error) -> bool {
    refusal(error).is_some_and(|message| message.contains("nonce too low") || message.contains("underpriced"))
}

fn is_known(error: &Error) -> bool {
    refusal(error).is_some_and(|message| message.contains("already known") || message.contains("already imported"))
}
