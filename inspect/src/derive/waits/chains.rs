//! From each victim, for whom nobody waits, to the last one who could act.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::graph::Graph;
use super::party::{Node, Parties};
use super::wait::Wait;
use crate::model::{Chain, WaitTarget};

/// Links of a chain that are told, and chains: more are of a board that was made to waste time.
const LONGEST: usize = 64;
const MOST: usize = 200;

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// This one could act.
    Holder(Node),
    /// This one waits for something outside.
    Outside(Node),
    /// Nobody knows.
    Unknown(String),
}

/// Every chain, those with most waiting time behind their end first.
pub(super) fn chains(
    graph: &Graph,
    (stuck, circling): (&BTreeSet<Node>, &BTreeSet<Node>),
    parties: &Parties<'_>,
) -> (Vec<Chain>, u64) {
    let waited_for = waited_for(graph);
    let mut behind: BTreeMap<End, u64> = BTreeMap::new();
    let mut ways = Vec::new();
    for (&node, wait) in &graph.waits {
        let (way, end) = way(graph, parties, node);
        let sum = behind.entry(end.clone()).or_default();
        // The last one's own wait is not behind it: if it did not wait, the others would get theirs back.
        if way.len() > 1 || matches!(end, End::Holder(_)) {
            *sum = sum.saturating_add(wait.least_ns());
        }
        // A circle has no victim: it is told as one, or, where it is not proved to be one, from each of its members.
        let in_a_circle = way.iter().skip(1).any(|&other| other == node)
            || graph
                .waits
                .get(way.last().unwrap_or(&node))
                .is_some_and(|last| leads_to(graph, last, node));
        if circling.contains(&node) {
            // Told as a circle.
            continue;
        }
        // Who has nothing to do waits for nobody, unless for ever.
        if rests(graph, parties, (&way, &end)) && !stuck.contains(&node) {
            continue;
        }
        if !waited_for.contains(&node) || in_a_circle && !stuck.contains(&node) {
            ways.push((way, end, wait.least_ns()));
        }
    }
    ways.sort_by_key(|(_, end, age_ns)| (Reverse(behind.get(end).copied()), Reverse(*age_ns)));
    let left_out = ways.len().saturating_sub(MOST) as u64;
    ways.truncate(MOST);
    let mut chains: Vec<Chain> = ways
        .into_iter()
        .map(|(way, end, age_ns)| Chain {
            deadlocked: way.iter().any(|node| stuck.contains(node)),
            circling: way.iter().any(|node| circling.contains(node)),
            edges: way.iter().filter_map(|&node| graph.edge(node, parties)).collect(),
            age_ns,
            behind_ns: behind.get(&end).copied().unwrap_or(age_ns),
            end: match end {
                End::Holder(_) => "holder",
                End::Outside(_) => "outside",
                End::Unknown(_) => "unknown",
            },
        })
        .collect();
    sort(&mut chains);
    (chains, left_out)
}

/// Whether a wait leads to somebody: of those who serve a queue to one of them alone.
fn leads_to(graph: &Graph, wait: &Wait, node: Node) -> bool {
    match wait.queue {
        Some(_) => graph.next(wait) == Some(node),
        None => wait.holders.contains(&node),
    }
}

/// Everybody to whom the way leads of somebody who waits. Of those who serve a queue it leads to one: what another one waits
/// for is a chain of its own.
fn waited_for(graph: &Graph) -> BTreeSet<Node> {
    let (of_queues, others): (Vec<&Wait>, Vec<&Wait>) =
        graph.waits.values().partition(|wait| wait.queue.is_some());
    let others = others.into_iter().flat_map(|wait| wait.holders.iter().copied());
    others.chain(of_queues.into_iter().filter_map(|wait| graph.next(wait))).collect()
}

/// Whether the first of a way has nothing to do, as it says itself. What it says is of before it came to wait: within a job,
/// or for a lock that somebody has who is at work, it is wrong. Of a pool one has the lock of its channel and waits for a job, and
/// the others for the lock: they rest.
fn rests(graph: &Graph, parties: &Parties<'_>, (way, end): (&[Node], &End)) -> bool {
    let idle = |node: Node| parties.is_idle(node) && !parties.has_a_job(node);
    let Some((&first, wait)) = way.first().and_then(|node| Some((node, graph.waits.get(node)?)))
    else {
        return true;
    };
    if !idle(first) || !is_for_a_lock(&wait.target) {
        return idle(first);
    }
    let for_a_lock =
        |node: &Node| graph.waits.get(node).is_some_and(|wait| is_for_a_lock(&wait.target));
    match (end, way.last()) {
        (End::Holder(holder), _) => idle(*holder),
        // Nobody is known who has it.
        (_, Some(last)) if for_a_lock(last) => false,
        (_, last) => last.is_none_or(|last| idle(*last)),
    }
}

/// Whether somebody has what is waited for: a lock, or the room of a channel that is full.
pub(super) fn is_for_a_lock(target: &WaitTarget) -> bool {
    target.what == "lock" || target.mode == Some("send")
}

/// Those with most waiting time behind them first.
pub(super) fn sort(chains: &mut [Chain]) {
    chains.sort_by_key(|chain| (Reverse(chain.behind_ns), Reverse(chain.age_ns)));
}

/// The waits from a node on, and what the last of them waits for.
fn way(graph: &Graph, parties: &Parties<'_>, start: Node) -> (Vec<Node>, End) {
    let mut way = Vec::new();
    let mut seen = BTreeSet::new();
    let mut at = start;
    loop {
        let Some(wait) = graph.waits.get(&at) else { return (way, End::Holder(at)) };
        if !seen.insert(at) || way.len() >= LONGEST {
            // Round and round, and not proved to be for ever; or a deadlock, of which the caller knows.
            return (way, End::Unknown(wait.target.name.raw().to_owned()));
        }
        way.push(at);
        match graph.next(wait) {
            Some(next) => at = next,
            None if wait.outside => return (way, End::Outside(at)),
            None => {
                let name = wait.target.name.raw();
                let who = parties.said(at).thread.map(|name| name.raw().to_owned());
                return (way, End::Unknown(format!("{name} {}", who.unwrap_or_default())));
            }
        }
    }
}
