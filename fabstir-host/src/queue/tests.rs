use super::*;
use alloy_primitives::B256;
use fabstir_core::{
    inference::{FinishReason, Generation, Token},
    sampling::Sampling,
};
use std::thread;

const SOON: Duration = Duration::from_secs(5);
const AT_ONCE: Duration = Duration::ZERO;

fn texts() -> QueueBackend {
    queue(QueueModel::new("parrot"))
}

fn tokens() -> QueueModel {
    let tokenizer = Tokenizer::Own { vocabulary: 1_000, template_overhead: 8 };
    QueueModel { tokenizer, ..QueueModel::new("own") }
}

fn queue(model: QueueModel) -> QueueBackend {
    QueueBackend::new(QueueModel { patience: Duration::from_millis(300), ..model }).unwrap()
}

fn request(tokens: Vec<TokenId>, max_tokens: u32, stop: &[&str]) -> GenerationRequest {
    GenerationRequest {
        sequence: 1,
        tokens,
        known: 0,
        reread: false,
        sampling: Sampling::DEFAULT,
        turn_seed: B256::ZERO,
        max_tokens,
        stop: stop.iter().map(ToString::to_string).collect(),
    }
}

fn ask(backend: &QueueBackend, text: &str, max_tokens: u32, stop: &[&str]) -> (Box<dyn Generation>, AnswerRequest) {
    let tokens = backend.render(&[Message::user(text)], 0, None).unwrap();
    let generation = backend.generate(request(tokens, max_tokens, stop)).unwrap();
    (generation, answer(backend))
}

fn answer(backend: &QueueBackend) -> AnswerRequest {
    match backend.next(SOON) {
        Next::Request(Request::Answer(answer)) => answer,
        other => panic!("no answer asked for: {other:?}"),
    }
}

fn rest(generation: &mut dyn Generation) -> (Vec<TokenId>, String) {
    let all: Vec<Token> = std::iter::from_fn(|| generation.next().unwrap()).collect();
    (all.iter().map(|token| token.id).collect(), all.iter().map(|token| token.text.as_str()).collect())
}

fn failure(generation: &mut dyn Generation) -> (Code, String) {
    loop {
        match generation.next() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it did not fail"),
            Err(error) => return (error.code(), error.to_string()),
        }
    }
}

#[test]
fn text_becomes_bytes_and_an_end() {
    let backend = texts();
    let (mut generation, answer) = ask(&backend, "hi", 100, &[]);
    assert_eq!(answer.messages, [Message::user("hi")]);
    assert_eq!(answer.write("h\u{e9}".as_bytes(), AT_ONCE).unwrap(), Offered::Taken(3));
    answer.finish(FinishReason::Stop);
    assert_eq!(rest(&mut *generation), (vec![104, 0xC3, 0xA9, 259], "h\u{e9}".to_owned()));
    assert_eq!(generation.finish(), Some(FinishReason::Stop));
    assert_eq!(backend.cached(1), "hi".len() + 3 + 4);
}

#[test]
fn a_program_may_bring_its_own_tokens() {
    let backend = queue(tokens());
    let program = backend.clone();
    let render = thread::spawn(move || {
        let Next::Request(Request::Render(request)) = program.next(SOON) else { panic!("no prompt to render") };
        assert_eq!((request.messages.as_slice(), request.committed), ([Message::user("hi")].as_slice(), 0));
        request.answer(vec![7, 8, 9]);
    });
    let (mut generation, answer) = ask(&backend, "hi", 100, &[]);
    render.join().unwrap();
    assert_eq!((answer.tokens.as_slice(), answer.max_tokens), ([7, 8, 9].as_slice(), 100));
    // Half a character, then the other half.
    assert_eq!(answer.push(500, &[b'a', 0xC3], AT_ONCE).unwrap(), Offered::Taken(1));
    assert_eq!(answer.push(501, &[0xA9], AT_ONCE).unwrap(), Offered::Taken(1));
    assert_eq!(answer.push(1_000, b"", AT_ONCE).unwrap_err().code(), Code::InvalidValue);
    assert_eq!(answer.write(b"text", AT_ONCE).unwrap_err().code(), Code::InvalidValue);
    answer.finish(FinishReason::Stop);
    let first = generation.next().unwrap().unwrap();
    assert_eq!((first.id, first.text.as_str()), (500, "a"));
    assert_eq!(rest(&mut *generation), (vec![501], "\u{e9}".to_owned()));
}

#[test]
fn prompts_that_the_program_cannot_read_are_refused() {
    let backend = queue(tokens());
    let render = || backend.render(&[Message::user("hi")], 0, None).map_err(|error| error.code());
    let cases: [(fn(RenderRequest), Code); 4] = [
        (|request| request.refuse("no"), Code::TemplateFailed),
        (|request| request.answer(Vec::new()), Code::TemplateFailed),
        (|request| request.answer(vec![1_000]), Code::BackendFailed),
        (drop, Code::BackendFailed),
    ];
    for (act, code) in cases {
        let program = backend.clone();
        let acting = thread::spawn(move || match program.next(SOON) {
            Next::Request(Request::Render(request)) => act(request),
            other => panic!("no prompt: {other:?}"),
        });
        assert_eq!(render(), Err(code));
        acting.join().unwrap();
    }
    // Nobody looks at all.
    assert_eq!(render(), Err(Code::BackendFailed));
    assert!(matches!(backend.next(AT_ONCE), Next::Timeout), "what nobody waits for is not handed out");
}

#[test]
fn the_answer_ends_at_its_length_and_the_program_is_told() {
    let backend = texts();
    let (mut generation, answer) = ask(&backend, "hi", 3, &[]);
    answer.write(b"abc\xC3", AT_ONCE).unwrap();
    assert_eq!(rest(&mut *generation), (vec![97, 98, 99], "abc".to_owned()));
    assert_eq!(generation.finish(), Some(FinishReason::Length));
    assert!(answer.is_cancelled());
    assert_eq!(answer.write(b"more", SOON).unwrap(), Offered::Over);
}

#[test]
fn the_answer_ends_before_a_stop_string() {
    let backend = texts();
    let (mut generation, answer) = ask(&backend, "hi", 100, &["STOP"]);
    answer.write(b"one STOP two", AT_ONCE).unwrap();
    let (ids, text) = rest(&mut *generation);
    assert_eq!((ids.len(), text.as_str(), generation.finish()), (8, "one ", Some(FinishReason::Stop)));
    assert!(answer.wait_cancelled(SOON));
}

#[test]
fn what_only_looked_like_a_stop_string_is_not_lost_with_the_last_token() {
    let backend = texts();
    let (mut generation, answer) = ask(&backend, "hi", 100, &["STOP"]);
    let program = thread::spawn(move || {
        answer.write(b"ST", AT_ONCE).unwrap();
        thread::sleep(Duration::from_millis(50));
        answer.finish(FinishReason::Length);
    });
    assert_eq!(rest(&mut *generation).1, "ST");
    assert_eq!(generation.finish(), Some(FinishReason::Length));
    program.join().unwrap();
}

#[test]
fn a_reader_that_lags_holds_the_program_back() {
    let backend = queue(QueueModel { ahead: 4, ..QueueModel::new("parrot") });
    let (mut generation, answer) = ask(&backend, "hi", 100, &[]);
    assert_eq!(answer.write(b"123456", AT_ONCE).unwrap(), Offered::Taken(4));
    assert_eq!(answer.write(b"56", Duration::from_millis(20)).unwrap(), Offered::Taken(0));
    let program = thread::spawn(move || {
        assert_eq!(answer.write(b"56", SOON).unwrap(), Offered::Taken(2));
        answer.finish(FinishReason::Stop);
    });
    assert_eq!(rest(&mut *generation).1, "123456");
    program.join().unwrap();
}

#[test]
fn a_dropped_answer_is_cancelled_at_the_program() {
    let backend = texts();
    let (generation, answer) = ask(&backend, "hi", 100, &[]);
    assert!(!answer.is_cancelled() && !answer.wait_cancelled(Duration::from_millis(10)));
    let waiting = thread::spawn(move || answer.wait_cancelled(SOON));
    drop(generation);
    assert!(waiting.join().unwrap());
}

#[test]
fn a_cancelled_answer_lets_its_reader_go_and_tells_the_program() {
    // More patient than the test.
    let backend = QueueBackend::new(QueueModel { patience: Duration::from_secs(600), ..QueueModel::new("parrot") });
    let (mut generation, answer) = ask(&backend.unwrap(), "hi", 100, &[]);
    let canceller = generation.canceller();
    answer.write(b"a", AT_ONCE).unwrap();
    assert_eq!(generation.next().unwrap().unwrap().id, 97);
    let reading = thread::spawn(move || (generation.next().unwrap(), generation.finish()));
    thread::sleep(Duration::from_millis(20));
    canceller.cancel();
    assert!(answer.wait_cancelled(SOON));
    assert_eq!(reading.join().unwrap(), (None, Some(FinishReason::Cancelled)));
}

#[test]
fn a_place_in_the_queue_is_kept_until_it_is_used_or_dropped() {
    let backend = queue(QueueModel { waiting: 1, ..QueueModel::new("parrot") });
    let reserve = |patience, canceller: &Canceller| backend.reserve(1, patience, canceller);
    let code = |outcome: Result<Box<dyn Seat>, Error>| outcome.unwrap_err().code();
    let seat = reserve(AT_ONCE, &Canceller::new()).unwrap();
    assert_eq!(code(reserve(AT_ONCE, &Canceller::new())), Code::Overloaded);
    assert_eq!(code(reserve(Duration::from_millis(10), &Canceller::new())), Code::Overloaded);
    let waiting = |canceller: Canceller| {
        let backend = backend.clone();
        thread::spawn(move || backend.reserve(1, SOON, &canceller))
    };
    let canceller = Canceller::new();
    let gone = waiting(canceller.clone());
    canceller.cancel();
    assert_eq!(code(gone.join().unwrap()), Code::Overloaded);
    let next = waiting(Canceller::new());
    drop(seat);
    let generation = next.join().unwrap().unwrap().generate(request(vec![257, 258], 10, &[])).unwrap();
    let third = waiting(Canceller::new());
    // An answer that is not wanted any more frees its place though no program looked.
    generation.canceller().cancel();
    let seat = third.join().unwrap().unwrap();
    backend.close();
    assert_eq!(seat.generate(request(vec![257, 258], 10, &[])).unwrap_err().code(), Code::BackendFailed);
}

#[test]
fn a_program_that_dies_fails_or_hangs_ends_the_answer_with_an_error() {
    let backend = texts();
    let (mut generation, answer) = ask(&backend, "hi", 100, &[]);
    answer.write(b"a", AT_ONCE).unwrap();
    drop(answer);
    assert_eq!(failure(&mut *generation).0, Code::BackendFailed);

    let (mut generation, answer) = ask(&backend, "hi", 100, &[]);
    answer.fail("out of memory");
    assert_eq!(failure(&mut *generation), (Code::BackendFailed, "out of memory".to_owned()));

    let (mut generation, _hanging) = ask(&backend, "hi", 100, &[]);
    let (code, message) = failure(&mut *generation);
    assert!(code == Code::BackendFailed && message.contains("no token in 300ms"), "{message}");
}

#[test]
fn the_queue_is_bounded_and_forgets_who_has_gone() {
    let backend = queue(QueueModel { waiting: 2, ..QueueModel::new("parrot") });
    let begin = || backend.generate(request(vec![257, 258], 10, &[]));
    let (first, second) = (begin().unwrap(), begin().unwrap());
    assert_eq!(begin().unwrap_err().code(), Code::Overloaded);
    assert_eq!(backend.waiting(), 2);
    drop(first);
    let third = begin().unwrap();
    drop((second, third));
    assert!(matches!(backend.next(AT_ONCE), Next::Timeout));
}

#[test]
fn a_closed_queue_fails_what_waits_and_wakes_who_waits() {
    let backend = texts();
    let mut waiting = backend.generate(request(vec![257, 258], 10, &[])).unwrap();
    backend.close();
    assert_eq!(failure(&mut *waiting).0, Code::BackendFailed);
    assert_eq!(backend.generate(request(vec![257, 258], 10, &[])).unwrap_err().code(), Code::BackendFailed);
    assert!(matches!(backend.next(SOON), Next::Closed));

    let backend = texts();
    let program = backend.clone();
    let asleep = thread::spawn(move || matches!(program.next(Duration::MAX), Next::Closed));
    thread::sleep(Duration::from_millis(20));
    backend.close();
    assert!(asleep.join().unwrap());
}

#[test]
fn conversations_that_ended_are_told_with_the_next_answer() {
    let backend = texts();
    let (_generation, answer) = ask(&backend, "hi", 10, &[]);
    assert!(answer.ended.is_empty());
    backend.forget(1);
    backend.forget(99);
    assert_eq!(backend.cached(1), 0);
    let (_generation, answer) = ask(&backend, "hi", 10, &[]);
    assert_eq!(answer.ended, [1]);
}

#[test]
fn requests_that_do_not_fit_are_refused() {
    let backend = queue(QueueModel { context_length: 8, ..QueueModel::new("parrot") });
    let code = |request| backend.generate(request).unwrap_err().code();
    assert_eq!(code(request(vec![257; 8], 10, &[])), Code::ContextFull);
    assert_eq!(code(request(Vec::new(), 10, &[])), Code::InvalidValue);
    let mut evicted = request(vec![257; 4], 10, &[]);
    evicted.known = 3;
    assert_eq!(code(evicted.clone()), Code::Evicted);
    evicted.reread = true;
    let _generation = backend.generate(evicted).unwrap();
    assert_eq!(answer(&backend).max_tokens, 4, "what the context leaves");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused: [fn(&mut QueueModel); 6] = [
        |model| model.name.clear(),
        |model| model.context_length = 1,
        |model| model.patience = Duration::ZERO,
        |model| model.waiting = 0,
        |model| model.ahead = 0,
        |model| model.tokenizer = Tokenizer::Own { vocabulary: 0, template_overhead: 0 },
    ];
    for change in refused {
        let mut model = QueueModel::new("parrot");
        change(&mut model);
        assert_eq!(QueueBackend::new(model).unwrap_err().code(), Code::InvalidConfig);
    }
}

#[test]
fn models_differ_by_name_or_weights() {
    let id = |model: QueueModel| model.model_id().hash();
    let weights = fabstir_core::transcript::ModelId { blake3: B256::repeat_byte(1), size: 5 };
    let named = id(QueueModel::new("a"));
    assert_ne!(named, id(QueueModel::new("b")));
    assert_ne!(named, id(QueueModel { weights: Some(weights), ..QueueModel::new("a") }));
    assert_eq!(named, id(QueueModel { runtime: "vllm".into(), ..QueueModel::new("a") }));
}
