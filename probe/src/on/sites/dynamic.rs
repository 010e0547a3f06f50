//! Sites made at run time, once for each place in the source that tells only then what it is: the call
//! sites of `tracing`, the layers of `tower`.
//!
//! They hang in one list that only grows, so a forked child finds all of them and describes them on its
//! own board.

use core::sync::atomic::{AtomicBool, Ordering};

use super::site::Site;
use crate::on::ground::record_ref::RecordRef;

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

    /// Whether that was said.
    pub(crate) fn is_written(&self) -> bool {
        // Acquire: pairs with the release in `written`.
        self.written.load(Ordering::Acquire)
    }
}

/// Where a site hangs, or will.
pub(crate) type Link = RecordRef<Node>;

static FIRST: Link = RecordRef::unset();

/// Where the first site hangs.
pub(crate) fn first() -> &'static Link {
    &FIRST
}

/// All of them so far.
pub(crate) fn sites() -> impl Iterator<Item = &'static Site> {
    core::iter::successors(FIRST.get(), |node| node.next.get()).map(|node| &node.site)
}

/// Hangs up a site, for good.
pub(crate) fn hang(site: Site) -> &'static Node {
    let made = Node { site, next: RecordRef::unset(), written: AtomicBool::new(false) };
    let node: &'static Node = Box::leak(Box::new(made));
    let mut link = &FIRST;
    while !link.place_first(node) {
        link = link.get().map_or(link, |other| &other.next);
    }
    node
}
