//! What tokens cost: the core's one copy of the price formula. Amounts are base units.

use crate::{
    thrown::thrown,
    words::{Words, Writer},
};
use fabstir_core::{Error, amount::Amount, settlement};
use wasm_bindgen::prelude::*;

/// `[inputTokens, outputTokens, inputPrice, outputPrice]` to `[gross]`.
///
/// # Errors
///
/// `overflow`.
#[wasm_bindgen]
pub fn gross(words: &[u8]) -> Result<Vec<u8>, JsValue> {
    one(words, |words| settlement::gross_down(words.usage()?, words.prices()?))
}

/// `[inputTokens, outputTokens, inputPrice, outputPrice, deposit]` to `[paid]`.
///
/// # Errors
///
/// `overflow`.
#[wasm_bindgen]
pub fn payable(words: &[u8]) -> Result<Vec<u8>, JsValue> {
    one(words, |words| settlement::payable_down(words.usage()?, words.prices()?, words.amount()?))
}

/// `[paid, feeBps]` to `[fee]`.
///
/// # Errors
///
/// `overflow`.
#[wasm_bindgen]
pub fn fee(words: &[u8]) -> Result<Vec<u8>, JsValue> {
    one(words, |words| Ok(settlement::fee_down(words.amount()?, words.u16()?)))
}

/// `[unspent, cancelBps]` to `[fee]`.
///
/// # Errors
///
/// `overflow`.
#[wasm_bindgen(js_name = cancellationFee)]
pub fn cancellation_fee(words: &[u8]) -> Result<Vec<u8>, JsValue> {
    one(words, |words| Ok(settlement::cancellation_fee_down(words.amount()?, words.u16()?)))
}

/// `[settledBefore, settledAfter, feeBps]` to `[host, fee]`.
///
/// # Errors
///
/// `voucher_backwards`, `overflow`.
#[wasm_bindgen]
pub fn increment(words: &[u8]) -> Result<Vec<u8>, JsValue> {
    let mut words = Words::new(words);
    let read = |words: &mut Words<'_>| -> Result<_, Error> {
        let split = settlement::increment(words.amount()?, words.amount()?, words.u16()?)?;
        words.end()?;
        Ok(split)
    };
    let split = read(&mut words).map_err(thrown)?;
    Ok(Writer::default().number(split.host.get()).number(split.fee.get()).take())
}

fn one(words: &[u8], compute: impl FnOnce(&mut Words<'_>) -> Result<Amount, Error>) -> Result<Vec<u8>, JsValue> {
    let mut words = Words::new(words);
    let amount = compute(&mut words).and_then(|amount| words.end().map(|()| amount)).map_err(thrown)?;
    Ok(amount.to_be_bytes().to_vec())
}
