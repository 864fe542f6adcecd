use super::*;
use crate::queue::{AnswerRequest, Next, QueueBackend, QueueModel, Request};
use alloy_primitives::B256;
use fabstir_core::sampling::Sampling;

/// Longer than any test waits.
const LONG: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_secs(20);

/// A model with room for one request at a time, whose program is the test.
fn queue() -> QueueBackend {
    QueueBackend::new(QueueModel { patience: LONG, waiting: 1, ..QueueModel::new("slow") }).unwrap()
}

fn start(queue: &QueueBackend, sequence: SequenceId, patience: Duration) -> (Stream, Option<usize>) {
    Stream::start(Arc::new(queue.clone()), sequence, patience).unwrap()
}

fn request(sequence: SequenceId) -> GenerationRequest {
    GenerationRequest {
        sequence,
        tokens: vec![257, 104, 258],
        known: 0,
        reread: true,
        sampling: Sampling::DEFAULT,
        turn_seed: B256::ZERO,
        max_tokens: 100,
        stop: Vec::new(),
    }
}

fn taken(queue: &QueueBackend) -> AnswerRequest {
    match queue.next(SOON) {
        Next::Request(Request::Answer(answer)) => answer,
        other => panic!("no answer asked for: {other:?}"),
    }
}

#[tokio::test]
async fn tokens_come_in_order_and_then_the_end() {
    let queue = queue();
    let (mut stream, cached) = start(&queue, 1, LONG);
    assert_eq!(cached, Some(0));
    stream.begin(request(1)).unwrap();
    let answer = taken(&queue);
    answer.write(b"hi", SOON).unwrap();
    answer.finish(FinishReason::Length);
    for byte in *b"hi" {
        assert!(matches!(stream.next().await, Step::Token(token) if token.id == u32::from(byte)));
    }
    assert!(matches!(stream.next().await, Step::Finished(FinishReason::Length)));
}

#[tokio::test]
async fn a_dropped_stream_stops_a_model_that_has_said_nothing_yet() {
    let queue = queue();
    let (stream, _) = start(&queue, 1, LONG);
    stream.begin(request(1)).unwrap();
    let answer = taken(&queue);
    assert!(!answer.is_cancelled());
    // Its thread waits for the first token, and would for ten minutes.
    drop(stream);
    assert!(answer.wait_cancelled(SOON));
}

#[tokio::test]
async fn a_stream_without_a_place_waits_for_one() {
    let queue = queue();
    let (first, _) = start(&queue, 1, LONG);
    let (mut second, cached) = start(&queue, 2, LONG);
    assert_eq!(cached, None);
    // One that goes while it waits is in nobody's way.
    drop(start(&queue, 3, LONG));
    drop(first);
    assert!(matches!(second.next().await, Step::Seated(0)));
    second.begin(request(2)).unwrap();
    taken(&queue).finish(FinishReason::Length);
    assert!(matches!(second.next().await, Step::Finished(FinishReason::Length)));
}

#[tokio::test]
async fn a_stream_that_waited_in_vain_is_refused() {
    let queue = queue();
    let (_first, _) = start(&queue, 1, LONG);
    let (mut second, _) = start(&queue, 2, Duration::from_millis(20));
    assert!(matches!(second.next().await, Step::Failed(error) if error.code() == Code::Overloaded));
    queue.close();
    let refused = Stream::start(Arc::new(queue), 3, LONG).unwrap_err();
    assert_eq!(refused.code(), Code::BackendFailed);
}
