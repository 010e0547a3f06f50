//! Which waits can never end.
//!
//! A deadlock is said only of a set in which every wait is confirmed and without a limit, and everybody who could end
//! one of them is known: of a lock, a writer or a join at least one of those who hold it is in the set; of a channel all
//! of those who could send or receive are. It is the largest such set: whoever has a way out is taken away until nobody
//! is left who has one.

use std::collections::BTreeSet;

use super::graph::{Graph, Wait};
use super::party::{Node, Parties};
use crate::model::Cycle;

/// The waits that can never end.
pub(super) fn stuck(graph: &Graph) -> BTreeSet<Node> {
    let hopeless = |wait: &Wait| wait.confirmed && wait.complete && !wait.limited;
    let mut stuck: BTreeSet<Node> =
        graph.waits.iter().filter(|(_, wait)| hopeless(wait)).map(|(&node, _)| node).collect();
    loop {
        let free: Vec<Node> =
            stuck.iter().copied().filter(|node| has_a_way_out(graph, &stuck, *node)).collect();
        if free.is_empty() {
            return stuck;
        }
        for node in free {
            stuck.remove(&node);
        }
    }
}

fn has_a_way_out(graph: &Graph, stuck: &BTreeSet<Node>, node: Node) -> bool {
    let Some(wait) = graph.waits.get(&node) else { return true };
    let mut holders = wait.holders.iter();
    match wait.all {
        true => !holders.any(|holder| stuck.contains(holder)),
        false => !holders.all(|holder| stuck.contains(holder)),
    }
}

/// The next one on the way from a stuck node, which is stuck too.
fn next(graph: &Graph, stuck: &BTreeSet<Node>, node: Node) -> Option<Node> {
    graph.waits.get(&node)?.holders.iter().copied().find(|holder| stuck.contains(holder))
}

/// The circles among them, each once, begun with its first member.
pub(super) fn cycles(graph: &Graph, stuck: &BTreeSet<Node>, parties: &Parties<'_>) -> Vec<Cycle> {
    let mut cycles = Vec::new();
    let mut seen = BTreeSet::new();
    for &start in stuck {
        let mut way = Vec::new();
        let mut at = Some(start);
        while let Some(node) = at.filter(|node| !seen.contains(node)) {
            seen.insert(node);
            way.push(node);
            at = next(graph, stuck, node);
        }
        let Some(first) = at.and_then(|end| way.iter().position(|&node| node == end)) else {
            continue;
        };
        let members: Vec<_> =
            way[first..].iter().filter_map(|&node| graph.edge(node, parties)).collect();
        let first_seen_ns = members.iter().map(|edge| edge.since_ns).min().unwrap_or(0);
        cycles.push(Cycle { members, first_seen_ns });
    }
    cycles.sort_by_key(|cycle| std::cmp::Reverse(cycle.first_seen_ns));
    cycles
}
