//! The slowest operations of each kind: their records are kept as they ended, out of reach of new ones,
//! until slower ones come or some time has passed.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Mutex;

use crate::layout::OP_SLOW;

/// Kinds that are told apart.
const KINDS: usize = 64;
/// The slowest of a kind that are kept; so the first four kinds that end operations have a slow log.
const EACH: usize = 4;
/// How long they are kept, ns.
const KEPT_NS: u64 = 600_000_000_000;

/// One that is kept.
#[derive(Clone, Copy, Debug)]
struct Kept {
    kind: usize,
    record: usize,
    took: u64,
    ended: u64,
}

/// The slow log.
#[derive(Debug)]
pub(super) struct Slow {
    /// By kind: operations that took no longer are not asked in.
    floors: [AtomicU64; KINDS],
    kept: Mutex<Vec<Kept>>,
}

impl Slow {
    pub(super) fn new() -> Self {
        Self {
            floors: [const { AtomicU64::new(0) }; KINDS],
            // All it will ever need, so that nothing allocates where an operation ends.
            kept: Mutex::new(Vec::with_capacity(OP_SLOW)),
        }
    }

    /// Whether one of this kind that took so long may be among the slowest.
    #[inline(always)]
    pub(super) fn wants(&self, kind: usize, took: u64) -> bool {
        self.floors.get(kind).is_some_and(|floor| took > floor.load(Ordering::Relaxed))
    }

    /// Keeps a record that just ended. Returns the one that is free for it: itself when it was not kept,
    /// another that had to go, or none.
    #[cold]
    pub(super) fn offer(&self, kind: usize, record: usize, took: u64, ended: u64) -> Option<usize> {
        let Ok(mut kept) = self.kept.try_lock() else { return Some(record) };
        let new = Kept { kind, record, took, ended };
        let known = kept.iter().any(|one| one.kind == kind);
        let first =
            |(at, one): &(usize, &Kept)| !kept.iter().take(*at).any(|it| it.kind == one.kind);
        let kinds = kept.iter().enumerate().filter(first).count();
        if !known && (kinds + 1) * EACH > OP_SLOW {
            self.set_floor(kind, u64::MAX);
            return Some(record);
        }
        let count = kept.iter().filter(|one| one.kind == kind).count();
        let fastest = kept.iter_mut().filter(|one| one.kind == kind).min_by_key(|one| one.took);
        let freed = match fastest {
            Some(fastest) if count >= EACH => {
                if fastest.took >= took {
                    return Some(record);
                }
                Some(std::mem::replace(fastest, new).record)
            }
            _ => {
                kept.push(new);
                None
            }
        };
        self.raise_floor(kind, &kept);
        freed
    }

    fn raise_floor(&self, kind: usize, kept: &[Kept]) {
        let (count, least) = kept
            .iter()
            .filter(|one| one.kind == kind)
            .fold((0, u64::MAX), |(count, least), one| (count + 1, least.min(one.took)));
        self.set_floor(kind, if count < EACH { 0 } else { least });
    }

    fn set_floor(&self, kind: usize, took: u64) {
        if let Some(floor) = self.floors.get(kind) {
            floor.store(took, Ordering::Relaxed);
        }
    }

    /// Lets go of those that were kept long enough; `free` gets their records.
    pub(super) fn age(&self, now: u64, to_ns: impl Fn(u64) -> u64, mut free: impl FnMut(usize)) {
        let Ok(mut kept) = self.kept.try_lock() else { return };
        let before = kept.len();
        kept.retain(|one| {
            let stays = to_ns(now.saturating_sub(one.ended)) < KEPT_NS;
            if !stays {
                free(one.record);
            }
            stays
        });
        if kept.len() < before {
            for kind in 0..KINDS {
                self.raise_floor(kind, &kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_of_a_kind_stay_and_the_others_are_free() {
        let slow = Slow::new();
        for (record, took) in [(0, 5), (1, 9), (2, 1), (3, 7)] {
            assert!(slow.wants(0, took));
            assert_eq!(slow.offer(0, record, took, 0), None);
        }
        assert!(!slow.wants(0, 1));
        assert_eq!(slow.offer(0, 4, 6, 0), Some(2));
        assert_eq!(slow.offer(0, 5, 2, 0), Some(5), "faster than all that are kept");
        assert!(slow.wants(1, 1) && !slow.wants(KINDS, 100));
        for kind in 1..4 {
            assert_eq!(slow.offer(kind, 10 + kind, 1, KEPT_NS), None);
        }
        assert_eq!(slow.offer(4, 20, 1, 0), Some(20), "room for four kinds");
        assert!(!slow.wants(4, u64::MAX));
        let mut freed = Vec::new();
        slow.age(KEPT_NS, |units| units, |record| freed.push(record));
        freed.sort_unstable();
        assert_eq!(freed, [0, 1, 3, 4]);
        assert!(slow.wants(0, 1) && slow.wants(4, 1), "there is room again");
    }
}
