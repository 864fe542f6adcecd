//! One endpoint on one chain: the calls everything else is made of.

use crate::{Error, config::RpcLimits, rpc::Rpc};
use alloy::rpc::types::{Filter, Log, TransactionInput, TransactionRequest};
use alloy_primitives::{Address, B256, Bytes, TxKind, U64, U256};
use alloy_sol_types::SolCall;
use fabstir_core::amount::Amount;
use serde::Deserialize;

/// More gas than any chain's block allows: an estimate above it is nonsense.
const GAS_CEILING: u64 = 100_000_000;

/// What a priority fee is where the endpoint does not advise one, wei per gas.
const DEFAULT_PRIORITY_FEE: u128 = 1_000_000;

/// An endpoint whose chain is known. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Provider {
    rpc: Rpc,
    chain_id: u64,
}

/// A block, as far as we look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Height.
    pub number: u64,
    /// Unix seconds.
    pub timestamp: u64,
    /// Hash.
    pub hash: B256,
    /// Wei per gas.
    pub base_fee: Option<u128>,
}

/// What to send: a call, or a contract's creation. Value in wei.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Who is called; [`TxKind::Create`] deploys.
    pub to: TxKind,
    /// Coin sent along, wei.
    pub value: U256,
    /// Calldata or creation code.
    pub input: Bytes,
}

impl Transaction {
    /// A contract call.
    pub fn call<C: SolCall>(to: Address, call: &C, value: Amount) -> Self {
        Self { to: TxKind::Call(to), value: value.get(), input: call.abi_encode().into() }
    }

    /// A plain transfer of the coin.
    #[must_use]
    pub const fn transfer(to: Address, value: Amount) -> Self {
        Self { to: TxKind::Call(to), value: value.get(), input: Bytes::new() }
    }

    /// A contract's creation.
    #[must_use]
    pub const fn create(code: Bytes) -> Self {
        Self { to: TxKind::Create, value: U256::ZERO, input: code }
    }

    fn request(&self, from: Option<Address>) -> TransactionRequest {
        TransactionRequest {
            from,
            to: Some(self.to),
            value: Some(self.value),
            // Both names of the field: endpoints differ in which one they read.
            input: TransactionInput::both(self.input.clone()),
            ..TransactionRequest::default()
        }
    }
}

/// Fees of an EIP-1559 transaction, wei per gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fees {
    pub(crate) max: u128,
    pub(crate) priority: u128,
}

/// A receipt as endpoints send it. Layer-2 chains add the price of their data to what the gas costs.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawReceipt {
    pub(crate) transaction_hash: B256,
    pub(crate) block_number: U64,
    pub(crate) gas_used: U64,
    pub(crate) effective_gas_price: U256,
    pub(crate) status: U64,
    pub(crate) contract_address: Option<Address>,
    pub(crate) logs: Vec<Log>,
    pub(crate) l1_fee: Option<U256>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawBlock {
    number: U64,
    timestamp: U64,
    hash: B256,
    base_fee_per_gas: Option<U256>,
}

impl Provider {
    /// Connects and checks the chain's id, if one is expected.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a URL that cannot be used, [`Error::WrongChain`] if the endpoint serves another chain,
    /// [`Error::Unavailable`] and [`Error::Nonsense`] for the endpoint itself.
    pub async fn connect(rpc_url: &str, expected: Option<u64>, limits: RpcLimits) -> Result<Self, Error> {
        let rpc = Rpc::new(rpc_url, limits)?;
        let chain_id: U64 = rpc.read("eth_chainId", ()).await?;
        let chain_id = chain_id.to::<u64>();
        match expected {
            Some(expected) if expected != chain_id => Err(Error::WrongChain { expected, actual: chain_id }),
            _ => Ok(Self { rpc, chain_id }),
        }
    }

    /// The chain served.
    #[must_use]
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Bounds on requests and transactions.
    #[must_use]
    pub fn limits(&self) -> &RpcLimits {
        self.rpc.limits()
    }

    /// The newest block.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn latest_block(&self) -> Result<Block, Error> {
        self.block("latest").await
    }

    async fn block(&self, tag: &str) -> Result<Block, Error> {
        let raw: RawBlock = self.rpc.read("eth_getBlockByNumber", (tag, false)).await?;
        Ok(Block {
            number: raw.number.to(),
            timestamp: raw.timestamp.to(),
            hash: raw.hash,
            base_fee: raw.base_fee_per_gas.map(|fee| fee.saturating_to()),
        })
    }

    /// The newest block's height.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn block_number(&self) -> Result<u64, Error> {
        let number: U64 = self.rpc.read("eth_blockNumber", ()).await?;
        Ok(number.to())
    }

    /// Coin held by an account, wei.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn coin_balance(&self, account: Address) -> Result<Amount, Error> {
        let balance: U256 = self.rpc.read("eth_getBalance", (account, "latest")).await?;
        Ok(balance.into())
    }

    /// Code at an address; empty if there is none.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn code_at(&self, address: Address) -> Result<Bytes, Error> {
        self.rpc.read("eth_getCode", (address, "latest")).await
    }

    /// Calls a view function at the newest block.
    ///
    /// # Errors
    ///
    /// [`Error::NoContract`] if nothing answers, [`Error::Reverted`] if the contract refuses, those of the endpoint.
    pub async fn call<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, Error> {
        self.view(to, call, "latest").await
    }

    /// As [`Provider::call`], at the state after block `number`. Endpoints keep at least the last 128 blocks' state.
    ///
    /// # Errors
    ///
    /// As [`Provider::call`].
    pub async fn call_at<C: SolCall>(&self, to: Address, call: &C, number: u64) -> Result<C::Return, Error> {
        self.view(to, call, &format!("{number:#x}")).await
    }

    async fn view<C: SolCall>(&self, to: Address, call: &C, tag: &str) -> Result<C::Return, Error> {
        let request = Transaction::call(to, call, Amount::ZERO).request(None);
        let answer: Bytes = self.rpc.read("eth_call", (request, tag)).await?;
        if answer.is_empty() {
            return Err(Error::NoContract {
                expected: "contract",
                address: to,
                reason: format!("nothing answers {}", C::SIGNATURE),
            });
        }
        C::abi_decode_returns_validate(&answer)
            .map_err(|error| self.rpc.nonsense("eth_call", format!("{}: {error}", C::SIGNATURE)))
    }

    /// Runs a transaction without sending it.
    pub(crate) async fn simulate(&self, from: Address, transaction: &Transaction, tag: &str) -> Result<(), Error> {
        let _: Bytes = self.rpc.read("eth_call", (transaction.request(Some(from)), tag)).await.map_err(charge(from))?;
        Ok(())
    }

    /// Gas a transaction needs now. Some endpoints do not say why one cannot succeed: then it is run once more.
    pub(crate) async fn estimate(&self, from: Address, transaction: &Transaction) -> Result<u64, Error> {
        let request = transaction.request(Some(from));
        let estimate: U64 = match self.rpc.read("eth_estimateGas", (request,)).await.map_err(charge(from)) {
            Ok(estimate) => estimate,
            Err(Error::Reverted(revert)) if revert.data().is_empty() => {
                self.simulate(from, transaction, "latest").await?;
                return Err(Error::Reverted(revert));
            }
            Err(error) => return Err(error),
        };
        match estimate.to::<u64>() {
            gas @ 21_000..=GAS_CEILING => Ok(gas),
            gas => Err(self.rpc.nonsense("eth_estimateGas", format!("{gas} gas"))),
        }
    }

    /// Fees that are mined soon: twice the base fee, so that it may rise for six full blocks, and the advised priority.
    pub(crate) async fn fees(&self) -> Result<Fees, Error> {
        let block = self.latest_block().await?;
        let base = block.base_fee.ok_or_else(|| self.rpc.nonsense("eth_getBlockByNumber", "no base fee"))?;
        let advised: Result<U256, Error> = self.rpc.read("eth_maxPriorityFeePerGas", ()).await;
        let priority = match advised {
            Ok(fee) => fee.saturating_to(),
            Err(Error::Refused { .. }) => DEFAULT_PRIORITY_FEE,
            Err(error) => return Err(error),
        };
        let cap = self.limits().max_fee_per_gas;
        let least = base.saturating_add(priority);
        if least > cap {
            return Err(Error::FeeTooHigh { fee: least, cap });
        }
        Ok(Fees { max: least.saturating_add(base).min(cap), priority })
    }

    /// The next nonce, transactions not yet mined included.
    pub(crate) async fn next_nonce(&self, account: Address) -> Result<u64, Error> {
        let nonce: U64 = self.rpc.read("eth_getTransactionCount", (account, "pending")).await?;
        Ok(nonce.to())
    }

    /// Hands a signed transaction in, once.
    pub(crate) async fn send_raw(&self, raw: &Bytes) -> Result<B256, Error> {
        self.rpc.once("eth_sendRawTransaction", (raw,)).await
    }

    /// Whether the endpoint knows the transaction, mined or not.
    pub(crate) async fn knows(&self, hash: B256) -> Result<bool, Error> {
        let found: Option<serde_json::Value> = self.rpc.read("eth_getTransactionByHash", (hash,)).await?;
        Ok(found.is_some())
    }

    /// A transaction's receipt, once it is mined.
    pub(crate) async fn receipt(&self, hash: B256) -> Result<Option<RawReceipt>, Error> {
        let receipt: Option<RawReceipt> = self.rpc.once("eth_getTransactionReceipt", (hash,)).await?;
        match receipt {
            Some(receipt) if receipt.transaction_hash != hash => {
                Err(self.rpc.nonsense("eth_getTransactionReceipt", "another transaction's receipt"))
            }
            receipt => Ok(receipt),
        }
    }

    pub(crate) async fn logs(&self, filter: &Filter) -> Result<Vec<Log>, Error> {
        self.rpc.read("eth_getLogs", (filter,)).await
    }

    pub(crate) fn nonsense(&self, method: &str, reason: impl AsRef<str>) -> Error {
        self.rpc.nonsense(method, reason)
    }

    /// A call outside of the standard set, for development chains.
    #[cfg(feature = "anvil")]
    pub(crate) async fn request<P, R>(&self, method: &'static str, params: P) -> Result<R, Error>
    where
        P: alloy::rpc::json_rpc::RpcSend,
        R: alloy::rpc::json_rpc::RpcRecv,
    {
        self.rpc.once(method, params).await
    }
}

/// Endpoints do not say who cannot pay; we know.
pub(crate) fn charge(payer: Address) -> impl Fn(Error) -> Error {
    move |error| match error {
        Error::InsufficientFunds { reason, .. } => Error::InsufficientFunds { account: payer, reason },
        other => other,
    }
}
