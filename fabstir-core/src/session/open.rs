//! What a session must keep to be opened.

use super::{Session, Slot, Status, check_deadline, require_renter};
use crate::{
    Code, Error,
    abi::{ISessionMarket::Reason, Terms},
    amount::{Amount, Price, Prices},
};
use alloy_primitives::Address;

/// Longest time from now to a session's expiry, in seconds.
pub const MAX_DURATION: u64 = 365 * 24 * 3_600;

/// Shortest grace period, in seconds.
pub const MIN_GRACE: u32 = 15 * 60;

/// Longest grace period, in seconds.
pub const MAX_GRACE: u32 = 7 * 24 * 3_600;

/// Highest cancellation fee, in 1/10,000 of the unspent deposit.
pub const MAX_CANCEL_BPS: u16 = 500;

/// Highest market fee, in 1/10,000 of what a host is paid.
pub const MAX_FEE_BPS: u16 = 3_000;

/// The market's rules for one token, as they are now. They bind openings; a session keeps its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Market {
    /// Fee of sessions opened now, in 1/10,000.
    pub fee_bps: u16,
    /// Whether openings are stopped.
    pub paused: bool,
    /// Smallest deposit in the token.
    pub min_deposit: Amount,
    /// Largest deposit in the token; zero: the token is not accepted.
    pub max_deposit: Amount,
    /// Who may hold money back; zero: nobody. Never changes.
    pub proof_system: Address,
}

/// What the registry says of the host, the model and the token in the terms (`offerOf`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The host's signer; zero: the host is not active.
    pub signer: Address,
    /// Price floors; an output price of zero: the model is not offered in the token.
    pub floors: Prices,
}

/// Where a deposit comes from, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Funding {
    /// The caller's wallet.
    Wallet {
        /// Who sends it.
        caller: Address,
    },
    /// The renter's balance in the market, by an order.
    Balance {
        /// Last second the order is good for.
        deadline: u64,
    },
    /// The renter's wallet, by an order and a permit or by an authorization, sent by anyone. Tokens only.
    Signed {
        /// Last second the order is good for.
        deadline: u64,
    },
}

/// A session to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// What the parties agree on.
    pub terms: Terms,
    /// Base units to lock.
    pub deposit: Amount,
    /// Where they come from.
    pub funding: Funding,
    /// Last second of the host's quote, if it signed one for these terms: price floors do not apply then.
    pub quote: Option<u64>,
}

impl Session {
    /// Opens a session at `now` (Unix seconds). The caller knows that the id is new, and brings the money.
    ///
    /// # Errors
    ///
    /// [`Code::MarketPaused`]; [`Code::Unauthorized`] from another wallet than the renter's; [`Code::Expired`] past the
    /// order's or quote's deadline; [`Code::WrongHost`] if the host is not active or has another signer;
    /// [`Code::PriceTooLow`] below its floors without a quote; [`Code::BadTerms`] for anything else out of its bounds,
    /// the deposit among them.
    pub fn open(opening: Opening, market: &Market, offer: &Offer, now: u64) -> Result<Self, Error> {
        let Opening { terms, deposit, funding, quote } = opening;
        let from_balance = check_funding(&terms, funding, now)?;
        if market.paused {
            return Err(refused(Reason::Paused));
        }
        match opening_reason(&terms, market, offer, quote.is_some(), now) {
            Reason::Ok => {}
            reason => return Err(refused(reason)),
        }
        if let Some(valid_until) = quote {
            check_deadline(valid_until, now)?;
        }
        if deposit < market.min_deposit || deposit > market.max_deposit {
            let (min, max) = (market.min_deposit, market.max_deposit);
            return Err(Error::coded(Code::BadTerms, format!("deposit {deposit} is not from {min} to {max}")));
        }
        deposit.to_u96()?;
        let slot = Slot::new(Status::Active, deposit, from_balance);
        Ok(Self { terms, proof_system: market.proof_system, slot })
    }
}

/// Whether the money comes from the renter's balance, if it may come from where it is said to.
fn check_funding(terms: &Terms, funding: Funding, now: u64) -> Result<bool, Error> {
    match funding {
        Funding::Wallet { caller } => require_renter(terms, caller).map(|()| false),
        Funding::Balance { deadline } => check_deadline(deadline, now).map(|()| true),
        Funding::Signed { deadline } => {
            check_deadline(deadline, now)?;
            if terms.token.is_zero() { Err(refused(Reason::TokenNotAccepted)) } else { Ok(false) }
        }
    }
}

/// Whether these terms may be opened at `now`; pause, id, deposit and the quote's own deadline aside.
#[must_use]
pub fn opening_reason(terms: &Terms, market: &Market, offer: &Offer, quoted: bool, now: u64) -> Reason {
    let parties = [terms.renter, terms.host, terms.hostSigner, terms.voucherSigner];
    if parties.contains(&Address::ZERO) || terms.outputPrice == 0 || terms.cancelBps > MAX_CANCEL_BPS {
        return Reason::BadTerms;
    }
    if terms.feeBps != market.fee_bps {
        return Reason::WrongFee;
    }
    let lasts = terms.expiresAt > now && terms.expiresAt <= now.saturating_add(MAX_DURATION);
    if !lasts || !(MIN_GRACE..=MAX_GRACE).contains(&terms.grace) {
        return Reason::BadTimes;
    }
    if market.max_deposit.is_zero() {
        return Reason::TokenNotAccepted;
    }
    if offer.signer.is_zero() {
        return Reason::HostInactive;
    }
    if offer.signer != terms.hostSigner {
        return Reason::WrongSigner;
    }
    let Prices { input, output } = terms.prices();
    let offered = offer.floors.output != Price::default();
    if !quoted && (!offered || input < offer.floors.input || output < offer.floors.output) {
        return Reason::PriceBelowFloor;
    }
    Reason::Ok
}

fn refused(reason: Reason) -> Error {
    let (code, message) = match reason {
        Reason::Paused => (Code::MarketPaused, "openings are paused"),
        Reason::HostInactive => (Code::WrongHost, "the host is not active"),
        Reason::WrongSigner => (Code::WrongHost, "the host has another signer"),
        Reason::PriceBelowFloor => (Code::PriceTooLow, "a price below the host's floor"),
        Reason::TokenNotAccepted => (Code::BadTerms, "the token is not accepted"),
        Reason::WrongFee => (Code::BadTerms, "the fee is not the market's"),
        Reason::BadTimes => (Code::BadTerms, "expiry or grace out of bounds"),
        _ => (Code::BadTerms, "a term out of its bounds"),
    };
    Error::coded(code, message)
}
