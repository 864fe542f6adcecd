//! Errors and panics, on their way to JavaScript.

use fabstir_core::Error;
use wasm_bindgen::prelude::*;

/// What is thrown: `number name retryable message` in one string, which `js/src/core.js` makes a `FabstirError` of.
pub(crate) fn thrown(error: Error) -> JsValue {
    let code = error.code();
    let retryable = u8::from(code.is_retryable());
    JsValue::from_str(&format!("{} {code} {retryable} {error}", code.number()))
}

/// Makes panics throw their message instead of trapping without one. Called once, before anything else.
#[wasm_bindgen]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_str(&panic.to_string())));
}
