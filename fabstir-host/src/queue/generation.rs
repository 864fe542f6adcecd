//! An answer as the host sees it: the program's pieces become tokens with text that can be shown.

use super::{
    QueueBackend,
    answer::{AnswerRequest, Channel, Ending, Piece},
    bytes,
    config::Tokenizer,
};
use fabstir_core::{
    Code, Error,
    inference::{Canceller, FinishReason, Generation, GenerationRequest, SequenceId, Token},
    text::TextStream,
};
use std::{
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

/// An answer being made by the program. Dropping it tells the program.
#[derive(Debug)]
pub(super) struct QueueGeneration {
    channel: Arc<Channel>,
    tokenizer: Tokenizer,
    patience: Duration,
    text: TextStream,
    /// Tokens that may still come.
    left: u32,
    finish: Option<FinishReason>,
    backend: QueueBackend,
    sequence: SequenceId,
    canceller: Canceller,
}

impl QueueGeneration {
    /// Both ends of an answer. Cancelling it tells the program, and whoever waits for a place in the queue.
    pub(super) fn begin(
        request: GenerationRequest,
        backend: QueueBackend,
        canceller: Canceller,
    ) -> (AnswerRequest, Self) {
        let (tokenizer, limits) = (backend.0.tokenizer, backend.0.limits);
        let given = u32::try_from(request.tokens.len()).unwrap_or(u32::MAX);
        let room = backend.0.info.context_length.saturating_sub(given);
        let GenerationRequest { sequence, tokens, sampling, turn_seed, max_tokens, stop, .. } = request;
        let channel = Channel::new(limits.ahead);
        let left = max_tokens.min(room);
        backend.0.known.lock().unwrap_or_else(PoisonError::into_inner).insert(sequence, tokens.len());
        let (told, queue) = (Arc::clone(&channel), backend.clone());
        canceller.on_cancel(move || {
            told.end();
            queue.tell_room();
        });
        let generation = Self {
            channel: Arc::clone(&channel),
            tokenizer,
            patience: limits.patience,
            text: TextStream::new(stop.clone()),
            left,
            finish: None,
            backend,
            sequence,
            canceller,
        };
        let messages = if tokenizer == Tokenizer::Bytes { bytes::messages(&tokens) } else { Vec::new() };
        let answer = AnswerRequest {
            sequence,
            tokens,
            messages,
            max_tokens: left,
            sampling,
            turn_seed,
            stop,
            ended: Vec::new(),
            tokenizer,
            channel,
        };
        (answer, generation)
    }

    /// The next piece; `None` at the end, the program's or the renter's.
    fn piece(&self) -> Result<Option<Piece>, Error> {
        let deadline = Instant::now() + self.patience;
        let mut state = self.channel.lock();
        loop {
            if state.over {
                return Ok(None);
            }
            if let Some(piece) = state.pieces.pop_front() {
                // There is room for another.
                self.channel.notify();
                return Ok(Some(piece));
            }
            match &state.ending {
                Some(Ending::Failed(error)) => return Err(error.clone()),
                Some(Ending::Finished(_)) => return Ok(None),
                None => {}
            }
            let Some(again) = self.channel.wait(state, deadline) else {
                let message = format!("the program behind this model gave no token in {:?}", self.patience);
                return Err(Error::coded(Code::BackendFailed, message));
            };
            state = again;
        }
    }

    fn take(&mut self, (id, bytes): Piece) -> Token {
        self.left = self.left.saturating_sub(1);
        if let Some(known) = self.backend.0.known.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&self.sequence)
        {
            *known += 1;
        }
        if self.tokenizer == Tokenizer::Bytes && id == bytes::END {
            self.end(FinishReason::Stop);
            return Token { id, text: self.text.finish() };
        }
        let mut delivery = self.text.push(&bytes);
        if delivery.stopped {
            self.end(FinishReason::Stop);
        } else if self.left == 0 {
            delivery.text.push_str(&self.text.finish());
            self.end(FinishReason::Length);
        } else if self.text.is_pending() && self.was_last() {
            delivery.text.push_str(&self.text.finish());
        }
        Token { id, text: delivery.text }
    }

    /// Whether the piece just taken was the program's last. Text held back can only go with a token, so where there is
    /// some it is worth the wait.
    fn was_last(&self) -> bool {
        let deadline = Instant::now() + self.patience;
        let mut state = self.channel.lock();
        while state.pieces.is_empty() && state.ending.is_none() && !state.over {
            match self.channel.wait(state, deadline) {
                Some(again) => state = again,
                // The next call says so.
                None => return false,
            }
        }
        state.pieces.is_empty()
    }

    fn end(&mut self, reason: FinishReason) {
        self.finish = Some(reason);
        self.channel.end();
    }
}

impl Generation for QueueGeneration {
    fn next(&mut self) -> Result<Option<Token>, Error> {
        if self.finish.is_none() && self.left == 0 {
            self.end(FinishReason::Length);
        }
        if self.finish.is_some() {
            return Ok(None);
        }
        if let Some(piece) = self.piece()? {
            return Ok(Some(self.take(piece)));
        }
        let reason = match &self.channel.lock().ending {
            _ if self.canceller.is_cancelled() => FinishReason::Cancelled,
            Some(Ending::Finished(reason)) => *reason,
            _ => FinishReason::Stop,
        };
        self.end(reason);
        Ok(None)
    }

    fn finish(&self) -> Option<FinishReason> {
        self.finish
    }

    fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }
}

impl Drop for QueueGeneration {
    fn drop(&mut self) {
        self.channel.end();
        // It may have waited for the program until now.
        self.backend.tell_room();
    }
}
