//! Watches the clock and the chain for sessions that have to end: cancelled by their renter, over, or abandoned.

use crate::{HostError, host::Shared, registry::Reason};
use alloy_primitives::U256;
use fabstir_chain::{Cursor, EventFilter, EventKind, Events};
use fabstir_core::abi::ISessionMarket::{ISessionMarketEvents, Status};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// How often is looked: far less than the shortest grace a session can have (15 minutes).
const INTERVAL: Duration = Duration::from_secs(2);

/// Ends what has to end, until the host stops.
pub(crate) async fn run(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let mut cancellations: Option<Events> = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        for session in shared.registry.take_abandoned(shared.config.retention) {
            tracing::info!(session = %session.id, "abandoned");
            shared.retire(session).await;
        }
        // A chain that cannot be asked now is asked again: graces are long.
        if let Err(error) = end_cancelled(&shared, &mut cancellations).await {
            tracing::warn!(%error, "the chain cannot be watched");
        } else if let Err(error) = end_expired(&shared).await {
            tracing::warn!(%error, "the chain's clock cannot be read");
        }
    }
}

/// Ends the sessions their renters have cancelled on chain.
async fn end_cancelled(shared: &Shared, events: &mut Option<Events>) -> Result<(), HostError> {
    let events = match events {
        Some(events) => events,
        None => {
            let chain = shared.wallet.chain();
            let here = Cursor::at_block(chain.provider().block_number().await?);
            events.insert(chain.events(here, EventFilter::market()))
        }
    };
    while let Some(page) = events.try_page().await? {
        for event in page.events {
            if let EventKind::Market(ISessionMarketEvents::SessionJobCancelled(cancelled)) = event.kind {
                end(shared, cancelled.sessionId, "cancelled by its renter").await;
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
            _ => end(shared, id, "its time is over").await,
        }
    }
    Ok(())
}

async fn end(shared: &Shared, id: U256, why: &str) {
    if !shared.registry.holds(id) {
        return;
    }
    match shared.registry.take_over(id, Reason::Ended, |_| Ok(())).await {
        Ok((session, _)) => {
            tracing::info!(session = %id, why, "ended");
            shared.retire(*session).await;
        }
        Err(error) => tracing::warn!(session = %id, %error, "cannot be ended yet"),
    }
}
