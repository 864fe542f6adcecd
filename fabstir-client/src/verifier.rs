//! Recomputes everything a host says before anything is signed for it.

use crate::ClientError;
use alloy_primitives::{B256, U256};
use fabstir_core::{
    abi::Terms,
    amount::{Amount, Usage},
    messages::{Checkpoint, Close, Domain, Signed, Voucher},
    metering::{LedgerConfig, RenterLedger},
    signature::{Signature65, SigningKey},
    transcript::{self, Transcript, TurnRecord},
    wire::{self, Params, Role},
};

/// A prompt that waits for its answer, or for the rest of it.
pub(crate) struct Pending {
    pub(crate) prompt: wire::Prompt,
    /// Most tokens the host may feed for it.
    pub(crate) most_input: u64,
    /// Tokens of the answer the caller has been given; they are not given again after a resume.
    pub(crate) emitted: u32,
    /// The turn it will be, from 0.
    pub(crate) turn: u64,
}

/// An answer coming in.
#[derive(Clone)]
struct OpenTurn {
    id: u32,
    began: Usage,
    first_token: usize,
    text: String,
    params: Params,
}

/// The renter's view of one session, recomputed from what was received.
pub(crate) struct Verifier {
    id: U256,
    terms: Terms,
    domain: Domain,
    ledger: RenterLedger,
    tokens: Vec<u32>,
    turns: u64,
    seed_link: B256,
    open: Option<OpenTurn>,
    safe: Safe,
}

/// Where a resume goes back to: right after the last verified checkpoint.
#[derive(Clone)]
struct Safe {
    tokens: usize,
    turns: u64,
    seed_link: B256,
    open: Option<OpenTurn>,
}

impl Verifier {
    /// The beginning of a session, from the terms and what the host answered to `open`.
    ///
    /// # Errors
    ///
    /// [`ClientError::Misbehaviour`] if the host opened another session or serves another model.
    pub(crate) fn new(
        terms: Terms,
        domain: Domain,
        deposit: Amount,
        secret: B256,
        opened: &wire::Opened,
    ) -> Result<Self, ClientError> {
        let id = fabstir_core::messages::session_id(&terms, &domain);
        if opened.session_id != id {
            return Err(misbehaves("it opened another session"));
        }
        if opened.profile.model_id != terms.modelId {
            return Err(misbehaves("it serves another model than the terms name"));
        }
        let config = LedgerConfig {
            session_id: id,
            prices: terms.prices(),
            deposit,
            credit_tokens: opened.credit_tokens,
            checkpoint_tokens: opened.checkpoint_tokens,
        };
        let ledger = RenterLedger::new(config, Transcript::new(id, opened.profile.hash(), secret));
        let safe = Safe { tokens: 0, turns: 0, seed_link: opened.seed_commitment, open: None };
        let seed_link = opened.seed_commitment;
        Ok(Self { id, terms, domain, ledger, tokens: Vec::new(), turns: 0, seed_link, open: None, safe })
    }

    /// Tokens fed and sampled so far.
    pub(crate) fn usage(&self) -> Usage {
        self.ledger.usage()
    }

    /// What they cost.
    pub(crate) fn owed(&self) -> Amount {
        self.ledger.owed()
    }

    /// The deposit is now `deposit` in all.
    pub(crate) fn deposit_raised(&mut self, deposit: Amount) {
        self.ledger.deposit_raised(deposit);
    }

    /// Turns begun.
    pub(crate) const fn turns(&self) -> u64 {
        self.turns
    }

    /// Number and head of the last verified checkpoint, for `resume`.
    pub(crate) fn position(&self) -> (u64, B256) {
        (self.ledger.verified().sequence(), self.ledger.verified().head())
    }

    /// Forgets what came after the last verified checkpoint: the host offers it again.
    pub(crate) fn roll_back(&mut self) {
        self.ledger.rollback();
        self.tokens.truncate(self.safe.tokens);
        self.turns = self.safe.turns;
        self.seed_link = self.safe.seed_link;
        self.open = self.safe.open.clone();
    }

    /// A prompt was accepted.
    pub(crate) fn accepted(&mut self, accepted: &wire::Accepted, pending: &Pending) -> Result<u64, ClientError> {
        if self.open.is_some() || accepted.id != pending.prompt.id || accepted.turn != self.turns {
            return Err(misbehaves("it accepted a prompt that was not asked"));
        }
        if !transcript::is_next_host_seed(self.seed_link, accepted.host_seed) {
            return Err(misbehaves("its seed is not the one it committed to"));
        }
        let fed = accepted.tokens.len() as u64;
        if fed > pending.most_input {
            let most = pending.most_input;
            return Err(misbehaves(&format!("it bills {fed} input tokens for a prompt of {most} at most")));
        }
        let began = self.usage();
        let again = accepted.input_tokens.checked_sub(fed).and_then(|count| usize::try_from(count).ok());
        let again = again.filter(|count| *count == 0 || pending.prompt.params.reread);
        let Some(again) = again.and_then(|count| self.tokens.get(..count)) else {
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
    pub(crate) fn token(&mut self, token: &wire::Token) -> Result<(), ClientError> {
        let open = self.open.as_mut().filter(|open| open.id == token.id);
        let Some(open) = open else { return Err(misbehaves("a token of no answer")) };
        if token.index as usize != self.tokens.len() - open.first_token {
            return Err(misbehaves("a token out of order"));
        }
        if token.index >= open.params.max_tokens {
            return Err(misbehaves("more tokens than were asked for"));
        }
        open.text.push_str(&token.text);
        self.ledger.sample(token.token);
        self.tokens.push(token.token);
        Ok(())
    }

    /// A checkpoint: checks it against what arrived and returns the voucher to sign.
    pub(crate) fn checkpoint(&mut self, checkpoint: &wire::Checkpoint) -> Result<Voucher, ClientError> {
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
        self.safe =
            Safe { tokens: self.tokens.len(), turns: self.turns, seed_link: self.seed_link, open: self.open.clone() };
        Ok(voucher)
    }

    /// The end of an answer: its counts and its record must be what arrived.
    pub(crate) fn done(&mut self, done: &wire::Done) -> Result<String, ClientError> {
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
    pub(crate) fn failed(&mut self, id: u32) -> Option<String> {
        self.open.take_if(|open| open.id == id).map(|open| open.text)
    }

    /// The host's consent to end the session: it must state exactly what was served.
    pub(crate) fn closed(&self, closed: &wire::Closed) -> Result<(Close, Signature65), ClientError> {
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

    /// Signs a voucher.
    pub(crate) fn sign(&self, voucher: &Voucher, key: &SigningKey) -> Signature65 {
        voucher.sign(&self.domain, key)
    }
}

pub(crate) fn misbehaves(what: &str) -> ClientError {
    ClientError::Misbehaviour(what.to_owned())
}
