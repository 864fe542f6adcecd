//! One answer being made, as the engine's thread sees it.

use crate::{Error, slots::Claim, vocabulary::Vocabulary};
use alloy_primitives::B256;
use fabstir_core::{
    inference::{FinishReason, GenerationRequest, Token, TokenId},
    sampling::Sampling,
    text::TextStream,
};
use std::{
    collections::VecDeque,
    sync::mpsc::{SyncSender, TrySendError},
};

/// What the reader of an answer gets to know.
#[derive(Debug)]
pub(crate) enum Event {
    Token(Token),
    End(FinishReason),
    Failed(Error),
}

/// One answer being made.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its place. Lost when it is cancelled: what is computed for it then counts for nobody.
    pub(crate) claim: Claim,
    pub(crate) sampling: Sampling,
    pub(crate) turn_seed: B256,
    /// How many of the slot's tokens were given and not sampled.
    pub(crate) prompt: usize,
    /// How many tokens its place has: the position of the next.
    pub(crate) length: u64,
    /// Its row in the batch being computed, if the next token is to be sampled from it.
    pub(crate) row: Option<i32>,
    /// How many of its tokens are in the batch being computed.
    pub(crate) batched: usize,
    /// Tokens it may still sample.
    left: u32,
    text: TextStream,
    outlet: SyncSender<Event>,
    /// Events that the channel had no room for: never more than a token and an end.
    undelivered: VecDeque<Event>,
    ended: bool,
}

impl Answer {
    /// An answer of at most `left` tokens to the request's `prompt`, whose tokens its place has.
    pub(crate) fn new(
        request: GenerationRequest,
        claim: Claim,
        prompt: usize,
        left: u32,
        outlet: SyncSender<Event>,
    ) -> Self {
        Self {
            claim,
            sampling: request.sampling,
            turn_seed: request.turn_seed,
            prompt,
            length: prompt as u64,
            row: None,
            batched: 0,
            left,
            text: TextStream::new(request.stop),
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

    /// Whether it ended and its reader has it all.
    pub(crate) fn delivered(&self) -> bool {
        self.ended && self.undelivered.is_empty()
    }

    /// Whether nothing may be sampled at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Takes a sampled token. It is delivered with the next [`Answer::flush`].
    pub(crate) fn take(&mut self, id: TokenId, vocabulary: &Vocabulary, scratch: &mut Vec<u8>) {
        self.left = self.left.saturating_sub(1);
        self.length += 1;
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

    /// Hands over what the channel has room for.
    pub(crate) fn flush(&mut self) {
        while let Some(event) = self.undelivered.pop_front() {
            match self.outlet.try_send(event) {
                // Disconnected: nobody reads it any more, and the reader ended the claim when it went.
                Ok(()) | Err(TrySendError::Disconnected(_)) => {}
                Err(TrySendError::Full(event)) => return self.undelivered.push_front(event),
            }
        }
    }

    fn deliver(&mut self, event: Event) {
        self.undelivered.push_back(event);
    }
}
