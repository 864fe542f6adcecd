//! The best few of a vocabulary's logits, without sorting it.
//!
//! Two passes that vectorise. The first keeps the largest logit of each of [`LANES`] interleaved lanes; the k-th largest
//! of those maxima is a bound that at least k logits reach, and in practice few more. The second collects what reaches
//! it.

use crate::Error;

/// Lanes of the first pass: twice the most candidates there can be, so that the bound is tight.
const LANES: usize = 2 * super::MAX_TOP_K as usize;

/// Logits that the second pass looks at together.
const CHUNK: usize = 32;

/// The scratch of a selection.
#[derive(Debug, Clone)]
pub(super) struct Selector {
    maxima: Vec<f32>,
    keys: Vec<u64>,
}

impl Selector {
    pub(super) fn new() -> Self {
        Self { maxima: vec![f32::NEG_INFINITY; LANES], keys: Vec::with_capacity(2 * LANES) }
    }

    /// Ids of the `k` best logits, best first; of equal ones the smaller id. Fewer if fewer are possible: minus infinity
    /// is never selected, since it weighs nothing and never wins.
    pub(super) fn best<'a>(&'a mut self, logits: &[f32], k: usize) -> Result<impl Iterator<Item = u32> + 'a, Error> {
        let bound = self.bound(logits, k)?;
        self.collect(logits, bound);
        if self.keys.len() > k {
            self.keys.select_nth_unstable_by(k - 1, |a, b| b.cmp(a));
            self.keys.truncate(k);
        }
        self.keys.sort_unstable_by(|a, b| b.cmp(a));
        Ok(self.keys.iter().map(|key| id_of(*key)))
    }

    /// A logit that at least `k` of them reach, minus infinity if there are fewer lanes in use.
    fn bound(&mut self, logits: &[f32], k: usize) -> Result<f32, Error> {
        self.maxima.fill(f32::NEG_INFINITY);
        let mut not_numbers = 0_u32;
        for row in logits.chunks(LANES) {
            for (maximum, logit) in self.maxima.iter_mut().zip(row) {
                not_numbers |= u32::from(logit.is_nan());
                *maximum = if *logit > *maximum { *logit } else { *maximum };
            }
        }
        if not_numbers != 0 {
            return Err(Error::invalid("logits", "not a number"));
        }
        let (_, bound, _) = self.maxima.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
        Ok(*bound)
    }

    fn collect(&mut self, logits: &[f32], bound: f32) {
        self.keys.clear();
        let (chunks, rest) = logits.as_chunks::<CHUNK>();
        let mut start = 0;
        for chunk in chunks {
            if chunk.iter().fold(false, |any, logit| any | (*logit >= bound)) {
                self.collect_from(chunk, start, bound);
            }
            start += CHUNK as u32;
        }
        self.collect_from(rest, start, bound);
    }

    fn collect_from(&mut self, logits: &[f32], start: u32, bound: f32) {
        let reaching = (start..).zip(logits).filter(|(_, logit)| **logit >= bound && **logit > f32::NEG_INFINITY);
        self.keys.extend(reaching.map(|(id, logit)| key(*logit, id)));
    }
}

/// Orders candidates as one integer: by logit, then the smaller id first. `-0` counts as `0`.
pub(super) fn key(logit: f32, id: u32) -> u64 {
    let bits = (logit + 0.0).to_bits();
    // Flips negative numbers whole and the sign of positive ones: then the bits order as the numbers do.
    let ordered = if bits >> 31 == 1 { !bits } else { bits | 0x8000_0000 };
    u64::from(ordered) << 32 | u64::from(!id)
}

pub(super) const fn id_of(key: u64) -> u32 {
    !(key as u32)
}
