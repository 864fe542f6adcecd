//! The sessions a host holds: who is connected, who may come back.

use crate::{HostError, session::Session};
use alloy_primitives::U256;
use fabstir_core::Code;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// How long a rightful owner waits for its old connection to let go.
const TAKEOVER: Duration = Duration::from_secs(5);

#[derive(Debug)]
enum Slot {
    /// Served on a connection, which lets go when notified.
    Connected(Arc<Notify>),
    /// Waiting for its renter since then.
    Parked(Box<Session>, Instant),
}

/// All sessions, bounded.
#[derive(Debug)]
pub(crate) struct Registry {
    slots: Mutex<HashMap<U256, Slot>>,
    parked: Notify,
    capacity: usize,
}

impl Registry {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { slots: Mutex::new(HashMap::new()), parked: Notify::new(), capacity }
    }

    /// Makes room for a session that is being opened; the notification tells its connection to let go.
    ///
    /// # Errors
    ///
    /// [`Code::SessionBusy`] if it is held already, [`Code::Overloaded`] if there is no room.
    pub(crate) fn reserve(&self, id: U256) -> Result<Arc<Notify>, HostError> {
        let mut slots = self.lock();
        if slots.contains_key(&id) {
            return Err(HostError::coded(Code::SessionBusy, "the session is open here already: resume it"));
        }
        if slots.len() >= self.capacity {
            return Err(HostError::coded(Code::Overloaded, format!("this host holds {} sessions at most", self.capacity)));
        }
        let release = Arc::new(Notify::new());
        slots.insert(id, Slot::Connected(Arc::clone(&release)));
        Ok(release)
    }

    /// Takes a session over for its rightful owner: waiting, or from a connection that then lets go. `accept` looks at
    /// the session before it is taken.
    ///
    /// # Errors
    ///
    /// [`Code::UnknownSession`] if it is not held, what `accept` says, [`Code::SessionBusy`] if the old connection does
    /// not let go in time.
    pub(crate) async fn take_over(
        &self,
        id: U256,
        accept: impl Fn(&Session) -> Result<(), HostError>,
    ) -> Result<(Box<Session>, Arc<Notify>), HostError> {
        let deadline = tokio::time::Instant::now() + TAKEOVER;
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

    fn try_take(
        &self,
        id: U256,
        accept: impl Fn(&Session) -> Result<(), HostError>,
    ) -> Result<Option<(Box<Session>, Arc<Notify>)>, HostError> {
        let mut slots = self.lock();
        match slots.get(&id) {
            None => return Err(HostError::coded(Code::UnknownSession, "no such session is kept here")),
            Some(Slot::Connected(release)) => {
                release.notify_one();
                return Ok(None);
            }
            Some(Slot::Parked(session, _)) => accept(session)?,
        }
        let release = Arc::new(Notify::new());
        match slots.insert(id, Slot::Connected(Arc::clone(&release))) {
            Some(Slot::Parked(session, _)) => Ok(Some((session, release))),
            _ => Ok(None),
        }
    }

    /// Keeps a session whose connection has gone.
    pub(crate) fn park(&self, session: Box<Session>) {
        self.lock().insert(session.id, Slot::Parked(session, Instant::now()));
        self.parked.notify_waiters();
    }

    /// Forgets a session that ended or never came to be.
    pub(crate) fn remove(&self, id: U256) {
        self.lock().remove(&id);
    }

    /// Takes out the sessions that have waited for `retention`.
    pub(crate) fn take_abandoned(&self, retention: Duration) -> Vec<Session> {
        let mut slots = self.lock();
        let abandoned: Vec<U256> = slots
            .iter()
            .filter(|(_, slot)| matches!(slot, Slot::Parked(_, since) if since.elapsed() >= retention))
            .map(|(id, _)| *id)
            .collect();
        abandoned
            .into_iter()
            .filter_map(|id| match slots.remove(&id) {
                Some(Slot::Parked(session, _)) => Some(*session),
                _ => None,
            })
            .collect()
    }

    /// Tells every connection to let its session go.
    pub(crate) fn release_all(&self) {
        for slot in self.lock().values() {
            if let Slot::Connected(release) = slot {
                release.notify_one();
            }
        }
    }

    /// How many are held, and how many of them are connected.
    pub(crate) fn count(&self) -> (usize, usize) {
        let slots = self.lock();
        let connected = slots.values().filter(|slot| matches!(slot, Slot::Connected(_))).count();
        (slots.len(), connected)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<U256, Slot>> {
        // A thread that panicked left the table whole: every change to it is one call.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
