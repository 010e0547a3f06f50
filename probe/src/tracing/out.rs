//! A layer that is as good as not there.
//!
//! One that only does nothing is not: `tracing_subscriber` takes it for one that wants to see everything, and makes
//! spans and events of every level for it. `None` of an optional layer says that it wants nothing, by a level
//! and by a mark that the layers around it look for. This one says the same. One thing more than `None`: on layers that
//! filter for themselves, what none of them wants would be looked at each time, as `None` might want it;
//! said to be such a layer too, it leaves that to them.
#![expect(unsafe_code, reason = "asks layers for their marks, as tracing_subscriber does")]

use core::any::TypeId;
use core::cell::Cell;

use tracing_core::subscriber::{NoSubscriber, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Identity;

/// What a layer that is out knows of those below it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    /// The mark of those that filter for themselves, if one of them does.
    filters: Option<TypeId>,
}

impl Out {
    /// For a layer that is made now.
    pub(crate) fn if_so() -> Option<Self> {
        #[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
        if !crate::on::ground::settings::is_off() {
            return None;
        }
        Some(Self { filters: None })
    }

    /// The layer is put on `subscriber`.
    pub(crate) fn meets<S: Subscriber>(out: &mut Option<Self>, subscriber: &mut S) {
        let mark = mark_of_filters().filter(|&mark| {
            // SAFETY: what comes back is not followed: only whether something does is looked at.
            unsafe { subscriber.downcast_raw(mark) }.is_some()
        });
        if let Some(out) = out {
            out.filters = mark;
        }
    }

    /// What a layer answers that is asked for `id`.
    pub(crate) fn downcast<L: 'static>(
        layer: &L,
        out: Option<Self>,
        id: TypeId,
    ) -> Option<*const ()> {
        static NOBODY: Option<Identity> = None;
        let filters = out.is_some_and(|out| out.filters == Some(id));
        if filters || id == TypeId::of::<L>() {
            return Some(core::ptr::from_ref(layer).cast());
        }
        out?;
        // SAFETY: what it answers is itself, or a mark, and both are of the type that `id` is.
        unsafe { Layer::<NoSubscriber>::downcast_raw(&NOBODY, id) }
    }
}

/// The mark that `tracing_subscriber` looks for in layers that filter for themselves. Its type has no name outside: it
/// is what a layer is asked for when it is put on something.
fn mark_of_filters() -> Option<TypeId> {
    thread_local! {
        static ASKED: Cell<(usize, Option<TypeId>)> = const { Cell::new((0, None)) };
    }
    struct Asked;
    impl<S: Subscriber> Layer<S> for Asked {
        unsafe fn downcast_raw(&self, id: TypeId) -> Option<*const ()> {
            _ = ASKED.try_with(|asked| asked.set((asked.get().0 + 1, Some(id))));
            None
        }
    }
    ASKED.try_with(|asked| asked.set((0, None))).ok()?;
    _ = Asked.with_subscriber(NoSubscriber::default());
    // More than one question would be a way of asking that is not known here.
    match ASKED.try_with(Cell::get) {
        Ok((1, mark)) => mark,
        _ => None,
    }
}
