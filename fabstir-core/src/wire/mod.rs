//! What host and client say to each other: message types and their two encodings.
//!
//! A frame is one message: a map with a `type` and the message's fields, as JSON in a text frame or deterministic CBOR
//! in a binary one. In JSON, 64-, 128- and 256-bit numbers are decimal strings and bytes are 0x-hex; in CBOR they are
//! byte strings, of 8 bytes for 64-bit numbers and 32 for wider ones, big-endian. Smaller numbers are plain in both.
//! Fields may come in any order, and unknown ones are ignored; an unknown type is
//! [`Code::UnknownMessage`](crate::Code::UnknownMessage).

mod client;
mod codec;
mod host;
pub(crate) mod num;
mod params;
mod terms;

pub use client::{Cancel, ClientMessage, Hello, Open, Prompt, Resume, SignedRequest, Voucher};
pub(crate) use codec::check_fits;
pub use codec::{DecodeError, Format, MAX_DEPTH, MAX_FRAME_BYTES, decode_client, decode_host, encode};
pub use host::{
    Accepted, Checkpoint, Closed, Done, ErrorFrame, Evicted, HelloAck, HostMessage, Limits, MAX_OVERHEAD, ModelOffer,
    Opened, Resumed, Token, TokenPrice, TurnUsage, VoucherDue,
};
pub use params::{MAX_STOP_BYTES, MAX_STOPS, Params};
pub use terms::WireTerms;

use serde::{Deserialize, Serialize};

/// WebSocket subprotocol of the JSON encoding.
pub const SUBPROTOCOL_JSON: &str = "fabstir.v1.json";
/// WebSocket subprotocol of the CBOR encoding.
pub const SUBPROTOCOL_CBOR: &str = "fabstir.v1.cbor";
/// The protocol version these types speak.
pub const VERSION: u16 = 1;

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions for the whole conversation.
    System,
    /// The renter.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// The name, as the wire and chat templates write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One message of a conversation.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: String,
}

// By hand: a conversation must not end up in a log.
impl core::fmt::Debug for Message {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Message").field("role", &self.role).field("bytes", &self.content.len()).finish()
    }
}

impl Message {
    /// A message.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into() }
    }

    /// The renter's message.
    pub fn user(content: impl Into<String>) -> Self {
        Self::new(Role::User, content)
    }

    /// The model's message.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::new(Role::Assistant, content)
    }

    /// Instructions.
    pub fn system(content: impl Into<String>) -> Self {
        Self::new(Role::System, content)
    }
}

#[cfg(test)]
mod tests;
