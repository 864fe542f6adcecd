//! The core's hot calls: vouchers, heads, context, sampling, settlement.

use alloy_primitives::{Address, B256, U256};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use fabstir_core::{
    amount::{Amount, Prices, Usage},
    context,
    messages::{Domain, Signed, Voucher},
    sampling::{Sampler, Sampling},
    settlement::payable_down,
    signature::SigningKey,
    transcript::Transcript,
    wire::{Message, Role},
};
use std::hint::black_box;

fn vouchers(criterion: &mut Criterion) {
    let domain = Domain::new(8_453, Address::repeat_byte(1));
    let key = SigningKey::from_bytes(&[7; 32]).expect("a key");
    let voucher =
        Voucher { sessionId: U256::from(1), inputTokens: 1_000, outputTokens: 2_000, head: B256::repeat_byte(2) };
    let signature = voucher.sign(&domain, &key);
    let mut group = criterion.benchmark_group("voucher");
    group.bench_function("digest", |bencher| bencher.iter(|| black_box(&voucher).digest(&domain)));
    group.bench_function("sign", |bencher| bencher.iter(|| black_box(&voucher).sign(&domain, &key)));
    group.bench_function("verify", |bencher| {
        bencher.iter(|| black_box(&voucher).verify(&domain, &signature, key.address()).expect("verifies"));
    });
    group.finish();
}

fn heads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("transcript");
    group.throughput(Throughput::Elements(64));
    group.bench_function("head over 64 sampled tokens", |bencher| {
        let mut transcript = Transcript::new(U256::from(1), B256::repeat_byte(1), B256::repeat_byte(2));
        transcript.begin_turn();
        bencher.iter_batched_ref(
            || transcript.clone(),
            |transcript| {
                (0..64).for_each(|token| transcript.sample(black_box(token)));
                transcript.checkpoint(&[]).expect("closes").head
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn fitting(criterion: &mut Criterion) {
    let messages: Vec<Message> = (0..20)
        .map(|at| Message::new(if at % 2 == 0 { Role::User } else { Role::Assistant }, "word ".repeat(200)))
        .collect();
    let costs = vec![200; messages.len()];
    criterion.bench_function("context/fit 20 messages", |bencher| {
        bencher.iter(|| context::fit(black_box(&messages), &costs, 2_048).expect("fits"));
    });
}

fn sampling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sample");
    for vocabulary in [32_000_u32, 151_936] {
        // A linear congruential generator: logits spread as a model's are, the same at every run.
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 1_048_576.0 - 8.0
        };
        let logits: Vec<f32> = (0..vocabulary).map(|_| next()).collect();
        let (parameters, seed) = (Sampling::default(), B256::repeat_byte(3));
        let mut sampler = Sampler::new();
        group.bench_function(format!("vocabulary {vocabulary}"), |bencher| {
            bencher.iter(|| sampler.sample(black_box(&logits), &parameters, &seed, 17).expect("samples"));
        });
    }
    group.finish();
}

fn settling(criterion: &mut Criterion) {
    let prices = Prices::new(60_000, 240_000);
    criterion.bench_function("settlement/payable", |bencher| {
        bencher.iter(|| {
            payable_down(black_box(Usage::new(12_345, 67_890)), prices, Amount::from(1_000_000_u64)).expect("fits")
        });
    });
}

criterion_group!(benches, vouchers, heads, fitting, sampling, settling);
criterion_main!(benches);
