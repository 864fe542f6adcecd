//! What a renter must not forget: the keys of its sessions, and the counts it has signed for.

use crate::ClientError;
use alloy_primitives::{Address, B256, U256};
use fabstir_core::{
    Code, cbor,
    messages::{Domain, Signed, Voucher},
    signature::{Signature65, SigningKey},
    wire::WireTerms,
};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};
use std::{path::Path, sync::Arc};

const SESSIONS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("sessions");

/// Where a session stands, as far as its renter knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Standing {
    /// Its opening was, or is about to be, sent.
    Opening,
    /// Open.
    Open,
    /// Ended.
    Ended,
}

/// A session, as its renter keeps it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// The chain.
    pub chain_id: u64,
    /// The market.
    pub market: Address,
    /// What was agreed.
    pub terms: WireTerms,
    /// Locked in all, base units: at the opening, and what this renter has added since.
    pub deposit: U256,
    /// Where the host is reached.
    pub url: String,
    /// Where it stands.
    pub standing: Standing,
    /// Tokens fed that the renter has signed for.
    pub input_tokens: u64,
    /// Tokens sampled that the renter has signed for.
    pub output_tokens: u64,
    /// The head signed last.
    pub head: B256,
    voucher_key: B256,
    pub(crate) secret: B256,
}

impl core::fmt::Debug for Record {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Record")
            .field("terms", &self.terms)
            .field("standing", &self.standing)
            .field("input_tokens", &self.input_tokens)
            .field("output_tokens", &self.output_tokens)
            .finish_non_exhaustive()
    }
}

impl Record {
    /// A session about to be opened.
    pub(crate) fn new(
        (chain_id, market): (u64, Address),
        terms: WireTerms,
        deposit: U256,
        url: String,
        voucher_key: &SigningKey,
        secret: B256,
    ) -> Self {
        Self {
            chain_id,
            market,
            terms,
            deposit,
            url,
            standing: Standing::Opening,
            input_tokens: 0,
            output_tokens: 0,
            head: B256::ZERO,
            voucher_key: B256::from(*voucher_key.expose_secret()),
            secret,
        }
    }

    /// The newest voucher, signed again; for nothing if nothing was signed for.
    pub(crate) fn voucher(&self, id: U256, domain: &Domain) -> Result<(Voucher, Signature65), ClientError> {
        let voucher = Voucher {
            sessionId: id,
            inputTokens: self.input_tokens,
            outputTokens: self.output_tokens,
            head: self.head,
        };
        let signature = voucher.sign(domain, &self.voucher_key()?);
        Ok((voucher, signature))
    }

    /// The key that signs this session's vouchers.
    pub(crate) fn voucher_key(&self) -> Result<SigningKey, ClientError> {
        Ok(SigningKey::from_bytes(&self.voucher_key)?)
    }
}

/// A renter's sessions on disk, one file. Clones share it. The file holds the sessions' voucher keys: it is made
/// readable for its owner alone.
#[derive(Debug, Clone)]
pub struct Store {
    database: Arc<Database>,
}

impl Store {
    /// Opens or creates the file.
    ///
    /// # Errors
    ///
    /// [`Code::Storage`], [`Code::DiskFull`] or [`Code::JournalCorrupt`].
    pub fn open(path: &Path) -> Result<Self, ClientError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| io_error(path, &error))?;
        }
        let database = Database::create(path).map_err(|error| database_error(&error.into()))?;
        keep_private(path)?;
        let create = || -> Result<(), redb::Error> {
            let write = database.begin_write()?;
            write.open_table(SESSIONS)?;
            write.commit()?;
            Ok(())
        };
        create().map_err(|error| database_error(&error))?;
        Ok(Self { database: Arc::new(database) })
    }

    /// Writes a record; it is on the disk when this returns.
    pub(crate) async fn write(&self, id: U256, record: &Record) -> Result<(), ClientError> {
        let (key, value) = (B256::from(id), cbor::to_vec(record)?);
        let database = Arc::clone(&self.database);
        let write = move || -> Result<(), redb::Error> {
            let write = database.begin_write()?;
            write.open_table(SESSIONS)?.insert(key.as_slice(), value.as_slice())?;
            write.commit()?;
            Ok(())
        };
        tokio::task::spawn_blocking(write)
            .await
            .map_err(|error| ClientError::coded(Code::Internal, error.to_string()))?
            .map_err(|error| database_error(&error))
    }

    /// A session.
    ///
    /// # Errors
    ///
    /// [`Code::UnknownSession`] if it is not kept here.
    pub fn record(&self, id: U256) -> Result<Record, ClientError> {
        let key = B256::from(id);
        let read = || -> Result<Option<Vec<u8>>, redb::Error> {
            let table = self.database.begin_read()?.open_table(SESSIONS)?;
            Ok(table.get(key.as_slice())?.map(|value| value.value().to_vec()))
        };
        match read().map_err(|error| database_error(&error))? {
            Some(bytes) => decode(&bytes),
            None => Err(ClientError::coded(Code::UnknownSession, format!("no session {id:#x} is kept here"))),
        }
    }

    /// Every session kept here, by id.
    ///
    /// # Errors
    ///
    /// [`Code::JournalCorrupt`] if one cannot be read back.
    pub fn records(&self) -> Result<Vec<(U256, Record)>, ClientError> {
        let read = || -> Result<Vec<(U256, Vec<u8>)>, redb::Error> {
            let table = self.database.begin_read()?.open_table(SESSIONS)?;
            let mut rows = Vec::new();
            for row in table.iter()? {
                let (key, value) = row?;
                rows.push((U256::from_be_slice(key.value()), value.value().to_vec()));
            }
            Ok(rows)
        };
        let rows = read().map_err(|error| database_error(&error))?;
        rows.into_iter().map(|(id, bytes)| Ok((id, decode(&bytes)?))).collect()
    }
}

fn decode(bytes: &[u8]) -> Result<Record, ClientError> {
    cbor::from_slice(bytes)
        .map_err(|error| ClientError::coded(Code::JournalCorrupt, format!("session record: {error}")))
}

fn database_error(error: &redb::Error) -> ClientError {
    let code = match error {
        redb::Error::Corrupted(_) | redb::Error::UpgradeRequired(_) => Code::JournalCorrupt,
        redb::Error::Io(error) => io_code(error),
        _ => Code::Storage,
    };
    ClientError::coded(code, format!("session store: {error}"))
}

fn io_error(path: &Path, error: &std::io::Error) -> ClientError {
    ClientError::coded(io_code(error), format!("{}: {error}", path.display()))
}

fn io_code(error: &std::io::Error) -> Code {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Code::DiskFull,
        std::io::ErrorKind::InvalidData => Code::JournalCorrupt,
        _ => Code::Storage,
    }
}

#[cfg(unix)]
fn keep_private(path: &Path) -> Result<(), ClientError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(|error| io_error(path, &error))
}

#[cfg(not(unix))]
fn keep_private(_: &Path) -> Result<(), ClientError> {
    Ok(())
}
