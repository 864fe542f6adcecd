//! `fabstir host status`: what the chain knows of a host.

use super::{WhichHost, register};
use crate::{
    app::App,
    error::Result,
    market::Market,
    output::{Money, OfferView, printable, table},
};
use alloy_primitives::{Address, B256};
use clap::Args;
use fabstir_core::{abi::INodeRegistry::NodeInfo, amount::Amount};
use serde::Serialize;

/// Flags of `host status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    which: WhichHost,
    /// Sessions looked at, newest first
    #[arg(long, value_name = "N", default_value_t = 100)]
    sessions: usize,
}

/// Offers read in one page; a host has at most 64.
const PAGE: u64 = 100;

#[derive(Debug, Serialize)]
struct Status {
    host: Address,
    registered: bool,
    /// Unix seconds from which its stake can be taken out, if it is leaving.
    #[serde(skip_serializing_if = "Option::is_none")]
    unbonding_until: Option<u64>,
    signer: Address,
    url: String,
    metadata: String,
    stake: Money,
    offers: Vec<OfferView>,
    /// What can be withdrawn, net of the market's fee.
    earnings: Vec<Money>,
    /// Coin to pay gas with.
    balance: Money,
    signer_balance: Money,
    active_sessions: Vec<ActiveSession>,
}

#[derive(Debug, Serialize)]
struct ActiveSession {
    session_id: B256,
    renter: Address,
    deposit: Money,
    settled: Money,
    expires_at: u64,
}

/// Shows a host.
///
/// # Errors
///
/// Those of the chain.
pub(crate) async fn run(app: App, args: StatusArgs) -> Result {
    let market = app.market().await?;
    let host = match args.which.host.or(app.settings.host) {
        Some(host) => host,
        None => app.account(market.chain.chain_id())?,
    };
    let status = read(&market, host, args.sessions).await?;
    app.out.result(&status, text);
    Ok(())
}

async fn read(market: &Market, host: Address, sessions: usize) -> Result<Status> {
    let chain = &market.chain;
    let node: NodeInfo = chain.node_of(host).await?;
    let offers = chain.prices_of(host, 0, PAGE).await?;
    let mut tokens = market.tokens();
    tokens.extend(offers.iter().map(|offer| offer.token));
    let active_sessions = active(market, host, sessions).await?;
    tokens.extend(active_sessions.iter().map(|session| session.deposit.token));
    tokens.sort_unstable();
    tokens.dedup();
    let mut earnings = Vec::new();
    for token in tokens {
        let net = chain.earnings_of(host, token).await?.net;
        earnings.push(Money::new(&market.units(token).await?, net));
    }
    let coin = market.units(Address::ZERO).await?;
    Ok(Status {
        host,
        registered: node.active,
        unbonding_until: Some(node.unbondingUntil).filter(|until| *until > 0),
        signer: node.signer,
        url: node.apiUrl,
        metadata: node.metadata,
        stake: Money::new(&market.fab().await?, node.stake.into()),
        offers: register::view(market, &offers).await?,
        earnings,
        balance: Money::new(&coin, chain.coin_balance(host).await?),
        signer_balance: Money::new(&coin, chain.coin_balance(node.signer).await?),
        active_sessions,
    })
}

async fn active(market: &Market, host: Address, limit: usize) -> Result<Vec<ActiveSession>> {
    let mut sessions = Vec::new();
    for opening in market.chain.active_sessions_of_host(host, limit).await? {
        let details = market.chain.session_details(opening.id).await?;
        let units = market.units(opening.terms.token).await?;
        let extended = u64::from(details.extensionHours).saturating_mul(3_600);
        sessions.push(ActiveSession {
            session_id: opening.id.into(),
            renter: opening.terms.renter,
            deposit: Money::new(&units, Amount::from(details.deposit)),
            settled: Money::new(&units, Amount::from(details.settled)),
            expires_at: opening.terms.expiresAt.saturating_add(extended),
        });
    }
    Ok(sessions)
}

fn text(status: &Status) -> String {
    let mut lines = vec![format!("host      {}", status.host)];
    let standing = match (status.registered, status.unbonding_until) {
        (true, _) => "registered".to_owned(),
        (false, Some(until)) => format!("leaving; its stake is free at {until} (Unix seconds)"),
        (false, None) => "not registered; `fabstir host register` joins the market".to_owned(),
    };
    lines.push(format!("standing  {standing}"));
    if status.registered {
        lines.push(format!("signer    {} with {} for gas", status.signer, status.signer_balance));
        lines.push(format!("url       {}", printable(&status.url)));
        lines.push(format!("stake     {}", status.stake));
    }
    lines.push(format!("balance   {}", status.balance));
    for offer in &status.offers {
        lines.push(format!("offer     model {}: {}", offer.model_id, offer.rates));
    }
    for earned in &status.earnings {
        lines.push(format!("earned    {earned}"));
    }
    lines.push(format!("active    {} sessions", status.active_sessions.len()));
    let row = |session: &ActiveSession| {
        let ActiveSession { session_id, renter, deposit, settled, .. } = session;
        vec![session_id.to_string(), renter.to_string(), deposit.to_string(), settled.to_string()]
    };
    if !status.active_sessions.is_empty() {
        let rows: Vec<_> = status.active_sessions.iter().map(row).collect();
        lines.push(table(&["SESSION", "RENTER", "DEPOSIT", "SETTLED"], &rows));
    }
    lines.join("\n")
}
