//! The market on its chain: connecting to it, and making sure that it is the one meant.

use crate::{Error, config::ChainConfig, event::Contracts, provider::Provider};
use alloy_primitives::{Address, B256, U256};
use fabstir_core::{
    abi::{INodeRegistry, ISessionMarket, Terms},
    messages::{Domain, session_id},
};
use std::sync::Arc;

/// A connection to one market on one chain. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Chain {
    provider: Provider,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: ChainConfig,
    domain: Domain,
    registry: Address,
}

impl Chain {
    /// Connects and checks what is there: the chain's id, code at the market's address, that it hashes terms as this
    /// library does (name, version, chain and address of the signing domain), and that its registry answers.
    ///
    /// # Errors
    ///
    /// [`Error::WrongChain`] or [`Error::NoContract`], saying which; those of the endpoint.
    pub async fn connect(config: ChainConfig) -> Result<Self, Error> {
        let provider = Provider::connect(&config.rpc_url, config.chain_id, config.limits.clone()).await?;
        Self::with_provider(provider, config).await
    }

    /// As [`Chain::connect`], over a connection already made.
    pub(crate) async fn with_provider(provider: Provider, config: ChainConfig) -> Result<Self, Error> {
        let domain = Domain::new(provider.chain_id(), config.market);
        let registry = check_market(&provider, &domain).await?;
        Ok(Self { provider, shared: Arc::new(Shared { config, domain, registry }) })
    }

    /// The connection itself.
    #[must_use]
    pub const fn provider(&self) -> &Provider {
        &self.provider
    }

    /// What was connected to.
    #[must_use]
    pub fn config(&self) -> &ChainConfig {
        &self.shared.config
    }

    /// The chain's id.
    #[must_use]
    pub const fn chain_id(&self) -> u64 {
        self.provider.chain_id()
    }

    /// SessionMarket's address.
    #[must_use]
    pub fn market(&self) -> Address {
        self.shared.config.market
    }

    /// NodeRegistry's address, as the market has it.
    #[must_use]
    pub fn registry(&self) -> Address {
        self.shared.registry
    }

    /// The domain that everything is signed in.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.shared.domain
    }

    /// The id of the session with these terms on this market.
    #[must_use]
    pub fn session_id(&self, terms: &Terms) -> U256 {
        session_id(terms, self.domain())
    }

    pub(crate) fn contracts(&self) -> Contracts {
        Contracts { market: self.market(), registry: self.registry() }
    }
}

/// Makes sure that the market is ours; returns its registry.
async fn check_market(provider: &Provider, domain: &Domain) -> Result<Address, Error> {
    let market = domain.market();
    let missing =
        |reason: &str| Error::NoContract { expected: "SessionMarket", address: market, reason: reason.into() };
    if provider.code_at(market).await?.is_empty() {
        return Err(missing(&format!("no code there on chain {}", provider.chain_id())));
    }
    let terms = probe();
    let call = ISessionMarket::sessionIdOfCall { terms: terms.clone() };
    let id = provider.call(market, &call).await.map_err(|error| foreign(error, "SessionMarket", market))?;
    if id != session_id(&terms, domain) {
        return Err(missing("it hashes terms in another way, so it is another version or behind a proxy"));
    }
    let registry = provider
        .call(market, &ISessionMarket::registryCall {})
        .await
        .map_err(|error| foreign(error, "SessionMarket", market))?;
    provider
        .call(registry, &INodeRegistry::minStakeCall {})
        .await
        .map_err(|error| foreign(error, "NodeRegistry", registry))?;
    Ok(registry)
}

/// A contract that refuses or garbles one of our views is not ours; an endpoint that is down says nothing about it.
fn foreign(error: Error, expected: &'static str, address: Address) -> Error {
    match error {
        Error::Reverted(_) | Error::NoContract { .. } | Error::Nonsense { .. } | Error::Refused { .. } => {
            Error::NoContract { expected, address, reason: format!("another contract ({error})") }
        }
        other => other,
    }
}

/// Terms with every field different, so that a hash that leaves one out is noticed.
fn probe() -> Terms {
    Terms {
        renter: Address::repeat_byte(1),
        host: Address::repeat_byte(2),
        hostSigner: Address::repeat_byte(3),
        voucherSigner: Address::repeat_byte(4),
        token: Address::repeat_byte(5),
        modelId: B256::repeat_byte(6),
        inputPrice: 7,
        outputPrice: 8,
        expiresAt: 9,
        grace: 10,
        feeBps: 11,
        cancelBps: 12,
        proofCap: 13,
        salt: U256::from(14),
    }
}
