//! What probes meet in this process: a board, none, or one that is yet to come.

use core::sync::atomic::{AtomicU8, Ordering};

/// What a probe meets in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mode {
    /// No board yet: threads stay unregistered, to appear later.
    Before = 0,
    /// A board.
    Board = 1,
    /// No board, and none will come: private memory.
    Private = 2,
    /// A forked child whose first probe has yet to come.
    Forked = 3,
}

static MODE: AtomicU8 = AtomicU8::new(Mode::Before as u8);

/// What a probe meets in this process.
pub(crate) fn mode() -> Mode {
    // Acquire: pairs with the release in `set_mode`; the board is there for who sees `Board`.
    match MODE.load(Ordering::Acquire) {
        1 => Mode::Board,
        2 => Mode::Private,
        3 => Mode::Forked,
        _ => Mode::Before,
    }
}

/// Changes what probes meet.
pub(crate) fn set_mode(mode: Mode) {
    MODE.store(mode as u8, Ordering::Release);
}
