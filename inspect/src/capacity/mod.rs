//! How much more it can take: pure functions over a few looks at a board, and who takes the looks.
//!
//! ```text
//! watch ─► look (workers, queues, the board's last seconds)
//!            ├─► change: since when load and service have been as they are now
//!            ├─► demand: what one item costs its workers, and how surely that is known
//!            ├─► standing: whether what waits is a burst or stays; Little's law
//!            ├─► blocked: what servers wait for with a job in hand
//!            ├─► larger: what larger batches took before anybody looked
//!            └─► groups: what is said; foretell: saturation, or why there is none
//! ```
//!
//! By the operational laws (Denning and Buzen, 1978) no model of arrivals is needed: workers that are busy for `D` an
//! item cannot end more than `1/D` items a second each. Where a busy period takes a fixed time whatever it holds, `D`
//! falls with the load; then the two parts are told apart by least squares over busy periods.
//! `docs/capacity.md` has the limits.

mod answer;
mod blocked;
mod change;
mod demand;
mod foretell;
mod groups;
#[cfg(test)]
mod honest_tests;
mod larger;
#[cfg(test)]
mod larger_tests;
mod look;
mod standing;
mod stretches;
#[cfg(test)]
mod tests;
mod watch;

pub use answer::{Answer, Group, QueueState, Range, together};
pub use groups::groups;
pub use look::{Look, Past, QueueLook, Recent, Series, Worker};
pub use watch::{APART, Watch};
