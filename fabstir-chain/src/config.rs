//! What to connect to, and how long to wait for it.

use crate::Error;
use alloy_primitives::Address;
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// Which market on which chain, and through whom.
#[derive(Clone, PartialEq, Eq)]
pub struct ChainConfig {
    /// JSON-RPC endpoint, `http://` or `https://`. May hold an API key: [`fmt::Debug`] leaves its path out.
    pub rpc_url: String,
    /// The chain the endpoint must serve; `None` takes the one it does.
    pub chain_id: Option<u64>,
    /// SessionMarket.
    pub market: Address,
    /// Blocks that make an event final for us, its own included; 0 means 1.
    pub confirmations: u64,
    /// Block the market was deployed in: nothing of ours is older.
    pub from_block: u64,
    /// Bounds on requests and transactions.
    pub limits: RpcLimits,
}

impl ChainConfig {
    /// The market at this address, any chain, one confirmation, default bounds.
    pub fn new(rpc_url: impl Into<String>, market: Address) -> Self {
        Self {
            rpc_url: rpc_url.into(),
            chain_id: None,
            market,
            confirmations: 1,
            from_block: 0,
            limits: RpcLimits::default(),
        }
    }
}

impl fmt::Debug for ChainConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainConfig")
            .field("rpc_url", &endpoint_of(&self.rpc_url))
            .field("chain_id", &self.chain_id)
            .field("market", &self.market)
            .field("confirmations", &self.confirmations)
            .field("from_block", &self.from_block)
            .field("limits", &self.limits)
            .finish()
    }
}

/// Bounds on requests and transactions: an endpoint that hangs, floods or overcharges costs no more than this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RpcLimits {
    /// Longest wait for one answer, connecting included.
    pub request_timeout: Duration,
    /// Attempts at a read. Only reads and the resending of one signed transaction are repeated.
    pub attempts: u32,
    /// Wait before the second attempt; doubles with each further one.
    pub backoff: Duration,
    /// Largest answer read, bytes.
    pub max_response_bytes: usize,
    /// Longest pause between looks for a receipt or a new block.
    pub poll_interval: Duration,
    /// Longest wait for a transaction to be mined.
    pub receipt_timeout: Duration,
    /// Most paid for a unit of gas, wei.
    pub max_fee_per_gas: u128,
    /// Transactions that may wait in one key's queue.
    pub queue: usize,
    /// Most blocks asked for in one `eth_getLogs`.
    pub page_blocks: u64,
}

impl Default for RpcLimits {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(10),
            attempts: 4,
            backoff: Duration::from_millis(150),
            max_response_bytes: 16 << 20,
            poll_interval: Duration::from_secs(1),
            receipt_timeout: Duration::from_secs(120),
            max_fee_per_gas: 1_000_000_000_000,
            queue: 64,
            page_blocks: 2_000,
        }
    }
}

/// Reads an endpoint's URL.
///
/// # Errors
///
/// [`Error::Config`] if it is no `http` or `https` URL.
pub(crate) fn parse_url(text: &str) -> Result<reqwest::Url, Error> {
    // The text itself stays out of the error: it may hold an API key.
    let url = reqwest::Url::parse(text).map_err(|error| Error::config("RPC URL", error.to_string()))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        scheme => Err(Error::config("RPC URL", format!("scheme {scheme}, where http or https is needed"))),
    }
}

/// Scheme, host and port of a URL: what may be shown.
pub(crate) fn endpoint_of(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(url) => url.origin().ascii_serialization(),
        Err(_) => "(unreadable URL)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabstir_core::Code;

    #[test]
    fn urls_other_than_http_are_refused() {
        for bad in ["", "localhost:8545", "ws://localhost:1", "file:///etc/passwd", "http://", "https://user@:1"] {
            let error = parse_url(bad).expect_err(bad);
            assert_eq!(error.code(), Code::InvalidConfig, "{bad}: {error}");
        }
        assert!(parse_url("https://base.example/v2/key").is_ok());
    }

    #[test]
    fn debug_shows_no_api_key() {
        let config = ChainConfig::new("https://user:pass@base.example/v2/secretkey?k=secret", Address::ZERO);
        let text = format!("{config:?}");
        assert!(text.contains("https://base.example"), "{text}");
        assert!(!text.contains("secret") && !text.contains("pass"), "{text}");
    }
}
