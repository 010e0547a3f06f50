//! A word and what belongs to it.

use super::super::atomics::AtomicU64;
use super::super::protocol::keyed;
use super::super::run::explore;
use super::{beside, get, words};

/// What the keeper noticed: a position and two stamps. The position comes back to where it was, the
/// stamps never do.
pub fn keyed_watch() {
    fn look(shared: &(AtomicU64, [AtomicU64; 2]), position: u64, since: u64) {
        let (word, [first, second]) = shared;
        keyed::store(word, [first, second], u64::MAX, position, [since, since + 10]);
    }
    explore("keyed: position and stamps", Some(2), &[1, 2, 3, 99], |seen| {
        let seen = seen.clone();
        let shared: (AtomicU64, [AtomicU64; 2]) = (AtomicU64::new(0), words());
        look(&shared, 5, 1);
        beside(
            shared,
            |shared| {
                look(shared, 6, 2);
                look(shared, 5, 3);
            },
            move |(word, rest)| {
                let (position, values) = keyed::read::<2>(
                    || get(word),
                    |index| get(&rest[index]),
                    |word| word == u64::MAX,
                    &mut 0,
                );
                match values {
                    Some([since, still]) => {
                        let existed = [(5, 1, 11), (6, 2, 12), (5, 3, 13)];
                        let read = (position, since, still);
                        assert!(existed.contains(&read), "{read:?}");
                        seen.note(since);
                    }
                    None if position == u64::MAX => seen.note(99),
                    None => {}
                }
            },
        );
    });
}
