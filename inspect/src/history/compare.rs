//! Two stretches of time: how many were active by key in each, and which differences are more than noise. Seconds
//! that follow each other are alike, so the noise is that of the means of stretches (ten of them), not of seconds.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::past::Past;

/// Stretches whose means are compared.
const STRETCHES: usize = 10;

/// One key, before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    /// The interval does not hold 0.
    pub moved: bool,
}

/// What changed from one time to the other, the largest first.
pub fn compare(before: &Past, after: &Past) -> Vec<Change> {
    let (a, b) = (seconds(before), seconds(after));
    let keys: BTreeSet<&String> = a.iter().chain(&b).flat_map(BTreeMap::keys).collect();
    let mut changes: Vec<Change> = keys.into_iter().map(|key| change(key, &a, &b)).collect();
    let size = |change: &Change| (change.after - change.before).abs();
    changes.sort_by(|x, y| size(y).total_cmp(&size(x)).then_with(|| x.key.cmp(&y.key)));
    changes
}

/// Active ones of all boards together, at each second.
fn seconds(past: &Past) -> Vec<BTreeMap<String, u64>> {
    let longest = past.boards.iter().map(|board| board.seconds.len()).max().unwrap_or(0);
    let mut all = vec![BTreeMap::new(); longest];
    for board in &past.boards {
        for (sum, second) in all.iter_mut().zip(&board.seconds) {
            for (key, count) in second {
                let sum: &mut u64 = sum.entry(key.clone()).or_insert(0);
                *sum = sum.saturating_add(*count);
            }
        }
    }
    all
}

/// Mean, and the square of its error.
fn mean(seconds: &[BTreeMap<String, u64>], key: &str) -> (f64, f64) {
    if seconds.is_empty() {
        return (0.0, 0.0);
    }
    let of = |part: &[BTreeMap<String, u64>]| {
        let counts = part.iter().map(|second| second.get(key).copied().unwrap_or(0) as f64);
        counts.sum::<f64>() / part.len() as f64
    };
    let means: Vec<f64> = seconds.chunks(seconds.len().div_ceil(STRETCHES)).map(of).collect();
    let whole = of(seconds);
    let n = means.len() as f64;
    if n < 2.0 {
        return (whole, f64::INFINITY);
    }
    let spread = means.iter().map(|one| (one - whole).powi(2)).sum::<f64>() / (n - 1.0);
    (whole, spread / n)
}

fn change(key: &str, a: &[BTreeMap<String, u64>], b: &[BTreeMap<String, u64>]) -> Change {
    let ((before, error_a), (after, error_b)) = (mean(a, key), mean(b, key));
    // Student's for about ten stretches each.
    let reach = 2.1 * (error_a + error_b).sqrt();
    let (low, high) = (after - before - reach, after - before + reach);
    Change { key: key.to_owned(), before, after, low, high, moved: low > 0.0 || high < 0.0 }
}
