//! A paid conversation: open, talk twice, sign, close, compare the ledger.
//!
//! ```text
//! cargo run -p fabstir-examples --example conversation "$MARKET"
//! ```
//!
//! MARKET is the line that `cargo run -p fabstir-examples --bin market` prints. Expected output:
//!
//! ```text
//! > Who are you?
//! I am Fabstir Tiny, a very small language model. I know the village of Brindle.
//! > What is two plus three?
//! 2 plus 3 is 5.
//! signed for 27 input and 32 output tokens
//! deposit 0.001 ETH
//!    host 0.0000000527
//!     fee 0.0000000093
//!  refund 0.000999938
//! missing 0
//! ```

use alloy_primitives::{Address, B256};
use fabstir_chain::{Chain, ChainConfig, Wallet};
use fabstir_client::{Event, OpenOptions, Renter, Store};
use fabstir_core::{
    amount::Amount,
    settlement::{Split, payable_down},
    signature::SigningKey,
    wire::Params,
};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let market: Value = serde_json::from_str(&std::env::args().nth(1).ok_or("which market? Give its line of JSON")?)?;
    let (rpc, address) = (market["rpc"].as_str().unwrap_or_default(), market["market"].as_str().unwrap_or_default());
    let key: B256 = market["renter"]["key"].as_str().unwrap_or_default().parse()?;
    let chain = Chain::connect(ChainConfig::new(rpc, address.parse()?)).await?;
    let folder = tempfile::tempdir()?;
    let store = Store::open(&folder.path().join("sessions.redb"))?;
    let renter = Renter::new(Wallet::new(chain, SigningKey::from_bytes(&key)?)?, store);

    let deposit = Amount::parse_units("0.001", 18)?;
    let offers = renter.hosts(None, Some(Address::ZERO)).await?;
    let cheapest = offers.first().ok_or("no host takes the chain's coin")?;
    let mut session = renter.open(cheapest, &OpenOptions::new(deposit)).await?;

    let mut signed = None;
    for question in ["Who are you?", "What is two plus three?"] {
        println!("> {question}");
        let mut answer = session.prompt(question, Params { temperature: 0, ..Renter::params() }).await?;
        while let Some(event) = answer.next().await? {
            match event {
                Event::Token { text, .. } => print!("{text}"),
                Event::Voucher { usage, owed } => signed = Some((usage, owed)),
                _ => {}
            }
        }
        println!();
    }
    let (prices, fee_bps) = (session.terms().prices(), session.terms().feeBps);
    let closing = session.close().await?;

    // The same numbers four times: what we signed for, what the price formula says, what the chain paid, what it left.
    let owed = payable_down(closing.usage, prices, deposit)?;
    assert_eq!(signed, Some((closing.usage, owed)));
    assert_eq!((closing.paid, closing.refund), (owed, deposit.checked_sub(owed)?));
    println!("signed for {} input and {} output tokens", closing.usage.input, closing.usage.output);
    let Split { host, fee } = Split::of(closing.paid, fee_bps);
    println!("deposit {} ETH", deposit.format_units(18));
    println!("   host {}", host.format_units(18));
    println!("    fee {}", fee.format_units(18));
    println!(" refund {}", closing.refund.format_units(18));
    println!("missing {}", deposit.checked_sub(host)?.checked_sub(fee)?.checked_sub(closing.refund)?);
    Ok(())
}
