//! Model files: what they are called in the market, and loading them.

use crate::{
    error::{CliError, Result},
    output::Output,
    progress,
    settings::Settings,
};
use fabstir_core::{Code, inference::Backend, transcript::ModelId};
use fabstir_host::llama::{LlamaBackend, LlamaConfig, Progress};
use indicatif::ProgressBar;
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Bytes read at once for a digest.
const CHUNK: usize = 1 << 20;
const MAGIC: &[u8; 4] = b"GGUF";
/// Resolution of the bar that shows how far loading has come.
const LOADING_STEPS: f32 = 1_000.0;

/// A model file and its identity.
#[derive(Debug, Clone)]
pub(crate) struct ModelFile {
    /// The file's name without its ending, as prices name it.
    pub(crate) name: String,
    /// Digest and size.
    pub(crate) id: ModelId,
}

impl ModelFile {
    /// Reads a file for its digest.
    ///
    /// # Errors
    ///
    /// `model_missing` if it cannot be read, `model_corrupt` if it is no GGUF.
    pub(crate) fn identify(path: &Path, out: Output) -> Result<Self> {
        let missing = |error: &std::io::Error| {
            CliError::new(Code::ModelMissing, format!("cannot read the model {}: {error}", path.display()))
        };
        let mut file = File::open(path).map_err(|error| missing(&error))?;
        let size = file.metadata().map_err(|error| missing(&error))?.len();
        let bar = progress::bytes(out, &format!("hashing {}", path.display()), size);
        let (mut hasher, mut read, mut chunk) = (blake3::Hasher::new(), 0u64, vec![0; CHUNK]);
        loop {
            let count = file.read(&mut chunk).map_err(|error| missing(&error))?;
            if read == 0 && !chunk[..count].starts_with(MAGIC) {
                let message = format!("the model {} is damaged or not a GGUF", path.display());
                return Err(CliError::new(Code::ModelCorrupt, message));
            }
            if count == 0 {
                break;
            }
            hasher.update(&chunk[..count]);
            read += count as u64;
            bar.set_position(read);
        }
        bar.finish_and_clear();
        Ok(Self { name: name_of(path), id: ModelId { blake3: hasher.finalize().as_bytes().into(), size: read } })
    }
}

/// The name by which prices and people mean a file.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_stem().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Makes sure that the models are there before anything slow begins.
///
/// # Errors
///
/// `invalid_config` if there is none, `model_missing`.
pub(crate) fn check_present(models: &[PathBuf]) -> Result {
    if models.is_empty() {
        return Err(CliError::config("no model to serve").hint("name a GGUF file with --model"));
    }
    for path in models {
        let opened = File::open(path).and_then(|file| file.metadata());
        match opened {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Err(CliError::new(Code::ModelMissing, format!("{} is not a file", path.display()))),
            Err(error) => {
                return Err(CliError::new(
                    Code::ModelMissing,
                    format!("cannot read the model {}: {error}", path.display()),
                ));
            }
        }
    }
    Ok(())
}

/// Loads a model, showing how far it has come.
///
/// # Errors
///
/// Those of [`LlamaBackend::load`].
pub(crate) async fn load(path: &Path, settings: &Settings, out: Output) -> Result<Arc<dyn Backend>> {
    let mut config = LlamaConfig::new(path);
    config.context_length = settings.context_length;
    config.threads = settings.threads;
    config.sequences = settings.sequences.unwrap_or(config.sequences);
    config.gpu_layers = settings.gpu_layers.unwrap_or(config.gpu_layers);
    let shown = path.display().to_string();
    let loading = move || {
        let mut bars = Bars { out, shown, hashing: None, loading: None };
        LlamaBackend::load_with_progress(config, move |progress| bars.show(progress))
    };
    let loaded = tokio::task::spawn_blocking(loading).await;
    let backend = loaded.map_err(|error| CliError::new(Code::Internal, error.to_string()))?;
    Ok(Arc::new(backend.map_err(fabstir_core::Error::from)?))
}

/// The bars of one model being loaded. They clear themselves when loading is over.
#[derive(Debug)]
struct Bars {
    out: Output,
    shown: String,
    hashing: Option<ProgressBar>,
    loading: Option<ProgressBar>,
}

impl Bars {
    fn show(&mut self, progress: Progress) {
        let (out, shown) = (self.out, &self.shown);
        match progress {
            Progress::Hashing { done, total } => {
                let start = || progress::bytes(out, &format!("hashing {shown}"), total);
                self.hashing.get_or_insert_with(start).set_position(done);
            }
            Progress::Loading { part } => {
                if let Some(bar) = self.hashing.take() {
                    bar.finish_and_clear();
                }
                let start = || progress::steps(out, &format!("loading {shown}"), LOADING_STEPS as u64);
                self.loading.get_or_insert_with(start).set_position((part * LOADING_STEPS) as u64);
            }
            _ => {}
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        for bar in [self.hashing.take(), self.loading.take()].into_iter().flatten() {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_foreign_files_are_told_apart() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("model.v1.gguf");
        let quiet = Output::new(true);
        assert_eq!(ModelFile::identify(&path, quiet).expect_err("missing").code_name(), "model_missing");
        for foreign in ["", "PK\u{3}\u{4} a zip"] {
            std::fs::write(&path, foreign).expect("written");
            assert_eq!(ModelFile::identify(&path, quiet).expect_err("foreign").code_name(), "model_corrupt");
        }
        std::fs::write(&path, "GGUF and more").expect("written");
        let model = ModelFile::identify(&path, quiet).expect("identified");
        assert_eq!((model.name.as_str(), model.id.size), ("model.v1", 13));
        assert_eq!(model.id.blake3.0, *blake3::hash(b"GGUF and more").as_bytes());
        assert_eq!(
            check_present(&[path.clone(), directory.path().into()]).expect_err("directory").code_name(),
            "model_missing"
        );
        assert_eq!(check_present(&[]).expect_err("none").code_name(), "invalid_config");
    }
}
