//! The renter's side of a session: [`RenterSession`] with its messages as frames.

mod flat;

use crate::{
    keys::signing_key,
    thrown::thrown,
    words::{Words, Writer, word},
};
use alloy_primitives::U256;
use fabstir_core::{
    Error,
    renter::{Agreement, RenterSession},
    wire::{self, ClientMessage, Format},
};
use wasm_bindgen::prelude::*;

/// Frames of the browser are CBOR: snapshots and turn records are too, so that JSON would only add weight.
const FORMAT: Format = Format::Cbor;

/// See [`RenterSession`]. Frames and results are bytes; `js/src/engine.js` reads them.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RenterEngine(RenterSession);

#[wasm_bindgen]
impl RenterEngine {
    /// `[chainId, market, terms ..., deposit, secret]` and the voucher key.
    ///
    /// # Errors
    ///
    /// `invalid_value`, `overflow`.
    #[wasm_bindgen(constructor)]
    pub fn new(words: &[u8], key: &[u8]) -> Result<Self, JsValue> {
        let mut w = Words::new(words);
        let mut read = || -> Result<_, Error> {
            let (domain, terms) = (w.domain()?, w.terms()?);
            let (deposit, secret) = (w.amount()?, w.word()?);
            w.end()?;
            Ok(Agreement { terms, domain, deposit, voucher_key: signing_key(key)?, secret })
        };
        read().map(RenterSession::new).map(Self).map_err(thrown)
    }

    /// `[chainId, market]` and a snapshot.
    ///
    /// # Errors
    ///
    /// `malformed_frame`, `invalid_value`, `wrong_chain`.
    pub fn restore(words: &[u8], snapshot: &[u8]) -> Result<Self, JsValue> {
        let domain = Words::new(words).domain();
        domain.and_then(|domain| RenterSession::restore(&domain, snapshot)).map(Self).map_err(thrown)
    }

    /// See [`RenterSession::snapshot`].
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn snapshot(&self) -> Result<Vec<u8>, JsValue> {
        self.0.snapshot().map_err(thrown)
    }

    /// See [`RenterSession::connect`].
    ///
    /// # Errors
    ///
    /// `invalid_value` for a challenge not of 32 bytes.
    pub fn connect(&mut self, challenge: &[u8]) -> Result<Vec<u8>, JsValue> {
        let hello = word(challenge).map(|challenge| self.0.connect(challenge));
        hello.and_then(|hello| frame(&hello)).map_err(thrown)
    }

    /// See [`RenterSession::receive`]; the reaction as `flat::reaction` writes it.
    ///
    /// # Errors
    ///
    /// Whatever the host does that the protocol does not allow.
    pub fn receive(&mut self, frame: &[u8]) -> Result<Vec<u8>, JsValue> {
        let message = wire::decode_host(frame, FORMAT).map_err(Error::from);
        message.and_then(|message| self.0.receive(message)).and_then(flat::reaction).map_err(thrown)
    }

    /// See [`RenterSession::prompt`] and [`RenterSession::prompt_messages`]; the question as `flat::question` reads
    /// it.
    ///
    /// # Errors
    ///
    /// `session_busy`, `unexpected_message`, `invalid_params`.
    pub fn prompt(&mut self, question: &[u8]) -> Result<Vec<u8>, JsValue> {
        let mut ask = || {
            let asked = flat::question(question)?;
            let message = match asked.text {
                Some(text) => self.0.prompt(text, asked.params)?,
                None => self.0.prompt_messages(asked.messages, asked.params)?,
            };
            frame(&message)
        };
        ask().map_err(thrown)
    }

    /// See [`RenterSession::cancel`].
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn cancel(&self) -> Result<Option<Vec<u8>>, JsValue> {
        self.0.cancel().map(|message| frame(&message)).transpose().map_err(thrown)
    }

    /// See [`RenterSession::close`].
    ///
    /// # Errors
    ///
    /// `session_busy`, `unexpected_message`.
    pub fn close(&mut self) -> Result<Vec<u8>, JsValue> {
        self.0.close().and_then(|message| frame(&message)).map_err(thrown)
    }

    /// See [`RenterSession::deposit_raised`].
    ///
    /// # Errors
    ///
    /// `invalid_value` for anything but one word.
    #[wasm_bindgen(js_name = depositRaised)]
    pub fn deposit_raised(&mut self, words: &[u8]) -> Result<(), JsValue> {
        let deposit = Words::new(words).amount().map_err(thrown)?;
        self.0.deposit_raised(deposit);
        Ok(())
    }

    /// `[id, deposit, owed, inputTokens, outputTokens, isOpen, isAnswering]`.
    #[must_use]
    pub fn state(&self) -> Vec<u8> {
        let (session, usage) = (&self.0, self.0.usage());
        let mut out = Writer::default();
        out.number(session.id()).number(session.deposit().get()).number(session.owed().get());
        out.long(usage.input).long(usage.output);
        out.long(session.is_open().into()).long(session.is_answering().into()).take()
    }

    /// The terms, in the contract's order.
    #[must_use]
    pub fn terms(&self) -> Vec<u8> {
        let terms = self.0.terms();
        let mut out = Writer::default();
        for address in [terms.renter, terms.host, terms.hostSigner, terms.voucherSigner, terms.token] {
            out.word(address.into_word());
        }
        out.word(terms.modelId).number(U256::from(terms.inputPrice)).number(U256::from(terms.outputPrice));
        out.long(terms.expiresAt).long(terms.grace.into()).long(terms.feeBps.into()).long(terms.cancelBps.into());
        out.number(U256::from(terms.proofCap)).number(terms.salt).take()
    }

    /// See `flat::opened`; nothing before the session was opened.
    #[must_use]
    pub fn opened(&self) -> Vec<u8> {
        self.0.opened().map(flat::opened).unwrap_or_default()
    }

    /// The conversation as `flat::messages` writes it.
    #[must_use]
    pub fn messages(&self) -> Vec<u8> {
        flat::messages(self.0.messages())
    }

    /// See [`RenterSession::verified_text`].
    #[must_use]
    #[wasm_bindgen(js_name = verifiedText)]
    pub fn verified_text(&self) -> String {
        self.0.verified_text().to_owned()
    }

    /// `[inputTokens, outputTokens, head]` and the 65 bytes of the newest voucher's signature; nothing without one.
    #[must_use]
    pub fn voucher(&self) -> Vec<u8> {
        let Some((voucher, signature)) = self.0.voucher() else { return Vec::new() };
        let mut out = Writer::default();
        out.long(voucher.inputTokens).long(voucher.outputTokens).word(voucher.head);
        out.0.extend_from_slice(signature.as_bytes());
        out.take()
    }
}

fn frame(message: &ClientMessage) -> Result<Vec<u8>, Error> {
    wire::encode(message, FORMAT)
}
