//! Leaves: runs of tokens of one kind in one turn.

use super::hash::{tagged, word};
use alloy_primitives::{B256, Keccak256};

/// Most tokens in one leaf: what a dispute ever has to reveal.
pub const LEAF_TOKENS: usize = 32;

/// What a leaf's tokens are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// Given to the model and not sampled. Billed as input.
    Fed = 0,
    /// Sampled by the model. Billed as output.
    Sampled = 1,
    /// No tokens: the context drops a range. Unbilled.
    Edit = 2,
    /// Read again after an eviction. Billed as input; leaves the context unchanged.
    Reread = 3,
}

impl Kind {
    /// The number, as it is hashed and sent.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Fed, Self::Sampled, Self::Edit, Self::Reread].into_iter().find(|kind| kind.number() == number)
    }
}

/// keccak256 of token ids as little-endian `u32`, concatenated.
#[must_use]
pub fn tokens_digest(tokens: &[u32]) -> B256 {
    let mut hasher = Keccak256::new();
    for token in tokens {
        hasher.update(token.to_le_bytes());
    }
    hasher.finalize()
}

/// What an edit leaf has in place of tokens: keccak256 of both positions as big-endian `u64`.
#[must_use]
pub fn edit_digest(start: u64, end: u64) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update(start.to_be_bytes());
    hasher.update(end.to_be_bytes());
    hasher.finalize()
}

/// The context after a leaf.
#[must_use]
pub fn context_after(context: B256, kind: Kind, count: u32, tokens: B256) -> B256 {
    if kind == Kind::Reread {
        return context;
    }
    tagged("fabstir/context/1", [context, word(kind.number()), word(count), tokens])
}

/// A closed leaf: everything its hash commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Binds it to the session and profile.
    pub salt: B256,
    /// Its number in the session, from 0.
    pub index: u64,
    /// Its turn, from 0.
    pub turn: u64,
    /// What its tokens are.
    pub kind: Kind,
    /// Tokens fed or sampled before it in the session.
    pub position: u64,
    /// How many tokens it has.
    pub count: u32,
    /// The context before it.
    pub context: B256,
    /// Digest of its tokens, see [`tokens_digest`] and [`edit_digest`].
    pub tokens: B256,
    /// Request digest (fed) or activation fingerprint (sampled); zero without one.
    pub fingerprint: B256,
    /// Keeps an unrevealed leaf from being guessed.
    pub blind: B256,
}

impl Leaf {
    /// The leaf's hash.
    #[must_use]
    pub fn hash(&self) -> B256 {
        let words = [
            self.salt,
            word(self.index),
            word(self.turn),
            word(self.kind.number()),
            word(self.position),
            word(self.count),
            self.context,
            self.tokens,
            self.fingerprint,
            self.blind,
        ];
        tagged("fabstir/leaf/1", words)
    }

    /// The context after it.
    #[must_use]
    pub fn context_after(&self) -> B256 {
        context_after(self.context, self.kind, self.count, self.tokens)
    }

    /// Tokens it bills as input.
    #[must_use]
    pub fn input_tokens(&self) -> u64 {
        if matches!(self.kind, Kind::Fed | Kind::Reread) { u64::from(self.count) } else { 0 }
    }

    /// Tokens it bills as output.
    #[must_use]
    pub fn output_tokens(&self) -> u64 {
        if self.kind == Kind::Sampled { u64::from(self.count) } else { 0 }
    }
}

/// The leaf that is still growing.
#[derive(Clone)]
pub(super) struct OpenLeaf {
    index: u64,
    turn: u64,
    kind: Kind,
    position: u64,
    fingerprint: B256,
    tokens: [u32; LEAF_TOKENS],
    count: usize,
}

impl OpenLeaf {
    pub(super) const fn new(index: u64, turn: u64, kind: Kind, position: u64, fingerprint: B256) -> Self {
        Self { index, turn, kind, position, fingerprint, tokens: [0; LEAF_TOKENS], count: 0 }
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether one more token of this kind belongs here.
    pub(super) fn accepts(&self, kind: Kind) -> bool {
        self.count < LEAF_TOKENS && self.kind == kind
    }

    pub(super) fn push(&mut self, token: u32) {
        if let Some(place) = self.tokens.get_mut(self.count) {
            *place = token;
            self.count += 1;
        }
    }

    fn count(&self) -> u32 {
        // At most LEAF_TOKENS.
        self.count as u32
    }

    pub(super) fn tokens_digest(&self) -> B256 {
        tokens_digest(&self.tokens[..self.count])
    }

    pub(super) fn context_after(&self, context: B256) -> B256 {
        context_after(context, self.kind, self.count(), self.tokens_digest())
    }

    pub(super) fn close(self, salt: B256, secret: B256, context: B256, tokens: B256) -> Leaf {
        Leaf {
            salt,
            index: self.index,
            turn: self.turn,
            kind: self.kind,
            position: self.position,
            count: self.count(),
            context,
            tokens,
            fingerprint: self.fingerprint,
            blind: tagged("fabstir/blind/1", [secret, word(self.index)]),
        }
    }
}
