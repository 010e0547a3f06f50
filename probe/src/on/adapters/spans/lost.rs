//! Closes that the registry loses, made up for.
//!
//! A span holds a reference to its parent until the registry clears its data. It clears them at the end of the outermost
//! close of a thread, and never those that close further in. That happens to a span whose last child is let go by
//! two threads at once: one of them closes the child, and the other one, which still looks at it from inside a close
//! that is none, clears it, so that the parent closes further in. Its data then stay for ever, and so does
//! the *grandparent*, whom nobody else holds: an operation that is never over, 1 to 3 of 100,000 in a service.
//!
//! What is known here: this thread closed a span; later its outermost close ended, because a span that it closed
//! after that was cleared by it; and still the first one is there to be looked up. Nobody will ever clear it. So its
//! reference to its parent, and nothing else, is given back in its place.

use core::cell::{Cell, RefCell};

use tracing_core::dispatcher::{self, Dispatch, WeakDispatch};
use tracing_core::span::Id;
use tracing_subscriber::registry::{LookupSpan, Registry, SpanData as _, SpanRef};

/// A span that this thread closed.
struct Closed {
    id: Id,
    parent: Id,
    dispatch: WeakDispatch,
}

/// Those that it has not seen cleared. A few: the spans of one outermost close.
struct OwnClosed(RefCell<Vec<Closed>>);

/// Behind the end of a thread there is no close to be inside of.
impl Drop for OwnClosed {
    fn drop(&mut self) {
        make_up(self.0.take());
    }
}

thread_local! {
    static OWN_CLOSED: OwnClosed = const { OwnClosed(RefCell::new(Vec::new())) };
    /// Its address is this thread's name.
    static HERE: Cell<u8> = const { Cell::new(0) };
}

fn here() -> usize {
    HERE.with(|here| core::ptr::from_ref(here).addr())
}

/// In a span's data, from its close on: dropped when they are cleared.
struct Mark {
    span: u64,
    closed_by: usize,
}

/// The span closes.
pub(super) fn closes<'a, R: LookupSpan<'a>>(span: &SpanRef<'a, R>) {
    let id = span.id();
    dispatcher::get_default(|dispatch| {
        let Some(registry) = dispatch.downcast_ref::<Registry>() else { return };
        // Of the registry itself: a filter would leave out parents.
        let parent = registry.span_data(&id).and_then(|data| data.parent().cloned());
        let Some(parent) = parent else { return };
        span.extensions_mut().replace(Mark { span: id.into_u64(), closed_by: here() });
        // Another registry may have a span of this number. One lock at a time.
        let in_ours = span.extensions().get::<Mark>().map(at);
        let in_its = registry.span_data(&id).and_then(|data| data.extensions().get().map(at));
        let same = in_ours.is_some() && in_ours == in_its;
        if same {
            let closed = Closed { id: id.clone(), parent, dispatch: dispatch.downgrade() };
            _ = OWN_CLOSED.try_with(|own| own.0.try_borrow_mut().map(|mut own| own.push(closed)));
        }
    });
}

fn at(mark: &Mark) -> usize {
    core::ptr::from_ref(mark).addr()
}

impl Drop for Mark {
    fn drop(&mut self) {
        // By another thread, its data may be cleared in the middle of a close.
        if self.closed_by != here() {
            return;
        }
        let others = OWN_CLOSED.try_with(|own| {
            let mut own = own.0.try_borrow_mut().ok()?;
            own.retain(|closed| closed.id.into_u64() != self.span);
            Some(core::mem::take(&mut *own))
        });
        make_up(others.ok().flatten().unwrap_or_default());
    }
}

/// This thread is in no close of these. Those that are still there stay there; their parents need not.
fn make_up(closed: Vec<Closed>) {
    for Closed { id, parent, dispatch } in closed {
        if let Some(dispatch) = dispatch.upgrade()
            && is_there(&dispatch, &id)
        {
            dispatch.try_close(parent);
        }
    }
}

fn is_there(dispatch: &Dispatch, id: &Id) -> bool {
    let registry = dispatch.downcast_ref::<Registry>();
    registry.is_some_and(|registry| registry.span_data(id).is_some())
}
