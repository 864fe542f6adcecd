//! The session's connection: messages out and in, and taking the session up again when it drops.
//!
//! A connection over which anything went wrong is dropped at once: the next use takes the session up on another, from
//! the last checkpoint that agreed.

use super::Session;
use crate::{
    ClientError,
    link::Link,
    renter::{Renter, random32},
};
use fabstir_core::{
    Code,
    channel::ClientHandshake,
    renter::{Event, Reaction, RenterSession},
    wire::{self, ClientMessage, ErrorFrame},
};
use std::time::Duration;
use tokio::time::timeout;

/// Attempts to get a dropped connection back, and the wait before the first; it doubles.
const RESUME_ATTEMPTS: u32 = 6;
const RESUME_WAIT: Duration = Duration::from_millis(200);
/// Connections that may drop one after the other without the host telling anything new in between.
const MAX_DROPS: u32 = 8;
/// How long a host may take for what needs no model: to greet, to stop, to clear, to close.
pub(super) const CONTROL_PATIENCE: Duration = Duration::from_secs(60);

impl Session {
    /// Makes the session ready for the next question: connected, and the answer whose [`crate::Answer`] was dropped
    /// before its end cleared away.
    pub(super) async fn clear_away(&mut self) -> Result<(), ClientError> {
        self.drops = 0;
        if self.link.is_none() || !self.inner.is_open() {
            let lost = no_link(&self.record.url);
            self.resume(lost).await?;
        }
        while self.inner.is_answering() {
            match self.end_answer().await {
                Err(error) if error.is_disconnect() => self.resume(error).await?,
                // An answer that ended in an error has ended.
                Err(error) if self.inner.is_answering() => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Stops the answer coming in and waits for its end.
    async fn end_answer(&mut self) -> Result<(), ClientError> {
        self.cancel_answer().await?;
        let ended = async {
            while self.inner.is_answering() {
                self.receive().await?;
            }
            Ok(())
        };
        let ended = timeout(CONTROL_PATIENCE, ended).await;
        ended.unwrap_or_else(|_| Err(self.give_up("the host does not end the answer")))
    }

    /// Asks the host to stop the answer coming in, if one is; on another connection if need be.
    pub(crate) async fn cancel_answer(&mut self) -> Result<(), ClientError> {
        while let Some(cancel) = self.inner.cancel() {
            match self.send(&cancel).await {
                Err(error) if error.is_disconnect() => self.resume(error).await?,
                outcome => return outcome,
            }
        }
        Ok(())
    }

    /// The next event of the answer coming in, across dropped connections.
    pub(crate) async fn next_event(&mut self) -> Result<Event, ClientError> {
        loop {
            match self.receive().await {
                Ok(Some(event)) => return Ok(event),
                Ok(None) => {}
                Err(error) if error.is_disconnect() => {
                    tracing::debug!(%error, "resuming");
                    self.resume(error).await?;
                    return Ok(Event::Resumed);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the host's next message, and does what follows from it.
    pub(super) async fn receive(&mut self) -> Result<Option<Event>, ClientError> {
        match self.exchange().await {
            Ok(Some(Event::Refused(refused))) if refused.id.is_none() && is_about_connection(&refused) => {
                Err(self.give_up(&refused.message))
            }
            Ok(event) => refusal(event),
            Err(error) => {
                self.link = None;
                Err(error)
            }
        }
    }

    async fn exchange(&mut self) -> Result<Option<Event>, ClientError> {
        let link = self.link.as_mut().ok_or_else(|| no_link(&self.record.url))?;
        let message = link.receive().await?;
        let reaction = self.inner.receive(message)?;
        self.react(reaction).await
    }

    /// What is signed for is on the disk before the signature leaves.
    async fn react(&mut self, reaction: Reaction) -> Result<Option<Event>, ClientError> {
        for message in &reaction.send {
            if let ClientMessage::Voucher(voucher) = message {
                self.write_down(voucher).await?;
            }
            self.send(message).await?;
        }
        if matches!(reaction.event, Some(Event::Token { .. } | Event::Done { .. } | Event::Cleared)) {
            self.drops = 0;
        }
        Ok(reaction.event.filter(|event| *event != Event::Pong))
    }

    /// Writes down what a voucher is for before it leaves, unless that is on the disk: it may go out again after a write
    /// that failed.
    async fn write_down(&mut self, voucher: &wire::Voucher) -> Result<(), ClientError> {
        let mut record = self.record.clone();
        (record.input_tokens, record.output_tokens) = (voucher.input_tokens, voucher.output_tokens);
        record.head = voucher.head;
        if record != self.record {
            self.renter.store().write(self.id(), &record).await?;
            self.record = record;
        }
        Ok(())
    }

    /// Takes the session up again on a new connection; gives up with `lost` if connections drop time and again without
    /// anything new.
    pub(super) async fn resume(&mut self, lost: ClientError) -> Result<(), ClientError> {
        self.link = None;
        if self.drops >= MAX_DROPS {
            return Err(lost);
        }
        self.drops += 1;
        let (mut wait, mut last) = (RESUME_WAIT, lost);
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
        let resumed = self.react(reaction).await.and_then(refusal);
        if resumed.is_err() {
            self.link = None;
        }
        resumed.map(drop)
    }

    pub(super) async fn send(&mut self, message: &ClientMessage) -> Result<(), ClientError> {
        let link = self.link.as_mut().ok_or_else(|| no_link(&self.record.url))?;
        let sent = link.send(message).await;
        if sent.is_err() {
            self.link = None;
        }
        sent
    }

    /// Drops a connection that is of no use any more; returns that as an error.
    pub(super) fn give_up(&mut self, reason: &str) -> ClientError {
        self.link = None;
        ClientError::Connection { url: self.record.url.clone(), reason: reason.to_owned() }
    }
}

/// Whether an error is about the connection and not about what was asked: another took the session over, or the host
/// stops.
fn is_about_connection(refused: &ErrorFrame) -> bool {
    matches!(Code::from_name(&refused.code), Some(Code::SessionBusy | Code::ConnectionLost))
}

fn no_link(url: &str) -> ClientError {
    ClientError::Connection { url: url.to_owned(), reason: "not connected".into() }
}

pub(super) fn misbehaves(what: &str) -> ClientError {
    fabstir_core::Error::Misbehaviour(what.to_owned()).into()
}

/// Connects, has the host prove its key, and opens the session or takes it up again; returns what follows.
pub(super) async fn greet(
    renter: &Renter,
    url: &str,
    inner: &mut RenterSession,
) -> Result<(Link, Reaction), ClientError> {
    let greeting = async {
        let mut link = Link::connect(url, renter.format(), renter.allows_plaintext()).await?;
        let handshake = ClientHandshake::new(random32().0)?;
        let hello = inner.connect_encrypted(random32(), handshake.key());
        link.greet(&hello, handshake).await?;
        let greeted = inner.receive(link.receive().await?)?;
        refusal(greeted.event)?;
        for message in &greeted.send {
            link.send(message).await?;
        }
        let reaction = inner.receive(link.receive().await?)?;
        Ok((link, reaction))
    };
    let silent = |_| Err(ClientError::Connection { url: url.to_owned(), reason: "the host does not greet".into() });
    timeout(CONTROL_PATIENCE, greeting).await.unwrap_or_else(silent)
}

/// What the host refuses is an error here.
pub(super) fn refusal(event: Option<Event>) -> Result<Option<Event>, ClientError> {
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
