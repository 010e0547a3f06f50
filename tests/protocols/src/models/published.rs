//! Header before magic, records before their count.

use super::super::atomics::AtomicU64;
use super::super::protocol::published;
use super::super::run::explore;
use super::{beside, get, set, words};

/// Header before magic: whoever sees the magic sees what it announces.
pub fn published_header() {
    explore("published: header before magic", None, &[0, 7], |seen| {
        let seen = seen.clone();
        let shared: (AtomicU64, [AtomicU64; 2]) = (AtomicU64::new(0), words());
        beside(
            shared,
            |(magic, header)| {
                set(&header[0], 1);
                set(&header[1], 2);
                published::publish(magic, 7);
            },
            move |(magic, header)| {
                let value = published::seen(|| get(magic));
                if value == 7 {
                    assert_eq!([get(&header[0]), get(&header[1])], [1, 2]);
                }
                seen.note(value);
            },
        );
    });
}

/// Records before their count: each counted site or metric is whole.
pub fn published_records() {
    explore("published: records before their count", None, &[0, 1, 2], |seen| {
        let seen = seen.clone();
        let shared: (AtomicU64, [AtomicU64; 2]) = (AtomicU64::new(0), words());
        beside(
            shared,
            |(used, records)| {
                for (index, record) in (1..).zip(records) {
                    set(record, 100 + index);
                    published::publish(used, index);
                }
            },
            move |(used, records)| {
                let count = published::seen(|| get(used));
                for (index, record) in (1..=count).zip(records) {
                    assert_eq!(get(record), 100 + index);
                }
                seen.note(count);
            },
        );
    });
}
