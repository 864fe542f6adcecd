//! The thread that owns the context, and the way to it.

use crate::{
    Error,
    answer::Event,
    seats::Seats,
    slots::Claim,
    stats::{Counters, Stats},
    vocabulary::Vocabulary,
    worker::Worker,
};
use fabstir_core::inference::{Canceller, GenerationRequest, SequenceId};
use llama_cpp_2::{context::params::LlamaContextParams, llama_backend::LlamaBackend as Runtime, model::LlamaModel};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle, Thread},
    time::Duration,
};

/// Answers that may wait to be begun; whoever sends more waits until the engine has looked, at most one step.
const ANSWERS: usize = 64;

/// An answer to begin.
#[derive(Debug)]
pub(crate) struct Begin {
    /// Without its tokens: the place has them.
    pub(crate) request: GenerationRequest,
    /// How many they are.
    pub(crate) prompt: usize,
    pub(crate) claim: Claim,
    pub(crate) outlet: SyncSender<Event>,
}

/// What both sides of the engine see.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) stop: AtomicBool,
    pub(crate) counters: Counters,
    pub(crate) seats: Seats,
}

/// How the context is to be made and used.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) parameters: LlamaContextParams,
    pub(crate) context_length: u32,
    pub(crate) sequences: u32,
    pub(crate) prefill: u32,
    pub(crate) read_ahead: usize,
}

/// The way to the thread that owns the context. Dropping the last one ends it.
#[derive(Debug)]
pub(crate) struct Engine {
    answers: SyncSender<Begin>,
    shared: Arc<Shared>,
    thread: Thread,
    join: Option<JoinHandle<()>>,
    read_ahead: usize,
}

impl Engine {
    /// Starts the thread and waits until it has its context.
    ///
    /// # Errors
    ///
    /// [`Error::Backend`] if the thread or the context cannot be made.
    pub(crate) fn start(
        runtime: &'static Runtime,
        model: Arc<LlamaModel>,
        vocabulary: Arc<Vocabulary>,
        plan: Plan,
    ) -> Result<Self, Error> {
        let (answers, inbox) = sync_channel(ANSWERS);
        let (ready, started) = sync_channel(1);
        let seats = Seats::new(plan.sequences as usize);
        let shared = Arc::new(Shared { stop: AtomicBool::new(false), counters: Counters::default(), seats });
        let theirs = Arc::clone(&shared);
        let read_ahead = plan.read_ahead;
        let body = move || match model.new_context(runtime, plan.parameters.clone()) {
            Ok(context) => {
                if ready.send(Ok(())).is_ok() {
                    Worker::new(context, &vocabulary, &plan, inbox, theirs).run();
                }
            }
            Err(error) => drop(ready.send(Err(Error::Backend(format!("no context: {error}"))))),
        };
        let join = thread::Builder::new()
            .name("fabstir-llama".into())
            .spawn(body)
            .map_err(|error| Error::Backend(format!("no thread: {error}")))?;
        started.recv().map_err(|_| ended())??;
        Ok(Self { answers, shared, thread: join.thread().clone(), join: Some(join), read_ahead })
    }

    /// Claims a place, waiting for one in line. Cancelled, it is free at once; the engine is told.
    ///
    /// # Errors
    ///
    /// Those of [`Seats::claim`].
    pub(crate) fn claim(
        &self,
        sequence: SequenceId,
        patience: Duration,
        canceller: &Canceller,
    ) -> Result<Claim, Error> {
        let claim = self.shared.seats.claim(sequence, patience, canceller)?;
        let (shared, thread) = (Arc::clone(&self.shared), self.thread.clone());
        canceller.on_cancel(move || {
            shared.seats.lock().release(claim);
            thread.unpark();
        });
        Ok(claim)
    }

    /// Begins an answer in a claimed place.
    ///
    /// # Errors
    ///
    /// [`Error::Evicted`], or [`Error::Backend`] if the thread is gone.
    pub(crate) fn begin(&self, mut request: GenerationRequest, claim: Claim) -> Result<Receiver<Event>, Error> {
        let tokens = std::mem::take(&mut request.tokens);
        let prompt = tokens.len();
        self.shared.seats.lock().slots.begin(claim, tokens, request.known, request.reread)?;
        self.shared.counters.answers.add(1);
        let (outlet, receiver) = sync_channel(self.read_ahead);
        self.answers.send(Begin { request, prompt, claim, outlet }).map_err(|_| ended())?;
        self.wake();
        Ok(receiver)
    }

    /// Frees a place, if it is still the claim's.
    pub(crate) fn release(&self, claim: Claim) {
        if self.shared.seats.lock().release(claim) {
            self.wake();
        }
    }

    /// How many of a conversation's tokens a request may call known.
    pub(crate) fn known(&self, sequence: SequenceId) -> usize {
        self.shared.seats.lock().slots.known(sequence)
    }

    /// Frees a conversation's cache, at once or when its answer ends.
    pub(crate) fn forget(&self, sequence: SequenceId) {
        self.shared.seats.lock().forget(sequence);
        self.wake();
    }

    /// Makes the thread look again: at commands, at cancelled answers, at channels with room.
    pub(crate) fn wake(&self) {
        self.thread.unpark();
    }

    pub(crate) fn stats(&self) -> Stats {
        let evictions = self.shared.seats.lock().slots.evictions();
        self.shared.counters.snapshot(evictions)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.wake();
        if let Some(join) = self.join.take()
            && join.join().is_err()
        {
            tracing::error!("the inference thread panicked");
        }
    }
}

pub(crate) fn ended() -> Error {
    Error::Backend("the inference thread has ended".into())
}
