//! An open session: prompts go out, answers come in, vouchers are signed for them.

use crate::{
    Answer, ClientError, Event,
    link::Link,
    renter::Renter,
    store::{Record, Standing},
    verifier::{Pending, Verifier, misbehaves},
};
use alloy_primitives::{B256, U256};
use fabstir_chain::Receipt;
use fabstir_core::{
    Code,
    abi::{ISessionMarket, Terms},
    amount::{Amount, Usage},
    messages::{Close, Hello, Open, Signed, Voucher},
    signature::{Signature65, SigningKey},
    wire::{self, ClientMessage, HostMessage, Message, Params, Role},
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
    id: U256,
    terms: Terms,
    record: Record,
    key: SigningKey,
    link: Option<Link>,
    verifier: Verifier,
    opened: wire::Opened,
    messages: Vec<Message>,
    pending: Option<Pending>,
    last_voucher: Option<(Voucher, Signature65)>,
    next_prompt: u32,
}

// By hand: a conversation must not end up in a log.
impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).field("usage", &self.usage()).finish_non_exhaustive()
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
    pub(crate) async fn connect(renter: Renter, id: U256, mut record: Record) -> Result<Self, ClientError> {
        let terms = Terms::from(record.terms.clone());
        let key = record.voucher_key()?;
        let (mut link, challenge) = greet(&renter, &record.url, &terms).await?;
        let channel_key = B256::ZERO;
        let open = Open { sessionId: id, challenge, channelKey: channel_key };
        let signature = open.sign(renter.domain(), &key);
        let message = wire::Open { terms: record.terms.clone(), secret: record.secret, channel_key, signature };
        link.send(&ClientMessage::Open(Box::new(message))).await?;
        let opened = match link.receive().await? {
            HostMessage::Opened(opened) => *opened,
            HostMessage::Error(refused) => return Err(host_error(&refused)),
            _ => return Err(misbehaves("it answers `open` with something else")),
        };
        let deposit = Amount::from(record.deposit);
        let verifier = Verifier::new(terms.clone(), renter.domain().clone(), deposit, record.secret, &opened)?;
        record.standing = Standing::Open;
        renter.store().write(id, &record).await?;
        Ok(Self {
            renter,
            id,
            terms,
            record,
            key,
            link: Some(link),
            verifier,
            opened,
            messages: Vec::new(),
            pending: None,
            last_voucher: None,
            next_prompt: 0,
        })
    }

    /// The session's id on chain.
    #[must_use]
    pub const fn id(&self) -> U256 {
        self.id
    }

    /// What was agreed.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// What the host said when it opened the session: profile, window, context.
    #[must_use]
    pub const fn opened(&self) -> &wire::Opened {
        &self.opened
    }

    /// The deposit, base units.
    #[must_use]
    pub fn deposit(&self) -> Amount {
        Amount::from(self.record.deposit)
    }

    /// Tokens received and recomputed so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.verifier.usage()
    }

    /// What they cost, base units.
    #[must_use]
    pub fn owed(&self) -> Amount {
        self.verifier.owed()
    }

    /// The conversation so far.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Asks the next question of the conversation.
    ///
    /// # Errors
    ///
    /// Bad parameters; those of [`Answer::next`] if the rest of an answer that was dropped cannot be cleared away.
    pub async fn prompt(&mut self, text: impl Into<String>, params: Params) -> Result<Answer<'_>, ClientError> {
        let text = text.into();
        let message = Message::new(Role::User, text.clone());
        self.ask(vec![message], Some(text), params).await
    }

    /// Continues the conversation with several messages, the last of them the user's: a system message at the
    /// beginning, or an older conversation.
    ///
    /// # Errors
    ///
    /// Those of [`Session::prompt`].
    pub async fn prompt_messages(&mut self, new: Vec<Message>, params: Params) -> Result<Answer<'_>, ClientError> {
        self.ask(new, None, params).await
    }

    async fn ask(
        &mut self,
        new: Vec<Message>,
        text: Option<String>,
        params: Params,
    ) -> Result<Answer<'_>, ClientError> {
        self.clear_away().await?;
        params.validate()?;
        let messages = match text {
            Some(_) => None,
            None => Some(self.messages.iter().chain(&new).cloned().collect()),
        };
        let bytes: usize = new.iter().map(|message| message.content.len()).sum();
        let id = self.next_prompt;
        let prompt = wire::Prompt { id, text, messages, params, request: None };
        prompt.validate()?;
        // The closing tokens of the answer before belong to the template's share of the first new message.
        let most_input = bytes as u64 + u64::from(self.opened.overhead) * new.len() as u64;
        self.next_prompt += 1;
        let turn = self.verifier.turns();
        self.pending = Some(Pending { prompt: prompt.clone(), most_input, emitted: 0, turn });
        self.messages.extend(new);
        match self.send(&ClientMessage::Prompt(prompt)).await {
            Ok(()) => {}
            Err(error) if error.is_disconnect() => self.resume().await?,
            Err(error) => return Err(error),
        }
        Ok(Answer::new(self))
    }

    /// Ends an answer whose [`Answer`] was dropped before its end.
    async fn clear_away(&mut self) -> Result<(), ClientError> {
        if self.pending.is_some() {
            self.cancel_answer().await?;
            while !matches!(self.next_event().await?, Event::Done { .. }) {}
        }
        Ok(())
    }

    pub(crate) async fn cancel_answer(&mut self) -> Result<(), ClientError> {
        match &self.pending {
            Some(pending) => {
                let id = pending.prompt.id;
                self.send(&ClientMessage::Cancel(wire::Cancel { id })).await
            }
            None => Ok(()),
        }
    }

    /// The next event of the answer coming in, across dropped connections.
    pub(crate) async fn next_event(&mut self) -> Result<Event, ClientError> {
        loop {
            let taken = match self.receive().await {
                Ok(message) => self.take(message).await,
                Err(error) => Err(error),
            };
            match taken {
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

    /// Acts on one message of the host.
    async fn take(&mut self, message: HostMessage) -> Result<Option<Event>, ClientError> {
        match message {
            HostMessage::Accepted(accepted) => {
                let pending = self.pending.as_ref().ok_or_else(|| misbehaves("it accepts what was not asked"))?;
                let input_tokens = self.verifier.accepted(&accepted, pending)?;
                Ok((pending.emitted == 0).then_some(Event::Accepted { input_tokens }))
            }
            HostMessage::Token(token) => {
                self.verifier.token(&token)?;
                let pending = self.pending.as_mut().filter(|pending| pending.prompt.id == token.id);
                let Some(pending) = pending.filter(|pending| token.index >= pending.emitted) else { return Ok(None) };
                pending.emitted = token.index + 1;
                Ok(Some(Event::Token { id: token.token, text: token.text }))
            }
            HostMessage::Checkpoint(checkpoint) => {
                let voucher = self.verifier.checkpoint(&checkpoint)?;
                self.pay(voucher).await.map(Some)
            }
            HostMessage::VoucherDue(_) => self.send_last_voucher().await.map(|()| None),
            HostMessage::Done(done) => {
                let text = self.verifier.done(&done)?;
                if self.pending.take_if(|pending| pending.prompt.id == done.id).is_none() {
                    return Ok(None);
                }
                self.messages.push(Message::new(Role::Assistant, text));
                let usage = Usage::new(done.usage.input_tokens, done.usage.output_tokens);
                Ok(Some(Event::Done { reason: done.finish_reason, usage }))
            }
            HostMessage::Evicted(evicted) => {
                self.withdraw_prompt(evicted.id);
                let message =
                    format!("the host dropped this session's cache; reading {} tokens again is billed", evicted.tokens);
                Err(ClientError::coded(Code::Evicted, message))
            }
            HostMessage::Error(refused) => {
                if let Some(id) = refused.id {
                    match self.verifier.failed(id) {
                        Some(text) => {
                            self.messages.push(Message::new(Role::Assistant, text));
                            self.pending = None;
                        }
                        None => self.withdraw_prompt(id),
                    }
                }
                Err(host_error(&refused))
            }
            HostMessage::Pong => Ok(None),
            _ => Err(misbehaves("a message out of order")),
        }
    }

    /// A prompt that was never accepted leaves the conversation as it was.
    fn withdraw_prompt(&mut self, id: u32) {
        if let Some(pending) = self.pending.take_if(|pending| pending.prompt.id == id) {
            let kept = match &pending.prompt.messages {
                Some(_) => {
                    self.messages.iter().rposition(|message| message.role == Role::Assistant).map_or(0, |at| at + 1)
                }
                None => self.messages.len().saturating_sub(1),
            };
            self.messages.truncate(kept);
        }
    }

    /// Signs for what was verified; the counts are on the disk before the signature leaves.
    async fn pay(&mut self, voucher: Voucher) -> Result<Event, ClientError> {
        let (usage, owed) = (voucher.usage(), self.verifier.owed());
        self.record.input_tokens = voucher.inputTokens;
        self.record.output_tokens = voucher.outputTokens;
        self.record.head = voucher.head;
        self.renter.store().write(self.id, &self.record).await?;
        let signature = self.verifier.sign(&voucher, &self.key);
        self.last_voucher = Some((voucher, signature));
        self.send_last_voucher().await?;
        Ok(Event::Voucher { usage, owed })
    }

    async fn send_last_voucher(&mut self) -> Result<(), ClientError> {
        let Some((voucher, signature)) = &self.last_voucher else { return Ok(()) };
        let message = wire::Voucher {
            input_tokens: voucher.inputTokens,
            output_tokens: voucher.outputTokens,
            head: voucher.head,
            signature: *signature,
        };
        self.send(&ClientMessage::Voucher(message)).await
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
        let (mut link, challenge) = greet(&self.renter, &self.record.url, &self.terms).await?;
        let channel_key = B256::ZERO;
        let open = Open { sessionId: self.id, challenge, channelKey: channel_key };
        let signature = open.sign(self.renter.domain(), &self.key);
        let (checkpoint, head) = self.verifier.position();
        let turns = self.verifier.turns();
        let resume = wire::Resume { session_id: self.id, channel_key, signature, turns, head, checkpoint };
        link.send(&ClientMessage::Resume(resume)).await?;
        let resumed = match link.receive().await? {
            HostMessage::Resumed(resumed) => resumed,
            HostMessage::Error(refused) => return Err(host_error(&refused)),
            _ => return Err(misbehaves("it answers `resume` with something else")),
        };
        self.verifier.roll_back();
        // A voucher that was on its way when the connection dropped.
        self.link = Some(link);
        self.send_last_voucher().await?;
        match &self.pending {
            Some(pending) if resumed.turns <= pending.turn => {
                let prompt = pending.prompt.clone();
                self.send(&ClientMessage::Prompt(prompt)).await
            }
            _ => Ok(()),
        }
    }

    /// Adds to the deposit.
    ///
    /// # Errors
    ///
    /// Those of the chain and the store.
    pub async fn top_up(&mut self, amount: Amount) -> Result<Receipt, ClientError> {
        let market = self.renter.chain().market();
        self.renter.wallet().ensure_allowance(self.terms.token, market, amount).await?;
        let receipt = self.renter.wallet().top_up(&self.terms, amount).await?;
        let deposit = self.deposit().checked_add(amount)?;
        self.record.deposit = deposit.into();
        self.renter.store().write(self.id, &self.record).await?;
        self.verifier.deposit_raised(deposit);
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
        self.send(&ClientMessage::Close).await?;
        let (close, signature) = loop {
            match self.receive().await? {
                HostMessage::Closed(closed) => break self.verifier.closed(&closed)?,
                other => {
                    self.take(other).await?;
                }
            }
        };
        if let Some(link) = self.link.take() {
            link.close().await;
        }
        let receipt = self.await_settlement(&close, &signature).await?;
        let details = self.renter.chain().session_details(self.id).await?;
        self.record.standing = Standing::Ended;
        self.renter.store().write(self.id, &self.record).await?;
        let paid = Amount::from(details.settled);
        Ok(Closing { usage: close.usage(), paid, refund: self.deposit().checked_sub(paid)?, receipt })
    }

    async fn await_settlement(&self, close: &Close, signature: &Signature65) -> Result<Option<Receipt>, ClientError> {
        let chain = self.renter.chain();
        let deadline = tokio::time::Instant::now() + SETTLEMENT_PATIENCE;
        while tokio::time::Instant::now() < deadline {
            if chain.session_details(self.id).await?.status != ISessionMarket::Status::Active {
                return Ok(None);
            }
            tokio::time::sleep(SETTLEMENT_POLL).await;
        }
        let close = close.with_signature(signature);
        let receipt = self.renter.wallet().complete_with_close(&self.terms, None, close).await?;
        Ok(Some(receipt))
    }

    async fn receive(&mut self) -> Result<HostMessage, ClientError> {
        match &mut self.link {
            Some(link) => link.receive().await,
            None => Err(no_link(&self.record.url)),
        }
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

/// Connects and has the host prove its key; returns its challenge.
async fn greet(renter: &Renter, url: &str, terms: &Terms) -> Result<(Link, B256), ClientError> {
    let mut link = Link::connect(url, renter.format(), renter.allows_plaintext()).await?;
    let challenge = crate::renter::random32();
    let hello = wire::Hello { versions: vec![1], capabilities: vec!["resume".into()], challenge };
    link.send(&ClientMessage::Hello(hello)).await?;
    match link.receive().await? {
        HostMessage::HelloAck(ack) => {
            let proof = Hello { challenge, channelKey: ack.channel_key };
            proof.verify(renter.domain(), &ack.signature, terms.hostSigner)?;
            Ok((link, ack.challenge))
        }
        HostMessage::Error(refused) => Err(host_error(&refused)),
        _ => Err(misbehaves("it answers `hello` with something else")),
    }
}

fn host_error(refused: &wire::ErrorFrame) -> ClientError {
    let code = Code::from_name(&refused.code).unwrap_or(Code::Internal);
    ClientError::Host { code, message: refused.message.clone() }
}
