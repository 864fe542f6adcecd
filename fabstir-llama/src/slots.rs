//! Which conversation's KV cache is where.

use crate::Error;
use fabstir_core::inference::{SequenceId, TokenId};

/// One sequence of llama.cpp's cache.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// Whose it is; `None` if it is free.
    pub(crate) sequence: Option<SequenceId>,
    /// Every token given for or sampled in the conversation, computed or not.
    pub(crate) tokens: Vec<TokenId>,
    /// How many of `tokens` the cache holds: a prefix.
    pub(crate) cached: usize,
    /// Whether an answer is being made in it.
    pub(crate) busy: bool,
    /// Whether to free it when its answer ends.
    pub(crate) forgotten: bool,
    /// When it was last used, in the order of uses.
    used: u64,
}

/// Where a request's conversation goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) slot: usize,
    /// How many of the request's tokens the cache holds already. What it holds beyond them must be dropped.
    pub(crate) keep: usize,
    /// Whether another conversation's cache had to make room.
    pub(crate) evicted: bool,
}

/// All slots.
#[derive(Debug)]
pub(crate) struct Slots {
    slots: Vec<Slot>,
    uses: u64,
}

impl Slots {
    pub(crate) fn new(count: usize) -> Self {
        Self { slots: (0..count).map(|_| Slot::default()).collect(), uses: 0 }
    }

    pub(crate) fn get(&self, index: usize) -> &Slot {
        &self.slots[index]
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> &mut Slot {
        &mut self.slots[index]
    }

    pub(crate) fn find(&self, sequence: SequenceId) -> Option<usize> {
        self.slots.iter().position(|slot| slot.sequence == Some(sequence))
    }

    /// Places a request and marks its slot busy. The last token is never counted as kept: its logits are needed.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Evicted`] or [`Error::Overloaded`]; nothing has changed then.
    pub(crate) fn place(
        &mut self,
        sequence: SequenceId,
        tokens: Vec<TokenId>,
        known: usize,
        reread: bool,
    ) -> Result<Place, Error> {
        let found = self.find(sequence);
        let shared = found.map_or(0, |slot| common_prefix(&self.slots[slot].tokens, &tokens));
        if found.is_some_and(|slot| self.slots[slot].busy) {
            return Err(Error::Busy);
        }
        if shared < known && !reread {
            return Err(Error::Evicted { tokens: known });
        }
        let index = found.or_else(|| self.room()).ok_or(Error::Overloaded(self.slots.len()))?;
        self.uses += 1;
        let slot = &mut self.slots[index];
        let evicted = found.is_none() && slot.sequence.is_some();
        let cached = if found.is_some() { slot.cached } else { 0 };
        let keep = shared.min(cached).min(tokens.len().saturating_sub(1));
        *slot = Slot { sequence: Some(sequence), tokens, cached: keep, busy: true, forgotten: false, used: self.uses };
        Ok(Place { slot: index, keep, evicted })
    }

    /// Ends an answer; returns whether the slot's cache is to be cleared.
    pub(crate) fn release(&mut self, index: usize) -> bool {
        self.uses += 1;
        let slot = &mut self.slots[index];
        slot.busy = false;
        slot.used = self.uses;
        let forgotten = slot.forgotten;
        if forgotten {
            *slot = Slot::default();
        }
        forgotten
    }

    /// A free slot, the lowest first, or the idle one that was used longest ago.
    fn room(&self) -> Option<usize> {
        let free = self.slots.iter().position(|slot| slot.sequence.is_none());
        free.or_else(|| {
            let idle = self.slots.iter().enumerate().filter(|(_, slot)| !slot.busy);
            idle.min_by_key(|(_, slot)| slot.used).map(|(index, _)| index)
        })
    }
}

fn common_prefix(a: &[TokenId], b: &[TokenId]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places a request, computes it whole and ends it.
    fn answered(slots: &mut Slots, sequence: u64, tokens: &[u32]) -> usize {
        let place = slots.place(sequence, tokens.to_vec(), 0, false).unwrap();
        slots.get_mut(place.slot).cached = tokens.len();
        slots.release(place.slot);
        place.slot
    }

    #[test]
    fn a_conversation_goes_on_where_it_was() {
        let mut slots = Slots::new(2);
        let slot = answered(&mut slots, 7, &[1, 2, 3]);
        let place = slots.place(7, vec![1, 2, 3, 4, 5], 3, false).unwrap();
        assert_eq!(place, Place { slot, keep: 3, evicted: false });
    }

    #[test]
    fn tokens_given_but_not_yet_computed_are_known() {
        let mut slots = Slots::new(1);
        let place = slots.place(7, vec![1, 2, 3], 0, false).unwrap();
        slots.get_mut(place.slot).cached = 1;
        slots.release(place.slot);
        assert_eq!(slots.place(7, vec![1, 2, 3, 4], 3, false).unwrap().keep, 1);
    }

    #[test]
    fn what_was_sampled_ahead_of_the_reader_is_dropped() {
        let mut slots = Slots::new(1);
        answered(&mut slots, 7, &[1, 2, 3, 4, 5]);
        assert_eq!(slots.place(7, vec![1, 2, 3, 9], 3, false).unwrap().keep, 3);
    }

    #[test]
    fn the_last_token_is_computed_again_for_its_logits() {
        let mut slots = Slots::new(1);
        answered(&mut slots, 7, &[1, 2, 3]);
        assert_eq!(slots.place(7, vec![1, 2, 3], 3, false).unwrap().keep, 2);
    }

    #[test]
    fn the_longest_idle_conversation_makes_room_and_is_evicted() {
        let mut slots = Slots::new(2);
        let first = answered(&mut slots, 1, &[1]);
        answered(&mut slots, 2, &[2]);
        let place = slots.place(3, vec![3], 0, false).unwrap();
        assert_eq!((place.slot, place.evicted), (first, true));
        slots.release(place.slot);
        assert_eq!(slots.place(1, vec![1, 1], 1, false), Err(Error::Evicted { tokens: 1 }));
        assert_eq!(slots.place(1, vec![1, 1], 1, true).unwrap().keep, 0);
    }

    #[test]
    fn busy_slots_are_never_taken() {
        let mut slots = Slots::new(1);
        slots.place(1, vec![1], 0, false).unwrap();
        assert_eq!(slots.place(1, vec![1], 0, false), Err(Error::Busy));
        assert_eq!(slots.place(2, vec![2], 0, false), Err(Error::Overloaded(1)));
    }

    #[test]
    fn another_history_counts_as_evicted() {
        let mut slots = Slots::new(1);
        answered(&mut slots, 7, &[1, 2, 3]);
        assert_eq!(slots.place(7, vec![1, 9, 3, 4], 3, false), Err(Error::Evicted { tokens: 3 }));
    }

    #[test]
    fn a_conversation_forgotten_while_busy_is_freed_at_its_end() {
        let mut slots = Slots::new(1);
        let place = slots.place(7, vec![1], 0, false).unwrap();
        slots.get_mut(place.slot).forgotten = true;
        assert!(slots.release(place.slot));
        assert_eq!(slots.find(7), None);
    }
}
