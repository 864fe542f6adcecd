//! What a renter makes of connections that break and of hosts that break the protocol: its session goes on, or says how.

mod common;
#[path = "common/proxy.rs"]
#[allow(missing_docs, unreachable_pub, missing_debug_implementations, reason = "a tool of this test")]
#[allow(clippy::large_enum_variant, clippy::result_large_err, reason = "one message is held at a time")]
mod proxy;

use alloy_primitives::Address;
use common::{deposit, market};
use fabstir_chain::anvil::dev_key;
use fabstir_client::{Event, Renter, Session};
use fabstir_core::{
    Code,
    abi::ISessionMarket::Status,
    messages::{Close, Signed},
    wire::{self, ClientMessage, HostMessage},
};
use fabstir_examples::LocalMarket;
use proxy::{Act, Heard, Proxy};

const STORY: &str = "Tell me a long story.";

/// A session whose connection goes through a proxy.
async fn through_proxy() -> (LocalMarket, Proxy, Session) {
    let market = market().await;
    let mut offer = market.offer(Address::ZERO).await.unwrap();
    let proxy = Proxy::start(&offer.url).await;
    offer.url = proxy.url.clone();
    let session = market.renter.open(&offer, &deposit()).await.unwrap();
    (market, proxy, session)
}

async fn ask(session: &mut Session) -> Result<String, Code> {
    match session.prompt("Who are you?", Renter::params()).await {
        Ok(mut answer) => answer.text().await.map_err(|error| error.code()),
        Err(error) => Err(error.code()),
    }
}

/// Closes; what is paid must be what arrived.
async fn close(market: &LocalMarket, session: Session) {
    let (id, usage, owed) = (session.id(), session.usage(), session.owed());
    let closing = session.close().await.unwrap();
    assert_eq!((closing.usage, closing.paid), (usage, owed));
    assert_eq!(market.renter.chain().session_details(id).await.unwrap().status, Status::Completed);
}

fn refused(id: Option<u32>, code: Code) -> HostMessage {
    HostMessage::Error(wire::ErrorFrame::new(id, &fabstir_core::Error::coded(code, "the proxy says so")))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_dropped_on_a_dead_connection_is_cleared_away_on_another() {
    let (market, proxy, mut session) = through_proxy().await;
    session.prompt(STORY, Renter::params()).await.unwrap().next().await.unwrap();
    proxy.cut().await;
    assert!(!ask(&mut session).await.unwrap().is_empty());
    assert_eq!(proxy.connections(), 2);
    // Cancelling on a dead connection finds another too.
    let mut answer = session.prompt(STORY, Renter::params()).await.unwrap();
    answer.next().await.unwrap();
    proxy.cut().await;
    answer.cancel().await.unwrap();
    answer.text().await.unwrap();
    assert_eq!(proxy.connections(), 3);
    close(&market, session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_breaks_the_protocol_is_disconnected_and_the_session_goes_on() {
    let (market, proxy, mut session) = through_proxy().await;
    proxy.rule(|heard| match heard {
        Heard::Host(HostMessage::Checkpoint(honest)) => {
            let more = wire::Checkpoint { output_tokens: honest.output_tokens + 1, ..honest.clone() };
            Act::Say(vec![HostMessage::Checkpoint(more)])
        }
        _ => Act::Pass,
    });
    assert_eq!(ask(&mut session).await.unwrap_err(), Code::WrongSigner);
    assert!(session.owed().is_zero() || session.usage().output > 0);
    proxy.rule(|_| Act::Pass);
    assert!(!ask(&mut session).await.unwrap().is_empty());
    assert_eq!(proxy.connections(), 2, "the connection with the lie is gone");
    close(&market, session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_taken_over_is_taken_back_but_not_for_ever() {
    let (market, proxy, mut session) = through_proxy().await;
    let mut seen = 0;
    proxy.rule(move |heard| match heard {
        Heard::Host(HostMessage::Token(_)) => {
            seen += 1;
            if seen == 2 { Act::SayAndCut(vec![refused(None, Code::SessionBusy)]) } else { Act::Pass }
        }
        _ => Act::Pass,
    });
    let mut answer = session.prompt(STORY, Renter::params()).await.unwrap();
    let (mut resumed, mut done) = (0, false);
    while let Some(event) = answer.next().await.unwrap() {
        resumed += usize::from(event == Event::Resumed);
        done |= matches!(event, Event::Done { .. });
    }
    assert_eq!((resumed, done), (1, true));

    proxy.rule(|heard| match heard {
        Heard::Host(HostMessage::Token(_)) => Act::SayAndCut(vec![refused(None, Code::SessionBusy)]),
        _ => Act::Pass,
    });
    assert_eq!(ask(&mut session).await.unwrap_err(), Code::ConnectionLost);
    proxy.rule(|_| Act::Pass);
    assert!(!ask(&mut session).await.unwrap().is_empty());
    close(&market, session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_whose_connection_drops_ends_all_the_same() {
    let (market, proxy, mut session) = through_proxy().await;
    ask(&mut session).await.unwrap();
    // The host has agreed and settles, and the renter does not hear of it.
    proxy.rule(|heard| if matches!(heard, Heard::Host(HostMessage::Closed(_))) { Act::Cut } else { Act::Pass });
    close(&market, session).await;

    let mut offer = market.offer(Address::ZERO).await.unwrap();
    offer.url = proxy.url.clone();
    let mut session = market.renter.open(&offer, &deposit()).await.unwrap();
    ask(&mut session).await.unwrap();
    // The host is never asked, the first time.
    let mut asked = 0;
    proxy.rule(move |heard| {
        let asks = matches!(heard, Heard::Client(ClientMessage::Close));
        asked += u32::from(asks);
        if asks && asked == 1 { Act::Cut } else { Act::Pass }
    });
    close(&market, session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_has_expired_is_refused_before_it_costs_gas() {
    let (market, proxy, mut session) = through_proxy().await;
    ask(&mut session).await.unwrap();
    let (usage, domain) = (session.usage(), market.renter.chain().domain().clone());
    let deadline = market.renter.chain().now().await.unwrap() - 1;
    let close = Close { sessionId: session.id(), inputTokens: usage.input, outputTokens: usage.output, deadline };
    let signature = close.sign(&domain, &dev_key(2).unwrap());
    let closed = wire::Closed { input_tokens: usage.input, output_tokens: usage.output, deadline, signature };
    proxy.rule(move |heard| match heard {
        Heard::Client(ClientMessage::Close) => Act::Say(vec![HostMessage::Closed(closed.clone())]),
        _ => Act::Pass,
    });
    let transactions = market.renter.wallet().spent().transactions;
    assert_eq!(session.close().await.unwrap_err().code(), Code::Expired);
    assert_eq!(market.renter.wallet().spent().transactions, transactions);
}
