//! Keys and recoverable secp256k1 signatures, as `ecrecover` takes them.
//!
//! libsecp256k1 natively (five times as fast), k256 on wasm32; a test holds them equal bit for bit.

use crate::Error;
use alloy_primitives::{Address, B256, Bytes, hex, keccak256};
use core::{fmt, str::FromStr};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

#[cfg(not(target_arch = "wasm32"))]
use native as curve;
#[cfg(target_arch = "wasm32")]
use portable as curve;

/// A private key. Wiped when dropped, never compared, never printed.
#[derive(Clone)]
pub struct SigningKey {
    secret: Zeroizing<[u8; 32]>,
    key: curve::Key,
    address: Address,
}

impl SigningKey {
    /// A key from its 32 bytes. The caller wipes its own copy.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if they are zero or not below the curve's order.
    pub fn from_bytes(secret: &[u8; 32]) -> Result<Self, Error> {
        let key = curve::Key::new(secret)
            .ok_or_else(|| Error::invalid("private key", "zero or not below the curve's order"))?;
        Ok(Self { secret: Zeroizing::new(*secret), address: address_of(&key.public()), key })
    }

    /// The address that its signatures recover to.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    /// The public key, compressed: 33 bytes, the first of them 2 or 3. What a host publishes in the registry.
    #[must_use]
    pub fn public_key(&self) -> [u8; 33] {
        let public = self.key.public();
        let mut compressed = [0; 33];
        compressed[0] = 2 + (public[64] & 1);
        compressed[1..].copy_from_slice(&public[1..33]);
        compressed
    }

    /// The secret itself, for a keystore or another signer.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// Signs a digest. Deterministic (RFC 6979), low s.
    #[must_use]
    pub fn sign_digest(&self, digest: B256) -> Signature65 {
        Signature65(self.key.sign(&digest))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A signature as 65 bytes: r, s, v, with v 27 or 28. What [`recover`] refuses can be carried too.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature65([u8; 65]);

/// Half the curve's order, rounded down: the largest s that is accepted. Without this bound every signature would have
/// a second form that anyone can compute.
const MAX_S: [u8; 32] = hex!("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");

impl Signature65 {
    /// A signature from its bytes, not checked.
    #[must_use]
    pub const fn new(bytes: [u8; 65]) -> Self {
        Self(bytes)
    }

    /// The bytes r, s, v.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 65] {
        &self.0
    }

    /// Refuses what the contract would: v other than 27 or 28, s above half the order.
    fn check(&self) -> Result<(), Error> {
        if !matches!(self.0[64], 27 | 28) {
            return Err(Error::BadSignature("v is not 27 or 28"));
        }
        if self.0[32..64] > MAX_S[..] {
            return Err(Error::BadSignature("s is not the lower of the two"));
        }
        Ok(())
    }
}

/// Who signed the digest.
///
/// # Errors
///
/// [`Error::BadSignature`] for v other than 27 or 28, s above half the curve's order, or r and s that recover to
/// nobody.
pub fn recover(digest: B256, signature: &Signature65) -> Result<Address, Error> {
    signature.check()?;
    let public = curve::recover(&digest, &signature.0[..64], signature.0[64] == 28)
        .ok_or(Error::BadSignature("recovers to nobody"))?;
    Ok(address_of(&public))
}

/// The address of an uncompressed public key (0x04, x, y).
fn address_of(public: &[u8; 65]) -> Address {
    Address::from_slice(&keccak256(&public[1..])[12..])
}

impl fmt::Debug for Signature65 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature65({self})")
    }
}

impl fmt::Display for Signature65 {
    /// 0x-hex.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode_prefixed(self.0))
    }
}

impl FromStr for Signature65 {
    type Err = Error;

    /// Reads 65 bytes of hex, with or without `0x`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut bytes = [0; 65];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| Error::BadSignature("not 65 bytes of hex"))?;
        Ok(Self(bytes))
    }
}

impl TryFrom<&[u8]> for Signature65 {
    type Error = Error;

    fn try_from(bytes: &[u8]) -> Result<Self, Error> {
        bytes.try_into().map(Self).map_err(|_| Error::BadSignature("not 65 bytes"))
    }
}

impl From<&Signature65> for Bytes {
    fn from(signature: &Signature65) -> Self {
        Self::copy_from_slice(&signature.0)
    }
}

impl Serialize for Signature65 {
    /// 0x-hex where people read, else 65 bytes.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_bytes(&self.0) }
    }
}

impl<'de> Deserialize<'de> for Signature65 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Signature65;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a signature of 65 bytes")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Signature65, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Signature65, E> {
                Signature65::try_from(bytes).map_err(E::custom)
            }
        }
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Visitor)
        } else {
            deserializer.deserialize_bytes(Visitor)
        }
    }
}

/// The curve by libsecp256k1.
#[cfg(not(target_arch = "wasm32"))]
mod native {
    use alloy_primitives::B256;
    use secp256k1::{
        All, Message, PublicKey, Secp256k1, SecretKey,
        ecdsa::{RecoverableSignature, RecoveryId},
    };
    use std::sync::LazyLock;

    static CONTEXT: LazyLock<Secp256k1<All>> = LazyLock::new(Secp256k1::new);

    #[derive(Clone)]
    pub(super) struct Key(SecretKey);

    impl Key {
        pub(super) fn new(secret: &[u8; 32]) -> Option<Self> {
            SecretKey::from_byte_array(*secret).ok().map(Self)
        }

        pub(super) fn public(&self) -> [u8; 65] {
            PublicKey::from_secret_key(&CONTEXT, &self.0).serialize_uncompressed()
        }

        pub(super) fn sign(&self, digest: &B256) -> [u8; 65] {
            let signature = CONTEXT.sign_ecdsa_recoverable(Message::from_digest(digest.0), &self.0);
            let (id, rs) = signature.serialize_compact();
            super::join(rs, i32::from(id) as u8)
        }
    }

    impl Drop for Key {
        fn drop(&mut self) {
            self.0.non_secure_erase();
        }
    }

    pub(super) fn recover(digest: &B256, rs: &[u8], odd: bool) -> Option<[u8; 65]> {
        let id = if odd { RecoveryId::One } else { RecoveryId::Zero };
        let signature = RecoverableSignature::from_compact(rs, id).ok()?;
        let public = CONTEXT.recover_ecdsa(Message::from_digest(digest.0), &signature).ok()?;
        Some(public.serialize_uncompressed())
    }
}

/// The curve in pure Rust, where no C compiler is.
#[cfg(any(target_arch = "wasm32", test))]
mod portable {
    use alloy_primitives::B256;
    use k256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};

    /// Wipes itself when dropped.
    #[derive(Clone)]
    pub(super) struct Key(SigningKey);

    impl Key {
        pub(super) fn new(secret: &[u8; 32]) -> Option<Self> {
            SigningKey::from_slice(secret).ok().map(Self)
        }

        pub(super) fn public(&self) -> [u8; 65] {
            uncompressed(self.0.verifying_key())
        }

        pub(super) fn sign(&self, digest: &B256) -> [u8; 65] {
            // Fails only for a digest below half the field's size, and this type has 32 bytes.
            let signed = self.0.sign_prehash_recoverable(digest.as_slice());
            signed.map_or([0; 65], |(rs, id)| super::join(rs.to_bytes().into(), id.to_byte()))
        }
    }

    pub(super) fn recover(digest: &B256, rs: &[u8], odd: bool) -> Option<[u8; 65]> {
        let signature = Signature::from_slice(rs).ok()?;
        let id = RecoveryId::new(odd, false);
        VerifyingKey::recover_from_prehash(digest.as_slice(), &signature, id).ok().map(|key| uncompressed(&key))
    }

    fn uncompressed(key: &VerifyingKey) -> [u8; 65] {
        let mut bytes = [0; 65];
        bytes.copy_from_slice(key.to_encoded_point(false).as_bytes());
        bytes
    }
}

/// r, s, v. An id above 1 (r beyond the order, once in 2^127) gives a v that [`recover`] refuses, as the contract does.
fn join(rs: [u8; 64], id: u8) -> [u8; 65] {
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&rs);
    bytes[64] = 27 + id;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;
    use alloy_primitives::{U256, address};
    use proptest::prelude::*;

    /// The curve's order.
    const ORDER: [u8; 32] = hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");

    /// The first account of every development chain.
    fn key() -> SigningKey {
        let secret = hex!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
        SigningKey::from_bytes(&secret).expect("valid key")
    }

    fn refused(signature: &Signature65) -> Option<Code> {
        recover(B256::repeat_byte(7), signature).err().map(|error| error.code())
    }

    #[test]
    fn the_public_key_is_compressed_and_gives_the_address() {
        let compressed = key().public_key();
        let point = secp256k1::PublicKey::from_slice(&compressed).expect("a point of the curve");
        assert_eq!(Address::from_raw_public_key(&point.serialize_uncompressed()[1..]), key().address());
    }

    #[test]
    fn address_is_the_known_one() {
        assert_eq!(key().address(), address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"));
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", key()).to_lowercase();
        assert!(shown.contains("f39fd6e5") && !shown.contains("ac0974"), "{shown}");
    }

    #[test]
    fn keys_outside_the_group_are_refused() {
        let mut below = ORDER;
        below[31] -= 1;
        assert!(SigningKey::from_bytes(&below).is_ok());
        for bad in [[0; 32], ORDER, [0xff; 32]] {
            assert_eq!(SigningKey::from_bytes(&bad).map(|_| ()).map_err(|e| e.code()), Err(Code::InvalidValue));
        }
    }

    #[test]
    fn malformed_signatures_are_refused() {
        let good = key().sign_digest(B256::repeat_byte(7));
        assert_eq!(recover(B256::repeat_byte(7), &good), Ok(key().address()));

        for v in [0, 1, 26, 29, 255] {
            let mut bytes = *good.as_bytes();
            bytes[64] = v;
            assert_eq!(refused(&Signature65::new(bytes)), Some(Code::BadSignature), "v {v}");
        }
        for (r, s) in [([0; 32], [1; 32]), ([1; 32], [0; 32]), (ORDER, [1; 32]), ([0xff; 32], [1; 32])] {
            let bytes = [&r[..], &s, &[27]].concat();
            let signature = Signature65::try_from(bytes.as_slice()).expect("65 bytes");
            assert_eq!(refused(&signature), Some(Code::BadSignature));
        }
        assert!(Signature65::try_from(&good.as_bytes()[..64]).is_err());
        assert!(Signature65::try_from([0; 66].as_slice()).is_err());
        assert!("0x12".parse::<Signature65>().is_err());
    }

    #[test]
    fn the_other_s_is_refused() {
        let good = key().sign_digest(B256::repeat_byte(7));
        let mut bytes = *good.as_bytes();
        let s = U256::from_be_slice(&bytes[32..64]);
        bytes[32..64].copy_from_slice(&(U256::from_be_bytes(ORDER) - s).to_be_bytes::<32>());
        bytes[64] = 55 - bytes[64];
        // It recovers to the signer all the same, which is why it has to be refused by its form.
        let other = curve::recover(&B256::repeat_byte(7), &bytes[..64], bytes[64] == 28);
        assert_eq!(other.map(|public| address_of(&public)), Some(key().address()));
        assert_eq!(refused(&Signature65::new(bytes)), Some(Code::BadSignature));
    }

    #[test]
    fn half_the_order_is_the_bound() {
        assert_eq!(U256::from_be_bytes(MAX_S), U256::from_be_bytes(ORDER) >> 1);
    }

    #[test]
    fn digests_above_the_order_are_signed_too() {
        // RFC 6979 reduces them before it derives the nonce, libsecp256k1 does not: the signatures differ, both are good.
        // No hash will ever be one (2^-128).
        let secret = B256::with_last_byte(1).0;
        let signer = SigningKey::from_bytes(&secret).expect("valid key").address();
        let digest = B256::repeat_byte(0xff);
        for bytes in [
            native::Key::new(&secret).expect("valid key").sign(&digest),
            portable::Key::new(&secret).expect("valid key").sign(&digest),
        ] {
            assert_eq!(recover(digest, &Signature65(bytes)), Ok(signer));
        }
    }

    proptest! {
        #[test]
        fn both_curves_are_equal(secret: [u8; 32], digest: [u8; 32], mut wrong: [u8; 64], odd: bool) {
            let digest = keccak256(digest);
            // `recover` lets no high s through to the curves; k256 refuses them by itself.
            wrong[32] &= 0x3f;
            let (native, portable) = (native::Key::new(&secret), portable::Key::new(&secret));
            prop_assert_eq!(native.is_some(), portable.is_some());
            if let (Some(native), Some(portable)) = (native, portable) {
                prop_assert_eq!(native.public(), portable.public());
                let signature = native.sign(&digest);
                prop_assert_eq!(signature, portable.sign(&digest));
                prop_assert_eq!(recover(digest, &Signature65(signature)), Ok(address_of(&native.public())));
                let public = portable::recover(&digest, &signature[..64], signature[64] == 28);
                prop_assert_eq!(public, Some(native.public()));
            }
            prop_assert_eq!(native::recover(&digest, &wrong, odd), portable::recover(&digest, &wrong, odd));
        }

        #[test]
        fn serde_round_trips(low: [u8; 32], high: [u8; 32], v: u8) {
            let signature = Signature65::try_from([&low[..], &high, &[v]].concat().as_slice()).expect("65 bytes");
            let json = serde_json::to_string(&signature).expect("json");
            prop_assert_eq!(json.len(), 2 + 2 + 130);
            prop_assert_eq!(serde_json::from_str::<Signature65>(&json).expect("json"), signature);
            let mut cbor = Vec::new();
            ciborium::into_writer(&signature, &mut cbor).expect("cbor");
            prop_assert_eq!(cbor.len(), 67);
            prop_assert_eq!(ciborium::from_reader::<Signature65, _>(cbor.as_slice()).expect("cbor"), signature);
        }
    }
}
