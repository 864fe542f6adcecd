//! The task that drives a session, and the ends of its channels that C calls hold.

use super::{ended, fabstir_ledger};
use crate::{
    boundary::{Failure, Outcome},
    event::fabstir_event,
    fabstir_status,
    runtime::{finish, wait_for},
};
use alloy_primitives::U256;
use fabstir_client::{ClientError, Event, Session};
use fabstir_core::{
    abi::Terms,
    amount::Amount,
    wire::{Message, Opened, Params},
};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

/// Events that wait for a caller before the task stops reading, and with that stops paying.
const EVENTS: usize = 32;
/// Calls that wait for the task.
const COMMANDS: usize = 4;

/// A prompt.
pub(super) struct Asking {
    pub(super) text: Option<String>,
    pub(super) messages: Vec<Message>,
    pub(super) params: Params,
}

type Reply<T> = oneshot::Sender<Result<T, Failure>>;

enum Command {
    Ask(Asking, Reply<()>),
    Clear(Reply<()>),
    TopUp(Amount, Reply<()>),
    Close(Reply<fabstir_ledger>),
}

/// What comes out of the task. Not the C struct yet: an event that nobody pulls must free its text.
enum Item {
    Event(Event),
    End,
    Failed(Failure),
}

/// What both sides look at.
struct Shared {
    cancelled: AtomicBool,
    /// From a prompt to the pull that saw the end of its answer.
    answering: AtomicBool,
    figures: Mutex<(fabstir_ledger, Vec<Message>)>,
}

impl Shared {
    fn figures(&self) -> MutexGuard<'_, (fabstir_ledger, Vec<Message>)> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, session: &Session) {
        let ledger = fabstir_ledger {
            usage: session.usage().into(),
            deposit: session.deposit().into(),
            owed: session.owed().into(),
            ..fabstir_ledger::default()
        };
        self.figures().0 = ledger;
    }

    fn note_messages(&self, session: &Session) {
        self.figures().1 = session.messages().to_vec();
    }
}

/// A session in the hands of its task.
pub(crate) struct Live {
    id: U256,
    terms: Terms,
    opened: Opened,
    shared: Arc<Shared>,
    commands: mpsc::Sender<Command>,
    events: AsyncMutex<mpsc::Receiver<Item>>,
    task: tokio::task::JoinHandle<()>,
}

impl Live {
    /// Hands a session to a task. Within the runtime.
    pub(crate) fn start(session: Session) -> Self {
        let shared = Arc::new(Shared {
            cancelled: AtomicBool::new(false),
            answering: AtomicBool::new(false),
            figures: Mutex::new((fabstir_ledger::default(), Vec::new())),
        });
        shared.note(&session);
        let (commands, orders) = mpsc::channel(COMMANDS);
        let (outlet, events) = mpsc::channel(EVENTS);
        let (id, terms, opened) = (session.id(), session.terms().clone(), session.opened().clone());
        let task = tokio::spawn(drive(session, orders, outlet, Arc::clone(&shared)));
        Self { id, terms, opened, shared, commands, events: AsyncMutex::new(events), task }
    }

    pub(super) const fn id(&self) -> U256 {
        self.id
    }

    pub(super) const fn terms(&self) -> &Terms {
        &self.terms
    }

    pub(super) const fn opened(&self) -> &Opened {
        &self.opened
    }

    pub(super) fn ledger(&self) -> fabstir_ledger {
        self.shared.figures().0
    }

    pub(super) fn messages(&self) -> Vec<Message> {
        self.shared.figures().1.clone()
    }

    pub(super) fn ask(&self, asking: Asking) -> Outcome {
        // Taken before the prompt leaves, so that of two threads that ask one is refused.
        if self.shared.answering.swap(true, Ordering::AcqRel) {
            return Err(busy());
        }
        self.shared.cancelled.store(false, Ordering::Release);
        let asked = self.order(|reply| Command::Ask(asking, reply));
        if asked.is_err() {
            self.shared.answering.store(false, Ordering::Release);
        }
        asked
    }

    pub(super) fn top_up(&self, amount: Amount) -> Outcome {
        self.refuse_while_answering()?;
        self.order(|reply| Command::TopUp(amount, reply))
    }

    pub(super) fn clear(&self) -> Outcome {
        self.refuse_while_answering()?;
        self.order(Command::Clear)
    }

    pub(super) fn close(&self) -> Outcome<fabstir_ledger> {
        self.refuse_while_answering()?;
        self.order(Command::Close)
    }

    fn refuse_while_answering(&self) -> Outcome {
        if self.shared.answering.load(Ordering::Acquire) { Err(busy()) } else { Ok(()) }
    }

    pub(super) fn cancel(&self) {
        self.shared.cancelled.store(true, Ordering::Release);
    }

    fn order<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Outcome<T> {
        let (reply, answer) = oneshot::channel();
        finish(async {
            self.commands.send(command(reply)).await.map_err(|_| ended())?;
            answer.await.map_err(|_| ended())?
        })
    }

    pub(super) fn next(&self, timeout_ms: u32) -> Outcome<fabstir_event> {
        if !self.shared.answering.load(Ordering::Acquire) {
            return Err(Failure::quiet(fabstir_status::End));
        }
        let item = wait_for(async { self.events.lock().await.recv().await }, timeout_ms)?;
        let over = |failure| {
            self.shared.answering.store(false, Ordering::Release);
            Err(failure)
        };
        match item {
            None => Err(Failure::quiet(fabstir_status::Timeout)),
            Some(Some(Item::Event(event))) => Ok(event.into()),
            Some(Some(Item::Failed(failure))) => over(failure),
            Some(Some(Item::End) | None) => over(Failure::quiet(fabstir_status::End)),
        }
    }

    /// Ends the task at once: nobody can hear it any more. The voucher it may be sending is on the disk.
    pub(crate) fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stop();
    }
}

fn busy() -> Failure {
    Failure::new(fabstir_status::SessionBusy, "an answer is coming in: pull it to its end first")
}

async fn drive(
    mut session: Session,
    mut orders: mpsc::Receiver<Command>,
    outlet: mpsc::Sender<Item>,
    shared: Arc<Shared>,
) {
    while let Some(command) = orders.recv().await {
        match command {
            Command::Ask(asking, reply) => answer(&mut session, asking, reply, &outlet, &shared).await,
            Command::Clear(reply) => {
                let done = session.clear().await.map_err(Into::into);
                shared.note_messages(&session);
                // Whoever asked may be gone.
                let _ = reply.send(done);
            }
            Command::TopUp(amount, reply) => {
                let done = session.top_up(amount).await.map(drop).map_err(Into::into);
                shared.note(&session);
                let _ = reply.send(done);
            }
            Command::Close(reply) => {
                let owed = session.owed();
                let (deposit, closing) = (session.deposit(), session.close().await);
                let ledger = closing.map(|closing| fabstir_ledger {
                    usage: closing.usage.into(),
                    deposit: deposit.into(),
                    owed: owed.into(),
                    paid: closing.paid.into(),
                    refund: closing.refund.into(),
                });
                if let Ok(ledger) = &ledger {
                    shared.figures().0 = *ledger;
                }
                let _ = reply.send(ledger.map_err(Into::into));
                return;
            }
        }
    }
}

/// One answer, from the prompt to its end.
async fn answer(session: &mut Session, asking: Asking, reply: Reply<()>, outlet: &mpsc::Sender<Item>, shared: &Shared) {
    let asked = match asking.text {
        Some(text) => session.prompt(text, asking.params).await,
        None => session.prompt_messages(asking.messages, asking.params).await,
    };
    let mut answer = match asked {
        Ok(answer) => answer,
        Err(error) => {
            let _ = reply.send(Err(error.into()));
            return;
        }
    };
    let _ = reply.send(Ok(()));
    let mut told = false;
    let end = loop {
        if !told && shared.cancelled.load(Ordering::Acquire) {
            told = true;
            if let Err(error) = answer.cancel().await {
                break Item::Failed(error.into());
            }
        }
        let event: Result<_, ClientError> = answer.next().await;
        shared.note(answer.session());
        match event {
            Ok(Some(event)) => {
                if outlet.send(Item::Event(event)).await.is_err() {
                    // The caller is gone.
                    return;
                }
            }
            Ok(None) => break Item::End,
            Err(error) => break Item::Failed(error.into()),
        }
    };
    shared.note_messages(session);
    let _ = outlet.send(end).await;
}
