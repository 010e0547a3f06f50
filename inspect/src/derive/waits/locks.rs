//! How each lock fared.

use std::cmp::Reverse;
use std::collections::HashMap;

use probe::layout::{LOCK_BUCKETS, LockFamily, LockKind, lock_bucket_ends};

use super::graph::Look;
use super::party::{Parties, called};
use crate::derive::clock::Clock;
use crate::model::{LockReport, WaitTimes};
use crate::snapshot::{LockRead, Snapshot};

/// Locks that are said: whatever a board says, a reader's memory is bounded.
const SAID: usize = 1_024;
/// Bytes of JSON of one without its texts, those who hold it aside.
const LOCK: usize = 420;

/// The locks that have a record, those that most time was waited for first, and how many are left out.
pub(super) fn locks(
    snapshot: &Snapshot,
    clock: &Clock,
    parties: &Parties<'_>,
) -> (Vec<LockReport>, u64) {
    let look = Look::new(&snapshot.waits);
    let running = running(snapshot, clock);
    let now = |lock: &LockRead| running.get(&lock.reference()).copied().unwrap_or_default();
    let mut all: Vec<&LockRead> = snapshot.waits.locks.iter().collect();
    // A lock that is stuck has waits that never end: they count as those that did.
    let waited =
        |lock: &LockRead| clock.span_ns(0, lock.record.waited).saturating_add(now(lock).sum_ns);
    all.sort_by_key(|lock| (Reverse(waited(lock)), Reverse(lock.record.waiting)));
    let said = all.iter().take(SAID).map_while(|lock| {
        let said = LockReport {
            waiting_ns: now(lock).sum_ns,
            longest_waiting_ns: now(lock).longest_ns,
            ..one(snapshot, clock, parties, &look, lock)
        };
        // A path of six bytes for each, at most.
        let texts = [
            said.board.in_json(),
            said.name.in_json(),
            said.site.as_ref().map_or(0, |site| 6 * site.len()),
        ];
        parties.affords(LOCK + texts.iter().sum::<usize>()).then_some(said)
    });
    let said: Vec<LockReport> = said.collect();
    let left_out = (all.len() - said.len()) as u64;
    (said, left_out)
}

/// The waits for a lock that have not ended.
#[derive(Clone, Copy, Default)]
struct Running {
    sum_ns: u64,
    longest_ns: Option<u64>,
}

/// Waits that have not ended, by what they are for.
fn running(snapshot: &Snapshot, clock: &Clock) -> HashMap<u64, Running> {
    let threads = snapshot.waits.threads.iter().filter_map(|thread| thread.wait);
    let threads = threads.map(|wait| (wait.target, wait.since));
    let futures = snapshot.waits.futures.iter();
    let futures = futures.map(|wait| (wait.record.identity, wait.record.waiting));
    let mut all: HashMap<u64, Running> = HashMap::new();
    for (target, since) in threads.chain(futures) {
        let (one, age) = (all.entry(target).or_default(), clock.age_ns(since));
        one.sum_ns = one.sum_ns.saturating_add(age);
        one.longest_ns = one.longest_ns.max(Some(age));
    }
    all
}

fn one(
    snapshot: &Snapshot,
    clock: &Clock,
    parties: &Parties<'_>,
    look: &Look<'_>,
    lock: &LockRead,
) -> LockReport {
    let record = &lock.record;
    let place = crate::derive::threads::place(snapshot, record.site, None);
    let held = look.held(lock);
    let said = |party: u64| parties.node(party).and_then(|node| parties.afforded(node));
    let is_lock = !matches!(lock.kind(), Some(LockKind::Channel | LockKind::Condvar));
    let counts: Vec<u64> = (0..LOCK_BUCKETS)
        .map(|bucket| record.buckets[bucket / 2] >> (bucket % 2 * 32) & 0xffff_ffff)
        .collect();
    let contended = counts.iter().sum();
    let longest = clock.span_ns(0, record.longest);
    LockReport {
        board: parties.board(),
        name: called(snapshot, lock),
        kind: kind(lock.kind()),
        library: library(record.kind_flags),
        site: place.file.zip(place.line).map(|(file, line)| format!("{}:{line}", file.raw())),
        contended,
        wait_ns: WaitTimes {
            p50: quantile(&counts, contended, 50, longest),
            p99: quantile(&counts, contended, 99, longest),
            max: (contended > 0).then_some(longest),
        },
        waited_ns: clock.span_ns(0, record.waited),
        waiting_ns: 0,
        longest_waiting_ns: None,
        waiters: record.waiting,
        holder: held.alone.filter(|_| is_lock).and_then(said),
        readers: held.shared.into_iter().take(8).filter_map(said).collect(),
    }
}

/// So many hundredths of the waits took at most so long.
fn quantile(counts: &[u64], all: u64, hundredths: u64, longest: u64) -> Option<u64> {
    let wanted = all.checked_mul(hundredths)?.div_ceil(100).max(1);
    let mut sum = 0;
    for (bucket, count) in counts.iter().enumerate() {
        sum += count;
        if sum >= wanted {
            return Some(lock_bucket_ends(bucket).map_or(longest, |end| end.min(longest)));
        }
    }
    None
}

fn kind(kind: Option<LockKind>) -> &'static str {
    match kind {
        Some(LockKind::Mutex) => "mutex",
        Some(LockKind::RwLock) => "rwlock",
        Some(LockKind::Condvar) => "condvar",
        Some(LockKind::Channel) => "channel",
        Some(LockKind::Semaphore) => "semaphore",
        Some(LockKind::Wait) | None => "lock",
    }
}

fn library(flags: u64) -> &'static str {
    let families = [
        (LockFamily::Std, "std"),
        (LockFamily::ParkingLot, "parking_lot"),
        (LockFamily::Crossbeam, "crossbeam"),
        (LockFamily::Tokio, "tokio"),
    ];
    let found = families.into_iter().find(|(family, _)| *family as u64 == flags >> 8 & 0xff);
    found.map_or("unknown", |(_, name)| name)
}
