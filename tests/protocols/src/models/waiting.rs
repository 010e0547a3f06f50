//! That somebody waits, and for what.

use super::super::atomics::AtomicU64;
use super::super::protocol::waiting;
use super::super::run::explore;
use super::{beside, get, words};

/// Two waits, one after the other: each is seen with its own words, or not at all.
pub fn waiting_one_after_the_other() {
    explore("waiting: one after the other", None, &[0, 1, 3], |seen| {
        let seen = seen.clone();
        let shared: [AtomicU64; 3] = words();
        beside(
            shared,
            |[number, target, how]| {
                waiting::begin(number, [target, how], 1, [10, 11]);
                waiting::end(number, 1);
                waiting::begin(number, [target, how], 3, [30, 31]);
            },
            move |[number, target, how]| {
                let load = |index: usize| if index == 0 { get(target) } else { get(how) };
                match waiting::read(|| get(number), load, &mut 0) {
                    Some((number, [target, how])) => {
                        assert_eq!((target, how), (10 * number, 10 * number + 1));
                        seen.note(number);
                    }
                    None => seen.note(0),
                }
            },
        );
    });
}
