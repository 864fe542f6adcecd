//! How a host is set up.

use crate::HostError;
use alloy_primitives::{Address, B256};
use fabstir_core::{Code, amount::Prices, inference::Backend, wire};
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

/// What a host charges for a model in one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenPrices {
    /// The token; zero is the chain's coin.
    pub token: Address,
    /// Base units per 1,000,000 LLM tokens.
    pub prices: Prices,
}

/// A model and its prices.
#[derive(Debug, Clone)]
pub struct ServedModel {
    /// What makes the tokens.
    pub backend: Arc<dyn Backend>,
    /// One entry a token accepted.
    pub prices: Vec<TokenPrices>,
}

impl ServedModel {
    /// The model's id, as terms and registry name it.
    #[must_use]
    pub fn id(&self) -> B256 {
        self.backend.model().id.hash()
    }

    /// What it costs in `token`.
    #[must_use]
    pub fn prices_in(&self, token: Address) -> Option<Prices> {
        self.prices.iter().find(|offer| offer.token == token).map(|offer| offer.prices)
    }
}

/// Settings of a host. Every queue and table it keeps is bounded by them.
#[derive(Debug, Clone)]
pub struct HostConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The registered account that is paid. Its key is not needed to serve.
    pub host: Address,
    /// What is served.
    pub models: Vec<ServedModel>,
    /// The journal's file.
    pub journal: PathBuf,
    /// The credit window: output tokens whose value may be unpaid.
    pub credit_tokens: u32,
    /// Output tokens between checkpoints.
    pub checkpoint_tokens: u32,
    /// Blocks on top of an opening before more than one window is served.
    pub confirmations: u64,
    /// How long a session whose connection dropped is kept for its renter.
    pub retention: Duration,
    /// How long a connection may take to send its request, and then to open a session.
    pub opening_patience: Duration,
    /// How long to wait for a voucher that is due.
    pub voucher_patience: Duration,
    /// How long the host serves on without seeing the chain, where a renter may be leaving: less than the shortest grace
    /// of a cancellation, 15 minutes.
    pub blindness: Duration,
    /// How long a prompt waits for a place in its model before it is refused. Nothing of it is billed until it has one.
    pub seat_patience: Duration,
    /// Sessions at once, connected or waiting.
    pub max_sessions: usize,
    /// Connections at once, opened or not.
    pub max_connections: usize,
    /// Most output tokens of one answer.
    pub max_output_tokens: u32,
    /// Largest prompt, in bytes of UTF-8.
    pub max_prompt_bytes: u32,
    /// Show `/metrics` to other machines too.
    pub public_metrics: bool,
    /// Serve without encryption to other machines too. Only behind something that encrypts.
    pub allow_plaintext: bool,
}

impl HostConfig {
    /// A configuration with the defaults of the protocol.
    #[must_use]
    pub fn new(listen: SocketAddr, host: Address, models: Vec<ServedModel>, journal: PathBuf) -> Self {
        Self {
            listen,
            host,
            models,
            journal,
            credit_tokens: 256,
            checkpoint_tokens: 64,
            confirmations: 1,
            retention: Duration::from_secs(600),
            opening_patience: Duration::from_secs(20),
            voucher_patience: Duration::from_secs(30),
            blindness: Duration::from_secs(300),
            seat_patience: Duration::from_secs(30),
            max_sessions: 1_000,
            max_connections: 4_096,
            max_output_tokens: 4_096,
            max_prompt_bytes: 256 * 1024,
            public_metrics: false,
            allow_plaintext: false,
        }
    }

    /// The model with this id.
    #[must_use]
    pub fn model(&self, id: B256) -> Option<&ServedModel> {
        self.models.iter().find(|model| model.id() == id)
    }

    /// Refuses settings that cannot work.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidConfig`], saying which.
    pub fn validate(&self) -> Result<(), HostError> {
        let refuse = |message: &str| Err(HostError::coded(Code::InvalidConfig, message));
        if self.models.is_empty() {
            return refuse("no model to serve");
        }
        if self.models.iter().any(|model| model.backend.model().template_overhead > wire::MAX_OVERHEAD) {
            return refuse("a model whose template adds more around a message than renters accept");
        }
        if self.models.iter().any(|model| model.prices.is_empty()) {
            return refuse("a model without prices");
        }
        if self.models.iter().flat_map(|model| &model.prices).any(|offer| offer.prices.output.get() == 0) {
            return refuse("the output price must be above zero");
        }
        if self.host.is_zero() {
            return refuse("the host's account is missing");
        }
        if self.checkpoint_tokens == 0 || self.credit_tokens < self.checkpoint_tokens {
            return refuse("the credit window must hold at least one checkpoint");
        }
        Ok(())
    }
}
