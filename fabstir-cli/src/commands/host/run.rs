//! `fabstir host run`: serving until Ctrl-C.

use crate::{
    app::{App, in_use},
    error::{CliError, Result},
    files,
    interrupt::Interrupts,
    market::Market,
    model::{self, ModelFile},
    output::{OfferView, Rates},
    prices, progress,
};
use alloy_primitives::Address;
use fabstir_chain::Wallet;
use fabstir_core::{Code, abi::INodeRegistry::ModelPrice, amount::Prices, inference::Backend, signature::SigningKey};
use fabstir_host::{Host, HostConfig, ServedModel, TokenPrices};
use serde::Serialize;
use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

/// Offers read in one page; a host has at most 64.
const PAGE: u64 = 100;

/// What scripts are told while a host runs, one line each.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    /// Renters can connect.
    Listening { host: Address, signer: Address, address: SocketAddr, offers: Vec<OfferView> },
    /// It was asked to stop.
    Stopping { sessions: usize },
    /// Everything is settled and closed.
    Stopped { transactions: u64, gas_paid_wei: String },
}

/// Serves until Ctrl-C, then stops taking sessions, settles those there are and closes the journal. A second Ctrl-C
/// does not wait for that: the journal has it for the next start.
///
/// # Errors
///
/// `invalid_config`, `model_missing` and its like, `port_in_use`, `wrong_host`, those of chain and journal.
pub(crate) async fn run(app: App, mut interrupts: Interrupts) -> Result {
    let out = app.out;
    let (host, wallet) = interrupts.or(start(&app)).await?;
    interrupts.next().await;
    let sessions = host.state().sessions;
    out.event(&Event::Stopping { sessions });
    out.note(&format!("stopping: {sessions} sessions to settle; Ctrl-C again leaves them to the next start"));
    let stopping = async {
        progress::waiting(out, "settling", host.stop()).await;
        Ok(())
    };
    interrupts.or(stopping).await?;
    let spent = wallet.spent();
    out.event(&Event::Stopped { transactions: spent.transactions, gas_paid_wei: spent.fee.to_string() });
    out.note("stopped");
    Ok(())
}

/// Everything up to listening; what fails fast is looked at first.
async fn start(app: &App) -> Result<(Host, Wallet)> {
    model::check_present(&app.settings.models)?;
    check_vacant(app.settings.listen)?;
    let market = app.market().await?;
    let key = app.key(market.chain.chain_id())?;
    let account = app.settings.host.unwrap_or(key.address());
    check_registered(&market, account, &key).await?;
    let offers = market.chain.prices_of(account, 0, PAGE).await?;
    let models = load_models(app, &market, &offers).await?;
    let wallet = Wallet::new(market.chain.clone(), key.clone())?;
    if market.chain.coin_balance(wallet.address()).await?.is_zero() {
        app.out.note(&format!("warning: {} has nothing to pay gas with: it cannot settle", wallet.address()));
    }
    let (signer, served) = (key.address(), offers_of(&market, &models).await?);
    let host = Host::start(host_config(app, &market, account, models)?, wallet.clone(), key)
        .await
        .map_err(|error| in_use(error.into()))?;
    app.out.note(&format!("host {account} listens on {}; Ctrl-C stops it and settles", host.address()));
    for offer in &served {
        app.out.note(&format!("  model {}: {}", offer.model_id, offer.rates));
    }
    app.out.event(&Event::Listening { host: account, signer, address: host.address(), offers: served });
    Ok((host, wallet))
}

fn host_config(app: &App, market: &Market, account: Address, models: Vec<ServedModel>) -> Result<HostConfig> {
    let settings = &app.settings;
    let directory = settings.data_dir()?;
    files::create_private_directory(&directory)?;
    let journal = format!("host-{}-{:#x}.redb", market.chain.chain_id(), market.chain.market());
    let mut config = HostConfig::new(settings.listen, account, models, directory.join(journal));
    config.credit_tokens = settings.credit_tokens;
    config.checkpoint_tokens = settings.checkpoint_tokens;
    config.confirmations = settings.confirmations;
    config.allow_plaintext = settings.allow_plaintext;
    Ok(config)
}

/// Loading a model takes long; that its port is taken shows at once.
fn check_vacant(listen: SocketAddr) -> Result {
    TcpListener::bind(listen).map(drop).map_err(|error| {
        let code = match error.kind() {
            std::io::ErrorKind::AddrInUse => Code::PortInUse,
            _ => Code::InvalidConfig,
        };
        CliError::new(code, format!("cannot listen on {listen}: {error}"))
    })
}

async fn check_registered(market: &Market, account: Address, key: &SigningKey) -> Result {
    let node = market.chain.node_of(account).await?;
    if !node.active {
        return Err(CliError::new(Code::WrongHost, format!("{account} is not registered as a host"))
            .hint("`fabstir host register` joins the market"));
    }
    if node.signer != key.address() {
        let message = format!("the signer of host {account} is {}, not {}", node.signer, key.address());
        return Err(
            CliError::new(Code::WrongHost, message).hint("use the signer's key, or register this one as the signer")
        );
    }
    Ok(())
}

/// Loads the models. Each is served at the prices that the registry shows renters.
async fn load_models(app: &App, market: &Market, offers: &[ModelPrice]) -> Result<Vec<ServedModel>> {
    let (mut served, mut files) = (Vec::new(), Vec::new());
    for path in &app.settings.models {
        let backend: Arc<dyn Backend> = model::load(path, &app.settings, app.out).await?;
        let file = ModelFile { name: model::name_of(path), id: backend.model().id };
        let id = file.id.hash();
        let prices: Vec<TokenPrices> = offers.iter().filter(|offer| offer.modelId == id).map(token_prices).collect();
        if prices.is_empty() {
            let message = format!("the registry has no price of {} ({id}) by this host", path.display());
            return Err(CliError::new(Code::ModelNotServed, message)
                .hint("`fabstir host register` with this --model and a --price publishes one"));
        }
        served.push(ServedModel { backend, prices });
        files.push(file);
    }
    if !app.settings.prices.is_empty() {
        check_published(&prices::resolve(market, &app.settings.prices, &files).await?, offers)?;
    }
    Ok(served)
}

/// Renters lock their deposit at the registry's prices: others here would only have them refused.
fn check_published(wanted: &[ModelPrice], offers: &[ModelPrice]) -> Result {
    match wanted.iter().find(|price| !offers.contains(price)) {
        Some(price) => {
            let message = format!("the registry has another price of model {} in {}", price.modelId, price.token);
            Err(CliError::config(message)
                .hint("`fabstir host register` publishes yours; leave --price out to serve at the registry's"))
        }
        None => Ok(()),
    }
}

fn token_prices(offer: &ModelPrice) -> TokenPrices {
    TokenPrices { token: offer.token, prices: Prices::new(offer.inputPrice, offer.outputPrice) }
}

async fn offers_of(market: &Market, models: &[ServedModel]) -> Result<Vec<OfferView>> {
    let mut views = Vec::new();
    for model in models {
        for offer in &model.prices {
            let rates = Rates::new(&market.units(offer.token).await?, offer.prices);
            views.push(OfferView { model_id: model.id(), rates });
        }
    }
    Ok(views)
}
