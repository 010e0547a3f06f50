//! What a process takes more and more of, without an end: memory, threads, descriptors. A time is cut into eight parts, and
//! the least of each is held against the least of the one before: what is given back again is in no least, and what a
//! process needs once makes it grow once. The first part is left out, since a process takes what it needs as it begins.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use super::second::Second;
use super::store::{Span, read};
use crate::liveness::State;
use crate::model::BoardReport;
use crate::why::{Grows, Taken};

const MINUTE_NS: u64 = 60_000_000_000;

/// How far back growth is looked for.
const GROWS_OVER_NS: u64 = 360 * MINUTE_NS;
/// Growth of the last while is looked for as well: what began to leak an hour ago has not grown for a day.
const LENGTHS_NS: [u64; 3] = [GROWS_OVER_NS, 60 * MINUTE_NS, 15 * MINUTE_NS];
/// A shorter time says nothing.
const LEAST_NS: u64 = 10 * MINUTE_NS;
const PARTS: usize = 8;
/// Gauges that are held against growth.
const MOST_GAUGES: usize = 64;
/// By what more is done, as a share and in all, that is no noise.
const MORE: f64 = 0.1;
const MORE_AT_LEAST: f64 = 0.5;
/// What has slowed down to so many tenths of its pace comes to an end, most likely: a cache that fills.
const PACE: u64 = 6;

/// The least of a part, and what was done meanwhile.
#[derive(Default)]
struct Part {
    least: [Option<u64>; Taken::ALL.len()],
    seconds: u64,
    active: u64,
    gauges: BTreeMap<String, (i128, u64)>,
}

/// A time in parts.
struct Window {
    from_ns: u64,
    part_ns: u64,
    parts: [Part; PARTS],
}

/// A run of a process, fed with its seconds in order.
struct Growing {
    until_ns: u64,
    windows: Vec<Window>,
}

impl Growing {
    /// A run that is looked at up to a moment.
    fn new(until_ns: u64) -> Self {
        Self { until_ns, windows: Vec::new() }
    }

    /// Takes a second of it.
    fn take(&mut self, at_ns: u64, second: &Second) {
        if at_ns > self.until_ns || second.end.is_some() {
            return;
        }
        if self.windows.is_empty() {
            let length = (self.until_ns - at_ns).min(GROWS_OVER_NS);
            let shorter = LENGTHS_NS.into_iter().filter(|&one| one < length);
            let lengths = std::iter::once(length).chain(shorter);
            self.windows = lengths.map(|length| Window::new(self.until_ns, length)).collect();
        }
        self.windows.iter_mut().for_each(|window| window.take(at_ns, second));
    }

    /// What grows; nothing where too little is known of it to tell.
    fn finish(&self) -> Option<Vec<Grows>> {
        let windows = || self.windows.iter().filter(|window| window.part_ns >= LEAST_NS / 8);
        windows().next()?;
        let all = Taken::ALL.into_iter();
        Some(all.filter_map(|what| windows().find_map(|window| window.grows(what))).collect())
    }
}

impl Window {
    fn new(until_ns: u64, length_ns: u64) -> Self {
        let part_ns = (length_ns / PARTS as u64).max(1);
        let from_ns = until_ns.saturating_sub(part_ns * PARTS as u64);
        Self { from_ns, part_ns, parts: <[Part; PARTS]>::default() }
    }

    fn take(&mut self, at_ns: u64, second: &Second) {
        let Some(since) = at_ns.checked_sub(self.from_ns) else { return };
        // The last moment is of the last part.
        let index = usize::try_from(since / self.part_ns).unwrap_or(PARTS).min(PARTS - 1);
        let Some(part) = self.parts.get_mut(index) else { return };
        part.seconds += 1;
        for (least, what) in part.least.iter_mut().zip(Taken::ALL) {
            let now = match what {
                Taken::Memory => second.usage.rss_bytes,
                Taken::Threads => second.usage.threads,
                Taken::Descriptors => second.usage.fds,
            };
            *least = [*least, now].into_iter().flatten().min();
        }
        let active = second.active.iter().filter(|(one, _)| !one.is_at_operation());
        part.active = active.fold(part.active, |sum, (_, count)| sum.saturating_add(*count));
        for (name, level) in second.gauges.iter().take(MOST_GAUGES) {
            let sum = match part.gauges.get_mut(name) {
                Some(sum) => sum,
                None => part.gauges.entry(name.clone()).or_default(),
            };
            *sum = (sum.0 + i128::from(*level), sum.1 + 1);
        }
    }

    fn grows(&self, what: Taken) -> Option<Grows> {
        let parts = &self.parts[1..];
        let least: Option<Vec<u64>> =
            parts.iter().map(|part| part.least.get(what as usize).copied().flatten()).collect();
        let least = least?;
        let (&from, &to) = least.first().zip(least.last())?;
        let enough = what.least_growth().max(from / 10);
        if !rises(&least) || to - from < enough || self.does_more(&least) {
            return None;
        }
        let over_ns = self.part_ns * (PARTS as u64 - 2);
        Some(Grows { what, from, to, over_ns, with: self.gauge() })
    }

    /// More is done at once towards its end than before, by half as much as what is taken grew, or more: then that is
    /// what it is taken for.
    fn does_more(&self, least: &[u64]) -> bool {
        let grown = |levels: &[f64]| {
            let mean = |some: &[f64]| some.iter().sum::<f64>() / some.len().max(1) as f64;
            let before = mean(levels.get(..3).unwrap_or_default());
            (before, mean(levels.get(4..).unwrap_or_default()) - before)
        };
        let active = |part: &Part| part.active as f64 / part.seconds.max(1) as f64;
        let (did, more) = grown(&self.parts[1..].iter().map(active).collect::<Vec<_>>());
        let (took, taken) = grown(&least.iter().map(|&level| level as f64).collect::<Vec<_>>());
        more >= MORE_AT_LEAST
            && more >= MORE * did
            && more / did.max(f64::MIN_POSITIVE) * 2.0 >= taken / took.max(1.0)
    }

    /// The gauge that rises all the time as well, by the largest factor: of what there is more and more, most likely.
    fn gauge(&self) -> Option<(String, u64, u64)> {
        let mean = |part: &Part, name: &str| {
            let (sum, times) = part.gauges.get(name)?;
            i64::try_from(sum / i128::from((*times).max(1))).ok()
        };
        let parts = &self.parts[1..];
        let rising = parts.first()?.gauges.keys().filter_map(|name| {
            let means: Option<Vec<u64>> =
                parts.iter().map(|part| u64::try_from(mean(part, name)?).ok()).collect();
            let means = means.filter(|means| rises(means))?;
            let (&from, &to) = means.first().zip(means.last())?;
            let factor = to as f64 / from.max(1) as f64;
            (factor >= 1.1).then(|| (factor, (name.clone(), from, to)))
        });
        rising.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, gauge)| gauge)
    }
}

/// From each to the next, and not much slower in the end.
fn rises(levels: &[u64]) -> bool {
    let [first, .., last] = *levels else { return false };
    let Some(&middle) = levels.get(levels.len() / 2) else { return false };
    let all = levels.iter().zip(levels.iter().skip(1)).all(|(before, after)| before < after);
    all && u128::from(last - middle) * 10 >= u128::from(middle - first) * u128::from(PACE)
}

/// Runs of processes with the moment up to which they are looked at: now, or their end.
#[cfg_attr(
    not(any(feature = "cli", feature = "serve")),
    allow(dead_code, reason = "asked by who has reports")
)]
pub(crate) fn runs<'a>(
    reports: impl IntoIterator<Item = &'a BoardReport>,
    now_ns: u64,
) -> Vec<(u64, u64)> {
    let until = |report: &BoardReport| match report.state {
        State::Dead => report.started_wall_ns.saturating_add(report.uptime_ns),
        _ => now_ns,
    };
    reports.into_iter().map(|report| (report.instance, until(report))).collect()
}

/// What runs take more and more of, by a directory's history: each run with the moment up to which it is looked at. A run that
/// ended long before the last of them has no answer, like one of which too little is kept.
///
/// # Errors
/// The directory cannot be read.
pub fn growth(
    directory: &Path,
    runs: impl IntoIterator<Item = (u64, u64)>,
) -> io::Result<HashMap<u64, Vec<Grows>>> {
    let mut all: HashMap<u64, Growing> =
        runs.into_iter().map(|(run, until_ns)| (run, Growing::new(until_ns))).collect();
    let to_ns = all.values().map(|run| run.until_ns).max().unwrap_or(0).saturating_add(1);
    let span = Span { from_ns: to_ns.saturating_sub(GROWS_OVER_NS), to_ns };
    read(directory, span, &mut |at_ns, seconds| {
        for second in &seconds {
            if let Some(run) = all.get_mut(&second.instance) {
                run.take(at_ns, second);
            }
        }
    })?;
    Ok(all.into_iter().filter_map(|(run, growing)| Some((run, growing.finish()?))).collect())
}
