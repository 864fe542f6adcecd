//! What can go wrong in a host.

use fabstir_core::Code;
use std::path::Path;

/// What can go wrong in a host.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The core refused.
    #[error(transparent)]
    Core(#[from] fabstir_core::Error),
    /// The chain refused or cannot be reached.
    #[error(transparent)]
    Chain(Box<fabstir_chain::Error>),
    /// The connection to the client failed.
    #[error("connection: {0}")]
    Connection(String),
}

impl From<fabstir_chain::Error> for HostError {
    fn from(error: fabstir_chain::Error) -> Self {
        Self::Chain(Box::new(error))
    }
}

impl HostError {
    /// An error told by its code and a message.
    pub fn coded(code: Code, message: impl Into<String>) -> Self {
        Self::Core(fabstir_core::Error::coded(code, message))
    }

    /// A file that cannot be written.
    pub(crate) fn storage(path: &Path, error: &std::io::Error) -> Self {
        Self::coded(io_code(error), format!("{}: {error}", path.display()))
    }

    /// The journal's database failed.
    pub(crate) fn database(error: &redb::Error) -> Self {
        let code = match error {
            redb::Error::Corrupted(_) | redb::Error::UpgradeRequired(_) => Code::JournalCorrupt,
            redb::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => Code::JournalCorrupt,
            redb::Error::Io(error) => io_code(error),
            _ => Code::Storage,
        };
        Self::coded(code, format!("journal: {error}"))
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Core(error) => error.code(),
            Self::Chain(error) => error.code(),
            Self::Connection(_) => Code::ConnectionLost,
        }
    }
}

fn io_code(error: &std::io::Error) -> Code {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Code::DiskFull,
        std::io::ErrorKind::AddrInUse => Code::PortInUse,
        _ => Code::Storage,
    }
}
