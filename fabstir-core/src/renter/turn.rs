//! One turn of the conversation, from the prompt's acceptance to the answer's end.

use super::{Event, Phase, Reaction, RenterSession, misbehaves};
use crate::{
    Error,
    amount::Usage,
    wire::{self, ErrorFrame, Message, Prompt, Role},
};
use serde::{Deserialize, Serialize};

/// A prompt that waits for its answer, or for the rest of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) prompt: Prompt,
    /// Most tokens the host may feed for it.
    pub(super) most_input: u64,
    /// Tokens of the answer the caller has been given; they are not given again after a resume.
    pub(super) emitted: u32,
    /// The turn it will be, from 0.
    pub(super) turn: u64,
}

impl RenterSession {
    pub(super) fn accepted(&mut self, accepted: &wire::Accepted) -> Result<Reaction, Error> {
        let (Some(pending), Some((_, verifier))) = (&self.pending, &mut self.served) else {
            return Err(misbehaves("it accepts what was not asked"));
        };
        let input_tokens = verifier.accepted(accepted, pending)?;
        // Said once, not again after a resume.
        let event = (pending.emitted == 0).then_some(Event::Accepted { input_tokens });
        Ok(Reaction { event, ..Reaction::default() })
    }

    pub(super) fn token(&mut self, token: wire::Token) -> Result<Reaction, Error> {
        self.verifier()?.token(&token)?;
        let pending = self.pending.as_mut().filter(|pending| pending.prompt.id == token.id);
        let Some(pending) = pending.filter(|pending| token.index >= pending.emitted) else {
            return Ok(Reaction::default());
        };
        pending.emitted = token.index + 1;
        Ok(Reaction::event(Event::Token { id: token.token, text: token.text }))
    }

    pub(super) fn checkpoint(&mut self, checkpoint: &wire::Checkpoint) -> Result<Reaction, Error> {
        let verifier = self.verifier()?;
        let voucher = verifier.checkpoint(checkpoint)?;
        let event = Event::Voucher { usage: voucher.usage(), owed: verifier.owed() };
        self.voucher = Some(voucher);
        self.clearing.checked();
        Ok(Reaction { record: true, send: self.voucher_message().into_iter().collect(), event: Some(event) })
    }

    pub(super) fn done(&mut self, done: &wire::Done) -> Result<Reaction, Error> {
        let text = self.verifier()?.done(done)?;
        if self.pending.take_if(|pending| pending.prompt.id == done.id).is_none() {
            // Offered again after a resume, and known.
            return Ok(Reaction::default());
        }
        self.messages.push(Message::new(Role::Assistant, text));
        let usage = Usage::new(done.usage.input_tokens, done.usage.output_tokens);
        Ok(Reaction::event(Event::Done { reason: done.finish_reason, usage }))
    }

    pub(super) fn refused(&mut self, refused: ErrorFrame) -> Result<Reaction, Error> {
        if let Some(id) = refused.id {
            match self.verifier()?.failed(id) {
                Some(text) => {
                    self.messages.push(Message::new(Role::Assistant, text));
                    self.pending = None;
                }
                None => self.withdraw_prompt(id),
            }
        } else {
            // What was asked without an id was refused.
            self.clearing.refused();
            if self.phase == Phase::Closing {
                self.phase = Phase::Open;
            }
        }
        Ok(Reaction::event(Event::Refused(refused)))
    }

    /// A prompt that was never accepted leaves the conversation as it was.
    pub(super) fn withdraw_prompt(&mut self, id: u32) {
        let Some(pending) = self.pending.take_if(|pending| pending.prompt.id == id) else { return };
        let kept = match &pending.prompt.messages {
            Some(_) => self.messages.iter().rposition(|message| message.role == Role::Assistant).map_or(0, |at| at + 1),
            None => self.messages.len().saturating_sub(1),
        };
        self.messages.truncate(kept);
    }
}
