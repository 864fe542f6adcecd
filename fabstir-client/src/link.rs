//! The WebSocket to a host.

use crate::ClientError;
use fabstir_core::{
    Code, Error,
    wire::{self, ClientMessage, Format, HostMessage, MAX_FRAME_BYTES},
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

/// A connection to a host, in one encoding.
#[derive(Debug)]
pub(crate) struct Link {
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
        let is_plain = request.uri().scheme_str() == Some("ws");
        if is_plain && !allow_plaintext && !request.uri().host().is_some_and(is_loopback) {
            let message = format!("{url} is another machine and the connection would not be encrypted");
            return Err(ClientError::coded(Code::Unsupported, message));
        }
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(format.subprotocol()));
        let config =
            WebSocketConfig::default().max_message_size(Some(MAX_FRAME_BYTES)).max_frame_size(Some(MAX_FRAME_BYTES));
        // Small frames go out as they come: tokens and vouchers are worth more than full packets.
        let connecting = connect_async_with_config(request, Some(config), true);
        match timeout(CONNECT_PATIENCE, connecting).await {
            Ok(Ok((socket, _))) => Ok(Self { socket, format, url: url.to_owned(), patience: READ_PATIENCE }),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(failed("no answer".into())),
        }
    }

    /// The host's next message.
    pub(crate) async fn receive(&mut self) -> Result<HostMessage, ClientError> {
        loop {
            let Ok(frame) = timeout(self.patience, self.socket.next()).await else {
                return Err(self.lost("the host fell silent"));
            };
            let bytes = match frame {
                Some(Ok(Message::Text(text))) if self.format == Format::Json => text.as_bytes().to_vec(),
                Some(Ok(Message::Binary(bytes))) if self.format == Format::Cbor => bytes.to_vec(),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                    return Err(Error::Misbehaviour("a frame of the other encoding".into()).into());
                }
                Some(Ok(Message::Close(_))) | None => return Err(self.lost("closed by the host")),
                Some(Err(error)) => return Err(self.lost(&error.to_string())),
            };
            return match wire::decode_host(&bytes, self.format) {
                Ok(message) => Ok(message),
                Err(refused) => Err(refused.error.into()),
            };
        }
    }

    /// Sends a message.
    pub(crate) async fn send(&mut self, message: &ClientMessage) -> Result<(), ClientError> {
        let bytes = wire::encode(message, self.format)?;
        let frame = match self.format {
            Format::Json => Message::text(String::from_utf8_lossy(&bytes).into_owned()),
            Format::Cbor => Message::binary(bytes),
        };
        match timeout(WRITE_PATIENCE, self.socket.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.lost(&error.to_string())),
            Err(_) => Err(self.lost("the host does not read")),
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
    async fn plaintext_to_another_machine_is_refused_before_anything_is_sent() {
        let error = Link::connect("ws://192.0.2.1:1", Format::Json, false).await.unwrap_err();
        assert_eq!(error.code(), Code::Unsupported);
    }
}
