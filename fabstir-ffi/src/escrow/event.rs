//! What can happen to a session.

use crate::{
    boundary::{Failure, Outcome},
    fabstir_address, fabstir_amount, fabstir_usage,
    profile::flag,
};
use fabstir_core::session::Event;

/// A voucher for `usage`. VOUCHER_BACKWARDS if it adds nothing.
pub const FABSTIR_ESCROW_SETTLE: u32 = 1;
/// The host ends the session, with a voucher or none. UNAUTHORIZED unless by host or host's signer.
pub const FABSTIR_ESCROW_COMPLETE: u32 = 2;
/// Both end it: the host signed a close for `usage`. EXPIRED past `deadline`, UNAUTHORIZED from a stranger without a voucher,
/// WRONG_HEAD with one for other counts.
pub const FABSTIR_ESCROW_COMPLETE_WITH_CLOSE: u32 = 3;
/// The renter leaves, at `usage`, by itself or by a request signed until `deadline`. UNAUTHORIZED, EXPIRED, ALREADY_CLOSING.
pub const FABSTIR_ESCROW_CANCEL: u32 = 4;
/// The renter adds `amount`, `hours` or both. UNAUTHORIZED, EXPIRED, BAD_TERMS.
pub const FABSTIR_ESCROW_EXTEND: u32 = 5;
/// Anyone adds `amount`. BAD_TERMS beyond the largest deposit.
pub const FABSTIR_ESCROW_TOP_UP: u32 = 6;
/// The clock ends it. NOT_OVER.
pub const FABSTIR_ESCROW_TIMEOUT: u32 = 7;
/// The proof system keeps back `amount`. INSUFFICIENT_FUNDS, UNAUTHORIZED.
pub const FABSTIR_ESCROW_HOLD: u32 = 8;
/// The proof system pays `amount` of what is held. INSUFFICIENT_FUNDS, UNAUTHORIZED.
pub const FABSTIR_ESCROW_PAY_HELD: u32 = 9;
/// The proof system gives back `amount` of what is held. INSUFFICIENT_FUNDS, UNAUTHORIZED.
pub const FABSTIR_ESCROW_RELEASE: u32 = 10;

/// Something that happens to a session. Fields that its kind does not name are not read.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_escrow_event {
    /// A FABSTIR_ESCROW kind.
    pub kind: u32,
    /// Who sends it.
    pub caller: fabstir_address,
    /// Counts of the voucher settled, of the close, or stated by who leaves.
    pub usage: fabstir_usage,
    /// Whether a voucher is shown when a session is completed: 0 or 1.
    pub has_voucher: u8,
    /// That voucher's counts.
    pub voucher: fabstir_usage,
    /// Whether a signed close request is shown when the renter leaves: 0 or 1.
    pub has_request: u8,
    /// Last second the close or the request is good for (Unix).
    pub deadline: u64,
    /// Base units.
    pub amount: fabstir_amount,
    /// Hours added.
    pub hours: u16,
    /// The token's largest deposit now, where money is added.
    pub max_deposit: fabstir_amount,
}

pub(super) fn convert(event: fabstir_escrow_event) -> Outcome<Event> {
    let (caller, usage, amount) = (event.caller.into(), event.usage.into(), event.amount.into());
    let (deadline, max_deposit) = (event.deadline, event.max_deposit.into());
    let voucher = || Ok::<_, Failure>(flag(event.has_voucher, "has_voucher")?.then(|| event.voucher.into()));
    Ok(match event.kind {
        FABSTIR_ESCROW_SETTLE => Event::Settle { usage },
        FABSTIR_ESCROW_COMPLETE => Event::Complete { caller, voucher: voucher()? },
        FABSTIR_ESCROW_COMPLETE_WITH_CLOSE => {
            Event::CompleteWithClose { caller, close: usage, deadline, voucher: voucher()? }
        }
        FABSTIR_ESCROW_CANCEL => {
            Event::Cancel { caller, usage, request: flag(event.has_request, "has_request")?.then_some(deadline) }
        }
        FABSTIR_ESCROW_EXTEND => Event::Extend { caller, amount, hours: event.hours, max_deposit },
        FABSTIR_ESCROW_TOP_UP => Event::TopUp { amount, max_deposit },
        FABSTIR_ESCROW_TIMEOUT => Event::Timeout,
        FABSTIR_ESCROW_HOLD => Event::Hold { caller, amount },
        FABSTIR_ESCROW_PAY_HELD => Event::PayHeld { caller, amount },
        FABSTIR_ESCROW_RELEASE => Event::Release { caller, amount },
        other => return Err(Failure::invalid("kind of event", other)),
    })
}
