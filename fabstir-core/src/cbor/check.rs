//! Whether bytes are one deterministic CBOR item, or one but for the order of its map keys.
//!
//! Runs before any parser: it allocates nothing, recurses at most [`MAX_DEPTH`] deep, and no declared length that it
//! passes is longer than the bytes that are there.

use super::{MAX_DEPTH, malformed};
use crate::Error;

/// What is asked of map keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Sorted by their encoded bytes, and so unique: what is hashed or stored.
    Sorted,
    /// Any order: frames of peers whose encoder does not sort. The type that is read refuses a field given twice.
    Free,
}

/// Refuses everything but one item in its shortest form.
pub(crate) fn check(bytes: &[u8], keys: Keys) -> Result<(), Error> {
    if bytes.is_empty() {
        return Err(malformed("empty"));
    }
    let mut cursor = Cursor { bytes, at: 0, keys };
    cursor.item(0)?;
    if cursor.at != bytes.len() {
        return Err(malformed("bytes after the end"));
    }
    Ok(())
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    keys: Keys,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8], Error> {
        let count = usize::try_from(count).ok();
        let taken = count.and_then(|count| self.bytes.get(self.at..)?.get(..count));
        let taken = taken.ok_or_else(|| malformed("ends too early"))?;
        self.at += taken.len();
        Ok(taken)
    }

    fn number(&mut self, width: u64) -> Result<u64, Error> {
        Ok(self.take(width)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// The argument of a head, refused if it is not the shortest form.
    fn argument(&mut self, info: u8) -> Result<u64, Error> {
        let (width, least) = match info {
            0..=23 => return Ok(u64::from(info)),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            31 => return Err(malformed("indefinite length")),
            _ => return Err(malformed("reserved head")),
        };
        let argument = self.number(width)?;
        if argument < least { Err(malformed("not the shortest form")) } else { Ok(argument) }
    }

    fn item(&mut self, depth: usize) -> Result<(), Error> {
        let head = self.take(1)?[0];
        let (major, info) = (head >> 5, head & 31);
        if major == 7 {
            return self.simple(info);
        }
        let argument = self.argument(info)?;
        match major {
            0 | 1 => Ok(()),
            2 => self.take(argument).map(drop),
            3 => {
                let text = self.take(argument)?;
                core::str::from_utf8(text).map(drop).map_err(|_| malformed("text is not UTF-8"))
            }
            4 => {
                let depth = self.container(argument, depth)?;
                (0..argument).try_for_each(|_| self.item(depth))
            }
            5 => self.map(argument, depth),
            _ => self.big_integer(argument),
        }
    }

    /// The depth inside a container whose items, a byte each at least, fit in what is left.
    fn container(&self, items: u64, depth: usize) -> Result<usize, Error> {
        if depth >= MAX_DEPTH {
            return Err(malformed(format!("nested deeper than {MAX_DEPTH}")));
        }
        if items > (self.bytes.len() - self.at) as u64 {
            return Err(malformed("ends too early"));
        }
        Ok(depth + 1)
    }

    fn map(&mut self, entries: u64, depth: usize) -> Result<(), Error> {
        let depth = self.container(entries, depth)?;
        let mut previous: Option<&[u8]> = None;
        for _ in 0..entries {
            let start = self.at;
            self.item(depth)?;
            let key = &self.bytes[start..self.at];
            if self.keys == Keys::Sorted && previous.is_some_and(|previous| previous >= key) {
                return Err(malformed("map keys not sorted or not unique"));
            }
            previous = Some(key);
            self.item(depth)?;
        }
        Ok(())
    }

    /// Tags 2 and 3: more than 64 bits, in as few bytes as it takes.
    fn big_integer(&mut self, tag: u64) -> Result<(), Error> {
        if tag != 2 && tag != 3 {
            return Err(malformed("a tag without a meaning here"));
        }
        let head = self.take(1)?[0];
        if head >> 5 != 2 {
            return Err(malformed("a big integer that is no byte string"));
        }
        let length = self.argument(head & 31)?;
        match self.take(length)? {
            bytes @ [first, ..] if bytes.len() > 8 && *first != 0 => Ok(()),
            _ => Err(malformed("not the shortest form")),
        }
    }

    fn simple(&mut self, info: u8) -> Result<(), Error> {
        let shortest = match info {
            20..=22 => true,
            25 => !half_to_f64(self.number(2)? as u16).is_nan(),
            26 => {
                let float = f32::from_bits(self.number(4)? as u32);
                !float.is_nan() && !fits_half(f64::from(float))
            }
            27 => {
                let float = f64::from_bits(self.number(8)?);
                !float.is_nan() && f64::from(float as f32) != float
            }
            _ => return Err(malformed("a simple value without a meaning here")),
        };
        if shortest { Ok(()) } else { Err(malformed("NaN, or a float not in its shortest form")) }
    }
}

/// 2 to a whole power within binary64's normal range. By its bits: a library's exp2 brings a table of kilobytes.
const fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// IEEE 754 binary16 to binary64, exactly.
pub(super) fn half_to_f64(half: u16) -> f64 {
    let fraction = f64::from(half & 0x3ff);
    let magnitude = match half >> 10 & 0x1f {
        0 => fraction * (1.0 / 16_777_216.0),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1.0 + fraction / 1024.0) * power_of_two(i32::from(exponent) - 15),
    };
    if half >> 15 == 1 { -magnitude } else { magnitude }
}

/// Whether a number is exactly representable in binary16.
pub(super) fn fits_half(number: f64) -> bool {
    let magnitude = number.abs();
    if magnitude == 0.0 || magnitude.is_infinite() {
        return true;
    }
    // Multiples of the unit in the last place at its exponent, 2^-24 at least, up to the largest half.
    let exponent = (magnitude.to_bits() >> 52) as i32 - 1023;
    let unit = power_of_two(exponent.max(-14) - 10);
    magnitude <= 65504.0 && magnitude % unit == 0.0
}
