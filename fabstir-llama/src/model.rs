//! From a path to a loaded model.

use crate::{
    Error, LlamaConfig, digest, gguf,
    runtime::{runtime, runtime_id},
    template::ChatTemplate,
    vocabulary::Vocabulary,
};
use fabstir_core::{
    sampling::sampler_id,
    transcript::{ModelId, Profile},
};
use llama_cpp_2::{
    context::params::{KvCacheType, LlamaContextParams},
    llama_backend::LlamaBackend as Runtime,
    model::{LlamaModel, params::LlamaModelParams},
};
use std::{
    fs::File,
    io::{Seek, SeekFrom},
    num::NonZeroU32,
    path::Path,
    sync::Arc,
};

/// How far loading has come.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Progress {
    /// The file is read for its digest, in bytes.
    Hashing {
        /// Read so far.
        done: u64,
        /// The file's size.
        total: u64,
    },
    /// The weights are loaded, from 0 to 1.
    Loading {
        /// The part done.
        part: f32,
    },
}

/// A model that passed every check.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) runtime: &'static Runtime,
    pub(crate) model: Arc<LlamaModel>,
    pub(crate) vocabulary: Arc<Vocabulary>,
    pub(crate) template: ChatTemplate,
    pub(crate) name: String,
    pub(crate) id: ModelId,
    pub(crate) context_length: u32,
}

/// Checks, hashes and loads the model that a configuration names.
///
/// # Errors
///
/// [`Error::Config`], [`Error::Cpu`], [`Error::Missing`], [`Error::Corrupt`] or [`Error::Unsupported`].
pub(crate) fn load(config: &LlamaConfig, mut progress: impl FnMut(Progress) + 'static) -> Result<Loaded, Error> {
    config.validate()?;
    let runtime = runtime()?;
    let path = config.path.as_path();
    let mut file = open(path)?;
    let total = file.metadata().map_err(|error| Error::missing(path, &error))?.len();
    let header = gguf::read(&file, path)?;
    gguf::check(&header, path, total)?;
    let context_length = config.context_for(header.trained_context())?;
    let own = header.text("tokenizer.chat_template").filter(|source| !source.is_empty());
    let source = config
        .chat_template
        .as_deref()
        .or(own)
        .ok_or_else(|| Error::unsupported(path, "it has no chat template, and none was given in the settings"))?;
    file.seek(SeekFrom::Start(0)).map_err(|error| Error::missing(path, &error))?;
    let id = digest::model_id(&file, path, |done| progress(Progress::Hashing { done, total }))?;
    let parameters =
        LlamaModelParams::default().with_n_gpu_layers(config.gpu_layers).with_progress_callback(move |part| {
            progress(Progress::Loading { part });
            true
        });
    let model = LlamaModel::load_from_file(runtime, path, &parameters).map_err(|_| {
        let architecture = header.architecture();
        Error::unsupported(path, format!("llama.cpp refuses it (architecture `{architecture}`); its log says why"))
    })?;
    let model = Arc::new(model);
    let vocabulary = Arc::new(Vocabulary::new(Arc::clone(&model)));
    let template = ChatTemplate::new(source, vocabulary.bos_text(), vocabulary.eos_text())
        .map_err(|error| Error::unsupported(path, error.to_string()))?;
    let name = header.text("general.name").filter(|name| !name.is_empty()).map_or_else(|| stem(path), str::to_owned);
    Ok(Loaded { runtime, model, vocabulary, template, name, id, context_length })
}

fn open(path: &Path) -> Result<File, Error> {
    // Asked before it is opened: opening a pipe would wait for its other end.
    let metadata = path.metadata().map_err(|error| Error::missing(path, &error))?;
    if !metadata.is_file() || path.to_str().is_none() {
        return Err(Error::Missing { path: path.to_owned(), reason: "not a file with a UTF-8 path".into() });
    }
    File::open(path).map_err(|error| Error::missing(path, &error))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// What decides which tokens come out.
pub(crate) fn profile(config: &LlamaConfig, loaded: &Loaded) -> Profile {
    Profile {
        model_id: loaded.id.hash(),
        kv_type_k: config.kv_type_k.number(),
        kv_type_v: config.kv_type_v.number(),
        flash_attention: config.flash_attention,
        context_length: loaded.context_length,
        vocabulary: loaded.vocabulary.len(),
        runtime: runtime_id(),
        sampler: sampler_id(),
    }
}

/// How the context is to be made: every sequence with room of its own for the whole context length.
pub(crate) fn context_parameters(config: &LlamaConfig, context_length: u32, size: u64) -> LlamaContextParams {
    let threads = i32::try_from(config.threads_for(size)).unwrap_or(1);
    let batch = config.sequences + config.prefill;
    LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(context_length.saturating_mul(config.sequences)))
        .with_n_seq_max(config.sequences)
        .with_n_batch(batch)
        .with_n_ubatch(batch)
        .with_n_threads(threads)
        .with_n_threads_batch(threads)
        .with_flash_attention_policy(config.flash_attention.into())
        .with_type_k(KvCacheType::Unknown(config.kv_type_k.number().into()))
        .with_type_v(KvCacheType::Unknown(config.kv_type_v.number().into()))
        // Windowed layers keep everything too: else a cancelled answer could not be rolled back.
        .with_swa_full(true)
        .with_kv_unified(false)
        .with_no_perf(true)
}
