//! Samples counted as threads move: what a tick adds is put together for as long as nobody moves.

use probe::layout::Class;

use super::{Cell, Occupied, Tally};
use crate::report::stats::Sums;
use crate::words::glob::glob;
use crate::words::label::Label;

impl Tally {
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
        if !counts && !self.options.blame || !self.shows(cell) {
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

    pub(super) fn at(&mut self, thread: u32, stack: u32) {
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

    pub(super) fn gone(&mut self, thread: u32) {
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

    pub(super) fn torn(&mut self, thread: u32) {
        let known = self.threads.get(thread as usize).is_some_and(|thread| thread.cell.is_some());
        if known {
            self.cell(thread, None);
            self.threads[thread as usize].torn = true;
            self.moved.push(thread);
        }
    }

    /// A thread is asked for, and told, by the name that it took last.
    pub(super) fn renamed(&mut self, thread: u32, name: &Label) {
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
    pub(crate) fn now_ns(&self) -> u64 {
        self.duration_ns
    }

    pub(super) fn ticks(&mut self, at_ns: u64, count: u64) {
        let (mut at_ns, mut left) = (at_ns, count);
        while left > 0 {
            self.work += 1;
            let until = self.until_boundary(at_ns);
            let torn = self.place(at_ns);
            let step = if torn.is_empty() { left.min(until) } else { 1 };
            if self.at_work > 0.0 {
                self.shares += step as f64 / self.at_work;
                self.squares += step as f64 / (self.at_work * self.at_work);
                self.worked += step;
            }
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
            if !self.options.blame {
                self.add(before, samples);
            }
            self.enter(before, -1.0);
            self.worked_until_now(thread);
        }
        if let Some(cell) = cell {
            self.enter(cell, 1.0);
            if self.works(cell) {
                self.threads[thread as usize].works_since = Some((self.shares, self.ticks));
            }
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

    /// Ends a thread's stretch of work: its part of the ticks meanwhile.
    fn worked_until_now(&mut self, thread: u32) {
        let (shares, ticks) = (self.shares, self.ticks);
        let one = &mut self.threads[thread as usize];
        if let Some((then, since)) = one.works_since.take() {
            one.parallel += shares - then;
            one.worked += ticks - since;
        }
    }

    /// A thread waited for one that was there.
    pub(super) fn blamed(&mut self, (thread, stack): (u32, u32), (by, at): (u32, u32), ticks: u64) {
        if !self.options.blame || self.threads.len() <= by as usize {
            return;
        }
        if (thread, stack) == (by, at) {
            self.unblamed = self.unblamed.saturating_add(ticks);
        } else if self.stacks.len() > at as usize {
            let cell = self.cell(by, Some(at));
            self.add(cell, ticks);
        }
    }

    /// Whether a thread in a cell works, as far as its line tells.
    fn works(&self, cell: usize) -> bool {
        self.class(&self.cells[cell]) == Some(Class::Work)
    }

    /// A thread comes into a cell's row, or leaves it. Who was not asked for works beside those that were.
    fn enter(&mut self, cell: usize, by: f64) {
        let work = if self.works(cell) { by } else { 0.0 };
        if let Some(row) = self.cells[cell].row {
            self.sum(row);
            self.occupied[row].threads += by;
            self.occupied[row].at_work += work;
            self.counting += by;
        }
        self.at_work += work;
    }

    /// Brings the sums of a row up to now: since they were last, the threads in it were the same.
    fn sum(&mut self, row: usize) {
        let (now, n) = (self.ticks, self.n);
        let (shares, squares) = (self.shares, self.squares);
        let one = &mut self.occupied[row];
        let (times, c) = ((now - one.since) as f64, one.threads);
        let sums = &mut self.sums[row];
        sums.c += times * c;
        sums.cc += times * c * c;
        sums.cn += c * (n - one.n);
        sums.parallel += one.at_work * (shares - one.shares);
        sums.squares += one.at_work * one.at_work * (squares - one.squares);
        (one.since, one.n) = (now, n);
        (one.shares, one.squares) = (shares, squares);
    }

    /// Counts the samples of every thread up to now.
    pub(crate) fn count_until_now(&mut self) {
        self.work += self.live.len() as u64;
        for index in 0..self.live.len() {
            let one = &mut self.threads[self.live[index] as usize];
            let samples = self.ticks - std::mem::replace(&mut one.since, self.ticks);
            if let Some(cell) = one.counted.filter(|_| !self.options.blame) {
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
        (0..self.threads.len() as u32).for_each(|thread| self.worked_until_now(thread));
        (0..self.rows.len()).for_each(|row| self.sum(row));
        let open: Vec<_> = self.standing().collect();
        for (thread, cell, ns) in open {
            let now = self.now_ns();
            self.stall(thread, cell, now - ns, now, true);
        }
        self.keep_longest();
    }
}
