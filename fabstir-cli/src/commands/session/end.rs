//! The ways a session is paid and ended.

use super::{ExtendArgs, find, open::check_funds, show};
use crate::{
    app::App,
    error::{CliError, Result},
    market::Market,
    output::Money,
    progress,
};
use alloy_primitives::{B256, U256};
use fabstir_chain::TokenUnits;
use fabstir_client::{Closing, Renter};
use fabstir_core::{
    Code,
    abi::{ISessionMarket::Status, Terms},
    amount::Amount,
};
use serde::Serialize;

/// How a session ended, as JSON has it.
#[derive(Debug, Serialize)]
pub(crate) struct ClosedView {
    pub(crate) session_id: B256,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) deposit: Money,
    /// Paid in all, the market's fee included.
    pub(crate) paid: Money,
    pub(crate) refund: Money,
    /// Who brought it to the chain: host or renter.
    pub(crate) settled_by: &'static str,
    /// What the renter paid for gas in this run.
    pub(crate) gas_paid: Money,
}

impl ClosedView {
    pub(crate) fn new(id: U256, units: &TokenUnits, deposit: Amount, closing: &Closing, renter: &Renter) -> Self {
        Self {
            session_id: id.into(),
            input_tokens: closing.usage.input,
            output_tokens: closing.usage.output,
            deposit: Money::new(units, deposit),
            paid: Money::new(units, closing.paid),
            refund: Money::new(units, closing.refund),
            settled_by: if closing.receipt.is_some() { "renter" } else { "host" },
            gas_paid: Money::new(&TokenUnits::coin(), renter.wallet().spent().fee),
        }
    }

    pub(crate) fn text(&self) -> String {
        let Self { input_tokens, output_tokens, deposit, paid, refund, .. } = self;
        format!("closed: {input_tokens} tokens in, {output_tokens} out; paid {paid} of {deposit}, {refund} came back")
    }
}

/// A transaction about a session, and what the chain says after it.
#[derive(Debug, Serialize)]
struct Moved {
    transaction: B256,
    gas_paid: Money,
    session: show::SessionView,
}

/// Everything a command about one open session of ours begins with.
async fn active(app: &App, id: &str) -> Result<(Market, Renter, U256, Terms)> {
    let store = app.store()?;
    let id = find(&store, id)?;
    let terms = Terms::from(store.record(id)?.terms);
    // The wallet's half of the renter asks for a passphrase: not before it is clear that there is something to do.
    let market = app.market().await?;
    let status = market.chain.session_details(id).await?.status;
    if status != Status::Active {
        let status = show::status_name(status);
        let message = match status {
            "none" => "the chain does not know this session: its opening never got there".to_owned(),
            ended => format!("the session has ended already ({ended})"),
        };
        return Err(CliError::new(Code::SessionNotActive, message).hint("`fabstir session show ID` tells how"));
    }
    let renter = Renter::new(app.wallet(&market)?, store).allow_plaintext(app.settings.allow_plaintext);
    Ok((market, renter, id, terms))
}

/// Ends a session with its host's consent.
///
/// # Errors
///
/// Those of the host: one that was used by another run is not handed over, only left.
pub(crate) async fn close(app: App, id: &str) -> Result {
    let (market, renter, id, terms) = active(&app, id).await?;
    let closing = progress::waiting(app.out, "closing", close_with_host(&renter, id)).await?;
    let units = market.units(terms.token).await?;
    let deposit = renter.store().record(id)?.deposit.into();
    app.out.result(&ClosedView::new(id, &units, deposit, &closing, &renter), ClosedView::text);
    Ok(())
}

async fn close_with_host(renter: &Renter, id: U256) -> Result<Closing> {
    let closed = match renter.connect(id).await {
        Ok(session) => session.close().await,
        Err(error) => Err(error),
    };
    closed.map_err(|error| {
        CliError::from(error).hint(format!(
            "a session that was used is settled by its host once nobody comes back to it; \
             `fabstir session cancel {id:#066x}` leaves without waiting for the host"
        ))
    })
}

/// Leaves a session without its host.
///
/// # Errors
///
/// `already_closing`, those of the chain.
pub(crate) async fn cancel(app: App, id: &str) -> Result {
    let (market, renter, id, _) = active(&app, id).await?;
    let details = market.chain.session_details(id).await?;
    if !details.closingAt.is_zero() {
        let at = details.closingAt;
        let message = format!("the session is being cancelled already; its grace ends at {at} (Unix seconds)");
        return Err(
            CliError::new(Code::AlreadyClosing, message).hint("then `fabstir session timeout ID` returns the rest")
        );
    }
    let receipt = app.sent("cancel", renter.cancel(id)).await?;
    let details = market.chain.session_details(id).await?;
    let note =
        format!("cancelled; from {} on (Unix seconds) `fabstir session timeout` returns the rest", details.closingAt);
    report(&app, &market, &renter, id, receipt.tx_hash, note).await
}

/// Takes the rest back from a session whose time is over.
///
/// # Errors
///
/// `not_over`, saying when it will be; those of the chain.
pub(crate) async fn time_out(app: App, id: &str) -> Result {
    let (market, renter, id, terms) = active(&app, id).await?;
    let details = market.chain.session_details(id).await?;
    let (now, over) = (market.chain.now().await?, show::timeout_at(&terms, &details));
    if now < over {
        let message = format!("the session is not over before {over} (Unix seconds), {} seconds from now", over - now);
        return Err(CliError::new(Code::NotOver, message).hint("`fabstir session close ID` ends it now, with its host"));
    }
    let receipt = app.sent("timeout", renter.time_out(id)).await?;
    report(&app, &market, &renter, id, receipt.tx_hash, "timed out; the rest came back".into()).await
}

/// Pays the host what was signed for.
///
/// # Errors
///
/// `invalid_params` if nothing was signed, or nothing that is not paid yet; those of the chain.
pub(crate) async fn settle(app: App, id: &str) -> Result {
    let (market, renter, id, _) = active(&app, id).await?;
    let settled = app.sent("settle", renter.settle(id)).await;
    let receipt = settled.map_err(|error| match error.code() {
        Some(Code::InvalidParams) => error.hint("`fabstir session show ID` shows both"),
        _ => error,
    })?;
    report(&app, &market, &renter, id, receipt.tx_hash, "settled".into()).await
}

/// Adds money, time or both to a session, and ends its cancellation.
///
/// # Errors
///
/// `invalid_params` for nothing or too much, `insufficient_funds`, those of the chain.
pub(crate) async fn extend(app: App, args: ExtendArgs) -> Result {
    let (market, renter, id, terms) = active(&app, &args.which.id).await?;
    let units = market.units(terms.token).await?;
    let deposit = match &args.deposit {
        Some(text) => units.parse(text)?,
        None => Amount::ZERO,
    };
    check_funds(&market, &renter, &units, deposit).await?;
    let receipt = app.sent("extend", renter.extend(id, deposit, args.hours)).await?;
    let details = market.chain.session_details(id).await?;
    let (locked, end) = (units.format(details.deposit.into()), show::expiry(&terms, &details));
    let note = format!("extended: {locked} locked, until {end} (Unix seconds)");
    report(&app, &market, &renter, id, receipt.tx_hash, note).await
}

async fn report(app: &App, market: &Market, renter: &Renter, id: U256, transaction: B256, note: String) -> Result {
    let session = show::view(market, id, &renter.store().record(id)?).await?;
    let gas_paid = Money::new(&TokenUnits::coin(), renter.wallet().spent().fee);
    app.out.result(&Moved { transaction, gas_paid, session }, |_| note);
    Ok(())
}
