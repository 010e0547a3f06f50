//! An entry of the keeper's rings.

use super::super::atomics::AtomicU64;
use super::super::protocol::rings;
use super::super::run::explore;
use super::{beside, get, words};

/// One entry, overwritten while it may be read: all of one minute, or nothing.
pub fn rings_overwritten() {
    explore("rings: an entry that is overwritten", Some(3), &[0, 1, 2], |seen| {
        let seen = seen.clone();
        let shared: (AtomicU64, [AtomicU64; 2]) = (AtomicU64::new(0), words());
        beside(
            shared,
            |(key, entry)| {
                for stamp in 1..=2 {
                    rings::write(key, stamp, entry.iter().zip([10 * stamp, 11 * stamp]));
                }
            },
            move |(key, entry)| {
                let body = || [get(&entry[0]), get(&entry[1])];
                match rings::read(|| get(key), body) {
                    Some((stamp, found)) => {
                        assert_eq!(found, [10 * stamp, 11 * stamp]);
                        seen.note(stamp);
                    }
                    None => seen.note(0),
                }
            },
        );
    });
}
