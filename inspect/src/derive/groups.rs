//! Workers of a name without room: one judgement, for the headline and for the rule that is about them.

use std::collections::BTreeMap;

use crate::model::{BoardReport, ThreadReport};
use crate::words::stem::stem;

/// Load of the last ten seconds from which on a worker has no room left.
pub const FULL: f64 = 0.95;
/// Mean load of the other workers of a group below which work is spread badly.
const IDLE: f64 = 0.5;

/// Workers of a name, up to its number, without room: all of them, or some while the others have little to do.
#[derive(Debug)]
#[non_exhaustive]
pub struct FullGroup<'a> {
    /// Their name.
    pub name: &'a str,
    /// All of them.
    pub workers: usize,
    /// Those without room.
    pub full: Vec<&'a ThreadReport>,
    /// The first one's load.
    pub load: f64,
    /// The mean load of the others, where there are any.
    pub others: Option<f64>,
}

/// A thread's load of the last ten seconds.
pub fn load(one: &ThreadReport) -> Option<f64> {
    one.load.s10.or(one.load.s1)
}

/// The groups without room, by name.
pub fn full_groups(report: &BoardReport) -> Vec<FullGroup<'_>> {
    let mut groups: BTreeMap<&str, Vec<(&ThreadReport, f64)>> = BTreeMap::new();
    for one in &report.threads {
        if let Some(load) = load(one) {
            groups.entry(stem(one.name.raw())).or_default().push((one, load));
        }
    }
    // One who never had a job is a worker as well.
    for one in report.threads.iter().filter(|one| load(one).is_none() && one.class == Some("idle"))
    {
        if let Some(workers) = groups.get_mut(stem(one.name.raw())) {
            workers.push((one, 0.0));
        }
    }
    groups.into_iter().filter_map(|(name, workers)| full_group(name, &workers)).collect()
}

fn full_group<'a>(name: &'a str, workers: &[(&'a ThreadReport, f64)]) -> Option<FullGroup<'a>> {
    let (full, others): (Vec<_>, Vec<_>) = workers.iter().partition(|(_, load)| *load >= FULL);
    let (_, load) = *full.first()?;
    let sum: f64 = others.iter().map(|(_, load)| load).sum();
    let mean = (!others.is_empty()).then(|| sum / others.len() as f64);
    let full = full.into_iter().map(|(one, _)| one).collect();
    let group = FullGroup { name, workers: workers.len(), full, load, others: mean };
    mean.is_none_or(|mean| mean < IDLE).then_some(group)
}
