//! Who waits in a queue for one who serves it.
//!
//! The board does not say in which queue an operation is. Its program does, by a status or a line of class `wait` that is
//! called as the queue is: nothing is guessed, and no probe does more for it. Whether its item still waits or is being
//! served is not said: where items wait, any of those who serve may take one; where none does, one of them has it in hand.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use probe::layout::{Class, MetricKind};
use probe::protocol::occupancy::LIVE;

use super::party::{Node, Parties, Process};
use super::wait::Wait;
use crate::derive::active;
use crate::derive::clock::Clock;
use crate::derive::numbers::depth_and_oldest;
use crate::derive::stands::STALLED_NS;
use crate::derive::threads::class_at;
use crate::model::{QueueWaits, WaitTarget};
use crate::snapshot::Snapshot;
use crate::words::label::Label;

/// Who serves a queue and is named beside it, and queues that are said.
const NAMED: usize = 16;
const SAID: usize = 1_024;

/// A queue, and who is known to serve it.
struct Queue {
    name: Label,
    depth: u64,
    oldest_ns: Option<u64>,
    /// Each, and whether it has a job in hand.
    servers: BTreeMap<Node, bool>,
}

/// The queues of a process. Those of one name are one.
pub(super) struct Queues {
    all: Vec<Queue>,
    by_name: HashMap<Label, usize>,
}

/// Somebody who says that he waits in a queue.
struct Asks {
    queue: usize,
    since_ns: u64,
    at_most: bool,
    limited: bool,
    lasts: bool,
}

impl Queues {
    pub(super) fn new(snapshot: &Snapshot, clock: &Clock, process: &Process<'_>) -> Self {
        let (mut all, mut by_name): (Vec<Queue>, HashMap<Label, usize>) = Default::default();
        let mut by_place: HashMap<u64, usize> = HashMap::new();
        for metric in snapshot.metrics.iter().filter(|metric| metric.kind == MetricKind::Queue) {
            let place = metric.record.place;
            let record = usize::try_from(place).ok().and_then(|place| snapshot.queues.get(place));
            let name = snapshot.strings.get(metric.record.name);
            let name = name.filter(|name| !name.raw().is_empty());
            let Some((name, record)) = name.zip(record) else { continue };
            let index = *by_name.entry(name.clone()).or_insert_with(|| {
                all.push(Queue { name, depth: 0, oldest_ns: None, servers: BTreeMap::new() });
                all.len() - 1
            });
            let (depth, oldest_ns) = depth_and_oldest(record, 0, clock);
            if let Some(queue) = all.get_mut(index)
                && by_place.insert(place, index).is_none()
            {
                queue.depth = queue.depth.saturating_add(depth);
                queue.oldest_ns = queue.oldest_ns.max(oldest_ns);
            }
        }
        for (index, thread) in snapshot.threads.iter().enumerate() {
            let Some(work) = thread.work else { continue };
            // Who is gone serves nobody; of the dead all are as they were.
            let gone = |row: &crate::model::ThreadReport| row.exists == Some(false);
            let is_gone = !process.still && process.threads.get(index).is_some_and(gone);
            let queue = work.queue.and_then(|place| by_place.get(&place)).filter(|_| !is_gone);
            if let Some(queue) = queue.and_then(|&index| all.get_mut(index)) {
                queue.servers.insert(Node::Thread(index), work.in_hand > 0);
            }
        }
        Self { all, by_name }
    }

    fn named(&self, label: Option<&Label>) -> Option<usize> {
        self.by_name.get(label?).copied()
    }

    /// Whether it rests until an item comes.
    fn is_for_items(&self, queue: usize, node: Node) -> bool {
        self.all.get(queue).and_then(|queue| queue.servers.get(&node)) == Some(&false)
    }

    /// Adds the waits in queues to those that are known.
    pub(super) fn add(
        &self,
        snapshot: &Snapshot,
        process: &Process<'_>,
        parties: &Parties<'_>,
        waits: &mut BTreeMap<Node, Wait>,
    ) {
        if self.all.is_empty() {
            return;
        }
        let mut asking = self.threads(snapshot, process, parties, waits);
        asking.extend(self.ops(snapshot, parties, waits));
        let wanted: BTreeSet<usize> = asking.values().map(|asks| asks.queue).collect();
        let holders: BTreeMap<usize, Rc<[Node]>> = wanted
            .into_iter()
            .map(|queue| (queue, self.holders(queue, parties, waits, &asking)))
            .collect();
        for (node, asks) in asking {
            let Some((queue, holders)) = self.all.get(asks.queue).zip(holders.get(&asks.queue))
            else {
                continue;
            };
            waits.insert(
                node,
                Wait {
                    target: WaitTarget { what: "queue", name: queue.name.clone(), mode: None },
                    holders: Rc::clone(holders),
                    all: false,
                    // One who has not served it yet could take an item.
                    complete: false,
                    limited: asks.limited,
                    confirmed: false,
                    since_ns: asks.since_ns,
                    at_most: asks.at_most,
                    outside: false,
                    queue: Some(asks.queue),
                    lasts: asks.lasts,
                },
            );
        }
    }

    /// Threads at a line that names a queue.
    fn threads(
        &self,
        snapshot: &Snapshot,
        process: &Process<'_>,
        parties: &Parties<'_>,
        waits: &BTreeMap<Node, Wait>,
    ) -> BTreeMap<Node, Asks> {
        let rows = process.threads.iter().zip(&snapshot.threads).enumerate();
        let asks = rows.filter_map(|(index, (row, read))| {
            let node = Node::Thread(index);
            let told = row.class == Some("wait")
                && class_at(snapshot, read).is_some_and(|(class, _)| class == Class::Wait);
            let queue = self.named(row.label.as_ref()).filter(|_| told && row.held_by.is_none())?;
            if self.is_for_items(queue, node) {
                return None;
            }
            let status = parties.works_on(row.tid).filter(|op| op.status == row.label);
            let status_ns = status.and_then(|op| op.status_age_ns);
            let (since_ns, at_most) =
                status_ns.map_or((row.since_ns.unwrap_or(0), row.since_at_most), |ns| (ns, false));
            let lasts = row.stalled || status_ns >= Some(STALLED_NS);
            let asks = Asks { queue, since_ns, at_most, limited: false, lasts };
            Some((node, beside(asks, waits.get(&node))?))
        });
        asks.collect()
    }

    /// Operations that no thread works on, in a status that names a queue.
    fn ops<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        parties: &'a Parties<'_>,
        waits: &'a BTreeMap<Node, Wait>,
    ) -> impl Iterator<Item = (Node, Asks)> + 'a {
        let live = snapshot.ops.iter().filter(|read| read.state == LIVE);
        live.filter_map(move |read| {
            let op = parties.op_said(read)?;
            let queue = self.named(op.status.as_ref()).filter(|_| active::waits(op))?;
            let node = parties.node_of(read)?;
            if op.working || op.leaked || matches!(node, Node::Thread(_)) {
                return None;
            }
            let since_ns = op.status_age_ns.unwrap_or(0);
            let lasts = since_ns >= STALLED_NS;
            let asks = Asks { queue, since_ns, at_most: false, limited: false, lasts };
            Some((node, beside(asks, waits.get(&node))?))
        })
    }

    /// Who could serve whoever waits in a queue: who is free first, and of those who wait themselves who has done so longest.
    fn holders(
        &self,
        queue: usize,
        parties: &Parties<'_>,
        waits: &BTreeMap<Node, Wait>,
        asking: &BTreeMap<Node, Asks>,
    ) -> Rc<[Node]> {
        let Some(queue) = self.all.get(queue) else { return Rc::default() };
        let waited = |node: Node| {
            let asks = asking.get(&node).map(|asks| if asks.at_most { 0 } else { asks.since_ns });
            asks.or_else(|| waits.get(&node).map(Wait::least_ns))
        };
        let servers = queue.servers.iter().filter(|(_, has_job)| queue.depth > 0 || **has_job);
        let mut holders: Vec<(_, Node)> = servers
            .map(|(&node, &has_job)| {
                let idle = parties.is_idle(node);
                let waited_ns = waited(node);
                let rank = match waited_ns {
                    None => u8::from(!idle),
                    // It rests, until it is told of an item.
                    Some(_) if idle && !has_job => 2,
                    Some(_) => 3,
                };
                ((rank, Reverse(waited_ns)), node)
            })
            .collect();
        holders.sort();
        holders.into_iter().map(|(_, node)| node).collect()
    }

    /// How each queue fares in which somebody waits, those who waited longest first.
    pub(super) fn told(
        &self,
        waits: &BTreeMap<Node, Wait>,
        parties: &Parties<'_>,
    ) -> (Vec<QueueWaits>, u64) {
        let mut told: Vec<QueueWaits> = self
            .all
            .iter()
            .map(|queue| QueueWaits {
                board: parties.board(),
                name: queue.name.clone(),
                depth: queue.depth,
                oldest_age_ns: queue.oldest_ns,
                waiters: 0,
                waiting_ns: 0,
                longest_waiting_ns: None,
                at_work: queue.servers.values().filter(|has_job| **has_job).count() as u64,
                servers: queue.servers.len() as u64,
                served_by: Vec::new(),
            })
            .collect();
        for wait in waits.values() {
            let Some(row) = wait.queue.and_then(|queue| told.get_mut(queue)) else { continue };
            row.waiters += 1;
            row.waiting_ns = row.waiting_ns.saturating_add(wait.least_ns());
            row.longest_waiting_ns = row.longest_waiting_ns.max(Some(wait.least_ns()));
        }
        told.retain(|row| row.waiters > 0 || row.depth > 0);
        told.sort_by_key(|row| Reverse((row.waiting_ns, row.oldest_age_ns)));
        let left_out = told.len().saturating_sub(SAID) as u64;
        told.truncate(SAID);
        for row in &mut told {
            let queue = self.named(Some(&row.name)).and_then(|queue| self.all.get(queue));
            let servers = queue.into_iter().flat_map(|queue| queue.servers.keys()).take(NAMED);
            row.served_by = servers.filter_map(|&node| parties.afforded(node)).collect();
        }
        (told, left_out)
    }
}

/// What is told by hand, beside what a lock or a channel tells of the same wait: that one is right where it knows who could
/// end it. Who waits for an answer, or to be notified, knows nobody who will give it.
fn beside(asks: Asks, known: Option<&Wait>) -> Option<Asks> {
    let Some(known) = known.filter(|known| known.target.what != "outside") else {
        return Some(asks);
    };
    let answer = known.target.what == "condvar" || known.target.mode == Some("receive");
    if !answer || !known.holders.is_empty() {
        return None;
    }
    let since_ns = if asks.at_most { 0 } else { asks.since_ns }.max(known.since_ns);
    let (limited, lasts) = (known.limited, asks.lasts || known.confirmed);
    Some(Asks { since_ns, at_most: false, limited, lasts, ..asks })
}
