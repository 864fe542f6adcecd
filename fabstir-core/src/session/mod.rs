//! A session's life as the contract lives it: a pure state machine that refuses what `SessionMarket` refuses and pays
//! what it pays, to the base unit. A differential test drives random histories through both.
//!
//! Signatures are checked by whoever has the domain ([`crate::messages::Signed::verify`], against the signer that the
//! terms name) before an event is applied. Deadlines, callers, clocks and amounts are checked here.
//!
//! ```text
//!             open
//!              │        settle, extend, top up, hold, pay held, release
//!              ▼       ┌──┐
//!            Active ◄──┴──┘      cancel: starts the grace period, still Active
//!              │ └──────────────► TimedOut    by the clock
//!              └────────────────► Completed   by the host, or by both
//! ```

mod event;
mod open;
#[cfg(test)]
mod tests;

pub use event::{Effects, Event};
pub use open::{
    Funding, MAX_CANCEL_BPS, MAX_DURATION, MAX_FEE_BPS, MAX_GRACE, MIN_GRACE, Market, Offer, Opening, opening_reason,
};

use crate::{
    Code, Error,
    abi::{ISessionMarket, Terms},
    amount::{Amount, Usage},
    settlement::{Split, cancellation_fee_down, fee_down, increment, payable_down},
};
use alloy_primitives::{Address, U256, aliases::U40};

/// A session whose settled part is at least one in this of its deposit owes the cancellation fee.
const CANCEL_FEE_DIVISOR: u8 = 10;

const SECONDS_PER_HOUR: u64 = 3_600;

/// What a session is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Open.
    Active,
    /// Ended by the host, or by both.
    Completed,
    /// Ended by the clock.
    TimedOut,
    /// Never opened, and the renter saw to it that it never will be.
    Invalidated,
}

impl From<Status> for ISessionMarket::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Active => Self::Active,
            Status::Completed => Self::Completed,
            Status::TimedOut => Self::TimedOut,
            Status::Invalidated => Self::Invalidated,
        }
    }
}

/// One session: its terms, and what the contract keeps of it in one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    terms: Terms,
    proof_system: Address,
    slot: Slot,
}

/// What changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    status: Status,
    /// Locked in all; never below `settled`, equal to it once the session has ended.
    deposit: Amount,
    /// Paid so far, fee included.
    settled: Amount,
    /// Kept back by the proof system, not in `deposit`.
    held: Amount,
    /// When a pending cancellation ends the session, in Unix seconds.
    closing_at: Option<u64>,
    extension_hours: u16,
    /// Refunds go to the renter's balance.
    from_balance: bool,
    /// The renter cancelled alone before expiry.
    left_early: bool,
    /// Signed close requests count no more.
    requests_revoked: bool,
}

impl Session {
    /// The id of these terms made unusable, which revokes every order for it. An id seen before cannot be.
    ///
    /// # Errors
    ///
    /// [`Code::Unauthorized`] unless `caller` is the renter.
    pub fn invalidated(terms: Terms, caller: Address) -> Result<Self, Error> {
        require_renter(&terms, caller)?;
        let slot = Slot::new(Status::Invalidated, Amount::ZERO, false);
        Ok(Self { terms, proof_system: Address::ZERO, slot })
    }

    /// Lets something happen at `now` (Unix seconds). If it is refused nothing has changed.
    ///
    /// # Errors
    ///
    /// [`Code::SessionNotActive`] once the session has ended, and what each [`Event`] names.
    pub fn apply(&mut self, event: Event, now: u64) -> Result<Effects, Error> {
        let mut slot = self.slot;
        let effects = match event {
            // Held money outlives the session's end.
            Event::PayHeld { caller, amount } => self.pay_held(&mut slot, caller, amount),
            Event::Release { caller, amount } => self.release(&mut slot, caller, amount),
            _ if slot.status != Status::Active => {
                Err(Error::coded(Code::SessionNotActive, format!("session is {:?}", slot.status)))
            }
            Event::Settle { usage } => self.settle_more(&mut slot, usage),
            Event::Complete { caller, voucher } => self.complete(&mut slot, caller, voucher),
            Event::CompleteWithClose { caller, close, deadline, voucher } => {
                check_deadline(deadline, now).and_then(|()| self.complete_agreed(&mut slot, caller, close, voucher))
            }
            Event::Cancel { caller, usage, request } => self.cancel(&mut slot, caller, usage, request, now),
            Event::Extend { caller, amount, hours, max_deposit } => {
                self.extend(&mut slot, caller, hours, now).and_then(|()| slot.raise(amount, max_deposit))
            }
            Event::TopUp { amount, max_deposit } => slot.raise(amount, max_deposit),
            Event::Timeout => self.time_out(&mut slot, now),
            Event::Hold { caller, amount } => self.hold(&mut slot, caller, amount),
        }?;
        self.slot = slot;
        Ok(effects)
    }

    /// What the parties agreed on.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// What the session is doing.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.slot.status
    }

    /// Locked in all; what was settled once the session has ended.
    #[must_use]
    pub const fn deposit(&self) -> Amount {
        self.slot.deposit
    }

    /// Paid so far, fee included.
    #[must_use]
    pub const fn settled(&self) -> Amount {
        self.slot.settled
    }

    /// Deposit that is not settled.
    #[must_use]
    pub const fn unspent(&self) -> Amount {
        self.slot.deposit.saturating_sub(self.slot.settled)
    }

    /// Kept back by the proof system, not in the deposit.
    #[must_use]
    pub const fn held(&self) -> Amount {
        self.slot.held
    }

    /// Everything paid so far, divided.
    #[must_use]
    pub fn paid(&self) -> Split {
        Split::of(self.slot.settled, self.terms.feeBps)
    }

    /// When a pending cancellation ends the session, in Unix seconds.
    #[must_use]
    pub const fn closing_at(&self) -> Option<u64> {
        self.slot.closing_at
    }

    /// When the session expires, extensions included, in Unix seconds.
    #[must_use]
    pub const fn expires_at(&self) -> u64 {
        self.terms.expiresAt.saturating_add(self.slot.extension_hours as u64 * SECONDS_PER_HOUR)
    }

    /// From when on anyone may time it out, in Unix seconds.
    #[must_use]
    pub fn timeout_at(&self) -> u64 {
        self.slot.closing_at.unwrap_or_else(|| self.expires_at().saturating_add(self.terms.grace.into()))
    }

    /// What a timeout now would pay the host, fee included, because its renter left alone and early.
    #[must_use]
    pub fn cancellation_fee(&self) -> Amount {
        let Slot { settled, deposit, .. } = self.slot;
        // Settled amounts have 96 bits: ten times that fits.
        let earned = settled.get().saturating_mul(U256::from(CANCEL_FEE_DIVISOR)) >= deposit.get();
        if !self.slot.left_early || !earned {
            return Amount::ZERO;
        }
        cancellation_fee_down(self.unspent(), self.terms.cancelBps)
    }

    /// The session as `getSessionDetails` tells it.
    ///
    /// # Errors
    ///
    /// [`Error::Overflow`] never, for a session that the contract could hold.
    pub fn details(&self) -> Result<ISessionMarket::SessionDetails, Error> {
        Ok(ISessionMarket::SessionDetails {
            status: self.slot.status.into(),
            deposit: self.slot.deposit.to_u96()?,
            settled: self.slot.settled.to_u96()?,
            closingAt: U40::from(self.slot.closing_at.unwrap_or_default()),
            extensionHours: self.slot.extension_hours,
            fromBalance: self.slot.from_balance,
            held: self.slot.held.to_u96()?,
        })
    }

    /// The session as `getSessionMetrics` tells it; `id` is [`crate::messages::session_id`].
    #[must_use]
    pub fn metrics(&self, id: U256) -> ISessionMarket::SessionMetrics {
        let paid = self.paid();
        ISessionMarket::SessionMetrics {
            sessionId: id,
            status: self.slot.status.into(),
            hostPaid: paid.host.get(),
            feePaid: fee_down(self.slot.settled, self.terms.feeBps).get(),
            unspent: self.unspent().get(),
            expiresAt: self.expires_at(),
            timeoutAt: self.timeout_at(),
            cancellationFee: self.cancellation_fee().get(),
        }
    }

    /// Pays up to these cumulative counts, as far as the deposit goes. Nothing if that is not more than was settled.
    fn settle(&self, slot: &mut Slot, usage: Usage) -> Result<Effects, Error> {
        let target = payable_down(usage, self.terms.prices(), slot.deposit)?;
        self.pay(slot, target.max(slot.settled))
    }

    /// Raises what is settled to `target`.
    fn pay(&self, slot: &mut Slot, target: Amount) -> Result<Effects, Error> {
        let Split { host, fee } = increment(slot.settled, target, self.terms.feeBps)?;
        slot.settled = target;
        Ok(Effects { host, fee, ..Effects::default() })
    }

    fn settle_more(&self, slot: &mut Slot, usage: Usage) -> Result<Effects, Error> {
        let before = slot.settled;
        let effects = self.settle(slot, usage)?;
        if slot.settled == before { Err(Error::VoucherBackwards) } else { Ok(effects) }
    }

    fn complete(&self, slot: &mut Slot, caller: Address, voucher: Option<Usage>) -> Result<Effects, Error> {
        if caller != self.terms.host && caller != self.terms.hostSigner {
            return Err(unauthorized(caller));
        }
        let effects = self.settle(slot, voucher.unwrap_or_default())?;
        Ok(slot.end(Status::Completed, effects))
    }

    /// A renter agrees to the counts of the close by sending it; a stranger shows the renter's voucher for them.
    fn complete_agreed(
        &self,
        slot: &mut Slot,
        caller: Address,
        close: Usage,
        voucher: Option<Usage>,
    ) -> Result<Effects, Error> {
        match voucher {
            None => require_renter(&self.terms, caller)?,
            Some(voucher) if voucher == close => {}
            Some(_) => return Err(Error::coded(Code::WrongHead, "the voucher's counts are not those of the close")),
        }
        let effects = self.settle(slot, close)?;
        Ok(slot.end(Status::Completed, effects))
    }

    fn cancel(
        &self,
        slot: &mut Slot,
        caller: Address,
        usage: Usage,
        request: Option<u64>,
        now: u64,
    ) -> Result<Effects, Error> {
        if caller != self.terms.renter {
            let deadline = request.filter(|_| !slot.requests_revoked).ok_or_else(|| unauthorized(caller))?;
            check_deadline(deadline, now)?;
        }
        if let Some(closing_at) = slot.closing_at {
            return Err(Error::coded(Code::AlreadyClosing, format!("closing at {closing_at} (Unix seconds)")));
        }
        self.check_not_over(now)?;
        let (closing_at, timeout_at) = (now.saturating_add(self.terms.grace.into()), self.timeout_at());
        // A renter who leaves after expiry leaves nothing early: the clock had run out for both.
        slot.left_early = closing_at < timeout_at;
        slot.closing_at = Some(closing_at.min(timeout_at));
        self.settle(slot, usage)
    }

    /// More time. Every close request signed so far is void, or a stale one could end what was just prolonged.
    fn extend(&self, slot: &mut Slot, caller: Address, hours: u16, now: u64) -> Result<(), Error> {
        require_renter(&self.terms, caller)?;
        self.check_not_over(now)?;
        let too_long = || Error::coded(Code::BadTerms, "extended beyond the longest duration");
        slot.extension_hours = slot.extension_hours.checked_add(hours).ok_or_else(too_long)?;
        let added = u64::from(slot.extension_hours) * SECONDS_PER_HOUR;
        if self.terms.expiresAt.saturating_add(added) > now.saturating_add(MAX_DURATION) {
            return Err(too_long());
        }
        slot.closing_at = None;
        slot.left_early = false;
        slot.requests_revoked = true;
        Ok(())
    }

    fn time_out(&self, slot: &mut Slot, now: u64) -> Result<Effects, Error> {
        let timeout_at = self.timeout_at();
        if now < timeout_at {
            return Err(Error::coded(Code::NotOver, format!("not before {timeout_at} (Unix seconds), now {now}")));
        }
        let target = slot.settled.checked_add(self.cancellation_fee())?;
        let effects = self.pay(slot, target)?;
        Ok(slot.end(Status::TimedOut, effects))
    }

    fn hold(&self, slot: &mut Slot, caller: Address, amount: Amount) -> Result<Effects, Error> {
        self.require_proof_system(caller)?;
        let room = Amount::from(self.terms.proofCap).saturating_sub(slot.held).min(self.unspent());
        if amount > room {
            return Err(insufficient(room, amount));
        }
        slot.deposit = slot.deposit.checked_sub(amount)?;
        slot.held = slot.held.checked_add(amount)?;
        Ok(Effects::default())
    }

    /// Counts as settled, so that a later voucher for the same tokens does not pay them again.
    fn pay_held(&self, slot: &mut Slot, caller: Address, amount: Amount) -> Result<Effects, Error> {
        self.require_proof_system(caller)?;
        slot.take_held(amount)?;
        slot.deposit = slot.deposit.checked_add(amount)?;
        let target = slot.settled.checked_add(amount)?;
        self.pay(slot, target)
    }

    fn release(&self, slot: &mut Slot, caller: Address, amount: Amount) -> Result<Effects, Error> {
        self.require_proof_system(caller)?;
        slot.take_held(amount)?;
        if slot.status == Status::Active {
            slot.deposit = slot.deposit.checked_add(amount)?;
            return Ok(Effects::default());
        }
        Ok(Effects { refund: amount, refund_to_balance: slot.from_balance, ..Effects::default() })
    }

    fn require_proof_system(&self, caller: Address) -> Result<(), Error> {
        // Zero stands for no proof system, and nobody calls from it.
        if caller == self.proof_system && !caller.is_zero() { Ok(()) } else { Err(unauthorized(caller)) }
    }

    fn check_not_over(&self, now: u64) -> Result<(), Error> {
        let timeout_at = self.timeout_at();
        if now < timeout_at { Ok(()) } else { Err(Error::Expired { deadline: timeout_at.saturating_sub(1), now }) }
    }
}

impl Slot {
    const fn new(status: Status, deposit: Amount, from_balance: bool) -> Self {
        Self {
            status,
            deposit,
            settled: Amount::ZERO,
            held: Amount::ZERO,
            closing_at: None,
            extension_hours: 0,
            from_balance,
            left_early: false,
            requests_revoked: false,
        }
    }

    /// Adds to the deposit. Held money may come back to it, so it counts against the limit too.
    fn raise(&mut self, amount: Amount, max_deposit: Amount) -> Result<Effects, Error> {
        let room = max_deposit.saturating_sub(self.deposit.checked_add(self.held)?);
        if amount > room {
            return Err(Error::coded(Code::BadTerms, format!("{amount} more, room for {room} (base units)")));
        }
        self.deposit = self.deposit.checked_add(amount)?;
        Ok(Effects::default())
    }

    fn take_held(&mut self, amount: Amount) -> Result<(), Error> {
        if amount > self.held {
            return Err(insufficient(self.held, amount));
        }
        self.held = self.held.checked_sub(amount)?;
        Ok(())
    }

    /// Closes the books: what is not settled goes back.
    fn end(&mut self, status: Status, effects: Effects) -> Effects {
        let refund = self.deposit.saturating_sub(self.settled);
        self.status = status;
        self.deposit = self.settled;
        self.closing_at = None;
        Effects { refund, refund_to_balance: self.from_balance, ..effects }
    }
}

fn require_renter(terms: &Terms, caller: Address) -> Result<(), Error> {
    if caller == terms.renter { Ok(()) } else { Err(unauthorized(caller)) }
}

fn check_deadline(deadline: u64, now: u64) -> Result<(), Error> {
    if now <= deadline { Ok(()) } else { Err(Error::Expired { deadline, now }) }
}

fn unauthorized(caller: Address) -> Error {
    Error::coded(Code::Unauthorized, format!("{caller} may not do this"))
}

fn insufficient(available: Amount, requested: Amount) -> Error {
    Error::coded(Code::InsufficientFunds, format!("{requested} requested, {available} available (base units)"))
}
