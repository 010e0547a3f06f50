//! From what is said of a board to what is printed: text for people, JSON for programs.

pub mod capacity;
pub(crate) mod columns;
pub mod compare;
mod form;
pub mod json;
#[cfg(target_os = "linux")]
pub mod list;
mod look;
pub mod meaning;
pub mod numbers;
pub mod ops;
mod place;
pub mod slow;
pub mod text;
pub mod waits;
pub mod why;

pub use look::{FIT, Look, Paint, Sort, idle};
pub use place::{place, place_of};
