//! Logs of an endpoint that lags, limits or lies.

use crate::{
    config,
    server::{MARKET, Reply, Server, honest},
};
use alloy_primitives::{Address, B256, keccak256};
use fabstir_chain::{Chain, Cursor, Error, EventFilter};
use fabstir_core::Code;
use serde_json::{Value, json};

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
