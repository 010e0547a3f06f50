//! The spans that this thread is in, the innermost last. They may be left in any order: those that were
//! entered later are then entered again, so that scopes and operations are what they should be.

use core::cell::Cell;

use crate::layout::{FrameRecord, MAX_DEPTH};
use crate::on::adapters::polls;
use crate::on::board::lost::lost;
use crate::on::ops::{OpId, by_id};
use crate::on::sites::site::Site;
use crate::on::thread::nest;

/// A span that this thread is in.
#[derive(Clone, Copy)]
struct Entry {
    span: u64,
    site: &'static Site,
    op: Option<OpId>,
    /// What the thread worked on before; `None` when it does not work on this one.
    before: Option<u64>,
    /// The scope's frame; null when there was no room.
    frame: *const FrameRecord,
}

/// As many as there are scopes: deeper ones are not shown, and each is counted where its scope finds no
/// room.
struct Entries {
    entries: [Cell<Option<Entry>>; MAX_DEPTH],
    depth: Cell<usize>,
}

thread_local! {
    static ENTERED: Entries = const {
        Entries { entries: [const { Cell::new(None) }; MAX_DEPTH], depth: Cell::new(0) }
    };
}

/// This thread enters a span.
pub(super) fn enter(span: u64, site: &'static Site, op: Option<OpId>) {
    ENTERED.with(|entered| {
        let depth = entered.depth.get();
        let Some(place) = entered.entries.get(depth) else {
            return lost(|lost| &lost.nested);
        };
        let frame = nest::push(site.tag(), None);
        let before = op.and_then(by_id::enter);
        place.set(Some(Entry { span, site, op, before, frame }));
        entered.depth.set(depth + 1);
        polls::enter();
    });
}

/// This thread leaves a span. Nothing happens when it is not in it.
pub(super) fn exit(span: u64) {
    ENTERED.with(|entered| {
        let depth = entered.depth.get();
        let known = |at: &usize| {
            let entry = entered.entries.get(*at).and_then(Cell::get);
            entry.is_some_and(|entry| entry.span == span)
        };
        let Some(at) = (0..depth).rev().find(known) else { return };
        let Some(left) = entered.entries.get(at).and_then(Cell::take) else { return };
        entered.depth.set(depth - 1);
        polls::leave();
        // Closes the scopes inside it too.
        nest::pop(left.frame);
        if let (Some(op), Some(before)) = (left.op, left.before) {
            by_id::leave(op, before);
        }
        let mut before = left.before;
        for (to, from) in entered.entries.iter().skip(at).zip(entered.entries.iter().skip(at + 1)) {
            let Some(mut entry) = from.take() else { break };
            // A span without a scope closed nobody's.
            if !left.frame.is_null() && !entry.frame.is_null() {
                entry.frame = nest::push(entry.site.tag(), None);
            }
            // The next one leads back to where the one that was left would have.
            if entry.before.is_some() && before.is_some() {
                entry.before = before.take();
            }
            to.set(Some(entry));
        }
    });
}
