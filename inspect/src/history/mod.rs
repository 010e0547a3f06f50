//! The past: what every board said, once a second, in a bounded directory; and what it was between two moments.
//!
//! ```text
//! second   what is kept of a board for a second, as bytes and back
//! segment  a file of ten minutes: checked records, packed once it is closed
//! usage    what a process took of its host
//! growth   what grows without an end: memory, threads, descriptors
//! store    the directory: bounded, one writer, readable meanwhile
//! past     seconds between two moments as points: means, rates, gaps
//! compare  two stretches of time, and which differences are more than noise
//! together the past of many hosts as one
//! svg      points as a picture
//! sampling a thread that samples what is recorded
//! sampled  a second of it, in fifty columns
//! heat     such seconds as a map
//! ```

mod compare;
mod growth;
mod heat;
mod past;
mod sampled;
#[cfg(target_os = "linux")]
mod sampling;
mod second;
mod segment;
mod shelf;
mod store;
mod svg;
mod texts;
#[cfg(feature = "serve")]
mod together;
mod usage;

pub use compare::{Change, compare};
pub use growth::growth;
#[cfg(any(feature = "cli", feature = "serve"))]
pub(crate) use growth::runs;
pub use heat::{
    BoardHeat, Gather, Heat, LineHeat, SecondHeat, svg as heat_svg, text as heat_text,
    text_within as heat_text_within,
};
pub use past::{BoardPast, By, Collect, Gap, Past, Point, QueuePoint, ThreadPoint, past};
pub use sampled::{COLUMN_NS, COLUMNS, Column, Sampled};
#[cfg(target_os = "linux")]
pub use sampling::Sampling;
pub use second::{Active, End, QueueSecond, Second};
#[cfg(feature = "cli")]
pub(crate) use store::files;
pub use store::{DEFAULT_BYTES, Recorder, Span, holds_any, read, read_sampled};
pub use svg::svg;
#[cfg(feature = "serve")]
pub use svg::svg_together;
#[cfg(feature = "serve")]
pub(crate) use together::OFF_NS;
#[cfg(feature = "serve")]
pub use together::{Ended, Frame, Together, Told, together};
pub use usage::Usage;

#[cfg(test)]
mod growth_tests;
#[cfg(all(test, target_os = "linux"))]
mod sampling_tests;
#[cfg(test)]
mod tests;
