//! JSON in and out.

use crate::{
    boundary::{Failure, Outcome},
    buffer::fabstir_string,
    fabstir_status,
};
use serde::{Serialize, de::DeserializeOwned};

/// Most that is read of one JSON text, in bytes: a conversation fits, a mistaken length does not get far.
const MAX_JSON: usize = 16 << 20;

/// Reads what the caller configured; an empty text is `{}`.
pub(crate) fn read<T: DeserializeOwned>(text: &str, what: &'static str) -> Outcome<T> {
    if text.len() > MAX_JSON {
        return Err(Failure::new(fabstir_status::BadLength, format!("{what} is longer than {MAX_JSON} bytes")));
    }
    let text = if text.is_empty() { "{}" } else { text };
    serde_json::from_str(text).map_err(|error| Failure::invalid(what, error))
}

/// Writes what the caller asked for.
pub(crate) fn write<T: Serialize + ?Sized>(value: &T) -> Outcome<fabstir_string> {
    serde_json::to_string(value)
        .map(Into::into)
        .map_err(|error| Failure::new(fabstir_status::Internal, error.to_string()))
}

/// A 64-bit number as a decimal string, for `#[serde(serialize_with = "json::decimal")]`.
#[cfg(feature = "client")]
pub(crate) fn decimal<S: serde::Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}
