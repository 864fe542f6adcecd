//! Drives a blocking [`Generation`] on a thread of its own, behind a bounded channel.
//!
//! [`Generation`]: fabstir_core::inference::Generation

use fabstir_core::{
    Code, Error,
    inference::{Backend, FinishReason, GenerationRequest, Token},
};
use std::{sync::Arc, thread};
use tokio::sync::mpsc;

/// Tokens made ahead of what the client was sent. More waits in the backend.
const AHEAD: usize = 16;

/// What comes out of an answer being made.
#[derive(Debug)]
pub(crate) enum Step {
    /// A token.
    Token(Token),
    /// No more of them.
    Finished(FinishReason),
    /// The backend refused or failed.
    Failed(Error),
}

/// An answer being made. Dropping it stops the compute: the thread's next send fails and it drops the generation.
#[derive(Debug)]
pub(crate) struct Stream(mpsc::Receiver<Step>);

impl Stream {
    /// Starts an answer.
    ///
    /// # Errors
    ///
    /// [`Code::Overloaded`] if no thread can be had.
    pub(crate) fn start(backend: Arc<dyn Backend>, request: GenerationRequest) -> Result<Self, Error> {
        let (steps, receiver) = mpsc::channel(AHEAD);
        thread::Builder::new()
            .name("generation".into())
            .spawn(move || drive(&*backend, request, &steps))
            .map_err(|error| Error::coded(Code::Overloaded, format!("no thread for an answer: {error}")))?;
        Ok(Self(receiver))
    }

    /// The next step. Cancel safe.
    pub(crate) async fn next(&mut self) -> Step {
        self.0
            .recv()
            .await
            .unwrap_or_else(|| Step::Failed(Error::coded(Code::Internal, "the answer's thread has gone")))
    }
}

fn drive(backend: &dyn Backend, request: GenerationRequest, steps: &mpsc::Sender<Step>) {
    let last = match backend.generate(request) {
        Err(error) => Step::Failed(error),
        Ok(mut generation) => loop {
            match generation.next() {
                Ok(Some(token)) => {
                    if steps.blocking_send(Step::Token(token)).is_err() {
                        return;
                    }
                }
                Ok(None) => break Step::Finished(generation.finish().unwrap_or(FinishReason::Stop)),
                Err(error) => break Step::Failed(error),
            }
        },
    };
    // Nobody listens any more: nothing to tell.
    let _ = steps.blocking_send(last);
}
