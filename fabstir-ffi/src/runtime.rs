//! The threads behind what waits for a network: one runtime for all handles, made when first needed.

use crate::{
    boundary::{Failure, Outcome},
    fabstir_status,
};
use std::{future::Future, sync::OnceLock};
use tokio::runtime::{Builder, Runtime};

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// The runtime.
pub(crate) fn runtime() -> Outcome<&'static Runtime> {
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let made = Builder::new_multi_thread().thread_name("fabstir").enable_all().build();
    let made = made.map_err(|error| Failure::new(fabstir_status::Internal, format!("no threads: {error}")))?;
    // Whoever was first has won; the other one goes.
    Ok(RUNTIME.get_or_init(|| made))
}

/// Waits, on the caller's thread, for what a future comes to.
pub(crate) fn finish<T, E>(future: impl Future<Output = Result<T, E>>) -> Outcome<T>
where
    Failure: From<E>,
{
    Ok(runtime()?.block_on(future)?)
}

/// Waits, on the caller's thread, for so long: `None` if it is not there yet. The future must lose nothing when dropped.
#[cfg(feature = "client")]
pub(crate) fn wait_for<T>(future: impl Future<Output = T>, timeout_ms: u32) -> Outcome<Option<T>> {
    let timeout = std::time::Duration::from_millis(timeout_ms.into());
    Ok(runtime()?.block_on(async { tokio::time::timeout(timeout, future).await.ok() }))
}
