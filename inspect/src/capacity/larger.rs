//! Batches larger than those of now, which the servers took before anybody looked: what an item costs as load grows need
//! not be guessed from small ones where it was seen.

use super::answer::Range;
use super::demand::{ENOUGH, Sums};
use crate::words::human::{time, whole};

/// A job found itself among so many times as many, on average.
const LARGER: f64 = 1.25;
/// Batches that were so many times as large as those of now, and of which the longest queue was hardly more, were as large
/// as they may get: whoever waits longer is slowed.
const FULL: f64 = 2.0;
const HARDLY_MORE: f64 = 2.5;
/// What those batches foretell of the time of the present ones is off by this at most, as a factor: else they were of
/// other work.
const ALIKE: f64 = 2.0;

/// An item costs this share of now or less: else they tell nothing that those of now do not.
const FALLS: f64 = 0.9;

/// What larger batches of before tell.
pub(super) struct Larger {
    pub(super) saturation: Range,
    pub(super) fixed_ns: f64,
    pub(super) item_ns: f64,
    pub(super) model: String,
}

/// What is foretold by the larger batches of before, of so many servers and a queue that was never longer than `longest`;
/// `None` where there were none, or of other work.
pub(super) fn larger(before: &Sums, now: &Sums, servers: usize, longest: u64) -> Option<Larger> {
    if before.periods < ENOUGH || now.periods < ENOUGH || before.size() < LARGER * now.size() {
        return None;
    }
    let (fixed, item) = Sums::of(&[*before, *now]).line()?;
    let fixed = fixed.max(0.0);
    let (present, foretold) = (now.time_ns / now.periods, fixed + item * now.mean());
    let falls = item > 0.0 && item < FALLS * now.time_ns / now.jobs;
    if !falls || foretold > present * ALIKE || foretold < present / ALIKE {
        return None;
    }
    let longest = (longest as f64).max(before.size());
    let was_full = before.size() >= FULL * now.size() && longest <= HARDLY_MORE * before.size();
    let most = if was_full { before.size() } else { longest };
    let per_s = |ns: f64| servers as f64 * 1e9 / ns;
    let (value, took) = (per_s(item + fixed / most), per_s(before.products / before.squares));
    Some(Larger {
        // It did serve as fast as that, whatever the larger ones still would.
        saturation: Range { value, low: Some(took.min(value)), high: None },
        fixed_ns: fixed,
        item_ns: item,
        model: format!(
            "by batches of {} items that it took before, as long as they grow to {}, where those of now are of {:.1} and \
             cost {} an item",
            whole(before.size() as u64),
            whole(most as u64),
            now.mean(),
            time((now.time_ns / now.jobs) as u64)
        ),
    })
}
