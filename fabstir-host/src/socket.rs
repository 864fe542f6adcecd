//! A WebSocket that speaks the protocol's messages in one of its two encodings.

use crate::HostError;
use alloy_primitives::B256;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use fabstir_core::{
    Code,
    channel::{Channel, HostHandshake},
    wire::{self, ClientMessage, Format, HostMessage},
};
use std::time::Duration;
use tokio::time::timeout;

/// A reader that takes longer than this for one frame is gone: its session waits for it, nobody else does.
const WRITE_PATIENCE: Duration = Duration::from_secs(20);

/// What came in.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A message, and the bytes it came as.
    Message(Box<ClientMessage>, Vec<u8>),
    /// A frame that is none; the client is told and may go on.
    Refused(wire::DecodeError),
    /// The end of the connection.
    Gone,
}

/// What protects the frames.
#[derive(Debug)]
enum Seal {
    /// Nothing.
    Plain,
    /// The client's next frame completes the handshake.
    Offered(Box<HostHandshake>),
    /// The channel, and the key its client has in it.
    Sealed(Box<Channel>, B256),
    /// A frame was forged: nothing can be said any more.
    Broken,
}

/// One client's connection.
#[derive(Debug)]
pub(crate) struct Socket {
    inner: WebSocket,
    format: Format,
    seal: Seal,
    may_be_plain: bool,
}

impl Socket {
    /// A connection that begins in the clear. Unless it `may_be_plain`, no session is served on it before it is sealed.
    pub(crate) const fn new(inner: WebSocket, format: Format, may_be_plain: bool) -> Self {
        Self { inner, format, seal: Seal::Plain, may_be_plain }
    }

    /// The client's key in the encrypted channel; zero in the clear.
    ///
    /// # Errors
    ///
    /// [`Code::Unsupported`] if the connection is in the clear and may not be.
    pub(crate) fn client_key(&self) -> Result<B256, HostError> {
        match &self.seal {
            Seal::Sealed(_, key) => Ok(*key),
            _ if self.may_be_plain => Ok(B256::ZERO),
            _ => Err(HostError::coded(Code::Unsupported, "sessions from other machines are served encrypted only")),
        }
    }

    /// Whether frames are sealed.
    pub(crate) const fn is_sealed(&self) -> bool {
        matches!(self.seal, Seal::Sealed(..))
    }

    /// Expects the client's next frame to complete this handshake.
    pub(crate) fn offer(&mut self, handshake: HostHandshake) {
        self.seal = Seal::Offered(Box::new(handshake));
    }

    /// The next message. Cancel safe.
    pub(crate) async fn receive(&mut self) -> Incoming {
        loop {
            let is_binary = !matches!(self.seal, Seal::Plain) || self.format == Format::Cbor;
            let bytes = match self.inner.recv().await {
                Some(Ok(Message::Text(text))) if !is_binary => text.as_bytes().to_vec(),
                Some(Ok(Message::Binary(bytes))) if is_binary => bytes.to_vec(),
                Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                    let error = fabstir_core::Error::coded(Code::MalformedFrame, "the other frame type was agreed on");
                    return Incoming::Refused(wire::DecodeError { id: None, error });
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Close(_))) | Some(Err(_)) | None => return Incoming::Gone,
            };
            // What was forged tells nothing of who sent it: the connection ends without a word.
            let Some(bytes) = self.unseal(bytes) else { return Incoming::Gone };
            return match wire::decode_client(&bytes, self.format) {
                Ok(message) => Incoming::Message(Box::new(message), bytes),
                Err(refused) => Incoming::Refused(refused),
            };
        }
    }

    fn unseal(&mut self, frame: Vec<u8>) -> Option<Vec<u8>> {
        let opened = match std::mem::replace(&mut self.seal, Seal::Broken) {
            Seal::Plain => {
                self.seal = Seal::Plain;
                return Some(frame);
            }
            Seal::Offered(handshake) => handshake.finish(&frame).map(|(bytes, key, channel)| {
                self.seal = Seal::Sealed(Box::new(channel), key);
                bytes
            }),
            Seal::Sealed(mut channel, key) => channel.open(&frame).inspect(|_| self.seal = Seal::Sealed(channel, key)),
            Seal::Broken => return None,
        };
        opened.inspect_err(|error| tracing::debug!(%error, "unsealing")).ok()
    }

    /// Sends a message and waits until it left.
    pub(crate) async fn send(&mut self, message: &HostMessage) -> Result<(), HostError> {
        let bytes = wire::encode(message, self.format)?;
        let frame = match (&mut self.seal, self.format) {
            (Seal::Sealed(channel, _), _) => Message::Binary(channel.seal(&bytes)?.into()),
            (Seal::Broken, _) => return Err(HostError::Connection("a frame was forged".into())),
            (_, Format::Json) => Message::Text(
                String::from_utf8(bytes)
                    .map_err(|_| HostError::coded(Code::Internal, "JSON that is not UTF-8"))?
                    .into(),
            ),
            (_, Format::Cbor) => Message::Binary(bytes.into()),
        };
        self.write(frame).await
    }

    /// Shows a client that waits for something long that the host is there.
    pub(crate) async fn ping(&mut self) -> Result<(), HostError> {
        self.write(Message::Ping(Default::default())).await
    }

    async fn write(&mut self, frame: Message) -> Result<(), HostError> {
        match timeout(WRITE_PATIENCE, self.inner.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(HostError::Connection(error.to_string())),
            Err(_) => Err(HostError::Connection("the client does not read".into())),
        }
    }

    /// Tells the client what went wrong.
    pub(crate) async fn send_error(&mut self, id: Option<u32>, error: &HostError) -> Result<(), HostError> {
        self.send(&error_message(id, error)).await
    }

    /// Ends the connection politely; best effort.
    pub(crate) async fn close(mut self) {
        let frame = CloseFrame { code: close_code::NORMAL, reason: "".into() };
        let _ = timeout(Duration::from_secs(1), self.inner.send(Message::Close(Some(frame)))).await;
    }
}

/// An error as the wire carries it.
pub(crate) fn error_message(id: Option<u32>, error: &HostError) -> HostMessage {
    let code = error.code();
    HostMessage::Error(wire::ErrorFrame {
        id,
        code: code.name().into(),
        message: error.to_string(),
        retryable: code.is_retryable(),
    })
}
