//! What can happen to a session, and what money moves then.

use crate::amount::{Amount, Usage};
use alloy_primitives::Address;

/// Something that happens to an open session. `caller` is who sends it, where that matters.
///
/// Each is refused with the code named here; all with [`crate::Code::SessionNotActive`] once the session has ended, save
/// [`Event::PayHeld`] and [`Event::Release`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A voucher for these cumulative counts. [`crate::Code::VoucherBackwards`] if it adds nothing.
    Settle {
        /// Its counts.
        usage: Usage,
    },
    /// The host ends the session. A voucher that adds nothing is ignored. [`crate::Code::Unauthorized`] unless by host or
    /// host's signer.
    Complete {
        /// Who ends it.
        caller: Address,
        /// Counts of the last voucher, if one is shown.
        voucher: Option<Usage>,
    },
    /// Both end the session: the host signed a close. [`crate::Code::Expired`] past its deadline,
    /// [`crate::Code::Unauthorized`] from a stranger without a voucher, [`crate::Code::WrongHead`] with one for other
    /// counts.
    CompleteWithClose {
        /// Who sends it.
        caller: Address,
        /// Counts of the close.
        close: Usage,
        /// Last second the close is good for.
        deadline: u64,
        /// Counts of the voucher, if one is shown.
        voucher: Option<Usage>,
    },
    /// The renter leaves: settles the counts stated and starts the grace period. [`crate::Code::Unauthorized`] from
    /// others without a request, or with one from before an extension; [`crate::Code::Expired`] past its deadline or when
    /// the session's time is over; [`crate::Code::AlreadyClosing`].
    Cancel {
        /// Who sends it.
        caller: Address,
        /// The counts stated.
        usage: Usage,
        /// Deadline of the signed close request, if one is shown. Not read when the renter sends it.
        request: Option<u64>,
    },
    /// The renter adds money, time or both, and ends a pending cancellation. [`crate::Code::Unauthorized`] by others,
    /// [`crate::Code::Expired`] when its time is over, [`crate::Code::BadTerms`] beyond the longest duration or largest
    /// deposit.
    Extend {
        /// Who sends it.
        caller: Address,
        /// Money added.
        amount: Amount,
        /// Hours added.
        hours: u16,
        /// The token's largest deposit now.
        max_deposit: Amount,
    },
    /// Anyone adds money. [`crate::Code::BadTerms`] beyond the largest deposit.
    TopUp {
        /// Money added.
        amount: Amount,
        /// The token's largest deposit now.
        max_deposit: Amount,
    },
    /// The clock ends it. [`crate::Code::NotOver`] if its time is not.
    Timeout,
    /// The proof system keeps back part of the unspent deposit. [`crate::Code::InsufficientFunds`] beyond that or the
    /// terms' cap, [`crate::Code::Unauthorized`] by others.
    Hold {
        /// Who sends it.
        caller: Address,
        /// How much.
        amount: Amount,
    },
    /// The proof system pays held money to the host. [`crate::Code::InsufficientFunds`] beyond what is held,
    /// [`crate::Code::Unauthorized`] by others.
    PayHeld {
        /// Who sends it.
        caller: Address,
        /// How much.
        amount: Amount,
    },
    /// The proof system gives held money back to the deposit, or to the renter once the session has ended. Refused as
    /// [`Event::PayHeld`].
    Release {
        /// Who sends it.
        caller: Address,
        /// How much.
        amount: Amount,
    },
}

/// Money that leaves a session, in base units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "somebody is owed this"]
pub struct Effects {
    /// To the host's earnings.
    pub host: Amount,
    /// To the fee beside them.
    pub fee: Amount,
    /// Back to the renter.
    pub refund: Amount,
    /// Whether the refund goes to the renter's balance in the market, not to its wallet.
    pub refund_to_balance: bool,
}
