//! One scenario per claim. A writer does what `probe` does, word for word; a reader must accept
//! only what existed. Every scenario says which readings must occur, so that none passes by
//! refusing everything.
//!
//! The writer runs on the checker's own thread and the reader is spawned: loom explores more of
//! what a reader can see that way round.

use std::sync::Arc;

use super::protocol::{claims, doubled, keyed, published, stack, tenancy};
use super::run::{explore, spawn};
use super::sync::{AtomicU64, Ordering};

const RELAXED: Ordering = Ordering::Relaxed;

fn words<const N: usize>() -> [AtomicU64; N] {
    core::array::from_fn(|_| AtomicU64::new(0))
}

fn get(word: &AtomicU64) -> u64 {
    word.load(RELAXED)
}

fn set(word: &AtomicU64, value: u64) {
    word.store(value, RELAXED);
}

/// Runs `writer` here and `reader` on a thread of its own, over one set of words.
fn beside<T: Send + Sync + 'static>(
    shared: T,
    writer: impl FnOnce(&T),
    reader: impl FnOnce(&T) + Send + 'static,
) {
    let shared = Arc::new(shared);
    let reader = {
        let shared = Arc::clone(&shared);
        spawn(move || reader(&shared))
    };
    writer(&shared);
    reader.join().expect("the reader's claim holds");
}

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

/// A thread's block of `N` frames: the counts, the base, and the scopes in it.
struct Frames<const N: usize>([[AtomicU64; 4]; N]);

impl<const N: usize> Frames<N> {
    fn new() -> Self {
        Self(core::array::from_fn(|_| words()))
    }

    /// As `local::push_into` does it.
    fn push(&self, frame: usize, site: u64, argument: u64) {
        stack::count_push(&self.0[0][stack::SCOPE]);
        let frame = &self.0[frame];
        set(&frame[stack::SCOPE_ARG], argument);
        stack::open(&frame[stack::SCOPE], &frame[stack::LINE], site);
    }

    /// As `local::pop` does it.
    fn pop(&self, frame: usize) {
        stack::close(&self.0[frame][stack::SCOPE]);
    }

    /// As `local::at` does it.
    fn tag(&self, frame: usize, site: u64) {
        stack::tag(&self.0[frame][stack::LINE], site);
    }

    /// As `local::at_with` does it.
    fn tag_with(&self, frame: usize, site: u64, argument: u64) {
        let (head, frame) = (&self.0[0], &self.0[frame]);
        stack::tag_with(
            &head[stack::LINE],
            &frame[stack::LINE],
            &frame[stack::ARG],
            site,
            argument,
        );
    }

    fn read(&self) -> Option<Vec<stack::Level>> {
        let mut levels = [stack::Level::default(); N];
        let load = |frame: usize, word: usize| get(&self.0[frame][word]);
        let depth = stack::read(load, &mut levels[1..], &mut 0)?;
        Some(levels[1..=depth].to_vec())
    }

    /// Scope, scope argument and line of each level.
    fn read_lines(&self) -> Option<Vec<(u64, u64, u64)>> {
        let levels = self.read()?;
        Some(levels.iter().map(|level| (level.scope, level.scope_arg, level.line)).collect())
    }
}

/// Checks what a reader of a stack accepted against the stacks that existed, and notes which it was.
fn note_stack<const N: usize>(
    frames: &Frames<N>,
    existed: &[&[(u64, u64, u64)]],
    seen: &super::run::Seen,
) {
    if let Some(stack) = frames.read_lines() {
        let at = existed.iter().position(|existed| **existed == *stack);
        let at = at.unwrap_or_else(|| panic!("{stack:?} never existed"));
        seen.note(at as u64);
    }
}

/// A line, a scope in it, and the same frame opened again after the line has moved: no scope is
/// shown under a line that it was not entered from, and no scope with another's line or argument.
pub fn stack_scope_after_scope() {
    const EXISTED: [&[(u64, u64, u64)]; 6] = [
        &[(0, 0, 8)],
        &[(0, 0, 8), (16, 1, 0)],
        &[(0, 0, 8), (16, 1, 24)],
        &[(0, 0, 32)],
        &[(0, 0, 32), (40, 2, 0)],
        &[(0, 0, 32), (40, 2, 48)],
    ];
    explore("stack: a scope after a scope", Some(3), &[0, 1, 2, 3, 4, 5], |seen| {
        let seen = seen.clone();
        let frames = Frames::<3>::new();
        frames.tag(1, 8);
        beside(
            frames,
            |frames| {
                frames.push(2, 16, 1);
                frames.tag(2, 24);
                frames.pop(2);
                frames.tag(1, 32);
                frames.push(2, 40, 2);
                frames.tag(2, 48);
            },
            move |frames| note_stack(frames, &EXISTED, &seen),
        );
    });
}

/// Scopes inside scopes: the innermost of three levels is never shown under a middle one that it
/// was not entered from.
pub fn stack_scope_in_scope() {
    const EXISTED: [&[(u64, u64, u64)]; 6] = [
        &[(0, 0, 8), (16, 0, 0)],
        &[(0, 0, 8), (16, 0, 0), (24, 0, 0)],
        &[(0, 0, 8)],
        &[(0, 0, 8), (32, 0, 0)],
        &[(0, 0, 8), (32, 0, 40)],
        &[(0, 0, 8), (32, 0, 40), (48, 0, 0)],
    ];
    explore("stack: a scope in a scope", Some(2), &[0, 1, 2, 3, 4, 5], |seen| {
        let seen = seen.clone();
        let frames = Frames::<4>::new();
        frames.tag(1, 8);
        frames.push(2, 16, 0);
        beside(
            frames,
            |frames| {
                frames.push(3, 24, 0);
                frames.pop(3);
                frames.pop(2);
                frames.push(2, 32, 0);
                frames.tag(2, 40);
                frames.push(3, 48, 0);
            },
            move |frames| note_stack(frames, &EXISTED, &seen),
        );
    });
}

/// A second look that trusts the first as long as the count of pushes stands, while the same site is
/// entered again under another scope: no line is shown in scopes that it was not reached in.
pub fn stack_second_look() {
    explore("stack: a second look", Some(3), &[0, 32, 40], |seen| {
        let seen = seen.clone();
        let frames = Frames::<4>::new();
        frames.push(2, 16, 0);
        frames.push(3, 24, 0);
        frames.tag(3, 32);
        let pushes = get(&frames.0[0][stack::SCOPE]);
        beside(
            frames,
            |frames| {
                frames.tag(3, 40);
                frames.pop(3);
                frames.pop(2);
                frames.push(2, 48, 0);
                frames.push(3, 24, 0);
                frames.tag(3, 56);
            },
            move |frames| {
                let load = |frame: usize, word: usize| {
                    frames.0.get(frame).map_or(0, |frame| get(&frame[word]))
                };
                let line = stack::read_again(load, pushes, [16, 24].into_iter());
                assert!([None, Some(32), Some(40)].contains(&line), "{line:?} in the first scopes");
                seen.note(line.unwrap_or(0));
            },
        );
    });
}

/// A second look never shows what the reader knows to be over: scopes that were closed, or that had been
/// announced at the first look and were opened since.
pub fn stack_second_look_is_not_stale() {
    explore("stack: a second look is not stale", None, &[1, 8], |seen| {
        let seen = seen.clone();
        let (opened, closed) = (Frames::<4>::new(), Frames::<4>::new());
        for frames in [&opened, &closed] {
            frames.push(2, 16, 0);
            frames.tag(2, 8);
        }
        stack::count_push(&opened.0[0][stack::SCOPE]);
        let pushes = [&opened, &closed].map(|frames| get(&frames.0[0][stack::SCOPE]));
        beside(
            (AtomicU64::new(0), [opened, closed]),
            |(flag, [opened, closed])| {
                stack::open(&opened.0[3][stack::SCOPE], &opened.0[3][stack::LINE], 24);
                closed.pop(2);
                published::publish(flag, 1);
            },
            move |(flag, both)| {
                let over = published::seen(|| get(flag)) == 1;
                for (frames, pushes) in both.iter().zip(pushes) {
                    let load = |frame: usize, word: usize| get(&frames.0[frame][word]);
                    let line = stack::read_again(load, pushes, [16].into_iter());
                    assert!(line.is_none() || !over && line == Some(8), "{line:?}, over: {over}");
                    seen.note(line.unwrap_or(over.into()));
                }
            },
        );
    });
}

/// The same when a new tenant begins where the first one stood: its line is never the first one's.
pub fn stack_second_look_at_a_tenant() {
    explore("stack: a second look at a tenant", None, &[0, 8, 16], |seen| {
        let seen = seen.clone();
        let (state, frames) = (AtomicU64::new(0), Frames::<3>::new());
        tenancy::begin(&state, 1);
        tenancy::settle(&state, 1);
        frames.tag(1, 8);
        beside(
            (state, frames),
            |(state, frames)| {
                frames.tag(1, 16);
                tenancy::end(state, 1);
                // As `thread::fill` does it: the count of pushes goes on, the rest begins anew.
                tenancy::begin(state, 2);
                set(&frames.0[1][stack::LINE], 0);
                tenancy::settle(state, 2);
                frames.tag(1, 24);
            },
            move |(state, frames)| {
                let load = |frame: usize, word: usize| get(&frames.0[frame][word]);
                let line = stack::read_again(load, 0, [].into_iter());
                let line = line.filter(|_| get(state) == tenancy::state(1, tenancy::LIVE));
                assert!([None, Some(8), Some(16)].contains(&line), "{line:?} is the first one's");
                seen.note(line.unwrap_or(0));
            },
        );
    });
}

/// Lines with arguments, the same line again with another one: a line is never shown with another
/// line's argument.
pub fn stack_arguments() {
    explore("stack: lines and their arguments", Some(3), &[1, 2, 3], |seen| {
        let seen = seen.clone();
        let frames = Frames::<2>::new();
        frames.tag_with(1, 8, 1);
        beside(
            frames,
            |frames| {
                frames.tag_with(1, 16, 2);
                frames.tag_with(1, 8, 3);
            },
            move |frames| {
                let Some(levels) = frames.read() else { return };
                let level = levels[0];
                assert!([8, 16].contains(&level.line), "{level:?}");
                if let Some(argument) = level.arg {
                    let existed = [(8, 1), (16, 2), (8, 3)];
                    assert!(existed.contains(&(level.line, argument)), "{level:?}");
                    seen.note(argument);
                }
            },
        );
    });
}

/// A record that one tenant has after the other: state, name, and a line that the tenant moves.
struct Slot {
    state: AtomicU64,
    name: AtomicU64,
    line: AtomicU64,
}

impl Slot {
    fn new() -> Self {
        Self { state: AtomicU64::new(0), name: AtomicU64::new(0), line: AtomicU64::new(0) }
    }

    /// As `thread::fill` and the tenant's first tag do it.
    fn come(&self, generation: u64, name: u64) {
        tenancy::begin(&self.state, generation);
        set(&self.line, 0);
        set(&self.name, name);
        tenancy::settle(&self.state, generation);
        stack::tag(&self.line, 10 * name);
    }

    fn read(&self) -> tenancy::Reading<(u64, u64)> {
        tenancy::read(|| get(&self.state), |_| (get(&self.name), get(&self.line)), &mut 0)
    }
}

/// One slot, two threads one after the other, seen from outside: no name with another's line.
pub fn tenancy_slot() {
    // 10 and 20: in use, no line yet; 11 and 21: with a line; 0: nobody's.
    explore("tenancy: a slot and its tenants", None, &[0, 10, 11, 20, 21], |seen| {
        let seen = seen.clone();
        beside(
            Slot::new(),
            |slot| {
                slot.come(1, 5);
                tenancy::end(&slot.state, 1);
                slot.come(2, 6);
            },
            move |slot| match slot.read() {
                tenancy::Reading::Live(generation, (name, line)) => {
                    assert_eq!(name, 4 + generation);
                    assert!(line == 0 || line == 10 * name, "{name} at {line}");
                    seen.note(10 * generation + u64::from(line != 0));
                }
                tenancy::Reading::Vacant => seen.note(0),
                tenancy::Reading::Torn => {}
            },
        );
    });
}

/// A family's member that goes and another that comes in its place: label and cell belong
/// together, and a new member starts from nothing.
pub fn tenancy_members() {
    struct Metric {
        slot: Slot,
        labels: [AtomicU64; 2],
    }
    explore("tenancy: members of a family", Some(3), &[1, 2, 12, 22], |seen| {
        let seen = seen.clone();
        let metric = Metric { slot: Slot::new(), labels: words() };
        let come = |metric: &Metric, generation: u64| {
            // As `family::fill` does it: labels, then the cell, which stays the slot's `line`.
            tenancy::begin(&metric.slot.state, generation);
            set(&metric.labels[0], generation);
            set(&metric.labels[1], generation);
            set(&metric.slot.line, 0);
            tenancy::settle(&metric.slot.state, generation);
            metric.slot.line.fetch_add(10 * generation + 2, RELAXED);
        };
        beside(
            metric,
            |metric| {
                come(metric, 1);
                tenancy::end(&metric.slot.state, 1);
                come(metric, 2);
            },
            move |metric| {
                let body =
                    |_| [get(&metric.labels[0]), get(&metric.labels[1]), get(&metric.slot.line)];
                let read = tenancy::read(|| get(&metric.slot.state), body, &mut 0);
                if let tenancy::Reading::Live(generation, [first, second, value]) = read {
                    assert_eq!((first, second), (generation, generation));
                    assert!(value == 0 || value == 10 * generation + 2, "{generation}: {value}");
                    seen.note(if value == 0 { generation } else { value });
                }
            },
        );
    });
}

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

/// Two threads come and go on one slot while a third looks: claim, tenancy and line together, as in
/// `thread::fill` and `thread::leave`.
pub fn claims_and_tenancy() {
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
        tenancy::end(&shared.slot.state, generation);
        claims::release(&shared.bits, 0);
    }
    explore("claims and tenancy: threads come and go", Some(2), &[150, 250, 160, 260], |seen| {
        let seen = seen.clone();
        let shared =
            Arc::new(Shared { bits: words(), generation: AtomicU64::new(0), slot: Slot::new() });
        let reader = {
            let shared = Arc::clone(&shared);
            spawn(move || {
                if let tenancy::Reading::Live(generation, (name, line)) = shared.slot.read() {
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
