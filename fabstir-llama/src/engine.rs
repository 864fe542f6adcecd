//! The thread that owns the context, and the way to it.

use crate::{
    Error,
    answer::{Event, Outlet},
    stats::{Counters, Stats},
    vocabulary::Vocabulary,
    worker::Worker,
};
use fabstir_core::inference::{GenerationRequest, SequenceId};
use llama_cpp_2::{context::params::LlamaContextParams, llama_backend::LlamaBackend as Runtime, model::LlamaModel};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle, Thread},
};

/// Commands that may wait; whoever sends more waits until the engine has looked, at most one step.
const COMMANDS: usize = 64;

/// What the engine is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    Generate {
        request: GenerationRequest,
        outlet: Outlet,
        reply: SyncSender<Result<(), Error>>,
    },
    /// How many of a conversation's tokens a request may call known.
    Known {
        sequence: SequenceId,
        reply: SyncSender<usize>,
    },
    Forget(SequenceId),
}

/// What both sides of the engine see.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) stop: AtomicBool,
    pub(crate) counters: Counters,
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
    commands: SyncSender<Command>,
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
        let (commands, inbox) = sync_channel(COMMANDS);
        let (ready, started) = sync_channel(1);
        let shared = Arc::new(Shared::default());
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
        Ok(Self { commands, shared, thread: join.thread().clone(), join: Some(join), read_ahead })
    }

    /// Asks for an answer and waits until it has a place.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Evicted`], [`Error::Overloaded`], or [`Error::Backend`] if the thread is gone.
    pub(crate) fn generate(
        &self,
        request: GenerationRequest,
        cancelled: Arc<AtomicBool>,
    ) -> Result<Receiver<Event>, Error> {
        let (events, receiver) = sync_channel(self.read_ahead);
        let (reply, answer) = sync_channel(1);
        self.send(Command::Generate { request, outlet: Outlet { events, cancelled }, reply })?;
        answer.recv().map_err(|_| ended())??;
        Ok(receiver)
    }

    /// How many of a conversation's tokens a request may call known; 0 if the thread is gone.
    pub(crate) fn known(&self, sequence: SequenceId) -> usize {
        let (reply, answer) = sync_channel(1);
        let sent = self.send(Command::Known { sequence, reply });
        sent.ok().and_then(|()| answer.recv().ok()).unwrap_or_default()
    }

    /// Frees a conversation's cache, at once or when its answer ends.
    pub(crate) fn forget(&self, sequence: SequenceId) {
        if self.send(Command::Forget(sequence)).is_err() {
            tracing::debug!(sequence, "nothing to forget: the engine has ended");
        }
    }

    /// Makes the thread look again: at commands, at cancelled answers, at channels with room.
    pub(crate) fn wake(&self) {
        self.thread.unpark();
    }

    pub(crate) fn stats(&self) -> Stats {
        self.shared.counters.snapshot()
    }

    fn send(&self, command: Command) -> Result<(), Error> {
        self.commands.send(command).map_err(|_| ended())?;
        self.wake();
        Ok(())
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
