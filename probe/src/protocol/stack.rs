//! The stack of scopes of one thread: frames that are open as long as their scope word is not zero, and a
//! count of pushes. The stack is what stands before the first zero.
//!
//! Reading the frames alone is not enough: a line read in an outer frame and a scope entered since
//! would make a stack that never existed. Every push raises the count first, and a reader that finds
//! it moved starts again. A pop needs no count: it only shortens what a reader sees, and orders its
//! zero before whatever the thread writes next.

use super::super::sync::{AtomicU64, Ordering, fence};

/// Raises the push count; comes before [`open`].
#[inline(always)]
pub fn count_push(pushes: &AtomicU64) {
    // The load is of this thread's own last store: there is one writer.
    let count = pushes.load(Ordering::Relaxed).wrapping_add(1);
    // Release: who sees the new count sees the lines that outer frames reached before.
    pushes.store(count, Ordering::Release);
    // Release: who meets a store below finds the count moved when it looks again.
    fence(Ordering::Release);
}

/// Opens a frame that was closed: the line first, so that the scope never stands with a stale one.
#[inline(always)]
pub fn open(scope: &AtomicU64, line: &AtomicU64, site: u64) {
    line.store(0, Ordering::Relaxed);
    // Release: who sees the scope sees its line (and argument) reset.
    scope.store(site, Ordering::Release);
}

/// Closes a frame.
#[inline(always)]
pub fn close(scope: &AtomicU64) {
    scope.store(0, Ordering::Relaxed);
    // Release: who sees a later line of an outer frame sees this frame closed.
    fence(Ordering::Release);
}

/// Moves the line of a frame.
#[inline(always)]
pub fn tag(line: &AtomicU64, site: u64) {
    // Relaxed: the site is an opaque number, found in a table that was published long before.
    line.store(site, Ordering::Relaxed);
}

/// Words of a frame, in the order in which [`read`] asks for them.
pub const SCOPE: usize = 0;
/// See [`SCOPE`].
pub const LINE: usize = 1;
/// See [`SCOPE`].
pub const ARG: usize = 2;
/// See [`SCOPE`].
pub const SCOPE_ARG: usize = 3;

/// One frame as read: scope, line, argument of the line unless it was in flux, argument of the scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Level {
    /// The scope's site; 0 in the base.
    pub scope: u64,
    /// The last line's site, 0 for none.
    pub line: u64,
    /// The last line's argument; `None` while it was being replaced.
    pub arg: Option<u64>,
    /// The scope's argument.
    pub scope_arg: u64,
}

/// A stack that existed, outermost (the base) first, into `levels`; returns its depth, base
/// included, or `None` when pushes outran every try. `load_pushes` reads the count, `load` word `w`
/// of frame `f`, where frame 0 is the base.
pub fn read(
    load_pushes: impl Fn() -> u64,
    load: impl Fn(usize, usize) -> u64,
    levels: &mut [Level],
    retries: &mut u64,
) -> Option<usize> {
    for _ in 0..super::TRIES {
        let pushes = load_pushes();
        // Acquire: pairs with the release store in `count_push`.
        fence(Ordering::Acquire);
        let mut depth = 0;
        while depth < levels.len() {
            let scope = if depth == 0 { 0 } else { load(depth, SCOPE) };
            // Acquire: pairs with the release store in `open`.
            fence(Ordering::Acquire);
            if depth > 0 && scope == 0 {
                break;
            }
            let scope_arg = load(depth, SCOPE_ARG);
            let mut tries = 0;
            let (line, rest) = super::keyed::read(
                || load(depth, LINE),
                |_| load(depth, ARG),
                |line| line & 1 == 1,
                &mut tries,
            );
            levels[depth] = Level { scope, line: line & !1, arg: rest.map(|[arg]| arg), scope_arg };
            depth += 1;
            // Acquire: pairs with the fence in `close`: a line that was reached after an inner frame
            // was closed is never read together with that frame.
            fence(Ordering::Acquire);
        }
        // Acquire: pairs with the release fence in `count_push`.
        fence(Ordering::Acquire);
        if load_pushes() == pushes {
            return Some(depth);
        }
        *retries += 1;
    }
    None
}
