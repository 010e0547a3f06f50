//! Two profiles: for each line, by how much its share moved, and whether that is more than noise.

use std::hash::Hash;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Write;

use serde_json::{Value, json};

use super::answer::{Answer, Row};
use super::row::Spot;
use super::stats::{BATCHES, Judged, Z95, batch_variance, judged};
use super::tally::Tally;
use super::words::{class_word, heat, percent, place};
use crate::render::{Look, Paint};
use crate::words::human::{or_none, time, whole};
use crate::words::place::leaf;
use crate::words::term::{cut, label, left, right};

/// One side of a change.
#[derive(Clone, Debug)]
pub struct Side {
    /// Where the line is there.
    pub spot: Spot,
    /// Its row.
    pub row: Row,
    variance: f64,
}

/// One line in both profiles.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Change {
    /// Before; `None`: it had no samples.
    pub before: Option<Side>,
    /// After.
    pub after: Option<Side>,
    /// Difference of the shares.
    pub difference: f64,
    /// The same, held against noise.
    pub judged: Judged,
}

impl Change {
    /// Whether it is more than noise, at 95 %.
    pub fn significant(&self) -> bool {
        self.judged.significant()
    }

    /// The spot to be named: the new one.
    fn spot(&self) -> Option<&Spot> {
        self.after.as_ref().or(self.before.as_ref()).map(|side| &side.spot)
    }
}

/// The sides of a profile counted by line.
fn sides(tally: &Tally, answer: &Answer) -> Vec<Side> {
    let each = tally.stretches.len().div_ceil(BATCHES).max(1);
    let batches: Vec<BTreeMap<usize, u64>> = tally
        .stretches
        .chunks(each)
        .map(|chunk| {
            let mut rows = BTreeMap::new();
            for &(cell, samples) in chunk.iter().flat_map(|stretch| &stretch.cells) {
                if let Some(row) = tally.cells.get(cell).and_then(|cell| cell.row) {
                    *rows.entry(row).or_default() += samples;
                }
            }
            rows
        })
        .collect();
    let index: HashMap<_, usize> = tally.rows.iter().enumerate().map(|(i, key)| (key, i)).collect();
    let side = |row: &Row| {
        let spot = row.key.spot()?.clone();
        let number = index.get(&row.key)?;
        let shares: Vec<(f64, f64)> = batches
            .iter()
            .map(|rows| {
                let of = rows.get(number).copied().unwrap_or(0);
                (of as f64, rows.values().sum::<u64>() as f64)
            })
            .collect();
        let sampling = ((row.high - row.low) / (2.0 * Z95)).powi(2);
        let variance = batch_variance(&shares).unwrap_or(0.0).max(sampling);
        Some(Side { spot, row: row.clone(), variance })
    };
    answer.rows.iter().filter_map(side).collect()
}

/// Takes out the sides that have the same key, each once, in their order.
fn pair<K: Eq + Hash>(
    old: &mut [Option<Side>],
    new: &mut [Option<Side>],
    pairs: &mut Vec<(Option<Side>, Option<Side>)>,
    key: impl Fn(&Side) -> K,
) {
    let mut known: HashMap<K, VecDeque<usize>> = HashMap::new();
    for (index, side) in old.iter().enumerate() {
        if let Some(side) = side {
            known.entry(key(side)).or_default().push_back(index);
        }
    }
    for slot in new {
        let Some(side) = slot.as_ref() else { continue };
        let same = known.get_mut(&key(side)).and_then(VecDeque::pop_front);
        if let Some(other) = same.and_then(|index| old.get_mut(index)) {
            pairs.push((other.take(), slot.take()));
        }
    }
}

/// Every line of two profiles counted by line, the largest difference first. Lines are the same when all of
/// them agrees; else, among those left, by function, label and class, in their order in the file.
pub fn changes(before: (&Tally, &Answer), after: (&Tally, &Answer)) -> Vec<Change> {
    let mut old: Vec<Option<Side>> = sides(before.0, before.1).into_iter().map(Some).collect();
    let mut new: Vec<Option<Side>> = sides(after.0, after.1).into_iter().map(Some).collect();
    let by_line = |side: &Option<Side>| side.as_ref().map(|side| side.spot.line);
    old.sort_by_key(by_line);
    new.sort_by_key(by_line);
    let mut pairs = Vec::new();
    pair(&mut old, &mut new, &mut pairs, |side| side.spot.clone());
    pair(&mut old, &mut new, &mut pairs, |side| {
        (side.spot.function.clone(), side.spot.label.clone(), side.spot.class)
    });
    pairs.extend(old.into_iter().filter(Option::is_some).map(|side| (side, None)));
    pairs.extend(new.into_iter().filter(Option::is_some).map(|side| (None, side)));
    // A line that was not seen is known as well as its absence among so many samples says.
    let unseen = |answer: &Answer| (1.0 / answer.denominator.max(1) as f64).powi(2);
    let share = |side: &Option<Side>| side.as_ref().map_or(0.0, |side| side.row.share);
    let differences: Vec<(f64, f64)> = pairs
        .iter()
        .map(|(old, new)| {
            let variance = old.as_ref().map_or(unseen(before.1), |side| side.variance)
                + new.as_ref().map_or(unseen(after.1), |side| side.variance);
            (share(new) - share(old), variance)
        })
        .collect();
    let judged = judged(&differences);
    let mut changes: Vec<Change> = pairs
        .into_iter()
        .zip(differences.iter().zip(judged))
        .map(|((before, after), (&(difference, _), judged))| Change {
            before,
            after,
            difference,
            judged,
        })
        .collect();
    changes.sort_by(|a, b| b.difference.abs().total_cmp(&a.difference.abs()));
    changes
}

/// The differences as a table. Time per hit has its columns only where some line's is known.
pub fn text(changes: &[Change], look: &Look) -> String {
    let per_hit = |side: &Option<Side>| {
        or_none(side.as_ref().and_then(|side| side.row.ns_per_hit), |ns| time(ns as u64))
    };
    let counted = changes.iter().any(|change| {
        let sides = [&change.before, &change.after];
        sides.into_iter().flatten().any(|side| side.row.ns_per_hit.is_some())
    });
    let mut out = String::new();
    let hits = if counted { " PER HIT   AFTER" } else { "" };
    let title = format!(" BEFORE  AFTER  CHANGE    ±  VERDICT{hits} WHERE");
    let _ = writeln!(out, "{}", look.paint(Paint::Strong, &cut(&title, look.columns)));
    for change in changes {
        let Some(spot) = change.spot() else { continue };
        let share = |side: &Option<Side>| or_none(side.as_ref(), |side| percent(side.row.share));
        let judged = match change.significant() {
            true => "moved",
            false => "noise?",
        };
        let was = change
            .before
            .as_ref()
            .filter(|old| change.after.is_some() && old.spot.line != spot.line);
        let was = was.map_or_else(String::new, |old| format!(" (was {})", old.spot.line));
        let hits = match counted {
            true => format!(
                " {} {}",
                right(&per_hit(&change.before), 7),
                right(&per_hit(&change.after), 7)
            ),
            false => String::new(),
        };
        let line = format!(
            " {} {} {} {}  {}{hits} {}{was} {} {}",
            right(&share(&change.before), 6),
            right(&share(&change.after), 6),
            right(&format!("{:+.1}", change.difference * 100.0), 7),
            right(&format!("{:.1}", change.judged.margin * 100.0), 4),
            left(judged, 7),
            place(spot),
            leaf(&label(&spot.function)),
            label(&spot.label)
        );
        let weight = if change.significant() { change.difference.abs() } else { 0.0 };
        let _ = writeln!(out, "{}", heat(look, weight, cut(line.trim_end(), look.columns)));
    }
    out
}

/// The differences as JSON.
pub fn json(changes: &[Change], before: &Answer, after: &Answer) -> Value {
    let side = |side: &Option<Side>| {
        side.as_ref().map(|side| {
            json!({ "line": side.spot.line, "share": side.row.share, "share_low": side.row.low,
                    "share_high": side.row.high, "samples": side.row.samples,
                    "hits": side.row.hits, "ns_per_hit": side.row.ns_per_hit })
        })
    };
    let lines: Vec<Value> = changes
        .iter()
        .filter_map(|change| {
            let spot = change.spot()?;
            Some(json!({
                "file": spot.file, "line": spot.line, "function": spot.function,
                "label": spot.label, "class": class_word(Some(spot.class)),
                "before": side(&change.before), "after": side(&change.after),
                "difference": change.difference, "margin": change.judged.margin,
                "chance_of_noise": change.judged.chance, "significant": change.significant(),
            }))
        })
        .collect();
    json!({ "schema": 1, "samples_before": before.denominator, "samples_after": after.denominator,
            "lines": lines })
}

/// What stands above the table.
pub fn head(before: &Answer, after: &Answer) -> String {
    format!(
        "before: {} samples; after: {} samples; ± is 95 %, judged with {BATCHES} stretches of each\n\n",
        whole(before.denominator),
        whole(after.denominator)
    )
}
