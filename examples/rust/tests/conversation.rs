//! Paid conversations, from deposit to refund, and what happens when a connection or a host goes away in the middle.

mod common;

use alloy_primitives::Address;
use common::{deposit, market};
use fabstir_chain::anvil::dev_key;
use fabstir_client::{Event, OpenOptions, Renter, Session};
use fabstir_core::{
    Code,
    abi::ISessionMarket::Status,
    amount::{Amount, Usage},
    inference::FinishReason,
    settlement::{fee_down, gross_down, payable_down},
    wire::Format,
};
use fabstir_examples::LocalMarket;
use fabstir_host::Host;

/// What the host and the fee got, in the coin.
async fn earned(market: &LocalMarket) -> (Amount, Amount) {
    let earnings = market.renter.chain().earnings_of(market.host_wallet.address(), Address::ZERO).await.unwrap();
    (earnings.net, earnings.fee)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_unit_is_accounted_for() {
    let market = market().await;
    let offer = market.offer(Address::ZERO).await.unwrap();
    for format in [Format::Json, Format::Cbor] {
        let before = earned(&market).await;
        let renter = market.renter.clone().with_format(format);
        let mut session = renter.open(&offer, &deposit()).await.unwrap();
        let first = session.prompt("Who are you?", Renter::params()).await.unwrap().text().await.unwrap();
        assert!(!first.trim().is_empty());
        let after_first = session.usage();
        let second = session.prompt("What is two plus three?", Renter::params()).await.unwrap().text().await.unwrap();
        assert!(!second.trim().is_empty());
        assert!(session.usage().input > after_first.input && session.usage().output > after_first.output);
        assert_eq!(session.messages().len(), 4);

        let prices = session.terms().prices();
        let (usage, locked, id) = (session.usage(), session.deposit(), session.id());
        let closing = session.close().await.unwrap();
        let owed = payable_down(usage, prices, locked).unwrap();
        assert_eq!((closing.usage, closing.paid), (usage, owed));
        assert_eq!(closing.refund, locked.checked_sub(owed).unwrap());
        assert!(closing.receipt.is_none(), "the host settles");
        let after = earned(&market).await;
        let fee = fee_down(owed, 1_500);
        assert_eq!(after.1.checked_sub(before.1).unwrap(), fee);
        assert_eq!(after.0.checked_sub(before.0).unwrap(), owed.checked_sub(fee).unwrap());
        assert_eq!(market.renter.chain().session_details(id).await.unwrap().status, Status::Completed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_answer_is_paid_up_to_its_last_token() {
    let market = market().await;
    let offer = market.offer(Address::ZERO).await.unwrap();
    let mut session = market.renter.open(&offer, &deposit()).await.unwrap();
    let (mut tokens, mut reason) = (0_u64, None);
    // Some answers are at their end before the cancellation reaches the host.
    for _ in 0..10 {
        let mut answer = session.prompt("Tell me a long story.", Renter::params()).await.unwrap();
        let mut arrived = 0_u64;
        while let Some(event) = answer.next().await.unwrap() {
            match event {
                Event::Token { .. } => {
                    arrived += 1;
                    if arrived == 2 {
                        answer.cancel().await.unwrap();
                    }
                }
                Event::Done { reason: why, usage } => {
                    assert_eq!(usage.output, arrived);
                    reason = Some(why);
                }
                _ => {}
            }
        }
        tokens += arrived;
        if reason == Some(FinishReason::Cancelled) {
            break;
        }
    }
    assert_eq!(reason, Some(FinishReason::Cancelled));
    assert_eq!(session.usage().output, tokens);
    // The conversation goes on after it.
    let next = session.prompt("Who are you?", Renter::params()).await.unwrap().text().await.unwrap();
    assert!(!next.is_empty());
    let usage = session.usage();
    assert_eq!(session.close().await.unwrap().usage, usage);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cleared_conversation_begins_anew_and_is_billed_as_new() {
    let market = market().await;
    let offer = market.offer(Address::ZERO).await.unwrap();
    let mut session = market.renter.open(&offer, &deposit()).await.unwrap();
    session.clear().await.unwrap();
    session.prompt("Who is the baker?", Renter::params()).await.unwrap().text().await.unwrap();
    let first = session.usage();
    session.clear().await.unwrap();
    assert!(session.messages().is_empty());
    session.disconnect();
    session.prompt("Who is the baker?", Renter::params()).await.unwrap().text().await.unwrap();
    let second = session.usage();
    assert_eq!(second.input - first.input, first.input, "the template begins again, and nothing else is fed");
    assert_eq!(session.messages().len(), 2);
    assert_eq!(session.close().await.unwrap().usage, second);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_dropped_is_cleared_away() {
    let market = market().await;
    let offer = market.offer(Address::ZERO).await.unwrap();
    let mut session = market.renter.open(&offer, &deposit()).await.unwrap();
    session.prompt("Tell me a long story.", Renter::params()).await.unwrap().next().await.unwrap();
    let text = session.prompt("Who are you?", Renter::params()).await.unwrap().text().await.unwrap();
    assert!(!text.is_empty());
    session.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_is_resumed_and_nothing_is_billed_twice() {
    let market = market().await;
    let offer = market.offer(Address::ZERO).await.unwrap();
    let mut session = market.renter.open(&offer, &deposit()).await.unwrap();
    // Between two answers.
    session.prompt("Who are you?", Renter::params()).await.unwrap().text().await.unwrap();
    session.disconnect();
    let text = session.prompt("What is two plus three?", Renter::params()).await.unwrap().text().await.unwrap();
    assert!(!text.is_empty());

    // In the middle of one: what had been sampled is offered again, the caller sees each token once.
    let mut stopped = false;
    for _ in 0..10 {
        let before = session.usage();
        let (seen, resumed, reason, usage) = drop_and_resume(&mut session, 2).await;
        assert!(resumed);
        assert_eq!((usage.output, session.usage().output - before.output), (seen, seen));
        // Some answers are at their end before the host learns of the drop.
        stopped |= reason == FinishReason::Cancelled;
        if stopped {
            break;
        }
    }
    assert!(stopped, "the host stops when its client is gone");

    let (usage, prices, locked) = (session.usage(), session.terms().prices(), session.deposit());
    let closing = session.close().await.unwrap();
    assert_eq!(closing.usage, usage);
    assert_eq!(closing.paid, payable_down(usage, prices, locked).unwrap());
}

/// One answer whose connection drops after some tokens: how many arrived, whether it was resumed, how it ended.
async fn drop_and_resume(session: &mut Session, after: u64) -> (u64, bool, FinishReason, Usage) {
    let mut answer = session.prompt("Tell me a long story.", Renter::params()).await.unwrap();
    let (mut seen, mut resumed, mut done) = (0_u64, false, None);
    while let Some(event) = answer.next().await.unwrap() {
        match event {
            Event::Token { .. } => {
                seen += 1;
                if seen == after {
                    answer.disconnect();
                }
            }
            Event::Resumed => resumed = true,
            Event::Done { reason, usage } => done = Some((reason, usage)),
            _ => {}
        }
    }
    let (reason, usage) = done.unwrap();
    (seen, resumed, reason, usage)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deposit_ends_the_answer_and_a_top_up_lets_it_go_on() {
    // Dear enough for the smallest deposit to buy a few dozen tokens.
    let coin = fabstir_core::amount::Prices::new(1_000_000_000_000_000_000, 5_000_000_000_000_000_000);
    let options = fabstir_examples::MarketOptions { coin, ..Default::default() };
    let market = common::market_with(options).await;
    let offer = market.offer(Address::ZERO).await.unwrap();
    let smallest = Amount::from(200_000_000_000_000_u64);
    let mut session = market.renter.open(&offer, &OpenOptions::new(smallest)).await.unwrap();
    let mut reason = None;
    for _ in 0..40 {
        let mut answer = session.prompt("Tell me a long story.", Renter::params()).await.unwrap();
        while let Some(event) = answer.next().await.unwrap() {
            if let Event::Done { reason: why, .. } = event {
                reason = Some(why);
            }
        }
        if reason == Some(FinishReason::Credit) {
            break;
        }
    }
    assert_eq!(reason, Some(FinishReason::Credit));
    let usage = session.usage();
    assert!(gross_down(usage, session.terms().prices()).unwrap() <= smallest);
    let one_more = Usage::new(usage.input, usage.output + 1);
    assert!(gross_down(one_more, session.terms().prices()).unwrap() > smallest, "it stops at the end");
    let error = session.prompt("And then?", Renter::params()).await.unwrap().text().await.unwrap_err();
    assert_eq!(error.code(), Code::DepositExhausted);

    session.top_up(Amount::from(400_000_000_000_000_u64)).await.unwrap();
    let text = session.prompt("Who are you?", Renter::params()).await.unwrap().text().await.unwrap();
    assert!(!text.is_empty());
    let locked = session.deposit();
    let closing = session.close().await.unwrap();
    assert_eq!(closing.paid.checked_add(closing.refund).unwrap(), locked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_stops_settles_and_the_renter_learns_it() {
    let mut market = market().await;
    let offer = market.offer(Address::ZERO).await.unwrap();
    let mut session = market.renter.open(&offer, &deposit()).await.unwrap();
    session.prompt("Who are you?", Renter::params()).await.unwrap().text().await.unwrap();
    let (id, owed) = (session.id(), session.owed());
    market.stop_host().await;
    let details = market.renter.chain().session_details(id).await.unwrap();
    assert_eq!(details.status, Status::Completed);
    assert_eq!(Amount::from(details.settled), owed);
    let error = match session.prompt("Who are you?", Renter::params()).await {
        Ok(mut answer) => answer.text().await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.code(), Code::ConnectionLost);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_host_brings_the_vouchers_of_its_journal_to_the_chain() {
    let mut market = market().await;
    let offer = market.offer(Address::ZERO).await.unwrap();
    let mut session = market.renter.open(&offer, &deposit()).await.unwrap();
    session.prompt("Who are you?", Renter::params()).await.unwrap().text().await.unwrap();
    let (id, owed) = (session.id(), session.owed());
    // The host takes the second prompt only after the voucher for the first answer is in its journal.
    session.prompt("Who are you?", Renter::params()).await.unwrap().text().await.unwrap();
    // Gone without a word: the journal is all that is left.
    market.host.take().unwrap().abandon().await;
    assert_eq!(market.renter.chain().session_details(id).await.unwrap().status, Status::Active);
    let host =
        Host::start(market.host_config.clone(), market.signer_wallet.clone(), dev_key(2).unwrap()).await.unwrap();
    host.settled().await;
    let details = market.renter.chain().session_details(id).await.unwrap();
    assert_eq!(details.status, Status::Completed);
    let settled = Amount::from(details.settled);
    assert!(owed <= settled && settled <= session.owed(), "all but what was on its way");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renter_leaves_a_host_that_is_gone() {
    let mut market = market().await;
    let offer = market.offer(Address::ZERO).await.unwrap();
    let mut session = market.renter.open(&offer, &deposit()).await.unwrap();
    session.prompt("Who are you?", Renter::params()).await.unwrap().text().await.unwrap();
    let (id, owed, locked) = (session.id(), session.owed(), session.deposit());
    market.host.take().unwrap().abandon().await;
    drop(session);
    let early = market.renter.time_out(id).await.unwrap_err();
    assert_eq!(early.code(), Code::Reverted);
    assert!(early.to_string().contains("SessionMarket_NotOver"), "{early}");
    market.renter.cancel(id).await.unwrap();
    market.anvil.increase_time(3_601).await.unwrap();
    market.anvil.mine(1).await.unwrap();
    market.renter.time_out(id).await.unwrap();
    let details = market.renter.chain().session_details(id).await.unwrap();
    assert_eq!((details.status, Amount::from(details.settled)), (Status::TimedOut, owed));
    assert!(owed < locked);
    let (net, fee) = earned(&market).await;
    assert_eq!(net.checked_add(fee).unwrap(), owed);
}

/// Waits until the chain knows that a session has ended.
async fn ended(market: &LocalMarket, id: alloy_primitives::U256) -> Amount {
    for _ in 0..100 {
        let details = market.renter.chain().session_details(id).await.unwrap();
        if details.status != Status::Active {
            assert_eq!(details.status, Status::Completed, "by the host");
            return Amount::from(details.settled);
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("the host does not end the session");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_on_chain_ends_the_session_at_its_host() {
    let market = market().await;
    let offer = market.offer(Address::ZERO).await.unwrap();
    let mut session = market.renter.open(&offer, &deposit()).await.unwrap();
    session.prompt("Who are you?", Renter::params()).await.unwrap().text().await.unwrap();
    let (id, owed) = (session.id(), session.owed());
    market.renter.cancel(id).await.unwrap();
    assert_eq!(ended(&market, id).await, owed);
    let error = match session.prompt("Who are you?", Renter::params()).await {
        Ok(mut answer) => answer.text().await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.code(), Code::SessionNotActive);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_time_is_over_is_settled_within_its_grace() {
    let market = market().await;
    let offer = market.offer(Address::ZERO).await.unwrap();
    let mut session = market.renter.open(&offer, &deposit()).await.unwrap();
    session.prompt("Who are you?", Renter::params()).await.unwrap().text().await.unwrap();
    let (id, owed) = (session.id(), session.owed());
    market.anvil.increase_time(3_601).await.unwrap();
    market.anvil.mine(1).await.unwrap();
    assert_eq!(ended(&market, id).await, owed);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unconfirmed_deposit_buys_one_window() {
    let mut market = market().await;
    market.stop_host().await;
    let mut config = market.host_config.clone();
    (config.confirmations, config.credit_tokens, config.checkpoint_tokens) = (50, 40, 8);
    config.voucher_patience = std::time::Duration::from_secs(1);
    market.host = Some(Host::start(config, market.signer_wallet.clone(), dev_key(2).unwrap()).await.unwrap());
    let offer = market.offer(Address::ZERO).await.unwrap();
    let mut session = market.renter.open(&offer, &deposit()).await.unwrap();
    let prices = session.terms().prices();
    let window = gross_down(Usage::new(0, 40), prices).unwrap();
    session.prompt("Tell me a long story.", Renter::params()).await.unwrap().text().await.unwrap();
    assert!(session.owed() <= window, "paid for or not");
    market.anvil.mine(50).await.unwrap();
    session.prompt("Tell me a long story.", Renter::params()).await.unwrap().text().await.unwrap();
    assert!(session.owed() > window);
    session.close().await.unwrap();
}
