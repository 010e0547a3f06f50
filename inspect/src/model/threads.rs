//! Threads and lines.

use serde::{Deserialize, Serialize};

use super::place::{Holder, Place};
use crate::words::known::{self, Word};
use crate::words::label::Label;

/// A value for each of the three windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Windows<T> {
    /// Over 1 s.
    #[serde(rename = "1s")]
    pub s1: T,
    /// Over 10 s.
    #[serde(rename = "10s")]
    pub s10: T,
    /// Over 60 s.
    #[serde(rename = "60s")]
    pub s60: T,
}

/// One thread.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ThreadReport {
    /// Name, as the kernel has it.
    pub name: Label,
    /// Thread id, in the writer's pid namespace.
    pub tid: u64,
    /// `work`, `wait` or `idle`.
    #[serde(default, deserialize_with = "known::maybe")]
    pub class: Option<Word>,
    /// Source file.
    pub file: Option<Label>,
    /// Line.
    pub line: Option<u32>,
    /// Column.
    pub column: Option<u32>,
    /// Function.
    pub function: Option<Label>,
    /// Label, or `unknown site 0x…`.
    pub label: Option<Label>,
    /// Argument.
    pub arg: Option<u64>,
    /// For so long it has been here: at least, unless it is said to be at most.
    pub since_ns: Option<u64>,
    /// It came here after the keeper's last look, or it was found here by every look since and yet uses the
    /// processor: it came here again and again, or may have. `since_ns` is then at most, not at least.
    pub since_at_most: bool,
    /// `still`: it used no processor time and passed no probe. `again`: it came to this line again, though every look
    /// finds it there, or the progress of its operation grew meanwhile. Null where neither is known.
    #[serde(default, deserialize_with = "known::maybe")]
    pub standing: Option<Word>,
    /// The last tags, the newest first; empty when the daemon keeps no trails.
    pub trail: Vec<Place>,
    /// Outermost first.
    pub stack: Vec<Place>,
    /// Share of time at work.
    pub load: Windows<Option<f64>>,
    /// The time that each load really covers.
    pub load_covered_ns: Windows<Option<u64>>,
    /// It is in no scope and at no line: file, line and label are of what it did last, and it has no class.
    pub left: bool,
    /// Not idle, and still for a second, without a reason that is known.
    pub stalled: bool,
    /// It waits for another thread's end, or in a queue for one who comes on: it stands, and that is as it should be.
    #[serde(default)]
    pub waits_its_turn: bool,
    /// Whether the process still has this thread; null when `/proc` does not say.
    pub exists: Option<bool>,
    /// Its frames changed at every try: the position is not known.
    pub torn: bool,
    /// Who holds what it waits for.
    pub held_by: Option<Holder>,
    /// Jobs finished, when it ever held one.
    pub jobs: Option<u64>,
}

#[cfg(test)]
impl ThreadReport {
    /// A thread of which only this is known.
    pub(crate) fn for_tests(name: &str, class: Option<Word>) -> Self {
        Self {
            name: Label::from(name),
            tid: 7,
            class,
            file: None,
            line: None,
            column: None,
            function: None,
            label: None,
            arg: None,
            since_ns: None,
            since_at_most: false,
            standing: None,
            trail: Vec::new(),
            stack: Vec::new(),
            load: Windows::default(),
            load_covered_ns: Windows::default(),
            left: false,
            stalled: false,
            waits_its_turn: false,
            exists: Some(true),
            torn: false,
            held_by: None,
            jobs: None,
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LineReport {
    /// Source file, as the compiler saw it.
    pub file: Option<Label>,
    /// Line.
    pub line: Option<u32>,
    /// Function.
    pub function: Option<Label>,
    /// Label.
    pub label: Option<Label>,
    /// `work`, `wait` or `idle`.
    #[serde(default, deserialize_with = "known::maybe")]
    pub class: Option<Word>,
    /// Passes since the board was made; null where they are not counted.
    pub hits: Option<u64>,
    /// Threads that are there.
    pub threads: u64,
}
