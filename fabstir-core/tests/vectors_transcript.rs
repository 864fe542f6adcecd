//! Transcripts, samples, CBOR and wire messages against `vectors/*.json`, which an independent program computed.

use alloy_primitives::{B256, U256, hex};
use ciborium::Value as Cbor;
use fabstir_core::{
    cbor,
    sampling::{Sampler, Sampling, turn_seed},
    transcript::{
        CheckpointRoot, Leaf, ModelId, Profile, SumNode, Transcript, TurnRecord, host_seed_link, is_next_host_seed,
        node, root, salt, tokens_digest,
    },
    wire::{self, ClientMessage, Format, HostMessage, Params, decode_client, decode_host, encode},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{fs, path::Path};

fn read(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("vectors are JSON")
}

/// The cases of a group; none would be a test that cannot fail.
fn cases<'a>(json: &'a Value, group: &str) -> &'a [Value] {
    let cases = json[group].as_array().expect(group);
    assert!(!cases.is_empty(), "no cases in {group}");
    cases
}

/// The rows of a group of columns.
fn rows(json: &Value, group: &str) -> Vec<Value> {
    let columns = json[group].as_object().expect(group);
    let length = columns.values().next().and_then(Value::as_array).map_or(0, Vec::len);
    assert!(length > 0, "no cases in {group}");
    (0..length)
        .map(|index| columns.iter().map(|(name, column)| (name.clone(), column[index].clone())).collect())
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no string"))
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(text(value)).expect("hex")
}

fn word(value: &Value) -> B256 {
    text(value).parse().expect("32 bytes")
}

fn long(value: &Value) -> u64 {
    text(value).parse().expect("a u64")
}

fn wide(value: &Value) -> U256 {
    U256::from_str_radix(text(value), 10).expect("a u256")
}

fn plain<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("its type")
}

#[test]
fn models_profiles_and_salts() {
    let json = read("transcript.json");
    for row in rows(&json, "models") {
        let model = ModelId { blake3: word(&row["blake3"]), size: long(&row["size"]) };
        assert_eq!(model.hash(), word(&row["model_id"]));
    }
    for row in rows(&json, "profiles") {
        assert_eq!(plain::<Profile>(&row).hash(), word(&row["hash"]), "{row}");
    }
    for row in rows(&json, "salts") {
        assert_eq!(salt(wide(&row["session_id"]), word(&row["profile"])), word(&row["salt"]));
    }
    for case in cases(&json, "token_lists") {
        assert_eq!(tokens_digest(&plain::<Vec<u32>>(&case["ids"])), word(&case["tokens"]));
    }
}

#[test]
fn seeds() {
    let json = read("transcript.json");
    for chain in cases(&json, "seed_chains") {
        let (root, length) = (word(&chain["root"]), plain(&chain["length"]));
        for link in cases(chain, "links") {
            let k = plain(&link["k"]);
            assert_eq!(host_seed_link(root, length, k), Ok(word(&link["link"])), "link {k} of {length}");
            if k > 0 {
                let previous = host_seed_link(root, length, k - 1).expect("in the chain");
                assert!(is_next_host_seed(previous, word(&link["link"])));
            }
        }
        assert!(host_seed_link(root, length, length + 1).is_err());
    }
    for row in rows(&json, "turn_seeds") {
        assert_eq!(turn_seed(word(&row["nonce"]), word(&row["host_seed"])), word(&row["turn_seed"]));
    }
}

#[test]
fn histories() {
    for history in cases(&read("transcript.json"), "histories") {
        let name = text(&history["name"]);
        let mut transcript =
            Transcript::new(wide(&history["session_id"]), word(&history["profile"]), word(&history["secret"]));
        assert_eq!(transcript.salt(), word(&history["salt"]), "{name}");
        assert_eq!(transcript.head(), transcript.salt(), "{name}");
        for op in cases(history, "ops") {
            apply(&mut transcript, op, name);
        }
    }
}

fn apply(transcript: &mut Transcript, op: &Value, name: &str) {
    let tokens = || plain::<Vec<u32>>(&op["tokens"]);
    let expect = &op["expect"];
    match text(&op["op"]) {
        "begin_turn" => {
            assert_eq!(transcript.begin_turn(), long(&expect["turn"]), "{name}");
            assert_eq!(transcript.position(), long(&expect["position"]), "{name}");
            assert_eq!(transcript.context(), word(&expect["context"]), "{name}");
        }
        "feed" => transcript.feed(&tokens(), word(&op["fingerprint"])),
        "sample" => tokens().into_iter().for_each(|token| transcript.sample(token)),
        "reread" => transcript.reread(&tokens()),
        "edit" => transcript.edit(long(&op["a"]), long(&op["b"])),
        "checkpoint" => {
            let fingerprints: Vec<B256> = op["fingerprints"].as_array().expect("a list").iter().map(word).collect();
            let context = transcript.context();
            let made = transcript.checkpoint(&fingerprints).expect(name);
            compare(&made, expect, name);
            assert_eq!(context, made.context, "{name}: the context was told before the leaf closed");
            assert_eq!(transcript.position(), long(&expect["position"]), "{name}");
            assert_eq!(transcript.head(), made.head, "{name}");
        }
        other => panic!("{name}: unknown op {other}"),
    }
}

fn compare(made: &CheckpointRoot, expect: &Value, name: &str) {
    let leaves: Vec<Value> = made.leaves.iter().map(shown).collect();
    assert_eq!(Value::from(leaves), expect["leaves"], "{name}");
    let mut level: Vec<SumNode> =
        made.leaves.iter().map(|leaf| (leaf.input_tokens(), leaf.output_tokens(), leaf.hash())).collect();
    for (number, expected) in expect["levels"].as_array().expect("a list").iter().enumerate() {
        level =
            level.chunks(2).map(|pair| if let [left, right] = *pair { node(left, right) } else { pair[0] }).collect();
        assert_eq!(Value::from_iter(level.iter().map(shown_node)), *expected, "{name}: level {number}");
    }
    assert_eq!((made.root, root(&made.leaves)), (word(&expect["root"]), made.root), "{name}");
    let numbers = (made.sequence, made.input_tokens, made.output_tokens);
    let expected = (long(&expect["sequence"]), long(&expect["input_tokens"]), long(&expect["output_tokens"]));
    assert_eq!(numbers, expected, "{name}");
    assert_eq!((made.context, made.head), (word(&expect["context"]), word(&expect["head"])), "{name}");
}

fn shown(leaf: &Leaf) -> Value {
    json!({
        "index": leaf.index.to_string(),
        "turn": leaf.turn.to_string(),
        "kind": leaf.kind.number(),
        "position": leaf.position.to_string(),
        "n": leaf.count,
        "context": leaf.context,
        "tokens": leaf.tokens,
        "fingerprint": leaf.fingerprint,
        "blind": leaf.blind,
        "input_tokens": leaf.input_tokens().to_string(),
        "output_tokens": leaf.output_tokens().to_string(),
        "hash": leaf.hash(),
    })
}

fn shown_node((input, output, hash): &SumNode) -> Value {
    json!({"input_tokens": input.to_string(), "output_tokens": output.to_string(), "hash": hash})
}

#[test]
fn samples() {
    let mut sampler = Sampler::new();
    for case in cases(&read("sampling.json"), "cases") {
        let name = text(&case["name"]);
        let logits = if case["logits"].is_null() { generated(&case["generate"]) } else { singles(&case["logits"]) };
        let sampling: Sampling = plain(&case["sampling"]);
        let sampled = sampler.sample(&logits, &sampling, &word(&case["turn_seed"]), long(&case["position"]));
        match sampled {
            Ok(token) => assert_eq!(Value::from(token), case["token"], "{name}"),
            Err(error) => assert_eq!(Value::from(error.code().name()), case["error"], "{name}"),
        }
    }
}

fn singles(logits: &Value) -> Vec<f32> {
    let single = |logit: &Value| f32::from_be_bytes(bytes(logit).try_into().expect("four bytes"));
    logits.as_array().expect("a list").iter().map(single).collect()
}

/// The recipe of `vectors/README.md`.
fn generated(recipe: &Value) -> Vec<f32> {
    let (count, bits): (u32, u32) = (plain(&recipe["count"]), plain(&recipe["bits"]));
    let mut state = long(&recipe["seed"]);
    let half = f64::from(1 << (bits - 1));
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (((state >> (64 - bits)) as f64 - half) / f64::from(1 << (bits - 4))) as f32
        })
        .collect()
}

#[test]
fn cbor_values() {
    for case in cases(&read("cbor.json"), "values") {
        let name = text(&case["name"]);
        let value = typed(&case["value"]);
        let expected = bytes(&case["cbor"]);
        assert_eq!(cbor::to_vec(&value), Ok(expected.clone()), "{name}");
        let again: Cbor = cbor::from_slice(&expected).expect(name);
        assert_eq!(cbor::to_vec(&again), Ok(expected), "{name}");
    }
}

/// A value in the vectors' typed notation.
fn typed(value: &Value) -> Cbor {
    let (kind, value) = value.as_object().and_then(|object| object.iter().next()).expect("an object of one key");
    let list = || value.as_array().expect("a list").iter();
    match kind.as_str() {
        "null" => Cbor::Null,
        "bool" => Cbor::Bool(plain(value)),
        "int" => Cbor::Integer(text(value).parse::<i128>().expect("a number").try_into().expect("64 bits")),
        "float" => Cbor::Float(f64::from_be_bytes(bytes(value).try_into().expect("eight bytes"))),
        "text" => Cbor::Text(text(value).to_owned()),
        "bytes" => Cbor::Bytes(bytes(value)),
        "array" => Cbor::Array(list().map(typed).collect()),
        "map" => Cbor::Map(list().map(|pair| (typed(&pair[0]), typed(&pair[1]))).collect()),
        other => panic!("unknown type {other}"),
    }
}

#[test]
fn turn_records() {
    for case in cases(&read("cbor.json"), "turn_records") {
        let record: TurnRecord = plain(&case["record"]);
        assert_eq!(record.to_bytes(), Ok(bytes(&case["cbor"])));
        assert_eq!(record.id(), Ok(word(&case["blake3"])));
        assert_eq!(TurnRecord::from_bytes(&bytes(&case["cbor"])), Ok(record));
    }
}

#[test]
fn cbor_refusals() {
    for case in cases(&read("cbor.json"), "refused") {
        let refused = cbor::from_slice::<Cbor>(&bytes(&case["cbor"])).map_err(|error| error.code().name());
        assert_eq!(refused, Err("malformed_frame"), "{}: {}", case["reason"], case["name"]);
    }
}

/// A message of either side.
#[derive(Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "one at a time")]
enum Message {
    Client(ClientMessage),
    Host(HostMessage),
}

impl Message {
    fn decode(from: &Value, frame: &[u8], format: Format) -> Result<Self, wire::DecodeError> {
        match text(from) {
            "client" => decode_client(frame, format).map(Self::Client),
            "host" => decode_host(frame, format).map(Self::Host),
            other => panic!("from {other}"),
        }
    }

    fn encode(&self, format: Format) -> Vec<u8> {
        match self {
            Self::Client(message) => encode(message, format),
            Self::Host(message) => encode(message, format),
        }
        .expect("encodes")
    }
}

/// A case's frame and its format.
fn frame(case: &Value) -> (Vec<u8>, Format) {
    match (&case["json"], &case["json_bytes"], &case["cbor"]) {
        (Value::String(json), ..) => (json.clone().into_bytes(), Format::Json),
        (_, json @ Value::String(_), _) => (bytes(json), Format::Json),
        (_, _, cbor) => (bytes(cbor), Format::Cbor),
    }
}

#[test]
fn wire_messages() {
    let json = read("wire.json");
    for case in cases(&json, "messages") {
        let name = text(&case["name"]);
        let message = Message::decode(&case["from"], text(&case["json"]).as_bytes(), Format::Json).expect(name);
        let other = Message::decode(&case["from"], &bytes(&case["cbor"]), Format::Cbor).expect(name);
        assert_eq!(message, other, "{name}");
        assert_eq!(hex::encode_prefixed(message.encode(Format::Cbor)), case["cbor"], "{name}");
        let written: Value = serde_json::from_slice(&message.encode(Format::Json)).expect("JSON");
        let expected: Value = serde_json::from_str(text(&case["json"])).expect("JSON");
        assert_eq!(written, expected, "{name}");
    }
}

#[test]
fn wire_spellings() {
    let json = read("wire.json");
    for case in cases(&json, "same") {
        let name = text(&case["name"]);
        let original = cases(&json, "messages").iter().find(|message| message["name"] == case["same_as"]).expect(name);
        let message = Message::decode(&original["from"], &bytes(&original["cbor"]), Format::Cbor).expect(name);
        let (frame, format) = frame(case);
        assert_eq!(Message::decode(&original["from"], &frame, format), Ok(message), "{name}");
    }
}

#[test]
fn wire_refusals() {
    let json = read("wire.json");
    for case in cases(&json, "refused") {
        let (frame, format) = frame(case);
        let error = Message::decode(&case["from"], &frame, format).expect_err(text(&case["name"]));
        assert_eq!(error.error.code().name(), text(&case["code"]), "{}: {error}", case["name"]);
        if !case["id"].is_null() {
            assert_eq!(error.id, Some(plain(&case["id"])), "{}", case["name"]);
        }
    }
    for case in cases(&json, "sizes") {
        let (prefix, suffix) = (text(&case["prefix"]), text(&case["suffix"]));
        let fill = plain::<usize>(&case["bytes"]) - prefix.len() - suffix.len();
        let frame = format!("{prefix}{}{suffix}", text(&case["fill"]).repeat(fill));
        let code = decode_client(frame.as_bytes(), Format::Json).err().map(|error| error.error.code().name());
        assert_eq!(code, case["code"].as_str(), "{}", case["name"]);
    }
}

#[test]
fn parameters() {
    let json = read("wire.json");
    for case in cases(&json, "params_accepted") {
        assert_eq!(plain::<Params>(&case["params"]).validate(), Ok(()), "{}", case["name"]);
    }
    for case in cases(&json, "params_refused") {
        let refused = plain::<Params>(&case["params"]).validate().map_err(|error| error.code().name());
        assert_eq!(refused, Err(text(&case["code"])), "{}", case["name"]);
    }
}
