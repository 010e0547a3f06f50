//! What is said of a board: JSON schema 1, as structs. Absent values are `null`, never 0; times are
//! nanoseconds and say so in their names.
//!
//! | what | unit and range |
//! | --- | --- |
//! | `…_ns` | nanoseconds, from 0 on |
//! | `…_over_ns`, `over_ns` | nanoseconds: the stretch of time that the value beside it covers |
//! | `…_per_s` | a second, from 0 on |
//! | loads, utilizations | share of time at work, 0 to 1, by threads of one processor each |
//! | ratios | a quotient, from 0 on; above 1 where the numerators outgrow the denominators |
//! | `…_at`, `at` | text: RFC 3339 in UTC, to the millisecond |
//! | counters, counts, totals | since the board was made, from 0 on |
//! | quantiles | in the unit of their histogram; those of `…_ns` in nanoseconds |
//! | [`Label`](crate::words::label::Label) | text of the daemon: of any content, to be made harmless before it is printed |
//!
//! All of them serialise to that JSON under their fields' names ([`Document`] is a whole answer). Fields are added in
//! later versions, and none is renamed: so the structs are `#[non_exhaustive]`.

mod board;
mod descriptors;
mod headline;
mod numbers;
mod ops;
mod place;
mod slow;
mod threads;
mod waits;

pub use board::{BoardReport, Capacity, Document, End, LastPanic};
pub use descriptors::FdTrend;
pub use headline::{Headline, Severity};
pub use numbers::{
    Counter, Counts, Distribution, Gauge, Heartbeat, Histogram, POWERS, Progress, Quantiles, Queue,
    Ratio, RatioTotal,
};
pub use ops::{Op, OpEnds, OpKind, OpRates, OpStatus, OpTotal, OpTrace, StatusTotal};
pub use place::{Holder, Place};
pub use slow::{SlowPart, SlowStatus, WhySlow, WhySlowDocument};
pub use threads::{LineReport, ThreadReport, Windows};
pub use waits::{
    Chain, Circle, Cycle, Edge, LockReport, Party, QueueWaits, WaitTarget, WaitTimes, Waits,
    WaitsDocument,
};
