//! Seconds between two moments as points: the mean of what was active, of loads and of levels, the growth of counters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::second::{Active, End, OTHERS, Second};
use super::store::Span;
use super::usage::{Usage, UsageSum};
use crate::clock::rfc3339;

/// Adds to a sum of numbers that a file of anybody's may have said.
fn add(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}

/// Keys of a board that are told apart; the rest is one.
const MOST_KEYS: usize = 200;

/// Without a second for so long nobody recorded.
const GAP_NS: u64 = 2_500_000_000;

/// By what the active are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum By {
    /// Status of operations; of threads that work on none, the class of their line.
    #[default]
    Status,
    /// The line.
    Line,
    /// Kind of operations.
    Kind,
    /// The thread.
    Thread,
    /// The host: of one's own all together, of several that are asked each by itself.
    Host,
}

/// What was, between two moments.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct Past {
    /// Version of this form: 1.
    pub schema: u32,
    /// RFC 3339.
    pub from: String,
    /// RFC 3339.
    pub to: String,
    /// From point to point.
    pub step_ns: u64,
    /// Times of which nothing is known.
    pub gaps: Vec<Gap>,
    /// Boards, by name and beginning.
    pub boards: Vec<BoardPast>,
    /// What was active of all boards, stretch by stretch, where it is to be compared.
    #[serde(skip)]
    pub(super) stretches: Stretches,
}

/// A stretch of a time that is to be compared: a second, or more of a long time.
#[derive(Clone, Debug, Default)]
pub(super) struct Stretch {
    /// Seconds that were recorded.
    pub(super) seconds: u64,
    last_ns: u64,
    /// What was active by key, added up.
    pub(super) active: BTreeMap<String, u64>,
}

/// By their number in the time.
pub(super) type Stretches = BTreeMap<u64, Stretch>;

/// Stretches that a time to be compared is cut into: a day has one for each of its seconds.
const MOST_STRETCHES: u64 = 24 * 3600;

/// A time of which nothing is known.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct Gap {
    /// RFC 3339.
    pub from: String,
    /// RFC 3339.
    pub to: String,
    /// In words.
    pub why: String,
}

/// One run of a process.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct BoardPast {
    /// Name of the board.
    pub name: String,
    /// Process id.
    pub pid: u64,
    /// The run.
    pub instance: u64,
    /// Processors of its host.
    pub cores: u64,
    /// Threads that had a load at the same second, at most; those of one name count once.
    pub workers: u64,
    /// Points that have seconds of it.
    pub points: Vec<Point>,
    /// What its board said last, when its process ended in this time.
    pub end: Option<End>,
}

/// One point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct Point {
    /// Its beginning, RFC 3339.
    pub at: String,
    /// The same, ns since 1970.
    #[serde(skip)]
    pub at_ns: u64,
    /// Seconds that it is of.
    pub seconds: u64,
    /// Hosts that it is of, where several are added up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts: Option<u64>,
    /// How many were active on average, by key.
    pub active: BTreeMap<String, f64>,
    /// Threads.
    pub threads: BTreeMap<String, ThreadPoint>,
    /// Queues.
    pub queues: BTreeMap<String, QueuePoint>,
    /// Growth of counters a second, over `rates_over_ns`.
    pub rates: BTreeMap<String, f64>,
    /// The time that they cover.
    pub rates_over_ns: Option<u64>,
    /// Mean levels.
    pub gauges: BTreeMap<String, f64>,
    /// What its process took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What was the matter, the last.
    pub finding: Option<String>,
}

/// A thread at a point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct ThreadPoint {
    /// Mean load, 0 to 1.
    pub load: f64,
}

/// A queue at a point: the highest of its seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct QueuePoint {
    /// Items waiting.
    pub depth: u64,
    /// Age of the item at the head.
    pub oldest_age_ns: Option<u64>,
}

/// What threads that work on no operation are called among operations.
const THREAD: &str = "(thread)";

impl By {
    /// The key of what was active: an operation, or a thread that works on none of them. By that second alone: what an
    /// operation of another second has to do with it nobody can see in the picture.
    fn key(self, one: &Active) -> Option<String> {
        let text = match self {
            Self::Thread if one.is_operation() => return None,
            Self::Thread => &one.thread,
            // Its operation is there.
            _ if one.is_at_operation() => return None,
            Self::Status if one.is_operation() => &one.status,
            // A class is no status: an operation may say that its status is `work`.
            Self::Status => return Some(format!("{THREAD} {}", one.status)),
            Self::Line => &one.line,
            Self::Kind if one.is_operation() => &one.kind,
            Self::Kind => return Some(THREAD.to_owned()),
            Self::Host => return Some("this host".to_owned()),
        };
        Some(match text.as_str() {
            "" => "(none)".to_owned(),
            OTHERS => OTHERS.to_owned(),
            // Words in front of which a bracket stands are ours.
            theirs if theirs.starts_with('(') => format!("\\{theirs}"),
            theirs => theirs.to_owned(),
        })
    }
}

/// A point on its way.
#[derive(Default)]
struct Sum {
    seconds: u64,
    active: BTreeMap<String, u64>,
    loads: BTreeMap<String, (u64, u64)>,
    queues: BTreeMap<String, QueuePoint>,
    first: Option<(u64, BTreeMap<String, u64>)>,
    last: Option<(u64, BTreeMap<String, u64>)>,
    gauges: BTreeMap<String, (i128, u64)>,
    usage: UsageSum,
    finding: Option<String>,
}

/// A board on its way.
struct Collected {
    board: BoardPast,
    sums: BTreeMap<u64, Sum>,
}

/// Points on their way, fed with a second at a time.
pub struct Collect {
    by: By,
    span: Span,
    step_ns: u64,
    boards: BTreeMap<(String, u64), Collected>,
    gaps: Vec<Gap>,
    last_ns: u64,
    /// What is to be compared, and how long a stretch is.
    stretches: Option<(u64, Stretches)>,
}

/// Steps that people read easily, in seconds.
const STEPS: [u64; 16] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400];

/// From point to point, where a time has `most` of them at most: a step that people read easily.
pub(super) fn step_ns(span: Span, most: u64) -> u64 {
    let length = span.to_ns.saturating_sub(span.from_ns).div_ceil(1_000_000_000);
    let step = STEPS.into_iter().find(|step| length.div_ceil(*step) <= most.max(1));
    step.unwrap_or(length.div_ceil(most.max(1))).max(1) * 1_000_000_000
}

/// Points of a time: `most` at most.
pub fn past(span: Span, by: By, most: u64) -> Collect {
    let step_ns = step_ns(span, most);
    let (boards, gaps) = (BTreeMap::new(), Vec::new());
    Collect { by, span, step_ns, boards, gaps, last_ns: span.from_ns, stretches: None }
}

impl Collect {
    /// To be compared, for which every second of a day is kept, and of a longer time as many stretches: that takes
    /// memory, points do not.
    pub fn to_compare(mut self) -> Self {
        self.stretches = Some((step_ns(self.span, MOST_STRETCHES), Stretches::new()));
        self
    }

    /// Takes a second; seconds come in order.
    pub fn take(&mut self, at_ns: u64, seconds: Vec<Second>, wanted: &dyn Fn(&Second) -> bool) {
        self.gap(at_ns);
        self.last_ns = at_ns;
        for second in seconds.into_iter().filter(|second| wanted(second)) {
            self.second(at_ns, second);
        }
    }

    fn gap(&mut self, until_ns: u64) {
        if until_ns.saturating_sub(self.last_ns) > GAP_NS && self.gaps.len() < 1_000 {
            let why =
                "nobody recorded, the recorder was late, or what was recorded had to make room"
                    .to_owned();
            self.gaps.push(Gap { from: rfc3339(self.last_ns), to: rfc3339(until_ns), why });
        }
    }

    fn second(&mut self, at_ns: u64, second: Second) {
        let step = at_ns / self.step_ns * self.step_ns;
        let blank = || BoardPast {
            name: second.name.clone(),
            pid: second.pid,
            instance: second.instance,
            cores: second.cores,
            workers: 0,
            points: Vec::new(),
            end: None,
        };
        let key = (second.name.clone(), second.instance);
        let fresh = || Collected { board: blank(), sums: BTreeMap::new() };
        let Collected { board, sums } = self.boards.entry(key).or_insert_with(fresh);
        if let Some(end) = second.end {
            board.end = Some(end);
            return;
        }
        board.workers = board.workers.max(second.loads.len() as u64);
        let sum = sums.entry(step).or_default();
        sum.seconds += 1;
        sum.usage.add(&second.usage);
        let mut now: BTreeMap<String, u64> = BTreeMap::new();
        for (one, count) in &second.active {
            let Some(key) = self.by.key(one) else { continue };
            let room = sum.active.len() < MOST_KEYS || sum.active.contains_key(&key);
            let key = if room { key } else { "(others)".to_owned() };
            add(now.entry(key).or_default(), *count);
        }
        for (key, count) in &now {
            add(sum.active.entry(key.clone()).or_default(), *count);
        }
        if let Some((long_ns, stretches)) = &mut self.stretches {
            let stretch = stretches.entry(at_ns / *long_ns).or_default();
            // Of several boards it is one second.
            stretch.seconds += u64::from(stretch.seconds == 0 || stretch.last_ns != at_ns);
            stretch.last_ns = at_ns;
            for (key, count) in now {
                add(stretch.active.entry(key).or_default(), count);
            }
        }
        for (name, load) in second.loads {
            let known = sum.loads.entry(name).or_default();
            *known = (known.0 + load, known.1 + 1);
        }
        for (name, queue) in second.queues {
            let known = sum.queues.entry(name).or_default();
            known.depth = known.depth.max(queue.depth);
            known.oldest_age_ns = known.oldest_age_ns.max(queue.oldest_age_ns);
        }
        for (name, level) in second.gauges {
            let known = sum.gauges.entry(name).or_default();
            *known = (known.0 + i128::from(level), known.1 + 1);
        }
        if sum.first.is_none() {
            sum.first = Some((at_ns, second.counters.clone()));
        }
        sum.last = Some((at_ns, second.counters));
        sum.finding = second.finding.or(sum.finding.take());
    }

    /// What was.
    pub fn finish(mut self) -> Past {
        self.gap(self.span.to_ns);
        let boards = self.boards.into_values().map(|Collected { mut board, sums }| {
            // The last second of a point is the first of the next one's growth.
            let mut before: Option<(u64, BTreeMap<String, u64>)> = None;
            for (at_ns, mut sum) in sums {
                let first = before.take().or(sum.first.take());
                before = sum.last.clone();
                board.points.push(point(at_ns, first, sum));
            }
            board
        });
        Past {
            schema: 1,
            from: rfc3339(self.span.from_ns),
            to: rfc3339(self.span.to_ns),
            step_ns: self.step_ns,
            gaps: self.gaps,
            boards: boards.collect(),
            stretches: self.stretches.map(|(_, stretches)| stretches).unwrap_or_default(),
        }
    }
}

fn point(at_ns: u64, first: Option<(u64, BTreeMap<String, u64>)>, sum: Sum) -> Point {
    let seconds = sum.seconds.max(1) as f64;
    let rounded = |value: f64| (value * 1000.0).round() / 1000.0;
    let mut rates = BTreeMap::new();
    let mut over = None;
    if let Some(((then_ns, then), (now_ns, now))) = first.zip(sum.last)
        && now_ns > then_ns
    {
        over = Some(now_ns - then_ns);
        let time = (now_ns - then_ns) as f64 / 1e9;
        rates = now
            .iter()
            .filter_map(|(name, now)| {
                let grown = now.checked_sub(*then.get(name)?)?;
                Some((name.clone(), rounded(grown as f64 / time)))
            })
            .collect();
    }
    Point {
        at: rfc3339(at_ns),
        at_ns,
        seconds: sum.seconds,
        hosts: None,
        active: sum
            .active
            .into_iter()
            .map(|(key, count)| (key, rounded(count as f64 / seconds)))
            .collect(),
        threads: sum
            .loads
            .into_iter()
            .map(|(name, (load, times))| {
                (name, ThreadPoint { load: rounded(load as f64 / 1000.0 / times.max(1) as f64) })
            })
            .collect(),
        queues: sum.queues,
        rates,
        rates_over_ns: over,
        gauges: sum
            .gauges
            .into_iter()
            .map(|(name, (level, times))| (name, rounded(level as f64 / times.max(1) as f64)))
            .collect(),
        usage: sum.usage.finish(),
        finding: sum.finding,
    }
}
