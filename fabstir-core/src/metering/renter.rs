//! The renter's side: recompute, then sign.

use super::{Ledger, LedgerConfig, forward};
use crate::{
    Error,
    amount::{Amount, Usage},
    messages::{Checkpoint, Domain, Signed, Voucher},
    signature::Signature65,
    transcript::Transcript,
};
use alloy_primitives::{Address, B256};

/// The renter's ledger of one session. A clone is cheap.
#[derive(Clone, Debug)]
pub struct RenterLedger {
    ledger: Ledger,
    verified: Transcript,
}

forward!(RenterLedger);

impl RenterLedger {
    /// A ledger over a transcript that both sides agree on, as an empty one is.
    #[must_use]
    pub fn new(config: LedgerConfig, transcript: Transcript) -> Self {
        Self { verified: transcript.clone(), ledger: Ledger::new(config, transcript) }
    }

    /// Recomputes a checkpoint over everything received since the last and, if all of it agrees, returns the voucher to
    /// sign. The caller records its counts before the signature leaves. If it is refused nothing has changed.
    ///
    /// `fingerprints` are those that came with it.
    ///
    /// # Errors
    ///
    /// [`crate::Code::UnknownSession`] if it is for another session; [`Error::BadSignature`] or [`Error::WrongSigner`]
    /// unless `host_signer` signed it; [`Error::WrongSequence`] if it is not the next, so never twice the same;
    /// [`Error::Invalid`] with more fingerprints than sampled leaves; [`Error::WrongHead`] if counts or head are not those
    /// computed here; [`Error::VoucherAboveDeposit`] if more than the last token lies beyond the deposit.
    pub fn verify_checkpoint(
        &mut self,
        checkpoint: &Checkpoint,
        fingerprints: &[B256],
        signature: &Signature65,
        domain: &Domain,
        host_signer: Address,
    ) -> Result<Voucher, Error> {
        self.ledger.check_session(checkpoint.sessionId)?;
        checkpoint.verify(domain, signature, host_signer)?;
        let expected = self.transcript().sequence().saturating_add(1);
        if checkpoint.sequence != expected {
            return Err(Error::WrongSequence { expected, actual: checkpoint.sequence });
        }
        let mut transcript = self.transcript().clone();
        let root = transcript.checkpoint(fingerprints)?;
        if checkpoint.head != root.head || checkpoint.usage() != Usage::new(root.input_tokens, root.output_tokens) {
            return Err(Error::WrongHead { expected: root.head, actual: checkpoint.head });
        }
        self.check_deposit(checkpoint.usage())?;
        self.ledger.transcript = transcript;
        self.verified = self.transcript().clone();
        Ok(Voucher {
            sessionId: checkpoint.sessionId,
            inputTokens: checkpoint.inputTokens,
            outputTokens: checkpoint.outputTokens,
            head: checkpoint.head,
        })
    }

    /// Forgets what came after the last checkpoint that agreed: a resumed session goes on from there, since only that far
    /// both sides are known to have the same.
    pub fn rollback(&mut self) {
        self.ledger.transcript = self.verified.clone();
    }

    /// The transcript as it was at the last checkpoint that agreed.
    #[must_use]
    pub const fn verified(&self) -> &Transcript {
        &self.verified
    }

    /// No host serves what it will not be paid for; a voucher for it would become payable with a later top-up.
    fn check_deposit(&self, usage: Usage) -> Result<(), Error> {
        let last = Usage::new(usage.input, usage.output.saturating_sub(1));
        if self.ledger.gross(last) <= self.deposit() {
            return Ok(());
        }
        Err(Error::VoucherAboveDeposit { claimed: self.ledger.gross(usage).get(), limit: self.deposit().get() })
    }
}
