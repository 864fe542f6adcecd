//! What was said, committed: the same calls in the same order give the same heads on both sides.

mod leaf;

pub use leaf::*;

use crate::{
    boundary::{Failure, guard},
    fabstir_hash, fabstir_status, fabstir_usage,
    handle::Table,
    pointer::{out, read, read_optional, slice},
};
use alloy_primitives::B256;
use fabstir_core::transcript::Transcript;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One session's transcript.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Debug)]
pub struct fabstir_transcript {
    _opaque: [u8; 0],
}

static TRANSCRIPTS: Table<fabstir_transcript, Mutex<Transcript>> = Table::new("transcript");

fn lock(transcript: &Mutex<Transcript>) -> MutexGuard<'_, Transcript> {
    transcript.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a transcript stands.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_transcript_standing {
    /// Head of the last checkpoint; the salt if there is none.
    pub head: fabstir_hash,
    /// Digest of everything the model has read and said so far.
    pub context: fabstir_hash,
    /// What binds every digest to session and profile.
    pub salt: fabstir_hash,
    /// Sequence of the last checkpoint; 0 if there is none.
    pub sequence: u64,
    /// Turns begun.
    pub turns: u64,
    /// Tokens fed or sampled; those read again do not count twice.
    pub position: u64,
    /// Tokens billed.
    pub usage: fabstir_usage,
    /// Sampled leaves that the next checkpoint will close.
    pub sampled_leaves: usize,
}

/// A closed checkpoint.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_checkpoint_root {
    /// From 1.
    pub sequence: u64,
    /// Tokens billed since the session opened.
    pub usage: fabstir_usage,
    /// Commits everything up to here.
    pub head: fabstir_hash,
    /// Commits the leaves.
    pub root: fabstir_hash,
    /// Context after the last leaf.
    pub context: fabstir_hash,
}

/// An empty transcript. `profile` is fabstir_profile_hash(); `secret` are the 32 bytes the client chose at opening.
/// Memory: the caller frees `*transcript` with fabstir_transcript_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_transcript_new(
    session_id: *const fabstir_hash,
    profile: *const fabstir_hash,
    secret: *const fabstir_hash,
    transcript: *mut *mut fabstir_transcript,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (id, profile) = unsafe { (read(session_id, "session_id")?, read(profile, "profile")?) };
        // SAFETY: as above.
        let (secret, transcript) = unsafe { (read(secret, "secret")?, out(transcript, "transcript")?) };
        let made = Transcript::new(id.into(), profile.into(), secret.into());
        transcript.write(TRANSCRIPTS.insert(Mutex::new(made)));
        Ok(())
    })
}

/// Begins the next turn; `*turn`, which may be NULL, becomes its number, from 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_transcript_begin_turn(
    transcript: *mut fabstir_transcript,
    turn: *mut u64,
) -> fabstir_status {
    guard(|| {
        let transcript = TRANSCRIPTS.get(transcript)?;
        // SAFETY: the caller's pointer is as the conventions say.
        let turn = if turn.is_null() { None } else { Some(unsafe { out(turn, "turn") }?) };
        let number = lock(&transcript).begin_turn();
        if let Some(turn) = turn {
            turn.write(number);
        }
        Ok(())
    })
}

/// Commits tokens given to the model and not sampled. `fingerprint` is the digest of the turn's request, the same
/// throughout a turn; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_transcript_feed(
    transcript: *mut fabstir_transcript,
    tokens: *const u32,
    count: usize,
    fingerprint: *const fabstir_hash,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (tokens, print) = unsafe { (slice(tokens, count, "tokens")?, read_optional(fingerprint, "fingerprint")?) };
        lock(&*TRANSCRIPTS.get(transcript)?).feed(tokens, print.unwrap_or_default().into());
        Ok(())
    })
}

/// Commits one sampled token.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_transcript_sample(transcript: *mut fabstir_transcript, token: u32) -> fabstir_status {
    guard(|| {
        lock(&*TRANSCRIPTS.get(transcript)?).sample(token);
        Ok(())
    })
}

/// Commits tokens that the model read again after an eviction: billed as input, the context unchanged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_transcript_reread(
    transcript: *mut fabstir_transcript,
    tokens: *const u32,
    count: usize,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let tokens = unsafe { slice(tokens, count, "tokens") }?;
        lock(&*TRANSCRIPTS.get(transcript)?).reread(tokens);
        Ok(())
    })
}

/// Commits that the context drops positions from `start` up to `end`. Unbilled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_transcript_edit(
    transcript: *mut fabstir_transcript,
    start: u64,
    end: u64,
) -> fabstir_status {
    guard(|| {
        lock(&*TRANSCRIPTS.get(transcript)?).edit(start, end);
        Ok(())
    })
}

/// Closes a checkpoint over the leaves since the one before. `fingerprints` are the activation fingerprints of the sampled
/// leaves among them, in order; those left out are zero.
///
/// The leaves are written to `leaves` if it is not NULL, and how many there are to `*leaf_count` if that is not NULL. If
/// anything is refused nothing has changed: BUFFER_TOO_SMALL if there are more leaves than `capacity` (`*leaf_count` is
/// written), INVALID_VALUE with more fingerprints than sampled leaves.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_transcript_checkpoint(
    transcript: *mut fabstir_transcript,
    fingerprints: *const fabstir_hash,
    fingerprint_count: usize,
    leaves: *mut fabstir_leaf,
    capacity: usize,
    leaf_count: *mut usize,
    checkpoint: *mut fabstir_checkpoint_root,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (prints, checkpoint) =
            unsafe { (slice(fingerprints, fingerprint_count, "fingerprints")?, out(checkpoint, "checkpoint")?) };
        let prints: Vec<B256> = prints.iter().map(|print| (*print).into()).collect();
        let transcript = TRANSCRIPTS.get(transcript)?;
        let mut transcript = lock(&transcript);
        let mut after = transcript.clone();
        let root = after.checkpoint(&prints)?;
        if !leaf_count.is_null() {
            // SAFETY: as above.
            unsafe { out(leaf_count, "leaf_count") }?.write(root.leaves.len());
        }
        if !leaves.is_null() {
            if root.leaves.len() > capacity {
                return Err(Failure::quiet(fabstir_status::BufferTooSmall));
            }
            // SAFETY: as above; asked only whether it is out of line.
            unsafe { out(leaves, "leaves") }?;
            for (index, leaf) in root.leaves.iter().enumerate() {
                // SAFETY: below `capacity`, which the caller vouches for.
                unsafe { leaves.add(index).write(leaf.into()) };
            }
        }
        checkpoint.write(fabstir_checkpoint_root {
            sequence: root.sequence,
            usage: fabstir_usage { input: root.input_tokens, output: root.output_tokens },
            head: root.head.into(),
            root: root.root.into(),
            context: root.context.into(),
        });
        *transcript = after;
        Ok(())
    })
}

/// Where the transcript stands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_transcript_state(
    transcript: *const fabstir_transcript,
    state: *mut fabstir_transcript_standing,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let state = unsafe { out(state, "state") }?;
        let transcript = TRANSCRIPTS.get(transcript)?;
        let transcript = lock(&transcript);
        state.write(fabstir_transcript_standing {
            head: transcript.head().into(),
            context: transcript.context().into(),
            salt: transcript.salt().into(),
            sequence: transcript.sequence(),
            turns: transcript.turns(),
            position: transcript.position(),
            usage: fabstir_usage { input: transcript.input_tokens(), output: transcript.output_tokens() },
            sampled_leaves: transcript.sampled_leaves(),
        });
        Ok(())
    })
}

/// Frees a transcript. NULL, or one freed before, is a no-op.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_transcript_free(transcript: *mut fabstir_transcript) {
    TRANSCRIPTS.free(transcript);
}
