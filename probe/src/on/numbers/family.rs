//! Numbers with a label chosen at run time: members come when they are made and go when their handle
//! is dropped. Making one is slow (it looks for room); using one is one atomic operation.

use core::sync::atomic::Ordering;

use super::about::About;
use super::cell::{move_level, new_cell, set_level};
use super::holders::{self, Holders};
use super::verbs::{Count, Level};
use crate::layout::{
    CellRecord, LABEL_BYTES, METRIC_SHARED, MetricKind, MetricRecord, SectionKind, WORD, fitted,
    kind_label, pack,
};
use crate::on::ground::record_ref::RecordRef;
use crate::protocol::occupancy;

/// What [`member!`](crate::member) works on.
#[doc(hidden)]
pub trait Family {
    /// The handle of one member.
    type Member;
    /// Makes the member with this label.
    fn member(&self, label: &str) -> Self::Member;
}

macro_rules! family {
    ($(#[$about:meta])* $family:ident, $(#[$member_about:meta])* $member:ident, $kind:expr) => {
        $(#[$about])*
        #[derive(Debug)]
        pub struct $family {
            pub(crate) about: About,
            key: &'static str,
            /// Where name, unit and help of its members are written.
            pub(crate) pattern: RecordRef<MetricRecord>,
        }

        impl $family {
            #[doc(hidden)]
            pub const fn new(
                name: &'static str,
                unit: &'static str,
                help: &'static str,
                key: &'static str,
            ) -> Self {
                Self { about: About { name, unit, help }, key, pattern: RecordRef::unset() }
            }
        }

        impl Family for $family {
            type Member = $member;
            fn member(&self, label: &str) -> $member {
                $member(Member::new(self.pattern.get(), $kind, &line(self.key, label)))
            }
        }

        $(#[$member_about])*
        #[derive(Debug)]
        pub struct $member(Member);
    };
}

family! {
    /// Gauges with a label chosen at run time.
    GaugeFamily,
    /// One gauge of a family; gone from the board when dropped.
    GaugeMember,
    MetricKind::Gauge
}

family! {
    /// Counters with a label chosen at run time.
    CounterFamily,
    /// One counter of a family; gone from the board when dropped.
    CounterMember,
    MetricKind::Counter
}

impl Level for GaugeMember {
    #[inline]
    fn set(&self, level: i64) {
        set_level(self.0.cell(), level);
    }
    #[inline]
    fn adjust(&self, by: i64) {
        move_level(self.0.cell(), by);
    }
}

impl Count for CounterMember {
    #[inline]
    fn add(&self, n: u64) {
        self.0.cell().value.fetch_add(n, Ordering::Relaxed);
    }
}

impl CounterFamily {
    /// The member with one label more: a kind of operations.
    pub(crate) fn member_of_kind(&self, label: &str, kind: &str) -> CounterMember {
        let labels = format!("{}\n{}", line(self.key, label), kind_line(kind));
        CounterMember(Member::new(self.pattern.get(), MetricKind::Counter, &labels))
    }
}

/// A label, as it stands on the board.
fn line(key: &str, label: &str) -> String {
    let room = LABEL_BYTES.saturating_sub(key.len() + "=".len());
    format!("{key}={}", fitted(label, room))
}

/// That of a kind of operations.
pub(crate) fn kind_line(kind: &str) -> String {
    line("kind", &kind_label(kind))
}

/// A member's place.
#[derive(Debug)]
enum Member {
    /// On the board: its number among the metrics, its generation, its cell.
    OnBoard(usize, u64, &'static CellRecord),
    /// In private memory: no board, or no room.
    Private(Box<CellRecord>),
}

impl Member {
    fn new(pattern: Option<&'static MetricRecord>, kind: MetricKind, labels: &str) -> Self {
        let placed = holders::current()
            .zip(pattern)
            .and_then(|(holders, pattern)| fill(holders, holders.claim()?, pattern, kind, labels));
        placed.unwrap_or_else(|| Self::Private(Box::new(new_cell())))
    }

    #[inline]
    fn cell(&self) -> &CellRecord {
        match self {
            Self::OnBoard(_, _, cell) => cell,
            Self::Private(cell) => cell,
        }
    }
}

fn fill(
    holders: &'static Holders,
    index: usize,
    pattern: &MetricRecord,
    kind: MetricKind,
    labels: &str,
) -> Option<Member> {
    let board = holders.board;
    let record = board.numbers.metrics.get(index)?;
    let cell = board.numbers.cells.get(index)?;
    let generation = holders.begin(index)?;

    occupancy::begin(&record.state, generation);
    let flags = if kind == MetricKind::Counter { METRIC_SHARED } else { 0 };
    record.kind_flags.store(kind as u64 | flags, Ordering::Relaxed);
    for (to, from) in [
        (&record.name, &pattern.name),
        (&record.unit, &pattern.unit),
        (&record.help, &pattern.help),
    ] {
        to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
    }
    let mut packed = [0; LABEL_BYTES / WORD];
    pack(labels, &mut packed);
    for (word, value) in record.labels.iter().zip(packed) {
        word.store(value, Ordering::Relaxed);
    }
    for word in [&cell.value, &cell.max, &cell.stamp] {
        word.store(0, Ordering::Relaxed);
    }
    occupancy::publish(&record.state, generation);
    board.raise_used(SectionKind::Metrics, index + 1);
    Some(Member::OnBoard(index, generation, cell))
}

impl Drop for Member {
    fn drop(&mut self) {
        let Self::OnBoard(index, generation, cell) = *self else {
            return;
        };
        let Some(holders) = holders::current() else { return };
        let Some(record) = holders.board.numbers.metrics.get(index) else {
            return;
        };
        // A forked child's board does not know the members that the child was born with.
        if holders.is_held(index, generation, cell) {
            occupancy::end(&record.state, generation);
            holders.release(index);
        }
    }
}
