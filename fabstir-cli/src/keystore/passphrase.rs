//! Passphrases: asked on the terminal or read from a file, never taken from the command line.

use crate::error::{CliError, Result};
use fabstir_core::Code;
use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::Path,
};
use zeroize::Zeroizing;

/// Fewest characters of a new passphrase.
const MIN_CHARACTERS: usize = 12;
/// Largest passphrase file read, bytes.
const MAX_FILE: u64 = 4_096;
/// Attempts at a passphrase that is asked.
const ATTEMPTS: u32 = 3;

/// A passphrase, wiped when dropped.
pub(crate) type Secret = Zeroizing<String>;

/// Where passphrases come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Passphrase<'a> {
    /// The first line of a file.
    File(&'a Path),
    /// The terminal.
    Ask,
}

impl<'a> Passphrase<'a> {
    pub(crate) fn from(file: Option<&'a Path>) -> Self {
        file.map_or(Self::Ask, Passphrase::File)
    }

    /// Reads a passphrase that exists, and tries it with `open`; on a terminal it may be mistyped twice.
    ///
    /// # Errors
    ///
    /// `keystore` if it cannot be read, those of `open`.
    pub(crate) fn try_with<T>(self, whose: &str, open: impl Fn(&str) -> Result<T>) -> Result<T> {
        let mut attempt = 1;
        loop {
            let outcome = open(&self.read(&format!("Passphrase of {whose}: "))?);
            match (&outcome, self) {
                (Err(error), Passphrase::Ask) if attempt < ATTEMPTS && error.to_string().contains("passphrase") => {
                    attempt += 1;
                    let _ = writeln!(io::stderr(), "{error}");
                }
                _ => return outcome,
            }
        }
    }

    /// Reads a new passphrase, twice from a terminal.
    ///
    /// # Errors
    ///
    /// `keystore` if it is too short or the two are not the same.
    pub(crate) fn choose(self, whose: &str) -> Result<Secret> {
        let passphrase = self.read(&format!("New passphrase of {whose}: "))?;
        check(&passphrase)?;
        if matches!(self, Passphrase::Ask) && *self.read("Once more: ")? != *passphrase {
            return Err(CliError::new(Code::Keystore, "the two passphrases are not the same").hint("try again"));
        }
        Ok(passphrase)
    }

    fn read(self, prompt: &str) -> Result<Secret> {
        match self {
            Self::File(path) => read_file(path),
            Self::Ask => read_secret(prompt),
        }
    }
}

fn check(passphrase: &str) -> Result {
    let characters = passphrase.chars().count();
    if characters >= MIN_CHARACTERS {
        return Ok(());
    }
    let message = format!("a passphrase needs at least {MIN_CHARACTERS} characters; this one has {characters}");
    Err(CliError::new(Code::Keystore, message).hint("five random words are easy to remember and hard to guess"))
}

fn read_file(path: &Path) -> Result<Secret> {
    let unreadable = |reason: &dyn std::fmt::Display| {
        let message = format!("passphrase file {}: {reason}", path.display());
        CliError::new(Code::Keystore, message).hint("check --passphrase-file")
    };
    let size = fs::metadata(path).map_err(|error| unreadable(&error))?.len();
    if size > MAX_FILE {
        return Err(unreadable(&format!("{size} bytes are too many")));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| unreadable(&error))?);
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Zeroizing::new(line.to_owned())),
        _ => Err(unreadable(&"its first line is empty")),
    }
}

/// Asks for something that is not shown.
///
/// # Errors
///
/// `keystore` if there is no terminal, `interrupted`.
pub(crate) fn read_secret(prompt: &str) -> Result<Secret> {
    if !io::stdin().is_terminal() {
        return Err(CliError::new(Code::Keystore, "there is no terminal to ask for the passphrase")
            .hint("give it in a file with --passphrase-file"));
    }
    match rpassword::prompt_password(prompt) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(CliError::interrupted()),
        Err(error) => Err(CliError::new(Code::Keystore, format!("the terminal cannot be read: {error}"))),
    }
}

/// Asks whether to go on; `no` unless the answer is exactly `word`. Ctrl-C is heard meanwhile.
///
/// # Errors
///
/// `invalid_config` if there is no terminal to ask.
pub(crate) async fn confirm(question: &str, word: &str) -> Result<bool> {
    if !io::stdin().is_terminal() {
        return Err(CliError::config("there is no terminal to ask for consent").hint("give it with --yes"));
    }
    let _ = write!(io::stderr(), "{question} Type {word} to go on: ");
    let read = || {
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map(|_| answer)
    };
    let failed = |reason: &dyn std::fmt::Display| CliError::new(Code::Storage, format!("the terminal: {reason}"));
    let answer = tokio::task::spawn_blocking(read).await.map_err(|error| failed(&error))?;
    Ok(answer.map_err(|error| failed(&error))?.trim() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_characters_are_enough_and_eleven_are_not() {
        assert!(check("äöüäöüäöüäöü").is_ok());
        let error = check("elevenchars").expect_err("short");
        assert!(error.to_string().contains("at least 12"), "{error}");
    }

    #[test]
    fn only_the_first_line_of_a_file_counts() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("passphrase");
        fs::write(&path, "correct horse battery\r\nnotes\n").expect("written");
        assert_eq!(*Passphrase::File(&path).choose("x").expect("read"), "correct horse battery");
        fs::write(&path, "\n").expect("written");
        assert_eq!(Passphrase::File(&path).choose("x").expect_err("empty").code_name(), "keystore");
        fs::write(&path, "short\n").expect("written");
        assert_eq!(Passphrase::File(&path).choose("x").expect_err("short").code_name(), "keystore");
    }

    #[test]
    fn a_file_is_read_once_even_if_it_is_wrong() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("passphrase");
        fs::write(&path, "correct horse battery\n").expect("written");
        let tries = std::cell::Cell::new(0);
        let wrong = |_: &str| -> Result {
            tries.set(tries.get() + 1);
            Err(CliError::new(Code::Keystore, "the passphrase is wrong"))
        };
        assert!(Passphrase::File(&path).try_with("x", wrong).is_err());
        assert_eq!(tries.get(), 1);
    }
}
