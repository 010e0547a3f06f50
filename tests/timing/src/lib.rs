//! Times in pairs: on a quiet machine, again and again, until the control resolves what is to be shown.
//!
//! A figure of time says little alone. Everything here is a ratio of two things that ran one right after the other, and
//! beside it stands the control: the yardstick against itself. A difference smaller than the control's interval is none.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "says on what kind of machine a table was made")]

mod machine;
mod ratio;
mod rounds;
mod turns;

pub use machine::{Machine, quiet};
pub use ratio::{Interval, median};
pub use rounds::{Compared, compared};
pub use turns::fence;
