//! The position of one thread: frames that are open as long as their scope word is not zero, and, in
//! front of them, a count of pushes and a count of arguments. The stack is what stands before the first
//! zero.
//!
//! Reading the frames alone is not enough: a line read in an outer frame and a scope entered since
//! would make a stack that never existed. Every push raises the count first, and a reader that finds
//! it moved starts again. A pop needs no count: it only shortens what a reader sees, and orders its
//! zero before whatever the thread writes next.
//!
//! Nor is it enough to find the same line before and after its argument: a thread that goes from one line
//! to another and back may have left the other's argument there for a moment. So arguments are counted
//! as well, and the line is marked while its argument is replaced, for a thread that dies just then.

use super::super::atomics::{AtomicU64, Ordering, fence};

/// Raises a count. It comes before the stores that it announces.
#[inline(always)]
fn raise(count: &AtomicU64) {
    // The load is of this thread's own last store: there is one writer.
    let next = count.load(Ordering::Relaxed).wrapping_add(1);
    // Release: who sees the new count sees what this thread wrote before.
    count.store(next, Ordering::Release);
    // Release: who meets a store that follows finds the count moved when it looks again.
    fence(Ordering::Release);
}

/// Announces a push; comes before [`open`].
#[inline(always)]
pub fn count_push(pushes: &AtomicU64) {
    raise(pushes);
}

/// Opens a frame that was closed: the line first, so that the scope never stands with a stale one. Its own site
/// stands for no line yet; when the scope is left it stays there as what this thread did last.
#[inline(always)]
pub fn open(scope: &AtomicU64, line: &AtomicU64, site: u64) {
    line.store(site, Ordering::Relaxed);
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

/// Moves the line of a frame to a site with an argument. Not to be interrupted by itself on the same
/// frame: a signal handler's line would stand with this one's argument for a moment.
#[inline(always)]
pub fn tag_with(
    arguments: &AtomicU64,
    line: &AtomicU64,
    argument: &AtomicU64,
    site: u64,
    value: u64,
) {
    // Marked for the post-mortem. Relaxed: the release in `raise` brings it to whoever sees the count.
    line.store(site | 1, Ordering::Relaxed);
    raise(arguments);
    argument.store(value, Ordering::Relaxed);
    // Release: who sees the line sees its argument.
    line.store(site, Ordering::Release);
}

/// Words of a frame, in the order in which they stand there. In a block's first frame `SCOPE` counts
/// pushes and `LINE` counts arguments.
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
    /// The last line's argument, if its site carries one; `None` while it was being replaced.
    pub arg: Option<u64>,
    /// The scope's argument, if its site carries one.
    pub scope_arg: u64,
}

/// A stack that existed, outermost (the base) first, into `levels`; returns its depth, base
/// included, or `None` when pushes outran every try. `load` reads word `w` of frame `f` of the thread's
/// block: frame 0 holds the counts, frame 1 is the base.
pub fn read(
    load: impl Fn(usize, usize) -> u64,
    levels: &mut [Level],
    retries: &mut u64,
) -> Option<usize> {
    for _ in 0..super::TRIES {
        let pushes = load(0, SCOPE);
        let mut depth = 0;
        for (frame, level) in (1..).zip(levels.iter_mut()) {
            let scope = load(frame, SCOPE);
            if frame > 1 && scope == 0 {
                break;
            }
            // Acquire: pairs with the release store in `open`, and in the base with that of the count
            // of pushes.
            fence(Ordering::Acquire);
            let scope_arg = load(frame, SCOPE_ARG);
            let (line, arg) = read_line(&load, frame);
            // The scope itself, and no line in it.
            let line = if line == scope { 0 } else { line };
            *level = Level { scope, line, arg, scope_arg };
            depth += 1;
        }
        // No fence before this: one stands behind every load above that could have met a push, the last
        // in `read_line`.
        if load(0, SCOPE) == pushes {
            return Some(depth);
        }
        *retries += 1;
    }
    None
}

/// What the thread did last, when it is in no scope and at no line: the line that the last scope which it left had
/// reached, with its argument if that was not in flux, or that scope's own site. `load` as for [`read`].
pub fn last(load: impl Fn(usize, usize) -> u64) -> Option<(u64, Option<u64>)> {
    let (line, arg) = read_line(&load, 2);
    // Entered meanwhile: then it is there, and the next reading says so.
    (line != 0 && load(2, SCOPE) == 0).then_some((line, arg))
}

/// The line in the innermost frame, if these are still the scopes that are open, as they were at an
/// earlier reading; `None` when that must be read anew. `pushes` is the count as it was before that
/// reading. Loads each word once: the count only grows, so as long as it stands no scope was
/// entered, one that is found open was never closed, and whatever line it has was reached in it.
/// Frames that the block does not have load as zeros.
pub fn read_again(
    load: impl Fn(usize, usize) -> u64,
    pushes: u64,
    scopes: impl ExactSizeIterator<Item = u64>,
) -> Option<u64> {
    let innermost = 1 + scopes.len();
    let mut own = 0;
    let changed = (2..).zip(scopes).any(|(frame, scope)| {
        own = scope;
        load(frame, SCOPE) != scope
    });
    if changed || load(innermost + 1, SCOPE) != 0 {
        return None;
    }
    let line = load(innermost, LINE);
    // Acquire: pairs with the release fence in `raise`. Had a load above met anything that followed a
    // push, the count read below would be newer. (And with that in `occupancy::begin`, for who reads the
    // state after this.)
    fence(Ordering::Acquire);
    let line = if line & !1 == own { 0 } else { line & !1 };
    (load(0, SCOPE) == pushes).then_some(line)
}

/// The line of a frame, and its argument unless it was in flux.
fn read_line(load: impl Fn(usize, usize) -> u64, frame: usize) -> (u64, Option<u64>) {
    let mut line = 0;
    for _ in 0..super::TRIES {
        let arguments = load(0, LINE);
        // Acquire: pairs with the release store of the count: the line is that argument's, or newer.
        fence(Ordering::Acquire);
        line = load(frame, LINE);
        // Acquire: pairs with the last release store in `tag_with`. And with the fence in `close`: a
        // line that was reached after an inner frame was closed is never read together with that frame.
        fence(Ordering::Acquire);
        let argument = load(frame, ARG);
        // Acquire: pairs with the release fence in `raise`. Had the load met a newer argument, the
        // count read below would be newer.
        fence(Ordering::Acquire);
        if line & 1 == 1 {
            break;
        }
        if load(0, LINE) == arguments {
            return (line, Some(argument));
        }
    }
    (line & !1, None)
}
