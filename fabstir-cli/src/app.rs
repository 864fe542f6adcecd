//! What commands share: settings, output, keys and connections.

use crate::{
    error::{CliError, Result},
    files,
    keystore::{KeyDirectory, Passphrase},
    market::{LOCAL_CHAIN, Market},
    output::Output,
    progress,
    settings::Settings,
};
use alloy_primitives::Address;
use fabstir_chain::{Receipt, Wallet, anvil};
use fabstir_client::{Renter, Store};
use fabstir_core::{Code, signature::SigningKey};

/// A command's surroundings.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) out: Output,
}

impl App {
    /// The market that the settings mean.
    ///
    /// # Errors
    ///
    /// Those of [`Market::connect`].
    pub(crate) async fn market(&self) -> Result<Market> {
        progress::waiting(self.out, "connecting to the chain", Market::connect(&self.settings)).await
    }

    /// The keystores.
    ///
    /// # Errors
    ///
    /// `invalid_config` if it is not known where they are.
    pub(crate) fn keys(&self) -> Result<KeyDirectory> {
        Ok(KeyDirectory::new(self.settings.keystore_dir()?))
    }

    /// Where passphrases come from.
    pub(crate) fn passphrase(&self) -> Passphrase<'_> {
        Passphrase::from(self.settings.passphrase_file.as_deref())
    }

    /// The key to sign with on a chain; asks for its passphrase.
    ///
    /// # Errors
    ///
    /// `keystore`; `invalid_config` for a well-known key on a chain where money is at stake.
    pub(crate) fn key(&self, chain_id: u64) -> Result<SigningKey> {
        if let Some(index) = self.settings.dev_key {
            return dev_key(index, chain_id);
        }
        let stored = self.keys()?.choose(self.settings.key.as_deref())?;
        let open = |passphrase: &str| stored.keystore.decrypt(passphrase);
        self.passphrase().try_with(&format!("key {}", stored.name), open)
    }

    /// The account of the key to sign with; asks for no passphrase where the keystore tells.
    ///
    /// # Errors
    ///
    /// Those of [`App::key`].
    pub(crate) fn account(&self, chain_id: u64) -> Result<Address> {
        if self.settings.dev_key.is_none()
            && let Some(address) = self.keys()?.choose(self.settings.key.as_deref())?.keystore.address()
        {
            return Ok(address);
        }
        Ok(self.key(chain_id)?.address())
    }

    /// A wallet of the key to sign with.
    ///
    /// # Errors
    ///
    /// Those of [`App::key`].
    pub(crate) fn wallet(&self, market: &Market) -> Result<Wallet> {
        let key = self.key(market.chain.chain_id())?;
        Ok(Wallet::new(market.chain.clone(), key)?)
    }

    /// The sessions kept here.
    ///
    /// # Errors
    ///
    /// Those of [`Store::open`].
    pub(crate) fn store(&self) -> Result<Store> {
        let directory = self.settings.data_dir()?;
        files::create_private_directory(&directory)?;
        Store::open(&directory.join("sessions.redb")).map_err(|error| in_use(error.into()))
    }

    /// A renter that pays with the key to sign with.
    ///
    /// # Errors
    ///
    /// Those of [`App::wallet`] and [`App::store`].
    pub(crate) fn renter(&self, market: &Market) -> Result<Renter> {
        let store = self.store()?;
        Ok(Renter::new(self.wallet(market)?, store).allow_plaintext(self.settings.allow_plaintext))
    }

    /// Waits for a transaction's receipt and tells people about it.
    ///
    /// # Errors
    ///
    /// Those of sending.
    pub(crate) async fn sent<E>(
        &self,
        what: &str,
        sending: impl Future<Output = std::result::Result<Receipt, E>>,
    ) -> Result<Receipt>
    where
        CliError: From<E>,
    {
        let receipt = progress::waiting(self.out, &format!("{what}: waiting to be mined"), sending).await?;
        self.out.note(&format!("{what}: transaction {} in block {}", receipt.tx_hash, receipt.block));
        Ok(receipt)
    }
}

/// anvil's well-known key, where nothing is at stake.
///
/// # Errors
///
/// `invalid_config` anywhere else, or if there is no such key.
pub(crate) fn dev_key(index: usize, chain_id: u64) -> Result<SigningKey> {
    if chain_id != LOCAL_CHAIN {
        let message = format!("--dev-key is for the local chain {LOCAL_CHAIN}, and this is chain {chain_id}");
        return Err(CliError::config(message).hint("everybody knows these keys: use one of your own, with --key"));
    }
    anvil::dev_key(index)
        .map_err(|_| CliError::config(format!("--dev-key {index}: there are 0 to {}", anvil::ACCOUNTS - 1)))
}

/// A database that another process has open.
pub(crate) fn in_use(error: CliError) -> CliError {
    if error.code() == Some(Code::Storage) && error.to_string().contains("already open") {
        return error.hint("another fabstir is using it: wait for it to end, or use another --data-dir");
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_keys_are_for_the_local_chain() {
        assert!(dev_key(0, LOCAL_CHAIN).is_ok());
        assert_eq!(dev_key(0, 8_453).expect_err("Base").code_name(), "invalid_config");
        assert!(dev_key(10, LOCAL_CHAIN).expect_err("no such key").to_string().contains("0 to 9"));
    }
}
