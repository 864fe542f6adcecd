//! The directory of encrypted keys, one file each.

mod passphrase;
mod v3;

pub(crate) use passphrase::{Passphrase, confirm, read_secret};
pub(crate) use v3::{Keystore, random};

use crate::{
    error::{CliError, Result},
    files,
};
use fabstir_core::{Code, signature::SigningKey};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Largest keystore file read, bytes.
const MAX_FILE: u64 = 64 * 1024;
const MAX_NAME: usize = 64;

/// A directory of keystores.
#[derive(Debug, Clone)]
pub(crate) struct KeyDirectory(PathBuf);

/// One of them.
#[derive(Debug)]
pub(crate) struct StoredKey {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) keystore: Keystore,
}

impl KeyDirectory {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The file of a name.
    ///
    /// # Errors
    ///
    /// `keystore` for a name that is no plain word: it becomes a file's.
    pub(crate) fn path(&self, name: &str) -> Result<PathBuf> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(plain) {
            let message = format!("{name:?} cannot name a key: 1 to {MAX_NAME} letters, digits, - and _");
            return Err(CliError::new(Code::Keystore, message).hint("choose another name"));
        }
        Ok(self.0.join(format!("{name}.json")))
    }

    /// Keeps a key under a passphrase, readable for its owner alone.
    ///
    /// # Errors
    ///
    /// `keystore` if the name is taken or none, those of the file.
    pub(crate) fn save(&self, name: &str, key: &SigningKey, passphrase: &str) -> Result<PathBuf> {
        let path = self.vacant(name)?;
        let text = Keystore::encrypt(key, passphrase)?.to_json()?;
        files::create_private_directory(&self.0)?;
        files::write_private(&path, text.as_bytes())?;
        Ok(path)
    }

    /// The file of a name that is not taken.
    ///
    /// # Errors
    ///
    /// `keystore` if it is.
    pub(crate) fn vacant(&self, name: &str) -> Result<PathBuf> {
        let path = self.path(name)?;
        if path.exists() {
            let message = format!("there is a key {name} already: {}", path.display());
            return Err(CliError::new(Code::Keystore, message).hint("choose another name"));
        }
        Ok(path)
    }

    /// The key with this name.
    ///
    /// # Errors
    ///
    /// `keystore` if there is none or its file cannot be used.
    pub(crate) fn load(&self, name: &str) -> Result<StoredKey> {
        let path = self.path(name)?;
        if !path.is_file() {
            return Err(CliError::new(Code::Keystore, format!("no key {name} in {}", self.0.display())));
        }
        Ok(StoredKey { name: name.to_owned(), keystore: read_keystore(&path)?, path })
    }

    /// Names of the keys, sorted.
    ///
    /// # Errors
    ///
    /// Those of reading the directory; one that is not there is empty.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(CliError::file(&self.0, &error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(|error| CliError::file(&self.0, &error))?.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(".json"));
            names.extend(name.filter(|name| self.path(name).is_ok()).map(str::to_owned));
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The key that a name means; without one the only key there is.
    ///
    /// # Errors
    ///
    /// `keystore` if there is none, or more than one to choose from.
    pub(crate) fn choose(&self, name: Option<&str>) -> Result<StoredKey> {
        if let Some(name) = name {
            return self.load(name);
        }
        match self.names()?.as_slice() {
            [only] => self.load(only),
            [] => {
                let message = format!("there is no key in {}", self.0.display());
                Err(CliError::new(Code::Keystore, message)
                    .hint("`fabstir keys new NAME` makes one; on the local chain --dev-key N takes a well-known one"))
            }
            several => {
                let message = format!("which key? There are {}", several.join(", "));
                Err(CliError::new(Code::Keystore, message).hint("name one with --key"))
            }
        }
    }
}

/// Reads a keystore file, wherever it is.
///
/// # Errors
///
/// `keystore` if it cannot be read or used.
pub(crate) fn read_keystore(path: &Path) -> Result<Keystore> {
    let unreadable = |reason: &dyn std::fmt::Display| {
        CliError::new(Code::Keystore, format!("{}: {reason}", path.display())).hint("check the file")
    };
    let size = fs::metadata(path).map_err(|error| unreadable(&error))?.len();
    if size > MAX_FILE {
        return Err(unreadable(&format!("{size} bytes are too many for a keystore")));
    }
    let text = fs::read_to_string(path).map_err(|error| unreadable(&error))?;
    Keystore::from_json(&text).map_err(|error| unreadable(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> (tempfile::TempDir, KeyDirectory) {
        let root = tempfile::tempdir().expect("directory");
        let keys = KeyDirectory::new(root.path().join("keys"));
        (root, keys)
    }

    #[test]
    fn names_cannot_leave_the_directory() {
        let (_root, keys) = directory();
        for name in ["", "..", "a/b", "a.b", "../x", "naïve", &"x".repeat(65)] {
            assert_eq!(keys.path(name).expect_err(name).code_name(), "keystore");
        }
        assert!(keys.path("host-1_a").is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn files_are_their_owners_and_are_never_replaced() {
        use std::os::unix::fs::PermissionsExt;
        let (_root, keys) = directory();
        let key = SigningKey::from_bytes(&[7; 32]).expect("key");
        let path = keys.save("main", &key, "a long enough passphrase").expect("saved");
        let mode = |path: &Path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().expect("parent"))), (0o600, 0o700));
        assert_eq!(keys.save("main", &key, "x").expect_err("taken").code_name(), "keystore");
        assert_eq!(keys.choose(None).expect("the only one").name, "main");
        assert_eq!(keys.load("other").expect_err("missing").code_name(), "keystore");
    }

    #[test]
    fn a_directory_that_is_not_there_is_empty() {
        let (_root, keys) = directory();
        assert!(keys.names().expect("names").is_empty());
        assert!(keys.choose(None).expect_err("none").advice().is_some_and(|advice| advice.contains("keys new")));
    }
}
