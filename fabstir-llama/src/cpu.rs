//! What the processor must have, and how many cores of it there are.

use crate::Error;
use std::{collections::BTreeSet, fs, thread};

/// Refuses a processor without the instructions that llama.cpp is built with, see `.cargo/config.toml`: an illegal
/// instruction would end the process without a word.
///
/// # Errors
///
/// [`Error::Cpu`], naming what is lacking.
pub(crate) fn require_instructions() -> Result<(), Error> {
    let lacking: Vec<_> = needed().into_iter().filter(|(_, there)| !there).map(|(name, _)| name).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let needed: Vec<_> = needed().into_iter().map(|(name, _)| name).collect();
    Err(Error::Cpu { needed: needed.join(", "), lacking: lacking.join(", ") })
}

/// The instructions this build uses, and whether they are there.
#[cfg(target_arch = "x86_64")]
fn needed() -> Vec<(&'static str, bool)> {
    vec![
        ("SSE4.2", is_x86_feature_detected!("sse4.2")),
        ("AVX", is_x86_feature_detected!("avx")),
        ("AVX2", is_x86_feature_detected!("avx2")),
        ("FMA", is_x86_feature_detected!("fma")),
        ("F16C", is_x86_feature_detected!("f16c")),
        ("BMI2", is_x86_feature_detected!("bmi2")),
    ]
}

/// The instructions this build uses: on other architectures no more than their baseline.
#[cfg(not(target_arch = "x86_64"))]
fn needed() -> Vec<(&'static str, bool)> {
    Vec::new()
}

/// Names of the instructions this build uses, for the profile.
pub(crate) fn instruction_names() -> String {
    needed().into_iter().map(|(name, _)| name.to_lowercase()).collect::<Vec<_>>().join("+")
}

/// Physical cores this process may use: two threads of one core wait for the same multiplier.
pub(crate) fn physical_cores() -> u32 {
    let available = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let physical = siblings().map_or(available, |cores| cores.len());
    u32::try_from(available.min(physical).max(1)).unwrap_or(1)
}

/// The sets of logical processors that share a core, where Linux tells.
fn siblings() -> Option<BTreeSet<String>> {
    let cores: BTreeSet<String> = fs::read_dir("/sys/devices/system/cpu")
        .ok()?
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("topology/thread_siblings_list")).ok())
        .collect();
    (!cores.is_empty()).then_some(cores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_core() {
        let available = thread::available_parallelism().unwrap().get();
        assert!((1..=available).contains(&(physical_cores() as usize)));
    }

    #[test]
    fn an_error_names_what_is_lacking() {
        let error = Error::Cpu { needed: "AVX, AVX2".into(), lacking: "AVX2".into() };
        assert_eq!(error.to_string(), "this build needs a processor with AVX, AVX2; this one lacks AVX2");
        assert_eq!(error.code(), fabstir_core::Code::CpuUnsupported);
    }
}
