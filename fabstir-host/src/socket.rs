//! A WebSocket that speaks the protocol's messages in one of its two encodings.

use crate::HostError;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use fabstir_core::{
    Code,
    wire::{self, ClientMessage, Format, HostMessage},
};
use std::time::Duration;
use tokio::time::timeout;

/// A reader that takes longer than this for one frame is gone: its session waits for it, nobody else does.
const WRITE_PATIENCE: Duration = Duration::from_secs(20);

/// What came in.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A message.
    Message(Box<ClientMessage>),
    /// A frame that is none; the client is told and may go on.
    Refused(wire::DecodeError),
    /// The end of the connection.
    Gone,
}

/// One client's connection.
#[derive(Debug)]
pub(crate) struct Socket {
    inner: WebSocket,
    format: Format,
}

impl Socket {
    pub(crate) const fn new(inner: WebSocket, format: Format) -> Self {
        Self { inner, format }
    }

    /// The next message. Cancel safe.
    pub(crate) async fn receive(&mut self) -> Incoming {
        loop {
            let bytes = match self.inner.recv().await {
                Some(Ok(Message::Text(text))) if self.format == Format::Json => text.as_bytes().to_vec(),
                Some(Ok(Message::Binary(bytes))) if self.format == Format::Cbor => bytes.to_vec(),
                Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                    let error = fabstir_core::Error::coded(Code::MalformedFrame, "the other frame type was agreed on");
                    return Incoming::Refused(wire::DecodeError { id: None, error });
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Close(_))) | Some(Err(_)) | None => return Incoming::Gone,
            };
            return match wire::decode_client(&bytes, self.format) {
                Ok(message) => Incoming::Message(Box::new(message)),
                Err(refused) => Incoming::Refused(refused),
            };
        }
    }

    /// Sends a message and waits until it left.
    pub(crate) async fn send(&mut self, message: &HostMessage) -> Result<(), HostError> {
        let bytes = wire::encode(message, self.format)?;
        let frame = match self.format {
            Format::Json => Message::Text(
                String::from_utf8(bytes)
                    .map_err(|_| HostError::coded(Code::Internal, "JSON that is not UTF-8"))?
                    .into(),
            ),
            Format::Cbor => Message::Binary(bytes.into()),
        };
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
