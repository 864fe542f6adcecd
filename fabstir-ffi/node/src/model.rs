//! Models in this process.

use crate::abi::{SLICE_MS, beside, failure, handle, handle_from, text_from};
use fabstir::{
    fabstir_generation_new, fabstir_model, fabstir_model_free, fabstir_model_info, fabstir_model_new,
    fabstir_model_wait, fabstir_status,
};
use napi::Result;
use napi_derive::napi;

/// Loads a model; returns its handle.
#[napi]
pub async fn model_load(config: String) -> Result<f64> {
    beside(move || {
        // SAFETY: the text is as long as is said.
        let model = handle_from(|model| unsafe { fabstir_model_new(config.as_ptr().cast(), config.len(), model) })?;
        loop {
            // SAFETY: the progress may be NULL.
            match unsafe { fabstir_model_wait(handle(model), SLICE_MS, std::ptr::null_mut()) } {
                fabstir_status::Ok => return Ok(model),
                fabstir_status::Timeout => {}
                other => {
                    let error = failure(other);
                    fabstir_model_free(handle(model));
                    return Err(error);
                }
            }
        }
    })
    .await
}

/// What a model is, as JSON.
#[napi]
pub fn model_info(model: f64) -> Result<String> {
    // SAFETY: the text is a place for one.
    text_from(|text| unsafe { fabstir_model_info(handle::<fabstir_model>(model), text) })
}

/// Frees a model.
#[napi]
pub fn model_free(model: f64) {
    fabstir_model_free(handle(model));
}

/// Begins an answer; returns its handle.
#[napi]
pub async fn generation_new(model: f64, request: String) -> Result<f64> {
    beside(move || {
        // SAFETY: the text is as long as is said.
        handle_from(|answer| unsafe {
            fabstir_generation_new(handle(model), request.as_ptr().cast(), request.len(), answer)
        })
    })
    .await
}
