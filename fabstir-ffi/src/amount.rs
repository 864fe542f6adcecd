//! Amounts: read, written, added.

use crate::{
    boundary::{Failure, guard},
    buffer::copy_out,
    fabstir_amount, fabstir_status,
    pointer::{out, read, text},
};
use fabstir_core::amount::Amount;
use std::ffi::c_char;

/// An amount of so many base units.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_amount_from_u64(units: u64, amount: *mut fabstir_amount) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        unsafe { out(amount, "amount") }?.write(Amount::from(units).into());
        Ok(())
    })
}

/// The base units as a number. OVERFLOW above 64 bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_amount_to_u64(amount: *const fabstir_amount, units: *mut u64) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (amount, units) = unsafe { (read(amount, "amount")?, out(units, "units")?) };
        let number = u64::try_from(Amount::from(amount).get());
        units.write(number.map_err(|_| Failure::from(fabstir_core::Error::Overflow { what: "amount" }))?);
        Ok(())
    })
}

/// Reads an amount as people write it: "1.5" of a token with `decimals` decimals. Exact: nothing is rounded.
/// INVALID_VALUE unless it is digits with at most one point and at most `decimals` digits behind it; OVERFLOW above 256
/// bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_amount_parse(
    units: *const c_char,
    len: usize,
    decimals: u8,
    amount: *mut fabstir_amount,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (units, amount) = unsafe { (text(units, len, "units")?, out(amount, "amount")?) };
        amount.write(Amount::parse_units(units, decimals)?.into());
        Ok(())
    })
}

/// Writes an amount of a token with `decimals` decimals as people do, "1.5", without trailing zeros, and a NUL. `*len`
/// becomes the length without the NUL, also if the buffer is too small for it (BUFFER_TOO_SMALL); 336 bytes always do.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_amount_format(
    amount: *const fabstir_amount,
    decimals: u8,
    buffer: *mut c_char,
    capacity: usize,
    len: *mut usize,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        unsafe {
            let amount = Amount::from(read(amount, "amount")?);
            copy_out(&amount.format_units(decimals), buffer, capacity, len)
        }
    })
}

/// The sum. OVERFLOW above 256 bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_amount_add(
    a: *const fabstir_amount,
    b: *const fabstir_amount,
    sum: *mut fabstir_amount,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (a, b, sum) = unsafe { (read(a, "a")?, read(b, "b")?, out(sum, "sum")?) };
        sum.write(Amount::from(a).checked_add(b.into())?.into());
        Ok(())
    })
}

/// The difference `a - b`. OVERFLOW if `b` is larger.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_amount_sub(
    a: *const fabstir_amount,
    b: *const fabstir_amount,
    difference: *mut fabstir_amount,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (a, b, difference) = unsafe { (read(a, "a")?, read(b, "b")?, out(difference, "difference")?) };
        difference.write(Amount::from(a).checked_sub(b.into())?.into());
        Ok(())
    })
}

/// How two amounts compare: `*order` becomes -1, 0 or 1 as `a` is less than, equal to or more than `b`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_amount_compare(
    a: *const fabstir_amount,
    b: *const fabstir_amount,
    order: *mut i32,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (a, b, order) = unsafe { (read(a, "a")?, read(b, "b")?, out(order, "order")?) };
        order.write(a.bytes.cmp(&b.bytes) as i32);
        Ok(())
    })
}
