//! Answers one question with any chat GGUF and streams the answer.
//!
//! ```text
//! $ cargo run -p fabstir-llama --example generate -- --model models/tiny/fabstir-tiny.gguf "What is the capital of France?"
//! The capital of France is Paris.
//! (12 tokens, 1814 tokens/s)
//! ```

use fabstir_core::{
    inference::{Backend, GenerationRequest},
    sampling::{Sampling, turn_seed},
    wire::{Message, Role},
};
use fabstir_llama::{LlamaBackend, LlamaConfig};
use std::{env, error::Error, io::Write, process::ExitCode, time::Instant};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match arguments.as_slice() {
        [flag, model, question] if flag == "--model" => answer(model, question),
        _ => Err("usage: generate --model PATH QUESTION".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn answer(model: &str, question: &str) -> Result<(), Box<dyn Error>> {
    let backend = LlamaBackend::load(LlamaConfig::new(model))?;
    let messages = [Message { role: Role::User, content: question.to_owned() }];
    let mut generation = backend.generate(GenerationRequest {
        sequence: 0,
        tokens: backend.render(&messages, 0, None)?,
        known: 0,
        reread: false,
        sampling: Sampling::default(),
        turn_seed: turn_seed(Default::default(), Default::default()),
        max_tokens: 256,
        stop: Vec::new(),
    })?;
    let (begun, mut tokens) = (Instant::now(), 0);
    while let Some(token) = generation.next()? {
        print!("{}", token.text);
        std::io::stdout().flush()?;
        tokens += 1;
    }
    let speed = f64::from(tokens) / begun.elapsed().as_secs_f64();
    println!("\n({tokens} tokens, {speed:.0} tokens/s)");
    Ok(())
}
