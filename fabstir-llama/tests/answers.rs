//! What one answer looks like to its reader.

mod common;

use common::*;
use fabstir_core::{
    Code,
    inference::{Backend, FinishReason},
    sampling::Sampling,
};

#[test]
fn a_question_is_answered_and_ends_by_itself() {
    let backend = backend();
    let mut request = ask(&backend, 1, "Who are you?");
    request.sampling = Sampling::greedy();
    let (tokens, reason) = drain(&mut *backend.generate(request).unwrap());
    assert_eq!(reason, FinishReason::Stop);
    assert!(!text(&tokens).trim().is_empty());
    assert!(!text(&tokens).contains("<|"), "{}", text(&tokens));
    let last = tokens.last().unwrap();
    assert!(backend.ends_answer(last.id));
    assert_eq!(last.text, "");
}

#[test]
fn the_stream_adds_up_to_the_tokens_text() {
    let backend = backend();
    for seed in 0..4_u8 {
        let mut request = ask(&backend, 1, "Tell me a story.");
        request.turn_seed.0[0] = seed;
        request.sampling.temperature = 2000;
        request.sampling.top_k = 0;
        let (tokens, _) = drain(&mut *backend.generate(request).unwrap());
        assert_eq!(text(&tokens), backend.detokenize(&ids(&tokens)));
        backend.forget(1);
    }
}

#[test]
fn the_same_seed_gives_the_same_answer_alone() {
    let backend = backend();
    let mut answers = Vec::new();
    for _ in 0..2 {
        let (tokens, _) = drain(&mut *backend.generate(ask(&backend, 1, "Tell me a story.")).unwrap());
        answers.push(ids(&tokens));
        backend.forget(1);
    }
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn a_stop_string_across_token_borders_ends_the_answer_before_it() {
    let backend = backend();
    let question = "Who are you?";
    let (whole, _) = drain(&mut *backend.generate(ask(&backend, 1, question)).unwrap());
    let whole_text = text(&whole);
    // The end of one token and the beginning of the next, not at the very start.
    let border: usize = whole.iter().take(3).map(|token| token.text.len()).sum();
    let stop = &whole_text[border - 1..border + 1];
    let first = whole_text.find(stop).unwrap();
    backend.forget(1);

    let mut request = ask(&backend, 1, question);
    request.stop = vec!["never in it".into(), stop.to_owned()];
    let (tokens, reason) = drain(&mut *backend.generate(request).unwrap());
    assert_eq!(reason, FinishReason::Stop);
    assert_eq!(text(&tokens), whole_text[..first]);
    assert!(tokens.len() < whole.len());
    assert_eq!(ids(&tokens), ids(&whole)[..tokens.len()]);
}

#[test]
fn text_held_back_for_a_stop_string_is_delivered_at_the_end() {
    let backend = backend();
    let (whole, _) = drain(&mut *backend.generate(ask(&backend, 1, "Who are you?")).unwrap());
    backend.forget(1);
    let mut request = ask(&backend, 1, "Who are you?");
    let end: String = text(&whole).chars().rev().take(3).collect::<Vec<_>>().into_iter().rev().collect();
    request.stop = vec![format!("{end} and no more")];
    let (tokens, _) = drain(&mut *backend.generate(request).unwrap());
    assert_eq!(text(&tokens), text(&whole));
}

#[test]
fn limits_on_tokens_are_kept() {
    let backend = endless(|config| config.context_length = Some(256));
    let ask = |max_tokens| {
        let mut request = ask(&backend, 1, "Hello!");
        request.max_tokens = max_tokens;
        request.turn_seed.0[0] = 1;
        request
    };
    let prompt = ask(0).tokens.len();
    for (max_tokens, expected) in [(0, 0), (1, 1), (7, 7), (u32::MAX, 256 - prompt)] {
        let (tokens, reason) = drain(&mut *backend.generate(ask(max_tokens)).unwrap());
        assert_eq!((tokens.len(), reason), (expected, FinishReason::Length));
        backend.forget(1);
    }
}

#[test]
fn any_text_can_be_asked_and_no_character_is_cut() {
    let backend = backend();
    let prompts = [
        "🦀🦀🦀 你好,世界 こんにちは 👩‍👩‍👧‍👦",
        "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}",
        "\u{FFFD}\u{202E}\u{FEFF}\u{10FFFF}",
        "",
        "    \n\n\t\r\n ",
        "{{ 7 * 7 }} {% raise %} <|im_start|>system",
    ];
    for (sequence, prompt) in (0..).zip(prompts) {
        let mut request = ask(&backend, sequence, prompt);
        request.sampling = Sampling { temperature: 2000, top_k: 0, top_p: 1000, min_p: 0 };
        request.max_tokens = 24;
        let (tokens, _) = drain(&mut *backend.generate(request).unwrap());
        // Every piece is a `String`, so what could be cut would show as U+FFFD where the whole has none.
        assert_eq!(text(&tokens), backend.detokenize(&ids(&tokens)), "{prompt:?}");
    }
}

#[test]
fn a_prompt_longer_than_a_batch_is_read_in_chunks() {
    let backend = backend();
    let request = ask(&backend, 1, &"The cat sat on the mat. ".repeat(25));
    let length = request.tokens.len() as u64;
    assert!(length > 150, "{length}");
    let (tokens, _) = drain(&mut *backend.generate(request).unwrap());
    assert!(!tokens.is_empty());
    let stats = backend.stats();
    assert_eq!(stats.prefilled_tokens, length);
    assert!(stats.steps >= length.div_ceil(64));
}

#[test]
fn what_does_not_fit_is_refused_with_numbers() {
    let backend = backend();
    let long = "The cat sat on the mat. ".repeat(200);
    let error = backend.render(&[user(&long)], 0, None).unwrap_err();
    assert_eq!(error.code(), Code::PromptTooLong);
    assert!(error.to_string().contains("512"), "{error}");

    let error = backend.generate(request(1, vec![5; 512])).unwrap_err();
    assert_eq!(error.code(), Code::PromptTooLong);
    let mut history = request(1, vec![5; 512]);
    history.known = 500;
    let error = backend.generate(history).unwrap_err();
    assert_eq!(error.code(), Code::ContextFull);
    assert!(error.to_string().contains("500 tokens of history and 12 of prompt"), "{error}");
}

#[test]
fn ten_megabytes_are_refused_at_once() {
    let backend = backend();
    for text in ["a".repeat(10 << 20), " ".repeat(10 << 20), "\u{0}".repeat(10 << 20), "一".repeat(3 << 20)] {
        let begun = std::time::Instant::now();
        let error = backend.render(&[user(&text)], 0, None).unwrap_err();
        assert_eq!(error.code(), Code::PromptTooLong);
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }
}

#[test]
fn senseless_requests_are_refused() {
    let backend = backend();
    let vocabulary = backend.model().profile.vocabulary;
    let mut known = request(1, vec![5; 4]);
    known.known = 5;
    let mut sampling = request(1, vec![5]);
    sampling.sampling.temperature = 2001;
    for bad in [request(1, Vec::new()), request(1, vec![vocabulary]), request(1, vec![u32::MAX]), known, sampling] {
        assert_eq!(backend.generate(bad).unwrap_err().code(), Code::InvalidParams);
    }
}
