//! Errors as this command shows them: a stable code, what happened, what to do next.

use fabstir_core::Code;
use std::fmt;

/// Exit status of a failure.
const FAILURE: u8 = 1;
/// Exit status of a command line that cannot be understood.
pub(crate) const USAGE: u8 = 2;
/// Exit status after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// What a command ends in if it fails.
#[derive(Debug)]
pub(crate) struct CliError {
    kind: Kind,
    message: String,
    hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Coded(Code),
    Usage,
    Interrupted,
}

/// The result of a command.
pub(crate) type Result<T = ()> = std::result::Result<T, CliError>;

impl CliError {
    /// A failure with its stable code.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { kind: Kind::Coded(code), message: message.into(), hint: None }
    }

    /// A setting or argument that is missing or wrong.
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidConfig, message)
    }

    /// A command line that cannot be understood.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, message: message.into(), hint: None }
    }

    /// The user stopped it.
    pub(crate) fn interrupted() -> Self {
        Self { kind: Kind::Interrupted, message: "interrupted".into(), hint: None }
    }

    /// A file that cannot be read or written.
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        let code = match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Code::DiskFull,
            _ => Code::Storage,
        };
        Self::new(code, format!("{}: {error}", path.display()))
    }

    /// Says what to do next, in place of the code's usual advice.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The stable code, if it has one of the library's.
    pub(crate) const fn code(&self) -> Option<Code> {
        match self.kind {
            Kind::Coded(code) => Some(code),
            Kind::Usage | Kind::Interrupted => None,
        }
    }

    /// The code's name as scripts see it: one of the library's, `usage` or `interrupted`.
    pub(crate) const fn code_name(&self) -> &'static str {
        match self.kind {
            Kind::Coded(code) => code.name(),
            Kind::Usage => "usage",
            Kind::Interrupted => "interrupted",
        }
    }

    /// Whether the same command can succeed later.
    pub(crate) const fn is_retryable(&self) -> bool {
        match self.kind {
            Kind::Coded(code) => code.is_retryable(),
            Kind::Usage => false,
            Kind::Interrupted => true,
        }
    }

    /// What to do next.
    pub(crate) fn advice(&self) -> Option<&str> {
        self.hint.as_deref().or_else(|| self.code().and_then(usual_advice))
    }

    /// Exit status.
    pub(crate) const fn exit_status(&self) -> u8 {
        match self.kind {
            Kind::Coded(_) => FAILURE,
            Kind::Usage => USAGE,
            Kind::Interrupted => INTERRUPTED,
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What helps most often against a code.
const fn usual_advice(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::RpcUnavailable => "check --rpc; `fabstir dev chain` starts a local chain",
        Code::RpcInvalid => "check that --rpc names an Ethereum JSON-RPC endpoint",
        Code::NoContract => "check --market or --deployment, and that --rpc is an endpoint of that chain",
        Code::WrongChain => "check --chain-id, --deployment and --rpc: they must be of one chain",
        Code::InsufficientFunds => "send the account what it lacks; on the local chain: `fabstir dev fund ADDRESS`",
        Code::TransactionTimeout => "it may still be mined: look before sending it again",
        Code::PortInUse => "stop what listens there, or choose another address with --listen",
        Code::ModelMissing => "check the path given with --model",
        Code::ModelCorrupt => "fetch the file again, and compare its size and digest with its source",
        Code::ModelUnsupported => "serve a chat model in GGUF format with a template of its own",
        Code::Keystore => "`fabstir keys list` shows the keys there are, `fabstir keys new NAME` makes one",
        Code::ConnectionLost => {
            "the host may be down: `fabstir session close ID` tries again, `fabstir session cancel ID` leaves without it"
        }
        Code::ContextFull => "begin a new session; --history takes the newest part of the conversation along",
        Code::PromptTooLong => "ask something shorter",
        Code::Evicted => "ask again with --reread to have the history read again, billed as input",
        Code::DepositExhausted | Code::CreditExhausted => "open a session with a larger --deposit",
        Code::DiskFull => "make room on the disk and try again",
        Code::JournalCorrupt => "use another --data-dir, or bring the file back from a copy",
        _ => return None,
    })
}

impl From<fabstir_core::Error> for CliError {
    fn from(error: fabstir_core::Error) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<fabstir_chain::Error> for CliError {
    fn from(error: fabstir_chain::Error) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<fabstir_client::ClientError> for CliError {
    fn from(error: fabstir_client::ClientError) -> Self {
        match &error {
            // The code is shown with every error: not twice.
            fabstir_client::ClientError::Host { code, message } => {
                Self::new(*code, format!("the host refuses: {message}"))
            }
            other => Self::new(other.code(), other.to_string()),
        }
    }
}

impl From<fabstir_host::HostError> for CliError {
    fn from(error: fabstir_host::HostError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_advice_goes_before_the_usual_one() {
        let error = CliError::new(Code::RpcUnavailable, "x");
        assert!(error.advice().is_some_and(|advice| advice.contains("--rpc")));
        assert_eq!(error.hint("this").advice(), Some("this"));
        assert_eq!(CliError::new(Code::Overflow, "x").advice(), None);
    }

    #[test]
    fn every_kind_has_its_exit_status() {
        assert_eq!(CliError::config("x").exit_status(), 1);
        assert_eq!(CliError::usage("x").exit_status(), 2);
        assert_eq!(CliError::interrupted().exit_status(), 130);
    }
}
