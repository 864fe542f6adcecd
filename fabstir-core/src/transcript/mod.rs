//! What was said, committed: every token fed or sampled, in order, chained into heads that both sides compute.
//!
//! Tokens gather into leaves, leaves into the root of a checkpoint, roots into heads. A leaf names the running digest
//! of everything before it (its *context*), so that one leaf can later be disputed alone; a blind keeps a leaf that
//! nobody reveals from being guessed. Memory stays flat: closed checkpoints are returned, not kept.

mod anchor;
mod hash;
mod leaf;
mod merkle;
mod profile;
mod record;
mod seed;

pub use anchor::Anchor;
pub use leaf::{Kind, LEAF_TOKENS, Leaf, context_after, edit_digest, tokens_digest};
pub use merkle::{SumNode, node, root};
pub use profile::{ModelId, Profile, salt};
pub use record::TurnRecord;
pub use seed::{host_seed_link, is_next_host_seed};

use crate::Error;
use alloy_primitives::{B256, U256};
use hash::{tagged, word};
use leaf::OpenLeaf;

/// A closed checkpoint: what is signed, and the leaves it commits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckpointRoot {
    /// From 1.
    pub sequence: u64,
    /// Tokens fed and re-read since the session opened.
    pub input_tokens: u64,
    /// Tokens sampled since the session opened.
    pub output_tokens: u64,
    /// Commits everything up to here.
    pub head: B256,
    /// Commits `leaves`.
    pub root: B256,
    /// Context after the last leaf.
    pub context: B256,
    /// The leaves since the checkpoint before.
    pub leaves: Vec<Leaf>,
}

/// One session's transcript. The same calls in the same order give the same heads on both sides.
///
/// Holds the leaves since the last checkpoint and a few digests, whatever the session's length; a clone is cheap.
#[derive(Clone)]
pub struct Transcript {
    salt: B256,
    secret: B256,
    context: B256,
    head: B256,
    sequence: u64,
    turns: u64,
    next_index: u64,
    position: u64,
    input_tokens: u64,
    output_tokens: u64,
    open: Option<OpenLeaf>,
    closed: Vec<Leaf>,
}

// By hand, since the secret must not reach a log.
impl core::fmt::Debug for Transcript {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Transcript")
            .field("head", &self.head)
            .field("sequence", &self.sequence)
            .field("turns", &self.turns)
            .field("position", &self.position)
            .field("input_tokens", &self.input_tokens)
            .field("output_tokens", &self.output_tokens)
            .finish_non_exhaustive()
    }
}

impl Transcript {
    /// An empty transcript. `profile` is [`Profile::hash`]; `secret` are 32 bytes the client chose at opening.
    #[must_use]
    pub fn new(session_id: U256, profile: B256, secret: B256) -> Self {
        let salt = salt(session_id, profile);
        Self {
            salt,
            secret,
            context: salt,
            head: salt,
            sequence: 0,
            turns: 0,
            next_index: 0,
            position: 0,
            input_tokens: 0,
            output_tokens: 0,
            open: None,
            closed: Vec::new(),
        }
    }

    /// Begins the next turn and returns its number, from 0.
    pub fn begin_turn(&mut self) -> u64 {
        self.close_leaf();
        self.turns += 1;
        self.turn()
    }

    /// Commits tokens given to the model and not sampled. `fingerprint` is the digest of the turn's `Request`, or zero:
    /// the same throughout a turn, since a leaf has one.
    pub fn feed(&mut self, tokens: &[u32], fingerprint: B256) {
        for token in tokens {
            self.push(Kind::Fed, *token, fingerprint);
        }
    }

    /// Commits one sampled token.
    pub fn sample(&mut self, token: u32) {
        self.push(Kind::Sampled, token, B256::ZERO);
    }

    /// Commits tokens the model read again after an eviction: billed as input, the context unchanged.
    pub fn reread(&mut self, tokens: &[u32]) {
        for token in tokens {
            self.push(Kind::Reread, *token, B256::ZERO);
        }
    }

    /// Commits that the context drops positions `[start, end)`. Unbilled.
    pub fn edit(&mut self, start: u64, end: u64) {
        self.close_leaf();
        let leaf = self.open_leaf(Kind::Edit, B256::ZERO);
        self.append(leaf.close(self.salt, self.secret, self.context, edit_digest(start, end)));
    }

    /// Closes a checkpoint over the leaves since the one before, none included.
    ///
    /// `fingerprints` are the activation fingerprints of the sampled leaves among them, in order; those left out are
    /// zero.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if there are more fingerprints than sampled leaves; nothing is changed then.
    pub fn checkpoint(&mut self, fingerprints: &[B256]) -> Result<CheckpointRoot, Error> {
        let sampled = self.sampled_leaves();
        if fingerprints.len() > sampled {
            let reason = format!("{} for {sampled} sampled leaves", fingerprints.len());
            return Err(Error::invalid("fingerprints", reason));
        }
        self.close_leaf();
        let mut leaves = core::mem::take(&mut self.closed);
        let sampled = leaves.iter_mut().filter(|leaf| leaf.kind == Kind::Sampled);
        for (leaf, fingerprint) in sampled.zip(fingerprints) {
            leaf.fingerprint = *fingerprint;
        }
        let root = root(&leaves);
        self.sequence += 1;
        self.head = head(self, root);
        Ok(CheckpointRoot {
            sequence: self.sequence,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            head: self.head,
            root,
            context: self.context,
            leaves,
        })
    }

    /// How many sampled leaves the next checkpoint will close: the most `fingerprints` may be.
    #[must_use]
    pub fn sampled_leaves(&self) -> usize {
        let open = self.open.as_ref().is_some_and(|leaf| leaf.kind() == Kind::Sampled);
        self.closed.iter().filter(|leaf| leaf.kind == Kind::Sampled).count() + usize::from(open)
    }

    /// Head of the last checkpoint; the salt if there is none.
    #[must_use]
    pub const fn head(&self) -> B256 {
        self.head
    }

    /// Digest of everything the model has read and said so far, as it is if the running leaf ends here.
    #[must_use]
    pub fn context(&self) -> B256 {
        self.open.as_ref().map_or(self.context, |leaf| leaf.context_after(self.context))
    }

    /// Tokens fed or sampled so far. Those read again do not count twice.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The current turn, from 0; 0 too before the first.
    #[must_use]
    pub const fn turn(&self) -> u64 {
        self.turns.saturating_sub(1)
    }

    /// Turns begun.
    #[must_use]
    pub const fn turns(&self) -> u64 {
        self.turns
    }

    /// Sequence of the last checkpoint; 0 if there is none.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Tokens fed and re-read so far.
    #[must_use]
    pub const fn input_tokens(&self) -> u64 {
        self.input_tokens
    }

    /// Tokens sampled so far.
    #[must_use]
    pub const fn output_tokens(&self) -> u64 {
        self.output_tokens
    }

    /// Binds every digest to this session and profile.
    #[must_use]
    pub const fn salt(&self) -> B256 {
        self.salt
    }

    /// Whether anything was committed since the last checkpoint.
    #[must_use]
    pub const fn is_dirty(&self) -> bool {
        self.open.is_some() || !self.closed.is_empty()
    }

    fn push(&mut self, kind: Kind, token: u32, fingerprint: B256) {
        if self.open.as_ref().is_some_and(|leaf| !leaf.accepts(kind)) {
            self.close_leaf();
        }
        let mut leaf = self.open.take().unwrap_or_else(|| self.open_leaf(kind, fingerprint));
        leaf.push(token);
        self.open = Some(leaf);
        match kind {
            Kind::Fed => self.input_tokens += 1,
            Kind::Sampled => self.output_tokens += 1,
            Kind::Reread => self.input_tokens += 1,
            Kind::Edit => {}
        }
        if matches!(kind, Kind::Fed | Kind::Sampled) {
            self.position += 1;
        }
    }

    fn open_leaf(&self, kind: Kind, fingerprint: B256) -> OpenLeaf {
        OpenLeaf::new(self.next_index, self.turn(), kind, self.position, fingerprint)
    }

    fn close_leaf(&mut self) {
        if let Some(leaf) = self.open.take() {
            let tokens = leaf.tokens_digest();
            self.append(leaf.close(self.salt, self.secret, self.context, tokens));
        }
    }

    fn append(&mut self, leaf: Leaf) {
        self.context = leaf.context_after();
        self.next_index += 1;
        self.closed.push(leaf);
    }
}

fn head(transcript: &Transcript, root: B256) -> B256 {
    let words = [
        transcript.salt,
        word(transcript.sequence),
        transcript.head,
        root,
        word(transcript.input_tokens),
        word(transcript.output_tokens),
        transcript.context,
    ];
    tagged("fabstir/head/1", words)
}

#[cfg(test)]
mod tests;
