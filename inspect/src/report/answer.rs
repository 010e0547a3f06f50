//! From a count to rows.

use std::collections::{BTreeSet, HashMap};

use super::row::{By, Key, Weight};
use super::stats::{Sums, design_effect, wilson};
use super::tally::Tally;
use crate::words::glob::glob;

/// One row of a report.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Row {
    /// What it is.
    pub key: Key,
    /// Boards whose threads were there, by index.
    pub boards: Vec<u32>,
    /// Samples.
    pub samples: u64,
    /// Share of the samples that count, or of ticks at which somebody works: as `Options::weight` says.
    pub share: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end of its 95 % interval.
    pub high: f64,
    /// Exact passes during the recording, where they are counted.
    pub hits: Option<u64>,
    /// Thread time per pass, ns.
    pub ns_per_hit: Option<f64>,
    /// With ticks as weight: the program would be at most so many times as fast if this took no time.
    pub bound: Option<f64>,
}

/// A whole report.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The rows, the largest share first; torn samples are a row too.
    pub rows: Vec<Row>,
    /// Samples that count.
    pub denominator: u64,
    /// Samples of threads that were not idle; torn ones included.
    pub busy: u64,
    /// Samples of each class: work, wait, idle.
    pub classes: [u64; 3],
    /// Samples that could not be read.
    pub torn: u64,
    /// Samples of threads that had reached no line: left out.
    pub nowhere: u64,
    /// Ticks delivered a second.
    pub achieved_hz: f64,
    /// Threads of the sampled processes that were not seen, the most at a time.
    pub unseen: u64,
    /// How many of them, so far, had found no room on the board.
    pub without_room: u64,
}

impl Answer {
    /// Every sample of a thread that was asked for, wherever it was: its whole time.
    pub fn whole(&self) -> u64 {
        self.all() + self.nowhere
    }

    /// Every sample of a thread at a line: idle ones and torn ones too.
    pub fn all(&self) -> u64 {
        self.classes.iter().sum::<u64>() + self.torn
    }
}

/// The rows of a finished count.
pub fn answer(tally: &Tally) -> Answer {
    let mut answer = Answer {
        rows: Vec::new(),
        denominator: 0,
        busy: 0,
        classes: [0; 3],
        torn: 0,
        nowhere: 0,
        achieved_hz: tally.ticks as f64 / (tally.duration_ns as f64 / 1e9).max(1e-9),
        unseen: tally.unseen.values().fold(0, |sum, (unseen, _)| sum.saturating_add(*unseen)),
        without_room: tally.unseen.values().fold(0, |sum, (_, room)| sum.saturating_add(*room)),
    };
    let mut samples = vec![0u64; tally.rows.len()];
    let mut boards = vec![BTreeSet::new(); tally.rows.len()];
    for cell in tally.cells.iter().filter(|cell| tally.shows(cell)) {
        match (cell.stack, tally.class(cell)) {
            (None, _) => answer.torn += cell.samples,
            (Some(_), None) => answer.nowhere += cell.samples,
            (Some(_), Some(class)) => answer.classes[class as usize] += cell.samples,
        }
        if let Some(row) = cell.row {
            samples[row] += cell.samples;
            let thread = tally.threads.get(cell.thread as usize).filter(|_| cell.samples > 0);
            boards[row].extend(thread.map(|thread| thread.board));
            answer.denominator += cell.samples;
        }
    }
    let [work, wait, _] = answer.classes;
    answer.busy = work + wait + answer.torn;
    let all = if tally.options().whole { answer.whole() } else { answer.denominator };
    let pattern = tally.options().filter.as_ref();
    let passes = passes(tally);
    let mut sums = Vec::new();
    for (index, key) in tally.rows.iter().enumerate() {
        let shown = |pattern: &String| key.texts().iter().any(|text| glob(pattern, text.raw()));
        if samples[index] == 0 || !pattern.is_none_or(shown) {
            continue;
        }
        let mut row =
            row(tally, key, samples[index], passes.get(key).copied(), all, &tally.sums[index]);
        row.boards = boards[index].iter().copied().collect();
        sums.push(tally.sums[index]);
        answer.rows.push(row);
    }
    let plain = |a: &Row, b: &Row| b.samples.cmp(&a.samples).then_with(|| a.key.cmp(&b.key));
    if tally.options().weight == Weight::Parallel {
        answer.rows.iter_mut().zip(sums).for_each(|(row, sums)| in_parallel(tally, row, &sums));
        answer.rows.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| plain(a, b)));
    } else {
        answer.rows.sort_by(plain);
    }
    answer
}

fn row(tally: &Tally, key: &Key, samples: u64, hits: Option<u64>, all: u64, sums: &Sums) -> Row {
    let share = samples as f64 / all.max(1) as f64;
    let effect = match tally.options().blame {
        true => 1.0,
        false => design_effect(sums, tally.nn, tally.n),
    };
    // Those who wait for one at a tick are one observation.
    let worth = if tally.options().blame { all.min(tally.ticks) } else { all };
    let (low, high) = wilson(share, worth as f64 / effect);
    // Samples into time by the rate that was achieved, not the one that was asked for.
    let tick_ns = tally.duration_ns as f64 / tally.ticks.max(1) as f64;
    // A recording that was cut has samples from after the last reading of the hits.
    let covered = match tally.why {
        Some(_) => 1.0,
        None => tally.hits_until as f64 / tally.ticks.max(1) as f64,
    };
    let per_hit = |hits: u64| samples as f64 * covered * tick_ns / hits as f64;
    let ns_per_hit = hits.filter(|&hits| hits > 0).map(per_hit);
    let (boards, bound) = (Vec::new(), None);
    Row { key: key.clone(), boards, samples, share, low, high, hits, ns_per_hit, bound }
}

/// The share of the ticks at which somebody works. Its interval is Wilson's with as many observations as make the
/// variance between ticks.
fn in_parallel(tally: &Tally, row: &mut Row, sums: &Sums) {
    let ticks = tally.worked as f64;
    let share = (sums.parallel / ticks.max(1.0)).clamp(0.0, 1.0);
    let variance = sums.squares / ticks.max(1.0) - share * share;
    let binomial = share * (1.0 - share);
    let worth = if variance > 0.0 { binomial / variance } else { 1.0 };
    let (low, high) = wilson(share, ticks * worth.max(1.0));
    (row.share, row.low, row.high) = (share, low, high);
    // Of all of the time that was sampled, also that in which nobody worked.
    let of_all = sums.parallel / tally.ticks.max(1) as f64;
    // What gets nothing of the work, as a wait, is nothing to be gained at.
    row.bound = (of_all > 0.0 && of_all < 1.0).then(|| 1.0 / (1.0 - of_all));
}

/// Passes of the counted sites that make up each line or label. Other rows cannot have any.
fn passes(tally: &Tally) -> HashMap<Key, u64> {
    let mut passes: HashMap<Key, u64> = HashMap::new();
    for (index, site) in (0..).zip(&tally.sites).filter(|(_, site)| site.counted) {
        let (first, last) = tally.hits.get(&index).copied().unwrap_or_default();
        let key = match tally.options().by {
            By::Line => Key::Line(site.into()),
            By::Label => Key::Label(site.label.clone(), site.class),
            By::Function | By::Thread | By::Stack => continue,
        };
        let sum = passes.entry(key).or_default();
        *sum = sum.saturating_add(last.saturating_sub(first));
    }
    passes
}
