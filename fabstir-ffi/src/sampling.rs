//! The canonical sampler.

use crate::{
    boundary::guard,
    fabstir_hash, fabstir_status,
    pointer::{out, read, slice},
};
use fabstir_core::sampling::{self, Sampling};

/// How tokens are chosen. Fractions are integers in thousandths.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_sampling {
    /// 0 to 2000; 0 takes the likeliest always.
    pub temperature: u32,
    /// 1 to 256 candidates; 0 means 256.
    pub top_k: u32,
    /// 1 to 1000 of the probability; 1000 keeps all.
    pub top_p: u32,
    /// 0 to 1000 of the best candidate's probability; 0 keeps all.
    pub min_p: u32,
}

impl From<fabstir_sampling> for Sampling {
    fn from(sampling: fabstir_sampling) -> Self {
        let fabstir_sampling { temperature, top_k, top_p, min_p } = sampling;
        Self { temperature, top_k, top_p, min_p }
    }
}

/// The token that these logits give, one logit a token of the vocabulary: the same everywhere. `turn_seed` is
/// fabstir_turn_seed(), `position` the number of tokens before it. INVALID_PARAMS for sampling out of its bounds, no logits,
/// or logits of which none can be chosen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_sample(
    logits: *const f32,
    count: usize,
    sampling: *const fabstir_sampling,
    turn_seed: *const fabstir_hash,
    position: u64,
    token: *mut u32,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (logits, sampling) = unsafe { (slice(logits, count, "logits")?, read(sampling, "sampling")?) };
        // SAFETY: as above.
        let (seed, token) = unsafe { (read(turn_seed, "turn_seed")?, out(token, "token")?) };
        let sampling = Sampling::from(sampling);
        sampling.validate()?;
        token.write(sampling::sample(logits, &sampling, &seed.into(), position)?);
        Ok(())
    })
}

/// The seed of a turn's noise, from the renter's nonce and the host's seed: neither can grind it alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_turn_seed(
    nonce: *const fabstir_hash,
    host_seed: *const fabstir_hash,
    seed: *mut fabstir_hash,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (nonce, host, seed) = unsafe { (read(nonce, "nonce")?, read(host_seed, "host_seed")?, out(seed, "seed")?) };
        seed.write(sampling::turn_seed(nonce.into(), host.into()).into());
        Ok(())
    })
}
