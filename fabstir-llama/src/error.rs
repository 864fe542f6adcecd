//! What can go wrong in this crate.

use fabstir_core::Code;
use std::path::{Path, PathBuf};

/// What can go wrong in this crate; crosses into the core by its stable code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model file is missing or cannot be read.
    #[error("cannot read the model {}: {reason}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The model file is truncated, corrupted or not a GGUF.
    #[error("the model {} is damaged or not a GGUF: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A sound file that cannot be served.
    #[error("the model {} cannot be served: {reason}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The processor lacks instructions this build uses.
    #[error("this build needs a processor with {needed}; this one lacks {lacking}")]
    Cpu {
        /// What the build uses.
        needed: String,
        /// What is not there.
        lacking: String,
    },
    /// A setting out of its bounds.
    #[error("`{setting}` is {value}: {reason}")]
    Config {
        /// Which setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// Its bounds.
        reason: String,
    },
    /// The chat template refuses the messages.
    #[error("the chat template refuses the messages: {0}")]
    Template(String),
    /// The prompt alone does not fit the context.
    #[error("the prompt takes {needed} {unit}, the context holds {limit} and one must be left to answer")]
    PromptTooLong {
        /// What it takes.
        needed: usize,
        /// Tokens, or bytes where it was not worth tokenising.
        unit: &'static str,
        /// What there is, in the same unit.
        limit: usize,
    },
    /// The history and the prompt do not fit the context together.
    #[error("{known} tokens of history and {new} of prompt do not fit a context of {limit} with one left to answer")]
    ContextFull {
        /// Tokens of the conversation so far.
        known: usize,
        /// Tokens of the prompt.
        new: usize,
        /// Tokens the context holds.
        limit: usize,
    },
    /// The conversation's KV cache is gone.
    #[error("the cache of this conversation is gone; {tokens} tokens must be read again")]
    Evicted {
        /// How many must be read again.
        tokens: usize,
    },
    /// Every place is taken by an answer being made.
    #[error("all {0} places are taken by answers being made")]
    Overloaded(usize),
    /// Who waited for a place wants none any more.
    #[error("the answer was cancelled while it waited for a place")]
    Abandoned,
    /// Another answer is being made in this conversation.
    #[error("another answer is being made in this conversation")]
    Busy,
    /// A request that makes no sense.
    #[error("{0}")]
    Request(String),
    /// llama.cpp failed, or its thread ended.
    #[error("llama.cpp failed: {0}")]
    Backend(String),
}

impl Error {
    pub(crate) fn missing(path: &Path, error: &std::io::Error) -> Self {
        Self::Missing { path: path.to_owned(), reason: error.to_string() }
    }

    pub(crate) fn corrupt(path: &Path, reason: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_owned(), reason: reason.into() }
    }

    pub(crate) fn unsupported(path: &Path, reason: impl Into<String>) -> Self {
        Self::Unsupported { path: path.to_owned(), reason: reason.into() }
    }

    pub(crate) fn config(setting: &'static str, value: impl ToString, reason: impl Into<String>) -> Self {
        Self::Config { setting, value: value.to_string(), reason: reason.into() }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Missing { .. } => Code::ModelMissing,
            Self::Corrupt { .. } => Code::ModelCorrupt,
            Self::Unsupported { .. } => Code::ModelUnsupported,
            Self::Cpu { .. } => Code::CpuUnsupported,
            Self::Config { .. } => Code::InvalidConfig,
            Self::Template(_) => Code::TemplateFailed,
            Self::PromptTooLong { .. } => Code::PromptTooLong,
            Self::ContextFull { .. } => Code::ContextFull,
            Self::Evicted { .. } => Code::Evicted,
            Self::Overloaded(_) | Self::Abandoned => Code::Overloaded,
            Self::Busy => Code::SessionBusy,
            Self::Request(_) => Code::InvalidParams,
            Self::Backend(_) => Code::BackendFailed,
        }
    }
}

impl From<Error> for fabstir_core::Error {
    fn from(error: Error) -> Self {
        Self::coded(error.code(), error.to_string())
    }
}
