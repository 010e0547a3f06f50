//! Words for people: quantities, places and text that is harmless on a terminal. Nothing here knows a board.

pub mod glob;
pub mod human;
pub mod known;
pub mod label;
pub mod moment;
pub mod place;
pub mod quantity;
pub mod stem;
pub mod term;
