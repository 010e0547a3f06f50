//! Who holds which record.

use std::sync::Arc;

use super::super::atomics::AtomicU64;
use super::super::protocol::{claims, occupancy};
use super::super::run::{explore, spawn};
use super::occupancy::Slot;
use super::{RELAXED, get, set, words};

/// Two threads want one record: never both hold it, and the second goes on from the first one's
/// generation.
pub fn claims_one_record() {
    explore("claims: two threads, one record", None, &[1, 2], |seen| {
        let seen = seen.clone();
        struct Shared {
            bits: [AtomicU64; 1],
            holders: AtomicU64,
            generation: AtomicU64,
        }
        fn take_turn(shared: &Shared) -> u64 {
            let Some(index) = claims::claim(&shared.bits, 1) else {
                return 0;
            };
            assert_eq!(index, 0);
            assert!(claims::is_held(&shared.bits, 0));
            assert_eq!(shared.holders.fetch_add(1, RELAXED), 0, "two hold it");
            let generation = get(&shared.generation) + 1;
            set(&shared.generation, generation);
            shared.holders.fetch_sub(1, RELAXED);
            claims::release(&shared.bits, 0);
            generation
        }
        let shared = Arc::new(Shared {
            bits: words(),
            holders: AtomicU64::new(0),
            generation: AtomicU64::new(0),
        });
        let other = {
            let shared = Arc::clone(&shared);
            spawn(move || take_turn(&shared))
        };
        let mine = take_turn(&shared);
        let theirs = other.join().expect("the other's claims hold");
        assert_ne!(mine, theirs, "one generation twice");
        let last = mine.max(theirs);
        assert_eq!(get(&shared.generation), last);
        assert!(!claims::is_held(&shared.bits, 0));
        seen.note(last);
    });
}

/// Two threads, two records: both get one, not the same, and no third is to be had.
pub fn claims_two_records() {
    explore("claims: two threads, two records", None, &[0, 1], |seen| {
        let seen = seen.clone();
        let bits: Arc<[AtomicU64; 1]> = Arc::new(words());
        let other = {
            let bits = Arc::clone(&bits);
            spawn(move || claims::claim(&*bits, 2))
        };
        let mine = claims::claim(&*bits, 2).expect("there is room for two");
        let theirs = other.join().expect("no panic").expect("there is room for two");
        assert_ne!(mine, theirs);
        assert_eq!(claims::claim(&*bits, 2), None);
        seen.note(mine as u64);
    });
}

/// One gives its record back while another takes one of the same word: neither undoes what the other did.
pub fn claims_beside_a_release() {
    explore("claims: one goes, one comes", None, &[0, 1], |seen| {
        let seen = seen.clone();
        let bits: Arc<[AtomicU64; 1]> = Arc::new(words());
        assert_eq!(claims::claim(&*bits, 2), Some(0));
        let other = {
            let bits = Arc::clone(&bits);
            spawn(move || claims::claim(&*bits, 2))
        };
        claims::release(&*bits, 0);
        let theirs = other.join().expect("no panic").expect("there is room for two");
        assert!(claims::is_held(&*bits, theirs), "it was taken away again");
        assert!(!claims::is_held(&*bits, 1 - theirs), "it was not given back");
        seen.note(theirs as u64);
    });
}

/// A bitmap of more than one word is used to its last bit, and no further.
pub fn claims_whole_bitmap() {
    explore("claims: a bitmap of two words", None, &[], |_| {
        let bits: [AtomicU64; 2] = words();
        for index in 0..66 {
            assert_eq!(claims::claim(&bits, 66), Some(index));
            assert!(claims::is_held(&bits, index));
            assert!(!claims::is_held(&bits, index + 1));
        }
        assert_eq!(claims::claim(&bits, 66), None);
        for index in [65, 3] {
            claims::release(&bits, index);
            assert!(!claims::is_held(&bits, index));
            assert!(claims::is_held(&bits, 64));
        }
        assert_eq!([3, 65].map(|_| claims::claim(&bits, 66)), [Some(3), Some(65)]);
    });
}

/// Two threads come and go on one slot while a third looks: claim, occupancy and line together, as in
/// `thread::fill` and `thread::leave`.
pub fn claims_and_occupancy() {
    struct Shared {
        bits: [AtomicU64; 1],
        generation: AtomicU64,
        slot: Slot,
    }
    fn live_and_die(shared: &Shared, name: u64) {
        if claims::claim(&shared.bits, 1).is_none() {
            return;
        }
        let generation = get(&shared.generation) + 1;
        set(&shared.generation, generation);
        shared.slot.come(generation, name);
        occupancy::end(&shared.slot.state, generation);
        claims::release(&shared.bits, 0);
    }
    explore("claims and occupancy: threads come and go", Some(2), &[150, 250, 160, 260], |seen| {
        let seen = seen.clone();
        let shared =
            Arc::new(Shared { bits: words(), generation: AtomicU64::new(0), slot: Slot::new() });
        let reader = {
            let shared = Arc::clone(&shared);
            spawn(move || {
                if let occupancy::Reading::Live(generation, (name, line)) = shared.slot.read() {
                    assert!(line == 0 || line == 10 * name, "{name} at {line}");
                    seen.note(100 * generation + 10 * name);
                }
            })
        };
        let other = {
            let shared = Arc::clone(&shared);
            spawn(move || live_and_die(&shared, 5))
        };
        live_and_die(&shared, 6);
        reader.join().expect("the reader's claim holds");
        other.join().expect("no panic");
    });
}
