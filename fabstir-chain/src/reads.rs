//! Typed views of the market, its registry and tokens.

use crate::{Chain, Error};
use alloy_primitives::{
    Address, B256, U256,
    aliases::{U40, U96},
};
use fabstir_core::{
    abi::{
        IFabToken,
        INodeRegistry::{self, ModelPrice, NodeInfo},
        ISessionMarket::{self, Reason, SessionDetails, SessionMetrics, SessionRequirements, Status},
        Terms,
    },
    amount::{Amount, Prices},
};

/// Most items asked for in one page of the registry.
pub const MAX_PAGE: u64 = 100;

/// A host's offer of one model in one token, as an opening sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// The host's hot key; zero if the host is not active.
    pub signer: Address,
    /// Price floors; an output price of zero: not offered in this token.
    pub prices: Prices,
}

/// What an account can withdraw, base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earnings {
    /// For the account.
    pub net: Amount,
    /// The fee waiting beside it, for the fee recipient.
    pub fee: Amount,
}

/// A delegate's rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelegateRights {
    /// What it may still lock, base units.
    pub cap: Amount,
    /// Last second it is good for, Unix.
    pub expiry: u64,
}

/// How a token is counted and called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUnits {
    /// Its address; zero is the chain's coin.
    pub token: Address,
    /// Its ticker.
    pub symbol: String,
    /// Digits after the point.
    pub decimals: u8,
}

impl TokenUnits {
    /// The chain's coin.
    #[must_use]
    pub fn coin() -> Self {
        Self { token: Address::ZERO, symbol: "ETH".to_owned(), decimals: 18 }
    }

    /// `1.25 ETH`.
    #[must_use]
    pub fn format(&self, amount: Amount) -> String {
        format!("{} {}", amount.format_units(self.decimals), self.symbol)
    }

    /// Reads `1.25` as base units.
    ///
    /// # Errors
    ///
    /// [`Error::Core`] if it is no amount, or has more digits than the token.
    pub fn parse(&self, text: &str) -> Result<Amount, Error> {
        Ok(Amount::parse_units(text, self.decimals)?)
    }
}

/// Endpoint errors are common to all of these; a view that reverts is [`Error::Reverted`].
impl Chain {
    /// The stored slot of a session; all zero for an id never seen.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn session_details(&self, id: U256) -> Result<SessionDetails, Error> {
        self.provider().call(self.market(), &ISessionMarket::getSessionDetailsCall { id }).await
    }

    /// The stored slot as it was when its youngest `confirmations - 1` blocks did not exist: what a host relies on.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn confirmed_session_details(&self, id: U256) -> Result<SessionDetails, Error> {
        let depth = self.config().confirmations.saturating_sub(1);
        if depth == 0 {
            return self.session_details(id).await;
        }
        let block = self.provider().block_number().await?.saturating_sub(depth);
        let call = ISessionMarket::getSessionDetailsCall { id };
        match self.provider().call_at(self.market(), &call, block).await {
            // The market itself is younger than that: connecting has shown that it is there now.
            Err(Error::NoContract { .. }) => Ok(never_seen()),
            result => result,
        }
    }

    /// Derived figures of a session: paid, unspent, when it can be timed out.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn session_metrics(&self, terms: &Terms) -> Result<SessionMetrics, Error> {
        self.provider().call(self.market(), &ISessionMarket::getSessionMetricsCall { terms: terms.clone() }).await
    }

    /// Whether a session with these terms could be opened now, without a quote.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn can_open(&self, terms: &Terms) -> Result<Reason, Error> {
        self.provider().call(self.market(), &ISessionMarket::canHostProcessSessionCall { terms: terms.clone() }).await
    }

    /// Limits of a new session paid in `token`.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn requirements(&self, token: Address) -> Result<SessionRequirements, Error> {
        self.provider().call(self.market(), &ISessionMarket::getSessionRequirementsCall { token }).await
    }

    /// A renter's prefunded balance in the market.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn balance_of(&self, renter: Address, token: Address) -> Result<Amount, Error> {
        let call = ISessionMarket::balanceOfCall { renter, token };
        Ok(self.provider().call(self.market(), &call).await?.into())
    }

    /// What an account can withdraw from the market.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn earnings_of(&self, account: Address, token: Address) -> Result<Earnings, Error> {
        let earnings = self.provider().call(self.market(), &ISessionMarket::earningsOfCall { account, token }).await?;
        Ok(Earnings { net: earnings.net.into(), fee: earnings.fee.into() })
    }

    /// A delegate's remaining cap and its expiry.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn delegate_of(
        &self,
        renter: Address,
        delegate: Address,
        token: Address,
    ) -> Result<DelegateRights, Error> {
        let call = ISessionMarket::delegateOfCall { renter, delegate, token };
        let rights = self.provider().call(self.market(), &call).await?;
        Ok(DelegateRights { cap: rights.cap.into(), expiry: rights.expiry })
    }

    /// Where swept fees go.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn fee_recipient(&self) -> Result<Address, Error> {
        self.provider().call(self.market(), &ISessionMarket::feeRecipientCall {}).await
    }

    /// A host's signer and price floors for a model in a token.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn offer_of(&self, host: Address, model_id: B256, token: Address) -> Result<Offer, Error> {
        let call = INodeRegistry::offerOfCall { host, modelId: model_id, token };
        let offer = self.provider().call(self.registry(), &call).await?;
        Ok(Offer { signer: offer.signer, prices: Prices::new(offer.inputPrice, offer.outputPrice) })
    }

    /// What a host publishes; all zero if it never registered.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn node_of(&self, host: Address) -> Result<NodeInfo, Error> {
        self.provider().call(self.registry(), &INodeRegistry::nodeOfCall { host }).await
    }

    /// How many hosts are active.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn node_count(&self) -> Result<u64, Error> {
        Ok(self.provider().call(self.registry(), &INodeRegistry::nodeCountCall {}).await?.saturating_to())
    }

    /// Active hosts, in no particular order; at most [`MAX_PAGE`] a page.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn nodes_page(&self, offset: u64, limit: u64) -> Result<Vec<Address>, Error> {
        let call = INodeRegistry::nodesCall { offset: U256::from(offset), limit: page(limit) };
        self.provider().call(self.registry(), &call).await
    }

    /// Active hosts that offer a model in any token; at most [`MAX_PAGE`] a page.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn nodes_by_model(&self, model_id: B256, offset: u64, limit: u64) -> Result<Vec<Address>, Error> {
        let call =
            INodeRegistry::nodesByModelCall { modelId: model_id, offset: U256::from(offset), limit: page(limit) };
        self.provider().call(self.registry(), &call).await
    }

    /// A host's offers; at most [`MAX_PAGE`] a page.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn prices_of(&self, host: Address, offset: u64, limit: u64) -> Result<Vec<ModelPrice>, Error> {
        let call = INodeRegistry::pricesOfCall { host, offset: U256::from(offset), limit: page(limit) };
        self.provider().call(self.registry(), &call).await
    }

    /// Stake a host must put up, FAB base units.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn min_stake(&self) -> Result<Amount, Error> {
        Ok(self.provider().call(self.registry(), &INodeRegistry::minStakeCall {}).await?.into())
    }

    /// FAB, the token that hosts stake.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn fab(&self) -> Result<Address, Error> {
        self.provider().call(self.registry(), &INodeRegistry::fabCall {}).await
    }

    /// A token's ticker and decimals; the coin's for the zero address.
    ///
    /// # Errors
    ///
    /// Those of the endpoint; [`Error::NoContract`] if it is no token.
    pub async fn token_units(&self, token: Address) -> Result<TokenUnits, Error> {
        if token.is_zero() {
            return Ok(TokenUnits::coin());
        }
        let decimals = self.provider().call(token, &IFabToken::decimalsCall {}).await?;
        let symbol: String = self.provider().call(token, &IFabToken::symbolCall {}).await?;
        // A ticker comes from strangers and is printed: no control characters, no essays.
        let symbol = symbol.chars().filter(|c| c.is_ascii_graphic()).take(16).collect();
        Ok(TokenUnits { token, symbol, decimals })
    }

    /// What an account holds of a token, or of the coin for the zero address.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn token_balance(&self, token: Address, account: Address) -> Result<Amount, Error> {
        if token.is_zero() {
            return self.coin_balance(account).await;
        }
        Ok(self.provider().call(token, &IFabToken::balanceOfCall { account }).await?.into())
    }

    /// What `spender` may take of `owner`'s token.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn allowance(&self, token: Address, owner: Address, spender: Address) -> Result<Amount, Error> {
        Ok(self.provider().call(token, &IFabToken::allowanceCall { owner, spender }).await?.into())
    }

    /// Coin held by an account, wei.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn coin_balance(&self, account: Address) -> Result<Amount, Error> {
        self.provider().coin_balance(account).await
    }

    /// The chain's clock: the newest block's time, Unix seconds.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn now(&self) -> Result<u64, Error> {
        Ok(self.provider().latest_block().await?.timestamp)
    }

    /// Confirmations of a block: 1 for the newest, 0 for one not there yet.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn confirmations_of(&self, block: u64) -> Result<u64, Error> {
        Ok((self.provider().block_number().await? + 1).saturating_sub(block))
    }
}

const fn never_seen() -> SessionDetails {
    SessionDetails {
        status: Status::None,
        deposit: U96::ZERO,
        settled: U96::ZERO,
        closingAt: U40::ZERO,
        extensionHours: 0,
        fromBalance: false,
        held: U96::ZERO,
    }
}

fn page(limit: u64) -> U256 {
    U256::from(limit.min(MAX_PAGE))
}
