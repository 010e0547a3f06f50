//! What a profile says: pure functions from entries to rows with shares, intervals and hits.

pub mod annotate;
mod answer;
pub mod diff;
pub mod json;
mod row;
mod stall;
pub mod stats;
mod stretch;
mod table;
mod tally;
pub mod text;
pub mod timeline;

pub use answer::{Answer, Row, answer};
pub use row::{By, Key, Spot};
pub use stall::Stall;
pub use stretch::Stretch;
pub use tally::{Cell, Options, Tally, Thread};

#[cfg(test)]
mod tests;
