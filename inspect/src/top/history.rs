//! The last two minutes, a value a second, for sparklines: loads, rates and levels.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use crate::model::BoardReport;
use crate::words::label::Label;

/// Values kept of each series.
pub const KEPT: usize = 200;
/// Shortest time between two values.
const APART: Duration = Duration::from_millis(950);

/// What a series is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Of {
    /// Load of a thread, by its id.
    Load(u64),
    /// Growth a second of a counter, by [`id`].
    Rate(u64),
    /// Level of a gauge, by [`id`].
    Level(u64),
    /// Depth of a queue, by [`id`].
    Depth(u64),
    /// Completions a second of a queue, by [`id`].
    Done(u64),
}

/// A number's id: its name and labels.
pub fn id(name: &Label, labels: &std::collections::BTreeMap<Label, Label>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, labels).hash(&mut hasher);
    hasher.finish()
}

/// A number for something that has a name of its own, by which it is found again.
pub fn name_id(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// A queue's id.
pub fn queue_id(name: &Label) -> u64 {
    id(name, &std::collections::BTreeMap::new())
}

#[derive(Clone, Debug, Default)]
struct Series {
    values: VecDeque<Option<f64>>,
    total: Option<u64>,
    /// It was met this time.
    fresh: bool,
}

/// Series of values, the newest last.
#[derive(Clone, Debug, Default)]
pub struct History {
    series: HashMap<Of, Series>,
    last: Option<Instant>,
}

impl History {
    /// Takes the values of now, if a second has gone by since the last ones.
    pub fn take(&mut self, report: &BoardReport, now: Instant) {
        let seconds = match self.last {
            Some(last) if now.duration_since(last) < APART => return,
            Some(last) => now.duration_since(last).as_secs_f64(),
            None => 0.0,
        };
        self.last = Some(now);
        self.step();
        for thread in &report.threads {
            self.level(Of::Load(thread.tid), thread.load.s1);
        }
        for counter in &report.counters {
            self.total(Of::Rate(id(&counter.name, &counter.labels)), counter.value, seconds);
        }
        for gauge in &report.gauges {
            self.level(Of::Level(id(&gauge.name, &gauge.labels)), Some(gauge.value as f64));
        }
        for queue in &report.queues {
            self.level(Of::Depth(queue_id(&queue.name)), Some(queue.depth as f64));
            self.total(Of::Done(queue_id(&queue.name)), queue.completions, seconds);
        }
        // What is gone is forgotten when it has left the picture.
        self.series.retain(|_, one| one.fresh || one.values.iter().any(Option::is_some));
    }

    /// A second goes by, with nothing known yet.
    fn step(&mut self) {
        for series in self.series.values_mut() {
            series.fresh = false;
            series.values.push_back(None);
            if series.values.len() > KEPT {
                series.values.pop_front();
            }
        }
    }

    fn set(&mut self, of: Of, value: Option<f64>) -> &mut Series {
        let series = self.series.entry(of).or_default();
        series.fresh = true;
        if series.values.is_empty() {
            series.values.push_back(None);
        }
        if let Some(last) = series.values.back_mut() {
            *last = value.filter(|value| value.is_finite());
        }
        series
    }

    fn level(&mut self, of: Of, value: Option<f64>) {
        self.set(of, value);
    }

    fn total(&mut self, of: Of, total: u64, seconds: f64) {
        let before = self.series.get(&of).and_then(|series| series.total);
        // A total that fell is another one's: a slot was given away.
        let grown = before.and_then(|before| total.checked_sub(before)).filter(|_| seconds > 0.0);
        self.set(of, grown.map(|grown| grown as f64 / seconds)).total = Some(total);
    }

    /// The last `columns` values, the newest last.
    pub fn last(&self, of: Of, columns: usize) -> Vec<Option<f64>> {
        let values = self.series.get(&of).map(|series| &series.values);
        let skipped = values.map_or(0, |values| values.len().saturating_sub(columns));
        values.into_iter().flatten().skip(skipped).copied().collect()
    }
}

/// Eight heights, the lowest for anything above nothing.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Values as a row of bars, right-aligned in `columns`; `full` is the highest bar, by default the
/// highest value. A blank is nothing known, a dot is 0.
pub fn spark(values: &[Option<f64>], full: Option<f64>, columns: usize) -> String {
    let highest = || values.iter().flatten().fold(0.0, |a: f64, b| a.max(*b));
    let full = full.unwrap_or_else(highest).max(f64::MIN_POSITIVE);
    let bar = |value: &Option<f64>| match value {
        None => ' ',
        Some(value) if *value <= 0.0 => '·',
        Some(value) => BARS[((value / full * 8.0).ceil() as usize).clamp(1, 8) - 1],
    };
    let shown = &values[values.len().saturating_sub(columns)..];
    let mut out = " ".repeat(columns - shown.len());
    out.extend(shown.iter().map(bar));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_tells_nothing_zero_and_heights_apart() {
        let values = [None, Some(0.0), Some(0.01), Some(0.5), Some(1.0), Some(7.0), Some(-1.0)];
        assert_eq!(spark(&values, Some(1.0), 9), "   ·▁▄██·");
        assert_eq!(spark(&values, None, 3), "▂█·");
        assert_eq!(spark(&values, None, 0), "");
        assert_eq!(spark(&[Some(0.0); 2], None, 2), "··");
    }

    #[test]
    fn a_series_is_bounded_and_forgotten_with_its_owner() {
        let mut history = History::default();
        for round in 0..3 * KEPT {
            history.step();
            history.total(Of::Rate(1), 10 * round as u64, 2.0);
        }
        let last = history.last(Of::Rate(1), 1000);
        assert_eq!(last.len(), KEPT);
        assert!(last.iter().all(|rate| *rate == Some(5.0)));
        history.total(Of::Rate(1), 3, 1.0);
        assert_eq!(history.last(Of::Rate(1), 1), [None]);
    }
}
