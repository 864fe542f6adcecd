//! A JSON-RPC endpoint that answers whatever a test wants, over plain TCP.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolValue};
use fabstir_core::{
    abi::{INodeRegistry, ISessionMarket},
    messages::{Domain, session_id},
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// A JSON-RPC result.
    Result(Value),
    /// A JSON-RPC error: number, message, data.
    Error(i64, &'static str, Value),
    /// A status and a body.
    Http(u16, String),
    /// Bytes as they are, then the end.
    Raw(Vec<u8>),
    /// Accepted, never answered.
    Silence,
    /// A body without end.
    Flood,
}

pub(crate) struct Server {
    pub(crate) url: String,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Serves `answer(method, params, how often this method was called before)`.
    pub(crate) async fn start(answer: impl Fn(&str, &Value, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let url = format!("http://{}/key/secret", listener.local_addr().expect("address"));
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (calls.clone(), Arc::new(answer));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, log.clone(), answer.clone()));
            }
        });
        Self { url, calls, task }
    }

    /// How often a method was called.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.calls.lock().expect("calls").iter().filter(|(name, _)| name == method).count()
    }

    /// The parameters of a method's calls.
    pub(crate) fn params(&self, method: &str) -> Vec<Value> {
        let calls = self.calls.lock().expect("calls");
        calls.iter().filter(|(name, _)| name == method).map(|(_, params)| params.clone()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Answer = Arc<dyn Fn(&str, &Value, usize) -> Reply + Send + Sync>;

async fn serve<F>(mut stream: TcpStream, calls: Arc<Mutex<Vec<(String, Value)>>>, answer: Arc<F>)
where
    F: Fn(&str, &Value, usize) -> Reply + Send + Sync + 'static,
{
    let answer: Answer = answer;
    let Some(body) = read_request(&mut stream).await else { return };
    let request: Value = serde_json::from_slice(&body).expect("our client sends JSON");
    let method = request["method"].as_str().expect("method").to_owned();
    let before = {
        let mut calls = calls.lock().expect("calls");
        let before = calls.iter().filter(|(name, _)| *name == method).count();
        calls.push((method.clone(), request["params"].clone()));
        before
    };
    let reply = answer(&method, &request["params"], before);
    let ok = |mut body: Value| {
        body["jsonrpc"] = json!("2.0");
        body["id"] = request["id"].clone();
        http(200, &body.to_string())
    };
    let bytes = match reply {
        Reply::Result(value) => ok(json!({ "result": value })),
        Reply::Error(code, message, data) => ok(json!({ "error": { "code": code, "message": message, "data": data } })),
        Reply::Http(status, body) => http(status, &body),
        Reply::Raw(bytes) => bytes,
        Reply::Silence => return tokio::time::sleep(Duration::from_secs(60)).await,
        Reply::Flood => return flood(stream).await,
    };
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
}

async fn flood(mut stream: TcpStream) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("1000\r\n{}\r\n", "9".repeat(0x1000));
    let mut sent = stream.write_all(head.as_bytes()).await;
    while sent.is_ok() {
        sent = stream.write_all(chunk.as_bytes()).await;
    }
}

fn http(status: u16, body: &str) -> Vec<u8> {
    let headers = "content-type: application/json\r\nlocation: http://127.0.0.1:1/\r\nconnection: close";
    format!("HTTP/1.1 {status} Test\r\n{headers}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

async fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok())?;
            if bytes.len() >= end + 4 + length {
                return Some(bytes[end + 4..end + 4 + length].to_vec());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

pub(crate) const MARKET: Address = Address::repeat_byte(0xaa);
pub(crate) const REGISTRY: Address = Address::repeat_byte(0xbb);
pub(crate) const CHAIN_ID: u64 = 31_337;

/// The answers of an honest endpoint with our market, at block 100.
pub(crate) fn honest(method: &str, params: &Value) -> Reply {
    let quantity = |number: u64| Reply::Result(json!(format!("{number:#x}")));
    match method {
        "eth_chainId" => quantity(CHAIN_ID),
        "eth_getCode" => Reply::Result(json!("0x6000")),
        "eth_blockNumber" => quantity(100),
        "eth_getBlockByNumber" => Reply::Result(json!({
            "number": "0x64", "timestamp": "0x1000", "hash": B256::ZERO, "baseFeePerGas": "0x3b9aca00",
        })),
        "eth_maxPriorityFeePerGas" => quantity(1_000_000),
        "eth_estimateGas" => quantity(50_000),
        "eth_getTransactionCount" => quantity(7),
        "eth_call" => view(params),
        other => panic!("no answer for {other}"),
    }
}

fn view(params: &Value) -> Reply {
    let input: Bytes = serde_json::from_value(params[0]["input"].clone()).expect("input");
    let answer = if let Ok(call) = ISessionMarket::sessionIdOfCall::abi_decode(&input) {
        session_id(&call.terms, &Domain::new(CHAIN_ID, MARKET)).abi_encode()
    } else if ISessionMarket::registryCall::abi_decode(&input).is_ok() {
        REGISTRY.abi_encode()
    } else if INodeRegistry::minStakeCall::abi_decode(&input).is_ok() {
        U256::from(1_000).abi_encode()
    } else {
        panic!("no answer for a call of {input}")
    };
    Reply::Result(json!(Bytes::from(answer)))
}
