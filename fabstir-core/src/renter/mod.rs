//! The renter's side of a session, without I/O: messages in, messages and events out. Whoever owns the socket and the
//! disk drives it: tokio, a browser's page, a C program.
//!
//! ```text
//! connect() -> hello        receive(hello_ack) -> open, or resume when it was open before
//! prompt()  -> prompt       receive(accepted, token ..., checkpoint) -> events, and a voucher for what was verified
//! close()   -> close        receive(closed) -> the host's consent, for `completeSession`
//! ```
//!
//! Everything a host says is recomputed before anything is signed for it. An error from [`RenterSession::receive`]
//! means that the host breaks the protocol: drop the connection; [`RenterSession::connect`] goes on from the last
//! checkpoint that agreed.

mod clear;
mod snapshot;
#[cfg(test)]
mod tests;
mod turn;
mod verifier;

use crate::{
    Code, Error,
    abi::Terms,
    amount::{Amount, Usage},
    inference::{FinishReason, TokenId},
    messages::{self, Close, Domain, Signed, Voucher, session_id},
    signature::{Signature65, SigningKey},
    wire::{self, ClientMessage, ErrorFrame, HostMessage, Message, Params},
};
use alloy_primitives::{B256, U256};
use clear::Clearing;
use turn::Pending;
use verifier::Verifier;

/// Name of the feature that lets a dropped connection be taken up again.
const CAPABILITY_RESUME: &str = "resume";
/// Name of the feature that encrypts a connection.
pub(crate) const CAPABILITY_ENCRYPTION: &str = "encryption";

/// What a renter knows of a session before it speaks to the host.
#[derive(Clone)]
pub struct Agreement {
    /// What was locked on chain.
    pub terms: Terms,
    /// The market that holds it.
    pub domain: Domain,
    /// Base units locked.
    pub deposit: Amount,
    /// Signs this session's vouchers; its address is the terms' `voucherSigner`.
    pub voucher_key: SigningKey,
    /// 32 random bytes from which the transcript's leaves are blinded.
    pub secret: B256,
}

// By hand: neither key nor secret must reach a log.
impl core::fmt::Debug for Agreement {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Agreement").field("terms", &self.terms).field("deposit", &self.deposit).finish_non_exhaustive()
    }
}

/// What happens in a session, for whoever watches it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The host serves the session; see [`RenterSession::opened`].
    Opened,
    /// The connection had dropped; the session goes on where it was.
    Resumed,
    /// The prompt was accepted.
    Accepted {
        /// Tokens billed for it.
        input_tokens: u64,
    },
    /// A token arrived.
    Token {
        /// Its id.
        id: TokenId,
        /// Text that became certain with it; often empty.
        text: String,
    },
    /// A checkpoint was verified; the voucher for it is among what is to be sent.
    Voucher {
        /// Cumulative tokens it pays for.
        usage: Usage,
        /// What they cost, base units.
        owed: Amount,
    },
    /// The answer is complete.
    Done {
        /// Why it ended.
        reason: FinishReason,
        /// Its own tokens.
        usage: Usage,
    },
    /// The host dropped the session's cache and did not take the prompt. Asked again with [`Params::reread`], it reads
    /// the history again and bills it.
    Evicted {
        /// Tokens that would be read again, billed as input.
        tokens: u32,
    },
    /// The host refused, or an answer failed. What arrived of it stays in the conversation.
    Refused(ErrorFrame),
    /// The host agreed to these final counts; with its signature the renter can complete the session on chain, until its
    /// deadline: [`Close::check_deadline`] tells with the chain's time whether it is worth anything.
    Closed {
        /// The counts.
        close: Close,
        /// By the host signer.
        signature: Signature65,
    },
    /// The conversation begins anew; what was billed stays billed.
    Cleared,
    /// The host is there.
    Pong,
}

/// What to do after a message of the host, in this order: write down, send, tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Reaction {
    /// Counts are about to be signed for: what [`RenterSession::voucher`] or [`RenterSession::snapshot`] says must be on
    /// the disk before `send` leaves.
    pub record: bool,
    /// For the host.
    pub send: Vec<ClientMessage>,
    /// For the caller.
    pub event: Option<Event>,
}

impl Reaction {
    fn event(event: Event) -> Self {
        Self { event: Some(event), ..Self::default() }
    }

    fn send(message: ClientMessage) -> Self {
        Self { send: vec![message], ..Self::default() }
    }
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is none.
    Apart,
    /// The host was challenged.
    Greeting(B256),
    /// The session was asked for.
    Opening,
    /// The session was asked for again.
    Resuming,
    /// Prompts can be asked.
    Open,
    /// The end was asked for.
    Closing,
    /// The host agreed to it.
    Closed,
}

/// A renter's session with a host.
pub struct RenterSession {
    id: U256,
    agreement: Agreement,
    phase: Phase,
    /// What the host said at the opening, and everything recomputed since.
    served: Option<(wire::Opened, Verifier)>,
    messages: Vec<Message>,
    pending: Option<Pending>,
    voucher: Option<Voucher>,
    next_prompt: u32,
    clearing: Clearing,
    /// Our key in the connection's encrypted channel; zero in the clear.
    channel_key: B256,
}

// By hand: a conversation must not end up in a log.
impl core::fmt::Debug for RenterSession {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RenterSession")
            .field("id", &self.id)
            .field("phase", &self.phase)
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}

impl RenterSession {
    /// A session whose deposit is on chain, not yet opened at its host.
    #[must_use]
    pub fn new(agreement: Agreement) -> Self {
        Self {
            id: session_id(&agreement.terms, &agreement.domain),
            agreement,
            phase: Phase::Apart,
            served: None,
            messages: Vec::new(),
            pending: None,
            voucher: None,
            next_prompt: 0,
            clearing: Clearing::default(),
            channel_key: B256::ZERO,
        }
    }

    /// Begins a connection, the first or another after one that dropped. Returns its first message. `challenge` is 32
    /// random bytes.
    pub fn connect(&mut self, challenge: B256) -> ClientMessage {
        self.connect_encrypted(challenge, B256::ZERO)
    }

    /// As [`RenterSession::connect`], for a connection that the caller encrypts if the host can, with the key that its
    /// `ClientHandshake` (feature `channel`) made for it. `open` or `resume` is then signed over that key, and must be
    /// the first frame that is sealed.
    pub fn connect_encrypted(&mut self, challenge: B256, channel_key: B256) -> ClientMessage {
        self.phase = Phase::Greeting(challenge);
        self.channel_key = channel_key;
        let mut capabilities = vec![CAPABILITY_RESUME.into()];
        if !channel_key.is_zero() {
            capabilities.push(CAPABILITY_ENCRYPTION.into());
        }
        ClientMessage::Hello(wire::Hello { versions: vec![wire::VERSION], capabilities, challenge })
    }

    /// Asks the next question of the conversation.
    ///
    /// # Errors
    ///
    /// [`Code::SessionBusy`] while an answer is coming in, [`Code::UnexpectedMessage`] unless the session is open,
    /// [`Code::InvalidParams`], [`Code::FrameTooLarge`]; nothing is changed then.
    pub fn prompt(&mut self, text: String, params: Params) -> Result<ClientMessage, Error> {
        let new = vec![Message::user(text.clone())];
        self.ask(new, Some(text), params)
    }

    /// Continues the conversation with several messages, the last of them the user's: a system message at the
    /// beginning, or an older conversation.
    ///
    /// # Errors
    ///
    /// Those of [`RenterSession::prompt`].
    pub fn prompt_messages(&mut self, new: Vec<Message>, params: Params) -> Result<ClientMessage, Error> {
        self.ask(new, None, params)
    }

    fn ask(&mut self, new: Vec<Message>, text: Option<String>, params: Params) -> Result<ClientMessage, Error> {
        self.idle()?;
        let (Phase::Open, Some((opened, verifier))) = (self.phase, &self.served) else { return Err(not_open()) };
        params.validate()?;
        let messages = match text {
            Some(_) => None,
            None => Some(self.messages.iter().chain(&new).cloned().collect()),
        };
        let bytes: usize = new.iter().map(|message| message.content.len()).sum();
        let prompt = wire::Prompt { id: self.next_prompt, text, messages, params, request: None };
        prompt.validate()?;
        // The closing tokens of the answer before belong to the template's share of the first new message.
        let most_input = bytes as u64 + u64::from(opened.overhead) * new.len() as u64;
        let pending = Pending { prompt: prompt.clone(), most_input, emitted: 0, turn: verifier.turns() };
        let message = ClientMessage::Prompt(prompt);
        // Before it is pending: what does not fit a frame is never sent, and never answered.
        wire::check_fits(&message)?;
        self.pending = Some(pending);
        self.next_prompt += 1;
        self.messages.extend(new);
        Ok(message)
    }

    /// Nothing is asked of the host.
    fn idle(&self) -> Result<(), Error> {
        if self.pending.is_some() || self.clearing.is_asked() {
            return Err(Error::coded(Code::SessionBusy, "an answer is coming in"));
        }
        Ok(())
    }

    /// Asks the host to stop the answer coming in, if there is one. It still ends in [`Event::Done`]; what arrived is
    /// owed.
    #[must_use]
    pub fn cancel(&self) -> Option<ClientMessage> {
        let pending = self.pending.as_ref()?;
        Some(ClientMessage::Cancel(wire::Cancel { id: pending.prompt.id }))
    }

    /// Asks for the end of the session.
    ///
    /// # Errors
    ///
    /// [`Code::SessionBusy`] while an answer is coming in, [`Code::UnexpectedMessage`] unless the session is open.
    pub fn close(&mut self) -> Result<ClientMessage, Error> {
        self.idle()?;
        if self.phase != Phase::Open {
            return Err(not_open());
        }
        self.phase = Phase::Closing;
        Ok(ClientMessage::Close)
    }

    /// Acts on one message of the host.
    ///
    /// # Errors
    ///
    /// [`Error::Misbehaviour`] and the core's other errors if what the host says does not fit: nothing is signed then.
    pub fn receive(&mut self, message: HostMessage) -> Result<Reaction, Error> {
        match (self.phase, message) {
            (Phase::Greeting(challenge), HostMessage::HelloAck(ack)) => self.greeted(challenge, &ack),
            (Phase::Opening, HostMessage::Opened(opened)) => self.begun(*opened),
            (Phase::Resuming, HostMessage::Resumed(resumed)) => self.resumed(&resumed),
            (Phase::Greeting(_) | Phase::Opening | Phase::Resuming, HostMessage::Error(refused)) => {
                self.phase = Phase::Apart;
                Ok(Reaction::event(Event::Refused(refused)))
            }
            (Phase::Closing, HostMessage::Closed(closed)) => self.closed(&closed),
            (Phase::Open | Phase::Closing, message) => self.take(message),
            _ => Err(misbehaves("a message out of order")),
        }
    }

    fn greeted(&mut self, challenge: B256, ack: &wire::HelloAck) -> Result<Reaction, Error> {
        let proof = messages::Hello { challenge, channelKey: ack.channel_key };
        proof.verify(&self.agreement.domain, &ack.signature, self.agreement.terms.hostSigner)?;
        // A host without a key speaks in the clear; whether that is good enough the connection's owner decides.
        let channel_key = if ack.channel_key.is_zero() { B256::ZERO } else { self.channel_key };
        if channel_key.is_zero() && !ack.channel_key.is_zero() {
            return Err(misbehaves("it encrypts for a client that did not ask for it"));
        }
        let open = messages::Open { sessionId: self.id, challenge: ack.challenge, channelKey: channel_key };
        let signature = open.sign(&self.agreement.domain, &self.agreement.voucher_key);
        let Some((_, verifier)) = &self.served else {
            self.phase = Phase::Opening;
            let terms = self.agreement.terms.clone().into();
            let open = wire::Open { terms, secret: self.agreement.secret, channel_key, signature };
            return Ok(Reaction::send(ClientMessage::Open(Box::new(open))));
        };
        self.phase = Phase::Resuming;
        let (checkpoint, head, turns) = verifier.position();
        let resume = wire::Resume { session_id: self.id, channel_key, signature, turns, head, checkpoint };
        Ok(Reaction::send(ClientMessage::Resume(resume)))
    }

    fn begun(&mut self, opened: wire::Opened) -> Result<Reaction, Error> {
        let verifier = Verifier::new(&self.agreement, self.id, &opened)?;
        self.served = Some((opened, verifier));
        self.phase = Phase::Open;
        Ok(Reaction::event(Event::Opened))
    }

    fn resumed(&mut self, resumed: &wire::Resumed) -> Result<Reaction, Error> {
        self.verifier()?.roll_back();
        self.clearing.resumed();
        self.phase = Phase::Open;
        // A voucher and a prompt may have been on their way when the connection dropped.
        let mut send: Vec<ClientMessage> = self.voucher_message().into_iter().collect();
        if let Some(pending) = self.pending.as_ref().filter(|pending| resumed.turns <= pending.turn) {
            send.push(ClientMessage::Prompt(pending.prompt.clone()));
        }
        Ok(Reaction { record: false, send, event: Some(Event::Resumed) })
    }

    fn closed(&mut self, closed: &wire::Closed) -> Result<Reaction, Error> {
        let (close, signature) = self.verifier()?.closed(closed)?;
        self.phase = Phase::Closed;
        Ok(Reaction::event(Event::Closed { close, signature }))
    }

    /// Takes a message of an open session.
    fn take(&mut self, message: HostMessage) -> Result<Reaction, Error> {
        match message {
            HostMessage::Accepted(accepted) => self.accepted(&accepted),
            HostMessage::Token(token) => self.token(token),
            HostMessage::Checkpoint(checkpoint) => self.checkpoint(&checkpoint),
            HostMessage::VoucherDue(_) => {
                Ok(Reaction { send: self.voucher_message().into_iter().collect(), ..Reaction::default() })
            }
            HostMessage::Done(done) => self.done(&done),
            HostMessage::Evicted(evicted) => {
                self.withdraw_prompt(evicted.id);
                Ok(Reaction::event(Event::Evicted { tokens: evicted.tokens }))
            }
            HostMessage::Error(refused) => self.refused(refused),
            HostMessage::Cleared => self.cleared(),
            HostMessage::Pong => Ok(Reaction::event(Event::Pong)),
            _ => Err(misbehaves("a message out of order")),
        }
    }

    /// The last voucher, as the wire carries it.
    fn voucher_message(&self) -> Option<ClientMessage> {
        let (voucher, signature) = self.voucher()?;
        Some(ClientMessage::Voucher(wire::Voucher {
            input_tokens: voucher.inputTokens,
            output_tokens: voucher.outputTokens,
            head: voucher.head,
            signature,
        }))
    }

    fn verifier(&mut self) -> Result<&mut Verifier, Error> {
        self.served.as_mut().map(|(_, verifier)| verifier).ok_or_else(not_open)
    }

    /// The deposit is now `deposit` in all. A smaller one is older news.
    pub fn deposit_raised(&mut self, deposit: Amount) {
        self.agreement.deposit = self.agreement.deposit.max(deposit);
        if let Some((_, verifier)) = &mut self.served {
            verifier.deposit_raised(deposit);
        }
    }

    /// The session's id on chain.
    #[must_use]
    pub const fn id(&self) -> U256 {
        self.id
    }

    /// What was agreed.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.agreement.terms
    }

    /// What the host said when it opened the session: profile, window, context. `None` before that.
    #[must_use]
    pub fn opened(&self) -> Option<&wire::Opened> {
        self.served.as_ref().map(|(opened, _)| opened)
    }

    /// Base units locked.
    #[must_use]
    pub const fn deposit(&self) -> Amount {
        self.agreement.deposit
    }

    /// Tokens received and recomputed so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.served.as_ref().map_or(Usage::new(0, 0), |(_, verifier)| verifier.usage())
    }

    /// What they cost, base units.
    #[must_use]
    pub fn owed(&self) -> Amount {
        self.served.as_ref().map_or(Amount::ZERO, |(_, verifier)| verifier.owed())
    }

    /// The conversation so far; an answer joins it when it is complete.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Whether an answer is coming in.
    #[must_use]
    pub const fn is_answering(&self) -> bool {
        self.pending.is_some()
    }

    /// Whether prompts can be asked: the connection is there and the session open on it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// The newest voucher and its signature; `None` if nothing was signed for.
    #[must_use]
    pub fn voucher(&self) -> Option<(Voucher, Signature65)> {
        let voucher = self.voucher.clone()?;
        let signature = voucher.sign(&self.agreement.domain, &self.agreement.voucher_key);
        Some((voucher, signature))
    }
}

fn not_open() -> Error {
    Error::coded(Code::UnexpectedMessage, "the session is not open")
}

fn misbehaves(what: impl Into<String>) -> Error {
    Error::Misbehaviour(what.into())
}
