//! Whether what waits is a burst or stays, and whether a queue's numbers agree with each other.

use super::answer::QueueState;
use super::demand::student;
use super::look::{QueueLook, Series};

/// RFC 8289: a queue that nobody has passed in less than the target for a whole interval stands. The target is at
/// least what one item, or one batch, takes: that much has to be waited for a server in any case.
const INTERVAL_NS: f64 = 100e6;
const TARGET_NS: f64 = 5e6;
/// Share of intervals that must be above the target, and intervals that are needed to say so.
const MOST: f64 = 0.9;
const INTERVALS: usize = 5;
/// Looks, and items whose service began, that Little's law is held against.
const LOOKS: usize = 30;
const BEGUN: u64 = 30;
/// Mean length below which too little waits.
const WAITING: f64 = 0.2;
/// Groups of looks that the spread of the mean length is taken from.
const PARTS: usize = 10;
/// What histograms and the moments of looking leave open.
const ROUNDED: f64 = 0.1;

/// What is said of waiting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Waiting {
    pub(super) state: QueueState,
    pub(super) target_ns: f64,
    pub(super) error: Option<f64>,
    pub(super) holds: Option<bool>,
}

/// Of one queue. `period_ns`: how long a server is busy with what it takes at once.
pub(super) fn waiting(series: &Series, place: u64, period_ns: Option<f64>) -> Option<Waiting> {
    let looks: Vec<(f64, &QueueLook)> = series
        .looks
        .iter()
        .filter_map(|look| Some((look.stamp as f64 * series.unit_ns, look.queues.get(&place)?)))
        .collect();
    let (_, last) = looks.last()?;
    let target_ns = period_ns.unwrap_or(0.0).max(TARGET_NS);
    let lowest = lowest(&looks, series.unit_ns);
    let state = match lowest.len() {
        INTERVALS.. => {
            let above = lowest.iter().filter(|(low, _)| *low > target_ns).count();
            match above as f64 >= MOST * lowest.len() as f64 {
                true => QueueState::Standing,
                false if lowest.iter().any(|(_, high)| *high > target_ns) => QueueState::Bursty,
                false => QueueState::Empty,
            }
        }
        _ => by_one_look(last, target_ns, series.unit_ns),
    };
    let error = little(&looks, series.unit_ns);
    Some(Waiting {
        state,
        target_ns,
        error: error.map(|(error, _)| error),
        holds: error.map(|(_, holds)| holds),
    })
}

/// The shortest and the longest wait that was seen in each interval.
fn lowest(looks: &[(f64, &QueueLook)], unit_ns: f64) -> Vec<(f64, f64)> {
    let Some(&(first, _)) = looks.first() else { return Vec::new() };
    let mut all: Vec<(f64, f64)> = Vec::new();
    // What a look says is of the time since the one before it.
    for part in looks.get(1..).unwrap_or_default().chunk_by(|a, b| {
        ((a.0 - first) / INTERVAL_NS).floor() == ((b.0 - first) / INTERVAL_NS).floor()
    }) {
        let began = part.iter().filter_map(|(_, queue)| queue.waits);
        let shortest = began.clone().map(|(low, _)| low as f64).reduce(f64::min);
        let waits = |queue: &QueueLook| match queue.depth {
            0 => 0.0,
            // It does not say who is first: something waits, and nothing is known of it.
            _ => queue.oldest.map_or(0.0, |oldest| oldest as f64 * unit_ns),
        };
        let oldest = part.iter().map(|(_, queue)| waits(queue));
        let longest = began.map(|(_, high)| high as f64).chain(oldest.clone()).fold(0.0, f64::max);
        // Nobody got through: who waits has waited at least so long; nobody waits: nobody had to.
        all.push((shortest.unwrap_or_else(|| oldest.fold(f64::MAX, f64::min)), longest));
    }
    all
}

fn by_one_look(queue: &QueueLook, target_ns: f64, unit_ns: f64) -> QueueState {
    let Some(recent) = queue.recent else { return QueueState::Empty };
    let oldest = queue.oldest.map_or(0.0, |oldest| oldest as f64 * unit_ns);
    match (recent.p50 as f64 > target_ns, recent.p99 as f64 > target_ns) {
        (true, _) if queue.depth > 0 && oldest > target_ns => QueueState::Standing,
        (_, true) => QueueState::Bursty,
        _ => QueueState::Empty,
    }
}

/// Little (1961): the mean length is the rate of arrivals times the mean wait. Both sides are counted apart: the one by
/// looking, the other by what each item said it had waited. Returns length over that product, less 1, and whether the
/// two agree within what chance and the ends of the time leave open.
fn little(looks: &[(f64, &QueueLook)], unit_ns: f64) -> Option<(f64, bool)> {
    let (&(begin, first), &(end, last)) = (looks.first()?, looks.last()?);
    let span = end - begin;
    let grown = |pick: fn(&QueueLook) -> u64| pick(last).saturating_sub(pick(first));
    // Who left without service has waited too, and nobody said how long.
    if grown(|queue| queue.removed).saturating_mul(100) > grown(|queue| queue.arrivals) {
        return None;
    }
    if looks.len() < LOOKS || grown(|queue| queue.starts) < BEGUN || span <= 0.0 {
        return None;
    }
    let (length, product) = both_sides(looks, unit_ns)?;
    if length.max(product) < WAITING || product <= 0.0 {
        return None;
    }
    // What the two sides differ by in each part: what comes and goes moves both of them alike.
    let step = (looks.len() - 1).div_ceil(PARTS);
    let parts = (0..PARTS).filter_map(|part| looks.get(part * step..=(part + 1) * step));
    let off: Vec<f64> = parts
        .filter_map(|part| both_sides(part, unit_ns))
        .map(|(length, product)| length - product)
        .collect();
    let count = off.len() as f64;
    let mean = off.iter().sum::<f64>() / count.max(1.0);
    let squares: f64 = off.iter().map(|part| (part - mean).powi(2)).sum();
    let chance = match off.len() {
        3.. => student(count - 1.0) * (squares / (count - 1.0) / count).sqrt(),
        _ => return None,
    };
    let open = chance + ROUNDED * length.max(product);
    Some((length / product - 1.0, (length - product).abs() <= open))
}

/// The mean length by looking, and by what items said they had waited.
fn both_sides(looks: &[(f64, &QueueLook)], unit_ns: f64) -> Option<(f64, f64)> {
    let (&(begin, first), &(end, last)) = (looks.first()?, looks.last()?);
    let waited = last.waited_ns.saturating_sub(first.waited_ns) as f64;
    // Half of what the first one has waited, each: some of it before the time began, and what of it is not said yet.
    let ages = |queue: &QueueLook| {
        queue.oldest.map(|oldest| queue.depth as f64 * oldest as f64 * unit_ns / 2.0)
    };
    let span = end - begin;
    let product = (waited - ages(first)? + ages(last)?) / span;
    Some((mean_length(looks)?, product)).filter(|_| span > 0.0)
}

/// The mean length over the time between the looks.
fn mean_length(looks: &[(f64, &QueueLook)]) -> Option<f64> {
    let span = looks.last()?.0 - looks.first()?.0;
    let area: f64 = looks
        .windows(2)
        .map(|pair| {
            (pair[1].0 - pair[0].0) * (pair[0].1.depth as f64 + pair[1].1.depth as f64) / 2.0
        })
        .sum();
    (span > 0.0).then(|| area / span)
}
