//! What each thread is doing: sites into places, looks into ages, busy time into load.

use std::collections::HashMap;

use probe::layout::{Class, SITE_ARG, SITE_UNTOLD, SiteCopy};

use super::clock::Clock;
use super::load::{Load, Point, busy_now, curve, load};
use super::size;
use super::stands::{position, stand};
use crate::model::{Holder, Place, ThreadReport, Windows};
use crate::snapshot::{Room, Snapshot, ThreadRead};
use crate::words::label::Label;

/// Every thread. `exists` says whether the process still has a thread.
pub fn threads(
    snapshot: &Snapshot,
    clock: &Clock,
    exists: impl Fn(u64) -> Option<bool>,
    room: &mut Room,
) -> Vec<ThreadReport> {
    let mut reports: Vec<ThreadReport> = Vec::new();
    let (holders, looks) = (Holders::new(snapshot), Looks::new(snapshot));
    for thread in &snapshot.threads {
        let loads = thread.work.map(|_| looks.loads(clock, thread));
        let row = ThreadReport {
            held_by: holders.held_by(snapshot, thread),
            ..report(snapshot, clock, thread, (exists(thread.tid), loads))
        };
        if !room.say("threads", size::thread(&row)) {
            // Those that are left are the first ones, as they are in the snapshot.
            room.leave("threads", snapshot.threads.len() - reports.len() - 1);
            break;
        }
        reports.push(row);
    }
    reports
}

fn report(
    snapshot: &Snapshot,
    clock: &Clock,
    thread: &ThreadRead,
    (exists, loads): (Option<bool>, Option<Windows<Option<Load>>>),
) -> ThreadReport {
    let here = position(thread);
    // Between two scopes, say: what it did last is no place where it is, and of no class.
    let shown = here.or(thread.last);
    let site = shown.and_then(|(address, _)| snapshot.sites.get(&address));
    let spot = shown.map(|(address, arg)| place(snapshot, address, arg));
    // A site that is not known may be of any class: work, so that it is not overlooked.
    let seen = shown.and_then(|_| stand(snapshot, clock, thread));
    let untold = site.is_some_and(|site| site.class_flags & SITE_UNTOLD != 0);
    let rests = untold && seen.is_some_and(|seen| seen.rests);
    let class = here.map(|_| match rests {
        // Nobody told what it does there, and the kernel says that it does nothing.
        true => Class::Wait,
        false => site.map_or(Class::Work, class_of),
    });
    let of = |pick: fn(&Windows<Option<Load>>) -> Option<Load>| loads.as_ref().and_then(pick);
    let windows = Windows { s1: of(|w| w.s1), s10: of(|w| w.s10), s60: of(|w| w.s60) };
    let spot =
        spot.unwrap_or(Place { file: None, line: None, function: None, label: None, arg: None });
    ThreadReport {
        name: thread.name.clone(),
        tid: thread.tid,
        class: class.map(word),
        file: spot.file,
        line: spot.line,
        column: site.map(|site| site.line_column as u32),
        function: spot.function,
        label: spot.label,
        arg: spot.arg,
        since_ns: seen.map(|seen| seen.ns),
        since_at_most: seen.is_some_and(|seen| seen.at_most),
        standing: seen.and_then(|seen| seen.word),
        trail: thread.trail.iter().map(|&site| place(snapshot, site, None)).collect(),
        stack: stack(snapshot, thread),
        load: each(windows, |load| (load.share * 1e4).round() / 1e4),
        load_covered_ns: each(windows, |load| clock.span_ns(0, load.covered)),
        left: here.is_none() && shown.is_some(),
        // Who serves others has a job in hand and does nothing. Where nobody told what a thread does, one that has
        // none may just wait for work.
        stalled: class.is_some_and(|class| class != Class::Idle)
            && seen.is_some_and(|seen| seen.stalled)
            && (!untold || thread.work.is_some_and(|work| work.in_hand > 0)),
        waits_its_turn: false,
        exists,
        torn: thread.frames.is_none(),
        held_by: None,
        jobs: thread.work.map(|work| work.finished),
    }
}

/// A value computed for each window.
fn each<A: Copy, B>(windows: Windows<Option<A>>, compute: impl Fn(A) -> B) -> Windows<Option<B>> {
    Windows {
        s1: windows.s1.map(&compute),
        s10: windows.s10.map(&compute),
        s60: windows.s60.map(&compute),
    }
}

fn class_of(site: &SiteCopy) -> Class {
    Class::from_word(site.class_flags).unwrap_or_default()
}

/// The class of the line that a thread is at, and its site.
pub(super) fn class_at(snapshot: &Snapshot, thread: &ThreadRead) -> Option<(Class, u64)> {
    let (address, _) = position(thread)?;
    Some((snapshot.sites.get(&address).map_or(Class::Work, class_of), address))
}

/// The word for a class.
pub fn word(class: Class) -> &'static str {
    match class {
        Class::Work => "work",
        Class::Wait => "wait",
        Class::Idle => "idle",
    }
}

/// A site in words; an address that no site has is said to be unknown, never guessed.
pub(super) fn place(snapshot: &Snapshot, address: u64, arg: Option<u64>) -> Place {
    let Some(site) = snapshot.sites.get(&address) else {
        let label = Label::from(format!("unknown site {address:#x}").as_str());
        return Place { file: None, line: None, function: None, label: Some(label), arg: None };
    };
    Place {
        file: snapshot.strings.get(site.file),
        line: Some((site.line_column >> 32) as u32),
        function: snapshot.strings.get(site.function),
        label: snapshot.strings.get(site.label),
        arg: arg.filter(|_| site.class_flags & SITE_ARG != 0),
    }
}

/// Every open scope and the line reached in it, outermost first.
fn stack(snapshot: &Snapshot, thread: &ThreadRead) -> Vec<Place> {
    let mut stack = Vec::new();
    for frame in thread.frames.iter().flatten() {
        if frame.scope != 0 {
            stack.push(place(snapshot, frame.scope, Some(frame.scope_arg)));
        }
        if frame.line != 0 {
            stack.push(place(snapshot, frame.line, frame.arg));
        }
    }
    stack
}

/// What the keeper's looks noted of busy times, in order: once for all threads.
struct Looks<'a>(Vec<(u64, &'a [u64])>);

impl<'a> Looks<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let entries = snapshot.busy_rings.iter().flat_map(|ring| &ring.entries);
        let mut looks: Vec<_> = entries.map(|(stamp, row)| (*stamp, row.as_slice())).collect();
        // Of those that noted nothing there may be very many.
        looks.retain(|(_, row)| !row.is_empty());
        looks.sort_by_key(|(stamp, _)| *stamp);
        Self(looks)
    }

    /// Load over the three windows.
    fn loads(&self, clock: &Clock, thread: &ThreadRead) -> Windows<Option<Load>> {
        let Some(work) = thread.work else { return Windows::default() };
        // The record may have changed after the clock was read.
        let now = clock.now.max(work.changed);
        let busy = busy_now(work.busy, work.changed, work.in_hand, now);
        let column = thread.slot as usize;
        let looks = self.0.iter();
        let looks =
            looks.filter_map(|(stamp, row)| Some(Point { stamp: *stamp, busy: *row.get(column)? }));
        let start = Point { stamp: thread.started, busy: thread.busy_at_start };
        let points = curve(start, looks, Point { stamp: now, busy });
        let over = |seconds: u64| load(&points, clock.units(seconds * 1_000_000_000));
        Windows { s1: over(1), s10: over(10), s60: over(60) }
    }
}

/// What the keeper would note of every slot: busy time up to now.
pub(super) fn busy_times(snapshot: &Snapshot, now: u64) -> Vec<u64> {
    let rows = snapshot.threads.iter().map(|thread| thread.slot as usize + 1).max().unwrap_or(0);
    let mut times = vec![0; rows];
    for thread in &snapshot.threads {
        if let Some(work) = thread.work {
            times[thread.slot as usize] = busy_now(work.busy, work.changed, work.in_hand, now);
        }
    }
    times
}

/// A thread by its number in the snapshot, and a site: of the scope that it holds.
type Holding<'a> = (usize, &'a SiteCopy);

/// Who holds what waiting threads wait for: another thread with an open scope whose argument is the
/// same. A scope with the same label wins, since numbers of different kinds of things may agree.
struct Holders<'a> {
    /// The first two threads, by slot, that hold something with an argument: one may be who asks.
    any: HashMap<u64, Vec<Holding<'a>>>,
    /// The same, with an argument and a label.
    labelled: HashMap<(u64, Label), Vec<Holding<'a>>>,
}

impl<'a> Holders<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let (mut any, mut labelled) = (HashMap::new(), HashMap::new());
        let mut threads: Vec<usize> = (0..snapshot.threads.len()).collect();
        threads.sort_by_key(|&index| snapshot.threads[index].slot);
        for index in threads {
            let frames = snapshot.threads[index].frames.iter().flatten();
            for frame in frames {
                let Some(site) = snapshot.sites.get(&frame.scope) else { continue };
                if site.class_flags & SITE_ARG == 0 {
                    continue;
                }
                // Of one thread the innermost scope is meant.
                let add = |held: &mut Vec<Holding<'a>>| match held
                    .iter()
                    .position(|(other, _)| *other == index)
                {
                    Some(known) => held[known].1 = site,
                    None if held.len() < 2 => held.push((index, site)),
                    None => {}
                };
                add(any.entry(frame.scope_arg).or_default());
                if let Some(label) = snapshot.strings.get(site.label) {
                    add(labelled.entry((frame.scope_arg, label)).or_default());
                }
            }
        }
        Self { any, labelled }
    }

    fn held_by(&'a self, snapshot: &Snapshot, thread: &ThreadRead) -> Option<Holder> {
        let (address, arg) = position(thread)?;
        let site = snapshot.sites.get(&address)?;
        let arg = arg.filter(|_| site.class_flags & SITE_ARG != 0)?;
        if class_of(site) != Class::Wait {
            return None;
        }
        let other = |held: &'a Vec<Holding<'a>>| {
            held.iter().find(|(index, _)| snapshot.threads[*index].slot != thread.slot)
        };
        let same =
            snapshot.strings.get(site.label).and_then(|label| self.labelled.get(&(arg, label)));
        let (holder, scope) =
            same.and_then(other).or_else(|| self.any.get(&arg).and_then(other))?;
        let holder = &snapshot.threads[*holder];
        Some(Holder {
            thread: holder.name.clone(),
            tid: holder.tid,
            file: snapshot.strings.get(scope.file),
            line: Some((scope.line_column >> 32) as u32),
            queue: None,
        })
    }
}
