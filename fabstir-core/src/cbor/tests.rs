use super::*;
use ciborium::{Value, value::Integer};
use proptest::prelude::*;

fn leaf() -> impl Strategy<Value = Value> {
    let finite = any::<f64>().prop_filter("NaN is refused", |float| !float.is_nan());
    prop_oneof![
        any::<i64>().prop_map(|number| Value::Integer(number.into())),
        any::<u64>().prop_map(|number| Value::Integer(number.into())),
        (0..300_u64).prop_map(|number| Value::Integer(number.into())),
        finite.prop_map(Value::Float),
        any::<f32>().prop_filter("NaN", |float| !float.is_nan()).prop_map(|float| Value::Float(float.into())),
        (-3000..3000_i16).prop_map(|number| Value::Float(f64::from(number) / 8.0)),
        ".{0,30}".prop_map(Value::Text),
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(Value::Bytes),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 64, 8, |inner| {
        let keyed = proptest::collection::vec((leaf(), inner.clone()), 0..8);
        let maps = keyed.prop_filter("equal keys are refused", |entries| {
            let keys: std::collections::BTreeSet<_> = entries.iter().map(|(key, _)| to_vec(key).ok()).collect();
            keys.len() == entries.len()
        });
        prop_oneof![proptest::collection::vec(inner, 0..8).prop_map(Value::Array), maps.prop_map(Value::Map),]
    })
}

fn reversed(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(reversed).collect()),
        Value::Map(entries) => {
            Value::Map(entries.iter().rev().map(|(key, value)| (key.clone(), reversed(value))).collect())
        }
        other => other.clone(),
    }
}

fn refused(bytes: &[u8]) -> Option<Code> {
    from_slice::<Value>(bytes).err().map(|error| error.code())
}

proptest! {
    #[test]
    fn what_is_written_reads_back(value in value()) {
        let bytes = to_vec(&value).expect("encodes");
        prop_assert_eq!(check(&bytes, Keys::Sorted), Ok(()));
        let again: Value = from_slice(&bytes).expect("decodes");
        prop_assert_eq!(to_vec(&again).expect("encodes"), bytes);
    }

    #[test]
    fn the_order_of_building_does_not_matter(value in value()) {
        prop_assert_eq!(to_vec(&value), to_vec(&reversed(&value)));
    }

    #[test]
    fn whatever_is_accepted_is_the_one_encoding(bytes in proptest::collection::vec(any::<u8>(), 0..24)) {
        if let Ok(value) = from_slice::<Value>(&bytes) {
            prop_assert_eq!(to_vec(&value).expect("encodes"), bytes);
        }
    }

    #[test]
    fn a_changed_byte_is_refused_or_another_value(value in value(), at: usize, flip in 1..=255_u8) {
        let bytes = to_vec(&value).expect("encodes");
        let mut changed = bytes.clone();
        let at = at % changed.len();
        changed[at] ^= flip;
        if let Ok(other) = from_slice::<Value>(&changed) {
            prop_assert_eq!(to_vec(&other).expect("encodes"), changed);
        }
        prop_assert_eq!(refused(&bytes[..bytes.len() - 1]), Some(Code::MalformedFrame));
        prop_assert_eq!(refused(&[&bytes[..], &[0]].concat()), Some(Code::MalformedFrame));
    }

    #[test]
    fn halves_are_recognised(bits: u16) {
        let number = check::half_to_f64(bits);
        prop_assume!(!number.is_nan());
        let bytes = to_vec(&number).expect("encodes");
        prop_assert_eq!(bytes, [&[0xf9][..], &bits.to_be_bytes()].concat());
        prop_assert!(check::fits_half(number));
    }

    #[test]
    fn floats_fit_a_half_exactly_if_ciborium_says_so(single in any::<f32>()) {
        prop_assume!(!single.is_nan());
        let bytes = to_vec(&single).expect("encodes");
        prop_assert_eq!(check::fits_half(f64::from(single)), bytes.len() == 3);
    }
}

#[test]
fn equal_keys_and_nan_are_not_written() {
    let twice = Value::Map(vec![(1.into(), 1.into()), (1.into(), 2.into())]);
    assert_eq!(to_vec(&twice).map_err(|error| error.code()), Err(Code::InvalidValue));
    assert_eq!(to_vec(&[f64::NAN]).map_err(|error| error.code()), Err(Code::InvalidValue));
    assert_eq!(to_vec(&f32::NAN).map_err(|error| error.code()), Err(Code::InvalidValue));
}

#[test]
fn nesting_is_bounded_both_ways() {
    let nested = |depth: usize| (1..depth).fold(Value::Array(vec![]), |inner, _| Value::Array(vec![inner]));
    let deepest = to_vec(&nested(MAX_DEPTH)).expect("as deep as it may be");
    assert_eq!(from_slice::<Value>(&deepest), Ok(nested(MAX_DEPTH)));
    assert!(to_vec(&nested(MAX_DEPTH + 1)).is_err());
    for opening in [&[0x81_u8][..], &[0xa1], &[0xa1, 0x00], &[0xc2], &[0x9f], &[0xd8, 0x40]] {
        assert_eq!(refused(&opening.repeat(10_000)), Some(Code::MalformedFrame), "{opening:x?}");
    }
}

#[test]
fn declared_lengths_allocate_nothing() {
    for major in [0x5b, 0x7b, 0x9b, 0xbb] {
        for length in [u64::MAX, 1 << 62, 1 << 32] {
            let bytes = [&[major][..], &length.to_be_bytes()].concat();
            assert_eq!(refused(&bytes), Some(Code::MalformedFrame), "{bytes:x?}");
        }
    }
}

#[test]
fn big_integers_take_their_shortest_form() {
    let number = u128::from(u64::MAX) + 1;
    let bytes = to_vec(&number).expect("encodes");
    assert_eq!(bytes, [&[0xc2, 0x49, 1][..], &[0; 8]].concat());
    assert_eq!(from_slice::<u128>(&bytes), Ok(number));
    assert_eq!(from_slice::<u64>(&to_vec(&u128::from(u64::MAX)).expect("encodes")), Ok(u64::MAX));
    // Padded, too short for a tag, and no byte string.
    for bad in ["c24a00010000000000000000", "c248ffffffffffffffff", "c201", "c240"] {
        let bytes = alloy_primitives::hex::decode(bad).expect("hex");
        assert_eq!(refused(&bytes), Some(Code::MalformedFrame), "{bad}");
    }
}

#[test]
fn what_has_no_use_is_refused() {
    // undefined, an unassigned simple value, a date, a self-described item, half a break.
    for bad in ["f7", "e0", "f820", "c11a514b67b0", "d9d9f700", "ff"] {
        let bytes = alloy_primitives::hex::decode(bad).expect("hex");
        assert_eq!(refused(&bytes), Some(Code::MalformedFrame), "{bad}");
    }
}

#[test]
fn a_parsers_message_is_cut() {
    #[derive(Debug, serde::Deserialize)]
    enum Small {}
    let bytes = to_vec(&"x".repeat(4_000)).expect("encodes");
    let message = from_slice::<Small>(&bytes).expect_err("no variant").to_string();
    assert!(message.chars().count() <= 160, "{message}");
}

#[test]
fn integers_at_every_width_are_shortest() {
    for (number, length) in [(23_u64, 1), (24, 2), (255, 2), (256, 3), (65_535, 3), (65_536, 5), (1 << 32, 9)] {
        assert_eq!(to_vec(&Value::Integer(Integer::from(number))).map(|bytes| bytes.len()), Ok(length));
    }
}
