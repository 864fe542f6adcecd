//! What a session's tokens cost and who gets it. The rounding is in every name.

use crate::{
    boundary::guard,
    fabstir_amount, fabstir_prices, fabstir_status, fabstir_usage,
    pointer::{out, read},
};
use fabstir_core::settlement::{self, Split};

/// One payment, divided.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_split {
    /// To the host.
    pub host: fabstir_amount,
    /// To the market.
    pub fee: fabstir_amount,
}

impl From<Split> for fabstir_split {
    fn from(split: Split) -> Self {
        Self { host: split.host.into(), fee: split.fee.into() }
    }
}

/// Payment for the tokens at these prices, rounded down (in the renter's favour). OVERFLOW if a price has more than 128
/// bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_settlement_gross_down(
    usage: *const fabstir_usage,
    prices: *const fabstir_prices,
    gross: *mut fabstir_amount,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (usage, prices, gross) = unsafe { (read(usage, "usage")?, read(prices, "prices")?, out(gross, "gross")?) };
        gross.write(settlement::gross_down(usage.into(), prices.try_into()?)?.into());
        Ok(())
    })
}

/// What a session with this deposit pays for the tokens, rounded down: the gross, but never more than the deposit.
/// OVERFLOW as fabstir_settlement_gross_down().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_settlement_payable_down(
    usage: *const fabstir_usage,
    prices: *const fabstir_prices,
    deposit: *const fabstir_amount,
    paid: *mut fabstir_amount,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (usage, prices) = unsafe { (read(usage, "usage")?, read(prices, "prices")?) };
        // SAFETY: as above.
        let (deposit, paid) = unsafe { (read(deposit, "deposit")?, out(paid, "paid")?) };
        paid.write(settlement::payable_down(usage.into(), prices.try_into()?, deposit.into())?.into());
        Ok(())
    })
}

/// The market's fee in everything paid over a session's life, rounded down (in the host's favour); `fee_bps` in 1/10,000.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_settlement_fee_down(
    paid: *const fabstir_amount,
    fee_bps: u16,
    fee: *mut fabstir_amount,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (paid, fee) = unsafe { (read(paid, "paid")?, out(fee, "fee")?) };
        fee.write(settlement::fee_down(paid.into(), fee_bps).into());
        Ok(())
    })
}

/// What the host gets of the unspent deposit if the renter left alone, rounded down (in the renter's favour);
/// `cancel_bps` in 1/10,000.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_settlement_cancellation_fee_down(
    unspent: *const fabstir_amount,
    cancel_bps: u16,
    fee: *mut fabstir_amount,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (unspent, fee) = unsafe { (read(unspent, "unspent")?, out(fee, "fee")?) };
        fee.write(settlement::cancellation_fee_down(unspent.into(), cancel_bps).into());
        Ok(())
    })
}

/// Divides everything paid over a session's life between host and market.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_settlement_split(
    paid: *const fabstir_amount,
    fee_bps: u16,
    split: *mut fabstir_split,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (paid, split) = unsafe { (read(paid, "paid")?, out(split, "split")?) };
        split.write(Split::of(paid.into(), fee_bps).into());
        Ok(())
    })
}

/// What one settlement credits when everything paid rises from `before` to `after`. VOUCHER_BACKWARDS if it falls.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_settlement_increment(
    before: *const fabstir_amount,
    after: *const fabstir_amount,
    fee_bps: u16,
    split: *mut fabstir_split,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (before, after, split) = unsafe { (read(before, "before")?, read(after, "after")?, out(split, "split")?) };
        split.write(settlement::increment(before.into(), after.into(), fee_bps)?.into());
        Ok(())
    })
}
