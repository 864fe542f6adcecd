//! `keccak256(abi.encode(...))` of tuples whose every value takes one word.

use alloy_primitives::{B256, Keccak256, keccak256};

/// A number as the word that `abi.encode` makes of it, whatever its width.
pub(super) fn word(number: impl Into<u64>) -> B256 {
    let mut word = B256::ZERO;
    word[24..].copy_from_slice(&number.into().to_be_bytes());
    word
}

/// The hash of a tuple that begins with a tag.
pub(super) fn tagged<const N: usize>(tag: &str, words: [B256; N]) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update(keccak256(tag));
    for word in words {
        hasher.update(word);
    }
    hasher.finalize()
}
