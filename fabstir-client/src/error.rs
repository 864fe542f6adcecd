//! What can go wrong for a renter.

use fabstir_core::Code;

/// What can go wrong for a renter.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// A rule of the core: a bad signature, a wrong head, a bad parameter.
    #[error(transparent)]
    Core(#[from] fabstir_core::Error),
    /// The chain refused or cannot be reached.
    #[error(transparent)]
    Chain(Box<fabstir_chain::Error>),
    /// The connection to the host failed.
    #[error("connection to {url}: {reason}")]
    Connection {
        /// Where to.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The host refused.
    #[error("the host refuses: {message} ({code})")]
    Host {
        /// The host's code.
        code: Code,
        /// Its words.
        message: String,
    },
}

impl From<fabstir_chain::Error> for ClientError {
    fn from(error: fabstir_chain::Error) -> Self {
        Self::Chain(Box::new(error))
    }
}

impl ClientError {
    /// An error told by its code and a message.
    pub fn coded(code: Code, message: impl Into<String>) -> Self {
        Self::Core(fabstir_core::Error::coded(code, message))
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Core(error) => error.code(),
            Self::Chain(error) => error.code(),
            Self::Connection { .. } => Code::ConnectionLost,
            Self::Host { code, .. } => *code,
        }
    }

    /// Whether the connection is gone, so that the session can be resumed on another.
    pub(crate) const fn is_disconnect(&self) -> bool {
        matches!(self, Self::Connection { .. })
    }
}
