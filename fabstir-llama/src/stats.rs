//! What the engine has done, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// What the engine has done since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Batches computed.
    pub steps: u64,
    /// Tokens computed that came with a request: its new ones, and those of its history that the cache did not hold.
    pub prefilled_tokens: u64,
    /// Tokens sampled, delivered or not.
    pub sampled_tokens: u64,
    /// Conversations whose cache made room for another's.
    pub evictions: u64,
    /// Answers begun.
    pub answers: u64,
    /// Answers dropped by their reader before their end.
    pub cancelled: u64,
}

/// [`Stats`] as they are counted. Relaxed: nothing else is ordered by them.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) steps: Counter,
    pub(crate) prefilled_tokens: Counter,
    pub(crate) sampled_tokens: Counter,
    pub(crate) answers: Counter,
    pub(crate) cancelled: Counter,
}

impl Counters {
    /// With the evictions, which the places count.
    pub(crate) fn snapshot(&self, evictions: u64) -> Stats {
        Stats {
            steps: self.steps.get(),
            prefilled_tokens: self.prefilled_tokens.get(),
            sampled_tokens: self.sampled_tokens.get(),
            evictions,
            answers: self.answers.get(),
            cancelled: self.cancelled.get(),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
