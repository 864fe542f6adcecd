//! A model file's identity.

use crate::Error;
use alloy_primitives::B256;
use fabstir_core::transcript::ModelId;
use std::{fs::File, io::Read, path::Path};

const CHUNK: usize = 1 << 20;

/// BLAKE3 and size of a file, read once from its present position.
///
/// # Errors
///
/// [`Error::Missing`] if it cannot be read.
pub(crate) fn model_id(mut file: &File, path: &Path, mut progress: impl FnMut(u64)) -> Result<ModelId, Error> {
    let mut hasher = blake3::Hasher::new();
    let mut chunk = vec![0; CHUNK];
    let mut size = 0;
    loop {
        let read = file.read(&mut chunk).map_err(|error| Error::missing(path, &error))?;
        if read == 0 {
            return Ok(ModelId { blake3: B256::from(*hasher.finalize().as_bytes()), size });
        }
        hasher.update(&chunk[..read]);
        size += read as u64;
        progress(size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_whole_file_is_hashed() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let bytes = vec![7_u8; CHUNK + 13];
        file.write_all(&bytes).unwrap();
        let mut seen = Vec::new();
        let id = model_id(&file.reopen().unwrap(), file.path(), |done| seen.push(done)).unwrap();
        assert_eq!(id.blake3.0, *blake3::hash(&bytes).as_bytes());
        assert_eq!(id.size, bytes.len() as u64);
        assert_eq!(seen.last(), Some(&id.size));
    }
}
