//! What an endpoint that is down, hangs, floods, lies or refuses costs us: a bounded wait and an error with a code.

mod events;
mod server;
mod transactions;

use alloy_primitives::B256;
use fabstir_chain::{Chain, ChainConfig, Error, Provider, RpcLimits};
use fabstir_core::Code;
use serde_json::{Value, json};
use server::{CHAIN_ID, MARKET, REGISTRY, Reply, Server, honest};
use std::time::{Duration, Instant};

fn limits() -> RpcLimits {
    RpcLimits {
        request_timeout: Duration::from_millis(400),
        attempts: 3,
        backoff: Duration::from_millis(10),
        max_response_bytes: 1 << 20,
        poll_interval: Duration::from_millis(20),
        receipt_timeout: Duration::from_millis(500),
        ..RpcLimits::default()
    }
}

fn config(url: &str) -> ChainConfig {
    ChainConfig { limits: limits(), ..ChainConfig::new(url, MARKET) }
}

/// Connects to a server that gives every request this reply.
async fn always(reply: Reply) -> (Error, Server) {
    let server = Server::start(move |_, _, _| reply.clone()).await;
    let error = Provider::connect(&server.url, None, limits()).await.expect_err("an error");
    assert!(!format!("{error} {error:?}").contains("secret"), "the URL's path is a secret: {error:?}");
    (error, server)
}

#[tokio::test]
async fn nobody_there() {
    let started = Instant::now();
    let error = Provider::connect("http://127.0.0.1:1/secret", None, limits()).await.expect_err("refused");
    assert_eq!(error.code(), Code::RpcUnavailable);
    assert!(error.to_string().contains("http://127.0.0.1:1 is unavailable"), "{error}");
    assert!(!error.to_string().contains("secret"));
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn an_endpoint_that_hangs_costs_a_bounded_wait() {
    let started = Instant::now();
    let (error, server) = always(Reply::Silence).await;
    assert_eq!(error.code(), Code::RpcUnavailable, "{error}");
    assert_eq!(server.count("eth_chainId"), 3);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn failing_statuses_are_unavailable_and_tried_again() {
    for status in [500, 502, 503, 429] {
        let (error, server) = always(Reply::Http(status, "<html>".into())).await;
        assert_eq!(error.code(), Code::RpcUnavailable, "{error}");
        assert!(error.to_string().contains(&status.to_string()), "{error}");
        assert_eq!(server.count("eth_chainId"), 3);
    }
}

#[tokio::test]
async fn other_statuses_are_nonsense_and_not_tried_again() {
    for status in [301, 307, 401, 403, 404] {
        let (error, server) = always(Reply::Http(status, "<html>".into())).await;
        assert_eq!(error.code(), Code::RpcInvalid, "{error}");
        assert_eq!(server.count("eth_chainId"), 1, "a redirect is not followed either");
    }
}

#[tokio::test]
async fn garbage_below_http_is_unavailable() {
    let (error, _server) = always(Reply::Raw(b"\x00\xff\x16\x03 not HTTP at all\r\n\r\n".to_vec())).await;
    assert_eq!(error.code(), Code::RpcUnavailable, "{error}");
    let (error, _server) = always(Reply::Raw(Vec::new())).await;
    assert_eq!(error.code(), Code::RpcUnavailable, "{error}");
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"jsonrpc\"".to_vec();
    let (error, _server) = always(Reply::Raw(cut)).await;
    assert_eq!(error.code(), Code::RpcUnavailable, "{error}");
}

#[tokio::test]
async fn https_to_something_else_is_an_error() {
    let server = Server::start(|_, _, _| Reply::Silence).await;
    let url = server.url.replace("http://", "https://");
    let error = Provider::connect(&url, None, limits()).await.expect_err("no TLS there");
    // A machine without any certificates cannot check one, and says so.
    assert!(matches!(error.code(), Code::RpcUnavailable | Code::InvalidConfig), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn bodies_that_are_no_answer_are_nonsense() {
    for body in [
        "",
        "<html>502</html>",
        "null",
        "[]",
        "{}",
        "7",
        "\"0x1\"",
        "{\"jsonrpc\":\"2.0\",\"id\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":999,\"result\":\"0x1\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0xzz\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x10000000000000000\"}",
        "\u{feff}",
        "{\"id\":1,\"result\":\"0x1\",\"error\":\"both\"}",
    ] {
        let (error, _server) = always(Reply::Http(200, body.into())).await;
        assert_eq!(error.code(), Code::RpcInvalid, "{body}: {error}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let (error, _server) = always(Reply::Http(200, deep)).await;
    assert_eq!(error.code(), Code::RpcInvalid);
    assert!(error.to_string().len() < 400);
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    let started = Instant::now();
    let (error, _server) = always(Reply::Flood).await;
    assert!(matches!(error.code(), Code::RpcInvalid | Code::RpcUnavailable), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let (error, server) = always(Reply::Error(-32601, "no such method", Value::Null)).await;
    assert_eq!(error.code(), Code::RpcInvalid, "{error}");
    assert!(error.to_string().contains("no such method"));
    assert_eq!(server.count("eth_chainId"), 1);
    let (error, server) = always(Reply::Error(-32005, "rate limit exceeded", Value::Null)).await;
    assert_eq!(error.code(), Code::RpcUnavailable, "{error}");
    assert_eq!(server.count("eth_chainId"), 3);
}

#[tokio::test]
async fn a_short_outage_is_waited_out() {
    let server = Server::start(|method, params, before| match before {
        0 => Reply::Http(503, String::new()),
        1 => Reply::Raw(Vec::new()),
        _ => honest(method, params),
    })
    .await;
    let provider = Provider::connect(&server.url, Some(CHAIN_ID), limits()).await.expect("third attempt");
    assert_eq!(provider.chain_id(), CHAIN_ID);
}

#[tokio::test]
async fn the_wrong_chain_is_refused_by_number() {
    let server = Server::start(|method, params, _| honest(method, params)).await;
    let error = Chain::connect(ChainConfig { chain_id: Some(8_453), ..config(&server.url) }).await.expect_err("other");
    assert_eq!(error, Error::WrongChain { expected: 8_453, actual: CHAIN_ID });
    assert_eq!(error.code(), Code::WrongChain);
}

#[tokio::test]
async fn an_honest_endpoint_is_accepted() {
    let server = Server::start(|method, params, _| honest(method, params)).await;
    let chain = Chain::connect(config(&server.url)).await.expect("connected");
    assert_eq!((chain.market(), chain.registry(), chain.chain_id()), (MARKET, REGISTRY, CHAIN_ID));
}

#[tokio::test]
async fn an_address_without_our_market_is_refused() {
    type Answer = fn(&str, &Value) -> Reply;
    let answers: [(&str, Answer); 5] = [
        ("no code there", |method, params| match method {
            "eth_getCode" => Reply::Result(json!("0x")),
            _ => honest(method, params),
        }),
        ("another contract", |method, params| match method {
            "eth_call" => Reply::Error(3, "execution reverted", json!("0x")),
            _ => honest(method, params),
        }),
        ("nothing answers", |method, params| match method {
            "eth_call" => Reply::Result(json!("0x")),
            _ => honest(method, params),
        }),
        ("another contract", |method, params| match method {
            "eth_call" => Reply::Result(json!("0x01")),
            _ => honest(method, params),
        }),
        ("hashes terms in another way", |method, params| match method {
            "eth_call" => Reply::Result(json!(B256::repeat_byte(1))),
            _ => honest(method, params),
        }),
    ];
    for (reason, answer) in answers {
        let server = Server::start(move |method, params, _| answer(method, params)).await;
        let error = Chain::connect(config(&server.url)).await.expect_err(reason);
        assert_eq!(error.code(), Code::NoContract, "{error}");
        assert!(error.to_string().contains(reason) && error.to_string().contains("SessionMarket"), "{error}");
        assert!(error.to_string().contains(&MARKET.to_string()), "{error}");
    }
}

#[tokio::test]
async fn a_market_whose_registry_is_missing_is_refused() {
    let server = Server::start(|method, params, before| match (method, before) {
        ("eth_call", 2) => Reply::Result(json!("0x")),
        _ => honest(method, params),
    })
    .await;
    let error = Chain::connect(config(&server.url)).await.expect_err("no registry");
    assert_eq!(error.code(), Code::NoContract);
    assert!(error.to_string().contains("NodeRegistry") && error.to_string().contains(&REGISTRY.to_string()), "{error}");
}
