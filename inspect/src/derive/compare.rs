//! Two looks at boards: what changed, number by number and line by line. Pure functions over reports.

use std::collections::{BTreeMap, HashMap, VecDeque};

pub use super::flat::Number;
use super::flat::numbers_of;
use crate::model::{BoardReport, LineReport};
use crate::words::label::Label;

/// One line in both looks.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Line {
    /// Before; `None`: nothing was known of it.
    pub before: Option<LineReport>,
    /// After.
    pub after: Option<LineReport>,
}

impl Line {
    /// The line, by its later look.
    pub fn spot(&self) -> Option<&LineReport> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// Threads before and after.
    pub fn threads(&self) -> (u64, u64) {
        let of = |side: &Option<LineReport>| side.as_ref().map_or(0, |line| line.threads);
        (of(&self.before), of(&self.after))
    }

    /// Passes between the looks of one run; since each start, of two.
    pub fn passes(&self) -> Option<i128> {
        let of = |side: &Option<LineReport>| side.as_ref().and_then(|line| line.hits);
        let after = of(&self.after)?;
        Some(i128::from(after) - i128::from(of(&self.before).unwrap_or(0)))
    }

    /// Whether anything is another after.
    pub fn changed(&self) -> bool {
        let (before, after) = self.threads();
        before != after || self.passes().is_some_and(|passes| passes != 0)
    }
}

/// Everything that two looks have to say of each other.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Comparison {
    /// Both are of one process: what grows has grown by the difference, in `between_ns`.
    pub same_run: bool,
    /// Time between the looks, for one process.
    pub between_ns: Option<u64>,
    /// Lines, by file and line.
    pub lines: Vec<Line>,
    /// Numbers, by kind and name.
    pub numbers: Vec<Number>,
}

/// Compares two reports.
pub fn compare(before: &BoardReport, after: &BoardReport) -> Comparison {
    let same_run = before.instance == after.instance && before.pid == after.pid;
    let between_ns = same_run.then(|| after.uptime_ns.saturating_sub(before.uptime_ns));
    let mut numbers: BTreeMap<Key, Number> = BTreeMap::new();
    for (after, report) in [(false, before), (true, after)] {
        for found in numbers_of(report) {
            // The value itself before its highest.
            let rank = (found.field != "value", found.field);
            let key = (found.kind, found.name.clone(), found.labels.clone(), rank);
            let value = found.after;
            let known = numbers.entry(key).or_insert(Number { before: None, after: None, ..found });
            if after { known.after = value } else { known.before = value }
        }
    }
    let numbers = numbers.into_values().collect();
    Comparison { same_run, between_ns, lines: lines(before, after), numbers }
}

type Key = (&'static str, Label, BTreeMap<Label, Label>, (bool, &'static str));

/// Lines are the same when file, line, function, label and class are; else, among those left, when all
/// but the line are and there is one of them on each side: it moved.
fn lines(before: &BoardReport, after: &BoardReport) -> Vec<Line> {
    let mut old: Vec<Option<LineReport>> = before.lines.iter().cloned().map(Some).collect();
    let mut found: Vec<Line> =
        after.lines.iter().map(|line| Line { before: None, after: Some(line.clone()) }).collect();
    for exact in [true, false] {
        let name = |line: &LineReport| {
            let (file, function) = (line.file.clone(), line.function.clone());
            (file, function, line.label.clone(), line.class, line.line.filter(|_| exact))
        };
        // By what they are called: each beside each other one would be the square of as many.
        let mut left: HashMap<_, VecDeque<usize>> = HashMap::new();
        for (index, line) in old.iter().enumerate() {
            if let Some(line) = line {
                left.entry(name(line)).or_default().push_back(index);
            }
        }
        for slot in found.iter_mut().filter(|line| line.before.is_none()) {
            let Some(new) = &slot.after else { continue };
            let same = left.get_mut(&name(new)).and_then(VecDeque::pop_front);
            slot.before = same.and_then(|index| old.get_mut(index)?.take());
        }
    }
    found.extend(old.into_iter().flatten().map(|line| Line { before: Some(line), after: None }));
    found.sort_by_key(|line| line.spot().map(|spot| (spot.file.clone(), spot.line)));
    found
}
