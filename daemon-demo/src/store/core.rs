//! The core thread: takes what waits, commits it, confirms it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::disk;
use super::disk::Contents;
use super::front::Store;
use super::queue::Layer;
use super::record::TABLES;
use crate::metrics::{
    BATCH_JOBS, COMMIT_ERRORS, COMMIT_RETRIES, COMMIT_TIME, COMMITS, COMMITTED, ROWS, SEQUENCE,
    UPDATES,
};
use crate::say::say;

/// Time between two tries of a commit that fails.
const RETRY_EVERY: Duration = Duration::from_millis(500);

/// Runs until the store is closed and drained, or closed and not able to commit.
pub(crate) fn run(store: &Store, contents: &Contents, drain_timeout: Duration) {
    let mut board = RowsOnBoard::default();
    board.show(contents);
    while let Some((batch, sequence)) = store.next_batch() {
        let now = probe::now!();
        let started: Vec<_> =
            batch.stamps().map(|arrived| probe::queue_start!(UPDATES, arrived, now)).collect();
        let committed = commit(store, &batch, sequence, drain_timeout);
        if let Some(contents) = &committed {
            board.show(contents);
            store.confirm(contents);
        }
        let now = probe::now!();
        for started in started {
            probe::queue_complete!(UPDATES, started, now);
        }
        if committed.is_none() {
            return;
        }
    }
}

/// Commits a batch, however often that takes: it was acknowledged. Gives up only when the daemon ends.
fn commit(
    store: &Store,
    batch: &Arc<Layer>,
    sequence: u64,
    drain_timeout: Duration,
) -> Option<Contents> {
    let mut give_up: Option<Instant> = None;
    loop {
        let began = Instant::now();
        let outcome = match store.fails {
            true => Err(disk::StorageError("it fails, as asked for".to_owned())),
            false => store.disk().commit(batch, sequence),
        };
        let error = match outcome {
            Ok(contents) => {
                probe::record!(
                    COMMIT_TIME,
                    u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)
                );
                probe::record!(BATCH_JOBS, batch.jobs());
                probe::count!(COMMITS);
                probe::count!(COMMITTED, batch.jobs());
                probe::set!(SEQUENCE, sequence);
                return Some(contents);
            }
            Err(error) => error,
        };
        report(store, &error);
        probe::count!(COMMIT_RETRIES);
        let closing =
            store.wait_closing(if give_up.is_some() { Duration::ZERO } else { RETRY_EVERY });
        if closing {
            let now = Instant::now();
            if now >= *give_up.get_or_insert(now + drain_timeout) {
                return None;
            }
            std::thread::sleep(RETRY_EVERY);
        }
        if let Err(error) = store.disk().reopen() {
            report(store, &error);
        }
    }
}

fn report(store: &Store, error: &disk::StorageError) {
    probe::count!(COMMIT_ERRORS);
    if store.status().failing.is_none() {
        say!("cannot commit: {}; writes are refused until it works again", error.0);
    }
    store.fail(error);
}

/// The row count of each table on the board: there as long as the table has rows.
#[derive(Default)]
struct RowsOnBoard {
    gauges: [Option<probe::GaugeMember>; TABLES],
}

impl RowsOnBoard {
    fn show(&mut self, contents: &Contents) {
        for (number, (gauge, &rows)) in self.gauges.iter_mut().zip(&contents.rows).enumerate() {
            if rows == 0 {
                *gauge = None;
            } else {
                let gauge =
                    gauge.get_or_insert_with(|| probe::member!(ROWS, format!("db{number}")));
                probe::set!(*gauge, rows);
            }
        }
    }
}
