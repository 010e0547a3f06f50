//! The past of many hosts as one picture: boards of a name added up, by what was active or by host. Moments are by this
//! host's clock, and a point says how many hosts it is of: one that nobody recorded is missing in the sum, not idle.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::past::{By, Past, Point, QueuePoint};
use super::store::Span;
use crate::clock::rfc3339;
use crate::words::moment::from_rfc3339;

/// Keys of a picture that are told apart; the rest is one.
const MOST_KEYS: usize = 200;
/// More of anything is not believed.
const MOST: f64 = 1e12;
/// A clock that is off by less is as good as any: it is not known to less than a question takes.
pub(crate) const OFF_NS: u64 = 500_000_000;
/// Processors of a host that are believed.
const MOST_CORES: u64 = 1 << 16;
/// Ends of processes that are told.
const MOST_ENDS: usize = 50;

/// What a host said of its past, with moments by this host's clock.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Told {
    /// Its address.
    pub endpoint: String,
    /// The same in few columns.
    pub host: String,
    /// What was there.
    pub past: Past,
}

impl Told {
    /// What a host said whose clock is so far ahead of this one's.
    pub fn new(endpoint: &str, host: &str, skew_ns: Option<i64>, mut past: Past) -> Self {
        if let Some(skew_ns) = skew_ns.filter(|skew| skew.unsigned_abs() >= OFF_NS) {
            let shift = |text: &mut String| {
                let Some(there) = from_rfc3339(text) else { return };
                let here = i128::from(there) - i128::from(skew_ns);
                *text = rfc3339(u64::try_from(here).unwrap_or(0));
            };
            past.boards
                .iter_mut()
                .flat_map(|one| &mut one.points)
                .for_each(|one| shift(&mut one.at));
            for gap in &mut past.gaps {
                shift(&mut gap.from);
                shift(&mut gap.to);
            }
        }
        Self { endpoint: endpoint.to_owned(), host: host.to_owned(), past }
    }
}

/// Boards of a name on all hosts, as one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Together {
    /// Name of the boards.
    pub name: String,
    /// The hosts that have one.
    pub hosts: Vec<String>,
    /// Processors of those hosts.
    pub cores: u64,
    /// Threads that had a load at the same point, at most.
    pub workers: u64,
    /// Sums by key; loads are the highest of a name, gauges are not added up.
    pub points: Vec<Point>,
    /// Processes that ended in this time.
    pub ended: Vec<Ended>,
}

/// A process that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Ended {
    /// Its host.
    pub host: String,
    /// Its process id there.
    pub pid: u64,
    /// How it ended, in words.
    pub verdict: String,
}

/// A time, and how far the points of its picture are apart.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Frame {
    /// What was asked for.
    pub span: Span,
    /// Points at most.
    pub most: u64,
    /// From point to point.
    pub step_ns: u64,
}

impl Frame {
    /// The frame of such a question.
    pub fn new(span: Span, most: u64) -> Self {
        // As precise as it can be said to others, so that all divide it alike.
        let [from_ns, to_ns] = [span.from_ns, span.to_ns].map(|at| at / 1_000_000 * 1_000_000);
        let span = Span { from_ns, to_ns };
        Self { span, most, step_ns: super::past::step_ns(span, most) }
    }

    /// The point that is nearest to a moment; none outside of what was asked for.
    fn point(&self, at_ns: u64) -> Option<u64> {
        let at = at_ns.saturating_add(self.step_ns / 2) / self.step_ns * self.step_ns;
        let within = at.saturating_add(self.step_ns) > self.span.from_ns && at <= self.span.to_ns;
        within.then_some(at)
    }
}

/// A point of a host on its way.
#[derive(Default)]
struct Of {
    /// The most seconds that a process of it has here.
    seconds: u64,
    /// Sums over seconds.
    active: BTreeMap<String, f64>,
    rates: BTreeMap<String, f64>,
    threads: BTreeMap<String, f64>,
    workers: u64,
    queues: BTreeMap<String, QueuePoint>,
    finding: Option<String>,
}

/// Boards of a name on their way.
#[derive(Default)]
struct Sum {
    hosts: BTreeMap<String, u64>,
    /// By point and host.
    points: BTreeMap<u64, BTreeMap<String, Of>>,
    ended: Vec<Ended>,
}

fn believed(value: f64) -> f64 {
    if value.is_finite() { value.clamp(0.0, MOST) } else { 0.0 }
}

/// All hosts together, a picture for each name of a board.
pub fn together(told: &[Told], by: By, frame: &Frame) -> Vec<Together> {
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    for Told { host, past, .. } in told {
        for board in &past.boards {
            let sum = sums.entry(&board.name).or_default();
            let cores = sum.hosts.entry(host.clone()).or_default();
            *cores = (*cores).max(board.cores.min(MOST_CORES));
            if let Some(end) = board.end.as_ref().filter(|_| sum.ended.len() < MOST_ENDS) {
                let (host, verdict) = (host.clone(), end.verdict.clone());
                sum.ended.push(Ended { host, pid: board.pid, verdict });
            }
            for point in &board.points {
                let at = from_rfc3339(&point.at).and_then(|at| frame.point(at));
                let Some(at) = at else { continue };
                let of = sum.points.entry(at).or_default().entry(host.clone()).or_default();
                of.add(point);
            }
        }
    }
    sums.into_iter().map(|(name, sum)| sum.finish(name, by)).collect()
}

impl Of {
    fn add(&mut self, point: &Point) {
        let seconds = point.seconds.clamp(1, 86_400);
        self.seconds = self.seconds.max(seconds);
        for (from, to) in [(&point.active, &mut self.active), (&point.rates, &mut self.rates)] {
            for (key, value) in from {
                *to.entry(key.clone()).or_default() += believed(*value) * seconds as f64;
            }
        }
        for (name, thread) in &point.threads {
            let load = self.threads.entry(name.clone()).or_default();
            *load = load.max(believed(thread.load).min(1.0));
        }
        self.workers = self.workers.saturating_add(point.threads.len() as u64);
        for (name, queue) in &point.queues {
            add_queue(self.queues.entry(name.clone()).or_default(), queue);
        }
        self.finding = point.finding.clone().or(self.finding.take());
    }
}

fn add_queue(to: &mut QueuePoint, more: &QueuePoint) {
    to.depth = to.depth.saturating_add(more.depth);
    to.oldest_age_ns = to.oldest_age_ns.max(more.oldest_age_ns);
}

impl Sum {
    fn finish(self, name: &str, by: By) -> Together {
        let keys = self.kept(by);
        let mut workers = 0;
        let points: Vec<Point> = self
            .points
            .iter()
            .map(|(at_ns, hosts)| {
                workers = workers
                    .max(hosts.values().fold(0, |sum: u64, of| sum.saturating_add(of.workers)));
                point(*at_ns, hosts, by, &keys)
            })
            .collect();
        Together {
            name: name.to_owned(),
            cores: self.hosts.values().fold(0, |sum, cores| sum.saturating_add(*cores)),
            hosts: self.hosts.into_keys().collect(),
            workers,
            points,
            ended: self.ended,
        }
    }

    /// The keys with the most of all, so that each is told apart at every point or at none.
    fn kept(&self, by: By) -> BTreeSet<String> {
        let mut all: BTreeMap<&str, f64> = BTreeMap::new();
        for (host, of) in self.points.values().flatten() {
            for (key, value) in &of.active {
                *all.entry(if by == By::Host { host } else { key }).or_default() += value;
            }
        }
        let mut all: Vec<(&str, f64)> = all.into_iter().collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        all.into_iter().take(MOST_KEYS).map(|(key, _)| key.to_owned()).collect()
    }
}

fn point(at_ns: u64, hosts: &BTreeMap<String, Of>, by: By, keys: &BTreeSet<String>) -> Point {
    let mut point =
        Point { at: rfc3339(at_ns), at_ns, hosts: Some(hosts.len() as u64), ..Point::default() };
    for (host, of) in hosts {
        let seconds = of.seconds.max(1) as f64;
        point.seconds = point.seconds.max(of.seconds);
        for (key, value) in &of.active {
            let key = if by == By::Host { host } else { key };
            let key = if keys.contains(key) { key.as_str() } else { "(others)" };
            *point.active.entry(key.to_owned()).or_default() += value / seconds;
        }
        // One that rests is there, and nothing of it was active.
        if by == By::Host && of.active.is_empty() && keys.contains(host) {
            point.active.entry(host.clone()).or_default();
        }
        for (name, value) in &of.rates {
            *point.rates.entry(name.clone()).or_default() += value / seconds;
        }
        for (name, load) in &of.threads {
            let known = point.threads.entry(name.clone()).or_default();
            known.load = known.load.max(*load);
        }
        for (name, queue) in &of.queues {
            add_queue(point.queues.entry(name.clone()).or_default(), queue);
        }
        if point.finding.is_none() {
            point.finding = of.finding.as_ref().map(|text| format!("{host}: {text}"));
        }
    }
    let rounded = |value: &mut f64| *value = (*value * 1000.0).round() / 1000.0;
    point.active.values_mut().chain(point.rates.values_mut()).for_each(rounded);
    point
}

#[cfg(test)]
mod tests {
    use super::super::past::{BoardPast, ThreadPoint};
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const START: u64 = 1_769_860_800 * SECOND;

    fn frame() -> Frame {
        Frame::new(Span { from_ns: START, to_ns: START + 60 * SECOND }, 6)
    }

    /// A host of two processors on which so many wait for a lock, from one point to another.
    fn host(name: &str, skew_s: i64, points: std::ops::Range<u64>, waiting: f64) -> Told {
        let point = |n: u64| {
            let there = i128::from(START + n * 10 * SECOND) + i128::from(skew_s) * 1_000_000_000;
            Point {
                at: rfc3339(u64::try_from(there).expect("a moment")),
                seconds: 10,
                active: [("lock".to_owned(), waiting)].into(),
                threads: [("worker".to_owned(), ThreadPoint { load: waiting / 10.0 })].into(),
                queues: [("jobs".to_owned(), QueuePoint { depth: 3, oldest_age_ns: Some(n) })]
                    .into(),
                rates: [("done".to_owned(), 5.0)].into(),
                ..Point::default()
            }
        };
        let board = BoardPast {
            name: "recordd".to_owned(),
            pid: 7,
            cores: 2,
            points: points.map(point).collect(),
            ..BoardPast::default()
        };
        let past = Past { boards: vec![board], ..Past::default() };
        Told::new(&format!("http://{name}"), name, Some(skew_s * 1_000_000_000), past)
    }

    #[test]
    fn hosts_are_added_up_or_told_apart_and_one_that_is_missing_is_not_idle() {
        // The clock of one is a minute ahead; one was recorded half of the time.
        let told =
            [host("db1", 0, 0..6, 1.0), host("db2", 60, 0..6, 2.0), host("db3", 0, 3..6, 4.0)];
        let all = together(&told, By::Status, &frame());
        let [one] = &all[..] else { panic!("{all:?}") };
        assert_eq!((one.hosts.len(), one.cores, one.workers), (3, 6, 3));
        let seen: Vec<(u64, u64)> = one
            .points
            .iter()
            .map(|at| (at.hosts.expect("several"), at.active["lock"] as u64))
            .collect();
        assert_eq!(seen, [(2, 3), (2, 3), (2, 3), (3, 7), (3, 7), (3, 7)]);
        let last = &one.points[5];
        assert_eq!((last.threads["worker"].load, last.queues["jobs"].depth), (0.4, 9));
        assert_eq!(last.rates["done"], 15.0);
        let all = together(&told, By::Host, &frame());
        let keys: Vec<Vec<&str>> = [0, 5]
            .map(|at: usize| all[0].points[at].active.keys().map(String::as_str).collect())
            .into();
        assert_eq!(keys, [vec!["db1", "db2"], vec!["db1", "db2", "db3"]]);
        assert_eq!(all[0].points[5].active["db3"], 4.0);
    }

    /// A process and the next one of a host in one point, and two beside each other.
    #[test]
    fn processes_of_a_host_are_added_up_by_their_seconds() {
        let process = |instance: u64, seconds: u64, waiting: f64| BoardPast {
            name: "recordd".to_owned(),
            instance,
            points: vec![Point {
                at: rfc3339(START),
                seconds,
                active: [("lock".to_owned(), waiting)].into(),
                ..Point::default()
            }],
            ..BoardPast::default()
        };
        let of = |boards: Vec<BoardPast>| {
            let past = Past { boards, ..Past::default() };
            let all = together(&[Told::new("x", "x", None, past)], By::Status, &frame());
            all[0].points[0].active["lock"]
        };
        assert_eq!(of(vec![process(1, 10, 2.0), process(2, 10, 3.0)]), 5.0);
        assert_eq!(of(vec![process(1, 10, 2.0), process(2, 5, 2.0)]), 3.0);
    }

    /// What another host sends is anything: numbers that are none, a thousand keys, moments of another year.
    #[test]
    fn what_no_host_would_say_is_bounded() {
        let mut told = host("evil", 0, 0..6, f64::MAX);
        let board = &mut told.past.boards[0];
        board.cores = u64::MAX;
        board.points[0].seconds = u64::MAX;
        board.points[1].at = "2250-01-01T00:00:00Z".to_owned();
        board.points[2].at = "never".to_owned();
        for n in 0..1_000 {
            board.points[3].active.insert(format!("key {n}"), 1.0);
        }
        let all = together(&[told.clone(), told], By::Status, &frame());
        let one = &all[0];
        assert_eq!((one.points.len(), one.cores), (4, 1 << 16));
        assert!(one.points.iter().all(|at| at.active.len() <= MOST_KEYS + 1));
        assert!(one.points.iter().flat_map(|at| at.active.values()).all(|value| value.is_finite()));
        let picture = super::super::svg_together(&frame(), &all);
        assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
    }
}
