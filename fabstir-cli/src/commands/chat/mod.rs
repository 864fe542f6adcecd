//! `fabstir chat`: a paid conversation.

mod answer;
mod conversation;
mod input;

use crate::{
    app::App,
    commands::session::{end::ClosedView, find, open},
    error::{CliError, Result},
    interrupt::Interrupts,
    market::Market,
    output::{Money, Rates, printable},
    progress,
    selection::ModelChoice,
    settings::OpenArgs,
};
use alloy_primitives::{Address, B256, U256};
use answer::Asking;
use clap::Args;
use conversation::Conversation;
use fabstir_chain::TokenUnits;
use fabstir_client::{Renter, Session};
use fabstir_core::{Code, abi::ISessionMarket::Status};
use input::{Input, Line};
use serde::Serialize;
use std::path::PathBuf;

/// Flags of `chat`.
#[derive(Debug, Args)]
pub(crate) struct ChatArgs {
    #[command(flatten)]
    pub(crate) open: OpenArgs,
    /// Use a session opened before with `session open`, by its id or the beginning of it
    #[arg(long, value_name = "ID", conflicts_with_all = ["only_host", "only_model"])]
    session: Option<String>,
    /// Ask this and end; may be repeated. Without it, questions are read from stdin
    #[arg(long, value_name = "QUESTION")]
    ask: Vec<String>,
    /// Instructions for the whole conversation
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// An earlier conversation to go on from: as much of its end as fits
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Where to write the conversation at the end
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    #[command(flatten)]
    sampling: answer::SamplingArgs,
}

/// What scripts are told, one line each. `answer::Event` is the rest.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    /// The session is open at its host.
    Opened {
        session_id: B256,
        host: Address,
        model_id: B256,
        #[serde(flatten)]
        rates: Rates,
        deposit: Money,
        context_tokens: u32,
        credit_tokens: u32,
    },
    /// It has ended, and the rest of the deposit came back.
    Closed(ClosedView),
}

/// Talks until there is nothing more to ask, then closes the session. Ctrl-C ends an answer, or at the prompt the
/// session; a session is never left without saying how to get its deposit back.
///
/// # Errors
///
/// Whatever keeps the session from being opened, used or closed.
pub(crate) async fn run(app: App, args: ChatArgs, mut interrupts: Interrupts) -> Result {
    let conversation = Conversation::load(args.history.as_deref(), args.system.as_deref())?;
    let asking = Asking::from(&args.sampling)?;
    if let Some(path) = &args.save {
        Conversation::check_writable(path)?;
    }
    let market = interrupts.or(app.market()).await?;
    let renter = app.renter(&market)?;
    let (session, units) = open_session(&app, &args, &market, &renter, &mut interrupts).await?;
    let input = Input::new(args.ask);
    announce(&app, &session, &units, input.is_terminal());
    let mut chat = Chat { app: &app, renter: &renter, units, session, conversation, asking, failed: None };
    let talked = chat.talk(input, &mut interrupts).await;
    let saved = match &args.save {
        Some(path) => chat.conversation.save(path, chat.session.messages()),
        None => Ok(()),
    };
    match (talked, chat.close(&mut interrupts).await) {
        (Err(talked), Err(closed)) => {
            // Both matter: what went wrong first, and that a deposit is still locked.
            app.out.error(&closed);
            Err(talked)
        }
        (talked, closed) => talked.and(closed).and(saved),
    }
}

/// Locks a deposit, or finds the session that has one, and opens it at its host.
async fn open_session(
    app: &App,
    args: &ChatArgs,
    market: &Market,
    renter: &Renter,
    interrupts: &mut Interrupts,
) -> Result<(Session, TokenUnits)> {
    let id = match &args.session {
        Some(text) => {
            let id = find(renter.store(), text)?;
            interrupts.or(check_usable(market, id)).await?;
            id
        }
        None => {
            let model = ModelChoice::parse(args.open.only_model.as_deref(), app.out)?;
            let plan = interrupts.or(open::plan(app, market, renter, args.open.only_host, &model)).await?;
            let locking = interrupts.or(open::lock(app, renter, &plan)).await;
            locking.map_err(|error| match error.code() {
                None => error.hint("`fabstir session list` tells whether the deposit was locked already"),
                Some(_) => error,
            })?
        }
    };
    let connecting = async { Ok(renter.connect(id).await?) };
    let session = interrupts.or(progress::waiting(app.out, "connecting to the host", connecting)).await;
    let session = session.map_err(|error| locked(error, id))?;
    let units = market.units(session.terms().token).await.map_err(|error| locked(error, id))?;
    Ok((session, units))
}

async fn check_usable(market: &Market, id: U256) -> Result {
    match market.chain.session_details(id).await?.status {
        Status::Active => Ok(()),
        _ => Err(CliError::new(Code::SessionNotActive, "the session has ended, or its opening never got to the chain")
            .hint("`fabstir session show ID` tells more; `fabstir chat` without --session opens another")),
    }
}

/// An error after which a deposit is still locked says how to get it back.
fn locked(error: CliError, id: U256) -> CliError {
    error.hint(format!(
        "the deposit is locked in session {id:#066x}: `fabstir chat --session` uses it, `fabstir session close` or \
         `cancel` with this id gets it back"
    ))
}

fn announce(app: &App, session: &Session, units: &TokenUnits, interactive: bool) {
    let terms = session.terms();
    let opened = session.opened();
    app.out.event(&Event::Opened {
        session_id: session.id().into(),
        host: terms.host,
        model_id: terms.modelId,
        rates: Rates::new(units, open::prices(terms)),
        deposit: Money::new(units, session.deposit()),
        context_tokens: opened.context,
        credit_tokens: opened.credit_tokens,
    });
    let help = if interactive { "; /help lists the commands" } else { "" };
    app.out.note(&format!("session {:#066x} is open{help}", session.id()));
}

/// A conversation going on.
#[derive(Debug)]
struct Chat<'a> {
    app: &'a App,
    renter: &'a Renter,
    units: TokenUnits,
    session: Session,
    conversation: Conversation,
    asking: Asking,
    /// The question whose answer failed, for `/reread`.
    failed: Option<String>,
}

impl Chat<'_> {
    /// Asks everything there is to ask.
    async fn talk(&mut self, mut input: Input, interrupts: &mut Interrupts) -> Result {
        loop {
            let line = tokio::select! {
                line = input.next() => line?,
                () = interrupts.next() => Line::End,
            };
            let (question, reread) = match line {
                Line::End => return Ok(()),
                Line::Command(command) => match self.obey(&command) {
                    Some(question) => (question, true),
                    None if command == "/quit" => return Ok(()),
                    None => continue,
                },
                Line::Question(question) => (question, false),
            };
            match self.ask(&question, reread, interrupts).await {
                Ok(()) => self.failed = None,
                // People can go on after most refusals; scripts asked for answers, not for excuses.
                Err(error) if input.is_terminal() && is_survivable(&error) => {
                    self.app.out.error(&error);
                    self.failed = Some(question);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Obeys a command; returns the question to ask again, if that is what it means.
    fn obey(&self, command: &str) -> Option<String> {
        match command {
            "/reread" if self.failed.is_some() => return self.failed.clone(),
            "/reread" => self.app.out.note("there is nothing to ask again"),
            "/money" => self.app.out.note(&self.money()),
            "/quit" => {}
            "/help" => self.app.out.note(
                "/quit ends the session, /money shows what was spent, /reread asks the last question again and pays for \
                 reading the history again\nCtrl-C ends an answer, or at the prompt the session",
            ),
            other => self.app.out.note(&format!("no command {}; /help lists them", printable(other))),
        }
        None
    }

    fn money(&self) -> String {
        let (owed, deposit) = (self.session.owed(), self.session.deposit());
        let units = &self.units;
        format!(
            "spent {} of {}, {} left",
            units.format(owed),
            units.format(deposit),
            units.format(deposit.saturating_sub(owed))
        )
    }

    /// Ends the session and shows what it cost.
    async fn close(self, interrupts: &mut Interrupts) -> Result {
        let (id, deposit, out) = (self.session.id(), self.session.deposit(), self.app.out);
        let closing = async { Ok(self.session.close().await?) };
        let closed = interrupts.or(progress::waiting(out, "closing the session", closing)).await;
        let closing = closed.map_err(|error| locked(error, id))?;
        let view = ClosedView::new(id, &self.units, deposit, &closing, self.renter);
        out.note(&view.text());
        out.event(&Event::Closed(view));
        Ok(())
    }
}

/// Whether the session is as good as before.
fn is_survivable(error: &CliError) -> bool {
    matches!(
        error.code(),
        Some(Code::PromptTooLong | Code::ContextFull | Code::Evicted | Code::InvalidParams | Code::Overloaded)
            | Some(Code::TemplateFailed | Code::FrameTooLarge | Code::BackendFailed)
    )
}
