//! Who works on an operation.

use super::super::atomics::AtomicU64;
use super::super::protocol::{holding, occupancy};
use super::super::run::explore;
use super::{beside, get, set, words};

/// Whoever is seen to work on it is seen with his own time, or with a later one.
pub fn holding_turns() {
    explore("holding: turns", None, &[0, 1, 2], |seen| {
        let seen = seen.clone();
        let shared: [AtomicU64; 2] = words();
        beside(
            shared,
            |[holder, turned]| {
                holding::turn(holder, turned, 1, 10);
                holding::turn(holder, turned, 2, 20);
            },
            move |[holder, turned]| {
                let (who, since) = holding::read(|| get(holder), || get(turned));
                assert!(since >= 10 * who, "{who} since {since}");
                seen.note(who);
            },
        );
    });
}

/// A thread's slot, and an operation's holder and its time.
struct Shared {
    slot: AtomicU64,
    holder: AtomicU64,
    turned: AtomicU64,
}

impl Shared {
    fn new() -> Self {
        let [slot, holder, turned] = words();
        Self { slot, holder, turned }
    }

    /// A thread comes into the slot and takes the operation up.
    fn take_up(&self, generation: u64) {
        occupancy::begin(&self.slot, generation);
        occupancy::publish(&self.slot, generation);
        holding::turn(&self.holder, &self.turned, generation, 10 * generation);
    }

    fn is_gone(&self) -> bool {
        holding::is_gone(
            || get(&self.holder),
            |holder| holder != 0 && occupancy::has_ended(get(&self.slot), holder),
        )
    }
}

/// A thread hands an operation on and ends: at no moment was it left behind.
pub fn holding_and_occupancy_handed_on() {
    explore("holding: handed on before the end", Some(3), &[0, 1], |seen| {
        let seen = seen.clone();
        beside(
            Shared::new(),
            |shared| {
                shared.take_up(1);
                holding::turn(&shared.holder, &shared.turned, 0, 15);
                occupancy::end(&shared.slot, 1);
                shared.take_up(2);
            },
            move |shared| {
                assert!(!shared.is_gone(), "nobody left it behind");
                seen.note(get(&shared.holder).min(1));
            },
        );
    });
}

/// A thread ends and leaves its operation behind: that is seen, also when another has the slot, and not
/// before.
pub fn holding_and_occupancy_left_behind() {
    explore("holding: left behind", Some(3), &[0, 1, 2], |seen| {
        let seen = seen.clone();
        let shared = (Shared::new(), AtomicU64::new(0));
        beside(
            shared,
            |(shared, ended)| {
                shared.take_up(1);
                set(ended, 1);
                occupancy::end(&shared.slot, 1);
                occupancy::begin(&shared.slot, 2);
                occupancy::publish(&shared.slot, 2);
            },
            move |(shared, ended)| {
                let slot = get(&shared.slot);
                if shared.is_gone() {
                    assert_eq!(get(ended), 1, "it had not ended");
                    seen.note(1 + u64::from(slot == occupancy::state(2, occupancy::LIVE)));
                } else {
                    seen.note(0);
                }
            },
        );
        let left = Shared::new();
        left.take_up(1);
        assert!(!left.is_gone());
        occupancy::end(&left.slot, 1);
        assert!(left.is_gone());
        occupancy::begin(&left.slot, 2);
        assert!(left.is_gone());
    });
}
