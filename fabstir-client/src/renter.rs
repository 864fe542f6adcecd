//! A renter: a wallet, its sessions, and the hosts it can choose from.

use crate::{
    ClientError, Session, Store,
    store::{Record, Standing},
};
use alloy_primitives::{Address, B256, U256};
use fabstir_chain::{Chain, Wallet};
use fabstir_core::{
    Code,
    abi::Terms,
    amount::{Amount, Prices},
    messages::{Domain, session_id},
    signature::SigningKey,
    wire::{Format, Params, WireTerms},
};
use futures::{StreamExt, TryStreamExt, stream};
use rand::RngCore;
use std::time::Duration;

/// Hosts read from the registry at once, and in one page.
const READS_AT_ONCE: usize = 16;
const PAGE: u64 = 100;

/// 32 bytes nobody can guess.
pub(crate) fn random32() -> B256 {
    let mut bytes = [0u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    B256::from(bytes)
}

/// A host's offer of a model in a token, from the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostOffer {
    /// Who is paid.
    pub host: Address,
    /// Who signs for it.
    pub signer: Address,
    /// Where it is reached.
    pub url: String,
    /// What it says of itself.
    pub metadata: String,
    /// The model.
    pub model_id: B256,
    /// The token; zero is the chain's coin.
    pub token: Address,
    /// Base units of the token per 1,000,000 LLM tokens: comparable with offers in the same token only.
    pub prices: Prices,
}

/// How a session is to be opened.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// What to lock, base units of the offer's token.
    pub deposit: Amount,
    /// How long the session may last.
    pub duration: Duration,
    /// Time for late vouchers after the end.
    pub grace: Duration,
}

impl OpenOptions {
    /// An hour, with an hour's grace.
    #[must_use]
    pub const fn new(deposit: Amount) -> Self {
        Self { deposit, duration: Duration::from_secs(3_600), grace: Duration::from_secs(3_600) }
    }
}

/// A renter. Clones share its wallet and store.
#[derive(Debug, Clone)]
pub struct Renter {
    wallet: Wallet,
    store: Store,
    format: Format,
    allow_plaintext: bool,
}

impl Renter {
    /// A renter that pays from this wallet and keeps its sessions in this store.
    #[must_use]
    pub const fn new(wallet: Wallet, store: Store) -> Self {
        Self { wallet, store, format: Format::Cbor, allow_plaintext: false }
    }

    /// Speaks this encoding with hosts; CBOR unless told.
    #[must_use]
    pub const fn with_format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Talks to hosts on other machines without encryption too.
    #[must_use]
    pub const fn allow_plaintext(mut self, allow: bool) -> Self {
        self.allow_plaintext = allow;
        self
    }

    /// Parameters of a prompt with the defaults and a fresh nonce.
    #[must_use]
    pub fn params() -> Params {
        Params::new(random32())
    }

    /// Offers in the registry, of one model and token if given, cheapest output first within each token. Prices of
    /// different tokens cannot be compared: name the token ([`Address::ZERO`] is the chain's coin), or look at one
    /// [`HostOffer::token`] at a time.
    ///
    /// # Errors
    ///
    /// Those of the chain.
    pub async fn hosts(&self, model: Option<B256>, token: Option<Address>) -> Result<Vec<HostOffer>, ClientError> {
        let chain = self.chain();
        let mut hosts = Vec::new();
        loop {
            let offset = hosts.len() as u64;
            let page = match model {
                Some(model) => chain.nodes_by_model(model, offset, PAGE).await?,
                None => chain.nodes_page(offset, PAGE).await?,
            };
            let last = (page.len() as u64) < PAGE;
            hosts.extend(page);
            if last {
                break;
            }
        }
        let offers: Vec<Vec<HostOffer>> =
            stream::iter(hosts).map(|host| self.offers_of(host)).buffered(READS_AT_ONCE).try_collect().await?;
        let mut offers: Vec<HostOffer> = offers
            .into_iter()
            .flatten()
            .filter(|offer| model.is_none_or(|model| offer.model_id == model))
            .filter(|offer| token.is_none_or(|token| offer.token == token))
            .collect();
        offers.sort_by_key(|offer| (offer.token, offer.prices.output, offer.prices.input, offer.host));
        Ok(offers)
    }

    async fn offers_of(&self, host: Address) -> Result<Vec<HostOffer>, ClientError> {
        let chain = self.chain();
        let node = chain.node_of(host).await?;
        let prices = chain.prices_of(host, 0, PAGE).await?;
        let offer = |price: fabstir_core::abi::INodeRegistry::ModelPrice| HostOffer {
            host,
            signer: node.signer,
            url: node.apiUrl.clone(),
            metadata: node.metadata.clone(),
            model_id: price.modelId,
            token: price.token,
            prices: Prices::new(price.inputPrice, price.outputPrice),
        };
        Ok(prices.into_iter().map(offer).collect())
    }

    /// Locks the deposit and opens the session at the host.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidParams`] for a deposit outside the market's limits, those of the chain, and those of the host:
    /// then the session is on chain and kept, and [`Renter::connect`] tries again.
    pub async fn open(&self, offer: &HostOffer, options: &OpenOptions) -> Result<Session, ClientError> {
        let id = self.lock(offer, options).await?;
        self.connect(id).await
    }

    /// Locks the deposit of a session without connecting to its host; returns its id.
    ///
    /// # Errors
    ///
    /// Those of [`Renter::open`] that concern the chain.
    pub async fn lock(&self, offer: &HostOffer, options: &OpenOptions) -> Result<U256, ClientError> {
        let chain = self.chain();
        let limits = chain.requirements(offer.token).await?;
        let deposit = options.deposit;
        self.check_deposit(offer.token, deposit, (limits.minDeposit.into(), limits.maxDeposit.into())).await?;
        let voucher_key = SigningKey::from_bytes(&random32())?;
        let terms = Terms {
            renter: self.wallet.address(),
            host: offer.host,
            hostSigner: offer.signer,
            voucherSigner: voucher_key.address(),
            token: offer.token,
            modelId: offer.model_id,
            inputPrice: offer.prices.input.get(),
            outputPrice: offer.prices.output.get(),
            expiresAt: chain.now().await? + options.duration.as_secs(),
            grace: u32::try_from(options.grace.as_secs()).unwrap_or(u32::MAX),
            feeBps: limits.feeBps,
            cancelBps: 0,
            proofCap: 0,
            salt: random32().into(),
        };
        let id = session_id(&terms, self.domain());
        let place = (chain.chain_id(), chain.market());
        let mut record = Record::new(
            place,
            WireTerms::from(terms.clone()),
            deposit.into(),
            offer.url.clone(),
            &voucher_key,
            random32(),
        );
        // The key is on the disk before money depends on it.
        self.store.write(id, &record).await?;
        if !offer.token.is_zero() {
            self.wallet.ensure_allowance(offer.token, chain.market(), deposit).await?;
        }
        self.wallet.create_session(&terms, deposit, None).await?;
        record.standing = Standing::Open;
        self.store.write(id, &record).await?;
        Ok(id)
    }

    /// Opens a session, locked before and not yet used, at its host.
    ///
    /// # Errors
    ///
    /// [`Code::UnknownSession`] if it is not kept here, [`Code::WrongChain`] if it belongs to another market, those of
    /// the host.
    pub async fn connect(&self, id: U256) -> Result<Session, ClientError> {
        Session::connect(self.clone(), self.record(id)?).await
    }

    /// A session kept here, of this market.
    pub(crate) fn record(&self, id: U256) -> Result<Record, ClientError> {
        let record = self.store.record(id)?;
        if (record.chain_id, record.market) == (self.chain().chain_id(), self.chain().market()) {
            return Ok(record);
        }
        let message = format!("the session belongs to market {} on chain {}", record.market, record.chain_id);
        Err(ClientError::coded(Code::WrongChain, message))
    }

    /// The wallet.
    #[must_use]
    pub const fn wallet(&self) -> &Wallet {
        &self.wallet
    }

    /// The chain.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        self.wallet.chain()
    }

    /// The sessions kept here.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn domain(&self) -> &Domain {
        self.wallet.chain().domain()
    }

    pub(crate) const fn format(&self) -> Format {
        self.format
    }

    pub(crate) const fn allows_plaintext(&self) -> bool {
        self.allow_plaintext
    }
}
