//! Circles among files: groups of which each reaches each other.

use std::collections::{BTreeMap, BTreeSet};

/// The circles among arrows: every group of more than one that reach each other, each in order of its names.
pub(crate) fn circles<'a>(arrows: &BTreeSet<(&'a str, &'a str)>) -> Vec<Vec<&'a str>> {
    let mut reach: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let nodes: BTreeSet<&str> = arrows.iter().flat_map(|&(from, to)| [from, to]).collect();
    for &node in &nodes {
        let (mut seen, mut next) = (BTreeSet::new(), vec![node]);
        while let Some(at) = next.pop() {
            for &(_, to) in arrows.range((at, "")..).take_while(|(from, _)| *from == at) {
                if seen.insert(to) {
                    next.push(to);
                }
            }
        }
        reach.insert(node, seen);
    }
    let mut circles: BTreeSet<Vec<&str>> = BTreeSet::new();
    for (&node, seen) in &reach {
        let group: Vec<&str> =
            seen.iter().copied().filter(|other| reach[other].contains(node)).collect();
        if group.len() > 1 {
            circles.insert(group);
        }
    }
    circles.into_iter().collect()
}
