//! A thread comes with its first probe, has a slot while it lives, and gives it back at its exit.
//!
//! Registration is the only slow path of a probe, and it may run inside a signal handler: it takes no
//! lock and allocates by `mmap` only. The exit is noticed by a pthread key, whose destructor runs after
//! Rust's own thread-locals are gone.
#![expect(unsafe_code, reason = "thread ids, a pthread key, and settling the cursor")]

use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

use crate::layout::{SectionKind, pack};
use crate::on::board::tables::{self, Board};
use crate::on::ground::clock;
use crate::on::numbers::queue;
use crate::on::ops;
use crate::on::thread::cursor::{self, Place};
use crate::on::thread::private;
use crate::protocol::{claims, doubled, tenancy};

/// What a probe meets in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mode {
    /// No board yet: threads stay unregistered, to appear later.
    Before = 0,
    /// A board.
    Board = 1,
    /// No board, and none will come: private memory.
    Private = 2,
    /// A forked child whose first probe has yet to come.
    Forked = 3,
}

static MODE: AtomicU8 = AtomicU8::new(Mode::Before as u8);
/// The key whose destructor notices a thread's exit, plus 1; 0 before it is made.
static EXIT_KEY: AtomicU32 = AtomicU32::new(0);

/// What a probe meets in this process.
pub(crate) fn mode() -> Mode {
    // Acquire: pairs with the release in `set_mode`; the board is there for who sees `Board`.
    match MODE.load(Ordering::Acquire) {
        1 => Mode::Board,
        2 => Mode::Private,
        3 => Mode::Forked,
        _ => Mode::Before,
    }
}

/// Changes what probes meet.
pub(crate) fn set_mode(mode: Mode) {
    MODE.store(mode as u8, Ordering::Release);
}

/// Whether three quarters of the slots are held: then whoever can do without one makes room for others.
static TIGHT: AtomicBool = AtomicBool::new(false);

/// Whether slots are short.
#[inline(always)]
pub(crate) fn is_tight() -> bool {
    TIGHT.load(Ordering::Relaxed)
}

/// Looks again whether slots are short. A moment's error is put right by the next who comes or goes.
fn count_slots(board: &Board) {
    let words = board.slot_claims.iter().map(|word| word.load(Ordering::Relaxed).count_ones());
    let held = words.sum::<u32>() as usize;
    TIGHT.store(held * 4 >= board.slots.count() * 3, Ordering::Relaxed);
}

/// Gives this thread a place, if it has none and there is one to give. Async-signal-safe but for the
/// first probe of a forked child, which makes the child's board.
#[cold]
pub(crate) fn register() {
    if mode() == Mode::Forked {
        crate::on::start::fork::renew();
    }
    let entered = cursor::with(|local| !local.registering.replace(true));
    if !entered {
        // A signal handler probes inside a registration: its probe is dropped.
        return tables::lost(|lost| &lost.signals);
    }
    if !cursor::is_settled() {
        match mode() {
            Mode::Before | Mode::Forked => {}
            Mode::Private => settle_privately(),
            Mode::Board => match tables::board() {
                Some(board) => settle_on(board),
                None => settle_privately(),
            },
        }
    } else if cursor::is_standing()
        && let Some(board) = tables::board()
        && let Some(seat) = take_slot(board)
    {
        queue::sit(seat.generation, seat.busy, seat.sequence);
        ops::sit(seat.place.slot, seat.generation);
        // SAFETY: the place is a slot's block and shard on the board, which stay mapped.
        unsafe { cursor::settle(seat.place) };
    }
    cursor::with(|local| local.registering.set(false));
}

fn settle_on(board: &'static Board) {
    match take_slot(board).or_else(|| reclaim(board).and_then(|slot| fill(board, slot))) {
        Some(seat) => {
            queue::begin_tenancy(seat.generation, seat.busy, seat.sequence);
            ops::begin_tenancy(seat.place.slot, seat.generation);
            // SAFETY: the place is a slot's block and shard on the board, which stay mapped.
            unsafe { cursor::settle(seat.place) };
            watch_exit();
        }
        None => {
            tables::lost(|lost| &lost.threads);
            // With trails a tag has no slow path that could ask again.
            match private_block().filter(|_| cfg!(not(feature = "trail"))) {
                Some(private) => {
                    queue::begin_tenancy(0, 0, 0);
                    ops::begin_tenancy(0, 0);
                    cursor::stand(private);
                    watch_exit();
                }
                None => settle_privately(),
            }
        }
    }
}

/// This thread's private block, made at its first need; `None` when there is no memory.
fn private_block() -> Option<&'static private::Private> {
    cursor::with(|local| {
        if local.private.get().is_none() {
            local.private.set(private::take());
        }
        local.private.get()
    })
}

fn settle_privately() {
    ops::begin_tenancy(0, 0);
    let place = private_block().map_or_else(private::sink, |block| block.place());
    // SAFETY: private blocks are whole, aligned and never unmapped.
    unsafe { cursor::settle(place) };
    watch_exit();
}

/// This thread gives its slot back, if it can do without: outside of every scope, operation and job. What it
/// counts goes on in private memory, and its next tag or scope asks for a slot again. Only a thread itself
/// gives its slot back, so nobody ever writes to another's.
#[cold]
#[inline(never)]
pub(crate) fn hand_over() {
    let entered = cursor::with(|local| !local.registering.replace(true));
    if !entered {
        return;
    }
    if cfg!(not(feature = "trail"))
        && cursor::is_at_base()
        && queue::is_free()
        && ops::is_free()
        && let Some(private) = private_block()
    {
        give_back(|| cursor::stand(private));
        ops::sit(0, 0);
    }
    cursor::with(|local| local.registering.set(false));
}

/// A slot that is this thread's, and what its last thread left.
struct Seat {
    place: Place,
    generation: u64,
    busy: u64,
    sequence: u64,
}

/// A free slot, filled for this thread.
fn take_slot(board: &'static Board) -> Option<Seat> {
    let slot = claims::claim(&board.slot_claims, board.slots.count());
    count_slots(board);
    fill(board, slot?)
}

/// Fills a slot that this thread has just claimed.
fn fill(board: &'static Board, slot: usize) -> Option<Seat> {
    let record = board.slots.get(slot)?;
    let tenant = board.tenants.get(slot)?;
    let blocks = board.blocks.get(slot)?;
    let worker = board.workers.get(slot)?;
    let shard = board.shard(slot)?;
    let generation = tenant.generation.load(Ordering::Relaxed) + 1;
    tenant.generation.store(generation, Ordering::Relaxed);

    tenancy::begin(&record.state, generation);
    let (index, block) = blocks.clear_of(cursor::address());
    for frame in &blocks.blocks[index] {
        frame.scope.store(0, Ordering::Relaxed);
        frame.line.store(0, Ordering::Relaxed);
    }
    #[cfg(feature = "trail")]
    let trail = board.trails?.get(slot)?;
    #[cfg(feature = "trail")]
    trail.clear();
    let tid = thread_id();
    let mut name = [0; 2];
    pack(&thread_name(), &mut name);
    record.tid.store(tid, Ordering::Relaxed);
    for (word, value) in record.name.iter().zip(name) {
        word.store(value, Ordering::Relaxed);
    }
    record.started.store(clock::units(), Ordering::Relaxed);
    record.block.store(index as u64, Ordering::Relaxed);
    let busy = tenant.busy.load(Ordering::Relaxed);
    record.busy_at_start.store(busy, Ordering::Relaxed);
    tenancy::settle(&record.state, generation);

    tenant.block.store(index as u64, Ordering::Relaxed);
    // Release: the keeper reads the rest of a tenant after its thread id.
    tenant.tid.store(tid, Ordering::Release);
    board.raise_used(SectionKind::Slots, slot + 1);
    let place = Place {
        block,
        shard,
        #[cfg(feature = "trail")]
        trail,
        worker: Some(worker),
        slot: u32::try_from(slot).ok()? + 1,
    };
    Some(Seat { place, generation, busy, sequence: tenant.sequence.load(Ordering::Relaxed) })
}

/// Takes over the slot of a thread that ended without running its destructors.
fn reclaim(board: &'static Board) -> Option<usize> {
    let gone = |slot: &usize| {
        let tid = board.tenants.get(*slot).map_or(0, |tenant| tenant.tid.load(Ordering::Acquire));
        tid != 0 && !thread_exists(tid)
    };
    let slot = board.held_slots().find(gone)?;
    let tenant = board.tenants.get(slot)?;
    let tid = tenant.tid.load(Ordering::Relaxed);
    // Whoever makes the id zero has the slot: two reclaiming threads never take the same one.
    tenant.tid.compare_exchange(tid, 0, Ordering::AcqRel, Ordering::Relaxed).ok()?;
    // What that thread took with it stands in its worker record, which goes on from there.
    let worker = board.workers.get(slot)?;
    let left = doubled::read::<1>(
        || worker.sequence.load(Ordering::Relaxed),
        |odd, _| if odd { &worker.odd } else { &worker.even }[0].load(Ordering::Relaxed),
        &mut 0,
    );
    if let Some((sequence, [busy])) = left {
        tenant.sequence.store(sequence, Ordering::Relaxed);
        tenant.busy.store(busy, Ordering::Relaxed);
    }
    Some(slot)
}

/// This thread ends. Its probes go to the sink from now on.
fn leave() {
    ops::leave_thread();
    give_back(|| {
        // SAFETY: the sink is whole, aligned and static.
        unsafe { cursor::settle(private::sink()) };
    });
    if let Some(private) = cursor::with(|local| local.private.take()) {
        private.leave();
    }
}

/// Goes elsewhere, and gives this thread's slot back if it has one.
fn give_back(go: impl FnOnce()) {
    let slot = cursor::with(|local| local.slot.get());
    let (Some(board), Some(slot)) = (tables::board(), (slot as usize).checked_sub(1)) else {
        return go();
    };
    let (busy, sequence) = queue::end_tenancy();
    go();
    if let (Some(record), Some(tenant)) = (board.slots.get(slot), board.tenants.get(slot)) {
        tenant.busy.store(busy, Ordering::Relaxed);
        tenant.sequence.store(sequence, Ordering::Relaxed);
        tenant.tid.store(0, Ordering::Relaxed);
        tenancy::end(&record.state, tenant.generation.load(Ordering::Relaxed));
        claims::release(&board.slot_claims, slot);
        count_slots(board);
    }
}

/// Makes the key whose destructor notices exits. Once, at init.
pub(crate) fn prepare_exit_key() {
    extern "C" fn at_exit(_: *mut libc::c_void) {
        leave();
    }
    if EXIT_KEY.load(Ordering::Relaxed) != 0 {
        return;
    }
    let mut key: libc::pthread_key_t = 0;
    // SAFETY: `key` is writable and the destructor has the right type and never unwinds.
    if unsafe { libc::pthread_key_create(&mut key, Some(at_exit)) } == 0 {
        EXIT_KEY.store(key + 1, Ordering::Release);
    }
}

fn watch_exit() {
    if let Some(key) = EXIT_KEY.load(Ordering::Acquire).checked_sub(1) {
        let mark = core::ptr::without_provenance::<libc::c_void>(1);
        // SAFETY: the key was made by `prepare_exit_key`; the value is a mark, never followed.
        unsafe { libc::pthread_setspecific(key, mark) };
    }
}

fn thread_id() -> u64 {
    // SAFETY: `gettid` has no precondition.
    let tid = unsafe { libc::syscall(libc::SYS_gettid) };
    u64::try_from(tid).unwrap_or(0)
}

fn thread_exists(tid: u64) -> bool {
    let Ok(tid) = libc::c_long::try_from(tid) else { return false };
    let pid = libc::c_long::from(std::process::id());
    // SAFETY: signal 0 only asks whether the thread is there.
    unsafe { libc::syscall(libc::SYS_tgkill, pid, tid, 0) == 0 }
}

/// The thread's name as the kernel has it: at most 15 bytes.
fn thread_name() -> ThreadName {
    let mut name = ThreadName([0; 16]);
    // SAFETY: PR_GET_NAME writes at most 16 bytes, which `name` has.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.0.as_mut_ptr()) };
    name
}

/// A name without allocation.
struct ThreadName([u8; 16]);

impl core::ops::Deref for ThreadName {
    type Target = str;

    fn deref(&self) -> &str {
        let end = self.0.iter().position(|&byte| byte == 0).unwrap_or(16);
        let bytes = self.0.get(..end).unwrap_or_default();
        match core::str::from_utf8(bytes) {
            Ok(name) => name,
            Err(error) => {
                core::str::from_utf8(bytes.get(..error.valid_up_to()).unwrap_or_default())
                    .unwrap_or_default()
            }
        }
    }
}
