//! `fabstir hosts`: what the registry has, cheapest first.

use crate::{
    app::App,
    error::{CliError, Result},
    market::Market,
    output::{Rates, printable, table},
    progress,
    selection::{ModelChoice, names},
};
use alloy_primitives::{Address, B256};
use clap::Args;
use fabstir_chain::{MAX_PAGE, TokenUnits};
use fabstir_core::{
    Code,
    abi::INodeRegistry::{ModelPrice, NodeInfo},
    amount::Prices,
};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Reads of the registry and of tokens at once.
const READS_AT_ONCE: usize = 16;

/// Flags of `hosts`.
#[derive(Debug, Args)]
pub(crate) struct HostsArgs {
    /// Only this model, by its id, the beginning of it, or a GGUF file
    #[arg(long, value_name = "ID|FILE")]
    model: Option<String>,
    /// Only offers in this token: ETH, a ticker of the deployment file, or an address
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
}

#[derive(Debug, Serialize)]
struct Listing {
    host: Address,
    signer: Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    url: String,
    model_id: B256,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_name: Option<String>,
    #[serde(flatten)]
    rates: Rates,
    #[serde(skip)]
    prices: Prices,
}

/// Lists the hosts.
///
/// # Errors
///
/// Those of the chain.
pub(crate) async fn run(app: App, args: HostsArgs) -> Result {
    let model = ModelChoice::parse(args.model.as_deref(), app.out)?;
    let market = app.market().await?;
    let token = match &args.token {
        Some(name) => Some(market.resolve(name).await?.token),
        None => None,
    };
    let reading = read(&market, &model, token);
    let (listings, left_out) = progress::waiting(app.out, "reading the registry", reading).await?;
    app.out.result(&listings, |listings| text(listings));
    if left_out > 0 {
        app.out.note(&format!("left out: {left_out} in what is no token"));
    }
    Ok(())
}

/// An offer as the registry has it.
struct Offer {
    host: Address,
    node: Arc<NodeInfo>,
    price: ModelPrice,
}

/// Offers, cheapest first within a token, and how many were left out because their token is none: one host must not
/// keep anybody from seeing the others. Needs no key, unlike a renter's own look at them.
async fn read(market: &Market, model: &ModelChoice, token: Option<Address>) -> Result<(Vec<Listing>, usize)> {
    let hosts = active_hosts(market, model.id()).await?;
    let reading = stream::iter(hosts).map(|host| offers_of(market, host)).buffer_unordered(READS_AT_ONCE);
    let offers: Vec<Vec<Offer>> = reading.try_collect().await?;
    let meant =
        |offer: &Offer| model.matches(offer.price.modelId) && token.is_none_or(|token| token == offer.price.token);
    let offers: Vec<Offer> = offers.into_iter().flatten().filter(meant).collect();
    let units = units_of(market, offers.iter().map(|offer| offer.price.token).collect()).await?;
    let mut listings: Vec<Listing> =
        offers.iter().filter_map(|offer| Some(listing(offer, units.get(&offer.price.token)?))).collect();
    listings.sort_by_key(|one| (one.rates.token, one.prices.output, one.prices.input, one.host));
    let left_out = offers.len() - listings.len();
    Ok((listings, left_out))
}

async fn offers_of(market: &Market, host: Address) -> Result<Vec<Offer>> {
    let node = Arc::new(market.chain.node_of(host).await?);
    let prices = market.chain.prices_of(host, 0, MAX_PAGE).await?;
    Ok(prices.into_iter().map(|price| Offer { host, node: Arc::clone(&node), price }).collect())
}

/// How each token is counted; those that are none are missing.
async fn units_of(market: &Market, tokens: BTreeSet<Address>) -> Result<BTreeMap<Address, TokenUnits>> {
    let read = async |token| match market.units(token).await {
        Ok(units) => Ok(Some((token, units))),
        Err(error) if is_no_token(&error) => {
            tracing::warn!(%token, %error, "no token");
            Ok(None)
        }
        Err(error) => Err(error),
    };
    let reading = stream::iter(tokens).map(read).buffer_unordered(READS_AT_ONCE);
    reading.try_filter_map(async |found| Ok(found)).try_collect().await
}

/// Whether the address is to blame, and not the endpoint.
fn is_no_token(error: &CliError) -> bool {
    matches!(error.code(), Some(Code::NoContract | Code::Reverted | Code::RpcInvalid))
}

fn listing(offer: &Offer, units: &TokenUnits) -> Listing {
    let Offer { host, node, price } = offer;
    let (name, model_name) = names(&node.metadata, price.modelId);
    let prices = Prices::new(price.inputPrice, price.outputPrice);
    Listing {
        host: *host,
        signer: node.signer,
        name,
        url: node.apiUrl.clone(),
        model_id: price.modelId,
        model_name,
        rates: Rates::new(units, prices),
        prices,
    }
}

async fn active_hosts(market: &Market, model: Option<B256>) -> Result<Vec<Address>> {
    let mut hosts = Vec::new();
    loop {
        let offset = hosts.len() as u64;
        let page = match model {
            Some(model) => market.chain.nodes_by_model(model, offset, MAX_PAGE).await?,
            None => market.chain.nodes_page(offset, MAX_PAGE).await?,
        };
        let is_last = (page.len() as u64) < MAX_PAGE;
        hosts.extend(page);
        if is_last {
            return Ok(hosts);
        }
    }
}

fn text(listings: &[Listing]) -> String {
    if listings.is_empty() {
        return "no host offers that".to_owned();
    }
    let row = |one: &Listing| {
        let model = one
            .model_name
            .as_deref()
            .map_or_else(|| short(one.model_id), |name| format!("{} {name}", short(one.model_id)));
        let rates = &one.rates;
        vec![
            one.host.to_string(),
            one_line(&model),
            format!("{} {}", rates.input, rates.symbol),
            format!("{} {}", rates.output, rates.symbol),
            one_line(&one.url),
        ]
    };
    let rows: Vec<_> = listings.iter().map(row).collect();
    table(&["HOST", "MODEL", "INPUT/M", "OUTPUT/M", "URL"], &rows)
}

fn short(id: B256) -> String {
    id.to_string().chars().take(14).collect()
}

/// A stranger's text in a table.
fn one_line(text: &str) -> String {
    printable(text).replace(['\n', '\t'], " ")
}
