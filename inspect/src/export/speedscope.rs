//! The file format of speedscope: one sampled profile for each thread, over shared frames.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::cells::{TORN, cells, frame_name, thread_name};
use crate::render::json::Streamed;
use crate::report::Tally;

/// Name, stacks, and the weight of each.
type Thread = (String, Vec<Vec<usize>>, Vec<u64>);

/// The document. A thread's profile is made while it is written.
pub fn speedscope(tally: &Tally) -> Streamed<'_> {
    let mut frames: Vec<Value> = Vec::new();
    let mut known: HashMap<Value, usize> = HashMap::new();
    let mut threads: BTreeMap<u32, Thread> = BTreeMap::new();
    let tick_ns = tally.duration_ns / tally.ticks.max(1);
    for (cell, sites) in cells(tally) {
        let mut values: Vec<Value> = sites
            .iter()
            .map(|site| match site.file.is_empty() {
                true => json!({ "name": frame_name(site) }),
                false => json!({ "name": frame_name(site), "file": site.file, "line": site.line,
                                 "col": site.column }),
            })
            .collect();
        if cell.stack.is_none() {
            values.push(json!({ "name": TORN }));
        }
        let stack = values.into_iter().map(|value| {
            *known.entry(value).or_insert_with_key(|value| {
                frames.push(value.clone());
                frames.len() - 1
            })
        });
        let stack: Vec<usize> = stack.collect();
        let thread = threads
            .entry(cell.thread)
            .or_insert_with(|| (thread_name(tally, &cell), Vec::new(), Vec::new()));
        thread.1.push(stack);
        thread.2.push(cell.samples.saturating_mul(tick_ns));
    }
    let profiles = threads.into_values().map(|(name, samples, weights)| {
        json!({ "type": "sampled", "name": name, "unit": "nanoseconds", "startValue": 0,
                "endValue": weights.iter().sum::<u64>(), "samples": samples, "weights": weights })
    });
    let name = tally.boards.first().map(|board| board.name.raw()).unwrap_or_default();
    Streamed::new()
        .with("$schema", "https://www.speedscope.app/file-format-schema.json")
        .with("exporter", concat!("inspect ", env!("CARGO_PKG_VERSION")))
        .with("name", name)
        .with("activeProfileIndex", 0)
        .with("shared", json!({ "frames": frames }))
        .list("profiles", profiles)
}
