//! The command line.

use crate::{commands, settings::CommonArgs};
use clap::{Parser, Subcommand};

/// An open market for LLM inference: rent a model by the token, or rent yours out
#[derive(Debug, Parser)]
#[command(name = "fabstir", version, propagate_version = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit status: 0 done, 1 failed, 2 the command line was not understood, 130 stopped by Ctrl-C.";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Rent out models
    #[command(subcommand)]
    Host(commands::host::HostCommand),
    /// List the hosts there are, cheapest first
    Hosts(commands::hosts::HostsArgs),
    /// Talk to a model
    Chat(commands::chat::ChatArgs),
    /// Open, watch and end sessions
    #[command(subcommand)]
    Session(commands::session::SessionCommand),
    /// Make and keep keys
    #[command(subcommand)]
    Keys(commands::keys::KeysCommand),
    /// Put the contracts on a chain
    Deploy(commands::deploy::DeployArgs),
    /// A chain of one's own, for trying things out
    #[command(subcommand)]
    Dev(commands::dev::DevCommand),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
