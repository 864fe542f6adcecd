//! Who signed.

use crate::{
    boundary::guard,
    fabstir_address, fabstir_hash, fabstir_signature, fabstir_status,
    pointer::{out, read},
};
use alloy_primitives::Address;
use fabstir_core::signature::recover;

/// Who signed the digest. BAD_SIGNATURE for v other than 27 or 28, s above half the curve's order, or one that recovers
/// to nobody.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_signature_recover(
    digest: *const fabstir_hash,
    signature: *const fabstir_signature,
    signer: *mut fabstir_address,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (digest, signature) = unsafe { (read(digest, "digest")?, read(signature, "signature")?) };
        // SAFETY: as above.
        let signer = unsafe { out(signer, "signer") }?;
        signer.write(recover(digest.into(), &signature.into())?.into());
        Ok(())
    })
}

/// Checks that `expected` signed the digest. BAD_SIGNATURE as fabstir_signature_recover(); WRONG_SIGNER if somebody else
/// did.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_signature_verify(
    digest: *const fabstir_hash,
    signature: *const fabstir_signature,
    expected: *const fabstir_address,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (digest, signature) = unsafe { (read(digest, "digest")?, read(signature, "signature")?) };
        // SAFETY: as above.
        let expected = Address::from(unsafe { read(expected, "expected") }?);
        let actual = recover(digest.into(), &signature.into())?;
        if actual == expected { Ok(()) } else { Err(fabstir_core::Error::WrongSigner { expected, actual }.into()) }
    })
}
