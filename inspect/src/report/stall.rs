//! A long time at one line.

/// A long time at one line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stall {
    /// Index of the thread.
    pub thread: u32,
    /// Index of the cell.
    pub cell: usize,
    /// Since the start of the recording, ns.
    pub start_ns: u64,
    /// Length, ns.
    pub length_ns: u64,
    /// It had not ended.
    pub open: bool,
    /// Passes of the line, by any thread, from its second second on; `None`: they are not counted. When
    /// there are any, the thread was in a loop through the line, or others passed it.
    pub passes: Option<u64>,
}
