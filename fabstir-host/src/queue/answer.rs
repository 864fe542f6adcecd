//! An answer as the program that makes it sees it.

use super::{
    bytes::END,
    config::Tokenizer,
    request::{RenderRequest, Request},
};
use alloy_primitives::B256;
use fabstir_core::{
    Code, Error,
    inference::{FinishReason, SequenceId, TokenId},
    sampling::Sampling,
    wire::Message,
};
use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What waits in the queue.
#[derive(Debug)]
pub(super) enum Work {
    Render(RenderRequest),
    Answer(AnswerRequest),
}

impl Work {
    pub(super) fn is_cancelled(&self) -> bool {
        match self {
            Self::Render(request) => request.is_cancelled(),
            Self::Answer(request) => request.is_cancelled(),
        }
    }

    pub(super) const fn is_answer(&self) -> bool {
        matches!(self, Self::Answer(_))
    }

    pub(super) fn into_request(self, ended: Vec<SequenceId>) -> Request {
        match self {
            Self::Render(request) => Request::Render(request),
            Self::Answer(mut request) => {
                request.ended = ended;
                Request::Answer(request)
            }
        }
    }
}

/// What became of tokens or text offered to an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// Taken: this many tokens, or bytes of text. Fewer than offered if there was no room for the rest in time.
    Taken(usize),
    /// The answer is over: cancelled, long enough, stopped, or paid no further. Nothing more is wanted.
    Over,
}

/// A token and its bytes, on the way to the host.
pub(super) type Piece = (TokenId, Vec<u8>);

/// How an answer ended on the program's side.
#[derive(Debug)]
pub(super) enum Ending {
    Finished(FinishReason),
    Failed(Error),
}

/// What the program and the host share of an answer.
#[derive(Debug)]
pub(super) struct Channel {
    state: Mutex<ChannelState>,
    changed: Condvar,
    ahead: usize,
}

#[derive(Debug, Default)]
pub(super) struct ChannelState {
    /// Never more than `ahead`, and an end.
    pub(super) pieces: VecDeque<Piece>,
    pub(super) ending: Option<Ending>,
    /// The host wants no more.
    pub(super) over: bool,
}

impl Channel {
    pub(super) fn new(ahead: usize) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), changed: Condvar::new(), ahead })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, ChannelState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The host wants no more.
    pub(super) fn end(&self) {
        self.lock().over = true;
        self.notify();
    }

    pub(super) fn notify(&self) {
        self.changed.notify_all();
    }

    /// Waits for a change until the deadline; `None` once it has passed.
    pub(super) fn wait<'a>(
        &'a self,
        state: MutexGuard<'a, ChannelState>,
        deadline: Instant,
    ) -> Option<MutexGuard<'a, ChannelState>> {
        let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        Some(self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0)
    }
}

/// An answer to make. Dropped before [`AnswerRequest::finish`], it ends in an error that the renter reads.
#[derive(Debug)]
pub struct AnswerRequest {
    /// Names the conversation, for the program's own cache.
    pub sequence: SequenceId,
    /// Every token of the conversation, the new prompt's included.
    pub tokens: Vec<TokenId>,
    /// The same as messages; with [`Tokenizer::Own`] none, the program knows its tokens.
    pub messages: Vec<Message>,
    /// Most tokens to make.
    pub max_tokens: u32,
    /// How the renter wants them chosen.
    pub sampling: Sampling,
    /// Seed of the turn's noise, by renter and host together.
    pub turn_seed: B256,
    /// Texts at which the answer ends. The queue looks for them; stopping early saves compute.
    pub stop: Vec<String>,
    /// Conversations that ended since the last answer: what is cached for them can go.
    pub ended: Vec<SequenceId>,
    pub(super) tokenizer: Tokenizer,
    pub(super) channel: Arc<Channel>,
}

impl AnswerRequest {
    /// Adds a token and the bytes it stands for, whole characters or not. Waits for room until `timeout`.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidValue`] for an id outside the vocabulary, or where the queue makes the tokens.
    pub fn push(&self, token: TokenId, bytes: &[u8], timeout: Duration) -> Result<Offered, Error> {
        let Tokenizer::Own { vocabulary, .. } = self.tokenizer else {
            return Err(Error::invalid("token", "this queue deals in text: write it"));
        };
        if token >= vocabulary {
            return Err(Error::invalid("token", format!("{token} is outside a vocabulary of {vocabulary}")));
        }
        Ok(self.offer(std::iter::once((token, bytes.to_vec())), timeout))
    }

    /// Adds text. Waits for room until `timeout`, and may take a part of it: offer the rest again.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidValue`] where the program makes the tokens.
    pub fn write(&self, text: &[u8], timeout: Duration) -> Result<Offered, Error> {
        if self.tokenizer != Tokenizer::Bytes {
            return Err(Error::invalid("text", "this queue deals in tokens: push them"));
        }
        Ok(self.offer(text.iter().map(|byte| (TokenId::from(*byte), vec![*byte])), timeout))
    }

    fn offer(&self, pieces: impl Iterator<Item = Piece>, timeout: Duration) -> Offered {
        let deadline = Instant::now() + timeout.min(Duration::from_secs(86_400));
        let mut taken = 0;
        let mut state = self.channel.lock();
        for piece in pieces {
            while !state.over && state.pieces.len() >= self.channel.ahead {
                match self.channel.wait(state, deadline) {
                    Some(again) => state = again,
                    None => return Offered::Taken(taken),
                }
            }
            if state.over {
                return Offered::Over;
            }
            state.pieces.push_back(piece);
            self.channel.notify();
            taken += 1;
        }
        if state.over { Offered::Over } else { Offered::Taken(taken) }
    }

    /// Whether nothing more is wanted: the renter cancelled or went, or the answer is long enough.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.channel.lock().over
    }

    /// Waits until nothing more is wanted, or `timeout`; whether it is so.
    #[must_use]
    pub fn wait_cancelled(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout.min(Duration::from_secs(86_400));
        let mut state = self.channel.lock();
        while !state.over {
            match self.channel.wait(state, deadline) {
                Some(again) => state = again,
                None => return false,
            }
        }
        true
    }

    /// Ends the answer: [`FinishReason::Stop`] where it is complete, [`FinishReason::Length`] where it was cut.
    pub fn finish(self, reason: FinishReason) {
        let mut state = self.channel.lock();
        if self.tokenizer == Tokenizer::Bytes && reason == FinishReason::Stop {
            state.pieces.push_back((END, Vec::new()));
        }
        state.ending = Some(Ending::Finished(reason));
        drop(state);
        self.channel.notify();
    }

    /// Gives up, in words that the renter reads. What was sent is paid.
    pub fn fail(self, message: impl Into<String>) {
        self.channel.lock().ending = Some(Ending::Failed(Error::coded(Code::BackendFailed, message)));
        self.channel.notify();
    }
}

impl Drop for AnswerRequest {
    fn drop(&mut self) {
        let mut state = self.channel.lock();
        if state.ending.is_none() {
            let error = Error::coded(Code::BackendFailed, "the program behind this model dropped the answer");
            state.ending = Some(Ending::Failed(error));
        }
        drop(state);
        self.channel.notify();
    }
}
