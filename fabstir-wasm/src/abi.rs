//! The contracts' ABI, walked by the types in their interfaces' signatures.
//!
//! alloy generates an encoder and a decoder for every call and struct; together they weigh more than the whole budget of
//! a page. Here one walk serves them all. The tests hold it to alloy, call by call.
//!
//! Between the walk and JavaScript goes a *stream*: the values in order, one word each, nested structs unfolded; before
//! the elements of a list their number, before the contents of bytes and strings their length.

use crate::words::{Words, Writer};
use alloy_primitives::{B256, U256};
use fabstir_core::{Code, Error};

/// Encodes a stream as `types`, a signature's `(...)`.
pub(crate) fn encode(types: &str, values: &mut Words<'_>) -> Result<Vec<u8>, Error> {
    let encoded = encode_value(types, values)?;
    values.end()?;
    Ok(encoded)
}

fn encode_value(ty: &str, values: &mut Words<'_>) -> Result<Vec<u8>, Error> {
    if ty == "bytes" {
        let bytes = values.bytes()?;
        let mut out = Writer::default();
        out.long(bytes.len() as u64).0.extend_from_slice(bytes);
        out.0.resize(out.0.len().next_multiple_of(32), 0);
        return Ok(out.take());
    }
    if !ty.starts_with('(') {
        let word = values.word()?;
        return if fits(ty, word) { Ok(word.to_vec()) } else { Err(Error::Overflow { what: "argument" }) };
    }
    let (mut head, mut tail) = (Writer::default(), Vec::new());
    let head_bytes: usize = members(ty).map(|member| if is_dynamic(member) { 32 } else { static_bytes(member) }).sum();
    for member in members(ty) {
        let mut encoded = encode_value(member, values)?;
        if is_dynamic(member) {
            head.long((head_bytes + tail.len()) as u64);
            tail.append(&mut encoded);
        } else {
            head.0.append(&mut encoded);
        }
    }
    head.0.append(&mut tail);
    Ok(head.take())
}

/// Reads data encoded as `types` into a stream.
pub(crate) fn decode(types: &str, data: &[u8]) -> Result<Vec<u8>, Error> {
    let mut out = Writer::default();
    decode_members(types, data, &mut out)?;
    Ok(out.take())
}

/// The members of a struct laid out at the beginning of `data`.
fn decode_members(types: &str, data: &[u8], out: &mut Writer) -> Result<(), Error> {
    let mut at = 0;
    for member in members(types) {
        decode_value(member, data, at, out)?;
        at += if is_dynamic(member) { 32 } else { static_bytes(member) };
    }
    Ok(())
}

/// The value whose place is at `at` in `data`; where it is dynamic, there is its offset.
fn decode_value(ty: &str, data: &[u8], at: usize, out: &mut Writer) -> Result<(), Error> {
    if !is_dynamic(ty) {
        let data = data.get(at..).ok_or_else(unreadable)?;
        if ty.starts_with('(') {
            return decode_members(ty, data, out);
        }
        let word = first_word(data)?;
        if !fits(ty, word) {
            return Err(unreadable());
        }
        out.word(word);
        return Ok(());
    }
    let offset = length_at(data, at)?;
    let data = data.get(offset..).ok_or_else(unreadable)?;
    if ty.starts_with('(') && !ty.ends_with("[]") {
        return decode_members(ty, data, out);
    }
    let count = length_at(data, 0)?;
    let content = &data[32..];
    out.long(count as u64);
    let Some(element) = ty.strip_suffix("[]") else {
        out.0.extend_from_slice(content.get(..count).ok_or_else(unreadable)?);
        return Ok(());
    };
    // Lists here have elements of fixed size; each takes its bytes, so that a count that lies ends in an error.
    let size = static_bytes(element);
    (0..count).try_for_each(|index| decode_value(element, content, index * size, out))
}

fn first_word(data: &[u8]) -> Result<B256, Error> {
    data.first_chunk::<32>().map(|word| B256::new(*word)).ok_or_else(unreadable)
}

/// A length or an offset.
fn length_at(data: &[u8], at: usize) -> Result<usize, Error> {
    let word = first_word(data.get(at..).ok_or_else(unreadable)?)?;
    let number = U256::from_be_bytes(word.0);
    // Nothing is longer than the data it is in, so that no sum or product of these overflows.
    u32::try_from(number).ok().map(|number| number as usize).filter(|n| *n <= data.len()).ok_or_else(unreadable)
}

fn unreadable() -> Error {
    Error::coded(Code::RpcInvalid, "the endpoint's answer is not what the contract returns")
}

/// The types between the parentheses of a struct's type.
fn members(ty: &str) -> impl Iterator<Item = &str> {
    let inner = ty.strip_prefix('(').and_then(|ty| ty.strip_suffix(')')).unwrap_or_default();
    let mut depth = 0;
    inner
        .split(move |letter| {
            match letter {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            letter == ',' && depth == 0
        })
        .filter(|member| !member.is_empty())
}

fn is_dynamic(ty: &str) -> bool {
    ty == "bytes" || ty == "string" || ty.ends_with("[]") || (ty.starts_with('(') && members(ty).any(is_dynamic))
}

/// The encoded length of a type that is not dynamic.
fn static_bytes(ty: &str) -> usize {
    if ty.starts_with('(') { members(ty).map(static_bytes).sum() } else { 32 }
}

/// Whether a word is a value of a type: nothing beyond its bits.
pub(crate) fn fits(ty: &str, word: B256) -> bool {
    let bits: usize = match ty {
        "bytes32" => 256,
        "address" => 160,
        "bool" => 1,
        _ => ty.strip_prefix("uint").and_then(|bits| bits.parse().ok()).unwrap_or(0),
    };
    word.0.iter().rev().enumerate().all(|(place, byte)| match bits.saturating_sub(place * 8) {
        0 => *byte == 0,
        left @ 1..8 => byte >> left == 0,
        _ => true,
    })
}

#[cfg(test)]
mod tests;
