//! Whether a thread stands where it is, or comes to the same line again and again. One judgement, which everything
//! that is said of a thread goes by.
//!
//! One look knows the keeper's notes (since when the place is the same, since when the thread used no processor time)
//! and the stamp of its last job. A later look of the same reader knows more: what probes raise as they are passed.
//! A thread that uses the processor and raised nothing computes, or loops through lines that nobody counts: that is
//! not known, and said so.

use std::collections::HashMap;

use probe::layout::position_digest;

use super::clock::Clock;
use crate::context::Context;
use crate::liveness::State;
use crate::model::{Op, ThreadReport};
use crate::snapshot::{Board, Marks, Snapshot, ThreadRead};

/// Unmoved for this long is stalled.
pub(super) const STALLED_NS: u64 = 1_000_000_000;
/// Within this the keeper has asked twice for the processor time of a thread that stays at one place; of more than 640
/// slots it may not have: then less is claimed than is so.
const ASKED_NS: u64 = 1_200_000_000;

/// No processor time since then, and no probe was passed.
const STILL: &str = "still";
/// It came to the line where it is again, or comes on without that.
pub(crate) const AGAIN: &str = "again";

/// What is known of a thread's stay.
#[derive(Clone, Copy)]
pub(super) struct Stand {
    /// Since when it has been there.
    pub(super) ns: u64,
    /// Not longer than that; else not shorter.
    pub(super) at_most: bool,
    pub(super) stalled: bool,
    /// It used no processor time between the last two times that the keeper asked.
    pub(super) rests: bool,
    /// `still`, `again`, or neither is known.
    pub(super) word: Option<&'static str>,
}

/// How long a thread has been where it is now.
pub(super) fn stand(snapshot: &Snapshot, clock: &Clock, thread: &ThreadRead) -> Option<Stand> {
    let digest = digest(thread)?;
    let Some(watch) = thread.watch.filter(|watch| watch.position == digest) else {
        // It came here after the keeper's last look.
        return snapshot.pulse.map(|pulse| Stand {
            ns: clock.age_ns(pulse.stamp),
            at_most: true,
            stalled: false,
            rests: false,
            word: None,
        });
    };
    let rests = watch.still_since != u64::MAX;
    let job = thread.work.map(|work| work.changed);
    let came = job.max(thread.came).filter(|came| *came > watch.since);
    if let Some(came) = came.filter(|came| !rests || *came > watch.still_since) {
        // Whatever the keeper noted is older than this.
        let ns = clock.age_ns(came);
        return Some(Stand { ns, at_most: true, stalled: false, rests, word: Some(AGAIN) });
    }
    if !rests {
        let ns = clock.age_ns(watch.since);
        // It runs, or the keeper has not yet asked twice: then it may have come again since.
        return Some(Stand { ns, at_most: true, stalled: false, rests, word: None });
    }
    let since = came.unwrap_or(watch.since);
    // It ran there before it stood: that may have been a loop.
    let ran = clock.span_ns(since, watch.still_since) > ASKED_NS;
    let since = if ran { watch.still_since } else { since };
    let stalled = clock.age_ns(watch.still_since) >= STALLED_NS;
    Some(Stand { ns: clock.age_ns(since), at_most: false, stalled, rests, word: Some(STILL) })
}

/// Who uses the processor and passes no probe may stand or loop; where the operation that it works on began, or changed its status,
/// after that, it came on.
pub(super) fn come_with_their_operations(threads: &mut [ThreadReport], ops: &[Op]) {
    let mut came: HashMap<u64, u64> = HashMap::new();
    for op in ops.iter().filter(|op| op.working) {
        let Some(tid) = op.tid else { continue };
        let ns = op.status_age_ns.map_or(op.age_ns, |status_ns| status_ns.min(op.age_ns));
        came.entry(tid).and_modify(|least| *least = ns.min(*least)).or_insert(ns);
    }
    for thread in threads.iter_mut().filter(|thread| thread.standing.is_none()) {
        let came = came.get(&thread.tid).copied();
        if let Some(ns) = came.filter(|&ns| thread.since_ns.is_some_and(|since| ns < since)) {
            (thread.since_ns, thread.since_at_most) = (Some(ns), true);
            (thread.stalled, thread.standing) = (false, Some(AGAIN));
        }
    }
}

/// The place of a thread, as the keeper notes it.
fn digest(thread: &ThreadRead) -> Option<u64> {
    let frames = thread.frames.as_ref()?;
    let words = frames.iter().flat_map(|frame| [frame.scope, frame.line]);
    Some(position_digest(thread.generation, words))
}

/// The site that a thread reached last and its argument: the innermost frame's line, else the scope
/// that was entered and has no line yet.
pub(super) fn position(thread: &ThreadRead) -> Option<(u64, Option<u64>)> {
    let frame = thread.frames.as_ref()?.last()?;
    match (frame.line, frame.scope) {
        (0, 0) => None,
        (0, scope) => Some((scope, Some(frame.scope_arg))),
        (line, _) => Some((line, frame.arg)),
    }
}

/// What the looks of one reader found, by slot and generation.
#[derive(Clone, Debug, Default)]
pub struct Looks {
    /// Stamp of the last one.
    at: u64,
    threads: HashMap<(u64, u64), Was>,
}

/// A thread as a look found it.
#[derive(Clone, Copy, Debug)]
struct Was {
    /// Place and marks are the thread's own: who finds another one knows that it came on.
    own: (Option<u64>, Marks, Option<(u64, u64)>),
    /// Passes of its line, where they are counted and no other thread is there.
    passes: Option<u64>,
    /// Stamp of the last look before it came on.
    came: Option<u64>,
}

impl Looks {
    /// Holds a look against the one before: notes with each thread since when it certainly came on.
    pub fn note(&mut self, board: &Board, snapshot: &mut Snapshot, context: &Context) {
        let live = context.state == State::Live;
        let now = Clock::new(&board.header, snapshot, context.usable_moment(), live).now;
        let passes = passes(snapshot);
        let before = std::mem::take(&mut self.threads);
        for (thread, passes) in snapshot.threads.iter_mut().zip(passes) {
            let jobs = thread.work.map(|work| (work.finished, work.in_hand));
            let own = (digest(thread), thread.marks, jobs);
            let key = (thread.slot, thread.generation);
            // Of one that stands others may have passed the line meanwhile.
            let rests = thread.watch.is_some_and(|watch| watch.still_since != u64::MAX);
            thread.came = before.get(&key).and_then(|was| {
                let passed = was.passes.zip(passes).is_some_and(|(then, now)| then != now);
                if was.own != own || passed && !rests { Some(self.at) } else { was.came }
            });
            self.threads.insert(key, Was { own, passes, came: thread.came });
        }
        self.at = now;
    }
}

/// For each thread the passes of the line that it is at; none where they are not counted, or several are there: nobody
/// knows who of them passed it.
fn passes(snapshot: &Snapshot) -> Vec<Option<u64>> {
    let sites: Vec<Option<u64>> =
        snapshot.threads.iter().map(|thread| position(thread).map(|(site, _)| site)).collect();
    let mut there: HashMap<u64, usize> = HashMap::new();
    for site in sites.iter().flatten() {
        *there.entry(*site).or_default() += 1;
    }
    let of = |site: u64| {
        let place = snapshot.sites.get(&site)?.hits.checked_sub(1)?;
        snapshot.shard_totals.get(usize::try_from(place).ok()?).copied()
    };
    let alone = |site: &u64| there.get(site) == Some(&1);
    sites.into_iter().map(|site| site.filter(alone).and_then(of)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn who_began_another_operation_came_on() {
        let told = |standing: Option<&'static str>, working: bool, age_ns: u64| {
            let since_ns = Some(9 * SECOND);
            let mut threads = [ThreadReport {
                standing,
                since_ns,
                since_at_most: true,
                ..ThreadReport::for_tests("encoder", Some("work"))
            }];
            let op = Op { tid: Some(7), working, age_ns, ..Op::default() };
            come_with_their_operations(&mut threads, &[op]);
            (threads[0].since_ns, threads[0].standing)
        };
        assert_eq!(told(None, true, SECOND), (Some(SECOND), Some(AGAIN)));
        assert_eq!(told(None, true, 20 * SECOND), (Some(9 * SECOND), None));
        // Another one's, and one that uses no processor: somebody else changed its operation.
        assert_eq!(told(None, false, SECOND), (Some(9 * SECOND), None));
        assert_eq!(told(Some(STILL), true, SECOND), (Some(9 * SECOND), Some(STILL)));
    }
}
