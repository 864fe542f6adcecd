//! A paid conversation, end to end, on this machine: three questions in ETH with one answer cancelled halfway, the same
//! in a 6-decimal token, and a ledger that must balance to the last unit.

use alloy_primitives::Address;
use clap::Parser;
use fabstir_chain::{TokenUnits, Wallet};
use fabstir_client::{Closing, Event, OpenOptions, Renter, Session};
use fabstir_core::{amount::Amount, inference::FinishReason, settlement::fee_down};
use fabstir_examples::{LocalMarket, MarketOptions, TINY_MODEL};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::{
    error::Error,
    io::{IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

/// A paid conversation on a local chain.
#[derive(Debug, Parser)]
struct Options {
    /// The model to serve.
    #[arg(long, default_value = TINY_MODEL)]
    model: PathBuf,
    /// Questions to ask; the middle one's answer is cancelled halfway.
    #[arg(long = "ask", num_args = 1)]
    questions: Vec<String>,
    /// Print the ledgers as JSON and nothing else.
    #[arg(long)]
    json: bool,
}

const QUESTIONS: [&str; 3] = ["Who are you?", "Tell me a long story.", "What is two plus three?"];

/// The answer that is cancelled, and after how many of its tokens.
const CANCELLED: usize = 1;
const CANCEL_AFTER: u64 = 12;
/// How often that question is asked: a small model's answer may be at its end before the cancellation arrives.
const CANCEL_ATTEMPTS: u32 = 10;

/// Where the money of one session went. Amounts are base units.
#[derive(Debug, Serialize)]
struct Ledger {
    token: String,
    deposit: Amount,
    input_tokens: u64,
    output_tokens: u64,
    host: Amount,
    protocol: Amount,
    refund: Amount,
    /// What is missing, or was made from nothing: must be 0.
    missing: String,
    renter_gas: u64,
    host_gas: u64,
    tokens_per_second: f64,
    vouchers: u64,
}

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    match run(Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("demo: the books do not balance");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Outcome<bool> {
    let began = Instant::now();
    let progress = if options.json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
    progress.set_style(ProgressStyle::with_template("{spinner} {msg}")?);
    progress.enable_steady_tick(Duration::from_millis(100));
    progress.set_message("starting a local chain, deploying the contracts, loading the model, registering the host");
    let market_options = MarketOptions { model: options.model.clone(), ..MarketOptions::default() };
    let conversation = async {
        let mut market = LocalMarket::start(market_options).await?;
        progress.finish_and_clear();
        let mut ledgers = Vec::new();
        for token in [Address::ZERO, market.dollar] {
            ledgers.push(session(&market, token, &options).await?);
        }
        market.stop_host().await;
        Ok::<_, Box<dyn Error + Send + Sync>>(ledgers)
    };
    let ledgers = tokio::select! {
        ledgers = conversation => ledgers?,
        _ = tokio::signal::ctrl_c() => return Err("interrupted".into()),
    };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&ledgers)?);
    } else {
        ledgers.iter().for_each(print_ledger);
        println!("\n{:.1} seconds in all", began.elapsed().as_secs_f64());
    }
    Ok(ledgers.iter().all(|ledger| ledger.missing == "0"))
}

/// One conversation, from deposit to refund.
async fn session(market: &LocalMarket, token: Address, options: &Options) -> Outcome<Ledger> {
    let chain = market.renter.chain();
    let units = chain.token_units(token).await?;
    let before = Books::read(market, token).await?;
    let offer = market.offer(token).await?;
    let deposit = units.parse(if token.is_zero() { "0.001" } else { "2.5" })?;
    let mut session = market.renter.open(&offer, &OpenOptions::new(deposit)).await?;
    let mut screen = Screen::new(options.json, units.clone());
    screen.heading(&format!("A session in {}: {} locked, host {}", units.symbol, units.format(deposit), offer.host));

    let questions: Vec<&str> = match options.questions.as_slice() {
        [] => QUESTIONS.to_vec(),
        own => own.iter().map(String::as_str).collect(),
    };
    let mut vouchers = 0;
    let mut streaming = Duration::ZERO;
    for (number, question) in questions.iter().enumerate() {
        let asked = Instant::now();
        vouchers += match number {
            CANCELLED => ask_and_cancel(&mut session, question, &mut screen).await?,
            _ => ask(&mut session, question, false, &mut screen).await?.0,
        };
        streaming += asked.elapsed();
    }
    let usage = session.usage();
    let id = session.id();
    let closing: Closing = session.close().await?;
    screen.heading(&format!("closed: {} paid, {} returned", units.format(closing.paid), units.format(closing.refund)));

    let after = Books::read(market, token).await?;
    let fee = fee_down(closing.paid, chain.requirements(token).await?.feeBps);
    let host = after.host.checked_sub(before.host)?;
    let protocol = after.fee.checked_sub(before.fee)?;
    let missing = deposit.get().wrapping_sub((host.get() + protocol.get()) + closing.refund.get());
    let left = market.renter.chain().session_details(id).await?;
    let balanced = missing.is_zero()
        && protocol == fee
        && Amount::from(left.settled) == closing.paid
        && after.renter_without_gas(&before)? == closing.paid;
    Ok(Ledger {
        token: units.symbol,
        deposit,
        input_tokens: usage.input,
        output_tokens: usage.output,
        host,
        protocol,
        refund: closing.refund,
        missing: if balanced { "0".into() } else { format!("{missing} (fee due {fee})") },
        renter_gas: after.renter_gas - before.renter_gas,
        host_gas: after.host_gas - before.host_gas,
        tokens_per_second: usage.output as f64 / streaming.as_secs_f64(),
        vouchers,
    })
}

/// Asks until an answer was cancelled; returns how many vouchers were signed.
async fn ask_and_cancel(session: &mut Session, question: &str, screen: &mut Screen) -> Outcome<u64> {
    let mut vouchers = 0;
    for _ in 0..CANCEL_ATTEMPTS {
        let (signed, reason) = ask(session, question, true, screen).await?;
        vouchers += signed;
        if reason == Some(FinishReason::Cancelled) {
            return Ok(vouchers);
        }
        screen.note("(at its end before the cancellation arrived: asked again)");
    }
    Err(format!("none of {CANCEL_ATTEMPTS} answers could be cancelled: each was at its end before").into())
}

/// Asks one question and shows its answer; returns how many vouchers were signed for it, and why it ended.
async fn ask(
    session: &mut Session,
    question: &str,
    cancel: bool,
    screen: &mut Screen,
) -> Outcome<(u64, Option<FinishReason>)> {
    screen.question(question);
    let deposit = session.deposit();
    let mut answer = session.prompt(question, Renter::params()).await?;
    let (mut vouchers, mut tokens, mut ended) = (0, 0, None);
    while let Some(event) = answer.next().await? {
        match event {
            Event::Token { text, .. } => {
                tokens += 1;
                screen.text(&text);
                if cancel && tokens == CANCEL_AFTER {
                    answer.cancel().await?;
                }
            }
            Event::Voucher { usage, owed } => {
                vouchers += 1;
                screen.voucher(usage.input, usage.output, owed, deposit);
            }
            Event::Done { reason, .. } => {
                ended = Some(reason);
                screen.done(reason);
            }
            _ => {}
        }
    }
    Ok((vouchers, ended))
}

/// Every balance a session touches.
#[derive(Debug)]
struct Books {
    renter: Amount,
    renter_gas: u64,
    renter_fees: Amount,
    host: Amount,
    fee: Amount,
    host_gas: u64,
    coin: bool,
}

impl Books {
    async fn read(market: &LocalMarket, token: Address) -> Outcome<Self> {
        let chain = market.renter.chain();
        let wallet: &Wallet = market.renter.wallet();
        let coin = token.is_zero();
        let renter = match coin {
            true => chain.coin_balance(wallet.address()).await?,
            false => chain.token_balance(token, wallet.address()).await?,
        };
        let earnings = chain.earnings_of(market.host_wallet.address(), token).await?;
        let (mine, hosts) = (wallet.spent(), market.signer_wallet.spent());
        Ok(Self {
            renter,
            renter_gas: mine.gas,
            renter_fees: mine.fee,
            host: earnings.net,
            fee: earnings.fee,
            host_gas: hosts.gas,
            coin,
        })
    }

    /// What the renter has less than `before`, its gas aside.
    fn renter_without_gas(&self, before: &Self) -> Outcome<Amount> {
        let spent = before.renter.checked_sub(self.renter)?;
        let gas = if self.coin { self.renter_fees.checked_sub(before.renter_fees)? } else { Amount::ZERO };
        Ok(spent.checked_sub(gas)?)
    }
}

/// The terminal.
struct Screen {
    quiet: bool,
    colour: bool,
    units: TokenUnits,
}

impl Screen {
    fn new(quiet: bool, units: TokenUnits) -> Self {
        Self { quiet, colour: std::io::stdout().is_terminal(), units }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn show(&self, text: &str) {
        if !self.quiet {
            print!("{text}");
            // A terminal that is gone is noticed at the next line.
            let _ = std::io::stdout().flush();
        }
    }

    fn heading(&self, text: &str) {
        self.show(&format!("\n{}\n", self.paint("1", text)));
    }

    fn question(&self, text: &str) {
        self.show(&format!("\n{} {text}\n", self.paint("36", "renter>")));
    }

    fn text(&self, text: &str) {
        self.show(text);
    }

    fn voucher(&self, input: u64, output: u64, owed: Amount, deposit: Amount) {
        let (owed, deposit) = (self.units.format(owed), self.units.format(deposit));
        self.show(&self.paint("2", &format!(" [voucher: {input} in, {output} out, {owed} of {deposit}]")));
    }

    fn note(&self, text: &str) {
        self.show(&format!("{}\n", self.paint("33", text)));
    }

    fn done(&self, reason: FinishReason) {
        match reason {
            FinishReason::Cancelled => self.show(&format!(" {}\n", self.paint("33", "(cancelled)"))),
            FinishReason::Length => self.show(&format!(" {}\n", self.paint("33", "(length)"))),
            _ => self.show("\n"),
        }
    }
}

fn print_ledger(ledger: &Ledger) {
    println!("\nledger ({}, base units)", ledger.token);
    let row = |name: &str, value: String| println!("  {name:<12} {value:>28}");
    row("deposit", ledger.deposit.to_string());
    row("tokens in", ledger.input_tokens.to_string());
    row("tokens out", ledger.output_tokens.to_string());
    row("host", ledger.host.to_string());
    row("protocol", ledger.protocol.to_string());
    row("refund", ledger.refund.to_string());
    row("missing", ledger.missing.clone());
    row("gas, renter", ledger.renter_gas.to_string());
    row("gas, host", ledger.host_gas.to_string());
    row("vouchers", ledger.vouchers.to_string());
    row("tokens/s", format!("{:.0}", ledger.tokens_per_second));
}
