//! The registry's calls: joining, prices, stake, leaving.

use super::Wallet;
use crate::{Error, receipt::Receipt};
use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::SolCall;
use fabstir_core::{
    abi::INodeRegistry::{self, ModelPrice},
    amount::Amount,
};

/// What a host publishes about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeDescription {
    /// Hot key that signs for the host.
    pub signer: Address,
    /// Where renters connect.
    pub api_url: String,
    /// Free form, at most 4 KiB; JSON by custom.
    pub metadata: String,
    /// Compressed secp256k1 key, 33 bytes, for end-to-end encryption.
    pub public_key: Bytes,
}

impl Wallet {
    async fn registry<C: SolCall>(&self, call: &C) -> Result<Receipt, Error> {
        self.send(self.chain().registry(), call, Amount::ZERO).await
    }

    /// Joins as a host. Takes the minimum stake from the FAB allowance of the registry: [`Wallet::approve`] it first.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn register(&self, node: NodeDescription, prices: Vec<ModelPrice>) -> Result<Receipt, Error> {
        self.registry(&INodeRegistry::registerCall {
            signer: node.signer,
            apiUrl: node.api_url,
            metadata: node.metadata,
            publicKey: node.public_key,
            prices,
        })
        .await
    }

    /// Replaces what this host publishes.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn update_node(&self, node: NodeDescription) -> Result<Receipt, Error> {
        self.registry(&INodeRegistry::updateCall {
            signer: node.signer,
            apiUrl: node.api_url,
            metadata: node.metadata,
            publicKey: node.public_key,
        })
        .await
    }

    /// Sets price floors, adding models not offered before.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn set_prices(&self, prices: Vec<ModelPrice>) -> Result<Receipt, Error> {
        self.registry(&INodeRegistry::setPricesCall { prices }).await
    }

    /// Withdraws the offer of a model in a token.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn remove_price(&self, model_id: B256, token: Address) -> Result<Receipt, Error> {
        self.registry(&INodeRegistry::removePriceCall { modelId: model_id, token }).await
    }

    /// Adds to this host's stake, FAB base units.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn add_stake(&self, amount: Amount) -> Result<Receipt, Error> {
        self.registry(&INodeRegistry::addStakeCall { amount: amount.get() }).await
    }

    /// Leaves: inactive at once, stake back after unbonding.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn unregister(&self) -> Result<Receipt, Error> {
        self.registry(&INodeRegistry::unregisterCall {}).await
    }

    /// Pays the stake back once unbonding is over.
    ///
    /// # Errors
    ///
    /// [`Error::Reverted`] and those of sending.
    pub async fn withdraw_stake(&self, to: Address) -> Result<Receipt, Error> {
        self.registry(&INodeRegistry::withdrawStakeCall { to }).await
    }
}
