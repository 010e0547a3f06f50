//! Who waits, and who could end each wait.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use probe::layout::{
    LOCK_SENT, LockFamily, LockKind, PARTY_OP, PARTY_UNKNOWN, WAIT_LIMITED, WaitHow, holder_of,
    is_noted, noted_alone, party,
};

use super::party::{Node, Parties, Process, called, or};
use super::queues::Queues;
use super::wait::Wait;
use crate::derive::clock::Clock;
use crate::model::{Edge, WaitTarget};
use crate::snapshot::{LockRead, Snapshot, ThreadWaits, WaitRead, Waits};
use crate::words::label::Label;

/// Readers of a lock that are looked at, and holders that a wait names.
const READERS: usize = 64;
const NAMED: usize = 16;

/// Every wait of a process.
pub(super) struct Graph {
    pub(super) waits: BTreeMap<Node, Wait>,
    pub(super) queues: Queues,
}

/// Who holds a lock, as one look has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) alone: Option<u64>,
    pub(super) shared: Vec<u64>,
}

/// One look, to be asked.
pub(super) struct Look<'a> {
    waits: &'a Waits,
    threads: HashMap<u64, &'a ThreadWaits>,
    locks: HashMap<u64, &'a LockRead>,
    /// Threads by what they note that they hold.
    readers: HashMap<u64, Vec<u64>>,
    /// Locks that somebody waits to hold alone, without a limit.
    awaited: HashSet<u64>,
}

impl<'a> Look<'a> {
    pub(super) fn new(waits: &'a Waits) -> Self {
        let mut readers: HashMap<u64, Vec<u64>> = HashMap::new();
        for thread in &waits.threads {
            let who = party(thread.slot as usize, thread.generation);
            for &identity in thread.shared.iter().filter(|identity| **identity != 0) {
                let held = readers.entry(identity).or_default();
                if held.len() < READERS && !held.contains(&who) {
                    held.push(who);
                }
            }
        }
        Self {
            waits,
            threads: waits
                .threads
                .iter()
                .map(|thread| (party(thread.slot as usize, thread.generation), thread))
                .collect(),
            locks: waits.locks.iter().map(|lock| (lock.reference(), lock)).collect(),
            readers,
            awaited: waits
                .threads
                .iter()
                .filter_map(|thread| thread.wait.map(|wait| (wait.target, wait.how)))
                .chain(waits.futures.iter().map(|one| (one.record.identity, one.record.capacity)))
                .filter(|(_, how)| WaitHow::from_word(*how) == Some(WaitHow::Exclusive))
                .filter(|(_, how)| how & WAIT_LIMITED == 0)
                .map(|(target, _)| target)
                .collect(),
        }
    }

    pub(super) fn held(&self, lock: &LockRead) -> Held {
        let shared = match lock.kind() {
            // Its guards go from thread to thread: one of those who hold it stands on the record.
            Some(LockKind::RwLock | LockKind::Semaphore) if is_sent_with_its_task(lock) => {
                holder_of(lock.record.other, lock.generation).map(|one| vec![one])
            }
            Some(LockKind::RwLock) => self.readers.get(&lock.record.identity).cloned(),
            _ => None,
        };
        let noted = is_noted(lock.record.kind_flags) && lock.record.waiting == 0;
        let alone = if noted {
            let who = self.readers.get(&noted_alone(lock.record.identity));
            who.and_then(|who| who.first()).copied()
        } else {
            holder_of(lock.record.holder, lock.generation)
        };
        Held { alone, shared: shared.unwrap_or_default() }
    }

    /// Somebody waits to write it, without a limit.
    fn has_writer_waiting(&self, lock: &LockRead) -> bool {
        self.awaited.contains(&lock.reference())
    }
}

impl Graph {
    pub(super) fn new(
        snapshot: &Snapshot,
        clock: &Clock,
        process: &Process<'_>,
        parties: &Parties<'_>,
    ) -> Self {
        let mut waits = noted(snapshot, clock, process.still, parties);
        by_tags(process, parties, &mut waits);
        let queues = Queues::new(snapshot, clock, process);
        queues.add(snapshot, process, parties, &mut waits);
        Self { waits, queues }
    }

    /// Where the way goes on from one who waits.
    pub(super) fn next(&self, wait: &Wait) -> Option<Node> {
        wait.next(|node| self.waits.contains_key(node))
    }

    /// A wait in words.
    pub(super) fn edge(&self, node: Node, parties: &Parties<'_>) -> Option<Edge> {
        let wait = self.waits.get(&node)?;
        Some(Edge {
            waiter: parties.said(node),
            target: parties.target(&wait.target),
            held_by: wait
                .holders
                .iter()
                .take(NAMED)
                .map_while(|&holder| parties.afforded(holder))
                .collect(),
            since_ns: wait.since_ns,
            confirmed: wait.confirmed,
            limited: wait.limited,
            since_at_most: wait.at_most,
        })
    }
}

/// Waits that threads and futures wrote down.
fn noted(
    snapshot: &Snapshot,
    clock: &Clock,
    still: bool,
    parties: &Parties<'_>,
) -> BTreeMap<Node, Wait> {
    let first = Look::new(&snapshot.waits);
    let second = Look::new(&snapshot.waits_again);
    let looks = (&first, if still { &first } else { &second });
    let mut waits = BTreeMap::new();
    for (who, thread) in &first.threads {
        let (Some(wait), Some(node)) = (&thread.wait, parties.node(*who)) else { continue };
        let same = looks.1.threads.get(who).is_some_and(|again| again.wait == thread.wait);
        waits.insert(node, one(snapshot, clock, parties, looks, wait, same));
    }
    let again: HashSet<u64> = looks.1.waits.futures.iter().map(LockRead::reference).collect();
    for (index, future) in first.waits.futures.iter().enumerate() {
        let wait = WaitRead {
            number: future.record.other,
            target: future.record.identity,
            how: future.record.capacity,
            since: future.record.waiting,
        };
        let same = again.contains(&future.reference());
        waits.insert(Node::Future(index), one(snapshot, clock, parties, looks, &wait, same));
    }
    waits
}

/// Waits of threads that only their tags tell.
fn by_tags(process: &Process<'_>, parties: &Parties<'_>, waits: &mut BTreeMap<Node, Wait>) {
    for (index, row) in process.threads.iter().enumerate() {
        let node = Node::Thread(index);
        if row.class != Some("wait") || waits.contains_key(&node) {
            continue;
        }
        let holder = row.held_by.as_ref().and_then(|holder| parties.by_tid(holder.tid));
        let name = or(row.label.clone(), "wait");
        let name = match row.arg {
            Some(arg) => Label::from(format!("{} {arg}", name.raw()).as_str()),
            None => name,
        };
        let what = if holder.is_some() { "lock" } else { "outside" };
        waits.insert(
            node,
            Wait {
                target: WaitTarget { what, name, mode: None },
                outside: holder.is_none(),
                holders: holder.into_iter().collect(),
                all: true,
                complete: false,
                limited: false,
                confirmed: false,
                since_ns: row.since_ns.unwrap_or(0),
                at_most: row.since_at_most,
                queue: None,
                lasts: row.stalled,
            },
        );
    }
}

// long: each way to wait is one case
/// A wait that a thread or a future wrote down. `same`: the second look found it too.
fn one(
    snapshot: &Snapshot,
    clock: &Clock,
    parties: &Parties<'_>,
    (first, second): (&Look<'_>, &Look<'_>),
    wait: &WaitRead,
    same: bool,
) -> Wait {
    let how = WaitHow::from_word(wait.how);
    let mut said = Wait {
        target: WaitTarget {
            what: what(how),
            name: Label::from(if how == Some(WaitHow::Join) {
                "join"
            } else {
                "a lock without a record"
            }),
            mode: mode(how),
        },
        holders: Rc::default(),
        all: true,
        complete: false,
        limited: wait.how & WAIT_LIMITED != 0,
        confirmed: same,
        since_ns: clock.age_ns(wait.since),
        at_most: false,
        outside: false,
        queue: None,
        lasts: false,
    };
    if how == Some(WaitHow::Join) {
        if let Some(thread) = parties.node(wait.target) {
            said.target.name = or(parties.name(thread), "join");
            said.holders = Rc::new([thread]);
            said.complete = true;
        }
        return said;
    }
    let Some(lock) = first.locks.get(&wait.target) else {
        said.confirmed = false;
        return said;
    };
    said.target.name = called(snapshot, lock);
    let (held, again) =
        (first.held(lock), second.locks.get(&wait.target).map(|lock| second.held(lock)));
    let who = match how {
        Some(WaitHow::Exclusive) => {
            said.complete = true;
            held.alone.map_or_else(|| held.shared.clone(), |alone| vec![alone])
        }
        Some(WaitHow::Shared) if lock.kind() == Some(LockKind::RwLock) => {
            // Other readers stand in the way only where a writer waits between.
            said.complete = held.alone.is_some()
                || first.has_writer_waiting(lock) && second.has_writer_waiting(lock);
            held.alone.map_or_else(|| held.shared.clone(), |alone| vec![alone])
        }
        Some(WaitHow::Shared) if lock.kind() == Some(LockKind::Semaphore) => {
            // Others may have permits too, and anybody may add some.
            said.all = false;
            held.shared.clone()
        }
        Some(WaitHow::Receive) => {
            said.all = false;
            let sender = lock.record.other;
            // Tasks share a sender by reference: one who has not sent yet may be the next.
            said.complete = sender != 0 && sender != PARTY_UNKNOWN && !is_sent_with_its_task(lock);
            vec![sender]
        }
        Some(WaitHow::Send) => {
            said.all = false;
            said.complete = held.alone.is_some();
            held.alone.into_iter().collect()
        }
        _ => Vec::new(),
    };
    let sent = lock.record.kind_flags & LOCK_SENT != 0;
    let operations = who.iter().all(|party| party & PARTY_OP != 0);
    let other = second.locks.get(&wait.target).map(|lock| lock.record.other);
    said.confirmed = same
        && again.as_ref() == Some(&held)
        && other == Some(lock.record.other)
        && (!sent || operations);
    let holders: BTreeSet<Node> = who.iter().filter_map(|&party| parties.node(party)).collect();
    said.holders = holders.into_iter().collect();
    // Of a channel everybody must be known; of a lock one who holds it is enough.
    said.complete &= !said.holders.is_empty() && (said.all || said.holders.len() == who.len());
    said
}

/// Whether it is `tokio`'s, whose ends and guards go wherever their tasks go.
fn is_sent_with_its_task(lock: &LockRead) -> bool {
    lock.record.kind_flags >> 8 & 0xff == LockFamily::Tokio as u64
}

/// What kind of thing a wait of this kind is for.
pub(crate) fn what(how: Option<WaitHow>) -> &'static str {
    match how {
        Some(WaitHow::Send | WaitHow::Receive | WaitHow::Select) => "channel",
        Some(WaitHow::Join) => "join",
        Some(WaitHow::Notify) => "condvar",
        _ => "lock",
    }
}

fn mode(how: Option<WaitHow>) -> Option<&'static str> {
    match how? {
        WaitHow::Exclusive => Some("exclusive"),
        WaitHow::Shared => Some("shared"),
        WaitHow::Send => Some("send"),
        WaitHow::Receive | WaitHow::Select => Some("receive"),
        WaitHow::Join | WaitHow::Notify => None,
    }
}
