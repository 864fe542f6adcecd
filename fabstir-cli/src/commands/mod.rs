//! The commands, one group a module.

pub(crate) mod chat;
pub(crate) mod deploy;
pub(crate) mod dev;
pub(crate) mod host;
pub(crate) mod hosts;
pub(crate) mod keys;
pub(crate) mod session;

use crate::{
    app::App,
    cli::{Cli, Command},
    error::{CliError, Result},
    interrupt::Interrupts,
    output::Output,
    settings::{CommonArgs, Layer, Settings},
};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Runs a command. Those that have something to end cleanly look at Ctrl-C themselves; the others just stop.
///
/// # Errors
///
/// Whatever the command fails with.
pub(crate) async fn run(cli: Cli) -> Result {
    let Cli { common, command } = cli;
    let mut interrupts = Interrupts::listen()?;
    let app = |layers: &[&dyn Layer]| app(&common, layers, "warn");
    match command {
        Command::Host(host::HostCommand::Run(args)) => {
            let app = self::app(&common, &[&args.offer, &args.serve], "warn,fabstir_host=info")?;
            host::run::run(app, interrupts).await
        }
        Command::Chat(args) => chat::run(app(&[&args.open])?, args, interrupts).await,
        Command::Dev(dev::DevCommand::Chain(args)) => dev::chain(app(&[])?, args, interrupts).await,
        Command::Dev(dev::DevCommand::Fund(args)) => interrupts.or(dev::fund(app(&[])?, args)).await,
        Command::Host(command) => interrupts.or(host::run_command(&app, command)).await,
        Command::Hosts(args) => interrupts.or(hosts::run(app(&[])?, args)).await,
        Command::Session(command) => interrupts.or(session::run(&app, command)).await,
        Command::Keys(command) => interrupts.or(keys::run(app(&[])?, command)).await,
        Command::Deploy(args) => interrupts.or(deploy::run(app(&[])?, args)).await,
    }
}

/// Makes a command's surroundings out of its own flags.
pub(crate) type MakeApp<'a> = dyn Fn(&[&dyn Layer]) -> Result<App> + 'a;

fn app(common: &CommonArgs, layers: &[&dyn Layer], log: &str) -> Result<App> {
    let settings = Settings::load(common, layers)?;
    let out = Output::new(common.json);
    start_log(settings.log.as_deref().unwrap_or(log), out)?;
    Ok(App { settings, out })
}

fn start_log(level: &str, out: Output) -> Result {
    let filter = EnvFilter::try_new(level).map_err(|error| CliError::config(format!("--log {level:?}: {error}")))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = if out.is_json() { log.json().try_init() } else { log.try_init() };
    started.map_err(|error| CliError::new(fabstir_core::Code::Internal, format!("log: {error}")))
}
