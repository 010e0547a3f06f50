//! The samples of about a second, thread by thread: how long each was where. A thread's places are
//! alike from tick to tick and from second to second, so a column of them packs far better than what
//! changed at each tick would; a thread at rest is one run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::budget::Budget;
use super::entry::Entry;
use super::wire::{Bytes, put};

/// Symbol of a tick at which a thread's place could not be read; stacks follow.
const TORN: u32 = 0;
/// Instead of a column: the thread has none in this chunk; it is gone for good.
const NONE: u32 = u32::MAX;
const GONE: u32 = u32::MAX - 1;
/// Ticks of one run at most, and of a chunk.
const MAX_TICKS: u64 = 1 << 32;
/// Runs after which a chunk is closed whatever its length: keeps the payload below its bound.
const MANY_RUNS: usize = 1 << 19;
/// Rows of ticks, and threads, of a chunk that are believed at most.
const MAX_ROWS: u32 = 1 << 20;
/// Moments that are believed, ns since the start: 146 years.
const LAST_NS: u64 = 1 << 62;

/// One thread, from its first tick in the chunk on.
#[derive(Clone, Debug)]
struct Column {
    thread: u32,
    /// Ticks of the chunk before it came.
    first: u64,
    /// Ticks of the chunk when it went.
    gone: Option<u64>,
    /// Where it was at `first`.
    place: u32,
    /// Where it is, and since when, in ticks of the chunk.
    stack: u32,
    since: u64,
    /// Stack plus 1 (or [`TORN`]) and ticks, one after the other.
    runs: Vec<(u32, u64)>,
}

impl Column {
    /// Ticks of the chunk, which has so many, at which it was there.
    fn length(&self, ticks: u64) -> u64 {
        self.gone.unwrap_or(ticks) - self.first
    }

    /// Ends the run that goes on until `tick`.
    fn close(&mut self, tick: u64) {
        if tick > self.since {
            self.runs.push((self.stack + 1, tick - self.since));
            self.since = tick;
        }
    }
}

/// The columns of the chunk that is being filled.
#[derive(Debug, Default)]
pub(super) struct Columns {
    columns: Vec<Column>,
    /// Column of each thread.
    of: Vec<u32>,
    ticks: u64,
    runs: usize,
    /// Ticks in a row, and ticks missed after them.
    segments: Vec<(u64, u64)>,
    row: u64,
    /// How often each stack's symbol occurs, then its number in this chunk.
    symbols: Vec<u32>,
}

impl Columns {
    fn of(&mut self, thread: u32) -> Option<&mut Column> {
        self.columns.get_mut(*self.of.get(thread as usize)? as usize)
    }

    /// From here on, the thread is there.
    pub(super) fn at(&mut self, thread: u32, stack: u32) {
        let tick = self.ticks;
        match self.of(thread) {
            Some(column) if column.stack == stack => {}
            Some(column) => {
                let before = column.runs.len();
                column.close(tick);
                let more = column.runs.len() - before;
                column.stack = stack;
                if column.runs.is_empty() {
                    column.place = stack;
                }
                self.runs += more;
            }
            None => {
                if self.of.get(thread as usize) == Some(&GONE) {
                    return;
                }
                if self.of.len() <= thread as usize {
                    self.of.resize(thread as usize + 1, NONE);
                }
                self.of[thread as usize] = self.columns.len() as u32;
                self.columns.push(Column {
                    thread,
                    first: tick,
                    gone: None,
                    place: stack,
                    stack,
                    since: tick,
                    runs: Vec::new(),
                });
            }
        }
    }

    /// At the next tick alone, where it was could not be read.
    pub(super) fn torn(&mut self, thread: u32) {
        let tick = self.ticks;
        if let Some(column) = self.of(thread)
            && column.since <= tick
        {
            column.close(tick);
            column.runs.push((TORN, 1));
            column.since = tick + 1;
            self.runs += 2;
        }
    }

    /// The thread went.
    pub(super) fn gone(&mut self, thread: u32) {
        let tick = self.ticks;
        if let Some(column) = self.of(thread) {
            column.close(tick);
            // Torn at a tick that it did not live to see.
            if column.since > tick {
                column.runs.pop();
            }
            column.gone = Some(tick);
            self.of[thread as usize] = GONE;
        }
    }

    /// Ticks went by, after some that were missed.
    pub(super) fn ticks(&mut self, count: u64, missed: u64) {
        if missed > 0 {
            self.segments.push((std::mem::take(&mut self.row), missed));
        }
        self.row += count;
        self.ticks += count;
    }

    /// Whether there is so much that the chunk must end.
    pub(super) fn is_full(&self) -> bool {
        self.runs >= MANY_RUNS || self.segments.len() >= MANY_RUNS
    }

    /// Whether there are no ticks.
    pub(super) fn is_empty(&self) -> bool {
        self.ticks == 0
    }

    /// Appends everything to a chunk and begins the next one, with every thread where it is.
    pub(super) fn close(&mut self, out: &mut Vec<u8>) {
        let ticks = std::mem::take(&mut self.ticks);
        self.segments.push((std::mem::take(&mut self.row), 0));
        put(out, self.segments.len() as u64);
        for (row, missed) in self.segments.drain(..) {
            put(out, row);
            put(out, missed);
        }
        self.columns.iter_mut().for_each(|column| column.close(column.gone.unwrap_or(ticks)));
        self.columns.sort_by_key(|column| column.thread);
        self.number(out);
        let seen: Vec<&Column> =
            self.columns.iter().filter(|column| column.length(ticks) > 0).collect();
        put(out, seen.len() as u64);
        let mut before = 0;
        for column in &seen {
            put(out, u64::from(column.thread - before));
            before = column.thread;
            put(out, column.first);
            put(out, column.length(ticks));
            put(out, self.symbols[column.place as usize + 1].into());
        }
        for &(symbol, ticks) in seen.iter().flat_map(|column| &column.runs) {
            let more = u64::from(ticks > 1);
            put(out, u64::from(self.symbols[symbol as usize]) * 2 + more);
            if more > 0 {
                put(out, ticks - 2);
            }
        }
        self.begin();
    }

    /// Says which stacks occur and numbers them, the most frequent first: most symbols are one byte.
    fn number(&mut self, out: &mut Vec<u8>) {
        self.symbols.clear();
        for column in &self.columns {
            let symbols = column.runs.iter().map(|run| run.0).chain([column.place + 1]);
            for symbol in symbols.map(|symbol| symbol as usize) {
                if self.symbols.len() <= symbol {
                    self.symbols.resize(symbol + 1, 0);
                }
                self.symbols[symbol] += 1;
            }
        }
        let mut used: Vec<(Reverse<u32>, u32)> = (0..)
            .zip(&self.symbols)
            .filter(|&(symbol, &count)| symbol != TORN && count > 0)
            .map(|(symbol, &count)| (Reverse(count), symbol))
            .collect();
        used.sort_unstable();
        put(out, used.len() as u64);
        if let Some(torn) = self.symbols.first_mut() {
            *torn = TORN;
        }
        for (number, (_, symbol)) in (1..).zip(used) {
            put(out, u64::from(symbol) - 1);
            self.symbols[symbol as usize] = number;
        }
    }

    fn begin(&mut self) {
        self.runs = 0;
        self.columns.retain(|column| column.gone.is_none());
        for (index, column) in (0..).zip(&mut self.columns) {
            self.of[column.thread as usize] = index;
            (column.first, column.since, column.place) = (0, 0, column.stack);
            column.runs.clear();
        }
    }
}

/// Where one column's next run begins, and what is left of it.
struct Cursor<'a> {
    thread: u32,
    /// Where it was last said to be.
    said: Option<u32>,
    place: u32,
    end: u64,
    /// Tick of the next run.
    at: u64,
    runs: Bytes<'a>,
}

/// The next run: its stack, or `None` where it was torn, and its ticks.
fn run(runs: &mut Bytes<'_>, stacks: &[u32]) -> Option<(Option<u32>, u64)> {
    let token = runs.number()?;
    let symbol = usize::try_from(token >> 1).ok()?;
    let ticks = if token & 1 == 1 { runs.number()?.checked_add(2)? } else { 1 };
    match symbol.checked_sub(1) {
        // One by one: each is said.
        None => (ticks == 1).then_some((None, 1)),
        Some(index) => Some((Some(*stacks.get(index)?), ticks)),
    }
}

/// The samples of a chunk as entries, if all of them can be believed: every thread and stack is below
/// these numbers. `live` are the threads at the end of the chunk before; they become those at the end of
/// this one. `None` also when the budget does not allow more.
pub(super) fn read(
    bytes: &mut Bytes<'_>,
    (threads, stacks): (u32, u32),
    (at_ns, period_ns): (u64, u64),
    live: &mut Vec<u32>,
    budget: &Budget,
    take: &mut impl FnMut(Entry) -> Option<()>,
) -> Option<()> {
    let rows = Rows::read(bytes, at_ns, period_ns, budget)?;
    let stack = |bytes: &mut Bytes<'_>| bytes.small().filter(|&stack| stack < stacks);
    let table: Vec<u32> = (0..bytes.small()?).map(|_| stack(bytes)).collect::<Option<_>>()?;
    let mut columns = cursors(bytes, threads, &table, rows.ticks)?;
    for column in &mut columns {
        column.runs = bytes.clone();
        let mut left = column.end - column.at;
        budget.take(2)?;
        while left > 0 {
            budget.take(1)?;
            left = left.checked_sub(run(bytes, &table)?.1)?;
        }
    }
    if !bytes.is_empty() {
        return None;
    }
    // Everything is as it should be: from here on nothing is refused.
    if rows.ticks == 0 {
        return Some(());
    }
    let here = |thread: &u32| columns.binary_search_by_key(thread, |column| column.thread).is_ok();
    for &thread in live.iter().filter(|thread| !here(thread)) {
        take(Entry::Gone { thread })?;
    }
    live.clear();
    let last = columns.iter().filter(|column| column.end == rows.ticks);
    live.extend(last.map(|column| column.thread));
    replay(&mut columns, &rows, &table, budget, take)
}

/// The ticks of a chunk.
struct Rows {
    /// Ticks in a row, and ticks missed after them.
    segments: Vec<(u64, u64)>,
    /// All of them that were not missed.
    ticks: u64,
    /// Of the first one, ns since the start, and from one to the next.
    at_ns: u64,
    period_ns: u64,
}

impl Rows {
    fn read(bytes: &mut Bytes<'_>, at_ns: u64, period_ns: u64, budget: &Budget) -> Option<Self> {
        let mut segments = Vec::new();
        let (mut ticks, mut time) = (0u64, 0u64);
        for _ in 0..bytes.small().filter(|&rows| rows <= MAX_ROWS)? {
            let (row, missed) = (bytes.number()?, bytes.number()?);
            ticks = ticks.checked_add(row).filter(|&ticks| ticks <= MAX_TICKS)?;
            let missed = Some(missed).filter(|&missed| missed <= MAX_TICKS)?;
            time = time.checked_add((row + missed).checked_mul(period_ns)?)?;
            segments.push((row, missed));
        }
        at_ns.checked_add(time).filter(|&end| end <= LAST_NS)?;
        budget.take(segments.len() as u64)?;
        budget.ticks(ticks)?;
        Some(Self { segments, ticks, at_ns, period_ns })
    }
}

/// The columns of a chunk of so many ticks, in the order of their threads; their runs follow.
fn cursors<'a>(
    bytes: &mut Bytes<'a>,
    threads: u32,
    table: &[u32],
    ticks: u64,
) -> Option<Vec<Cursor<'a>>> {
    let mut columns: Vec<Cursor<'_>> = Vec::new();
    for index in 0..bytes.small().filter(|&columns| columns <= MAX_ROWS)? {
        let gap = bytes.small().filter(|&gap| index == 0 || gap > 0)?;
        let before = columns.last().map_or(0, |column| column.thread);
        let thread = before.checked_add(gap).filter(|&thread| thread < threads)?;
        let (first, length) = (bytes.number()?, bytes.number()?);
        let end = first.checked_add(length).filter(|&end| end <= ticks && length > 0)?;
        let place = *table.get((bytes.small()? as usize).checked_sub(1)?)?;
        let runs = Bytes(&[]);
        columns.push(Cursor { thread, said: None, place, end, at: first, runs });
    }
    Some(columns)
}

/// Says tick by tick what columns have side by side: whoever's run begins first is next.
fn replay(
    columns: &mut [Cursor<'_>],
    rows: &Rows,
    table: &[u32],
    budget: &Budget,
    take: &mut impl FnMut(Entry) -> Option<()>,
) -> Option<()> {
    let period_ns = rows.period_ns;
    let mut next: BinaryHeap<_> =
        (0..).zip(columns.iter()).map(|(index, column)| Reverse((column.at, index))).collect();
    let (mut tick, mut ticked, mut at_ns) = (0, false, rows.at_ns);
    for &(row, missed) in &rows.segments {
        let end = tick + row;
        while tick < end {
            while let Some(&Reverse((at, index))) = next.peek()
                && at <= tick
            {
                next.pop();
                let column: &mut Cursor<'_> = &mut columns[index];
                budget.take(2)?;
                if say(column, table, take)? {
                    next.push(Reverse((column.at, index)));
                }
            }
            let until = next.peek().map_or(end, |Reverse((at, _))| (*at).min(end));
            take(Entry::Ticks { at_ns, count: until - tick })?;
            at_ns = at_ns.saturating_add((until - tick).saturating_mul(period_ns));
            (tick, ticked) = (until, true);
        }
        if missed > 0 {
            take(Entry::Missed(missed))?;
            at_ns = at_ns.saturating_add(missed.saturating_mul(period_ns * u64::from(ticked)));
        }
    }
    Some(())
}

/// Says where a thread is from its column's next run on, or that it is gone; whether there is more to say.
/// `None`: no more is taken.
fn say(
    column: &mut Cursor<'_>,
    stacks: &[u32],
    take: &mut impl FnMut(Entry) -> Option<()>,
) -> Option<bool> {
    let thread = column.thread;
    if column.at == column.end {
        take(Entry::Gone { thread })?;
        return Some(false);
    }
    let Some((stack, ticks)) = run(&mut column.runs, stacks) else { return Some(false) };
    let place = stack.or(column.said).unwrap_or(column.place);
    if column.said != Some(place) {
        column.said = Some(place);
        take(Entry::At { thread, stack: place })?;
    }
    if stack.is_none() {
        take(Entry::Torn { thread })?;
    }
    column.at += ticks;
    Some(true)
}
