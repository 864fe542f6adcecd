//! GGUF headers, read with suspicion.
//!
//! llama.cpp asserts where it should refuse, and an assertion ends the process: a host must not die of a bad download.
//! So the header is read and held against the file here first, and llama.cpp sees only files that passed.

mod check;
mod read;
mod tensor_type;

pub(crate) use check::check;
pub(crate) use read::read;

use std::collections::BTreeMap;

/// A metadata value. Strings are bytes, since nothing in a file is sure to be UTF-8.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
    Text(Vec<u8>),
    Integers(Vec<i64>),
    Floats(Vec<f64>),
    Bools(Vec<bool>),
    Texts(Vec<Vec<u8>>),
}

/// One tensor's place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    /// Elements per dimension, the contiguous one first.
    pub(crate) shape: Vec<u64>,
    /// ggml's type number.
    pub(crate) kind: u32,
    /// From the start of the data section, in bytes.
    pub(crate) offset: u64,
}

/// Everything before the weights.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) metadata: BTreeMap<String, Value>,
    pub(crate) tensors: Vec<Tensor>,
    /// Where the header ends, in bytes from the file's start; the data begin at the next aligned offset.
    pub(crate) end: u64,
}

impl Header {
    /// A text, if the key is there, holds one and that is UTF-8.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.metadata.get(key)? {
            Value::Text(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// A non-negative integer of whatever width.
    pub(crate) fn integer(&self, key: &str) -> Option<u64> {
        match self.metadata.get(key)? {
            Value::Unsigned(value) => Some(*value),
            Value::Signed(value) => u64::try_from(*value).ok(),
            _ => None,
        }
    }

    /// The model's architecture, as llama.cpp names it.
    pub(crate) fn architecture(&self) -> &str {
        self.text("general.architecture").unwrap_or_default()
    }

    /// A key under the architecture's own prefix.
    pub(crate) fn architecture_key(&self, key: &str) -> String {
        format!("{}.{key}", self.architecture())
    }

    /// The longest sequence the model was trained on, in tokens.
    pub(crate) fn trained_context(&self) -> u32 {
        let length = self.integer(&self.architecture_key("context_length")).unwrap_or_default();
        u32::try_from(length).unwrap_or(u32::MAX)
    }
}
