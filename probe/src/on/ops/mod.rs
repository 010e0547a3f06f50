//! Operations: what is being done right now, from its beginning to its end, on whichever thread.
//!
//! ```text
//! op      the handle                        begin   the guard that ends it
//! here    what this thread works on         this_thread  its part in it
//! entry  one record                        table   who holds which
//! text    label and peer, cut to fit        slow    the slowest that ended
//! future  one that is carried by a future   by_id   for those who can keep no guard
//! cancel_socket  where its cancellation is requested
//! ```
//!
//! A record belongs to the operation, not to a thread: it is claimed at the beginning, written by whoever
//! works on the operation, and at the end it is left as it is, to be read as history until it is
//! needed again. So nothing is copied to remember what ended.

mod begin;
#[cfg(any(feature = "tracing", feature = "tower"))]
pub(crate) mod by_id;
pub(crate) mod cancel_socket;
mod entry;
mod future;
mod here;
mod op;
mod slow;
pub(super) mod table;
pub(crate) mod text;
mod this_thread;

pub use begin::Operation;
pub use future::{Tracked, TrackedCancellable};
#[cfg(feature = "tokio")]
pub(crate) use here::id_here;
pub use op::{Entered, Op, OpId};
pub use text::Label;
pub(crate) use this_thread::{begin_occupancy, forget_thread, is_free, leave_thread, move_to_slot};

#[doc(hidden)]
#[expect(unreachable_pub, reason = "what macros call")]
pub mod emit {
    pub use super::begin::{begin, begin_detached};
    pub use super::here::{asked_here, label_here, peer_here, status_here, status_of, trace_here};
    pub use super::text::{IntoText, from_arguments, label, peer, sensitive};
}
