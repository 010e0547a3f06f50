//! Profiles in the forms that other tools read.

mod csv;
mod differential;
mod flame;
mod folded;
mod page;
mod pprof;
mod shades;
mod speedscope;
mod timeline;

pub use csv::csv;
pub use differential::difference;
pub use flame::svg;
pub use folded::folded;
pub use pprof::pprof;
pub use speedscope::speedscope;
pub use timeline::timeline;

use probe::layout::Class;

use crate::recording::SiteInfo;
use crate::report::{Cell, Tally};

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
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
    }
}

/// The cells that count, the thread's first, each with its frames, outermost first.
fn cells(tally: &Tally) -> impl Iterator<Item = (&Cell, Vec<&SiteInfo>)> {
    let mut cells: Vec<&Cell> =
        tally.cells.iter().filter(|cell| cell.row.is_some() && cell.samples > 0).collect();
    cells.sort_by_key(|cell| (cell.thread, std::cmp::Reverse(cell.samples), cell.stack));
    cells.into_iter().map(|cell| {
        let sites = cell.stack.and_then(|stack| tally.stacks.get(stack as usize));
        let known = |&site: &u32| tally.sites.get(site as usize);
        (cell, sites.into_iter().flatten().filter_map(known).collect())
    })
}

/// The name of a cell's thread; with the process, where there are several.
fn thread_name(tally: &Tally, cell: &Cell) -> String {
    let Some(thread) = tally.threads.get(cell.thread as usize) else { return String::new() };
    let board = tally.boards.get(thread.board as usize);
    match board.filter(|_| tally.boards.len() > 1) {
        Some(board) => format!("{} {} / {}", board.name.raw(), board.pid, thread.name.raw()),
        None => thread.name.raw().to_owned(),
    }
}

/// A frame in words: where it is, and its label or function.
fn frame_name(site: &SiteInfo) -> String {
    if site.file.is_empty() {
        return site.label.raw().to_owned();
    }
    let file = crate::report::text::base(site.file.raw());
    let name = match site.label.is_empty() {
        true => crate::report::text::leaf(site.function.raw()),
        false => site.label.raw(),
    };
    format!("{name} ({file}:{})", site.line)
}

/// What torn samples are called.
const TORN: &str = "(torn)";

/// The class of a cell's line in a word.
fn class_word(tally: &Tally, cell: &Cell) -> &'static str {
    tally.class(cell).map_or("torn", crate::derive::threads::word)
}

/// The class of the site where a thread is, of a frame that is a line; scopes have a colour of
/// their own.
fn is_line(site: &SiteInfo) -> Option<Class> {
    (!site.scope).then_some(site.class)
}

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;
