//! Entries counted: how many samples each thread spent in each stack, what that makes of each row, and
//! how it went over time. What it keeps is bounded by threads, stacks and 256 stretches of time, not by
//! the length of the recording.

use std::collections::HashMap;

use probe::layout::Class;

use super::row::{By, Key, Spot};
use super::stall::Stall;
use super::stats::Sums;
use super::stretch::Stretch;
use crate::recording::{BoardInfo, Entry, Sink, SiteInfo};
use crate::words::glob::glob;
use crate::words::label::Label;

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

/// Bytes that a count may hold, about: what comes from anywhere must not take all memory.
pub(super) const MOST_HELD: u64 = 192 << 20;

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
    /// How many threads are in each row, and what the sums have of that.
    occupied: Vec<Occupied>,
    /// Threads that count now.
    counting: f64,
    /// Threads whose place changed since the last tick.
    moved: Vec<u32>,
    /// Cells with samples that no stretch has yet.
    pub(super) fresh: Vec<usize>,
    /// Steps of work so far, and bytes held, about.
    pub(super) work: u64,
    pub(super) held: u64,
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

/// Threads in a row since a tick, and the sum of threads that counted up to it.
#[derive(Clone, Copy, Debug, Default)]
struct Occupied {
    threads: f64,
    since: u64,
    n: f64,
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

    fn cell(&mut self, thread: u32, stack: Option<u32>) -> usize {
        self.work += 1;
        if let Some(&cell) = self.index.get(&(thread, stack)) {
            return cell;
        }
        let mut cell = Cell { thread, stack, samples: 0, row: None, fresh: 0 };
        cell.row = self.row_of(&cell);
        self.cells.push(cell);
        let index = self.cells.len() - 1;
        self.index.insert((thread, stack), index);
        self.threads[thread as usize].cells.push(index);
        // A cell, what finds it, and the samples in a stretch or two.
        self.held += 160;
        index
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
        let key = self.key(cell, self.options.by);
        // To find it, its texts are read.
        self.work += key.weight() / 32;
        let held = 2 * key.size() + 96;
        let (rows, before) = (&mut self.rows, self.row_index.len());
        let row = *self.row_index.entry(key).or_insert_with_key(|key| {
            rows.push(key.clone());
            rows.len() - 1
        });
        self.held += if self.row_index.len() > before { held } else { 0 };
        self.sums.resize(self.rows.len(), Sums::default());
        self.occupied.resize(self.rows.len(), Occupied::default());
        Some(row)
    }

    fn at(&mut self, thread: u32, stack: u32) {
        if self.threads.len() <= thread as usize || self.stacks.len() <= stack as usize {
            return;
        }
        let cell = self.cell(thread, Some(stack));
        let one = &mut self.threads[thread as usize];
        if one.cell.is_none() {
            one.slot = self.live.len();
            self.live.push(thread);
        }
        if one.cell != Some(cell) {
            one.cell = Some(cell);
            self.moved.push(thread);
        }
    }

    fn gone(&mut self, thread: u32) {
        self.work += 1;
        let Some(one) = self.threads.get_mut(thread as usize) else { return };
        one.torn = false;
        if one.cell.take().is_some() {
            self.moved.push(thread);
            // The last one takes its place.
            let slot = one.slot;
            self.live.swap_remove(slot);
            if let Some(&other) = self.live.get(slot) {
                self.threads[other as usize].slot = slot;
            }
        }
        if let Some((cell, since)) = self.threads[thread as usize].still.take() {
            self.stall(thread, cell, since, self.now_ns(), false);
        }
    }

    fn torn(&mut self, thread: u32) {
        let known = self.threads.get(thread as usize).is_some_and(|thread| thread.cell.is_some());
        if known {
            self.cell(thread, None);
            self.threads[thread as usize].torn = true;
            self.moved.push(thread);
        }
    }

    /// A thread is asked for, and told, by the name that it took last.
    fn renamed(&mut self, thread: u32, name: &Label) {
        let pattern = self.options.thread.as_ref();
        let shown = pattern.is_none_or(|pattern| glob(pattern, name.raw()));
        if self.threads.len() <= thread as usize {
            return;
        }
        self.count(thread, None);
        let one = &mut self.threads[thread as usize];
        self.held += name.raw().len() as u64;
        name.clone_into(&mut one.name);
        one.shown = shown;
        // What it did before goes with it. Rare, and of no more cells than one thread has.
        let cells = std::mem::take(&mut one.cells);
        for &cell in &cells {
            self.work += 16;
            let row = self.row_of(&self.cells[cell].clone());
            self.cells[cell].row = row;
        }
        self.threads[thread as usize].cells = cells;
        self.moved.push(thread);
    }

    /// The end of the last tick's period.
    pub(super) fn now_ns(&self) -> u64 {
        self.duration_ns
    }

    fn ticks(&mut self, at_ns: u64, count: u64) {
        let (mut at_ns, mut left) = (at_ns, count);
        while left > 0 {
            self.work += 1;
            let until = self.until_boundary(at_ns);
            let torn = self.place(at_ns);
            let step = if torn.is_empty() { left.min(until) } else { 1 };
            self.n += step as f64 * self.counting;
            self.nn += step as f64 * self.counting * self.counting;
            self.ticks += step;
            left -= step;
            at_ns = at_ns.saturating_add(step.saturating_mul(self.period_ns()));
            self.duration_ns = at_ns;
            // Torn is who was so at this one tick.
            for &thread in &torn {
                self.threads[thread as usize].torn = false;
            }
            self.moved.extend(torn);
        }
    }

    /// Puts those that moved where they are from this tick on. Returns those that are torn at it.
    fn place(&mut self, at_ns: u64) -> Vec<u32> {
        let mut torn = Vec::new();
        for thread in std::mem::take(&mut self.moved) {
            self.work += 1;
            let one = &self.threads[thread as usize];
            let here = one.cell;
            let is_torn = one.torn && here.is_some();
            let cell = if is_torn { self.index.get(&(thread, None)).copied() } else { here };
            self.count(thread, cell);
            if is_torn {
                torn.push(thread);
                continue;
            }
            let Some(here) = here else { continue };
            let one = &mut self.threads[thread as usize];
            if one.still.is_none_or(|(cell, _)| cell != here) {
                let before = one.still.replace((here, at_ns));
                if let Some((cell, since)) = before {
                    self.stall(thread, cell, since, at_ns, false);
                }
                self.threads[thread as usize].passes = 0;
            }
        }
        torn
    }

    /// From the next tick on a thread's samples are of another cell; those before it are counted.
    fn count(&mut self, thread: u32, cell: Option<usize>) {
        let one = &mut self.threads[thread as usize];
        let samples = self.ticks - one.since;
        let before = std::mem::replace(&mut one.counted, cell);
        one.since = self.ticks;
        if let Some(before) = before {
            self.add(before, samples);
            self.enter(self.cells[before].row, -1.0);
        }
        if let Some(cell) = cell {
            self.enter(self.cells[cell].row, 1.0);
        }
    }

    fn add(&mut self, cell: usize, samples: u64) {
        let one = &mut self.cells[cell];
        if samples > 0 && one.fresh == 0 {
            self.fresh.push(cell);
        }
        one.samples += samples;
        one.fresh += samples;
    }

    /// A thread comes into a row, or leaves it.
    fn enter(&mut self, row: Option<usize>, by: f64) {
        let Some(row) = row else { return };
        self.sum(row);
        self.occupied[row].threads += by;
        self.counting += by;
    }

    /// Brings the sums of a row up to now: since they were last, the threads in it were the same.
    fn sum(&mut self, row: usize) {
        let (now, n) = (self.ticks, self.n);
        let one = &mut self.occupied[row];
        let (times, c) = ((now - one.since) as f64, one.threads);
        let sums = &mut self.sums[row];
        sums.c += times * c;
        sums.cc += times * c * c;
        sums.cn += c * (n - one.n);
        (one.since, one.n) = (now, n);
    }

    /// Counts the samples of every thread up to now.
    pub(super) fn count_until_now(&mut self) {
        self.work += self.live.len() as u64;
        for index in 0..self.live.len() {
            let one = &mut self.threads[self.live[index] as usize];
            let samples = self.ticks - std::mem::replace(&mut one.since, self.ticks);
            if let Some(cell) = one.counted {
                self.add(cell, samples);
            }
        }
    }

    /// Ends the count: what still stands is a stall that had not ended.
    pub fn finish(&mut self) {
        // Those that went after the last tick.
        for thread in std::mem::take(&mut self.moved) {
            self.count(thread, None);
        }
        self.close_stretch();
        (0..self.rows.len()).for_each(|row| self.sum(row));
        let open: Vec<_> = self.standing().collect();
        for (thread, cell, ns) in open {
            let now = self.now_ns();
            self.stall(thread, cell, now - ns, now, true);
        }
        self.keep_longest();
    }

    /// Takes one entry.
    pub fn take(&mut self, entry: &Entry) {
        self.work += 1;
        self.held += weight(entry);
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
                    counted: None,
                    since: 0,
                    slot: 0,
                    cells: Vec::new(),
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
        if self.held > MOST_HELD {
            return Err(std::io::Error::other(format!(
                "it needs more than {} MiB of memory; that is the limit",
                MOST_HELD >> 20
            )));
        }
        Ok(())
    }

    fn work(&self) -> u64 {
        self.work
    }
}

/// Bytes that an entry leaves behind, about.
fn weight(entry: &Entry) -> u64 {
    let text =
        |labels: &[&Label]| labels.iter().map(|label| label.raw().len() as u64 + 16).sum::<u64>();
    match entry {
        Entry::Board(board) => 128 + text(&[&board.name, &board.build, &board.program]),
        Entry::Site(site) => 128 + text(&[&site.file, &site.function, &site.label]),
        Entry::Stack(sites) => 40 + 4 * sites.len() as u64,
        Entry::Thread { name, .. } => 256 + text(&[name]),
        Entry::BoardEnd { verdict, .. } => 40 + text(&[verdict]),
        Entry::Hits { .. } | Entry::Unseen { .. } => 1,
        _ => 0,
    }
}
