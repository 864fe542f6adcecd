//! What decides which tokens come out, and the host's seed chain.

use crate::{
    boundary::{Failure, Outcome, guard},
    fabstir_hash, fabstir_status,
    pointer::{out, read},
};
use fabstir_core::transcript::{self, ModelId, Profile};

/// Most hashes that one call computes.
const MAX_SEED_CHAIN: u32 = 1 << 20;

/// Everything that decides which tokens come out of a prompt and a seed.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_profile {
    /// See fabstir_model_id().
    pub model_id: fabstir_hash,
    /// ggml type of the K cache.
    pub kv_type_k: u8,
    /// ggml type of the V cache.
    pub kv_type_v: u8,
    /// Whether flash attention is on: 0 or 1.
    pub flash_attention: u8,
    /// Longest sequence, in tokens.
    pub context_length: u32,
    /// Number of token ids.
    pub vocabulary: u32,
    /// Digest of the runtime's name and version.
    pub runtime: fabstir_hash,
    /// Digest of the sampler's name.
    pub sampler: fabstir_hash,
}

/// A yes or no that C wrote: a `bool` of another bit pattern must not reach Rust.
pub(crate) fn flag(number: u8, what: &'static str) -> Outcome<bool> {
    match number {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Failure::invalid(what, "neither 0 nor 1")),
    }
}

/// The id of a model file, from its BLAKE3 and its size in bytes: what terms, registry and profile name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_model_id(
    blake3: *const fabstir_hash,
    size: u64,
    model_id: *mut fabstir_hash,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (blake3, model_id) = unsafe { (read(blake3, "blake3")?, out(model_id, "model_id")?) };
        model_id.write(ModelId { blake3: blake3.into(), size }.hash().into());
        Ok(())
    })
}

/// The profile's digest. INVALID_VALUE if `flash_attention` is neither 0 nor 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_profile_hash(
    profile: *const fabstir_profile,
    hash: *mut fabstir_hash,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (profile, hash) = unsafe { (read(profile, "profile")?, out(hash, "hash")?) };
        let profile = Profile {
            model_id: profile.model_id.into(),
            kv_type_k: profile.kv_type_k,
            kv_type_v: profile.kv_type_v,
            flash_attention: flag(profile.flash_attention, "flash_attention")?,
            context_length: profile.context_length,
            vocabulary: profile.vocabulary,
            runtime: profile.runtime.into(),
            sampler: profile.sampler.into(),
        };
        hash.write(profile.hash().into());
        Ok(())
    })
}

/// What binds a transcript to its session and profile; `profile` is fabstir_profile_hash().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_session_salt(
    session_id: *const fabstir_hash,
    profile: *const fabstir_hash,
    salt: *mut fabstir_hash,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (id, profile, salt) =
            unsafe { (read(session_id, "session_id")?, read(profile, "profile")?, out(salt, "salt")?) };
        salt.write(transcript::salt(id.into(), profile.into()).into());
        Ok(())
    })
}

/// Link `k` of a host's seed chain of `length` links above the commitment, which is link 0; `root`, the last, is the host's
/// secret. INVALID_VALUE past the chain's end, or for a chain of more than 1,048,576 links.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_seed_link(
    root: *const fabstir_hash,
    length: u32,
    k: u32,
    link: *mut fabstir_hash,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (root, link) = unsafe { (read(root, "root")?, out(link, "link")?) };
        if length > MAX_SEED_CHAIN {
            return Err(Failure::invalid("seed chain", format!("more than {MAX_SEED_CHAIN} links")));
        }
        link.write(transcript::host_seed_link(root.into(), length, k)?.into());
        Ok(())
    })
}
