//! Answers of a model in this process: many at once, each pulled by whoever wants it.

use crate::{
    boundary::{Failure, Outcome, guard},
    chat::random32,
    event::{fabstir_event, fabstir_event_kind},
    fabstir_status, fabstir_usage,
    handle::Table,
    json,
    model::{fabstir_model, loaded},
    pointer::{out, text},
};
use alloy_primitives::B256;
use fabstir_core::{
    inference::{Backend, FinishReason, Generation, GenerationRequest, SequenceId, Token},
    sampling::Sampling,
    wire::Message,
};
use fabstir_llama::LlamaBackend;
use serde::Deserialize;
use std::{
    ffi::c_char,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// An answer being made.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Debug)]
pub struct fabstir_generation {
    _opaque: [u8; 0],
}

static GENERATIONS: Table<fabstir_generation, Running> = Table::new("generation");

/// Tokens that wait for the caller before the answer pauses; the backend has a bound of its own behind it.
const READ_AHEAD: usize = 8;
/// Conversations without a number of the caller's get one from here on.
const OWN_SEQUENCES: u64 = 1 << 63;

static NEXT_SEQUENCE: AtomicU64 = AtomicU64::new(OWN_SEQUENCES);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Request {
    messages: Vec<Message>,
    tokens: Vec<u32>,
    sequence: Option<SequenceId>,
    known: usize,
    reread: bool,
    temperature: u32,
    top_k: u32,
    top_p: u32,
    min_p: u32,
    seed: Option<B256>,
    max_tokens: u32,
    stop: Vec<String>,
}

impl Default for Request {
    fn default() -> Self {
        let Sampling { temperature, top_k, top_p, min_p } = Sampling::DEFAULT;
        Self {
            messages: Vec::new(),
            tokens: Vec::new(),
            sequence: None,
            known: 0,
            reread: false,
            temperature,
            top_k,
            top_p,
            min_p,
            seed: None,
            max_tokens: 512,
            stop: Vec::new(),
        }
    }
}

impl Request {
    fn prepare(self, backend: &LlamaBackend) -> Outcome<GenerationRequest> {
        let tokens = match (self.messages.is_empty(), self.tokens.is_empty()) {
            (false, true) => backend.render(&self.messages, 0, None)?,
            (true, false) => self.tokens,
            _ => return Err(Failure::new(fabstir_status::InvalidParams, "give exactly one of messages and tokens")),
        };
        let Self { temperature, top_k, top_p, min_p, .. } = self;
        Ok(GenerationRequest {
            sequence: self.sequence.unwrap_or_else(|| NEXT_SEQUENCE.fetch_add(1, Ordering::Relaxed)),
            tokens,
            known: self.known,
            reread: self.reread,
            sampling: Sampling { temperature, top_k, top_p, min_p },
            turn_seed: self.seed.unwrap_or_else(random32),
            max_tokens: self.max_tokens,
            stop: self.stop,
        })
    }
}

enum Item {
    Token(Token),
    Done(FinishReason),
    Failed(Failure),
}

/// An answer in the hands of its thread.
struct Running {
    items: Mutex<Receiver<Item>>,
    cancelled: Arc<AtomicBool>,
    prompt: u64,
    sampled: AtomicU64,
}

impl Running {
    fn start(backend: Arc<LlamaBackend>, request: Request) -> Outcome<Self> {
        let ours = request.sequence.is_none();
        let request = request.prepare(&backend)?;
        let (sequence, prompt) = (request.sequence, request.tokens.len() as u64);
        let generation = backend.generate(request)?;
        let (outlet, items) = sync_channel(READ_AHEAD);
        let cancelled = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&cancelled);
        let work = move || {
            // Dropped inside, before the conversation is forgotten.
            let drive = AssertUnwindSafe(|| drive(generation, &outlet, &told));
            if catch_unwind(drive).is_err() {
                // Nobody to tell, if the caller is gone.
                let _ = outlet.send(Item::Failed(Failure::new(fabstir_status::Panic, "the model panicked")));
            }
            if ours {
                backend.forget(sequence);
            }
        };
        thread::Builder::new()
            .name("fabstir-answer".into())
            .spawn(work)
            .map_err(|error| Failure::new(fabstir_status::Internal, format!("no thread: {error}")))?;
        Ok(Self { items: Mutex::new(items), cancelled, prompt, sampled: AtomicU64::new(0) })
    }

    fn next(&self, timeout: Duration) -> Outcome<fabstir_event> {
        let deadline = Instant::now() + timeout;
        // Of two threads that pull at once one waits for the other: never longer than that one's time.
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let left = deadline.saturating_duration_since(Instant::now());
        match items.recv_timeout(left) {
            Ok(Item::Token(token)) => {
                self.sampled.fetch_add(1, Ordering::Relaxed);
                Ok(fabstir_event::token(token.id, token.text))
            }
            Ok(Item::Done(reason)) => {
                let usage = fabstir_usage { input: self.prompt, output: self.sampled.load(Ordering::Relaxed) };
                Ok(fabstir_event { finish: reason.into(), usage, ..fabstir_event::new(fabstir_event_kind::Done) })
            }
            Ok(Item::Failed(failure)) => Err(failure),
            Err(RecvTimeoutError::Timeout) => Err(Failure::quiet(fabstir_status::Timeout)),
            Err(RecvTimeoutError::Disconnected) => Err(Failure::quiet(fabstir_status::End)),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Release);
    }
}

/// Pulls an answer until its end, its cancellation, or until nobody reads it.
fn drive(mut generation: Box<dyn Generation>, outlet: &SyncSender<Item>, cancelled: &AtomicBool) {
    loop {
        let next = generation.next();
        let (item, last) = match next {
            _ if cancelled.load(Ordering::Acquire) => (Item::Done(FinishReason::Cancelled), true),
            Ok(Some(token)) => (Item::Token(token), false),
            Ok(None) => (Item::Done(generation.finish().unwrap_or(FinishReason::Stop)), true),
            Err(error) => (Item::Failed(error.into()), true),
        };
        if last {
            // The compute stops before the caller hears of it, so that a place is free for whoever asks next.
            drop(generation);
            let _ = outlet.send(item);
            return;
        }
        if outlet.send(item).is_err() {
            return;
        }
    }
}

/// Begins an answer; it is made in the background, beside others, and pulled with fabstir_generation_next(). `request` is
/// JSON; one of messages and tokens is needed, fractions are integers in thousandths:
///
/// ```text
/// {"messages": [{"role", "content"}], "tokens": [ids], "temperature": 0 to 2000, "top_k": 0 to 256,
///  "top_p": 1 to 1000, "min_p": 0 to 1000, "seed": 0x-hex of 32 bytes, "max_tokens": number, "stop": [texts],
///  "sequence": a number of the caller's below 2^63 for the conversation, kept for a later request,
///  "known": how many of the tokens are in that conversation's cache, "reread": whether to read them again if not}
/// ```
///
/// The same tokens, seed and sampling give the same answer. INVALID_PARAMS, TEMPLATE_FAILED, PROMPT_TOO_LONG, CONTEXT_FULL,
/// EVICTED, OVERLOADED if no place is free.
/// Feature: llama.
/// Memory: the caller frees `*generation` with fabstir_generation_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_generation_new(
    model: *const fabstir_model,
    request: *const c_char,
    len: usize,
    generation: *mut *mut fabstir_generation,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (request, generation) = unsafe { (text(request, len, "request")?, out(generation, "generation")?) };
        let request: Request = json::read(request, "request")?;
        if request.sequence.is_some_and(|number| number >= OWN_SEQUENCES) {
            return Err(Failure::new(fabstir_status::InvalidParams, "sequence is not below 2^63"));
        }
        let running = Running::start(loaded(model)?, request)?;
        generation.write(GENERATIONS.insert(running));
        Ok(())
    })
}

/// The next event of an answer: TOKEN or, once, DONE with the tokens of prompt and answer. TIMEOUT if nothing came in time,
/// END after DONE. Any other status is the end of the answer: BACKEND_FAILED.
/// Feature: llama.
/// Memory: the caller frees `event->text` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_generation_next(
    generation: *const fabstir_generation,
    timeout_ms: u32,
    event: *mut fabstir_event,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let event = unsafe { out(event, "event") }?;
        event.write(GENERATIONS.get(generation)?.next(Duration::from_millis(timeout_ms.into()))?);
        Ok(())
    })
}

/// Stops an answer after the token under way; from any thread, any number of times. It still ends in DONE.
/// Feature: llama.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_generation_cancel(generation: *const fabstir_generation) -> fabstir_status {
    guard(|| {
        GENERATIONS.get(generation)?.cancelled.store(true, Ordering::Release);
        Ok(())
    })
}

/// Frees an answer, and stops it if it is not at its end. NULL, or one freed before, is a no-op.
/// Feature: llama.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_generation_free(generation: *mut fabstir_generation) {
    GENERATIONS.free(generation);
}
