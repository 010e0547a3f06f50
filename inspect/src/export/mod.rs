//! Profiles in the forms that other tools read.

mod bottle;
mod cells;
mod csv;
mod differential;
mod firefox;
mod flame;
mod folded;
mod line_colours;
pub mod operations;
pub mod otlp;
mod page;
mod perfetto;
mod pprof;
pub mod prom;
mod protobuf;
mod runs;
mod speedscope;
mod timeline;

pub use bottle::bottle;
pub use csv::csv;
pub use differential::difference;
pub use firefox::firefox;
pub use flame::svg;
pub use folded::folded;
pub use perfetto::perfetto;
pub use pprof::pprof;
pub use runs::{Beside, Course, Level};
pub use speedscope::speedscope;
pub use timeline::timeline;

use crate::report::Tally;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// One stack a line with its samples, for flame graph tools.
    Folded,
    /// A flame graph, one file for any browser.
    Svg,
    /// For speedscope.app.
    Speedscope,
    /// For `go tool pprof`, packed as it expects.
    Pprof,
    /// A row for each thread and stack.
    Csv,
    /// How each thread moved over time, with load and stalls, one SVG file for any browser.
    Timeline,
    /// What each thread's part of the time was, and how parallel the program was while it worked: one SVG file.
    Bottle,
}

impl Format {
    /// Whether it is something else than text.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Pprof)
    }
}

/// A counted profile in a form.
pub fn export(format: Format, tally: &Tally) -> Vec<u8> {
    match format {
        Format::Folded => folded(tally).into_bytes(),
        Format::Svg => svg(tally).into_bytes(),
        Format::Speedscope => {
            crate::render::json::line(&speedscope(tally)).unwrap_or_default().into_bytes()
        }
        Format::Pprof => pprof(tally),
        Format::Csv => csv(tally).into_bytes(),
        Format::Timeline => timeline(tally).into_bytes(),
        Format::Bottle => bottle(tally).into_bytes(),
    }
}

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;
