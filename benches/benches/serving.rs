//! A host beside a bare llama.cpp loop, in one run: speed of one stream and of eight, time to first token on turn 10
//! against turn 1, and what the host adds to a token of the small model. Prints figures and asserts none.
//!
//! `cargo xtask bench` makes the random-weight model first; `FABSTIR_BENCH_MODEL` names another.

use fabstir_benches::{
    Outcome,
    bare::Bare,
    median,
    served::{self, Answered},
};
use fabstir_chain::anvil::{Anvil, AnvilConfig};
use fabstir_examples::{LocalMarket, MarketOptions, TINY_MODEL};
use fabstir_llama::{LlamaBackend, LlamaConfig};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

const ROUNDS: usize = 3;
const QUESTION: &str = "Tell me about the village, its people and its animals, and about the weather of the last days.";

#[tokio::main]
async fn main() -> Outcome<()> {
    // `cargo test --benches` passes this: the build is all that is wanted.
    if std::env::args().any(|word| word == "--test") {
        return Ok(());
    }
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench/random.gguf");
    let large = std::env::var_os("FABSTIR_BENCH_MODEL").map_or_else(|| PathBuf::from(default), PathBuf::from);
    let threads = u32::try_from(std::thread::available_parallelism()?.get())?;

    let market = market(&large, threads).await?;
    let bare = Bare::load(&large, threads)?;
    for streams in [1, 8] {
        let ratio = compare(&market, &bare, streams, 128).await?;
        println!("{streams} stream(s), random weights: host at {:.1} % of the bare loop", ratio * 100.0);
    }
    first_tokens(&market, &bare).await?;
    drop(market);

    let tiny = Path::new(TINY_MODEL);
    let market = self::market(tiny, 1).await?;
    added_per_token(&market, &Bare::load(tiny, 1)?).await
}

async fn market(model: &Path, threads: u32) -> Outcome<LocalMarket> {
    let mut config = LlamaConfig::new(model);
    config.threads = Some(threads);
    config.context_length = Some(2_048);
    let backend = Arc::new(LlamaBackend::load(config)?);
    LocalMarket::with_backend(Anvil::start(AnvilConfig::default()).await?, backend, MarketOptions::default()).await
}

fn rate(tokens: u64, time: Duration) -> f64 {
    tokens as f64 / time.as_secs_f64()
}

/// Host and bare loop in turns; the ratio of their medians in tokens per second.
async fn compare(market: &LocalMarket, bare: &Bare, streams: usize, tokens: u32) -> Outcome<f64> {
    let (mut hosts, mut bares) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (answers, whole) = served::ask_together(market, streams, QUESTION, tokens).await?;
        let output: u64 = answers.iter().map(|answer| answer.output).sum();
        hosts.push(rate(output, whole));
        let prompt = answers.first().map_or(1, |answer| answer.input) as usize;
        let answer = output as usize / streams;
        let alone = bare.run(streams, prompt, answer)?;
        bares.push(rate((answer * streams) as u64, alone));
        println!(
            "  round {round}: {streams} x ({prompt} in, {answer} out), host {:.1} tokens/s, bare {:.1}",
            hosts[round], bares[round]
        );
    }
    Ok(median(&hosts) / median(&bares))
}

/// Time to first token, turn by turn of one conversation; and what llama.cpp alone takes to read as many tokens behind as
/// long a history.
async fn first_tokens(market: &LocalMarket, bare: &Bare) -> Outcome<()> {
    let (mut first, mut tenth) = (Vec::new(), Vec::new());
    let (mut bare_first, mut bare_tenth) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut session = served::open(market).await?;
        let mut turns: Vec<Answered> = Vec::new();
        for _ in 0..10 {
            turns.push(served::ask(&mut session, QUESTION, 24).await?);
        }
        first.push(turns[0].first_token.as_secs_f64() * 1e3);
        tenth.push(turns[9].first_token.as_secs_f64() * 1e3);
        let history: u64 = turns[..9].iter().map(|turn| turn.input + turn.output).sum();
        println!("  new tokens on turn 1: {}, on turn 10: {} behind {history}", turns[0].input, turns[9].input);
        bare_first.push(bare.read(0, turns[0].input as usize)?.as_secs_f64() * 1e3);
        bare_tenth.push(bare.read(history as usize, turns[9].input as usize)?.as_secs_f64() * 1e3);
        session.close().await?;
    }
    let (first, tenth) = (median(&first), median(&tenth));
    println!("time to first token: turn 1 {first:.1} ms, turn 10 {tenth:.1} ms, ratio {:.2}", tenth / first);
    let (first, tenth) = (median(&bare_first), median(&bare_tenth));
    println!("  llama.cpp alone reads them in {first:.1} and {tenth:.1} ms, ratio {:.2}", tenth / first);
    Ok(())
}

/// What a token costs more through the host than bare, on a model whose own cost is small.
async fn added_per_token(market: &LocalMarket, bare: &Bare) -> Outcome<()> {
    let (mut host, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (answers, whole) = served::ask_together(market, 1, "Tell me a long story.", 256).await?;
        let (input, output) = answers.first().map_or((1, 1), |answer| (answer.input, answer.output));
        host.push(whole.as_secs_f64() * 1e6 / output as f64);
        alone.push(bare.run(1, input as usize, output as usize)?.as_secs_f64() * 1e6 / output as f64);
    }
    let (host, alone) = (median(&host), median(&alone));
    println!("small model: {host:.0} us a token through the host, {alone:.0} bare, {:.0} added", host - alone);
    Ok(())
}
