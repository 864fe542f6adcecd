//! Drives a blocking [`Generation`] on a thread of its own, behind a bounded channel.
//!
//! [`Generation`]: fabstir_core::inference::Generation

use fabstir_core::{
    Code, Error,
    inference::{Backend, Canceller, FinishReason, GenerationRequest, Seat, SequenceId, Token},
};
use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};
use tokio::sync::mpsc;

/// Tokens made ahead of what the client was sent. More waits in the backend.
const AHEAD: usize = 16;

/// What comes out of an answer being made.
#[derive(Debug)]
pub(crate) enum Step {
    /// There is a place for it, and the cache holds so many of the conversation's tokens. The first step of a stream
    /// that had to wait.
    Seated(usize),
    /// A token.
    Token(Token),
    /// No more of them.
    Finished(FinishReason),
    /// The backend refused or failed.
    Failed(Error),
}

/// An answer, from its place in the backend on. Dropping it frees the place and stops the compute, wherever the backend
/// is with it.
#[derive(Debug)]
pub(crate) struct Stream {
    steps: mpsc::Receiver<Step>,
    request: SyncSender<GenerationRequest>,
    canceller: Canceller,
}

/// Where an answer is to be made.
enum Place {
    Taken(Box<dyn Seat>),
    Awaited { backend: Arc<dyn Backend>, sequence: SequenceId, patience: Duration },
}

impl Stream {
    /// Takes a place for the next answer of a conversation. If there is one now, how many of its tokens the cache holds
    /// is returned too; otherwise it is waited for, and [`Step::Seated`] tells.
    ///
    /// # Errors
    ///
    /// What [`Backend::reserve`] refuses at once; [`Code::Overloaded`] if no thread can be had.
    pub(crate) fn start(
        backend: Arc<dyn Backend>,
        sequence: SequenceId,
        patience: Duration,
    ) -> Result<(Self, Option<usize>), Error> {
        let canceller = Canceller::new();
        let (place, cached) = match backend.reserve(sequence, Duration::ZERO, &canceller) {
            Ok(seat) => {
                let cached = seat.cached();
                (Place::Taken(seat), Some(cached))
            }
            Err(error) if matches!(error.code(), Code::Overloaded | Code::SessionBusy) => {
                (Place::Awaited { backend, sequence, patience }, None)
            }
            Err(error) => return Err(error),
        };
        let (outlet, steps) = mpsc::channel(AHEAD);
        // One request, ever: sending it never blocks.
        let (request, requests) = sync_channel(1);
        let theirs = canceller.clone();
        thread::Builder::new()
            .name("generation".into())
            .spawn(move || drive(place, &theirs, &requests, &outlet))
            .map_err(|error| Error::coded(Code::Overloaded, format!("no thread for an answer: {error}")))?;
        Ok((Self { steps, request, canceller }, cached))
    }

    /// Begins the answer in its place.
    ///
    /// # Errors
    ///
    /// [`Code::Internal`] if the answer's thread has gone.
    pub(crate) fn begin(&self, request: GenerationRequest) -> Result<(), Error> {
        self.request.try_send(request).map_err(|_| gone())
    }

    /// The next step. Cancel safe.
    pub(crate) async fn next(&mut self) -> Step {
        self.steps.recv().await.unwrap_or_else(|| Step::Failed(gone()))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.canceller.cancel();
    }
}

fn gone() -> Error {
    Error::coded(Code::Internal, "the answer's thread has gone")
}

fn drive(place: Place, canceller: &Canceller, requests: &Receiver<GenerationRequest>, steps: &mpsc::Sender<Step>) {
    let last = match answer(place, canceller, requests, steps) {
        Ok(Some(reason)) => Step::Finished(reason),
        Ok(None) => return,
        Err(error) => Step::Failed(error),
    };
    // Nobody listens any more: nothing to tell.
    let _ = steps.blocking_send(last);
}

/// Makes the answer; `None` if nobody wants it any more. Its place is free when this returns.
fn answer(
    place: Place,
    canceller: &Canceller,
    requests: &Receiver<GenerationRequest>,
    steps: &mpsc::Sender<Step>,
) -> Result<Option<FinishReason>, Error> {
    let seat = match place {
        Place::Taken(seat) => seat,
        Place::Awaited { backend, sequence, patience } => {
            let seat = backend.reserve(sequence, patience, canceller)?;
            if steps.blocking_send(Step::Seated(seat.cached())).is_err() {
                return Ok(None);
            }
            seat
        }
    };
    let Ok(request) = requests.recv() else { return Ok(None) };
    let mut generation = seat.generate(request)?;
    while let Some(token) = generation.next()? {
        if steps.blocking_send(Step::Token(token)).is_err() {
            return Ok(None);
        }
    }
    Ok(Some(generation.finish().unwrap_or(FinishReason::Stop)))
}

#[cfg(test)]
mod tests;
