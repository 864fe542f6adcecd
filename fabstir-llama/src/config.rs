//! What to load and how to run it.

use crate::{Error, cpu};
use std::path::PathBuf;

/// Most conversations one context can hold: llama.cpp's limit.
pub const MAX_SEQUENCES: u32 = 256;
/// Most prompt tokens computed between two looks at what was cancelled.
pub const MAX_PREFILL: u32 = 64;
/// Most threads that make sense.
const MAX_THREADS: u32 = 512;
/// Weights that are worth a thread of their own.
const BYTES_PER_THREAD: u64 = 16 << 20;
/// The context when none is asked for and the model was trained on more, in tokens.
const DEFAULT_CONTEXT: u32 = 4096;

/// How keys and values are stored in the KV cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum KvType {
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    #[default]
    F16,
    /// Brain floats.
    Bf16,
    /// 8-bit blocks of 32. Needs flash attention.
    Q8_0,
}

impl KvType {
    /// ggml's number, as transcripts commit to it.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q8_0 => 8,
            Self::Bf16 => 30,
        }
    }
}

/// What to load and how to run it. Begin with [`LlamaConfig::new`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LlamaConfig {
    /// The GGUF.
    pub path: PathBuf,
    /// Longest conversation, in tokens. `None`: what the model was trained on, at most 4,096.
    pub context_length: Option<u32>,
    /// Conversations whose KV cache is held at once, each with room for `context_length`; also the most answers made
    /// at once. 1 to 256.
    pub sequences: u32,
    /// Most prompt tokens computed between two looks at what was cancelled, 1 to 64.
    pub prefill: u32,
    /// Threads that compute. `None`: one per physical core, fewer for a model too small to be worth dividing.
    pub threads: Option<u32>,
    /// Layers on the GPU, of builds that have one.
    pub gpu_layers: u32,
    /// Whether attention is computed in one fused step.
    pub flash_attention: bool,
    /// How keys are stored.
    pub kv_type_k: KvType,
    /// How values are stored.
    pub kv_type_v: KvType,
    /// A Jinja chat template to use in place of the GGUF's own.
    pub chat_template: Option<String>,
    /// Tokens sampled ahead of the reader before an answer pauses, at least 1.
    pub read_ahead: usize,
}

impl LlamaConfig {
    /// The defaults for this GGUF: 8 conversations, flash attention, 16-bit cache, everything on the GPU if the build
    /// has one.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            context_length: None,
            sequences: 8,
            prefill: MAX_PREFILL,
            threads: None,
            gpu_layers: u32::try_from(i32::MAX).unwrap_or_default(),
            flash_attention: true,
            kv_type_k: KvType::default(),
            kv_type_v: KvType::default(),
            chat_template: None,
            read_ahead: 32,
        }
    }

    /// Refuses what is out of bounds before anything is read.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        within("sequences", self.sequences, MAX_SEQUENCES)?;
        within("prefill", self.prefill, MAX_PREFILL)?;
        within("threads", self.threads.unwrap_or(1), MAX_THREADS)?;
        within("read_ahead", u32::try_from(self.read_ahead).unwrap_or(u32::MAX), 4096)?;
        if !self.flash_attention && self.kv_type_v == KvType::Q8_0 {
            return Err(Error::config("kv_type_v", "q8_0", "a quantised cache of values needs flash attention"));
        }
        Ok(())
    }

    /// Threads that compute a model of this size in bytes. Threads wait for each other at every layer, by spinning: what
    /// a second one saves on a small model it loses when anything else runs.
    pub(crate) fn threads_for(&self, model: u64) -> u32 {
        let worth = u32::try_from(model / BYTES_PER_THREAD).unwrap_or(u32::MAX).max(1);
        self.threads.unwrap_or_else(|| cpu::physical_cores().min(worth))
    }

    /// The context for a model trained on `trained` tokens.
    pub(crate) fn context_for(&self, trained: u32) -> Result<u32, Error> {
        let context = self.context_length.unwrap_or_else(|| trained.min(DEFAULT_CONTEXT));
        within("context_length", context, trained)?;
        let cells = context.checked_mul(self.sequences).filter(|cells| i32::try_from(*cells).is_ok());
        cells.map(|_| context).ok_or_else(|| {
            Error::config("context_length", context, format!("times {} sequences it exceeds 2^31", self.sequences))
        })
    }
}

fn within(setting: &'static str, value: u32, most: u32) -> Result<(), Error> {
    if (1..=most).contains(&value) { Ok(()) } else { Err(Error::config(setting, value, format!("1 to {most}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid() {
        LlamaConfig::new("model.gguf").validate().unwrap();
    }

    #[test]
    fn what_is_out_of_bounds_is_named() {
        let mut config = LlamaConfig::new("model.gguf");
        config.sequences = 257;
        let error = config.validate().unwrap_err();
        assert_eq!(error.to_string(), "`sequences` is 257: 1 to 256");
        config.sequences = 8;
        config.prefill = 0;
        assert!(config.validate().is_err());
    }

    #[test]
    fn the_context_never_exceeds_what_the_model_knows() {
        let mut config = LlamaConfig::new("model.gguf");
        assert_eq!(config.context_for(512).unwrap(), 512);
        assert_eq!(config.context_for(131_072).unwrap(), 4096);
        config.context_length = Some(1024);
        assert!(config.context_for(512).is_err());
        assert_eq!(config.context_for(2048).unwrap(), 1024);
    }

    #[test]
    fn small_models_take_one_thread() {
        let mut config = LlamaConfig::new("model.gguf");
        assert_eq!(config.threads_for(2 << 20), 1);
        assert_eq!(config.threads_for(8 << 30), cpu::physical_cores());
        config.threads = Some(3);
        assert_eq!(config.threads_for(2 << 20), 3);
    }

    #[test]
    fn a_quantised_cache_needs_flash_attention() {
        let mut config = LlamaConfig::new("model.gguf");
        config.kv_type_v = KvType::Q8_0;
        config.flash_attention = false;
        assert!(config.validate().is_err());
    }
}
