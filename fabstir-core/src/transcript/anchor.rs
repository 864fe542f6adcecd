//! A transcript at rest: what must be kept to go on after a closed checkpoint.

use super::Transcript;
use alloy_primitives::B256;
use serde::{Deserialize, Serialize};

/// A transcript right after a checkpoint, without what its session knows anyway (id, profile, secret).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    context: B256,
    head: B256,
    sequence: u64,
    turns: u64,
    next_index: u64,
    position: u64,
    input_tokens: u64,
    output_tokens: u64,
}

impl Transcript {
    /// Where the transcript stands; `None` if anything was committed since its last checkpoint.
    #[must_use]
    pub fn anchor(&self) -> Option<Anchor> {
        (!self.is_dirty()).then_some(Anchor {
            context: self.context,
            head: self.head,
            sequence: self.sequence,
            turns: self.turns,
            next_index: self.next_index,
            position: self.position,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
        })
    }

    /// The same session's transcript at an anchor taken before.
    #[must_use]
    pub fn at(self, anchor: &Anchor) -> Self {
        Self {
            context: anchor.context,
            head: anchor.head,
            sequence: anchor.sequence,
            turns: anchor.turns,
            next_index: anchor.next_index,
            position: anchor.position,
            input_tokens: anchor.input_tokens,
            output_tokens: anchor.output_tokens,
            open: None,
            closed: Vec::new(),
            ..self
        }
    }
}
