//! Renters and their sessions.

use crate::abi::{Key, beside, check, handle, handle_from, hash, hex, text_from};
use fabstir::{
    fabstir_address, fabstir_amount, fabstir_hash, fabstir_ledger, fabstir_renter_address, fabstir_renter_balance,
    fabstir_renter_cancel, fabstir_renter_free, fabstir_renter_new, fabstir_renter_offers, fabstir_renter_open,
    fabstir_renter_sessions, fabstir_renter_time_out, fabstir_session_close, fabstir_session_free, fabstir_session_id,
    fabstir_session_ledger, fabstir_session_messages, fabstir_session_prompt, fabstir_session_prompt_messages,
    fabstir_session_terms, fabstir_session_top_up, fabstir_status, fabstir_terms,
};
use napi::{Result, bindgen_prelude::Buffer};
use napi_derive::napi;

/// A session's books: counts in decimal, amounts in hex.
#[napi(object)]
#[derive(Debug)]
pub struct NativeLedger {
    /// Tokens fed.
    pub input: String,
    /// Tokens sampled.
    pub output: String,
    /// Locked.
    pub deposit: String,
    /// What the tokens cost.
    pub owed: String,
    /// What the chain says was paid.
    pub paid: String,
    /// What it returned.
    pub refund: String,
}

/// What a session agreed on that its books need.
#[napi(object)]
#[derive(Debug)]
pub struct NativeTerms {
    /// The host's account.
    pub host: String,
    /// The payment token.
    pub token: String,
    /// The model.
    pub model_id: String,
    /// Base units per 1,000,000 tokens fed.
    pub input_price: String,
    /// Base units per 1,000,000 tokens sampled.
    pub output_price: String,
    /// The market's fee, in 1/10,000.
    pub fee_bps: u32,
    /// Unix seconds, decimal.
    pub expires_at: String,
}

/// A renter that pays with this key.
#[napi]
pub async fn renter_new(config: String, key: Buffer) -> Result<f64> {
    let key = Vec::from(&*key);
    beside(move || {
        let key = Key::new(&key)?;
        // SAFETY: the text is as long as is said.
        handle_from(|renter| unsafe { fabstir_renter_new(config.as_ptr().cast(), config.len(), key.0, renter) })
    })
    .await
}

/// The renter's account.
#[napi]
pub fn renter_address(renter: f64) -> Result<String> {
    let mut address = fabstir_address::default();
    // SAFETY: the address is a place for one.
    check(unsafe { fabstir_renter_address(handle(renter), &mut address) })?;
    Ok(hex(&address.bytes))
}

/// Offers in the registry, as JSON.
#[napi]
pub async fn renter_offers(renter: f64, filter: String) -> Result<String> {
    beside(move || {
        // SAFETY: the text is as long as is said.
        text_from(|found| unsafe { fabstir_renter_offers(handle(renter), filter.as_ptr().cast(), filter.len(), found) })
    })
    .await
}

/// Opens a session; returns its handle.
#[napi]
pub async fn renter_open(renter: f64, options: String) -> Result<f64> {
    beside(move || {
        // SAFETY: the text is as long as is said.
        handle_from(|session| unsafe {
            fabstir_renter_open(handle(renter), options.as_ptr().cast(), options.len(), session)
        })
    })
    .await
}

/// The sessions kept, as JSON.
#[napi]
pub fn renter_sessions(renter: f64) -> Result<String> {
    // SAFETY: the text is a place for one.
    text_from(|kept| unsafe { fabstir_renter_sessions(handle(renter), kept) })
}

/// What the renter has of a token, hex.
#[napi]
pub async fn renter_balance(renter: f64, token: Buffer) -> Result<String> {
    let mut account = fabstir_address::default();
    if token.len() == account.bytes.len() {
        account.bytes.copy_from_slice(&token);
    }
    beside(move || {
        let mut balance = fabstir_amount::default();
        // SAFETY: the amount is a place for one.
        check(unsafe { fabstir_renter_balance(handle(renter), &account, &mut balance) })?;
        Ok(hex(&balance.bytes))
    })
    .await
}

/// Leaves a session without its host.
#[napi]
pub async fn renter_cancel(renter: f64, session_id: Buffer) -> Result<()> {
    let id = hash(&session_id, "session id")?;
    // SAFETY: the id is ours.
    beside(move || check(unsafe { fabstir_renter_cancel(handle(renter), &id) })).await
}

/// Ends a session whose time is over.
#[napi]
pub async fn renter_time_out(renter: f64, session_id: Buffer) -> Result<()> {
    let id = hash(&session_id, "session id")?;
    // SAFETY: the id is ours.
    beside(move || check(unsafe { fabstir_renter_time_out(handle(renter), &id) })).await
}

/// Frees a renter.
#[napi]
pub fn renter_free(renter: f64) {
    fabstir_renter_free(handle(renter));
}

/// Asks the next question, a text or, as JSON, messages.
#[napi]
pub async fn session_prompt(session: f64, prompt: String, messages: bool, options: String) -> Result<()> {
    let ask = if messages { fabstir_session_prompt_messages } else { fabstir_session_prompt };
    let (options_len, prompt_len) = (options.len(), prompt.len());
    beside(move || {
        let (prompt, options) = (prompt.as_ptr().cast(), options.as_ptr().cast());
        // SAFETY: both texts are as long as is said.
        check(unsafe { ask(handle(session), prompt, prompt_len, options, options_len) })
    })
    .await
}

/// Adds to the deposit; the amount is 32 bytes, big-endian.
#[napi]
pub async fn session_top_up(session: f64, amount: Buffer) -> Result<()> {
    let amount = fabstir_amount { bytes: hash(&amount, "amount")?.bytes };
    // SAFETY: the amount is ours.
    beside(move || check(unsafe { fabstir_session_top_up(handle(session), &amount) })).await
}

fn books(call: impl FnOnce(*mut fabstir_ledger) -> fabstir_status) -> Result<NativeLedger> {
    let mut ledger = fabstir_ledger::default();
    check(call(&mut ledger))?;
    Ok(NativeLedger {
        input: ledger.usage.input.to_string(),
        output: ledger.usage.output.to_string(),
        deposit: hex(&ledger.deposit.bytes),
        owed: hex(&ledger.owed.bytes),
        paid: hex(&ledger.paid.bytes),
        refund: hex(&ledger.refund.bytes),
    })
}

/// Ends the session, settled.
#[napi]
pub async fn session_close(session: f64) -> Result<NativeLedger> {
    // SAFETY: the ledger is a place for one.
    beside(move || books(|ledger| unsafe { fabstir_session_close(handle(session), ledger) })).await
}

/// The books as they are.
#[napi]
pub fn session_ledger(session: f64) -> Result<NativeLedger> {
    // SAFETY: the ledger is a place for one.
    books(|ledger| unsafe { fabstir_session_ledger(handle(session), ledger) })
}

/// The session's id, hex.
#[napi]
pub fn session_id(session: f64) -> Result<String> {
    let mut id = fabstir_hash::default();
    // SAFETY: the id is a place for one.
    check(unsafe { fabstir_session_id(handle(session), &mut id) })?;
    Ok(hex(&id.bytes))
}

/// What was agreed.
#[napi]
pub fn session_terms(session: f64) -> Result<NativeTerms> {
    let mut terms = fabstir_terms::default();
    // SAFETY: the terms are a place for some.
    check(unsafe { fabstir_session_terms(handle(session), &mut terms) })?;
    Ok(NativeTerms {
        host: hex(&terms.host.bytes),
        token: hex(&terms.token.bytes),
        model_id: hex(&terms.model_id.bytes),
        input_price: hex(&terms.input_price.bytes),
        output_price: hex(&terms.output_price.bytes),
        fee_bps: terms.fee_bps.into(),
        expires_at: terms.expires_at.to_string(),
    })
}

/// The conversation so far, as JSON.
#[napi]
pub fn session_messages(session: f64) -> Result<String> {
    // SAFETY: the text is a place for one.
    text_from(|messages| unsafe { fabstir_session_messages(handle(session), messages) })
}

/// Frees a session's handle.
#[napi]
pub fn session_free(session: f64) {
    fabstir_session_free(handle(session));
}
