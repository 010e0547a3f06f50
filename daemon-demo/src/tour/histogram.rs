//! A plain histogram of lines: how often each was seen, over all threads that were not idle.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use inspect::model::ThreadReport;
use inspect::snapshot::Label;

use super::show::{attach, failure};
use crate::failure::Failure;

/// Time between two looks.
const EVERY: Duration = Duration::from_millis(1);
/// Lines shown.
const SHOWN: usize = 15;
/// Width of a full bar.
const BAR: usize = 30;

/// How often each line was seen.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    looks: u64,
    lines: BTreeMap<String, usize>,
}

/// Looks at the threads of a process for a time.
///
/// # Errors
/// Its board cannot be read.
pub(super) fn sample(pid: u32, duration: Duration) -> Result<Histogram, Failure> {
    let mut board = attach(pid)?;
    let mut histogram = Histogram::default();
    let mut due = Instant::now();
    let until = due + duration;
    while due < until {
        let report = board.report().map_err(failure)?;
        histogram.looks += 1;
        report.threads.iter().for_each(|thread| histogram.add(thread));
        // A look that came late is skipped, not made up for.
        let now = Instant::now();
        while due <= now {
            due += EVERY;
        }
        std::thread::sleep(due - now);
    }
    Ok(histogram)
}

impl Histogram {
    fn add(&mut self, thread: &ThreadReport) {
        let (Some(class), Some(file), Some(line)) = (thread.class, &thread.file, thread.line)
        else {
            return;
        };
        if class == "idle" {
            return;
        }
        let last = |label: &Label, separator: &str| {
            label.raw().rsplit(separator).next().unwrap_or_default().to_owned()
        };
        let place = format!("{}:{line}", last(file, "/"));
        let function = thread.function.as_ref().map_or(String::new(), |name| last(name, "::"));
        let label = thread.label.as_ref().map_or("", Label::raw);
        let name = format!("{class:<5} {place:<20} {function:<14} {label}");
        *self.lines.entry(name).or_default() += 1;
    }
}

impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: usize = self.lines.values().sum();
        writeln!(f, "{} looks, {all} of them at threads that were not idle", self.looks)?;
        let mut lines: Vec<_> = self.lines.iter().collect();
        lines.sort_by_key(|&(_, seen)| std::cmp::Reverse(*seen));
        for &(line, &seen) in lines.iter().take(SHOWN) {
            let (permille, bar) = (seen * 1000 / all.max(1), seen * BAR / all.max(1));
            writeln!(
                f,
                "{:>3}.{}%  {:<BAR$}  {line}",
                permille / 10,
                permille % 10,
                "#".repeat(bar)
            )?;
        }
        let rest: usize = lines.iter().skip(SHOWN).map(|(_, seen)| **seen).sum();
        if rest > 0 {
            writeln!(f, "        {rest} more at other lines")?;
        }
        Ok(())
    }
}
