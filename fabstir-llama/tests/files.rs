//! Model files that are missing, cut, flipped or something else altogether. None may end the process.

mod common;

use common::*;
use fabstir_core::{Code, inference::Backend};
use fabstir_llama::{Error, LlamaBackend, LlamaConfig, Progress};
use std::{cell::RefCell, fs, io::Write, path::Path, rc::Rc};

/// Where the shipped model's weights begin, or shortly before.
fn header_length(bytes: &[u8]) -> usize {
    let mark = b"output_norm.weight";
    bytes.windows(mark.len()).rposition(|window| window == mark).unwrap() + 64
}

fn load(path: &Path) -> Result<LlamaBackend, Error> {
    let mut config = LlamaConfig::new(path);
    config.context_length = Some(64);
    config.sequences = 1;
    LlamaBackend::load(config)
}

fn load_bytes(bytes: &[u8]) -> Result<LlamaBackend, Error> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    load(file.path())
}

fn refusal(bytes: &[u8]) -> Code {
    load_bytes(bytes).unwrap_err().code()
}

#[test]
fn what_is_no_file_is_missing() {
    assert_eq!(load(Path::new("no/such/model.gguf")).unwrap_err().code(), Code::ModelMissing);
    assert_eq!(load(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap_err().code(), Code::ModelMissing);
}

#[test]
fn what_is_no_gguf_is_corrupt() {
    assert_eq!(refusal(b""), Code::ModelCorrupt);
    assert_eq!(refusal(b"GG"), Code::ModelCorrupt);
    assert_eq!(refusal(b"PK\x03\x04 a zip archive"), Code::ModelCorrupt);
    assert_eq!(refusal(&[0xFF; 4096]), Code::ModelCorrupt);
    assert_eq!(refusal(b"GGUF\x01\x00\x00\x00"), Code::ModelUnsupported);
    let error = load_bytes(b"<html>404</html>").unwrap_err();
    assert!(error.to_string().contains("does not begin with `GGUF`"), "{error}");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let bytes = fs::read(model_path()).unwrap();
    let header = header_length(&bytes);
    let in_header = (0..header).step_by(61);
    let in_weights = (header..bytes.len()).step_by((bytes.len() - header) / 24);
    for length in in_header.chain(in_weights).chain([bytes.len() - 64]) {
        assert_eq!(refusal(&bytes[..length]), Code::ModelCorrupt, "cut at {length}");
    }
}

#[test]
fn flipped_bytes_never_end_the_process() {
    let bytes = fs::read(model_path()).unwrap();
    let tokens = bytes.windows(21).position(|window| window == b"tokenizer.ggml.tokens").unwrap();
    let after = bytes.windows(23).position(|window| window == b"tokenizer.chat_template").unwrap();
    let header = header_length(&bytes);
    let places = (0..tokens + 40).step_by(3).chain((tokens..after).step_by(997)).chain((after..header).step_by(13));
    let mut refused = 0;
    for (turn, at) in places.enumerate() {
        let mut bytes = bytes.clone();
        bytes[at] ^= [0x01, 0xFF, 0x80, 0x20][turn % 4];
        match load_bytes(&bytes) {
            Err(error) => {
                let codes = [Code::ModelCorrupt, Code::ModelUnsupported, Code::InvalidConfig, Code::BackendFailed];
                assert!(codes.contains(&error.code()), "{at}: {error}");
                refused += 1;
            }
            // A flipped letter of a name or a token is another model, which must run or fail in words.
            Ok(backend) => answer_or_fail(&backend),
        }
    }
    assert!(refused > 100, "{refused}");
}

fn answer_or_fail(backend: &LlamaBackend) {
    let Ok(tokens) = backend.render(&[user("Hi")], 0, None) else { return };
    let mut request = request(1, tokens);
    request.max_tokens = 2;
    let Ok(mut generation) = backend.generate(request) else { return };
    while let Ok(Some(_)) = generation.next() {}
}

#[test]
fn models_that_generate_nothing_are_unsupported() {
    let mut bytes = fs::read(model_path()).unwrap();
    let at = bytes.windows(5).position(|window| window == b"llama").unwrap();
    bytes[at..at + 5].copy_from_slice(b"xbert");
    let error = load_bytes(&bytes).unwrap_err();
    assert!([Code::ModelUnsupported, Code::ModelCorrupt].contains(&error.code()), "{error}");
}

#[test]
fn a_model_without_a_template_needs_one_in_the_settings() {
    let mut bytes = fs::read(model_path()).unwrap();
    let key = b"tokenizer.chat_template";
    let at = bytes.windows(key.len()).position(|window| window == key).unwrap();
    bytes[at..at + key.len()].copy_from_slice(b"tokenizer.chat_tXmplate");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    let error = load(file.path()).unwrap_err();
    assert_eq!(error.code(), Code::ModelUnsupported);
    assert!(error.to_string().contains("no chat template"), "{error}");

    let mut config = LlamaConfig::new(file.path());
    config.chat_template = Some("{% for m in messages %}{{ m.content }}{% endfor %}".into());
    assert!(LlamaBackend::load(config).is_ok());
    let mut config = LlamaConfig::new(file.path());
    config.chat_template = Some("{% for %}".into());
    assert_eq!(LlamaBackend::load(config).unwrap_err().code(), Code::ModelUnsupported);
}

#[test]
fn settings_out_of_bounds_are_refused_before_anything_is_read() {
    let mut config = LlamaConfig::new("no/such/model.gguf");
    config.sequences = 0;
    assert_eq!(LlamaBackend::load(config).unwrap_err().code(), Code::InvalidConfig);
    let mut config = config_of_the_shipped_model();
    config.context_length = Some(1 << 20);
    assert_eq!(LlamaBackend::load(config).unwrap_err().code(), Code::InvalidConfig);
}

fn config_of_the_shipped_model() -> LlamaConfig {
    LlamaConfig::new(model_path())
}

#[test]
fn loading_tells_its_progress_and_the_model_its_identity() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&seen);
    let backend = LlamaBackend::load_with_progress(config(), move |progress| log.borrow_mut().push(progress)).unwrap();
    let bytes = fs::read(model_path()).unwrap();
    let size = bytes.len() as u64;
    assert!(seen.borrow().contains(&Progress::Hashing { done: size, total: size }));
    assert!(seen.borrow().contains(&Progress::Loading { part: 1.0 }));
    let model = backend.model();
    assert_eq!(model.id.blake3.0, *blake3::hash(&bytes).as_bytes());
    assert_eq!((model.id.size, model.profile.model_id), (size, model.id.hash()));
    assert_eq!((model.context_length, model.profile.context_length), (512, 512));
    assert_eq!(model.profile.runtime, fabstir_llama::runtime_id());
    assert!(model.profile.flash_attention);
    assert_eq!((model.profile.kv_type_k, model.profile.kv_type_v), (1, 1));
    assert!(!model.name.is_empty());
}

/// Minutes: run by hand when llama.cpp is updated.
#[test]
#[ignore = "takes minutes"]
fn no_byte_of_the_header_ends_the_process() {
    let bytes = fs::read(model_path()).unwrap();
    let tokens = bytes.windows(21).position(|window| window == b"tokenizer.ggml.tokens").unwrap();
    let after = bytes.windows(23).position(|window| window == b"tokenizer.chat_template").unwrap();
    let places = (0..tokens + 40).chain((tokens..after).step_by(101)).chain(after..header_length(&bytes));
    for at in places {
        for flip in [0x01, 0x02, 0x10, 0x80, 0xFF] {
            let mut bytes = bytes.clone();
            bytes[at] ^= flip;
            if let Ok(backend) = load_bytes(&bytes) {
                answer_or_fail(&backend);
            }
        }
    }
}
