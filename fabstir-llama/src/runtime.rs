//! llama.cpp as a whole: started once per process, its log sent to ours.

use crate::{Error, cpu};
use alloy_primitives::{B256, keccak256};
use llama_cpp_2::{LogOptions, llama_backend::LlamaBackend as Runtime, send_logs_to_tracing};
use std::sync::OnceLock;

/// The llama.cpp that is linked, by the version of its bindings. A test holds it to the lock file.
pub(crate) const LLAMA_CPP: &str = "llama-cpp-sys-2 0.1.161";

/// llama.cpp, started. It is started once and never ended; what else in the process needs it (a bare loop to compare
/// with, say) takes it from here, on purpose as the type of its bindings.
///
/// # Errors
///
/// [`Error::Cpu`] on a processor that this build cannot run on, [`Error::Backend`] if somebody else started llama.cpp.
pub fn runtime() -> Result<&'static Runtime, Error> {
    static RUNTIME: OnceLock<Result<Runtime, Error>> = OnceLock::new();
    let started = RUNTIME.get_or_init(|| {
        cpu::require_instructions()?;
        send_logs_to_tracing(LogOptions::default());
        Runtime::init().map_err(|error| Error::Backend(error.to_string()))
    });
    started.as_ref().map_err(Clone::clone)
}

/// What computes here, in words: backend, its version and what it was built for.
#[must_use]
pub fn runtime_name() -> String {
    let backend = if cfg!(feature = "cuda") {
        "cuda"
    } else if cfg!(feature = "metal") {
        "metal"
    } else if cfg!(feature = "vulkan") {
        "vulkan"
    } else {
        "cpu"
    };
    let instructions = cpu::instruction_names();
    format!("fabstir-llama {LLAMA_CPP} {backend} {} {instructions}", std::env::consts::ARCH)
}

/// What transcripts commit to as the runtime.
#[must_use]
pub fn runtime_id() -> B256 {
    keccak256(runtime_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_that_is_locked() {
        let lock = include_str!("../../Cargo.lock");
        let (name, version) = LLAMA_CPP.split_once(' ').unwrap();
        assert!(lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"\n")), "update LLAMA_CPP");
    }

    #[test]
    fn the_build_is_for_what_is_required() {
        runtime().unwrap();
        assert!(runtime_name().starts_with("fabstir-llama llama-cpp-sys-2"));
        assert_eq!(runtime_id(), keccak256(runtime_name()));
    }
}
