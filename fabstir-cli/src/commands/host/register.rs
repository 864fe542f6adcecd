//! `fabstir host register`: joining the market, and changing what it knows.

use crate::{
    app::App,
    error::{CliError, Result},
    market::Market,
    model::{self, ModelFile},
    output::{Money, OfferView, Rates},
    prices,
    settings::{HostArgs, Settings, parse_address},
};
use alloy_primitives::{Address, B256, Bytes};
use clap::Args;
use fabstir_chain::{NodeDescription, Wallet};
use fabstir_core::{
    Code,
    abi::INodeRegistry::{ModelPrice, NodeInfo},
    amount::{Amount, Prices},
    signature::SigningKey,
};
use serde::Serialize;

/// Bytes of a compressed secp256k1 key.
const PUBLIC_KEY_BYTES: usize = 33;
/// Offers read in one page; a host has at most 64.
const PAGE: u64 = 100;

/// Flags of `host register`.
#[derive(Debug, Args)]
pub(crate) struct RegisterArgs {
    #[command(flatten)]
    pub(crate) offer: HostArgs,
    /// The hot key that will run `host run` [default: the key used here]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address, requires = "public_key")]
    signer: Option<Address>,
    /// Its public key, as `fabstir keys show --public-key` prints it
    #[arg(long, value_name = "HEX", requires = "signer")]
    public_key: Option<Bytes>,
    /// What renters see this host called
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

#[derive(Debug, Serialize)]
struct Registered {
    host: Address,
    signer: Address,
    url: String,
    stake: Money,
    offers: Vec<OfferView>,
    transactions: Vec<B256>,
    gas_paid: Money,
}

/// Joins the market, or brings what it knows of this host to what the settings say.
///
/// # Errors
///
/// `model_missing`, `invalid_value` and `invalid_config` for what cannot be offered, `insufficient_funds` for the
/// stake, those of the chain.
pub(crate) async fn run(app: App, args: RegisterArgs) -> Result {
    model::check_present(&app.settings.models)?;
    let url = public_url(&app.settings)?;
    let models =
        app.settings.models.iter().map(|path| ModelFile::identify(path, app.out)).collect::<Result<Vec<_>>>()?;
    let market = app.market().await?;
    let wanted = prices::resolve(&market, &app.settings.prices, &models).await?;
    let key = app.key(market.chain.chain_id())?;
    let node = NodeDescription {
        signer: args.signer.unwrap_or(key.address()),
        api_url: url.clone(),
        metadata: metadata(args.name.as_deref(), &models),
        public_key: signer_key(&args, &key)?,
    };
    let wallet = Wallet::new(market.chain.clone(), key)?;
    let transactions = bring_about(&app, &market, &wallet, node, &wanted).await?;
    let registered = report(&market, &wallet, transactions).await?;
    app.out.result(&registered, |registered| {
        let offers: Vec<String> =
            registered.offers.iter().map(|offer| format!("  model {}: {}", offer.model_id, offer.rates)).collect();
        let Registered { host, url, stake, gas_paid, .. } = registered;
        format!("host {host} at {url}, stake {stake}, gas paid {gas_paid}\n{}", offers.join("\n"))
    });
    Ok(())
}

/// Sends the transactions that what is wanted differs by, and returns them.
async fn bring_about(
    app: &App,
    market: &Market,
    wallet: &Wallet,
    node: NodeDescription,
    wanted: &[ModelPrice],
) -> Result<Vec<B256>> {
    let me = wallet.address();
    let current = market.chain.node_of(me).await?;
    if !current.active {
        return join(app, market, wallet, node, wanted, &current).await;
    }
    let mut transactions = Vec::new();
    if !describes(&current, &node) {
        transactions.push(app.sent("update", wallet.update_node(node)).await?.tx_hash);
    }
    let offers = market.chain.prices_of(me, 0, PAGE).await?;
    let (set, stale) = prices::changes(&offers, wanted);
    for (model, token) in stale {
        transactions.push(app.sent("withdraw offer", wallet.remove_price(model, token)).await?.tx_hash);
    }
    if !set.is_empty() {
        transactions.push(app.sent("set prices", wallet.set_prices(set)).await?.tx_hash);
    }
    if transactions.is_empty() {
        app.out.note("nothing to change");
    }
    Ok(transactions)
}

async fn join(
    app: &App,
    market: &Market,
    wallet: &Wallet,
    node: NodeDescription,
    wanted: &[ModelPrice],
    current: &NodeInfo,
) -> Result<Vec<B256>> {
    let fab = market.fab().await?;
    // What is still unbonding counts: a host that left and comes back pays only what is missing.
    let stake = market.chain.min_stake().await?.saturating_sub(Amount::from(current.stake));
    let held = market.chain.token_balance(fab.token, wallet.address()).await?;
    if held < stake {
        let (need, have) = (fab.format(stake), fab.format(held));
        let message = format!("{} has {have}, and a host must stake {need}", wallet.address());
        return Err(CliError::new(Code::InsufficientFunds, message));
    }
    let mut transactions = Vec::new();
    let approving = wallet.ensure_allowance(fab.token, market.chain.registry(), stake);
    if let Some(receipt) = crate::progress::waiting(app.out, "approving the stake", approving).await? {
        transactions.push(receipt.tx_hash);
    }
    transactions.push(app.sent("register", wallet.register(node, wanted.to_vec())).await?.tx_hash);
    Ok(transactions)
}

async fn report(market: &Market, wallet: &Wallet, transactions: Vec<B256>) -> Result<Registered> {
    let host = wallet.address();
    let node = market.chain.node_of(host).await?;
    let offers = market.chain.prices_of(host, 0, PAGE).await?;
    Ok(Registered {
        host,
        signer: node.signer,
        url: node.apiUrl,
        stake: Money::new(&market.fab().await?, node.stake.into()),
        offers: view(market, &offers).await?,
        transactions,
        gas_paid: Money::new(&fabstir_chain::TokenUnits::coin(), wallet.spent().fee),
    })
}

/// Offers in human units.
///
/// # Errors
///
/// Those of the chain.
pub(super) async fn view(market: &Market, offers: &[ModelPrice]) -> Result<Vec<OfferView>> {
    let mut views = Vec::with_capacity(offers.len());
    for offer in offers {
        let units = market.units(offer.token).await?;
        let rates = Rates::new(&units, Prices::new(offer.inputPrice, offer.outputPrice));
        views.push(OfferView { model_id: offer.modelId, rates });
    }
    Ok(views)
}

fn describes(current: &NodeInfo, node: &NodeDescription) -> bool {
    (current.signer, &current.apiUrl, &current.metadata, &current.publicKey)
        == (node.signer, &node.api_url, &node.metadata, &node.public_key)
}

/// The URL that renters connect to.
fn public_url(settings: &Settings) -> Result<String> {
    let Some(url) = &settings.url else {
        if settings.listen.ip().is_unspecified() || settings.listen.port() == 0 {
            let message = format!("renters cannot connect to {}", settings.listen);
            return Err(CliError::config(message).hint("name the URL that they can, with --url"));
        }
        return Ok(format!("ws://{}", settings.listen));
    };
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    if matches!(scheme, Some("ws" | "wss" | "http" | "https")) {
        return Ok(url.clone());
    }
    Err(CliError::new(Code::InvalidValue, format!("--url {url:?} is no URL of a host"))
        .hint("write it as wss://host.example"))
}

/// The signer's compressed public key.
fn signer_key(args: &RegisterArgs, key: &SigningKey) -> Result<Bytes> {
    match &args.public_key {
        Some(given) if given.len() == PUBLIC_KEY_BYTES && matches!(given[0], 2 | 3) => Ok(given.clone()),
        Some(_) => Err(CliError::new(Code::InvalidValue, "a public key has 33 bytes and begins with 02 or 03")),
        None => Ok(public_key(key)),
    }
}

/// A key's compressed public key.
pub(crate) fn public_key(key: &SigningKey) -> Bytes {
    Bytes::copy_from_slice(&key.public_key())
}

/// What a host says of itself: its name, and what its models are called.
#[derive(Debug, Serialize, serde::Deserialize)]
pub(crate) struct Metadata {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) models: Vec<ModelName>,
}

/// What a model is called.
#[derive(Debug, Serialize, serde::Deserialize)]
pub(crate) struct ModelName {
    pub(crate) id: B256,
    pub(crate) name: String,
}

fn metadata(name: Option<&str>, models: &[ModelFile]) -> String {
    let models = models.iter().map(|model| ModelName { id: model.id.hash(), name: model.name.clone() }).collect();
    // Plain fields always become JSON.
    serde_json::to_string(&Metadata { name: name.map(str::to_owned), models }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(listen: &str, url: Option<&str>) -> Settings {
        let listen = listen.parse().expect("address");
        Settings { listen, url: url.map(str::to_owned), ..Settings::default() }
    }

    #[test]
    fn renters_are_never_sent_where_nobody_listens() {
        assert_eq!(public_url(&settings("127.0.0.1:8700", None)).expect("URL"), "ws://127.0.0.1:8700");
        assert!(public_url(&settings("0.0.0.0:8700", None)).is_err());
        assert!(public_url(&settings("127.0.0.1:0", None)).is_err());
        assert_eq!(public_url(&settings("0.0.0.0:1", Some("wss://h"))).expect("URL"), "wss://h");
        assert_eq!(public_url(&settings("0.0.0.0:1", Some("h:1"))).expect_err("none").code_name(), "invalid_value");
    }

    #[test]
    fn metadata_is_read_back() {
        let text = metadata(Some("Brindle"), &[]);
        let read: Metadata = serde_json::from_str(&text).expect("metadata");
        assert_eq!(read.name.as_deref(), Some("Brindle"));
    }
}
