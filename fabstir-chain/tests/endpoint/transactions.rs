//! Transactions handed to an endpoint that cannot be trusted with them.

use crate::{
    limits,
    server::{Reply, Server, honest},
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolError;
use fabstir_chain::{Error, Provider, RpcLimits, Transaction, TransactionQueue};
use fabstir_core::{
    Code,
    abi::ISessionMarket::{SessionMarket_Expired, SessionMarket_IdUsed},
    amount::Amount,
    signature::SigningKey,
};
use serde_json::{Value, json};

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
async fn a_revert_about_funds_is_a_revert() {
    let revert = alloy_sol_types::Revert::from("insufficient funds").abi_encode();
    let server = Server::start(move |method, params, _| match method {
        "eth_estimateGas" => {
            Reply::Error(3, "execution reverted: insufficient funds", json!(Bytes::from(revert.clone())))
        }
        _ => honest(method, params),
    })
    .await;
    let error = queue(&server, limits()).await.send(payment()).await.expect_err("reverted");
    assert_eq!(error.to_string(), r#"reverted: Error { message: "insufficient funds" }"#);
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
