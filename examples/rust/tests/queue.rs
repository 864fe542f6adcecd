//! A host whose tokens are made by the program around it, over the real host, chain and renter.

mod common;

use alloy_primitives::Address;
use common::deposit;
use fabstir_chain::anvil::{Anvil, AnvilConfig};
use fabstir_client::{Event, Renter, Session};
use fabstir_core::{
    Code,
    inference::{Backend, FinishReason},
    settlement::payable_down,
    wire::Role,
};
use fabstir_examples::{LocalMarket, MarketOptions};
use fabstir_host::queue::{AnswerRequest, Next, Offered, QueueBackend, QueueModel, Request, Tokenizer};
use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

const SOON: Duration = Duration::from_secs(20);

/// A market around a program that answers each request with `program`.
async fn serve(model: QueueModel, program: impl Fn(Request) + Send + 'static) -> (LocalMarket, QueueBackend) {
    let queue = QueueBackend::new(model).unwrap();
    let requests = queue.clone();
    thread::spawn(move || {
        while let Next::Request(request) = requests.next(Duration::from_secs(600)) {
            program(request);
        }
    });
    let anvil = Anvil::start(AnvilConfig::default()).await.expect("anvil: run `cargo xtask setup`");
    let backend: Arc<dyn Backend> = Arc::new(queue.clone());
    let market = LocalMarket::with_backend(anvil, backend, MarketOptions::default()).await.unwrap();
    (market, queue)
}

async fn open(market: &LocalMarket) -> Session {
    let offer = market.offer(Address::ZERO).await.unwrap();
    market.renter.open(&offer, &deposit()).await.unwrap()
}

fn answer(request: Request) -> AnswerRequest {
    match request {
        Request::Answer(answer) => answer,
        other => panic!("not an answer: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_yields_text_is_paid_by_the_byte() {
    let (market, queue) = serve(QueueModel::new("parrot"), |request| {
        let answer = answer(request);
        let users = answer.messages.iter().filter(|message| message.role == Role::User).count();
        let said = format!("{users}: {} \u{e9}", answer.messages.last().unwrap().content);
        assert_eq!(answer.write(said.as_bytes(), SOON).unwrap(), Offered::Taken(said.len()));
        answer.finish(FinishReason::Stop);
    })
    .await;
    let mut session = open(&market).await;
    let first = session.prompt("h\u{e9}llo", Renter::params()).await.unwrap().text().await.unwrap();
    assert_eq!(first, "1: h\u{e9}llo \u{e9}");
    // Role, bytes, end, role; and for the answer its bytes and its end.
    assert_eq!((session.usage().input, session.usage().output), (3 + 6, first.len() as u64 + 1));
    let second = session.prompt("again", Renter::params()).await.unwrap().text().await.unwrap();
    assert_eq!(second, "2: again \u{e9}");
    let (usage, prices, locked) = (session.usage(), session.terms().prices(), session.deposit());
    let closing = session.close().await.unwrap();
    assert_eq!((closing.usage, closing.paid), (usage, payable_down(usage, prices, locked).unwrap()));
    queue.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_with_a_tokenizer_of_its_own_is_asked_to_render() {
    // Words are tokens: their lengths.
    let tokenizer = Tokenizer::Own { vocabulary: 100, template_overhead: 2 };
    let model = QueueModel { tokenizer, ..QueueModel::new("words") };
    let (market, queue) = serve(model, |request| match request {
        Request::Render(render) => {
            let new = &render.messages[render.committed..];
            let words = new.iter().flat_map(|message| message.content.split(' '));
            let tokens = words.map(|word| word.len() as u32).collect();
            render.answer(tokens);
        }
        Request::Answer(answer) => {
            let sum = answer.tokens.iter().sum::<u32>().min(99);
            assert_eq!(answer.push(sum, format!("{sum} letters").as_bytes(), SOON).unwrap(), Offered::Taken(1));
            answer.finish(FinishReason::Stop);
        }
        _ => {}
    })
    .await;
    let mut session = open(&market).await;
    let text = session.prompt("one two three", Renter::params()).await.unwrap().text().await.unwrap();
    assert_eq!(text, "11 letters");
    assert_eq!((session.usage().input, session.usage().output), (3, 1));
    // The tokens of the whole conversation come again: 11 and the answer's 11.
    let text = session.prompt("four", Renter::params()).await.unwrap().text().await.unwrap();
    assert_eq!(text, "26 letters");
    assert_eq!(session.usage().input, 4);
    session.close().await.unwrap();
    queue.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_sees_that_the_renter_cancelled() {
    let (told, seen) = mpsc::channel();
    let (market, queue) = serve(QueueModel::new("endless"), move |request| {
        let answer = answer(request);
        while let Ok(Offered::Taken(_)) = answer.write(b"and ", SOON) {}
        told.send(answer.is_cancelled()).unwrap();
    })
    .await;
    let mut session = open(&market).await;
    let mut params = Renter::params();
    params.max_tokens = 4_000;
    let mut answer = session.prompt("Go on.", params).await.unwrap();
    let mut reason = None;
    let mut tokens = 0;
    while let Some(event) = answer.next().await.unwrap() {
        match event {
            Event::Token { .. } => {
                tokens += 1;
                if tokens == 5 {
                    answer.cancel().await.unwrap();
                }
            }
            Event::Done { reason: why, .. } => reason = Some(why),
            _ => {}
        }
    }
    assert_eq!(reason, Some(FinishReason::Cancelled));
    assert!(seen.recv_timeout(SOON).unwrap());
    let (usage, owed) = (session.usage(), session.owed());
    let closing = session.close().await.unwrap();
    assert_eq!((closing.usage, closing.paid), (usage, owed), "what arrived is paid");
    queue.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_dies_hangs_or_is_gone_costs_the_renter_one_answer() {
    let model = QueueModel { patience: Duration::from_millis(500), ..QueueModel::new("frail") };
    let (market, queue) = serve(model, |request| {
        let answer = answer(request);
        let order = answer.messages.last().unwrap().content.clone();
        answer.write(b"well", SOON).unwrap();
        match order.as_str() {
            "die" => drop(answer),
            "fail" => answer.fail("no memory left"),
            "hang" => assert!(answer.wait_cancelled(SOON)),
            _ => answer.finish(FinishReason::Stop),
        }
    })
    .await;
    let mut session = open(&market).await;
    for (order, words) in [("die", "dropped the answer"), ("fail", "no memory left"), ("hang", "no token in 500ms")] {
        let error = session.prompt(order, Renter::params()).await.unwrap().text().await.unwrap_err();
        assert_eq!(error.code(), Code::BackendFailed);
        assert!(error.to_string().contains(words), "{error}");
        // The session goes on.
        let text = session.prompt("on", Renter::params()).await.unwrap().text().await.unwrap();
        assert_eq!(text, "well");
    }
    queue.close();
    let error = session.prompt("on", Renter::params()).await.unwrap().text().await.unwrap_err();
    assert_eq!(error.code(), Code::BackendFailed);
    let (usage, owed) = (session.usage(), session.owed());
    let closing = session.close().await.unwrap();
    assert_eq!((closing.usage, closing.paid), (usage, owed));
}
