//! Who waits for whom: from two looks to chains and deadlocks. Pure functions.
//!
//! ```text
//! graph   who waits, and who could end each wait     party   threads and operations in words
//! wait    one of these                               queues  waits for one who serves a queue
//! stuck   which waits can never end                  chains  from a victim to the last one who could act
//! locks   how each lock fared
//! ```

mod chains;
mod graph;
mod locks;
mod party;
mod queues;
mod stuck;
mod wait;

use std::collections::{HashMap, HashSet};

use super::clock::Clock;
use super::stands::STALLED_NS;
use crate::model::{Edge, Holder, ThreadReport, Waits};
use crate::snapshot::Snapshot;
use graph::Graph;
pub(super) use graph::what;
use party::Parties;
pub(super) use party::{Process, called};

/// All that waits in a process, and for whom.
pub(super) fn waits(snapshot: &Snapshot, clock: &Clock, process: &Process<'_>) -> Waits {
    let parties = Parties::new(snapshot, process);
    let graph = Graph::new(snapshot, clock, process, &parties);
    let stuck = stuck::stuck(&graph);
    let cycles = stuck::cycles(&graph, &stuck, &parties);
    let (circles, circling) = stuck::circles(&graph, &parties);
    let (chains, chains_left_out) = chains::chains(&graph, (&stuck, &circling), &parties);
    let (queues, queues_left_out) = graph.queues.told(&graph.waits, &parties);
    let (locks, locks_left_out) = locks::locks(snapshot, clock, &parties);
    Waits {
        cycles,
        circles,
        queues,
        queues_left_out,
        chains,
        chains_left_out,
        locks,
        locks_left_out,
        looks: if process.still { 1 } else { 2 },
        lost: snapshot.lost.locks,
        known: snapshot.waits.known,
    }
}

/// What waits tell of threads: who holds what they wait for, and that who waits is not idle, whatever it said before. Who
/// waits for another thread's end does what it has to do, and so does who waits in a queue that is served.
pub(super) fn tell(threads: &mut [ThreadReport], waits: &Waits) {
    // Each thread's wait, and whether it is one that the thread does not rest in: a chain's victim does not.
    let mut edges: HashMap<u64, (&Edge, bool)> = HashMap::new();
    for chain in &waits.chains {
        for (number, edge) in chain.edges.iter().enumerate() {
            let Some(tid) = edge.waiter.tid else { continue };
            let presses = number == 0 || chains::is_for_a_lock(&edge.target);
            edges.entry(tid).or_insert((edge, presses)).1 |= presses;
        }
    }
    let in_a_circle: Vec<&Edge> = waits
        .cycles
        .iter()
        .flat_map(|cycle| &cycle.members)
        .chain(waits.circles.iter().flat_map(|circle| &circle.members))
        .collect();
    edges.extend(in_a_circle.iter().filter_map(|edge| Some((edge.waiter.tid?, (*edge, true)))));
    let stuck: HashSet<u64> = in_a_circle.iter().filter_map(|edge| edge.waiter.tid).collect();
    let at_work = |one: &ThreadReport| matches!(one.class, Some("work" | "wait")) && !one.stalled;
    let come_on: HashSet<u64> =
        threads.iter().filter(|one| at_work(one)).map(|one| one.tid).collect();
    for thread in threads {
        let Some(&(edge, presses)) = edges.get(&thread.tid) else { continue };
        if thread.held_by.is_none() {
            thread.held_by = held_by(edge);
        }
        if thread.class == Some("idle") && presses {
            thread.class = Some("wait");
            (thread.since_ns, thread.since_at_most) = (Some(edge.since_ns), false);
            thread.stalled = edge.since_ns >= STALLED_NS;
        }
        let served = || edge.held_by.first().and_then(|one| one.tid);
        let has_to = match edge.target.what {
            "join" => true,
            "queue" => served().is_some_and(|tid| come_on.contains(&tid)),
            _ => false,
        };
        thread.waits_its_turn = has_to && !stuck.contains(&thread.tid);
        thread.stalled &= !thread.waits_its_turn;
    }
}

fn held_by(edge: &Edge) -> Option<Holder> {
    // Of those who serve a queue it may be one itself.
    let other = edge.held_by.iter().find(|holder| holder.tid != edge.waiter.tid);
    let holder = other.or(edge.held_by.first())?;
    let (file, line) = (holder.file.clone(), holder.line);
    let queue = Some(edge.target.name.clone()).filter(|_| edge.target.what == "queue");
    Some(Holder { thread: holder.thread.clone()?, tid: holder.tid?, file, line, queue })
}

/// The waits of several processes, as one answer.
pub fn together(all: impl IntoIterator<Item = Waits>) -> Waits {
    let mut one = Waits { looks: 2, ..Waits::default() };
    for waits in all {
        one.cycles.extend(waits.cycles);
        one.circles.extend(waits.circles);
        one.queues.extend(waits.queues);
        one.chains.extend(waits.chains);
        one.locks.extend(waits.locks);
        one.looks = one.looks.min(waits.looks);
        one.chains_left_out += waits.chains_left_out;
        one.locks_left_out += waits.locks_left_out;
        one.queues_left_out += waits.queues_left_out;
        one.lost += waits.lost;
        one.known |= waits.known;
    }
    chains::sort(&mut one.chains);
    one.queues.sort_by_key(|queue| std::cmp::Reverse((queue.waiting_ns, queue.oldest_age_ns)));
    one.locks.sort_by_key(|lock| std::cmp::Reverse(lock.waited_ns.saturating_add(lock.waiting_ns)));
    one
}
