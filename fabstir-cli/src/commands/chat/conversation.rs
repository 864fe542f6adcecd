//! Conversations in files, and beginning a session with one.

use super::answer::with_question;
use crate::{
    error::{CliError, Result},
    files,
};
use fabstir_client::{Session, fit_history};
use fabstir_core::{
    Code,
    wire::{Message, Role},
};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Largest conversation file read, bytes.
const MAX_FILE: u64 = 64 << 20;

/// What a session begins with, besides its first question.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    earlier: Vec<Message>,
    /// How many messages before the end of the earlier conversation were left out.
    left_out: usize,
}

/// A conversation file: an object with `messages`, or the messages alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Object { messages: Vec<Message> },
    List(Vec<Message>),
}

#[derive(Serialize)]
struct Saved<'a> {
    messages: Vec<&'a Message>,
}

impl Conversation {
    /// Reads an earlier conversation and puts instructions before it; those given here replace those in the file.
    ///
    /// # Errors
    ///
    /// `storage` if the file cannot be read, `invalid_value` if it is no conversation.
    pub(super) fn load(path: Option<&Path>, system: Option<&str>) -> Result<Self> {
        let mut earlier = path.map(read).transpose()?.unwrap_or_default();
        if let Some(system) = system {
            earlier.retain(|message| message.role != Role::System);
            earlier.insert(0, Message::system(system));
        }
        Ok(Self { earlier, left_out: 0 })
    }

    /// The messages that the first question of a session comes with; `None` if it is just the question.
    ///
    /// # Errors
    ///
    /// `prompt_too_long` if not even the question fits.
    pub(super) fn beginning(&mut self, session: &Session, question: &str, budget: u32) -> Result<Option<Vec<Message>>> {
        if self.earlier.is_empty() || !session.messages().is_empty() {
            return Ok(None);
        }
        let whole = with_question(&self.earlier, question);
        let fitting = fit_history(&whole, session.opened().overhead, budget)?;
        self.left_out = whole.len() - fitting.len();
        Ok(Some(fitting))
    }

    /// Makes sure, before money is spent, that the conversation can be written in the end.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub(super) fn check_writable(path: &Path) -> Result {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if path.is_dir() || !folder.is_dir() {
            let message = format!("{}: not a file in a directory that is there", path.display());
            return Err(CliError::new(Code::Storage, message).hint("check --save"));
        }
        Ok(())
    }

    /// Writes the whole conversation: what did not fit the session, and what was said in it.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub(super) fn save(&self, path: &Path, said: &[Message]) -> Result {
        // The session begins with what fitted; what did not is kept in front of it.
        let old = if said.is_empty() { &self.earlier[..] } else { &self.left_out_messages(said)[..] };
        let messages = old.iter().chain(said).collect();
        let text = serde_json::to_string_pretty(&Saved { messages })
            .map_err(|error| CliError::new(Code::Internal, error.to_string()))?;
        files::replace(path, format!("{text}\n").as_bytes())
    }

    /// The oldest messages of the earlier conversation that the session did not begin with; instructions always fit.
    fn left_out_messages(&self, said: &[Message]) -> Vec<Message> {
        let old = self.earlier.iter().filter(|message| message.role != Role::System || !said.contains(message));
        old.take(self.left_out).cloned().collect()
    }
}

fn read(path: &Path) -> Result<Vec<Message>> {
    let size = std::fs::metadata(path).map_err(|error| CliError::file(path, &error))?.len();
    let refused = |reason: &dyn std::fmt::Display| {
        CliError::new(Code::InvalidValue, format!("{}: no conversation: {reason}", path.display()))
            .hint(r#"it should hold {"messages": [{"role": "user", "content": "..."}, ...]}"#)
    };
    if size > MAX_FILE {
        return Err(refused(&format!("{size} bytes are too many")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| CliError::file(path, &error))?;
    match serde_json::from_str(&text).map_err(|error| refused(&error))? {
        Stored::Object { messages } | Stored::List(messages) => Ok(messages),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("talk.json");
        std::fs::write(&path, text).expect("written");
        (directory, path)
    }

    #[test]
    fn both_forms_of_a_conversation_are_read() {
        for text in [r#"[{"role":"user","content":"a"}]"#, r#"{"messages":[{"role":"user","content":"a"}],"x":1}"#] {
            let (_directory, path) = write(text);
            assert_eq!(read(&path).expect(text), vec![Message::user("a")]);
        }
    }

    #[test]
    fn what_is_no_conversation_is_refused() {
        for text in ["", "[1]", r#"{"messages":[{"role":"wizard","content":"a"}]}"#] {
            let (_directory, path) = write(text);
            assert_eq!(read(&path).expect_err(text).code_name(), "invalid_value");
        }
        assert_eq!(read(Path::new("/nowhere/talk.json")).expect_err("missing").code_name(), "storage");
    }

    #[test]
    fn instructions_given_here_replace_those_in_the_file() {
        let (_directory, path) = write(r#"[{"role":"system","content":"old"},{"role":"user","content":"a"}]"#);
        let conversation = Conversation::load(Some(&path), Some("new")).expect("loaded");
        assert_eq!(conversation.earlier, vec![Message::system("new"), Message::user("a")]);
    }

    #[test]
    fn what_is_saved_is_the_whole_conversation_and_can_be_gone_on_from() {
        let (_directory, path) = write(
            r#"[{"role":"system","content":"s"},{"role":"user","content":"1"},{"role":"assistant","content":"2"},
                {"role":"user","content":"3"},{"role":"assistant","content":"4"}]"#,
        );
        let mut conversation = Conversation::load(Some(&path), None).expect("loaded");
        let whole = conversation.earlier.clone();
        // The first turn did not fit.
        conversation.left_out = 2;
        let said = [&whole[..1], &whole[3..], &[Message::user("5"), Message::assistant("6")]].concat();
        conversation.save(&path, &said).expect("saved");
        let saved = read(&path).expect("read back");
        let contents: Vec<_> = saved.iter().map(|message| message.content.as_str()).collect();
        assert_eq!(contents, ["1", "2", "s", "3", "4", "5", "6"]);
        // Nothing was said: nothing is lost.
        Conversation { earlier: whole.clone(), left_out: 0 }.save(&path, &[]).expect("saved");
        assert_eq!(read(&path).expect("read back"), whole);
    }
}
