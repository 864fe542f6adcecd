//! What the queue asks of the program.

use super::answer::AnswerRequest;
use fabstir_core::{Code, Error, inference::TokenId, wire::Message};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    time::Duration,
};

/// Something for the program to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum Request {
    /// Turn messages into tokens. Only with [`super::Tokenizer::Own`].
    Render(RenderRequest),
    /// Make an answer.
    Answer(AnswerRequest),
}

/// Messages to turn into tokens. Dropped without an answer, the prompt is refused.
#[derive(Debug)]
pub struct RenderRequest {
    /// The whole conversation, the new messages last.
    pub messages: Vec<Message>,
    /// How many of them are in the session's tokens already: those never change.
    pub committed: usize,
    /// The last of the session's tokens. If the answer before was cut off, what is rendered begins by closing it.
    pub last_token: Option<TokenId>,
    reply: SyncSender<Result<Vec<TokenId>, Error>>,
    cancelled: Arc<AtomicBool>,
}

impl RenderRequest {
    /// Answers with the tokens that continue the session: the new messages and the beginning of an answer.
    pub fn answer(self, tokens: Vec<TokenId>) {
        // Nobody waits any more: nothing to tell.
        let _ = self.reply.send(Ok(tokens));
    }

    /// Refuses the messages, in words that the renter reads.
    pub fn refuse(self, message: impl Into<String>) {
        let _ = self.reply.send(Err(Error::coded(Code::TemplateFailed, message)));
    }

    /// Whether nobody waits for it any more.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }
}

/// The host's end of a [`RenderRequest`].
#[derive(Debug)]
pub(super) struct Reply {
    tokens: Receiver<Result<Vec<TokenId>, Error>>,
    cancelled: Arc<AtomicBool>,
}

impl Reply {
    /// What the program answers, within this time.
    pub(super) fn wait(self, patience: Duration) -> Result<Vec<TokenId>, Error> {
        match self.tokens.recv_timeout(patience) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => {
                let message = format!("the program behind this model did not read the prompt in {patience:?}");
                Err(Error::coded(Code::BackendFailed, message))
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(Error::coded(Code::BackendFailed, "the program behind this model dropped the prompt"))
            }
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Release);
    }
}

/// Both ends of a request.
pub(super) fn render(messages: Vec<Message>, committed: usize, last_token: Option<TokenId>) -> (RenderRequest, Reply) {
    let (reply, tokens) = sync_channel(1);
    let cancelled = Arc::new(AtomicBool::new(false));
    let request = RenderRequest { messages, committed, last_token, reply, cancelled: Arc::clone(&cancelled) };
    (request, Reply { tokens, cancelled })
}
