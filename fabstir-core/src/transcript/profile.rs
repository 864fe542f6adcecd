//! What decides which tokens come out.

use super::hash::{tagged, word};
use crate::wire::num;
use alloy_primitives::{B256, U256, keccak256};
use serde::{Deserialize, Serialize};

/// A model file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ModelId {
    /// BLAKE3 of the GGUF.
    pub blake3: B256,
    /// Its size in bytes.
    pub size: u64,
}

impl ModelId {
    /// The `modelId` of terms, registry and profile.
    #[must_use]
    pub fn hash(&self) -> B256 {
        keccak256([self.blake3, word(self.size)].concat())
    }
}

/// Everything that decides which tokens come out of a prompt and a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Profile {
    /// See [`ModelId::hash`].
    #[serde(with = "num")]
    pub model_id: B256,
    /// ggml type of the K cache.
    pub kv_type_k: u8,
    /// ggml type of the V cache.
    pub kv_type_v: u8,
    /// Whether flash attention is on.
    pub flash_attention: bool,
    /// Longest sequence, in tokens.
    pub context_length: u32,
    /// Number of token ids.
    pub vocabulary: u32,
    /// Digest of the runtime's name and version.
    #[serde(with = "num")]
    pub runtime: B256,
    /// Digest of the sampler's name, see [`crate::sampling::sampler_id`].
    #[serde(with = "num")]
    pub sampler: B256,
}

impl Profile {
    /// The profile's digest.
    #[must_use]
    pub fn hash(&self) -> B256 {
        let words = [
            self.model_id,
            word(self.kv_type_k),
            word(self.kv_type_v),
            word(self.flash_attention),
            word(self.context_length),
            word(self.vocabulary),
            self.runtime,
            self.sampler,
        ];
        tagged("fabstir/profile/1", words)
    }
}

/// Binds a transcript to its session and profile; `profile` is [`Profile::hash`].
#[must_use]
pub fn salt(session_id: U256, profile: B256) -> B256 {
    tagged("fabstir/session/1", [session_id.into(), profile])
}
