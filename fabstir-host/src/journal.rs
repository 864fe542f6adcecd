//! What a host must not forget: checkpoints before they are sent, vouchers before anything is served past them.
//!
//! One redb file, written by one thread that commits everything waiting in one transaction (group commit), so that
//! many sessions share the cost of reaching the disk.

use crate::HostError;
use alloy_primitives::{Address, B256, U256};
use fabstir_core::{
    Code,
    amount::Usage,
    cbor,
    messages::{Checkpoint, Voucher},
    signature::Signature65,
    wire::WireTerms,
};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, Weak},
    thread,
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const SESSIONS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("sessions");
const TOKENS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("tokens");

/// Writes waiting for the disk at most; more wait their turn.
const QUEUE: usize = 1_024;

/// Where a session stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// Served, or waiting for its renter to come back.
    Open,
    /// Never served again; its last voucher may still have to reach the chain.
    Closed,
    /// The chain knows that it has ended.
    Ended,
}

/// A session, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// What was agreed.
    pub(crate) terms: WireTerms,
    /// The client's blinding secret.
    pub(crate) secret: B256,
    /// Deposit when last read from the chain, base units.
    pub(crate) deposit: U256,
    /// Where it stands.
    pub(crate) standing: Standing,
    /// The newest checkpoint signed.
    pub(crate) checkpoint: Option<SignedCounts>,
    /// The best voucher held.
    pub(crate) voucher: Option<SignedCounts>,
}

/// Cumulative counts somebody signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SignedCounts {
    /// Number of the checkpoint they belong to, from 1.
    pub(crate) sequence: u64,
    /// Tokens fed.
    pub(crate) input_tokens: u64,
    /// Tokens sampled.
    pub(crate) output_tokens: u64,
    /// Transcript head.
    pub(crate) head: B256,
    /// The host's signature on a checkpoint, the renter's on a voucher.
    pub(crate) signature: Signature65,
}

impl SignedCounts {
    /// A checkpoint of ours.
    #[must_use]
    pub(crate) const fn checkpoint(checkpoint: &Checkpoint, signature: Signature65) -> Self {
        Self {
            sequence: checkpoint.sequence,
            input_tokens: checkpoint.inputTokens,
            output_tokens: checkpoint.outputTokens,
            head: checkpoint.head,
            signature,
        }
    }

    /// The counts.
    #[must_use]
    pub(crate) const fn usage(&self) -> Usage {
        Usage::new(self.input_tokens, self.output_tokens)
    }

    /// The voucher, of this session.
    #[must_use]
    pub(crate) const fn voucher(&self, session: U256) -> Voucher {
        Voucher {
            sessionId: session,
            inputTokens: self.input_tokens,
            outputTokens: self.output_tokens,
            head: self.head,
        }
    }
}

/// Tokens of one stretch of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stretch {
    /// Turn, from 0.
    pub(crate) turn: u64,
    /// As in a leaf: 0 fed, 1 sampled, 2 edit, 3 re-read.
    pub(crate) kind: u8,
    /// The ids; of an edit, the positions between which the context drops everything.
    pub(crate) tokens: Vec<u32>,
}

/// The journal. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    file: Arc<File>,
    first_block: u64,
    writes: mpsc::Sender<Write>,
}

/// The database, which a failed write makes useless: it is opened again then, so that a disk which was full for a while
/// costs no more than that while.
#[derive(Debug)]
struct File {
    path: PathBuf,
    database: RwLock<Option<Arc<Database>>>,
}

impl File {
    fn read<T>(&self, read: impl FnOnce(&Database) -> Result<T, redb::Error>) -> Result<T, redb::Error> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner).clone();
        read(&*database.ok_or(redb::Error::PreviousIo)?)
    }

    /// Commits a batch. After a failure the next one opens the database again.
    fn commit(&self, batch: &[Write]) -> Result<(), redb::Error> {
        let open = self.database.read().unwrap_or_else(PoisonError::into_inner).clone();
        let database = match open {
            Some(database) => database,
            None => Arc::new(open_patiently(&self.path)?),
        };
        let outcome = commit(&database, batch);
        *self.database.write().unwrap_or_else(PoisonError::into_inner) = outcome.is_ok().then_some(database);
        outcome
    }
}

/// Whether a journal's file is open somewhere, without keeping it open.
#[derive(Debug)]
pub(crate) struct InUse(Weak<File>);

impl InUse {
    /// Waits until it is closed, for `patience` at most.
    pub(crate) async fn closed(self, patience: Duration) {
        let deadline = tokio::time::Instant::now() + patience;
        while self.0.strong_count() > 0 && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[derive(Debug)]
struct Write {
    session: B256,
    entry: Vec<u8>,
    tokens: Option<(u64, Vec<u8>)>,
    done: oneshot::Sender<Result<(), HostError>>,
}

impl Journal {
    /// Opens or creates the journal of a host in one market. A new one remembers the chain's newest block, `block`.
    ///
    /// # Errors
    ///
    /// [`Code::JournalCorrupt`] if the file is damaged or belongs to another chain or market, [`Code::Storage`] and
    /// [`Code::DiskFull`] if it cannot be written.
    pub(crate) fn open(path: &Path, chain_id: u64, market: Address, block: u64) -> Result<Self, HostError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| HostError::storage(path, &error))?;
        }
        let database = open_patiently(path).map_err(|error| HostError::database(&error.into()))?;
        keep_private(path)?;
        Self::over(database, path, chain_id, market, block)
    }

    /// A journal over an open database.
    fn over(database: Database, path: &Path, chain_id: u64, market: Address, block: u64) -> Result<Self, HostError> {
        let first_block = claim(&database, chain_id, market, block)?;
        let file = Arc::new(File { path: path.to_owned(), database: RwLock::new(Some(Arc::new(database))) });
        let (writes, queue) = mpsc::channel(QUEUE);
        let writer = Arc::clone(&file);
        thread::Builder::new()
            .name("journal".into())
            .spawn(move || write_loop(&writer, queue))
            .map_err(|error| HostError::coded(Code::Storage, format!("the journal's thread: {error}")))?;
        Ok(Self { file, first_block, writes })
    }

    /// The chain's newest block when the journal began: what was opened before may be known to another that was lost.
    pub(crate) const fn first_block(&self) -> u64 {
        self.first_block
    }

    /// Writes a session's entry and, with a checkpoint, the tokens it covers; returns when both are on the disk.
    ///
    /// # Errors
    ///
    /// [`Code::Storage`] or [`Code::DiskFull`]: nothing was written.
    pub(crate) async fn write(
        &self,
        session: U256,
        entry: &Entry,
        tokens: Option<(u64, &[Stretch])>,
    ) -> Result<(), HostError> {
        let encode =
            |(sequence, stretches): (u64, &[Stretch])| Ok::<_, HostError>((sequence, cbor::to_vec(&stretches)?));
        let tokens = tokens.map(encode).transpose()?;
        let (done, written) = oneshot::channel();
        let write = Write { session: session.into(), entry: cbor::to_vec(entry)?, tokens, done };
        let gone = || HostError::coded(Code::Storage, "the journal's writer has stopped");
        self.writes.send(write).await.map_err(|_| gone())?;
        written.await.map_err(|_| gone())?
    }

    /// Tells when nobody has the file open any more.
    pub(crate) fn usage(&self) -> InUse {
        InUse(Arc::downgrade(&self.file))
    }

    /// A session's entry.
    ///
    /// # Errors
    ///
    /// [`Code::JournalCorrupt`] if it cannot be read back.
    pub(crate) fn entry(&self, session: U256) -> Result<Option<Entry>, HostError> {
        let key: B256 = session.into();
        let read = |database: &Database| {
            let table = database.begin_read()?.open_table(SESSIONS)?;
            Ok(table.get(key.as_slice())?.map(|value| value.value().to_vec()))
        };
        self.file.read(read).map_err(|error| HostError::database(&error))?.map(|bytes| decode(&bytes)).transpose()
    }

    /// Every session that has not ended.
    ///
    /// # Errors
    ///
    /// [`Code::JournalCorrupt`] if one cannot be read back.
    pub(crate) fn unfinished(&self) -> Result<Vec<(U256, Entry)>, HostError> {
        let read = |database: &Database| {
            let table = database.begin_read()?.open_table(SESSIONS)?;
            let mut rows = Vec::new();
            for row in table.iter()? {
                let (key, value) = row?;
                rows.push((U256::from_be_slice(key.value()), value.value().to_vec()));
            }
            Ok(rows)
        };
        let mut unfinished = Vec::new();
        for (session, bytes) in self.file.read(read).map_err(|error| HostError::database(&error))? {
            let entry: Entry = decode(&bytes)?;
            if entry.standing != Standing::Ended {
                unfinished.push((session, entry));
            }
        }
        Ok(unfinished)
    }
}

fn decode(bytes: &[u8]) -> Result<Entry, HostError> {
    cbor::from_slice(bytes).map_err(|error| HostError::coded(Code::JournalCorrupt, format!("journal entry: {error}")))
}

/// Opens the file, waiting a moment for a host that has just stopped to let it go.
fn open_patiently(path: &Path) -> Result<Database, redb::DatabaseError> {
    for _ in 0..20 {
        match Database::create(path) {
            Err(redb::DatabaseError::DatabaseAlreadyOpen) => thread::sleep(Duration::from_millis(50)),
            opened => return opened,
        }
    }
    Database::create(path)
}

/// The file holds the sessions' blinding secrets and tokens: for its owner alone.
#[cfg(unix)]
fn keep_private(path: &Path) -> Result<(), HostError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| HostError::storage(path, &error))
}

#[cfg(not(unix))]
fn keep_private(_: &Path) -> Result<(), HostError> {
    Ok(())
}

/// Marks a new journal as ours, or checks that an old one is; returns the block it began at.
fn claim(database: &Database, chain_id: u64, market: Address, block: u64) -> Result<u64, HostError> {
    let identity = [chain_id.to_be_bytes().as_slice(), market.as_slice()].concat();
    let claimed = || -> Result<(Vec<u8>, u64), redb::Error> {
        let write = database.begin_write()?;
        let found = {
            let mut meta = write.open_table(META)?;
            let mut found = |name: &str, new: &[u8]| -> Result<Vec<u8>, redb::Error> {
                let old = meta.get(name)?.map(|value| value.value().to_vec());
                match old {
                    Some(old) => Ok(old),
                    None => {
                        meta.insert(name, new)?;
                        Ok(new.to_vec())
                    }
                }
            };
            let first = found("first_block", &block.to_be_bytes())?;
            let first = first.first_chunk().map_or(block, |bytes| u64::from_be_bytes(*bytes));
            let market = found("market", &identity)?;
            write.open_table(SESSIONS)?;
            write.open_table(TOKENS)?;
            (market, first)
        };
        write.commit()?;
        Ok(found)
    };
    match claimed().map_err(|error| HostError::database(&error))? {
        (market, first) if market == identity => Ok(first),
        _ => Err(HostError::coded(
            Code::JournalCorrupt,
            "the journal belongs to another chain or market; give this one a file of its own",
        )),
    }
}

/// Commits whatever waits, together.
fn write_loop(file: &File, mut queue: mpsc::Receiver<Write>) {
    let mut batch = Vec::new();
    while queue.blocking_recv_many(&mut batch, QUEUE) > 0 {
        let outcome = file.commit(&batch);
        for write in batch.drain(..) {
            let answer = match &outcome {
                Ok(()) => Ok(()),
                Err(error) => Err(HostError::database(error)),
            };
            // A caller that no longer waits has gone with its connection; the write stands.
            let _ = write.done.send(answer);
        }
    }
}

fn commit(database: &Database, batch: &[Write]) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut sessions = transaction.open_table(SESSIONS)?;
        let mut tokens = transaction.open_table(TOKENS)?;
        for write in batch {
            sessions.insert(write.session.as_slice(), write.entry.as_slice())?;
            if let Some((sequence, bytes)) = &write.tokens {
                let key = [write.session.as_slice(), &sequence.to_be_bytes()].concat();
                tokens.insert(key.as_slice(), bytes.as_slice())?;
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            terms: WireTerms::from(fabstir_core::abi::Terms { salt: U256::from(7), ..Default::default() }),
            secret: B256::repeat_byte(1),
            deposit: U256::from(5),
            standing: Standing::Open,
            checkpoint: None,
            voucher: None,
        }
    }

    #[tokio::test]
    async fn what_was_written_is_read_back_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.redb");
        let id = U256::from(42);
        {
            let journal = Journal::open(&path, 1, Address::ZERO, 7).unwrap();
            assert_eq!(journal.entry(id).unwrap(), None);
            let stretch = Stretch { turn: 0, kind: 1, tokens: vec![1, 2, 3] };
            journal.write(id, &entry(), Some((1, &[stretch]))).await.unwrap();
            assert_eq!(journal.unfinished().unwrap().len(), 1);
        }
        let journal = Journal::open(&path, 1, Address::ZERO, 9).unwrap();
        assert_eq!(journal.first_block(), 7, "where it began, not where it goes on");
        assert_eq!(journal.entry(id).unwrap(), Some(entry()));
        journal.write(id, &Entry { standing: Standing::Ended, ..entry() }, None).await.unwrap();
        assert!(journal.unfinished().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_journal_of_another_market_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.redb");
        drop(Journal::open(&path, 1, Address::ZERO, 7).unwrap());
        let error = Journal::open(&path, 2, Address::ZERO, 7).unwrap_err();
        assert_eq!(error.code(), Code::JournalCorrupt);
    }

    /// A disk that is full after so many bytes.
    #[derive(Debug)]
    struct SmallDisk {
        memory: redb::backends::InMemoryBackend,
        capacity: u64,
    }

    impl redb::StorageBackend for SmallDisk {
        fn len(&self) -> Result<u64, std::io::Error> {
            self.memory.len()
        }
        fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
            self.memory.read(offset, out)
        }
        fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
            if len > self.capacity {
                return Err(std::io::ErrorKind::StorageFull.into());
            }
            self.memory.set_len(len)
        }
        fn sync_data(&self) -> Result<(), std::io::Error> {
            self.memory.sync_data()
        }
        fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
            self.memory.write(offset, data)
        }
    }

    #[tokio::test]
    async fn a_full_disk_is_told_and_forgotten_when_it_has_room_again() {
        let disk = SmallDisk { memory: redb::backends::InMemoryBackend::new(), capacity: 4 << 20 };
        let database = redb::Builder::new().create_with_backend(disk).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::over(database, &folder.path().join("j.redb"), 1, Address::ZERO, 7).unwrap();
        journal.write(U256::ZERO, &entry(), None).await.unwrap();
        let large = Stretch { turn: 0, kind: 1, tokens: vec![u32::MAX; 100_000] };
        let mut refused = None;
        for sequence in 1..64 {
            if let Err(error) = journal.write(U256::ONE, &entry(), Some((sequence, std::slice::from_ref(&large)))).await
            {
                refused = Some(error.code());
                break;
            }
        }
        assert_eq!(refused, Some(Code::DiskFull));
        // The file at the path is another disk, with room.
        journal.write(U256::ONE, &entry(), None).await.unwrap();
        assert_eq!(journal.entry(U256::ONE).unwrap(), Some(entry()));
    }

    #[test]
    fn a_file_that_is_no_journal_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.redb");
        std::fs::write(&path, b"not a database at all, only text that is long enough to be looked at").unwrap();
        assert_eq!(Journal::open(&path, 1, Address::ZERO, 7).unwrap_err().code(), Code::JournalCorrupt);
    }
}
