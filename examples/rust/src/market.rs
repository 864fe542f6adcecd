//! Sets the market up, the way an operator would: deploy, fund, stake, register, serve.

use alloy_primitives::{Address, B256, Bytes};
use fabstir_chain::{
    Chain, NodeDescription, TransactionQueue, Wallet,
    anvil::{Anvil, AnvilConfig, dev_key},
    deploy::{DeployConfig, Deployment, TokenLimits, deploy, dev},
};
use fabstir_client::{HostOffer, Renter, Store};
use fabstir_core::{
    abi::INodeRegistry::ModelPrice,
    amount::{Amount, Prices},
    inference::Backend,
};
use fabstir_host::{Host, HostConfig, ServedModel, TokenPrices};
use fabstir_llama::{LlamaBackend, LlamaConfig};
use std::{error::Error, net::SocketAddr, path::PathBuf, sync::Arc};
use tempfile::TempDir;

/// The model shipped with the repository.
pub const TINY_MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/tiny/fabstir-tiny.gguf");

/// Who is who among the local chain's funded accounts.
const DEPLOYER: usize = 0;
const HOST: usize = 1;
const HOST_SIGNER: usize = 2;
const RENTER: usize = 3;

/// What the market is made of.
#[derive(Debug, Clone)]
pub struct MarketOptions {
    /// The model.
    pub model: PathBuf,
    /// Prices in the coin: wei per 1,000,000 tokens.
    pub coin: Prices,
    /// Prices in the 6-decimal dollar token.
    pub dollar: Prices,
}

impl Default for MarketOptions {
    fn default() -> Self {
        Self {
            model: TINY_MODEL.into(),
            // 0.0004 and 0.0016 ETH, and 1.20 and 4.80 dollars, per million tokens.
            coin: Prices::new(400_000_000_000_000, 1_600_000_000_000_000),
            dollar: Prices::new(1_200_000, 4_800_000),
        }
    }
}

/// A running market. Dropped, it is gone: chain, host and files.
#[derive(Debug)]
pub struct LocalMarket {
    /// The chain.
    pub anvil: Anvil,
    /// The contracts.
    pub deployment: Deployment,
    /// The dollar token.
    pub dollar: Address,
    /// The host; `None` while stopped.
    pub host: Option<Host>,
    /// How the host is set up, to start it again.
    pub host_config: HostConfig,
    /// The host's cold wallet, which is paid.
    pub host_wallet: Wallet,
    /// The host's hot wallet, which signs and settles.
    pub signer_wallet: Wallet,
    /// The deploying account, which owns the market and receives fees.
    pub owner_wallet: Wallet,
    /// The renter, with an empty store.
    pub renter: Renter,
    /// The model served.
    pub model_id: B256,
    files: TempDir,
}

impl LocalMarket {
    /// Starts everything.
    ///
    /// # Errors
    ///
    /// Whatever fails first: anvil missing, a model that cannot be loaded, ...
    pub async fn start(options: MarketOptions) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let model = options.model.clone();
        let loading = tokio::task::spawn_blocking(move || LlamaBackend::load(LlamaConfig::new(model)));
        let anvil = Anvil::start(AnvilConfig::default()).await?;
        let backend: Arc<dyn Backend> = Arc::new(loading.await??);
        Self::with_backend(anvil, backend, options).await
    }

    /// The same around a backend that is loaded already.
    ///
    /// # Errors
    ///
    /// As [`LocalMarket::start`].
    pub async fn with_backend(
        anvil: Anvil,
        backend: Arc<dyn Backend>,
        options: MarketOptions,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let queue = TransactionQueue::new(anvil.provider().clone(), dev_key(DEPLOYER)?)?;
        let dollar = dev::deploy_token(&queue, "Test Dollar", "tUSD", 6).await?;
        let tokens = vec![TokenLimits::coin(), TokenLimits::dollar(dollar, 6)?];
        let deployment = deploy(&queue, &DeployConfig { tokens, ..DeployConfig::default() }).await?;
        let chain = Chain::connect(deployment.chain_config(anvil.rpc_url())).await?;
        let owner_wallet = Wallet::with_queue(chain.clone(), queue.clone());
        let host_wallet = Wallet::new(chain.clone(), dev_key(HOST)?)?;
        let signer_wallet = Wallet::new(chain.clone(), dev_key(HOST_SIGNER)?)?;
        let renter_wallet = Wallet::new(chain, dev_key(RENTER)?)?;
        dev::mint(&queue, dollar, renter_wallet.address(), Amount::from(1_000_000_000_u64)).await?;

        let model = ServedModel {
            backend,
            prices: vec![
                TokenPrices { token: Address::ZERO, prices: options.coin },
                TokenPrices { token: dollar, prices: options.dollar },
            ],
        };
        let model_id = model.id();
        let files = tempfile::tempdir()?;
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut host_config =
            HostConfig::new(listen, host_wallet.address(), vec![model], files.path().join("host.redb"));
        let host = Host::start(host_config.clone(), signer_wallet.clone(), dev_key(HOST_SIGNER)?).await?;
        host_config.listen = host.address();
        register(&owner_wallet, &host_wallet, &signer_wallet, &deployment, &host, &host_config).await?;
        let renter = Renter::new(renter_wallet, Store::open(&files.path().join("renter.redb"))?);
        Ok(Self {
            anvil,
            deployment,
            dollar,
            host: Some(host),
            host_config,
            host_wallet,
            signer_wallet,
            owner_wallet,
            renter,
            model_id,
            files,
        })
    }

    /// The host's offer in a token, as the registry has it.
    ///
    /// # Errors
    ///
    /// Those of the chain; an error if there is none.
    pub async fn offer(&self, token: Address) -> Result<HostOffer, Box<dyn Error + Send + Sync>> {
        let offers = self.renter.hosts(Some(self.model_id), Some(token)).await?;
        offers.into_iter().next().ok_or_else(|| "the registry has no offer".into())
    }

    /// Where this market keeps its files.
    #[must_use]
    pub fn files(&self) -> &std::path::Path {
        self.files.path()
    }

    /// Stops the host cleanly, its sessions settled.
    pub async fn stop_host(&mut self) {
        if let Some(host) = self.host.take() {
            host.stop().await;
        }
    }
}

/// Gives the host its stake and puts it in the registry.
async fn register(
    owner: &Wallet,
    host: &Wallet,
    signer: &Wallet,
    deployment: &Deployment,
    running: &Host,
    config: &HostConfig,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let stake = host.chain().min_stake().await?;
    owner.transfer(deployment.fab, host.address(), stake).await?;
    host.approve(deployment.fab, deployment.registry, stake).await?;
    let prices = config.models.iter().flat_map(|model| {
        model.prices.iter().map(|offer| ModelPrice {
            modelId: model.id(),
            token: offer.token,
            inputPrice: offer.prices.input.get(),
            outputPrice: offer.prices.output.get(),
        })
    });
    let node = NodeDescription {
        signer: signer.address(),
        api_url: running.url(),
        metadata: r#"{"name":"local demo host"}"#.into(),
        public_key: Bytes::copy_from_slice(&dev_key(HOST_SIGNER)?.public_key()),
    };
    host.register(node, prices.collect()).await?;
    Ok(())
}
