//! Threads that poll futures, and are in one of them for long each time: whatever else they carry waits meanwhile, timers
//! too. One look finds one poll; several in a row find that there is always one.

use std::collections::BTreeMap;

use super::finding::{Finding, Weight, command, percent, seconds, thread};
use super::found::Found;
use super::seen::{Polled, Polls, Seen};
use crate::model::BoardReport;
use crate::words::human::time;
use crate::words::label::Label;

/// A poll that takes so long is one that blocks: tokio's guide has 10 to 100 us between two points at which a task gives way.
const LONG_NS: u64 = 100_000_000;
/// Looks that say something, and the share of them that has to find a thread in such a poll.
const FEWEST: u32 = 4;
const MOSTLY: f64 = 0.5;

impl Polls {
    /// Whether there is something to be looked at.
    #[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "asked by who looks several times"))]
    pub(crate) fn are_there(report: &BoardReport) -> bool {
        report.ops.iter().any(|op| op.future)
    }

    /// One look.
    #[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "noted by who looks several times"))]
    pub(crate) fn note(&mut self, report: &BoardReport) {
        self.looks += 1;
        // Of operations in each other's poll the outermost has been in it longest.
        let mut now: BTreeMap<u64, (u64, (Label, Option<Label>))> = BTreeMap::new();
        for op in report.ops.iter().filter(|op| op.future && op.working) {
            let Some((tid, polled)) = op.tid.zip(op.turned_ns) else { continue };
            if now.get(&tid).is_none_or(|known| known.0 < polled) {
                now.insert(tid, (polled, (op.kind.clone(), op.status.clone())));
            }
        }
        for (tid, (polled_ns, what)) in now {
            let known = self.threads.entry(tid).or_default();
            known.long += u32::from(polled_ns >= LONG_NS);
            if polled_ns >= known.longest_ns {
                (known.longest_ns, known.what) = (polled_ns, what);
            }
        }
    }
}

/// Threads that are in long polls mostly, while other futures wait.
pub(super) fn executors(report: &BoardReport, seen: &Seen, found: &mut Found) {
    let Polls { looks, threads } = &seen.polls;
    let share = |one: &Polled| f64::from(one.long) / f64::from(*looks);
    let late: Vec<(&u64, &Polled)> =
        threads.iter().filter(|(_, one)| share(one) >= MOSTLY).collect();
    // Who drives one future alone keeps nobody waiting.
    let others = report.ops.iter().filter(|op| op.future && !op.working).count();
    let worst = late.iter().max_by_key(|(_, one)| one.longest_ns);
    let Some((tid, worst)) = worst.filter(|_| *looks >= FEWEST && others > 0) else { return };
    let (kind, status) = &worst.what;
    let of = status.as_ref().map_or_else(
        || format!("of a {}", kind.raw()),
        |status| format!("of a {} in {}", kind.raw(), status.raw()),
    );
    let title = format!(
        "{} of {} threads that poll futures are in long polls mostly, {of}, for up to {}: what else they carry waits",
        late.len(),
        threads.len(),
        time(worst.longest_ns)
    );
    let all = late.len() == threads.len();
    let mut finding =
        Finding::new("blocked-executor", Weight::Warning, if all { 0.8 } else { 0.6 }, title)
            .against(
                "looks in a poll of 100 ms or longer",
                percent(share(worst)),
                Some("%"),
                percent(MOSTLY),
            )
            .against("in one poll", seconds(worst.longest_ns), Some("s"), seconds(LONG_NS))
            .with("futures that wait", others as u64, None)
            .next(command("profile -d 5s --by stack", report));
    let on = report.threads.iter().find(|one| one.tid == **tid);
    finding.places.extend(on.map(|one| thread(report, one)));
    found.push(finding);
}
