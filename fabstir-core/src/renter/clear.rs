//! Beginning the conversation anew in the same session.

use super::{Event, Phase, Reaction, RenterSession, misbehaves, not_open};
use crate::{Error, wire::ClientMessage};
use serde::{Deserialize, Serialize};

/// Which `cleared` messages may come. A host that empties the context unasked breaks the protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Clearing {
    /// `clear` was sent and not answered.
    asked: bool,
    /// Answers received since the last checkpoint that agreed: offered again after a resume.
    unchecked: u32,
    /// Answers that a resume may bring: those, and one to a `clear` that may or may not have arrived.
    expected: u32,
}

impl Clearing {
    pub(super) const fn is_asked(self) -> bool {
        self.asked
    }

    /// What came after the last checkpoint comes again.
    pub(super) fn resumed(&mut self) {
        self.expected = self.unchecked + u32::from(self.asked);
        (self.asked, self.unchecked) = (false, 0);
    }

    pub(super) fn refused(&mut self) {
        self.asked = false;
    }

    /// A checkpoint agreed: what it covers is not offered again.
    pub(super) fn checked(&mut self) {
        self.unchecked = 0;
    }
}

impl RenterSession {
    /// Asks the host to forget the conversation: the next prompt is the first of a new one, in the same session. What was
    /// billed stays billed. After a drop and a resume, ask again unless [`Event::Cleared`] has come.
    ///
    /// # Errors
    ///
    /// [`crate::Code::SessionBusy`] while an answer is coming in, [`crate::Code::UnexpectedMessage`] unless the session is
    /// open.
    pub fn clear(&mut self) -> Result<ClientMessage, Error> {
        self.idle()?;
        if self.phase != Phase::Open {
            return Err(not_open());
        }
        self.clearing.asked = true;
        Ok(ClientMessage::Clear)
    }

    pub(super) fn cleared(&mut self) -> Result<Reaction, Error> {
        let asked = std::mem::take(&mut self.clearing.asked);
        if !asked {
            let left = self.clearing.expected.checked_sub(1);
            self.clearing.expected = left.ok_or_else(|| misbehaves("it empties the context unasked"))?;
        }
        self.verifier()?.cleared()?;
        self.clearing.unchecked += 1;
        // Offered again behind a prompt that was asked since, it has been said before.
        if self.pending.is_some() {
            return Ok(Reaction::default());
        }
        self.messages.clear();
        Ok(Reaction::event(Event::Cleared))
    }
}
