//! The protocols of `probe`, the very files, over words that a checker can watch.
//!
//! [`under_loom`] puts loom's atomics in place of core's and runs every scenario (`models/`) in every
//! order that the memory model allows (up to the bounds that a scenario names); [`under_std`] runs
//! the same scenarios on core's atomics, natively and under Miri, which also sees data races, other
//! word sizes and the other byte order. The `mutants` program shows what these runs are worth.

#![expect(clippy::duplicate_mod, reason = "the same code, over two kinds of atomics")]

mod seen;
#[cfg(not(miri))]
pub mod under_loom;
pub mod under_std;
