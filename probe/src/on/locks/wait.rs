//! One wait, from beginning to end: on the thread's slot, as its line, and in the record of what it waits for.

use core::cell::Cell;
use core::panic::Location;
use core::sync::atomic::{AtomicU64, Ordering};

use super::me::me;
use super::place;
use super::table::{self, Entered};
use super::watched::Watched;
use crate::layout::{Class, LockRecord, SlotRecord, WAIT_LIMITED, WaitHow, lock_bucket};
use crate::on::ground::clock;
use crate::on::slots::held;
use crate::on::thread::line::{self, Line};
use crate::on::thread::local;
use crate::protocol::waiting;

/// Whether a wait ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// It does not.
    None,
    /// After a time.
    Time,
}

/// Waits of a thread that may be within each other: an arm of a `select!`, or a signal handler, may have to wait for
/// something else. What is deeper is not written down.
const DEEPEST: usize = 3;

thread_local! {
    /// The wait of this thread that goes on now.
    static MINE: Cell<Option<Begun>> = const { Cell::new(None) };
    /// How many go on; all but that one stand in `OUTER`.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static OUTER: [Cell<Option<Outer>>; DEEPEST] = const { [const { Cell::new(None) }; DEEPEST] };
    /// Set while a wait is being written down: what is waited for inside of that, such as an allocator's lock, is not.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// A wait that goes on until it is handed to [`end`], or, where the call that waits panics, until it is dropped.
#[derive(Debug)]
#[must_use = "a wait that began has to end"]
pub(crate) struct Waiting(bool);

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(on) = self.ended() {
            on.leave();
        }
    }
}

/// What is known of a wait.
#[derive(Clone, Copy, Debug)]
struct Begun {
    wait: Option<Wait>,
    on: Option<Entered>,
    began: u64,
    before: Line,
}

/// A wait that another one is within, and what stood on the thread's slot of it.
#[derive(Clone, Copy, Debug)]
struct Outer {
    begun: Begun,
    values: [u64; 3],
}

/// A wait as it stands on the thread's slot.
#[derive(Clone, Copy, Debug)]
struct Wait {
    slot: &'static SlotRecord,
    number: u64,
}

/// This thread begins to wait for a lock, here.
#[cold]
#[inline(never)]
pub(crate) fn begin(
    on: &Watched,
    how: WaitHow,
    limit: Limit,
    here: &'static Location<'static>,
) -> Waiting {
    let enter = || {
        let entered = on.enter(table::current()?, here)?;
        entered.twin.record.waiting.fetch_add(1, Ordering::Relaxed);
        Some(entered)
    };
    written(here, on.name(), enter, 0, how, limit)
}

/// It begins to wait for the end of a thread.
#[cold]
#[inline(never)]
pub(crate) fn begin_to_join(party: u64, here: &'static Location<'static>) -> Waiting {
    written(here, "join", || None, party, WaitHow::Join, Limit::None)
}

/// It begins to wait for any of several channels.
#[cfg(feature = "crossbeam")]
#[cold]
#[inline(never)]
pub(crate) fn begin_to_select(here: &'static Location<'static>) -> Waiting {
    written(here, "select", || None, 0, WaitHow::Select, Limit::Time)
}

/// This thread, as whose end is waited for.
pub(crate) fn this_thread() -> u64 {
    me()
}

fn written(
    here: &'static Location<'static>,
    label: &'static str,
    enter: impl FnOnce() -> Option<Entered>,
    party: u64,
    how: WaitHow,
    limit: Limit,
) -> Waiting {
    let depth = DEPTH.get();
    if table::current().is_none() || depth == DEEPEST || INSIDE.replace(true) {
        return Waiting(false);
    }
    if let Some(outer) = depth.checked_sub(1) {
        set_aside(outer);
    }
    me();
    let on = enter();
    let began = clock::units();
    let label = if label.is_empty() { nameless(how) } else { label };
    let before = place::enter(here, label, class(how));
    let target = on.map_or(party, |on| on.twin.reference());
    let limited = if limit == Limit::Time { WAIT_LIMITED } else { 0 };
    let wait = Wait::begin([target, how as u64 | limited, began]);
    MINE.set(Some(Begun { wait, on, began, before }));
    DEPTH.set(depth + 1);
    INSIDE.set(false);
    Waiting(true)
}

/// What a thread waits in where what it waits for has no name.
fn nameless(how: WaitHow) -> &'static str {
    match how {
        WaitHow::Send => "send",
        WaitHow::Receive | WaitHow::Select => "receive",
        WaitHow::Notify => "condvar",
        WaitHow::Join => "join",
        WaitHow::Exclusive | WaitHow::Shared => "lock",
    }
}

/// Who waits for work, or for news, has nothing to do. Who waits for a lock, for room or for an end is kept from its work.
pub(super) fn class(how: WaitHow) -> Class {
    match how {
        WaitHow::Receive | WaitHow::Notify | WaitHow::Select => Class::Idle,
        _ => Class::Wait,
    }
}

/// It ends, with the lock or without.
#[cold]
#[inline(never)]
pub(crate) fn end(mut waiting: Waiting, on: &Watched, has_it: bool) {
    if let Some(entered) = waiting.ended()
        && entered.leave()
        && has_it
        && let Some(table) = table::current()
    {
        on.give_back(table, entered);
    }
}

/// The thread ended that was waited for.
#[cold]
#[inline(never)]
pub(crate) fn joined(waiting: Waiting) {
    drop(waiting);
}

impl Waiting {
    /// It is over: the thread is where it was before, and in what it waited for then. Tells the record that it was on.
    fn ended(&mut self) -> Option<Entered> {
        if !core::mem::replace(&mut self.0, false) {
            return None;
        }
        // Taken first: a signal handler that waits between the two leaves this one in hand.
        let begun = MINE.take();
        let depth = DEPTH.get().saturating_sub(1);
        DEPTH.set(depth);
        let begun = begun?;
        if let Some(wait) = begun.wait {
            waiting::end(&wait.slot.wait, wait.number);
        }
        line::go_back(begun.before);
        if let Some(outer) = depth.checked_sub(1) {
            goes_on(outer);
        }
        if let Some(on) = begun.on {
            count(on.twin.record, clock::units().saturating_sub(begun.began));
        }
        begun.on
    }
}

/// The wait of this thread is that of another from here to [`goes_on`].
#[cold]
fn set_aside(depth: usize) {
    let outer = MINE.take().map(|begun| {
        // What comes back from the board here only goes there again.
        let values =
            begun.wait.map(|wait| words(wait.slot).map(|word| word.load(Ordering::Relaxed)));
        Outer { begun, values: values.unwrap_or_default() }
    });
    OUTER.with(|all| all.get(depth).map(|place| place.set(outer)));
}

/// It is this one again: under another number, as it was not one wait all the time.
#[cold]
fn goes_on(depth: usize) {
    let outer = OUTER.with(|all| all.get(depth).and_then(Cell::take));
    MINE.set(outer.map(|Outer { begun, values }| {
        let wait = begun.wait.and_then(|_| Wait::begin(values));
        Begun { wait, ..begun }
    }));
}

/// What a slot says of a wait.
fn words(slot: &SlotRecord) -> [&AtomicU64; 3] {
    [&slot.wait_for, &slot.wait_how, &slot.wait_since]
}

impl Wait {
    /// On this thread's slot, if it has one.
    fn begin(values: [u64; 3]) -> Option<Self> {
        let index = (local::with(|local| local.slot.get()) as usize).checked_sub(1)?;
        let slots = held::current()?;
        let (slot, user) = (slots.board.threads.slots.get(index)?, slots.user(index)?);
        // Odd: raised by one at the beginning and by one at the end.
        let number = user.waits.load(Ordering::Relaxed) + 1;
        user.waits.store(number + 1, Ordering::Relaxed);
        waiting::begin(&slot.wait, words(slot), number, values);
        Some(Self { slot, number })
    }
}

/// A wait of that long ended.
pub(super) fn count(record: &LockRecord, units: u64) {
    record.waiting.fetch_sub(1, Ordering::Relaxed);
    record.waited.fetch_add(units, Ordering::Relaxed);
    record.longest.fetch_max(units, Ordering::Relaxed);
    let bucket = lock_bucket(clock::to_ns(units));
    let word: Option<&AtomicU64> = record.buckets.get(bucket / 2);
    if let Some(word) = word {
        word.fetch_add(1 << (bucket % 2 * 32), Ordering::Relaxed);
    }
}
