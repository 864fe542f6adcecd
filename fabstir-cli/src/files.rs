//! Files written whole or not at all.

use crate::error::{CliError, Result};
use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::Path,
};

/// Writes a file that only its owner may read; it must not be there yet.
///
/// # Errors
///
/// Those of the file.
pub(crate) fn write_private(path: &Path, contents: &[u8]) -> Result {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| CliError::file(path, &error))?;
    write_all(&mut file, contents).map_err(|error| {
        // A key half written is worse than none.
        let _ = fs::remove_file(path);
        CliError::file(path, &error)
    })
}

/// Replaces a file; a reader sees the old one or the new one.
///
/// # Errors
///
/// Those of the file.
pub(crate) fn replace(path: &Path, contents: &[u8]) -> Result {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    let partial = Path::new(&name);
    let mut file = File::create(partial).map_err(|error| CliError::file(partial, &error))?;
    write_all(&mut file, contents).map_err(|error| CliError::file(partial, &error))?;
    fs::rename(partial, path).map_err(|error| CliError::file(path, &error))
}

fn write_all(file: &mut File, contents: &[u8]) -> std::io::Result<()> {
    file.write_all(contents)?;
    file.sync_all()
}

/// Makes a directory that only its owner may look into, unless it is there.
///
/// # Errors
///
/// Those of the directory.
pub(crate) fn create_private_directory(path: &Path) -> Result {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| CliError::file(path, &error))
}
