//! Frames to messages and back.

use super::{ClientMessage, HostMessage, client, host};
use crate::{Code, Error, cbor};
use core::{fmt, marker::PhantomData};
use serde::{
    Deserialize, Serialize,
    de::{self, DeserializeOwned},
};

/// Largest frame either side accepts, in bytes.
pub const MAX_FRAME_BYTES: usize = 1 << 20;
/// Deepest nesting of maps and lists in a frame.
pub const MAX_DEPTH: usize = cbor::MAX_DEPTH;

/// How frames are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Text frames.
    Json,
    /// Binary frames, deterministic CBOR.
    Cbor,
}

impl Format {
    /// The WebSocket subprotocol that names it.
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => super::SUBPROTOCOL_JSON,
            Self::Cbor => super::SUBPROTOCOL_CBOR,
        }
    }

    /// The format a WebSocket subprotocol names.
    #[must_use]
    pub fn from_subprotocol(name: &str) -> Option<Self> {
        [Self::Json, Self::Cbor].into_iter().find(|format| format.subprotocol() == name)
    }
}

/// A frame that is no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// The frame's `id`, if it could be read: the answer carries it.
    pub id: Option<u32>,
    /// What is wrong.
    pub error: Error,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl core::error::Error for DecodeError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        error.error
    }
}

/// Writes a message as one frame.
///
/// # Errors
///
/// [`Code::FrameTooLarge`] above [`MAX_FRAME_BYTES`].
pub fn encode<M: WireMessage>(message: &M, format: Format) -> Result<Vec<u8>, Error> {
    let frame = match format {
        Format::Json => to_json(message)?,
        Format::Cbor => cbor::to_vec(message)?,
    };
    check_size(&frame)?;
    Ok(frame)
}

/// Whether a message fits a frame in every encoding of this build.
///
/// # Errors
///
/// [`Code::FrameTooLarge`].
pub(crate) fn check_fits<M: WireMessage>(message: &M) -> Result<(), Error> {
    encode(message, Format::Cbor)?;
    #[cfg(feature = "json")]
    encode(message, Format::Json)?;
    Ok(())
}

#[cfg(feature = "json")]
fn to_json<M: Serialize>(message: &M) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(message).map_err(|error| Error::coded(Code::Internal, error.to_string()))
}

#[cfg(not(feature = "json"))]
fn to_json<M>(_: &M) -> Result<Vec<u8>, Error> {
    Err(without_json())
}

#[cfg(not(feature = "json"))]
fn without_json() -> Error {
    Error::coded(Code::Unsupported, "this build has no JSON")
}

/// A [`ClientMessage`] or a [`HostMessage`].
pub trait WireMessage: Serialize + sealed::Sealed {}
impl WireMessage for ClientMessage {}
impl WireMessage for HostMessage {}

mod sealed {
    #[allow(unnameable_types)]
    pub trait Sealed {}
    impl Sealed for super::ClientMessage {}
    impl Sealed for super::HostMessage {}
}

/// Reads a client's frame.
///
/// # Errors
///
/// [`Code::FrameTooLarge`], [`Code::MalformedFrame`], or [`Code::UnknownMessage`] for a type this version does not know.
pub fn decode_client(frame: &[u8], format: Format) -> Result<ClientMessage, DecodeError> {
    match format {
        #[cfg(feature = "json")]
        Format::Json => client_message(&Reader::<Json>::new(frame)?),
        #[cfg(not(feature = "json"))]
        Format::Json => Err(DecodeError { id: None, error: without_json() }),
        Format::Cbor => client_message(&Reader::<Cbor>::new(frame)?),
    }
}

fn client_message<S: Syntax>(reader: &Reader<'_, S>) -> Result<ClientMessage, DecodeError> {
    Ok(match reader.kind.as_str() {
        "hello" => ClientMessage::Hello(reader.body()?),
        "open" => ClientMessage::Open(reader.body()?),
        "resume" => ClientMessage::Resume(reader.body()?),
        "prompt" => ClientMessage::Prompt(reader.body()?),
        "voucher" => ClientMessage::Voucher(reader.body()?),
        "cancel" => ClientMessage::Cancel(reader.body::<client::Cancel>()?),
        "clear" => ClientMessage::Clear,
        "ping" => ClientMessage::Ping,
        "handoff" => ClientMessage::Handoff,
        "close" => ClientMessage::Close,
        _ => return Err(reader.unknown()),
    })
}

/// Reads a host's frame.
///
/// # Errors
///
/// As [`decode_client`].
pub fn decode_host(frame: &[u8], format: Format) -> Result<HostMessage, DecodeError> {
    match format {
        #[cfg(feature = "json")]
        Format::Json => host_message(&Reader::<Json>::new(frame)?),
        #[cfg(not(feature = "json"))]
        Format::Json => Err(DecodeError { id: None, error: without_json() }),
        Format::Cbor => host_message(&Reader::<Cbor>::new(frame)?),
    }
}

fn host_message<S: Syntax>(reader: &Reader<'_, S>) -> Result<HostMessage, DecodeError> {
    Ok(match reader.kind.as_str() {
        "hello_ack" => HostMessage::HelloAck(reader.body()?),
        "opened" => HostMessage::Opened(reader.body()?),
        "resumed" => HostMessage::Resumed(reader.body()?),
        "accepted" => HostMessage::Accepted(reader.body()?),
        "token" => HostMessage::Token(reader.body()?),
        "done" => HostMessage::Done(reader.body()?),
        "checkpoint" => HostMessage::Checkpoint(reader.body::<host::Checkpoint>()?),
        "voucher_due" => HostMessage::VoucherDue(reader.body()?),
        "evicted" => HostMessage::Evicted(reader.body()?),
        "cleared" => HostMessage::Cleared,
        "pong" => HostMessage::Pong,
        "closed" => HostMessage::Closed(reader.body()?),
        "error" => HostMessage::Error(reader.body()?),
        _ => return Err(reader.unknown()),
    })
}

/// A frame whose size, syntax, nesting and `type` are checked.
///
/// The body is read from the frame a second time, by its type. Serde's internally tagged enums would read it once, but
/// through a buffer that forgets whether the format is human-readable, on which every number's form depends.
struct Reader<'a, S> {
    frame: &'a [u8],
    kind: String,
    id: Option<u32>,
    syntax: PhantomData<S>,
}

/// An encoding as a type, so that a program that reads one alone has no code of the other.
trait Syntax {
    /// Refuses what is not well-formed, nested too deep, or no map: serde's structs can be read from lists too, by the
    /// order of their fields.
    fn check(frame: &[u8]) -> Result<(), Error>;
    fn read<T: DeserializeOwned>(frame: &[u8]) -> Result<T, Error>;
}

#[cfg(feature = "json")]
struct Json;

#[cfg(feature = "json")]
impl Syntax for Json {
    fn check(frame: &[u8]) -> Result<(), Error> {
        check_json_nesting(frame)?;
        map_or_refuse(frame.trim_ascii_start().starts_with(b"{"))
    }

    fn read<T: DeserializeOwned>(frame: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(frame).map_err(malformed)
    }
}

struct Cbor;

impl Syntax for Cbor {
    fn check(frame: &[u8]) -> Result<(), Error> {
        cbor::check(frame, cbor::Keys::Free)?;
        map_or_refuse(frame.first().is_some_and(|head| head >> 5 == 5))
    }

    fn read<T: DeserializeOwned>(frame: &[u8]) -> Result<T, Error> {
        cbor::read_checked(frame)
    }
}

fn map_or_refuse(is_map: bool) -> Result<(), Error> {
    if is_map { Ok(()) } else { Err(malformed("not a map")) }
}

#[derive(Deserialize)]
struct Envelope {
    r#type: String,
    #[serde(default)]
    id: LenientId,
}

impl<'a, S: Syntax> Reader<'a, S> {
    fn new(frame: &'a [u8]) -> Result<Self, DecodeError> {
        let envelope = check_size(frame)
            .and_then(|()| S::check(frame))
            .and_then(|()| S::read::<Envelope>(frame))
            .map_err(|error| DecodeError { id: None, error })?;
        Ok(Self { frame, kind: envelope.r#type, id: envelope.id.0, syntax: PhantomData })
    }

    fn body<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        S::read(self.frame).map_err(|error| DecodeError { id: self.id, error })
    }

    fn unknown(&self) -> DecodeError {
        // The name is the peer's: quoted and cut, so that an answer or a log line stays small.
        let name: String = self.kind.chars().take(32).collect();
        let error = Error::coded(Code::UnknownMessage, format!("unknown message type {name:?}"));
        DecodeError { id: self.id, error }
    }
}

fn malformed(error: impl fmt::Display) -> Error {
    Error::coded(Code::MalformedFrame, cbor::shorten(&error.to_string()))
}

fn check_size(frame: &[u8]) -> Result<(), Error> {
    if frame.len() > MAX_FRAME_BYTES {
        let message = format!("frame of {} bytes, at most {MAX_FRAME_BYTES}", frame.len());
        return Err(Error::coded(Code::FrameTooLarge, message));
    }
    Ok(())
}

#[cfg(feature = "json")]
/// Bounds nesting before anything recurses: the parser would skip an unknown field of any depth.
fn check_json_nesting(frame: &[u8]) -> Result<(), Error> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in frame {
        match (in_string, *byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (true, b'"') => in_string = false,
            (true, _) => {}
            (false, b'"') => in_string = true,
            (false, b'[' | b'{') => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(malformed(format_args!("nested deeper than {MAX_DEPTH}")));
                }
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// An id if there is one and it is a number of 32 bits; anything else is the body's to complain about.
#[derive(Default)]
struct LenientId(Option<u32>);

impl<'de> Deserialize<'de> for LenientId {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LenientVisitor)
    }
}

struct LenientVisitor;

impl<'de> de::Visitor<'de> for LenientVisitor {
    type Value = LenientId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_u64<E>(self, value: u64) -> Result<LenientId, E> {
        Ok(LenientId(u32::try_from(value).ok()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<LenientId, E> {
        Ok(LenientId(u32::try_from(value).ok()))
    }

    fn visit_i128<E>(self, _: i128) -> Result<LenientId, E> {
        Ok(LenientId(None))
    }

    fn visit_u128<E>(self, _: u128) -> Result<LenientId, E> {
        Ok(LenientId(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<LenientId, E> {
        Ok(LenientId(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<LenientId, E> {
        Ok(LenientId(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<LenientId, E> {
        Ok(LenientId(None))
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<LenientId, E> {
        Ok(LenientId(None))
    }

    fn visit_unit<E>(self) -> Result<LenientId, E> {
        Ok(LenientId(None))
    }

    fn visit_none<E>(self) -> Result<LenientId, E> {
        Ok(LenientId(None))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<LenientId, A::Error> {
        while seq.next_element::<de::IgnoredAny>()?.is_some() {}
        Ok(LenientId(None))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<LenientId, A::Error> {
        while map.next_entry::<de::IgnoredAny, de::IgnoredAny>()?.is_some() {}
        Ok(LenientId(None))
    }
}
