//! An open session: drives the core's renter over a WebSocket, a store and a wallet.

use crate::{
    Answer, ClientError,
    link::Link,
    renter::{Renter, random32},
    store::{Record, Standing},
};
use alloy_primitives::U256;
use fabstir_chain::Receipt;
use fabstir_core::{
    Code,
    abi::{ISessionMarket, Terms},
    amount::{Amount, Usage},
    messages::Close,
    renter::{Agreement, Event, Reaction, RenterSession},
    signature::Signature65,
    wire::{self, ClientMessage, Message, Params},
};
use std::time::Duration;

/// Attempts to get a dropped connection back, and the wait before the first; it doubles.
const RESUME_ATTEMPTS: u32 = 6;
const RESUME_WAIT: Duration = Duration::from_millis(200);
/// How long the host has to bring a closed session to the chain before the renter does it.
const SETTLEMENT_PATIENCE: Duration = Duration::from_secs(20);
const SETTLEMENT_POLL: Duration = Duration::from_millis(200);

/// An open session with a host. It holds the conversation; only what is new is sent and billed.
pub struct Session {
    renter: Renter,
    record: Record,
    link: Option<Link>,
    inner: RenterSession,
    opened: wire::Opened,
}

// By hand: a conversation must not end up in a log.
impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session").field("id", &self.id()).field("usage", &self.usage()).finish_non_exhaustive()
    }
}

/// How a session ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Closing {
    /// Tokens served in all.
    pub usage: Usage,
    /// Paid in all, fee included, base units.
    pub paid: Amount,
    /// Returned to the renter, base units.
    pub refund: Amount,
    /// The renter's own transaction, if the host did not settle in time.
    pub receipt: Option<Receipt>,
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
        Ok(Self { renter, record, link: Some(link), inner, opened })
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
    /// Those of [`Session::prompt`]; [`Code::Unsupported`] from a host that cannot.
    pub async fn clear(&mut self) -> Result<(), ClientError> {
        self.clear_away().await?;
        loop {
            let request = self.inner.clear()?;
            let cleared = match self.send(&request).await {
                Ok(()) => self.await_cleared().await,
                Err(error) => Err(error),
            };
            match cleared {
                Err(error) if error.is_disconnect() => self.resume().await?,
                outcome => return outcome,
            }
        }
    }

    async fn await_cleared(&mut self) -> Result<(), ClientError> {
        while !matches!(self.receive().await?, Some(Event::Cleared)) {}
        Ok(())
    }

    async fn ask(&mut self, prompt: ClientMessage) -> Result<Answer<'_>, ClientError> {
        match self.send(&prompt).await {
            Ok(()) => {}
            Err(error) if error.is_disconnect() => self.resume().await?,
            Err(error) => return Err(error),
        }
        Ok(Answer::new(self))
    }

    /// Makes the session ready for the next question: connected, and the answer whose [`Answer`] was dropped before its
    /// end cleared away.
    async fn clear_away(&mut self) -> Result<(), ClientError> {
        if self.link.is_none() || !self.inner.is_open() {
            self.resume().await?;
        }
        if self.inner.is_answering() {
            self.cancel_answer().await?;
            while !matches!(self.next_event().await?, Event::Done { .. }) {}
        }
        Ok(())
    }

    pub(crate) async fn cancel_answer(&mut self) -> Result<(), ClientError> {
        match self.inner.cancel() {
            Some(cancel) => self.send(&cancel).await,
            None => Ok(()),
        }
    }

    /// The next event of the answer coming in, across dropped connections.
    pub(crate) async fn next_event(&mut self) -> Result<Event, ClientError> {
        loop {
            match self.receive().await {
                Ok(Some(event)) => return Ok(event),
                Ok(None) => {}
                Err(error) if error.is_disconnect() => {
                    tracing::debug!(%error, "resuming");
                    self.resume().await?;
                    return Ok(Event::Resumed);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the host's next message, and does what follows from it.
    async fn receive(&mut self) -> Result<Option<Event>, ClientError> {
        let message = match &mut self.link {
            Some(link) => link.receive().await?,
            None => return Err(no_link(&self.record.url)),
        };
        let reaction = self.inner.receive(message)?;
        self.react(reaction).await
    }

    /// What is signed for is on the disk before the signature leaves.
    async fn react(&mut self, reaction: Reaction) -> Result<Option<Event>, ClientError> {
        if let (true, Some((voucher, _))) = (reaction.record, self.inner.voucher()) {
            self.record.input_tokens = voucher.inputTokens;
            self.record.output_tokens = voucher.outputTokens;
            self.record.head = voucher.head;
            self.renter.store().write(self.id(), &self.record).await?;
        }
        for message in &reaction.send {
            self.send(message).await?;
        }
        match reaction.event {
            Some(Event::Pong) => Ok(None),
            event => refusal(event),
        }
    }

    /// Takes the session up again on a new connection.
    async fn resume(&mut self) -> Result<(), ClientError> {
        self.link = None;
        let mut wait = RESUME_WAIT;
        let mut last = ClientError::coded(Code::ConnectionLost, "the connection is gone");
        for _ in 0..RESUME_ATTEMPTS {
            tokio::time::sleep(wait).await;
            wait *= 2;
            match self.try_resume().await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_disconnect() || error.code() == Code::SessionBusy => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    async fn try_resume(&mut self) -> Result<(), ClientError> {
        let (link, reaction) = greet(&self.renter, &self.record.url, &mut self.inner).await?;
        self.link = Some(link);
        self.react(reaction).await.map(drop)
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

    /// Ends the session: the host signs the final counts and settles on chain, which returns the rest of the deposit.
    /// A host that does not settle in time is not waited for: the renter does it with the host's consent.
    ///
    /// # Errors
    ///
    /// [`ClientError::Connection`] if the host cannot be reached: [`Renter::cancel`] ends the session without it.
    pub async fn close(mut self) -> Result<Closing, ClientError> {
        self.clear_away().await?;
        let request = self.inner.close()?;
        self.send(&request).await?;
        let (close, signature) = loop {
            if let Some(Event::Closed { close, signature }) = self.receive().await? {
                break (close, signature);
            }
        };
        if let Some(link) = self.link.take() {
            link.close().await;
        }
        let receipt = self.await_settlement(&close, &signature).await?;
        let details = self.renter.chain().session_details(self.id()).await?;
        self.record.standing = Standing::Ended;
        self.renter.store().write(self.id(), &self.record).await?;
        let paid = Amount::from(details.settled);
        Ok(Closing { usage: close.usage(), paid, refund: self.deposit().checked_sub(paid)?, receipt })
    }

    async fn await_settlement(&self, close: &Close, signature: &Signature65) -> Result<Option<Receipt>, ClientError> {
        let chain = self.renter.chain();
        let deadline = tokio::time::Instant::now() + SETTLEMENT_PATIENCE;
        while tokio::time::Instant::now() < deadline {
            if chain.session_details(self.id()).await?.status != ISessionMarket::Status::Active {
                return Ok(None);
            }
            tokio::time::sleep(SETTLEMENT_POLL).await;
        }
        let close = close.with_signature(signature);
        let receipt = self.renter.wallet().complete_with_close(self.terms(), None, close).await?;
        Ok(Some(receipt))
    }

    async fn send(&mut self, message: &ClientMessage) -> Result<(), ClientError> {
        match &mut self.link {
            Some(link) => link.send(message).await,
            None => Err(no_link(&self.record.url)),
        }
    }

    /// Drops the connection without a word, as a failing network would; the next use resumes the session.
    pub fn disconnect(&mut self) {
        self.link = None;
    }
}

fn no_link(url: &str) -> ClientError {
    ClientError::Connection { url: url.to_owned(), reason: "not connected".into() }
}

fn misbehaves(what: &str) -> ClientError {
    fabstir_core::Error::Misbehaviour(what.to_owned()).into()
}

/// Connects, has the host prove its key, and opens the session or takes it up again; returns what follows.
async fn greet(renter: &Renter, url: &str, inner: &mut RenterSession) -> Result<(Link, Reaction), ClientError> {
    let mut link = Link::connect(url, renter.format(), renter.allows_plaintext()).await?;
    link.send(&inner.connect(random32())).await?;
    let greeted = inner.receive(link.receive().await?)?;
    refusal(greeted.event)?;
    for message in &greeted.send {
        link.send(message).await?;
    }
    let reaction = inner.receive(link.receive().await?)?;
    Ok((link, reaction))
}

/// What the host refuses is an error here.
fn refusal(event: Option<Event>) -> Result<Option<Event>, ClientError> {
    match event {
        Some(Event::Refused(refused)) => {
            let code = Code::from_name(&refused.code).unwrap_or(Code::Internal);
            Err(ClientError::Host { code, message: refused.message })
        }
        Some(Event::Evicted { tokens }) => {
            let message = format!("the host dropped this session's cache; reading {tokens} tokens again is billed");
            Err(ClientError::coded(Code::Evicted, message))
        }
        event => Ok(event),
    }
}
