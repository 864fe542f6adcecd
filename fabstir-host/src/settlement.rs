//! Brings the last voucher of every closed session to the chain, however often it takes.

use crate::{
    HostError,
    journal::{Entry, Journal, Standing},
};
use alloy_primitives::U256;
use fabstir_chain::Wallet;
use fabstir_core::abi::{ISessionMarket, Terms};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, mpsc};

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
}

#[derive(Debug, Default)]
struct Backlog {
    count: AtomicUsize,
    empty: Notify,
}

impl Settler {
    /// Starts the task.
    pub(crate) fn start(wallet: Wallet, journal: Journal) -> Self {
        let (queue, sessions) = mpsc::channel(QUEUE);
        let backlog = Arc::new(Backlog::default());
        tokio::spawn(work(wallet, journal, sessions, Arc::clone(&backlog)));
        Self { queue, backlog }
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

impl Backlog {
    fn done(&self) {
        if self.count.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.empty.notify_waiters();
        }
    }
}

async fn work(wallet: Wallet, journal: Journal, mut sessions: mpsc::Receiver<(U256, Entry)>, backlog: Arc<Backlog>) {
    while let Some((id, entry)) = sessions.recv().await {
        // One task a session: one that must wait for a dead endpoint holds up no other. The channel and the registry
        // bound their number.
        let (wallet, journal, backlog) = (wallet.clone(), journal.clone(), Arc::clone(&backlog));
        tokio::spawn(async move {
            finish(&wallet, &journal, id, entry).await;
            backlog.done();
        });
    }
}

async fn finish(wallet: &Wallet, journal: &Journal, id: U256, mut entry: Entry) {
    let mut wait = FIRST_RETRY;
    loop {
        match complete(wallet, id, &entry).await {
            Ok(()) => break,
            Err(error) if error.code().is_retryable() => {
                tracing::warn!(session = %id, %error, retry_in = ?wait, "not settled yet");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LAST_RETRY);
            }
            Err(error) => {
                // Kept in the journal as closed: the next start tries again.
                tracing::error!(session = %id, %error, "cannot be settled");
                return;
            }
        }
    }
    entry.standing = Standing::Ended;
    if let Err(error) = journal.write(id, &entry, None).await {
        tracing::error!(session = %id, %error, "settled, but the journal does not know");
    }
}

/// Completes the session unless it has ended already.
async fn complete(wallet: &Wallet, id: U256, entry: &Entry) -> Result<(), HostError> {
    let details = wallet.chain().session_details(id).await?;
    if details.status != ISessionMarket::Status::Active {
        return Ok(());
    }
    let voucher = entry.voucher.as_ref().map(|held| held.voucher(id).with_signature(&held.signature));
    let terms = Terms::from(entry.terms.clone());
    let receipt = wallet.complete_session(&terms, voucher).await?;
    tracing::info!(session = %id, transaction = %receipt.tx_hash, gas = receipt.gas_used, "settled");
    Ok(())
}
