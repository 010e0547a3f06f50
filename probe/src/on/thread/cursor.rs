//! What this thread knows of itself, in thread-local memory: where its current frame is and where its
//! counters are. Every probe starts here.
//!
//! The cursor is the address of the current frame, or [`UNREGISTERED`]. It is set from private memory
//! only, never from a word on the board, and always points to a frame that stays mapped for the life
//! of the process: on the board, or in a private block, or in the sink that a thread falls back to at
//! its end.
#![expect(
    unsafe_code,
    reason = "follows this thread's own cursor and shard pointer; see the module's invariant"
)]

use core::cell::Cell;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicU64, Ordering, compiler_fence};

use crate::layout::{BLOCK_BYTES, FrameRecord, WorkerRecord};
use crate::on::sites::site::Site;
use crate::on::slots::register;
use crate::on::thread::private::Private;
use crate::protocol::stack;

/// The cursor of a thread that has not probed yet. One frame further is a multiple of the block size,
/// so that entering a scope asks one question for "no room" and "not registered".
const UNREGISTERED: *const FrameRecord =
    ptr::without_provenance(0usize.wrapping_sub(size_of::<FrameRecord>()));

/// Where the cursor of a thread without a place points.
#[cfg(not(feature = "trail"))]
const NOWHERE: *const FrameRecord = UNREGISTERED;
/// Where the cursor of a thread without a place points: a frame that nobody reads.
#[cfg(feature = "trail")]
const NOWHERE: *const FrameRecord = crate::on::thread::private::SINK_FRAME;

/// This thread's place. On one cache line.
#[repr(C, align(64))]
pub(crate) struct Local {
    /// The current frame.
    cursor: Cell<*const FrameRecord>,
    /// This thread's counters; null before registration.
    shard: Cell<*const AtomicU64>,
    /// Where the next tag of this thread's trail goes.
    #[cfg(feature = "trail")]
    pub(crate) trail: crate::on::thread::trail::Trail,
    /// This thread's worker record; `None` for threads without a place on the board.
    pub(crate) worker: Cell<Option<&'static WorkerRecord>>,
    /// Slot index plus 1; 0 for threads without one.
    pub(crate) slot: Cell<u32>,
    /// Set while this thread is being registered: a signal handler that probes then is dropped.
    pub(crate) registering: Cell<bool>,
    /// Set while an argument is being replaced: a signal handler's tag with an argument is dropped then.
    replacing: Cell<bool>,
    /// This thread's private block, once it needed one.
    pub(crate) private: Cell<Option<&'static Private>>,
}

thread_local! {
    static LOCAL: Local = const {
        Local {
            cursor: Cell::new(NOWHERE),
            shard: Cell::new(ptr::null()),
            #[cfg(feature = "trail")]
            trail: crate::on::thread::trail::Trail::new(),
            worker: Cell::new(None),
            slot: Cell::new(0),
            registering: Cell::new(false),
            replacing: Cell::new(false),
            private: Cell::new(None),
        }
    };
}

/// Runs `body` with this thread's place. The thread-local has no destructor, so it is there for the
/// whole life of the thread, also in other thread-locals' destructors.
#[inline(always)]
pub(crate) fn with<T>(body: impl FnOnce(&Local) -> T) -> T {
    LOCAL.with(body)
}

/// Address of the cursor's thread-local: a slot's hot words keep clear of its low 12 bits, or every
/// tag's load of the cursor would wait for the last tag's store.
pub(crate) fn address() -> usize {
    with(|local| ptr::from_ref(local).addr())
}

/// A place that a thread can be given: frames, counters, worker record. All of it stays mapped for the
/// life of the process.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) block: NonNull<FrameRecord>,
    pub(crate) shard: NonNull<AtomicU64>,
    #[cfg(feature = "trail")]
    pub(crate) trail: &'static crate::on::thread::trail::Ring,
    pub(crate) worker: Option<&'static WorkerRecord>,
    pub(crate) slot: u32,
}

/// Puts this thread there.
///
/// # Safety
/// `place.block` is a whole frame block, aligned to its size, and `place.shard` a whole shard, both
/// mapped for the rest of the process's life.
pub(crate) unsafe fn settle(place: Place) {
    crate::on::numbers::spread::forget();
    with(|local| {
        local.slot.set(place.slot);
        local.worker.set(place.worker);
        #[cfg(feature = "trail")]
        local.trail.begin(place.trail);
        local.shard.set(place.shard.as_ptr());
        // The base frame is the second of its block.
        local.cursor.set(place.block.as_ptr().wrapping_add(1));
    });
}

/// This thread counts in `private` from now on and is nowhere: its next tag or scope asks for a slot.
pub(crate) fn stand(private: &'static Private) {
    crate::on::numbers::spread::forget();
    with(|local| {
        // First: a signal handler's probes then find no place, and are dropped.
        local.cursor.set(NOWHERE);
        compiler_fence(Ordering::Release);
        local.slot.set(0);
        local.worker.set(None);
        local.shard.set(private.shard().as_ptr());
    });
}

/// Whether this thread counts in private memory and is nowhere.
pub(crate) fn is_standing() -> bool {
    is_settled() && with(|local| local.cursor.get()) == UNREGISTERED
}

/// Whether this thread has a slot and is outside of every scope.
pub(crate) fn is_at_base() -> bool {
    let cursor = with(|local| local.cursor.get()).addr();
    // The base frame is the second of its block.
    with(|local| local.slot.get()) != 0 && cursor & (BLOCK_BYTES - 1) == size_of::<FrameRecord>()
}

/// This thread rests at `site`. When the table of slots is nearly full, it makes room for others.
#[inline(always)]
pub fn rest(site: &'static Site) {
    if register::is_tight() {
        return rest_aside(|| at(site));
    }
    at(site);
}

/// The same with an argument.
#[inline(always)]
pub fn rest_with(site: &'static Site, argument: u64) {
    if register::is_tight() {
        return rest_aside(|| at_with(site, argument));
    }
    at_with(site, argument);
}

#[cold]
#[inline(never)]
fn rest_aside(tag: impl FnOnce()) {
    // Nobody asks for a slot to do nothing there.
    if !is_standing() {
        tag();
        register::hand_over();
    }
}

/// Takes this thread's place away: the next probe registers it again.
pub(crate) fn unsettle() {
    crate::on::numbers::spread::forget();
    crate::on::ops::forget_thread();
    with(|local| {
        local.cursor.set(NOWHERE);
        local.shard.set(ptr::null());
        #[cfg(feature = "trail")]
        local.trail.reset();
        local.worker.set(None);
        local.slot.set(0);
    });
}

/// Whether this thread has a place.
pub(crate) fn is_settled() -> bool {
    with(|local| !local.shard.get().is_null())
}

/// What `then` makes of the frame that the cursor points to, or of `otherwise` before registration. Not
/// an `Option` in between: that would ask a second time, whether the frame is null.
#[inline(always)]
fn at_cursor(then: impl FnOnce(&'static FrameRecord), otherwise: impl FnOnce()) {
    let cursor = with(|local| local.cursor.get());
    // With trails the first tag has registered the thread already, or left it a frame to write to.
    if cfg!(not(feature = "trail")) && cursor == UNREGISTERED {
        return otherwise();
    }
    // SAFETY: by the module's invariant a cursor that is not `UNREGISTERED` points to a frame that is
    // mapped for the life of the process; frames are atomics.
    then(unsafe { &*cursor });
}

/// Whether this thread is inside a scope, so that its line will be what it was.
#[cfg(feature = "tracing")]
pub(crate) fn is_in_scope() -> bool {
    // The base frame is the second of its block.
    is_settled()
        && with(|local| local.cursor.get()).addr() & (BLOCK_BYTES - 1) > size_of::<FrameRecord>()
}

/// This thread is at `site`.
#[inline(always)]
pub fn at(site: &'static Site) {
    #[cfg(feature = "trail")]
    crate::on::thread::trail::note(site.tag());
    at_cursor(|frame| stack::tag(&frame.line, site.tag()), || first_at(site));
}

/// This thread is at `site`, with an argument.
#[inline(always)]
pub fn at_with(site: &'static Site, argument: u64) {
    #[cfg(feature = "trail")]
    crate::on::thread::trail::note(site.tag());
    at_cursor(|frame| store_with(frame, site.tag(), argument), || first_at_with(site, argument));
}

/// Moves the line of `frame`, the cursor's, to a site with an argument.
#[inline(always)]
fn store_with(frame: &'static FrameRecord, site: u64, argument: u64) {
    if with(|local| local.replacing.replace(true)) {
        return crate::on::board::tables::lost(|lost| &lost.signals);
    }
    // For a signal handler on this thread the flag covers what stands between the two fences.
    compiler_fence(Ordering::SeqCst);
    let block = ptr::from_ref(frame).map_addr(|address| address & !(BLOCK_BYTES - 1));
    // SAFETY: `frame` is in a whole block that starts at a multiple of its size, so the rounded address
    // is the block's first frame.
    let first = unsafe { &*block };
    stack::tag_with(&first.line, &frame.line, &frame.arg, site, argument);
    compiler_fence(Ordering::SeqCst);
    with(|local| local.replacing.set(false));
}

#[cold]
#[inline(never)]
fn first_at(site: &'static Site) {
    register::register();
    at_cursor(|frame| stack::tag(&frame.line, site.tag()), || ());
}

#[cold]
#[inline(never)]
fn first_at_with(site: &'static Site, argument: u64) {
    register::register();
    at_cursor(|frame| store_with(frame, site.tag(), argument), || ());
}

/// A thread's counters.
#[derive(Clone, Copy)]
pub(crate) struct Shard(NonNull<AtomicU64>);

/// This thread's counters; `None` before registration.
#[inline(always)]
pub(crate) fn shard() -> Option<Shard> {
    NonNull::new(with(|local| local.shard.get()).cast_mut()).map(Shard)
}

impl Shard {
    /// Adds to the word behind the one at `offset` bytes.
    #[inline(always)]
    pub(crate) fn add_second(self, offset: u32, n: u64) {
        self.add(offset + size_of::<u64>() as u32, n);
    }

    /// Adds to the counter at `offset` bytes.
    #[inline(always)]
    pub(crate) fn add(self, offset: u32, n: u64) {
        // SAFETY: by the module's invariant a shard is mapped as a whole, and offsets come from `Counter`,
        // `Hits` and `Spent`, which `describe` places inside a shard, the latter with the word behind it, and
        // which are 0 before that.
        let word = unsafe { self.0.byte_add(offset as usize) };
        // SAFETY: as above; offsets are multiples of a word.
        let word = unsafe { word.as_ref() };
        // Relaxed: one writer, and the reader takes a total that is allowed to be a moment old.
        word.store(word.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }
}

/// Enters a scope; null when there is no room for it.
#[inline(always)]
pub(crate) fn push(site: &'static Site, argument: Option<u64>) -> *const FrameRecord {
    #[cfg(feature = "trail")]
    crate::on::thread::trail::note(site.tag());
    let outer = with(|local| local.cursor.get());
    let inner = outer.wrapping_add(1);
    if inner.addr() & (BLOCK_BYTES - 1) == 0 {
        return push_slowly(site, argument);
    }
    push_into(outer, inner, site, argument)
}

#[inline(always)]
fn push_into(
    outer: *const FrameRecord,
    inner: *const FrameRecord,
    site: &'static Site,
    argument: Option<u64>,
) -> *const FrameRecord {
    // The cursor moves first: a signal handler that probes between any two stores below then works on
    // the frame that is being opened, or further in, and not on the outer one.
    with(|local| local.cursor.set(inner));
    compiler_fence(Ordering::Release);
    let block = outer.map_addr(|address| address & !(BLOCK_BYTES - 1));
    // SAFETY: `outer` is a frame of a whole block that starts at a multiple of its size, so the rounded
    // address is the block's first frame.
    let first = unsafe { &*block };
    // SAFETY: `inner` does not start a new block, so it is the next frame of the same one.
    let frame = unsafe { &*inner };
    stack::count_push(&first.scope);
    if let Some(argument) = argument {
        frame.scope_arg.store(argument, Ordering::Relaxed);
    }
    stack::open(&frame.scope, &frame.line, site.tag());
    inner
}

#[cold]
#[inline(never)]
fn push_slowly(site: &'static Site, argument: Option<u64>) -> *const FrameRecord {
    if with(|local| local.cursor.get()) == UNREGISTERED {
        let came = is_standing();
        register::register();
        let outer = with(|local| local.cursor.get());
        if outer == UNREGISTERED {
            return ptr::null();
        }
        let inner = push_into(outer, outer.wrapping_add(1), site, argument);
        // The slot was asked for by this scope, or while others were short of one: its end asks whether they
        // still are. The mark makes the end take its slow path, so that no other scope pays for the question.
        return if came || register::is_tight() { marked(inner) } else { inner };
    }
    crate::on::board::tables::lost(|lost| &lost.nested);
    ptr::null()
}

/// A frame's address with the mark of [`push_slowly`].
fn marked(frame: *const FrameRecord) -> *const FrameRecord {
    frame.map_addr(|address| address | 1)
}

/// The same without it.
#[inline(always)]
fn unmarked(frame: *const FrameRecord) -> *const FrameRecord {
    frame.map_addr(|address| address & !1)
}

/// Leaves the scope in `inner`.
#[inline(always)]
pub(crate) fn pop(inner: *const FrameRecord) {
    if with(|local| local.cursor.get()) != inner {
        return pop_slowly(inner);
    }
    with(|local| local.cursor.set(inner.wrapping_sub(1)));
    compiler_fence(Ordering::Release);
    // SAFETY: `inner` equals the cursor and came from `push`, so it is a mapped frame.
    let frame = unsafe { &*inner };
    stack::close(&frame.scope);
}

/// Leaves a scope that is not the innermost: inner ones were forgotten, or outlive it. Everything from
/// the cursor down to its frame is closed if that frame is still open on this thread's block; else
/// there is nothing to do.
#[cold]
#[inline(never)]
fn pop_slowly(inner: *const FrameRecord) {
    if inner.is_null() {
        return;
    }
    if inner.addr() & 1 != 0 {
        pop(unmarked(inner));
        if register::is_tight() {
            register::hand_over();
        }
        return;
    }
    let cursor = with(|local| local.cursor.get());
    if is_settled() {
        crate::on::board::tables::lost(|lost| &lost.healed);
    }
    let same_block = cursor.addr() & !(BLOCK_BYTES - 1) == inner.addr() & !(BLOCK_BYTES - 1);
    if !is_settled() || !same_block || cursor.addr() < inner.addr() {
        return;
    }
    with(|local| local.cursor.set(inner.wrapping_sub(1)));
    compiler_fence(Ordering::Release);
    let mut frame = cursor;
    while frame.addr() >= inner.addr() {
        // SAFETY: from the cursor down to `inner`, both in one mapped block, every address is a frame.
        let open = unsafe { &*frame };
        stack::close(&open.scope);
        frame = frame.wrapping_sub(1);
    }
}

/// A line and its argument, as they stood in a frame: to stand there again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// Null for a thread without a place.
    frame: *const FrameRecord,
    line: u64,
    argument: u64,
}

impl Line {
    /// Of a thread without a place.
    pub(crate) const NOWHERE: Self = Self { frame: ptr::null(), line: 0, argument: 0 };

    /// What a future had reached, to be set wherever it goes on; 0 for no line.
    pub(crate) fn reached(self) -> (u64, u64) {
        (self.line, self.argument)
    }
}

/// The line in the current frame.
#[inline]
pub(crate) fn line() -> Line {
    let frame = with(|local| local.cursor.get());
    if frame == UNREGISTERED {
        return Line::NOWHERE;
    }
    // SAFETY: by the module's invariant a cursor that is not `UNREGISTERED` points to a mapped frame.
    let current = unsafe { &*frame };
    // What comes back from the board here only goes there again.
    Line {
        frame,
        line: current.line.load(Ordering::Relaxed) & !1,
        argument: current.arg.load(Ordering::Relaxed),
    }
}

/// This thread goes on with something that is at `line` (0: nowhere yet, which is `site`); returns where it
/// stood before, for [`go_back`].
#[inline(never)]
pub(crate) fn go_on(site: &'static Site, (line, argument): (u64, u64)) -> Line {
    let before = self::line();
    if before.frame.is_null() {
        // It asks for a place, and was nowhere in it.
        at(site);
        return Line { line: 0, ..self::line() };
    }
    if line == 0 {
        set(before, site.tag(), before.argument);
    } else {
        set(before, line, argument);
    }
    before
}

/// The line stands again that stood `before`, in the frame in which it stood. Elsewhere, where guards ended out of
/// order, it is not this one's to say. Returns the line that is left.
#[inline(never)]
pub(crate) fn go_back(before: Line) -> Line {
    let left = line();
    if before.frame.is_null() || left.frame != before.frame {
        return Line::NOWHERE;
    }
    if before.line == 0 {
        park(left);
    }
    set(left, before.line, before.argument);
    left
}

/// Makes the line of the frame that `now` was read from another one.
#[inline]
fn set(now: Line, line: u64, argument: u64) {
    if now.frame.is_null() {
        return;
    }
    // SAFETY: a frame that is not null came from `line`, on this thread, and is mapped for the life of the
    // process.
    let frame = unsafe { &*now.frame };
    if line == 0 || argument == now.argument {
        // The argument that stands there is the line's already.
        stack::tag(&frame.line, line);
    } else {
        store_with(frame, line, argument);
    }
}

/// Leaves a line where a reader finds what this thread did last: in the frame behind, which is closed and
/// keeps the line of a scope that was left likewise.
#[inline]
fn park(left: Line) {
    let behind = left.frame.wrapping_add(1);
    if left.line == 0 || behind.addr() & (BLOCK_BYTES - 1) == 0 {
        return;
    }
    // SAFETY: `left.frame` is a frame of a whole block, and the next one does not start a new block.
    let behind = unsafe { &*behind };
    behind.arg.store(left.argument, Ordering::Relaxed);
    behind.line.store(left.line, Ordering::Relaxed);
}

/// The line that the scope in `inner` has reached, to be set again later: site and argument.
pub(crate) fn line_of(inner: *const FrameRecord) -> (u64, u64) {
    let (inner, here) = (unmarked(inner), line());
    if inner.is_null() || here.frame != inner { (0, 0) } else { here.reached() }
}

/// Sets the line of the scope in `inner` again.
pub(crate) fn set_line(inner: *const FrameRecord, (line, argument): (u64, u64)) {
    let (inner, here) = (unmarked(inner), self::line());
    if !inner.is_null() && line != 0 && here.frame == inner {
        set(here, line, argument);
    }
}
