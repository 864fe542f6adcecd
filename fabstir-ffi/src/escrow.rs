//! A session as the contract lives it: refuses what it refuses, pays what it pays, to the base unit.

mod event;

pub use event::*;

use crate::{
    boundary::{Failure, Outcome, guard},
    fabstir_address, fabstir_amount, fabstir_prices, fabstir_split, fabstir_status, fabstir_terms,
    handle::Table,
    pointer::{out, read},
    profile::flag,
};
use fabstir_core::session::{Funding, Market, Offer, Opening, Session, Status};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A session as the contract keeps it.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Debug)]
pub struct fabstir_escrow {
    _opaque: [u8; 0],
}

static ESCROWS: Table<fabstir_escrow, Mutex<Session>> = Table::new("escrow");

fn lock(session: &Mutex<Session>) -> MutexGuard<'_, Session> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The deposit comes from `caller`'s wallet.
pub const FABSTIR_FUNDING_WALLET: u32 = 0;
/// The deposit comes from the renter's balance in the market, by an order.
pub const FABSTIR_FUNDING_BALANCE: u32 = 1;
/// The deposit comes from the renter's wallet, by an order and a permit or authorization. Tokens only.
pub const FABSTIR_FUNDING_SIGNED: u32 = 2;

/// The market's rules for one token, and the registry's word on the host, as they are at the opening.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_market {
    /// Fee of sessions opened now, in 1/10,000.
    pub fee_bps: u16,
    /// Whether openings are stopped: 0 or 1.
    pub paused: u8,
    /// Smallest deposit.
    pub min_deposit: fabstir_amount,
    /// Largest deposit; zero: the token is not accepted.
    pub max_deposit: fabstir_amount,
    /// Who may hold money back; zero: nobody.
    pub proof_system: fabstir_address,
    /// The host's signer; zero: the host is not active.
    pub signer: fabstir_address,
    /// The host's price floors; an output price of zero: the model is not offered in the token.
    pub floors: fabstir_prices,
}

/// A session to open.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_opening {
    /// What the parties agree on.
    pub terms: fabstir_terms,
    /// Base units to lock.
    pub deposit: fabstir_amount,
    /// A FABSTIR_FUNDING.
    pub funding: u32,
    /// Who sends it, from a wallet.
    pub caller: fabstir_address,
    /// Last second the order is good for, where there is one.
    pub deadline: u64,
    /// Whether the host signed a quote for these terms: 0 or 1. Price floors do not apply then.
    pub has_quote: u8,
    /// Last second the quote is good for.
    pub quote_valid_until: u64,
}

fn read_opening(given: fabstir_opening) -> Outcome<Opening> {
    let funding = match given.funding {
        FABSTIR_FUNDING_WALLET => Funding::Wallet { caller: given.caller.into() },
        FABSTIR_FUNDING_BALANCE => Funding::Balance { deadline: given.deadline },
        FABSTIR_FUNDING_SIGNED => Funding::Signed { deadline: given.deadline },
        other => return Err(Failure::invalid("funding", other)),
    };
    let quote = flag(given.has_quote, "has_quote")?.then_some(given.quote_valid_until);
    Ok(Opening { terms: given.terms.try_into()?, deposit: given.deposit.into(), funding, quote })
}

/// Opens a session at `now` (Unix seconds), if the contract would: MARKET_PAUSED, UNAUTHORIZED, EXPIRED, WRONG_HOST,
/// PRICE_TOO_LOW, BAD_TERMS. INVALID_VALUE for a funding or a flag that is none.
/// Memory: the caller frees `*escrow` with fabstir_escrow_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_escrow_open(
    opening: *const fabstir_opening,
    market: *const fabstir_market,
    now: u64,
    escrow: *mut *mut fabstir_escrow,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (given, market, escrow) =
            unsafe { (read(opening, "opening")?, read(market, "market")?, out(escrow, "escrow")?) };
        let rules = Market {
            fee_bps: market.fee_bps,
            paused: flag(market.paused, "paused")?,
            min_deposit: market.min_deposit.into(),
            max_deposit: market.max_deposit.into(),
            proof_system: market.proof_system.into(),
        };
        let offer = Offer { signer: market.signer.into(), floors: market.floors.try_into()? };
        let session = Session::open(read_opening(given)?, &rules, &offer, now)?;
        escrow.write(ESCROWS.insert(Mutex::new(session)));
        Ok(())
    })
}

/// Money that leaves a session.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_effects {
    /// To the host's earnings.
    pub host: fabstir_amount,
    /// To the fee beside them.
    pub fee: fabstir_amount,
    /// Back to the renter.
    pub refund: fabstir_amount,
    /// Whether the refund goes to the renter's balance in the market, not to its wallet: 0 or 1.
    pub refund_to_balance: u8,
}

/// Lets something happen to a session at `now` (Unix seconds). If it is refused nothing has changed: SESSION_NOT_ACTIVE once
/// it has ended, else what the kind of event names. INVALID_VALUE for a kind or a flag that is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_escrow_apply(
    escrow: *mut fabstir_escrow,
    event: *const fabstir_escrow_event,
    now: u64,
    effects: *mut fabstir_effects,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (event, effects) = unsafe { (read(event, "event")?, out(effects, "effects")?) };
        let event = event::convert(event)?;
        let done = lock(&*ESCROWS.get(escrow)?).apply(event, now)?;
        effects.write(fabstir_effects {
            host: done.host.into(),
            fee: done.fee.into(),
            refund: done.refund.into(),
            refund_to_balance: done.refund_to_balance.into(),
        });
        Ok(())
    })
}

/// Open.
pub const FABSTIR_SESSION_ACTIVE: u32 = 1;
/// Ended by the host, or by both.
pub const FABSTIR_SESSION_COMPLETED: u32 = 2;
/// Ended by the clock.
pub const FABSTIR_SESSION_TIMED_OUT: u32 = 3;
/// Never opened, and never to be.
pub const FABSTIR_SESSION_INVALIDATED: u32 = 4;

/// A session's books, as the contract keeps them.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_escrow_books {
    /// A FABSTIR_SESSION state.
    pub status: u32,
    /// Locked in all; what was settled once ended.
    pub deposit: fabstir_amount,
    /// Paid so far, fee included.
    pub settled: fabstir_amount,
    /// The same, divided.
    pub paid: fabstir_split,
    /// Deposit that is not settled.
    pub unspent: fabstir_amount,
    /// Kept back by the proof system, not in the deposit.
    pub held: fabstir_amount,
    /// When a pending cancellation ends it (Unix seconds); 0 without one.
    pub closing_at: u64,
    /// When it expires, extensions included.
    pub expires_at: u64,
    /// From when on anyone may time it out.
    pub timeout_at: u64,
    /// What a timeout now would pay the host because its renter left alone and early.
    pub cancellation_fee: fabstir_amount,
}

/// A session's books as they are now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_escrow_state(
    escrow: *const fabstir_escrow,
    state: *mut fabstir_escrow_books,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let state = unsafe { out(state, "state") }?;
        let session = ESCROWS.get(escrow)?;
        let session = lock(&session);
        state.write(fabstir_escrow_books {
            status: match session.status() {
                Status::Active => FABSTIR_SESSION_ACTIVE,
                Status::Completed => FABSTIR_SESSION_COMPLETED,
                Status::TimedOut => FABSTIR_SESSION_TIMED_OUT,
                _ => FABSTIR_SESSION_INVALIDATED,
            },
            deposit: session.deposit().into(),
            settled: session.settled().into(),
            paid: session.paid().into(),
            unspent: session.unspent().into(),
            held: session.held().into(),
            closing_at: session.closing_at().unwrap_or(0),
            expires_at: session.expires_at(),
            timeout_at: session.timeout_at(),
            cancellation_fee: session.cancellation_fee().into(),
        });
        Ok(())
    })
}

/// Frees a session's books. NULL, or one freed before, is a no-op.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_escrow_free(escrow: *mut fabstir_escrow) {
    ESCROWS.free(escrow);
}
