//! The only file that names the atomics of the protocols: the model checker's build of the protocols
//! puts its own in place of them.

pub(crate) use core::sync::atomic::{AtomicU64, Ordering, fence};

/// Stands between a read-modify-write of a lock's own, or a store behind one, and a load of ours that must not come
/// before it. On x86-64 such an operation is a full barrier of itself, so that only the compiler is to be held back.
#[inline(always)]
pub(crate) fn fence_behind_a_lock() {
    if cfg!(target_arch = "x86_64") {
        core::sync::atomic::compiler_fence(Ordering::SeqCst);
    } else {
        fence(Ordering::SeqCst);
    }
}
