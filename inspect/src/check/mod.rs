//! Thresholds for monitoring: what is asked of a board, and whether it holds. By the convention of the
//! monitoring plugins: OK, WARNING, CRITICAL or UNKNOWN, one line, performance data behind a bar.
//!
//! ```text
//! limits ─► judge (one board) ─► answer (all of them: the worst decides)
//! ```

mod answer;
mod judge;
mod limits;

pub use answer::{Answer, Finding, Measure, Status};
pub use judge::{judge, unsure};
pub use limits::{Asked, Limits, NumberLimit};
