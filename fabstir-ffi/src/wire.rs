//! Frames between host and client, and the records of turns.

use crate::{
    boundary::{Failure, Outcome, guard},
    buffer::fabstir_bytes,
    fabstir_hash, fabstir_status, json,
    pointer::{out, slice, text},
};
use fabstir_core::{
    transcript::TurnRecord,
    wire::{self, Format},
};
use std::ffi::c_char;

/// Frames are JSON text.
pub const FABSTIR_FORMAT_JSON: u32 = 0;
/// Frames are deterministic CBOR.
pub const FABSTIR_FORMAT_CBOR: u32 = 1;
/// A frame is the client's.
pub const FABSTIR_SENDER_CLIENT: u32 = 0;
/// A frame is the host's.
pub const FABSTIR_SENDER_HOST: u32 = 1;

/// The format of a number.
pub(crate) fn format(number: u32) -> Outcome<Format> {
    match number {
        FABSTIR_FORMAT_JSON => Ok(Format::Json),
        FABSTIR_FORMAT_CBOR => Ok(Format::Cbor),
        _ => Err(Failure::invalid("format", number)),
    }
}

/// Reads a frame and writes it again, in the other format or, normalised, in the same: decimal strings and 0x-hex in JSON,
/// sorted and shortest in CBOR, unknown fields dropped. `sender` is a FABSTIR_SENDER, the formats are FABSTIR_FORMATs.
/// MALFORMED_FRAME, FRAME_TOO_LARGE, UNKNOWN_MESSAGE, INVALID_VALUE for a number that is no sender or format.
/// Memory: the caller frees `*converted` with fabstir_bytes_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_wire_convert(
    sender: u32,
    from: u32,
    frame: *const u8,
    len: usize,
    to: u32,
    converted: *mut fabstir_bytes,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (frame, converted) = unsafe { (slice(frame, len, "frame")?, out(converted, "converted")?) };
        let (from, to) = (format(from)?, format(to)?);
        let decoded = |error: wire::DecodeError| Failure::from(error.error);
        let bytes = match sender {
            FABSTIR_SENDER_CLIENT => wire::encode(&wire::decode_client(frame, from).map_err(decoded)?, to)?,
            FABSTIR_SENDER_HOST => wire::encode(&wire::decode_host(frame, from).map_err(decoded)?, to)?,
            _ => return Err(Failure::invalid("sender", sender)),
        };
        converted.write(bytes.into());
        Ok(())
    })
}

/// The record of a turn as it is stored, deterministic CBOR, and the BLAKE3 it is stored under. `record` is JSON:
///
/// ```text
/// {"role", "tokens": [ids], "text", "params": {"temperature", "top_k", "top_p", "min_p"},
///  "finish_reason": "stop", "length", "cancelled" or "credit"}
/// ```
///
/// `id` and `stored` may each be NULL if it is not wanted.
/// Memory: the caller frees `*stored` with fabstir_bytes_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_record_encode(
    record: *const c_char,
    len: usize,
    id: *mut fabstir_hash,
    stored: *mut fabstir_bytes,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let record: TurnRecord = json::read(unsafe { text(record, len, "record") }?, "record")?;
        let (found, bytes) = (record.id()?, record.to_bytes()?);
        if !id.is_null() {
            // SAFETY: as above.
            unsafe { out(id, "id") }?.write(found.into());
        }
        if !stored.is_null() {
            // SAFETY: as above.
            unsafe { out(stored, "stored") }?.write(bytes.into());
        }
        Ok(())
    })
}
