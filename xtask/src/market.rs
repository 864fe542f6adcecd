//! A whole market in a process of its own, for the stories in other languages.

use crate::run::{Failure, Outcome, command};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Stdio},
};

/// A running market; gone when dropped.
#[derive(Debug)]
pub(crate) struct LocalMarket {
    process: Child,
    description: String,
}

impl LocalMarket {
    /// Starts the market that was built in this folder, and waits until it is there.
    pub(crate) fn start(built: &Path) -> Outcome<Self> {
        let mut market = command(&built.join("market").to_string_lossy());
        let mut process = market
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::new(format!("the market could not be started: {error}")))?;
        let mut description = String::new();
        let read = process.stdout.take().map(|stdout| BufReader::new(stdout).read_line(&mut description));
        let market = Self { process, description };
        match read {
            Some(Ok(1..)) => Ok(market),
            _ => Err(Failure::new("the market ended before it was there")),
        }
    }

    /// The line of JSON that describes it.
    pub(crate) fn description(&self) -> &str {
        self.description.trim()
    }

    /// A text at the top of its description.
    pub(crate) fn field(&self, name: &str) -> Outcome<String> {
        text_of(&self.description, name)
    }

    /// The private key of its renter.
    pub(crate) fn renter_key(&self) -> Outcome<String> {
        let renter = self.description.split_once("\"renter\":{").map_or("", |(_, rest)| rest);
        text_of(renter.split_once('}').map_or("", |(renter, _)| renter), "key")
    }
}

impl Drop for LocalMarket {
    fn drop(&mut self) {
        // It serves until its standard input is closed, and then settles what is open.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// The first text of this name in JSON without white space or escapes, as the market writes it: xtask has no dependencies.
fn text_of(json: &str, name: &str) -> Outcome<String> {
    let found = json.split_once(&format!("\"{name}\":\"")).and_then(|(_, rest)| rest.split_once('"'));
    found.map(|(text, _)| text.to_owned()).ok_or_else(|| Failure::new(format!("the market does not tell its {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name() {
        let json =
            r#"{"host":{"address":"0x1"},"market":"0x2","renter":{"address":"0x3","key":"0x4"},"rpc":"http://a"}"#;
        assert_eq!(text_of(json, "market").ok().as_deref(), Some("0x2"));
        assert_eq!(text_of(json, "rpc").ok().as_deref(), Some("http://a"));
        assert!(text_of(json, "key2").is_err());
    }
}
