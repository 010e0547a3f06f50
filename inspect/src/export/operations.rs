//! Operations over several looks at a board: each becomes one, from its beginning to its end, with all the
//! statuses that some look saw. A board keeps the last few statuses of an operation, and the last few operations
//! that ended: whoever looks often enough has all of them, and who does not is told how many are missing.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::liveness::State;
use crate::model::{BoardReport, Op, OpStatus};

/// Operations that are followed at a time, and statuses of each that are kept.
const MOST: usize = 100_000;
const MOST_STATUSES: usize = 512;

/// One operation, as far as it was seen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Operation {
    /// As the last look had it.
    pub op: Op,
    /// The run of its process.
    pub instance: u64,
    /// When it began, ns since 1970.
    pub begun_wall_ns: u64,
    /// When it ended; for one whose end nobody saw the last moment at which it was seen, and null while it is
    /// in flight.
    pub ended_wall_ns: Option<u64>,
    /// `ok`, `error`, `cancelled`, `panicked`, or `unknown`; null while it is in flight.
    pub outcome: Option<&'static str>,
    /// Its process ended before it did.
    pub cut_short: bool,
    /// Statuses by their beginning, ns since that of the operation.
    pub statuses: BTreeMap<u64, OpStatus>,
}

impl Operation {
    fn new(report: &BoardReport, op: &Op) -> Self {
        let age_ns = op.age_ns.saturating_add(op.ended_ago_ns.unwrap_or(0));
        // Both are counted by the board's own clock: whoever looks, and whenever, finds the same moment.
        let begun_ns = report.uptime_ns.saturating_sub(age_ns);
        let begun_wall_ns = report.started_wall_ns.saturating_add(begun_ns);
        let mut new = Self {
            op: op.clone(),
            instance: report.instance,
            begun_wall_ns,
            ended_wall_ns: None,
            outcome: None,
            cut_short: false,
            statuses: BTreeMap::new(),
        };
        new.see(op);
        new
    }

    fn see(&mut self, op: &Op) {
        for status in &op.history {
            if self.statuses.len() < MOST_STATUSES || self.statuses.contains_key(&status.at_ns) {
                self.statuses.insert(status.at_ns, status.clone());
            }
        }
        // Nobody reads any more what it is part of, once that is gone.
        let trace = self.op.trace.take();
        self.op = op.clone();
        self.op.trace = self.op.trace.take().or(trace);
        if let Some(outcome) = op.outcome {
            self.outcome = Some(outcome);
            self.ended_wall_ns = Some(self.begun_wall_ns.saturating_add(op.age_ns));
        }
    }

    /// It is over, and nobody saw how.
    fn unknown(mut self, cut_short: bool) -> Self {
        self.ended_wall_ns = Some(self.begun_wall_ns.saturating_add(self.op.age_ns));
        self.outcome = Some("unknown");
        self.cut_short = cut_short;
        self
    }
}

/// The operations of one board.
#[derive(Clone, Debug, Default)]
pub struct Book {
    open: HashMap<String, Operation>,
    /// Those that ended, were handed out, and are still on the board.
    done: HashSet<String>,
    /// Operations that ended by the board's own count at the first look, less those that it still had.
    base: Option<u64>,
    handed_out: u64,
    /// Those that had ended by the last look, and by the one before it.
    ended: u64,
    ended_before: u64,
    /// Nothing moves any more.
    dead: bool,
}

impl Book {
    /// Takes a look, and hands out what ended since the last.
    pub fn look(&mut self, report: &BoardReport) -> Vec<Operation> {
        let mut over = Vec::new();
        let mut seen = HashSet::new();
        for op in &report.ended_ops {
            seen.insert(op.id.clone());
            if self.done.contains(&op.id) {
                continue;
            }
            let mut one = self.open.remove(&op.id).unwrap_or_else(|| Operation::new(report, op));
            one.see(op);
            over.push(one);
        }
        let live: HashSet<&str> = report.ops.iter().map(|op| op.id.as_str()).collect();
        // What a dead process had in flight stands on its board for ever.
        seen.extend(self.done.iter().filter(|id| live.contains(id.as_str())).cloned());
        self.done = seen;
        for op in report.ops.iter().filter(|op| !self.done.contains(&op.id)) {
            if let Some(one) = self.open.get_mut(&op.id) {
                one.see(op);
            } else if self.open.len() < MOST {
                self.open.insert(op.id.clone(), Operation::new(report, op));
            }
        }
        let dead = report.state == State::Dead;
        let gone: Vec<String> =
            self.open.keys().filter(|id| dead || !live.contains(id.as_str())).cloned().collect();
        for id in gone {
            if let Some(one) = self.open.remove(&id) {
                let cut_short = dead && live.contains(id.as_str());
                over.push(one.unknown(cut_short));
                self.done.insert(id);
            }
        }
        over.sort_by(|a, b| (a.ended_wall_ns, &a.op.id).cmp(&(b.ended_wall_ns, &b.op.id)));
        self.count(report, over.iter().filter(|one| !one.cut_short).count() as u64);
        over
    }

    fn count(&mut self, report: &BoardReport, new: u64) {
        let ends = report.op_kinds.iter().map(|kind| &kind.since_start);
        self.ended_before = self.ended;
        self.dead = report.state == State::Dead;
        self.ended = ends.map(|ends| ends.ok + ends.error + ends.cancelled + ends.panicked).sum();
        let first = self.base.is_none();
        self.handed_out += new;
        if first {
            // What ended before anybody looked is nobody's loss.
            self.base = Some(self.ended.saturating_sub(new));
        }
    }

    /// What is in flight.
    pub fn open(&self) -> impl Iterator<Item = &Operation> {
        self.open.values()
    }

    /// Operations that began and ended between two looks and left nothing behind. Of the living it is of the look before:
    /// what ended while a look went on is counted by it, and listed by the next one only.
    pub fn missed(&self) -> u64 {
        let ended = if self.dead { self.ended } else { self.ended_before };
        ended.saturating_sub(self.base.unwrap_or(0)).saturating_sub(self.handed_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::label::Label;

    fn op(id: &str, age_ns: u64, status: (u64, &str)) -> Op {
        let one = OpStatus {
            status: Label::from(status.1),
            at_ns: status.0,
            for_ns: age_ns - status.0,
            ..OpStatus::default()
        };
        Op {
            id: id.to_owned(),
            kind: Label::from("request"),
            age_ns,
            history: vec![one],
            ..Op::default()
        }
    }

    #[test]
    fn an_operation_is_handed_out_once_whole_and_what_nobody_saw_is_counted() {
        let mut report = BoardReport::for_tests("d", 1_000_000_000);
        let mut book = Book::default();
        report.ops = vec![op("1-1", 100, (0, "parse")), op("2-1", 50, (0, "wait"))];
        report.uptime_ns = 1_000;
        assert_eq!(book.look(&report).len(), 0);

        // The first went on and ended; the second's record is another's by now.
        report.uptime_ns = 2_000;
        let ended = Op {
            outcome: Some("error"),
            ended_ago_ns: Some(200),
            ..op("1-1", 900, (500, "write"))
        };
        report.ended_ops = vec![ended];
        report.ops = vec![op("2-2", 10, (0, "wait"))];
        report.ended(5);
        let over = book.look(&report);
        let ends: Vec<_> =
            over.iter().map(|one| (one.op.id.as_str(), one.outcome, one.cut_short)).collect();
        assert_eq!(ends, [("2-1", Some("unknown"), false), ("1-1", Some("error"), false)]);
        let first = &over[1];
        assert_eq!(first.begun_wall_ns, report.started_wall_ns + 900);
        assert_eq!(first.ended_wall_ns, Some(report.started_wall_ns + 1_800));
        let statuses: Vec<_> =
            first.statuses.iter().map(|(at, one)| (*at, one.status.raw())).collect();
        assert_eq!(statuses, [(0, "parse"), (500, "write")]);
        // Five ended, two were handed out; of the living that is said one look later.
        assert_eq!(book.missed(), 0);
        assert_eq!(book.look(&report).len(), 0);
        assert_eq!(book.missed(), 3);

        // Seen again it is not handed out again; what a kill leaves is cut short.
        report.ended_ops.iter_mut().for_each(|op| op.ended_ago_ns = Some(700));
        report.state = State::Dead;
        let over = book.look(&report);
        assert_eq!(over.len(), 1);
        assert_eq!(
            (over[0].op.id.as_str(), over[0].outcome, over[0].cut_short),
            ("2-2", Some("unknown"), true)
        );
        assert_eq!((book.missed(), book.open().count()), (3, 0));
        assert_eq!(book.look(&report).len(), 0);
    }
    /// Four end after the list was read and before the count is: the next look lists them, and nothing was missed.
    #[test]
    fn what_ended_while_a_look_went_on_was_not_missed() {
        let mut report = BoardReport::for_tests("d", 1_000_000_000);
        report.uptime_ns = 1_000;
        let mut book = Book::default();
        assert_eq!(book.look(&report).len(), 0);
        report.ended(4);
        assert_eq!((book.look(&report).len(), book.missed()), (0, 0));
        let naive = book.ended - book.handed_out;
        assert_eq!(naive, 4, "by the count of the same look");
        let ended =
            |id| Op { outcome: Some("ok"), ended_ago_ns: Some(10), ..op(id, 50, (0, "wait")) };
        report.ended_ops = vec![ended("1-1"), ended("2-1"), ended("3-1"), ended("4-1")];
        assert_eq!((book.look(&report).len(), book.missed()), (4, 0));
        assert_eq!((book.look(&report).len(), book.missed()), (0, 0));
    }
}
