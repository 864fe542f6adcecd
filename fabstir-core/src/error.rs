//! One error enum for the core, and the stable codes every binding shares.

use alloy_primitives::{Address, B256, U256};

/// Declares [`Code`] from one table, so that number, name and variant cannot drift apart.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $retryable:literal;)*) => {
        /// A stable error code. Numbers and names are append-only: C, WASM and the wire carry them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum Code { $($(#[$doc])* $variant = $number,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The number, as the C ABI returns it.
            #[must_use]
            pub const fn number(self) -> u16 { self as u16 }

            /// The name, as the wire carries it.
            #[must_use]
            pub const fn name(self) -> &'static str { match self { $(Self::$variant => $name,)* } }

            /// Whether the same request can succeed later without being changed.
            #[must_use]
            pub const fn is_retryable(self) -> bool { match self { $(Self::$variant => $retryable,)* } }
        }
    };
}

codes! {
    /// An amount or product does not fit its type.
    Overflow = 100, "overflow", false;
    /// A number, address or other value cannot be read.
    InvalidValue = 101, "invalid_value", false;

    /// A signature is malformed (length, high s, v) or recovers to nobody.
    BadSignature = 200, "bad_signature", false;
    /// A signature is by another key than the one expected.
    WrongSigner = 201, "wrong_signer", false;
    /// A signed message or the terms are past their deadline.
    Expired = 202, "expired", false;

    /// The chain knows no such session.
    UnknownSession = 300, "unknown_session", false;
    /// The deposit waits for its confirmations.
    UnconfirmedSession = 301, "unconfirmed_session", true;
    /// The session has ended or was never opened.
    SessionNotActive = 302, "session_not_active", false;
    /// Another chain or market than the one configured.
    WrongChain = 303, "wrong_chain", false;
    /// The terms name another host or host signer.
    WrongHost = 304, "wrong_host", false;
    /// A price below the host's own.
    PriceTooLow = 305, "price_too_low", false;
    /// The host does not serve this model.
    ModelNotServed = 306, "model_not_served", false;
    /// A voucher below one already accepted.
    VoucherBackwards = 307, "voucher_backwards", false;
    /// A voucher above what was served, or above the deposit.
    VoucherAboveDeposit = 308, "voucher_above_deposit", false;
    /// A head or count unlike the one recomputed.
    WrongHead = 309, "wrong_head", false;
    /// A checkpoint out of sequence.
    WrongSequence = 310, "wrong_sequence", false;
    /// More is unpaid than the credit window allows.
    CreditExhausted = 311, "credit_exhausted", true;
    /// The deposit is used up.
    DepositExhausted = 312, "deposit_exhausted", false;
    /// Another connection uses the session, or another answer is being made in it.
    SessionBusy = 313, "session_busy", true;
    /// Terms out of their bounds.
    BadTerms = 314, "bad_terms", false;
    /// The caller may not do this.
    Unauthorized = 315, "unauthorized", false;
    /// The session's time is not over yet.
    NotOver = 316, "not_over", true;
    /// A cancellation is pending already.
    AlreadyClosing = 317, "already_closing", false;
    /// No session can be opened now.
    MarketPaused = 318, "market_paused", true;

    /// A frame that cannot be parsed.
    MalformedFrame = 400, "malformed_frame", false;
    /// A frame above the size limit.
    FrameTooLarge = 401, "frame_too_large", false;
    /// A message type this version does not know.
    UnknownMessage = 402, "unknown_message", false;
    /// No common protocol version or subprotocol.
    UnsupportedVersion = 403, "unsupported_version", false;
    /// A message that needs an open session, or comes in the wrong order.
    UnexpectedMessage = 404, "unexpected_message", false;
    /// A parameter out of its bounds.
    InvalidParams = 405, "invalid_params", false;
    /// Messages that do not extend the session's history.
    Diverged = 406, "diverged", false;
    /// Too many sessions, prompts or connections at once.
    Overloaded = 407, "overloaded", true;
    /// The peer fell silent or closed the connection.
    ConnectionLost = 408, "connection_lost", true;
    /// A feature this host or build does not have.
    Unsupported = 409, "unsupported", false;

    /// The model file is missing or cannot be read.
    ModelMissing = 500, "model_missing", false;
    /// The model file is truncated, corrupted or not a GGUF.
    ModelCorrupt = 501, "model_corrupt", false;
    /// The model's architecture, template or vocabulary cannot be used.
    ModelUnsupported = 502, "model_unsupported", false;
    /// The processor lacks instructions the build needs.
    CpuUnsupported = 503, "cpu_unsupported", false;
    /// The prompt alone does not fit the context.
    PromptTooLong = 504, "prompt_too_long", false;
    /// The session's history and the prompt do not fit the context.
    ContextFull = 505, "context_full", false;
    /// The session's KV cache is gone; re-reading its history is billed as input.
    Evicted = 506, "evicted", true;
    /// The chat template refuses these messages.
    TemplateFailed = 507, "template_failed", false;
    /// The backend failed.
    BackendFailed = 508, "backend_failed", true;

    /// The RPC endpoint cannot be reached.
    RpcUnavailable = 600, "rpc_unavailable", true;
    /// The RPC endpoint answers nonsense.
    RpcInvalid = 601, "rpc_invalid", true;
    /// The contract refused; the message names its error.
    Reverted = 602, "reverted", false;
    /// No contract of ours at this address.
    NoContract = 603, "no_contract", false;
    /// A transaction was not mined in time.
    TransactionTimeout = 604, "transaction_timeout", true;
    /// The account cannot pay.
    InsufficientFunds = 605, "insufficient_funds", false;

    /// The journal or store failed.
    Storage = 700, "storage", true;
    /// The disk is full.
    DiskFull = 701, "disk_full", true;
    /// The journal cannot be read back, or belongs to another market.
    JournalCorrupt = 702, "journal_corrupt", false;

    /// A setting is missing or wrong.
    InvalidConfig = 800, "invalid_config", false;
    /// The address to listen on is taken.
    PortInUse = 801, "port_in_use", false;
    /// A keystore is missing, unreadable or its passphrase is wrong.
    Keystore = 802, "keystore", false;

    /// A fault of ours.
    Internal = 900, "internal", false;
}

impl Code {
    /// The code with this wire name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

impl core::fmt::Display for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// What can go wrong in the core.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An amount or product does not fit its type.
    #[error("{what} does not fit its type")]
    Overflow {
        /// Which quantity.
        what: &'static str,
    },
    /// A value cannot be read.
    #[error("invalid {what}: {reason}")]
    Invalid {
        /// Which value.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// A signature is malformed or recovers to nobody.
    #[error("bad signature: {0}")]
    BadSignature(&'static str),
    /// A signature by another key.
    #[error("signed by {actual}, expected {expected}")]
    WrongSigner {
        /// Who should have signed.
        expected: Address,
        /// Who did.
        actual: Address,
    },
    /// Past a deadline.
    #[error("expired at {deadline}, now {now} (Unix seconds)")]
    Expired {
        /// Last good second.
        deadline: u64,
        /// The time given.
        now: u64,
    },
    /// A voucher below one already accepted.
    #[error("voucher goes backwards")]
    VoucherBackwards,
    /// More than was served or deposited.
    #[error("voucher claims {claimed}, at most {limit} can be owed (base units)")]
    VoucherAboveDeposit {
        /// The voucher's gross.
        claimed: U256,
        /// The most it may be.
        limit: U256,
    },
    /// A head or count unlike the one recomputed.
    #[error("head {actual} where {expected} was computed")]
    WrongHead {
        /// Ours.
        expected: B256,
        /// Theirs.
        actual: B256,
    },
    /// A checkpoint out of sequence.
    #[error("checkpoint {actual} where {expected} was due")]
    WrongSequence {
        /// The one due.
        expected: u64,
        /// The one given.
        actual: u64,
    },
    /// The host did something the protocol does not allow. Nothing was signed for it.
    #[error("the host breaks the protocol: {0}")]
    Misbehaviour(String),
    /// An error told by its code and a message: a peer's, or a rule without a variant of its own.
    #[error("{message}")]
    Coded {
        /// The stable code.
        code: Code,
        /// What happened, for people.
        message: String,
    },
}

impl Error {
    /// An error told by its code and a message.
    pub fn coded(code: Code, message: impl Into<String>) -> Self {
        Self::Coded { code, message: message.into() }
    }

    /// A value that cannot be read.
    pub fn invalid(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { what, reason: reason.into() }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Overflow { .. } => Code::Overflow,
            Self::Invalid { .. } => Code::InvalidValue,
            Self::BadSignature(_) => Code::BadSignature,
            Self::WrongSigner { .. } => Code::WrongSigner,
            Self::Expired { .. } => Code::Expired,
            Self::VoucherBackwards => Code::VoucherBackwards,
            Self::VoucherAboveDeposit { .. } => Code::VoucherAboveDeposit,
            Self::WrongHead { .. } => Code::WrongHead,
            Self::WrongSequence { .. } => Code::WrongSequence,
            Self::Misbehaviour(_) => Code::UnexpectedMessage,
            Self::Coded { code, .. } => *code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_in_number_and_name() {
        let numbers: BTreeSet<_> = Code::ALL.iter().map(|c| c.number()).collect();
        let names: BTreeSet<_> = Code::ALL.iter().map(|c| c.name()).collect();
        assert_eq!(numbers.len(), Code::ALL.len());
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_eq!(Code::from_name(code.name()), Some(*code));
        }
    }
}
