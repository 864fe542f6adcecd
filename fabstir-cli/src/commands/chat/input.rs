//! Where questions come from: the command line, or stdin line by line.

use crate::error::{CliError, Result};
use fabstir_core::{Code, wire::MAX_FRAME_BYTES};
use std::{
    collections::VecDeque,
    io::{self, BufRead, IsTerminal, Read, Write},
    thread,
};
use tokio::sync::mpsc;

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Ask this.
    Question(String),
    /// Something beginning with a slash.
    Command(String),
    /// No more.
    End,
}

/// Questions, one after the other.
#[derive(Debug)]
pub(super) enum Input {
    /// Given beforehand.
    Given(VecDeque<String>),
    /// Read as they come.
    Stdin { lines: Option<mpsc::Receiver<io::Result<String>>>, terminal: bool },
}

impl Input {
    /// The questions given; without any, stdin.
    pub(super) fn new(given: Vec<String>) -> Self {
        if given.is_empty() {
            return Self::Stdin { lines: None, terminal: io::stdin().is_terminal() };
        }
        Self::Given(given.into())
    }

    /// Whether a person types.
    pub(super) const fn is_terminal(&self) -> bool {
        matches!(self, Self::Stdin { terminal: true, .. })
    }

    /// The next line that is not empty. Cancel safe.
    ///
    /// # Errors
    ///
    /// `storage` if stdin cannot be read.
    pub(super) async fn next(&mut self) -> Result<Line> {
        match self {
            Self::Given(questions) => Ok(questions.pop_front().map_or(Line::End, Line::Question)),
            Self::Stdin { lines, terminal } => {
                let lines = lines.get_or_insert_with(start_reading);
                loop {
                    if *terminal {
                        let mut stderr = io::stderr().lock();
                        let _ = write!(stderr, "> ").and_then(|()| stderr.flush());
                    }
                    let line = match lines.recv().await {
                        None => return Ok(Line::End),
                        Some(line) => line.map_err(|error| CliError::new(Code::Storage, format!("stdin: {error}")))?,
                    };
                    match line.trim() {
                        "" => {}
                        command if *terminal && command.starts_with('/') => {
                            return Ok(Line::Command(command.to_owned()));
                        }
                        "/quit" => return Ok(Line::End),
                        question => return Ok(Line::Question(question.to_owned())),
                    }
                }
            }
        }
    }
}

/// Reads lines on a thread of its own, one ahead at most: a read of a terminal cannot be called off.
fn start_reading() -> mpsc::Receiver<io::Result<String>> {
    let (lines, receiver) = mpsc::channel(1);
    thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        loop {
            let mut line = String::new();
            let read = Read::take(&mut stdin, MAX_FRAME_BYTES as u64).read_line(&mut line);
            let message = match read {
                Ok(0) => return,
                Ok(_) => Ok(line),
                Err(error) => Err(error),
            };
            let failed = message.is_err();
            if lines.blocking_send(message).is_err() || failed {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn questions_given_are_asked_in_order_and_as_they_are() {
        let mut input = Input::new(vec!["one".into(), "/quit is a question here".into()]);
        assert!(!input.is_terminal());
        assert_eq!(input.next().await.expect("first"), Line::Question("one".into()));
        assert_eq!(input.next().await.expect("second"), Line::Question("/quit is a question here".into()));
        assert_eq!(input.next().await.expect("end"), Line::End);
    }
}
