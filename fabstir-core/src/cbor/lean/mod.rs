//! The same encoding in little code, for browsers: a page downloads what it runs.
//!
//! Knows what frames, records and snapshots are made of: integers up to 64 bits, bytes, texts, lists, maps, booleans and
//! nothing. Floats and big integers, which they do not have, are refused. The tests hold it to [`super::to_vec`] and
//! [`super::from_slice`] as they are elsewhere.

mod read;
mod write;

pub(super) use read::from_slice;
pub(super) use write::to_vec;

use core::fmt;

/// What does not fit. The texts of serde's errors are left out: formatting them would weigh more than all the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mismatch {
    /// Another type than the one asked for, or a value out of its bounds.
    Type,
    /// A field that is not there.
    Missing(&'static str),
    /// A field given twice.
    Twice(&'static str),
}

impl Mismatch {
    /// In words.
    pub(super) fn message(self) -> String {
        let (what, field) = match self {
            Self::Type => ("not of the type expected", ""),
            Self::Missing(field) => ("missing field ", field),
            Self::Twice(field) => ("duplicate field ", field),
        };
        [what, field].concat()
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl core::error::Error for Mismatch {}

impl serde::ser::Error for Mismatch {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Type
    }
}

impl serde::de::Error for Mismatch {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Type
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::Twice(field)
    }
}

#[cfg(test)]
mod tests;
