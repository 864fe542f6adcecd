//! `fabstir deploy`: putting the contracts on a chain.

use crate::{
    app::App,
    error::{CliError, Result},
    keystore::confirm,
    market::{self, LOCAL_CHAIN},
    output::Money,
    progress,
    settings::parse_address,
};
use alloy_primitives::Address;
use clap::Args;
use fabstir_chain::{DeployConfig, Deployment, Provider, TokenUnits, TransactionQueue, deploy, deploy::TokenLimits};
use fabstir_core::{Code, abi::IFabToken, amount::Amount};
use serde::Serialize;
use std::path::PathBuf;

/// Decimals of FAB.
const FAB_DECIMALS: u8 = 18;

/// Flags of `deploy`.
#[derive(Debug, Args)]
pub(crate) struct DeployArgs {
    /// A token to accept, and the least and most that is deposited in it: ADDRESS[:MIN:MAX] or ETH:MIN:MAX. Without
    /// limits a dollar's: 0.8 to 1000000. May be repeated
    #[arg(long = "token", value_name = "TOKEN")]
    tokens: Vec<String>,
    /// Who governs the market afterwards [default: the key's account]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    owner: Option<Address>,
    /// Who receives fees [default: the key's account]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    fee_recipient: Option<Address>,
    /// The market's fee, hundredths of a percent of what a host is paid [default: 1500]
    #[arg(long, value_name = "BPS")]
    fee_bps: Option<u16>,
    /// FAB that is there already [default: deploy it]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    fab: Option<Address>,
    /// What a host stakes, FAB [default: 1000]
    #[arg(long, value_name = "AMOUNT")]
    min_stake: Option<String>,
    /// Do not ask before paying gas on a chain that is not the local one
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Serialize)]
struct Deployed {
    #[serde(flatten)]
    deployment: Deployment,
    path: PathBuf,
    gas_paid: Money,
}

/// Deploys, and writes the deployment file.
///
/// # Errors
///
/// `invalid_value` for limits that cannot be read, `insufficient_funds`, those of chain and file.
pub(crate) async fn run(app: App, args: DeployArgs) -> Result {
    let provider = market::connect(&app.settings, None).await?;
    let config = config(&provider, &args).await?;
    let key = app.key(provider.chain_id())?;
    if provider.chain_id() != LOCAL_CHAIN && !args.yes {
        let balance = TokenUnits::coin().format(provider.coin_balance(key.address()).await?);
        let question = format!("Deploy on chain {} as {}, which has {balance}?", provider.chain_id(), key.address());
        if !confirm(&question, "deploy").await? {
            return Err(CliError::config("nothing was deployed: consent was not given"));
        }
    }
    let queue = TransactionQueue::new(provider, key)?;
    let deployment = progress::waiting(app.out, "deploying", deploy(&queue, &config)).await?;
    let path = deployment.save(&app.settings.deployments_dir()?)?;
    let gas_paid = Money::new(&TokenUnits::coin(), queue.spent().fee);
    app.out.result(&Deployed { deployment, path, gas_paid }, |deployed| {
        let Deployed { deployment, path, gas_paid } = deployed;
        let Deployment { chain_id, fab, registry, market, .. } = deployment;
        let path = path.display();
        format!("chain     {chain_id}\nFAB       {fab}\nregistry  {registry}\nmarket    {market}\nfile      {path}\ngas paid  {gas_paid}")
    });
    Ok(())
}

async fn config(provider: &Provider, args: &DeployArgs) -> Result<DeployConfig> {
    let defaults = DeployConfig::default();
    let mut tokens = vec![TokenLimits::coin()];
    for text in &args.tokens {
        let limits = limits(provider, text).await?;
        tokens.retain(|known| known.token != limits.token);
        tokens.push(limits);
    }
    let min_stake = match &args.min_stake {
        Some(text) => Amount::parse_units(text, FAB_DECIMALS)?,
        None => defaults.min_stake,
    };
    Ok(DeployConfig {
        owner: args.owner,
        fee_recipient: args.fee_recipient,
        fee_bps: args.fee_bps.unwrap_or(defaults.fee_bps),
        fab: args.fab,
        min_stake,
        tokens,
        ..defaults
    })
}

/// Reads `ADDRESS`, `ADDRESS:MIN:MAX` or `ETH:MIN:MAX`.
async fn limits(provider: &Provider, text: &str) -> Result<TokenLimits> {
    let refused = |reason: &str| {
        CliError::new(Code::InvalidValue, format!("token {text:?}: {reason}"))
            .hint("write ADDRESS, ADDRESS:MIN:MAX or ETH:MIN:MAX, such as ETH:0.0002:1000")
    };
    let parts: Vec<&str> = text.split(':').collect();
    let (name, bounds) = match parts.as_slice() {
        [name] => (*name, None),
        [name, min, max] => (*name, Some((*min, *max))),
        _ => return Err(refused("one name, or a name and two limits")),
    };
    let token = match name {
        "ETH" => Address::ZERO,
        address => parse_address(address).map_err(|reason| refused(&reason))?,
    };
    let decimals = if token.is_zero() {
        TokenUnits::coin().decimals
    } else {
        provider.call(token, &IFabToken::decimalsCall {}).await?
    };
    let Some((min, max)) = bounds else {
        return if token.is_zero() { Ok(TokenLimits::coin()) } else { Ok(TokenLimits::dollar(token, decimals)?) };
    };
    let read = |bound: &str| Amount::parse_units(bound, decimals).map_err(|error| refused(&error.to_string()));
    let (min, max) = (read(min)?, read(max)?);
    if min > max {
        return Err(refused("the least is above the most"));
    }
    Ok(TokenLimits { token, min, max })
}
