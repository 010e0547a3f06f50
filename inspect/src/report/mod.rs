//! What a profile says: pure functions from entries to rows with shares, intervals and hits.

pub mod annotate;
mod answer;
pub(crate) mod cells;
pub mod diff;
pub mod json;
mod locks;
mod row;
mod stall;
mod standing;
pub mod stats;
mod stretch;
mod table;
mod tally;
pub mod text;
mod time;
pub mod timeline;
pub mod words;

pub use answer::{Answer, Row, answer};
pub use locks::{LockRow, Locks};
pub use row::{By, Key, Spot, Weight};
pub use stall::Stall;
pub use stretch::Stretch;
pub use tally::{Cell, Options, Tally, Thread};

#[cfg(test)]
mod parallel_tests;
#[cfg(test)]
mod tests;
