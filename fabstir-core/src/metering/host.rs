//! The host's side: checkpoints out, vouchers in, and how far credit goes.

use super::{Ledger, LedgerConfig, forward};
use crate::{
    Error,
    amount::{Amount, Usage},
    messages::{Checkpoint, Domain, Signed, Voucher},
    signature::Signature65,
    transcript::Transcript,
};
use alloy_primitives::{Address, B256};
use std::collections::VecDeque;

/// Most checkpoints remembered without a voucher. The oldest is forgotten first: a renter that far behind answers a newer
/// one.
pub const MAX_OUTSTANDING: usize = 64;

/// How far the host may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Credit {
    /// One more token may be sampled.
    Open,
    /// A voucher is needed first.
    AwaitingVoucher,
    /// The deposit does not pay for one more token.
    DepositUsedUp,
}

/// The host's ledger of one session.
///
/// A checkpoint is journalled before it is sent, a voucher before anything is served on its credit; both are the caller's
/// to do.
#[derive(Clone, Debug)]
pub struct HostLedger {
    ledger: Ledger,
    checkpointed: Usage,
    outstanding: VecDeque<Checkpoint>,
    accepted: Option<(Voucher, Signature65)>,
}

forward!(HostLedger);

impl HostLedger {
    /// A ledger over an empty transcript. A journal's tokens, checkpoints and vouchers are replayed into it in order.
    #[must_use]
    pub const fn new(config: LedgerConfig, transcript: Transcript) -> Self {
        let ledger = Ledger::new(config, transcript);
        Self { checkpointed: ledger.usage(), ledger, outstanding: VecDeque::new(), accepted: None }
    }

    /// Whether a checkpoint should go out now: enough was sampled since the last, or the renter can pay no further
    /// without one.
    #[must_use]
    pub fn checkpoint_due(&self) -> bool {
        let sampled = self.usage().output.saturating_sub(self.checkpointed.output);
        sampled >= u64::from(self.config().checkpoint_tokens.max(1))
            || (self.transcript().is_dirty() && self.credit() == Credit::AwaitingVoucher)
    }

    /// Closes a checkpoint over everything since the last one and remembers it, to be signed and sent.
    ///
    /// `fingerprints` are those of the sampled leaves in it; see [`Transcript::checkpoint`].
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if there are more fingerprints than sampled leaves.
    pub fn checkpoint(&mut self, fingerprints: &[B256]) -> Result<Checkpoint, Error> {
        let root = self.ledger.transcript.checkpoint(fingerprints)?;
        self.checkpointed = self.ledger.usage();
        let checkpoint = Checkpoint {
            sessionId: self.ledger.config.session_id,
            sequence: root.sequence,
            inputTokens: root.input_tokens,
            outputTokens: root.output_tokens,
            head: root.head,
        };
        if self.outstanding.len() == MAX_OUTSTANDING {
            self.outstanding.pop_front();
        }
        self.outstanding.push_back(checkpoint.clone());
        Ok(checkpoint)
    }

    /// Takes a voucher: it must match a remembered checkpoint exactly. The newest accepted one again is fine.
    ///
    /// # Errors
    ///
    /// [`crate::Code::UnknownSession`] if it is for another session; [`Error::BadSignature`] or [`Error::WrongSigner`]
    /// unless `voucher_signer` signed it; [`Error::VoucherBackwards`] below the one accepted;
    /// [`Error::VoucherAboveDeposit`] above what is owed; [`Error::WrongHead`] if no checkpoint has its counts and head.
    pub fn accept_voucher(
        &mut self,
        voucher: &Voucher,
        signature: &Signature65,
        domain: &Domain,
        voucher_signer: Address,
    ) -> Result<(), Error> {
        self.ledger.check_session(voucher.sessionId)?;
        voucher.verify(domain, signature, voucher_signer)?;
        if self.accepted.as_ref().is_some_and(|(accepted, _)| accepted == voucher) {
            return Ok(());
        }
        // From the newest: after an empty checkpoint two have the same counts.
        let place = self.outstanding.iter().rposition(|known| matches(known, voucher));
        let place = place.ok_or_else(|| self.refusal(voucher))?;
        self.outstanding.drain(..=place);
        self.accepted = Some((voucher.clone(), *signature));
        Ok(())
    }

    /// What no checkpoint matches is refused for the first of these reasons.
    fn refusal(&self, voucher: &Voucher) -> Error {
        let usage = voucher.usage();
        let accepted = self.accepted_usage();
        if usage != accepted && accepted.covers(usage) {
            return Error::VoucherBackwards;
        }
        let (claimed, limit) = (self.ledger.gross(usage), self.owed());
        if claimed > limit {
            return Error::VoucherAboveDeposit { claimed: claimed.get(), limit: limit.get() };
        }
        let known = self.outstanding.iter().rfind(|known| known.usage() == usage);
        let expected = known.map_or_else(|| self.transcript().head(), |known| known.head);
        Error::WrongHead { expected, actual: voucher.head }
    }

    /// Served and not covered by a voucher.
    #[must_use]
    pub fn unpaid(&self) -> Amount {
        self.unpaid_at(self.usage())
    }

    /// What is served on credit: the value of [`LedgerConfig::credit_tokens`] output tokens, at most the deposit left.
    #[must_use]
    pub fn window(&self) -> Amount {
        let credit = self.ledger.gross(Usage::new(0, self.config().credit_tokens.into()));
        credit.min(self.deposit().saturating_sub(self.ledger.payable(self.accepted_usage())))
    }

    /// How far the host may go on. What is unpaid never exceeds the window, save that a renter who has paid everything
    /// gets one token: rounding must not lock a session whose window is a fraction of a base unit.
    #[must_use]
    pub fn credit(&self) -> Credit {
        let one = Usage::new(0, 1);
        let next = self.usage().checked_add(one).ok().filter(|next| self.ledger.gross(*next) <= self.deposit());
        let Some(next) = next else { return Credit::DepositUsedUp };
        if self.unpaid().is_zero() || self.unpaid_at(next) <= self.window() {
            Credit::Open
        } else {
            Credit::AwaitingVoucher
        }
    }

    /// Whether one more token may be sampled.
    #[must_use]
    pub fn may_sample(&self) -> bool {
        self.credit() == Credit::Open
    }

    /// Whether the prompt just fed is worth more than the window: a checkpoint goes out and its voucher comes back before
    /// prefill.
    #[must_use]
    pub fn needs_voucher_before_prefill(&self) -> bool {
        self.unpaid() > self.window()
    }

    /// The newest voucher, which is all that settling needs.
    #[must_use]
    pub fn accepted(&self) -> Option<(Voucher, Signature65)> {
        self.accepted.clone()
    }

    fn accepted_usage(&self) -> Usage {
        self.accepted.as_ref().map_or_else(Usage::default, |(voucher, _)| voucher.usage())
    }

    fn unpaid_at(&self, usage: Usage) -> Amount {
        self.ledger.payable(usage).saturating_sub(self.ledger.payable(self.accepted_usage()))
    }
}

fn matches(checkpoint: &Checkpoint, voucher: &Voucher) -> bool {
    checkpoint.usage() == voucher.usage() && checkpoint.head == voucher.head
}
