//! Keys and signatures over digests. Randomness is the page's: a key comes in as 32 bytes.

use crate::{
    thrown::thrown,
    words::{fixed, word},
};
use fabstir_core::{
    Error,
    signature::{Signature65, SigningKey, recover},
};
use wasm_bindgen::prelude::*;

/// The 20 bytes of a private key's address.
///
/// # Errors
///
/// `invalid_value` for a key that is none.
#[wasm_bindgen(js_name = addressOfKey)]
pub fn address_of_key(key: &[u8]) -> Result<Vec<u8>, JsValue> {
    Ok(signing_key(key).map_err(thrown)?.address().to_vec())
}

/// The 33 bytes of a private key's compressed public key.
///
/// # Errors
///
/// `invalid_value` for a key that is none.
#[wasm_bindgen(js_name = publicKey)]
pub fn public_key(key: &[u8]) -> Result<Vec<u8>, JsValue> {
    Ok(signing_key(key).map_err(thrown)?.public_key().to_vec())
}

/// The 65 bytes of a private key's signature over a digest: deterministic, low s, v 27 or 28.
///
/// # Errors
///
/// `invalid_value` for a key that is none.
#[wasm_bindgen(js_name = signDigest)]
pub fn sign_digest(digest: &[u8], key: &[u8]) -> Result<Vec<u8>, JsValue> {
    let sign = || Ok(signing_key(key)?.sign_digest(word(digest)?));
    let signature: Signature65 = sign().map_err(thrown)?;
    Ok(signature.as_bytes().to_vec())
}

/// The 20 bytes of the address that signed a digest.
///
/// # Errors
///
/// `bad_signature` for anything the contract would refuse as malformed.
#[wasm_bindgen(js_name = recoverSigner)]
pub fn recover_signer(digest: &[u8], signature: &[u8]) -> Result<Vec<u8>, JsValue> {
    let signer = word(digest).and_then(|digest| recover(digest, &Signature65::try_from(signature)?));
    Ok(signer.map_err(thrown)?.to_vec())
}

/// A private key from its bytes.
pub(crate) fn signing_key(bytes: &[u8]) -> Result<SigningKey, Error> {
    SigningKey::from_bytes(&fixed(bytes)?)
}
