//! What is kept of a board for a second: counts, not rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::texts::{Texts, TextsRead};
use super::usage::Usage;
use crate::liveness::State;
use crate::model::{BoardReport, ThreadReport};
use crate::recording::wire::{Bytes, put};
use crate::words::label::Label;

/// Rows of each kind that are kept of a board in a second.
const MOST: usize = 512;

/// What more is active than there are rows for: counted, and not told apart.
pub(super) const OTHERS: &str = "(others)";

/// Operations of an ended process that are kept by name.
const MOST_LAST: usize = 50;

/// Who is active, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Active {
    /// Kind of an operation; of a thread that of the operation it works on, nothing when it works on none.
    pub kind: String,
    /// Its status; class of a thread's line.
    pub status: String,
    /// `FILE:LINE` and label.
    pub line: String,
    /// The thread; of an operation nothing.
    pub thread: String,
}

impl Active {
    /// It is an operation, and no thread.
    pub fn is_operation(&self) -> bool {
        self.thread.is_empty()
    }

    /// It is a thread that works on an operation which is active: that one counts.
    pub fn is_at_operation(&self) -> bool {
        !self.is_operation() && !self.kind.is_empty()
    }

    /// One of many for which there is no row. Of a thread it stays known whether an operation counts for it.
    fn as_others(&self) -> Self {
        let others = |said: bool| if said { OTHERS.to_owned() } else { String::new() };
        Self {
            kind: others(!self.kind.is_empty()),
            status: OTHERS.to_owned(),
            line: OTHERS.to_owned(),
            thread: others(!self.is_operation()),
        }
    }
}

/// A queue at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueSecond {
    /// Items waiting.
    pub depth: u64,
    /// Age of the item at the head, when it is known.
    pub oldest_age_ns: Option<u64>,
}

/// What a board said last.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct End {
    /// How the process ended, in words.
    pub verdict: String,
    /// Operations in flight, the oldest first: id, kind, status and label in a line each.
    pub in_flight: Vec<String>,
}

/// A board for a second.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Second {
    /// Name of the board.
    pub name: String,
    /// Process id.
    pub pid: u64,
    /// The run.
    pub instance: u64,
    /// Processors of the host.
    pub cores: u64,
    /// How many are active where, at this moment; operations that rest are not.
    pub active: BTreeMap<Active, u64>,
    /// Load of threads over the last second, in thousandths, the highest of those of a name.
    pub loads: BTreeMap<String, u64>,
    /// Queues by name.
    pub queues: BTreeMap<String, QueueSecond>,
    /// Totals of counters by name and labels.
    pub counters: BTreeMap<String, u64>,
    /// Gauges by name and labels.
    pub gauges: BTreeMap<String, i64>,
    /// What its process takes.
    pub usage: Usage,
    /// What a person would have read first, when it was not well.
    pub finding: Option<String>,
    /// Once, when its process ended.
    pub end: Option<End>,
}

impl Second {
    /// What is kept of a report.
    pub fn of(report: &BoardReport, cores: u64) -> Self {
        let mut second = Self {
            name: report.name.raw().to_owned(),
            pid: report.pid,
            instance: report.instance,
            cores,
            ..Self::default()
        };
        if report.headline.severity > crate::model::Severity::Ok {
            second.finding = Some(report.headline.text.clone());
        }
        if report.state == State::Dead {
            second.end = Some(last(report));
            return second;
        }
        let at = second.operations(report);
        second.threads(report, &at);
        second.numbers(report);
        second.usage = report.vitals.as_ref().map(Usage::of).unwrap_or_default();
        second
    }

    /// Counts the operations; who works on which kind of them, by thread id.
    fn operations<'a>(&mut self, report: &'a BoardReport) -> HashMap<u64, &'a str> {
        let active = || report.ops.iter().filter(|op| op.active_ns.is_some());
        // A connection and the command that it is at are one: the inner one counts, and tells where it is.
        let outer: BTreeSet<&str> = active().filter_map(|op| op.parent.as_deref()).collect();
        for op in active().filter(|op| !outer.contains(op.id.as_str())) {
            self.add(Active {
                kind: op.kind.raw().to_owned(),
                status: op.status.as_ref().map_or("", |status| status.raw()).to_owned(),
                line: place(op.file.as_ref(), op.line),
                thread: String::new(),
            });
        }
        active().filter(|op| op.working).filter_map(|op| Some((op.tid?, op.kind.raw()))).collect()
    }

    fn threads(&mut self, report: &BoardReport, at: &HashMap<u64, &str>) {
        let there = |thread: &&ThreadReport| thread.exists != Some(false) && !thread.left;
        for thread in report.threads.iter().filter(there) {
            if let Some(load) = thread.load.s1 {
                self.load(thread.name.raw(), (load * 1000.0).round() as u64);
            }
            let Some(class @ ("work" | "wait")) = thread.class else { continue };
            let label = thread.label.as_ref().map_or("", |label| label.raw());
            self.add(Active {
                kind: at.get(&thread.tid).copied().unwrap_or_default().to_owned(),
                status: class.to_owned(),
                line: format!("{} {label}", place(thread.file.as_ref(), thread.line)),
                thread: thread.name.raw().to_owned(),
            });
        }
    }

    fn numbers(&mut self, report: &BoardReport) {
        for queue in report.queues.iter().take(MOST) {
            let one = QueueSecond { depth: queue.depth, oldest_age_ns: queue.oldest_age_ns };
            self.queues.insert(queue.name.raw().to_owned(), one);
        }
        let counters = report.counters.iter().take(MOST);
        self.counters = counters.map(|one| (named(&one.name, &one.labels), one.value)).collect();
        let gauges = report.gauges.iter().take(MOST);
        self.gauges = gauges.map(|one| (named(&one.name, &one.labels), one.value)).collect();
    }

    /// Operations come first, and leave as many rows to threads.
    fn add(&mut self, active: Active) {
        let rows = if active.is_operation() { MOST - 1 } else { 2 * MOST - 2 };
        let room = self.active.len() < rows || self.active.contains_key(&active);
        *self.active.entry(if room { active } else { active.as_others() }).or_default() += 1;
    }

    /// The highest of a name; of more names than there are rows for, of the rest.
    fn load(&mut self, name: &str, load: u64) {
        let room = self.loads.contains_key(name) || self.loads.len() < MOST - 1;
        let known = self.loads.entry(if room { name } else { OTHERS }.to_owned()).or_default();
        *known = (*known).max(load);
    }

    /// As bytes; texts by their numbers.
    pub(super) fn write(&self, out: &mut Vec<u8>, texts: &mut Texts) {
        put(out, texts.number(&self.name));
        put(out, self.pid);
        put(out, self.instance);
        put(out, self.cores);
        put(out, self.active.len() as u64);
        for (one, count) in &self.active {
            for text in [&one.kind, &one.status, &one.line, &one.thread] {
                put(out, texts.number(text));
            }
            put(out, *count);
        }
        let mut map = |all: Vec<(&String, u64)>, out: &mut Vec<u8>| {
            put(out, all.len() as u64);
            for (name, value) in all {
                put(out, texts.number(name));
                put(out, value);
            }
        };
        map(self.loads.iter().map(|(name, load)| (name, *load)).collect(), out);
        map(self.queues.iter().map(|(name, queue)| (name, queue.depth)).collect(), out);
        // 0 is "not known", so that an age of 0 is 1.
        let age = |queue: &QueueSecond| queue.oldest_age_ns.map_or(0, |age| age.saturating_add(1));
        map(self.queues.iter().map(|(name, queue)| (name, age(queue))).collect(), out);
        map(self.counters.iter().map(|(name, value)| (name, *value)).collect(), out);
        map(self.gauges.iter().map(|(name, value)| (name, zigzag(*value))).collect(), out);
        let lines = match &self.end {
            None => Vec::new(),
            Some(end) => std::iter::once(&end.verdict).chain(&end.in_flight).collect(),
        };
        for all in [self.finding.iter().collect::<Vec<_>>(), lines] {
            put(out, all.len() as u64);
            for text in all {
                put(out, texts.number(text));
            }
        }
    }

    /// From bytes that may be anything.
    pub(super) fn read(bytes: &mut Bytes<'_>, texts: &TextsRead) -> Option<Self> {
        let mut second = Self {
            name: texts.text(bytes.number()?)?,
            pid: bytes.number()?,
            instance: bytes.number()?,
            cores: bytes.number()?,
            ..Self::default()
        };
        for _ in 0..count(bytes)? {
            let mut text = || texts.text(bytes.number()?);
            let (kind, status, line, thread) = (text()?, text()?, text()?, text()?);
            second.active.insert(Active { kind, status, line, thread }, bytes.number()?);
        }
        let mut map = || -> Option<BTreeMap<String, u64>> {
            let mut all = BTreeMap::new();
            for _ in 0..count(bytes)? {
                all.insert(texts.text(bytes.number()?)?, bytes.number()?);
            }
            Some(all)
        };
        second.loads = map()?;
        let (depths, ages) = (map()?, map()?);
        second.queues = depths
            .into_iter()
            .map(|(name, depth)| {
                let oldest_age_ns = ages.get(&name).and_then(|age| age.checked_sub(1));
                (name, QueueSecond { depth, oldest_age_ns })
            })
            .collect();
        second.counters = map()?;
        second.gauges = map()?.into_iter().map(|(name, value)| (name, unzigzag(value))).collect();
        let mut list = || -> Option<Vec<String>> {
            (0..count(bytes)?).map(|_| texts.text(bytes.number()?)).collect()
        };
        second.finding = list()?.into_iter().next();
        let mut last = list()?.into_iter();
        second.end = last.next().map(|verdict| End { verdict, in_flight: last.collect() });
        Some(second)
    }
}

/// `FILE:LINE`; nothing where that is not known.
fn place(file: Option<&Label>, line: Option<u32>) -> String {
    file.map_or_else(String::new, |file| {
        format!("{}:{}", crate::words::place::base(file.raw()), line.unwrap_or(0))
    })
}

/// A number's name with its labels.
fn named(name: &Label, labels: &BTreeMap<Label, Label>) -> String {
    let labels: Vec<&str> = labels.values().map(Label::raw).collect();
    match labels.is_empty() {
        true => name.raw().to_owned(),
        false => format!("{} {}", name.raw(), labels.join(" ")),
    }
}

/// How many follow, if that can be: each takes a byte at least, and no writer writes more.
fn count(bytes: &mut Bytes<'_>) -> Option<u64> {
    bytes.number().filter(|&count| count <= bytes.0.len() as u64 && count <= 2 * MOST as u64)
}

fn last(report: &BoardReport) -> End {
    let line = |op: &crate::model::Op| {
        let text = |label: &Option<crate::words::label::Label>| {
            label.as_ref().map_or("", |label| label.raw()).to_owned()
        };
        let age = crate::words::human::time(op.age_ns);
        format!("{} {} {} for {age} {}", op.id, op.kind.raw(), text(&op.status), text(&op.label))
    };
    End {
        verdict: report.verdict.clone(),
        in_flight: report.ops.iter().take(MOST_LAST).map(line).collect(),
    }
}

/// A signed number whose smallness is kept.
fn zigzag(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Op;

    /// A connection and the command that it is at are one that is active; two commands of one connection are two.
    #[test]
    fn what_is_inside_another_counts_and_not_both() {
        let op = |id: &str, parent: Option<&str>, kind: &str, active| Op {
            id: id.to_owned(),
            parent: parent.map(str::to_owned),
            kind: Label::from(kind),
            active_ns: active,
            ..Op::default()
        };
        let mut report = BoardReport::for_tests("recordd", 0);
        report.ops = vec![
            op("0-1", None, "connection", Some(9)),
            op("1-1", Some("0-1"), "command", Some(5)),
            op("2-1", Some("0-1"), "command", Some(4)),
            // One whose command has ended, and one whose command rests.
            op("3-1", None, "connection", Some(3)),
            op("4-1", None, "connection", Some(3)),
            op("5-1", Some("4-1"), "command", None),
            op("6-1", None, "connection", None),
        ];
        let mut second = Second::default();
        second.operations(&report);
        let of = |kind: &str| -> u64 {
            second.active.iter().filter(|(one, _)| one.kind == kind).map(|(_, count)| count).sum()
        };
        assert_eq!((of("command"), of("connection")), (2, 2));
    }
    fn thread(name: &str, tid: u64) -> ThreadReport {
        ThreadReport { tid, ..ThreadReport::for_tests(name, Some("work")) }
    }

    /// A thread at an operation that is active is not one more; at one that rests it is all that is.
    #[test]
    fn who_works_on_an_operation_is_told_from_who_works_on_none() {
        let op = |id: &str, tid: Option<u64>, active| Op {
            id: id.to_owned(),
            kind: Label::from("request"),
            active_ns: active,
            tid,
            working: tid.is_some(),
            ..Op::default()
        };
        let mut report = BoardReport::for_tests("recordd", 0);
        report.ops = vec![
            op("0-1", Some(1), Some(5)),
            op("1-1", Some(2), None),
            op("2-1", None, Some(5)),
            // Its last thread works on something else now.
            Op { working: false, ..op("3-1", Some(3), Some(5)) },
        ];
        report.threads = ["at", "at-rest", "last", "other"]
            .into_iter()
            .zip(1..)
            .map(|(name, tid)| thread(name, tid))
            .collect();
        let second = Second::of(&report, 2);
        let operations: u64 = second
            .active
            .iter()
            .filter(|(one, _)| one.is_operation())
            .map(|(_, count)| count)
            .sum();
        let at: Vec<&str> = second
            .active
            .keys()
            .filter(|one| one.is_at_operation())
            .map(|one| one.thread.as_str())
            .collect();
        assert_eq!((operations, at), (3, vec!["at"]));
        assert_eq!(second.active.keys().filter(|one| !one.is_operation()).count(), 4);
    }

    /// More of everything than there are rows for: each is counted, and what was written can be read.
    #[test]
    fn a_board_of_very_many_is_counted_in_full_and_comes_back() {
        let mut report = BoardReport::for_tests("recordd", 0);
        report.ops = (0..3_000u32)
            .map(|line| Op {
                id: line.to_string(),
                kind: Label::from("request"),
                active_ns: Some(1),
                file: Some(Label::from("a.rs")),
                line: Some(line),
                ..Op::default()
            })
            .collect();
        report.threads = (0..3_000u64).map(|tid| thread(&format!("worker-{tid}"), tid)).collect();
        for one in &mut report.threads {
            one.load.s1 = Some(0.5);
        }
        let second = Second::of(&report, 2);
        let count = |operations: bool| -> u64 {
            let of = second.active.iter().filter(|(one, _)| one.is_operation() == operations);
            of.map(|(_, count)| count).sum()
        };
        assert_eq!((count(true), count(false)), (3_000, 3_000));
        assert_eq!(second.loads.get(OTHERS), Some(&500));
        let mut texts = Texts::default();
        let mut out = Vec::new();
        second.write(&mut out, &mut texts);
        let mut known = TextsRead::default();
        for text in texts.fresh() {
            known.push(&text);
        }
        assert_eq!(Second::read(&mut Bytes(&out), &known), Some(second));
    }
}
