//! What is said beside a record.

use super::super::atomics::AtomicU64;
use super::super::protocol::{occupancy, traces};
use super::super::run::explore;
use super::{beside, get, set, words};

/// State, and three values: of what is said as `n`, `[n; 3]`.
type Said = [AtomicU64; 4];

fn say([state, a, b, c]: &Said, generation: u64, n: u64) {
    traces::say(state, [a, b, c], generation, n & 1 == 1, [n; 3]);
}

/// What is said of this generation; 0 for nothing. Never of two, and never with another's bit.
fn look([state, rest @ ..]: &Said, generation: u64) -> u64 {
    let load = |index: usize| get(&rest[index]);
    let Some((odd, values)) = traces::read::<3>(|| get(state), load, generation, &mut 0) else {
        return 0;
    };
    assert_eq!(values, [values[0]; 3], "half of two");
    assert_eq!(odd, values[0] & 1 == 1, "with another's bit");
    values[0]
}

/// Said twice of the same occupant, alike but for the values.
pub fn traces_said_again() {
    explore("traces: said again", Some(3), &[0, 4, 6], |seen| {
        let seen = seen.clone();
        beside(
            words::<4>(),
            |shared| {
                say(shared, 1, 4);
                say(shared, 1, 6);
            },
            move |shared| seen.note(look(shared, 1)),
        );
    });
}

/// Said of one occupant and of the next but one: nobody takes either for what is said of the one between.
pub fn traces_of_one_and_the_next() {
    explore("traces: of one and the next", Some(3), &[0, 10, 33], |seen| {
        let seen = seen.clone();
        beside(
            words::<4>(),
            |shared| {
                say(shared, 1, 10);
                say(shared, 3, 33);
            },
            move |shared| {
                assert_eq!(look(shared, 2), 0, "nothing was said of it");
                let (first, then) = (look(shared, 1), look(shared, 3));
                assert!([0, 10].contains(&first) && [0, 33].contains(&then), "{first} {then}");
                seen.note(first);
                seen.note(then);
            },
        );
    });
}

/// The count that tells one saying from the next goes round, and is never what marks a record as free or being written.
pub fn traces_go_round() {
    explore("traces: go round", None, &[8], |seen| {
        let shared = words::<4>();
        set(&shared[0], occupancy::state(1, 249));
        for n in 1..=8 {
            let before = get(&shared[0]);
            say(&shared, 1, n);
            let after = get(&shared[0]);
            assert!(after & 0xff >= 2 && after != before, "{n}: {after:#x}");
            assert_eq!(look(&shared, 1), n);
        }
        seen.note(look(&shared, 1));
    });
}
