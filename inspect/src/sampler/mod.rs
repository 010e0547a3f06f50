//! The sampler: looks at the positions of every thread of some boards, so many times a second, and says
//! what it saw as [`Entry`]s. It maps boards read-only and reads; nothing of the daemon's is
//! written, locked, signalled or asked.

pub(crate) mod background;
mod blame;
mod board_sampler;
mod clock;
mod names;
mod pace;
mod process_threads;
mod rest;
mod runs;
mod subject;
mod waits;
mod watched;
mod words;

use std::io;
use std::time::Duration;

pub use board_sampler::BoardSampler;
pub use clock::{Clock, Machine, Spinning};
pub use names::Numbers;
pub use pace::{Pace, Tick};
pub use process_threads::ProcessThreads;
pub use subject::{Life, Subject};

use crate::recording::{Entry, Sink};
use crate::words::label::Label;
use runs::Runs;
use watched::Boards;

/// Time between two looks at whether a process lives and whether to go on.
const CHECK_NS: u64 = 10_000_000;
/// Time between two questions for the name of one thread of each board, in turn: a file under `/proc` costs as much as
/// three ticks.
const NAME_NS: u64 = 40_000_000;
/// Time between two readings of hit counts.
const HITS_NS: u64 = 1_000_000_000;
/// Time between looks for threads that rest: as long as between two of the keeper's.
const REST_NS: u64 = 100_000_000;

/// How to sample.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Ticks a second.
    pub rate_hz: u32,
    /// For how long; without it, until the processes end or the caller says so.
    pub duration: Option<Duration>,
    /// Go on when no process is left, and look for others.
    pub follow: bool,
    /// Say the hit counts of every site every second, also where they did not change: whoever shows rates
    /// wants to see them fall to zero.
    pub all_hits: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { rate_hz: 1_000, duration: None, follow: false, all_hits: false }
    }
}

impl Options {
    /// So long, and else as by default.
    pub fn lasting(duration: Duration) -> Self {
        Self { duration: Some(duration), ..Self::default() }
    }
}

/// How far it has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Ticks delivered.
    pub ticks: u64,
    /// Ticks that were due and not delivered.
    pub missed: u64,
    /// Threads looked at, over all ticks.
    pub samples: u64,
    /// Time since the start, ns.
    pub elapsed_ns: u64,
    /// Threads in sight.
    pub threads: usize,
    /// Boards whose process lives.
    pub boards: usize,
}

/// What the caller wants after a look at the progress.
#[derive(Default)]
#[non_exhaustive]
pub struct Wish {
    /// Stop, for this reason.
    pub stop: Option<String>,
    /// Also sample these.
    pub more: Vec<Subject>,
}

/// Samples until the time is up, every process ended, or `ask` (called a hundred times a second) says
/// so. Returns how far it came.
///
/// # Errors
/// The sink refused.
pub fn run(
    subjects: Vec<Subject>,
    options: &Options,
    clock: &mut impl Clock,
    sink: &mut dyn Sink,
    ask: &mut dyn FnMut(&Progress) -> Wish,
) -> io::Result<Progress> {
    let period = 1_000_000_000 / u64::from(options.rate_hz.max(1));
    let wall_ns = crate::clock::Moment::now(false).wall_ns;
    sink.put(&Entry::Start { rate_mhz: u64::from(options.rate_hz) * 1_000, wall_ns })?;
    let mut boards = Boards::default();
    boards.join(subjects, sink)?;
    let start = clock.now();
    let until = options
        .duration
        .map(|time| start.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)));
    let mut pace = Pace::new(start, period, start ^ 0x9e37_79b9_7f4a_7c15);
    let due =
        Due { check: start + CHECK_NS, name: start, hits: start + HITS_NS, rest: start + REST_NS };
    let progress = Progress::default();
    let mut run = Run { boards, progress, due, options, start, now: start };
    let sink = &mut Runs::new(sink, period);
    let why = loop {
        let tick = pace.next(run.now);
        let end = until.filter(|&until| tick.at >= until);
        if let Some(why) = run.wait(end.unwrap_or(tick.at), clock, sink, ask)? {
            break why;
        }
        if let Some(end) = end {
            // Of the periods that went by meanwhile, those before the end.
            let told = tick.index - tick.missed;
            run.miss(tick.index.min((end - start) / period).saturating_sub(told), sink)?;
            break "as long as asked".to_owned();
        }
        run.miss(tick.missed, sink)?;
        run.look(sink)?;
        sink.put(&Entry::Ticks { at_ns: tick.index * period, count: 1 })?;
        run.now = clock.now();
    };
    run.hits(sink)?;
    run.progress.elapsed_ns = clock.now() - start;
    let duration_ns = run.progress.elapsed_ns;
    sink.put(&Entry::End { duration_ns, why: Label::from(why.as_str()) })?;
    Ok(run.progress)
}

/// When what is not done at every tick is done again.
struct Due {
    check: u64,
    name: u64,
    hits: u64,
    rest: u64,
}

/// One run of the sampler.
struct Run<'a> {
    boards: Boards,
    progress: Progress,
    due: Due,
    options: &'a Options,
    start: u64,
    now: u64,
}

impl Run<'_> {
    /// Waits until a moment, and asks meanwhile who lives and whether to go on: why not, or `None`.
    fn wait(
        &mut self,
        moment: u64,
        clock: &mut impl Clock,
        sink: &mut Runs<'_>,
        ask: &mut dyn FnMut(&Progress) -> Wish,
    ) -> io::Result<Option<String>> {
        loop {
            if self.now >= self.due.check {
                self.due.check = self.now + CHECK_NS;
                sink.flush()?;
                self.boards.check(self.now, sink)?;
                if self.now >= self.due.name {
                    self.due.name = self.now + NAME_NS;
                    self.boards.names(sink)?;
                }
                self.progress.elapsed_ns = self.now - self.start;
                (self.progress.boards, self.progress.threads) = self.boards.sizes();
                let wish = ask(&self.progress);
                self.boards.join(wish.more, sink)?;
                if wish.stop.is_some() {
                    return Ok(wish.stop);
                }
                if !self.options.follow && !self.boards.any_alive() {
                    return Ok(Some("every process ended".to_owned()));
                }
                self.now = clock.now();
            }
            if self.now >= moment {
                return Ok(None);
            }
            // Slices, so that the end of the process is noticed at a low rate too.
            clock.sleep_until(moment.min(self.now + 2 * CHECK_NS));
            self.now = clock.now();
        }
    }

    /// So many ticks were due and not delivered.
    fn miss(&mut self, ticks: u64, sink: &mut dyn Sink) -> io::Result<()> {
        self.progress.missed += ticks;
        if ticks > 0 { sink.put(&Entry::Missed(ticks)) } else { Ok(()) }
    }

    /// Looks at every thread, and now and then at the rest.
    fn look(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        self.progress.samples += self.boards.look(sink)?;
        self.progress.ticks += 1;
        if self.now >= self.due.rest {
            self.due.rest = self.now + REST_NS;
            self.boards.rest(sink)?;
        }
        // Before the tick: the hits of a second belong to the chunk that it ends.
        if self.now >= self.due.hits {
            self.due.hits = self.now + HITS_NS;
            self.hits(sink)?;
        }
        Ok(())
    }

    fn hits(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        self.boards.blame(sink)?;
        self.boards.hits(self.options.all_hits, sink)?;
        self.boards.count(sink)
    }
}
