//! Whom the screen shows: the boards of a target, what becomes of them, and who comes after them.

use std::collections::HashSet;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::histogram::Histogram;
use super::history::History;
use super::sampling::Sampler;
use crate::context::Look;
use crate::error::OpenError;
use crate::liveness::State;
use crate::locate::{self, Candidate, Target};
use crate::model::BoardReport;
use crate::open_board::{Found, OpenBoard};
use crate::proc;

/// Everything that one screenful is drawn from. It does not change while the screen is paused.
pub struct Seen {
    /// What is said of the board.
    pub report: BoardReport,
    /// Lines of the last seconds.
    pub histogram: Histogram,
    /// Values of the last minutes.
    pub history: Rc<History>,
    /// Processor time of the process since the time before, in percent of one core.
    pub cpu_pct: Option<f64>,
    /// Which board of how many, from 0.
    pub board: (usize, usize),
    /// Why the board could not be read any more: then the rest is as last read.
    pub trouble: Option<String>,
    /// Name of the board that is waited for, when this one's process is gone.
    pub waiting: Option<String>,
}

/// A board's file, one run of one process.
type Id = ((u64, u64), u32, u64);

fn id(candidate: &Candidate) -> Id {
    (candidate.id, candidate.pid, candidate.start)
}

/// The boards of a target.
pub struct Watch {
    boards: Vec<OpenBoard>,
    shown: usize,
    met: HashSet<Id>,
    /// Boards that may come after those there are; `None` for a saved one.
    pattern: Option<String>,
    rate_hz: u32,
    sampler: Option<Sampler>,
    history: Rc<History>,
    last: Option<BoardReport>,
    /// When, and processor time of the process so far in ticks.
    cpu: Option<(Instant, u64)>,
}

impl Watch {
    /// Watches boards, at least one; the first is shown.
    ///
    /// # Errors
    /// The sampler cannot be started, or there is no board.
    pub fn new(boards: Vec<OpenBoard>, target: &Target, rate_hz: u32) -> io::Result<Self> {
        let Some(first) = boards.first() else {
            return Err(io::Error::other("there is no board to watch"));
        };
        let pattern = match target {
            Target::Any => Some("*".to_owned()),
            Target::Name(pattern) => Some(pattern.clone()),
            Target::Pid(_) => Some(first.candidate.name.clone()),
            Target::File(_) => None,
        };
        let met = boards.iter().map(|board| id(&board.candidate)).collect();
        let mut watch = Self {
            boards,
            shown: 0,
            met,
            pattern,
            rate_hz,
            sampler: None,
            history: Rc::default(),
            last: None,
            cpu: None,
        };
        watch.begin()?;
        Ok(watch)
    }

    /// Begins with the board that is shown now.
    fn begin(&mut self) -> io::Result<()> {
        // The one before is ended first: two would disturb each other.
        self.sampler = None;
        (self.history, self.last, self.cpu) = (Rc::default(), None, None);
        let board = &mut self.boards[self.shown];
        if board.exists() && !board.is_saved() {
            // A board that cannot be read says so in its report.
            let _ = board.first_look();
            self.sampler = Some(Sampler::start(board.candidate.clone(), self.rate_hz)?);
        }
        Ok(())
    }

    /// Shows another board.
    ///
    /// # Errors
    /// The sampler cannot be started.
    pub fn turn(&mut self, by: isize) -> io::Result<()> {
        let shown = (self.shown as isize + by).rem_euclid(self.boards.len() as isize) as usize;
        if shown != self.shown {
            self.shown = shown;
            self.begin()?;
        }
        Ok(())
    }

    /// Looks at everything anew: who lives, who came, and what the shown board says.
    ///
    /// # Errors
    /// The first reading failed, or the sampler cannot be started.
    pub fn look(&mut self, over: Duration) -> Result<Seen, OpenError> {
        for board in &mut self.boards {
            board.look(Look::All);
        }
        self.follow();
        let now = Instant::now();
        let place = (self.shown, self.boards.len());
        let board = &mut self.boards[self.shown];
        let (report, trouble) = match (board.report(), self.last.take()) {
            (Ok(report), _) => (report, None),
            (Err(error), Some(last)) => {
                let state = board.context.state;
                (BoardReport { state, ..last }, Some(error.to_string()))
            }
            (Err(error), None) => return Err(error),
        };
        if report.state.exists() {
            Rc::make_mut(&mut self.history).take(&report, now);
        }
        let ticks = board.context.host_pid.and_then(proc::process).map(|one| one.cpu_ticks);
        let ticks = ticks.filter(|_| board.exists() && !board.is_saved()).map(|ticks| (now, ticks));
        let cpu_pct = self.cpu.zip(ticks).and_then(|((then, before), (now, ticks))| {
            // The kernel's unit is a hundredth of a second.
            let share =
                ticks.saturating_sub(before) as f64 / now.duration_since(then).as_secs_f64();
            Some(share).filter(|share| share.is_finite())
        });
        self.cpu = ticks;
        self.last = Some(report.clone());
        let gone = report.state == State::Dead;
        Ok(Seen {
            histogram: self.sampler.as_ref().map(|s| s.histogram(over)).unwrap_or_default(),
            history: Rc::clone(&self.history),
            cpu_pct,
            board: place,
            trouble,
            waiting: self.pattern.as_ref().filter(|_| gone).map(|_| board.candidate.name.clone()),
            report,
        })
    }

    /// Whether the sampler's thread panicked.
    pub fn broke(&mut self) -> bool {
        self.sampler.as_mut().is_some_and(Sampler::broke)
    }

    /// Takes in those that came and leaves out the dead, but for the one that is shown: that one is
    /// shown until somebody of its name comes after it.
    fn follow(&mut self) {
        let Some(pattern) = &self.pattern else { return };
        let gone = self.boards[self.shown].context.state == State::Dead;
        let mut new = match gone {
            // It may have been in a container: finding those takes a walk, which can be afforded now.
            true => locate::find(&Target::Name(pattern.clone())).unwrap_or_default(),
            false => locate::here(),
        };
        new.retain(|one| {
            crate::words::glob::glob(pattern, &one.name) && !self.met.contains(&id(one))
        });
        // One that cannot be opened yet is tried again.
        let found = Found::open(new, Look::All).boards;
        self.met.extend(found.iter().map(|board| id(&board.candidate)));
        let shown = id(&self.boards[self.shown].candidate);
        let name = self.boards[self.shown].candidate.name.clone();
        let came: Vec<OpenBoard> = found.into_iter().filter(OpenBoard::exists).collect();
        let heir = came.iter().find(|one| gone && one.candidate.name == name);
        let next = heir.map_or(shown, |heir| id(&heir.candidate));
        self.boards.extend(came);
        self.boards.retain(|one| id(&one.candidate) == next || one.context.state != State::Dead);
        let place = self.boards.iter().position(|one| id(&one.candidate) == next);
        self.shown = place.unwrap_or(0);
        if next != shown {
            // Without a sampler the rest is still worth seeing; the next turn tries again.
            let _ = self.begin();
        }
    }
}
