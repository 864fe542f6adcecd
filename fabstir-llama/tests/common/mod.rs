//! What the tests share: the shipped model and short ways to ask it.
#![allow(dead_code, unreachable_pub, reason = "every test file uses a part of this")]

use fabstir_core::{
    inference::{Backend, FinishReason, Generation, GenerationRequest, Token},
    sampling::{Sampling, turn_seed},
    wire::{Message, Role},
};
use fabstir_llama::{LlamaBackend, LlamaConfig};
use std::path::PathBuf;

pub fn model_path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../models/tiny/fabstir-tiny.gguf")
}

pub fn config() -> LlamaConfig {
    let mut config = LlamaConfig::new(model_path());
    config.context_length = Some(512);
    config
}

pub fn backend() -> LlamaBackend {
    LlamaBackend::load(config()).unwrap()
}

pub fn user(text: &str) -> Message {
    Message { role: Role::User, content: text.to_owned() }
}

pub fn assistant(text: &str) -> Message {
    Message { role: Role::Assistant, content: text.to_owned() }
}

pub fn request(sequence: u64, tokens: Vec<u32>) -> GenerationRequest {
    GenerationRequest {
        sequence,
        tokens,
        known: 0,
        reread: false,
        sampling: Sampling::default(),
        turn_seed: turn_seed(Default::default(), Default::default()),
        max_tokens: 64,
        stop: Vec::new(),
    }
}

pub fn ask(backend: &LlamaBackend, sequence: u64, question: &str) -> GenerationRequest {
    request(sequence, backend.render(&[user(question)], 0, None).unwrap())
}

pub fn drain(generation: &mut dyn Generation) -> (Vec<Token>, FinishReason) {
    let mut tokens = Vec::new();
    while let Some(token) = generation.next().unwrap() {
        tokens.push(token);
    }
    assert!(generation.next().unwrap().is_none(), "an ended answer stays ended");
    (tokens, generation.finish().unwrap())
}

pub fn text(tokens: &[Token]) -> String {
    tokens.iter().map(|token| token.text.as_str()).collect()
}

pub fn ids(tokens: &[Token]) -> Vec<u32> {
    tokens.iter().map(|token| token.id).collect()
}

/// The shipped model with its ends of answers renamed, so that it goes on until it is stopped.
pub fn endless_model() -> tempfile::NamedTempFile {
    let mut bytes = std::fs::read(model_path()).unwrap();
    for (from, to) in [
        ("<|im_end|>", "<|im_eXd|>"),
        ("<|endoftext|>", "<|endofteXt|>"),
        ("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eoX_token_id"),
        ("tokenizer.ggml.eot_token_id", "tokenizer.ggml.eoX_token_ix"),
    ] {
        replace(&mut bytes, from.as_bytes(), to.as_bytes());
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    for at in 0..=bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
}

/// A backend over [`endless_model`].
pub fn endless(adjust: impl FnOnce(&mut LlamaConfig)) -> LlamaBackend {
    let file = endless_model();
    let mut config = LlamaConfig::new(file.path());
    adjust(&mut config);
    LlamaBackend::load(config).unwrap()
}

/// Waits until something is so, at most ten seconds.
pub fn until(mut so: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("it never came to be so");
}
