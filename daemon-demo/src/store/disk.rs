//! The data file: tables of rows in redb, and what else must survive.
//!
//! ```text
//! db0 .. db15     bucket u32                  -> row (see row.rs)
//! db0.ttl ..      (expires_ms u64, key bytes) -> ()          the expiry job reads it from the front
//! meta            name                        -> u64         "buckets", "commit", "rows.db0" ..
//! ```

use crate::locks::{self, RwLock};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::time::Duration;

use redb::{
    Database, DatabaseError, ReadOnlyTable, ReadTransaction, ReadableDatabase as _,
    ReadableTable as _, TableDefinition, TableError, WriteTransaction,
};

use super::damage;
use super::lock::{FILE_LOCK, take};
pub(crate) use super::names::Contents;
use super::names::NAMES;
use super::names::Names;
use super::queue::{Layer, TableWrites};
use super::record::{Record, TABLES};
use super::row;
use crate::failure::Failure;
use crate::metrics::REPAIR;
use crate::say::say;

/// A record's table and key.
pub(crate) type Address = (usize, Box<[u8]>);

/// A table to read; `None` is one that is not there.
type Opened = Option<ReadOnlyTable<u32, &'static [u8]>>;

const META: TableDefinition<'static, &'static str, u64> = TableDefinition::new("meta");

/// What redb said, as text: nobody here acts on the kind of a failure.
#[derive(Clone, Debug)]
pub(crate) struct StorageError(pub(crate) String);

impl<E: Into<redb::Error>> From<E> for StorageError {
    fn from(error: E) -> Self {
        Self(error.into().to_string())
    }
}

/// How the file is used.
#[derive(Clone, Debug)]
pub(crate) struct FileSettings {
    /// The directory.
    pub(crate) directory: PathBuf,
    /// Rows of each table, if the file is new.
    pub(crate) buckets: u32,
    /// Memory for cached pages.
    pub(crate) cache_bytes: usize,
    /// Added to each commit on purpose.
    pub(crate) slow_commit: Duration,
}

/// The open file.
#[derive(Debug)]
pub(crate) struct Disk {
    settings: FileSettings,
    path: PathBuf,
    buckets: u32,
    /// Shared by readers and commits; `None` only while a reopening failed.
    pub(super) database: RwLock<Option<Database>>,
}

impl Disk {
    /// Opens or makes the file; after an unclean end it is checked first, which takes time.
    ///
    /// # Errors
    /// Says which path, why, and what to do.
    pub(crate) fn open(settings: FileSettings) -> Result<(Self, Contents), Failure> {
        let directory = settings.directory.display();
        std::fs::create_dir_all(&settings.directory).map_err(|error| {
            Failure::new(
                format!("cannot make the data directory {directory}: {error}"),
                "name one that this user can write with --data",
            )
        })?;
        let path = settings.directory.join("store.redb");
        let (database, buckets, contents) = open_whole(&path, &settings)?;
        damage::note(&settings.directory, None);
        let disk =
            Self { settings, path, buckets, database: locks::rwlock!("database", Some(database)) };
        Ok((disk, contents))
    }

    /// The run ends in order, with this commit as its last.
    pub(crate) fn note_end(&self, commit: u64) {
        damage::note(&self.settings.directory, Some(commit));
    }

    /// Rows of each table.
    pub(crate) fn buckets(&self) -> u32 {
        self.buckets
    }

    /// Size of the file.
    pub(crate) fn file_bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |metadata| metadata.len())
    }

    /// The last commit, for reading.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, StorageError> {
        let database = take!(self.database, try_read, read, FILE_LOCK, "file lock");
        let database = database.as_ref().ok_or_else(closed)?;
        Ok(Snapshot { transaction: database.begin_read()?, tables: Default::default() })
    }

    /// Commits a batch with fsync.
    pub(crate) fn commit(&self, batch: &Layer, commit: u64) -> Result<Contents, StorageError> {
        let _scope = probe::scope!("commit", commit);
        let database = take!(self.database, try_read, read, FILE_LOCK, "file lock");
        let database = database.as_ref().ok_or_else(closed)?;
        probe::tag!("begin");
        let transaction = database.begin_write()?;
        let mut contents = read_contents(&transaction)?;
        contents.commit = commit;
        for ((writes, names), rows) in batch.tables.iter().zip(&NAMES).zip(&mut contents.rows) {
            write_table(&transaction, writes, names, rows)?;
        }
        write_contents(&transaction, &contents)?;
        if !self.settings.slow_commit.is_zero() {
            probe::tag!(wait, hits, "slow commit, as asked for");
            std::thread::sleep(self.settings.slow_commit);
        }
        probe::tag!(wait, hits, "disk");
        transaction.commit()?;
        probe::tag!("committed");
        Ok(contents)
    }

    /// Records that ended before `now_ms`, at most `limit`.
    pub(crate) fn expired(&self, now_ms: u64, limit: usize) -> Result<Vec<Address>, StorageError> {
        let _scope = probe::scope!("look for expired records");
        let snapshot = self.snapshot()?;
        let mut found = Vec::new();
        for (number, names) in NAMES.iter().enumerate() {
            probe::tag!("table", number);
            let table = match snapshot.transaction.open_table(names.ttl) {
                Ok(table) => table,
                Err(TableError::TableDoesNotExist(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            for entry in table.range(..(now_ms.saturating_add(1), [].as_slice()))? {
                if found.len() >= limit {
                    return Ok(found);
                }
                found.push((number, entry?.0.value().1.into()));
            }
        }
        Ok(found)
    }

    /// Opens the file anew: after a failed write redb refuses to go on with the old handle.
    pub(crate) fn reopen(&self) -> Result<(), StorageError> {
        let _scope = probe::scope!("reopen the data file");
        let mut database = take!(self.database, try_write, write, FILE_LOCK, "file lock");
        let _held = probe::scope!("holds file lock", FILE_LOCK);
        *database = None;
        *database = Some(open_file(&self.path, self.settings.cache_bytes)?);
        Ok(())
    }

    /// Gives free pages back to the file system when more than half of a file worth the trouble is
    /// free. Readers and commits wait meanwhile. Returns whether it did anything.
    pub(crate) fn compact(&self) -> Result<bool, StorageError> {
        const WORTH_IT_BYTES: u64 = 4 << 20;
        let _scope = probe::scope!("compaction");
        if self.file_bytes() < WORTH_IT_BYTES {
            return Ok(false);
        }
        let mut database = take!(self.database, try_write, write, FILE_LOCK, "file lock");
        let _held = probe::scope!("holds file lock", FILE_LOCK);
        let database = database.as_mut().ok_or_else(closed)?;
        probe::tag!("measure");
        let transaction = database.begin_write()?;
        let stats = transaction.stats()?;
        transaction.abort()?;
        if stats.stored_bytes().saturating_mul(2) > self.file_bytes() {
            return Ok(false);
        }
        probe::tag!(hits, "compact");
        match database.compact() {
            // A reader is at work: there is another time.
            Err(redb::CompactionError::TransactionInProgress) => Ok(false),
            outcome => Ok(outcome?),
        }
    }
}

/// Opens the file, looks at all of it, and makes what a new one lacks. What was lost by damage is said.
fn open_whole(path: &Path, settings: &FileSettings) -> Result<(Database, u32, Contents), Failure> {
    let named = path.display();
    let damaged = |why: String| {
        Failure::new(
            format!("the data file {named} is damaged: {why}"),
            "put a copy back, or move it away to begin with an empty one",
        )
    };
    let opened = damage::quietly(|| {
        // A file that its check gives up is closed by the end of the process alone: closing it reads it.
        let database = open_file(path, settings.cache_bytes)?;
        let mut database = ManuallyDrop::new(database);
        let whole = database.check_integrity()?;
        Ok((ManuallyDrop::into_inner(database), whole))
    });
    let (database, whole) = opened.map_err(damaged)?.map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => Failure::new(
            format!("cannot open the data file {named}: {error}"),
            "stop the other daemon, or name another directory with --data",
        ),
        DatabaseError::Storage(redb::StorageError::Corrupted(why)) => damaged(why),
        _ => Failure::new(
            format!("cannot open the data file {named}: {error}"),
            "check the directory's owner and free space, or name another with --data",
        ),
    })?;
    probe::progress!(REPAIR, 1000_u64, 1000_u64);
    let database = ManuallyDrop::new(database);
    let prepared = damage::quietly(|| prepare(&database, settings.buckets)).map_err(damaged)?;
    let (buckets, contents) = prepared.map_err(|StorageError(error)| {
        Failure::new(
            format!("cannot read the data file {named}: {error}"),
            "check the directory's free space",
        )
    })?;
    damage::quietly(|| damage::count(&database, &contents))
        .and_then(|counted| counted)
        .map_err(damaged)?;
    let before = damage::last_commit(&settings.directory).unwrap_or(contents.commit);
    if before > contents.commit {
        let from = contents.commit + 1;
        say!(
            "the data file {named} was damaged: what was written in commits {from} to {before} is lost"
        );
    } else if !whole {
        say!("the data file {named} was damaged and put right; nothing that was committed is lost");
    }
    Ok((ManuallyDrop::into_inner(database), buckets, contents))
}

fn closed() -> StorageError {
    StorageError("the data file is closed after a failed write".to_owned())
}

fn open_file(path: &Path, cache_bytes: usize) -> Result<Database, DatabaseError> {
    Database::builder()
        .set_cache_size(cache_bytes)
        .set_repair_callback(|repair| {
            probe::tag!("repair the data file");
            // A share of 0..1, as permille.
            probe::progress!(REPAIR, (repair.progress() * 1000.0) as u64, 1000_u64);
        })
        .create(path)
}

/// Makes what a new file lacks.
fn prepare(database: &Database, buckets: u32) -> Result<(u32, Contents), StorageError> {
    let transaction = database.begin_write()?;
    let contents = read_contents(&transaction)?;
    let buckets = {
        let mut meta = transaction.open_table(META)?;
        let stored = meta.get("buckets")?.map(|value| value.value());
        match stored.and_then(|stored| u32::try_from(stored).ok()) {
            Some(stored) => stored,
            None => {
                meta.insert("buckets", u64::from(buckets))?;
                buckets
            }
        }
    };
    transaction.commit()?;
    Ok((buckets, contents))
}

fn read_contents(transaction: &WriteTransaction) -> Result<Contents, StorageError> {
    let meta = transaction.open_table(META)?;
    let read = |name: &str| -> Result<u64, StorageError> {
        Ok(meta.get(name)?.map_or(0, |value| value.value()))
    };
    let mut contents = Contents { commit: read("commit")?, ..Contents::default() };
    for (rows, names) in contents.rows.iter_mut().zip(&NAMES) {
        *rows = read(names.count)?;
    }
    Ok(contents)
}

fn write_contents(transaction: &WriteTransaction, contents: &Contents) -> Result<(), StorageError> {
    let mut meta = transaction.open_table(META)?;
    meta.insert("commit", contents.commit)?;
    for (rows, names) in contents.rows.iter().zip(&NAMES) {
        if meta.get(names.count)?.map_or(0, |value| value.value()) != *rows {
            meta.insert(names.count, *rows)?;
        }
    }
    Ok(())
}

fn write_table(
    transaction: &WriteTransaction,
    writes: &TableWrites,
    names: &Names,
    count: &mut u64,
) -> Result<(), StorageError> {
    if writes.is_flushed() {
        probe::tag!(hits, "drop the table");
        transaction.delete_table(names.rows)?;
        transaction.delete_table(names.ttl)?;
        *count = 0;
    }
    if writes.rows.is_empty() {
        return Ok(());
    }
    let _scope = probe::scope!("rows", writes.rows.len());
    let mut table = transaction.open_table(names.rows)?;
    let mut ttl = transaction.open_table(names.ttl)?;
    // In the order of the tree, so that neighbours share its pages.
    let mut buckets: Vec<_> = writes.rows.iter().collect();
    buckets.sort_unstable_by_key(|&(bucket, _)| *bucket);
    for (bucket, row) in buckets {
        probe::tag!("read");
        let old = table.get(bucket)?;
        probe::tag!("merge");
        let merged = row::merge(old.as_ref().map_or(&[], |old| old.value()), &row.updates);
        drop(old);
        probe::tag!("write");
        if merged.row.is_empty() {
            table.remove(bucket)?;
        } else {
            table.insert(bucket, merged.row.as_slice())?;
        }
        for (expires_ms, key) in &merged.ttl_gone {
            ttl.remove((*expires_ms, &**key))?;
        }
        for (expires_ms, key) in &merged.ttl_new {
            ttl.insert((*expires_ms, &**key), ())?;
        }
        *count = count.saturating_add_signed(merged.added);
    }
    Ok(())
}

/// One commit, as long as it is read. Pages that later commits free stay in the file meanwhile, so it
/// is not kept while its owner waits for work.
pub(crate) struct Snapshot {
    transaction: ReadTransaction,
    /// By table number, once it was asked for.
    tables: [Option<Opened>; TABLES],
}

impl Snapshot {
    /// The record of `key`, expired or not.
    pub(crate) fn get(
        &mut self,
        table: usize,
        bucket: u32,
        key: &[u8],
    ) -> Result<Option<Record>, StorageError> {
        let (Some(opened), Some(names)) = (self.tables.get_mut(table), NAMES.get(table)) else {
            return Ok(None);
        };
        if opened.is_none() {
            *opened = Some(match self.transaction.open_table(names.rows) {
                Ok(table) => Some(table),
                Err(TableError::TableDoesNotExist(_)) => None,
                Err(error) => return Err(error.into()),
            });
        }
        let Some(Some(table)) = opened else {
            return Ok(None);
        };
        let row = table.get(bucket)?;
        Ok(row.and_then(|row| row::find(row.value(), key)))
    }
}
