//! Where a thread or an operation is.

use serde::{Deserialize, Serialize};

use crate::words::label::Label;

/// One place in the source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct Place {
    /// Source file, as the compiler saw it.
    pub file: Option<Label>,
    /// Line.
    pub line: Option<u32>,
    /// Function.
    pub function: Option<Label>,
    /// Label, or `unknown site 0x…`.
    pub label: Option<Label>,
    /// Argument.
    pub arg: Option<u64>,
}

/// Who holds what a thread waits for, or serves the queue in which it waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Holder {
    /// Thread name.
    pub thread: Label,
    /// Thread id.
    pub tid: u64,
    /// File of the scope that it holds, or of where it is.
    pub file: Option<Label>,
    /// Line of that.
    pub line: Option<u32>,
    /// The queue that it serves, where it holds nothing.
    #[serde(default)]
    pub queue: Option<Label>,
}
