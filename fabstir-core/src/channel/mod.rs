//! The encrypted channel between renter and host, end to end whatever lies between them.
//!
//! Noise, pattern NN, both keys made for this connection alone, so that what was said stays secret when a long-lived key
//! leaks later. Who holds the keys is said by signatures: the host's key comes in `hello_ack`, under `Hello`; the
//! renter's in `open` or `resume`, under `Open`. Those two are the handshake:
//!
//! ```text
//! client -> host   hello                         plain; its bytes are the prologue
//! host -> client   hello_ack { channel_key }     plain: -> e
//! client -> host   open or resume                sealed: <- e, ee, and the message as its payload
//! ```
//!
//! From there on every frame is sealed. A frame says only roughly how long it is: what is inside is padded to a multiple
//! of [`PADDING`] bytes, since the lengths of single tokens give a conversation away.

mod handshake;
mod noise;
#[cfg(test)]
mod tests;

pub use handshake::{ClientHandshake, HostHandshake};

use crate::{Code, Error};
use snow::TransportState;

/// The feature's name in `hello` and `hello_ack`.
pub const CAPABILITY: &str = crate::renter::CAPABILITY_ENCRYPTION;

/// What is inside a sealed frame is padded to a multiple of so many bytes.
pub const PADDING: usize = 128;

/// The longest frame that can come, sealed.
pub const MAX_SEALED_BYTES: usize = crate::wire::MAX_FRAME_BYTES + 4_096;

/// Noise's longest message, and the part of it that is a tag.
const MESSAGE: usize = 65_535;
const TAG: usize = 16;

/// An established channel: one side of it.
pub struct Channel(TransportState);

// By hand: no key must reach a log.
impl core::fmt::Debug for Channel {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Channel")
    }
}

impl Channel {
    /// Seals a frame. Frames have to arrive in the order in which they were sealed.
    ///
    /// # Errors
    ///
    /// [`Code::Overflow`] for a frame of 4 GiB, [`Code::Internal`] when the channel has sealed 2^64 messages.
    pub fn seal(&mut self, frame: &[u8]) -> Result<Vec<u8>, Error> {
        let padded = pad(frame)?;
        let mut sealed = Vec::with_capacity(padded.len() + padded.len().div_ceil(MESSAGE - TAG) * TAG);
        let mut buffer = vec![0; MESSAGE];
        for part in padded.chunks(MESSAGE - TAG) {
            let length = self.0.write_message(part, &mut buffer).map_err(exhausted)?;
            sealed.extend_from_slice(&buffer[..length]);
        }
        Ok(sealed)
    }

    /// Opens a sealed frame. After an error the channel is of no more use.
    ///
    /// # Errors
    ///
    /// [`Code::MalformedFrame`] for one that was not sealed by the other side as the next, whole and unchanged.
    pub fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let mut padded = Vec::with_capacity(sealed.len());
        let mut buffer = vec![0; MESSAGE];
        for part in sealed.chunks(MESSAGE) {
            let length = self.0.read_message(part, &mut buffer).map_err(|_| forged())?;
            padded.extend_from_slice(&buffer[..length]);
        }
        unpad(padded)
    }
}

/// The frame behind its length, and zeros.
fn pad(frame: &[u8]) -> Result<Vec<u8>, Error> {
    let length = u32::try_from(frame.len()).map_err(|_| Error::Overflow { what: "frame" })?;
    let mut padded = Vec::with_capacity((frame.len() + 4).next_multiple_of(PADDING));
    padded.extend_from_slice(&length.to_be_bytes());
    padded.extend_from_slice(frame);
    padded.resize(padded.len().next_multiple_of(PADDING), 0);
    Ok(padded)
}

fn unpad(mut padded: Vec<u8>) -> Result<Vec<u8>, Error> {
    let length = padded.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes) as usize);
    match length {
        // A frame cut between two of its messages is shorter than it says.
        Some(length) if length <= padded.len() - 4 => {
            padded.truncate(length + 4);
            padded.drain(..4);
            Ok(padded)
        }
        _ => Err(forged()),
    }
}

fn forged() -> Error {
    Error::coded(Code::MalformedFrame, "a sealed frame that is not the other side's next")
}

fn exhausted(error: snow::Error) -> Error {
    Error::coded(Code::Internal, format!("encrypted channel: {error}"))
}
