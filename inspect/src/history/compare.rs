//! Two stretches of time: how many were active by key in each, and which differences are more than noise, by the test of
//! `diff`. Seconds that follow each other are alike, so the noise is that of the means of many of them, not of seconds.

use std::collections::BTreeSet;

use serde::Serialize;

use super::past::{Past, Stretch};
use crate::report::stats::{BATCHES, batch_variance, judged};

/// Fewer means say nothing of how much they vary.
const FEWEST: usize = 5;

/// One key, before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The key.
    pub key: String,
    /// Mean number of active ones.
    pub before: f64,
    /// The same.
    pub after: f64,
    /// 95 % interval of the difference.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The chance that noise alone moves any of them by as much, corrected for their number.
    pub chance: f64,
    /// It is more than noise, at 95 %.
    pub moved: bool,
}

/// What changed from one time to the other, the largest first. Both were collected [to be compared].
///
/// [to be compared]: super::Collect::to_compare
pub fn compare(before: &Past, after: &Past) -> Vec<Change> {
    let [a, b]: [Vec<&Stretch>; 2] = [before, after].map(|past| past.stretches.values().collect());
    let all = a.iter().chain(&b);
    let keys: BTreeSet<&String> = all.flat_map(|stretch| stretch.active.keys()).collect();
    let sides: Vec<[(f64, f64); 2]> =
        keys.iter().map(|key| [mean(&a, key), mean(&b, key)]).collect();
    let differences: Vec<(f64, f64)> =
        sides.iter().map(|[(old, noise), (new, more)]| (new - old, noise + more)).collect();
    let mut changes = Vec::new();
    for ((key, [(before, _), (after, _)]), judged) in
        keys.into_iter().zip(sides).zip(judged(&differences))
    {
        let (low, high) = (after - before - judged.margin, after - before + judged.margin);
        let (chance, moved) = (judged.chance, judged.significant());
        changes.push(Change { key: key.clone(), before, after, low, high, chance, moved });
    }
    let size = |change: &Change| (change.after - change.before).abs();
    changes.sort_by(|x, y| size(y).total_cmp(&size(x)).then_with(|| x.key.cmp(&y.key)));
    changes
}

/// Mean, and the square of its error; without an end where the time is too short to tell.
fn mean(stretches: &[&Stretch], key: &str) -> (f64, f64) {
    let each = stretches.len().div_ceil(BATCHES).max(1);
    let batch = |part: &[&Stretch]| {
        let counts = part.iter().map(|stretch| stretch.active.get(key).copied().unwrap_or(0));
        let seconds = part.iter().map(|stretch| stretch.seconds as f64);
        (counts.fold(0.0, |sum, one| sum + one as f64), seconds.sum::<f64>())
    };
    let batches: Vec<(f64, f64)> = stretches.chunks(each).map(batch).collect();
    let (sum, seconds) =
        batches.iter().fold((0.0, 0.0), |all, batch| (all.0 + batch.0, all.1 + batch.1));
    let mean = sum / seconds.max(1.0);
    let known = batch_variance(&batches).filter(|_| batches.len() >= FEWEST);
    (mean, known.unwrap_or(f64::INFINITY))
}
