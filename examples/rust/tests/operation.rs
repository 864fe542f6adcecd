//! What an operator sees of a host from outside.

mod common;

use alloy_primitives::Address;
use common::{deposit, market};
use fabstir_chain::anvil::dev_key;
use fabstir_client::Renter;
use fabstir_core::amount::Amount;
use fabstir_host::Host;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Status and body of a request.
async fn get(host: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// The value of a metric, by its whole name.
fn value(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    line.unwrap_or_else(|| panic!("no {name} in\n{metrics}")).rsplit(' ').next().unwrap().parse().unwrap()
}

fn as_float(amount: Amount) -> f64 {
    amount.to_string().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_tokens_money_and_sessions_and_hold_no_words() {
    let market = market().await;
    let host = market.host.as_ref().unwrap().address();
    assert_eq!(get(host, "/health").await.0, 200);
    assert_eq!(get(host, "/ready").await.0, 200);
    let offer = market.offer(Address::ZERO).await.unwrap();
    let mut session = market.renter.open(&offer, &deposit()).await.unwrap();
    let answer = session.prompt("Who is the baker?", Renter::params()).await.unwrap().text().await.unwrap();
    let (usage, owed) = (session.usage(), session.owed());
    let during = get(host, "/metrics").await.1;
    assert!((value(&during, "fabstir_sessions{kind=\"connected\"}") - 1.0).abs() < 0.5);
    session.close().await.unwrap();
    market.host.as_ref().unwrap().settled().await;

    let (status, metrics) = get(host, "/metrics").await;
    assert_eq!(status, 200);
    let coin = format!("{{token=\"{}\"}}", Address::ZERO);
    for (name, expected) in [
        ("fabstir_tokens_total{kind=\"fed\"}".to_owned(), usage.input as f64),
        ("fabstir_tokens_total{kind=\"sampled\"}".to_owned(), usage.output as f64),
        (format!("fabstir_vouched_base_units_total{coin}"), as_float(owed)),
        (format!("fabstir_settled_base_units_total{coin}"), as_float(owed)),
        ("fabstir_settlements_total{kind=\"settled\"}".to_owned(), 1.0),
        ("fabstir_time_to_first_token_seconds_count".to_owned(), 1.0),
        ("fabstir_sessions{kind=\"connected\"}".to_owned(), 0.0),
        ("fabstir_settlements_pending".to_owned(), 0.0),
    ] {
        assert!((value(&metrics, &name) - expected).abs() < 0.5, "{name} is not {expected} in\n{metrics}");
    }
    for word in answer.split_whitespace().filter(|word| word.len() > 4) {
        assert!(!metrics.contains(word), "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_host_says_that_it_is_not_ready() {
    let mut market = market().await;
    market.stop_host().await;
    let mut config = market.host_config.clone();
    config.max_sessions = 1;
    let host = Host::start(config, market.signer_wallet.clone(), dev_key(2).unwrap()).await.unwrap();
    let offer = market.offer(Address::ZERO).await.unwrap();
    let session = market.renter.open(&offer, &deposit()).await.unwrap();
    let (status, body) = get(host.address(), "/ready").await;
    assert_eq!((status, body.contains("no place")), (503, true), "{body}");
    session.close().await.unwrap();
    host.settled().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(get(host.address(), "/ready").await.0, 200);
    assert_eq!(get(host.address(), "/nothing").await.0, 404);
    host.stop().await;
}
