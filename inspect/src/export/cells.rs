//! The names of threads and frames in the forms of other tools.

use probe::layout::Class;

use crate::recording::SiteInfo;
pub(super) use crate::report::cells::{DEEPEST, OTHER, SPELLED, cells};
use crate::report::{Cell, Tally};

/// The name of a cell's thread; with the process, where there are several.
pub(super) fn thread_name(tally: &Tally, cell: &Cell) -> String {
    if cell.stack == Some(u32::MAX) {
        return OTHER.to_owned();
    }
    let Some(thread) = tally.threads.get(cell.thread as usize) else { return String::new() };
    let board = tally.boards.get(thread.board as usize);
    match board.filter(|_| tally.boards.len() > 1) {
        Some(board) => format!("{} {} / {}", board.name.raw(), board.pid, thread.name.raw()),
        None => thread.name.raw().to_owned(),
    }
}

/// A frame in words: where it is, and its label or function.
pub(super) fn frame_name(site: &SiteInfo) -> String {
    if site.file.is_empty() {
        return site.label.raw().to_owned();
    }
    let file = crate::words::place::base(site.file.raw());
    let name = match site.label.is_empty() {
        true => crate::words::place::leaf(site.function.raw()),
        false => site.label.raw(),
    };
    format!("{name} ({file}:{})", site.line)
}

/// What torn samples are called.
pub(super) const TORN: &str = "(torn)";

/// The class of a cell's line in a word.
pub(super) fn class_word(tally: &Tally, cell: &Cell) -> &'static str {
    let none = if cell.stack == Some(u32::MAX) { "other" } else { "torn" };
    tally.class(cell).map_or(none, crate::derive::threads::word)
}

/// The class of a place in a word.
pub(super) fn class_word_of(tally: &Tally, stack: Option<u32>) -> &'static str {
    let class = stack.and_then(|stack| tally.leaf(stack)).map(|site| site.class);
    class.map_or("torn", crate::derive::threads::word)
}

/// The class of the site where a thread is, of a frame that is a line; scopes have a colour of
/// their own.
pub(super) fn is_line(site: &SiteInfo) -> Option<Class> {
    (!site.scope).then_some(site.class)
}
