//! The line histogram of the last seconds: what a sampler says is counted into quarters of a second, of
//! which the last minute is kept. Its memory is bounded, whatever the board says.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::recording::{Entry, Sink, SiteInfo};
use crate::report::Spot;
use crate::sampler::background::Learnt;

/// Length of a quarter, ns.
const QUARTER_NS: u64 = 250_000_000;
/// Quarters that are kept: a minute.
const QUARTERS: usize = 240;
/// Threads at lines that a quarter tells apart; further ones count as unreadable.
const MAX_CELLS: usize = 4096;

/// Where a thread was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Where {
    Site(u32),
    Nowhere,
    Torn,
}

/// A quarter of a second.
#[derive(Clone, Debug, Default)]
struct Quarter {
    cells: HashMap<(u64, Where), u64>,
    ticks: u64,
    missed: u64,
}

impl Quarter {
    fn add(&mut self, tid: u64, place: Where, samples: u64) {
        if samples == 0 {
            return;
        }
        let known = self.cells.len() < MAX_CELLS || self.cells.contains_key(&(tid, place));
        // One cell takes what there is no room for.
        let key = if known { (tid, place) } else { (0, Where::Torn) };
        *self.cells.entry(key).or_default() += samples;
    }
}

/// What the sampler's thread and the screen share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    sites: Vec<SiteInfo>,
    quarters: VecDeque<Quarter>,
    /// Passes of counted sites: when last read, how many, and how many a second since the time before.
    hits: HashMap<u32, (u64, u64, Option<f64>)>,
}

pub(super) fn locked(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One line of the histogram.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Where.
    pub spot: Spot,
    /// Samples by thread id, most first.
    pub threads: Vec<(u64, u64)>,
    /// All of them.
    pub samples: u64,
    /// Passes a second, where they are counted.
    pub hits_per_s: Option<f64>,
}

/// The histogram of a window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Lines, in no order.
    pub lines: Vec<Line>,
    /// Samples of threads that had reached no line.
    pub nowhere: u64,
    /// Samples of threads whose place could not be read.
    pub torn: u64,
    /// Ticks delivered.
    pub ticks: u64,
    /// Ticks missed.
    pub missed: u64,
    /// Time covered, ns.
    pub over_ns: u64,
}

/// A thread in sight.
#[derive(Clone, Copy, Debug)]
struct Standing {
    tid: u64,
    place: Where,
    /// Ticks that are counted for it.
    counted: u64,
}

/// Counts what the sampler says. Work is done where a thread moves, not at every tick.
pub(super) struct Counter {
    shared: Arc<Mutex<Shared>>,
    leaves: Vec<Where>,
    threads: u32,
    standing: HashMap<u32, Standing>,
    torn: Vec<u32>,
    quarter: Quarter,
    number: u64,
    ticks: u64,
    now_ns: u64,
    learnt: Learnt,
}

impl Counter {
    pub(super) fn new(shared: Arc<Mutex<Shared>>) -> Self {
        Self {
            shared,
            leaves: Vec::new(),
            threads: 0,
            standing: HashMap::new(),
            torn: Vec::new(),
            quarter: Quarter::default(),
            number: 0,
            ticks: 0,
            now_ns: 0,
            learnt: Learnt::default(),
        }
    }

    /// Counts the ticks that a thread has been where it is.
    fn count_until_now(&mut self, thread: u32) {
        if let Some(one) = self.standing.get_mut(&thread) {
            self.quarter.add(one.tid, one.place, self.ticks - one.counted);
            one.counted = self.ticks;
        }
    }

    fn count_all_until_now(&mut self) {
        for one in self.standing.values_mut() {
            self.quarter.add(one.tid, one.place, self.ticks - one.counted);
            one.counted = self.ticks;
        }
    }

    fn publish(&mut self) {
        self.count_all_until_now();
        let quarter = std::mem::take(&mut self.quarter);
        let mut shared = locked(&self.shared);
        shared.quarters.push_back(quarter);
        if shared.quarters.len() > QUARTERS {
            shared.quarters.pop_front();
        }
    }

    fn ticks(&mut self, at_ns: u64, count: u64) {
        self.now_ns = at_ns;
        let number = at_ns / QUARTER_NS;
        if number != self.number {
            self.publish();
            self.number = number;
        }
        // Torn is said of the next tick alone.
        for thread in std::mem::take(&mut self.torn) {
            self.count_until_now(thread);
            if let Some(one) = self.standing.get_mut(&thread) {
                self.quarter.add(one.tid, Where::Torn, 1);
                one.counted += 1;
            }
        }
        self.ticks += count;
        self.quarter.ticks += count;
    }
}

impl Sink for Counter {
    fn put(&mut self, entry: &Entry) -> io::Result<()> {
        match entry {
            Entry::Site(site) => {
                locked(&self.shared).sites.push(site.clone());
                self.learnt.more()?;
            }
            Entry::Stack(sites) => {
                self.leaves.push(sites.last().map_or(Where::Nowhere, |&site| Where::Site(site)));
                self.learnt.more()?;
            }
            Entry::Thread { tid, .. } => {
                let one = Standing { tid: *tid, place: Where::Nowhere, counted: self.ticks };
                self.standing.insert(self.threads, one);
                self.threads += 1;
                self.learnt.more()?;
            }
            Entry::At { thread, stack } => {
                self.count_until_now(*thread);
                let place = self.leaves.get(*stack as usize).copied().unwrap_or(Where::Torn);
                if let Some(one) = self.standing.get_mut(thread) {
                    one.place = place;
                }
            }
            Entry::Torn { thread } => self.torn.push(*thread),
            Entry::Gone { thread } => {
                self.count_until_now(*thread);
                self.standing.remove(thread);
            }
            Entry::Ticks { at_ns, count } => self.ticks(*at_ns, *count),
            Entry::Missed(count) => self.quarter.missed += count,
            Entry::Hits { site, passes } => locked(&self.shared).hit(*site, *passes, self.now_ns),
            Entry::End { .. } => self.publish(),
            Entry::Start { .. }
            | Entry::Board(_)
            | Entry::Renamed { .. }
            | Entry::Unseen { .. }
            | Entry::Blamed { .. }
            | Entry::BoardEnd { .. } => {}
        }
        Ok(())
    }
}

impl Shared {
    fn hit(&mut self, site: u32, passes: u64, now_ns: u64) {
        let hits = self.hits.entry(site).or_insert((now_ns, passes, None));
        let (then, before, _) = *hits;
        if now_ns > then {
            let rate = passes.saturating_sub(before) as f64 / (now_ns - then) as f64 * 1e9;
            *hits = (now_ns, passes, Some(rate));
        }
    }

    /// The last seconds, at most a minute.
    pub(super) fn histogram(&self, over: Duration) -> Histogram {
        let wanted = (over.as_nanos() / u128::from(QUARTER_NS)).clamp(1, QUARTERS as u128) as usize;
        let mut out = Histogram::default();
        let mut lines: HashMap<u32, HashMap<u64, u64>> = HashMap::new();
        let skipped = self.quarters.len().saturating_sub(wanted);
        for quarter in self.quarters.iter().skip(skipped) {
            out.ticks += quarter.ticks;
            out.missed += quarter.missed;
            out.over_ns += QUARTER_NS;
            for (&(tid, place), &samples) in &quarter.cells {
                match place {
                    Where::Site(site) => {
                        *lines.entry(site).or_default().entry(tid).or_default() += samples;
                    }
                    Where::Nowhere => out.nowhere += samples,
                    Where::Torn => out.torn += samples,
                }
            }
        }
        // Several sites of one line, as of a generic function, are one line.
        let mut spots: HashMap<Spot, (HashMap<u64, u64>, Option<f64>)> = HashMap::new();
        for (site, threads) in lines {
            let Some(info) = self.sites.get(site as usize) else { continue };
            let (sums, rate) = spots.entry(Spot::from(info)).or_default();
            for (tid, samples) in threads {
                *sums.entry(tid).or_default() += samples;
            }
            // Counts come once a second; a counted line without one was not passed.
            let hits = self.hits.get(&site).filter(|_| info.counted);
            if let Some(hits) = hits.and_then(|(_, _, rate)| *rate) {
                *rate.get_or_insert(0.0) += hits;
            }
        }
        out.lines = spots
            .into_iter()
            .map(|(spot, (sums, hits_per_s))| {
                let mut threads: Vec<(u64, u64)> = sums.into_iter().collect();
                threads.sort_by_key(|&(tid, samples)| (std::cmp::Reverse(samples), tid));
                let samples = threads.iter().map(|(_, samples)| samples).sum();
                Line { spot, threads, samples, hits_per_s }
            })
            .collect();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probe::layout::Class;

    const MS: u64 = 1_000_000;

    fn site(line: u32, counted: bool) -> Entry {
        let text = || "".into();
        let (file, function, label) = (text(), text(), text());
        let (board, column, class, scope) = (0, 1, Class::Work, false);
        Entry::Site(SiteInfo { board, file, line, column, function, label, class, scope, counted })
    }

    /// A counter that knows a thread at the first of two lines, the second of which is counted.
    fn counter() -> Counter {
        let mut counter = Counter::new(Arc::default());
        let thread = Entry::Thread { board: 0, tid: 7, name: "one".into() };
        let known =
            [site(10, false), site(20, true), Entry::Stack(vec![0]), Entry::Stack(vec![0, 1])];
        for entry in known.into_iter().chain([thread, Entry::At { thread: 0, stack: 0 }]) {
            counter.put(&entry).expect("room");
        }
        counter
    }

    fn ticks(counter: &mut Counter, from_ms: u64, to_ms: u64) {
        for ms in from_ms..to_ms {
            counter.put(&Entry::Ticks { at_ns: ms * MS, count: 1 }).expect("room");
        }
    }

    /// The histogram's lines and samples.
    fn lines(counter: &Counter, seconds: u64) -> (Vec<(u32, u64)>, Histogram) {
        let histogram = locked(&counter.shared).histogram(Duration::from_secs(seconds));
        let mut lines: Vec<_> =
            histogram.lines.iter().map(|line| (line.spot.line, line.samples)).collect();
        lines.sort_unstable();
        (lines, histogram)
    }

    #[test]
    fn samples_are_counted_where_the_thread_was_and_torn_ones_apart() {
        let mut counter = counter();
        ticks(&mut counter, 0, 600);
        counter.put(&Entry::At { thread: 0, stack: 1 }).expect("room");
        ticks(&mut counter, 600, 800);
        counter.put(&Entry::Torn { thread: 0 }).expect("room");
        ticks(&mut counter, 800, 900);
        counter.put(&Entry::Gone { thread: 0 }).expect("room");
        ticks(&mut counter, 900, 1_000);
        counter.put(&Entry::Missed(3)).expect("room");
        counter.put(&Entry::End { duration_ns: 0, why: "".into() }).expect("room");
        let (lines, histogram) = lines(&counter, 60);
        assert_eq!(lines, [(10, 600), (20, 299)]);
        assert_eq!((histogram.torn, histogram.nowhere), (1, 0));
        assert_eq!((histogram.ticks, histogram.missed), (1_000, 3));
        assert_eq!(histogram.over_ns, 1_000 * MS);
        assert_eq!(histogram.lines[0].threads[0].0, 7);
    }

    #[test]
    fn the_window_slides_and_keeps_a_minute() {
        let mut counter = counter();
        ticks(&mut counter, 0, 61_000);
        counter.put(&Entry::At { thread: 0, stack: 1 }).expect("room");
        ticks(&mut counter, 61_000, 63_000);
        counter.put(&Entry::End { duration_ns: 0, why: "".into() }).expect("room");
        assert_eq!(lines(&counter, 2).0, [(20, 2_000)]);
        assert_eq!(lines(&counter, 3).0, [(10, 1_000), (20, 2_000)]);
        assert_eq!(lines(&counter, 60).0, lines(&counter, 6_000).0);
        assert_eq!(lines(&counter, 60).0, [(10, 58_000), (20, 2_000)]);
    }

    #[test]
    fn hits_a_second_are_of_counted_lines_and_fall_to_zero() {
        let mut counter = counter();
        counter.put(&Entry::At { thread: 0, stack: 1 }).expect("room");
        for (second, passes, rate) in [(0, 100, None), (1, 600, Some(500.0)), (2, 600, Some(0.0))] {
            ticks(&mut counter, second * 1_000, (second + 1) * 1_000);
            counter.put(&Entry::Hits { site: 1, passes }).expect("room");
            assert_eq!(lines(&counter, 60).1.lines[0].hits_per_s, rate, "second {second}");
        }
    }

    #[test]
    fn what_it_keeps_is_bounded() {
        let mut counter = counter();
        let learnt = (0..400_000).find(|_| counter.put(&site(30, false)).is_err());
        assert!(learnt.is_some());
        let mut quarter = Quarter::default();
        (0..100_000).for_each(|tid| quarter.add(tid, Where::Site(0), 1));
        assert!(quarter.cells.len() <= MAX_CELLS + 1);
        assert_eq!(quarter.cells.values().sum::<u64>(), 100_000);
    }
}
