//! The seam between the market and whatever makes tokens: synchronous and pull-based, so that a C, Python or Node
//! host can implement or drive it with the same loop as Rust.

use crate::{
    Error,
    sampling::Sampling,
    transcript::{ModelId, Profile},
    wire::Message,
};
use alloy_primitives::B256;
use core::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An index into a model's vocabulary.
pub type TokenId = u32;

/// Names a conversation inside a backend, so that its KV cache can be found again. Chosen by the caller.
pub type SequenceId = u64;

/// What a backend says about the model it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelInfo {
    /// Display name, from the GGUF.
    pub name: String,
    /// Digest and size of the weights.
    pub id: ModelId,
    /// Everything that decides which tokens come out, committed in every transcript.
    pub profile: Profile,
    /// Longest sequence one conversation can reach, in tokens.
    pub context_length: u32,
    /// Most tokens the template adds around one message (roles, closing tokens, beginning of sequence).
    pub template_overhead: u32,
}

impl ModelInfo {
    /// Describes a model.
    #[must_use]
    pub const fn new(name: String, id: ModelId, profile: Profile, context_length: u32, template_overhead: u32) -> Self {
        Self { name, id, profile, context_length, template_overhead }
    }
}

/// One answer to make.
#[derive(Debug, Clone)]
pub struct GenerationRequest {
    /// The conversation.
    pub sequence: SequenceId,
    /// Every token of the conversation so far, the new prompt's included.
    pub tokens: Vec<TokenId>,
    /// How many of `tokens` are expected in the backend's cache (the last token sampled is not: it was never fed back).
    /// If it holds fewer, it answers [`crate::Code::Evicted`] unless `reread`. If it holds others (sampled but never
    /// delivered), it drops what comes after the common beginning.
    pub known: usize,
    /// Whether the renter agreed to read `known` tokens again.
    pub reread: bool,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Seed of the turn's noise, see [`crate::sampling::turn_seed`].
    pub turn_seed: B256,
    /// Most tokens to sample; clamped to what the context leaves.
    pub max_tokens: u32,
    /// Texts that end the answer. They are not delivered.
    pub stop: Vec<String>,
}

/// One sampled token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// Text that became certain with it: whole UTF-8 characters, never a part of a stop string. Often empty, sometimes
    /// more than this token's own.
    pub text: String,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FinishReason {
    /// The model sampled an end-of-sequence token, or a stop string appeared.
    Stop,
    /// `max_tokens` or the context's end.
    Length,
    /// The renter cancelled, or its connection dropped.
    Cancelled,
    /// The deposit or the credit window ended.
    Credit,
}

/// A model that can answer. Cheap to share between threads.
pub trait Backend: Send + Sync + core::fmt::Debug {
    /// The model.
    fn model(&self) -> &ModelInfo;

    /// Tokens that continue a conversation.
    ///
    /// `messages` is the whole conversation, the new ones last; the first `committed` of them are in the session's
    /// tokens already, which end in `last_token` (`None` at the start). Only what is new is rendered and tokenised:
    /// tokens already committed never change. If the last answer ended without its closing token, the result
    /// begins with it. User text is tokenised without special tokens, the template with them.
    ///
    /// # Errors
    ///
    /// [`crate::Code::TemplateFailed`] if the template refuses the messages.
    fn render(
        &self,
        messages: &[Message],
        committed: usize,
        last_token: Option<TokenId>,
    ) -> Result<Vec<TokenId>, Error>;

    /// Takes a place for the next answer of a conversation, waiting at most `patience` for one; with [`Duration::ZERO`] not
    /// at all. A place whose answer was cancelled is free. What the cache holds of the conversation stays while the seat
    /// is kept. `canceller` ends the wait, and later the answer: one for each answer.
    ///
    /// # Errors
    ///
    /// [`crate::Code::Overloaded`] if no place became free in time or the wait was cancelled,
    /// [`crate::Code::SessionBusy`] if all the time another answer was being made in this conversation.
    fn reserve(&self, sequence: SequenceId, patience: Duration, canceller: &Canceller) -> Result<Box<dyn Seat>, Error>;

    /// Begins an answer if a place is free: [`Backend::reserve`] without patience, and [`Seat::generate`].
    ///
    /// # Errors
    ///
    /// Those of both.
    fn generate(&self, request: GenerationRequest) -> Result<Box<dyn Generation>, Error> {
        self.reserve(request.sequence, Duration::ZERO, &Canceller::new())?.generate(request)
    }

    /// How many tokens of a conversation the cache holds; 0 if it was never begun, forgotten or evicted. Does not wait for
    /// the compute.
    fn cached(&self, sequence: SequenceId) -> usize;

    /// Forgets a conversation's cache, at the end of its answer if one is being made. Does not wait for the compute.
    fn forget(&self, sequence: SequenceId);
}

/// A place for one answer, kept until it is used or dropped.
pub trait Seat: Send + fmt::Debug {
    /// How many tokens of the conversation the cache holds. What a host asks before it bills a prompt, so that it can
    /// offer to read the history again.
    fn cached(&self) -> usize;

    /// Begins the answer. Prefill happens in the background; the first [`Generation::next`] waits for it.
    ///
    /// # Errors
    ///
    /// [`crate::Code::ContextFull`] or [`crate::Code::PromptTooLong`] if the tokens do not fit,
    /// [`crate::Code::Evicted`] as told at [`GenerationRequest::known`], a code for a request that makes no sense or is of
    /// another conversation than the seat.
    fn generate(self: Box<Self>, request: GenerationRequest) -> Result<Box<dyn Generation>, Error>;
}

/// An answer being made. Dropping it stops the compute within one token, prompt tokens within 64.
pub trait Generation: Send + core::fmt::Debug {
    /// The next token, or `None` when the answer is complete or cancelled. Blocks; [`Generation::canceller`] wakes it.
    ///
    /// # Errors
    ///
    /// [`crate::Code::BackendFailed`].
    fn next(&mut self) -> Result<Option<Token>, Error>;

    /// Why it ended; `None` before [`Generation::next`] has returned `None`.
    fn finish(&self) -> Option<FinishReason>;

    /// Stops this answer from any thread, also while another waits in [`Generation::next`]: that returns `None` within
    /// one token, or 64 of the prompt, and [`Generation::finish`] is [`FinishReason::Cancelled`]. Its place is free.
    fn canceller(&self) -> Canceller;
}

/// What to do when an answer is cancelled.
type Hook = Box<dyn FnOnce() + Send>;

/// Stops one answer, wherever it is: waiting for its place, being read, being written. Clones stop the same answer.
#[derive(Clone, Default)]
pub struct Canceller(Arc<Cancellation>);

#[derive(Default)]
struct Cancellation {
    cancelled: AtomicBool,
    /// A backend adds two at most: one for the wait, one for the answer.
    hooks: Mutex<Vec<Hook>>,
}

impl Canceller {
    /// For an answer that is to be asked for.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the answer. Does not wait for it to have stopped; the second time it does nothing.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
        let hooks = core::mem::take(&mut *self.0.hooks());
        for hook in hooks {
            hook();
        }
    }

    /// Whether the answer was stopped.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    /// Has `hook` called once the answer is stopped, by the thread that does it; at once if it was. How a backend hears
    /// of it: the hook must be short and must not block.
    pub fn on_cancel(&self, hook: impl FnOnce() + Send + 'static) {
        let mut hooks = self.0.hooks();
        // Under the lock: `cancel` either has set the flag, or takes the hook when its turn comes.
        if self.is_cancelled() {
            drop(hooks);
            hook();
        } else {
            hooks.push(Box::new(hook));
        }
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").field("cancelled", &self.is_cancelled()).finish()
    }
}

impl Cancellation {
    fn hooks(&self) -> MutexGuard<'_, Vec<Hook>> {
        // A hook that panicked was taken out before it ran.
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn a_hook_is_called_once_whenever_it_was_added() {
        let calls = Arc::new(AtomicUsize::new(0));
        let count = || {
            let calls = Arc::clone(&calls);
            move || {
                calls.fetch_add(1, Ordering::Relaxed);
            }
        };
        let canceller = Canceller::new();
        canceller.on_cancel(count());
        assert!(!canceller.is_cancelled());
        let other = canceller.clone();
        other.cancel();
        canceller.cancel();
        assert_eq!((canceller.is_cancelled(), calls.load(Ordering::Relaxed)), (true, 1));
        canceller.on_cancel(count());
        assert_eq!(calls.load(Ordering::Relaxed), 2, "too late to wait for it");
    }

    #[test]
    fn no_hook_is_lost_to_a_cancellation_at_the_same_time() {
        for _ in 0..200 {
            let (canceller, calls) = (Canceller::new(), Arc::new(AtomicUsize::new(0)));
            std::thread::scope(|scope| {
                let other = canceller.clone();
                scope.spawn(move || other.cancel());
                let calls = Arc::clone(&calls);
                canceller.on_cancel(move || {
                    calls.fetch_add(1, Ordering::Relaxed);
                });
            });
            assert_eq!(calls.load(Ordering::Relaxed), 1);
        }
    }
}
