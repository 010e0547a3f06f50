//! An operation's record from one occupant to the next: the protocols together.

use super::super::atomics::AtomicU64;
use super::super::protocol::{holding, occupancy, statuses};
use super::super::run::explore;
use super::{beside, get, set, words};

const OK: u64 = 3;

/// The record, in small.
struct Record {
    state: AtomicU64,
    label: AtomicU64,
    ended: AtomicU64,
    holder: AtomicU64,
    turned: AtomicU64,
    count: AtomicU64,
    recent: [AtomicU64; 1],
}

impl Record {
    /// As `Entry::begin` does it.
    fn begin(&self, generation: u64) {
        occupancy::begin(&self.state, generation);
        set(&self.label, 10 * generation);
        set(&self.turned, 100 * generation);
        set(&self.holder, generation);
        set(&self.count, 0);
        occupancy::publish(&self.state, generation);
    }

    /// As `Entry::status` does it, for the first one.
    fn status(&self, generation: u64) {
        statuses::step(&self.count, &self.recent, &[], 0, 1000 * generation, None);
    }

    /// As `Entry::end` does it.
    fn end(&self, generation: u64) {
        set(&self.ended, generation);
        occupancy::close(&self.state, generation, OK);
    }
}

/// One operation, its status, its end, and the next one in its record: whatever is shown is one
/// operation's, label, statuses, holder and end.
pub fn operation_after_operation() {
    let must = [121, 131, 220, 221];
    explore("operation: one after the other", Some(1), &must, |seen| {
        let seen = seen.clone();
        let record = Record {
            state: AtomicU64::new(0),
            label: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            holder: AtomicU64::new(0),
            turned: AtomicU64::new(0),
            count: AtomicU64::new(0),
            recent: words(),
        };
        record.begin(1);
        record.status(1);
        beside(
            record,
            |record| {
                record.end(1);
                record.begin(2);
                record.status(2);
            },
            move |record| {
                let read = occupancy::read_if(
                    |_| true,
                    || get(&record.state),
                    |_, status| {
                        let held = holding::read(|| get(&record.holder), || get(&record.turned));
                        // Judged below, when it is known to be one occupant's.
                        let statuses = statuses::read::<1, 0>(
                            || get(&record.count),
                            |_, index| get(&record.recent[index]),
                            &mut 0,
                        );
                        (status, get(&record.label), held, statuses, get(&record.ended))
                    },
                    &mut 0,
                );
                let occupancy::Reading::Live(generation, read) = read else { return };
                let (status, label, held, statuses, ended) = read;
                assert_eq!(label, 10 * generation);
                assert_eq!(held, (generation, 100 * generation));
                let believed = statuses.count - statuses.first;
                if believed > 0 {
                    assert_eq!(statuses.recent, [1000 * generation], "another one's status");
                }
                if status == OK {
                    assert_eq!(ended, generation, "when it ended");
                    assert_eq!(believed, 1, "its last status");
                }
                seen.note(100 * generation + 10 * status + believed);
            },
        );
    });
}
