//! A thread that samples the boards that are recorded, and gathers what it saw by the second.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use probe::layout::Class;

use super::sampled::{COLUMN_NS, COLUMNS, Sampled};
use crate::context::Look;
use crate::locate::{self, Candidate, Target};
use crate::open_board::OpenBoard;
use crate::recording::{Entry, Sink};
use crate::sampler::background::{Background, Learnt};
use crate::sampler::{self, Machine, Options, Subject, Wish};
use crate::words::place::base;

const SECOND_NS: u64 = 1_000_000_000;
/// A second is whole when the sampler is so far beyond its end.
const BEYOND_NS: u64 = 100_000_000;
/// Seconds that wait to be taken; then the oldest are lost.
const MOST_WAITING: usize = 4_096;

/// Samples while it is there.
#[derive(Debug)]
pub struct Sampling {
    seen: Arc<Mutex<Seen>>,
    /// Held for its thread, which ends with it.
    _background: Background,
}

impl Sampling {
    /// Begins: boards that match, those too that come later, so many times a second.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(target: Target, rate_hz: u32) -> io::Result<Self> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let into = Arc::clone(&seen);
        let background = Background::start(move |stop| {
            let run = sample(&target, rate_hz, &into, stop);
            locked(&into).forget();
            run
        })?;
        Ok(Self { seen, _background: background })
    }

    /// The seconds that are over since this was last asked.
    pub fn take(&self) -> Vec<Sampled> {
        locked(&self.seen).take()
    }
}

fn locked(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One run of the sampler. An error: it has learnt too much.
fn sample(
    target: &Target,
    rate_hz: u32,
    seen: &Arc<Mutex<Seen>>,
    stop: &AtomicBool,
) -> io::Result<()> {
    let options = Options { rate_hz, follow: true, all_hits: false, duration: None };
    let mut known = HashSet::new();
    let first = fresh(target, &mut known);
    let mut next = SECOND_NS;
    let mut sink = Shared(Arc::clone(seen));
    sampler::run(first, &options, &mut Machine::new(), &mut sink, &mut |progress| {
        let mut wish = Wish::default();
        if stop.load(Ordering::Relaxed) {
            wish.stop = Some("nobody records any more".to_owned());
        } else if progress.elapsed_ns >= next {
            next = progress.elapsed_ns + SECOND_NS;
            wish.more = fresh(target, &mut known);
        }
        wish
    })
    .map(drop)
}

/// Boards that were not met before.
fn fresh(target: &Target, known: &mut HashSet<(u64, u64)>) -> Vec<Subject> {
    let found = locate::find(target).unwrap_or_default();
    let new: Vec<Candidate> = found.into_iter().filter(|one| known.insert(one.id)).collect();
    let open = |one: Candidate| OpenBoard::open(one, Look::Verdict).ok();
    let lives = |board: &OpenBoard| board.exists() && !board.context.foreign;
    new.into_iter().filter_map(open).filter(lives).map(Subject::from).collect()
}

struct Shared(Arc<Mutex<Seen>>);

impl Sink for Shared {
    fn put(&mut self, entry: &Entry) -> io::Result<()> {
        locked(&self.0).put(entry)
    }
}

/// A board that is sampled.
#[derive(Debug)]
struct BoardRun {
    name: String,
    pid: u64,
    instance: u64,
}

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    wall_ns: u64,
    period_ns: u64,
    boards_so_far: u32,
    /// Those whose process lives, by number: a tick costs nothing for what is over.
    boards: BTreeMap<u32, BoardRun>,
    /// Of each site what is done there, and its line.
    sites: Vec<(Class, String)>,
    /// Of each stack the site of its last line.
    stacks: Vec<Option<u32>>,
    /// Of each thread its board.
    threads: Vec<u32>,
    /// Of threads that are at a line and do not rest, its index.
    at: BTreeMap<u32, u32>,
    /// By second and board.
    seconds: BTreeMap<(u64, u32), Gathered>,
    /// Up to where all is seen, ns since 1970.
    seen_ns: u64,
    /// Seconds of a sampler before this one.
    finished: Vec<Sampled>,
    learnt: Learnt,
}

#[derive(Debug)]
struct Gathered {
    sampled: Sampled,
    lines: HashMap<u32, u64>,
}

impl Seen {
    pub(super) fn put(&mut self, entry: &Entry) -> io::Result<()> {
        if let Entry::Board(_) | Entry::Site(_) | Entry::Stack(_) | Entry::Thread { .. } = entry {
            self.learnt.more()?;
        }
        match entry {
            Entry::Start { rate_mhz, wall_ns } => {
                self.wall_ns = *wall_ns;
                self.period_ns = 1_000 * SECOND_NS / (*rate_mhz).max(1);
            }
            Entry::Board(info) => {
                let (name, pid, instance) = (info.name.raw().to_owned(), info.pid, info.instance);
                self.boards.insert(self.boards_so_far, BoardRun { name, pid, instance });
                self.boards_so_far += 1;
            }
            Entry::BoardEnd { board, .. } => _ = self.boards.remove(board),
            Entry::Site(site) => {
                let line = format!("{}:{} {}", base(site.file.raw()), site.line, site.label.raw());
                self.sites.push((site.class, line));
            }
            Entry::Stack(sites) => self.stacks.push(sites.last().copied()),
            Entry::Thread { board, .. } => self.threads.push(*board),
            Entry::At { thread, stack } => {
                let site = self.stacks.get(*stack as usize).copied().flatten();
                let works = |site: &u32| {
                    self.sites.get(*site as usize).is_some_and(|(class, _)| *class != Class::Idle)
                };
                let at = site.filter(works);
                self.move_to(*thread, at);
            }
            Entry::Gone { thread } => self.move_to(*thread, None),
            Entry::Ticks { at_ns, count } => {
                for tick in 0..*count {
                    let at = at_ns.saturating_add(tick.saturating_mul(self.period_ns));
                    self.tick(self.wall_ns.saturating_add(at));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn move_to(&mut self, thread: u32, at: Option<u32>) {
        match at {
            Some(site) => self.at.insert(thread, site),
            None => self.at.remove(&thread),
        };
    }

    fn tick(&mut self, wall_ns: u64) {
        let (second, column) =
            (wall_ns / SECOND_NS, (wall_ns % SECOND_NS / COLUMN_NS) as usize % COLUMNS);
        self.seen_ns = wall_ns;
        for (&number, board) in &self.boards {
            let fresh = || Gathered {
                sampled: Sampled::new(second * SECOND_NS, &board.name, board.pid, board.instance),
                lines: HashMap::new(),
            };
            let gathered = self.seconds.entry((second, number)).or_insert_with(fresh);
            gathered.sampled.columns[column].ticks += 1;
        }
        for (&thread, &at) in &self.at {
            let board = self.threads.get(thread as usize);
            let gathered = board.and_then(|&board| self.seconds.get_mut(&(second, board)));
            let Some(gathered) = gathered else { continue };
            let seen = &mut gathered.sampled.columns[column];
            match self.sites.get(at as usize) {
                Some((Class::Wait, _)) => seen.wait += 1,
                _ => seen.work += 1,
            }
            *gathered.lines.entry(at).or_default() += 1;
        }
        while self.seconds.len() > MOST_WAITING {
            self.seconds.pop_first();
        }
    }

    /// Seconds that are over; of a board at which nobody was anywhere nothing.
    pub(super) fn take(&mut self) -> Vec<Sampled> {
        let whole = self.seen_ns.saturating_sub(BEYOND_NS) / SECOND_NS;
        let rest = self.seconds.split_off(&(whole, 0));
        let over = std::mem::replace(&mut self.seconds, rest);
        let mut taken = std::mem::take(&mut self.finished);
        taken.extend(over.into_values().map(|one| self.finish(one)));
        taken
    }

    fn finish(&self, Gathered { mut sampled, lines }: Gathered) -> Sampled {
        let mut lines: Vec<(u32, u64)> = lines.into_iter().collect();
        lines.sort_by_key(|&(site, samples)| (std::cmp::Reverse(samples), site));
        let named = |(site, samples): (u32, u64)| {
            let name = self.sites.get(site as usize)?.1.clone();
            Some((name, samples))
        };
        sampled.lines = lines.into_iter().filter_map(named).collect();
        sampled
    }

    /// Another sampler begins from nothing. The second that is not over is its own.
    pub(super) fn forget(&mut self) {
        let finished = self.take();
        *self = Self { finished, ..Self::default() };
    }
}
