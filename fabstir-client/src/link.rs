//! The WebSocket to a host.

use crate::ClientError;
use alloy_primitives::B256;
use fabstir_core::{
    Code, Error,
    channel::{Channel, ClientHandshake, MAX_SEALED_BYTES},
    wire::{self, ClientMessage, Format, HostMessage},
};
use futures::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue, protocol::WebSocketConfig},
};

const CONNECT_PATIENCE: Duration = Duration::from_secs(15);
const WRITE_PATIENCE: Duration = Duration::from_secs(20);
/// A host of which nothing comes for so long while something is due is gone. One that works on a long prompt sends a
/// ping at least every 20 seconds.
const READ_PATIENCE: Duration = Duration::from_secs(60);

/// What protects the frames.
#[derive(Debug)]
enum Seal {
    /// Nothing.
    Plain,
    /// `hello` was sent, with a key in reserve and these bytes.
    Greeting(Box<ClientHandshake>, Vec<u8>),
    /// The host gave this key: the next frame is the first to be sealed.
    Pending(Box<ClientHandshake>, Vec<u8>, B256),
    /// The channel.
    Sealed(Box<Channel>),
}

/// A connection to a host, in one encoding.
#[derive(Debug)]
pub(crate) struct Link {
    seal: Seal,
    may_be_plain: bool,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    format: Format,
    url: String,
    /// How long to wait for a frame of any kind.
    patience: Duration,
}

impl Link {
    /// Connects to a host's URL (`ws://`, `wss://`, or the `http` forms a registry may have).
    pub(crate) async fn connect(url: &str, format: Format, allow_plaintext: bool) -> Result<Self, ClientError> {
        let endpoint = endpoint(url)?;
        let failed = |reason: String| ClientError::Connection { url: url.to_owned(), reason };
        let mut request = endpoint.as_str().into_client_request().map_err(|error| failed(error.to_string()))?;
        let may_be_plain = allow_plaintext || request.uri().host().is_some_and(is_loopback);
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(format.subprotocol()));
        let config =
            WebSocketConfig::default().max_message_size(Some(MAX_SEALED_BYTES)).max_frame_size(Some(MAX_SEALED_BYTES));
        // Small frames go out as they come: tokens and vouchers are worth more than full packets.
        let connecting = connect_async_with_config(request, Some(config), true);
        match timeout(CONNECT_PATIENCE, connecting).await {
            Ok(Ok((socket, _))) => Ok(Self {
                seal: Seal::Plain,
                may_be_plain,
                socket,
                format,
                url: url.to_owned(),
                patience: READ_PATIENCE,
            }),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(failed("no answer".into())),
        }
    }

    /// Sends `hello` with a key in reserve: if the host has one too, everything after its answer is encrypted.
    pub(crate) async fn greet(&mut self, hello: &ClientMessage, handshake: ClientHandshake) -> Result<(), ClientError> {
        let bytes = wire::encode(hello, self.format)?;
        self.send(hello).await?;
        self.seal = Seal::Greeting(Box::new(handshake), bytes);
        Ok(())
    }

    /// What follows from the host's `hello_ack`, whose signature is not checked here.
    fn greeted(&mut self, host_key: B256) -> Result<(), ClientError> {
        self.seal = match std::mem::replace(&mut self.seal, Seal::Plain) {
            Seal::Greeting(handshake, hello) if !host_key.is_zero() => Seal::Pending(handshake, hello, host_key),
            other => other,
        };
        if matches!(self.seal, Seal::Pending(..)) || self.may_be_plain {
            return Ok(());
        }
        let message = format!("{} is another machine and does not encrypt", self.url);
        Err(ClientError::coded(Code::Unsupported, message))
    }

    /// The host's next message.
    pub(crate) async fn receive(&mut self) -> Result<HostMessage, ClientError> {
        loop {
            let Ok(frame) = timeout(self.patience, self.socket.next()).await else {
                return Err(self.lost("the host fell silent"));
            };
            let is_binary = matches!(self.seal, Seal::Sealed(_)) || self.format == Format::Cbor;
            let bytes = match frame {
                Some(Ok(Message::Text(text))) if !is_binary => text.as_bytes().to_vec(),
                Some(Ok(Message::Binary(bytes))) if is_binary => bytes.to_vec(),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                    return Err(Error::Misbehaviour("a frame of the other encoding".into()).into());
                }
                Some(Ok(Message::Close(_))) | None => return Err(self.lost("closed by the host")),
                Some(Err(error)) => return Err(self.lost(&error.to_string())),
            };
            let bytes = match &mut self.seal {
                // Forged on its way: as good as gone.
                Seal::Sealed(channel) => match channel.open(&bytes) {
                    Ok(bytes) => bytes,
                    Err(error) => return Err(self.lost(&error.to_string())),
                },
                _ => bytes,
            };
            let message = wire::decode_host(&bytes, self.format).map_err(|refused| refused.error)?;
            if let HostMessage::HelloAck(ack) = &message {
                self.greeted(ack.channel_key)?;
            }
            return Ok(message);
        }
    }

    /// Sends a message.
    pub(crate) async fn send(&mut self, message: &ClientMessage) -> Result<(), ClientError> {
        let bytes = wire::encode(message, self.format)?;
        let frame = match self.seal(&bytes)? {
            Some(sealed) => Message::binary(sealed),
            None if self.format == Format::Json => Message::text(String::from_utf8_lossy(&bytes).into_owned()),
            None => Message::binary(bytes),
        };
        match timeout(WRITE_PATIENCE, self.socket.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.lost(&error.to_string())),
            Err(_) => Err(self.lost("the host does not read")),
        }
    }

    /// The frame sealed, unless the connection is in the clear.
    fn seal(&mut self, frame: &[u8]) -> Result<Option<Vec<u8>>, ClientError> {
        match std::mem::replace(&mut self.seal, Seal::Plain) {
            Seal::Pending(handshake, hello, host_key) => {
                let (sealed, channel) = handshake.finish(host_key, &hello, frame)?;
                self.seal = Seal::Sealed(Box::new(channel));
                Ok(Some(sealed))
            }
            Seal::Sealed(mut channel) => {
                let sealed = channel.seal(frame);
                self.seal = Seal::Sealed(channel);
                Ok(Some(sealed?))
            }
            other => {
                self.seal = other;
                Ok(None)
            }
        }
    }

    /// Ends the connection politely; best effort.
    pub(crate) async fn close(mut self) {
        let _ = timeout(Duration::from_secs(1), self.socket.close(None)).await;
    }

    fn lost(&self, reason: &str) -> ClientError {
        ClientError::Connection { url: self.url.clone(), reason: reason.to_owned() }
    }
}

/// The session endpoint of a host's URL.
fn endpoint(url: &str) -> Result<String, ClientError> {
    let base = url.trim_end_matches('/');
    let base = match base.split_once("://") {
        Some(("http", rest)) => format!("ws://{rest}"),
        Some(("https", rest)) => format!("wss://{rest}"),
        Some(("ws" | "wss", _)) => base.to_owned(),
        _ => return Err(ClientError::coded(Code::InvalidValue, format!("not the URL of a host: {url}"))),
    };
    Ok(if base.ends_with("/v1/session") { base } else { format!("{base}/v1/session") })
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_tungstenite::{
        accept_hdr_async,
        tungstenite::handshake::server::{Request, Response},
    };

    #[test]
    fn the_endpoint_is_found_from_what_registries_hold() {
        assert_eq!(endpoint("ws://127.0.0.1:9/").unwrap(), "ws://127.0.0.1:9/v1/session");
        assert_eq!(endpoint("https://host.example/api").unwrap(), "wss://host.example/api/v1/session");
        assert_eq!(endpoint("wss://h/v1/session").unwrap(), "wss://h/v1/session");
        assert_eq!(endpoint("ftp://h").unwrap_err().code(), Code::InvalidValue);
    }

    #[test]
    fn loopback_is_told_from_names_that_look_like_it() {
        assert!(is_loopback("127.0.0.1") && is_loopback("[::1]") && is_loopback("localhost"));
        assert!(!is_loopback("localhost.example.com") && !is_loopback("10.0.0.1"));
    }

    /// A host that pings four times before it answers, and then falls silent unless it answers.
    #[allow(clippy::result_large_err, reason = "the library's own callback type")]
    async fn slow_host(answers: bool) -> Link {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let stream = listener.accept().await.unwrap().0;
            let agree = |_: &Request, mut response: Response| {
                let name = HeaderValue::from_static(Format::Json.subprotocol());
                response.headers_mut().insert("sec-websocket-protocol", name);
                Ok(response)
            };
            let mut socket = accept_hdr_async(stream, agree).await.unwrap();
            for _ in 0..4 {
                tokio::time::sleep(Duration::from_millis(300)).await;
                socket.send(Message::Ping(Vec::new().into())).await.unwrap();
            }
            if answers {
                let pong = wire::encode(&HostMessage::Pong, Format::Json).unwrap();
                socket.send(Message::text(String::from_utf8(pong).unwrap())).await.unwrap();
            }
            std::future::pending::<()>().await;
        });
        let mut link = Link::connect(&url, Format::Json, false).await.unwrap();
        link.patience = Duration::from_millis(900);
        link
    }

    #[tokio::test]
    async fn a_host_that_pings_while_it_works_is_waited_for() {
        assert!(matches!(slow_host(true).await.receive().await, Ok(HostMessage::Pong)));
        let error = slow_host(false).await.receive().await.unwrap_err();
        assert!(error.is_disconnect() && error.to_string().contains("silent"), "{error}");
    }

    #[tokio::test]
    async fn a_host_elsewhere_that_does_not_encrypt_gets_no_more_than_a_hello() {
        let mut link = slow_host(false).await;
        link.may_be_plain = false;
        assert_eq!(link.greeted(B256::ZERO).unwrap_err().code(), Code::Unsupported);
        let handshake = || Box::new(ClientHandshake::new([1; 32]).unwrap());
        link.seal = Seal::Greeting(handshake(), Vec::new());
        assert_eq!(link.greeted(B256::ZERO).unwrap_err().code(), Code::Unsupported, "nor one that says it cannot");
        link.seal = Seal::Greeting(handshake(), Vec::new());
        link.greeted(B256::repeat_byte(9)).unwrap();
        assert!(link.seal(b"open").unwrap().is_some_and(|sealed| !sealed.windows(4).any(|part| part == b"open")));
    }
}
