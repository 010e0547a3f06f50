//! What is said of a board: JSON schema 1, as structs. Absent values are `null`, never 0; times are
//! nanoseconds and say so in their names.

mod board;
mod descriptors;
mod headline;
mod numbers;
mod ops;
mod place;
mod threads;

pub use board::{BoardReport, Capacity, Document, End};
pub use descriptors::FdTrend;
pub use headline::{Headline, Severity};
pub use numbers::{
    Counter, Distribution, Gauge, Heartbeat, Histogram, Progress, Quantiles, Queue, Ratio,
    RatioTotal,
};
pub use ops::{Op, OpEnds, OpKind, OpRates, OpStatus, OpTotal, StatusTotal};
pub use place::{Holder, Place};
pub use threads::{LineReport, ThreadReport, Windows};
