//! The canonical sampler: the same logits, parameters, seed and position give the same token everywhere.
//!
//! Candidates are ordered by logit then id and cut by top-k, top-p and min-p; the winner is the largest sum of scaled
//! logit and Gumbel noise, which draws exactly from the softmax. The noise of a candidate depends on the turn's seed,
//! the position and the token's id alone, so an auditor can replay any token by itself. Exponential and logarithm are
//! `libm`'s, since the platform's differ in their last bits.

mod select;

use crate::{Code, Error};
use alloy_primitives::{B256, keccak256};
use alloy_sol_types::SolValue;
use select::Selector;
use serde::{Deserialize, Serialize};

/// Most candidates that are ever considered.
pub const MAX_TOP_K: u32 = 256;
/// Largest temperature, in thousandths.
pub const MAX_TEMPERATURE: u32 = 2000;

/// How tokens are chosen. Fractions are integers in thousandths, so that every side hashes and computes the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sampling {
    /// 0 to 2000 thousandths; 0 takes the first candidate always.
    pub temperature: u32,
    /// 1 to 256 candidates; 0 means 256.
    pub top_k: u32,
    /// 1 to 1000 thousandths of the probability; 1000 keeps all.
    pub top_p: u32,
    /// 0 to 1000 thousandths of the best candidate's probability; 0 keeps all.
    pub min_p: u32,
}

impl Sampling {
    /// Temperature 0.7, top-k 40, top-p 0.95, min-p 0.05.
    pub const DEFAULT: Self = Self { temperature: 700, top_k: 40, top_p: 950, min_p: 50 };

    /// Always the likeliest token.
    #[must_use]
    pub const fn greedy() -> Self {
        Self { temperature: 0, top_k: 1, top_p: 1000, min_p: 0 }
    }

    /// Checks every bound.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidParams`].
    pub fn validate(&self) -> Result<(), Error> {
        let in_bounds = [
            ("temperature", self.temperature <= MAX_TEMPERATURE, "0 to 2000"),
            ("top_k", self.top_k <= MAX_TOP_K, "0 to 256"),
            ("top_p", (1..=1000).contains(&self.top_p), "1 to 1000"),
            ("min_p", self.min_p <= 1000, "0 to 1000"),
        ];
        match in_bounds.iter().find(|(_, good, _)| !good) {
            Some((name, _, bounds)) => Err(Error::coded(Code::InvalidParams, format!("{name} is not in {bounds}"))),
            None => Ok(()),
        }
    }

    fn candidates(&self) -> usize {
        (if self.top_k == 0 { MAX_TOP_K } else { self.top_k }) as usize
    }
}

impl Default for Sampling {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What [`crate::transcript::Profile::sampler`] is for this sampler.
#[must_use]
pub fn sampler_id() -> B256 {
    keccak256("fabstir/sampler/1")
}

/// The seed of a turn's noise, from the renter's nonce and the host's seed: neither can grind it alone.
#[must_use]
pub fn turn_seed(nonce: B256, host_seed: B256) -> B256 {
    keccak256((keccak256("fabstir/seed/1"), nonce, host_seed).abi_encode())
}

/// Chooses one token with a scratch of its own; see [`Sampler::sample`].
///
/// # Errors
///
/// As [`Sampler::sample`].
pub fn sample(logits: &[f32], sampling: &Sampling, turn_seed: &B256, position: u64) -> Result<u32, Error> {
    Sampler::new().sample(logits, sampling, turn_seed, position)
}

/// The sampler's scratch: one for each generation, so that a token costs no allocation.
#[derive(Debug, Clone)]
pub struct Sampler {
    selector: Selector,
    /// Best first.
    candidates: Vec<Candidate>,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    id: u32,
    /// Its logit over the temperature.
    scaled: f64,
    /// Its probability relative to the best candidate's.
    weight: f64,
}

impl Default for Sampler {
    fn default() -> Self {
        Self::new()
    }
}

impl Sampler {
    /// An empty scratch.
    #[must_use]
    pub fn new() -> Self {
        Self { selector: Selector::new(), candidates: Vec::with_capacity(MAX_TOP_K as usize) }
    }

    /// Chooses the token at `position` (tokens fed or sampled before it in the session).
    ///
    /// # Errors
    ///
    /// [`Code::InvalidParams`] if the parameters are out of bounds; [`Error::Invalid`] if a logit is NaN or positive
    /// infinity, or none is finite.
    pub fn sample(
        &mut self,
        logits: &[f32],
        sampling: &Sampling,
        turn_seed: &B256,
        position: u64,
    ) -> Result<u32, Error> {
        sampling.validate()?;
        let greedy = sampling.temperature == 0;
        let k = if greedy { 1 } else { sampling.candidates() };
        let mut ids = self.selector.best(logits, k)?.map(|id| (id, logits[id as usize])).peekable();
        let (best, best_logit) = *ids.peek().ok_or_else(|| Error::invalid("logits", "none is finite"))?;
        if best_logit == f32::INFINITY {
            return Err(Error::invalid("logits", "positive infinity"));
        }
        if greedy {
            return Ok(best);
        }
        let scaled = |logit: f32| f64::from(logit) * 1000.0 / f64::from(sampling.temperature);
        self.candidates.clear();
        self.candidates.extend(ids.map(|(id, logit)| {
            let scaled_logit = scaled(logit);
            Candidate { id, scaled: scaled_logit, weight: libm::exp(scaled_logit - scaled(best_logit)) }
        }));
        let min_p = f64::from(sampling.min_p);
        let kept = nucleus(&self.candidates, sampling.top_p);
        let kept = kept.iter().filter(|candidate| candidate.weight * 1000.0 >= min_p);
        Ok(gumbel_max(kept, turn_seed, position).unwrap_or(best))
    }
}

/// The fewest candidates, best first, that hold `top_p` thousandths of the weight; one at least.
fn nucleus(candidates: &[Candidate], top_p: u32) -> &[Candidate] {
    if top_p == 1000 {
        return candidates;
    }
    // Added from left to right, as everywhere: the last bits of a sum depend on the order.
    let total = candidates.iter().fold(0.0, |total, candidate| total + candidate.weight);
    let wanted = total * f64::from(top_p);
    let mut held = 0.0;
    let last = candidates.iter().position(|candidate| {
        held += candidate.weight;
        held * 1000.0 >= wanted
    });
    last.map_or(candidates, |last| &candidates[..=last])
}

/// The candidate of the largest score; of equal ones the first.
fn gumbel_max<'a>(candidates: impl Iterator<Item = &'a Candidate>, turn_seed: &B256, position: u64) -> Option<u32> {
    let mut input = [0; 12];
    input[..8].copy_from_slice(&position.to_le_bytes());
    let mut winner: Option<(f64, u32)> = None;
    for candidate in candidates {
        input[8..].copy_from_slice(&candidate.id.to_le_bytes());
        let score = candidate.scaled + gumbel(turn_seed, &input);
        if winner.is_none_or(|(best, _)| score > best) {
            winner = Some((score, candidate.id));
        }
    }
    winner.map(|(_, id)| id)
}

/// Standard Gumbel noise from 53 bits of a keyed hash.
fn gumbel(turn_seed: &B256, input: &[u8; 12]) -> f64 {
    let hash = blake3::keyed_hash(&turn_seed.0, input);
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    let uniform = ((u64::from_le_bytes(first) >> 11) as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0);
    -libm::log(-libm::log(uniform))
}

#[cfg(test)]
mod tests;
