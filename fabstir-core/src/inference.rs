//! The seam between the market and whatever makes tokens: synchronous and pull-based, so that a C, Python or Node
//! host can implement or drive it with the same loop as Rust.

use crate::{
    Error,
    sampling::Sampling,
    transcript::{ModelId, Profile},
    wire::Message,
};
use alloy_primitives::B256;

/// An index into a model's vocabulary.
pub type TokenId = u32;

/// Names a conversation inside a backend, so that its KV cache can be found again. Chosen by the caller.
pub type SequenceId = u64;

/// What a backend says about the model it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelInfo {
    /// Display name, from the GGUF.
    pub name: String,
    /// Digest and size of the weights.
    pub id: ModelId,
    /// Everything that decides which tokens come out, committed in every transcript.
    pub profile: Profile,
    /// Longest sequence one conversation can reach, in tokens.
    pub context_length: u32,
    /// Most tokens the template adds around one message (roles, closing tokens, beginning of sequence).
    pub template_overhead: u32,
}

impl ModelInfo {
    /// Describes a model.
    #[must_use]
    pub const fn new(name: String, id: ModelId, profile: Profile, context_length: u32, template_overhead: u32) -> Self {
        Self { name, id, profile, context_length, template_overhead }
    }
}

/// One answer to make.
#[derive(Debug, Clone)]
pub struct GenerationRequest {
    /// The conversation.
    pub sequence: SequenceId,
    /// Every token of the conversation so far, the new prompt's included.
    pub tokens: Vec<TokenId>,
    /// How many of `tokens` are expected in the backend's cache (the last token sampled is not: it was never fed back).
    /// If it holds fewer, it answers [`crate::Code::Evicted`] unless `reread`. If it holds others (sampled but never
    /// delivered), it drops what comes after the common beginning.
    pub known: usize,
    /// Whether the renter agreed to read `known` tokens again.
    pub reread: bool,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Seed of the turn's noise, see [`crate::sampling::turn_seed`].
    pub turn_seed: B256,
    /// Most tokens to sample; clamped to what the context leaves.
    pub max_tokens: u32,
    /// Texts that end the answer. They are not delivered.
    pub stop: Vec<String>,
}

/// One sampled token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// Text that became certain with it: whole UTF-8 characters, never a part of a stop string. Often empty, sometimes
    /// more than this token's own.
    pub text: String,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FinishReason {
    /// The model sampled an end-of-sequence token, or a stop string appeared.
    Stop,
    /// `max_tokens` or the context's end.
    Length,
    /// The renter cancelled, or its connection dropped.
    Cancelled,
    /// The deposit or the credit window ended.
    Credit,
}

/// A model that can answer. Cheap to share between threads.
pub trait Backend: Send + Sync + core::fmt::Debug {
    /// The model.
    fn model(&self) -> &ModelInfo;

    /// Tokens that continue a conversation.
    ///
    /// `messages` is the whole conversation, the new ones last; the first `committed` of them are in the session's
    /// tokens already, which end in `last_token` (`None` at the start). Only what is new is rendered and tokenised:
    /// tokens already committed never change. If the last answer ended without its closing token, the result
    /// begins with it. User text is tokenised without special tokens, the template with them.
    ///
    /// # Errors
    ///
    /// [`crate::Code::TemplateFailed`] if the template refuses the messages.
    fn render(
        &self,
        messages: &[Message],
        committed: usize,
        last_token: Option<TokenId>,
    ) -> Result<Vec<TokenId>, Error>;

    /// Begins an answer. Prefill happens in the background; the first [`Generation::next`] waits for it.
    ///
    /// # Errors
    ///
    /// [`crate::Code::ContextFull`] or [`crate::Code::PromptTooLong`] if the tokens do not fit,
    /// [`crate::Code::Evicted`] as told above, [`crate::Code::Overloaded`] if no place is free.
    fn generate(&self, request: GenerationRequest) -> Result<Box<dyn Generation>, Error>;

    /// How many tokens of a conversation the cache holds; 0 if it was never begun, forgotten or evicted. What a host
    /// asks before it bills a prompt, so that it can offer to read the history again.
    fn cached(&self, sequence: SequenceId) -> usize;

    /// Forgets a conversation's cache.
    fn forget(&self, sequence: SequenceId);
}

/// An answer being made. Dropping it stops the compute within one token.
pub trait Generation: Send + core::fmt::Debug {
    /// The next token, or `None` when the answer is complete. Blocks.
    ///
    /// # Errors
    ///
    /// [`crate::Code::BackendFailed`].
    fn next(&mut self) -> Result<Option<Token>, Error>;

    /// Why it ended; `None` before [`Generation::next`] has returned `None`.
    fn finish(&self) -> Option<FinishReason>;
}
