//! Entries counted: how many samples each thread spent in each stack, what that makes of each row, and
//! how it went over time. What it keeps is bounded by threads, stacks and 256 stretches of time, not by
//! the length of the recording.

mod counting;
mod entries;

use std::collections::HashMap;

use probe::layout::Class;

use crate::recording::{BoardInfo, SiteInfo};
use crate::report::row::{By, Key, Spot, Weight};
use crate::report::stall::Stall;
use crate::report::stats::Sums;
use crate::report::stretch::Stretch;
use crate::words::label::Label;

/// What is wanted of a recording.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// What a row is.
    pub by: By,
    /// Count idle samples too.
    pub idle: bool,
    /// Shares of all time of the threads, also idle and outside of every line.
    pub whole: bool,
    /// Only threads whose name matches.
    pub thread: Option<String>,
    /// Only rows whose file, function or label matches; the denominator stays.
    pub filter: Option<String>,
    /// What a share is of.
    pub weight: Weight,
    /// Samples are those of threads that wait, each charged to where the one is who could act.
    pub blame: bool,
    /// How long at one line is a stall, ns; 0: a second.
    pub stall_ns: u64,
}

/// Bytes that a count may hold, about: what comes from anywhere must not take all memory.
pub(crate) const MOST_HELD: u64 = 192 << 20;

/// One thread.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Index of its board.
    pub board: u32,
    /// Thread id.
    pub tid: u64,
    /// Name.
    pub name: Label,
    shown: bool,
    cell: Option<usize>,
    torn: bool,
    /// The cell that its samples belong to since tick `since`.
    counted: Option<usize>,
    since: u64,
    /// Where it stands among those that live.
    slot: usize,
    /// Its cells.
    cells: Vec<usize>,
    /// Where and since when it has been at one place.
    pub(crate) still: Option<(usize, u64)>,
    /// Passes of that place meanwhile.
    pub(crate) passes: u64,
    /// While it works: the sum of shares, and the tick, when it began to.
    works_since: Option<(f64, u64)>,
    /// Its part of ticks, each shared by those that worked at it.
    pub parallel: f64,
    /// Ticks at which it worked.
    pub worked: u64,
}

/// One thread in one stack.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Index of the thread.
    pub thread: u32,
    /// Index of the stack; `None`: torn.
    pub stack: Option<u32>,
    /// Samples.
    pub samples: u64,
    /// Row that it belongs to; `None`: not in the denominator.
    pub row: Option<usize>,
    pub(crate) fresh: u64,
}

/// The count.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub(crate) options: Options,
    /// Ticks wanted, a thousandth of one a second.
    pub rate_mhz: u64,
    /// When it began, ns since 1970.
    pub wall_ns: u64,
    /// Boards.
    pub boards: Vec<BoardInfo>,
    /// Threads of each board's process that were not seen: the most at a time, and how many found no room
    /// on the board.
    pub unseen: HashMap<u32, (u64, u64)>,
    /// How their processes ended.
    pub ends: Vec<(u32, Label)>,
    /// Sites.
    pub sites: Vec<SiteInfo>,
    /// Stacks: sites, outermost first.
    pub stacks: Vec<Vec<u32>>,
    /// Threads.
    pub threads: Vec<Thread>,
    /// Threads in their stacks.
    pub cells: Vec<Cell>,
    index: HashMap<(u32, Option<u32>), usize>,
    /// Rows, by number.
    pub rows: Vec<Key>,
    row_index: HashMap<Key, usize>,
    /// Sums of each row.
    pub sums: Vec<Sums>,
    /// Sum of the number of threads that count, over ticks.
    pub n: f64,
    /// Sum of its square.
    pub nn: f64,
    pub(crate) live: Vec<u32>,
    /// How many threads are in each row, and what the sums have of that.
    occupied: Vec<Occupied>,
    /// Threads that count now.
    counting: f64,
    /// Threads that work now; over ticks at which some did, the sum of one over their number, and of its square; and
    /// those ticks.
    at_work: f64,
    shares: f64,
    squares: f64,
    pub(crate) worked: u64,
    /// Threads whose place changed since the last tick.
    moved: Vec<u32>,
    /// Cells with samples that no stretch has yet.
    pub(crate) fresh: Vec<usize>,
    /// Steps of work so far, and bytes held, about.
    pub(crate) work: u64,
    pub(crate) held: u64,
    /// Ticks delivered.
    pub ticks: u64,
    /// Ticks missed.
    pub missed: u64,
    /// Time sampled, ns.
    pub duration_ns: u64,
    /// Why it ended.
    pub why: Option<Label>,
    /// With `Options::blame`: samples of threads of which nobody knows for whom they wait.
    pub unblamed: u64,
    /// Passes of a counted site at its first and last reading.
    pub hits: HashMap<u32, (u64, u64)>,
    /// Ticks delivered before the last reading of any.
    pub hits_until: u64,
    /// Stretches of time, from `first_ns` on.
    pub stretches: Vec<Stretch>,
    /// Length of a stretch, ns.
    pub stretch_ns: u64,
    /// Moment of the first tick, ns.
    pub first_ns: Option<u64>,
    /// Long times at one line, as they ended.
    pub stalls: Vec<Stall>,
}

/// Threads in a row since a tick, and the sum of threads that counted up to it.
#[derive(Clone, Copy, Debug, Default)]
struct Occupied {
    threads: f64,
    since: u64,
    n: f64,
    /// Those of them that work, and the sums of shares up to that tick.
    at_work: f64,
    shares: f64,
    squares: f64,
}

impl Tally {
    /// An empty count.
    pub fn new(options: Options) -> Self {
        Self { options, ..Self::default() }
    }

    /// Steps of work so far: about as many as there were changes.
    pub fn work(&self) -> u64 {
        self.work
    }

    /// Bytes that it holds, about.
    pub fn held(&self) -> u64 {
        self.held
    }

    /// What was asked for.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Time between two ticks, ns.
    pub fn period_ns(&self) -> u64 {
        1_000_000_000_000 / self.rate_mhz.max(1)
    }

    /// The site where a stack is.
    pub fn leaf(&self, stack: u32) -> Option<&SiteInfo> {
        self.sites.get(*self.stacks.get(stack as usize)?.last()? as usize)
    }

    /// The class of a cell; `None` where it is not known.
    pub fn class(&self, cell: &Cell) -> Option<Class> {
        self.leaf(cell.stack?).map(|site| site.class)
    }

    /// Whether samples of a thread in a stack (torn, without one) are among those that were asked for.
    pub fn counts(&self, thread: u32, stack: Option<u32>) -> bool {
        let class = match stack {
            None => None,
            Some(stack) => match self.leaf(stack) {
                None => return false,
                Some(site) => Some(site.class),
            },
        };
        let shown = self.threads.get(thread as usize).is_some_and(|thread| thread.shown);
        shown && (self.options.idle || class != Some(Class::Idle))
    }

    /// Whether a thread was asked for.
    pub fn shows(&self, cell: &Cell) -> bool {
        self.threads.get(cell.thread as usize).is_some_and(|thread| thread.shown)
    }

    /// The row of a cell.
    pub fn key(&self, cell: &Cell, by: By) -> Key {
        let Some(stack) = cell.stack else { return Key::Torn };
        let Some(site) = self.leaf(stack) else { return Key::Torn };
        match by {
            By::Line => Key::Line(site.into()),
            By::Function => Key::Function(site.file.clone(), site.function.clone(), site.class),
            By::Label => Key::Label(site.label.clone(), site.class),
            By::Thread => {
                let Some(thread) = self.threads.get(cell.thread as usize) else {
                    return Key::Torn;
                };
                let pid = self.boards.get(thread.board as usize).map_or(0, |board| board.pid);
                Key::Thread(thread.name.clone(), pid, thread.tid)
            }
            By::Stack => {
                let sites = self.stacks.get(stack as usize).into_iter().flatten();
                let sites = sites.filter_map(|&site| self.sites.get(site as usize));
                Key::Stack(sites.map(Spot::from).collect())
            }
        }
    }
}
