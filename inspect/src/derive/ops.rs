//! What is being done: operations in words, and rolled up by kind and by status.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use probe::layout::{
    Class, OP_CANCELLABLE, OP_CANCELLED, OP_CUT, OP_ERROR, OP_FUTURE, OP_OK, OP_OTHER, OP_PANICKED,
    OP_PEER_CUT, OP_RECENT, OP_SENSITIVE, SITE_STATUS, SITE_UNTOLD, SiteCopy, from_op_id,
    from_status_entry, op_id,
};
use probe::protocol::occupancy::LIVE;

use super::clock::Clock;
use super::size;
use super::traces::Traces;
use crate::model::{Op, OpStatus, OpTotal, Place, StatusTotal, ThreadReport};
use crate::snapshot::{OpRead, Room, Snapshot};
use crate::words::label::Label;

/// Nobody polls a future for so long that says it works: its waker was lost, or it was forgotten.
pub const LEAKED_NS: u64 = 60_000_000_000;

/// Operations in flight, the oldest first, and those that ended, the last first, of a run and its threads.
pub fn operations(
    snapshot: &Snapshot,
    clock: &Clock,
    (instance, threads): (u64, &[ThreadReport]),
    room: &mut Room,
) -> (Vec<Op>, Vec<Op>) {
    let names = Names::new(snapshot, instance, threads);
    let (mut live, mut ended): (Vec<_>, Vec<_>) =
        snapshot.ops.iter().partition(|operation| operation.state == LIVE);
    // Where there is no room for all, for those that are longest active.
    live.sort_by_key(|one| one.record.begun);
    ended.sort_by_key(|one| Reverse(one.record.ended));
    let mut say = |operations: Vec<&OpRead>| {
        let mut rows: Vec<Op> = Vec::new();
        for one in &operations {
            let row = names.operation(snapshot, clock, one);
            if !room.say("ops", size::op(&row)) {
                room.leave("ops", operations.len() - rows.len() - 1);
                break;
            }
            rows.push(row);
        }
        rows
    };
    let (mut live, mut ended) = (say(live), say(ended));
    live.sort_by(|a, b| (b.age_ns, &a.id).cmp(&(a.age_ns, &b.id)));
    ended.sort_by(|a, b| (a.ended_ago_ns, &a.id).cmp(&(b.ended_ago_ns, &b.id)));
    (live, ended)
}

/// What operations refer to.
struct Names<'a> {
    /// Sites in the order of the table.
    numbered: Vec<Option<&'a SiteCopy>>,
    addressed: &'a HashMap<u64, SiteCopy>,
    /// Live threads by slot and generation.
    threads: HashMap<(u64, u64), &'a ThreadReport>,
    /// Operations of which others in flight are a part.
    wholes: HashSet<u64>,
    traces: Traces<'a>,
}

impl<'a> Names<'a> {
    fn new(snapshot: &'a Snapshot, instance: u64, threads: &'a [ThreadReport]) -> Self {
        let read = snapshot.threads.iter().zip(threads);
        Self {
            traces: Traces::new(instance, &snapshot.ops),
            addressed: &snapshot.sites,
            numbered: snapshot.site_order.iter().map(|at| snapshot.sites.get(at)).collect(),
            threads: read.map(|(read, said)| ((read.slot, read.generation), said)).collect(),
            wholes: snapshot
                .ops
                .iter()
                .filter(|operation| operation.state == LIVE)
                .map(|operation| operation.record.parent)
                .collect(),
        }
    }

    /// The site with this number in the table, plus 1.
    fn site(&self, number: u64) -> Option<&'a SiteCopy> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.numbered.get(index).copied().flatten()
    }

    fn status(&self, snapshot: &Snapshot, number: u64) -> Label {
        if number == OP_OTHER {
            return Label::from("(others)");
        }
        let site = self.site(number);
        site.and_then(|site| snapshot.strings.get(site.label))
            .unwrap_or_else(|| Label::from(format!("unknown status {number}").as_str()))
    }

    fn operation(&self, snapshot: &Snapshot, clock: &Clock, read: &OpRead) -> Op {
        let record = &read.record;
        let live = read.state == LIVE;
        let until = if live { clock.now } else { record.ended };
        let age_ns = clock.span_ns(record.begun, until);
        let history = self.history(snapshot, clock, read, until);
        let holder = from_op_id(record.holder)
            .and_then(|(slot, generation)| self.threads.get(&(slot as u64, generation)));
        let begun_at = super::threads::place(snapshot, record.site, None);
        let flag = |bit| record.lengths_flags & bit != 0;
        // A moment of the keeper's clock may be from before the beginning.
        let turned_ns = clock.span_ns(record.turned.max(record.begun), until);
        let held = record.holder != 0;
        let gone = live && read.gone;
        // Whoever says that it idles is waited for by nobody: a kept connection, say.
        let idles = self.status_class(read) == Some(Class::Idle);
        let unpolled = live && !held && !idles && flag(OP_FUTURE);
        let here = holder.filter(|_| live).filter(|thread| thread.class.is_some());
        let at = match (here, history.last().and_then(|status| status.place.as_ref())) {
            (Some(thread), _) => (thread.file.clone(), thread.line),
            (None, Some(place)) => (place.file.clone(), place.line),
            (None, None) => (begun_at.file.clone(), begun_at.line),
        };
        let last = history.last();
        Op {
            id: format!("{}-{}", read.index, read.generation),
            kind: begun_at.label.clone().unwrap_or_else(|| Label::from("?")),
            label: (!read.label.is_empty()).then(|| read.label.clone()),
            label_cut: flag(OP_CUT),
            peer_cut: flag(OP_PEER_CUT),
            sensitive: flag(OP_SENSITIVE),
            peer: (!read.peer.is_empty()).then(|| read.peer.clone()),
            parent: from_op_id(record.parent)
                .map(|(index, generation)| format!("{index}-{generation}")),
            trace: self.traces.of(read).map(Box::new),
            age_ns,
            active_ns: active_ns(age_ns, &history, self.idled_unseen(read)),
            status: last.map(|status| status.status.clone()),
            told: self.is_told(read),
            status_age_ns: last.map(|status| status.for_ns),
            thread: holder.filter(|_| held).map(|thread| thread.name.clone()),
            tid: holder.filter(|_| held).map(|thread| thread.tid),
            working: live && held && !gone,
            turned_ns: live.then_some(turned_ns),
            future: flag(OP_FUTURE),
            leaked: gone || unpolled && turned_ns >= LEAKED_NS && self.nothing_explains(read),
            file: at.0,
            line: at.1,
            begun_file: begun_at.file,
            begun_line: begun_at.line,
            served: record.served,
            cancellable: live && flag(OP_CANCELLABLE),
            cancelled: record.cancel == read.generation || read.state == OP_CANCELLED,
            outcome: outcome(read.state),
            ended_ago_ns: (!live).then(|| clock.age_ns(record.ended)),
            totals: self.totals(snapshot, clock, read, age_ns, last),
            history,
        }
    }

    /// Whether a future that nobody polls has no reason to rest: it said that it works, and neither a peer nor a part
    /// of it is what it waits for. Without a status it may wait for anything.
    fn nothing_explains(&self, read: &OpRead) -> bool {
        self.status_class(read) == Some(Class::Work)
            && read.peer.is_empty()
            && !self.wholes.contains(&op_id(read.index as usize, read.generation))
    }

    /// Whether its program says what it does: at its beginning, or by a status.
    fn is_told(&self, read: &OpRead) -> bool {
        let untold = |flags: u64| flags & SITE_UNTOLD != 0;
        let begun =
            self.addressed.get(&read.record.site).is_some_and(|site| untold(site.class_flags));
        !begun || read.statuses.count > 0
    }

    /// Whether it was idle in a status that the history has no room for any more: the times in all of its statuses say
    /// so. What they had no room for may have been idle, too.
    fn idled_unseen(&self, read: &OpRead) -> bool {
        let idle = |number: u64| {
            let class = self.site(number).and_then(|site| Class::from_word(site.class_flags));
            number == OP_OTHER || class == Some(Class::Idle)
        };
        let totals = read.statuses.totals.iter().take_while(|&&entry| entry != 0);
        read.statuses.first > 0 && totals.map(|&entry| from_status_entry(entry).0).any(idle)
    }

    /// What the status that it has says of it.
    fn status_class(&self, read: &OpRead) -> Option<Class> {
        let last = read.statuses.count.checked_sub(1)? % OP_RECENT as u64;
        let (number, _) = from_status_entry(*read.statuses.recent.get(last as usize)?);
        let flags = self.site(number)?.class_flags;
        if flags & SITE_UNTOLD != 0 { None } else { Class::from_word(flags) }
    }

    /// The last statuses, the oldest of them first.
    fn history(
        &self,
        snapshot: &Snapshot,
        clock: &Clock,
        read: &OpRead,
        until: u64,
    ) -> Vec<OpStatus> {
        let statuses = &read.statuses;
        let entries: Vec<(u64, u64)> = (statuses.first..statuses.count)
            .filter_map(|n| statuses.recent.get((n % OP_RECENT as u64) as usize))
            .map(|&entry| from_status_entry(entry))
            .collect();
        let ends = entries.iter().skip(1).map(|(_, at)| *at);
        let ends = ends.chain([until.saturating_sub(read.record.begun)]);
        let said = entries.iter().zip(ends).map(|(&(number, at), end)| {
            let site = self.site(number);
            OpStatus {
                status: self.status(snapshot, number),
                class: site.map(|site| {
                    super::threads::word(Class::from_word(site.class_flags).unwrap_or_default())
                }),
                at_ns: clock.span_ns(0, at),
                for_ns: clock.span_ns(at, end),
                place: site.map(|site| super::threads::place(snapshot, site.address, None)),
            }
        });
        said.collect()
    }

    /// The time in each status, the current one up to now.
    fn totals(
        &self,
        snapshot: &Snapshot,
        clock: &Clock,
        read: &OpRead,
        age_ns: u64,
        last: Option<&OpStatus>,
    ) -> Vec<OpTotal> {
        let mut totals: Vec<OpTotal> = Vec::new();
        let mut add = |status: Label, ns: u64| match totals.iter_mut().find(|t| t.status == status)
        {
            Some(total) => total.ns = total.ns.saturating_add(ns),
            None => totals.push(OpTotal { status, ns }),
        };
        // Before the first status they are the last operation's.
        let known = read.statuses.totals.iter().filter(|_| read.statuses.count > 0);
        for &entry in known.take_while(|&&entry| entry != 0) {
            let (number, units) = from_status_entry(entry);
            add(self.status(snapshot, number), clock.span_ns(0, units).min(age_ns));
        }
        if let Some(last) = last {
            add(last.status.clone(), last.for_ns);
        }
        totals
    }
}

/// Time since the last status that was idle ended, as far as the history goes. Where there is none in it: since the
/// oldest status that is known, when there was one before it (`unseen`), else all of the time.
fn active_ns(age_ns: u64, history: &[OpStatus], unseen: bool) -> Option<u64> {
    let rested = history.iter().rposition(|status| status.class == Some("idle"));
    match rested {
        None if unseen => {
            Some(history.first().map_or(0, |first| age_ns.saturating_sub(first.at_ns)))
        }
        None => Some(age_ns),
        Some(last) if last + 1 == history.len() => None,
        Some(last) => Some(age_ns.saturating_sub(history.get(last + 1)?.at_ns)),
    }
}

fn outcome(state: u64) -> Option<&'static str> {
    match state {
        OP_OK => Some("ok"),
        OP_ERROR => Some("error"),
        OP_CANCELLED => Some("cancelled"),
        OP_PANICKED => Some("panicked"),
        _ => None,
    }
}

/// Time in each status over all operations, ever, those in flight up to now; the most first. A status in which
/// operations have parts of their own in flight is a row of its own: what the statuses of the parts tell of its
/// time would count twice.
pub fn statuses(snapshot: &Snapshot, clock: &Clock, live: &[Op], ended: &[Op]) -> Vec<StatusTotal> {
    let in_parts = in_parts(live, ended);
    let parts = live.iter().chain(ended).filter(|op| op.parent.is_some());
    let inner: HashSet<Taken> =
        parts.flat_map(|op| &op.history).filter_map(|at| at.place.as_ref().map(spot)).collect();
    let mut inner_ns = 0u64;
    let mut totals: BTreeMap<(Label, bool), StatusTotal> = BTreeMap::new();
    let blank = |(status, in_parts): &(Label, bool)| StatusTotal {
        status: status.clone(),
        idle: false,
        in_parts: *in_parts,
        counted_ns: 0,
        in_flight: 0,
        oldest_ns: None,
        taken: 0,
        total_ns: 0,
    };
    for site in snapshot.sites.values().filter(|site| site.class_flags & SITE_STATUS != 0) {
        let Some(status) = snapshot.strings.get(site.label) else { continue };
        let word = |offset: u64| {
            let index = site.hits.checked_sub(1)?.checked_add(offset)?;
            snapshot.shard_totals.get(usize::try_from(index).ok()?).copied()
        };
        let place = super::threads::place(snapshot, site.address, None);
        let spot = spot(&place);
        let ns = clock.span_ns(0, word(1).unwrap_or(0));
        if inner.contains(&spot) && !in_parts.contains(&spot) {
            inner_ns = inner_ns.saturating_add(ns);
        }
        let key = (status, in_parts.contains(&spot));
        let total = totals.entry(key.clone()).or_insert_with(|| blank(&key));
        total.idle |= Class::from_word(site.class_flags) == Some(Class::Idle);
        total.taken = total.taken.saturating_add(word(0).unwrap_or(0));
        total.total_ns = total.total_ns.saturating_add(ns);
    }
    for operation in live {
        let (Some(status), Some(age)) = (&operation.status, operation.status_age_ns) else {
            continue;
        };
        let place = operation.history.last().and_then(|last| last.place.as_ref());
        let whole = place.is_some_and(|place| in_parts.contains(&spot(place)));
        if operation.parent.is_some() && !whole {
            inner_ns = inner_ns.saturating_add(age);
        }
        let key = (status.clone(), whole);
        let total = totals.entry(key.clone()).or_insert_with(|| blank(&key));
        total.in_flight += 1;
        total.oldest_ns = total.oldest_ns.max(Some(age));
        total.total_ns = total.total_ns.saturating_add(age);
    }
    let mut totals: Vec<StatusTotal> =
        totals.into_values().filter(|total| total.taken > 0 || total.in_flight > 0).collect();
    told_by_parts(&mut totals, inner_ns);
    totals.sort_by(|a, b| {
        (b.total_ns, &a.status, a.in_parts).cmp(&(a.total_ns, &b.status, b.in_parts))
    });
    totals
}

/// What the statuses of parts tell of a status's time is not counted again.
fn told_by_parts(totals: &mut [StatusTotal], inner_ns: u64) {
    let wholes = totals.iter().filter(|total| total.in_parts);
    let wholes_ns = wholes.fold(0u64, |sum, total| sum.saturating_add(total.total_ns));
    for total in totals {
        let told = match (total.idle, total.in_parts) {
            (true, _) => 1.0,
            (false, true) => inner_ns as f64 / wholes_ns.max(1) as f64,
            (false, false) => 0.0,
        };
        total.counted_ns = (total.total_ns as f64 * (1.0 - told).max(0.0)) as u64;
    }
}

/// Where a status is taken in the source.
pub type Taken = (Option<Label>, Option<u32>, Option<Label>);

fn spot(place: &Place) -> Taken {
    (place.file.clone(), place.line, place.label.clone())
}

/// The places at which operations took the status that they were in while a part of them ran: by the parts
/// that are in flight or still there, and the histories of their wholes.
pub fn in_parts(live: &[Op], ended: &[Op]) -> HashSet<Taken> {
    let all = || live.iter().chain(ended);
    let wholes: HashMap<&str, &Op> = all().map(|op| (op.id.as_str(), op)).collect();
    // Ages of what ended stopped: since its beginning is that and what has passed since.
    let begun = |op: &Op| op.age_ns.saturating_add(op.ended_ago_ns.unwrap_or(0));
    let during = |part: &Op| {
        let whole = wholes.get(part.parent.as_deref()?)?;
        let from = begun(whole).checked_sub(begun(part))?;
        let until = from.saturating_add(part.age_ns);
        // A part begins in one status and goes on in the next: the one that it shared most time with.
        let shared = |status: &OpStatus| {
            let end = status.at_ns.saturating_add(status.for_ns).min(until);
            end.saturating_sub(status.at_ns.max(from))
        };
        let status = whole.history.iter().max_by_key(|status| shared(status))?;
        // What was before the history is not known.
        let known = shared(status) > 0;
        status.place.as_ref().filter(|_| known && status.class != Some("idle")).map(spot)
    };
    all().filter_map(during).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(class: &'static str, at_ns: u64) -> OpStatus {
        let status = Label::from(class);
        OpStatus { status, class: Some(class), at_ns, for_ns: 1, place: None }
    }

    #[test]
    fn who_rested_in_what_is_forgotten_was_not_at_it_all_of_the_time() {
        let works = [status("work", 90), status("wait", 95)];
        assert_eq!(active_ns(100, &works, false), Some(100));
        // The naive answer was the age: a connection that rests every few milliseconds was at it for hours.
        assert_eq!(active_ns(100, &works, true), Some(10));
        assert_eq!(active_ns(100, &[], true), Some(0));
        let rested = [status("work", 90), status("idle", 95), status("work", 98)];
        assert_eq!(active_ns(100, &rested, true), Some(2));
        assert_eq!(active_ns(100, &rested[..2], true), None);
    }
}
