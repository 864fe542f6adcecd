//! Putting the contracts on a chain, from the artifacts in the repository.

use crate::{Chain, ChainConfig, Error, Wallet, provider::Transaction, queue::TransactionQueue, reads::TokenUnits};
use alloy_primitives::{Address, Bytes, U256, hex, utils::Unit};
use alloy_sol_types::SolValue;
use fabstir_core::amount::Amount;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// One FAB.
const FAB: U256 = Unit::ETHER.wei_const();

// The artifacts of this build, so that a binary deploys without any file beside it.
const FAB_TOKEN: &str = include_str!("../artifacts/FabToken.json");
const NODE_REGISTRY: &str = include_str!("../artifacts/NodeRegistry.json");
const SESSION_MARKET: &str = include_str!("../artifacts/SessionMarket.json");
#[cfg(feature = "anvil")]
const DEV_TOKEN: &str = include_str!("../artifacts/DevToken.json");

#[allow(missing_docs, reason = "OpenZeppelin's")]
mod owned {
    alloy_sol_types::sol! {
        function transferOwnership(address newOwner);
    }
}

/// What to deploy. The defaults are the project's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployConfig {
    /// Governs market, registry and FAB afterwards; the deploying account by default. Another must accept the market.
    pub owner: Option<Address>,
    /// Receives swept fees; the deploying account by default.
    pub fee_recipient: Option<Address>,
    /// Fee of new sessions, basis points of the host's gross.
    pub fee_bps: u16,
    /// May hold back part of a deposit; zero for none, for ever.
    pub proof_system: Address,
    /// FAB already there; deployed if `None`, its supply going to the deploying account.
    pub fab: Option<Address>,
    /// Stake of a host, FAB base units.
    pub min_stake: Amount,
    /// Seconds from a host's leaving to the payout of its stake.
    pub unbonding_period: u64,
    /// Longest metadata of a host, bytes.
    pub max_metadata: u64,
    /// Accepted tokens.
    pub tokens: Vec<TokenLimits>,
}

/// What a deposit in a token must keep to, base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLimits {
    /// The token; zero is the coin.
    pub token: Address,
    /// Smallest deposit.
    pub min: Amount,
    /// Largest deposit.
    pub max: Amount,
}

impl TokenLimits {
    /// The coin's: 0.0002 to 1,000 ETH.
    #[must_use]
    pub fn coin() -> Self {
        Self {
            token: Address::ZERO,
            min: Amount::from(200_000_000_000_000_u64),
            max: Amount::from(1_000_000_000_000_000_000_000_u128),
        }
    }

    /// A dollar token's: 0.80 to 1,000,000.
    ///
    /// # Errors
    ///
    /// [`Error::Core`] if the token has fewer than one decimal or more than 96 bits hold.
    pub fn dollar(token: Address, decimals: u8) -> Result<Self, Error> {
        let (min, max) = (Amount::parse_units("0.8", decimals)?, Amount::parse_units("1000000", decimals)?);
        max.to_u96()?;
        Ok(Self { token, min, max })
    }
}

impl Default for DeployConfig {
    fn default() -> Self {
        Self {
            owner: None,
            fee_recipient: None,
            fee_bps: 1_500,
            proof_system: Address::ZERO,
            fab: None,
            min_stake: (FAB * U256::from(1_000)).into(),
            unbonding_period: 7 * 24 * 3_600,
            max_metadata: 4_096,
            tokens: vec![TokenLimits::coin()],
        }
    }
}

/// Where the contracts are. `deployments/<chainId>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The chain.
    pub chain_id: u64,
    /// FabToken.
    pub fab: Address,
    /// NodeRegistry.
    pub registry: Address,
    /// SessionMarket.
    pub market: Address,
    /// Block before the first of them: nothing of ours is older.
    pub block: u64,
    /// Accepted tokens.
    pub tokens: Vec<DeployedToken>,
}

/// An accepted token, as a deployment file names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployedToken {
    /// The token; zero is the coin.
    pub address: Address,
    /// Its ticker.
    pub symbol: String,
    /// Digits after the point.
    pub decimals: u8,
}

impl Deployment {
    /// How to connect to it through an endpoint.
    pub fn chain_config(&self, rpc_url: impl Into<String>) -> ChainConfig {
        ChainConfig { chain_id: Some(self.chain_id), from_block: self.block, ..ChainConfig::new(rpc_url, self.market) }
    }

    /// Its file in a directory of deployments.
    #[must_use]
    pub fn path(directory: &Path, chain_id: u64) -> PathBuf {
        directory.join(format!("{chain_id}.json"))
    }

    /// Writes it to its file in a directory, which is made if need be. A file half written is never seen.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn save(&self, directory: &Path) -> Result<PathBuf, Error> {
        let path = Self::path(directory, self.chain_id);
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::Internal(error.to_string()))?;
        let partial = path.with_extension("json.partial");
        fs::create_dir_all(directory).map_err(|error| Error::file(directory, &error))?;
        fs::write(&partial, text + "\n").map_err(|error| Error::file(&partial, &error))?;
        fs::rename(&partial, &path).map_err(|error| Error::file(&path, &error))?;
        Ok(path)
    }

    /// Reads a deployment file.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if it cannot be read, [`Error::Config`] if it is none.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|error| Error::file(path, &error))?;
        serde_json::from_str(&text)
            .map_err(|error| Error::config("deployment file", format!("{}: {error}", path.display())))
    }
}

/// Deploys FAB, the registry and the market, sets the tokens' limits, and checks the result by connecting to it.
///
/// # Errors
///
/// [`Error::Reverted`] for values the constructors refuse, [`Error::InsufficientFunds`], those of the endpoint.
pub async fn deploy(queue: &TransactionQueue, config: &DeployConfig) -> Result<Deployment, Error> {
    let me = queue.account();
    let block = queue.provider().block_number().await?;
    let fab = match config.fab {
        Some(fab) => fab,
        None => create(queue, FAB_TOKEN, &(config.owner.unwrap_or(me), me).abi_encode_params()).await?,
    };
    let (unbonding_period, max_metadata) = (U256::from(config.unbonding_period), U256::from(config.max_metadata));
    let arguments = (config.owner.unwrap_or(me), fab, config.min_stake.get(), unbonding_period, max_metadata);
    let registry = create(queue, NODE_REGISTRY, &arguments.abi_encode_params()).await?;
    let recipient = config.fee_recipient.unwrap_or(me);
    let arguments = (me, registry, config.proof_system, recipient, U256::from(config.fee_bps));
    let market = create(queue, SESSION_MARKET, &arguments.abi_encode_params()).await?;

    let mut deployment =
        Deployment { chain_id: queue.provider().chain_id(), fab, registry, market, block, tokens: Vec::new() };
    let chain = Chain::with_provider(queue.provider().clone(), chain_config(&deployment)).await?;
    let wallet = Wallet::with_queue(chain, queue.clone());
    for limits in &config.tokens {
        wallet.set_token_limits(limits.token, limits.min, limits.max).await?;
        let TokenUnits { token, symbol, decimals } = wallet.chain().token_units(limits.token).await?;
        deployment.tokens.push(DeployedToken { address: token, symbol, decimals });
    }
    if let Some(owner) = config.owner.filter(|owner| *owner != me) {
        let call = owned::transferOwnershipCall { newOwner: owner };
        queue.execute(Transaction::call(market, &call, Amount::ZERO)).await?;
    }
    Ok(deployment)
}

/// The connection is there already: the URL is not looked at again.
fn chain_config(deployment: &Deployment) -> ChainConfig {
    deployment.chain_config("")
}

#[derive(Deserialize)]
struct Artifact {
    bytecode: String,
}

async fn create(queue: &TransactionQueue, artifact: &str, arguments: &[u8]) -> Result<Address, Error> {
    let broken = |error: &dyn std::fmt::Display| Error::Internal(format!("artifact: {error}"));
    let artifact: Artifact = serde_json::from_str(artifact).map_err(|error| broken(&error))?;
    let mut code = hex::decode(artifact.bytecode.as_str()).map_err(|error| broken(&error))?;
    code.extend_from_slice(arguments);
    let receipt = queue.execute(Transaction::create(Bytes::from(code))).await?;
    receipt.contract.ok_or_else(|| queue.provider().nonsense("eth_getTransactionReceipt", "no contract was created"))
}

/// Tokens worth nothing, for local chains.
#[cfg(feature = "anvil")]
pub mod dev {
    use super::{Address, Amount, DEV_TOKEN, Error, SolValue, Transaction, TransactionQueue, create};
    use crate::Receipt;

    #[allow(missing_docs, reason = "the test token's")]
    mod token {
        alloy_sol_types::sol! {
            function mint(address to, uint256 amount);
        }
    }

    /// Deploys a token that anyone can mint.
    ///
    /// # Errors
    ///
    /// Those of sending.
    pub async fn deploy_token(
        queue: &TransactionQueue,
        name: &str,
        symbol: &str,
        decimals: u8,
    ) -> Result<Address, Error> {
        create(queue, DEV_TOKEN, &(name, symbol, alloy_primitives::U256::from(decimals)).abi_encode_params()).await
    }

    /// Mints it.
    ///
    /// # Errors
    ///
    /// Those of sending.
    pub async fn mint(queue: &TransactionQueue, token: Address, to: Address, amount: Amount) -> Result<Receipt, Error> {
        let call = token::mintCall { to, amount: amount.get() };
        queue.execute(Transaction::call(token, &call, Amount::ZERO)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment() -> Deployment {
        let tokens = vec![DeployedToken { address: Address::ZERO, symbol: "ETH".into(), decimals: 18 }];
        let address = Address::repeat_byte;
        Deployment { chain_id: 31_337, fab: address(1), registry: address(2), market: address(3), block: 4, tokens }
    }

    #[test]
    fn a_deployment_survives_its_file() {
        let directory = tempfile::tempdir().expect("directory");
        let path = deployment().save(&directory.path().join("deployments")).expect("saved");
        assert!(path.ends_with("deployments/31337.json"));
        assert_eq!(Deployment::load(&path).expect("loaded"), deployment());
    }

    #[test]
    fn missing_and_foreign_files_are_told_apart() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("1.json");
        assert_eq!(Deployment::load(&path).expect_err("missing").code(), fabstir_core::Code::Storage);
        fs::write(&path, "{\"chainId\": 1").expect("written");
        let error = Deployment::load(&path).expect_err("truncated");
        assert_eq!(error.code(), fabstir_core::Code::InvalidConfig);
        assert!(error.to_string().contains("1.json"), "{error}");
    }

    #[test]
    fn limits_are_the_documented_ones() {
        assert_eq!(TokenLimits::coin().min, Amount::parse_units("0.0002", 18).expect("amount"));
        assert_eq!(TokenLimits::coin().max, Amount::parse_units("1000", 18).expect("amount"));
        let dollar = TokenLimits::dollar(Address::ZERO, 6).expect("limits");
        assert_eq!((dollar.min, dollar.max), (Amount::from(800_000_u64), Amount::from(1_000_000_000_000_u64)));
        assert!(TokenLimits::dollar(Address::ZERO, 36).is_err(), "a million does not fit 96 bits");
    }

    #[test]
    fn artifacts_hold_bytecode() {
        for text in [FAB_TOKEN, NODE_REGISTRY, SESSION_MARKET] {
            let artifact: Artifact = serde_json::from_str(text).expect("artifact");
            assert!(hex::decode(artifact.bytecode).expect("hex").len() > 1_000);
        }
    }
}
