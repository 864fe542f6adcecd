//! More renters than the model has places: they wait their turn, nothing is billed that is not answered, and what is
//! not wanted any more is not computed.

mod common;

use alloy_primitives::Address;
use common::deposit;
use fabstir_chain::anvil::{Anvil, AnvilConfig, dev_key};
use fabstir_client::{Event, Renter, Session};
use fabstir_core::{
    Code,
    inference::{Backend, FinishReason},
    wire::Params,
};
use fabstir_examples::{LocalMarket, MarketOptions, TINY_MODEL};
use fabstir_host::{
    Host, HostConfig,
    queue::{Next, QueueBackend, QueueModel, Request},
};
use fabstir_llama::{LlamaBackend, LlamaConfig};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// A market around a model with few places.
async fn market(backend: Arc<dyn Backend>, adjust: impl FnOnce(&mut HostConfig)) -> LocalMarket {
    let anvil = Anvil::start(AnvilConfig::default()).await.expect("anvil: run `cargo xtask setup`");
    let mut market = LocalMarket::with_backend(anvil, backend, MarketOptions::default()).await.unwrap();
    market.stop_host().await;
    adjust(&mut market.host_config);
    let started = Host::start(market.host_config.clone(), market.signer_wallet.clone(), dev_key(2).unwrap()).await;
    market.host = Some(started.unwrap());
    market
}

fn model(adjust: impl FnOnce(&mut LlamaConfig)) -> Arc<LlamaBackend> {
    let mut config = LlamaConfig::new(TINY_MODEL);
    adjust(&mut config);
    Arc::new(LlamaBackend::load(config).expect("the shipped model loads"))
}

async fn open(market: &LocalMarket) -> Session {
    let offer = market.offer(Address::ZERO).await.unwrap();
    market.renter.open(&offer, &deposit()).await.unwrap()
}

/// The same question gives the same four tokens.
fn brief() -> Params {
    let mut params = Renter::params();
    (params.temperature, params.max_tokens) = (0, 4);
    params
}

/// Asks and reads to the end: tokens billed for the prompt, as the host said and as it counts.
async fn ask(session: &mut Session, question: &str, params: Params) -> u64 {
    let mut answer = session.prompt(question, params).await.unwrap();
    let (mut accepted, mut done) = (0, 0);
    while let Some(event) = answer.next().await.unwrap() {
        match event {
            Event::Accepted { input_tokens } => accepted = input_tokens,
            Event::Done { usage, .. } => done = usage.input,
            _ => {}
        }
    }
    assert_eq!(accepted, done);
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn more_renters_than_places_are_all_answered() {
    let market = market(model(|config| config.sequences = 2), |_| {}).await;
    let mut sessions = Vec::new();
    for _ in 0..6 {
        sessions.push(open(&market).await);
    }
    let mut asking = JoinSet::new();
    for mut session in sessions {
        asking.spawn(async move {
            for _ in 0..3 {
                let text = session.prompt("Tell me a story.", Renter::params()).await.unwrap().text().await.unwrap();
                assert!(!text.is_empty());
            }
            session
        });
    }
    let sessions = asking.join_all().await;
    for session in sessions {
        let usage = session.usage();
        assert_eq!(session.close().await.unwrap().usage, usage);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_that_waited_in_vain_is_not_billed() {
    let queue = QueueBackend::new(QueueModel { waiting: 1, ..QueueModel::new("parrot") }).unwrap();
    let patience = Duration::from_millis(300);
    let market = market(Arc::new(queue.clone()), |config| config.seat_patience = patience).await;
    let (mut first, mut second) = (open(&market).await, open(&market).await);
    // No program looks at the queue, which is full now.
    let mut waiting = first.prompt("one", brief()).await.unwrap();
    assert!(matches!(waiting.next().await.unwrap(), Some(Event::Accepted { .. })));
    let error = second.prompt("two", brief()).await.unwrap().text().await.unwrap_err();
    assert_eq!(error.code(), Code::Overloaded);
    assert_eq!((second.usage().input, second.usage().output, second.messages().len()), (0, 0, 0));

    let program = queue.clone();
    let answering = std::thread::spawn(move || {
        while let Next::Request(Request::Answer(answer)) = program.next(Duration::from_secs(60)) {
            answer.write(b"yes", Duration::from_secs(5)).unwrap();
            answer.finish(FinishReason::Stop);
        }
    });
    assert_eq!(waiting.text().await.unwrap(), "yes");
    assert_eq!(second.prompt("two", brief()).await.unwrap().text().await.unwrap(), "yes");
    assert_eq!(second.usage().input, "two".len() as u64 + 3, "once");
    let usage = second.usage();
    assert_eq!(second.close().await.unwrap().usage, usage);
    queue.close();
    answering.join().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_prompt_is_not_computed_and_the_next_one_is_answered() {
    // Slow: a step for each token of the prompt.
    let backend = model(|config| (config.sequences, config.prefill) = (1, 1));
    let market = market(backend.clone(), |_| {}).await;
    let mut session = open(&market).await;
    let long = "The cat sat on the mat. ".repeat(backend.model().context_length as usize / 16);
    let before = backend.stats().prefilled_tokens;
    let mut answer = session.prompt(long, brief()).await.unwrap();
    let Some(Event::Accepted { input_tokens }) = answer.next().await.unwrap() else { panic!("not accepted") };
    answer.cancel().await.unwrap();
    let mut reason = None;
    while let Some(event) = answer.next().await.unwrap() {
        if let Event::Done { reason: why, usage } = event {
            reason = Some((why, usage.output));
        }
    }
    assert_eq!(reason, Some((FinishReason::Cancelled, 0)));
    let computed = backend.stats().prefilled_tokens - before;
    assert!(computed < input_tokens / 2, "{computed} of {input_tokens}");

    session.clear().await.unwrap();
    let text = session.prompt("Who are you?", Renter::params()).await.unwrap().text().await.unwrap();
    assert!(!text.is_empty());
    session.close().await.unwrap();
}

/// Two sessions take turns in one place: what the first one's second prompt cost, and the second one's.
async fn take_turns(market: &LocalMarket, between: Duration) -> (Session, u64, Result<u64, Code>) {
    let (mut first, mut second) = (open(market).await, open(market).await);
    ask(&mut first, "Who are you?", brief()).await;
    ask(&mut second, "Who are you?", brief()).await;
    let undisturbed = ask(&mut second, "And why?", brief()).await;
    tokio::time::sleep(between).await;
    let outcome = match first.prompt("And why?", brief()).await.unwrap().text().await {
        Ok(_) => Ok(first.usage().input),
        Err(error) => Err(error.code()),
    };
    second.close().await.unwrap();
    (first, undisturbed, outcome)
}

#[tokio::test(flavor = "multi_thread")]
async fn within_the_retention_a_lost_history_is_read_again_at_the_hosts_expense() {
    let backend = model(|config| config.sequences = 1);
    let market = market(backend.clone(), |_| {}).await;
    let (first, undisturbed, outcome) = take_turns(&market, Duration::ZERO).await;
    assert!(backend.stats().evictions >= 2, "one place, two conversations");
    let begun = first.usage().input - undisturbed;
    assert_eq!(outcome, Ok(begun + undisturbed));
    let mut fresh = open(&market).await;
    assert_eq!(ask(&mut fresh, "Who are you?", brief()).await, begun, "nothing but what is new was billed");
    let usage = first.usage();
    assert_eq!(first.close().await.unwrap().usage, usage);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_retention_a_second_reading_is_billed_if_the_renter_agrees() {
    let retention = Duration::from_millis(300);
    let market = market(model(|config| config.sequences = 1), |config| config.retention = retention).await;
    let (mut first, undisturbed, outcome) = take_turns(&market, 2 * retention).await;
    assert_eq!(outcome, Err(Code::Evicted));
    let (before, messages) = (first.usage(), first.messages().len());
    assert_eq!(messages, 2, "the prompt that was not taken is not in the conversation");
    let mut params = brief();
    params.reread = true;
    let billed = ask(&mut first, "And why?", params).await;
    // All but the last token sampled, which the cache never had.
    assert_eq!(billed, undisturbed + before.input + before.output - 1);
    // The cache is there again, and so is the retention.
    let mut params = brief();
    params.reread = true;
    assert_eq!(ask(&mut first, "And why?", params).await, undisturbed);
    let usage = first.usage();
    assert_eq!(first.close().await.unwrap().usage, usage);
}
