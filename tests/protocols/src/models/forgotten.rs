//! A guard of an operation that was forgotten, so that its thread still works on an operation that another one has by now:
//! two who write.

use std::sync::Arc;

use super::super::atomics::AtomicU64;
use super::super::protocol::{asking, occupancy, statuses};
use super::super::run::{explore, spawn};
use super::{get, set, words};

const OK: u64 = 3;
/// The tokens of the two threads.
const FORGETFUL: u64 = 1;
const OTHER: u64 = 2;

/// A record and what its writers know of it, in small.
struct Entry {
    state: AtomicU64,
    label: AtomicU64,
    ended: AtomicU64,
    statuses: AtomicU64,
    recent: [AtomicU64; 2],
    open: AtomicU64,
    worker: AtomicU64,
    count: AtomicU64,
}

impl Entry {
    fn new() -> Self {
        let [state, label, ended, statuses, open, worker, count] = words();
        Self { state, label, ended, statuses, recent: words(), open, worker, count }
    }

    /// As `Entry::begin` does it.
    fn begin(&self, generation: u64, worker: u64) {
        occupancy::begin(&self.state, generation);
        set(&self.label, 10 * generation);
        set(&self.statuses, 0);
        occupancy::publish(&self.state, generation);
        set(&self.worker, worker);
        set(&self.count, 0);
        asking::begin(&self.open, generation);
    }

    /// As `op_status!` does it on a thread that works on this operation, as far as it knows.
    fn says(&self, generation: u64, worker: u64, status: u64) -> bool {
        let mine = asking::is_open(&self.open, generation) && get(&self.worker) == worker;
        if mine {
            let count = get(&self.count);
            statuses::step(&self.statuses, &self.recent, &[], count, status, None);
            set(&self.count, count + 1);
        }
        mine
    }

    /// As `Entry::end` does it.
    fn end(&self, generation: u64) {
        asking::end(&self.open);
        set(&self.ended, generation);
        occupancy::close(&self.state, generation, OK);
    }

    /// What is shown: generation, and the statuses that are believed.
    fn look(&self) -> Option<(u64, Vec<u64>)> {
        let body = |_, status| {
            let read = statuses::read::<2, 0>(
                || get(&self.statuses),
                |_, index| get(&self.recent[index]),
                &mut 0,
            );
            let all = (read.first..read.count).map(|n| read.recent[n as usize % 2]).collect();
            (status, get(&self.label), get(&self.ended), all)
        };
        let read = occupancy::read_if(|_| true, || get(&self.state), body, &mut 0);
        let occupancy::Reading::Live(generation, (status, label, ended, all)) = read else {
            return None;
        };
        assert_eq!(label, 10 * generation, "another one's label");
        assert!(status != OK || ended == generation, "another one's end");
        Some((generation, all))
    }
}

/// The other thread ends the operation and begins the next one in its record, while the first one says a status. At worst
/// that one stands in the next operation, or in nobody's, or a status of before does: label, state and end are always those of one, and what is said
/// afterwards is right again.
pub fn operation_whose_guard_was_forgotten() {
    // Shown: nothing of the first one, its status; of the next one nothing, one, or two of which one is not its own.
    explore("operation: a forgotten guard", Some(1), &[10, 11, 20, 21, 22], |seen| {
        let entry = Arc::new(Entry::new());
        entry.begin(1, FORGETFUL);
        let (first, noted) = (Arc::clone(&entry), seen.clone());
        // It looks as well: what it sees of the other one it sees as any reader does.
        let first = spawn(move || {
            let said = first.says(1, FORGETFUL, 101);
            if let Some((generation, all)) = first.look() {
                // 0: what stood there before, as neither of two who write carries along what the other one wrote.
                assert!(all.iter().all(|status| [0, 101, 202].contains(status)), "{all:?}");
                assert!(generation == 2 || !all.contains(&202), "of the next one");
                noted.note(10 * generation + all.len() as u64);
            }
            said
        });
        entry.end(1);
        entry.begin(2, OTHER);
        assert!(entry.says(2, OTHER, 202));
        let said = first.join().expect("the reader's claims hold");
        // From here on it is known who has it: who forgot his guard says nothing more of it.
        assert!(!entry.says(1, FORGETFUL, 101) && !entry.says(2, FORGETFUL, 101));
        assert!(entry.says(2, OTHER, 202));
        let (generation, all) = entry.look().expect("nobody writes");
        assert_eq!((generation, all.last()), (2, Some(&202)), "the newest");
        assert!(said || all.iter().all(|status| *status == 202), "nobody said it: {all:?}");
    });
}
