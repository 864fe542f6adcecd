//! The record of one turn, stored under its hash.

use crate::{Error, cbor, inference::FinishReason, sampling::Sampling, wire::Role};
use alloy_primitives::B256;
use serde::{Deserialize, Serialize};

/// One side of one turn, as it is stored: deterministic CBOR under its BLAKE3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnRecord {
    /// Who spoke.
    pub role: Role,
    /// The token ids.
    pub tokens: Vec<u32>,
    /// Their text.
    pub text: String,
    /// How tokens were chosen, integers in thousandths.
    pub params: Sampling,
    /// Why it ended.
    pub finish_reason: FinishReason,
}

impl TurnRecord {
    /// The stored bytes.
    ///
    /// # Errors
    ///
    /// None in practice: the encoding of plain fields does not fail.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        cbor::to_vec(self)
    }

    /// Reads stored bytes.
    ///
    /// # Errors
    ///
    /// [`crate::Code::MalformedFrame`] if they are not a record in deterministic CBOR.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        cbor::from_slice(bytes)
    }

    /// BLAKE3 of the stored bytes.
    ///
    /// # Errors
    ///
    /// As [`TurnRecord::to_bytes`].
    pub fn id(&self) -> Result<B256, Error> {
        Ok(B256::from(*blake3::hash(&self.to_bytes()?).as_bytes()))
    }
}
