//! Noise, with randomness as an argument.

use crate::{Code, Error};
use alloy_primitives::B256;
use snow::{
    Builder, HandshakeState,
    params::{CipherChoice, DHChoice, HashChoice, NoiseParams},
    resolvers::{CryptoResolver, DefaultResolver},
    types::{Cipher, Dh, Hash, Random},
};
use zeroize::Zeroizing;

const PATTERN: &str = "Noise_NN_25519_ChaChaPoly_SHA256";
/// Separates these handshakes from every other protocol's.
const PROLOGUE: &[u8] = b"fabstir/channel/1";

/// The secret of one connection's key.
pub(super) type Seed = Zeroizing<[u8; 32]>;

/// The public key of a seed.
pub(super) fn public_key(seed: &Seed) -> Result<B256, Error> {
    let mut dh = DefaultResolver.resolve_dh(&DHChoice::Curve25519).ok_or_else(unavailable)?;
    dh.set(&**seed);
    B256::try_from(dh.pubkey()).map_err(|_| unavailable())
}

/// A handshake bound to the bytes of `hello`, whose ephemeral key is that of the seed.
pub(super) fn handshake(seed: Seed, hello: &[u8], is_initiator: bool) -> Result<HandshakeState, Error> {
    let parameters: NoiseParams = PATTERN.parse().map_err(failed)?;
    let prologue = [PROLOGUE, hello].concat();
    let builder = Builder::with_resolver(parameters, Box::new(Seeded(seed))).prologue(&prologue).map_err(failed)?;
    if is_initiator { builder.build_initiator() } else { builder.build_responder() }.map_err(failed)
}

/// The default primitives, and a seed for randomness.
struct Seeded(Seed);

impl CryptoResolver for Seeded {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(Once(Some(self.0.clone()))))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        DefaultResolver.resolve_dh(choice)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

/// Gives the seed for the one key a side makes, and nothing twice.
struct Once(Option<Seed>);

impl Random for Once {
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), snow::Error> {
        match self.0.take() {
            Some(seed) if bytes.len() == seed.len() => {
                bytes.copy_from_slice(&*seed);
                Ok(())
            }
            _ => Err(snow::Error::Rng),
        }
    }
}

fn failed(error: snow::Error) -> Error {
    Error::coded(Code::Internal, format!("encrypted channel: {error}"))
}

fn unavailable() -> Error {
    Error::coded(Code::Internal, "encrypted channel: no Curve25519 in this build")
}
