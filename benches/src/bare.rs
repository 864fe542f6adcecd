//! The peer: llama.cpp with nothing around it. One loop, greedy, every stream in one batch.

use crate::Outcome;
use fabstir_llama::runtime;
use llama_cpp_2::{
    context::params::LlamaContextParams,
    llama_batch::LlamaBatch,
    model::{LlamaModel, params::LlamaModelParams},
    token::LlamaToken,
};
use std::{
    num::NonZeroU32,
    path::Path,
    time::{Duration, Instant},
};

/// A model loaded for bare loops.
#[derive(Debug)]
pub struct Bare {
    model: LlamaModel,
    threads: i32,
}

impl Bare {
    /// Loads a GGUF.
    ///
    /// # Errors
    ///
    /// Whatever llama.cpp says.
    pub fn load(path: &Path, threads: u32) -> Outcome<Self> {
        let model = LlamaModel::load_from_file(runtime()?, path, &LlamaModelParams::default())?;
        Ok(Self { model, threads: i32::try_from(threads)? })
    }

    /// Reads `prompt` tokens in each of `streams` sequences and samples `answer` tokens in each, all in one batch a step.
    /// Returns how long it took.
    ///
    /// # Errors
    ///
    /// Whatever llama.cpp says.
    pub fn run(&self, streams: usize, prompt: usize, answer: usize) -> Outcome<Duration> {
        let room = streams * (prompt + answer).next_multiple_of(256);
        let mut context = self.model.new_context(runtime()?, self.parameters(streams, room)?)?;
        let mut batch = LlamaBatch::new(512, i32::try_from(streams)?);
        let vocabulary = self.model.n_vocab();
        let began = Instant::now();
        let mut last = vec![LlamaToken(0); streams];
        for (stream, last) in last.iter_mut().enumerate() {
            let sequence = i32::try_from(stream)?;
            batch.clear();
            for position in 0..prompt {
                let token = LlamaToken(i32::try_from((stream * 31 + position * 7) % 1_000)? + 3);
                batch.add(token, i32::try_from(position)?, &[sequence], position + 1 == prompt)?;
            }
            context.decode(&mut batch)?;
            *last = greedy(context.get_logits_ith(i32::try_from(prompt)? - 1), vocabulary);
        }
        for step in 1..answer {
            batch.clear();
            for (stream, token) in last.iter().enumerate() {
                batch.add(*token, i32::try_from(prompt + step - 1)?, &[i32::try_from(stream)?], true)?;
            }
            context.decode(&mut batch)?;
            for (stream, token) in last.iter_mut().enumerate() {
                *token = greedy(context.get_logits_ith(i32::try_from(stream)?), vocabulary);
            }
        }
        Ok(began.elapsed())
    }

    /// How long reading `new` tokens takes behind `history` others that are in the cache already.
    ///
    /// # Errors
    ///
    /// Whatever llama.cpp says.
    pub fn read(&self, history: usize, new: usize) -> Outcome<Duration> {
        let mut context = self.model.new_context(runtime()?, self.parameters(1, 2_048)?)?;
        let mut batch = LlamaBatch::new(512, 1);
        let mut began = Instant::now();
        for (from, to) in [(0, history), (history, history + new)] {
            for first in (from..to).step_by(512) {
                batch.clear();
                for position in first..to.min(first + 512) {
                    let token = LlamaToken(i32::try_from(position * 7 % 1_000)? + 3);
                    batch.add(token, i32::try_from(position)?, &[0], position + 1 == to)?;
                }
                context.decode(&mut batch)?;
            }
            if to == history {
                // The logits of the last token: the work is done, not only asked for.
                let _ = (history > 0).then(|| context.get_logits_ith(batch.n_tokens() - 1).first().copied());
                began = Instant::now();
            }
        }
        let _ = greedy(context.get_logits_ith(batch.n_tokens() - 1), self.model.n_vocab());
        Ok(began.elapsed())
    }

    fn parameters(&self, streams: usize, room: usize) -> Outcome<LlamaContextParams> {
        Ok(LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(u32::try_from(room)?))
            .with_n_batch(512)
            .with_n_ubatch(512)
            .with_n_seq_max(u32::try_from(streams)?)
            .with_n_threads(self.threads)
            .with_n_threads_batch(self.threads)
            .with_kv_unified(false)
            .with_flash_attention_policy(1))
    }
}

fn greedy(logits: &[f32], vocabulary: i32) -> LlamaToken {
    let mut best = (0, f32::NEG_INFINITY);
    for (id, logit) in (0..vocabulary).zip(logits) {
        if *logit > best.1 {
            best = (id, *logit);
        }
    }
    LlamaToken(best.0)
}
