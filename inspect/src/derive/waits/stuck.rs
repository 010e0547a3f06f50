//! Which waits can never end.
//!
//! A deadlock is said only of a set in which every wait is confirmed and without a limit, and everybody who could end
//! one of them is known: of a lock, a writer or a join at least one of those who hold it is in the set; of a channel all
//! of those who could send or receive are. It is the largest such set: whoever has a way out is taken away until nobody
//! is left who has one.
//!
//! A circle is what would be one if nobody served a queue but those who are known to have served it, and those who say that
//! they wait in it do. All of its waits have lasted for the whole look, or are
//! confirmed: at one moment all of them waited.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use super::graph::Graph;
use super::party::{Node, Parties};
use super::wait::Wait;
use crate::model::{Circle, Cycle};
use crate::words::label::Label;

/// The waits that can never end.
pub(super) fn stuck(graph: &Graph) -> BTreeSet<Node> {
    largest(graph, is_sure)
}

fn is_sure(wait: &Wait) -> bool {
    wait.confirmed && wait.complete && !wait.limited
}

/// Who waits for the same ones: each alone, or everybody in one queue.
struct Together<'a> {
    waiters: Vec<Node>,
    wait: &'a Wait,
    /// Of those who could end it, how many are stuck.
    stuck: usize,
}

impl Together<'_> {
    fn has_a_way_out(&self) -> bool {
        if self.wait.all { self.stuck == 0 } else { self.stuck < self.wait.holders.len() }
    }
}

/// The largest set of such waits in which nobody has a way out. Whoever is let go lets go those behind him: looked for anew
/// for each of them, a long chain would take the square of its length.
fn largest(graph: &Graph, hopeless: impl Fn(&Wait) -> bool) -> BTreeSet<Node> {
    let mut all = together(graph, hopeless);
    let mut stuck: BTreeSet<Node> = all.iter().flat_map(|one| &one.waiters).copied().collect();
    let mut behind: BTreeMap<Node, Vec<usize>> = BTreeMap::new();
    for (index, one) in all.iter_mut().enumerate() {
        for &holder in one.wait.holders.iter().filter(|holder| stuck.contains(holder)) {
            one.stuck += 1;
            behind.entry(holder).or_default().push(index);
        }
    }
    let mut free: Vec<usize> = (0..all.len()).filter(|&one| all[one].has_a_way_out()).collect();
    while let Some(index) = free.pop() {
        for node in mem::take(&mut all[index].waiters) {
            stuck.remove(&node);
            for &one in behind.get(&node).into_iter().flatten() {
                all[one].stuck -= 1;
                if all[one].has_a_way_out() {
                    free.push(one);
                }
            }
        }
    }
    stuck
}

/// Those who are hopeless.
fn together(graph: &Graph, hopeless: impl Fn(&Wait) -> bool) -> Vec<Together<'_>> {
    let (mut all, mut of_queues): (Vec<Together<'_>>, BTreeMap<usize, usize>) = Default::default();
    for (&node, wait) in graph.waits.iter().filter(|(_, wait)| hopeless(wait)) {
        let new = all.len();
        let index = wait.queue.map_or(new, |queue| *of_queues.entry(queue).or_insert(new));
        if index == new {
            all.push(Together { waiters: Vec::new(), wait, stuck: 0 });
        }
        all[index].waiters.push(node);
    }
    all
}

/// The circles through queues, and who is in one.
pub(super) fn circles(graph: &Graph, parties: &Parties<'_>) -> (Vec<Circle>, BTreeSet<Node>) {
    let by_hand = |wait: &Wait| wait.lasts && !wait.limited && !wait.holders.is_empty();
    let unless_another_serves = largest(graph, |wait| is_sure(wait) || by_hand(wait));
    let (mut circles, mut members) = (Vec::new(), BTreeSet::<Node>::new());
    let mut seen = BTreeSet::new();
    for &start in &unless_another_serves {
        let mut at = Some(start);
        let mut way = BTreeSet::new();
        while let Some(node) = at.filter(|node| !seen.contains(node)) {
            seen.insert(node);
            way.insert(node);
            at = next(graph, &unless_another_serves, node);
        }
        // Whoever the way comes back to is in a circle, with everybody to whom ways lead from there.
        let Some(node) = at.filter(|node| way.contains(node)) else { continue };
        let all = behind(
            graph,
            |node| unless_another_serves.contains(node) && !members.contains(node),
            node,
        );
        let queues: BTreeSet<&Label> = all
            .iter()
            .filter_map(|node| graph.waits.get(node))
            .filter(|wait| wait.queue.is_some())
            .map(|wait| &wait.target.name)
            .collect();
        seen.extend(all.iter().copied());
        if queues.is_empty() {
            continue;
        }
        let edges: Vec<_> = all.iter().filter_map(|&node| graph.edge(node, parties)).collect();
        circles.push(Circle {
            first_seen_ns: edges.iter().map(|edge| edge.since_ns).min().unwrap_or(0),
            queues: queues.into_iter().cloned().collect(),
            members: edges,
        });
        members.extend(all);
    }
    circles.sort_by_key(|circle| std::cmp::Reverse(circle.first_seen_ns));
    (circles, members)
}

/// Everybody to whom a way leads from one, itself included; who is in a circle that is told already is not told again.
fn behind(graph: &Graph, is_meant: impl Fn(&Node) -> bool, start: Node) -> BTreeSet<Node> {
    let (mut all, mut queues) = (BTreeSet::from([start]), BTreeSet::new());
    let mut left = vec![start];
    while let Some(node) = left.pop() {
        let Some(wait) = graph.waits.get(&node) else { continue };
        if wait.queue.is_some_and(|queue| !queues.insert(queue)) {
            continue;
        }
        let holders = wait.holders.iter().copied().filter(&is_meant);
        left.extend(holders.filter(|holder| all.insert(*holder)));
    }
    all
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
