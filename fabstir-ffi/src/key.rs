//! Private keys: they never leave their handle unasked.

use crate::{
    boundary::{Failure, guard},
    fabstir_address, fabstir_hash, fabstir_signature, fabstir_status,
    handle::Table,
    pointer::{out, read},
};
use fabstir_core::signature::SigningKey;
use rand::{TryRngCore, rngs::OsRng};
use zeroize::Zeroizing;

/// A private key. Its memory is wiped when it is freed.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Debug)]
pub struct fabstir_key {
    _opaque: [u8; 0],
}

pub(crate) static KEYS: Table<fabstir_key, SigningKey> = Table::new("key");

/// A key from its 32 bytes; the caller wipes its own copy. INVALID_VALUE if they are zero or not below the curve's order.
/// Memory: the caller frees `*key` with fabstir_key_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_key_new(secret: *const fabstir_hash, key: *mut *mut fabstir_key) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (secret, key) = unsafe { (Zeroizing::new(read(secret, "secret")?.bytes), out(key, "key")?) };
        key.write(KEYS.insert(SigningKey::from_bytes(&secret)?));
        Ok(())
    })
}

/// A new key from the system's randomness. INTERNAL if there is none.
/// Memory: the caller frees `*key` with fabstir_key_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_key_generate(key: *mut *mut fabstir_key) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let key = unsafe { out(key, "key") }?;
        let mut secret = Zeroizing::new([0; 32]);
        OsRng
            .try_fill_bytes(&mut *secret)
            .map_err(|error| Failure::new(fabstir_status::Internal, format!("no randomness: {error}")))?;
        key.write(KEYS.insert(SigningKey::from_bytes(&secret)?));
        Ok(())
    })
}

/// The address that the key's signatures recover to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_key_address(key: *const fabstir_key, address: *mut fabstir_address) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        unsafe { out(address, "address") }?.write(KEYS.get(key)?.address().into());
        Ok(())
    })
}

/// The secret itself, for a keystore.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_key_secret(key: *const fabstir_key, secret: *mut fabstir_hash) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        unsafe { out(secret, "secret") }?.write(fabstir_hash { bytes: *KEYS.get(key)?.expose_secret() });
        Ok(())
    })
}

/// Signs a digest: deterministic (RFC 6979), low s.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_key_sign(
    key: *const fabstir_key,
    digest: *const fabstir_hash,
    signature: *mut fabstir_signature,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (digest, signature) = unsafe { (read(digest, "digest")?, out(signature, "signature")?) };
        signature.write(KEYS.get(key)?.sign_digest(digest.into()).into());
        Ok(())
    })
}

/// Frees a key. NULL, or one freed before, is a no-op.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_key_free(key: *mut fabstir_key) {
    KEYS.free(key);
}
