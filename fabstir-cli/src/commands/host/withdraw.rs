//! `fabstir host withdraw`: taking out what was earned.

use crate::{app::App, error::Result, output::Money, settings::parse_address};
use alloy_primitives::{Address, B256};
use clap::Args;
use serde::Serialize;

/// Flags of `host withdraw`.
#[derive(Debug, Args)]
pub(crate) struct WithdrawArgs {
    /// Only this token: ETH, a ticker of the deployment file, or an address [default: all of them]
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Who receives it [default: the key's account]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    to: Option<Address>,
}

#[derive(Debug, Serialize)]
struct Withdrawn {
    account: Address,
    to: Address,
    withdrawals: Vec<Withdrawal>,
    gas_paid: Money,
}

#[derive(Debug, Serialize)]
struct Withdrawal {
    #[serde(flatten)]
    money: Money,
    transaction: B256,
}

/// Takes out what the key's account earned. Needs the host's own key: a signer's cannot.
///
/// # Errors
///
/// Those of keys and chain.
pub(crate) async fn run(app: App, args: WithdrawArgs) -> Result {
    let market = app.market().await?;
    let tokens = match &args.token {
        Some(name) => vec![market.resolve(name).await?.token],
        None => market.tokens(),
    };
    let wallet = app.wallet(&market)?;
    let account = wallet.address();
    let to = args.to.unwrap_or(account);
    let mut withdrawals = Vec::new();
    for token in tokens {
        let net = market.chain.earnings_of(account, token).await?.net;
        if net.is_zero() {
            continue;
        }
        let money = Money::new(&market.units(token).await?, net);
        let receipt = app.sent(&format!("withdraw {money}"), wallet.withdraw(token, to)).await?;
        withdrawals.push(Withdrawal { money, transaction: receipt.tx_hash });
    }
    let gas_paid = Money::new(&market.units(Address::ZERO).await?, wallet.spent().fee);
    app.out.result(&Withdrawn { account, to, withdrawals, gas_paid }, |withdrawn| {
        if withdrawn.withdrawals.is_empty() {
            return format!("{account} has earned nothing that is not withdrawn yet");
        }
        let lines: Vec<_> = withdrawn.withdrawals.iter().map(|one| format!("{} to {to}", one.money)).collect();
        lines.join("\n")
    });
    Ok(())
}
