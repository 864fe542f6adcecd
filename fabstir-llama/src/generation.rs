//! An answer being made, as its reader sees it.

use crate::{
    answer::Event,
    engine::{Engine, ended},
};
use fabstir_core::{
    Error,
    inference::{FinishReason, Generation, GenerationRequest, Token},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
    mpsc::Receiver,
};

/// An answer being made. Dropping it stops the compute after the step under way.
#[derive(Debug)]
pub(crate) struct LlamaGeneration {
    engine: Arc<Engine>,
    events: Receiver<Event>,
    cancelled: Arc<AtomicBool>,
    finish: Option<FinishReason>,
}

impl LlamaGeneration {
    pub(crate) fn begin(engine: Arc<Engine>, request: GenerationRequest) -> Result<Self, crate::Error> {
        let cancelled = Arc::new(AtomicBool::new(false));
        let events = engine.generate(request, Arc::clone(&cancelled))?;
        Ok(Self { engine, events, cancelled, finish: None })
    }
}

impl Generation for LlamaGeneration {
    fn next(&mut self) -> Result<Option<Token>, Error> {
        if self.finish.is_some() {
            return Ok(None);
        }
        let event = self.events.recv().map_err(|_| ended())?;
        // The answer pauses when the channel is full, and now there is room.
        self.engine.wake();
        match event {
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
}

impl Drop for LlamaGeneration {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Release);
        self.engine.wake();
    }
}
