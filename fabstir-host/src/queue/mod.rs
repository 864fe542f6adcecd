//! Inference by the program around the host: it pulls requests from a queue and answers them with tokens, whatever
//! makes them. The program may be in another language; it needs a loop, not a trait.

mod answer;
mod bytes;
mod config;
mod generation;
mod request;
mod seat;

pub use answer::{AnswerRequest, Offered};
pub use bytes::{BYTE_OVERHEAD, BYTE_VOCABULARY};
pub use config::{QueueModel, Tokenizer};
pub use request::{RenderRequest, Request};

use crate::HostError;
use answer::Work;
use config::Limits;
use fabstir_core::{
    Code, Error,
    inference::{Backend, Canceller, GenerationRequest, ModelInfo, Seat, SequenceId, TokenId},
    wire::Message,
};
use seat::QueueSeat;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What a program that waits for requests gets.
#[derive(Debug)]
#[must_use]
pub enum Next {
    /// Something to do.
    Request(Request),
    /// Nothing came in time.
    Timeout,
    /// Nothing will come any more.
    Closed,
}

/// A model served by the program around the host. Clones share one queue.
///
/// The host's side is [`Backend`]; the program's is [`QueueBackend::next`]. A request that the program drops, or does
/// not answer within [`QueueModel::patience`], ends in [`Code::BackendFailed`]; nothing waits for ever.
#[derive(Debug, Clone)]
pub struct QueueBackend(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    info: ModelInfo,
    tokenizer: Tokenizer,
    limits: Limits,
    state: Mutex<State>,
    /// Told of every request that comes in, and of the end.
    changed: Condvar,
    /// Told when a place in the queue may be free, and of the end.
    room: Condvar,
    /// Tokens of each conversation begun, shared with the answers that add to it.
    known: Arc<Mutex<HashMap<SequenceId, usize>>>,
}

#[derive(Debug, Default)]
struct State {
    /// Never more than [`QueueModel::waiting`].
    waiting: VecDeque<Work>,
    /// Places kept for answers that are not asked for yet: they count as waiting.
    reserved: usize,
    /// Conversations that ended since the program was last told: never more than it has begun.
    ended: Vec<SequenceId>,
    closed: bool,
}

impl QueueBackend {
    /// An empty queue for this model.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidConfig`], saying which setting is wrong.
    pub fn new(model: QueueModel) -> Result<Self, HostError> {
        model.validate()?;
        Ok(Self(Arc::new(Inner {
            info: model.info(),
            tokenizer: model.tokenizer,
            limits: model.limits(),
            state: Mutex::default(),
            changed: Condvar::new(),
            room: Condvar::new(),
            known: Arc::default(),
        })))
    }

    /// The next request, waited for until `timeout`. Any number of threads may wait; each request goes to one.
    pub fn next(&self, timeout: Duration) -> Next {
        // A wait too long to be told apart from for ever is cut to a day: the caller asks again.
        let deadline = Instant::now() + timeout.min(Duration::from_secs(86_400));
        let mut state = self.state();
        loop {
            while let Some(work) = state.waiting.pop_front() {
                self.0.room.notify_one();
                // Whoever asked may have gone while it waited.
                if !work.is_cancelled() {
                    let ended = if work.is_answer() { std::mem::take(&mut state.ended) } else { Vec::new() };
                    return Next::Request(work.into_request(ended));
                }
            }
            if state.closed {
                return Next::Closed;
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                return Next::Timeout;
            };
            state = self.0.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes no more requests; those that wait fail, and everybody who waits for one is told.
    pub fn close(&self) {
        let waiting = {
            let mut state = self.state();
            state.closed = true;
            std::mem::take(&mut state.waiting)
        };
        // Dropping them answers them.
        drop(waiting);
        self.0.changed.notify_all();
        self.0.room.notify_all();
    }

    /// Requests that wait for the program.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    fn submit(&self, work: Work) -> Result<(), Error> {
        let mut state = self.state();
        state.make_room(self.0.limits.waiting)?;
        state.waiting.push_back(work);
        drop(state);
        self.0.changed.notify_one();
        Ok(())
    }

    /// Wakes those who wait for a place: one may be free, or not be wanted any more.
    fn tell_room(&self) {
        // Whoever looked before this line is asleep after it.
        drop(self.state());
        self.0.room.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, request: &GenerationRequest) -> Result<(), Error> {
        let (length, limit) = (request.tokens.len(), self.0.info.context_length as usize);
        if length == 0 || request.known > length {
            return Err(Error::invalid("request", format!("{} known of {length} tokens", request.known)));
        }
        if length >= limit {
            let message = format!("{length} tokens and an answer do not fit the context of {limit}");
            return Err(Error::coded(Code::ContextFull, message));
        }
        if !request.reread && self.cached(request.sequence) < request.known {
            return Err(Error::coded(Code::Evicted, "this conversation was forgotten"));
        }
        Ok(())
    }
}

impl State {
    /// Whether one more request may wait.
    fn make_room(&mut self, most: usize) -> Result<(), Error> {
        self.check_open()?;
        self.waiting.retain(|waiting| !waiting.is_cancelled());
        let waiting = self.waiting.len() + self.reserved;
        if waiting >= most {
            let message = format!("{waiting} requests wait for the program behind this model already");
            return Err(Error::coded(Code::Overloaded, message));
        }
        Ok(())
    }

    fn check_open(&self) -> Result<(), Error> {
        if self.closed {
            return Err(Error::coded(Code::BackendFailed, "the program behind this model takes no more requests"));
        }
        Ok(())
    }
}

impl Backend for QueueBackend {
    fn model(&self) -> &ModelInfo {
        &self.0.info
    }

    fn render(
        &self,
        messages: &[Message],
        committed: usize,
        last_token: Option<TokenId>,
    ) -> Result<Vec<TokenId>, Error> {
        let Tokenizer::Own { vocabulary, .. } = self.0.tokenizer else {
            return Ok(bytes::render(messages, committed, last_token));
        };
        let (request, reply) = request::render(messages.to_vec(), committed, last_token);
        self.submit(Work::Render(request))?;
        let tokens = reply.wait(self.0.limits.patience)?;
        match tokens.iter().find(|token| **token >= vocabulary) {
            None if tokens.is_empty() => Err(Error::coded(Code::TemplateFailed, "the prompt became no tokens")),
            None => Ok(tokens),
            Some(token) => {
                let message = format!("token {token} of the prompt is outside a vocabulary of {vocabulary}");
                Err(Error::coded(Code::BackendFailed, message))
            }
        }
    }

    /// A place in the queue: whoever has one is heard by the program.
    fn reserve(&self, sequence: SequenceId, patience: Duration, canceller: &Canceller) -> Result<Box<dyn Seat>, Error> {
        Ok(Box::new(QueueSeat::reserve(self.clone(), sequence, patience, canceller)?))
    }

    /// A program is given the whole conversation each time: what it caches is its own affair, and nothing is ever read
    /// again at the renter's expense.
    fn cached(&self, sequence: SequenceId) -> usize {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner).get(&sequence).copied().unwrap_or(0)
    }

    fn forget(&self, sequence: SequenceId) {
        let begun = self.0.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&sequence).is_some();
        if begun {
            self.state().ended.push(sequence);
        }
    }
}

#[cfg(test)]
mod tests;
