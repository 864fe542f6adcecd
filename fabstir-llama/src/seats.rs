//! Places to answer in, as callers and the engine share them: who has one, and who waits for one.
//!
//! The lock is held for a look or a change, never while anything is computed: asking costs no step of the engine.

use crate::{
    Error,
    slots::{Claim, Slots},
};
use fabstir_core::inference::{Canceller, SequenceId};
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    thread::{self, Thread},
    time::{Duration, Instant},
};

/// Answers that may wait for a place.
const LINE: usize = 1_024;

/// All places.
#[derive(Debug)]
pub(crate) struct Seats(Mutex<State>);

/// What the lock guards.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) slots: Slots,
    /// Who waits, in the order of asking.
    line: VecDeque<Waiter>,
    waited: u64,
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    sequence: SequenceId,
    thread: Thread,
    claim: Option<Claim>,
}

impl Seats {
    pub(crate) fn new(count: usize) -> Self {
        Self(Mutex::new(State { slots: Slots::new(count), line: VecDeque::new(), waited: 0 }))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panicked left the table whole: every change to it is one call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims a place, waiting for one in line.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] or [`Error::Overloaded`] if there is none in time; [`Error::Abandoned`] if the wait is cancelled.
    pub(crate) fn claim(
        &self,
        sequence: SequenceId,
        patience: Duration,
        canceller: &Canceller,
    ) -> Result<Claim, Error> {
        let began = Instant::now();
        let number = {
            let mut state = self.lock();
            match state.slots.claim(sequence) {
                Ok(claim) => return Ok(claim),
                Err(error) if patience.is_zero() || state.line.len() >= LINE => return Err(error),
                Err(_) => state.join(sequence),
            }
        };
        let waiting = thread::current();
        canceller.on_cancel(move || waiting.unpark());
        loop {
            let left = patience.saturating_sub(began.elapsed());
            if let Some(outcome) = self.lock().leave(number, left.is_zero(), canceller) {
                return outcome;
            }
            thread::park_timeout(left);
        }
    }
}

impl State {
    fn join(&mut self, sequence: SequenceId) -> u64 {
        self.waited += 1;
        self.line.push_back(Waiter { number: self.waited, sequence, thread: thread::current(), claim: None });
        self.waited
    }

    /// Takes a waiter out of the line if there is nothing left to wait for.
    fn leave(&mut self, number: u64, is_late: bool, canceller: &Canceller) -> Option<Result<Claim, Error>> {
        let at = self.line.iter().position(|waiter| waiter.number == number)?;
        let claim = self.line[at].claim;
        if claim.is_none() && !is_late && !canceller.is_cancelled() {
            return None;
        }
        let waiter = self.line.remove(at)?;
        Some(match claim {
            Some(claim) => Ok(claim),
            None if canceller.is_cancelled() => Err(Error::Abandoned),
            // Nothing has changed since the line was last served: this tells why there is no place.
            None => self.slots.claim(waiter.sequence),
        })
    }

    /// Ends a claim and gives the place to whoever waits for it.
    pub(crate) fn release(&mut self, claim: Claim) -> bool {
        let held = self.slots.release(claim);
        self.serve();
        held
    }

    /// Frees a conversation's place, at once or when its answer ends.
    pub(crate) fn forget(&mut self, sequence: SequenceId) {
        if self.slots.forget(sequence) {
            self.serve();
        }
    }

    /// What the cache holds for a claim is not known any more.
    pub(crate) fn spoil(&mut self, claim: Claim) {
        self.slots.spoil(claim);
        self.serve();
    }

    /// Gives what is free to those who wait, the first first.
    fn serve(&mut self) {
        for waiter in self.line.iter_mut().filter(|waiter| waiter.claim.is_none()) {
            match self.slots.claim(waiter.sequence) {
                Ok(claim) => {
                    waiter.claim = Some(claim);
                    waiter.thread.unpark();
                }
                // Another answer in its own conversation: that is not in the others' way.
                Err(Error::Busy) => {}
                // A later one may still go on in a place of its own, but no place is idle while anybody waits.
                Err(_) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    const SOON: Duration = Duration::from_secs(20);

    fn now(seats: &Seats, sequence: SequenceId) -> Result<Claim, Error> {
        seats.claim(sequence, Duration::ZERO, &Canceller::new())
    }

    /// A thread that waits for a place, once it is in line.
    fn wait(
        seats: &Arc<Seats>,
        sequence: SequenceId,
        canceller: &Canceller,
    ) -> thread::JoinHandle<Result<Claim, Error>> {
        let (before, theirs, canceller) = (seats.lock().line.len(), Arc::clone(seats), canceller.clone());
        let waiting = thread::spawn(move || theirs.claim(sequence, SOON, &canceller));
        while seats.lock().line.len() == before {
            thread::yield_now();
        }
        waiting
    }

    #[test]
    fn places_are_given_in_the_order_of_asking() {
        let seats = Arc::new(Seats::new(1));
        let held = now(&seats, 1).unwrap();
        let (second, third) = (wait(&seats, 2, &Canceller::new()), wait(&seats, 3, &Canceller::new()));
        assert_eq!(now(&seats, 4), Err(Error::Overloaded(1)));
        seats.lock().release(held);
        let held = second.join().unwrap().unwrap();
        assert!(!third.is_finished());
        seats.lock().release(held);
        third.join().unwrap().unwrap();
        assert!(seats.lock().line.is_empty());
    }

    #[test]
    fn who_waits_for_its_own_conversation_is_in_nobodys_way() {
        let seats = Arc::new(Seats::new(2));
        let (own, other) = (now(&seats, 1).unwrap(), now(&seats, 2).unwrap());
        let (same, third) = (wait(&seats, 1, &Canceller::new()), wait(&seats, 3, &Canceller::new()));
        seats.lock().release(other);
        assert_eq!(third.join().unwrap().unwrap().slot, other.slot);
        seats.lock().release(own);
        assert_eq!(same.join().unwrap().unwrap().slot, own.slot);
    }

    #[test]
    fn a_wait_ends_when_it_is_cancelled_or_too_long() {
        let seats = Arc::new(Seats::new(1));
        let held = now(&seats, 1).unwrap();
        let canceller = Canceller::new();
        let waiting = wait(&seats, 2, &canceller);
        canceller.cancel();
        assert_eq!(waiting.join().unwrap(), Err(Error::Abandoned));
        let brief = Duration::from_millis(10);
        assert_eq!(seats.claim(2, brief, &Canceller::new()), Err(Error::Overloaded(1)));
        assert_eq!(seats.claim(1, brief, &Canceller::new()), Err(Error::Busy));
        assert!(seats.lock().line.is_empty() && seats.lock().slots.holds(held));
    }
}
