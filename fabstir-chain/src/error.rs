//! What can go wrong between us and the chain.

use crate::revert::Revert;
use alloy_primitives::{Address, B256, U256};
use fabstir_core::Code;
use std::time::Duration;

/// Characters of an endpoint's or contract's own words that are kept.
const SHOWN_CHARS: usize = 200;

/// What can go wrong between us and the chain. [`Error::code`] is stable; the text is for people.
///
/// No variant carries the endpoint's full URL or a key: URLs hold API keys, and errors end up in logs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be used.
    #[error("invalid {what}: {reason}")]
    Config {
        /// Which setting.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// The endpoint cannot be reached, does not answer in time or is overloaded.
    #[error("{endpoint} is unavailable ({method}): {reason}")]
    Unavailable {
        /// Scheme, host and port.
        endpoint: String,
        /// The call that failed.
        method: String,
        /// How it failed.
        reason: String,
    },
    /// The endpoint answered, but nothing that makes sense.
    #[error("{endpoint} answered nonsense ({method}): {reason}")]
    Nonsense {
        /// Scheme, host and port.
        endpoint: String,
        /// The call that failed.
        method: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The endpoint refused the call, for another reason than a revert or want of funds.
    #[error("{endpoint} refused {method}: {message} (JSON-RPC error {number})")]
    Refused {
        /// Scheme, host and port.
        endpoint: String,
        /// The call that was refused.
        method: String,
        /// JSON-RPC error number.
        number: i64,
        /// The endpoint's words, cut to a bound.
        message: String,
    },
    /// The contract refused.
    #[error("reverted: {0}")]
    Reverted(Revert),
    /// The transaction was mined and failed.
    #[error("transaction {hash} failed in block {block}: {revert}")]
    TransactionFailed {
        /// The transaction.
        hash: B256,
        /// Its block.
        block: u64,
        /// Why, as far as a replay could tell.
        revert: Revert,
    },
    /// No contract of ours at this address.
    #[error("no {expected} at {address}: {reason}")]
    NoContract {
        /// The contract that should be there.
        expected: &'static str,
        /// The address looked at.
        address: Address,
        /// What was found instead.
        reason: String,
    },
    /// The endpoint serves another chain than the one configured.
    #[error("the endpoint serves chain {actual}, not {expected}")]
    WrongChain {
        /// The chain configured.
        expected: u64,
        /// The chain served.
        actual: u64,
    },
    /// The chain knows no such session (as far back as was looked).
    #[error("no session {id:#x} on this market")]
    UnknownSession {
        /// The session asked for.
        id: U256,
    },
    /// The account cannot pay for the transaction and its gas.
    #[error("{account} cannot pay: {reason}")]
    InsufficientFunds {
        /// Who pays.
        account: Address,
        /// The endpoint's words.
        reason: String,
    },
    /// The chain asks more for gas than the configured cap.
    #[error("gas costs {fee} wei, above the cap of {cap} wei")]
    FeeTooHigh {
        /// Wei per gas asked.
        fee: u128,
        /// Wei per gas allowed.
        cap: u128,
    },
    /// The transaction was sent and not mined in time. It may still be mined.
    #[error("transaction {hash} (nonce {nonce}) was not mined within {waited:?}; it may be later")]
    TransactionTimeout {
        /// The transaction.
        hash: B256,
        /// Its nonce.
        nonce: u64,
        /// How long was waited.
        waited: Duration,
    },
    /// The transaction queue is full.
    #[error("{pending} transactions are waiting already")]
    QueueFull {
        /// How many.
        pending: usize,
    },
    /// The transaction queue has stopped, its runtime being gone.
    #[error("the transaction queue has stopped")]
    QueueStopped,
    /// A file cannot be read or written.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
        /// Whether the disk is full.
        full: bool,
    },
    /// The local development chain does not start.
    #[error("anvil: {0}")]
    Anvil(String),
    /// A rule of the core.
    #[error(transparent)]
    Core(#[from] fabstir_core::Error),
    /// A fault of ours.
    #[error("internal: {0}")]
    Internal(String),
}

impl Error {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Config { .. } | Self::Anvil(_) => Code::InvalidConfig,
            Self::Unavailable { .. } | Self::FeeTooHigh { .. } => Code::RpcUnavailable,
            Self::Nonsense { .. } | Self::Refused { .. } => Code::RpcInvalid,
            Self::Reverted(_) | Self::TransactionFailed { .. } => Code::Reverted,
            Self::NoContract { .. } => Code::NoContract,
            Self::WrongChain { .. } => Code::WrongChain,
            Self::UnknownSession { .. } => Code::UnknownSession,
            Self::InsufficientFunds { .. } => Code::InsufficientFunds,
            Self::TransactionTimeout { .. } => Code::TransactionTimeout,
            Self::QueueFull { .. } => Code::Overloaded,
            Self::File { full: true, .. } => Code::DiskFull,
            Self::File { .. } => Code::Storage,
            Self::Core(error) => error.code(),
            Self::QueueStopped | Self::Internal(_) => Code::Internal,
        }
    }

    /// The contract's refusal, if it is one.
    #[must_use]
    pub const fn revert(&self) -> Option<&Revert> {
        match self {
            Self::Reverted(revert) | Self::TransactionFailed { revert, .. } => Some(revert),
            _ => None,
        }
    }

    pub(crate) fn config(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Config { what, reason: reason.into() }
    }

    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::File {
            path: path.display().to_string(),
            reason: error.to_string(),
            full: error.kind() == std::io::ErrorKind::StorageFull,
        }
    }
}

/// A stranger's words, cut to what is shown.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

impl From<Error> for fabstir_core::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Core(error) => error,
            other => Self::coded(other.code(), other.to_string()),
        }
    }
}
