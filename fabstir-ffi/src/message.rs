//! What the parties sign, each as a struct with its EIP-712 digest. Sign a digest with fabstir_key_sign(), check it with
//! fabstir_signature_verify().

use crate::{
    boundary::{Outcome, guard},
    fabstir_amount, fabstir_domain, fabstir_hash, fabstir_status, fabstir_terms,
    pointer::{out, read},
};
use fabstir_core::{
    amount::Amount,
    messages::{self, Domain, Signed, session_id},
};

/// Writes the digest of a message that is read from C.
///
/// # Safety
///
/// The pointers are as the conventions say.
unsafe fn write_digest<T: Copy, M: Signed>(
    domain: *const fabstir_domain,
    message: (*const T, &'static str),
    digest: *mut fabstir_hash,
    convert: impl FnOnce(T) -> Outcome<M>,
) -> Outcome {
    // SAFETY: the caller's word.
    let (domain, message, digest) =
        unsafe { (read(domain, "domain")?, read(message.0, message.1)?, out(digest, "digest")?) };
    digest.write(convert(message)?.digest(&Domain::from(domain)).into());
    Ok(())
}

/// The hash of a market's EIP-712 domain, mixed into every digest.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_domain_separator(
    domain: *const fabstir_domain,
    separator: *mut fabstir_hash,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (domain, separator) = unsafe { (read(domain, "domain")?, out(separator, "separator")?) };
        separator.write(Domain::from(domain).separator().into());
        Ok(())
    })
}

/// The id of the session with these terms: their digest, known before anything is sent. OVERFLOW if a price or the proof
/// cap has more than 128 bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_terms_session_id(
    domain: *const fabstir_domain,
    terms: *const fabstir_terms,
    id: *mut fabstir_hash,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (domain, terms, id) = unsafe { (read(domain, "domain")?, read(terms, "terms")?, out(id, "id")?) };
        id.write(session_id(&terms.try_into()?, &domain.into()).into());
        Ok(())
    })
}

/// Cumulative counts the renter accepts, and the transcript head it recomputed. Signed by the voucher signer.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_voucher {
    /// The session.
    pub session_id: fabstir_hash,
    /// Fed and re-read since the session opened.
    pub input_tokens: u64,
    /// Sampled since the session opened.
    pub output_tokens: u64,
    /// The transcript's head at these counts.
    pub head: fabstir_hash,
}

impl From<fabstir_voucher> for messages::Voucher {
    fn from(voucher: fabstir_voucher) -> Self {
        Self {
            sessionId: voucher.session_id.into(),
            inputTokens: voucher.input_tokens,
            outputTokens: voucher.output_tokens,
            head: voucher.head.into(),
        }
    }
}

/// The digest of a voucher.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_voucher_digest(
    domain: *const fabstir_domain,
    voucher: *const fabstir_voucher,
    digest: *mut fabstir_hash,
) -> fabstir_status {
    // SAFETY: the caller's pointers are as the conventions say.
    guard(|| unsafe { write_digest(domain, (voucher, "voucher"), digest, |it| Ok(messages::Voucher::from(it))) })
}

/// One prompt, as the renter asks for it. Signed by the voucher signer.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_request {
    /// The session.
    pub session_id: fabstir_hash,
    /// The turn, from 0.
    pub turn: u64,
    /// The transcript's context before the turn.
    pub context: fabstir_hash,
    /// Digest of the token ids to feed.
    pub tokens: fabstir_hash,
    /// Digest of the parameters.
    pub params: fabstir_hash,
    /// Most tokens to sample.
    pub max_tokens: u64,
    /// The renter's share of the turn's seed.
    pub nonce: fabstir_hash,
    /// The host's share of the turn's seed.
    pub host_seed: fabstir_hash,
}

impl From<fabstir_request> for messages::Request {
    fn from(request: fabstir_request) -> Self {
        Self {
            sessionId: request.session_id.into(),
            turn: request.turn,
            context: request.context.into(),
            tokens: request.tokens.into(),
            params: request.params.into(),
            maxTokens: request.max_tokens,
            nonce: request.nonce.into(),
            hostSeed: request.host_seed.into(),
        }
    }
}

/// The digest of a request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_request_digest(
    domain: *const fabstir_domain,
    request: *const fabstir_request,
    digest: *mut fabstir_hash,
) -> fabstir_status {
    // SAFETY: the caller's pointers are as the conventions say.
    guard(|| unsafe { write_digest(domain, (request, "request"), digest, |it| Ok(messages::Request::from(it))) })
}

/// Proof that a connection belongs to the session's renter. Signed by the voucher signer.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_open {
    /// The session.
    pub session_id: fabstir_hash,
    /// The host's newest challenge.
    pub challenge: fabstir_hash,
    /// The client's key for an encrypted channel; zero for plaintext.
    pub channel_key: fabstir_hash,
}

impl From<fabstir_open> for messages::Open {
    fn from(open: fabstir_open) -> Self {
        Self {
            sessionId: open.session_id.into(),
            challenge: open.challenge.into(),
            channelKey: open.channel_key.into(),
        }
    }
}

/// The digest of a open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_open_digest(
    domain: *const fabstir_domain,
    open: *const fabstir_open,
    digest: *mut fabstir_hash,
) -> fabstir_status {
    // SAFETY: the caller's pointers are as the conventions say.
    guard(|| unsafe { write_digest(domain, (open, "open"), digest, |it| Ok(messages::Open::from(it))) })
}

/// The renter's wish to end the session at these counts. Signed by the renter or the voucher signer.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_close_request {
    /// The session.
    pub session_id: fabstir_hash,
    /// Fed and re-read since the session opened.
    pub input_tokens: u64,
    /// Sampled since the session opened.
    pub output_tokens: u64,
    /// Last second it is good for (Unix).
    pub deadline: u64,
}

impl From<fabstir_close_request> for messages::CloseRequest {
    fn from(close_request: fabstir_close_request) -> Self {
        Self {
            sessionId: close_request.session_id.into(),
            inputTokens: close_request.input_tokens,
            outputTokens: close_request.output_tokens,
            deadline: close_request.deadline,
        }
    }
}

/// The digest of a close request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_close_request_digest(
    domain: *const fabstir_domain,
    close_request: *const fabstir_close_request,
    digest: *mut fabstir_hash,
) -> fabstir_status {
    // SAFETY: the caller's pointers are as the conventions say.
    guard(|| unsafe {
        write_digest(domain, (close_request, "close_request"), digest, |it| Ok(messages::CloseRequest::from(it)))
    })
}

/// Cumulative counts and transcript head as the host has them. Signed by the host's signer, once for each sequence.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_checkpoint {
    /// The session.
    pub session_id: fabstir_hash,
    /// From 1.
    pub sequence: u64,
    /// Fed and re-read since the session opened.
    pub input_tokens: u64,
    /// Sampled since the session opened.
    pub output_tokens: u64,
    /// The transcript's head.
    pub head: fabstir_hash,
}

impl From<fabstir_checkpoint> for messages::Checkpoint {
    fn from(checkpoint: fabstir_checkpoint) -> Self {
        Self {
            sessionId: checkpoint.session_id.into(),
            sequence: checkpoint.sequence,
            inputTokens: checkpoint.input_tokens,
            outputTokens: checkpoint.output_tokens,
            head: checkpoint.head.into(),
        }
    }
}

/// The digest of a checkpoint.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_checkpoint_digest(
    domain: *const fabstir_domain,
    checkpoint: *const fabstir_checkpoint,
    digest: *mut fabstir_hash,
) -> fabstir_status {
    // SAFETY: the caller's pointers are as the conventions say.
    guard(|| unsafe {
        write_digest(domain, (checkpoint, "checkpoint"), digest, |it| Ok(messages::Checkpoint::from(it)))
    })
}

/// The host's consent to end the session at these counts. Signed by the host's signer.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_close {
    /// The session.
    pub session_id: fabstir_hash,
    /// Fed and re-read since the session opened.
    pub input_tokens: u64,
    /// Sampled since the session opened.
    pub output_tokens: u64,
    /// Last second it is good for (Unix).
    pub deadline: u64,
}

impl From<fabstir_close> for messages::Close {
    fn from(close: fabstir_close) -> Self {
        Self {
            sessionId: close.session_id.into(),
            inputTokens: close.input_tokens,
            outputTokens: close.output_tokens,
            deadline: close.deadline,
        }
    }
}

/// The digest of a close.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_close_digest(
    domain: *const fabstir_domain,
    close: *const fabstir_close,
    digest: *mut fabstir_hash,
) -> fabstir_status {
    // SAFETY: the caller's pointers are as the conventions say.
    guard(|| unsafe { write_digest(domain, (close, "close"), digest, |it| Ok(messages::Close::from(it))) })
}

/// The host's consent to the session's terms, whatever its published prices. Signed by the host's signer.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_quote {
    /// The session.
    pub session_id: fabstir_hash,
    /// Last second it is good for (Unix).
    pub valid_until: u64,
}

impl From<fabstir_quote> for messages::Quote {
    fn from(quote: fabstir_quote) -> Self {
        Self { sessionId: quote.session_id.into(), validUntil: quote.valid_until }
    }
}

/// The digest of a quote.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_quote_digest(
    domain: *const fabstir_domain,
    quote: *const fabstir_quote,
    digest: *mut fabstir_hash,
) -> fabstir_status {
    // SAFETY: the caller's pointers are as the conventions say.
    guard(|| unsafe { write_digest(domain, (quote, "quote"), digest, |it| Ok(messages::Quote::from(it))) })
}

/// Proof that a connection ends at the host. Signed by the host's signer.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_hello {
    /// The client's challenge.
    pub challenge: fabstir_hash,
    /// The host's key for an encrypted channel; zero for plaintext.
    pub channel_key: fabstir_hash,
}

impl From<fabstir_hello> for messages::Hello {
    fn from(hello: fabstir_hello) -> Self {
        Self { challenge: hello.challenge.into(), channelKey: hello.channel_key.into() }
    }
}

/// The digest of a hello.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_hello_digest(
    domain: *const fabstir_domain,
    hello: *const fabstir_hello,
    digest: *mut fabstir_hash,
) -> fabstir_status {
    // SAFETY: the caller's pointers are as the conventions say.
    guard(|| unsafe { write_digest(domain, (hello, "hello"), digest, |it| Ok(messages::Hello::from(it))) })
}

/// The renter's consent to an opening that somebody else sends. Signed by the renter or a delegate.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_order {
    /// The terms.
    pub terms: fabstir_terms,
    /// Base units to lock.
    pub deposit: fabstir_amount,
    /// Last second it is good for (Unix).
    pub deadline: u64,
}

/// The digest of an order. OVERFLOW as fabstir_terms_session_id().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_order_digest(
    domain: *const fabstir_domain,
    order: *const fabstir_order,
    digest: *mut fabstir_hash,
) -> fabstir_status {
    let convert = |order: fabstir_order| {
        let deposit = Amount::from(order.deposit).get();
        Ok(messages::Order { terms: order.terms.try_into()?, deposit, deadline: order.deadline })
    };
    // SAFETY: the caller's pointers are as the conventions say.
    guard(|| unsafe { write_digest(domain, (order, "order"), digest, convert) })
}
