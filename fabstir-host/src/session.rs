//! One session as the host serves it: what was said, what is owed, what the client may not have received yet.

use crate::{
    HostError, ServedModel,
    journal::{Entry, Journal, SignedCounts, Standing, Stretch},
    monitor::Metrics,
};
use alloy_primitives::{B256, U256};
use fabstir_core::{
    Code,
    abi::Terms,
    amount::{Amount, Usage},
    inference::{SequenceId, TokenId},
    messages::{Close, Domain, Signed, Voucher},
    metering::{HostLedger, LedgerConfig},
    settlement::gross_down,
    signature::{Signature65, SigningKey},
    transcript::{self, Kind, Transcript},
    wire::{self, HostMessage, Message, WireTerms},
};
use std::sync::Arc;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Turns one session can have: the length of its host's seed chain.
pub(crate) const MAX_TURNS: u32 = 1_024;

/// What a session needs of its host whenever it signs or writes.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) domain: Domain,
    pub(crate) key: SigningKey,
    pub(crate) journal: Journal,
    pub(crate) metrics: Arc<Metrics>,
}

/// A message the client may not have received, and how many checkpoints came before it.
struct Kept {
    after: u64,
    message: HostMessage,
}

/// A session being served, or waiting for its renter to come back.
pub(crate) struct Session {
    pub(crate) id: U256,
    pub(crate) terms: Terms,
    pub(crate) model: ServedModel,
    pub(crate) ledger: HostLedger,
    /// The conversation; its tokens are all in `tokens`.
    pub(crate) messages: Vec<Message>,
    /// Every token of the conversation, fed or sampled.
    pub(crate) tokens: Vec<TokenId>,
    /// Tokens of conversations that were cleared before it.
    cleared: usize,
    /// Names the conversation in the backend.
    pub(crate) sequence: SequenceId,
    /// Whether the opening still waits for its confirmations.
    pub(crate) unconfirmed: bool,
    known: usize,
    entry: Entry,
    seed_root: B256,
    kept: VecDeque<Kept>,
    stretches: Vec<Stretch>,
    /// When it was opened, a prompt was accepted or an answer ended, whichever was last.
    active: Instant,
}

// By hand: a conversation must not end up in a log.
impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).field("usage", &self.ledger.usage()).finish_non_exhaustive()
    }
}

/// What a session begins with.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) id: U256,
    pub(crate) terms: Terms,
    pub(crate) secret: B256,
    pub(crate) deposit: Amount,
    pub(crate) model: ServedModel,
    pub(crate) sequence: SequenceId,
    pub(crate) seed_root: B256,
    pub(crate) credit_tokens: u32,
    pub(crate) checkpoint_tokens: u32,
    pub(crate) unconfirmed: bool,
}

impl Session {
    /// A new session, in the journal before anything is said in it.
    ///
    /// # Errors
    ///
    /// Those of [`Journal::write`].
    pub(crate) async fn open(opening: Opening, desk: &Desk) -> Result<Self, HostError> {
        let profile = opening.model.backend.model().profile.hash();
        let ledger = HostLedger::new(
            LedgerConfig {
                session_id: opening.id,
                prices: opening.terms.prices(),
                deposit: opening.deposit,
                credit_tokens: opening.credit_tokens,
                checkpoint_tokens: opening.checkpoint_tokens,
            },
            Transcript::new(opening.id, profile, opening.secret),
        );
        let entry = Entry {
            terms: WireTerms::from(opening.terms.clone()),
            secret: opening.secret,
            deposit: opening.deposit.into(),
            standing: Standing::Open,
            checkpoint: None,
            voucher: None,
        };
        desk.journal.write(opening.id, &entry, None).await?;
        Ok(Self {
            id: opening.id,
            terms: opening.terms,
            model: opening.model,
            ledger,
            messages: Vec::new(),
            tokens: Vec::new(),
            cleared: 0,
            sequence: opening.sequence,
            unconfirmed: opening.unconfirmed,
            known: 0,
            entry,
            seed_root: opening.seed_root,
            kept: VecDeque::new(),
            stretches: Vec::new(),
            active: Instant::now(),
        })
    }

    /// Something happened in it: what it said is kept for another retention.
    pub(crate) fn touch(&mut self) {
        self.active = Instant::now();
    }

    /// How long nothing has happened in it.
    pub(crate) fn idle(&self) -> Duration {
        self.active.elapsed()
    }

    /// The link of the host's seed chain after `turns` turns; with 0, the commitment sent when the session opened.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidValue`] past [`MAX_TURNS`].
    pub(crate) fn seed_link(&self, turns: u64) -> Result<B256, HostError> {
        let turns = u32::try_from(turns).unwrap_or(u32::MAX);
        Ok(transcript::host_seed_link(self.seed_root, MAX_TURNS, turns)?)
    }

    /// Tokens given to the model and not sampled.
    pub(crate) fn feed(&mut self, tokens: &[TokenId], fingerprint: B256) {
        self.ledger.feed(tokens, fingerprint);
        self.tokens.extend_from_slice(tokens);
        self.stretches.push(Stretch { turn: self.turn(), kind: Kind::Fed.number(), tokens: tokens.to_vec() });
    }

    /// A token that was sampled.
    pub(crate) fn sample(&mut self, token: TokenId) {
        self.ledger.sample(token);
        // Everything before it was computed with; it will be with the next.
        self.known = self.tokens.len();
        self.tokens.push(token);
        let turn = self.turn();
        match self.stretches.last_mut() {
            Some(stretch) if stretch.kind == Kind::Sampled.number() => stretch.tokens.push(token),
            _ => self.stretches.push(Stretch { turn, kind: Kind::Sampled.number(), tokens: vec![token] }),
        }
    }

    /// The turn being made, from 0.
    fn turn(&self) -> u64 {
        self.ledger.transcript().turn()
    }

    /// Begins a turn and returns its number, from 0.
    pub(crate) fn begin_turn(&mut self) -> u64 {
        self.ledger.begin_turn()
    }

    /// Tokens that the backend's cache should hold: all but those fed or sampled last.
    pub(crate) const fn known(&self) -> usize {
        self.known
    }

    /// The first `count` tokens are read again, at the renter's expense.
    pub(crate) fn reread(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let again = self.tokens[..count].to_vec();
        self.ledger.reread(&again);
        self.stretches.push(Stretch { turn: self.turn(), kind: Kind::Reread.number(), tokens: again });
    }

    /// Begins the conversation anew: the context drops all of its tokens.
    pub(crate) fn clear(&mut self) {
        if self.tokens.is_empty() {
            return;
        }
        let (start, end) = (self.cleared, self.cleared + self.tokens.len());
        self.ledger.edit(start as u64, end as u64);
        let ends = [start, end].map(|position| u32::try_from(position).unwrap_or(u32::MAX));
        self.stretches.push(Stretch { turn: self.turn(), kind: Kind::Edit.number(), tokens: ends.to_vec() });
        self.cleared = end;
        (self.tokens, self.messages, self.known) = (Vec::new(), Vec::new(), 0);
        self.keep(&HostMessage::Cleared);
    }

    /// Whether one more token may be served: paid for, within the window, and within one window until confirmed.
    pub(crate) fn may_sample(&self) -> bool {
        self.ledger.may_sample() && self.is_secured(Usage::new(0, 1))
    }

    /// Whether this much more may be served as far as confirmations go: until the deposit has them, a voucher is worth
    /// nothing, and everything served has to fit one window.
    pub(crate) fn is_secured(&self, more: Usage) -> bool {
        let fits = |usage| gross_down(usage, self.terms.prices()).is_ok_and(|gross| gross <= self.ledger.window());
        !self.unconfirmed || self.ledger.usage().checked_add(more).is_ok_and(fits)
    }

    /// Whether anything was fed or sampled since the last checkpoint.
    pub(crate) fn has_news(&self) -> bool {
        !self.stretches.is_empty()
    }

    /// A checkpoint, signed and on the disk with its tokens.
    ///
    /// # Errors
    ///
    /// Those of [`Journal::write`]: then it was not, and must not be, sent.
    pub(crate) async fn checkpoint(&mut self, desk: &Desk) -> Result<HostMessage, HostError> {
        let checkpoint = self.ledger.checkpoint(&[])?;
        let before = self.entry.checkpoint.map_or(Usage::new(0, 0), |last| last.usage());
        desk.metrics.committed(checkpoint.usage(), before);
        let signature = checkpoint.sign(&desk.domain, &desk.key);
        self.entry.checkpoint = Some(SignedCounts::checkpoint(&checkpoint, signature));
        let stretches = std::mem::take(&mut self.stretches);
        desk.journal.write(self.id, &self.entry, Some((checkpoint.sequence, &stretches))).await?;
        let message = HostMessage::Checkpoint(wire::Checkpoint {
            sequence: checkpoint.sequence,
            input_tokens: checkpoint.inputTokens,
            output_tokens: checkpoint.outputTokens,
            head: checkpoint.head,
            fingerprints: Vec::new(),
            signature,
        });
        self.kept.push_back(Kept { after: checkpoint.sequence - 1, message: message.clone() });
        Ok(message)
    }

    /// Remembers a message until a voucher shows that the client has received it.
    pub(crate) fn keep(&mut self, message: &HostMessage) {
        self.kept.push_back(Kept { after: self.ledger.transcript().sequence(), message: message.clone() });
    }

    /// What a client that verified `checkpoint` checkpoints has to be offered again.
    pub(crate) fn kept_since(&self, checkpoint: u64) -> Vec<HostMessage> {
        self.kept.iter().filter(|kept| kept.after >= checkpoint).map(|kept| kept.message.clone()).collect()
    }

    /// The checkpoint a client may resume from: one it could have verified, with the head it had.
    pub(crate) fn knows_checkpoint(&self, sequence: u64, head: B256) -> bool {
        if sequence == 0 {
            return self.entry.voucher.is_none() && head == self.ledger.transcript().salt();
        }
        let vouchered = self.entry.voucher.is_some_and(|held| held.sequence == sequence && held.head == head);
        vouchered
            || self.kept.iter().any(|kept| {
                matches!(&kept.message, HostMessage::Checkpoint(sent) if sent.sequence == sequence && sent.head == head)
            })
    }

    /// Whether nothing was said yet in the session that was opened with this secret.
    pub(crate) fn is_untouched(&self, secret: B256) -> bool {
        self.ledger.transcript().turns() == 0 && self.entry.secret == secret
    }

    /// Takes a voucher; it is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// Those of [`HostLedger::accept_voucher`] and [`Journal::write`].
    pub(crate) async fn accept_voucher(&mut self, voucher: &wire::Voucher, desk: &Desk) -> Result<(), HostError> {
        let typed = Voucher {
            sessionId: self.id,
            inputTokens: voucher.input_tokens,
            outputTokens: voucher.output_tokens,
            head: voucher.head,
        };
        let unpaid = self.ledger.unpaid();
        self.ledger.accept_voucher(&typed, &voucher.signature, &desk.domain, self.terms.voucherSigner)?;
        desk.metrics.vouched(self.terms.token, unpaid.saturating_sub(self.ledger.unpaid()));
        let Some(sequence) = self.sequence_of(voucher.head) else { return Ok(()) };
        self.entry.voucher = Some(SignedCounts {
            sequence,
            input_tokens: voucher.input_tokens,
            output_tokens: voucher.output_tokens,
            head: voucher.head,
            signature: voucher.signature,
        });
        while self.kept.front().is_some_and(|kept| kept.after < sequence) {
            self.kept.pop_front();
        }
        desk.journal.write(self.id, &self.entry, None).await
    }

    /// The number of a checkpoint that has not been vouched for yet.
    fn sequence_of(&self, head: B256) -> Option<u64> {
        self.kept.iter().find_map(|kept| match &kept.message {
            HostMessage::Checkpoint(sent) if sent.head == head => Some(sent.sequence),
            _ => None,
        })
    }

    /// Whether everything served has been vouched for.
    pub(crate) fn is_paid(&self) -> bool {
        self.ledger.unpaid() == Amount::ZERO
    }

    /// Ends the service for good and signs the host's consent to the counts served. In the journal before it returns.
    ///
    /// # Errors
    ///
    /// Those of [`Journal::write`]: then it was not, and must not be, sent.
    pub(crate) async fn close(&mut self, deadline: u64, desk: &Desk) -> Result<(Close, Signature65), HostError> {
        self.entry.standing = Standing::Closed;
        desk.journal.write(self.id, &self.entry, None).await?;
        let Usage { input, output } = self.ledger.usage();
        let close = Close { sessionId: self.id, inputTokens: input, outputTokens: output, deadline };
        let signature = close.sign(&desk.domain, &desk.key);
        Ok((close, signature))
    }

    /// The deposit grew.
    pub(crate) fn raise_deposit(&mut self, deposit: Amount) {
        self.entry.deposit = deposit.into();
        self.ledger.deposit_raised(deposit);
    }

    /// What has to be paid out, for the settlement.
    pub(crate) fn into_entry(self) -> (U256, Entry) {
        (self.id, self.entry)
    }

    /// Whether `messages` go on where the conversation stands; returns those that are new.
    ///
    /// # Errors
    ///
    /// [`Code::Diverged`].
    pub(crate) fn extension<'a>(&self, messages: &'a [Message]) -> Result<&'a [Message], HostError> {
        match messages.strip_prefix(self.messages.as_slice()) {
            Some(new) => Ok(new),
            None => Err(HostError::coded(Code::Diverged, "the messages do not extend this session's history")),
        }
    }
}
