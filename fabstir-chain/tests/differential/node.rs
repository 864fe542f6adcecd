//! Anvil by its raw calls, many in one request.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use serde_json::{Value, json};

/// Gas of every transaction: far more than any needs, so that nothing fails for want of it.
const GAS: u64 = 2_000_000;

/// Items in one request.
const BATCH: usize = 500;

#[derive(Debug)]
pub(crate) struct Node {
    client: reqwest::Client,
    url: String,
}

pub(crate) type Request = (&'static str, Value);

impl Node {
    pub(crate) fn new(url: &str) -> Self {
        // Without TLS there is nothing to verify, but the client wants a provider all the same.
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let client = reqwest::Client::builder().tls_backend_preconfigured(tls).build().expect("client");
        Self { client, url: url.to_owned() }
    }

    /// The answers, in the order of the requests.
    pub(crate) async fn batch(&self, requests: &[Request]) -> Vec<Value> {
        let mut answers = Vec::with_capacity(requests.len());
        for part in requests.chunks(BATCH) {
            let body: Vec<Value> = part
                .iter()
                .enumerate()
                .map(|(id, (method, params))| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
                .collect();
            let body = serde_json::to_vec(&body).expect("JSON");
            let request = self.client.post(&self.url).header("content-type", "application/json").body(body);
            let text = request.send().await.expect("anvil answers").bytes().await.expect("a body");
            let mut replies: Vec<Value> = serde_json::from_slice(&text).expect("a list of answers");
            replies.sort_by_key(|reply| reply["id"].as_u64());
            assert_eq!(replies.len(), part.len());
            for (reply, (method, params)) in replies.iter_mut().zip(part) {
                assert!(reply.get("error").is_none(), "{method} {params}: {}", reply["error"]);
                answers.push(reply["result"].take());
            }
        }
        answers
    }

    pub(crate) async fn one(&self, method: &'static str, params: Value) -> Value {
        self.batch(&[(method, params)]).await.remove(0)
    }

    /// Mines everything that waits, in a block at this second. Returns whether each of `hashes` succeeded.
    pub(crate) async fn mine(&self, timestamp: u64, hashes: &[Value]) -> Vec<bool> {
        self.one("evm_mine", json!([{ "timestamp": timestamp, "blocks": 1 }])).await;
        let receipts = self.one("eth_getBlockReceipts", json!(["latest"])).await;
        let receipts = receipts.as_array().expect("receipts");
        assert_eq!(receipts.len(), hashes.len(), "every transaction is in the block");
        hashes
            .iter()
            .map(|hash| {
                let receipt = receipts.iter().find(|receipt| receipt["transactionHash"] == *hash).expect("mined");
                receipt["status"] == "0x1"
            })
            .collect()
    }

    pub(crate) async fn timestamp(&self) -> u64 {
        let block = self.one("eth_getBlockByNumber", json!(["latest", false])).await;
        number(&block["timestamp"]).to()
    }

    /// Why a transaction failed.
    pub(crate) async fn reason(&self, hash: &Value) -> String {
        let data = self.one("ots_getTransactionError", json!([hash])).await;
        let data: Bytes = serde_json::from_value(data).unwrap_or_default();
        fabstir_chain::Revert::decode(data).to_string()
    }
}

pub(crate) fn transaction(from: Address, nonce: u64, to: Address, value: U256, input: Vec<u8>) -> Request {
    let transaction = json!({
        "from": from, "to": to, "value": value, "input": Bytes::from(input), "nonce": format!("{nonce:#x}"),
        "gas": format!("{GAS:#x}"), "gasPrice": "0x0",
    });
    ("eth_sendTransaction", json!([transaction]))
}

pub(crate) fn view<C: SolCall>(to: Address, call: &C) -> Request {
    ("eth_call", json!([{ "to": to, "input": Bytes::from(call.abi_encode()) }, "latest"]))
}

pub(crate) fn decode<C: SolCall>(answer: &Value) -> C::Return {
    let data: Bytes = serde_json::from_value(answer.clone()).expect("data");
    C::abi_decode_returns(&data).expect(C::SIGNATURE)
}

pub(crate) fn number(answer: &Value) -> U256 {
    serde_json::from_value(answer.clone()).expect("a number")
}
