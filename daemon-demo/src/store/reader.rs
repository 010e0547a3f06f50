//! An io thread's view of the last commit, kept as long as it is the last.

use super::disk::{Disk, Snapshot, StorageError};
use super::record::Record;

/// Reads records of a commit; one for each thread.
#[derive(Default)]
pub(crate) struct Reader {
    snapshot: Option<(u64, Snapshot)>,
    is_shown: bool,
}

impl Reader {
    /// The record of `key` in commit `generation` or a later one, and in which at least.
    ///
    /// A commit that is in the file and not yet confirmed may be seen too: the queue still answers for
    /// everything in it, so nobody gets here for what it changed.
    pub(crate) fn get(
        &mut self,
        disk: &Disk,
        generation: u64,
        table: usize,
        bucket: u32,
        key: &[u8],
    ) -> Result<Option<Record>, StorageError> {
        let _scope = probe::scope!("read the last commit", table);
        if self.is_shown {
            probe::op_status!(wait, "disk");
        }
        let snapshot = match &mut self.snapshot {
            Some((of, snapshot)) if *of == generation => snapshot,
            stale => {
                *stale = None;
                probe::tag!(hits, "begin");
                &mut stale.insert((generation, disk.snapshot()?)).1
            }
        };
        probe::tag!("look up");
        let found = snapshot.get(table, bucket, key);
        if self.is_shown {
            probe::op_status!("run");
        }
        found
    }

    /// Whether who reads now is an operation of its own, which then has a status for it.
    pub(crate) fn is_shown(&mut self, shown: bool) {
        self.is_shown = shown;
    }

    /// Lets the commit go, so that the file can reuse what later ones freed.
    pub(crate) fn release(&mut self) {
        self.snapshot = None;
    }
}
