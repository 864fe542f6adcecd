use super::{
    select::{id_of, key},
    *,
};
use proptest::prelude::*;

const PLAIN: Sampling = Sampling { temperature: 1000, top_k: 0, top_p: 1000, min_p: 0 };

fn seed(number: u64) -> B256 {
    keccak256(number.to_be_bytes())
}

/// The definition, as slowly as it is written.
fn by_definition(logits: &[f32], sampling: &Sampling, turn_seed: &B256, position: u64) -> u32 {
    let mut order: Vec<u32> = (0..logits.len() as u32).collect();
    let logit = |id: u32| logits[id as usize];
    order.sort_by(|a, b| logit(*b).partial_cmp(&logit(*a)).expect("numbers").then(a.cmp(b)));
    order.truncate(if sampling.top_k == 0 { 256 } else { sampling.top_k as usize });
    if sampling.temperature == 0 {
        return order[0];
    }
    let scaled = |id: u32| f64::from(logit(id)) * 1000.0 / f64::from(sampling.temperature);
    let weight = |id: u32| libm::exp(scaled(id) - scaled(order[0]));
    let total = order.iter().fold(0.0, |sum, id| sum + weight(*id));
    let mut kept = Vec::new();
    let mut held = 0.0;
    for id in &order {
        if sampling.top_p < 1000 && held * 1000.0 >= total * f64::from(sampling.top_p) && !kept.is_empty() {
            break;
        }
        held += weight(*id);
        kept.push(*id);
    }
    kept.retain(|id| weight(*id) * 1000.0 >= f64::from(sampling.min_p));
    let score = |id: u32| {
        let mut input = position.to_le_bytes().to_vec();
        input.extend(id.to_le_bytes());
        let hash = blake3::keyed_hash(turn_seed, &input);
        let bits = u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("eight bytes")) >> 11;
        scaled(id) - libm::log(-libm::log((bits as f64 + 0.5) * libm::exp2(-53.0)))
    };
    kept.into_iter().reduce(|best, id| if score(id) > score(best) { id } else { best }).expect("one is kept")
}

fn sampling() -> impl Strategy<Value = Sampling> {
    (0..=2000_u32, 0..=256_u32, 1..=1000_u32, 0..=1000_u32).prop_map(|(temperature, top_k, top_p, min_p)| Sampling {
        temperature,
        top_k,
        top_p,
        min_p,
    })
}

/// Few distinct values make ties, at the cut too; negative zero and impossible tokens among them.
fn logits() -> impl Strategy<Value = Vec<f32>> {
    let tied = prop_oneof![
        8 => (-6..6_i8).prop_map(|quarter| f32::from(quarter) / 4.0),
        1 => Just(-0.0),
        1 => Just(f32::NEG_INFINITY),
    ];
    let distinct = -20.0..20.0_f32;
    prop_oneof![proptest::collection::vec(tied, 1..3000), proptest::collection::vec(distinct, 1..3000)]
        .prop_filter("one must be possible", |logits| logits.iter().any(|logit| logit.is_finite()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn selecting_fast_changes_nothing(logits in logits(), sampling in sampling(), nonce: u64, position: u64) {
        let expected = by_definition(&logits, &sampling, &seed(nonce), position);
        prop_assert_eq!(sample(&logits, &sampling, &seed(nonce), position), Ok(expected));
    }

    #[test]
    fn a_used_sampler_is_as_good_as_new(first in logits(), second in logits(), sampling in sampling()) {
        let mut sampler = Sampler::new();
        sampler.sample(&first, &sampling, &seed(1), 0).expect("a token");
        let again = sampler.sample(&second, &sampling, &seed(1), 1);
        prop_assert_eq!(again, sample(&second, &sampling, &seed(1), 1));
    }

    #[test]
    fn keys_order_as_logits_do(a in any::<f32>(), b in any::<f32>(), x: u32, y: u32) {
        prop_assume!(!a.is_nan() && !b.is_nan());
        let expected = a.partial_cmp(&b).expect("numbers").then(y.cmp(&x));
        prop_assert_eq!(key(a, x).cmp(&key(b, y)), expected);
        prop_assert_eq!(id_of(key(a, x)), x);
    }
}

#[test]
fn no_order_of_logits_misleads_the_selection() {
    let rising: Vec<f32> = (0..20_000).map(|n| n as f32 / 1000.0).collect();
    let falling: Vec<f32> = rising.iter().rev().copied().collect();
    // All the best ones in one lane of the first pass, whose bound is then far too low.
    let one_lane: Vec<f32> = (0..20_000).map(|n| if n % 512 == 7 { n as f32 / 1000.0 } else { -50.0 }).collect();
    for position in 0..20 {
        for logits in [&rising, &falling, &one_lane] {
            let expected = by_definition(logits, &PLAIN, &seed(3), position);
            assert_eq!(sample(logits, &PLAIN, &seed(3), position), Ok(expected));
        }
    }
}

#[test]
fn draws_follow_the_softmax() {
    // Logits whose softmax is 1/2, 1/4, 1/8, 1/8. Of 20,000 draws five standard deviations are 354 at most.
    let logits = [0.0, -1.0, -2.0, -2.0_f32].map(|log2| log2 * core::f32::consts::LN_2);
    let mut counts = [0_u32; 4];
    for position in 0..20_000 {
        counts[sample(&logits, &PLAIN, &seed(9), position).expect("a token") as usize] += 1;
    }
    for (count, expected) in counts.into_iter().zip([10_000, 5_000, 2_500, 2_500]) {
        assert!(count.abs_diff(expected) < 354, "{counts:?}");
    }
}

#[test]
fn greedy_takes_the_lowest_id_of_the_best() {
    let greedy = Sampling::greedy();
    assert_eq!(sample(&[1.0, 3.0, -0.0, 3.0], &greedy, &seed(0), 0), Ok(1));
    assert_eq!(sample(&[-0.0, 0.0], &greedy, &seed(0), 0), Ok(0));
}

#[test]
fn logits_that_cannot_be_compared_are_refused() {
    let code = |logits: &[f32], sampling| sample(logits, &sampling, &seed(0), 0).map_err(|error| error.code());
    for sampling in [PLAIN, Sampling::greedy()] {
        assert_eq!(code(&[], sampling), Err(Code::InvalidValue));
        assert_eq!(code(&[f32::INFINITY, 0.0], sampling), Err(Code::InvalidValue));
        assert_eq!(code(&[f32::NEG_INFINITY; 3], sampling), Err(Code::InvalidValue));
        // Wherever it stands: first, last, or after the candidates are full.
        for place in [0, 15, 16, 2_000, 4_999] {
            let mut logits: Vec<f32> = (0..5_000).map(|n| -(n as f32)).collect();
            logits[place] = f32::NAN;
            assert_eq!(code(&logits, sampling), Err(Code::InvalidValue), "NaN at {place}");
        }
    }
}

#[test]
fn parameters_out_of_bounds_are_refused() {
    let good = Sampling::DEFAULT;
    let bad = [
        Sampling { temperature: 2001, ..good },
        Sampling { top_k: 257, ..good },
        Sampling { top_p: 0, ..good },
        Sampling { top_p: 1001, ..good },
        Sampling { min_p: 1001, ..good },
    ];
    for sampling in bad {
        let refused = sample(&[1.0, 2.0], &sampling, &seed(0), 0).map_err(|error| error.code());
        assert_eq!(refused, Err(Code::InvalidParams), "{sampling:?}");
    }
    assert_eq!(Sampling::greedy().validate(), Ok(()));
}
