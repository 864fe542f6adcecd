//! Leaves, and the tree over them, each computed alone: what a dispute needs.

use crate::{
    boundary::{Failure, Outcome, guard},
    fabstir_hash, fabstir_status, fabstir_usage,
    pointer::{out, read, slice},
};
use alloy_primitives::B256;
use fabstir_core::transcript::{self, Kind, Leaf};

/// Tokens given to the model and not sampled. Billed as input.
pub const FABSTIR_LEAF_FED: u8 = 0;
/// Tokens sampled by the model. Billed as output.
pub const FABSTIR_LEAF_SAMPLED: u8 = 1;
/// No tokens: the context drops a range. Unbilled.
pub const FABSTIR_LEAF_EDIT: u8 = 2;
/// Tokens read again after an eviction. Billed as input; the context stays.
pub const FABSTIR_LEAF_REREAD: u8 = 3;

/// A closed leaf: a run of tokens of one kind in one turn.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_leaf {
    /// Binds it to session and profile.
    pub salt: fabstir_hash,
    /// Its number in the session, from 0.
    pub index: u64,
    /// Its turn, from 0.
    pub turn: u64,
    /// Tokens fed or sampled before it in the session.
    pub position: u64,
    /// How many tokens it has.
    pub count: u32,
    /// A FABSTIR_LEAF kind.
    pub kind: u8,
    /// The context before it.
    pub context: fabstir_hash,
    /// See fabstir_tokens_digest() and fabstir_edit_digest().
    pub tokens: fabstir_hash,
    /// Request digest (fed) or activation fingerprint (sampled); zero without one.
    pub fingerprint: fabstir_hash,
    /// Keeps an unrevealed leaf from being guessed.
    pub blind: fabstir_hash,
}

fn kind(number: u8) -> Outcome<Kind> {
    Kind::from_number(number).ok_or_else(|| Failure::invalid("kind of a leaf", number))
}

impl TryFrom<fabstir_leaf> for Leaf {
    type Error = fabstir_core::Error;

    fn try_from(leaf: fabstir_leaf) -> Result<Self, fabstir_core::Error> {
        let unknown = || fabstir_core::Error::invalid("kind of a leaf", leaf.kind.to_string());
        Ok(Self {
            salt: leaf.salt.into(),
            index: leaf.index,
            turn: leaf.turn,
            kind: Kind::from_number(leaf.kind).ok_or_else(unknown)?,
            position: leaf.position,
            count: leaf.count,
            context: leaf.context.into(),
            tokens: leaf.tokens.into(),
            fingerprint: leaf.fingerprint.into(),
            blind: leaf.blind.into(),
        })
    }
}

impl From<&Leaf> for fabstir_leaf {
    fn from(leaf: &Leaf) -> Self {
        Self {
            salt: leaf.salt.into(),
            index: leaf.index,
            turn: leaf.turn,
            position: leaf.position,
            count: leaf.count,
            kind: leaf.kind.number(),
            context: leaf.context.into(),
            tokens: leaf.tokens.into(),
            fingerprint: leaf.fingerprint.into(),
            blind: leaf.blind.into(),
        }
    }
}

/// The digest of token ids, as leaves and requests have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_tokens_digest(
    tokens: *const u32,
    count: usize,
    digest: *mut fabstir_hash,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (tokens, digest) = unsafe { (slice(tokens, count, "tokens")?, out(digest, "digest")?) };
        digest.write(transcript::tokens_digest(tokens).into());
        Ok(())
    })
}

/// What a leaf of kind EDIT has in place of tokens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_edit_digest(start: u64, end: u64, digest: *mut fabstir_hash) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        unsafe { out(digest, "digest") }?.write(transcript::edit_digest(start, end).into());
        Ok(())
    })
}

/// The context after a leaf of this kind with so many tokens, of this digest. INVALID_VALUE for a number that is no kind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_context_after(
    context: *const fabstir_hash,
    leaf_kind: u8,
    count: u32,
    tokens: *const fabstir_hash,
    after: *mut fabstir_hash,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (context, tokens, after) =
            unsafe { (read(context, "context")?, read(tokens, "tokens")?, out(after, "after")?) };
        after.write(transcript::context_after(context.into(), kind(leaf_kind)?, count, tokens.into()).into());
        Ok(())
    })
}

/// A leaf's hash. INVALID_VALUE if its kind is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_leaf_hash(leaf: *const fabstir_leaf, hash: *mut fabstir_hash) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (leaf, hash) = unsafe { (read(leaf, "leaf")?, out(hash, "hash")?) };
        hash.write(Leaf::try_from(leaf)?.hash().into());
        Ok(())
    })
}

/// The root over a checkpoint's leaves. INVALID_VALUE if the kind of one is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_leaves_root(
    leaves: *const fabstir_leaf,
    count: usize,
    root: *mut fabstir_hash,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (leaves, root) = unsafe { (slice(leaves, count, "leaves")?, out(root, "root")?) };
        let leaves = leaves.iter().map(|leaf| Leaf::try_from(*leaf)).collect::<Result<Vec<_>, _>>()?;
        root.write(transcript::root(&leaves).into());
        Ok(())
    })
}

/// A node of the tree: what its leaves bill, and its hash.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_node {
    /// Tokens billed below it.
    pub usage: fabstir_usage,
    /// Its hash; a leaf's own at the bottom.
    pub hash: fabstir_hash,
}

/// The parent of two nodes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_node_parent(
    left: *const fabstir_node,
    right: *const fabstir_node,
    parent: *mut fabstir_node,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (left, right, parent) = unsafe { (read(left, "left")?, read(right, "right")?, out(parent, "parent")?) };
        let sum = |node: fabstir_node| (node.usage.input, node.usage.output, B256::from(node.hash));
        let (input, output, hash) = transcript::node(sum(left), sum(right));
        parent.write(fabstir_node { usage: fabstir_usage { input, output }, hash: hash.into() });
        Ok(())
    })
}
