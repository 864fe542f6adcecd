//! Core and contract side by side: random histories of sessions, many of their steps bad ones, are driven through
//! `fabstir_core::session` and through SessionMarket on a local chain. After every step both must agree on whether it
//! succeeded, on the stored slot, on every derived figure and on every balance, to the base unit.
//!
//! `FABSTIR_DIFFERENTIAL_HISTORIES` sets how many histories are played (200), `FABSTIR_DIFFERENTIAL_SEED` which ones.
//! Needs anvil: `npm ci` in the root of the repository.

mod cast;
mod generate;
mod history;
mod model;
mod node;
mod play;
mod stage;

use play::Tally;
use rand::{SeedableRng, rngs::StdRng};
use stage::Stage;
use std::time::Instant;

/// Histories played side by side, each with people of its own.
const LANES: usize = 25;

/// Steps of a history.
const STEPS: usize = 20;

/// Rounds before the chain is started afresh, so that it never grows large.
const ROUNDS_PER_CHAIN: usize = 40;

fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("{name}: {error}")),
        Err(_) => default,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn core_and_contract_agree_on_every_history() {
    let histories = usize::try_from(setting("FABSTIR_DIFFERENTIAL_HISTORIES", 200)).expect("a number");
    let seed = setting("FABSTIR_DIFFERENTIAL_SEED", 0xfab);
    println!("{histories} histories from seed {seed} (FABSTIR_DIFFERENTIAL_SEED)");
    let started = Instant::now();
    let mut tally = Tally::default();
    let rounds: Vec<usize> = (0..histories.div_ceil(LANES)).collect();
    for rounds in rounds.chunks(ROUNDS_PER_CHAIN) {
        let mut stage = Stage::new(LANES).await;
        for &round in rounds {
            play(&mut stage, seed.wrapping_add(round as u64), LANES.min(histories - round * LANES)).await;
        }
        tally.add(&stage.tally);
        println!("{} rounds of {LANES} histories agree, {:.1?}", rounds[rounds.len() - 1] + 1, started.elapsed());
    }
    print!("{tally}");
    if histories >= 200 {
        for (kind, [succeeded, refused]) in &tally.0 {
            assert!(*succeeded > 0, "no {kind} succeeded: the histories test less than they should");
            assert!(*refused > 0 || *kind == "sweep fees", "no {kind} was refused");
        }
        assert_eq!(tally.0.len(), 17, "some kind of step was never taken");
    }
}

async fn play(stage: &mut Stage, seed: u64, lanes: usize) {
    let mut rng = StdRng::seed_from_u64(seed);
    if let Err((difference, history)) = stage.improvise(&mut rng, lanes, STEPS).await {
        let first = difference.what.clone();
        let (shortest, what) = stage.shorten(history, difference).await;
        panic!(
            "core and contract differ; FABSTIR_DIFFERENTIAL_SEED={seed} FABSTIR_DIFFERENTIAL_HISTORIES={lanes} plays it \
             again\nat first: {first}\nshortest history: {shortest}{what}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_unit_too_much_is_noticed_and_the_history_shortened() {
    let mut stage = Stage::new(8).await;
    stage.wrong_by = 1;
    let mut rng = StdRng::seed_from_u64(1);
    let (difference, history) = stage.improvise(&mut rng, 8, STEPS).await.expect_err("a unit too much");
    assert!(difference.what.contains("contract: "), "{}", difference.what);
    let (shortest, what) = stage.shorten(history, difference).await;
    assert!(shortest.steps.len() <= 3, "an opening and a payment are enough: {shortest}{what}");
    stage.wrong_by = 0;
    stage.replay(&shortest).await.expect("the same history agrees without the unit");
}
