//! Deterministic CBOR (RFC 8949, section 4.2.1): equal values give equal bytes, and only those bytes are read back.
//!
//! Shortest integers and floats, definite lengths, map keys sorted by their encoded bytes. Duplicate keys, NaN,
//! trailing bytes, empty input and deep nesting are refused, in both directions. `undefined`, unassigned simple values and
//! tags other than those of big integers have no use here and are refused too.

mod check;
#[cfg(any(target_arch = "wasm32", test))]
mod lean;
#[cfg(not(target_arch = "wasm32"))]
mod write;

pub(crate) use check::{Keys, check};

use crate::{Code, Error};
use serde::{Serialize, de::DeserializeOwned};

/// Deepest nesting of maps and lists.
pub const MAX_DEPTH: usize = 32;

/// Encodes a value. Maps are sorted, whatever the order its fields come in.
///
/// # Errors
///
/// [`Code::InvalidValue`] for a NaN, a map with equal keys, nesting beyond [`MAX_DEPTH`], or a value that refuses to be
/// serialised.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    #[cfg(target_arch = "wasm32")]
    return lean::to_vec(value).map_err(|mismatch| Error::invalid("CBOR value", mismatch.message()));
    #[cfg(not(target_arch = "wasm32"))]
    write::to_vec(value)
}

/// Decodes a value from exactly its deterministic encoding.
///
/// # Errors
///
/// [`Code::MalformedFrame`] if the bytes are not well-formed, not deterministic, or not of this type.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    check(bytes, Keys::Sorted)?;
    read_checked(bytes)
}

/// Decodes bytes that [`check`] has passed: nesting and lengths are bounded.
pub(crate) fn read_checked<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    #[cfg(target_arch = "wasm32")]
    return lean::from_slice(bytes).map_err(|mismatch| malformed(mismatch.message()));
    #[cfg(not(target_arch = "wasm32"))]
    ciborium::from_reader(bytes).map_err(|error| match error {
        ciborium::de::Error::Semantic(_, message) => malformed(shorten(&message)),
        other => malformed(other.to_string()),
    })
}

fn malformed(message: impl Into<String>) -> Error {
    Error::coded(Code::MalformedFrame, message)
}

/// A parser's message, cut: it quotes what the peer sent.
pub(crate) fn shorten(message: &str) -> String {
    message.chars().take(160).collect()
}

#[cfg(test)]
mod tests;
