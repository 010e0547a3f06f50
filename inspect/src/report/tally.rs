//! Entries counted: how many samples each thread spent in each stack, what that makes of each row, and
//! how it went over time. What it keeps is bounded by threads, stacks and 256 stretches of time, not by
//! the length of the recording.

use std::collections::HashMap;

use probe::layout::Class;

use super::row::{By, Key};
use super::stall::Stall;
use super::stats::Sums;
use super::stretch::Stretch;
use crate::locate::glob;
use crate::recording::{BoardInfo, Entry, Sink, SiteInfo};
use crate::snapshot::Label;

/// What is wanted of a recording.
#[derive(Clone, Debug, Default)]
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
    /// How long at one line is a stall, ns; 0: a second.
    pub stall_ns: u64,
}

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
    /// Where and since when it has been at one place.
    pub(super) still: Option<(usize, u64)>,
    /// Passes of that place meanwhile.
    pub(super) passes: u64,
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
    pub(super) fresh: u64,
}

/// The count.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub(super) options: Options,
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
    pub(super) live: Vec<u32>,
    /// Rows that are occupied now, and by how many threads; valid unless `stale`.
    occupied: Vec<(usize, f64)>,
    counting: f64,
    stale: bool,
    any_torn: bool,
    /// Ticks delivered.
    pub ticks: u64,
    /// Ticks missed.
    pub missed: u64,
    /// Time sampled, ns.
    pub duration_ns: u64,
    /// Why it ended.
    pub why: Option<Label>,
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

impl Tally {
    /// An empty count.
    pub fn new(options: Options) -> Self {
        Self { options, stale: true, ..Self::default() }
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

    /// Whether a thread was asked for.
    pub fn shows(&self, cell: &Cell) -> bool {
        self.threads.get(cell.thread as usize).is_some_and(|thread| thread.shown)
    }

    fn cell(&mut self, thread: u32, stack: Option<u32>) -> usize {
        if let Some(&cell) = self.index.get(&(thread, stack)) {
            return cell;
        }
        let mut cell = Cell { thread, stack, samples: 0, row: None, fresh: 0 };
        cell.row = self.row_of(&cell);
        self.cells.push(cell);
        self.index.insert((thread, stack), self.cells.len() - 1);
        self.cells.len() - 1
    }

    /// The row that a cell belongs to, made if need be; `None` when it is not in the denominator.
    fn row_of(&mut self, cell: &Cell) -> Option<usize> {
        let counts = match cell.stack.map(|_| self.class(cell)) {
            // Where it was could not be read: it may have been anything.
            None => true,
            // It has reached no line.
            Some(None) => false,
            Some(Some(class)) => self.options.idle || class != Class::Idle,
        };
        if !counts || !self.shows(cell) {
            return None;
        }
        let key = Key::of(self, cell, self.options.by);
        let rows = &mut self.rows;
        let row = *self.row_index.entry(key).or_insert_with_key(|key| {
            rows.push(key.clone());
            rows.len() - 1
        });
        self.sums.resize(self.rows.len(), Sums::default());
        Some(row)
    }

    fn at(&mut self, thread: u32, stack: u32) {
        if self.threads.len() <= thread as usize || self.stacks.len() <= stack as usize {
            return;
        }
        let cell = self.cell(thread, Some(stack));
        let one = &mut self.threads[thread as usize];
        if one.cell.is_none() {
            self.live.push(thread);
        }
        if one.cell != Some(cell) {
            one.cell = Some(cell);
            self.stale = true;
        }
    }

    fn gone(&mut self, thread: u32) {
        self.live.retain(|&live| live != thread);
        self.stale = true;
        let Some(one) = self.threads.get_mut(thread as usize) else { return };
        one.cell = None;
        one.torn = false;
        if let Some((cell, since)) = one.still.take() {
            self.stall(thread, cell, since, self.now_ns(), false);
        }
    }

    fn torn(&mut self, thread: u32) {
        let known = self.threads.get(thread as usize).is_some_and(|thread| thread.cell.is_some());
        if known {
            self.cell(thread, None);
            self.threads[thread as usize].torn = true;
            (self.any_torn, self.stale) = (true, true);
        }
    }

    /// A thread is asked for, and told, by the name that it took last.
    fn renamed(&mut self, thread: u32, name: &Label) {
        let pattern = self.options.thread.as_ref();
        let shown = pattern.is_none_or(|pattern| glob(pattern, name.raw()));
        let Some(one) = self.threads.get_mut(thread as usize) else { return };
        name.clone_into(&mut one.name);
        one.shown = shown;
        // What it did before goes with it. Rare, and of no more cells than one thread has.
        let cells: Vec<usize> =
            (0..self.cells.len()).filter(|&cell| self.cells[cell].thread == thread).collect();
        for cell in cells {
            let row = self.row_of(&self.cells[cell].clone());
            self.cells[cell].row = row;
        }
        self.stale = true;
    }

    /// The end of the last tick's period.
    pub(super) fn now_ns(&self) -> u64 {
        self.duration_ns
    }

    fn ticks(&mut self, at_ns: u64, count: u64) {
        let (mut at_ns, mut left) = (at_ns, count);
        while left > 0 {
            let step = if self.any_torn { 1 } else { left.min(self.until_boundary(at_ns)) };
            self.some_ticks(at_ns, step);
            left -= step;
            at_ns = at_ns.saturating_add(step.saturating_mul(self.period_ns()));
        }
    }

    fn some_ticks(&mut self, at_ns: u64, count: u64) {
        self.until_boundary(at_ns);
        if self.stale {
            self.recount(at_ns);
        }
        for &thread in &self.live {
            let one = &self.threads[thread as usize];
            let cell = match one.torn {
                true => self.index.get(&(thread, None)).copied(),
                false => one.cell,
            };
            if let Some(cell) = cell {
                self.cells[cell].samples += count;
                self.cells[cell].fresh += count;
            }
        }
        let (times, n) = (count as f64, self.counting);
        for &(row, c) in &self.occupied {
            let sums = &mut self.sums[row];
            sums.c += times * c;
            sums.cc += times * c * c;
            sums.cn += times * c * n;
        }
        self.n += times * n;
        self.nn += times * n * n;
        self.ticks += count;
        self.duration_ns = at_ns.saturating_add(count.saturating_mul(self.period_ns()));
        if self.any_torn {
            self.threads.iter_mut().for_each(|thread| thread.torn = false);
            (self.any_torn, self.stale) = (false, true);
        }
    }

    /// Which rows are occupied, and who has begun to stand still.
    fn recount(&mut self, at_ns: u64) {
        self.stale = false;
        self.occupied.clear();
        self.counting = 0.0;
        let mut moved = Vec::new();
        for &thread in &self.live {
            let one = &mut self.threads[thread as usize];
            let Some(here) = one.cell else { continue };
            if !one.torn && one.still.is_none_or(|(cell, _)| cell != here) {
                moved.extend(one.still.replace((here, at_ns)).map(|still| (thread, still)));
            }
            let cell = if one.torn { self.index.get(&(thread, None)).copied() } else { Some(here) };
            let Some(row) = cell.and_then(|cell| self.cells[cell].row) else { continue };
            self.counting += 1.0;
            match self.occupied.iter_mut().find(|(known, _)| *known == row) {
                Some((_, c)) => *c += 1.0,
                None => self.occupied.push((row, 1.0)),
            }
        }
        for (thread, (cell, since)) in moved {
            self.stall(thread, cell, since, at_ns, false);
            self.threads[thread as usize].passes = 0;
        }
    }

    /// Ends the count: what still stands is a stall that had not ended.
    pub fn finish(&mut self) {
        self.close_stretch();
        let open: Vec<_> = self.standing().collect();
        for (thread, cell, ns) in open {
            let now = self.now_ns();
            self.stall(thread, cell, now - ns, now, true);
        }
        self.keep_longest();
    }

    /// Takes one entry.
    pub fn take(&mut self, entry: &Entry) {
        match entry {
            Entry::Start { rate_mhz, wall_ns } => {
                (self.rate_mhz, self.wall_ns) = (*rate_mhz, *wall_ns);
            }
            Entry::Board(board) => self.boards.push(board.clone()),
            Entry::Site(site) => self.sites.push(site.clone()),
            Entry::Stack(sites) => self.stacks.push(sites.clone()),
            Entry::Thread { board, tid, name } => {
                let pattern = self.options.thread.as_ref();
                self.threads.push(Thread {
                    board: *board,
                    tid: *tid,
                    name: name.clone(),
                    shown: pattern.is_none_or(|pattern| glob(pattern, name.raw())),
                    cell: None,
                    torn: false,
                    still: None,
                    passes: 0,
                });
            }
            Entry::At { thread, stack } => self.at(*thread, *stack),
            Entry::Torn { thread } => self.torn(*thread),
            Entry::Gone { thread } => self.gone(*thread),
            Entry::Ticks { at_ns, count } => self.ticks(*at_ns, *count),
            Entry::Missed(ticks) => self.missed = self.missed.saturating_add(*ticks),
            Entry::Hits { site, passes } => {
                self.hits_until = self.ticks;
                let known = self.hits.entry(*site).or_insert((*passes, *passes));
                let before = std::mem::replace(&mut known.1, *passes);
                self.passed(*site, passes.saturating_sub(before));
            }
            Entry::Renamed { thread, name } => self.renamed(*thread, name),
            Entry::Unseen { board, threads, without_room } => {
                let known = self.unseen.entry(*board).or_default();
                *known = (known.0.max(*threads), known.1.max(*without_room));
            }
            Entry::BoardEnd { board, verdict } => self.ends.push((*board, verdict.clone())),
            Entry::End { duration_ns, why } => {
                self.duration_ns = *duration_ns;
                self.why = Some(why.clone());
            }
        }
    }
}

impl Sink for Tally {
    fn put(&mut self, entry: &Entry) -> std::io::Result<()> {
        self.take(entry);
        Ok(())
    }
}
