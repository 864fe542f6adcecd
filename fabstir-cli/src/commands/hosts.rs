//! `fabstir hosts`: what the registry has, cheapest first.

use crate::{
    app::App,
    error::Result,
    market::Market,
    output::{Rates, printable, table},
    progress,
    selection::{ModelChoice, names},
};
use alloy_primitives::{Address, B256};
use clap::Args;
use fabstir_chain::MAX_PAGE;
use fabstir_core::amount::Prices;
use serde::Serialize;

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
    let listings = progress::waiting(app.out, "reading the registry", read(&market, &model, token)).await?;
    app.out.result(&listings, |listings| text(listings));
    Ok(())
}

/// Offers, cheapest first within a token. Needs no key, unlike a renter's own look at them.
async fn read(market: &Market, model: &ModelChoice, token: Option<Address>) -> Result<Vec<Listing>> {
    let mut listings = Vec::new();
    for host in active_hosts(market, model.id()).await? {
        let node = market.chain.node_of(host).await?;
        for offer in market.chain.prices_of(host, 0, MAX_PAGE).await? {
            if !model.matches(offer.modelId) || token.is_some_and(|token| token != offer.token) {
                continue;
            }
            let (name, model_name) = names(&node.metadata, offer.modelId);
            let prices = Prices::new(offer.inputPrice, offer.outputPrice);
            listings.push(Listing {
                host,
                signer: node.signer,
                name,
                url: node.apiUrl.clone(),
                model_id: offer.modelId,
                model_name,
                rates: Rates::new(&market.units(offer.token).await?, prices),
                prices,
            });
        }
    }
    listings.sort_by_key(|one| (one.rates.token, one.prices.output, one.prices.input, one.host));
    Ok(listings)
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
