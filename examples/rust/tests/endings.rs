//! Sessions that end badly, or are meant to: renters who leave without paying, strangers, a chain or a disk that fails.

mod common;

use alloy_primitives::{Address, B256};
use common::{Raw, deposit, lock, market};
use fabstir_chain::anvil::dev_key;
use fabstir_client::{Event, Renter};
use fabstir_core::{
    abi::ISessionMarket::Status,
    amount::Amount,
    messages::{Open, Signed},
    signature::SigningKey,
    wire::{self, ClientMessage, HostMessage},
};
use fabstir_examples::LocalMarket;
use fabstir_host::{Host, HostConfig};
use std::time::Duration;
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};

/// The market's host, started again with other settings.
async fn restart(market: &mut LocalMarket, change: impl FnOnce(&mut HostConfig)) {
    market.stop_host().await;
    let mut config = market.host_config.clone();
    change(&mut config);
    let host = Host::start(config, market.signer_wallet.clone(), dev_key(2).unwrap()).await.unwrap();
    market.host = Some(host);
}

/// Waits until a session has been completed; how much was settled.
async fn completed(market: &LocalMarket, id: alloy_primitives::U256) -> Amount {
    for _ in 0..150 {
        let details = market.renter.chain().session_details(id).await.unwrap();
        if details.status == Status::Completed {
            return Amount::from(details.settled);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the host does not end the session");
}

/// The chain is gone for good.
fn stop_process(id: u32) {
    let status = std::process::Command::new("kill").arg("-KILL").arg(id.to_string()).status().unwrap();
    assert!(status.success());
}

fn resume(session: &common::Locked, challenge: B256, key: &SigningKey) -> ClientMessage {
    let open = Open { sessionId: session.id, challenge, channelKey: B256::ZERO };
    let signature = open.sign(&session.domain, key);
    ClientMessage::Resume(wire::Resume {
        session_id: session.id,
        channel_key: B256::ZERO,
        signature,
        turns: 0,
        head: B256::ZERO,
        checkpoint: 0,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renter_who_cancels_on_chain_and_withholds_its_voucher_is_not_served_on() {
    let market = market().await;
    let session = lock(&market, deposit().deposit, |_| {}).await;
    let (mut raw, _) = Raw::opened(&session).await;
    raw.prompt(1, "Who is the baker?", 32).await;
    raw.until(|message| matches!(message, HostMessage::Done(_))).await;
    // Everything was delivered, nothing is vouched for, and the connection stays.
    market.renter.wallet().cancel(&session.terms, common::nothing_signed()).await.unwrap();
    let last = raw.until(|message| matches!(message, HostMessage::Error(_))).await;
    assert!(matches!(last.last(), Some(HostMessage::Error(told)) if told.code == "session_not_active"), "{last:?}");
    let mut again = Raw::greeted(&session.url).await;
    let message = resume(&session, again.challenge, &session.key);
    again.send(&message).await;
    assert!(["session_not_active", "unknown_session"].contains(&again.refusal().await.as_str()));
    assert_eq!(completed(&market, session.id).await, Amount::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_with_a_session_id_disturbs_nobody() {
    let market = market().await;
    let session = lock(&market, deposit().deposit, |_| {}).await;
    let (mut raw, _) = Raw::opened(&session).await;
    for _ in 0..3 {
        let mut stranger = Raw::greeted(&session.url).await;
        let message = resume(&session, stranger.challenge, &SigningKey::from_bytes(&[0x55; 32]).unwrap());
        stranger.send(&message).await;
        assert_eq!(stranger.refusal().await, "wrong_signer");
    }
    raw.prompt(1, "Who is the baker?", 32).await;
    let all = raw.until(|message| matches!(message, HostMessage::Done(_) | HostMessage::Error(_))).await;
    assert!(matches!(all.last(), Some(HostMessage::Done(_))), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_owner_takes_a_session_over_from_a_connection_that_still_lives() {
    let market = market().await;
    let session = lock(&market, deposit().deposit, |_| {}).await;
    let (mut old, opened) = Raw::opened(&session).await;
    let mut new = Raw::greeted(&session.url).await;
    let ClientMessage::Resume(mut message) = resume(&session, new.challenge, &session.key) else { unreachable!() };
    message.head = fabstir_core::transcript::salt(session.id, opened.profile.hash());
    new.send(&ClientMessage::Resume(message)).await;
    assert!(matches!(new.receive().await, HostMessage::Resumed(_)));
    assert_eq!(old.refusal().await, "session_busy");
    assert!(old.try_receive().await.is_none());
    new.prompt(1, "Who is the baker?", 8).await;
    new.until(|message| matches!(message, HostMessage::Done(_))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_right_after_the_start_is_seen() {
    let mut market = market().await;
    restart(&mut market, |_| {}).await;
    let offer = market.offer(Address::ZERO).await.unwrap();
    let session = market.renter.open(&offer, &deposit()).await.unwrap();
    market.renter.cancel(session.id()).await.unwrap();
    assert_eq!(completed(&market, session.id()).await, Amount::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cannot_see_the_chain_serves_nothing_new() {
    let mut market = market().await;
    restart(&mut market, |config| config.blindness = Duration::from_secs(4)).await;
    let offer = market.offer(Address::ZERO).await.unwrap();
    let mut session = market.renter.open(&offer, &deposit()).await.unwrap();
    session.prompt("Who are you?", Renter::params()).await.unwrap().text().await.unwrap();
    stop_process(market.anvil.process_id());
    let mut refused = None;
    for _ in 0..50 {
        let mut answer = session.prompt("Who are you?", Renter::params()).await.unwrap();
        if let Err(error) = answer.text().await {
            refused = Some(error.code().name());
            break;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(refused, Some("rpc_unavailable"));
    // Nothing can be settled now: gone without a word, as far as the journal goes.
    market.host.take().unwrap().abandon().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_gas_account_delays_a_settlement_and_loses_nothing() {
    let market = market().await;
    let offer = market.offer(Address::ZERO).await.unwrap();
    let mut session = market.renter.open(&offer, &deposit()).await.unwrap();
    session.prompt("Who are you?", Renter::params()).await.unwrap().text().await.unwrap();
    let (id, owed, signer) = (session.id(), session.owed(), market.signer_wallet.address());
    market.anvil.set_balance(signer, Amount::ZERO).await.unwrap();
    market.renter.cancel(id).await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(market.renter.chain().session_details(id).await.unwrap().status, Status::Active);
    market.anvil.set_balance(signer, Amount::parse_units("1", 18).unwrap()).await.unwrap();
    assert_eq!(completed(&market, id).await, owed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_lost_its_journal_does_not_sign_a_session_twice() {
    let mut market = market().await;
    let session = lock(&market, deposit().deposit, |_| {}).await;
    let (mut raw, _) = Raw::opened(&session).await;
    raw.prompt(1, "Who is the baker?", 8).await;
    raw.until(|message| matches!(message, HostMessage::Done(_))).await;
    market.host.take().unwrap().abandon().await;
    market.anvil.mine(1).await.unwrap();
    let lost = market.files().join("another.redb");
    restart(&mut market, |config| config.journal = lost).await;
    let mut raw = Raw::greeted(&session.url).await;
    let open = raw.open_message(&session, &session.key);
    raw.send(&open).await;
    let HostMessage::Error(refused) = raw.receive().await else { panic!("served") };
    assert_eq!(refused.code, "session_not_active");
    assert!(refused.message.contains("journal"), "{}", refused.message);
    // One opened since is served.
    let offer = market.offer(Address::ZERO).await.unwrap();
    market.renter.open(&offer, &deposit()).await.unwrap().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_open_nothing_are_let_go_however_much_they_say() {
    let mut market = market().await;
    restart(&mut market, |config| {
        (config.opening_patience, config.max_connections) = (Duration::from_secs(1), 4);
    })
    .await;
    let url = market.host.as_ref().unwrap().url();
    // Half-open ones, which never send a request.
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(TcpStream::connect(market.host.as_ref().unwrap().address()).await.unwrap());
    }
    for stream in &mut silent {
        let read = timeout(Duration::from_secs(5), stream.read(&mut [0; 64])).await.expect("let go in time");
        assert!(matches!(read, Ok(0) | Err(_)) || read.is_ok(), "closed, with or without a word");
    }
    // Talkative ones.
    let mut raw = Raw::connect(&url).await;
    let talking = async {
        loop {
            raw.send(&ClientMessage::Ping).await;
            if !matches!(raw.try_receive().await, Some(HostMessage::Pong)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(5), talking).await.expect("let go in time");
    let offer = market.offer(Address::ZERO).await.unwrap();
    let mut session = market.renter.open(&offer, &deposit()).await.unwrap();
    let mut answer = session.prompt("Who are you?", Renter::params()).await.unwrap();
    assert!(matches!(answer.next().await.unwrap(), Some(Event::Accepted { .. })), "there is room for those who do");
}
