//! One answer being made, as the engine's thread sees it.

use crate::{Error, vocabulary::Vocabulary};
use alloy_primitives::B256;
use fabstir_core::{
    inference::{FinishReason, GenerationRequest, Token, TokenId},
    sampling::Sampling,
    text::TextStream,
};
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, TrySendError},
    },
};

/// What the reader of an answer gets to know.
#[derive(Debug)]
pub(crate) enum Event {
    Token(Token),
    End(FinishReason),
    Failed(Error),
}

/// The engine's end of an answer's channel.
#[derive(Debug)]
pub(crate) struct Outlet {
    pub(crate) events: SyncSender<Event>,
    /// Set by the reader when it goes.
    pub(crate) cancelled: Arc<AtomicBool>,
}

/// One answer being made.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) slot: usize,
    pub(crate) sampling: Sampling,
    pub(crate) turn_seed: B256,
    /// How many of the slot's tokens were given and not sampled.
    pub(crate) prompt: usize,
    /// Its row in the batch being computed, if the next token is to be sampled from it.
    pub(crate) row: Option<i32>,
    /// How many of its tokens are in the batch being computed.
    pub(crate) batched: usize,
    /// Tokens it may still sample.
    left: u32,
    text: TextStream,
    outlet: Outlet,
    /// Events that the channel had no room for: never more than a token and an end.
    undelivered: VecDeque<Event>,
    ended: bool,
}

impl Answer {
    /// An answer of at most `left` tokens in a slot.
    pub(crate) fn new(request: &mut GenerationRequest, slot: usize, prompt: usize, left: u32, outlet: Outlet) -> Self {
        Self {
            slot,
            sampling: request.sampling,
            turn_seed: request.turn_seed,
            prompt,
            row: None,
            batched: 0,
            left,
            text: TextStream::new(std::mem::take(&mut request.stop)),
            outlet,
            undelivered: VecDeque::new(),
            ended: false,
        }
    }

    /// Whether there is something to compute: an answer whose reader lags waits, and only that one.
    pub(crate) fn runs(&self) -> bool {
        !self.ended && self.undelivered.is_empty()
    }

    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    pub(crate) fn cancelled(&self) -> bool {
        self.outlet.cancelled.load(Ordering::Acquire)
    }

    /// Whether the engine need not keep it.
    pub(crate) fn gone(&self) -> bool {
        self.cancelled() || (self.ended && self.undelivered.is_empty())
    }

    /// Whether nothing may be sampled at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Takes a sampled token.
    pub(crate) fn take(&mut self, id: TokenId, vocabulary: &Vocabulary, scratch: &mut Vec<u8>) {
        self.left = self.left.saturating_sub(1);
        if vocabulary.ends(id) {
            let text = self.text.finish();
            self.deliver(Event::Token(Token { id, text }));
            return self.end(FinishReason::Stop);
        }
        scratch.clear();
        vocabulary.piece(id, scratch);
        let mut delivery = self.text.push(scratch);
        let last = self.left == 0 && !delivery.stopped;
        if last {
            delivery.text.push_str(&self.text.finish());
        }
        self.deliver(Event::Token(Token { id, text: delivery.text }));
        if delivery.stopped {
            self.end(FinishReason::Stop);
        } else if last {
            self.end(FinishReason::Length);
        }
    }

    /// Ends it.
    pub(crate) fn end(&mut self, reason: FinishReason) {
        self.ended = true;
        self.deliver(Event::End(reason));
    }

    /// Ends it with an error.
    pub(crate) fn fail(&mut self, error: Error) {
        self.ended = true;
        self.deliver(Event::Failed(error));
    }

    /// Hands over what the channel had no room for before.
    pub(crate) fn flush(&mut self) {
        while let Some(event) = self.undelivered.pop_front() {
            match self.outlet.events.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => return self.undelivered.push_front(event),
                Err(TrySendError::Disconnected(_)) => self.outlet.cancelled.store(true, Ordering::Release),
            }
        }
    }

    fn deliver(&mut self, event: Event) {
        self.undelivered.push_back(event);
        self.flush();
    }
}
