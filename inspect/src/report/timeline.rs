//! How it went over time: for each thread and stretch of time the line at which it was most, and how
//! many of the threads had something in hand.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use probe::layout::Class;
use serde_json::{Value, json};

use super::answer::Answer;
use super::row::{By, Key, Spot};
use super::tally::Tally;
use super::words::place;
use crate::render::Look;
use crate::words::human::{percent, time};
use crate::words::place::leaf;
use crate::words::term::{cut, fold, label, left};

/// Letters for lines, the most frequent first.
const LETTERS: &[u8; 26] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Columns of a name.
const NAME: usize = 16;

/// Stretches of all threads together at most.
const MAX_BINS: usize = 1 << 20;

/// One stretch of one thread.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Bin {
    /// Samples by line; torn ones under [`Key::Torn`].
    pub lines: BTreeMap<Key, u64>,
    /// Samples in all.
    pub samples: u64,
    /// Idle samples.
    pub idle: u64,
}

/// Threads by stretches, at most `columns` of them; and the length of one, ns.
pub fn bins(tally: &Tally, columns: usize) -> (Vec<Vec<Bin>>, u64) {
    // Very many threads have fewer stretches each.
    let columns = columns.min(MAX_BINS / tally.threads.len().max(1));
    let each = tally.stretches.len().div_ceil(columns.max(1)).max(1);
    let columns = tally.stretches.len().div_ceil(each);
    let mut threads = vec![vec![Bin::default(); columns]; tally.threads.len()];
    for (index, stretch) in tally.stretches.iter().enumerate() {
        for &(cell, samples) in &stretch.cells {
            let Some(cell) = tally.cells.get(cell).filter(|cell| tally.shows(cell)) else {
                continue;
            };
            let Some(bin) =
                threads.get_mut(cell.thread as usize).and_then(|t| t.get_mut(index / each))
            else {
                continue;
            };
            let class = tally.class(cell);
            if cell.stack.is_some() && class.is_none() {
                continue;
            }
            bin.samples += samples;
            bin.idle += if class == Some(Class::Idle) { samples } else { 0 };
            *bin.lines.entry(tally.key(cell, By::Line)).or_default() += samples;
        }
    }
    (threads, tally.stretch_ns.saturating_mul(each as u64))
}

impl Bin {
    /// The line with most samples, idle lines only when there is nothing else; and its share.
    pub fn most(&self) -> Option<(&Key, f64)> {
        let busy = |key: &Key| key.class() != Some(Class::Idle);
        let (key, &samples) = self
            .lines
            .iter()
            .max_by_key(|&(key, &samples)| (busy(key) && samples * 10 > self.samples, samples))?;
        Some((key, samples as f64 / self.samples.max(1) as f64))
    }
}

/// The share of samples that were not idle, over all threads, in each stretch.
pub fn load(threads: &[Vec<Bin>]) -> Vec<Option<f64>> {
    let columns = threads.first().map_or(0, Vec::len);
    let column = |index: usize| {
        let of = |pick: fn(&Bin) -> u64| threads.iter().map(|bins| pick(&bins[index])).sum::<u64>();
        let (all, idle) = (of(|bin| bin.samples), of(|bin| bin.idle));
        (all > 0).then(|| (all - idle) as f64 / all as f64)
    };
    (0..columns).map(column).collect()
}

/// The time line as text: a row for each thread, a letter for each stretch.
pub fn text(tally: &Tally, answer: &Answer, look: &Look) -> String {
    let (threads, each_ns) = bins(tally, look.columns.saturating_sub(NAME + 8));
    let mut order: BTreeMap<&Key, u64> = BTreeMap::new();
    let lines = threads.iter().flatten().flat_map(|bin| &bin.lines);
    lines.filter(|(key, _)| key.spot().is_some() && key.class() != Some(Class::Idle)).for_each(
        |(key, samples)| {
            *order.entry(key).or_default() += samples;
        },
    );
    let mut order: Vec<(&Key, u64)> = order.into_iter().collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let ranks: HashMap<&Key, u8> =
        order.iter().zip(LETTERS).map(|(&(key, _), &letter)| (key, letter)).collect();
    let letter = |key: &Key| match key {
        Key::Torn => '?',
        key if key.class() == Some(Class::Idle) => '.',
        key => {
            let letter = ranks.get(key).copied().map_or('*', char::from);
            // Waiting is small, working is capital: told apart without colours.
            if key.class() == Some(Class::Wait) { letter.to_ascii_lowercase() } else { letter }
        }
    };
    let mut out = String::new();
    let said = format!(
        "each column {}; the line seen most: capital work, small wait, . idle, ? torn",
        time(each_ns)
    );
    out.push_str(&fold(&said, look.columns));
    for (thread, bins) in tally.threads.iter().zip(&threads) {
        let samples: u64 = bins.iter().map(|bin| bin.samples).sum();
        if samples == 0 {
            continue;
        }
        let idle: u64 = bins.iter().map(|bin| bin.idle).sum();
        let row: String =
            bins.iter().map(|bin| bin.most().map_or(' ', |(key, _)| letter(key))).collect();
        let busy = percent((samples - idle) as f64 / samples as f64);
        let _ = writeln!(out, "{} {busy:>4} |{row}|", left(&label(&thread.name), NAME));
    }
    let digits: String = load(&threads).into_iter().map(digit).collect();
    let all: u64 = answer.classes.iter().sum::<u64>() + answer.torn;
    let busy = percent(answer.busy as f64 / all.max(1) as f64);
    let _ = writeln!(out, "{} {busy:>4} |{digits}| tenths", left("not idle", NAME));
    out.push('\n');
    for (key, _) in order.iter().take(LETTERS.len()) {
        let Some(spot) = key.spot() else { continue };
        let line = format!(
            "{}  {}  {}  {}",
            letter(key),
            place(spot),
            leaf(&label(&spot.function)),
            label(&spot.label)
        );
        let _ = writeln!(out, "{}", cut(line.trim_end(), look.columns));
    }
    out
}

/// A load in tenths.
fn digit(load: Option<f64>) -> char {
    match load {
        None => ' ',
        Some(load) if load >= 0.995 => '#',
        Some(load) => char::from_digit((load * 10.0) as u32, 10).unwrap_or('9'),
    }
}

/// The time line as JSON.
pub fn json(tally: &Tally) -> Value {
    let (threads, each_ns) = bins(tally, usize::MAX);
    let most = |bin: &Bin| {
        bin.most().map(|(key, share)| {
            let spot: Option<&Spot> = key.spot();
            json!({ "file": spot.map(|spot| &spot.file), "line": spot.map(|spot| spot.line),
                    "label": spot.map(|spot| &spot.label), "share": (share * 1e4).round() / 1e4,
                    "samples": bin.samples, "idle": bin.idle })
        })
    };
    let rows: Vec<Value> = tally
        .threads
        .iter()
        .zip(&threads)
        .map(|(thread, bins)| {
            json!({ "thread": thread.name, "tid": thread.tid, "bins": bins.iter().map(most).collect::<Vec<_>>() })
        })
        .collect();
    json!({ "bin_ns": each_ns, "load": load(&threads), "threads": rows })
}
