//! What each thread waits for at this moment, by what it wrote down or by the class of its line. Pure functions.

use std::collections::HashMap;

use probe::layout::{Class, WaitHow};

use super::threads::{class_at, place};
use super::waits::{called, what};
use crate::snapshot::{LockRead, Snapshot};
use crate::words::label::Label;

/// What a thread waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Blocked {
    /// `lock`, `channel`, `condvar`, `join`; `outside` where only its tag says that it waits.
    pub what: &'static str,
    /// The lock's name or place; the tag's label.
    pub name: Label,
}

/// Threads that wait, by slot and generation.
pub(crate) fn blocked(snapshot: &Snapshot) -> HashMap<(u64, u64), Blocked> {
    let mut all = HashMap::new();
    for thread in &snapshot.threads {
        let Some((Class::Wait, address)) = class_at(snapshot, thread) else { continue };
        let at = place(snapshot, address, None);
        let name = at.label.or(at.file).unwrap_or_else(|| Label::from("a wait"));
        all.insert((thread.slot, thread.generation), Blocked { what: "outside", name });
    }
    let waits = &snapshot.waits;
    let locks: HashMap<u64, &LockRead> =
        waits.locks.iter().map(|lock| (lock.reference(), lock)).collect();
    for thread in &waits.threads {
        let Some(wait) = thread.wait else { continue };
        let how = WaitHow::from_word(wait.how);
        let name = match locks.get(&wait.target) {
            Some(lock) => called(snapshot, lock),
            None if how == Some(WaitHow::Join) => Label::from("a thread's end"),
            None => Label::from("without a record"),
        };
        all.insert((thread.slot, thread.generation), Blocked { what: what(how), name });
    }
    all
}
