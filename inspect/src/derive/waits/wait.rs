//! One wait, and who could end it.

use std::rc::Rc;

use super::party::Node;
use crate::model::WaitTarget;

/// A wait.
#[derive(Clone, Debug)]
pub(super) struct Wait {
    pub(super) target: WaitTarget,
    /// Who could end it, as far as that is known. Of a queue they are in order: who is free comes first.
    pub(super) holders: Rc<[Node]>,
    /// Each of them must act, so that one who cannot is enough; else any one of them is enough.
    pub(super) all: bool,
    /// Nobody else could.
    pub(super) complete: bool,
    pub(super) limited: bool,
    pub(super) confirmed: bool,
    pub(super) since_ns: u64,
    /// Not longer than that; else not shorter.
    pub(super) at_most: bool,
    /// Where nobody is known who could end it: whether that is outside of the process.
    pub(super) outside: bool,
    /// Which queue it is for.
    pub(super) queue: Option<usize>,
    /// It is told by hand, and has lasted all the time that was looked: so it was so at one moment with every other such wait, and
    /// with those that are confirmed.
    pub(super) lasts: bool,
}

impl Wait {
    /// For so long at least.
    pub(super) fn least_ns(&self) -> u64 {
        if self.at_most { 0 } else { self.since_ns }
    }

    /// Where the way goes on from here.
    pub(super) fn next(&self, waits: impl Fn(&Node) -> bool) -> Option<Node> {
        let first = self.holders.first();
        let next = match self.queue {
            // Any of them is enough: only where nobody is free does it hang on one who waits.
            Some(_) => first,
            // One of several who waits itself keeps the others waiting longest.
            None => self.holders.iter().find(|&node| waits(node)).or(first),
        };
        next.copied()
    }
}
