//! What is printed: results on stdout, for people or as JSON; everything else on stderr.

use crate::error::CliError;
use alloy_primitives::{Address, B256};
use fabstir_chain::TokenUnits;
use fabstir_core::amount::{Amount, Prices};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Where and how to print. Writing never fails the command: a reader that has gone away wants no more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a script reads.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Whether somebody watches progress.
    pub(crate) fn is_watched(self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// Prints a result: one JSON document on one line, or text.
    pub(crate) fn result<T: Serialize>(self, value: &T, text: impl FnOnce(&T) -> String) {
        if self.json {
            self.event(value);
        } else {
            write_out(&format!("{}\n", text(value).trim_end()));
        }
    }

    /// Prints one line of JSON, for scripts only.
    pub(crate) fn event<T: Serialize>(self, value: &T) {
        if self.json
            && let Ok(line) = serde_json::to_string(value)
        {
            write_out(&format!("{line}\n"));
        }
    }

    /// Prints text as it comes in, for people only.
    pub(crate) fn stream(self, text: &str) {
        if !self.json {
            write_out(text);
        }
    }

    /// Tells people, not scripts, what is going on.
    pub(crate) fn note(self, text: &str) {
        if !self.json {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Prints what a command failed with.
    pub(crate) fn error(self, error: &CliError) {
        let mut stderr = io::stderr().lock();
        let (code, message, hint) = (error.code_name(), error.to_string(), error.advice());
        if self.json {
            let document = Failure { error: FailureBody { code, message, retryable: error.is_retryable(), hint } };
            let _ = writeln!(stderr, "{}", serde_json::to_string(&document).unwrap_or_default());
            return;
        }
        let _ = writeln!(stderr, "error: {} [{code}]", printable(&message));
        if let Some(hint) = hint {
            let _ = writeln!(stderr, "  next: {hint}");
        }
    }
}

#[derive(Serialize)]
struct Failure<'a> {
    error: FailureBody<'a>,
}

#[derive(Serialize)]
struct FailureBody<'a> {
    code: &'a str,
    message: String,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

fn write_out(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Text from strangers without what could steer a terminal: control characters and direction overrides.
pub(crate) fn printable(text: &str) -> String {
    let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
    let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if steers(c) || turns(c) { '\u{FFFD}' } else { c }).collect()
}

/// An amount of a token as JSON has it: exact in base units, and as people write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Money {
    pub(crate) amount: String,
    pub(crate) base_units: String,
    pub(crate) symbol: String,
    pub(crate) token: Address,
}

impl Money {
    pub(crate) fn new(units: &TokenUnits, amount: Amount) -> Self {
        Self {
            amount: amount.format_units(units.decimals),
            base_units: amount.to_string(),
            symbol: units.symbol.clone(),
            token: units.token,
        }
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.amount, self.symbol)
    }
}

/// What a million tokens cost, as JSON has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Rates {
    pub(crate) symbol: String,
    pub(crate) token: Address,
    /// Per million tokens fed.
    pub(crate) input: String,
    /// Per million tokens sampled.
    pub(crate) output: String,
    pub(crate) input_base_units: String,
    pub(crate) output_base_units: String,
}

impl Rates {
    pub(crate) fn new(units: &TokenUnits, prices: Prices) -> Self {
        Self {
            symbol: units.symbol.clone(),
            token: units.token,
            input: prices.input.format_units(units.decimals),
            output: prices.output.format_units(units.decimals),
            input_base_units: prices.input.to_string(),
            output_base_units: prices.output.to_string(),
        }
    }
}

impl std::fmt::Display for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in, {} out {} per million tokens", self.input, self.output, self.symbol)
    }
}

/// A host's offer as JSON has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OfferView {
    pub(crate) model_id: B256,
    #[serde(flatten)]
    pub(crate) rates: Rates,
}

/// Rows under a head, columns as wide as they need.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(head.get(column).map(|cell| cell.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let head = line(head.to_vec());
    let rows = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_not_printed() {
        assert_eq!(printable("a\u{1b}[2Jb\r\n\u{202e}c\t"), "a\u{fffd}[2Jb\u{fffd}\n\u{fffd}c\t");
        assert_eq!(printable("Grüße, 東京"), "Grüße, 東京");
    }

    #[test]
    fn tables_line_up() {
        let rows = vec![vec!["1".into(), "a long one".into()], vec!["22".into(), "b".into()]];
        assert_eq!(table(&["N", "NAME"], &rows), "N   NAME\n1   a long one\n22  b");
    }

    #[test]
    fn money_is_exact_and_readable() {
        let units = TokenUnits { token: Address::ZERO, symbol: "USD".into(), decimals: 6 };
        let money = Money::new(&units, Amount::from(1_500_001_u64));
        assert_eq!((money.to_string(), money.base_units.as_str()), ("1.500001 USD".into(), "1500001"));
    }
}
