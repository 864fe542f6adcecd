//! The `fabstir` command: run a host, or rent one.

mod app;
mod cli;
mod commands;
mod error;
mod files;
mod interrupt;
mod keystore;
mod market;
mod model;
mod output;
mod prices;
mod progress;
mod selection;
mod settings;

use clap::Parser;
use error::{CliError, Result};
use output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error),
    };
    let out = Output::new(cli.common.json);
    let status = match start(cli) {
        Ok(()) => 0,
        Err(error) => {
            out.error(&error);
            error.exit_status()
        }
    };
    ExitCode::from(status)
}

fn start(cli: cli::Cli) -> Result {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| CliError::new(fabstir_core::Code::Internal, format!("runtime: {error}")))?;
    let outcome = runtime.block_on(commands::run(cli));
    // Not waited for: a thread that reads a terminal or a large file may take for ever.
    runtime.shutdown_background();
    outcome
}

/// Help and version go to stdout; mistakes go to stderr, as JSON if that was asked for.
fn not_understood(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || !std::env::args_os().any(|argument| argument == "--json") {
        // A terminal that is gone needs no help.
        let _ = error.print();
        return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(error::USAGE));
    }
    let text = error.to_string();
    let message = text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned();
    let failure = CliError::usage(message);
    Output::new(true).error(&failure);
    ExitCode::from(failure.exit_status())
}
