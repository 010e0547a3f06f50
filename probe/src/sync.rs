//! The only file that names the atomics of the protocols: the model checker's build of the protocols
//! puts its own in place of them.

pub(crate) use core::sync::atomic::{AtomicU64, Ordering, fence};
