//! What a session owes while it runs, kept by both sides: each counts the tokens, chains the same heads, and moves on
//! only if the other's signature is over exactly that.
//!
//! The [`HostLedger`] says when a checkpoint is due, whether another token may be sampled on credit, and which vouchers
//! are good. The [`RenterLedger`] recomputes each checkpoint before there is a voucher to sign.

mod host;
mod renter;
#[cfg(test)]
mod tests;

pub use host::{Credit, HostLedger, MAX_OUTSTANDING};
pub use renter::RenterLedger;

use crate::{
    Code, Error,
    amount::{Amount, Prices, Usage},
    settlement::gross_down,
    transcript::Transcript,
};
use alloy_primitives::{B256, U256};

/// What a ledger must know of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerConfig {
    /// The session.
    pub session_id: U256,
    /// What its tokens cost.
    pub prices: Prices,
    /// Base units locked for it.
    pub deposit: Amount,
    /// Output tokens whose value the host serves on credit.
    pub credit_tokens: u32,
    /// Output tokens between two checkpoints.
    pub checkpoint_tokens: u32,
}

/// Tokens and money of one session, as one side counts them.
#[derive(Clone, Debug)]
pub struct Ledger {
    config: LedgerConfig,
    transcript: Transcript,
}

impl Ledger {
    /// A ledger over a transcript, empty or not.
    #[must_use]
    pub const fn new(config: LedgerConfig, transcript: Transcript) -> Self {
        Self { config, transcript }
    }

    /// Begins the next turn and returns its number, from 0.
    pub fn begin_turn(&mut self) -> u64 {
        self.transcript.begin_turn()
    }

    /// Counts and commits tokens given to the model; see [`Transcript::feed`].
    pub fn feed(&mut self, tokens: &[u32], fingerprint: B256) {
        self.transcript.feed(tokens, fingerprint);
    }

    /// Counts and commits one sampled token.
    pub fn sample(&mut self, token: u32) {
        self.transcript.sample(token);
    }

    /// Counts and commits tokens read again after an eviction.
    pub fn reread(&mut self, tokens: &[u32]) {
        self.transcript.reread(tokens);
    }

    /// Commits that the context drops positions `[start, end)`.
    pub fn edit(&mut self, start: u64, end: u64) {
        self.transcript.edit(start, end);
    }

    /// Tokens billed so far.
    #[must_use]
    pub const fn usage(&self) -> Usage {
        Usage::new(self.transcript.input_tokens(), self.transcript.output_tokens())
    }

    /// What they cost: never more than the deposit.
    #[must_use]
    pub fn owed(&self) -> Amount {
        self.payable(self.usage())
    }

    /// Base units locked for the session.
    #[must_use]
    pub const fn deposit(&self) -> Amount {
        self.config.deposit
    }

    /// What the ledger knows of its session.
    #[must_use]
    pub const fn config(&self) -> &LedgerConfig {
        &self.config
    }

    /// The commitments.
    #[must_use]
    pub const fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Takes note that the deposit is now `deposit` in all. A smaller one is older news.
    pub fn deposit_raised(&mut self, deposit: Amount) {
        self.config.deposit = self.config.deposit.max(deposit);
    }

    /// Whether the deposit pays for these further tokens, to the last one.
    #[must_use]
    pub fn affords(&self, more: Usage) -> bool {
        self.usage().checked_add(more).is_ok_and(|usage| self.gross(usage) <= self.config.deposit)
    }

    /// The price of these counts. What no amount can hold is above every deposit.
    fn gross(&self, usage: Usage) -> Amount {
        gross_down(usage, self.config.prices).unwrap_or(Amount::new(U256::MAX))
    }

    fn payable(&self, usage: Usage) -> Amount {
        self.gross(usage).min(self.config.deposit)
    }

    fn check_session(&self, session_id: U256) -> Result<(), Error> {
        if session_id == self.config.session_id {
            return Ok(());
        }
        let ours = self.config.session_id;
        Err(Error::coded(Code::UnknownSession, format!("signed for session {session_id:#x}, this is {ours:#x}")))
    }
}

/// Gives a side's ledger the methods of [`Ledger`] that both sides use alike.
macro_rules! forward {
    ($side:ty) => {
        impl $side {
            /// See [`Ledger::begin_turn`].
            pub fn begin_turn(&mut self) -> u64 {
                self.ledger.begin_turn()
            }

            /// See [`Ledger::feed`].
            pub fn feed(&mut self, tokens: &[u32], fingerprint: B256) {
                self.ledger.feed(tokens, fingerprint);
            }

            /// See [`Ledger::sample`].
            pub fn sample(&mut self, token: u32) {
                self.ledger.sample(token);
            }

            /// See [`Ledger::reread`].
            pub fn reread(&mut self, tokens: &[u32]) {
                self.ledger.reread(tokens);
            }

            /// See [`Ledger::edit`].
            pub fn edit(&mut self, start: u64, end: u64) {
                self.ledger.edit(start, end);
            }

            /// See [`Ledger::usage`].
            #[must_use]
            pub const fn usage(&self) -> Usage {
                self.ledger.usage()
            }

            /// See [`Ledger::owed`].
            #[must_use]
            pub fn owed(&self) -> Amount {
                self.ledger.owed()
            }

            /// See [`Ledger::deposit`].
            #[must_use]
            pub const fn deposit(&self) -> Amount {
                self.ledger.deposit()
            }

            /// See [`Ledger::config`].
            #[must_use]
            pub const fn config(&self) -> &LedgerConfig {
                self.ledger.config()
            }

            /// See [`Ledger::transcript`].
            #[must_use]
            pub const fn transcript(&self) -> &Transcript {
                self.ledger.transcript()
            }

            /// See [`Ledger::deposit_raised`].
            pub fn deposit_raised(&mut self, deposit: Amount) {
                self.ledger.deposit_raised(deposit);
            }

            /// See [`Ledger::affords`].
            #[must_use]
            pub fn affords(&self, more: Usage) -> bool {
                self.ledger.affords(more)
            }
        }
    };
}
use forward;
