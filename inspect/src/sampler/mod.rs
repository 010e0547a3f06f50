//! The sampler: looks at the positions of every thread of some boards, so many times a second, and says
//! what it saw as [`Entry`]s. It maps boards read-only and reads; nothing of the daemon's is
//! written, locked, signalled or asked.

mod board_sampler;
mod clock;
mod names;
mod pace;
mod process_threads;
mod rest;
mod runs;
mod words;

use std::io;
use std::time::Duration;

pub use board_sampler::BoardSampler;
pub use clock::{Clock, Machine};
pub use names::Numbers;
pub use pace::{Pace, Tick};
pub use process_threads::ProcessThreads;

use crate::context::{Context, Look};
use crate::liveness::{Asking, State};
use crate::open_board::OpenBoard;
use crate::recording::{Entry, Sink};
use crate::snapshot::Board;
use crate::source::Source;
use crate::words::label::Label;
use runs::Runs;

/// Time between two looks at whether a process lives and whether to go on.
const CHECK_NS: u64 = 10_000_000;
/// Time between two whole verdicts, where the lock alone says that it lives.
const VERDICT_NS: u64 = 500_000_000;
/// Time between two readings of hit counts.
const HITS_NS: u64 = 1_000_000_000;
/// Time between looks for threads that rest: as long as between two of the keeper's.
const REST_NS: u64 = 100_000_000;

/// Says how a board's process ended, or `None` while it runs. Gets the moment.
pub type Life = Box<dyn FnMut(&Board, u64) -> Option<String>>;

/// A board to be sampled.
pub struct Subject {
    /// The board.
    pub board: Board,
    /// Whether its process runs.
    pub life: Life,
    /// What the kernel says of its threads; `None`: nobody is asked.
    pub process_threads: Option<ProcessThreads>,
}

impl From<OpenBoard> for Subject {
    fn from(attached: OpenBoard) -> Self {
        let mut next_verdict = 0;
        let process_threads = ProcessThreads::of(&attached);
        let mut memory = attached.memory;
        // Between two ticks nothing is waited for.
        let asking = Asking { may_be_copy: false, patient: false };
        Self {
            process_threads,
            board: attached.board,
            life: Box::new(move |board, now| {
                let (Source::Map(_, file) | Source::Copy(file)) = &board.source else {
                    return Some("a saved board".to_owned());
                };
                if now < next_verdict && file.lock_held() == Some(true) {
                    return None;
                }
                next_verdict = now + VERDICT_NS;
                let context =
                    Context::observe(file, &board.header, asking, &mut memory, Look::Verdict);
                (context.state == State::Dead).then_some(context.verdict)
            }),
        }
    }
}

/// How to sample.
#[derive(Clone, Copy, Debug)]
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

/// How far it has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
pub struct Wish {
    /// Stop, for this reason.
    pub stop: Option<String>,
    /// Also sample these.
    pub more: Vec<Subject>,
}

struct Watched {
    subject: Subject,
    sampler: BoardSampler,
    alive: bool,
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
    let mut numbers = Numbers::default();
    let mut watched = Vec::new();
    join(subjects, &mut watched, &mut numbers, sink)?;
    let start = clock.now();
    let until = options
        .duration
        .map(|time| start.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)));
    let mut pace = Pace::new(start, period, start ^ 0x9e37_79b9_7f4a_7c15);
    let mut progress = Progress::default();
    let (mut next_check, mut next_hits) = (start + CHECK_NS, start + HITS_NS);
    let mut next_rest = start + REST_NS;
    let sink = &mut Runs::new(sink, period);
    let mut now = start;
    let why = 'sampling: loop {
        let tick = pace.next(now);
        let end = until.filter(|&until| tick.at >= until);
        let moment = end.unwrap_or(tick.at);
        loop {
            if now >= next_check {
                next_check = now + CHECK_NS;
                sink.flush()?;
                check(&mut watched, now, sink)?;
                names(&mut watched, sink)?;
                progress.elapsed_ns = now - start;
                progress.boards = watched.iter().filter(|one| one.alive).count();
                progress.threads = watched.iter().map(|one| one.sampler.threads()).sum();
                let wish = ask(&progress);
                join(wish.more, &mut watched, &mut numbers, sink)?;
                if let Some(why) = wish.stop {
                    break 'sampling why;
                }
                if !options.follow && !watched.iter().any(|one| one.alive) {
                    break 'sampling "every process ended".to_owned();
                }
                now = clock.now();
            }
            if now >= moment {
                break;
            }
            // Slices, so that the end of the process is noticed at a low rate too.
            clock.sleep_until(moment.min(now + 2 * CHECK_NS));
            now = clock.now();
        }
        if end.is_some() {
            break "as long as asked".to_owned();
        }
        if tick.missed > 0 {
            progress.missed += tick.missed;
            sink.put(&Entry::Missed(tick.missed))?;
        }
        for one in watched.iter_mut().filter(|one| one.alive) {
            one.sampler.look(&one.subject.board, &mut numbers, sink)?;
            progress.samples += one.sampler.threads() as u64;
        }
        progress.ticks += 1;
        if now >= next_rest {
            next_rest = now + REST_NS;
            for one in watched.iter_mut().filter(|one| one.alive) {
                one.sampler.rest(&one.subject.board, &mut numbers, sink)?;
            }
        }
        // Before the tick: the hits of a second belong to the chunk that it ends.
        if now >= next_hits {
            next_hits = now + HITS_NS;
            hits(&mut watched, options.all_hits, sink)?;
            count(&mut watched, sink)?;
        }
        sink.put(&Entry::Ticks { at_ns: tick.index * period, count: 1 })?;
        now = clock.now();
    };
    hits(&mut watched, options.all_hits, sink)?;
    count(&mut watched, sink)?;
    progress.elapsed_ns = clock.now() - start;
    let duration_ns = progress.elapsed_ns;
    sink.put(&Entry::End { duration_ns, why: Label::from(why.as_str()) })?;
    Ok(progress)
}

/// Takes boards in.
fn join(
    subjects: Vec<Subject>,
    watched: &mut Vec<Watched>,
    numbers: &mut Numbers,
    sink: &mut dyn Sink,
) -> io::Result<()> {
    for subject in subjects {
        if let Some(mut sampler) = BoardSampler::open(&subject.board, numbers, sink)? {
            sampler.hits(&subject.board, true, sink)?;
            watched.push(Watched { subject, sampler, alive: true });
        }
    }
    Ok(())
}

/// Notices processes that ended.
fn check(watched: &mut [Watched], now: u64, sink: &mut dyn Sink) -> io::Result<()> {
    for one in watched.iter_mut().filter(|one| one.alive) {
        let Watched { subject, sampler, alive } = one;
        let ended = match (subject.life)(&subject.board, now) {
            None if subject.board.source.lost_pages() => Some("its board was cut".to_owned()),
            ended => ended,
        };
        if let Some(verdict) = ended {
            *alive = false;
            sampler.hits(&subject.board, false, sink)?;
            sampler.leave_all(sink)?;
            let verdict = Label::from(verdict.as_str());
            sink.put(&Entry::BoardEnd { board: sampler.board, verdict })?;
        }
    }
    Ok(())
}

/// Says how many threads are out of sight.
fn count(watched: &mut [Watched], sink: &mut dyn Sink) -> io::Result<()> {
    for one in watched.iter_mut().filter(|one| one.alive) {
        let Watched { subject, sampler, .. } = one;
        if let Some(process_threads) = &mut subject.process_threads {
            process_threads.count(&subject.board, sampler, sink)?;
        }
    }
    Ok(())
}

/// Asks for one thread's name of each board: all of them in turn.
fn names(watched: &mut [Watched], sink: &mut dyn Sink) -> io::Result<()> {
    for one in watched.iter_mut().filter(|one| one.alive) {
        if let Some(process_threads) = &mut one.subject.process_threads {
            process_threads.name(&mut one.sampler, sink)?;
        }
    }
    Ok(())
}

fn hits(watched: &mut [Watched], all: bool, sink: &mut dyn Sink) -> io::Result<()> {
    for one in watched.iter_mut().filter(|one| one.alive) {
        one.sampler.hits(&one.subject.board, all, sink)?;
    }
    Ok(())
}
