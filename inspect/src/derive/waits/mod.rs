//! Who waits for whom: from two looks to chains and deadlocks. Pure functions.
//!
//! ```text
//! graph   who waits, and who could end each wait     party   threads and operations in words
//! stuck   which waits can never end                  chains  from a victim to the last one who could act
//! locks   how each lock fared
//! ```

mod chains;
mod graph;
mod locks;
mod party;
mod stuck;

use std::collections::HashMap;

use super::clock::Clock;
use crate::model::{Holder, ThreadReport, Waits};
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
    let (chains, chains_left_out) = chains::chains(&graph, &stuck, &parties);
    let (locks, locks_left_out) = locks::locks(snapshot, clock, &parties);
    Waits {
        cycles,
        chains,
        chains_left_out,
        locks,
        locks_left_out,
        looks: if process.still { 1 } else { 2 },
        lost: snapshot.lost.locks,
        known: snapshot.waits.known,
    }
}

/// Threads that wait for a lock are told who holds it.
pub(super) fn hold(threads: &mut [ThreadReport], waits: &Waits) {
    let chains = waits.chains.iter().flat_map(|chain| &chain.edges);
    let edges = chains.chain(waits.cycles.iter().flat_map(|cycle| &cycle.members));
    let held: HashMap<u64, Holder> = edges
        .filter_map(|edge| {
            let holder = edge.held_by.first()?;
            let (file, line) = (holder.file.clone(), holder.line);
            let holder = Holder { thread: holder.thread.clone()?, tid: holder.tid?, file, line };
            Some((edge.waiter.tid?, holder))
        })
        .collect();
    for thread in threads {
        if thread.held_by.is_none() {
            thread.held_by = held.get(&thread.tid).cloned();
        }
    }
}

/// The waits of several processes, as one answer.
pub fn together(all: impl IntoIterator<Item = Waits>) -> Waits {
    let mut one = Waits { looks: 2, ..Waits::default() };
    for waits in all {
        one.cycles.extend(waits.cycles);
        one.chains.extend(waits.chains);
        one.locks.extend(waits.locks);
        one.looks = one.looks.min(waits.looks);
        one.chains_left_out += waits.chains_left_out;
        one.locks_left_out += waits.locks_left_out;
        one.lost += waits.lost;
        one.known |= waits.known;
    }
    chains::sort(&mut one.chains);
    one.locks.sort_by_key(|lock| std::cmp::Reverse(lock.waited_ns.saturating_add(lock.waiting_ns)));
    one
}
