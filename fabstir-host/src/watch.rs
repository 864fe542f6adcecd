//! Watches the clock and the chain for sessions that have to end: cancelled by their renter, over, or abandoned.

use crate::{HostError, host::Shared};
use fabstir_chain::{Chain, Cursor, EventFilter, EventKind, Events};
use fabstir_core::abi::ISessionMarket::{ISessionMarketEvents, Status};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// How often is looked: far less than the shortest grace a session can have (15 minutes).
const INTERVAL: Duration = Duration::from_secs(2);

/// When the chain was last seen as it was then.
#[derive(Debug)]
pub(crate) struct Sight(Mutex<Instant>);

impl Sight {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    /// How long the chain has not been seen.
    pub(crate) fn lost_for(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    fn regained(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// Cancellations from this block on.
pub(crate) fn cancellations(chain: &Chain, from: u64) -> Events {
    chain.events(Cursor::at_block(from), EventFilter::market())
}

/// Ends what has to end, until the host stops.
pub(crate) async fn run(shared: Arc<Shared>, mut events: Events, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        match look(&shared, &mut events).await {
            Ok(()) => shared.sight.regained(),
            // Asked again: graces are long. Nothing new is served when this lasts.
            Err(error) => tracing::warn!(%error, "the chain cannot be watched"),
        }
        for session in shared.registry.take_abandoned(shared.config.retention) {
            tracing::info!(session = %session.id, "nobody comes back to it");
            shared.retire(session).await;
        }
    }
}

async fn look(shared: &Shared, events: &mut Events) -> Result<(), HostError> {
    end_cancelled(shared, events).await?;
    end_expired(shared).await
}

/// Ends the sessions their renters have cancelled on chain.
async fn end_cancelled(shared: &Shared, events: &mut Events) -> Result<(), HostError> {
    while let Some(page) = events.try_page().await? {
        for event in page.events {
            if let EventKind::Market(ISessionMarketEvents::SessionJobCancelled(cancelled)) = event.kind
                && shared.registry.end(cancelled.sessionId)
            {
                tracing::info!(session = %cancelled.sessionId, "cancelled by its renter");
            }
        }
    }
    Ok(())
}

/// Ends the sessions whose time is over, extensions included.
async fn end_expired(shared: &Shared) -> Result<(), HostError> {
    let chain = shared.wallet.chain();
    let now = chain.now().await?;
    for id in shared.registry.expired(now) {
        let details = chain.session_details(id).await?;
        let extension = u64::from(details.extensionHours) * 3_600;
        match shared.registry.base_expiry(id) {
            Some(base) if details.status == Status::Active && base + extension > now => {
                shared.registry.extend(id, base + extension);
            }
            _ => {
                if shared.registry.end(id) {
                    tracing::info!(session = %id, "its time is over");
                }
            }
        }
    }
    Ok(())
}
