//! The lean encoding against the other, on everything a browser reads and writes.

use super::*;
use crate::{
    cbor,
    sampling::Sampling,
    transcript::TurnRecord,
    wire::{self, Format, HostMessage, Role},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

fn vectors() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/wire.json");
    serde_json::from_str(&fs::read_to_string(path).expect("the vectors are there")).expect("vectors are JSON")
}

fn frames(json: &Value, group: &str) -> Vec<Vec<u8>> {
    let cases = json[group].as_array().expect("a group");
    let frames: Vec<_> = cases
        .iter()
        .filter_map(|case| Some(alloy_primitives::hex::decode(case["cbor"].as_str()?).expect("hex")))
        .collect();
    assert!(!frames.is_empty(), "no frames in {group}");
    frames
}

/// A type as both read it from these bytes: the same value, or neither.
fn both<T: serde::de::DeserializeOwned + PartialEq + core::fmt::Debug>(bytes: &[u8]) -> Option<T> {
    let theirs = cbor::from_slice::<T>(bytes).ok();
    let ours = from_slice::<T>(bytes).ok();
    // What is not deterministic is for the check before to refuse.
    if cbor::check(bytes, cbor::Keys::Sorted).is_ok() {
        assert_eq!(ours, theirs, "{bytes:02x?}");
    }
    theirs
}

#[test]
fn frames_are_read_and_written_alike() {
    let json = vectors();
    let mut read = 0;
    for frame in frames(&json, "messages") {
        if let Ok(message) = wire::decode_host(&frame, Format::Cbor) {
            assert_eq!(to_vec(&message).expect("encodes"), frame);
            read += usize::from(same_body(&message, &frame));
        } else {
            let message = wire::decode_client(&frame, Format::Cbor).expect("one of the two");
            assert_eq!(to_vec(&message).expect("encodes"), frame);
        }
    }
    assert!(read > 8, "{read} host messages read");
}

/// Whether the message's body is read alike from its frame.
fn same_body(message: &HostMessage, frame: &[u8]) -> bool {
    match message {
        HostMessage::HelloAck(body) => both::<wire::HelloAck>(frame).as_ref() == Some(&**body),
        HostMessage::Opened(body) => both::<wire::Opened>(frame).as_ref() == Some(&**body),
        HostMessage::Resumed(body) => both::<wire::Resumed>(frame).as_ref() == Some(body),
        HostMessage::Accepted(body) => both::<wire::Accepted>(frame).as_ref() == Some(body),
        HostMessage::Token(body) => both::<wire::Token>(frame).as_ref() == Some(body),
        HostMessage::Done(body) => both::<wire::Done>(frame).as_ref() == Some(body),
        HostMessage::Checkpoint(body) => both::<wire::Checkpoint>(frame).as_ref() == Some(body),
        HostMessage::VoucherDue(body) => both::<wire::VoucherDue>(frame).as_ref() == Some(body),
        HostMessage::Evicted(body) => both::<wire::Evicted>(frame).as_ref() == Some(body),
        HostMessage::Closed(body) => both::<wire::Closed>(frame).as_ref() == Some(body),
        HostMessage::Error(body) => both::<wire::ErrorFrame>(frame).as_ref() == Some(body),
        _ => return false,
    }
    .then_some(())
    .is_some()
}

#[test]
fn what_one_refuses_the_other_does_too() {
    for frame in frames(&vectors(), "messages").into_iter().chain(frames(&vectors(), "refused")) {
        both::<wire::Opened>(&frame);
        both::<wire::Accepted>(&frame);
        both::<wire::Checkpoint>(&frame);
        both::<wire::Closed>(&frame);
        both::<wire::ErrorFrame>(&frame);
        for end in 0..frame.len() {
            assert_eq!(from_slice::<wire::Opened>(&frame[..end]).ok(), None);
        }
    }
}

#[test]
fn records_and_maps_are_written_alike() {
    let record = TurnRecord {
        role: Role::Assistant,
        tokens: vec![0, 23, 24, 255, 256, 65_535, 65_536, u32::MAX],
        text: "Brindle \u{1f41f}".repeat(40),
        params: Sampling::default(),
        finish_reason: crate::inference::FinishReason::Cancelled,
    };
    let bytes = cbor::to_vec(&record).expect("encodes");
    assert_eq!(to_vec(&record).expect("encodes"), bytes);
    assert_eq!(from_slice::<TurnRecord>(&bytes), Ok(record));

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Mixed {
        long: u64,
        none: Option<u8>,
        some: Option<(bool, String)>,
        map: BTreeMap<String, u8>,
    }
    let map = [("b", 1), ("a", 2), ("aa", 3)].map(|(key, value)| (key.to_owned(), value)).into();
    let mixed = Mixed { long: u64::MAX, none: None, some: Some((true, "x".into())), map };
    let bytes = cbor::to_vec(&mixed).expect("encodes");
    assert_eq!(to_vec(&mixed).expect("encodes"), bytes);
    assert_eq!(from_slice::<Mixed>(&bytes), Ok(mixed));
}

#[test]
fn what_it_does_not_know_is_refused() {
    assert_eq!(to_vec(&1.5_f64), Err(Mismatch::Type));
    assert_eq!(to_vec(&-1_i32), Err(Mismatch::Type));
    assert_eq!(from_slice::<f64>(&[0xf9, 0x3e, 0]), Err(Mismatch::Type));
    assert_eq!(from_slice::<wire::Evicted>(&[0xa0]), Err(Mismatch::Missing("id")));
    assert_eq!(Mismatch::Missing("id").message(), "missing field id");
    let nested = [[0x81; 40].as_slice(), &[0]].concat();
    assert_eq!(from_slice::<serde::de::IgnoredAny>(&nested).err(), Some(Mismatch::Type));
}
