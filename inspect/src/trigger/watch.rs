//! Looks at the numbers of boards ten times a second, on a thread of its own: a whole reading of a board
//! takes longer than the sampler has between two ticks.

use std::collections::{BTreeSet, VecDeque};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::condition::{Condition, What};
use crate::context::Look;
use crate::derive::AGAIN;
use crate::locate::Candidate;
use crate::model::{BoardReport, ThreadReport};
use crate::open_board::OpenBoard;
use crate::words::glob::glob;
use crate::words::human::{short, time};
use crate::words::term::label;

/// Time between two looks.
const EVERY: Duration = Duration::from_millis(100);
/// The time that a rate is taken over, at least.
const RATE_OVER: Duration = Duration::from_secs(1);

/// For each condition why it holds at this look, in words; `None`: it does not.
pub type Level = Vec<Option<String>>;

/// A counter's total at earlier looks.
type History = VecDeque<(Instant, u64)>;

/// The looker. It ends when this is dropped.
#[derive(Debug)]
pub struct Watch {
    boards: Sender<Candidate>,
    levels: Receiver<Level>,
    excused: Excused,
}

/// Threads, by process and thread id, that are at one line at every look and do not stand: they come to it again, their
/// operation's progress grows, or they wait for their turn. One look at the whole board knows that, and samples do not.
#[derive(Clone, Debug, Default)]
pub struct Excused(Arc<Mutex<BTreeSet<(u64, u64)>>>);

impl Excused {
    /// Whether it is one of them, as the last look found it.
    pub fn has(&self, pid: u64, tid: u64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&(pid, tid))
    }

    fn become_those_of(&self, found: BTreeSet<(u64, u64)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }
}

/// Those of one board. Everything else that is said of a thread goes by the same.
fn excused(report: &BoardReport) -> impl Iterator<Item = (u64, u64)> {
    let has_a_reason = |one: &&ThreadReport| one.waits_its_turn || one.standing == Some(AGAIN);
    report.threads.iter().filter(has_a_reason).map(|one| (report.pid, one.tid))
}

/// One board under watch.
struct Watched {
    attached: OpenBoard,
    rates: Vec<History>,
}

impl Watch {
    /// Begins to look for conditions, at boards that are sent to [`Watch::boards`].
    pub fn start(conditions: Vec<Condition>) -> Self {
        let (boards, new) = mpsc::channel();
        let (out, levels) = mpsc::channel();
        let excused = Excused::default();
        let found = excused.clone();
        std::thread::spawn(move || look_on(&conditions, &new, &out, &found));
        Self { boards, levels, excused }
    }

    /// Who does not stand, whatever samples say.
    pub fn excused(&self) -> Excused {
        self.excused.clone()
    }

    /// Where boards to be watched are sent to.
    pub fn boards(&self) -> Sender<Candidate> {
        self.boards.clone()
    }

    /// What the looks since the last call found, the oldest first.
    pub fn levels(&self) -> impl Iterator<Item = Level> + '_ {
        self.levels.try_iter()
    }
}

fn look_on(
    conditions: &[Condition],
    new: &Receiver<Candidate>,
    out: &Sender<Level>,
    found: &Excused,
) {
    let mut boards: Vec<Watched> = Vec::new();
    let mut due = Instant::now();
    loop {
        match new.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(candidate) => {
                // One that cannot be opened any more has ended: the sampler says so.
                if let Ok(attached) = OpenBoard::open(candidate, Look::Verdict) {
                    let rates = vec![History::new(); conditions.len()];
                    boards.push(Watched { attached, rates });
                }
                continue;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        due = Instant::now() + EVERY;
        let mut level: Level = vec![None; conditions.len()];
        let mut of_all = BTreeSet::new();
        for board in &mut boards {
            let Ok(report) = board.attached.report() else { continue };
            of_all.extend(excused(&report));
            let now = Instant::now();
            for ((condition, why), history) in
                conditions.iter().zip(&mut level).zip(&mut board.rates)
            {
                if why.is_none() {
                    *why = holds(condition, &report, history, now);
                }
            }
        }
        found.become_those_of(of_all);
        if !boards.is_empty() && out.send(level).is_err() {
            return;
        }
        boards.retain_mut(|board| {
            board.attached.look(Look::Verdict);
            board.attached.exists()
        });
    }
}

/// Why a condition holds for a board, in words. `history` is this counter's, of this board.
fn holds(
    condition: &Condition,
    report: &BoardReport,
    history: &mut History,
    now: Instant,
) -> Option<String> {
    let of = |name: String| format!("{name} of {} (pid {})", label(&report.name), report.pid);
    match &condition.what {
        // The sampler knows better.
        What::Stalled(_) | What::Ended => None,
        What::Load(pattern) => {
            let threads = report.threads.iter().filter(|one| glob(pattern, one.name.raw()));
            let found = threads
                .filter_map(|one| Some((one, one.load.s1? * 100.0)))
                .find(|(_, load)| condition.holds(*load));
            found.map(|(one, load)| format!("{} is {load:.0}% busy", of(label(&one.name))))
        }
        What::Oldest(pattern) => {
            let queues = report.queues.iter().filter(|one| glob(pattern, one.name.raw()));
            let found = queues
                .filter_map(|one| Some((one, one.oldest_age_ns?)))
                .find(|(_, age)| condition.holds(*age as f64));
            found.map(|(one, age)| {
                format!("the oldest item in {} has waited {}", of(label(&one.name)), time(age))
            })
        }
        What::Over(pattern) => {
            let ops = report.ops.iter().filter(|one| glob(pattern, one.kind.raw()));
            let found = ops
                .filter_map(|one| Some((one, one.active_ns?)))
                .find(|(_, active)| condition.holds(*active as f64));
            found.map(|(one, active)| {
                let what = format!("{} {}", one.id, label(&one.kind));
                format!("operation {} has been active for {}", of(what), time(active))
            })
        }
        What::Value(name) => {
            let value = value(report, name)?;
            condition.holds(value).then(|| format!("{} is {}", of(name.clone()), number(value)))
        }
        What::Rate(name) => {
            let total = total(report, name)?;
            let rate = rate(history, now, total)?;
            condition
                .holds(rate)
                .then(|| format!("{} grows by {}/s", of(name.clone()), number(rate)))
        }
    }
}

/// A counter's total, members of a family added up.
pub(crate) fn total(report: &BoardReport, name: &str) -> Option<u64> {
    let members = report.counters.iter().filter(|one| one.name.raw() == name);
    members.fold(None, |sum: Option<u64>, one| Some(sum.unwrap_or(0).wrapping_add(one.value)))
}

/// The value of a counter or gauge, members added up.
pub(crate) fn value(report: &BoardReport, name: &str) -> Option<f64> {
    let gauges = report.gauges.iter().filter(|one| one.name.raw() == name);
    let gauge =
        gauges.fold(None, |sum: Option<f64>, one| Some(sum.unwrap_or(0.0) + one.value as f64));
    total(report, name).map(|total| total as f64).or(gauge)
}

/// Growth a second since the newest look that is a second old; `None` before there is one.
fn rate(history: &mut History, now: Instant, total: u64) -> Option<f64> {
    history.push_back((now, total));
    let old = |at: &Instant| now.duration_since(*at) >= RATE_OVER;
    while history.get(1).is_some_and(|(at, _)| old(at)) {
        history.pop_front();
    }
    let (at, before) = *history.front().filter(|(at, _)| old(at))?;
    // Shards are summed while threads write them: a total may seem to step back a little.
    let grown = total.wrapping_sub(before).cast_signed().max(0);
    Some(grown as f64 / now.duration_since(at).as_secs_f64())
}

fn number(value: f64) -> String {
    if value < 0.0 { format!("-{}", short(-value)) } else { short(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_over_a_second_and_never_negative() {
        let mut history = History::new();
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        for step in 0..10 {
            assert_eq!(rate(&mut history, at(step * 100), step * 10), None, "{step}");
        }
        assert_eq!(rate(&mut history, at(1000), 100), Some(100.0));
        assert_eq!(rate(&mut history, at(2000), 1100), Some(1000.0));
        assert_eq!(rate(&mut history, at(3100), 1000), Some(0.0));
        assert!(history.len() < 5, "{history:?}");
    }
}
