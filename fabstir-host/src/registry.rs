//! The sessions a host holds: who is connected, who may come back.

use crate::{HostError, session::Session};
use alloy_primitives::{Address, U256};
use fabstir_core::{Code, abi::Terms};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// How long a rightful owner waits for its old connection to let go.
const TAKEOVER: Duration = Duration::from_secs(5);

/// Why a connection has to let its session go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Its owner is on another connection.
    TakenOver,
    /// It was cancelled, or its time is over.
    Ended,
    /// The host stops.
    Stopping,
}

impl Reason {
    /// What the client is told.
    pub(crate) fn error(self) -> HostError {
        match self {
            Self::TakenOver => HostError::coded(Code::SessionBusy, "the session goes on with another connection"),
            Self::Ended => HostError::coded(Code::SessionNotActive, "the session was cancelled or its time is over"),
            Self::Stopping => HostError::coded(Code::ConnectionLost, "the host stops"),
        }
    }
}

/// Tells a connection to let its session go.
#[derive(Debug, Default)]
pub(crate) struct Release {
    notify: Notify,
    reason: OnceLock<Reason>,
}

impl Release {
    fn give(&self, reason: Reason) {
        // The first reason stands.
        let _ = self.reason.set(reason);
        self.notify.notify_one();
    }

    /// Waits until the session has to be let go; returns why. Cancel safe.
    pub(crate) async fn given(&self) -> Reason {
        self.notify.notified().await;
        self.reason.get().copied().unwrap_or(Reason::Stopping)
    }
}

/// A session taken over, and what tells its new connection to let it go in turn.
pub(crate) type Taken = (Box<Session>, Arc<Release>);

#[derive(Debug)]
enum Slot {
    /// Served on a connection.
    Connected(Arc<Release>),
    /// Waiting for its renter since then.
    Parked(Box<Session>, Instant),
}

#[derive(Debug)]
struct Held {
    slot: Slot,
    /// End of its terms without extensions, Unix seconds.
    base_expiry: u64,
    /// The same with the extensions known of.
    expires_at: u64,
    /// Who may come back to it.
    voucher_signer: Address,
    /// Cancelled or over: nobody comes back to it any more.
    ending: bool,
}

/// All sessions, bounded.
#[derive(Debug)]
pub(crate) struct Registry {
    held: Mutex<HashMap<U256, Held>>,
    parked: Notify,
    capacity: usize,
}

impl Registry {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { held: Mutex::new(HashMap::new()), parked: Notify::new(), capacity }
    }

    /// Makes room for a session that is being opened. `settling` more are held by their settlement.
    ///
    /// # Errors
    ///
    /// [`Code::SessionBusy`] if it is held already, [`Code::Overloaded`] if there is no room.
    pub(crate) fn reserve(&self, id: U256, terms: &Terms, settling: usize) -> Result<Arc<Release>, HostError> {
        let mut held = self.lock();
        if held.contains_key(&id) {
            return Err(HostError::coded(Code::SessionBusy, "the session is open here already: resume it"));
        }
        if held.len() + settling >= self.capacity {
            return Err(HostError::coded(
                Code::Overloaded,
                format!("this host holds {} sessions at most", self.capacity),
            ));
        }
        let release = Arc::new(Release::default());
        let slot = Slot::Connected(Arc::clone(&release));
        let (expires_at, voucher_signer) = (terms.expiresAt, terms.voucherSigner);
        held.insert(id, Held { slot, base_expiry: expires_at, expires_at, voucher_signer, ending: false });
        Ok(release)
    }

    /// Takes a session for its rightful owner: waiting for it, or from an older connection that then lets go. `prove` is
    /// asked first, whether the owner's key (given) signed; `accept` looks at the session before it is taken.
    ///
    /// # Errors
    ///
    /// [`Code::UnknownSession`] if it is not held, [`Code::SessionNotActive`] if it is ending, what `prove` and `accept`
    /// say, [`Code::SessionBusy`] if the old connection does not let go in time.
    pub(crate) async fn take_over(
        &self,
        id: U256,
        prove: impl Fn(Address) -> Result<(), HostError>,
        accept: impl Fn(&Session) -> Result<(), HostError>,
    ) -> Result<Taken, HostError> {
        let deadline = tokio::time::Instant::now() + TAKEOVER;
        // Before anybody is disturbed: ids are public.
        prove(self.voucher_signer(id)?)?;
        loop {
            let parked = self.parked.notified();
            tokio::pin!(parked);
            // Registered before looking, so that a session parked in between is not missed.
            parked.as_mut().enable();
            if let Some(taken) = self.try_take(id, &accept)? {
                return Ok(taken);
            }
            if tokio::time::timeout_at(deadline, parked).await.is_err() {
                return Err(HostError::coded(Code::SessionBusy, "another connection uses the session"));
            }
        }
    }

    fn voucher_signer(&self, id: U256) -> Result<Address, HostError> {
        self.lock().get(&id).map(|held| held.voucher_signer).ok_or_else(unknown)
    }

    fn try_take(
        &self,
        id: U256,
        accept: impl Fn(&Session) -> Result<(), HostError>,
    ) -> Result<Option<Taken>, HostError> {
        let mut sessions = self.lock();
        let held = sessions.get_mut(&id).ok_or_else(unknown)?;
        if held.ending {
            return Err(Reason::Ended.error());
        }
        match &held.slot {
            Slot::Connected(release) => {
                release.give(Reason::TakenOver);
                return Ok(None);
            }
            Slot::Parked(session, _) => accept(session)?,
        }
        let release = Arc::new(Release::default());
        match std::mem::replace(&mut held.slot, Slot::Connected(Arc::clone(&release))) {
            Slot::Parked(session, _) => Ok(Some((session, release))),
            Slot::Connected(_) => Ok(None),
        }
    }

    /// Whether a session is held.
    pub(crate) fn holds(&self, id: U256) -> bool {
        self.lock().contains_key(&id)
    }

    /// Lets nobody come back to a session, and its connection go. [`Registry::take_abandoned`] has it from then on.
    /// Whether it was news.
    pub(crate) fn end(&self, id: U256) -> bool {
        let mut sessions = self.lock();
        let Some(held) = sessions.get_mut(&id).filter(|held| !held.ending) else { return false };
        held.ending = true;
        if let Slot::Connected(release) = &held.slot {
            release.give(Reason::Ended);
        }
        true
    }

    /// Keeps a session whose connection has gone.
    pub(crate) fn park(&self, session: Box<Session>) {
        if let Some(held) = self.lock().get_mut(&session.id) {
            held.slot = Slot::Parked(session, Instant::now());
        }
        self.parked.notify_waiters();
    }

    /// Forgets a session that ended or never came to be.
    pub(crate) fn remove(&self, id: U256) {
        self.lock().remove(&id);
        self.parked.notify_waiters();
    }

    /// When a session's terms end, extensions aside.
    pub(crate) fn base_expiry(&self, id: U256) -> Option<u64> {
        self.lock().get(&id).map(|held| held.base_expiry)
    }

    /// Sessions whose time, as far as is known, ended before `now` (Unix seconds).
    pub(crate) fn expired(&self, now: u64) -> Vec<U256> {
        self.lock().iter().filter(|(_, held)| !held.ending && held.expires_at <= now).map(|(id, _)| *id).collect()
    }

    /// The session was extended to a later end.
    pub(crate) fn extend(&self, id: U256, expires_at: u64) {
        if let Some(held) = self.lock().get_mut(&id) {
            held.expires_at = expires_at;
        }
    }

    /// Takes out the sessions that nobody is connected to and nobody will come back to: ending, or waiting for
    /// `retention`.
    pub(crate) fn take_abandoned(&self, retention: Duration) -> Vec<Session> {
        let mut sessions = self.lock();
        let is_abandoned =
            |held: &Held| matches!(&held.slot, Slot::Parked(_, since) if held.ending || since.elapsed() >= retention);
        let ids: Vec<U256> = sessions.iter().filter(|(_, held)| is_abandoned(held)).map(|(id, _)| *id).collect();
        let taken = ids.iter().filter_map(|id| match sessions.remove(id)?.slot {
            Slot::Parked(session, _) => Some(*session),
            Slot::Connected(_) => None,
        });
        taken.collect()
    }

    /// Tells every connection to let its session go.
    pub(crate) fn release_all(&self) {
        for held in self.lock().values() {
            if let Slot::Connected(release) = &held.slot {
                release.give(Reason::Stopping);
            }
        }
    }

    /// How many are held, and how many of them are connected.
    pub(crate) fn count(&self) -> (usize, usize) {
        let sessions = self.lock();
        let connected = sessions.values().filter(|held| matches!(held.slot, Slot::Connected(_))).count();
        (sessions.len(), connected)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<U256, Held>> {
        // A thread that panicked left the table whole: every change to it is one call.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown() -> HostError {
    HostError::coded(Code::UnknownSession, "no such session is kept here")
}
