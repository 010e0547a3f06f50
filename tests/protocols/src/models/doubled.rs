//! A record kept twice.

use super::super::atomics::AtomicU64;
use super::super::protocol::doubled;
use super::super::run::explore;
use super::{beside, get, words};

/// A doubled record: three publications, so that the first copy is overwritten while it may be
/// read.
pub fn doubled_record() {
    explore("doubled: a record of two words", Some(3), &[0, 1, 2, 3], |seen| {
        let seen = seen.clone();
        let shared: (AtomicU64, [AtomicU64; 2], [AtomicU64; 2]) =
            (AtomicU64::new(0), words(), words());
        beside(
            shared,
            |(word, even, odd)| {
                for sequence in 1..=3 {
                    doubled::publish(word, even, odd, sequence, [10 * sequence, 11 * sequence]);
                }
            },
            move |(word, even, odd)| {
                let mut retries = 0;
                let read = doubled::read::<2>(
                    || get(word),
                    |is_odd, index| get(if is_odd { &odd[index] } else { &even[index] }),
                    &mut retries,
                );
                if let Some((sequence, values)) = read {
                    assert_eq!(values, [10 * sequence, 11 * sequence]);
                    seen.note(sequence);
                }
            },
        );
    });
}
