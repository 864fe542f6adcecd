//! What a renter does with a session on chain, without its host: pay, extend, leave.

use crate::{ClientError, Renter, store::Standing};
use alloy_primitives::{Address, U256};
use fabstir_chain::Receipt;
use fabstir_core::{
    Code,
    abi::{ISessionMarket, Terms},
    amount::Amount,
    settlement::payable_down,
};

impl Renter {
    /// Pays the host now what was signed for; the session goes on.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidParams`] if everything signed for is paid already, those of chain and store.
    pub async fn settle(&self, id: U256) -> Result<Receipt, ClientError> {
        let record = self.record(id)?;
        let terms = Terms::from(record.terms.clone());
        let details = self.chain().session_details(id).await?;
        let (voucher, signature) = record.voucher(id, self.domain())?;
        let owed = payable_down(voucher.usage(), terms.prices(), details.deposit.into())?;
        if owed <= Amount::from(details.settled) {
            return Err(ClientError::coded(Code::InvalidParams, "everything signed for is paid already"));
        }
        Ok(self.wallet().settle(&terms, voucher.with_signature(&signature)).await?)
    }

    /// Adds money, hours or both, and ends a pending cancellation. For a session that is open here,
    /// use [`crate::Session::extend`], which knows of the money at once.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidParams`] for nothing, or for more than the market takes; [`Code::Reverted`] with
    /// `SessionMarket_Refused` for a later end than the market allows, those of chain and store.
    pub async fn extend(&self, id: U256, deposit: Amount, hours: u16) -> Result<Receipt, ClientError> {
        if deposit.is_zero() && hours == 0 {
            return Err(ClientError::coded(Code::InvalidParams, "extend by money, by hours or by both"));
        }
        let mut record = self.record(id)?;
        let terms = Terms::from(record.terms.clone());
        let locked = Amount::from(self.chain().session_details(id).await?.deposit).checked_add(deposit)?;
        if !deposit.is_zero() {
            let most = Amount::from(self.chain().requirements(terms.token).await?.maxDeposit);
            self.check_deposit(terms.token, locked, (Amount::ZERO, most)).await?;
        }
        self.wallet().ensure_allowance(terms.token, self.chain().market(), deposit).await?;
        let receipt = self.wallet().extend(&terms, deposit, hours).await?;
        record.deposit = locked.into();
        self.store().write(id, &record).await?;
        Ok(receipt)
    }

    /// Refuses a deposit that the market would, in the token's own units.
    pub(crate) async fn check_deposit(
        &self,
        token: Address,
        deposit: Amount,
        (least, most): (Amount, Amount),
    ) -> Result<(), ClientError> {
        if (least..=most).contains(&deposit) {
            return Ok(());
        }
        let units = self.chain().token_units(token).await?;
        let bound = if deposit < least { ("at least", least) } else { ("at most", most) };
        let message =
            format!("the market takes {} {} a session, not {}", bound.0, units.format(bound.1), units.format(deposit));
        Err(ClientError::coded(Code::InvalidParams, message))
    }

    /// Leaves a session without its host, at the counts signed for: vouchers settle for a grace period, then
    /// [`Renter::time_out`] returns the rest.
    ///
    /// # Errors
    ///
    /// Those of the chain.
    pub async fn cancel(&self, id: U256) -> Result<Receipt, ClientError> {
        let record = self.record(id)?;
        let request = ISessionMarket::SignedCloseRequest {
            inputTokens: record.input_tokens,
            outputTokens: record.output_tokens,
            deadline: 0,
            signature: Default::default(),
        };
        Ok(self.wallet().cancel(&record.terms.into(), request).await?)
    }

    /// Ends a session whose time, or whose grace after [`Renter::cancel`], is over, and takes the rest back.
    ///
    /// # Errors
    ///
    /// Those of the chain: [`Code::Reverted`] with `SessionMarket_NotOver` if it is too early.
    pub async fn time_out(&self, id: U256) -> Result<Receipt, ClientError> {
        let mut record = self.record(id)?;
        let receipt = self.wallet().timeout(&record.terms.clone().into()).await?;
        record.standing = Standing::Ended;
        self.store().write(id, &record).await?;
        Ok(receipt)
    }
}
