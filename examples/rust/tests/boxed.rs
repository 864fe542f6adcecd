//! A host from settings: it stakes, publishes, serves, changes its mind and stops.

mod common;

use alloy_primitives::{Address, B256};
use common::{deposit, market};
use fabstir_chain::anvil::dev_key;
use fabstir_client::Renter;
use fabstir_core::{Code, amount::Prices, inference::FinishReason};
use fabstir_examples::LocalMarket;
use fabstir_host::{
    BoxedHost, HostError, HostSettings, ServedModel, TokenPrices,
    queue::{Next, QueueBackend, QueueModel, Request},
};
use std::{sync::Arc, thread, time::Duration};

/// The account of the second host.
const ACCOUNT: usize = 5;

fn settings(market: &LocalMarket, more: &str) -> HostSettings {
    let (rpc, contract) = (market.anvil.rpc_url(), market.deployment.market);
    let journal = market.files().join("second.redb");
    let json = format!(
        r#"{{"rpc": "{rpc}", "market": "{contract}", "journal": "{}", "name": "second"{more}}}"#,
        journal.display()
    );
    HostSettings::from_json(&json).unwrap()
}

async fn start(market: &LocalMarket, more: &str, models: Vec<ServedModel>) -> Result<BoxedHost, HostError> {
    BoxedHost::start(settings(market, more), dev_key(ACCOUNT).unwrap(), None, models).await
}

fn parrot(queue: &QueueBackend, prices: Prices) -> Vec<ServedModel> {
    vec![ServedModel { backend: Arc::new(queue.clone()), prices: vec![TokenPrices { token: Address::ZERO, prices }] }]
}

/// A program that repeats what it is told.
fn repeat(queue: QueueBackend) {
    thread::spawn(move || {
        while let Next::Request(request) = queue.next(Duration::from_secs(600)) {
            if let Request::Answer(answer) = request {
                let said = answer.messages.last().unwrap().content.clone();
                answer.write(said.as_bytes(), Duration::from_secs(5)).unwrap();
                answer.finish(FinishReason::Stop);
            }
        }
    });
}

async fn offered(market: &LocalMarket, model: B256) -> Vec<Prices> {
    let offers = market.renter.hosts(Some(model), None).await.unwrap();
    offers.into_iter().map(|offer| offer.prices).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_become_a_registered_host() {
    let market = market().await;
    let (first, second) =
        (QueueBackend::new(QueueModel::new("one")).unwrap(), QueueBackend::new(QueueModel::new("two")).unwrap());
    let host = start(&market, "", parrot(&first, Prices::new(1_000_000_000_000, 2_000_000_000_000))).await.unwrap();
    // No stake yet.
    assert_eq!(host.register().await.unwrap_err().code(), Code::InsufficientFunds);
    let stake = market.renter.chain().min_stake().await.unwrap();
    market.owner_wallet.transfer(market.deployment.fab, host.account(), stake).await.unwrap();
    assert_eq!(host.register().await.unwrap().len(), 2, "an allowance and the registration");
    assert_eq!(host.register().await.unwrap(), Vec::<B256>::new(), "nothing to change");

    repeat(first.clone());
    let model = host.models()[0].id();
    let offer = market.renter.hosts(Some(model), None).await.unwrap().remove(0);
    assert_eq!((offer.url.clone(), offer.host), (host.url(), host.account()));
    let mut session = market.renter.open(&offer, &deposit()).await.unwrap();
    let text = session.prompt("polly", Renter::params()).await.unwrap().text().await.unwrap();
    assert_eq!((text.as_str(), host.state().connected), ("polly", 1));
    session.close().await.unwrap();
    host.stop().await;

    // The same account comes back with another model, elsewhere.
    let host = start(&market, "", parrot(&second, Prices::new(3_000_000_000_000, 4_000_000_000_000))).await.unwrap();
    assert_eq!(host.register().await.unwrap().len(), 3, "its address, one offer less, one more");
    assert!(offered(&market, model).await.is_empty());
    assert_eq!(offered(&market, host.models()[0].id()).await, [Prices::new(3_000_000_000_000, 4_000_000_000_000)]);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hot_key_alone_serves_and_does_not_register() {
    let market = market().await;
    let queue = QueueBackend::new(QueueModel::new("one")).unwrap();
    let more = format!(r#", "account": "{}""#, market.host_wallet.address());
    let host = start(&market, &more, parrot(&queue, Prices::new(1, 1))).await.unwrap();
    assert_eq!(host.account(), market.host_wallet.address());
    assert_eq!(host.register().await.unwrap_err().code(), Code::InvalidConfig);
    host.stop().await;
    let nothing = start(&market, "", Vec::new()).await.unwrap_err();
    assert_eq!(nothing.code(), Code::InvalidConfig);
    let wrong = start(&market, r#", "chain_id": 1"#, parrot(&queue, Prices::new(1, 1))).await.unwrap_err();
    assert_eq!(wrong.code(), Code::WrongChain);
}
