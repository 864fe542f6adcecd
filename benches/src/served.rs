//! The same work as paid sessions: chain, host, WebSocket, transcripts, checkpoints on the disk, vouchers.

use crate::Outcome;
use alloy_primitives::Address;
use fabstir_client::{Event, OpenOptions, Renter, Session};
use fabstir_core::{amount::Amount, wire::Params};
use fabstir_examples::LocalMarket;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// One answer, measured.
#[derive(Debug, Clone, Copy)]
pub struct Answered {
    /// Tokens the prompt became.
    pub input: u64,
    /// Tokens sampled.
    pub output: u64,
    /// From the question to its first token.
    pub first_token: Duration,
    /// From the question to its end.
    pub whole: Duration,
}

/// Opens a session with a large deposit.
///
/// # Errors
///
/// Those of the client.
pub async fn open(market: &LocalMarket) -> Outcome<Session> {
    let offer = market.offer(Address::ZERO).await?;
    let deposit = Amount::from(1_000_000_000_000_000_000_u64);
    Ok(market.renter.open(&offer, &OpenOptions::new(deposit)).await?)
}

/// Greedy, `tokens` long unless the model ends before.
#[must_use]
pub fn params(tokens: u32) -> Params {
    let mut params = Renter::params();
    params.temperature = 0;
    params.max_tokens = tokens;
    params
}

/// Asks and measures.
///
/// # Errors
///
/// Those of the client.
pub async fn ask(session: &mut Session, question: &str, tokens: u32) -> Outcome<Answered> {
    let began = Instant::now();
    let mut answer = session.prompt(question, params(tokens)).await?;
    let mut measured = Answered { input: 0, output: 0, first_token: Duration::ZERO, whole: Duration::ZERO };
    while let Some(event) = answer.next().await? {
        match event {
            Event::Token { .. } if measured.first_token.is_zero() => measured.first_token = began.elapsed(),
            Event::Done { usage, .. } => (measured.input, measured.output) = (usage.input, usage.output),
            _ => {}
        }
    }
    measured.whole = began.elapsed();
    Ok(measured)
}

/// Asks in `streams` sessions at once. Returns the answers and the time from the first question to the last end.
///
/// # Errors
///
/// Those of the client.
pub async fn ask_together(
    market: &LocalMarket,
    streams: usize,
    question: &str,
    tokens: u32,
) -> Outcome<(Vec<Answered>, Duration)> {
    let mut sessions = Vec::with_capacity(streams);
    for _ in 0..streams {
        sessions.push(open(market).await?);
    }
    let began = Instant::now();
    let mut asking = JoinSet::new();
    for mut session in sessions {
        let question = question.to_owned();
        asking.spawn(async move { ask(&mut session, &question, tokens).await.map(|answered| (session, answered)) });
    }
    let mut answered = Vec::with_capacity(streams);
    let mut open = Vec::with_capacity(streams);
    while let Some(finished) = asking.join_next().await {
        let (session, answer) = finished??;
        answered.push(answer);
        open.push(session);
    }
    let whole = began.elapsed();
    for session in open {
        session.close().await?;
    }
    Ok((answered, whole))
}
