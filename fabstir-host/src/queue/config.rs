//! What a program says of the model it serves.

use super::bytes::{BYTE_OVERHEAD, BYTE_VOCABULARY};
use crate::HostError;
use alloy_primitives::{B256, keccak256};
use fabstir_core::{
    Code,
    inference::ModelInfo,
    transcript::{ModelId, Profile},
};
use std::time::Duration;

/// Who turns messages into tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tokenizer {
    /// The queue: a token is a byte of UTF-8, and a few more mark roles and ends. The program deals in text only, and
    /// what a text costs is plain: its bytes.
    Bytes,
    /// The program: it is asked to render each prompt, and gives an id with every piece of text.
    Own {
        /// Number of token ids.
        vocabulary: u32,
        /// Most tokens its template adds around one message, beyond one for each byte of content. Renters refuse a
        /// bill above it.
        template_overhead: u32,
    },
}

/// The model that a program serves through a queue.
#[derive(Debug, Clone)]
pub struct QueueModel {
    /// Display name.
    pub name: String,
    /// Digest and size of the weights, if there are any; `None` names the model by its name alone.
    pub weights: Option<ModelId>,
    /// Name and version of what computes, committed in every transcript by its digest.
    pub runtime: String,
    /// Name of the sampler, committed by its digest; empty if the program states none.
    pub sampler: String,
    /// Longest conversation, in tokens.
    pub context_length: u32,
    /// Who turns messages into tokens.
    pub tokenizer: Tokenizer,
    /// Longest wait for the program: for a request to be taken up, for a rendered prompt, for the next token.
    pub patience: Duration,
    /// Requests that may wait for the program.
    pub waiting: usize,
    /// Tokens of one answer made ahead of what the host has sent.
    pub ahead: usize,
}

/// The bounds a queue keeps to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) patience: Duration,
    pub(super) waiting: usize,
    pub(super) ahead: usize,
}

impl QueueModel {
    /// A model of this name that deals in text, with a context of 32,768 bytes, a minute of patience, 64 requests
    /// waiting and 64 tokens ahead.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            weights: None,
            runtime: String::new(),
            sampler: String::new(),
            context_length: 32_768,
            tokenizer: Tokenizer::Bytes,
            patience: Duration::from_secs(60),
            waiting: 64,
            ahead: 64,
        }
    }

    /// What terms and registry name the model by, before its hash. A model without weights has size 0, which no file
    /// of weights has.
    #[must_use]
    pub fn model_id(&self) -> ModelId {
        self.weights
            .unwrap_or_else(|| ModelId { blake3: B256::from(*blake3::hash(self.name.as_bytes()).as_bytes()), size: 0 })
    }

    pub(super) fn info(&self) -> ModelInfo {
        let (vocabulary, overhead) = match self.tokenizer {
            Tokenizer::Bytes => (BYTE_VOCABULARY, BYTE_OVERHEAD),
            Tokenizer::Own { vocabulary, template_overhead } => (vocabulary, template_overhead),
        };
        let id = self.model_id();
        let profile = Profile {
            model_id: id.hash(),
            kv_type_k: 0,
            kv_type_v: 0,
            flash_attention: false,
            context_length: self.context_length,
            vocabulary,
            runtime: named(&self.runtime),
            sampler: named(&self.sampler),
        };
        ModelInfo::new(self.name.clone(), id, profile, self.context_length, overhead)
    }

    pub(super) const fn limits(&self) -> Limits {
        Limits { patience: self.patience, waiting: self.waiting, ahead: self.ahead }
    }

    pub(super) fn validate(&self) -> Result<(), HostError> {
        let refuse = |message: &str| Err(HostError::coded(Code::InvalidConfig, message));
        if self.name.is_empty() {
            return refuse("the model has no name");
        }
        if self.weights.is_some_and(|weights| weights.size == 0) {
            return refuse("weights of 0 bytes");
        }
        if self.context_length < 2 {
            return refuse("the context must hold a prompt and an answer");
        }
        if matches!(self.tokenizer, Tokenizer::Own { vocabulary: 0, .. }) {
            return refuse("the vocabulary is empty");
        }
        if self.patience.is_zero() || self.waiting == 0 || self.ahead == 0 {
            return refuse("patience, requests waiting and tokens ahead must be above zero");
        }
        Ok(())
    }
}

/// The digest of a name; zero if none is stated.
fn named(name: &str) -> B256 {
    if name.is_empty() { B256::ZERO } else { keccak256(name) }
}
