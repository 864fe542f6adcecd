//! A host's settings as text: what a program in any language says to be one.

use crate::{HostConfig, HostError, ServedModel, TokenPrices};
use alloy_primitives::Address;
use fabstir_chain::ChainConfig;
use fabstir_core::{
    Code,
    amount::{Amount, Prices},
};
use serde::Deserialize;
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Settings of a host, from JSON. What is not said has the protocol's default; what is not known is refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSettings {
    /// JSON-RPC endpoint of the chain.
    pub rpc: String,
    /// SessionMarket.
    pub market: Address,
    /// The chain the endpoint must serve; any if left out.
    #[serde(default)]
    pub chain_id: Option<u64>,
    /// The registered account that is paid; its key's or the hot key's own if left out.
    #[serde(default)]
    pub account: Option<Address>,
    /// Where to listen; port 0 takes any that is free.
    #[serde(default = "any_local_port")]
    pub listen: SocketAddr,
    /// The URL that renters connect to; where it listens if left out.
    #[serde(default)]
    pub url: Option<String>,
    /// The journal's file.
    pub journal: PathBuf,
    /// What renters see the host called.
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    credit_tokens: Option<u32>,
    #[serde(default)]
    checkpoint_tokens: Option<u32>,
    #[serde(default)]
    confirmations: Option<u64>,
    #[serde(default)]
    retention_seconds: Option<u64>,
    #[serde(default)]
    voucher_patience_seconds: Option<u64>,
    #[serde(default)]
    max_sessions: Option<usize>,
    #[serde(default)]
    max_connections: Option<usize>,
    #[serde(default)]
    max_output_tokens: Option<u32>,
    #[serde(default)]
    max_prompt_bytes: Option<u32>,
    #[serde(default)]
    allow_plaintext: bool,
}

impl HostSettings {
    /// Reads settings.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidConfig`], saying what cannot be read.
    pub fn from_json(json: &str) -> Result<Self, HostError> {
        read(json, "settings")
    }

    /// What to connect to.
    #[must_use]
    pub fn chain(&self) -> ChainConfig {
        ChainConfig { chain_id: self.chain_id, ..ChainConfig::new(self.rpc.clone(), self.market) }
    }

    /// The host's configuration, for this account and serving these models.
    #[must_use]
    pub fn config(&self, account: Address, models: Vec<ServedModel>) -> HostConfig {
        let mut config = HostConfig::new(self.listen, account, models, self.journal.clone());
        let seconds = |value: Option<u64>, default| value.map_or(default, Duration::from_secs);
        config.credit_tokens = self.credit_tokens.unwrap_or(config.credit_tokens);
        config.checkpoint_tokens = self.checkpoint_tokens.unwrap_or(config.checkpoint_tokens);
        config.confirmations = self.confirmations.unwrap_or(config.confirmations);
        config.retention = seconds(self.retention_seconds, config.retention);
        config.voucher_patience = seconds(self.voucher_patience_seconds, config.voucher_patience);
        config.max_sessions = self.max_sessions.unwrap_or(config.max_sessions);
        config.max_connections = self.max_connections.unwrap_or(config.max_connections);
        config.max_output_tokens = self.max_output_tokens.unwrap_or(config.max_output_tokens);
        config.max_prompt_bytes = self.max_prompt_bytes.unwrap_or(config.max_prompt_bytes);
        config.allow_plaintext = self.allow_plaintext;
        config
    }
}

/// Prices of a model, from JSON: a list of `{"token": "0x...", "input": "...", "output": "..."}`, base units per
/// 1,000,000 LLM tokens as decimal strings. Without a token they are in the chain's coin.
///
/// # Errors
///
/// [`Code::InvalidConfig`].
pub fn prices_from_json(json: &str) -> Result<Vec<TokenPrices>, HostError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Entry {
        #[serde(default)]
        token: Address,
        input: Amount,
        output: Amount,
    }
    let entries: Vec<Entry> = read(json, "prices")?;
    let narrow = |amount: Amount| {
        u128::try_from(amount.get()).map_err(|_| refused(format!("a price of {amount} does not fit 128 bits")))
    };
    let offer = |entry: Entry| {
        let prices = Prices::new(narrow(entry.input)?, narrow(entry.output)?);
        Ok(TokenPrices { token: entry.token, prices })
    };
    entries.into_iter().map(offer).collect()
}

fn read<T: for<'de> Deserialize<'de>>(json: &str, what: &str) -> Result<T, HostError> {
    serde_json::from_str(json).map_err(|error| refused(format!("{what}: {error}")))
}

fn refused(message: impl Into<String>) -> HostError {
    HostError::coded(Code::InvalidConfig, message)
}

fn any_local_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: Address = Address::repeat_byte(9);

    fn json(more: &str) -> String {
        let market = Address::repeat_byte(7);
        format!(r#"{{"rpc": "http://127.0.0.1:1", "market": "{market}", "journal": "j"{more}}}"#)
    }

    fn config(more: &str) -> HostConfig {
        HostSettings::from_json(&json(more)).expect("settings").config(ACCOUNT, Vec::new())
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let config = config("");
        assert_eq!((config.host, config.listen.port()), (ACCOUNT, 0));
        assert_eq!((config.credit_tokens, config.allow_plaintext), (256, false));
    }

    #[test]
    fn what_is_said_is_taken() {
        let more =
            r#", "credit_tokens": 40, "retention_seconds": 5, "listen": "0.0.0.0:8700", "allow_plaintext": true"#;
        let config = config(more);
        assert_eq!((config.credit_tokens, config.retention, config.listen.port()), (40, Duration::from_secs(5), 8700));
        assert!(config.allow_plaintext);
    }

    #[test]
    fn mistakes_are_named() {
        let message = |json: &str| {
            let error = HostSettings::from_json(json).expect_err(json);
            assert_eq!(error.code(), Code::InvalidConfig);
            error.to_string()
        };
        assert!(message(&json(r#", "credit_token": 1"#)).contains("unknown field `credit_token`"));
        assert!(message("{}").contains("missing field `rpc`"));
        assert!(message(&json(r#", "listen": "nowhere""#)).contains("invalid socket address"));
    }

    #[test]
    fn prices_are_decimal_strings() {
        let read = prices_from_json(r#"[{"input": "4", "output": "16"}]"#).expect("prices");
        assert_eq!(read, [TokenPrices { token: Address::ZERO, prices: Prices::new(4, 16) }]);
        for bad in [r#"[{"input": "x", "output": "1"}]"#, r#"[{"output": "1"}]"#, r#"{"input": "1"}"#, ""] {
            assert_eq!(prices_from_json(bad).expect_err(bad).code(), Code::InvalidConfig);
        }
        let wide = format!(r#"[{{"input": "{}", "output": "1"}}]"#, "9".repeat(60));
        assert!(prices_from_json(&wide).expect_err("wide").to_string().contains("128 bits"));
    }
}
