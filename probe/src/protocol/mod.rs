//! The protocols that everything rests on, each over bare words, so that the model checkers run the
//! very code that the daemon runs. A writer never waits and never reads back what decides anything; a
//! reader tries at most [`TRIES`] times and then says so.
//!
//! Each protocol has its writer's half and, where a reader needs more than single words, its
//! reader's half. The reader's halves take a function that loads a word, because a reader may hold a
//! mapping, a copy or a file: every load in them is relaxed, as memory that is mapped read-only
//! demands, and ordered by fences.

pub mod asking;
pub mod claims;
pub mod doubled;
pub mod entering;
pub mod fifo;
pub mod held;
pub mod holding;
pub mod keyed;
pub mod occupancy;
pub mod published;
pub mod rings;
pub mod stack;
pub mod statuses;
pub mod sums;
pub mod texts;
pub mod traces;
pub mod trail;
pub mod waiting;

/// Times a reader tries before it reports a torn reading.
pub const TRIES: usize = 3;
