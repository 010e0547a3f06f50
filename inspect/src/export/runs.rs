//! How each thread moved: from a recording's entries, or a live sampler's, to stretches at one place. What a
//! count adds up, viewers of time lines want one after the other.

use super::operations::Operation;
use crate::model::{BoardReport, Gauge};
use crate::recording::{Entry, Sink};
use crate::report::{Options, Tally};

/// Stretches that are kept; of 32 bytes each.
const MOST: usize = 2_000_000;

/// Levels that are followed.
const MOST_LEVELS: usize = 2_000;

/// A stretch of time in which every look found a thread at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Index of the thread.
    pub(super) thread: u32,
    /// Index of the stack; `None`: where it was could not be read.
    pub(super) stack: Option<u32>,
    /// From the first look that found it there, ns since the start.
    pub(super) from_ns: u64,
    /// To the first that found it elsewhere.
    pub(super) to_ns: u64,
    /// Looks in between.
    pub(super) samples: u64,
}

/// Where a thread is.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Where it was last said to be.
    stack: Option<u32>,
    torn: bool,
    /// What is open: stack, moment, ticks up to then.
    open: Option<(Option<u32>, u64, u64)>,
}

/// A count, and how it came to that.
#[derive(Debug, Default)]
pub struct Course {
    /// The count.
    pub tally: Tally,
    /// In the order in which they ended.
    pub(super) runs: Vec<Run>,
    /// Stretches that were not kept.
    pub(super) left_out: u64,
    places: Vec<Place>,
    moved: Vec<u32>,
    ticks: u64,
    now_ns: u64,
    steps: u64,
}

/// A level over time: a gauge, a queue's depth.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Level {
    /// Index of its board among those of the count.
    pub board: u32,
    /// What it is called.
    pub name: String,
    /// Moments, ns since the start, each with the level from then on.
    pub values: Vec<(u64, f64)>,
}

/// What was seen of boards beside the positions of their threads.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Beside {
    /// Operations, with the index of their board; times by the wall clock.
    pub operations: Vec<(u32, Operation)>,
    /// Levels.
    pub levels: Vec<Level>,
}

impl Beside {
    /// Takes what is said of a board at a moment, ns since the start of the count.
    pub fn look(&mut self, board: u32, at_ns: u64, report: &BoardReport) {
        let queues = report
            .queues
            .iter()
            .map(|queue| (format!("queue {}", queue.name.raw()), queue.depth as f64));
        let gauges = report.gauges.iter().map(|gauge| (labelled(gauge), gauge.value as f64));
        let mut fresh = Vec::new();
        for (name, value) in queues.chain(gauges) {
            let mut known = self.levels.iter_mut();
            match known.find(|level| level.board == board && level.name == name) {
                // A level that stands is told once.
                Some(level) if level.values.last().is_some_and(|(_, last)| *last == value) => {}
                Some(level) => level.values.push((at_ns, value)),
                None => fresh.push(Level { board, name, values: vec![(at_ns, value)] }),
            }
        }
        fresh.truncate(MOST_LEVELS.saturating_sub(self.levels.len()));
        self.levels.extend(fresh);
    }
}

/// A gauge's name with its labels.
fn labelled(gauge: &Gauge) -> String {
    let labels: Vec<&str> = gauge.labels.values().map(|value| value.raw()).collect();
    match labels.is_empty() {
        true => gauge.name.raw().to_owned(),
        false => format!("{} {}", gauge.name.raw(), labels.join(" ")),
    }
}

impl Course {
    /// Nothing yet.
    pub fn new(options: Options) -> Self {
        Self { tally: Tally::new(options), ..Self::default() }
    }

    /// Ends it.
    pub fn finish(&mut self) {
        self.tally.finish();
        for thread in 0..self.places.len() as u32 {
            self.close(thread, self.now_ns);
        }
        // By thread, each in the order of time.
        self.runs.sort_by_key(|run| (run.thread, run.from_ns, run.to_ns));
    }

    fn moves(&mut self, thread: u32, change: impl FnOnce(&mut Place)) {
        if let Some(place) = self.places.get_mut(thread as usize) {
            change(place);
            self.moved.push(thread);
        }
    }

    fn close(&mut self, thread: u32, at_ns: u64) {
        self.steps += 1;
        let Some(place) = self.places.get_mut(thread as usize) else { return };
        let Some((stack, from_ns, since)) = place.open.take() else { return };
        let samples = self.ticks - since;
        if samples == 0 {
            return;
        }
        if self.runs.len() >= MOST {
            self.left_out += 1;
            return;
        }
        let to_ns = at_ns.max(from_ns);
        self.runs.push(Run { thread, stack, from_ns, to_ns, samples });
    }

    fn place(&mut self, at_ns: u64) -> bool {
        let mut torn = Vec::new();
        for thread in std::mem::take(&mut self.moved) {
            let Some(&place) = self.places.get(thread as usize) else { continue };
            let here = match (place.torn, place.stack) {
                (_, None) => None,
                (true, _) => Some(None),
                (false, stack) => Some(stack),
            };
            if place.open.map(|(stack, ..)| stack) != here {
                self.close(thread, at_ns);
                let ticks = self.ticks;
                self.places[thread as usize].open = here.map(|stack| (stack, at_ns, ticks));
            }
            if place.torn {
                self.places[thread as usize].torn = false;
                torn.push(thread);
            }
        }
        // Torn is who was so at this one tick.
        self.moved.extend(&torn);
        !torn.is_empty()
    }

    fn step(&mut self, at_ns: u64, count: u64, period: u64) -> u64 {
        self.ticks = self.ticks.saturating_add(count);
        self.now_ns = at_ns.saturating_add(count.saturating_mul(period));
        self.now_ns
    }
}

impl Sink for Course {
    fn put(&mut self, entry: &Entry) -> std::io::Result<()> {
        match entry {
            Entry::Thread { .. } => self.places.push(Place::default()),
            Entry::At { thread, stack } => self.moves(*thread, |place| place.stack = Some(*stack)),
            Entry::Torn { thread } => self.moves(*thread, |place| place.torn = true),
            Entry::Gone { thread } => self.moves(*thread, |place| place.stack = None),
            Entry::Ticks { at_ns, count } if *count > 0 => {
                let period = self.tally.period_ns();
                let torn = self.place(*at_ns);
                if torn && *count > 1 {
                    let next = self.step(*at_ns, 1, period);
                    self.place(next);
                    self.step(next, count - 1, period);
                } else {
                    self.step(*at_ns, *count, period);
                }
            }
            _ => {}
        }
        self.tally.put(entry)
    }

    fn work(&self) -> u64 {
        Sink::work(&self.tally).saturating_add(self.steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::label::Label;

    fn course(entries: &[Entry]) -> Course {
        let mut course = Course::new(Options::default());
        let thread = Entry::Thread { board: 0, tid: 5, name: Label::from("t") };
        let start = [Entry::Start { rate_mhz: 1_000_000, wall_ns: 9 }];
        let known = [Entry::Stack(vec![]), Entry::Stack(vec![]), thread];
        for entry in start.iter().chain(&known).chain(entries) {
            course.put(entry).expect("room");
        }
        course.finish();
        course
    }

    #[test]
    fn stretches_meet_and_add_up_to_the_ticks() {
        const MS: u64 = 1_000_000;
        let at = |stack| Entry::At { thread: 0, stack };
        let ticks = |at_ms: u64, count| Entry::Ticks { at_ns: at_ms * MS, count };
        let torn = Entry::Torn { thread: 0 };
        let gone = Entry::Gone { thread: 0 };
        let course = course(&[
            at(0),
            ticks(0, 5),
            at(1),
            ticks(5, 2),
            torn.clone(),
            ticks(7, 3),
            at(0),
            ticks(10, 1),
            at(0),
            ticks(11, 1),
            gone,
            ticks(12, 9),
        ]);
        let runs: Vec<_> = course
            .runs
            .iter()
            .map(|run| (run.stack, run.from_ns / MS, run.to_ns / MS, run.samples))
            .collect();
        // Torn is the one tick; a place that is said again is the same stretch; nobody is anywhere once gone.
        assert_eq!(
            runs,
            [
                (Some(0), 0, 5, 5),
                (Some(1), 5, 7, 2),
                (None, 7, 8, 1),
                (Some(1), 8, 10, 2),
                (Some(0), 10, 12, 2)
            ]
        );
    }
}
