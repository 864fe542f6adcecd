//! Hosts, and models that the program serves.

use crate::abi::{Key, SLICE_MS, beside, check, failure, handle, handle_from, hex, text_from};
use fabstir::{
    fabstir_finish, fabstir_hash, fabstir_host_free, fabstir_host_new, fabstir_host_register, fabstir_host_serve_model,
    fabstir_host_serve_queue, fabstir_host_start, fabstir_host_state, fabstir_host_stop, fabstir_job,
    fabstir_job_cancelled, fabstir_job_fail, fabstir_job_finish, fabstir_job_free, fabstir_job_json, fabstir_job_push,
    fabstir_job_render, fabstir_job_write, fabstir_queue_close, fabstir_queue_free, fabstir_queue_model_id,
    fabstir_queue_new, fabstir_queue_next, fabstir_status,
};
use napi::{Result, bindgen_prelude::Buffer};
use napi_derive::napi;
use std::ptr;

/// A host, set up.
#[napi]
pub fn host_new(settings: String, key: Buffer, account_key: Option<Buffer>) -> Result<f64> {
    let key = Key::new(&key)?;
    let account_key = account_key.map(|secret| Key::new(&secret)).transpose()?;
    let account = account_key.as_ref().map_or(ptr::null_mut(), |key| key.0);
    // SAFETY: the text is as long as is said, and the keys outlive the call.
    handle_from(|host| unsafe { fabstir_host_new(settings.as_ptr().cast(), settings.len(), key.0, account, host) })
}

/// Has it serve a queue.
#[napi]
pub fn host_serve_queue(host: f64, queue: f64, prices: String) -> Result<()> {
    // SAFETY: the text is as long as is said.
    check(unsafe { fabstir_host_serve_queue(handle(host), handle(queue), prices.as_ptr().cast(), prices.len()) })
}

/// Has it serve a model.
#[napi]
pub fn host_serve_model(host: f64, model: f64, prices: String) -> Result<()> {
    // SAFETY: the text is as long as is said.
    check(unsafe { fabstir_host_serve_model(handle(host), handle(model), prices.as_ptr().cast(), prices.len()) })
}

/// Starts it.
#[napi]
pub async fn host_start(host: f64) -> Result<()> {
    beside(move || check(fabstir_host_start(handle(host)))).await
}

/// Registers it; the transactions, as JSON.
#[napi]
pub async fn host_register(host: f64) -> Result<String> {
    // SAFETY: the text is a place for one.
    beside(move || text_from(|sent| unsafe { fabstir_host_register(handle(host), sent) })).await
}

/// What it is and does, as JSON.
#[napi]
pub fn host_state(host: f64) -> Result<String> {
    // SAFETY: the text is a place for one.
    text_from(|state| unsafe { fabstir_host_state(handle(host), state) })
}

/// Stops it.
#[napi]
pub async fn host_stop(host: f64) -> Result<()> {
    beside(move || check(fabstir_host_stop(handle(host)))).await
}

/// Stops and frees it.
#[napi]
pub async fn host_free(host: f64) -> Result<()> {
    beside(move || {
        fabstir_host_free(handle(host));
        Ok(())
    })
    .await
}

/// A queue for a model that the program serves.
#[napi]
pub fn queue_new(settings: String) -> Result<f64> {
    // SAFETY: the text is as long as is said.
    handle_from(|queue| unsafe { fabstir_queue_new(settings.as_ptr().cast(), settings.len(), queue) })
}

/// What terms and registry call its model.
#[napi]
pub fn queue_model_id(queue: f64) -> Result<String> {
    let mut id = fabstir_hash::default();
    // SAFETY: the id is a place for one.
    check(unsafe { fabstir_queue_model_id(handle(queue), &mut id) })?;
    Ok(hex(&id.bytes))
}

/// The next job's handle; null once the queue is closed.
#[napi]
pub async fn queue_next(queue: f64) -> Result<Option<f64>> {
    beside(move || {
        let mut job: *mut fabstir_job = ptr::null_mut();
        loop {
            // SAFETY: the handle is a place for one.
            match unsafe { fabstir_queue_next(handle(queue), SLICE_MS, &mut job) } {
                fabstir_status::Ok => return Ok(Some(job.addr() as f64)),
                fabstir_status::Timeout => {}
                fabstir_status::End => return Ok(None),
                other => return Err(failure(other)),
            }
        }
    })
    .await
}

/// Takes no more jobs.
#[napi]
pub fn queue_close(queue: f64) -> Result<()> {
    check(fabstir_queue_close(handle(queue)))
}

/// Closes and frees a queue.
#[napi]
pub fn queue_free(queue: f64) {
    fabstir_queue_free(handle(queue));
}

/// What a job asks, as JSON.
#[napi]
pub fn job_json(job: f64) -> Result<String> {
    // SAFETY: the text is a place for one.
    text_from(|json| unsafe { fabstir_job_json(handle(job), json) })
}

/// Answers with the tokens of a prompt.
#[napi]
pub fn job_render(job: f64, tokens: Vec<u32>) -> Result<()> {
    // SAFETY: the list is as long as is said.
    check(unsafe { fabstir_job_render(handle(job), tokens.as_ptr(), tokens.len()) })
}

/// Whether what was offered is taken in the end, or nothing more is wanted.
fn taken(mut offer: impl FnMut() -> fabstir_status) -> Result<bool> {
    loop {
        match offer() {
            fabstir_status::Ok => return Ok(true),
            fabstir_status::Timeout => {}
            fabstir_status::End => return Ok(false),
            other => return Err(failure(other)),
        }
    }
}

/// Adds a token; false once nothing more is wanted.
#[napi]
pub async fn job_push(job: f64, token: u32, bytes: Buffer) -> Result<bool> {
    let bytes = Vec::from(&*bytes);
    beside(move || {
        // SAFETY: the bytes are as many as is said.
        taken(|| unsafe { fabstir_job_push(handle(job), token, bytes.as_ptr(), bytes.len(), SLICE_MS) })
    })
    .await
}

/// Adds text; false once nothing more is wanted.
#[napi]
pub async fn job_write(job: f64, text: String) -> Result<bool> {
    beside(move || {
        let mut rest = text.as_bytes();
        taken(|| {
            let mut written = 0;
            // SAFETY: the rest is as long as is said.
            let status = unsafe { fabstir_job_write(handle(job), rest.as_ptr(), rest.len(), SLICE_MS, &mut written) };
            rest = &rest[written..];
            status
        })
    })
    .await
}

/// Whether nothing more is wanted.
#[napi]
pub fn job_cancelled(job: f64) -> Result<bool> {
    let mut cancelled = false;
    // SAFETY: a place for the word.
    check(unsafe { fabstir_job_cancelled(handle(job), 0, &mut cancelled) })?;
    Ok(cancelled)
}

/// Ends an answer, complete or cut.
#[napi]
pub fn job_finish(job: f64, complete: bool) -> Result<()> {
    let reason = if complete { fabstir_finish::Stop } else { fabstir_finish::Length };
    check(fabstir_job_finish(handle(job), reason as u32))
}

/// Refuses what is asked.
#[napi]
pub fn job_fail(job: f64, message: String) -> Result<()> {
    // SAFETY: the text is as long as is said.
    check(unsafe { fabstir_job_fail(handle(job), message.as_ptr().cast(), message.len()) })
}

/// Frees a job.
#[napi]
pub fn job_free(job: f64) {
    fabstir_job_free(handle(job));
}
