//! What is wrong, ranked: rules over one board's report and what the kernel says of its process. Pure but for
//! `kernel` and `calls`, which ask the kernel.
//!
//! ```text
//! process    ┐
//! threads    │
//! locks      │
//! work       ├─► finding ─► found (the worst of many) ─► answer (bounded)
//! operations │
//! retries    │
//! jobs       │
//! growth     │
//! monitor    ┘
//! ```
//!
//! A rule says only what its evidence shows, with what it was held against, and how sure it is: a cause has more
//! severity than what follows from it, and what could not be seen is said beside. `docs/why.md` has every rule with
//! its source and its limits.

mod answer;
mod blocked;
#[cfg(target_os = "linux")]
mod calls;
#[cfg(test)]
mod causes_tests;
mod finding;
mod found;
mod growth;
mod jobs;
#[cfg(target_os = "linux")]
pub mod kernel;
mod locks;
mod monitor;
mod operations;
mod panics;
mod polls;
mod process;
mod retries;
mod seen;
#[cfg(test)]
mod tests;
mod threads;
#[cfg(test)]
mod threads_tests;
mod work;
#[cfg(test)]
mod work_tests;

pub use answer::{Answer, Of, answer, headline, together};
pub use finding::{Evidence, Finding, Value, Weight};
pub use seen::{Call, Grows, Life, Polled, Polls, Ran, Seen, Taken};
