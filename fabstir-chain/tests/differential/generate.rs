//! Random steps that mean something: near the deposit, around the clock's edges, and wrong in one way at a time.

use crate::{
    history::{Action, Fault, Role, Rule, Setting, Sign, Source},
    model::Model,
};
use alloy_primitives::U256;
use fabstir_core::{
    amount::{Amount, Usage},
    session::{Session, Status},
};
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};

/// One transaction in this many is sent or signed by the wrong one, and in this many with another fault.
const WRONG_ONE_IN: u32 = 8;

pub(crate) const FLOOR: u128 = 1_000;
const HOUR: i64 = 3_600;
const YEAR: i64 = 365 * 24 * HOUR;

fn one_in(rng: &mut StdRng, n: u32) -> bool {
    rng.random_ratio(1, n)
}

fn pick<T: Copy>(rng: &mut StdRng, from: &[T]) -> T {
    *from.choose(rng).expect("a choice")
}

/// Uniform in magnitude, so that small and large are equally likely; `least` if the two are the wrong way round.
fn magnitude(rng: &mut StdRng, least: u128, most: u128) -> u128 {
    let most = most.max(least);
    let (low, high) = ((least.max(1) as f64).ln(), (most.max(1) as f64).ln());
    (rng.random_range(low..=high).exp() as u128).clamp(least, most)
}

/// The session a history is about. `limits` are the smallest and largest deposit. Most can be opened; the others have
/// one thing wrong.
pub(crate) fn setting(rng: &mut StdRng, coin: (Amount, Amount), token: (Amount, Amount)) -> Setting {
    let in_token = rng.random();
    let (min, max) = if in_token { token } else { coin };
    let (min, max) = (to_u128(min), to_u128(max));
    let deposit = if one_in(rng, 8) { pick(rng, &[min, max]) } else { magnitude(rng, min, max / 4) };
    let price = (deposit / magnitude(rng, 1, 20_000_000)).saturating_mul(1_000_000).max(FLOOR);
    let odd = |rng: &mut StdRng, price: u128| match rng.random_range(0..12) {
        0 => FLOOR,
        1 => u128::MAX,
        _ => price + rng.random_range(0..1_000),
    };
    let part = |rng: &mut StdRng| match rng.random_range(0..4) {
        0 => Amount::ZERO,
        1 => deposit.into(),
        2 => magnitude(rng, 1, deposit * 2).into(),
        _ => (deposit * 3).into(),
    };
    let mut setting = Setting {
        in_token,
        refuses: !in_token && one_in(rng, 5),
        lasts: if one_in(rng, 6) { pick(rng, &[YEAR, 60]) } else { magnitude(rng, 2_000, 40 * 24 * 3_600) as i64 },
        grace: if one_in(rng, 2) { 900 } else { magnitude(rng, 900, 7 * 24 * 3_600) as u32 },
        cancel_bps: pick(rng, &[0, 1, 250, 500, 500]),
        fee_off: 0,
        proof_cap: if rng.random() { 0 } else { magnitude(rng, deposit / 8, deposit * 2) },
        input_price: odd(rng, price / 4 + FLOOR),
        output_price: odd(rng, price),
        deposit: deposit.into(),
        balance: part(rng),
        delegate: (part(rng), magnitude(rng, 100, 1_000_000) as u64),
    };
    match rng.random_range(0..80) {
        0 => setting.lasts = pick(rng, &[0, -1, YEAR + 400_000]),
        1 => setting.grace = pick(rng, &[899, 7 * 24 * 3_600 + 1]),
        2 => setting.cancel_bps = 501,
        3 => setting.fee_off = 1,
        4 => setting.deposit = pick(rng, &[0, min - 1, max + 1]).into(),
        5 => setting.output_price = 0,
        6 | 7 => setting.output_price = FLOOR - 1,
        8 => setting.input_price = pick(rng, &[0, FLOOR - 1]),
        _ => {}
    }
    setting
}

fn to_u128(amount: Amount) -> u128 {
    amount.get().saturating_to()
}

/// Seconds to the next block: often right before, at or after a second that one of the sessions waits for.
pub(crate) fn pause<'a>(rng: &mut StdRng, models: impl Iterator<Item = &'a Model>, now: u64) -> u64 {
    let mut edges: Vec<u64> = models
        .filter_map(|model| model.session.as_ref())
        .filter(|session| session.status() == Status::Active)
        .flat_map(|session| [session.timeout_at(), session.expires_at()])
        .filter(|edge| *edge > now + 1)
        .collect();
    edges.sort_unstable();
    // The nearest ones: a jump to the last would end everybody else's session.
    edges.truncate(3);
    if let (true, Some(edge)) = (rng.random_ratio(1, 4), edges.choose(rng)) {
        return edge - now + rng.random_range(0..3) - 1;
    }
    magnitude(rng, 1, 3_000) as u64
}

/// What the owner does, now and then.
pub(crate) fn rule(rng: &mut StdRng) -> Option<Rule> {
    if !one_in(rng, 20) {
        return None;
    }
    Some(match rng.random_range(0..5) {
        0 => Rule::Fee(pick(rng, &[0, 1, 333, 1_500, 3_000])),
        1 | 2 => Rule::Limits { min: pick(rng, &[0, 1_000, 2_000]), max: pick(rng, &[0, 1, 500, 1_000, 1_000]) },
        _ => Rule::Pause(one_in(rng, 4)),
    })
}

/// A transaction, and who sends it; `renew` says that it is about a new session, the one before having ended.
pub(crate) fn step(rng: &mut StdRng, setting: &Setting, model: &Model, now: u64) -> (bool, Role, Action) {
    let ended = model.session.as_ref().is_some_and(|session| session.status() != Status::Active);
    let renew = ended && rng.random_ratio(2, 5);
    let timed_out = model.session.as_ref().is_some_and(|session| !ended && now >= session.timeout_at());
    let kind = if (renew || model.session.is_none()) && rng.random_ratio(9, 10) {
        0
    } else if timed_out && rng.random_ratio(1, 3) {
        8
    } else {
        pick(rng, &[0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 4, 5, 5, 6, 6, 7, 8, 9, 9, 10, 11, 12, 13, 14])
    };
    let (right, action) = of_kind(rng, kind, setting, model);
    let by = if one_in(rng, WRONG_ONE_IN) { pick(rng, &Role::ALL) } else { right };
    (renew, by, action)
}

fn of_kind(rng: &mut StdRng, kind: u8, setting: &Setting, model: &Model) -> (Role, Action) {
    let value_off = one_in(rng, 20);
    let held = model.session.as_ref().map_or(Amount::ZERO, Session::held);
    match kind {
        0 => open(rng, setting),
        1 => (Role::Renter, Action::Invalidate),
        2 => (pick(rng, &Role::ALL), Action::Settle { usage: usage(rng, model), sign: voucher_sign(rng) }),
        3 => {
            let sign = if rng.random() { empty(Role::VoucherSigner) } else { voucher_sign(rng) };
            (pick(rng, &[Role::Host, Role::HostSigner]), Action::Complete { usage: usage(rng, model), sign })
        }
        4 => with_close(rng, model),
        5 => {
            let sign = sign(rng, &[Role::Renter, Role::VoucherSigner]);
            let action = Action::Cancel { usage: usage(rng, model), sign, deadline: deadline(rng) };
            (pick(rng, &[Role::Renter, Role::Stranger]), action)
        }
        6 => {
            let hours = pick(rng, &[0, 1, 1, 2, 24, 24, 8_760, u16::MAX]);
            (Role::Renter, Action::Extend { amount: extra(rng, setting), hours, value_off })
        }
        7 => (pick(rng, &[Role::Renter, Role::Stranger]), Action::TopUp { amount: extra(rng, setting), value_off }),
        8 => (pick(rng, &Role::ALL), Action::Timeout),
        9 => (Role::ProofSystem, Action::Hold { amount: some_of(rng, setting.proof_cap.into()) }),
        10 => (Role::ProofSystem, Action::PayHeld { amount: some_of(rng, held) }),
        11 => (Role::ProofSystem, Action::Release { amount: some_of(rng, held) }),
        12 => (pick(rng, &[Role::Host, Role::Renter]), Action::Withdraw),
        13 => (Role::Renter, Action::WithdrawBalance { amount: some_of(rng, model.books.balance.into()) }),
        _ => (pick(rng, &Role::ALL), Action::SweepFees),
    }
}

fn open(rng: &mut StdRng, setting: &Setting) -> (Role, Action) {
    let source = match rng.random_range(0..6) {
        0..=2 => Source::Balance { order: sign(rng, &[Role::Renter, Role::Delegate]), deadline: deadline(rng) },
        3 if setting.in_token => Source::Permit { order: sign(rng, &[Role::Renter]), deadline: deadline(rng) },
        _ => Source::Wallet,
    };
    let quote =
        (setting.output_price < FLOOR || one_in(rng, 6)).then(|| (sign(rng, &[Role::HostSigner]), deadline(rng)));
    let by = if source == Source::Wallet { Role::Renter } else { pick(rng, &Role::ALL) };
    (by, Action::Open { deposit: setting.deposit, source, quote, value_off: one_in(rng, 20) })
}

fn with_close(rng: &mut StdRng, model: &Model) -> (Role, Action) {
    let close = usage(rng, model);
    let voucher = if one_in(rng, 4) { usage(rng, model) } else { close };
    let sign_voucher = if rng.random() { empty(Role::VoucherSigner) } else { voucher_sign(rng) };
    let by = if sign_voucher.fault == Some(Fault::Empty) { Role::Renter } else { pick(rng, &Role::ALL) };
    let close_sign = sign(rng, &[Role::HostSigner]);
    (by, Action::CompleteWithClose { close, close_sign, deadline: deadline(rng), voucher, sign: sign_voucher })
}

/// Counts worth something around the deposit; sometimes backwards, sometimes absurd.
fn usage(rng: &mut StdRng, model: &Model) -> Usage {
    let (deposit, settled) = match &model.session {
        Some(session) => (to_u128(session.deposit()), to_u128(session.settled())),
        None => (1_000_000, 0),
    };
    let target = match rng.random_range(0..10) {
        0 => return Usage::new(rng.random(), rng.random()),
        1 => return Usage::new(u64::MAX, u64::MAX),
        2 => settled,
        3 => rng.random_range(0..=settled),
        4 => deposit,
        5 => rng.random_range(0..=deposit.saturating_mul(2)),
        // A part of what is left, so that a session lives through many vouchers.
        _ => settled + rng.random_range(0..=deposit.saturating_sub(settled) / 3),
    };
    let input_part = rng.random_range(0..=target);
    let tokens = |worth: u128, price: u128| {
        let exact = U256::from(worth) * U256::from(1_000_000_u64) / U256::from(price.max(1));
        exact.saturating_to::<u64>()
    };
    let nudge = rng.random_range(0..3);
    Usage::new(
        tokens(input_part, model.terms.inputPrice),
        tokens(target - input_part, model.terms.outputPrice).saturating_add(nudge),
    )
}

fn voucher_sign(rng: &mut StdRng) -> Sign {
    sign(rng, &[Role::VoucherSigner])
}

fn sign(rng: &mut StdRng, right: &[Role]) -> Sign {
    let by = if one_in(rng, WRONG_ONE_IN * 2) { pick(rng, &Role::ALL) } else { pick(rng, right) };
    let faults = [Fault::Empty, Fault::Truncated, Fault::HighS, Fault::LowV, Fault::Flipped, Fault::OtherSession];
    Sign { by, fault: one_in(rng, WRONG_ONE_IN * 2).then(|| pick(rng, &faults)) }
}

const fn empty(by: Role) -> Sign {
    Sign { by, fault: Some(Fault::Empty) }
}

/// Seconds from now to a deadline: mostly ahead, sometimes this very second or just past.
fn deadline(rng: &mut StdRng) -> i64 {
    pick(rng, &[600, 600, 600, 600, 600, 600, 600, 86_400, 0, 0, 1, -1])
}

/// Money added to a session.
fn extra(rng: &mut StdRng, setting: &Setting) -> Amount {
    match rng.random_range(0..5) {
        0 => Amount::ZERO,
        1 => Amount::from(1_u64),
        _ => magnitude(rng, 1, to_u128(setting.deposit) * 2).into(),
    }
}

/// Between one and a little more than all of it.
fn some_of(rng: &mut StdRng, all: Amount) -> Amount {
    let all = to_u128(all);
    match rng.random_range(0..4) {
        0 => all.saturating_add(1).into(),
        1 => all.max(1).into(),
        _ => magnitude(rng, 1, all.max(1)).into(),
    }
}
