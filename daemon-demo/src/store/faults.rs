//! Locks that are held as they should not be, for `--fault`.

use std::time::Duration;

use super::front::Store;
use super::lock::{FILE_LOCK, INDEX_LOCK, hold, take};

/// Long enough for the other one to have its first lock.
const BETWEEN: Duration = Duration::from_millis(200);

impl Store {
    /// One half of a deadlock.
    pub(crate) fn index_then_file(&self) {
        let (_index, _held) = hold!(self.index, INDEX_LOCK, "index lock", "holds index lock");
        std::thread::sleep(BETWEEN);
        let _file = take!(self.disk().database, try_read, read, FILE_LOCK, "file lock");
    }

    /// The other half.
    pub(crate) fn file_then_index(&self) {
        let _file = take!(self.disk().database, try_write, write, FILE_LOCK, "file lock");
        let _held = probe::scope!("holds file lock", FILE_LOCK);
        std::thread::sleep(BETWEEN);
        let (_index, _held) = hold!(self.index, INDEX_LOCK, "index lock", "holds index lock");
    }

    /// Has the index lock for a while, and works.
    pub(crate) fn export(&self) {
        let (_index, _held) = hold!(self.index, INDEX_LOCK, "index lock", "holds index lock");
        for _ in 0..30 {
            probe::tag!(hits, "write the export, as asked for");
            std::thread::sleep(Duration::from_millis(10));
            probe::tag!("look for what to export");
        }
    }
}
