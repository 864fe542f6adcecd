//! The market's calls.

use super::Wallet;
use crate::{Error, receipt::Receipt};
use alloy_primitives::{Address, aliases::U96};
use alloy_sol_types::SolCall;
use fabstir_core::{
    abi::{
        ISessionMarket::{
            self, Authorization, Settlement, SignedClose, SignedCloseRequest, SignedQuote, SignedVoucher,
        },
        Terms,
    },
    amount::Amount,
};

/// Errors are common to all of these: [`Error::Reverted`] where the market refuses, by name and before anything is
/// sent; otherwise those of [`crate::TransactionQueue::execute`].
impl Wallet {
    async fn market<C: SolCall>(&self, call: &C) -> Result<Receipt, Error> {
        self.send(self.chain().market(), call, Amount::ZERO).await
    }

    /// A call that brings money: the coin is sent along, a token is taken from the allowance.
    async fn paying<C: SolCall>(&self, call: &C, token: Address, amount: Amount) -> Result<Receipt, Error> {
        let value = if token.is_zero() { amount } else { Amount::ZERO };
        self.send(self.chain().market(), call, value).await
    }

    /// Opens a session from this wallet, which must be `terms.renter`. A token needs an allowance first
    /// ([`Wallet::ensure_allowance`]). `quote` is the host's consent to prices below its floors.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn create_session(
        &self,
        terms: &Terms,
        deposit: Amount,
        quote: Option<SignedQuote>,
    ) -> Result<Receipt, Error> {
        let call = ISessionMarket::createSessionJobCall {
            terms: terms.clone(),
            deposit: deposit.get(),
            quote: quote.unwrap_or_else(SignedQuote::none),
        };
        self.paying(&call, terms.token, deposit).await
    }

    /// Opens a session for a renter who signed for it.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn create_session_for(
        &self,
        terms: &Terms,
        deposit: Amount,
        authorization: Authorization,
    ) -> Result<Receipt, Error> {
        let call =
            ISessionMarket::createSessionJobForCall { terms: terms.clone(), deposit: deposit.get(), authorization };
        self.market(&call).await
    }

    /// Makes the id of these terms unusable, which revokes every Order for it.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn invalidate(&self, terms: &Terms) -> Result<Receipt, Error> {
        self.market(&ISessionMarket::invalidateCall { terms: terms.clone() }).await
    }

    /// Adds to this account's prefunded balance.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn deposit(&self, token: Address, amount: Amount) -> Result<Receipt, Error> {
        self.paying(&ISessionMarket::depositCall { token, amount: amount.get() }, token, amount).await
    }

    /// Takes from this account's prefunded balance.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn withdraw_balance(&self, token: Address, amount: Amount, to: Address) -> Result<Receipt, Error> {
        self.market(&ISessionMarket::withdrawBalanceCall { token, amount: amount.get(), to }).await
    }

    /// Lets a key open sessions from this account's balance up to `cap`, until `expiry` (Unix seconds). A cap of zero
    /// revokes.
    ///
    /// # Errors
    ///
    /// [`Error::Core`] if the cap does not fit 96 bits; [`Error::Reverted`] and those of sending.
    pub async fn authorize_delegate(
        &self,
        delegate: Address,
        token: Address,
        cap: Amount,
        expiry: u64,
    ) -> Result<Receipt, Error> {
        let cap = cap.to_u96()?;
        self.market(&ISessionMarket::authorizeDelegateCall { delegate, token, cap, expiry }).await
    }

    /// Pays the host up to a voucher. Anyone may.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn settle(&self, terms: &Terms, voucher: SignedVoucher) -> Result<Receipt, Error> {
        self.market(&ISessionMarket::settleCall { terms: terms.clone(), voucher }).await
    }

    /// Pays up to many vouchers; the receipt's `SettlementSkipped` events name those that were left out.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn settle_batch(&self, items: Vec<Settlement>) -> Result<Receipt, Error> {
        self.market(&ISessionMarket::settleBatchCall { items }).await
    }

    /// Ends a session at once, as its host or its signer, paying up to a voucher if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn complete_session(&self, terms: &Terms, voucher: Option<SignedVoucher>) -> Result<Receipt, Error> {
        let voucher = voucher.unwrap_or_else(SignedVoucher::none);
        self.market(&ISessionMarket::completeSessionCall { terms: terms.clone(), voucher }).await
    }

    /// Ends a session at once by the host's `Close`: as the renter, or as anyone with a voucher for exactly its counts.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn complete_with_close(
        &self,
        terms: &Terms,
        voucher: Option<SignedVoucher>,
        close: SignedClose,
    ) -> Result<Receipt, Error> {
        let voucher = voucher.unwrap_or_else(SignedVoucher::none);
        self.market(&ISessionMarket::completeSessionWithCloseCall { terms: terms.clone(), voucher, close }).await
    }

    /// Settles the counts stated and starts the grace period: as the renter, or with a request it signed.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn cancel(&self, terms: &Terms, request: SignedCloseRequest) -> Result<Receipt, Error> {
        self.market(&ISessionMarket::cancelSessionCall { terms: terms.clone(), request }).await
    }

    /// Adds money, time (hours) or both, as the renter; ends a pending cancellation.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn extend(&self, terms: &Terms, amount: Amount, hours: u16) -> Result<Receipt, Error> {
        let call =
            ISessionMarket::extendSessionCall { terms: terms.clone(), amount: amount.get(), extensionHours: hours };
        self.paying(&call, terms.token, amount).await
    }

    /// Gives a session money. Anyone may.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn top_up(&self, terms: &Terms, amount: Amount) -> Result<Receipt, Error> {
        let call = ISessionMarket::topUpCall { terms: terms.clone(), amount: amount.get() };
        self.paying(&call, terms.token, amount).await
    }

    /// Ends a session whose time is over. Anyone may.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn timeout(&self, terms: &Terms) -> Result<Receipt, Error> {
        self.market(&ISessionMarket::triggerSessionTimeoutCall { terms: terms.clone() }).await
    }

    /// Pays this account's earnings, or refunds that bounced, to `to`.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn withdraw(&self, token: Address, to: Address) -> Result<Receipt, Error> {
        self.market(&ISessionMarket::withdrawCall { token, to }).await
    }

    /// Sends the fees in these hosts' earnings to the fee recipient. Anyone may.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn sweep_fees(&self, hosts: Vec<Address>, token: Address) -> Result<Receipt, Error> {
        self.market(&ISessionMarket::sweepFeesCall { hosts, token }).await
    }

    /// Sets the limits of new deposits in a token, as the market's owner; a greatest deposit of zero stops accepting it.
    ///
    /// # Errors
    ///
    /// [`Error::Core`] if a limit does not fit 96 bits; [`Error::Reverted`] and those of sending.
    pub async fn set_token_limits(&self, token: Address, min: Amount, max: Amount) -> Result<Receipt, Error> {
        let (min, max): (U96, U96) = (min.to_u96()?, max.to_u96()?);
        self.market(&ISessionMarket::setTokenLimitsCall { token, minDeposit: min, maxDeposit: max }).await
    }
}
