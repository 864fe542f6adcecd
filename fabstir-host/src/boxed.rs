//! A host in a box: settings and models in, a registered host out.

use crate::{Host, HostError, HostSettings, HostState, ServedModel};
use alloy_primitives::{Address, B256, Bytes};
use fabstir_chain::{Chain, NodeDescription, Receipt, Wallet};
use fabstir_core::{
    Code,
    abi::INodeRegistry::{ModelPrice, NodeInfo},
    amount::Amount,
    signature::SigningKey,
};
use serde_json::json;

/// Offers read in one page; a host has at most 64.
const PAGE: u64 = 100;

/// A running host with the keys it needs to join the market.
#[derive(Debug)]
pub struct BoxedHost {
    host: Host,
    settings: HostSettings,
    models: Vec<ServedModel>,
    account: Address,
    signer: Wallet,
    public_key: Bytes,
    /// The wallet that stakes, if its key is here.
    owner: Option<Wallet>,
}

impl BoxedHost {
    /// Connects to the chain and starts serving. `key` is the hot key, which signs and settles; `account_key` that of the
    /// account which stakes and is paid, where it is another and this host is to register.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidConfig`], those of the chain and of [`Host::start`].
    pub async fn start(
        settings: HostSettings,
        key: SigningKey,
        account_key: Option<SigningKey>,
        models: Vec<ServedModel>,
    ) -> Result<Self, HostError> {
        let known = account_key.as_ref().map_or(key.address(), SigningKey::address);
        let account = settings.account.unwrap_or(known);
        if account_key.is_some() && account != known {
            return Err(HostError::coded(
                Code::InvalidConfig,
                format!("the account's key is of {known}, not {account}"),
            ));
        }
        let config = settings.config(account, models.clone());
        config.validate()?;
        let chain = Chain::connect(settings.chain()).await?;
        let signer = Wallet::new(chain.clone(), key.clone())?;
        let owner = match account_key {
            // Two wallets of one key would use each other's nonces.
            Some(owner) if owner.address() != signer.address() => Some(Wallet::new(chain, owner)?),
            _ => (account == signer.address()).then(|| signer.clone()),
        };
        let public_key = Bytes::copy_from_slice(&key.public_key());
        let host = Host::start(config, signer.clone(), key).await?;
        Ok(Self { host, settings, models, account, signer, public_key, owner })
    }

    /// Where renters connect.
    #[must_use]
    pub fn url(&self) -> String {
        self.settings.url.clone().unwrap_or_else(|| self.host.url())
    }

    /// The registered account that is paid.
    #[must_use]
    pub const fn account(&self) -> Address {
        self.account
    }

    /// The account of the hot key.
    #[must_use]
    pub const fn signer(&self) -> Address {
        self.signer.address()
    }

    /// What is served.
    #[must_use]
    pub fn models(&self) -> &[ServedModel] {
        &self.models
    }

    /// What it is doing.
    #[must_use]
    pub fn state(&self) -> HostState {
        self.host.state()
    }

    /// What it is and does, as JSON: `url`, `account`, `signer`, `models` (`id`, `name`, `context_length`, `prices`), and the
    /// counts of [`HostState`].
    #[must_use]
    pub fn to_json(&self) -> String {
        let offer = |offer: &crate::TokenPrices| {
            let (input, output) = (offer.prices.input.to_string(), offer.prices.output.to_string());
            json!({"token": offer.token, "input": input, "output": output})
        };
        let model = |model: &ServedModel| {
            let (info, prices): (_, Vec<_>) = (model.backend.model(), model.prices.iter().map(offer).collect());
            json!({"id": model.id(), "name": info.name, "context_length": info.context_length, "prices": prices})
        };
        let HostState { sessions, connected, settling } = self.state();
        let state = json!({
            "url": self.url(),
            "account": self.account,
            "signer": self.signer(),
            "models": self.models.iter().map(model).collect::<Vec<_>>(),
            "sessions": sessions,
            "connected": connected,
            "settling": settling,
        });
        state.to_string()
    }

    /// Joins the market with the minimum stake, or brings what the registry says of this host to what it serves; prices
    /// of other models are withdrawn. Returns the transactions it took.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidConfig`] without the account's key, [`Code::InsufficientFunds`] without the stake, those of the
    /// chain.
    pub async fn register(&self) -> Result<Vec<B256>, HostError> {
        let Some(owner) = &self.owner else {
            let message = format!("the key of account {} is not here", self.account);
            return Err(HostError::coded(Code::InvalidConfig, message));
        };
        let current = owner.chain().node_of(self.account).await?;
        let receipts =
            if current.active { self.update(owner, &current).await? } else { self.join(owner, &current).await? };
        Ok(receipts.into_iter().map(|receipt| receipt.tx_hash).collect())
    }

    async fn join(&self, owner: &Wallet, current: &NodeInfo) -> Result<Vec<Receipt>, HostError> {
        let chain = owner.chain();
        let fab = chain.fab().await?;
        // What is still unbonding counts: a host that left and comes back pays only what is missing.
        let stake = chain.min_stake().await?.saturating_sub(Amount::from(current.stake));
        let held = chain.token_balance(fab, owner.address()).await?;
        if held < stake {
            let message = format!("{} holds {held} base units of FAB, and a host must stake {stake}", owner.address());
            return Err(HostError::coded(Code::InsufficientFunds, message));
        }
        let mut receipts: Vec<Receipt> =
            owner.ensure_allowance(fab, chain.registry(), stake).await?.into_iter().collect();
        receipts.push(owner.register(self.describe(), self.prices()).await?);
        Ok(receipts)
    }

    async fn update(&self, owner: &Wallet, current: &NodeInfo) -> Result<Vec<Receipt>, HostError> {
        let mut receipts = Vec::new();
        let node = self.describe();
        let published = (current.signer, &current.apiUrl, &current.metadata, &current.publicKey);
        if published != (node.signer, &node.api_url, &node.metadata, &node.public_key) {
            receipts.push(owner.update_node(node).await?);
        }
        let wanted = self.prices();
        let offered = owner.chain().prices_of(self.account, 0, PAGE).await?;
        for old in &offered {
            if !wanted.iter().any(|new| (new.modelId, new.token) == (old.modelId, old.token)) {
                receipts.push(owner.remove_price(old.modelId, old.token).await?);
            }
        }
        let new: Vec<ModelPrice> = wanted.into_iter().filter(|price| !offered.contains(price)).collect();
        if !new.is_empty() {
            receipts.push(owner.set_prices(new).await?);
        }
        Ok(receipts)
    }

    fn describe(&self) -> NodeDescription {
        let named = |model: &ServedModel| json!({"id": model.id(), "name": model.backend.model().name});
        let mut metadata = json!({"models": self.models.iter().map(named).collect::<Vec<_>>()});
        if let Some(name) = &self.settings.name {
            metadata["name"] = json!(name);
        }
        NodeDescription {
            signer: self.signer.address(),
            api_url: self.url(),
            metadata: metadata.to_string(),
            public_key: self.public_key.clone(),
        }
    }

    fn prices(&self) -> Vec<ModelPrice> {
        let of_model = |model: &ServedModel| {
            let id = model.id();
            let price = move |offer: &crate::TokenPrices| ModelPrice {
                modelId: id,
                token: offer.token,
                inputPrice: offer.prices.input.get(),
                outputPrice: offer.prices.output.get(),
            };
            model.prices.iter().map(price).collect::<Vec<_>>()
        };
        self.models.iter().flat_map(of_model).collect()
    }

    /// Stops cleanly: sessions closed and settled, within bounds of time.
    pub async fn stop(self) {
        self.host.stop().await;
    }
}
