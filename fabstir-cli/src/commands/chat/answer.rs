//! One question and its answer, as it streams in.

use super::Chat;
use crate::{
    error::{CliError, Result},
    interrupt::Interrupts,
    output::{Money, printable},
};
use clap::Args;
use fabstir_client::{Answer, ClientError, Event as Received, Renter};
use fabstir_core::{
    Code,
    amount::{Amount, Usage},
    inference::FinishReason,
    wire::{Message, Params},
};
use serde::Serialize;
use std::time::Duration;

/// What a message in flight gets to arrive, or a voucher to be sent, before an answer is cancelled.
const SETTLING: Duration = Duration::from_millis(300);
/// Digits behind the point of sampling parameters.
const THOUSANDTHS: u8 = 3;

/// How answers are made.
#[derive(Debug, Args)]
#[command(next_help_heading = "Answer options")]
pub(crate) struct SamplingArgs {
    /// Most tokens of an answer
    #[arg(long, value_name = "TOKENS", default_value_t = 512)]
    max_tokens: u32,
    /// 0 is the likeliest token always, up to 2 [default: 0.7]
    #[arg(long, value_name = "0..2")]
    temperature: Option<String>,
    /// Candidates considered, 1 to 256 [default: 40]
    #[arg(long, value_name = "N")]
    top_k: Option<u32>,
    /// Probability mass considered [default: 0.95]
    #[arg(long, value_name = "0..1")]
    top_p: Option<String>,
    /// Least probability, relative to the best [default: 0.05]
    #[arg(long, value_name = "0..1")]
    min_p: Option<String>,
    /// A text that ends an answer; may be repeated
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
    /// Pay for reading the history again if the host has dropped it
    #[arg(long)]
    reread: bool,
}

/// The parameters of every question.
#[derive(Debug, Clone)]
pub(crate) struct Asking(Params);

impl Asking {
    /// Reads the flags.
    ///
    /// # Errors
    ///
    /// `invalid_params` for one out of its bounds.
    pub(crate) fn from(args: &SamplingArgs) -> Result<Self> {
        let mut params = Renter::params();
        params.max_tokens = args.max_tokens;
        params.stop.clone_from(&args.stop);
        params.reread = args.reread;
        params.top_k = args.top_k.unwrap_or(params.top_k);
        let fractions = [
            ("--temperature", &args.temperature, &mut params.temperature),
            ("--top-p", &args.top_p, &mut params.top_p),
            ("--min-p", &args.min_p, &mut params.min_p),
        ];
        for (flag, text, parameter) in fractions {
            if let Some(text) = text {
                *parameter = thousandths(flag, text)?;
            }
        }
        params.validate()?;
        Ok(Self(params))
    }

    /// Most tokens of an answer.
    pub(crate) const fn max_tokens(&self) -> u32 {
        self.0.max_tokens
    }

    /// For one question: a fresh nonce, or equal questions would get equal noise.
    fn params(&self, reread: bool) -> Params {
        Params { nonce: Renter::params().nonce, reread: self.0.reread || reread, ..self.0.clone() }
    }
}

fn thousandths(flag: &str, text: &str) -> Result<u32> {
    let refused = |reason: String| CliError::new(Code::InvalidParams, format!("{flag} {text:?}: {reason}"));
    let amount = Amount::parse_units(text, THOUSANDTHS).map_err(|error| refused(error.to_string()))?;
    u32::try_from(amount.get()).map_err(|_| refused("too large".into()))
}

/// What scripts are told about answers, one line each.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event<'a> {
    /// A voucher was signed: cumulative counts, and what they cost.
    Voucher { input_tokens: u64, output_tokens: u64, owed: Money },
    /// An answer is complete; tokens are its own, money that of the session so far.
    Answer {
        question: &'a str,
        text: &'a str,
        finish_reason: FinishReason,
        input_tokens: u64,
        output_tokens: u64,
        vouchers: u32,
        owed: Money,
        left: Money,
    },
}

impl Chat<'_> {
    /// Asks a question and shows the answer as it comes in. Ctrl-C ends the answer, not the session.
    ///
    /// # Errors
    ///
    /// Those of [`Answer::next`].
    pub(super) async fn ask(&mut self, question: &str, reread: bool, interrupts: &mut Interrupts) -> Result {
        let (out, units) = (self.app.out, self.units.clone());
        let params = self.asking.params(reread);
        let budget = self.session.opened().context.saturating_sub(self.asking.max_tokens());
        let beginning = self.conversation.beginning(&self.session, question, budget)?;
        let mut answer = match beginning {
            Some(messages) => self.session.prompt_messages(messages, params).await?,
            None => self.session.prompt(question, params).await?,
        };
        let mut shown = Shown::default();
        let (reason, usage) = loop {
            match pull(&mut answer, interrupts, &mut shown.cancelled).await? {
                Some(Received::Token { text, .. }) => {
                    shown.text.push_str(&text);
                    out.stream(&printable(&text));
                }
                Some(Received::Voucher { usage, owed }) => {
                    shown.vouchers += 1;
                    let Usage { input, output } = usage;
                    out.event(&Event::Voucher {
                        input_tokens: input,
                        output_tokens: output,
                        owed: Money::new(&units, owed),
                    });
                }
                Some(Received::Resumed) => out.note("\n[the connection dropped and is back]"),
                Some(Received::Done { reason, usage }) => break (reason, usage),
                Some(_) => {}
                None => return Err(CliError::new(Code::ConnectionLost, "the answer has no end")),
            }
        };
        self.finish(question, &shown, reason, usage);
        Ok(())
    }

    /// Shows how an answer ended and what it cost.
    fn finish(&mut self, question: &str, shown: &Shown, reason: FinishReason, usage: Usage) {
        let out = self.app.out;
        let (owed, deposit) = (self.session.owed(), self.session.deposit());
        out.event(&Event::Answer {
            question,
            text: &shown.text,
            finish_reason: reason,
            input_tokens: usage.input,
            output_tokens: usage.output,
            vouchers: shown.vouchers,
            owed: Money::new(&self.units, owed),
            left: Money::new(&self.units, deposit.saturating_sub(owed)),
        });
        out.stream("\n");
        let why = match reason {
            FinishReason::Length => "cut at its greatest length; ",
            FinishReason::Cancelled => "cancelled; ",
            FinishReason::Credit => "the deposit is used up; ",
            _ => "",
        };
        let vouchers = if shown.vouchers == 1 { "voucher" } else { "vouchers" };
        let Usage { input, output } = usage;
        out.note(&format!("[{why}{input} tokens in, {output} out; {} {vouchers}; {}]", shown.vouchers, self.money()));
    }
}

/// What of an answer has been shown.
#[derive(Debug, Default)]
struct Shown {
    text: String,
    vouchers: u32,
    cancelled: bool,
}

/// The next event; on Ctrl-C the host is asked to stop, on a second one the user does not wait for it.
async fn pull(answer: &mut Answer<'_>, interrupts: &mut Interrupts, cancelled: &mut bool) -> Result<Option<Received>> {
    let arrived: Option<std::result::Result<Option<Received>, ClientError>> = {
        let next = answer.next();
        tokio::pin!(next);
        tokio::select! {
            biased;
            event = &mut next => return Ok(event?),
            () = interrupts.next() => {}
        }
        if *cancelled {
            return Err(CliError::interrupted());
        }
        // Dropping it while it signs would lose the voucher.
        tokio::time::timeout(SETTLING, next).await.ok()
    };
    *cancelled = true;
    match arrived {
        Some(event) => {
            let event = event?;
            answer.cancel().await?;
            Ok(event)
        }
        None => {
            answer.cancel().await?;
            Ok(answer.next().await?)
        }
    }
}

/// The messages to begin a session with, where there is more to say than the question.
pub(super) fn with_question(earlier: &[Message], question: &str) -> Vec<Message> {
    earlier.iter().cloned().chain([Message::user(question)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_become_thousandths() {
        assert_eq!(thousandths("--top-p", "0.95").expect("read"), 950);
        assert_eq!(thousandths("--top-p", "1").expect("read"), 1_000);
        for bad in ["0.9999", "-1", "1e3", "", "99999999999"] {
            assert_eq!(thousandths("--top-p", bad).expect_err(bad).code_name(), "invalid_params");
        }
    }
}
