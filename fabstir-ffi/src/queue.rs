//! Tokens made by the caller: a model whose requests wait in a queue.

use crate::{
    boundary::{Failure, Outcome, guard},
    buffer::fabstir_string,
    event::fabstir_finish,
    fabstir_hash, fabstir_status,
    handle::Table,
    json,
    pointer::{out, slice, text},
};
use fabstir_core::{inference::FinishReason, transcript::ModelId};
use fabstir_host::queue::{Next, Offered, QueueBackend, QueueModel, Request, Tokenizer};
use serde::Deserialize;
use serde_json::{Value, json as object};
use std::{
    ffi::c_char,
    sync::{PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

/// A model that the caller serves.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Debug)]
pub struct fabstir_queue {
    _opaque: [u8; 0],
}

/// A request to that model: a prompt to read, or an answer to make.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Debug)]
pub struct fabstir_job {
    _opaque: [u8; 0],
}

pub(crate) static QUEUES: Table<fabstir_queue, QueueBackend> = Table::new("queue");
static JOBS: Table<fabstir_job, Job> = Table::new("job");

/// `None` once it is answered.
type Job = RwLock<Option<Request>>;

/// Settings of a queue, from JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    name: String,
    #[serde(default)]
    weights_blake3: Option<alloy_primitives::B256>,
    #[serde(default)]
    weights_bytes: Option<u64>,
    #[serde(default)]
    runtime: String,
    #[serde(default)]
    sampler: String,
    #[serde(default)]
    context_length: Option<u32>,
    #[serde(default)]
    vocabulary: Option<u32>,
    #[serde(default)]
    template_overhead: Option<u32>,
    #[serde(default)]
    patience_ms: Option<u64>,
    #[serde(default)]
    waiting: Option<usize>,
    #[serde(default)]
    ahead: Option<usize>,
}

impl Settings {
    fn model(self) -> Outcome<QueueModel> {
        let refuse = |message: &'static str| Err(Failure::new(fabstir_status::InvalidConfig, message));
        let mut model = QueueModel::new(self.name);
        model.weights = match (self.weights_blake3, self.weights_bytes) {
            (Some(blake3), Some(size)) => Some(ModelId { blake3, size }),
            (None, None) => None,
            _ => return refuse("weights_blake3 and weights_bytes go together"),
        };
        model.tokenizer = match (self.vocabulary, self.template_overhead) {
            (Some(vocabulary), Some(template_overhead)) => Tokenizer::Own { vocabulary, template_overhead },
            (None, None) => Tokenizer::Bytes,
            _ => return refuse("vocabulary and template_overhead go together"),
        };
        model.runtime = self.runtime;
        model.sampler = self.sampler;
        model.context_length = self.context_length.unwrap_or(model.context_length);
        model.patience = self.patience_ms.map_or(model.patience, Duration::from_millis);
        model.waiting = self.waiting.unwrap_or(model.waiting);
        model.ahead = self.ahead.unwrap_or(model.ahead);
        Ok(model)
    }
}

/// A queue for a model that the caller serves, from settings in JSON:
///
/// - `name`: what renters see. All else may be left out.
/// - `weights_blake3`, `weights_bytes`: digest and size of the weights; without them the model is named by its name.
/// - `runtime`, `sampler`: names of what computes and chooses, committed in every transcript.
/// - `context_length`: longest conversation in tokens, 32768.
/// - `vocabulary`, `template_overhead`: the caller makes the tokens, and is asked to render each prompt; the overhead is
///   the most tokens that it adds around a message. Without them the queue deals in text, and a token is a byte.
/// - `patience_ms`: longest wait for the caller, 60000. `waiting`: requests that may wait, 64. `ahead`: tokens made ahead
///   of what was sent, 64.
///
/// INVALID_VALUE if they cannot be read, INVALID_CONFIG if they cannot work.
/// Feature: host.
/// Memory: the caller frees `*queue` with fabstir_queue_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_queue_new(
    settings: *const c_char,
    settings_len: usize,
    queue: *mut *mut fabstir_queue,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (settings, queue) = unsafe { (text(settings, settings_len, "settings")?, out(queue, "queue")?) };
        let settings: Settings = json::read(settings, "settings")?;
        queue.write(QUEUES.insert(QueueBackend::new(settings.model()?)?));
        Ok(())
    })
}

/// What terms and registry call the model.
/// Feature: host.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_queue_model_id(
    queue: *const fabstir_queue,
    model_id: *mut fabstir_hash,
) -> fabstir_status {
    guard(|| {
        use fabstir_core::inference::Backend;
        // SAFETY: the caller's pointer is as the conventions say.
        unsafe { out(model_id, "model_id") }?.write(QUEUES.get(queue)?.model().id.hash().into());
        Ok(())
    })
}

/// The next request. Any number of threads may pull; each request goes to one of them. TIMEOUT if none came in time, END
/// once the queue is closed.
/// Feature: host.
/// Memory: the caller frees `*job` with fabstir_job_free(); freed unanswered, it ends in an error that the renter reads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_queue_next(
    queue: *const fabstir_queue,
    timeout_ms: u32,
    job: *mut *mut fabstir_job,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let job = unsafe { out(job, "job") }?;
        match QUEUES.get(queue)?.next(milliseconds(timeout_ms)) {
            Next::Request(request) => job.write(JOBS.insert(RwLock::new(Some(request)))),
            Next::Timeout => return Err(Failure::quiet(fabstir_status::Timeout)),
            Next::Closed => return Err(Failure::quiet(fabstir_status::End)),
        }
        Ok(())
    })
}

/// Takes no more requests: those that wait fail, whoever pulls gets END. Answers under way may be finished.
/// Feature: host.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_queue_close(queue: *const fabstir_queue) -> fabstir_status {
    guard(|| {
        QUEUES.get(queue)?.close();
        Ok(())
    })
}

/// Closes and frees a queue. NULL, or one freed before, is a no-op.
/// Feature: host.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_queue_free(queue: *mut fabstir_queue) {
    crate::boundary::quietly(|| {
        if let Some(queue) = QUEUES.remove(queue) {
            queue.close();
        }
    });
}

/// What is asked, as JSON. `kind` is `"render"`, with `messages`, how many of them are `committed` in the session's tokens,
/// and the `last_token` of those or null; or `"answer"`, with `sequence` (names the conversation), `tokens` (all of them),
/// `messages` (where the queue deals in text), `max_tokens`, `temperature`, `top_k`, `top_p`, `min_p` (thousandths, and a
/// count), `turn_seed`, `stop`, and `ended`: conversations whose caches can go.
/// Feature: host.
/// Memory: the caller frees `*json` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_job_json(job: *const fabstir_job, json: *mut fabstir_string) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let out = unsafe { out(json, "json") }?;
        let job = JOBS.get(job)?;
        out.write(json::write(&describe(open(&job)?.as_ref().ok_or_else(answered)?)?)?);
        Ok(())
    })
}

fn describe(request: &Request) -> Outcome<Value> {
    match request {
        Request::Render(render) => Ok(object!({
            "kind": "render",
            "messages": render.messages,
            "committed": render.committed,
            "last_token": render.last_token,
        })),
        Request::Answer(answer) => Ok(object!({
            "kind": "answer",
            "sequence": answer.sequence.to_string(),
            "tokens": answer.tokens,
            "messages": answer.messages,
            "max_tokens": answer.max_tokens,
            "temperature": answer.sampling.temperature,
            "top_k": answer.sampling.top_k,
            "top_p": answer.sampling.top_p,
            "min_p": answer.sampling.min_p,
            "turn_seed": answer.turn_seed,
            "stop": answer.stop,
            "ended": answer.ended.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })),
        _ => Err(Failure::new(fabstir_status::Unsupported, "a request of a kind this build does not know")),
    }
}

/// Answers a `"render"`: the tokens that continue the session, which are the new messages and the beginning of an answer.
/// INVALID_VALUE if something else was asked.
/// Feature: host.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_job_render(job: *const fabstir_job, tokens: *const u32, len: usize) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let tokens = unsafe { slice(tokens, len, "tokens") }?.to_vec();
        match take(&*JOBS.get(job)?, |request| matches!(request, Request::Render(_)))? {
            Request::Render(render) => render.answer(tokens),
            _ => return Err(other_kind()),
        }
        Ok(())
    })
}

/// Adds a token and the bytes it stands for to an answer, whole characters or not. Waits for room: TIMEOUT if there was
/// none in time, END once nothing more is wanted (cancelled, long enough, stopped, not paid).
/// Feature: host.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_job_push(
    job: *const fabstir_job,
    token: u32,
    bytes: *const u8,
    len: usize,
    timeout_ms: u32,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let bytes = unsafe { slice(bytes, len, "bytes") }?;
        let job = JOBS.get(job)?;
        let request = open(&job)?;
        let Some(Request::Answer(answer)) = request.as_ref() else { return Err(not_an_answer(request.as_ref())) };
        offered(answer.push(token, bytes, milliseconds(timeout_ms))?, 1).map(drop)
    })
}

/// Adds text to an answer, where the queue deals in text: a token for each byte. Waits for room: TIMEOUT if some of it
/// found none in time, END once nothing more is wanted. The text is UTF-8, and may begin or end inside a character, as what
/// is left of another does. `*written` is what was taken, with OK and TIMEOUT alike: offer the
/// rest again.
/// Feature: host.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_job_write(
    job: *const fabstir_job,
    text: *const u8,
    len: usize,
    timeout_ms: u32,
    written: *mut usize,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (text, written) = unsafe { (slice(text, len, "text")?, out(written, "written")?) };
        let job = JOBS.get(job)?;
        let request = open(&job)?;
        let Some(Request::Answer(answer)) = request.as_ref() else { return Err(not_an_answer(request.as_ref())) };
        let offer = answer.write(text, milliseconds(timeout_ms))?;
        if let Offered::Taken(taken) = offer {
            written.write(taken);
        }
        offered(offer, text.len()).map(drop)
    })
}

/// Whether nothing more is wanted, waited for until the timeout: written as 1 or 0.
/// Feature: host.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_job_cancelled(
    job: *const fabstir_job,
    timeout_ms: u32,
    cancelled: *mut bool,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let cancelled = unsafe { out(cancelled, "cancelled") }?;
        let job = JOBS.get(job)?;
        let request = open(&job)?;
        cancelled.write(match request.as_ref() {
            Some(Request::Answer(answer)) => answer.wait_cancelled(milliseconds(timeout_ms)),
            Some(Request::Render(render)) => render.is_cancelled(),
            _ => true,
        });
        Ok(())
    })
}

/// Ends an answer; `finish` is a fabstir_finish: STOP where the model came to its end, LENGTH where it was cut. INVALID_VALUE
/// for any other, or if something else was asked.
/// Feature: host.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_job_finish(job: *const fabstir_job, finish: u32) -> fabstir_status {
    guard(|| {
        let reason = match finish {
            finish if finish == fabstir_finish::Stop as u32 => FinishReason::Stop,
            finish if finish == fabstir_finish::Length as u32 => FinishReason::Length,
            _ => return Err(Failure::invalid("finish", "neither STOP nor LENGTH")),
        };
        match take(&*JOBS.get(job)?, |request| matches!(request, Request::Answer(_)))? {
            Request::Answer(answer) => answer.finish(reason),
            _ => return Err(other_kind()),
        }
        Ok(())
    })
}

/// Refuses what is asked, in words that the renter reads. What was sent of an answer is paid.
/// Feature: host.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_job_fail(
    job: *const fabstir_job,
    message: *const c_char,
    len: usize,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let message = unsafe { text(message, len, "message") }?;
        match take(&*JOBS.get(job)?, |_| true)? {
            Request::Render(render) => render.refuse(message),
            Request::Answer(answer) => answer.fail(message),
            _ => return Err(other_kind()),
        }
        Ok(())
    })
}

/// Frees a job. One that was not answered ends in an error. NULL, or one freed before, is a no-op.
/// Feature: host.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_job_free(job: *mut fabstir_job) {
    JOBS.free(job);
}

fn milliseconds(timeout_ms: u32) -> Duration {
    Duration::from_millis(timeout_ms.into())
}

fn open(job: &Job) -> Outcome<RwLockReadGuard<'_, Option<Request>>> {
    Ok(job.read().unwrap_or_else(PoisonError::into_inner))
}

/// Takes the request out to answer it, if it is of the kind wanted.
fn take(job: &Job, wanted: impl Fn(&Request) -> bool) -> Outcome<Request> {
    let mut request = job.write().unwrap_or_else(PoisonError::into_inner);
    match request.take_if(|request| wanted(request)) {
        Some(request) => Ok(request),
        None if request.is_some() => Err(other_kind()),
        None => Err(answered()),
    }
}

fn offered(offer: Offered, all: usize) -> Outcome<usize> {
    match offer {
        Offered::Taken(taken) if taken == all => Ok(taken),
        Offered::Taken(_) => Err(Failure::quiet(fabstir_status::Timeout)),
        Offered::Over => Err(Failure::quiet(fabstir_status::End)),
    }
}

fn not_an_answer(request: Option<&Request>) -> Failure {
    if request.is_some() { other_kind() } else { answered() }
}

fn answered() -> Failure {
    Failure::new(fabstir_status::UnexpectedMessage, "this job was answered before")
}

fn other_kind() -> Failure {
    Failure::invalid("job", "something else was asked")
}
