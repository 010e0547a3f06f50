//! What a board says of single lines: who is there, and how often a counted one was passed.

use std::collections::BTreeMap;

use probe::layout::Class;

use super::size;
use super::threads::word;
use crate::model::{LineReport, ThreadReport};
use crate::snapshot::{Room, Snapshot};
use crate::words::label::Label;

/// Every line that was passed by count, or at which a thread is; by file and line.
pub(super) fn lines(
    snapshot: &Snapshot,
    threads: &[ThreadReport],
    room: &mut Room,
) -> Vec<LineReport> {
    type Key = (Option<Label>, Option<u32>, Option<Label>, Option<Label>, Option<&'static str>);
    let mut found: BTreeMap<Key, (Option<u64>, u64)> = BTreeMap::new();
    let text = |word| snapshot.strings.get(word);
    for site in snapshot.sites.values().filter(|site| site.hits > 0) {
        let place = site.hits.checked_sub(1).and_then(|place| usize::try_from(place).ok());
        let Some(&passes) = place.and_then(|place| snapshot.shard_totals.get(place)) else {
            continue;
        };
        let class = Class::from_word(site.class_flags).unwrap_or_default();
        let line = (site.line_column >> 32) as u32;
        let key =
            (text(site.file), Some(line), text(site.function), text(site.label), Some(word(class)));
        let hits = &mut found.entry(key).or_default().0;
        *hits = Some(hits.unwrap_or(0).wrapping_add(passes));
    }
    for one in threads.iter().filter(|one| one.class.is_some() && !one.torn) {
        let key = (one.file.clone(), one.line, one.function.clone(), one.label.clone(), one.class);
        found.entry(key).or_default().1 += 1;
    }
    found
        .into_iter()
        .filter(|(_, (hits, threads))| hits.is_some_and(|hits| hits > 0) || *threads > 0)
        .map(|((file, line, function, label, class), (hits, threads))| LineReport {
            file,
            line,
            function,
            label,
            class,
            hits,
            threads,
        })
        .filter(|line| room.say("lines", size::line(line)))
        .collect()
}
