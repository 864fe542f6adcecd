//! Values to deterministic bytes.

use super::MAX_DEPTH;
use crate::Error;
use ciborium::Value;
use serde::Serialize;

pub(super) fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    let value = Value::serialized(value).map_err(|error| Error::invalid("CBOR value", error.to_string()))?;
    let mut out = Vec::new();
    write(&value, &mut out, 0)?;
    Ok(out)
}

fn write(value: &Value, out: &mut Vec<u8>, depth: usize) -> Result<(), Error> {
    match value {
        Value::Array(items) => {
            let depth = deeper(depth)?;
            head(out, 4, items.len());
            items.iter().try_for_each(|item| write(item, out, depth))
        }
        Value::Map(entries) => map(entries, out, deeper(depth)?),
        Value::Bytes(bytes) => {
            head(out, 2, bytes.len());
            out.extend_from_slice(bytes);
            Ok(())
        }
        Value::Text(text) => {
            head(out, 3, text.len());
            out.extend_from_slice(text.as_bytes());
            Ok(())
        }
        Value::Float(float) if float.is_nan() => Err(Error::invalid("CBOR value", "not a number")),
        // ciborium writes these in their shortest form already.
        Value::Integer(_) | Value::Float(_) | Value::Bool(_) | Value::Null => {
            ciborium::into_writer(value, out).map_err(|error| Error::invalid("CBOR value", error.to_string()))
        }
        Value::Tag(number @ (2 | 3), inner) => {
            out.push(0xc0 | *number as u8);
            write(inner, out, deeper(depth)?)
        }
        _ => Err(Error::invalid("CBOR value", "a tag or type without a deterministic form here")),
    }
}

fn map(entries: &[(Value, Value)], out: &mut Vec<u8>, depth: usize) -> Result<(), Error> {
    let mut encoded = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let (mut key_bytes, mut value_bytes) = (Vec::new(), Vec::new());
        write(key, &mut key_bytes, depth)?;
        write(value, &mut value_bytes, depth)?;
        encoded.push((key_bytes, value_bytes));
    }
    encoded.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    if encoded.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(Error::invalid("CBOR value", "a map with equal keys"));
    }
    head(out, 5, encoded.len());
    for (key, value) in encoded {
        out.extend_from_slice(&key);
        out.extend_from_slice(&value);
    }
    Ok(())
}

fn deeper(depth: usize) -> Result<usize, Error> {
    if depth >= MAX_DEPTH {
        return Err(Error::invalid("CBOR value", format!("nested deeper than {MAX_DEPTH}")));
    }
    Ok(depth + 1)
}

/// Major type and length in their shortest form.
fn head(out: &mut Vec<u8>, major: u8, length: usize) {
    let major = major << 5;
    let length = length as u64;
    match length {
        0..=23 => out.push(major | length as u8),
        24..=0xff => out.extend_from_slice(&[major | 24, length as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend_from_slice(&(length as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
}
