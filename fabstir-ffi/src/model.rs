//! A model in this process.

use crate::{
    boundary::{Failure, Outcome, guard},
    buffer::fabstir_string,
    fabstir_status,
    handle::Table,
    json,
    pointer::{out, slice, text},
};
use alloy_primitives::B256;
use fabstir_core::{inference::Backend, transcript::Profile, wire::Message};
use fabstir_llama::{KvType, LlamaBackend, LlamaConfig, Progress};
use serde::{Deserialize, Serialize};
use std::{
    ffi::c_char,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

/// A model that is being loaded, or has been.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Debug)]
pub struct fabstir_model {
    _opaque: [u8; 0],
}

pub(crate) static MODELS: Table<fabstir_model, Arc<Loading>> = Table::new("model");

/// Hashing the file is taken for this part of loading it.
const HASHING: f32 = 0.5;

/// A model on its way.
#[derive(Debug)]
pub(crate) struct Loading {
    /// Bits of the part done, an f32.
    progress: AtomicU32,
    outcome: Mutex<Option<Outcome<Arc<LlamaBackend>>>>,
    settled: Condvar,
}

impl Loading {
    fn start(config: LlamaConfig) -> Outcome<Arc<Self>> {
        let loading =
            Arc::new(Self { progress: AtomicU32::new(0), outcome: Mutex::new(None), settled: Condvar::new() });
        let ours = Arc::clone(&loading);
        let work = move || {
            let told = Arc::clone(&ours);
            let load = AssertUnwindSafe(|| LlamaBackend::load_with_progress(config, move |step| told.tell(step)));
            let loaded = match catch_unwind(load) {
                Ok(loaded) => loaded.map(Arc::new).map_err(|error| fabstir_core::Error::from(error).into()),
                Err(_) => Err(Failure::new(fabstir_status::Panic, "loading the model panicked")),
            };
            *ours.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(loaded);
            ours.settled.notify_all();
        };
        thread::Builder::new()
            .name("fabstir-load".into())
            .spawn(work)
            .map_err(|error| Failure::new(fabstir_status::Internal, format!("no thread: {error}")))?;
        Ok(loading)
    }

    fn tell(&self, step: Progress) {
        let part = match step {
            Progress::Hashing { done, total } => HASHING * (done as f32 / total.max(1) as f32),
            Progress::Loading { part } => HASHING + (1.0 - HASHING) * part,
            _ => return,
        };
        self.progress.store(part.to_bits(), Ordering::Relaxed);
    }

    fn progress(&self) -> f32 {
        f32::from_bits(self.progress.load(Ordering::Relaxed))
    }

    /// The model, waited for; TIMEOUT if it is not there in time. `None` waits for as long as it takes.
    pub(crate) fn wait(&self, limit: Option<Duration>) -> Outcome<Arc<LlamaBackend>> {
        let outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = |outcome: &mut Option<_>| outcome.is_none();
        let outcome = match limit {
            None => self.settled.wait_while(outcome, pending).unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                self.settled.wait_timeout_while(outcome, limit, pending).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        outcome.clone().unwrap_or_else(|| Err(Failure::quiet(fabstir_status::Timeout)))
    }
}

/// The model of a handle, loaded.
pub(crate) fn loaded(model: *const fabstir_model) -> Outcome<Arc<LlamaBackend>> {
    MODELS.get(model)?.wait(None)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelConfig {
    path: PathBuf,
    context_length: Option<u32>,
    sequences: Option<u32>,
    prefill: Option<u32>,
    threads: Option<u32>,
    gpu_layers: Option<u32>,
    flash_attention: Option<bool>,
    kv_type_k: Option<Kv>,
    kv_type_v: Option<Kv>,
    chat_template: Option<String>,
    read_ahead: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kv {
    F32,
    F16,
    Bf16,
    Q8_0,
}

impl From<Kv> for KvType {
    fn from(kv: Kv) -> Self {
        match kv {
            Kv::F32 => Self::F32,
            Kv::F16 => Self::F16,
            Kv::Bf16 => Self::Bf16,
            Kv::Q8_0 => Self::Q8_0,
        }
    }
}

impl From<ModelConfig> for LlamaConfig {
    fn from(given: ModelConfig) -> Self {
        let mut config = Self::new(given.path);
        config.context_length = given.context_length;
        config.sequences = given.sequences.unwrap_or(config.sequences);
        config.prefill = given.prefill.unwrap_or(config.prefill);
        config.threads = given.threads;
        config.gpu_layers = given.gpu_layers.unwrap_or(config.gpu_layers);
        config.flash_attention = given.flash_attention.unwrap_or(config.flash_attention);
        config.kv_type_k = given.kv_type_k.map_or(config.kv_type_k, Into::into);
        config.kv_type_v = given.kv_type_v.map_or(config.kv_type_v, Into::into);
        config.chat_template = given.chat_template;
        config.read_ahead = given.read_ahead.unwrap_or(config.read_ahead);
        config
    }
}

/// Begins to load a GGUF, in a thread of ours; see fabstir_model_wait(). Every other function waits for it too. `config` is
/// JSON, of which the path is needed:
///
/// ```text
/// {"path": the GGUF, "context_length": tokens, "sequences": conversations held at once, 1 to 256, "prefill": 1 to 64,
///  "threads": number, "gpu_layers": number, "flash_attention": bool, "kv_type_k", "kv_type_v": "f32", "f16", "bf16"
///  or "q8_0", "chat_template": Jinja, "read_ahead": tokens}
/// ```
///
/// Feature: llama.
/// Memory: the caller frees `*model` with fabstir_model_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_model_new(
    config: *const c_char,
    len: usize,
    model: *mut *mut fabstir_model,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (config, model) = unsafe { (text(config, len, "config")?, out(model, "model")?) };
        let config = json::read::<ModelConfig>(config, "config")?;
        model.write(MODELS.insert(Loading::start(config.into())?));
        Ok(())
    })
}

/// Waits until the model is loaded. TIMEOUT if it is not yet. `*progress`, from 0 to 1, is written in both cases; it may be
/// NULL. MODEL_MISSING, MODEL_CORRUPT, MODEL_UNSUPPORTED, CPU_UNSUPPORTED or INVALID_CONFIG if it cannot be.
/// Feature: llama.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_model_wait(
    model: *const fabstir_model,
    timeout_ms: u32,
    progress: *mut f32,
) -> fabstir_status {
    guard(|| {
        let model = MODELS.get(model)?;
        let outcome = model.wait(Some(Duration::from_millis(timeout_ms.into())));
        let part = if outcome.is_ok() { 1.0 } else { model.progress() };
        if !progress.is_null() {
            // SAFETY: the caller's pointer is as the conventions say.
            unsafe { out(progress, "progress") }?.write(part);
        }
        outcome.map(drop)
    })
}

#[derive(Serialize)]
struct InfoJson<'a> {
    name: &'a str,
    model_id: B256,
    blake3: B256,
    size: String,
    context_length: u32,
    template_overhead: u32,
    profile: Profile,
    profile_hash: B256,
    runtime: String,
}

/// What the model is, as JSON:
///
/// ```text
/// {"name", "model_id", "blake3", "size", "context_length", "template_overhead", "profile", "profile_hash", "runtime"}
/// ```
///
/// Feature: llama.
/// Memory: the caller frees `*info` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_model_info(model: *const fabstir_model, info: *mut fabstir_string) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let info = unsafe { out(info, "info") }?;
        let backend = loaded(model)?;
        let known = backend.model();
        info.write(json::write(&InfoJson {
            name: &known.name,
            model_id: known.id.hash(),
            blake3: known.id.blake3,
            size: known.id.size.to_string(),
            context_length: known.context_length,
            template_overhead: known.template_overhead,
            profile: known.profile,
            profile_hash: known.profile.hash(),
            runtime: fabstir_llama::runtime_name().to_string(),
        })?);
        Ok(())
    })
}

/// Writes tokens into the caller's memory, if they fit; how many there are is written either way.
///
/// # Safety
///
/// `tokens` is NULL or writable memory for `capacity` numbers, `len` NULL or writable.
pub(crate) unsafe fn tokens_out(found: &[u32], tokens: *mut u32, capacity: usize, len: *mut usize) -> Outcome {
    // SAFETY: the caller's word.
    unsafe { out(len, "len") }?.write(found.len());
    if found.len() > capacity {
        return Err(Failure::quiet(fabstir_status::BufferTooSmall));
    }
    if !found.is_empty() {
        // SAFETY: the caller's word; asked only whether it is NULL or out of line.
        unsafe { out(tokens, "tokens") }?;
        // SAFETY: it has room for them, and cannot overlap with memory of ours.
        unsafe { std::ptr::copy_nonoverlapping(found.as_ptr(), tokens, found.len()) };
    }
    Ok(())
}

/// The tokens that a conversation becomes: the chat template around the messages, a text without special tokens. `messages`
/// is JSON, [{"role", "content"}], of which the first `committed` are left out; after some are, the tokens begin where the
/// model's last answer ended. BUFFER_TOO_SMALL if there are more than `capacity`; `*count` says how many.
/// TEMPLATE_FAILED, PROMPT_TOO_LONG.
/// Feature: llama.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_model_render(
    model: *const fabstir_model,
    messages: *const c_char,
    len: usize,
    committed: usize,
    tokens: *mut u32,
    capacity: usize,
    count: *mut usize,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let messages: Vec<Message> = json::read(unsafe { text(messages, len, "messages") }?, "messages")?;
        if committed > messages.len() {
            return Err(Failure::new(fabstir_status::InvalidParams, "more messages are committed than there are"));
        }
        let found = loaded(model)?.render(&messages, committed, None)?;
        // SAFETY: as above.
        unsafe { tokens_out(&found, tokens, capacity, count) }
    })
}

/// The text of tokens, special ones left out; bytes that are no UTF-8 become U+FFFD. INVALID_PARAMS for a token that the
/// vocabulary does not have.
/// Feature: llama.
/// Memory: the caller frees `*found` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_model_detokenize(
    model: *const fabstir_model,
    tokens: *const u32,
    count: usize,
    found: *mut fabstir_string,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (tokens, found) = unsafe { (slice(tokens, count, "tokens")?, out(found, "found")?) };
        let backend = loaded(model)?;
        let vocabulary = backend.model().profile.vocabulary;
        if let Some(unknown) = tokens.iter().find(|token| **token >= vocabulary) {
            let message = format!("token {unknown} is outside a vocabulary of {vocabulary}");
            return Err(Failure::new(fabstir_status::InvalidParams, message));
        }
        found.write(backend.detokenize(tokens).into());
        Ok(())
    })
}

/// Frees a model. Its answers under way, and hosts that serve it, keep it for as long as they need it. NULL, or one freed
/// before, is a no-op.
/// Feature: llama.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_model_free(model: *mut fabstir_model) {
    MODELS.free(model);
}
