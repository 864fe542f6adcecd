//! The market that the settings mean, and the tokens people name.

use crate::{
    error::{CliError, Result},
    settings::{Settings, parse_address},
};
use alloy_primitives::Address;
use fabstir_chain::{Chain, ChainConfig, Deployment, Provider, RpcLimits, TokenUnits};
use fabstir_core::{Code, abi::INodeRegistry};
use std::{path::Path, time::Duration};

/// anvil's chain id, and the only one where its well-known keys may be used.
pub(crate) const LOCAL_CHAIN: u64 = 31_337;
/// A local chain answers at once: looking for receipts more often costs nobody.
const LOCAL_POLL: Duration = Duration::from_millis(50);

/// A market and what its deployment file says.
#[derive(Debug, Clone)]
pub(crate) struct Market {
    pub(crate) chain: Chain,
    pub(crate) deployment: Option<Deployment>,
}

impl Market {
    /// Connects to the chain, finds the market on it and makes sure that it is one.
    ///
    /// # Errors
    ///
    /// `rpc_unavailable`, `wrong_chain`, `no_contract`, `invalid_config` if it is not known which market is meant.
    pub(crate) async fn connect(settings: &Settings) -> Result<Self> {
        let file = settings.deployment.as_deref().map(load_deployment).transpose()?;
        let expected = settings.chain_id.or(file.as_ref().map(|deployment| deployment.chain_id));
        let provider = connect(settings, expected).await?;
        let chain_id = provider.chain_id();
        let deployment = match file {
            Some(deployment) => Some(deployment),
            None => known_deployment(settings, chain_id)?,
        };
        if let Some(other) = deployment.as_ref().filter(|deployment| deployment.chain_id != chain_id) {
            let message = format!("the deployment file is of chain {}, the endpoint serves {chain_id}", other.chain_id);
            return Err(CliError::new(Code::WrongChain, message));
        }
        let deployment = deployment.filter(|known| settings.market.is_none_or(|market| market == known.market));
        let mut config = match (&deployment, settings.market) {
            (Some(deployment), _) => deployment.chain_config(settings.rpc.clone()),
            (None, Some(market)) => ChainConfig::new(settings.rpc.clone(), market),
            (None, None) => return Err(unknown_market(settings, chain_id)?),
        };
        config.chain_id = Some(chain_id);
        config.confirmations = settings.confirmations;
        config.limits = limits(chain_id);
        Ok(Self { chain: Chain::connect(config).await?, deployment })
    }

    /// How a token is counted and called.
    ///
    /// # Errors
    ///
    /// Those of the chain.
    pub(crate) async fn units(&self, token: Address) -> Result<TokenUnits> {
        let known =
            self.deployment.iter().flat_map(|deployment| &deployment.tokens).find(|known| known.address == token);
        match known {
            Some(known) => Ok(TokenUnits { token, symbol: known.symbol.clone(), decimals: known.decimals }),
            None => Ok(self.chain.token_units(token).await?),
        }
    }

    /// The token somebody names: ETH, a ticker of the deployment file, or an address.
    ///
    /// # Errors
    ///
    /// `invalid_value` if nothing is called so.
    pub(crate) async fn resolve(&self, name: &str) -> Result<TokenUnits> {
        if name.starts_with("0x") {
            let address = parse_address(name).map_err(|reason| unknown_token(name, &reason))?;
            return self.units(address).await;
        }
        let coin = TokenUnits::coin();
        if name.eq_ignore_ascii_case(&coin.symbol) {
            return Ok(coin);
        }
        let tokens = self.deployment.iter().flat_map(|deployment| &deployment.tokens);
        let found: Vec<_> = tokens.clone().filter(|known| known.symbol.eq_ignore_ascii_case(name)).collect();
        match found.as_slice() {
            [only] => self.units(only.address).await,
            [] => {
                let names: Vec<_> = tokens.map(|known| known.symbol.as_str()).collect();
                let known = if names.is_empty() { coin.symbol } else { names.join(", ") };
                Err(unknown_token(name, &format!("the tokens known by name are {known}")))
            }
            _ => Err(unknown_token(name, "several tokens are called so")),
        }
    }

    /// The tokens worth looking at without being told: the coin and those of the deployment file.
    pub(crate) fn tokens(&self) -> Vec<Address> {
        let mut tokens = vec![Address::ZERO];
        let known = self.deployment.iter().flat_map(|deployment| &deployment.tokens).map(|known| known.address);
        tokens.extend(known.filter(|token| !token.is_zero()));
        tokens
    }

    /// FAB, as the registry has it.
    ///
    /// # Errors
    ///
    /// Those of the chain.
    pub(crate) async fn fab(&self) -> Result<TokenUnits> {
        let fab = self.chain.provider().call(self.chain.registry(), &INodeRegistry::fabCall {}).await?;
        self.units(fab).await
    }
}

/// A connection to the endpoint alone.
///
/// # Errors
///
/// `rpc_unavailable`, `wrong_chain`.
pub(crate) async fn connect(settings: &Settings, expected: Option<u64>) -> Result<Provider> {
    let expected = expected.or(settings.chain_id);
    let provider = Provider::connect(&settings.rpc, expected, RpcLimits::default()).await?;
    if provider.chain_id() != LOCAL_CHAIN {
        return Ok(provider);
    }
    Ok(Provider::connect(&settings.rpc, expected, limits(LOCAL_CHAIN)).await?)
}

fn limits(chain_id: u64) -> RpcLimits {
    let limits = RpcLimits::default();
    if chain_id == LOCAL_CHAIN { RpcLimits { poll_interval: LOCAL_POLL, ..limits } } else { limits }
}

fn known_deployment(settings: &Settings, chain_id: u64) -> Result<Option<Deployment>> {
    let path = Deployment::path(&settings.deployments_dir()?, chain_id);
    if path.is_file() { load_deployment(&path).map(Some) } else { Ok(None) }
}

fn load_deployment(path: &Path) -> Result<Deployment> {
    Deployment::load(path).map_err(|error| CliError::from(error).hint("check --deployment"))
}

fn unknown_market(settings: &Settings, chain_id: u64) -> Result<CliError> {
    let path = Deployment::path(&settings.deployments_dir()?, chain_id);
    let message = format!("no market is known on chain {chain_id}: {} is not there", path.display());
    let hint = "name one with --market or --deployment; `fabstir deploy` makes one";
    Ok(CliError::config(message).hint(hint))
}

fn unknown_token(name: &str, reason: &str) -> CliError {
    CliError::new(Code::InvalidValue, format!("no token {name:?}: {reason}")).hint("name it by its address")
}
