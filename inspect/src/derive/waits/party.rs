//! Threads and operations as those who wait and hold.

use std::cell::Cell;
use std::collections::HashMap;

use probe::layout::{LOCK_NAMED, PARTY_OP, PARTY_UNKNOWN, from_op_id, op_id, op_party, party};
use probe::protocol::occupancy::LIVE;

use crate::model::{Op, Party, ThreadReport, WaitTarget};
use crate::snapshot::{LockRead, OpRead, Snapshot};
use crate::words::label::Label;

/// What is known of the process whose waits these are.
pub(crate) struct Process<'a> {
    pub(crate) board: Label,
    pub(crate) pid: u64,
    /// Nothing moves any more: one look is as good as two.
    pub(crate) still: bool,
    pub(crate) threads: &'a [ThreadReport],
    pub(crate) ops: &'a [Op],
}

/// Bytes of JSON for what is said of those who wait and hold, whatever a board's bytes say: each is said as often as
/// somebody waits for it.
const SAID: usize = 8 << 20;
/// What a party takes without its texts, and a wait. A holder's texts are said with the thread that waits, too.
const PARTY: usize = 190;
const EDGE: usize = 180;

/// Who waits, or holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Node {
    /// A thread, by its number in the snapshot.
    Thread(usize),
    /// An operation that waits in a future, by the number of its wait.
    Future(usize),
    /// Another operation that no thread works on, by its number in the snapshot.
    Op(usize),
}

/// Everybody who can be a party to a wait.
pub(super) struct Parties<'a> {
    threads: HashMap<u64, usize>,
    ops: HashMap<u64, usize>,
    futures: HashMap<u64, usize>,
    tids: HashMap<u64, usize>,
    /// Bytes that are left for what is said of them.
    left: Cell<usize>,
    snapshot: &'a Snapshot,
    process: &'a Process<'a>,
    /// Operations as they are said, by their id.
    said: HashMap<&'a str, &'a Op>,
    /// The innermost operation that a thread works on, by its id as a thread.
    worked_on: HashMap<u64, &'a Op>,
}

impl<'a> Parties<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, process: &'a Process<'a>) -> Self {
        let threads = snapshot.threads.iter().enumerate();
        let threads = threads
            .map(|(index, thread)| (party(thread.slot as usize, thread.generation), index))
            .collect();
        let live = snapshot.ops.iter().enumerate().filter(|(_, op)| op.state == LIVE);
        let ops = live.map(|(index, op)| (party_of(op), index)).collect();
        let futures = snapshot.waits.futures.iter().enumerate();
        let futures = futures.map(|(index, wait)| (wait.record.holder, index)).collect();
        let mut worked_on: HashMap<u64, &Op> = HashMap::new();
        for op in process.ops.iter().filter(|op| op.working) {
            // The one that began last is the innermost.
            if let Some(tid) = op.tid
                && worked_on.get(&tid).is_none_or(|other| other.age_ns > op.age_ns)
            {
                worked_on.insert(tid, op);
            }
        }
        let said = process.ops.iter().map(|op| (op.id.as_str(), op)).collect();
        let tids = process.threads.iter().enumerate().rev();
        let tids = tids.map(|(index, thread)| (thread.tid, index)).collect();
        let left = Cell::new(SAID);
        Self { threads, ops, futures, tids, left, snapshot, process, said, worked_on }
    }

    /// Who a party is now: an operation that a thread works on is that thread.
    pub(super) fn node(&self, party: u64) -> Option<Node> {
        if party == PARTY_UNKNOWN || party == 0 {
            return None;
        }
        if party & PARTY_OP == 0 {
            return self.threads.get(&party).copied().map(Node::Thread);
        }
        if let Some(&future) = self.futures.get(&party) {
            return Some(Node::Future(future));
        }
        let op = *self.ops.get(&party)?;
        let holder = self.snapshot.ops.get(op)?.record.holder;
        let thread =
            from_op_id(holder).map(|(slot, generation)| probe::layout::party(slot, generation));
        let thread = thread.and_then(|thread| self.threads.get(&thread)).copied();
        Some(thread.map_or(Node::Op(op), Node::Thread))
    }

    /// Who an operation is now.
    pub(super) fn node_of(&self, read: &OpRead) -> Option<Node> {
        self.node(party_of(read))
    }

    /// An operation as it is said.
    pub(super) fn op_said(&self, read: &OpRead) -> Option<&'a Op> {
        self.said.get(id_of(read).as_str()).copied()
    }

    /// The innermost operation that a thread works on.
    pub(super) fn works_on(&self, tid: u64) -> Option<&'a Op> {
        self.worked_on.get(&tid).copied()
    }

    /// A party in words, if there is room for them.
    pub(super) fn afforded(&self, node: Node) -> Option<Party> {
        let party = self.in_words(node);
        let texts = [&party.thread, &party.op_label, &party.file, &party.function, &party.label];
        let texts: usize = texts.into_iter().flatten().map(Label::in_json).sum();
        self.affords(PARTY + party.board.in_json() + 2 * texts).then_some(party)
    }

    /// A party in words; without words when there is no room for them.
    pub(super) fn said(&self, node: Node) -> Party {
        self.afforded(node).unwrap_or_else(|| Party { board: or(None, "?"), ..self.nobody() })
    }

    /// What is waited for, if there is room for its name.
    pub(super) fn target(&self, target: &WaitTarget) -> WaitTarget {
        let fits = self.affords(EDGE + target.name.in_json());
        let name = if fits { target.name.clone() } else { or(None, "?") };
        WaitTarget { name, ..*target }
    }

    /// Takes so many bytes of what is left for all; where it is not enough, nothing is left.
    pub(super) fn affords(&self, bytes: usize) -> bool {
        let left = self.left.get().checked_sub(bytes);
        self.left.set(left.unwrap_or(0));
        left.is_some()
    }

    /// The name of who waits.
    pub(super) fn name(&self, node: Node) -> Option<Label> {
        match node {
            Node::Thread(index) => self.process.threads.get(index).map(|one| one.name.clone()),
            _ => None,
        }
    }

    fn in_words(&self, node: Node) -> Party {
        match node {
            Node::Thread(index) => match self.process.threads.get(index) {
                Some(thread) => self.thread(thread),
                None => self.nobody(),
            },
            Node::Future(index) => {
                let wait = self.snapshot.waits.futures.get(index);
                let op = wait.and_then(|wait| self.ops.get(&wait.record.holder)).copied();
                let mut party = op.map_or_else(|| self.nobody(), |op| self.op(op));
                if let Some(wait) = wait {
                    let place =
                        crate::derive::threads::place(self.snapshot, wait.record.site, None);
                    (party.file, party.line, party.label) = (place.file, place.line, place.label);
                }
                party
            }
            Node::Op(index) => self.op(index),
        }
    }

    /// Whether it is a thread that has nothing to do.
    pub(super) fn is_idle(&self, node: Node) -> bool {
        match node {
            Node::Thread(index) => {
                self.process.threads.get(index).is_some_and(|row| row.class == Some("idle"))
            }
            _ => false,
        }
    }

    /// Whether it is a thread that has a job in hand, whatever it says.
    pub(super) fn has_a_job(&self, node: Node) -> bool {
        let Node::Thread(index) = node else { return false };
        let work = self.snapshot.threads.get(index).and_then(|thread| thread.work);
        work.is_some_and(|work| work.in_hand > 0)
    }

    /// The board of all of them.
    pub(super) fn board(&self) -> Label {
        self.process.board.clone()
    }

    /// The thread with this id.
    pub(super) fn by_tid(&self, tid: u64) -> Option<Node> {
        self.tids.get(&tid).copied().map(Node::Thread)
    }

    fn thread(&self, thread: &ThreadReport) -> Party {
        let op = self.works_on(thread.tid);
        Party {
            thread: Some(thread.name.clone()),
            tid: Some(thread.tid),
            op: op.map(|op| op.id.clone()),
            op_label: op.map(called_op),
            file: thread.file.clone(),
            line: thread.line,
            function: thread.function.clone(),
            label: thread.label.clone(),
            ..self.nobody()
        }
    }

    fn op(&self, index: usize) -> Party {
        let Some(read) = self.snapshot.ops.get(index) else { return self.nobody() };
        let (id, said) = (id_of(read), self.op_said(read));
        Party {
            op_label: said.map(called_op),
            file: said.and_then(|op| op.file.clone()),
            line: said.and_then(|op| op.line),
            label: said.and_then(|op| op.status.clone().or_else(|| Some(op.kind.clone()))),
            op: Some(id),
            ..self.nobody()
        }
    }

    fn nobody(&self) -> Party {
        Party {
            board: self.process.board.clone(),
            pid: self.process.pid,
            thread: None,
            tid: None,
            op: None,
            op_label: None,
            file: None,
            line: None,
            function: None,
            label: None,
            line_is: "now",
        }
    }
}

fn id_of(read: &OpRead) -> String {
    format!("{}-{}", read.index, read.generation)
}

/// What an operation is called: what it says, or its kind.
fn called_op(op: &Op) -> Label {
    op.label.clone().unwrap_or_else(|| op.kind.clone())
}

fn party_of(op: &OpRead) -> u64 {
    op_party(op_id(op.index as usize, op.generation))
}

/// A text that a program said, or one of ours in its place.
pub(super) fn or(label: Option<Label>, otherwise: &str) -> Label {
    label.filter(|label| !label.raw().is_empty()).unwrap_or_else(|| Label::from(otherwise))
}

/// Bytes of a path that a lock is called by: very many may be called so.
const PATH: usize = 256;

/// The end of a text, from a character on.
fn end_of(text: &str, bytes: usize) -> &str {
    let mut from = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..]
}

/// A lock's name, or where it was made.
pub(crate) fn called(snapshot: &Snapshot, lock: &LockRead) -> Label {
    let place = crate::derive::threads::place(snapshot, lock.record.site, None);
    let named = lock.record.kind_flags & LOCK_NAMED != 0;
    if let Some(name) = place.label.filter(|_| named) {
        return name;
    }
    match (place.file, place.line) {
        (Some(file), Some(line)) => {
            Label::from(format!("{}:{line}", end_of(file.raw(), PATH)).as_str())
        }
        _ => Label::from("unknown lock"),
    }
}
