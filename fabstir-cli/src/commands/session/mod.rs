//! `fabstir session`: opening, watching and ending sessions.

pub(crate) mod end;
pub(crate) mod open;
mod show;

use super::MakeApp;
use crate::{
    error::{CliError, Result},
    settings::OpenArgs,
};
use alloy_primitives::U256;
use clap::{Args, Subcommand};
use fabstir_client::Store;
use fabstir_core::Code;

/// Fewest digits of a session's id that may stand for it.
const MIN_DIGITS: usize = 4;

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// Lock a deposit, for a `fabstir chat --session` later
    Open(OpenCommand),
    /// List the sessions kept here
    List(ListArgs),
    /// Show a session: terms, counts, money
    Show(Which),
    /// Pay the host now what was signed for, and go on
    Settle(Which),
    /// Add money, time or both; takes a `session cancel` back
    Extend(ExtendArgs),
    /// End a session with its host's consent; the rest comes back at once
    Close(Which),
    /// Leave a session without its host; the rest comes back after the grace period, by `session timeout`
    Cancel(Which),
    /// Take the rest back from a session whose time, or grace after `session cancel`, is over
    Timeout(Which),
}

/// Flags of `session open`.
#[derive(Debug, Args)]
pub(crate) struct OpenCommand {
    #[command(flatten)]
    pub(crate) open: OpenArgs,
}

/// Flags of `session list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Those that have ended too
    #[arg(long)]
    all: bool,
}

/// The session meant.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Its id, or the beginning of it
    #[arg(value_name = "ID")]
    id: String,
}

/// Flags of `session extend`.
#[derive(Debug, Args)]
pub(crate) struct ExtendArgs {
    #[command(flatten)]
    which: Which,
    /// What to lock besides, such as 0.001, in the session's token
    #[arg(long, value_name = "AMOUNT", required_unless_present = "hours")]
    deposit: Option<String>,
    /// Hours to add to its time
    #[arg(long, value_name = "HOURS", default_value_t = 0, hide_default_value = true)]
    hours: u16,
}

/// Runs a command about sessions.
///
/// # Errors
///
/// Whatever the command fails with.
pub(crate) async fn run(app: &MakeApp<'_>, command: SessionCommand) -> Result {
    match command {
        SessionCommand::Open(args) => open::run(app(&[&args.open])?, args.open).await,
        SessionCommand::List(args) => show::list(app(&[])?, args.all).await,
        SessionCommand::Show(which) => show::show(app(&[])?, &which.id).await,
        SessionCommand::Settle(which) => end::settle(app(&[])?, &which.id).await,
        SessionCommand::Extend(args) => end::extend(app(&[])?, args).await,
        SessionCommand::Close(which) => end::close(app(&[])?, &which.id).await,
        SessionCommand::Cancel(which) => end::cancel(app(&[])?, &which.id).await,
        SessionCommand::Timeout(which) => end::time_out(app(&[])?, &which.id).await,
    }
}

/// The session that an id, or the beginning of one, means.
///
/// # Errors
///
/// `invalid_value` if it is no id, `unknown_session` if it is of none kept here, or of several.
pub(crate) fn find(store: &Store, text: &str) -> Result<U256> {
    let digits = text.strip_prefix("0x").unwrap_or(text).to_ascii_lowercase();
    let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !hexadecimal || !(MIN_DIGITS..=64).contains(&digits.len()) {
        return Err(CliError::new(Code::InvalidValue, format!("{text:?} is no session's id"))
            .hint(format!("give at least {MIN_DIGITS} digits of it; `fabstir session list` shows them")));
    }
    let records = store.records()?;
    // Some programs write ids as numbers, without leading zeros.
    let begins = |id: &U256| format!("{id:064x}").starts_with(&digits) || format!("{id:x}") == digits;
    let meant: Vec<U256> = records.iter().map(|(id, _)| *id).filter(begins).collect();
    match meant.as_slice() {
        [only] => Ok(*only),
        [] => Err(CliError::new(Code::UnknownSession, format!("no session {text} is kept here"))
            .hint("`fabstir session list --all` shows those that are")),
        _ => {
            Err(CliError::new(Code::UnknownSession, format!("several sessions begin with {text}"))
                .hint("give more digits"))
        }
    }
}
