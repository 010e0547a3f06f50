//! Named numbers that are declared in source: where their words are, and the few instructions that
//! change them.

use core::fmt;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::layout::CellRecord;
use crate::on::ground::clock;
use crate::on::ground::placed::Placed;
use crate::on::numbers::spread::Spread;
use crate::on::thread::cursor;

/// Every declared number of this binary. The linker gathers them.
#[linkme::distributed_slice]
pub static METRICS: [Declared];

/// One declaration.
#[derive(Debug)]
pub enum Declared {
    /// See [`Counter`].
    Counter(&'static Counter),
    /// See [`Gauge`].
    Gauge(&'static Gauge),
    /// See [`Histogram`].
    Histogram(&'static Histogram),
    /// See [`Ratio`].
    Ratio(&'static Ratio),
    /// See [`Heartbeat`].
    Heartbeat(&'static Heartbeat),
    /// See [`Progress`].
    Progress(&'static Progress),
    /// See [`crate::on::numbers::queue::Queue`].
    Queue(&'static crate::on::numbers::queue::Queue),
    /// See [`crate::on::numbers::family::GaugeFamily`].
    GaugeFamily(&'static crate::on::numbers::family::GaugeFamily),
    /// See [`crate::on::numbers::family::CounterFamily`].
    CounterFamily(&'static crate::on::numbers::family::CounterFamily),
    /// See [`crate::on::numbers::fact::Fact`].
    Fact(&'static crate::on::numbers::fact::Fact),
}

/// What a number is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) help: &'static str,
}

/// What [`count!`](crate::count) counts on.
pub trait Count {
    /// Adds `n`.
    fn add(&self, n: u64);
}

/// What [`set!`](crate::set) and [`adjust!`](crate::adjust) work on.
pub trait Level {
    /// Sets the level.
    fn set(&self, level: i64);
    /// Moves the level.
    fn adjust(&self, by: i64);
}

/// What [`record!`](crate::record) works on.
pub trait Sample {
    /// Adds one value.
    fn record(&self, value: u64);
}

/// What [`beat!`](crate::beat) works on.
pub trait Beat {
    /// The job ran.
    fn beat(&self);
}

/// What [`progress!`](crate::progress) works on.
pub trait Advance {
    /// `done` of `total`.
    fn advance(&self, done: u64, total: u64);
}

impl<T: Count + ?Sized> Count for &T {
    #[inline(always)]
    fn add(&self, n: u64) {
        (**self).add(n);
    }
}

impl<T: Level + ?Sized> Level for &T {
    #[inline(always)]
    fn set(&self, level: i64) {
        (**self).set(level);
    }
    #[inline(always)]
    fn adjust(&self, by: i64) {
        (**self).adjust(by);
    }
}

/// Guard of [`hold!`](crate::hold): a gauge is higher until this is dropped, also by a panic. May go to another thread.
#[must_use = "the gauge is what it was when this is dropped"]
pub struct Held<'a, L: Level> {
    gauge: &'a L,
    by: i64,
}

/// The gauge is higher by so much for a while.
#[inline]
pub fn hold<L: Level>(gauge: &L, by: i64) -> Held<'_, L> {
    gauge.adjust(by);
    Held { gauge, by }
}

impl<L: Level> fmt::Debug for Held<'_, L> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Held").field("by", &self.by).finish_non_exhaustive()
    }
}

impl<L: Level> Drop for Held<'_, L> {
    #[inline]
    fn drop(&mut self) {
        self.gauge.adjust(self.by.wrapping_neg());
    }
}

/// A number that only grows. Each thread counts in a word of its own; the reader adds them up.
#[derive(Debug)]
pub struct Counter {
    pub(crate) about: About,
    /// Bytes into every shard; 0, the word that nobody reads, before the board is made.
    pub(crate) offset: AtomicU32,
    /// Counted before there was a board.
    pub(crate) early: AtomicU64,
}

impl Counter {
    #[doc(hidden)]
    pub const fn new(name: &'static str, unit: &'static str, help: &'static str) -> Self {
        let about = About { name, unit, help };
        Self { about, offset: AtomicU32::new(0), early: AtomicU64::new(0) }
    }
}

impl Count for Counter {
    #[inline(always)]
    fn add(&self, n: u64) {
        match cursor::shard() {
            Some(shard) => shard.add(self.offset.load(Ordering::Relaxed), n),
            None => self.add_first(n),
        }
    }
}

impl Counter {
    #[cold]
    #[inline(never)]
    fn add_first(&self, n: u64) {
        crate::on::slots::register::register();
        match cursor::shard() {
            Some(shard) => shard.add(self.offset.load(Ordering::Relaxed), n),
            None => _ = self.early.fetch_add(n, Ordering::Relaxed),
        }
    }
}

/// A number's shared cell: its own, in private memory, until the board gives it one there.
#[derive(Debug)]
pub(crate) struct Cell {
    placed: Placed<CellRecord>,
    own: CellRecord,
}

impl Cell {
    pub(crate) const fn new() -> Self {
        Self { placed: Placed::nowhere(), own: new_cell() }
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> &CellRecord {
        self.placed.get().unwrap_or(&self.own)
    }

    /// From now on the number lives in `cell`, which starts where it was.
    pub(crate) fn place(&self, cell: &'static CellRecord) {
        let now = self.get();
        for (to, from) in
            [(&cell.value, &now.value), (&cell.max, &now.max), (&cell.stamp, &now.stamp)]
        {
            to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.placed.place(cell);
    }
}

/// A cell that holds nothing yet.
pub(crate) const fn new_cell() -> CellRecord {
    CellRecord {
        value: AtomicU64::new(0),
        max: AtomicU64::new(0),
        stamp: AtomicU64::new(0),
        reserved: [const { AtomicU64::new(0) }; 5],
    }
}

/// Sets a level and its high-water mark.
#[inline]
pub(crate) fn set_level(cell: &CellRecord, level: i64) {
    cell.value.store(level as u64, Ordering::Relaxed);
    raise(cell, level);
}

/// Moves a level and its high-water mark.
#[inline]
pub(crate) fn move_level(cell: &CellRecord, by: i64) {
    let before = cell.value.fetch_add(by as u64, Ordering::Relaxed);
    raise(cell, (before as i64).wrapping_add(by));
}

#[inline]
fn raise(cell: &CellRecord, level: i64) {
    let mut max = cell.max.load(Ordering::Relaxed);
    while level > max as i64 {
        match cell.max.compare_exchange_weak(
            max,
            level as u64,
            Ordering::Relaxed,
            Ordering::Relaxed,
        ) {
            Ok(_) => return,
            Err(now) => max = now,
        }
    }
}

macro_rules! celled {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(Debug)]
        pub struct $name {
            pub(crate) about: About,
            pub(crate) cell: Cell,
        }

        impl $name {
            #[doc(hidden)]
            pub const fn new(name: &'static str, unit: &'static str, help: &'static str) -> Self {
                Self { about: About { name, unit, help }, cell: Cell::new() }
            }
        }
    };
}

celled! {
    /// A signed level with a high-water mark. One word for all threads: the last to set it wins.
    Gauge
}

celled! {
    /// How far a long task has come.
    Progress
}

impl Level for Gauge {
    #[inline(always)]
    fn set(&self, level: i64) {
        set_level(self.cell.get(), level);
    }
    #[inline(always)]
    fn adjust(&self, by: i64) {
        move_level(self.cell.get(), by);
    }
}

impl Advance for Progress {
    #[inline]
    fn advance(&self, done: u64, total: u64) {
        let cell = self.cell.get();
        cell.max.store(total, Ordering::Relaxed);
        cell.value.store(done, Ordering::Relaxed);
    }
}

/// A periodic job: how often it should run, how often it did, and when last.
#[derive(Debug)]
pub struct Heartbeat {
    pub(crate) about: About,
    pub(crate) every_ms: u64,
    pub(crate) cell: Cell,
}

impl Heartbeat {
    #[doc(hidden)]
    pub const fn new(
        name: &'static str,
        unit: &'static str,
        help: &'static str,
        every_ms: u64,
    ) -> Self {
        Self { about: About { name, unit, help }, every_ms, cell: Cell::new() }
    }
}

impl Beat for Heartbeat {
    #[inline]
    fn beat(&self) {
        let cell = self.cell.get();
        cell.stamp.store(clock::units(), Ordering::Relaxed);
        cell.value.fetch_add(1, Ordering::Relaxed);
    }
}

/// A quotient of counters, computed by the reader.
#[derive(Debug)]
pub struct Ratio {
    pub(crate) about: About,
    pub(crate) over: &'static [&'static Counter],
    pub(crate) under: &'static [&'static Counter],
}

impl Ratio {
    #[doc(hidden)]
    pub const fn new(
        name: &'static str,
        unit: &'static str,
        help: &'static str,
        over: &'static [&'static Counter],
        under: &'static [&'static Counter],
    ) -> Self {
        Self { about: About { name, unit, help }, over, under }
    }
}

/// A distribution of values in log-linear buckets, each within 1/32 of the value.
#[derive(Debug)]
pub struct Histogram {
    pub(crate) about: About,
    pub(crate) values: Spread,
}

impl Histogram {
    #[doc(hidden)]
    pub const fn new(name: &'static str, unit: &'static str, help: &'static str) -> Self {
        let about = About { name, unit, help };
        Self { about, values: Spread::nowhere() }
    }
}

impl Sample for Histogram {
    #[inline]
    fn record(&self, value: u64) {
        self.values.record(value);
    }
}
