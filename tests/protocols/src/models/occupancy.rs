//! A record with one occupant after the other.

use super::super::atomics::AtomicU64;
use super::super::protocol::{occupancy, stack};
use super::super::run::explore;
use super::{RELAXED, beside, get, set, words};

/// A record that one occupant has after the other: state, name, and a line that the occupant moves.
pub(super) struct Slot {
    pub(super) state: AtomicU64,
    name: AtomicU64,
    line: AtomicU64,
}

impl Slot {
    pub(super) fn new() -> Self {
        Self { state: AtomicU64::new(0), name: AtomicU64::new(0), line: AtomicU64::new(0) }
    }

    /// As `thread::fill` and the occupant's first tag do it.
    pub(super) fn come(&self, generation: u64, name: u64) {
        occupancy::begin(&self.state, generation);
        set(&self.line, 0);
        set(&self.name, name);
        occupancy::publish(&self.state, generation);
        stack::tag(&self.line, 10 * name);
    }

    pub(super) fn read(&self) -> occupancy::Reading<(u64, u64)> {
        occupancy::read(|| get(&self.state), |_| (get(&self.name), get(&self.line)), &mut 0)
    }
}

/// One slot, two threads one after the other, seen from outside: no name with another's line.
pub fn occupancy_slot() {
    // 10 and 20: in use, no line yet; 11 and 21: with a line; 0: nobody's.
    explore("occupancy: a slot and its occupants", None, &[0, 10, 11, 20, 21], |seen| {
        let seen = seen.clone();
        beside(
            Slot::new(),
            |slot| {
                slot.come(1, 5);
                occupancy::end(&slot.state, 1);
                slot.come(2, 6);
            },
            move |slot| match slot.read() {
                occupancy::Reading::Live(generation, (name, line)) => {
                    assert_eq!(name, 4 + generation);
                    assert!(line == 0 || line == 10 * name, "{name} at {line}");
                    seen.note(10 * generation + u64::from(line != 0));
                }
                occupancy::Reading::Vacant => seen.note(0),
                occupancy::Reading::Torn => {}
            },
        );
    });
}

/// A family's member that goes and another that comes in its place: label and cell belong
/// together, and a new member starts from nothing.
pub fn occupancy_members() {
    struct Metric {
        slot: Slot,
        labels: [AtomicU64; 2],
    }
    explore("occupancy: members of a family", Some(3), &[1, 2, 12, 22], |seen| {
        let seen = seen.clone();
        let metric = Metric { slot: Slot::new(), labels: words() };
        let come = |metric: &Metric, generation: u64| {
            // As `family::fill` does it: labels, then the cell, which stays the slot's `line`.
            occupancy::begin(&metric.slot.state, generation);
            set(&metric.labels[0], generation);
            set(&metric.labels[1], generation);
            set(&metric.slot.line, 0);
            occupancy::publish(&metric.slot.state, generation);
            metric.slot.line.fetch_add(10 * generation + 2, RELAXED);
        };
        beside(
            metric,
            |metric| {
                come(metric, 1);
                occupancy::end(&metric.slot.state, 1);
                come(metric, 2);
            },
            move |metric| {
                let body =
                    |_| [get(&metric.labels[0]), get(&metric.labels[1]), get(&metric.slot.line)];
                let read = occupancy::read(|| get(&metric.slot.state), body, &mut 0);
                if let occupancy::Reading::Live(generation, [first, second, value]) = read {
                    assert_eq!((first, second), (generation, generation));
                    assert!(value == 0 || value == 10 * generation + 2, "{generation}: {value}");
                    seen.note(if value == 0 { generation } else { value });
                }
            },
        );
    });
}

/// A record that is closed and left to be read, and its next occupant: how it ended stands with what was
/// written last, and what ended is not in flight again.
pub fn occupancy_closed() {
    const OK: u64 = 3;
    const FAILED: u64 = 4;
    // Generation and status; 0 for vacant.
    explore("occupancy: closed, and the next", Some(3), &[0, 12, 13, 22, 24], |seen| {
        let seen = seen.clone();
        let shared: (Slot, AtomicU64) = (Slot::new(), AtomicU64::new(0));
        beside(
            shared,
            |(slot, ended)| {
                slot.come(1, 5);
                set(ended, 5);
                occupancy::close(&slot.state, 1, OK);
                slot.come(2, 6);
                set(ended, 6);
                occupancy::close(&slot.state, 2, FAILED);
            },
            move |(slot, ended)| {
                let mut last = (0, 0);
                for look in 0..2 {
                    let read = occupancy::read_if(
                        |status| look == 0 || status != FAILED,
                        || get(&slot.state),
                        |_, status| (status, get(&slot.name), get(ended)),
                        &mut 0,
                    );
                    let occupancy::Reading::Live(generation, (status, name, ended)) = read else {
                        if read == occupancy::Reading::Vacant && last == (0, 0) {
                            seen.note(0);
                        }
                        continue;
                    };
                    assert_eq!(name, 4 + generation);
                    if status == occupancy::LIVE {
                        assert!(ended == 0 || ended == 5 || ended == name, "{ended} of {name}");
                    } else {
                        assert_eq!((status, ended), (2 + generation, name), "how it ended");
                    }
                    assert!(look == 0 || status != FAILED, "it was not wanted");
                    assert!((generation, status) >= last, "in flight after its end");
                    last = (generation, status);
                    seen.note(10 * generation + status);
                }
            },
        );
    });
}
