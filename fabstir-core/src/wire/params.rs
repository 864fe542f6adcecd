//! How a prompt is to be answered.

use super::num;
use crate::{Code, Error, sampling::Sampling};
use alloy_primitives::{B256, keccak256};
use serde::{Deserialize, Serialize};

/// Most stop strings in one prompt.
pub const MAX_STOPS: usize = 8;
/// Longest stop string, in UTF-8 bytes.
pub const MAX_STOP_BYTES: usize = 64;

/// A prompt's parameters. Fractions are integers in thousandths. Everything but `nonce` may be left out on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// Thousandths; 0 is greedy.
    #[serde(default = "default_temperature")]
    pub temperature: u32,
    /// Most candidates.
    #[serde(default = "default_top_k")]
    pub top_k: u32,
    /// Probability mass kept, in thousandths.
    #[serde(default = "default_top_p")]
    pub top_p: u32,
    /// Least probability relative to the best, in thousandths.
    #[serde(default = "default_min_p")]
    pub min_p: u32,
    /// Most tokens to sample.
    #[serde(default = "default_max_tokens")]
    pub max_tokens: u32,
    /// Texts that end the answer; not delivered.
    #[serde(default)]
    pub stop: Vec<String>,
    /// The renter's share of the turn's seed.
    #[serde(with = "num")]
    pub nonce: B256,
    /// Whether to read the history again, billed as input, if its cache is gone.
    #[serde(default)]
    pub reread: bool,
}

impl Params {
    /// The defaults with this nonce.
    #[must_use]
    pub fn new(nonce: B256) -> Self {
        let Sampling { temperature, top_k, top_p, min_p } = Sampling::default();
        Self {
            temperature,
            top_k,
            top_p,
            min_p,
            max_tokens: default_max_tokens(),
            stop: Vec::new(),
            nonce,
            reread: false,
        }
    }

    /// How tokens are chosen.
    #[must_use]
    pub const fn sampling(&self) -> Sampling {
        Sampling { temperature: self.temperature, top_k: self.top_k, top_p: self.top_p, min_p: self.min_p }
    }

    /// Checks every bound.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidParams`].
    pub fn validate(&self) -> Result<(), Error> {
        self.sampling().validate()?;
        if self.max_tokens == 0 {
            return Err(Error::coded(Code::InvalidParams, "max_tokens is 0"));
        }
        if self.stop.len() > MAX_STOPS {
            return Err(Error::coded(Code::InvalidParams, format!("more than {MAX_STOPS} stop strings")));
        }
        if self.stop.iter().any(|stop| stop.is_empty() || stop.len() > MAX_STOP_BYTES) {
            return Err(Error::coded(
                Code::InvalidParams,
                format!("a stop string is empty or longer than {MAX_STOP_BYTES} bytes"),
            ));
        }
        Ok(())
    }

    /// What [`crate::messages::Request`] commits as `params`: keccak256 of these parameters in deterministic CBOR.
    ///
    /// # Errors
    ///
    /// None in practice: the encoding of plain fields does not fail.
    pub fn digest(&self) -> Result<B256, Error> {
        Ok(keccak256(crate::cbor::to_vec(self)?))
    }
}

const fn default_temperature() -> u32 {
    Sampling::DEFAULT.temperature
}
const fn default_top_k() -> u32 {
    Sampling::DEFAULT.top_k
}
const fn default_top_p() -> u32 {
    Sampling::DEFAULT.top_p
}
const fn default_min_p() -> u32 {
    Sampling::DEFAULT.min_p
}
const fn default_max_tokens() -> u32 {
    512
}
