//! Readers that go, lag or ask for too much at once.

mod common;

use common::*;
use fabstir_core::{
    Code,
    inference::{Backend, Canceller, FinishReason},
};
use std::{sync::Arc, thread, time::Duration};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_dropped_answer_stops_within_one_token() {
    let backend = endless(|config| config.read_ahead = 512);
    let mut request = ask(&backend, 1, "Hello!");
    request.max_tokens = u32::MAX;
    let mut generation = backend.generate(request).unwrap();
    for _ in 0..5 {
        generation.next().unwrap().unwrap();
    }
    drop(generation);
    let at_drop = backend.stats().sampled_tokens;
    until(|| backend.stats().cancelled == 1);
    assert!(backend.stats().sampled_tokens <= at_drop + 1);
    let steps = backend.stats().steps;
    thread::sleep(Duration::from_millis(50));
    assert_eq!(backend.stats().steps, steps);
}

#[test]
fn a_dropped_prompt_stops_between_chunks_and_is_not_lost() {
    let backend = endless(|config| config.prefill = 1);
    let mut request = ask(&backend, 1, &"The cat sat on the mat. ".repeat(100));
    request.max_tokens = 1;
    let length = request.tokens.len();
    drop(backend.generate(request.clone()).unwrap());
    until(|| backend.stats().cancelled == 1);
    let done = backend.stats().prefilled_tokens;
    assert!(done < length as u64, "{done} of {length}");
    // What was given counts as known, and only what was not computed is computed.
    assert_eq!(backend.cached(1), length);
    request.known = length;
    drain(&mut *backend.generate(request).unwrap());
    let total = backend.stats().prefilled_tokens;
    assert!(total == length as u64 || total == length as u64 + 1, "{total}");
}

#[test]
fn a_cancelled_prompt_lets_its_reader_go_and_computes_no_more() {
    let backend = endless(|config| config.prefill = 1);
    let request = ask(&backend, 1, &"The cat sat on the mat. ".repeat(100));
    let length = request.tokens.len() as u64;
    let mut generation = backend.generate(request.clone()).unwrap();
    let canceller = generation.canceller();
    let reading = thread::spawn(move || (generation.next().unwrap(), generation.finish()));
    until(|| backend.stats().steps >= 3);
    canceller.cancel();
    // Before the engine has looked: the same conversation asks again.
    let again = backend.generate(request).unwrap();
    assert_eq!(reading.join().unwrap(), (None, Some(FinishReason::Cancelled)));
    drop(again);
    until(|| backend.stats().cancelled == 2);
    let computed = backend.stats().prefilled_tokens;
    assert!(computed < length / 2, "{computed} of {length}");
}

#[test]
fn who_waits_for_a_place_gets_it_when_an_answer_ends_or_is_cancelled() {
    let backend = Arc::new(endless(|config| config.sequences = 1));
    let mut first = ask(&backend, 1, "Hello!");
    first.max_tokens = u32::MAX;
    let first = backend.generate(first).unwrap();
    let readers: Vec<_> = (2..8)
        .map(|sequence| {
            let backend = Arc::clone(&backend);
            thread::spawn(move || {
                let seat = backend.reserve(sequence, SOON, &Canceller::new()).unwrap();
                assert_eq!(seat.cached(), 0);
                let mut request = ask(&backend, sequence, "Hello!");
                request.max_tokens = 3;
                drain(&mut *seat.generate(request).unwrap()).0.len()
            })
        })
        .collect();
    let brief = Duration::from_millis(50);
    assert_eq!(backend.reserve(9, brief, &Canceller::new()).unwrap_err().code(), Code::Overloaded);
    first.canceller().cancel();
    for reader in readers {
        assert_eq!(reader.join().unwrap(), 3);
    }
}

#[test]
fn a_seat_keeps_its_conversation_from_being_evicted() {
    let backend = endless(|config| config.sequences = 1);
    let mut request = ask(&backend, 1, "Hello!");
    request.max_tokens = 3;
    drain(&mut *backend.generate(request.clone()).unwrap());
    let known = request.tokens.len() + 3;
    let seat = backend.reserve(1, SOON, &Canceller::new()).unwrap();
    assert_eq!(backend.generate(ask(&backend, 2, "Hello!")).unwrap_err().code(), Code::Overloaded);
    assert_eq!(seat.cached(), known);
    let other = ask(&backend, 2, "Hello!");
    assert_eq!(seat.generate(other.clone()).unwrap_err().code(), Code::InvalidParams);
    drain(&mut *backend.generate(other).unwrap());
    assert_eq!(backend.cached(1), 0, "the seat is free once it is refused");
}

#[test]
fn a_cancelled_conversation_goes_on_from_what_was_read() {
    let backend = endless(|config| config.read_ahead = 64);
    let mut request = ask(&backend, 1, "Hello!");
    request.max_tokens = u32::MAX;
    let mut tokens = request.tokens.clone();
    let mut generation = backend.generate(request).unwrap();
    for _ in 0..3 {
        tokens.push(generation.next().unwrap().unwrap().id);
    }
    drop(generation);
    let messages = [user("Hello!"), assistant(""), user("Again.")];
    let known = tokens.len();
    tokens.extend(backend.render(&messages, 2, tokens.last().copied()).unwrap());
    let mut next = request_with(tokens, known);
    next.max_tokens = 4;
    let (answer, _) = drain(&mut *backend.generate(next).unwrap());
    assert_eq!(answer.len(), 4);
}

fn request_with(tokens: Vec<u32>, known: usize) -> fabstir_core::inference::GenerationRequest {
    let mut request = request(1, tokens);
    request.known = known;
    request
}

#[test]
fn a_reader_that_lags_pauses_its_own_answer_only() {
    let backend = endless(|config| {
        config.read_ahead = 4;
        config.sequences = 2;
    });
    let long = |sequence| {
        let mut request = ask(&backend, sequence, "Hello!");
        request.max_tokens = 200;
        request
    };
    let mut lagging = backend.generate(long(1)).unwrap();
    until(|| backend.stats().sampled_tokens >= 5);
    thread::sleep(Duration::from_millis(20));
    let paused = backend.stats();
    assert!(paused.sampled_tokens <= 4 + 1, "{paused:?}");
    let (tokens, _) = drain(&mut *backend.generate(long(2)).unwrap());
    assert_eq!(tokens.len(), 200);
    let (tokens, _) = drain(&mut *lagging);
    assert_eq!(tokens.len(), 200);
}

#[test]
fn more_answers_than_places_are_refused() {
    let backend = endless(|config| {
        config.sequences = 1;
        config.read_ahead = 1;
    });
    let mut request = ask(&backend, 1, "Hello!");
    request.max_tokens = u32::MAX;
    let running = backend.generate(request.clone()).unwrap();
    assert_eq!(backend.generate(request).unwrap_err().code(), Code::SessionBusy);
    let other = ask(&backend, 2, "Hello!");
    let error = backend.generate(other.clone()).unwrap_err();
    assert_eq!(error.code(), Code::Overloaded);
    assert!(error.code().is_retryable());
    drop(running);
    // The place is free as soon as the reader has gone, though the engine may not have looked.
    drain(
        &mut *backend
            .generate({
                let mut other = other;
                other.max_tokens = 2;
                other
            })
            .unwrap(),
    );
}

#[test]
fn a_backend_can_go_before_its_answers() {
    let backend = endless(|config| config.read_ahead = 2);
    let mut request = ask(&backend, 1, "Hello!");
    request.max_tokens = 20;
    let mut generation = backend.generate(request).unwrap();
    drop(backend);
    let (tokens, _) = drain(&mut *generation);
    assert_eq!(tokens.len(), 20);
}

#[test]
fn forgetting_a_running_conversation_lets_it_end() {
    let backend = endless(|config| config.read_ahead = 2);
    let mut request = ask(&backend, 1, "Hello!");
    request.max_tokens = 20;
    let mut generation = backend.generate(request).unwrap();
    backend.forget(1);
    drain(&mut *generation);
    assert_eq!(backend.cached(1), 0);
}
