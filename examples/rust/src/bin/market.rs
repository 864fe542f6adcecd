//! A whole market on this machine, for programs in other languages: starts it, prints what they need to know as one line
//! of JSON, and serves until its standard input is closed.

use fabstir_chain::anvil::dev_key;
use fabstir_core::amount::Price;
use fabstir_examples::{LocalMarket, MarketOptions};
use serde_json::{Value, json};
use std::{error::Error, io};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let options = MarketOptions::default();
    let prices = |input: Price, output: Price| json!([input.to_string(), output.to_string()]);
    let (coin, dollar) =
        (prices(options.coin.input, options.coin.output), prices(options.dollar.input, options.dollar.output));
    let mut market = LocalMarket::start(options).await?;
    let host = market.host.as_ref().ok_or("the host did not start")?;
    let account = |index: usize| -> Result<Value, Box<dyn Error + Send + Sync>> {
        let key = dev_key(index)?;
        let secret: String = key.expose_secret().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(json!({ "address": key.address(), "key": format!("0x{secret}") }))
    };
    // An account that can become a host: it holds the stake.
    let newcomer = dev_key(5)?.address();
    let stake = market.renter.chain().min_stake().await?;
    market.owner_wallet.transfer(market.deployment.fab, newcomer, stake).await?;
    let description = json!({
        "rpc": market.anvil.rpc_url(),
        "chain_id": market.deployment.chain_id,
        "market": market.deployment.market,
        "registry": market.deployment.registry,
        "fab": market.deployment.fab,
        "dollar": market.dollar,
        "host": { "address": market.host_wallet.address(), "url": host.url() },
        "model_id": market.model_id,
        "prices": { "coin": coin, "dollar": dollar },
        // Funded with coin and dollars; the chain itself signs for it too (`eth_sendTransaction`).
        "renter": account(3)?,
        "newcomer": account(5)?,
    });
    println!("{description}");
    tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
    market.stop_host().await;
    Ok(())
}
