//! What somebody between renter and host sees, and can do.

mod common;

use alloy_primitives::Address;
use common::{deposit, market};
use fabstir_client::{HostOffer, Renter};
use fabstir_core::wire::Format;
use futures::{SinkExt, StreamExt};
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{
    accept_hdr_async, connect_async,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        handshake::server::{Request, Response},
        http::HeaderValue,
    },
};

/// Copies bytes one way and keeps them.
async fn copy(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    seen: Arc<Mutex<Vec<u8>>>,
) -> std::io::Result<()> {
    let mut buffer = [0; 4_096];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        seen.lock().unwrap().extend_from_slice(&buffer[..count]);
        to.write_all(&buffer[..count]).await?;
    }
}

/// A wire tap in front of a host: its URL, and everything that passes.
async fn tap(host: &str) -> (String, Arc<Mutex<Vec<u8>>>) {
    let (listener, seen) = (TcpListener::bind(("127.0.0.1", 0)).await.unwrap(), Arc::new(Mutex::new(Vec::new())));
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let (host, all) = (host.trim_start_matches("ws://").to_owned(), Arc::clone(&seen));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let host = TcpStream::connect(&host).await.unwrap();
            let ((from_client, to_client), (from_host, to_host)) = (client.into_split(), host.into_split());
            tokio::spawn(copy(from_client, to_host, Arc::clone(&all)));
            tokio::spawn(copy(from_host, to_client, Arc::clone(&all)));
        }
    });
    (url, seen)
}

fn contains(all: &[u8], text: &str) -> bool {
    all.windows(text.len()).any(|part| part == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wire_tap_sees_neither_prompt_nor_answer_nor_secret() {
    let market = market().await;
    for format in [Format::Json, Format::Cbor] {
        let offer = market.offer(Address::ZERO).await.unwrap();
        let (url, seen) = tap(&offer.url).await;
        let mut offer: HostOffer = offer;
        offer.url = url;
        let renter = market.renter.clone().with_format(format);
        let mut session = renter.open(&offer, &deposit()).await.unwrap();
        let question = "Who is the baker, and what is xyzzyplugh?";
        let answer = session.prompt(question, Renter::params()).await.unwrap().text().await.unwrap();
        session.disconnect();
        session.prompt("Who are you?", Renter::params()).await.unwrap().text().await.unwrap();
        session.close().await.unwrap();
        let seen = seen.lock().unwrap().clone();
        assert!(contains(&seen, "hello_ack"), "the tap works");
        assert!(!answer.is_empty());
        let words = answer.split_whitespace().filter(|word| word.len() > 5);
        for secret in ["xyzzyplugh", "input_tokens", "voucher"].into_iter().chain(words) {
            assert!(!contains(&seen, secret), "{secret:?} in the clear ({format:?})");
        }
    }
}

/// Somebody in the middle who gives the client a key of its own.
async fn impostor(host: &str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let host = host.to_owned();
    tokio::spawn(async move {
        #[allow(clippy::result_large_err, reason = "the trait of the handshake says so")]
        #[allow(clippy::result_large_err, reason = "the library's own callback type")]
        let agree = |_: &Request, mut response: Response| {
            let name = HeaderValue::from_static(Format::Json.subprotocol());
            response.headers_mut().insert("sec-websocket-protocol", name);
            Ok(response)
        };
        let mut client = accept_hdr_async(listener.accept().await.unwrap().0, agree).await.unwrap();
        let mut request = format!("{host}/v1/session").into_client_request().unwrap();
        let name = HeaderValue::from_static(Format::Json.subprotocol());
        request.headers_mut().insert("sec-websocket-protocol", name);
        let (mut host, _) = connect_async(request).await.unwrap();
        let hello = client.next().await.unwrap().unwrap();
        host.send(hello).await.unwrap();
        let ack = host.next().await.unwrap().unwrap().into_text().unwrap().to_string();
        let mut ack: serde_json::Value = serde_json::from_str(&ack).unwrap();
        assert_ne!(ack["channel_key"], format!("0x{}", "00".repeat(32)));
        ack["channel_key"] = format!("0x{}", "09".repeat(32)).into();
        client.send(Message::text(ack.to_string())).await.unwrap();
        // Whatever comes now was meant for it.
        let next = client.next().await;
        assert!(!matches!(next, Some(Ok(Message::Text(_) | Message::Binary(_)))), "{next:?}");
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_in_the_middle_with_a_key_of_their_own_is_noticed() {
    let market = market().await;
    let mut offer = market.offer(Address::ZERO).await.unwrap();
    offer.url = impostor(&offer.url).await;
    let renter = market.renter.clone().with_format(Format::Json);
    let error = renter.open(&offer, &deposit()).await.unwrap_err();
    assert_eq!(error.code().name(), "wrong_signer");
}
