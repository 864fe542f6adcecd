use super::*;
use crate::amount::Prices;
use alloy_primitives::B256;
use proptest::prelude::*;

const RENTER: Address = Address::repeat_byte(1);
const HOST: Address = Address::repeat_byte(2);
const SIGNER: Address = Address::repeat_byte(3);
const PROOFS: Address = Address::repeat_byte(5);
const STRANGER: Address = Address::repeat_byte(6);

const NOW: u64 = 1_800_000_000;
const EXPIRY: u64 = NOW + 86_400;
const GRACE: u64 = 3_600;
const DEPOSIT: u128 = 1_000_000;
const MAX_DEPOSIT: Amount = Amount::MAX_U96;

/// One base unit for each token sampled, none for those fed.
fn terms() -> Terms {
    Terms {
        renter: RENTER,
        host: HOST,
        hostSigner: SIGNER,
        voucherSigner: Address::repeat_byte(4),
        token: Address::repeat_byte(7),
        modelId: B256::repeat_byte(8),
        inputPrice: 0,
        outputPrice: 1_000_000,
        expiresAt: EXPIRY,
        grace: GRACE as u32,
        feeBps: 1_500,
        cancelBps: 500,
        proofCap: 300_000,
        salt: U256::ZERO,
    }
}

fn market() -> Market {
    Market {
        fee_bps: 1_500,
        paused: false,
        min_deposit: amount(100),
        max_deposit: amount(10 * DEPOSIT),
        proof_system: PROOFS,
    }
}

fn offer() -> Offer {
    Offer { signer: SIGNER, floors: Prices::new(0, 1_000_000) }
}

fn amount(units: u128) -> Amount {
    Amount::from(units)
}

fn opening(terms: Terms) -> Opening {
    let funding = Funding::Wallet { caller: terms.renter };
    Opening { terms, deposit: amount(DEPOSIT), funding, quote: None }
}

fn open() -> Session {
    Session::open(opening(terms()), &market(), &offer(), NOW).expect("opens")
}

/// A session with this many tokens settled.
fn settled(tokens: u64) -> Session {
    let mut session = open();
    let _ = session.apply(voucher(tokens), NOW).expect("settles");
    session
}

const fn tokens(output: u64) -> Usage {
    Usage::new(0, output)
}

const fn voucher(output: u64) -> Event {
    Event::Settle { usage: tokens(output) }
}

const fn cancel(output: u64) -> Event {
    Event::Cancel { caller: RENTER, usage: tokens(output), request: None }
}

const fn extend(hours: u16) -> Event {
    Event::Extend { caller: RENTER, amount: Amount::ZERO, hours, max_deposit: MAX_DEPOSIT }
}

fn paid(host: u128, fee: u128, refund: u128) -> Result<Effects, Code> {
    Ok(Effects { host: amount(host), fee: amount(fee), refund: amount(refund), refund_to_balance: false })
}

/// Applies an event; a refusal must change nothing.
fn apply(session: &mut Session, event: Event, now: u64) -> Result<Effects, Code> {
    let before = session.clone();
    session.apply(event, now).map_err(|error| {
        assert_eq!(*session, before, "{event:?} was refused and changed something");
        error.code()
    })
}

fn open_code(change: impl FnOnce(&mut Opening, &mut Market, &mut Offer)) -> Result<(), Code> {
    let (mut opening, mut market, mut offer) = (opening(terms()), market(), offer());
    change(&mut opening, &mut market, &mut offer);
    Session::open(opening, &market, &offer, NOW).map(|_| ()).map_err(|error| error.code())
}

#[test]
fn opens_within_the_rules() {
    let session = open();
    assert_eq!(session.status(), Status::Active);
    assert_eq!((session.deposit(), session.settled()), (amount(DEPOSIT), Amount::ZERO));
    assert_eq!((session.expires_at(), session.timeout_at()), (EXPIRY, EXPIRY + GRACE));
    assert_eq!(open_code(|_, _, _| ()), Ok(()));
}

#[test]
fn terms_out_of_bounds_are_not_opened() {
    type Change = fn(&mut Terms);
    let bad: [(Change, Code); 14] = [
        (|t| t.renter = Address::ZERO, Code::Unauthorized),
        (|t| t.host = Address::ZERO, Code::BadTerms),
        (|t| t.hostSigner = Address::ZERO, Code::BadTerms),
        (|t| t.voucherSigner = Address::ZERO, Code::BadTerms),
        (|t| t.outputPrice = 0, Code::BadTerms),
        (|t| t.cancelBps = 501, Code::BadTerms),
        (|t| t.feeBps = 1_499, Code::BadTerms),
        (|t| t.expiresAt = NOW, Code::BadTerms),
        (|t| t.expiresAt = NOW + MAX_DURATION + 1, Code::BadTerms),
        (|t| t.grace = MIN_GRACE - 1, Code::BadTerms),
        (|t| t.grace = MAX_GRACE + 1, Code::BadTerms),
        (|t| t.hostSigner = STRANGER, Code::WrongHost),
        (|t| t.outputPrice = 999_999, Code::PriceTooLow),
        (|t| t.renter = STRANGER, Code::Unauthorized),
    ];
    for (number, (change, code)) in bad.into_iter().enumerate() {
        assert_eq!(open_code(|o, _, _| change(&mut o.terms)), Err(code), "case {number}");
    }
    assert_eq!(open_code(|o, _, _| o.terms.expiresAt = NOW + MAX_DURATION), Ok(()));
    assert_eq!(open_code(|o, _, _| o.terms.expiresAt = NOW + 1), Ok(()));
}

#[test]
fn market_and_registry_decide_too() {
    assert_eq!(open_code(|_, m, _| m.paused = true), Err(Code::MarketPaused));
    assert_eq!(open_code(|_, m, _| m.max_deposit = Amount::ZERO), Err(Code::BadTerms));
    assert_eq!(open_code(|o, _, _| o.deposit = amount(99)), Err(Code::BadTerms));
    assert_eq!(open_code(|o, _, _| o.deposit = amount(10 * DEPOSIT + 1)), Err(Code::BadTerms));
    assert_eq!(open_code(|_, _, r| r.signer = Address::ZERO), Err(Code::WrongHost));
    assert_eq!(open_code(|_, _, r| r.floors = Prices::new(1, 1)), Err(Code::PriceTooLow));
    assert_eq!(open_code(|_, _, r| r.floors = Prices::new(0, 0)), Err(Code::PriceTooLow));
}

#[test]
fn a_quote_stands_in_for_the_floors_only() {
    let quoted = |quote| open_code(|o, _, r| (o.quote, r.floors) = (Some(quote), Prices::new(1, 1)));
    assert_eq!(quoted(NOW), Ok(()));
    assert_eq!(quoted(NOW - 1), Err(Code::Expired));
    let inactive = open_code(|o, _, r| (o.quote, r.signer) = (Some(NOW), Address::ZERO));
    assert_eq!(inactive, Err(Code::WrongHost));
}

#[test]
fn orders_open_for_the_renter_until_their_deadline() {
    let funded = |funding| open_code(|o, _, _| o.funding = funding);
    assert_eq!(funded(Funding::Wallet { caller: STRANGER }), Err(Code::Unauthorized));
    assert_eq!(funded(Funding::Balance { deadline: NOW }), Ok(()));
    assert_eq!(funded(Funding::Balance { deadline: NOW - 1 }), Err(Code::Expired));
    assert_eq!(funded(Funding::Signed { deadline: NOW }), Ok(()));
    assert_eq!(funded(Funding::Signed { deadline: NOW - 1 }), Err(Code::Expired));
    let coin = |funding| open_code(|o, _, _| (o.terms.token, o.funding) = (Address::ZERO, funding));
    assert_eq!(coin(Funding::Signed { deadline: NOW }), Err(Code::BadTerms));
    assert_eq!(coin(Funding::Balance { deadline: NOW }), Ok(()));
}

#[test]
fn the_renter_makes_an_id_unusable() {
    assert!(Session::invalidated(terms(), STRANGER).is_err());
    let mut session = Session::invalidated(terms(), RENTER).expect("the renter may");
    assert_eq!(session.status(), Status::Invalidated);
    assert_eq!(apply(&mut session, voucher(1), NOW), Err(Code::SessionNotActive));
}

#[test]
fn vouchers_pay_the_difference_and_never_go_back() {
    let mut session = open();
    assert_eq!(apply(&mut session, voucher(1_000), NOW), paid(850, 150, 0));
    assert_eq!(apply(&mut session, voucher(1_000), NOW), Err(Code::VoucherBackwards));
    assert_eq!(apply(&mut session, voucher(999), NOW), Err(Code::VoucherBackwards));
    assert_eq!(apply(&mut session, voucher(1_010), NOW), paid(9, 1, 0));
    // Above the deposit: up to it, and nothing more after that.
    assert_eq!(apply(&mut session, voucher(u64::MAX), NOW), paid(849_141, 149_849, 0));
    assert_eq!(session.unspent(), Amount::ZERO);
    assert_eq!(apply(&mut session, voucher(u64::MAX), NOW), Err(Code::VoucherBackwards));
}

#[test]
fn the_host_ends_it_with_a_voucher_or_none() {
    for caller in [HOST, SIGNER] {
        let mut session = settled(1_000);
        let event = Event::Complete { caller, voucher: Some(tokens(2_000)) };
        assert_eq!(apply(&mut session, event, NOW), paid(850, 150, DEPOSIT - 2_000));
        assert_eq!(session.status(), Status::Completed);
        assert_eq!(session.deposit(), session.settled());
        assert_eq!(apply(&mut session, event, NOW), Err(Code::SessionNotActive));
    }
    for voucher in [None, Some(tokens(1_000)), Some(tokens(0))] {
        let event = Event::Complete { caller: HOST, voucher };
        assert_eq!(apply(&mut settled(1_000), event, NOW), paid(0, 0, DEPOSIT - 1_000));
    }
    for caller in [RENTER, STRANGER] {
        let event = Event::Complete { caller, voucher: None };
        assert_eq!(apply(&mut open(), event, NOW), Err(Code::Unauthorized));
    }
}

#[test]
fn a_close_needs_the_renter_or_its_voucher_for_the_same_counts() {
    let close = |caller, voucher, deadline| {
        let event = Event::CompleteWithClose { caller, close: tokens(2_000), deadline, voucher };
        apply(&mut settled(1_000), event, NOW)
    };
    let done = paid(850, 150, DEPOSIT - 2_000);
    assert_eq!(close(RENTER, None, NOW), done);
    assert_eq!(close(RENTER, Some(tokens(2_000)), NOW), done);
    assert_eq!(close(STRANGER, Some(tokens(2_000)), NOW), done);
    assert_eq!(close(STRANGER, None, NOW), Err(Code::Unauthorized));
    assert_eq!(close(HOST, None, NOW), Err(Code::Unauthorized));
    assert_eq!(close(STRANGER, Some(tokens(2_001)), NOW), Err(Code::WrongHead));
    assert_eq!(close(RENTER, Some(tokens(1_999)), NOW), Err(Code::WrongHead));
    assert_eq!(close(RENTER, None, NOW - 1), Err(Code::Expired));
}

#[test]
fn a_stale_close_pays_nothing_back() {
    let mut session = settled(3_000);
    let close = tokens(2_000);
    let event = Event::CompleteWithClose { caller: RENTER, close, deadline: NOW, voucher: None };
    assert_eq!(apply(&mut session, event, NOW), paid(0, 0, DEPOSIT - 3_000));
}

#[test]
fn leaving_settles_and_starts_the_grace_period() {
    let mut session = open();
    assert_eq!(apply(&mut session, cancel(1_000), NOW), paid(850, 150, 0));
    assert_eq!(session.closing_at(), Some(NOW + GRACE));
    assert_eq!(apply(&mut session, cancel(1_000), NOW), Err(Code::AlreadyClosing));
    // A late voucher is still paid.
    assert_eq!(apply(&mut session, voucher(2_000), NOW + GRACE), paid(850, 150, 0));
    assert_eq!(apply(&mut session, Event::Timeout, NOW + GRACE - 1), Err(Code::NotOver));
    assert_eq!(apply(&mut session, Event::Timeout, NOW + GRACE), paid(0, 0, DEPOSIT - 2_000));
    assert_eq!(session.status(), Status::TimedOut);
    assert_eq!(session.closing_at(), None);
}

#[test]
fn others_cancel_with_a_request_until_an_extension() {
    let by = |caller, request| Event::Cancel { caller, usage: tokens(0), request };
    assert_eq!(apply(&mut open(), by(STRANGER, None), NOW), Err(Code::Unauthorized));
    assert_eq!(apply(&mut open(), by(STRANGER, Some(NOW - 1)), NOW), Err(Code::Expired));
    assert_eq!(apply(&mut open(), by(STRANGER, Some(NOW)), NOW), paid(0, 0, 0));
    // The renter's own call reads no deadline.
    assert_eq!(apply(&mut open(), by(RENTER, Some(NOW - 1)), NOW), paid(0, 0, 0));

    let mut session = open();
    assert_eq!(apply(&mut session, extend(1), NOW), paid(0, 0, 0));
    assert_eq!(apply(&mut session, by(STRANGER, Some(NOW)), NOW), Err(Code::Unauthorized));
    assert_eq!(apply(&mut session, by(RENTER, None), NOW), paid(0, 0, 0));
}

#[test]
fn nobody_leaves_what_is_over() {
    let end = EXPIRY + GRACE;
    assert_eq!(apply(&mut open(), cancel(0), end), Err(Code::Expired));
    assert_eq!(apply(&mut open(), extend(1), end), Err(Code::Expired));
    // After expiry a cancellation prolongs nothing and leaves nothing early.
    let mut session = settled(500_000);
    assert_eq!(apply(&mut session, cancel(0), end - 1), paid(0, 0, 0));
    assert_eq!(session.timeout_at(), end);
    assert_eq!(apply(&mut session, Event::Timeout, end), paid(0, 0, 500_000));
}

#[test]
fn leaving_early_costs_from_a_tenth_on() {
    let leave = |tokens, terms: Terms| {
        let mut session = Session::open(opening(terms), &market(), &offer(), NOW).expect("opens");
        let _ = apply(&mut session, cancel(tokens), NOW).expect("cancels");
        let fee = session.cancellation_fee();
        (fee, apply(&mut session, Event::Timeout, NOW + GRACE))
    };
    assert_eq!(leave(99_999, terms()), (Amount::ZERO, paid(0, 0, 900_001)));
    // 5 % of 900,000; the market's fee is in it.
    assert_eq!(leave(100_000, terms()), (amount(45_000), paid(38_250, 6_750, 855_000)));
    assert_eq!(leave(1_000_000, terms()), (Amount::ZERO, paid(0, 0, 0)));
    let free = Terms { cancelBps: 0, ..terms() };
    assert_eq!(leave(100_000, free), (Amount::ZERO, paid(0, 0, 900_000)));
}

#[test]
fn nothing_is_due_if_the_clock_or_the_host_ended_it() {
    let mut session = settled(500_000);
    assert_eq!(apply(&mut session, Event::Timeout, EXPIRY + GRACE), paid(0, 0, 500_000));

    let mut session = settled(500_000);
    assert_eq!(apply(&mut session, cancel(0), NOW), paid(0, 0, 0));
    let complete = Event::Complete { caller: HOST, voucher: None };
    assert_eq!(apply(&mut session, complete, NOW), paid(0, 0, 500_000));
}

#[test]
fn an_extension_disarms_a_cancellation() {
    let mut session = settled(500_000);
    assert_eq!(apply(&mut session, cancel(0), NOW), paid(0, 0, 0));
    assert_eq!(apply(&mut session, extend(0), NOW + GRACE - 1), paid(0, 0, 0));
    assert_eq!(session.timeout_at(), EXPIRY + GRACE);
    assert_eq!(apply(&mut session, Event::Timeout, NOW + GRACE), Err(Code::NotOver));
    assert_eq!(session.cancellation_fee(), Amount::ZERO);
}

#[test]
fn time_and_money_are_added_within_bounds() {
    let mut session = open();
    let by_stranger = Event::Extend { caller: STRANGER, amount: amount(1), hours: 1, max_deposit: MAX_DEPOSIT };
    assert_eq!(apply(&mut session, by_stranger, NOW), Err(Code::Unauthorized));

    let year = (MAX_DURATION / 3_600) as u16;
    assert_eq!(apply(&mut session, extend(year - 24), NOW), paid(0, 0, 0));
    assert_eq!(session.expires_at(), NOW + MAX_DURATION);
    assert_eq!(apply(&mut session, extend(1), NOW), Err(Code::BadTerms));
    assert_eq!(apply(&mut session, extend(u16::MAX), NOW), Err(Code::BadTerms));

    let max_deposit = amount(DEPOSIT + 10);
    let top_up = |units| Event::TopUp { amount: amount(units), max_deposit };
    assert_eq!(apply(&mut session, top_up(11), NOW), Err(Code::BadTerms));
    assert_eq!(apply(&mut session, top_up(10), NOW), paid(0, 0, 0));
    assert_eq!(session.deposit(), max_deposit);
    let more = Event::Extend { caller: RENTER, amount: amount(1), hours: 0, max_deposit };
    assert_eq!(apply(&mut session, more, NOW), Err(Code::BadTerms));
    // Nothing more is no more than a limit lowered since.
    let max_deposit = amount(1);
    let nothing = Event::TopUp { amount: Amount::ZERO, max_deposit };
    assert_eq!(apply(&mut session, nothing, NOW), paid(0, 0, 0));
    let time = Event::Extend { caller: RENTER, amount: Amount::ZERO, hours: 0, max_deposit };
    assert_eq!(apply(&mut session, time, NOW), paid(0, 0, 0));
    let one = Event::TopUp { amount: amount(1), max_deposit };
    assert_eq!(apply(&mut session, one, NOW), Err(Code::BadTerms));
}

#[test]
fn a_top_up_touches_no_clock() {
    let mut session = open();
    assert_eq!(apply(&mut session, cancel(0), NOW), paid(0, 0, 0));
    let top_up = Event::TopUp { amount: amount(5), max_deposit: MAX_DEPOSIT };
    assert_eq!(apply(&mut session, top_up, NOW + 1), paid(0, 0, 0));
    assert_eq!(session.timeout_at(), NOW + GRACE);
}

#[test]
fn holds_stay_within_cap_and_unspent_deposit() {
    let hold = |units| Event::Hold { caller: PROOFS, amount: amount(units) };
    let mut session = open();
    let by_host = Event::Hold { caller: HOST, amount: amount(1) };
    assert_eq!(apply(&mut session, by_host, NOW), Err(Code::Unauthorized));
    assert_eq!(apply(&mut session, hold(300_001), NOW), Err(Code::InsufficientFunds));
    assert_eq!(apply(&mut session, hold(200_000), NOW), paid(0, 0, 0));
    assert_eq!(apply(&mut session, hold(100_001), NOW), Err(Code::InsufficientFunds));
    assert_eq!((session.deposit(), session.held()), (amount(800_000), amount(200_000)));
    // Vouchers cannot reach held money, nor holds settled money.
    assert_eq!(apply(&mut session, voucher(u64::MAX), NOW), paid(680_000, 120_000, 0));
    assert_eq!(apply(&mut session, hold(1), NOW), Err(Code::InsufficientFunds));
    // Held money may come back, so it counts against the largest deposit.
    let full = Event::TopUp { amount: amount(1), max_deposit: amount(DEPOSIT) };
    assert_eq!(apply(&mut session, full, NOW), Err(Code::BadTerms));
}

#[test]
fn held_money_outlives_the_session() {
    let mut session = open();
    let hold = Event::Hold { caller: PROOFS, amount: amount(100_000) };
    let complete = Event::Complete { caller: HOST, voucher: None };
    let pay = |units| Event::PayHeld { caller: PROOFS, amount: amount(units) };
    let release = |units| Event::Release { caller: PROOFS, amount: amount(units) };
    assert_eq!(apply(&mut session, hold, NOW), paid(0, 0, 0));
    assert_eq!(apply(&mut session, release(10_000), NOW), paid(0, 0, 0));
    assert_eq!(session.deposit(), amount(910_000));
    assert_eq!(apply(&mut session, complete, NOW), paid(0, 0, 910_000));

    assert_eq!(apply(&mut session, pay(40_000), NOW), paid(34_000, 6_000, 0));
    assert_eq!((session.deposit(), session.settled()), (amount(40_000), amount(40_000)));
    assert_eq!(apply(&mut session, pay(50_001), NOW), Err(Code::InsufficientFunds));
    assert_eq!(apply(&mut session, release(50_000), NOW), paid(0, 0, 50_000));
    let by_host = Event::PayHeld { caller: HOST, amount: Amount::ZERO };
    assert_eq!(apply(&mut session, by_host, NOW), Err(Code::Unauthorized));
}

#[test]
fn without_a_proof_system_nobody_holds() {
    let market = Market { proof_system: Address::ZERO, ..market() };
    let mut session = Session::open(opening(terms()), &market, &offer(), NOW).expect("opens");
    for caller in [Address::ZERO, HOST, RENTER] {
        let hold = Event::Hold { caller, amount: amount(1) };
        assert_eq!(apply(&mut session, hold, NOW), Err(Code::Unauthorized));
    }
}

#[test]
fn money_from_the_balance_goes_back_to_it() {
    let funding = Funding::Balance { deadline: NOW };
    let opening = Opening { funding, ..opening(terms()) };
    let mut session = Session::open(opening, &market(), &offer(), NOW).expect("opens");
    let effects = apply(&mut session, Event::Timeout, EXPIRY + GRACE).expect("over");
    assert!(effects.refund_to_balance);
    assert_eq!(effects.refund, amount(DEPOSIT));
}

#[test]
fn views_are_the_contracts() {
    let mut session = settled(500_000);
    assert_eq!(apply(&mut session, cancel(0), NOW), paid(0, 0, 0));
    let details = session.details().expect("fits");
    assert_eq!(details.status, ISessionMarket::Status::Active);
    assert_eq!(U256::from(details.closingAt), U256::from(NOW + GRACE));
    assert_eq!(U256::from(details.deposit), U256::from(DEPOSIT));
    let metrics = session.metrics(U256::from(9));
    assert_eq!((metrics.hostPaid, metrics.feePaid), (U256::from(425_000), U256::from(75_000)));
    assert_eq!((metrics.expiresAt, metrics.timeoutAt), (EXPIRY, NOW + GRACE));
    assert_eq!(metrics.cancellationFee, U256::from(25_000));
}

fn any_event() -> impl Strategy<Value = Event> {
    let caller = prop::sample::select(vec![RENTER, HOST, SIGNER, PROOFS, STRANGER]);
    let money = (0..DEPOSIT / 2).prop_map(amount);
    let usage = (0..2 * DEPOSIT as u64).prop_map(tokens);
    let max_deposit = amount(3 * DEPOSIT);
    let (maybe, deadline) = (prop::option::of(usage.clone()), NOW..NOW + 200_000);
    prop_oneof![
        4 => usage.clone().prop_map(|usage| Event::Settle { usage }),
        1 => (caller.clone(), maybe.clone())
            .prop_map(|(caller, voucher)| Event::Complete { caller, voucher }),
        1 => (caller.clone(), usage.clone(), deadline.clone(), any::<bool>()).prop_map(
            |(caller, close, deadline, shown)| Event::CompleteWithClose {
                caller, close, deadline, voucher: shown.then_some(close),
            }
        ),
        2 => (caller.clone(), usage, prop::option::of(deadline))
            .prop_map(|(caller, usage, request)| Event::Cancel { caller, usage, request }),
        2 => (caller.clone(), money.clone(), 0..10_000u16).prop_map(move |(caller, amount, hours)| {
            Event::Extend { caller, amount, hours, max_deposit }
        }),
        1 => money.clone().prop_map(move |amount| Event::TopUp { amount, max_deposit }),
        1 => Just(Event::Timeout),
        2 => (caller.clone(), money.clone())
            .prop_map(|(caller, amount)| Event::Hold { caller, amount }),
        2 => (caller.clone(), money.clone())
            .prop_map(|(caller, amount)| Event::PayHeld { caller, amount }),
        2 => (caller, money).prop_map(|(caller, amount)| Event::Release { caller, amount }),
    ]
}

proptest! {
    #[test]
    fn no_history_makes_or_loses_money(
        events in prop::collection::vec((any_event(), 0..20_000u64), 1..40),
    ) {
        let mut session = open();
        let (mut now, mut money_in, mut money_out) = (NOW, DEPOSIT, Split::default());
        let mut refunds = Amount::ZERO;
        for (event, passes) in events {
            now += passes;
            let before = session.clone();
            let Ok(effects) = apply(&mut session, event, now) else { continue };
            if let Event::Extend { amount, .. } | Event::TopUp { amount, .. } = event {
                money_in += u128::try_from(amount.get()).expect("small");
            }
            money_out.host = money_out.host.checked_add(effects.host).expect("fits");
            money_out.fee = money_out.fee.checked_add(effects.fee).expect("fits");
            refunds = refunds.checked_add(effects.refund).expect("fits");

            // Conservation, to the unit; the split is that of the whole, however it was reached.
            let inside = session.unspent().checked_add(session.held()).expect("fits");
            let out = money_out.total().and_then(|paid| paid.checked_add(refunds)).expect("fits");
            prop_assert_eq!(inside.checked_add(out), Ok(amount(money_in)));
            prop_assert_eq!(money_out, session.paid());
            // What is settled only grows, and stays within the deposit; no session comes back.
            prop_assert!(before.settled() <= session.settled());
            prop_assert!(session.settled() <= session.deposit());
            prop_assert!(before.status() == Status::Active || before.status() == session.status());
        }
        // Exits stay open: whatever happened, its time comes, and the host can end it before.
        if session.status() == Status::Active {
            let end = session.timeout_at();
            prop_assert!(apply(&mut session.clone(), Event::Timeout, end).is_ok());
            let complete = Event::Complete { caller: HOST, voucher: None };
            prop_assert!(apply(&mut session, complete, now).is_ok());
            prop_assert_eq!(session.unspent(), Amount::ZERO);
        }
    }
}
