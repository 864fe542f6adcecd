//! A host's double between it and its renter: passes messages on, changes or swallows them, and resets connections.

use fabstir_core::{
    channel,
    wire::{self, ClientMessage, Format, HostMessage},
};
use futures::{SinkExt, StreamExt};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async, connect_async,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        handshake::server::{Request, Response},
        http::HeaderValue,
    },
};

/// A message on its way.
pub enum Heard {
    Client(ClientMessage),
    Host(HostMessage),
}

/// What becomes of it.
pub enum Act {
    Pass,
    /// The client gets this in its place.
    Say(Vec<HostMessage>),
    /// The client gets this in its place, and then the connection is reset.
    SayAndCut(Vec<HostMessage>),
    Cut,
}

type Rule = Box<dyn FnMut(&Heard) -> Act + Send>;

pub struct Proxy {
    pub url: String,
    connections: Arc<AtomicUsize>,
    rule: Arc<Mutex<Rule>>,
    cut: Arc<Notify>,
}

impl Proxy {
    /// Before the host at this URL; passes everything on until told otherwise.
    pub async fn start(host: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let proxy = Self {
            url: format!("ws://{}", listener.local_addr().expect("address")),
            connections: Arc::default(),
            rule: Arc::new(Mutex::new(Box::new(|_| Act::Pass))),
            cut: Arc::default(),
        };
        let (connections, rule, cut) =
            (Arc::clone(&proxy.connections), Arc::clone(&proxy.rule), Arc::clone(&proxy.cut));
        let host = format!("{host}/v1/session");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(relay(stream, host.clone(), Arc::clone(&rule), Arc::clone(&cut)));
            }
        });
        proxy
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn rule(&self, rule: impl FnMut(&Heard) -> Act + Send + 'static) {
        *self.rule.lock().expect("whole") = Box::new(rule);
    }

    /// Resets the connection there is, and waits until the renter's side must know.
    pub async fn cut(&self) {
        self.cut.notify_waiters();
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
}

async fn relay(stream: TcpStream, host: String, rule: Arc<Mutex<Rule>>, cut: Arc<Notify>) {
    let agree = |_: &Request, mut response: Response| {
        response.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(Format::Cbor.subprotocol()));
        Ok(response)
    };
    let mut client = accept_hdr_async(stream, agree).await.expect("a client");
    let mut request = host.as_str().into_client_request().expect("a URL");
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(Format::Cbor.subprotocol()));
    let Ok((mut host, _)) = connect_async(request).await else { return };
    loop {
        let (heard, frame) = tokio::select! {
            frame = client.next() => match frame {
                Some(Ok(Message::Binary(bytes))) => {
                    let message = in_the_clear(wire::decode_client(&bytes, Format::Cbor).expect("a client's message"));
                    let bytes = wire::encode(&message, Format::Cbor).expect("encodes");
                    (Heard::Client(message), Message::binary(bytes))
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                _ => return,
            },
            frame = host.next() => match frame {
                Some(Ok(Message::Binary(bytes))) => {
                    let message = wire::decode_host(&bytes, Format::Cbor).expect("a host's message");
                    (Heard::Host(message), Message::Binary(bytes))
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                _ => return,
            },
            () = cut.notified() => return reset(&client),
        };
        let act = (rule.lock().expect("whole"))(&heard);
        match act {
            Act::Pass => match heard {
                Heard::Client(_) => drop(host.send(frame).await),
                Heard::Host(_) => drop(client.send(frame).await),
            },
            Act::Say(messages) => say(&mut client, &messages).await,
            Act::SayAndCut(messages) => {
                say(&mut client, &messages).await;
                // Read before the reset, which would take it along.
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                return reset(&client);
            }
            Act::Cut => return reset(&client),
        }
    }
}

/// Says nothing of encryption: both sides then do without it, on one machine.
fn in_the_clear(mut message: ClientMessage) -> ClientMessage {
    if let ClientMessage::Hello(hello) = &mut message {
        hello.capabilities.retain(|name| name != channel::CAPABILITY);
    }
    message
}

async fn say(client: &mut WebSocketStream<TcpStream>, messages: &[HostMessage]) {
    for message in messages {
        let bytes = wire::encode(message, Format::Cbor).expect("encodes");
        // The client may be gone.
        let _ = client.send(Message::binary(bytes)).await;
    }
}

/// No goodbye: the next write of the other side fails.
fn reset(client: &WebSocketStream<TcpStream>) {
    client.get_ref().set_zero_linger().expect("a socket");
}
