//! Stamps into nanoseconds, and what "now" is on a board whose writer may be gone.

use probe::layout::{ClockKind, HeaderCopy, MetricKind, OP_RECENT, OpCopy, from_status_entry};

use crate::clock::{Moment, stamp};
use crate::snapshot::{OpRead, Snapshot, Waits};

/// A board's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// Nanoseconds of one unit.
    ns_per_unit: f64,
    /// The moment that numbers are of: now for a live board, else the last sign of life.
    pub now: u64,
    /// The stamp of this very moment, where one can be told.
    pub present: Option<u64>,
    start: u64,
    started_wall_ns: u64,
}

/// Time that a calibration has to span before it beats the writer's own.
const CALIBRATION_NS: u64 = 1_000_000_000;

impl Clock {
    /// The clock of a board. `moment` is the reader's, when it is of the same boot and time
    /// namespace; `live` says whether the writer runs, so that now is now.
    pub fn new(
        header: &HeaderCopy,
        snapshot: &Snapshot,
        moment: Option<Moment>,
        live: bool,
    ) -> Self {
        let counted = ClockKind::from_word(header.clock_kind).is_some_and(ClockKind::is_counter);
        let present = moment.map(|moment| stamp(header, moment.tsc, moment.mono_ns));
        let pair = match (moment, snapshot.pulse) {
            (Some(moment), _) if moment.tsc != 0 => Some((moment.tsc, moment.mono_ns)),
            (_, Some(pulse)) => Some((pulse.stamp, pulse.mono_ns)),
            (_, None) => None,
        };
        let latest = latest(header, snapshot);
        Self {
            ns_per_unit: if counted { rate(header, pair) } else { 1.0 },
            now: present.filter(|_| live).unwrap_or(latest),
            present,
            start: header.clock_start,
            started_wall_ns: header.started_wall_ns,
        }
    }

    /// From one stamp to another, ns; 0 when they are the other way round.
    pub fn span_ns(&self, from: u64, to: u64) -> u64 {
        (to.saturating_sub(from) as f64 * self.ns_per_unit) as u64
    }

    /// From the board's making to [`Clock::now`], ns.
    pub fn uptime_ns(&self) -> u64 {
        self.span_ns(self.start, self.now)
    }

    /// A clock of nanoseconds that started at 0.
    #[cfg(test)]
    pub(super) fn for_tests(now: u64) -> Self {
        Self { ns_per_unit: 1.0, now, present: None, start: 0, started_wall_ns: 0 }
    }

    /// Age of a stamp at [`Clock::now`], ns, never negative.
    pub fn age_ns(&self, stamp: u64) -> u64 {
        self.span_ns(stamp, self.now)
    }

    /// Age of a stamp at this very moment, where that can be told.
    pub fn age_at_present_ns(&self, stamp: u64) -> u64 {
        self.span_ns(stamp, self.present.unwrap_or(self.now))
    }

    /// Nanoseconds of one unit.
    pub fn unit_ns(&self) -> f64 {
        self.ns_per_unit
    }

    /// Clock units of a time.
    pub fn units(&self, ns: u64) -> u64 {
        (ns as f64 / self.ns_per_unit) as u64
    }

    /// The wall clock at a stamp, ns since 1970, by the wall clock at the start.
    pub fn wall_ns(&self, stamp: u64) -> u64 {
        self.started_wall_ns.saturating_add(self.span_ns(self.start, stamp))
    }
}

/// Nanoseconds of one unit of a counter: by the longest span known, unless that contradicts the writer's own
/// calibration by more than 1 % (a moved virtual machine, a suspended one), which then stands.
fn rate(header: &HeaderCopy, pair: Option<(u64, u64)>) -> f64 {
    let own = header.clock_ns_per_unit as f64 / (1u64 << 32) as f64;
    let own = if own > 0.0 { own } else { 1.0 };
    let measured = pair.and_then(|(stamp, mono_ns)| {
        let units = stamp.checked_sub(header.clock_start).filter(|&units| units > 0)?;
        let ns = mono_ns.checked_sub(header.clock_start_ns).filter(|&ns| ns >= CALIBRATION_NS)?;
        Some(ns as f64 / units as f64)
    });
    measured.filter(|measured| (measured / own - 1.0).abs() < 0.01).unwrap_or(own)
}

/// The latest stamp that the board knows.
fn latest(header: &HeaderCopy, snapshot: &Snapshot) -> u64 {
    let threads = snapshot
        .threads
        .iter()
        .flat_map(|thread| [thread.started, thread.work.map_or(0, |work| work.changed)]);
    let beats = snapshot
        .metrics
        .iter()
        .filter(|metric| metric.kind == MetricKind::Heartbeat)
        .map(|metric| metric.cell.stamp);
    let queued = snapshot.queues.iter().map(|queue| queue.head);
    let Waits { threads: waiting, futures, .. } = &snapshot.waits;
    let waiting = waiting.iter().filter_map(|thread| thread.wait).map(|wait| wait.since);
    let futures = futures.iter().map(|future| future.record.waiting);
    let end = &snapshot.end;
    let exit = if end.exited { end.exit_stamp } else { 0 };
    let panic = end.panic.as_ref().map_or(0, |panic| panic.stamp);
    let pulse = snapshot.pulse.map_or(0, |pulse| pulse.stamp);
    let ops = snapshot.ops.iter().map(latest_of);
    threads
        .chain(beats)
        .chain(queued)
        .chain(waiting)
        .chain(futures)
        .chain(ops)
        .chain([header.clock_start, exit, panic, pulse])
        .max()
        .unwrap_or(0)
}

/// The latest stamp of an operation: of its beginning, end, last turn, or of a status.
fn latest_of(op: &OpRead) -> u64 {
    let OpCopy { begun, ended, turned, .. } = op.record;
    // Of a hostile board nothing says that they are few.
    let known = (op.statuses.first..op.statuses.count).rev().take(OP_RECENT);
    let statuses = known.map(|number| op.statuses.recent[number as usize % OP_RECENT]);
    let since = statuses.map(|entry| begun.saturating_add(from_status_entry(entry).1));
    since.chain([begun, ended, turned]).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_never_negative_and_no_input_panics() {
        let clock =
            Clock { ns_per_unit: 0.5, now: 100, present: None, start: 0, started_wall_ns: 0 };
        assert_eq!(clock.age_ns(200), 0);
        assert_eq!(clock.age_ns(0), 50);
        assert_eq!(clock.span_ns(0, u64::MAX), (u64::MAX as f64 * 0.5) as u64);
    }
}
