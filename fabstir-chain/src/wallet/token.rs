//! Tokens and the coin.

use super::Wallet;
use crate::{Error, provider::Transaction, receipt::Receipt};
use alloy_primitives::Address;
use fabstir_core::{abi::IFabToken, amount::Amount};

impl Wallet {
    /// Lets `spender` take up to `amount` of a token.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn approve(&self, token: Address, spender: Address, amount: Amount) -> Result<Receipt, Error> {
        self.send(token, &IFabToken::approveCall { spender, amount: amount.get() }, Amount::ZERO).await
    }

    /// Makes sure that `spender` may take `amount` of a token; approves exactly that if it may not. Nothing to do for
    /// the coin.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn ensure_allowance(
        &self,
        token: Address,
        spender: Address,
        amount: Amount,
    ) -> Result<Option<Receipt>, Error> {
        if token.is_zero() || self.chain().allowance(token, self.address(), spender).await? >= amount {
            return Ok(None);
        }
        self.approve(token, spender, amount).await.map(Some)
    }

    /// Moves a token, or the coin for the zero address.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`], [`Error::InsufficientFunds`] and those of sending.
    pub async fn transfer(&self, token: Address, to: Address, amount: Amount) -> Result<Receipt, Error> {
        if token.is_zero() {
            return self.queue().execute(Transaction::transfer(to, amount)).await;
        }
        self.send(token, &IFabToken::transferCall { to, amount: amount.get() }, Amount::ZERO).await
    }
}
