//! What an endpoint that is down, hangs, floods, lies or refuses costs us: a bounded wait and an error with a code.

#[path = "support/server.rs"]
mod server;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolError;
use fabstir_chain::{
    Chain, ChainConfig, Cursor, Error, EventFilter, Provider, RpcLimits, Transaction, TransactionQueue,
};
use fabstir_core::{
    Code,
    abi::ISessionMarket::{SessionMarket_Expired, SessionMarket_IdUsed},
    amount::Amount,
    signature::SigningKey,
};
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
    let answers: [(&str, fn(&str, &Value) -> Reply); 5] = [
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

/* TRANSACTIONS */

async fn queue(server: &Server, limits: RpcLimits) -> TransactionQueue {
    let provider = Provider::connect(&server.url, None, limits).await.expect("connected");
    TransactionQueue::new(provider, SigningKey::from_bytes(&[7; 32]).expect("key")).expect("queue")
}

fn payment() -> Transaction {
    Transaction::transfer(Address::repeat_byte(9), Amount::from(1_u64))
}

fn hash_of(params: &Value) -> B256 {
    let raw: Bytes = serde_json::from_value(params[0].clone()).expect("raw transaction");
    keccak256(raw)
}

fn receipt(hash: B256, status: u64) -> Value {
    json!({
        "transactionHash": hash, "blockNumber": "0x64", "gasUsed": "0x5208", "effectiveGasPrice": "0x3b9aca00",
        "status": format!("{status:#x}"), "contractAddress": null, "logs": [], "l1Fee": "0x64",
    })
}

#[tokio::test]
async fn a_refused_transaction_is_named_before_it_is_sent() {
    let revert = SessionMarket_IdUsed { id: U256::from(5) }.abi_encode();
    let server = Server::start(move |method, params, _| match method {
        "eth_estimateGas" => Reply::Error(3, "execution reverted", json!(Bytes::from(revert.clone()))),
        _ => honest(method, params),
    })
    .await;
    let error = queue(&server, limits()).await.send(payment()).await.expect_err("reverted");
    assert_eq!(error.code(), Code::Reverted);
    assert_eq!(error.to_string(), "reverted: SessionMarket_IdUsed { id: 5 }");
    assert_eq!(server.count("eth_sendRawTransaction"), 0);
}

#[tokio::test]
async fn an_endpoint_that_hides_the_reason_is_asked_in_another_way() {
    let revert = SessionMarket_Expired { deadline: U256::from(9) }.abi_encode();
    let server = Server::start(move |method, params, _| match method {
        "eth_estimateGas" => Reply::Error(-32000, "execution reverted", Value::Null),
        "eth_call" => Reply::Error(3, "execution reverted", json!({ "data": Bytes::from(revert.clone()) })),
        _ => honest(method, params),
    })
    .await;
    let error = queue(&server, limits()).await.send(payment()).await.expect_err("reverted");
    assert_eq!(error.to_string(), "reverted: SessionMarket_Expired { deadline: 9 }");
}

#[tokio::test]
async fn poverty_is_told_with_the_account() {
    let server = Server::start(|method, params, _| match method {
        "eth_estimateGas" => Reply::Error(-32000, "insufficient funds for gas * price + value", Value::Null),
        _ => honest(method, params),
    })
    .await;
    let queue = queue(&server, limits()).await;
    let error = queue.send(payment()).await.expect_err("poor");
    assert_eq!(error.code(), Code::InsufficientFunds);
    assert!(error.to_string().contains(&queue.account().to_string()), "{error}");
}

#[tokio::test]
async fn absurd_fees_and_estimates_are_refused() {
    let server = Server::start(|method, params, _| match method {
        "eth_maxPriorityFeePerGas" => Reply::Result(json!("0xffffffffffffffffffffffffffffffffffffffff")),
        _ => honest(method, params),
    })
    .await;
    let error = queue(&server, limits()).await.send(payment()).await.expect_err("dear");
    assert!(matches!(error, Error::FeeTooHigh { .. }), "{error}");
    for estimate in ["0x0", "0xffffffffffffffff"] {
        let server = Server::start(move |method, params, _| match method {
            "eth_estimateGas" => Reply::Result(json!(estimate)),
            _ => honest(method, params),
        })
        .await;
        let error = queue(&server, limits()).await.send(payment()).await.expect_err("absurd");
        assert_eq!(error.code(), Code::RpcInvalid, "{error}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_transaction() {
    let server = Server::start(|method, params, before| match (method, before) {
        ("eth_sendRawTransaction", 0) => Reply::Silence,
        ("eth_sendRawTransaction", _) => Reply::Error(-32000, "already known", Value::Null),
        ("eth_getTransactionReceipt", _) => {
            Reply::Result(receipt(serde_json::from_value(params[0].clone()).expect("hash"), 1))
        }
        _ => honest(method, params),
    })
    .await;
    let queue = queue(&server, limits()).await;
    let receipt = queue.execute(payment()).await.expect("mined");
    let sent = server.params("eth_sendRawTransaction");
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0], sent[1]);
    assert_eq!(receipt.tx_hash, hash_of(&sent[0]));
    assert_eq!(receipt.fee(), Amount::from(21_000 * 1_000_000_000 + 100_u64), "gas and the data's price below");
    let spent = queue.spent();
    assert_eq!((spent.transactions, spent.gas, spent.fee), (1, 21_000, receipt.fee()));
}

#[tokio::test]
async fn a_nonce_taken_by_somebody_else_is_replaced() {
    let server = Server::start(|method, params, before| match (method, before) {
        ("eth_sendRawTransaction", 0) => Reply::Error(-32000, "nonce too low", Value::Null),
        ("eth_sendRawTransaction", _) => Reply::Result(json!(hash_of(params))),
        ("eth_getTransactionCount", before) => Reply::Result(json!(format!("{:#x}", 7 + before))),
        _ => honest(method, params),
    })
    .await;
    let pending = queue(&server, limits()).await.send(payment()).await.expect("sent");
    assert_eq!(pending.nonce(), 8);
}

#[tokio::test]
async fn nonces_go_on_without_asking_even_if_the_endpoint_lags() {
    let server = Server::start(|method, params, _| match method {
        "eth_sendRawTransaction" => Reply::Result(json!(hash_of(params))),
        _ => honest(method, params),
    })
    .await;
    let queue = queue(&server, limits()).await;
    let mut nonces = Vec::new();
    for _ in 0..3 {
        nonces.push(queue.send(payment()).await.expect("sent").nonce());
    }
    assert_eq!(nonces, [7, 8, 9]);
    assert_eq!(server.count("eth_getTransactionCount"), 1);
}

#[tokio::test]
async fn a_transaction_that_was_not_accepted_leaves_no_gap() {
    let server = Server::start(|method, params, before| match (method, before) {
        ("eth_sendRawTransaction", 0) => Reply::Error(-32000, "pool is full", Value::Null),
        ("eth_sendRawTransaction", _) => Reply::Result(json!(hash_of(params))),
        _ => honest(method, params),
    })
    .await;
    let queue = queue(&server, limits()).await;
    assert_eq!(queue.send(payment()).await.expect_err("refused").code(), Code::RpcInvalid);
    assert_eq!(queue.send(payment()).await.expect("sent").nonce(), 7);
}

#[tokio::test]
async fn a_transaction_that_is_never_mined_times_out_with_its_hash() {
    let server = Server::start(|method, params, before| match (method, before) {
        ("eth_sendRawTransaction", _) => Reply::Result(json!(hash_of(params))),
        ("eth_getTransactionReceipt", 0) => Reply::Http(500, String::new()),
        ("eth_getTransactionReceipt", _) => Reply::Result(Value::Null),
        _ => honest(method, params),
    })
    .await;
    let pending = queue(&server, limits()).await.send(payment()).await.expect("sent");
    let hash = pending.hash();
    let error = pending.receipt().await.expect_err("never mined");
    assert_eq!(error.code(), Code::TransactionTimeout);
    assert!(error.to_string().contains(&hash.to_string()), "{error}");
}

#[tokio::test]
async fn a_transaction_that_failed_in_its_block_is_explained() {
    let revert = SessionMarket_IdUsed { id: U256::from(5) }.abi_encode();
    let server = Server::start(move |method, params, _| match method {
        "eth_sendRawTransaction" => Reply::Result(json!(hash_of(params))),
        "eth_getTransactionReceipt" => {
            Reply::Result(receipt(serde_json::from_value(params[0].clone()).expect("hash"), 0))
        }
        "eth_call" => Reply::Error(3, "execution reverted", json!(Bytes::from(revert.clone()))),
        _ => honest(method, params),
    })
    .await;
    let queue = queue(&server, limits()).await;
    let error = queue.execute(payment()).await.expect_err("failed");
    assert_eq!(error.code(), Code::Reverted);
    assert!(error.to_string().contains("block 100: SessionMarket_IdUsed { id: 5 }"), "{error}");
    assert_eq!(queue.spent().transactions, 1, "failing costs gas too");
}

#[tokio::test]
async fn answers_about_another_transaction_are_nonsense() {
    let server = Server::start(|method, params, _| match method {
        "eth_sendRawTransaction" => Reply::Result(json!(B256::repeat_byte(1))),
        _ => honest(method, params),
    })
    .await;
    let error = queue(&server, limits()).await.send(payment()).await.expect_err("another hash");
    assert_eq!(error.code(), Code::RpcInvalid, "{error}");
}

#[tokio::test]
async fn a_full_queue_refuses_instead_of_growing() {
    let server = Server::start(|method, params, _| match method {
        "eth_sendRawTransaction" => Reply::Silence,
        _ => honest(method, params),
    })
    .await;
    let queue = queue(&server, RpcLimits { queue: 2, ..limits() }).await;
    let sends = futures::future::join_all((0..8).map(|_| queue.send(payment()))).await;
    let full = sends.iter().filter(|sent| matches!(sent, Err(Error::QueueFull { pending: 2 }))).count();
    assert!(full >= 5, "{full} of 8");
    assert!(sends.iter().all(|sent| sent.as_ref().is_err_and(|error| error.code().is_retryable())));
}

/* EVENTS */

fn log(address: Address, block: u64, index: u64) -> Value {
    // `Paused()`, which has no fields.
    json!({
        "address": address, "topics": [keccak256("Paused()")], "data": "0x", "blockNumber": format!("{block:#x}"),
        "transactionHash": B256::repeat_byte(2), "transactionIndex": "0x0", "blockHash": B256::repeat_byte(3),
        "logIndex": format!("{index:#x}"), "removed": false,
    })
}

async fn events_of(logs: Value) -> Result<usize, Error> {
    let server = Server::start(move |method, params, _| match method {
        "eth_getLogs" => Reply::Result(logs.clone()),
        _ => honest(method, params),
    })
    .await;
    let chain = Chain::connect(config(&server.url)).await.expect("connected");
    let page = chain.events(Cursor::at_block(50), EventFilter::all()).page().await?;
    assert_eq!(page.to_block, 100);
    Ok(page.events.len())
}

#[tokio::test]
async fn logs_are_sorted_and_foreign_kinds_left_out() {
    let mut unknown = log(MARKET, 70, 3);
    unknown["topics"] = json!([B256::repeat_byte(9)]);
    let logs = json!([log(MARKET, 90, 1), log(MARKET, 60, 0), unknown]);
    assert_eq!(events_of(logs).await.expect("events"), 2);
}

#[tokio::test]
async fn logs_that_were_not_asked_for_are_nonsense() {
    let mut removed = log(MARKET, 60, 0);
    removed["removed"] = json!(true);
    let mut pending = log(MARKET, 60, 0);
    pending["blockNumber"] = Value::Null;
    let mut bare = log(MARKET, 60, 0);
    bare["topics"] = json!([keccak256("FeeSet(uint16)")]);
    for (what, logs) in [
        ("another contract's", json!([log(Address::repeat_byte(1), 60, 0)])),
        ("before the range", json!([log(MARKET, 49, 0)])),
        ("after the range", json!([log(MARKET, 101, 0)])),
        ("the same twice", json!([log(MARKET, 60, 0), log(MARKET, 60, 0)])),
        ("removed", json!([removed])),
        ("without a block", json!([pending])),
        ("undecodable", json!([bare])),
        ("no list", json!({})),
    ] {
        let error = events_of(logs).await.expect_err(what);
        assert_eq!(error.code(), Code::RpcInvalid, "{what}: {error}");
    }
}

#[tokio::test]
async fn a_range_too_wide_is_halved() {
    let server = Server::start(|method, params, _| {
        let number = |key: &str| {
            let text = params[0][key].as_str().expect("block").trim_start_matches("0x").to_owned();
            u64::from_str_radix(&text, 16).expect("number")
        };
        match method {
            "eth_getLogs" if number("toBlock") - number("fromBlock") >= 10 => {
                Reply::Error(-32602, "block range too wide", Value::Null)
            }
            "eth_getLogs" => Reply::Result(json!([log(MARKET, number("fromBlock"), 0)])),
            _ => honest(method, params),
        }
    })
    .await;
    let chain = Chain::connect(config(&server.url)).await.expect("connected");
    let mut events = chain.events(Cursor::at_block(0), EventFilter::market());
    let mut seen = 0;
    while let Some(page) = events.try_page().await.expect("page") {
        assert_eq!(page.events.len(), 1);
        seen = page.to_block;
    }
    assert_eq!(seen, 100);
    assert_eq!(events.cursor(), Cursor::at_block(101));
}

#[tokio::test]
async fn an_endpoint_that_falls_behind_is_waited_for() {
    let server = Server::start(|method, params, _| honest(method, params)).await;
    let chain = Chain::connect(config(&server.url)).await.expect("connected");
    let mut events = chain.events(Cursor::at_block(101), EventFilter::all());
    assert_eq!(events.try_page().await.expect("answer"), None);
    assert_eq!(server.count("eth_getLogs"), 0);
}
