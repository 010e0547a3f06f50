//! What servers wait for while they have a job in hand: such time counts as busy, and more load makes it longer.

use std::collections::BTreeMap;

use super::look::Series;
use super::stretches::{Members, same};
use crate::derive::blocked::Blocked;

/// Share of the looks at servers at work that found them at a wait, and what most of them waited for.
pub(super) fn blocked(series: &Series, members: &Members, since: u64) -> Option<(f64, Blocked)> {
    let mut at_work = 0u64;
    let mut by: BTreeMap<&Blocked, u64> = BTreeMap::new();
    for look in series.looks.iter().filter(|look| look.stamp >= since) {
        for worker in members.workers.iter().filter_map(|worker| same(look, worker)) {
            at_work += u64::from(worker.at_work);
            if let Some(blocked) = &worker.blocked {
                *by.entry(blocked).or_default() += 1;
            }
        }
    }
    let all: u64 = by.values().sum();
    let (most, _) = by.into_iter().max_by_key(|(_, count)| *count)?;
    Some((all as f64 / at_work.max(1) as f64, most.clone()))
}
