//! `fabstir host`: renting out models.

pub(crate) mod register;
pub(crate) mod run;
mod status;
mod withdraw;

use super::MakeApp;
use crate::{
    error::Result,
    settings::{HostArgs, ServeArgs, parse_address},
};
use alloy_primitives::Address;
use clap::{Args, Subcommand};

/// What to do as a host.
#[derive(Debug, Subcommand)]
pub(crate) enum HostCommand {
    /// Serve models until Ctrl-C, then settle
    Run(RunArgs),
    /// Join the market, or change what it knows of this host
    Register(register::RegisterArgs),
    /// Show a host: stake, prices, sessions, earnings
    Status(status::StatusArgs),
    /// Take out what was earned
    Withdraw(withdraw::WithdrawArgs),
}

/// Flags of `host run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) offer: HostArgs,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

/// Another host than the key's own.
#[derive(Debug, Args)]
pub(crate) struct WhichHost {
    /// The host's account [default: the key's]
    #[arg(long = "host", value_name = "ADDRESS", env = "FABSTIR_HOST", value_parser = parse_address)]
    host: Option<Address>,
}

/// Runs all but `host run`.
///
/// # Errors
///
/// Whatever the command fails with.
pub(crate) async fn run_command(app: &MakeApp<'_>, command: HostCommand) -> Result {
    match command {
        HostCommand::Run(_) => Ok(()),
        HostCommand::Register(args) => register::run(app(&[&args.offer])?, args).await,
        HostCommand::Status(args) => status::run(app(&[])?, args).await,
        HostCommand::Withdraw(args) => withdraw::run(app(&[])?, args).await,
    }
}
