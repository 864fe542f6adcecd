//! The host's seed chain: secrets it fixed before it saw a prompt, one a turn.
//!
//! `link k` hashes to `link k - 1`, and link 0 is the commitment sent in `opened`. Turn `t` reveals link `t + 1`, so
//! that neither side can choose a turn's noise: the host is bound by the commitment, the renter by its nonce.

use crate::Error;
use alloy_primitives::{B256, keccak256};

/// Link `k` of a seed chain of `length` links above the commitment; `root`, the last link, stays the host's secret.
///
/// Takes `length - k` hashes.
///
/// # Errors
///
/// [`Error::Invalid`] if `k` is past the chain's end.
pub fn host_seed_link(root: B256, length: u32, k: u32) -> Result<B256, Error> {
    let steps =
        length.checked_sub(k).ok_or_else(|| Error::invalid("seed chain", format!("no link {k} of {length}")))?;
    Ok((0..steps).fold(root, |link, _| keccak256(link)))
}

/// Whether `link` is the one after `previous`.
#[must_use]
pub fn is_next_host_seed(previous: B256, link: B256) -> bool {
    keccak256(link) == previous
}
