//! `fabstir session list` and `show`: what is kept here, and what the chain says to it.

use super::{find, open::prices};
use crate::{
    app::App,
    error::Result,
    market::Market,
    output::{Money, Rates, printable, table},
};
use alloy_primitives::{Address, B256, U256};
use fabstir_client::{Record, Standing};
use fabstir_core::{
    abi::{
        ISessionMarket::{SessionDetails, Status},
        Terms,
    },
    amount::{Amount, Usage},
    settlement::payable_down,
};
use serde::Serialize;

/// A session, as JSON has it.
#[derive(Debug, Serialize)]
pub(crate) struct SessionView {
    session_id: B256,
    /// What the chain says: none, active, completed, timed_out, invalidated.
    status: &'static str,
    /// What is kept here: opening, open, ended.
    standing: Standing,
    host: Address,
    url: String,
    model_id: B256,
    #[serde(flatten)]
    rates: Rates,
    deposit: Money,
    /// Paid so far, the market's fee included.
    settled: Money,
    /// What comes back, if nothing more is settled.
    unspent: Money,
    /// What the renter has signed for.
    signed_input_tokens: u64,
    signed_output_tokens: u64,
    signed: Money,
    expires_at: u64,
    /// When a pending cancellation ends, Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    closing_at: Option<u64>,
    /// When `session timeout` returns the rest, Unix seconds.
    timeout_at: u64,
}

/// Lists the sessions of this market that are kept here, newest expiry first.
///
/// # Errors
///
/// Those of chain and store.
pub(crate) async fn list(app: App, all: bool) -> Result {
    let store = app.store()?;
    let market = app.market().await?;
    let here = (market.chain.chain_id(), market.chain.market());
    let mut views = Vec::new();
    for (id, record) in store.records()? {
        if (record.chain_id, record.market) != here {
            continue;
        }
        let view = view(&market, id, &record).await?;
        if all || view.status == status_name(Status::Active) {
            views.push(view);
        }
    }
    views.sort_by_key(|view| (std::cmp::Reverse(view.expires_at), view.session_id));
    app.out.result(&views, |views| listing(views, all));
    Ok(())
}

fn listing(views: &[SessionView], all: bool) -> String {
    if views.is_empty() {
        return if all { "no sessions" } else { "no sessions are open; --all shows those that ended" }.to_owned();
    }
    let row = |view: &SessionView| {
        vec![
            view.session_id.to_string(),
            view.status.to_owned(),
            view.deposit.to_string(),
            view.signed.to_string(),
            view.settled.to_string(),
            printable(&view.url).replace('\n', " "),
        ]
    };
    let rows: Vec<_> = views.iter().map(row).collect();
    table(&["SESSION", "STATUS", "DEPOSIT", "SIGNED", "SETTLED", "HOST"], &rows)
}

/// Shows one session.
///
/// # Errors
///
/// Those of chain and store.
pub(crate) async fn show(app: App, id: &str) -> Result {
    let store = app.store()?;
    let id = find(&store, id)?;
    let record = store.record(id)?;
    let market = app.market().await?;
    let view = view(&market, id, &record).await?;
    app.out.result(&view, text);
    Ok(())
}

/// A session as the store and the chain have it.
///
/// # Errors
///
/// Those of the chain.
pub(crate) async fn view(market: &Market, id: U256, record: &Record) -> Result<SessionView> {
    let terms = Terms::from(record.terms.clone());
    let details = market.chain.session_details(id).await?;
    let units = market.units(terms.token).await?;
    let deposit = Amount::from(record.deposit).max(details.deposit.into());
    let settled = Amount::from(details.settled);
    let usage = Usage::new(record.input_tokens, record.output_tokens);
    Ok(SessionView {
        session_id: id.into(),
        status: status_name(details.status),
        standing: record.standing,
        host: terms.host,
        url: record.url.clone(),
        model_id: terms.modelId,
        rates: Rates::new(&units, prices(&terms)),
        deposit: Money::new(&units, deposit),
        settled: Money::new(&units, settled),
        unspent: Money::new(&units, deposit.saturating_sub(settled)),
        signed_input_tokens: usage.input,
        signed_output_tokens: usage.output,
        signed: Money::new(&units, payable_down(usage, prices(&terms), deposit)?),
        expires_at: expiry(&terms, &details),
        closing_at: Some(details.closingAt.to::<u64>()).filter(|at| *at > 0),
        timeout_at: timeout_at(&terms, &details),
    })
}

/// When the session's time is over, extensions included.
pub(super) fn expiry(terms: &Terms, details: &SessionDetails) -> u64 {
    terms.expiresAt.saturating_add(u64::from(details.extensionHours).saturating_mul(3_600))
}

/// When `session timeout` opens.
pub(super) fn timeout_at(terms: &Terms, details: &SessionDetails) -> u64 {
    let by_clock = expiry(terms, details).saturating_add(terms.grace.into());
    match details.closingAt.to::<u64>() {
        0 => by_clock,
        closing => closing.min(by_clock),
    }
}

/// A status as JSON has it.
pub(crate) const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Completed => "completed",
        Status::TimedOut => "timed_out",
        Status::Invalidated => "invalidated",
        _ => "none",
    }
}

fn text(view: &SessionView) -> String {
    let SessionView { session_id, status, host, url, model_id, rates, deposit, settled, unspent, signed, .. } = view;
    let closing =
        view.closing_at.map(|at| format!("\ncancelled  its grace ends at {at} (Unix seconds)")).unwrap_or_default();
    format!(
        "session    {session_id}\nstatus     {status}\nhost       {host} at {}\nmodel      {model_id}\nprices     {rates}\n\
         deposit    {deposit}\nsigned     {signed} for {} tokens in, {} out\nsettled    {settled}\nunspent    {unspent}\n\
         expires    {} (Unix seconds){closing}",
        printable(url),
        view.signed_input_tokens,
        view.signed_output_tokens,
        view.expires_at,
    )
}
