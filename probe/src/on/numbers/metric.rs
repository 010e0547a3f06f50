//! Named numbers that are declared in source: where their words are, and the few instructions that
//! change them.

use core::sync::atomic::Ordering;

use super::about::About;
use super::cell::{Cell, move_level, set_level};
use super::shard_word::ShardWord;
use super::spread::Spread;
use super::verbs::{Advance, Beat, Count, Level, Sample};
use crate::on::ground::clock;

/// A number that only grows. Each thread counts in a word of its own; the reader adds them up.
#[derive(Debug)]
pub struct Counter {
    pub(crate) about: About,
    pub(crate) word: ShardWord,
}

impl Counter {
    #[doc(hidden)]
    pub const fn new(name: &'static str, unit: &'static str, help: &'static str) -> Self {
        Self { about: About { name, unit, help }, word: ShardWord::new() }
    }
}

impl Count for Counter {
    #[inline(always)]
    fn add(&self, n: u64) {
        self.word.add(n);
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

/// A distribution of values in log-linear buckets, each within 1/32 of the value, from 2^44 on (five hours in ns) within 1/8.
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
