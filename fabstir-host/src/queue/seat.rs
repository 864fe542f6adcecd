//! A place in the queue, kept for one answer.

use super::{QueueBackend, State, answer::Work, generation::QueueGeneration};
use fabstir_core::{
    Code, Error,
    inference::{Backend, Canceller, Generation, GenerationRequest, Seat, SequenceId},
};
use std::{
    sync::{MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// A place in the queue. Dropping it, or the answer begun in it, frees it.
#[derive(Debug)]
pub(super) struct QueueSeat {
    backend: QueueBackend,
    sequence: SequenceId,
    canceller: Canceller,
    used: bool,
}

impl QueueSeat {
    /// Keeps a place, waiting for one.
    pub(super) fn reserve(
        backend: QueueBackend,
        sequence: SequenceId,
        patience: Duration,
        canceller: &Canceller,
    ) -> Result<Self, Error> {
        let most = backend.0.limits.waiting;
        let began = Instant::now();
        let mut state = backend.state();
        if !patience.is_zero() && state.make_room(most).is_err() {
            drop(state);
            let waker = backend.clone();
            canceller.on_cancel(move || waker.tell_room());
            state = backend.state();
        }
        while let Err(error) = state.make_room(most) {
            let left = patience.saturating_sub(began.elapsed());
            if error.code() != Code::Overloaded || left.is_zero() {
                return Err(error);
            }
            if canceller.is_cancelled() {
                return Err(Error::coded(Code::Overloaded, "the answer was cancelled while it waited for a place"));
            }
            state = wait(&backend, state, left);
        }
        state.reserved += 1;
        drop(state);
        Ok(Self { backend, sequence, canceller: canceller.clone(), used: false })
    }
}

/// Waits until there may be room, or for `left`.
fn wait<'a>(backend: &'a QueueBackend, state: MutexGuard<'a, State>, left: Duration) -> MutexGuard<'a, State> {
    backend.0.room.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
}

impl Seat for QueueSeat {
    fn cached(&self) -> usize {
        self.backend.cached(self.sequence)
    }

    fn generate(mut self: Box<Self>, request: GenerationRequest) -> Result<Box<dyn Generation>, Error> {
        request.sampling.validate()?;
        self.backend.check(&request)?;
        if request.sequence != self.sequence {
            return Err(Error::invalid("sequence", "the seat is another conversation's"));
        }
        let (work, generation) = QueueGeneration::begin(request, self.backend.clone(), self.canceller.clone());
        let mut state = self.backend.state();
        state.check_open()?;
        state.reserved -= 1;
        state.waiting.push_back(Work::Answer(work));
        drop(state);
        self.used = true;
        self.backend.0.changed.notify_one();
        Ok(Box::new(generation))
    }
}

impl Drop for QueueSeat {
    fn drop(&mut self) {
        if !self.used {
            self.backend.state().reserved -= 1;
            self.backend.0.room.notify_one();
        }
    }
}
