//! The header's bytes: lengths are checked against what the file still holds before anything is allocated.

use super::{Header, Tensor, Value};
use crate::Error;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

/// What a metadata key or tensor name may be at most, in bytes. llama.cpp asserts at 64 for tensors.
const MAX_NAME: u64 = 1024;
/// What the header may hold of keys and of tensors: ten times what the largest published models have.
const MAX_ENTRIES: u64 = 100_000;

/// Reads the header of an open GGUF.
///
/// # Errors
///
/// [`Error::Corrupt`] if it is not a GGUF or ends early, [`Error::Missing`] if it cannot be read,
/// [`Error::Unsupported`] for versions other than 2 and 3.
pub(crate) fn read(file: &File, path: &Path) -> Result<Header, Error> {
    let length = file.metadata().map_err(|error| Error::missing(path, &error))?.len();
    let mut reader = Reader { bytes: BufReader::with_capacity(1 << 20, file), path, length, position: 0 };
    let magic: [u8; 4] = reader.array()?;
    if &magic != b"GGUF" {
        return Err(Error::corrupt(path, "it does not begin with `GGUF`"));
    }
    let version = reader.u32()?;
    if !matches!(version, 2 | 3) {
        return Err(Error::unsupported(path, format!("GGUF version {version}; versions 2 and 3 are read")));
    }
    let tensors = reader.count("tensors", 24)?;
    let keys = reader.count("metadata keys", 13)?;
    let metadata = reader.metadata(keys)?;
    let tensors = (0..tensors).map(|_| reader.tensor()).collect::<Result<Vec<_>, _>>()?;
    Ok(Header { metadata, tensors, end: reader.position })
}

struct Reader<'a> {
    bytes: BufReader<&'a File>,
    path: &'a Path,
    length: u64,
    position: u64,
}

impl Reader<'_> {
    fn corrupt(&self, reason: impl Into<String>) -> Error {
        Error::corrupt(self.path, reason)
    }

    fn remaining(&self) -> u64 {
        self.length.saturating_sub(self.position)
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Error> {
        self.bytes.read_exact(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.corrupt(format!("it ends inside its header, at byte {}", self.length)),
            _ => Error::missing(self.path, &error),
        })?;
        self.position += buffer.len() as u64;
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut buffer = [0; N];
        self.fill(&mut buffer)?;
        Ok(buffer)
    }

    fn u32(&mut self) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, Error> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// How many entries follow, each of at least `least` bytes.
    fn count(&mut self, what: &str, least: u64) -> Result<u64, Error> {
        let count = self.u64()?;
        if count > MAX_ENTRIES || count.saturating_mul(least) > self.remaining() {
            return Err(self.corrupt(format!("it claims {count} {what}")));
        }
        Ok(count)
    }

    fn bytes(&mut self, most: u64) -> Result<Vec<u8>, Error> {
        let length = self.u64()?;
        if length > most.min(self.remaining()) {
            return Err(self.corrupt(format!("it claims a text of {length} bytes at byte {}", self.position)));
        }
        let mut buffer = vec![0; usize::try_from(length).map_err(|_| self.corrupt("a text exceeds memory"))?];
        self.fill(&mut buffer)?;
        Ok(buffer)
    }

    fn name(&mut self) -> Result<String, Error> {
        let bytes = self.bytes(MAX_NAME)?;
        match String::from_utf8(bytes) {
            Ok(name) if !name.is_empty() && !name.contains('\0') => Ok(name),
            _ => Err(self.corrupt(format!("a name before byte {} is not text", self.position))),
        }
    }

    fn metadata(&mut self, keys: u64) -> Result<BTreeMap<String, Value>, Error> {
        let mut metadata = BTreeMap::new();
        for _ in 0..keys {
            let key = self.name()?;
            let kind = self.u32()?;
            let value = if kind == 9 { self.list()? } else { self.scalar(kind)? };
            if metadata.contains_key(&key) {
                return Err(self.corrupt(format!("`{key}` is there twice")));
            }
            metadata.insert(key, value);
        }
        Ok(metadata)
    }

    fn scalar(&mut self, kind: u32) -> Result<Value, Error> {
        Ok(match kind {
            0 => Value::Unsigned(u8::from_le_bytes(self.array()?).into()),
            1 => Value::Signed(i8::from_le_bytes(self.array()?).into()),
            2 => Value::Unsigned(u16::from_le_bytes(self.array()?).into()),
            3 => Value::Signed(i16::from_le_bytes(self.array()?).into()),
            4 => Value::Unsigned(self.u32()?.into()),
            5 => Value::Signed(i32::from_le_bytes(self.array()?).into()),
            6 => Value::Float(f32::from_le_bytes(self.array()?).into()),
            7 => Value::Bool(self.array::<1>()? != [0]),
            8 => Value::Text(self.bytes(u64::MAX)?),
            10 => Value::Unsigned(self.u64()?),
            11 => Value::Signed(i64::from_le_bytes(self.array()?)),
            12 => Value::Float(f64::from_le_bytes(self.array()?)),
            _ => return Err(self.corrupt(format!("value type {kind} before byte {}", self.position))),
        })
    }

    fn list(&mut self) -> Result<Value, Error> {
        let kind = self.u32()?;
        let length = self.u64()?;
        let least = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            8 | 10..=12 => 8,
            _ => return Err(self.corrupt(format!("list type {kind} before byte {}", self.position))),
        };
        if length.saturating_mul(least) > self.remaining() {
            return Err(self.corrupt(format!("it claims a list of {length} before byte {}", self.position)));
        }
        let values = (0..length).map(|_| self.scalar(kind)).collect::<Result<Vec<_>, _>>()?;
        Ok(match kind {
            6 | 12 => Value::Floats(values.into_iter().filter_map(float).collect()),
            7 => Value::Bools(values.into_iter().map(|value| value == Value::Bool(true)).collect()),
            8 => Value::Texts(values.into_iter().filter_map(text).collect()),
            _ => Value::Integers(values.into_iter().filter_map(integer).collect()),
        })
    }

    fn tensor(&mut self) -> Result<Tensor, Error> {
        let name = self.name()?;
        let dimensions = self.u32()?;
        if dimensions > 4 {
            return Err(self.corrupt(format!("tensor `{name}` has {dimensions} dimensions")));
        }
        let shape = (0..dimensions).map(|_| self.u64()).collect::<Result<Vec<_>, _>>()?;
        Ok(Tensor { name, shape, kind: self.u32()?, offset: self.u64()? })
    }
}

fn float(value: Value) -> Option<f64> {
    if let Value::Float(value) = value { Some(value) } else { None }
}

fn text(value: Value) -> Option<Vec<u8>> {
    if let Value::Text(value) = value { Some(value) } else { None }
}

fn integer(value: Value) -> Option<i64> {
    match value {
        Value::Unsigned(value) => Some(i64::try_from(value).unwrap_or(i64::MAX)),
        Value::Signed(value) => Some(value),
        _ => None,
    }
}
