//! Brings the last voucher of every closed session to the chain, however often it takes.

use crate::{
    HostError,
    journal::{Entry, Journal, Standing},
    monitor::Metrics,
};
use alloy_primitives::U256;
use fabstir_chain::Wallet;
use fabstir_core::{
    Code,
    abi::{ISessionMarket, Terms},
    amount::Amount,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, mpsc},
    task::{AbortHandle, JoinSet},
};

/// Sessions waiting to be settled at most; more wait in the journal's order.
const QUEUE: usize = 1_024;
/// Waits between attempts, doubled each time up to the last.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LAST_RETRY: Duration = Duration::from_secs(60);

/// Hands closed sessions to the task that settles them.
#[derive(Debug, Clone)]
pub(crate) struct Settler {
    queue: mpsc::Sender<(U256, Entry)>,
    backlog: Arc<Backlog>,
    task: AbortHandle,
}

#[derive(Debug, Default)]
struct Backlog {
    count: AtomicUsize,
    empty: Notify,
}

impl Settler {
    /// Starts the task.
    pub(crate) fn start(wallet: Wallet, journal: Journal, metrics: Arc<Metrics>) -> Self {
        let (queue, sessions) = mpsc::channel(QUEUE);
        let backlog = Arc::new(Backlog::default());
        let task =
            tokio::spawn(work(Office { wallet, journal, metrics }, sessions, Arc::clone(&backlog))).abort_handle();
        Self { queue, backlog, task }
    }

    /// Completes a session on chain with the best voucher its entry has.
    pub(crate) async fn finish(&self, id: U256, entry: Entry) {
        self.backlog.count.fetch_add(1, Ordering::SeqCst);
        if self.queue.send((id, entry)).await.is_err() {
            // The task ends only with its runtime; the journal still has the session for the next start.
            tracing::error!(session = %id, "the settlement task has stopped");
            self.backlog.done();
        }
    }

    /// How many sessions wait.
    pub(crate) fn backlog(&self) -> usize {
        self.backlog.count.load(Ordering::SeqCst)
    }

    /// Waits until nothing does, or for `patience`.
    pub(crate) async fn drain(&self, patience: Duration) {
        let drained = async {
            loop {
                let empty = self.backlog.empty.notified();
                if self.backlog() == 0 {
                    return;
                }
                empty.await;
            }
        };
        if tokio::time::timeout(patience, drained).await.is_err() {
            tracing::warn!(waiting = self.backlog(), "sessions left to settle at the next start");
        }
    }
}

impl Settler {
    /// Leaves what is not settled yet to the next start, and the journal alone.
    pub(crate) fn stop(&self) {
        self.task.abort();
    }
}

impl Backlog {
    fn done(&self) {
        if self.count.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.empty.notify_waiters();
        }
    }
}

/// What a settlement needs.
#[derive(Debug, Clone)]
struct Office {
    wallet: Wallet,
    journal: Journal,
    metrics: Arc<Metrics>,
}

async fn work(office: Office, mut sessions: mpsc::Receiver<(U256, Entry)>, backlog: Arc<Backlog>) {
    // Dropped with this task, it ends them all.
    let mut settlements = JoinSet::new();
    while let Some((id, entry)) = sessions.recv().await {
        while settlements.try_join_next().is_some() {}
        // One task a session: one that must wait for a dead endpoint holds up no other. No session is opened beyond the
        // registry's capacity while they are under way, which bounds their number.
        let (office, backlog) = (office.clone(), Arc::clone(&backlog));
        settlements.spawn(async move {
            finish(&office, id, entry).await;
            backlog.done();
        });
    }
}

async fn finish(office: &Office, id: U256, mut entry: Entry) {
    let mut wait = FIRST_RETRY;
    // Until the chain says that the session has ended: an endpoint recovers, an empty gas account is filled, a node that
    // lagged catches up. What is given up is lost.
    loop {
        match complete(&office.wallet, id, &entry).await {
            Ok(paid) => {
                office.metrics.settled(entry.terms.token, paid);
                break;
            }
            Err(error) if error.code().is_retryable() => {
                tracing::warn!(session = %id, %error, retry_in = ?wait, "not settled yet");
            }
            Err(error) => tracing::error!(session = %id, %error, retry_in = ?wait, "cannot be settled"),
        }
        office.metrics.not_settled();
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LAST_RETRY);
    }
    entry.standing = Standing::Ended;
    if let Err(error) = office.journal.write(id, &entry, None).await {
        tracing::error!(session = %id, %error, "settled, but the journal does not know");
    }
}

/// Completes the session unless it has ended already; what was paid in all.
async fn complete(wallet: &Wallet, id: U256, entry: &Entry) -> Result<Amount, HostError> {
    let details = wallet.chain().session_details(id).await?;
    match details.status {
        ISessionMarket::Status::Active => {}
        // A session that was served was on chain: a node that does not know it lags, or is of another chain.
        ISessionMarket::Status::None => {
            return Err(HostError::coded(Code::RpcInvalid, "the endpoint does not know this session"));
        }
        _ => return Ok(Amount::from(details.settled)),
    }
    let voucher = entry.voucher.as_ref().map(|held| held.voucher(id).with_signature(&held.signature));
    let terms = Terms::from(entry.terms.clone());
    let receipt = wallet.complete_session(&terms, voucher).await?;
    tracing::info!(session = %id, transaction = %receipt.tx_hash, gas = receipt.gas_used, "settled");
    Ok(Amount::from(wallet.chain().session_details(id).await?.settled))
}
