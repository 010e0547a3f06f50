//! Sites made at run time, once for each place in the source that tells only then what it is: the call
//! sites of `tracing`, the layers of `tower`.
//!
//! They hang in one list that only grows, so a forked child finds all of them and describes them on its
//! own board. Nobody waits for a lock: whoever finds the board's scribe at work leaves the rest to him, also
//! in a signal handler that interrupted him.

#[cfg(any(feature = "tracing", feature = "tower"))]
mod make;

use core::sync::atomic::{AtomicBool, Ordering, fence};

#[cfg(feature = "tower")]
pub(crate) use make::at;
#[cfg(feature = "tracing")]
pub(crate) use make::{Saying, say};

use crate::on::board::tables::Board;
use crate::on::ground::placed::Placed;
use crate::on::sites::site::Site;

/// A site in the list.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) site: Site,
    pub(crate) next: Link,
    written: AtomicBool,
}

impl Node {
    /// It stands on a board, or found no room there.
    pub(crate) fn written(&self) {
        self.written.store(true, Ordering::Release);
    }
}

/// Where a site hangs, or will.
pub(crate) type Link = Placed<Node>;

static FIRST: Link = Placed::nowhere();

/// Where the first site hangs.
pub(crate) fn first() -> &'static Link {
    &FIRST
}

/// All of them so far.
pub(crate) fn sites() -> impl Iterator<Item = &'static Site> {
    core::iter::successors(FIRST.get(), |node| node.next.get()).map(|node| &node.site)
}

/// Describes what is new on the board.
pub(crate) fn catch_up(board: &'static Board) {
    loop {
        // Between hanging up a site and looking whether somebody describes, and between the end of
        // describing and the last look: one of the two sees the other.
        fence(Ordering::SeqCst);
        let Ok(mut scribe) = board.scribe.try_lock() else { return };
        scribe.catch_up(board);
        let next = scribe.next;
        drop(scribe);
        fence(Ordering::SeqCst);
        if next.get().is_none() {
            return;
        }
    }
}
