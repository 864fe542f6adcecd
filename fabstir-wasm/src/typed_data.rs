//! EIP-712: what a wallet is asked to sign, and its digest.

use crate::{
    thrown::thrown,
    words::{Words, Writer},
};
use alloy_primitives::B256;
use alloy_sol_types::SolStruct;
#[cfg(feature = "renter")]
use fabstir_core::messages::{Checkpoint, Close, CloseRequest, Hello, Open, Quote, Request, Voucher};
use fabstir_core::{
    Code, Error,
    abi::Terms,
    messages::{Domain, Order, Signed},
};
use wasm_bindgen::prelude::*;

/// `[chainId, market]` to the hash of the market's domain.
///
/// # Errors
///
/// `overflow`.
#[wasm_bindgen(js_name = domainSeparator)]
pub fn domain_separator(words: &[u8]) -> Result<Vec<u8>, JsValue> {
    let mut words = Words::new(words);
    let domain = words.domain().and_then(|domain| words.end().map(|()| domain)).map_err(thrown)?;
    Ok(Writer::default().word(domain.separator()).take())
}

/// The EIP-712 type of a message, as `Name(type field,...)`, types it refers to behind it.
///
/// # Errors
///
/// `invalid_value` for a name not known.
#[wasm_bindgen(js_name = messageType)]
pub fn message_type(name: &str) -> Result<String, JsValue> {
    let encoded = match name {
        "Terms" => Terms::eip712_encode_type(),
        "Order" => Order::eip712_encode_type(),
        #[cfg(feature = "renter")]
        "Voucher" => Voucher::eip712_encode_type(),
        #[cfg(feature = "renter")]
        "Request" => Request::eip712_encode_type(),
        #[cfg(feature = "renter")]
        "Open" => Open::eip712_encode_type(),
        #[cfg(feature = "renter")]
        "CloseRequest" => CloseRequest::eip712_encode_type(),
        #[cfg(feature = "renter")]
        "Checkpoint" => Checkpoint::eip712_encode_type(),
        #[cfg(feature = "renter")]
        "Close" => Close::eip712_encode_type(),
        #[cfg(feature = "renter")]
        "Quote" => Quote::eip712_encode_type(),
        #[cfg(feature = "renter")]
        "Hello" => Hello::eip712_encode_type(),
        _ => return Err(thrown(no_such_message())),
    };
    Ok(encoded.into_owned())
}

/// `[chainId, market, fields ...]` to the digest that is signed.
///
/// # Errors
///
/// `invalid_value` for a name not known or a wrong number of words, `overflow` for a value that does not fit its type.
#[wasm_bindgen(js_name = messageDigest)]
pub fn message_digest(name: &str, words: &[u8]) -> Result<Vec<u8>, JsValue> {
    let mut words = Words::new(words);
    let digest = digest(name, &mut words).and_then(|digest| words.end().map(|()| digest)).map_err(thrown)?;
    Ok(digest.to_vec())
}

fn digest(name: &str, w: &mut Words<'_>) -> Result<B256, Error> {
    let domain = w.domain()?;
    Ok(match name {
        "Terms" => w.terms()?.digest(&domain),
        "Order" => Order { terms: w.terms()?, deposit: w.number()?, deadline: w.u64()? }.digest(&domain),
        _ => session_message(name, w, &domain)?,
    })
}

#[cfg(feature = "renter")]
fn session_message(name: &str, w: &mut Words<'_>, domain: &Domain) -> Result<B256, Error> {
    if name == "Hello" {
        return Ok(Hello { challenge: w.word()?, channelKey: w.word()? }.digest(domain));
    }
    #[allow(non_snake_case, reason = "the contract's names")]
    let sessionId = w.number()?;
    Ok(match name {
        "Voucher" => {
            Voucher { sessionId, inputTokens: w.u64()?, outputTokens: w.u64()?, head: w.word()? }.digest(domain)
        }
        "Request" => Request {
            sessionId,
            turn: w.u64()?,
            context: w.word()?,
            tokens: w.word()?,
            params: w.word()?,
            maxTokens: w.u64()?,
            nonce: w.word()?,
            hostSeed: w.word()?,
        }
        .digest(domain),
        "Open" => Open { sessionId, challenge: w.word()?, channelKey: w.word()? }.digest(domain),
        "CloseRequest" => {
            CloseRequest { sessionId, inputTokens: w.u64()?, outputTokens: w.u64()?, deadline: w.u64()? }.digest(domain)
        }
        "Checkpoint" => {
            Checkpoint { sessionId, sequence: w.u64()?, inputTokens: w.u64()?, outputTokens: w.u64()?, head: w.word()? }
                .digest(domain)
        }
        "Close" => {
            Close { sessionId, inputTokens: w.u64()?, outputTokens: w.u64()?, deadline: w.u64()? }.digest(domain)
        }
        "Quote" => Quote { sessionId, validUntil: w.u64()? }.digest(domain),
        _ => return Err(no_such_message()),
    })
}

#[cfg(not(feature = "renter"))]
fn session_message(_: &str, _: &mut Words<'_>, _: &Domain) -> Result<B256, Error> {
    Err(no_such_message())
}

fn no_such_message() -> Error {
    Error::coded(Code::InvalidValue, "no such message")
}
