//! `fabstir dev`: a chain of one's own, where money is free.

use crate::{
    app::{App, dev_key},
    error::{CliError, Result},
    interrupt::Interrupts,
    market::{LOCAL_CHAIN, Market},
    output::{Money, table},
    progress,
    settings::parse_address,
};
use alloy_primitives::{Address, hex};
use clap::{Args, Subcommand};
use fabstir_chain::{
    DeployConfig, Deployment, TokenUnits, TransactionQueue, Wallet,
    anvil::{self, Anvil, AnvilConfig},
    deploy,
    deploy::{TokenLimits, dev as tokens},
};
use fabstir_core::amount::Amount;
use serde::Serialize;
use std::{path::PathBuf, process::Command, time::Duration};

/// The account that deploys, and that `dev fund` gives from.
const TREASURY: usize = 0;
/// The test token.
const TOKEN: (&str, &str, u8) = ("Test Dollar", "TUSD", 6);
/// What every well-known account gets, whole tokens.
const FAB_EACH: &str = "10000";
const DOLLARS_EACH: &str = "1000000";
/// How often it is looked whether anvil is still there.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// What to do on the local chain.
#[derive(Debug, Subcommand)]
pub(crate) enum DevCommand {
    /// Run a local chain with the contracts on it until Ctrl-C
    Chain(ChainArgs),
    /// Give an account coin, FAB and test tokens
    Fund(FundArgs),
}

/// Flags of `dev chain`.
#[derive(Debug, Args)]
pub(crate) struct ChainArgs {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8545)]
    port: u16,
    /// Seconds between blocks [default: a block a transaction]
    #[arg(long, value_name = "SECONDS")]
    block_time: Option<u64>,
    /// File that keeps the chain from one start to the next
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// anvil [default: that of node_modules here or above, or of the search path]
    #[arg(long, value_name = "PROGRAM", env = "FABSTIR_ANVIL")]
    anvil: Option<PathBuf>,
}

/// Flags of `dev fund`.
#[derive(Debug, Args)]
pub(crate) struct FundArgs {
    /// Who receives it
    #[arg(value_parser = parse_address)]
    address: Address,
    /// Coin
    #[arg(long, value_name = "AMOUNT", default_value = "10")]
    eth: String,
    /// What hosts stake
    #[arg(long, value_name = "AMOUNT", default_value = "2000")]
    fab: String,
    /// Each of the deployment's test tokens
    #[arg(long, value_name = "AMOUNT", default_value = "10000")]
    tokens: String,
}

#[derive(Debug, Serialize)]
struct Started {
    event: &'static str,
    rpc: String,
    deployment_file: PathBuf,
    #[serde(flatten)]
    deployment: Deployment,
    accounts: Vec<Account>,
}

#[derive(Debug, Serialize)]
struct Account {
    dev_key: usize,
    address: Address,
    /// Everybody knows it.
    secret: String,
}

#[derive(Debug, Serialize)]
struct Funded {
    address: Address,
    balances: Vec<Money>,
}

/// Runs a local chain until Ctrl-C.
///
/// # Errors
///
/// `invalid_config` if anvil is missing or does not start, those of chain and file.
pub(crate) async fn chain(app: App, args: ChainArgs, mut interrupts: Interrupts) -> Result {
    let starting = progress::waiting(app.out, "starting anvil", start(&args));
    let anvil = interrupts.or(starting).await?;
    let mut local = app;
    anvil.rpc_url().clone_into(&mut local.settings.rpc);
    let deployment = interrupts.or(progress::waiting(local.out, "deploying", ensure_deployed(&local, &anvil))).await?;
    let started = Started {
        event: "started",
        rpc: anvil.rpc_url().to_owned(),
        deployment_file: Deployment::path(&local.settings.deployments_dir()?, LOCAL_CHAIN),
        deployment,
        accounts: accounts()?,
    };
    local.out.result(&started, text);
    local.out.note("Ctrl-C stops it");
    loop {
        tokio::select! {
            () = interrupts.next() => return Ok(()),
            () = tokio::time::sleep(HEARTBEAT) => {}
        }
        interrupts.or(async { Ok(anvil.provider().block_number().await?) }).await?;
    }
}

async fn start(args: &ChainArgs) -> Result<Anvil> {
    let binary = match &args.anvil {
        Some(binary) => binary.clone(),
        None => find_anvil()?,
    };
    let port = Some(args.port).filter(|port| *port > 0);
    let config = AnvilConfig {
        binary: Some(binary),
        port,
        block_time: args.block_time,
        state: args.state.clone(),
        ..AnvilConfig::default()
    };
    if let Some(port) = port {
        // anvil itself says nothing that could be passed on.
        std::net::TcpListener::bind(("127.0.0.1", port)).map_err(|error| {
            CliError::new(fabstir_core::Code::PortInUse, format!("cannot listen on 127.0.0.1:{port}: {error}"))
                .hint("stop what listens there, or choose another with --port; 0 takes a free one")
        })?;
    }
    Anvil::start(config).await.map_err(Into::into)
}

/// anvil of the repository, or of the search path.
fn find_anvil() -> Result<PathBuf> {
    let here = std::env::current_dir().map_err(|error| CliError::config(error.to_string()))?;
    anvil::find_anvil(&here).or_else(|error| {
        let on_path = Command::new("anvil").arg("--version").output().is_ok_and(|output| output.status.success());
        if on_path { Ok("anvil".into()) } else { Err(CliError::from(error).hint("or name the program with --anvil")) }
    })
}

/// The contracts, deployed unless a kept chain has them already.
async fn ensure_deployed(app: &App, anvil: &Anvil) -> Result<Deployment> {
    let directory = app.settings.deployments_dir()?;
    if let Ok(Market { deployment: Some(deployment), .. }) = Market::connect(&app.settings).await {
        return Ok(deployment);
    }
    let queue = TransactionQueue::new(anvil.provider().clone(), anvil::dev_key(TREASURY)?)?;
    let (name, symbol, decimals) = TOKEN;
    let dollar = tokens::deploy_token(&queue, name, symbol, decimals).await?;
    let config = DeployConfig {
        tokens: vec![TokenLimits::coin(), TokenLimits::dollar(dollar, decimals)?],
        ..DeployConfig::default()
    };
    let deployment = deploy(&queue, &config).await?;
    deployment.save(&directory)?;
    let chain = fabstir_chain::Chain::connect(deployment.chain_config(anvil.rpc_url())).await?;
    let treasury = Wallet::with_queue(chain, queue.clone());
    let fab = treasury.chain().token_units(deployment.fab).await?.parse(FAB_EACH)?;
    let dollars = Amount::parse_units(DOLLARS_EACH, decimals)?;
    for account in accounts()? {
        tokens::mint(&queue, dollar, account.address, dollars).await?;
        if account.dev_key != TREASURY {
            treasury.transfer(deployment.fab, account.address, fab).await?;
        }
    }
    Ok(deployment)
}

fn accounts() -> Result<Vec<Account>> {
    let account = |dev_key: usize| {
        let key = anvil::dev_key(dev_key)?;
        Ok(Account { dev_key, address: key.address(), secret: hex::encode_prefixed(key.expose_secret()) })
    };
    (0..anvil::ACCOUNTS).map(account).collect()
}

fn text(started: &Started) -> String {
    let Started { rpc, deployment_file, deployment, .. } = started;
    let rows: Vec<_> = started
        .accounts
        .iter()
        .map(|account| vec![account.dev_key.to_string(), account.address.to_string(), account.secret.clone()])
        .collect();
    let tokens: Vec<_> =
        deployment.tokens.iter().map(|token| format!("  {} {}", token.symbol, token.address)).collect();
    format!(
        "chain       {LOCAL_CHAIN} at {rpc}\nmarket      {}\nregistry    {}\nFAB         {}\ndeployment  {}\ntokens\n{}\n\n\
         Accounts with 10000 ETH, {FAB_EACH} FAB and {DOLLARS_EACH} {} each. Their keys are known to everybody: \
         --dev-key N uses one.\n{}\n\n`fabstir dev fund ADDRESS` gives other accounts some.",
        deployment.market,
        deployment.registry,
        deployment.fab,
        deployment_file.display(),
        tokens.join("\n"),
        TOKEN.1,
        table(&["N", "ADDRESS", "SECRET"], &rows),
    )
}

/// Gives an account on the local chain what it needs.
///
/// # Errors
///
/// `invalid_config` on any other chain, `invalid_value` for amounts that cannot be read, those of the chain.
pub(crate) async fn fund(app: App, args: FundArgs) -> Result {
    let market = app.market().await?;
    let key = dev_key(TREASURY, market.chain.chain_id())?;
    let wallet = Wallet::new(market.chain.clone(), key)?;
    let (coin, fab) = (TokenUnits::coin(), market.fab().await?);
    let (eth, stake) = (coin.parse(&args.eth)?, fab.parse(&args.fab)?);
    let mut balances = vec![coin.clone(), fab.clone()];
    app.sent(&args.eth_note(), wallet.transfer(coin.token, args.address, eth)).await?;
    app.sent(&format!("{} FAB", args.fab), wallet.transfer(fab.token, args.address, stake)).await?;
    for token in market.tokens().into_iter().filter(|token| !token.is_zero()) {
        let units = market.units(token).await?;
        let amount = units.parse(&args.tokens)?;
        let minting = tokens::mint(wallet.queue(), token, args.address, amount);
        app.sent(&units.format(amount), minting).await?;
        balances.push(units);
    }
    let mut held = Vec::new();
    for units in balances {
        held.push(Money::new(&units, market.chain.token_balance(units.token, args.address).await?));
    }
    app.out.result(&Funded { address: args.address, balances: held }, |funded| {
        let balances: Vec<_> = funded.balances.iter().map(ToString::to_string).collect();
        format!("{} has {}", funded.address, balances.join(", "))
    });
    Ok(())
}

impl FundArgs {
    fn eth_note(&self) -> String {
        format!("{} ETH", self.eth)
    }
}
