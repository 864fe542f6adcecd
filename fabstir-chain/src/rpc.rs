//! Typed JSON-RPC: one request, one answer, with its timeout and its retries.

use crate::{
    Error,
    config::RpcLimits,
    error::cut,
    revert::Revert,
    transport::{Failure, Transport},
};
use alloy::rpc::json_rpc::{ErrorPayload, Id, Request, Response, ResponsePayload, RpcRecv, RpcSend};
use alloy_primitives::{Address, Bytes, hex};
use serde_json::value::RawValue;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Depth at which revert data is looked for: nodes nest it differently.
const DATA_DEPTH: usize = 4;

/// One endpoint. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Rpc {
    transport: Transport,
    limits: Arc<RpcLimits>,
    next_id: Arc<AtomicU64>,
}

impl Rpc {
    pub(crate) fn new(rpc_url: &str, limits: RpcLimits) -> Result<Self, Error> {
        Ok(Self {
            transport: Transport::new(rpc_url, &limits)?,
            limits: Arc::new(limits),
            next_id: Arc::new(AtomicU64::new(1)),
        })
    }

    pub(crate) fn limits(&self) -> &RpcLimits {
        &self.limits
    }

    /// A read: repeated with a growing pause while the endpoint is unavailable.
    pub(crate) async fn read<P, R>(&self, method: &'static str, params: P) -> Result<R, Error>
    where
        P: RpcSend,
        R: RpcRecv,
    {
        let mut pause = self.limits.backoff;
        let mut attempt = 1;
        loop {
            match self.once(method, params.clone()).await {
                Err(error @ Error::Unavailable { .. }) if attempt < self.limits.attempts => {
                    tracing::debug!(%error, attempt, "reading again");
                    tokio::time::sleep(pause).await;
                    pause = pause.saturating_mul(2);
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    /// One attempt.
    pub(crate) async fn once<P, R>(&self, method: &'static str, params: P) -> Result<R, Error>
    where
        P: RpcSend,
        R: RpcRecv,
    {
        let id = Id::Number(self.next_id.fetch_add(1, Ordering::Relaxed));
        let request = Request::new(method, id.clone(), params);
        let body = serde_json::to_vec(&request).map_err(|error| Error::Internal(error.to_string()))?;
        let (status, bytes) = self.transport.post(body).await.map_err(|failure| self.failed(method, failure))?;
        let response: Response = match serde_json::from_slice(&bytes) {
            Ok(response) => response,
            Err(_) if !status.is_success() => return Err(self.status(method, status)),
            Err(error) => return Err(self.nonsense(method, format!("no JSON-RPC: {error}"))),
        };
        match response.payload {
            ResponsePayload::Success(result) if response.id == id => {
                serde_json::from_str(result.get()).map_err(|error| self.nonsense(method, error.to_string()))
            }
            ResponsePayload::Success(_) => Err(self.nonsense(method, format!("answers request {}", response.id))),
            // Errors about unreadable requests carry no id: the connection tells whose they are.
            ResponsePayload::Failure(payload) => Err(self.refused(method, &payload)),
        }
    }

    pub(crate) fn nonsense(&self, method: &str, reason: impl AsRef<str>) -> Error {
        Error::Nonsense {
            endpoint: self.transport.endpoint().to_owned(),
            method: method.to_owned(),
            reason: cut(reason.as_ref()),
        }
    }

    fn unavailable(&self, method: &str, reason: impl Into<String>) -> Error {
        Error::Unavailable {
            endpoint: self.transport.endpoint().to_owned(),
            method: method.to_owned(),
            reason: reason.into(),
        }
    }

    fn failed(&self, method: &str, failure: Failure) -> Error {
        match failure {
            Failure::Unavailable(reason) => self.unavailable(method, reason),
            Failure::Nonsense(reason) => self.nonsense(method, reason),
        }
    }

    fn status(&self, method: &str, status: reqwest::StatusCode) -> Error {
        if status.is_server_error() || status == reqwest::StatusCode::TOO_MANY_REQUESTS {
            self.unavailable(method, format!("HTTP {status}"))
        } else {
            self.nonsense(method, format!("HTTP {status}"))
        }
    }

    fn refused(&self, method: &str, payload: &ErrorPayload) -> Error {
        let message = cut(&payload.message);
        let lower = message.to_ascii_lowercase();
        if payload.is_retry_err() {
            return self.unavailable(method, format!("{message} (JSON-RPC error {})", payload.code));
        }
        let data = payload.data.as_deref().and_then(revert_data);
        match data {
            Some(data) => Error::Reverted(Revert::decode(data)),
            None if payload.code == 3 || lower.contains("revert") => Error::Reverted(Revert::unexplained(&message)),
            // "Out of funds" is anvil's word for it when it estimates. Who cannot pay, the caller knows.
            None if ["insufficient funds", "outoffunds", "out of funds"].iter().any(|words| lower.contains(words)) => {
                Error::InsufficientFunds { account: Address::ZERO, reason: message }
            }
            None => Error::Refused {
                endpoint: self.transport.endpoint().to_owned(),
                method: method.to_owned(),
                number: payload.code,
                message,
            },
        }
    }
}

/// Revert data: a hex string, or one somewhere inside the object some nodes send.
fn revert_data(raw: &RawValue) -> Option<Bytes> {
    fn search(value: &serde_json::Value, depth: usize) -> Option<Bytes> {
        match value {
            serde_json::Value::String(text) => {
                let text = text.strip_prefix("Reverted ").unwrap_or(text);
                text.starts_with("0x").then(|| hex::decode(text).ok().map(Bytes::from)).flatten()
            }
            serde_json::Value::Object(fields) if depth > 0 => ["data", "result", "originalError", "output"]
                .iter()
                .find_map(|key| search(fields.get(*key)?, depth - 1)),
            _ => None,
        }
    }
    search(&serde_json::from_str(raw.get()).ok()?, DATA_DEPTH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_sol_types::SolError;
    use fabstir_core::abi::ISessionMarket::SessionMarket_Paused;

    #[test]
    fn revert_data_is_found_where_nodes_put_it() {
        let data = hex::encode_prefixed(SessionMarket_Paused {}.abi_encode());
        for json in [
            format!("\"{data}\""),
            format!("\"Reverted {data}\""),
            format!("{{\"data\":\"{data}\"}}"),
            format!("{{\"originalError\":{{\"code\":3,\"data\":\"{data}\"}}}}"),
        ] {
            let raw = RawValue::from_string(json.clone()).expect("JSON");
            let found = revert_data(&raw).expect("data");
            assert_eq!(Revert::decode(found).name(), "SessionMarket_Paused", "{json}");
        }
        for json in ["null", "7", "\"words\"", "\"0xzz\"", "{}", "[\"0x00\"]"] {
            assert_eq!(revert_data(&RawValue::from_string(json.to_owned()).expect("JSON")), None, "{json}");
        }
    }
}
