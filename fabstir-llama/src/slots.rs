//! Which conversation's KV cache is where.

use crate::Error;
use fabstir_core::inference::{SequenceId, TokenId};

/// One sequence of llama.cpp's cache.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// Whose it is; `None` if it is free.
    sequence: Option<SequenceId>,
    /// Every token given for or sampled in the conversation, computed or not.
    pub(crate) tokens: Vec<TokenId>,
    /// How many of `tokens` the cache holds: a prefix.
    pub(crate) cached: usize,
    /// Whether the cache holds what is nobody's any more. Then `cached` is 0.
    pub(crate) stale: bool,
    /// The last claim's number; what an older one computed does not count.
    claim: u64,
    /// Whether that claim is still held.
    held: bool,
    /// Whether to free it when the claim ends.
    forgotten: bool,
    /// When it was last used, in the order of uses.
    used: u64,
}

/// The right to make one answer in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) slot: usize,
    number: u64,
}

/// All slots.
#[derive(Debug)]
pub(crate) struct Slots {
    slots: Vec<Slot>,
    uses: u64,
    /// Conversations whose cache made room for another's.
    evictions: u64,
}

impl Slots {
    pub(crate) fn new(count: usize) -> Self {
        Self { slots: (0..count).map(|_| Slot::default()).collect(), uses: 0, evictions: 0 }
    }

    pub(crate) fn get(&self, index: usize) -> &Slot {
        &self.slots[index]
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> &mut Slot {
        &mut self.slots[index]
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut Slot)> {
        self.slots.iter_mut().enumerate()
    }

    pub(crate) const fn evictions(&self) -> u64 {
        self.evictions
    }

    /// How many of a conversation's tokens a request may call known.
    pub(crate) fn known(&self, sequence: SequenceId) -> usize {
        self.find(sequence).map_or(0, |slot| self.slots[slot].tokens.len())
    }

    fn find(&self, sequence: SequenceId) -> Option<usize> {
        self.slots.iter().position(|slot| slot.sequence == Some(sequence))
    }

    /// Claims a slot for a conversation's next answer: its own, a free one, or that of the conversation idle longest.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] or [`Error::Overloaded`]; nothing has changed then.
    pub(crate) fn claim(&mut self, sequence: SequenceId) -> Result<Claim, Error> {
        let found = self.find(sequence);
        if found.is_some_and(|slot| self.slots[slot].held) {
            return Err(Error::Busy);
        }
        let index = found.or_else(|| self.room()).ok_or(Error::Overloaded(self.slots.len()))?;
        self.uses += 1;
        let slot = &mut self.slots[index];
        if found.is_none() {
            self.evictions += u64::from(slot.sequence.is_some());
            slot.clear();
            slot.sequence = Some(sequence);
        }
        (slot.claim, slot.held, slot.used) = (self.uses, true, self.uses);
        Ok(Claim { slot: index, number: self.uses })
    }

    /// Gives a claimed slot the tokens of its answer. The last one is never counted as cached: its logits are needed.
    ///
    /// # Errors
    ///
    /// [`Error::Evicted`]; nothing has changed then.
    pub(crate) fn begin(
        &mut self,
        claim: Claim,
        tokens: Vec<TokenId>,
        known: usize,
        reread: bool,
    ) -> Result<(), Error> {
        if !self.holds(claim) {
            // Cancelled: what happens to the slot is another's affair.
            return Ok(());
        }
        let slot = &mut self.slots[claim.slot];
        let shared = common_prefix(&slot.tokens, &tokens);
        if shared < known && !reread {
            return Err(Error::Evicted { tokens: known });
        }
        slot.cached = shared.min(slot.cached).min(tokens.len().saturating_sub(1));
        slot.tokens = tokens;
        Ok(())
    }

    /// Whether a claim is held.
    pub(crate) fn holds(&self, claim: Claim) -> bool {
        let slot = &self.slots[claim.slot];
        slot.held && slot.claim == claim.number
    }

    /// So many more of the tokens are in the cache, unless the slot is another's by now.
    pub(crate) fn computed(&mut self, claim: Claim, count: usize) {
        let slot = &mut self.slots[claim.slot];
        if slot.claim == claim.number {
            slot.cached += count;
        }
    }

    /// Adds a token that was sampled; `false` if the claim is not held any more.
    pub(crate) fn sampled(&mut self, claim: Claim, token: TokenId) -> bool {
        let holds = self.holds(claim);
        if holds {
            self.slots[claim.slot].tokens.push(token);
        }
        holds
    }

    /// Ends a claim; one that has ended is left alone. Returns whether it was held.
    pub(crate) fn release(&mut self, claim: Claim) -> bool {
        if !self.holds(claim) {
            return false;
        }
        self.uses += 1;
        let slot = &mut self.slots[claim.slot];
        (slot.held, slot.used) = (false, self.uses);
        if slot.forgotten || slot.tokens.is_empty() {
            slot.clear();
        }
        true
    }

    /// Frees a conversation's slot, at once or when its claim ends. Returns whether it is free now.
    pub(crate) fn forget(&mut self, sequence: SequenceId) -> bool {
        let Some(index) = self.find(sequence) else { return false };
        let slot = &mut self.slots[index];
        slot.forgotten = true;
        if !slot.held {
            slot.clear();
        }
        !slot.held
    }

    /// What the cache holds of a slot is not known any more: its claim ends, and the conversation is forgotten.
    pub(crate) fn spoil(&mut self, claim: Claim) {
        let slot = &mut self.slots[claim.slot];
        if slot.held && slot.claim == claim.number {
            slot.forgotten = true;
            self.release(claim);
        } else {
            // Whoever has it since computes everything again.
            slot.cached = 0;
        }
    }

    /// A free slot, the lowest first, or the idle one that was used longest ago.
    fn room(&self) -> Option<usize> {
        let free = self.slots.iter().position(|slot| slot.sequence.is_none());
        free.or_else(|| {
            let idle = self.slots.iter().enumerate().filter(|(_, slot)| !slot.held);
            idle.min_by_key(|(_, slot)| slot.used).map(|(index, _)| index)
        })
    }
}

impl Slot {
    /// Frees it; its cache is to be cleared. No claim on it counts any more.
    fn clear(&mut self) {
        *self = Self { stale: true, used: self.used, ..Self::default() };
    }
}

fn common_prefix(a: &[TokenId], b: &[TokenId]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(slots: &mut Slots, sequence: u64, tokens: &[u32], known: usize, reread: bool) -> Result<Claim, Error> {
        let claim = slots.claim(sequence)?;
        let begun = slots.begin(claim, tokens.to_vec(), known, reread);
        if begun.is_err() {
            slots.release(claim);
        }
        begun.map(|()| claim)
    }

    /// Places a request, computes it whole and ends it.
    fn answered(slots: &mut Slots, sequence: u64, tokens: &[u32]) -> usize {
        let claim = place(slots, sequence, tokens, 0, false).unwrap();
        let lacking = tokens.len() - slots.get(claim.slot).cached;
        slots.computed(claim, lacking);
        slots.release(claim);
        claim.slot
    }

    fn kept(slots: &mut Slots, sequence: u64, tokens: &[u32], known: usize) -> usize {
        let claim = place(slots, sequence, tokens, known, false).unwrap();
        slots.get(claim.slot).cached
    }

    #[test]
    fn a_conversation_goes_on_where_it_was() {
        let mut slots = Slots::new(2);
        let slot = answered(&mut slots, 7, &[1, 2, 3]);
        let claim = place(&mut slots, 7, &[1, 2, 3, 4, 5], 3, false).unwrap();
        assert_eq!((claim.slot, slots.get(slot).cached, slots.evictions()), (slot, 3, 0));
    }

    #[test]
    fn tokens_given_but_not_yet_computed_are_known() {
        let mut slots = Slots::new(1);
        let claim = place(&mut slots, 7, &[1, 2, 3], 0, false).unwrap();
        slots.computed(claim, 1);
        slots.release(claim);
        assert_eq!(kept(&mut slots, 7, &[1, 2, 3, 4], 3), 1);
    }

    #[test]
    fn what_was_sampled_ahead_of_the_reader_is_dropped() {
        let mut slots = Slots::new(1);
        answered(&mut slots, 7, &[1, 2, 3, 4, 5]);
        assert_eq!(kept(&mut slots, 7, &[1, 2, 3, 9], 3), 3);
    }

    #[test]
    fn the_last_token_is_computed_again_for_its_logits() {
        let mut slots = Slots::new(1);
        answered(&mut slots, 7, &[1, 2, 3]);
        assert_eq!(kept(&mut slots, 7, &[1, 2, 3], 3), 2);
    }

    #[test]
    fn the_longest_idle_conversation_makes_room_and_is_evicted() {
        let mut slots = Slots::new(2);
        let first = answered(&mut slots, 1, &[1]);
        answered(&mut slots, 2, &[2]);
        assert_eq!((answered(&mut slots, 3, &[3]), slots.evictions()), (first, 1));
        assert!(slots.get(first).stale, "the cache still has what was evicted");
        assert_eq!(place(&mut slots, 1, &[1, 1], 1, false), Err(Error::Evicted { tokens: 1 }));
        let claim = place(&mut slots, 1, &[1, 1], 1, true).unwrap();
        assert_eq!(slots.get(claim.slot).cached, 0);
    }

    #[test]
    fn claimed_slots_are_never_taken() {
        let mut slots = Slots::new(1);
        let claim = slots.claim(1).unwrap();
        assert_eq!(slots.claim(1), Err(Error::Busy));
        assert_eq!(slots.claim(2), Err(Error::Overloaded(1)));
        assert!(slots.release(claim));
        slots.claim(2).unwrap();
        assert_eq!(slots.evictions(), 0, "nothing was ever said in it");
    }

    #[test]
    fn what_a_cancelled_answer_still_does_touches_no_later_one() {
        let mut slots = Slots::new(1);
        let gone = place(&mut slots, 7, &[1, 2, 3], 0, false).unwrap();
        slots.computed(gone, 1);
        assert!(slots.release(gone));
        // The step under way ends before anybody else has the slot.
        slots.computed(gone, 1);
        assert!(!slots.sampled(gone, 9));
        let next = place(&mut slots, 7, &[1, 2, 3, 4], 3, false).unwrap();
        assert_eq!(slots.get(0).cached, 2);
        slots.computed(gone, 1);
        assert!(!slots.release(gone) && slots.holds(next));
        assert_eq!((slots.get(0).cached, slots.get(0).tokens.as_slice()), (2, [1, 2, 3, 4].as_slice()));
        slots.spoil(gone);
        assert!(slots.holds(next) && slots.get(0).cached == 0, "nobody knows what the cache holds");
        slots.spoil(next);
        assert_eq!(slots.known(7), 0);
    }

    #[test]
    fn another_history_counts_as_evicted() {
        let mut slots = Slots::new(1);
        answered(&mut slots, 7, &[1, 2, 3]);
        assert_eq!(place(&mut slots, 7, &[1, 9, 3, 4], 3, false), Err(Error::Evicted { tokens: 3 }));
    }

    #[test]
    fn a_conversation_forgotten_while_busy_is_freed_at_its_end() {
        let mut slots = Slots::new(1);
        let claim = place(&mut slots, 7, &[1], 0, false).unwrap();
        assert!(!slots.forget(7));
        assert!(slots.holds(claim) && slots.release(claim));
        assert_eq!(slots.known(7), 0);
        answered(&mut slots, 7, &[1]);
        assert!(slots.forget(7) && slots.get(0).stale);
    }
}
