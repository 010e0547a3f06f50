//! A trace for Perfetto: threads as tracks with their scopes and lines as slices, operations with their
//! statuses, levels, and the same samples as call stacks, each once with its weight.
//!
//! Packets of one sequence, names interned: a slice costs about 30 bytes.

use std::collections::HashMap;

use super::cells::{DEEPEST, TORN, class_word_of, frame_name};
use super::operations::Operation;
use super::protobuf::Message;
use super::runs::{Beside, Course, Run};
use crate::recording::SiteInfo;
use crate::words::term::term;

/// Slices that are told; what is beyond is said in one.
const MOST: usize = 4_000_000;

/// Numbers of the schema that are used.
mod field {
    pub(super) const PACKET: u64 = 1;
    pub(super) const CLOCK_SNAPSHOT: u64 = 6;
    pub(super) const TIMESTAMP: u64 = 8;
    pub(super) const SEQUENCE: u64 = 10;
    pub(super) const EVENT: u64 = 11;
    pub(super) const INTERNED: u64 = 12;
    pub(super) const FLAGS: u64 = 13;
    pub(super) const TRACK: u64 = 60;
}

/// What an event is.
#[derive(Clone, Copy)]
enum Type {
    Begin = 1,
    End = 2,
    Instant = 3,
    Counter = 4,
}

/// The clock of the time stamps, and the wall clock.
const BOOT: u64 = 6;
const WALL: u64 = 1;

/// Texts and stacks that have a number in this trace.
#[derive(Default)]
struct Interned {
    names: HashMap<String, u64>,
    categories: HashMap<&'static str, u64>,
    functions: HashMap<String, u64>,
    files: HashMap<String, u64>,
    frames: HashMap<(u64, u64, u32), u64>,
    stacks: HashMap<Vec<u64>, u64>,
    /// New since the last packet.
    fresh: Message,
}

/// The number of a key, and whether it is new.
fn number<K: std::hash::Hash + Eq>(all: &mut HashMap<K, u64>, key: K) -> (u64, bool) {
    let next = all.len() as u64 + 1;
    let number = *all.entry(key).or_insert(next);
    (number, number == next)
}

impl Interned {
    fn named(&mut self, field: u64, id: u64, text_field: u64, text: &str) {
        let mut entry = Message::default();
        entry.number(1, id).text(text_field, text);
        self.fresh.message(field, &entry);
    }

    fn name(&mut self, text: &str) -> u64 {
        let (id, new) = number(&mut self.names, text.to_owned());
        if new {
            self.named(2, id, 2, text);
        }
        id
    }

    fn category(&mut self, text: &'static str) -> u64 {
        let (id, new) = number(&mut self.categories, text);
        if new {
            self.named(1, id, 2, text);
        }
        id
    }

    fn frame(&mut self, site: Option<&SiteInfo>) -> u64 {
        let (name, file, line) = match site {
            Some(site) => (term(&frame_name(site)), term(site.file.raw()), site.line),
            None => (TORN.to_owned(), String::new(), 0),
        };
        let (function, new) = number(&mut self.functions, name.clone());
        if new {
            self.named(5, function, 2, &name);
        }
        let (path, new) = number(&mut self.files, file.clone());
        if new {
            self.named(18, path, 2, &file);
        }
        let (id, new) = number(&mut self.frames, (function, path, line));
        if new {
            let mut entry = Message::default();
            entry.number(1, id).number(2, function).number(5, path).number(6, line.into());
            self.fresh.message(6, &entry);
        }
        id
    }

    /// A stack, outermost first.
    fn stack(&mut self, sites: &[&SiteInfo]) -> u64 {
        let mut frames: Vec<u64> = sites.iter().map(|site| self.frame(Some(site))).collect();
        if frames.is_empty() {
            frames.push(self.frame(None));
        }
        let (id, new) = number(&mut self.stacks, frames.clone());
        if new {
            let mut entry = Message::default();
            entry.number(1, id);
            for &frame in &frames {
                entry.sure(2, frame);
            }
            self.fresh.message(7, &entry);
        }
        id
    }
}

/// The trace on its way.
struct Trace {
    out: Vec<u8>,
    interned: Interned,
    events: usize,
}

impl Trace {
    fn packet(&mut self, mut packet: Message) {
        packet.number(field::SEQUENCE, 1);
        let mut outer = Message::default();
        outer.message(field::PACKET, &packet);
        self.out.extend_from_slice(&outer.0);
    }

    /// The first packet: what follows refers to what was interned; and what time it is.
    fn begin(&mut self, wall_ns: u64) {
        let clock = |id, at| {
            let mut clock = Message::default();
            clock.number(1, id).sure(2, at);
            clock
        };
        let mut clocks = Message::default();
        clocks.message(1, &clock(BOOT, 0)).message(1, &clock(WALL, wall_ns)).number(2, BOOT);
        let mut packet = Message::default();
        packet.message(field::CLOCK_SNAPSHOT, &clocks).number(field::FLAGS, 1);
        self.packet(packet);
    }

    fn track(&mut self, track: &Message) {
        let mut packet = Message::default();
        packet.message(field::TRACK, track);
        self.packet(packet);
    }

    fn event(
        &mut self,
        at_ns: u64,
        kind: Type,
        track: u64,
        more: impl FnOnce(&mut Message, &mut Interned),
    ) {
        self.events += 1;
        let mut event = Message::default();
        event.number(9, kind as u64).number(11, track);
        more(&mut event, &mut self.interned);
        let mut packet = Message::default();
        packet.sure(field::TIMESTAMP, at_ns).number(field::FLAGS, 2);
        let fresh = std::mem::take(&mut self.interned.fresh);
        if !fresh.0.is_empty() {
            packet.message(field::INTERNED, &fresh);
        }
        packet.message(field::EVENT, &event);
        self.packet(packet);
    }
}

/// Numbers of tracks: processes, threads, operations and levels do not meet.
const PROCESS: u64 = 1 << 32;
const THREAD: u64 = 2 << 32;
const OPERATION: u64 = 3 << 32;
const LEVEL: u64 = 4 << 32;

/// The trace.
pub fn perfetto(course: &Course, beside: &Beside) -> Vec<u8> {
    let mut trace = Trace { out: Vec::new(), interned: Interned::default(), events: 0 };
    trace.begin(course.tally.wall_ns);
    tracks(&mut trace, course);
    let mut left_out = course.left_out;
    for runs in course.runs.chunk_by(|a, b| a.thread == b.thread) {
        left_out += thread(&mut trace, course, runs);
    }
    for (index, (board, operation)) in beside.operations.iter().enumerate() {
        if trace.events > MOST {
            left_out += 1;
            continue;
        }
        operations(&mut trace, course, OPERATION + 1 + index as u64, *board, operation);
    }
    for (index, level) in beside.levels.iter().enumerate() {
        let uuid = LEVEL + 1 + index as u64;
        let mut track = Message::default();
        track.number(1, uuid).number(5, PROCESS + 1 + u64::from(level.board));
        track.text(2, &term(&level.name)).message(8, &Message::default());
        trace.track(&track);
        for &(at_ns, value) in &level.values {
            trace.event(at_ns, Type::Counter, uuid, |event, _| {
                event.double(44, value);
            });
        }
    }
    if left_out > 0 {
        let text = format!("{left_out} stretches are left out: the trace would be too long");
        trace.event(0, Type::Instant, PROCESS + 1, |event, interned| {
            event.number(10, interned.name(&text));
        });
    }
    trace.out
}

fn tracks(trace: &mut Trace, course: &Course) {
    for (index, board) in course.tally.boards.iter().enumerate() {
        let mut process = Message::default();
        process.number(1, board.pid).text(6, &term(board.name.raw()));
        let mut track = Message::default();
        track.number(1, PROCESS + 1 + index as u64).message(3, &process);
        trace.track(&track);
    }
    for (index, thread) in course.tally.threads.iter().enumerate() {
        let pid = course.tally.boards.get(thread.board as usize).map_or(0, |board| board.pid);
        let mut one = Message::default();
        one.number(1, pid).number(2, thread.tid).text(5, &term(thread.name.raw()));
        let mut track = Message::default();
        track.number(1, THREAD + 1 + index as u64).message(4, &one);
        track.number(5, PROCESS + 1 + u64::from(thread.board));
        trace.track(&track);
    }
}

/// The slices of one thread. Returns how many of its stretches are left out.
fn thread(trace: &mut Trace, course: &Course, runs: &[Run]) -> u64 {
    let Some(first) = runs.first() else { return 0 };
    let uuid = THREAD + 1 + u64::from(first.thread);
    let mut open: Vec<u32> = Vec::new();
    let mut until = first.from_ns;
    let mut left_out = 0;
    for run in runs {
        if trace.events > MOST {
            left_out += 1;
            continue;
        }
        let tally = &course.tally;
        let none = Vec::new();
        let ids = run.stack.and_then(|stack| tally.stacks.get(stack as usize)).unwrap_or(&none);
        let ids = &ids[..ids.len().min(DEEPEST)];
        // Scopes go on from one line to the next, unless nobody looked in between.
        let same = match until == run.from_ns {
            true => open.iter().zip(ids).take_while(|(a, b)| a == b).count(),
            false => 0,
        };
        while open.len() > same {
            open.pop();
            trace.event(until, Type::End, uuid, |_, _| {});
        }
        let sites: Vec<&SiteInfo> =
            ids.iter().filter_map(|&site| tally.sites.get(site as usize)).collect();
        let counts = tally.counts(run.thread, run.stack);
        let class = class_word_of(tally, run.stack);
        let weigh = |event: &mut Message, interned: &mut Interned| {
            if counts {
                event.number(56, interned.stack(&sites)).double(57, run.samples as f64);
            }
        };
        for (depth, site) in sites.iter().enumerate().skip(same) {
            let leaf = depth + 1 == sites.len();
            trace.event(run.from_ns, Type::Begin, uuid, |event, interned| {
                event.number(10, interned.name(&term(&frame_name(site))));
                event.number(3, interned.category(if site.scope { "scope" } else { class }));
                if leaf {
                    weigh(event, interned);
                }
            });
        }
        open.truncate(same);
        open.extend(&ids[same.min(ids.len())..]);
        // Nothing began: it is in a scope that it was in, at none of its lines; or nobody could read where.
        if same == sites.len() && (counts || run.stack.is_none()) {
            let name = if sites.is_empty() { TORN } else { "in the scope" };
            trace.event(run.from_ns, Type::Instant, uuid, |event, interned| {
                event.number(10, interned.name(name));
                weigh(event, interned);
            });
        }
        until = run.to_ns;
    }
    for _ in open {
        trace.event(until, Type::End, uuid, |_, _| {});
    }
    left_out
}

/// An operation on a track of its own, its statuses below it.
fn operations(trace: &mut Trace, course: &Course, uuid: u64, board: u32, operation: &Operation) {
    let op = &operation.op;
    let kind = term(op.kind.raw());
    let mut track = Message::default();
    track.number(1, uuid).number(5, PROCESS + 1 + u64::from(board)).text(2, &kind);
    trace.track(&track);
    let start = course.tally.wall_ns;
    let at = |wall_ns: u64| wall_ns.saturating_sub(start);
    let end = operation.ended_wall_ns.unwrap_or(operation.begun_wall_ns.saturating_add(op.age_ns));
    let label = op.label.as_ref().map_or_else(|| kind.clone(), |label| term(label.raw()));
    trace.event(at(operation.begun_wall_ns), Type::Begin, uuid, |event, interned| {
        event.number(10, interned.name(&label)).number(3, interned.category("operation"));
        let more = [
            ("id", Some(op.id.clone())),
            ("outcome", Some(operation.outcome.unwrap_or("in flight").to_owned())),
            ("peer", op.peer.as_ref().map(|peer| term(peer.raw()))),
            ("trace_id", op.trace.as_ref().map(|trace| trace.trace_id.clone())),
            ("span_id", op.trace.as_ref().map(|trace| trace.span_id.clone())),
            ("parent_span_id", op.trace.as_ref().and_then(|trace| trace.parent_span_id.clone())),
            ("thread", op.thread.as_ref().map(|name| term(name.raw()))),
        ];
        for (name, value) in more {
            let Some(value) = value else { continue };
            let mut note = Message::default();
            note.text(10, name).text(6, &value);
            event.message(4, &note);
        }
    });
    for status in operation.statuses.values() {
        let from = operation.begun_wall_ns.saturating_add(status.at_ns);
        let to = from.saturating_add(status.for_ns).min(end).max(from);
        trace.event(at(from), Type::Begin, uuid, |event, interned| {
            event.number(10, interned.name(&term(status.status.raw())));
            event.number(3, interned.category("status"));
        });
        trace.event(at(to), Type::End, uuid, |_, _| {});
    }
    trace.event(at(end), Type::End, uuid, |_, _| {});
}
