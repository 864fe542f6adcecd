//! The one number every function answers.

use fabstir_core::Code;
use std::ffi::{CStr, c_char};

/// What a call came to. Below 3 it is no error; 100 and above are the codes that every binding and the wire share.
/// Numbers are append-only.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
pub enum fabstir_status {
    /// Done.
    Ok = 0,
    /// Nothing came within the time given. Not an error: pull again.
    Timeout = 1,
    /// The stream is at its end. Not an error.
    End = 2,
    /// A pointer that must not be NULL was.
    NullArgument = 10,
    /// A handle that was freed, is of another kind, or never was one.
    BadHandle = 11,
    /// A length that cannot be: beyond what memory can hold, or not the one this value has.
    BadLength = 12,
    /// A pointer that is not aligned for what it points to.
    BadPointer = 13,
    /// The caller's buffer is too small; the length needed was written.
    BufferTooSmall = 14,
    /// A text that is not UTF-8.
    InvalidUtf8 = 15,
    /// A fault of ours, caught before it reached the caller. The handle used may be of no more use.
    Panic = 16,

    /// An amount or product does not fit its type.
    Overflow = 100,
    /// A number, address or other value cannot be read.
    InvalidValue = 101,

    /// A signature is malformed (length, high s, v) or recovers to nobody.
    BadSignature = 200,
    /// A signature is by another key than the one expected.
    WrongSigner = 201,
    /// A signed message or the terms are past their deadline.
    Expired = 202,

    /// The chain knows no such session.
    UnknownSession = 300,
    /// The deposit waits for its confirmations.
    UnconfirmedSession = 301,
    /// The session has ended or was never opened.
    SessionNotActive = 302,
    /// Another chain or market than the one configured.
    WrongChain = 303,
    /// The terms name another host or host signer.
    WrongHost = 304,
    /// A price below the host's own.
    PriceTooLow = 305,
    /// The host does not serve this model.
    ModelNotServed = 306,
    /// A voucher below one already accepted.
    VoucherBackwards = 307,
    /// A voucher above what was served, or above the deposit.
    VoucherAboveDeposit = 308,
    /// A head or count unlike the one recomputed.
    WrongHead = 309,
    /// A checkpoint out of sequence.
    WrongSequence = 310,
    /// More is unpaid than the credit window allows.
    CreditExhausted = 311,
    /// The deposit is used up.
    DepositExhausted = 312,
    /// Another connection uses the session, or another answer is being made in it.
    SessionBusy = 313,
    /// Terms out of their bounds.
    BadTerms = 314,
    /// The caller may not do this.
    Unauthorized = 315,
    /// The session's time is not over yet.
    NotOver = 316,
    /// A cancellation is pending already.
    AlreadyClosing = 317,
    /// No session can be opened now.
    MarketPaused = 318,

    /// A frame that cannot be parsed.
    MalformedFrame = 400,
    /// A frame above the size limit.
    FrameTooLarge = 401,
    /// A message type this version does not know.
    UnknownMessage = 402,
    /// No common protocol version or subprotocol.
    UnsupportedVersion = 403,
    /// A message that needs an open session, or comes in the wrong order.
    UnexpectedMessage = 404,
    /// A parameter out of its bounds.
    InvalidParams = 405,
    /// Messages that do not extend the session's history.
    Diverged = 406,
    /// Too many sessions, prompts or connections at once.
    Overloaded = 407,
    /// The peer fell silent or closed the connection.
    ConnectionLost = 408,
    /// A feature this host or build does not have.
    Unsupported = 409,

    /// The model file is missing or cannot be read.
    ModelMissing = 500,
    /// The model file is truncated, corrupted or not a GGUF.
    ModelCorrupt = 501,
    /// The model's architecture, template or vocabulary cannot be used.
    ModelUnsupported = 502,
    /// The processor lacks instructions the build needs.
    CpuUnsupported = 503,
    /// The prompt alone does not fit the context.
    PromptTooLong = 504,
    /// The session's history and the prompt do not fit the context.
    ContextFull = 505,
    /// The session's KV cache is gone; re-reading its history is billed as input.
    Evicted = 506,
    /// The chat template refuses these messages.
    TemplateFailed = 507,
    /// The backend failed.
    BackendFailed = 508,

    /// The RPC endpoint cannot be reached.
    RpcUnavailable = 600,
    /// The RPC endpoint answers nonsense.
    RpcInvalid = 601,
    /// The contract refused; the message names its error.
    Reverted = 602,
    /// No contract of ours at this address.
    NoContract = 603,
    /// A transaction was not mined in time.
    TransactionTimeout = 604,
    /// The account cannot pay.
    InsufficientFunds = 605,

    /// The journal or store failed.
    Storage = 700,
    /// The disk is full.
    DiskFull = 701,
    /// The journal cannot be read back, or belongs to another market.
    JournalCorrupt = 702,

    /// A setting is missing or wrong.
    InvalidConfig = 800,
    /// The address to listen on is taken.
    PortInUse = 801,
    /// A keystore is missing, unreadable or its passphrase is wrong.
    Keystore = 802,

    /// A fault of ours.
    Internal = 900,
}

use fabstir_status as S;

/// Those that are the C ABI's own, with their names.
const OWN: &[(S, &CStr)] = &[
    (S::Ok, c"ok"),
    (S::Timeout, c"timeout"),
    (S::End, c"end"),
    (S::NullArgument, c"null_argument"),
    (S::BadHandle, c"bad_handle"),
    (S::BadLength, c"bad_length"),
    (S::BadPointer, c"bad_pointer"),
    (S::BufferTooSmall, c"buffer_too_small"),
    (S::InvalidUtf8, c"invalid_utf8"),
    (S::Panic, c"panic"),
];

/// The core's codes, each with its name. A test holds the list equal to [`Code::ALL`].
const SHARED: &[(S, &CStr)] = &[
    (S::Overflow, c"overflow"),
    (S::InvalidValue, c"invalid_value"),
    (S::BadSignature, c"bad_signature"),
    (S::WrongSigner, c"wrong_signer"),
    (S::Expired, c"expired"),
    (S::UnknownSession, c"unknown_session"),
    (S::UnconfirmedSession, c"unconfirmed_session"),
    (S::SessionNotActive, c"session_not_active"),
    (S::WrongChain, c"wrong_chain"),
    (S::WrongHost, c"wrong_host"),
    (S::PriceTooLow, c"price_too_low"),
    (S::ModelNotServed, c"model_not_served"),
    (S::VoucherBackwards, c"voucher_backwards"),
    (S::VoucherAboveDeposit, c"voucher_above_deposit"),
    (S::WrongHead, c"wrong_head"),
    (S::WrongSequence, c"wrong_sequence"),
    (S::CreditExhausted, c"credit_exhausted"),
    (S::DepositExhausted, c"deposit_exhausted"),
    (S::SessionBusy, c"session_busy"),
    (S::BadTerms, c"bad_terms"),
    (S::Unauthorized, c"unauthorized"),
    (S::NotOver, c"not_over"),
    (S::AlreadyClosing, c"already_closing"),
    (S::MarketPaused, c"market_paused"),
    (S::MalformedFrame, c"malformed_frame"),
    (S::FrameTooLarge, c"frame_too_large"),
    (S::UnknownMessage, c"unknown_message"),
    (S::UnsupportedVersion, c"unsupported_version"),
    (S::UnexpectedMessage, c"unexpected_message"),
    (S::InvalidParams, c"invalid_params"),
    (S::Diverged, c"diverged"),
    (S::Overloaded, c"overloaded"),
    (S::ConnectionLost, c"connection_lost"),
    (S::Unsupported, c"unsupported"),
    (S::ModelMissing, c"model_missing"),
    (S::ModelCorrupt, c"model_corrupt"),
    (S::ModelUnsupported, c"model_unsupported"),
    (S::CpuUnsupported, c"cpu_unsupported"),
    (S::PromptTooLong, c"prompt_too_long"),
    (S::ContextFull, c"context_full"),
    (S::Evicted, c"evicted"),
    (S::TemplateFailed, c"template_failed"),
    (S::BackendFailed, c"backend_failed"),
    (S::RpcUnavailable, c"rpc_unavailable"),
    (S::RpcInvalid, c"rpc_invalid"),
    (S::Reverted, c"reverted"),
    (S::NoContract, c"no_contract"),
    (S::TransactionTimeout, c"transaction_timeout"),
    (S::InsufficientFunds, c"insufficient_funds"),
    (S::Storage, c"storage"),
    (S::DiskFull, c"disk_full"),
    (S::JournalCorrupt, c"journal_corrupt"),
    (S::InvalidConfig, c"invalid_config"),
    (S::PortInUse, c"port_in_use"),
    (S::Keystore, c"keystore"),
    (S::Internal, c"internal"),
];

impl fabstir_status {
    /// The number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }

    fn entry(number: u32) -> Option<&'static (Self, &'static CStr)> {
        OWN.iter().chain(SHARED).find(|(status, _)| status.number() == number)
    }
}

impl From<Code> for fabstir_status {
    /// The status of a code; a test sees to it that every code has one.
    fn from(code: Code) -> Self {
        Self::entry(code.number().into()).map_or(Self::Internal, |(status, _)| *status)
    }
}

/// The name of a status, as the wire and every binding write it: `"overflow"`. NULL for a number that is none.
/// Memory: static, never freed.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_status_name(status: u32) -> *const c_char {
    fabstir_status::entry(status).map_or(std::ptr::null(), |(_, name)| name.as_ptr())
}

/// Whether the same call can succeed later without being changed. False for a number that is no status.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_status_is_retryable(status: u32) -> bool {
    let code = Code::ALL.iter().find(|code| u32::from(code.number()) == status);
    status == S::Timeout.number() || code.is_some_and(|code| code.is_retryable())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_of_the_core_has_its_status() {
        assert_eq!(SHARED.len(), Code::ALL.len());
        for code in Code::ALL {
            let status = fabstir_status::from(*code);
            assert_eq!(status.number(), u32::from(code.number()));
            let entry = fabstir_status::entry(status.number()).expect("listed");
            assert_eq!(entry.1.to_str(), Ok(code.name()));
            assert_eq!(fabstir_status_is_retryable(status.number()), code.is_retryable());
        }
    }

    #[test]
    fn numbers_and_names_are_unique() {
        let all: Vec<_> = OWN.iter().chain(SHARED).collect();
        let numbers: BTreeSet<_> = all.iter().map(|(status, _)| status.number()).collect();
        let names: BTreeSet<_> = all.iter().map(|(_, name)| name).collect();
        assert_eq!((numbers.len(), names.len()), (all.len(), all.len()));
        assert!(OWN.iter().all(|(status, _)| status.number() < 100), "100 and above belong to the core");
    }

    #[test]
    fn what_is_no_status_has_no_name() {
        assert!(fabstir_status_name(99).is_null());
        assert!(!fabstir_status_is_retryable(99));
    }
}
