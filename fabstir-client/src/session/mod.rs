//! An open session: drives the core's renter over a WebSocket, a store and a wallet.

mod closing;
mod connection;

pub use closing::Closing;

use crate::{
    Answer, ClientError,
    link::Link,
    renter::Renter,
    store::{Record, Standing},
};
use alloy_primitives::U256;
use connection::{CONTROL_PATIENCE, greet, misbehaves, refusal};
use fabstir_chain::Receipt;
use fabstir_core::{
    abi::Terms,
    amount::{Amount, Usage},
    renter::{Agreement, Event, RenterSession},
    wire::{self, ClientMessage, Message, Params},
};
use tokio::time::timeout;

/// An open session with a host. It holds the conversation; only what is new is sent and billed.
pub struct Session {
    renter: Renter,
    record: Record,
    link: Option<Link>,
    inner: RenterSession,
    opened: wire::Opened,
    /// Connections that dropped since the host last told anything new.
    drops: u32,
}

// By hand: a conversation must not end up in a log.
impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session").field("id", &self.id()).field("usage", &self.usage()).finish_non_exhaustive()
    }
}

impl Session {
    /// Opens a session, whose deposit is on chain, at its host.
    pub(crate) async fn connect(renter: Renter, mut record: Record) -> Result<Self, ClientError> {
        let agreement = Agreement {
            terms: Terms::from(record.terms.clone()),
            domain: renter.domain().clone(),
            deposit: Amount::from(record.deposit),
            voucher_key: record.voucher_key()?,
            secret: record.secret,
        };
        let mut inner = RenterSession::new(agreement);
        let (link, reaction) = greet(&renter, &record.url, &mut inner).await?;
        refusal(reaction.event)?;
        let opened = inner.opened().cloned().ok_or_else(|| misbehaves("it did not open the session"))?;
        record.standing = Standing::Open;
        renter.store().write(inner.id(), &record).await?;
        Ok(Self { renter, record, link: Some(link), inner, opened, drops: 0 })
    }

    /// The session's id on chain.
    #[must_use]
    pub const fn id(&self) -> U256 {
        self.inner.id()
    }

    /// What was agreed.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        self.inner.terms()
    }

    /// What the host said when it opened the session: profile, window, context.
    #[must_use]
    pub const fn opened(&self) -> &wire::Opened {
        &self.opened
    }

    /// The deposit, base units.
    #[must_use]
    pub const fn deposit(&self) -> Amount {
        self.inner.deposit()
    }

    /// Tokens received and recomputed so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.inner.usage()
    }

    /// What they cost, base units.
    #[must_use]
    pub fn owed(&self) -> Amount {
        self.inner.owed()
    }

    /// The conversation so far.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        self.inner.messages()
    }

    /// Asks the next question of the conversation.
    ///
    /// # Errors
    ///
    /// Bad parameters; those of [`Answer::next`] if the rest of an answer that was dropped cannot be cleared away.
    pub async fn prompt(&mut self, text: impl Into<String>, params: Params) -> Result<Answer<'_>, ClientError> {
        self.clear_away().await?;
        let prompt = self.inner.prompt(text.into(), params)?;
        self.ask(prompt).await
    }

    /// Continues the conversation with several messages, the last of them the user's: a system message at the
    /// beginning, or an older conversation.
    ///
    /// # Errors
    ///
    /// Those of [`Session::prompt`].
    pub async fn prompt_messages(&mut self, new: Vec<Message>, params: Params) -> Result<Answer<'_>, ClientError> {
        self.clear_away().await?;
        let prompt = self.inner.prompt_messages(new, params)?;
        self.ask(prompt).await
    }

    /// Begins the conversation anew in the same session: the model forgets what was said. What was billed stays billed.
    ///
    /// # Errors
    ///
    /// Those of [`Session::prompt`]; [`fabstir_core::Code::Unsupported`] from a host that cannot.
    pub async fn clear(&mut self) -> Result<(), ClientError> {
        self.clear_away().await?;
        loop {
            let request = self.inner.clear()?;
            let cleared = match self.send(&request).await {
                Ok(()) => self.await_cleared().await,
                Err(error) => Err(error),
            };
            match cleared {
                Err(error) if error.is_disconnect() => self.resume(error).await?,
                outcome => return outcome,
            }
        }
    }

    async fn await_cleared(&mut self) -> Result<(), ClientError> {
        let cleared = async {
            while !matches!(self.receive().await?, Some(Event::Cleared)) {}
            Ok(())
        };
        let cleared = timeout(CONTROL_PATIENCE, cleared).await;
        cleared.unwrap_or_else(|_| Err(self.give_up("the host does not clear the conversation")))
    }

    async fn ask(&mut self, prompt: ClientMessage) -> Result<Answer<'_>, ClientError> {
        match self.send(&prompt).await {
            Ok(()) => {}
            Err(error) if error.is_disconnect() => self.resume(error).await?,
            Err(error) => return Err(error),
        }
        Ok(Answer::new(self))
    }

    /// Adds to the deposit.
    ///
    /// # Errors
    ///
    /// Those of the chain and the store.
    pub async fn top_up(&mut self, amount: Amount) -> Result<Receipt, ClientError> {
        let market = self.renter.chain().market();
        self.renter.wallet().ensure_allowance(self.terms().token, market, amount).await?;
        let receipt = self.renter.wallet().top_up(self.terms(), amount).await?;
        let deposit = self.deposit().checked_add(amount)?;
        self.record.deposit = deposit.into();
        self.renter.store().write(self.id(), &self.record).await?;
        self.inner.deposit_raised(deposit);
        Ok(receipt)
    }

    /// Adds money, hours or both; ends a pending cancellation.
    ///
    /// # Errors
    ///
    /// Those of [`Renter::extend`].
    pub async fn extend(&mut self, amount: Amount, hours: u16) -> Result<Receipt, ClientError> {
        let receipt = self.renter.extend(self.id(), amount, hours).await?;
        self.record.deposit = self.renter.record(self.id())?.deposit;
        self.inner.deposit_raised(self.record.deposit.into());
        Ok(receipt)
    }

    /// Drops the connection without a word, as a failing network would; the next use resumes the session.
    pub fn disconnect(&mut self) {
        self.link = None;
    }
}
