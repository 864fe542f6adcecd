//! `fabstir session open`, and the first half of `fabstir chat`: choosing a host and locking a deposit.

use crate::{
    app::App,
    error::{CliError, Result},
    market::Market,
    output::{Money, Rates, printable},
    progress,
    selection::{ModelChoice, names},
    settings::OpenArgs,
};
use alloy_primitives::{Address, B256, U256};
use fabstir_chain::TokenUnits;
use fabstir_client::{HostOffer, OpenOptions, Renter};
use fabstir_core::{
    Code,
    amount::{Amount, Prices},
};
use serde::Serialize;
use std::time::Duration;

/// How often the chain is asked for new blocks.
const POLL: Duration = Duration::from_secs(1);

/// What is to be opened: whose offer, and for how much.
#[derive(Debug)]
pub(crate) struct Plan {
    offer: HostOffer,
    units: TokenUnits,
    deposit: Amount,
    options: OpenOptions,
}

#[derive(Debug, Serialize)]
struct Opened {
    session_id: B256,
    host: Address,
    url: String,
    model_id: B256,
    #[serde(flatten)]
    rates: Rates,
    deposit: Money,
    gas_paid: Money,
}

/// Locks a deposit and prints the session's id.
///
/// # Errors
///
/// Those of [`plan`] and [`lock`].
pub(crate) async fn run(app: App, args: OpenArgs) -> Result {
    let market = app.market().await?;
    let model = ModelChoice::parse(args.only_model.as_deref(), app.out)?;
    let renter = app.renter(&market)?;
    let plan = plan(&app, &market, &renter, args.only_host, &model).await?;
    let id = lock(&app, &renter, &plan).await?;
    let opened = Opened {
        session_id: id.into(),
        host: plan.offer.host,
        url: plan.offer.url.clone(),
        model_id: plan.offer.model_id,
        rates: Rates::new(&plan.units, plan.offer.prices),
        deposit: Money::new(&plan.units, plan.deposit),
        gas_paid: Money::new(&TokenUnits::coin(), renter.wallet().spent().fee),
    };
    app.out.result(&opened, |opened| opened.session_id.to_string());
    app.out.note(&format!("next: fabstir chat --session {:.12}", opened.session_id.to_string()));
    Ok(())
}

/// Chooses the cheapest offer that the settings allow.
///
/// # Errors
///
/// `invalid_config` without a deposit, `model_not_served` if nobody offers that, those of the chain.
pub(crate) async fn plan(
    app: &App,
    market: &Market,
    renter: &Renter,
    host: Option<Address>,
    model: &ModelChoice,
) -> Result<Plan> {
    let settings = &app.settings;
    let units = market.resolve(&settings.token).await?;
    let Some(deposit) = &settings.deposit else {
        let limits = market.chain.requirements(units.token).await?;
        let least = units.format(limits.minDeposit.into());
        let hint = format!("say how much to lock with --deposit, at least {least}; what is not used comes back");
        return Err(CliError::config("a session needs a deposit").hint(hint));
    };
    let deposit = units.parse(deposit)?;
    let looking = renter.hosts(model.id(), Some(units.token));
    let offers = progress::waiting(app.out, "reading the registry", looking).await?;
    let suits = |offer: &HostOffer| model.matches(offer.model_id) && host.is_none_or(|host| host == offer.host);
    let Some(offer) = offers.into_iter().find(suits) else {
        let whose = host.map_or_else(|| "no host".to_owned(), |host| format!("host {host} does not"));
        let message =
            format!("{whose} {} that model in {}", if host.is_some() { "offer" } else { "offers" }, units.symbol);
        return Err(CliError::new(Code::ModelNotServed, message).hint("`fabstir hosts` lists what there is"));
    };
    check_funds(market, renter, &units, deposit).await?;
    let mut options = OpenOptions::new(deposit);
    options.duration = Duration::from_secs(settings.duration.saturating_mul(60));
    options.grace = Duration::from_secs(settings.grace.saturating_mul(60));
    Ok(Plan { offer, units, deposit, options })
}

/// That the money is not there is said before anything is approved or sent.
///
/// # Errors
///
/// `insufficient_funds`, those of the chain.
pub(super) async fn check_funds(market: &Market, renter: &Renter, units: &TokenUnits, deposit: Amount) -> Result {
    let me = renter.wallet().address();
    let held = market.chain.token_balance(units.token, me).await?;
    if held >= deposit {
        return Ok(());
    }
    let message = format!("{me} has {}, less than the deposit of {}", units.format(held), units.format(deposit));
    Err(CliError::new(Code::InsufficientFunds, message))
}

/// Locks the deposit, and waits for the confirmations that the settings ask for.
///
/// # Errors
///
/// Those of the chain.
pub(crate) async fn lock(app: &App, renter: &Renter, plan: &Plan) -> Result<U256> {
    let Plan { offer, units, deposit, options } = plan;
    let (_, model) = names(&offer.metadata, offer.model_id);
    let model = model.map_or_else(|| offer.model_id.to_string(), |name| printable(&name));
    app.out.note(&format!(
        "opening: model {model} at {}, {}; deposit {}",
        printable(&offer.url),
        Rates::new(units, offer.prices),
        units.format(*deposit)
    ));
    let id = progress::waiting(app.out, "locking the deposit", renter.lock(offer, options)).await?;
    let confirmed = await_confirmations(app, renter, id).await;
    confirmed.map_err(|error| {
        error.hint(format!("the deposit is locked in session {id:#066x}; `fabstir session list` shows it"))
    })?;
    Ok(id)
}

async fn await_confirmations(app: &App, renter: &Renter, id: U256) -> Result {
    let wanted = app.settings.confirmations;
    if wanted <= 1 {
        return Ok(());
    }
    let chain = renter.chain();
    let block = chain.opening_of(id).await?.block;
    let bar = progress::steps(app.out, "confirmations", wanted);
    loop {
        let confirmations = chain.confirmations_of(block).await?;
        bar.set_position(confirmations.min(wanted));
        if confirmations >= wanted {
            bar.finish_and_clear();
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The prices of a session.
pub(crate) const fn prices(terms: &fabstir_core::abi::Terms) -> Prices {
    Prices::new(terms.inputPrice, terms.outputPrice)
}
