//! A place to answer in, and the answer being made in it, as their owner sees them.

use crate::{
    answer::Event,
    engine::{Engine, ended},
    slots::Claim,
};
use fabstir_core::inference::{Canceller, FinishReason, Generation, GenerationRequest, SequenceId, Token};
use std::{
    sync::{Arc, mpsc::Receiver},
    time::Duration,
};

/// A place for one answer. Dropping it frees it; cancelling frees it at once, whoever holds it.
#[derive(Debug)]
pub(crate) struct Place {
    engine: Arc<Engine>,
    sequence: SequenceId,
    claim: Claim,
    canceller: Canceller,
}

impl Place {
    pub(crate) fn reserve(
        engine: Arc<Engine>,
        sequence: SequenceId,
        patience: Duration,
        canceller: &Canceller,
    ) -> Result<Self, crate::Error> {
        let claim = engine.claim(sequence, patience, canceller)?;
        Ok(Self { engine, sequence, claim, canceller: canceller.clone() })
    }

    pub(crate) const fn sequence(&self) -> SequenceId {
        self.sequence
    }

    pub(crate) fn known(&self) -> usize {
        self.engine.known(self.sequence)
    }

    pub(crate) fn begin(self, request: GenerationRequest) -> Result<LlamaGeneration, crate::Error> {
        let events = self.engine.begin(request, self.claim)?;
        Ok(LlamaGeneration { place: self, events, finish: None })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.engine.release(self.claim);
    }
}

/// An answer being made. Dropping it stops the compute after the step under way.
#[derive(Debug)]
pub(crate) struct LlamaGeneration {
    place: Place,
    events: Receiver<Event>,
    finish: Option<FinishReason>,
}

impl Generation for LlamaGeneration {
    fn next(&mut self) -> Result<Option<Token>, fabstir_core::Error> {
        if self.finish.is_some() {
            return Ok(None);
        }
        // The engine drops a cancelled answer's end of the channel.
        let event = if self.place.canceller.is_cancelled() { None } else { self.events.recv().ok() };
        if self.place.canceller.is_cancelled() {
            // What came in the meantime is not wanted either.
            self.finish = Some(FinishReason::Cancelled);
            return Ok(None);
        }
        // The answer pauses when the channel is full, and now there is room.
        self.place.engine.wake();
        match event.ok_or_else(ended)? {
            Event::Token(token) => Ok(Some(token)),
            Event::Failed(error) => Err(error.into()),
            Event::End(reason) => {
                self.finish = Some(reason);
                Ok(None)
            }
        }
    }

    fn finish(&self) -> Option<FinishReason> {
        self.finish
    }

    fn canceller(&self) -> Canceller {
        self.place.canceller.clone()
    }
}
