//! The block that is written: what the board says, read as any reader would.

use core::fmt::Write;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::layout::*;
use crate::on::board::tables::{Board, board};
use crate::on::ground::clock;
use crate::on::keeper::ring;
use crate::on::sites::known;
use crate::on::sites::site::Site;
use crate::protocol::occupancy::{self, Reading};
use crate::protocol::{holding, keyed, stack, statuses, texts};

const RELAXED: Ordering = Ordering::Relaxed;

/// Everything, in one piece.
pub(super) fn block() -> String {
    let Some(board) = board() else {
        return "probe: there is no board\n".to_owned();
    };
    let now = clock::units();
    let threads = threads(board, now);
    let ops = operations(board, now);
    let mut out = String::with_capacity(4096);
    let up = clock::to_ns(now.saturating_sub(board.single.header.clock_start.load(RELAXED)));
    let _ = writeln!(
        out,
        "probe: pid {}, up {}: {} operations in flight, {} threads",
        board.pid,
        time(up),
        ops.len(),
        threads.len()
    );
    for op in &ops {
        op.write(&mut out, &threads, now);
    }
    for thread in &threads {
        thread.write(&mut out);
    }
    out.push_str("probe: end\n");
    out
}

/// A thread as it is written.
struct Thread {
    slot: usize,
    generation: u64,
    name: String,
    tid: u64,
    place: Option<&'static Site>,
    stands: Option<u64>,
    load: Option<f64>,
}

impl Thread {
    fn write(&self, out: &mut String) {
        let load =
            self.load.map_or_else(|| "   -".to_owned(), |load| format!("{:3.0}%", load * 100.0));
        let stands = self.stands.map(time).unwrap_or_default();
        let class = self.place.map_or("-", |site| match site.class {
            Class::Work => "work",
            Class::Wait => "wait",
            Class::Idle => "idle",
        });
        let _ = writeln!(
            out,
            "  thread {:15} {:>8} {class:4} {load} {stands:>8}  {}",
            self.name,
            self.tid,
            self.place.map(say).unwrap_or_default()
        );
    }
}

fn threads(board: &Board, now: u64) -> Vec<Thread> {
    let read = |slot: usize| -> Option<Thread> {
        let record = board.threads.slots.get(slot)?;
        let reading = occupancy::read(
            || record.state.load(RELAXED),
            |generation| {
                let name = record.name.each_ref().map(|word| word.load(RELAXED));
                let name = String::from_utf8_lossy(&unpack_zero_ended(&name)).into_owned();
                let block = record.block.load(RELAXED) as usize & 1;
                let (place, digest) = position(board, slot, block, generation)?;
                let tid = record.tid.load(RELAXED);
                Some((name, tid, place, digest))
            },
            &mut 0,
        );
        let Reading::Live(generation, Some((name, tid, place, digest))) = reading else {
            return None;
        };
        let stands =
            stands(board, slot, digest).map(|since| clock::to_ns(now.saturating_sub(since)));
        let load = ring::load(board, slot, now);
        Some(Thread { slot, generation, name: printable(&name), tid, place, stands, load })
    };
    (0..board.threads.slots.count()).filter_map(read).collect()
}

/// The innermost site of a thread, and the digest of where it is.
fn position(
    board: &Board,
    slot: usize,
    block: usize,
    generation: u64,
) -> Option<(Option<&'static Site>, u64)> {
    let frames = board.threads.blocks.get(slot)?.blocks.get(block)?;
    let word = |frame: usize, word: usize| {
        frames.get(frame).map_or(0, |frame| {
            let word = match word {
                stack::SCOPE => &frame.scope,
                stack::LINE => &frame.line,
                stack::ARG => &frame.arg,
                _ => &frame.scope_arg,
            };
            word.load(RELAXED)
        })
    };
    let mut levels = [stack::Level::default(); BLOCK_FRAMES - 1];
    let depth = stack::read(word, &mut levels, &mut 0)?;
    let levels = levels.get(..depth)?;
    let here =
        levels.last().map_or(0, |level| if level.line == 0 { level.scope } else { level.line });
    let words = levels.iter().flat_map(|level| [level.scope, level.line]);
    Some((known::find(here), position_digest(generation, words)))
}

/// Since when the keeper has seen the thread there.
fn stands(board: &Board, slot: usize, digest: u64) -> Option<u64> {
    let watch = board.threads.watches.get(slot)?;
    let (position, rest) = keyed::read(
        || watch.position.load(RELAXED),
        |_| watch.since.load(RELAXED),
        |position| position == u64::MAX,
        &mut 0,
    );
    let [since] = rest?;
    (position == digest && since != 0).then_some(since)
}

/// An operation as it is written.
struct InFlight {
    id: String,
    site: Option<&'static Site>,
    begun: u64,
    holder: u64,
    gone: bool,
    future: bool,
    status: Option<(Option<&'static Site>, u64)>,
    text: String,
}

impl InFlight {
    fn write(&self, out: &mut String, threads: &[Thread], now: u64) {
        let since = |stamp: u64| time(clock::to_ns(now.saturating_sub(stamp)));
        let kind = self.site.map_or("?", |site| site.label);
        let status = match self.status {
            Some((site, at)) => {
                format!("{} for {}", site.map_or("?", |site| site.label), since(self.begun + at))
            }
            None => "no status".to_owned(),
        };
        let thread = from_op_id(self.holder).and_then(|(slot, generation)| {
            threads.iter().find(|thread| thread.slot == slot && thread.generation == generation)
        });
        let holder = match thread {
            Some(thread) => format!("on {}", thread.name),
            None if self.holder == 0 && self.future => "not being polled".to_owned(),
            None if self.holder == 0 => "nobody works on it".to_owned(),
            None if self.holder == HOLDER_UNSEEN => "on a thread without a slot".to_owned(),
            None if self.gone => "its thread is gone".to_owned(),
            // It came while the list was made.
            None => "on a new thread".to_owned(),
        };
        let _ = writeln!(
            out,
            "  op {:8} {kind:12} {:>8}  {status}  {holder}  {}",
            self.id,
            since(self.begun),
            self.text
        );
    }
}

/// Those in flight, the oldest first.
fn operations(board: &Board, now: u64) -> Vec<InFlight> {
    let records = board.work.ops.iter().enumerate();
    let mut all: Vec<InFlight> =
        records.filter_map(|(index, record)| operation(board, index, record)).collect();
    all.sort_by_key(|op| std::cmp::Reverse(now.saturating_sub(op.begun)));
    all
}

fn operation(board: &Board, index: usize, record: &OpRecord) -> Option<InFlight> {
    let get = |word: &AtomicU64| word.load(RELAXED);
    let reading = occupancy::read(
        || get(&record.state),
        |generation| {
            let read: statuses::Statuses<OP_RECENT, OP_TOTALS> = statuses::read(
                || get(&record.statuses),
                |of_totals, at| {
                    let words: &[AtomicU64] =
                        if of_totals { &record.totals } else { &record.recent };
                    words.get(at).map_or(0, get)
                },
                &mut 0,
            );
            let newest = read.count.checked_sub(1).filter(|&newest| newest >= read.first);
            let newest = newest.map(|newest| newest as usize % OP_RECENT);
            let status = newest.and_then(|at| read.recent.get(at)).map(|&entry| {
                let (number, at) = from_status_entry(entry);
                (known::numbered(number), at)
            });
            let (lengths, text) = texts::read(
                || get(&record.lengths_flags),
                OP_TEXT_BITS,
                |_| record.text.each_ref().map(get),
                &mut 0,
            );
            InFlight {
                id: format!("{index}-{generation}"),
                site: known::find(get(&record.site)),
                begun: get(&record.begun),
                holder: get(&record.holder),
                gone: holding::is_gone(|| get(&record.holder), |holder| has_ended(board, holder)),
                future: lengths & OP_FUTURE != 0,
                status,
                text: said(&text, lengths),
            }
        },
        &mut 0,
    );
    match reading {
        Reading::Live(_, operation) => Some(operation),
        Reading::Vacant | Reading::Torn => None,
    }
}

/// Whether the thread that a holder names has given up its slot.
fn has_ended(board: &Board, holder: u64) -> bool {
    from_op_id(holder).filter(|_| holder != HOLDER_UNSEEN).is_some_and(|(slot, generation)| {
        let slot = board.threads.slots.get(slot);
        slot.is_some_and(|slot| occupancy::has_ended(slot.state.load(RELAXED), generation))
    })
}

fn said(words: &[u64], lengths: u64) -> String {
    let bytes = unpack(words, OP_TEXT_BYTES);
    let (label, peer) = (lengths as usize & 0xff, lengths as usize >> 8 & 0xff);
    let part = |from: usize, length: usize| {
        let bytes = bytes.get(from..from + length).unwrap_or_default();
        printable(&String::from_utf8_lossy(bytes))
    };
    let mut text = part(0, label);
    if lengths & OP_SENSITIVE != 0 {
        text.push_str("(sensitive)");
    }
    if peer > 0 {
        let cut = if lengths & OP_PEER_CUT == 0 { "" } else { "…" };
        let _ = write!(text, " from {}{cut}", part(label.next_multiple_of(WORD), peer));
    }
    text
}

/// `file:line label`.
fn say(site: &'static Site) -> String {
    let file = site.file.rsplit('/').next().unwrap_or(site.file);
    format!("{file}:{} {}", site.line, site.label)
}

/// Nothing that a terminal would obey.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() { out.extend(char.escape_default()) } else { out.push(char) }
    }
    out
}

/// A time span in at most eight columns.
fn time(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    match ns {
        0..1_000_000 => format!("{}us", ns / 1_000),
        1_000_000..1_000_000_000 => format!("{}ms", ns / 1_000_000),
        _ if seconds < 60 => format!("{seconds}.{}s", ns / 100_000_000 % 10),
        _ if seconds < 3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}
