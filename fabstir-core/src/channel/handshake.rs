//! How a channel comes about.

use super::{
    Channel, MESSAGE, TAG, forged,
    noise::{self, Seed},
    pad, unpad,
};
use crate::{Code, Error};
use alloy_primitives::B256;
use zeroize::Zeroizing;

/// The host's side, from its `hello_ack` to the client's first sealed frame.
pub struct HostHandshake {
    state: snow::HandshakeState,
    key: B256,
}

/// The client's side, from its `hello` to its first sealed frame.
pub struct ClientHandshake {
    seed: Seed,
    key: B256,
}

impl HostHandshake {
    /// Begins a channel for the client that sent these bytes as its `hello`. `seed` is 32 random bytes, used once.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn new(seed: [u8; 32], hello: &[u8]) -> Result<Self, Error> {
        let mut state = noise::handshake(Zeroizing::new(seed), hello, true)?;
        // The message is the key alone; Noise wants room for a tag too.
        let mut first = [0; 32 + TAG];
        state.write_message(&[], &mut first).map_err(|_| impossible())?;
        Ok(Self { state, key: B256::from_slice(&first[..32]) })
    }

    /// For `hello_ack`.
    #[must_use]
    pub const fn key(&self) -> B256 {
        self.key
    }

    /// Opens the client's first sealed frame: what is in it, the key it was sealed with, which its `Open` signature must
    /// be over, and the channel.
    ///
    /// # Errors
    ///
    /// [`Code::MalformedFrame`] if it is not sealed for this key and this `hello`.
    pub fn finish(mut self, sealed: &[u8]) -> Result<(Vec<u8>, B256, Channel), Error> {
        let key = sealed.first_chunk::<32>().map(B256::from).ok_or_else(forged)?;
        let mut padded = vec![0; sealed.len()];
        let length = self.state.read_message(sealed, &mut padded).map_err(|_| forged())?;
        padded.truncate(length);
        let channel = self.state.into_transport_mode().map_err(|_| impossible())?;
        Ok((unpad(padded)?, key, Channel(channel)))
    }
}

impl ClientHandshake {
    /// Makes the key of one connection. `seed` is 32 random bytes, used once.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn new(seed: [u8; 32]) -> Result<Self, Error> {
        let seed = Zeroizing::new(seed);
        let key = noise::public_key(&seed)?;
        Ok(Self { seed, key })
    }

    /// For `open` and `resume`.
    #[must_use]
    pub const fn key(&self) -> B256 {
        self.key
    }

    /// Seals the first frame for a host whose `hello_ack` proved `host_key` and answered these bytes of `hello`.
    ///
    /// # Errors
    ///
    /// [`Code::FrameTooLarge`] for a frame of 64 kB, [`Code::InvalidValue`] for a key that is none.
    pub fn finish(self, host_key: B256, hello: &[u8], frame: &[u8]) -> Result<(Vec<u8>, Channel), Error> {
        let padded = pad(frame)?;
        let length = 32 + padded.len() + TAG;
        if length > MESSAGE {
            return Err(Error::coded(Code::FrameTooLarge, "the first sealed frame is longer than 64 kB"));
        }
        let mut state = noise::handshake(self.seed, hello, false)?;
        let no_key = |_| Error::invalid("channel key", "the host's is no point of the curve");
        state.read_message(host_key.as_slice(), &mut []).map_err(no_key)?;
        let mut sealed = vec![0; length];
        let written = state.write_message(&padded, &mut sealed).map_err(no_key)?;
        sealed.truncate(written);
        let channel = state.into_transport_mode().map_err(|_| impossible())?;
        Ok((sealed, Channel(channel)))
    }
}

// By hand: no key must reach a log.
impl core::fmt::Debug for HostHandshake {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("HostHandshake").field("key", &self.key).finish_non_exhaustive()
    }
}

impl core::fmt::Debug for ClientHandshake {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ClientHandshake").field("key", &self.key).finish_non_exhaustive()
    }
}

fn impossible() -> Error {
    Error::coded(Code::Internal, "encrypted channel: a handshake out of order")
}
