//! Recomputes everything a host says before anything is signed for it.

use super::{Agreement, misbehaves, turn::Pending};
use crate::{
    Error,
    abi::Terms,
    amount::{Amount, Usage},
    messages::{Checkpoint, Close, Domain, Signed, Voucher},
    metering::{LedgerConfig, RenterLedger},
    signature::Signature65,
    transcript::{self, Anchor, Transcript, TurnRecord},
    wire::{self, MAX_OVERHEAD, Params, Role},
};
use alloy_primitives::{B256, U256};
use serde::{Deserialize, Serialize};

/// An answer coming in.
#[derive(Clone, Serialize, Deserialize)]
struct OpenTurn {
    id: u32,
    began: Usage,
    first_token: usize,
    text: String,
    params: Params,
}

/// The renter's view of one session, recomputed from what was received.
pub(super) struct Verifier {
    id: U256,
    terms: Terms,
    domain: Domain,
    ledger: RenterLedger,
    /// Every token of the session.
    tokens: Vec<u32>,
    /// The first of them that the context still has.
    live_from: usize,
    turns: u64,
    seed_link: B256,
    open: Option<OpenTurn>,
    safe: Safe,
    /// Number of token ids the profile states.
    vocabulary: u32,
    /// Most tokens that the context holds.
    context: usize,
}

/// Where a resume goes back to: right after the last verified checkpoint.
#[derive(Clone)]
struct Safe {
    tokens: usize,
    live_from: usize,
    turns: u64,
    seed_link: B256,
    open: Option<OpenTurn>,
}

/// The verifier as it was right after the last verified checkpoint.
#[derive(Serialize, Deserialize)]
pub(super) struct Verified {
    /// `None` before the first checkpoint.
    anchor: Option<Anchor>,
    tokens: Vec<u32>,
    live_from: usize,
    turns: u64,
    seed_link: B256,
    open: Option<OpenTurn>,
}

impl Verifier {
    /// The beginning of a session, from what was agreed and what the host answered to `open`.
    ///
    /// # Errors
    ///
    /// [`Error::Misbehaviour`] if the host opened another session, serves another model or states bounds that bind
    /// nobody.
    pub(super) fn new(agreement: &Agreement, id: U256, opened: &wire::Opened) -> Result<Self, Error> {
        if opened.session_id != id {
            return Err(misbehaves("it opened another session"));
        }
        if opened.profile.model_id != agreement.terms.modelId {
            return Err(misbehaves("it serves another model than the terms name"));
        }
        check_bounds(opened)?;
        let seed_link = opened.seed_commitment;
        let verified = Verified { anchor: None, tokens: Vec::new(), live_from: 0, turns: 0, seed_link, open: None };
        Self::restore(agreement, id, opened, verified)
    }

    /// The session as it was when its last checkpoint agreed.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if its parts do not fit each other.
    pub(super) fn restore(
        agreement: &Agreement,
        id: U256,
        opened: &wire::Opened,
        verified: Verified,
    ) -> Result<Self, Error> {
        let length = verified.tokens.len();
        if verified.live_from > length || verified.open.as_ref().is_some_and(|open| open.first_token > length) {
            return Err(Error::invalid("snapshot", "a context or an answer that begins after its end"));
        }
        let config = LedgerConfig {
            session_id: id,
            prices: agreement.terms.prices(),
            deposit: agreement.deposit,
            credit_tokens: opened.credit_tokens,
            checkpoint_tokens: opened.checkpoint_tokens,
        };
        let transcript = Transcript::new(id, opened.profile.hash(), agreement.secret);
        let transcript = match &verified.anchor {
            Some(anchor) => transcript.at(anchor),
            None => transcript,
        };
        let Verified { tokens, live_from, turns, seed_link, open, .. } = verified;
        Ok(Self {
            id,
            terms: agreement.terms.clone(),
            domain: agreement.domain.clone(),
            ledger: RenterLedger::new(config, transcript),
            safe: Safe { tokens: tokens.len(), live_from, turns, seed_link, open: open.clone() },
            vocabulary: opened.profile.vocabulary,
            context: opened.context as usize,
            tokens,
            live_from,
            turns,
            seed_link,
            open,
        })
    }

    /// What [`Verifier::restore`] needs.
    pub(super) fn verified(&self) -> Verified {
        Verified {
            anchor: self.ledger.verified().anchor(),
            tokens: self.tokens[..self.safe.tokens].to_vec(),
            live_from: self.safe.live_from,
            turns: self.safe.turns,
            seed_link: self.safe.seed_link,
            open: self.safe.open.clone(),
        }
    }

    /// Text and number of tokens of the answer that was coming in when the last checkpoint agreed.
    pub(super) fn verified_answer(&self, prompt: u32) -> (&str, u32) {
        match self.safe.open.as_ref().filter(|open| open.id == prompt) {
            // No answer has more tokens than `max_tokens`, a u32.
            Some(open) => (&open.text, self.safe.tokens.saturating_sub(open.first_token) as u32),
            None => ("", 0),
        }
    }

    /// Tokens fed and sampled so far.
    pub(super) fn usage(&self) -> Usage {
        self.ledger.usage()
    }

    /// What they cost.
    pub(super) fn owed(&self) -> Amount {
        self.ledger.owed()
    }

    /// The deposit is now `deposit` in all.
    pub(super) fn deposit_raised(&mut self, deposit: Amount) {
        self.ledger.deposit_raised(deposit);
    }

    /// Turns begun.
    pub(super) const fn turns(&self) -> u64 {
        self.turns
    }

    /// Number and head of the last verified checkpoint, and the turns begun before it, for `resume`.
    pub(super) fn position(&self) -> (u64, B256, u64) {
        (self.ledger.verified().sequence(), self.ledger.verified().head(), self.safe.turns)
    }

    /// The context is empty now: nothing said before is part of what the model reads.
    pub(super) fn cleared(&mut self) -> Result<(), Error> {
        if self.open.is_some() {
            return Err(misbehaves("it empties the context in the middle of an answer"));
        }
        if self.live_from < self.tokens.len() {
            self.ledger.edit(self.live_from as u64, self.tokens.len() as u64);
            self.live_from = self.tokens.len();
        }
        Ok(())
    }

    /// Forgets what came after the last verified checkpoint: the host offers it again.
    pub(super) fn roll_back(&mut self) {
        self.ledger.rollback();
        self.tokens.truncate(self.safe.tokens);
        self.live_from = self.safe.live_from;
        self.turns = self.safe.turns;
        self.seed_link = self.safe.seed_link;
        self.open = self.safe.open.clone();
    }

    /// Tokens that the context would hold with `more` besides.
    fn live(&self, more: usize) -> usize {
        (self.tokens.len() - self.live_from).saturating_add(more)
    }

    /// A prompt was accepted.
    pub(super) fn accepted(&mut self, accepted: &wire::Accepted, pending: &Pending) -> Result<u64, Error> {
        if self.open.is_some() || accepted.id != pending.prompt.id || accepted.turn != self.turns {
            return Err(misbehaves("it accepted a prompt that was not asked"));
        }
        if !transcript::is_next_host_seed(self.seed_link, accepted.host_seed) {
            return Err(misbehaves("its seed is not the one it committed to"));
        }
        let fed = accepted.tokens.len() as u64;
        if fed > pending.most_input {
            let most = pending.most_input;
            return Err(misbehaves(format!("it bills {fed} input tokens for a prompt of {most} at most")));
        }
        if self.live(accepted.tokens.len()) > self.context {
            return Err(misbehaves(format!("it feeds more tokens than its context of {} holds", self.context)));
        }
        if accepted.tokens.iter().any(|token| *token >= self.vocabulary) {
            return Err(misbehaves("a token outside the vocabulary"));
        }
        let began = self.usage();
        let again = accepted.input_tokens.checked_sub(fed).and_then(|count| usize::try_from(count).ok());
        let again = again.filter(|count| *count == 0 || pending.prompt.params.reread);
        let Some(again) = again.and_then(|count| self.tokens[self.live_from..].get(..count)) else {
            return Err(misbehaves("it bills input tokens it does not name"));
        };
        self.ledger.begin_turn();
        if !again.is_empty() {
            self.ledger.reread(again);
        }
        self.ledger.feed(&accepted.tokens, B256::ZERO);
        self.tokens.extend_from_slice(&accepted.tokens);
        self.turns += 1;
        self.seed_link = accepted.host_seed;
        self.open = Some(OpenTurn {
            id: accepted.id,
            began,
            first_token: self.tokens.len(),
            text: String::new(),
            params: pending.prompt.params.clone(),
        });
        Ok(accepted.input_tokens)
    }

    /// A token arrived.
    pub(super) fn token(&mut self, token: &wire::Token) -> Result<(), Error> {
        let live = self.live(1);
        let open = self.open.as_mut().filter(|open| open.id == token.id);
        let Some(open) = open else { return Err(misbehaves("a token of no answer")) };
        if token.index as usize != self.tokens.len() - open.first_token {
            return Err(misbehaves("a token out of order"));
        }
        if token.index >= open.params.max_tokens {
            return Err(misbehaves("more tokens than were asked for"));
        }
        if live > self.context {
            return Err(misbehaves(format!("more tokens than its context of {} holds", self.context)));
        }
        if token.token >= self.vocabulary {
            return Err(misbehaves("a token outside the vocabulary"));
        }
        open.text.push_str(&token.text);
        self.ledger.sample(token.token);
        self.tokens.push(token.token);
        Ok(())
    }

    /// A checkpoint: checks it against what arrived and returns the voucher to sign.
    pub(super) fn checkpoint(&mut self, checkpoint: &wire::Checkpoint) -> Result<Voucher, Error> {
        let typed = Checkpoint {
            sessionId: self.id,
            sequence: checkpoint.sequence,
            inputTokens: checkpoint.input_tokens,
            outputTokens: checkpoint.output_tokens,
            head: checkpoint.head,
        };
        let voucher = self.ledger.verify_checkpoint(
            &typed,
            &checkpoint.fingerprints,
            &checkpoint.signature,
            &self.domain,
            self.terms.hostSigner,
        )?;
        self.safe = Safe {
            tokens: self.tokens.len(),
            live_from: self.live_from,
            turns: self.turns,
            seed_link: self.seed_link,
            open: self.open.clone(),
        };
        Ok(voucher)
    }

    /// The end of an answer: its counts and its record must be what arrived.
    pub(super) fn done(&mut self, done: &wire::Done) -> Result<String, Error> {
        let open = self.open.take_if(|open| open.id == done.id);
        let Some(open) = open else { return Err(misbehaves("the end of no answer")) };
        let Usage { input, output } = self.usage();
        let usage =
            wire::TurnUsage { input_tokens: input - open.began.input, output_tokens: output - open.began.output };
        if done.usage != usage {
            return Err(misbehaves("it counts other tokens than arrived"));
        }
        let record = TurnRecord {
            role: Role::Assistant,
            tokens: self.tokens[open.first_token..].to_vec(),
            text: open.text.clone(),
            params: open.params.sampling(),
            finish_reason: done.finish_reason,
        };
        if record.id()? != done.record {
            return Err(misbehaves("its record is not of the answer that arrived"));
        }
        Ok(open.text)
    }

    /// The end of an answer that failed; returns what of it arrived.
    pub(super) fn failed(&mut self, id: u32) -> Option<String> {
        self.open.take_if(|open| open.id == id).map(|open| open.text)
    }

    /// The host's consent to end the session: it must state exactly what was served.
    pub(super) fn closed(&self, closed: &wire::Closed) -> Result<(Close, Signature65), Error> {
        let close = Close {
            sessionId: self.id,
            inputTokens: closed.input_tokens,
            outputTokens: closed.output_tokens,
            deadline: closed.deadline,
        };
        close.verify(&self.domain, &closed.signature, self.terms.hostSigner)?;
        if close.usage() != self.usage() {
            return Err(misbehaves("it closes at other counts than arrived"));
        }
        Ok((close, closed.signature))
    }
}

/// Refuses bounds in `opened` that would not protect the renter: an overhead that lets the host bill input nobody asked
/// for, and a window in which nothing is served on credit, so that all input would be paid before its answer.
fn check_bounds(opened: &wire::Opened) -> Result<(), Error> {
    if opened.overhead > MAX_OVERHEAD {
        let overhead = opened.overhead;
        return Err(misbehaves(format!("it adds {overhead} tokens to a message, more than {MAX_OVERHEAD}")));
    }
    if opened.credit_tokens == 0 || opened.checkpoint_tokens == 0 {
        return Err(misbehaves("it serves nothing on credit, or never between two checkpoints"));
    }
    if opened.context == 0 {
        return Err(misbehaves("its context holds nothing"));
    }
    Ok(())
}
