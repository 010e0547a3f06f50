//! One thread of our own in the daemon: 20 times a second it writes the heartbeat, the busy time of every
//! worker, and since when each thread stands where it stands; once a second the totals. So hot paths
//! stay bare stores, and rates, load and the last minute are there for a reader who comes once, or late.
//!
//! Once `init!` has returned, this is all that it asks of the kernel, so that a daemon may forbid everything
//! else: `futex` (it sleeps on one), `clock_gettime`, and what its memory allocator may need (`mmap`, `munmap`,
//! `madvise`, `brk`); with [`Config::watch_descriptors`](crate::Config::watch_descriptors)
//! also `fstat`. It opens nothing.
#![expect(unsafe_code, reason = "takes the keeper's handle back at the exit")]

use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use nix::time::{ClockId, clock_gettime};

use crate::layout::*;
use crate::on::board::tables::{Board, Ring, board};
use crate::on::ground::clock::{self, Calibration};
use crate::on::keeper::descriptors::Descriptors;
use crate::on::keeper::windows::Windows;
use crate::on::numbers::metric::{Declared, METRICS};
use crate::on::thread::private;
use crate::protocol::{doubled, keyed, tenancy};

/// Name of the keeper's thread: a reader knows it by this.
const NAME: &str = "probe-keeper";
/// A panic hook that was set after `init!` is looked for at each power of two of beats, up to three minutes.
const HOOK_LOOKS: u64 = 1 << 12;
/// Looks between two askings of the kernel about a thread that stands still: half a second.
const LOOKS_PER_ASKING: u64 = 10;

/// Counts beats over the life of the process; the sequence of the pulse record.
static BEATS: AtomicU64 = AtomicU64::new(0);
/// Whether the keeper has done all that it does only once, and how often, and how long each time, `init!` looks.
static BEGUN: AtomicBool = AtomicBool::new(false);
const BEGIN_LOOKS: u32 = 10_000;
const BEGIN_LOOK: Duration = Duration::from_micros(50);

/// The keeper of this process, and whether it should end.
static KEEPER: AtomicPtr<JoinHandle<()>> = AtomicPtr::new(core::ptr::null_mut());
static STOP: AtomicBool = AtomicBool::new(false);
/// How often, and how long each time, an exit waits for the keeper's end.
const STOP_LOOKS: u32 = 500;
const STOP_LOOK: Duration = Duration::from_micros(200);

/// Starts the keeper; false when no thread could be started. From where the clock started it makes its unit
/// finer.
pub(crate) fn start(calibration: Calibration, watch_descriptors: bool) -> bool {
    let Some(board) = board() else { return false };
    BEATS.store(0, Ordering::Relaxed);
    let descriptors = watch_descriptors.then(Descriptors::new).flatten();
    BEGUN.store(false, Ordering::Relaxed);
    let started = std::thread::Builder::new()
        .name(NAME.to_owned())
        .stack_size(128 << 10)
        .spawn(move || keep(board, calibration, descriptors));
    let Ok(keeper) = started else { return false };
    STOP.store(false, Ordering::Relaxed);
    // A forked child's copy of the parent's is left as it is.
    KEEPER.store(Box::into_raw(Box::new(keeper)), Ordering::Release);
    // Whoever forbids system calls after `init!` forbids none that a thread needs to begin. Looked for and not
    // waited for by the means of std, which would leave something allocated.
    for _ in 0..BEGIN_LOOKS {
        if BEGUN.load(Ordering::Acquire) {
            break;
        }
        std::thread::sleep(BEGIN_LOOK);
    }
    true
}

/// At the exit: the keeper ends, and nothing of it is left for a leak checker to find. It is waited for, but
/// not for long.
pub(crate) fn stop() {
    // Acquire: pairs with the release in `start`.
    let keeper = KEEPER.swap(core::ptr::null_mut(), Ordering::Acquire);
    if keeper.is_null() {
        return;
    }
    // SAFETY: `start` made it from a box, and whoever swaps it out has it alone.
    let keeper = unsafe { Box::from_raw(keeper) };
    STOP.store(true, Ordering::Release);
    clock::set_coarse(0);
    for _ in 0..STOP_LOOKS {
        if keeper.is_finished() {
            let _ = keeper.join();
            return;
        }
        keeper.thread().unpark();
        std::thread::sleep(STOP_LOOK);
    }
}

fn keep(board: &'static Board, calibration: Calibration, descriptors: Option<Descriptors>) {
    // The daemon's signals are not ours to take.
    let _ = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), None);
    let mut seen = Seen {
        calibration,
        watch: vec![Watch::default(); board.slots.count()],
        descriptors,
        windows: Windows::new(clock::stamp_pair().0),
    };
    let mut due = clock::monotonic_ns();
    beat(board, &mut seen);
    BEGUN.store(true, Ordering::Release);
    loop {
        due += KEEPER_PERIOD_NS;
        let now = clock::monotonic_ns();
        if due <= now {
            // Late by whole periods: they are skipped, never caught up.
            let periods = (now - due) / KEEPER_PERIOD_NS + 1;
            board.pulse.skipped.fetch_add(periods, Ordering::Relaxed);
            due += periods * KEEPER_PERIOD_NS;
        }
        if !sleep_until(due) {
            return;
        }
        beat(board, &mut seen);
    }
}

/// Sleeps until then, or until the exit; false at the exit.
fn sleep_until(due: u64) -> bool {
    loop {
        // Acquire: pairs with the release in `stop`.
        if STOP.load(Ordering::Acquire) {
            return false;
        }
        let now = clock::monotonic_ns();
        if now >= due {
            return true;
        }
        std::thread::park_timeout(Duration::from_nanos(due - now));
    }
}

/// What the keeper remembers between looks.
struct Seen {
    calibration: Calibration,
    watch: Vec<Watch>,
    descriptors: Option<Descriptors>,
    windows: Windows,
}

/// One look.
fn beat(board: &Board, seen: &mut Seen) {
    let (stamp, monotonic) = clock::stamp_pair();
    clock::set_coarse(stamp);
    let count = BEATS.fetch_add(1, Ordering::Relaxed) + 1;
    clock::refine(&seen.calibration, (stamp, monotonic));
    for ring in &board.busy_rings {
        write_ring(ring, count, stamp, |slot| busy_until(board, slot, stamp));
    }
    if count.is_power_of_two() && count <= HOOK_LOOKS {
        crate::on::start::end::mind_hook();
    }
    if count % 20 == 1 {
        board.ops.age(stamp);
        if let Some(descriptors) = &mut seen.descriptors {
            descriptors.look(board);
        }
        sum_private(board);
    }
    for ring in &board.count_rings {
        write_ring(ring, count, stamp, |metric| total(board, metric));
    }
    for (slot, watch) in seen.watch.iter_mut().enumerate() {
        look_at(board, slot, watch, stamp, count);
    }
    let [ran, since, ran_then, ran_at] = seen.windows.look(board, count, stamp);
    doubled::publish(
        &board.pulse.sequence,
        &board.pulse.even,
        &board.pulse.odd,
        count,
        [stamp, monotonic, clock::wall_ns(), ran, since, ran_then, ran_at],
    );
}

/// The exit's last look: what the keeper would have written next.
pub(crate) fn last_look(board: &Board) {
    sum_private(board);
}

/// Writes a ring's next entry, when it is due.
fn write_ring(ring: &Ring, beat: u64, stamp: u64, value: impl Fn(usize) -> u64) {
    let every = ring.shape.period_ns / KEEPER_PERIOD_NS;
    if every == 0 || beat % every != 1 % every {
        return;
    }
    // From the beat, not from the board: the ring's own words decide nothing.
    let written = beat / every;
    let first = (written as usize % ring.shape.entries) * ring.entry_words;
    let Some(key) = ring.words.get(first) else {
        return;
    };
    key.store(0, Ordering::Relaxed);
    core::sync::atomic::fence(Ordering::Release);
    for column in 0..ring.entry_words - 1 {
        if let Some(word) = ring.words.get(first + 1 + column) {
            word.store(value(column), Ordering::Relaxed);
        }
    }
    key.store(stamp, Ordering::Release);
    ring.head.written.store(written + 1, Ordering::Release);
}

/// Busy units of a slot's worker up to `now`, the job in hand included.
fn busy_until(board: &Board, slot: usize, now: u64) -> u64 {
    let Some(worker) = board.workers.get(slot) else {
        return 0;
    };
    let read = doubled::read::<3>(
        || worker.sequence.load(Ordering::Relaxed),
        |odd, index| {
            let copy = if odd { &worker.odd } else { &worker.even };
            copy.get(index).map_or(0, |word| word.load(Ordering::Relaxed))
        },
        &mut 0,
    );
    match read {
        Some((_, [busy, since, in_hand])) if in_hand > 0 => busy + now.saturating_sub(since),
        Some((_, [busy, _, _])) => busy,
        None => 0,
    }
}

/// Load of a slot's worker over the last second, as far as the keeper has looked: busy time over time.
pub(crate) fn load(board: &Board, slot: usize, now: u64) -> Option<f64> {
    let ring = board.busy_rings.first()?;
    let second = clock::from_ns(1_000_000_000);
    let entry = |index: usize| {
        let first = index * ring.entry_words;
        let word = |at: usize| Some(ring.words.get(first + at)?.load(Ordering::Relaxed));
        let stamp = word(0)?;
        // Acquire: pairs with the release store of the stamp in `write_ring`.
        core::sync::atomic::fence(Ordering::Acquire);
        let busy = word(1 + slot)?;
        // Acquire: pairs with the release fence there.
        core::sync::atomic::fence(Ordering::Acquire);
        let again = word(0)?;
        (stamp != 0 && stamp == again && now.saturating_sub(stamp) <= second)
            .then_some((stamp, busy))
    };
    let (stamp, busy) = (0..ring.shape.entries).filter_map(entry).min()?;
    // Never a worker: no load.
    board.workers.get(slot).filter(|worker| worker.sequence.load(Ordering::Relaxed) > 0)?;
    let worked = busy_until(board, slot, now).saturating_sub(busy);
    Some((worked as f64 / now.saturating_sub(stamp).max(1) as f64).min(1.0))
}

/// Total of a metric: a counter's shards, a queue's completions, else its cell.
fn total(board: &Board, index: usize) -> u64 {
    let Some(record) = board.metrics.get(index) else {
        return 0;
    };
    if record.state.load(Ordering::Relaxed) & 0xff != METRIC_LIVE {
        return 0;
    }
    let kind_flags = record.kind_flags.load(Ordering::Relaxed);
    let place = record.place.load(Ordering::Relaxed) as usize;
    match MetricKind::from_word(kind_flags) {
        Some(MetricKind::Counter) if kind_flags & METRIC_SHARED == 0 => (0..=board.slots.count())
            .fold(0, |sum, slot| {
                let word = board.shards.get(slot * board.shard_words + place % board.shard_words);
                sum.wrapping_add(word.map_or(0, |word| word.load(Ordering::Relaxed)))
            }),
        Some(MetricKind::Queue) => {
            board.queues.get(place).map_or(0, |queue| queue.completions.load(Ordering::Relaxed))
        }
        _ => board.cells.get(index).map_or(0, |cell| cell.value.load(Ordering::Relaxed)),
    }
}

/// Puts what threads without a slot counted, and what was counted before the board, into the shard
/// behind the last slot's.
fn sum_private(board: &Board) {
    let row = board.slots.count() * board.shard_words;
    let counters = METRICS.iter().filter_map(|declared| match declared {
        Declared::Counter(counter) => {
            Some((counter.offset.load(Ordering::Relaxed), counter.early.load(Ordering::Relaxed)))
        }
        _ => None,
    });
    let sites = || crate::on::sites::site::SITES.iter().chain(crate::on::sites::late::sites());
    let hits = sites().filter_map(|site| site.hits).map(|hits| hits.0.load(Ordering::Relaxed));
    // A status has two words.
    let spent = sites().filter_map(|site| site.spent).flat_map(|spent| {
        let offset = spent.offset.load(Ordering::Relaxed);
        [offset, if offset == 0 { 0 } else { offset + WORD as u32 }]
    });
    let counted = hits.chain(spent).map(|offset| (offset, 0));
    for (offset, early) in counters.chain(counted).filter(|&(offset, _)| offset != 0) {
        let word = offset as usize / WORD;
        if let Some(to) = board.shards.get(row + word) {
            to.store(private::sum(word).wrapping_add(early), Ordering::Relaxed);
        }
    }
}

/// What the keeper remembers of a slot between looks.
#[derive(Clone, Copy, Default)]
struct Watch {
    position: u64,
    since: u64,
    /// Processor time, as last asked.
    ran: Option<u64>,
    still_since: Option<u64>,
}

fn look_at(board: &Board, slot: usize, watch: &mut Watch, now: u64, beat: u64) {
    let Some((tid, position)) = position_of(board, slot) else {
        watch.position = 0;
        return;
    };
    if position != watch.position {
        *watch = Watch { position, since: now, ran: None, still_since: None };
    } else if (beat + slot as u64).is_multiple_of(LOOKS_PER_ASKING) {
        let ran = processor_time(tid);
        if ran.is_none() || ran != watch.ran {
            watch.still_since = None;
            watch.ran = ran;
        } else if watch.still_since.is_none() {
            watch.still_since = Some(now - clock::from_ns(LOOKS_PER_ASKING * KEEPER_PERIOD_NS));
        } else {
            return;
        }
    } else {
        return;
    }
    if let Some(record) = board.watches.get(slot) {
        keyed::store(
            &record.position,
            [&record.since, &record.still_since],
            u64::MAX,
            watch.position,
            [watch.since, watch.still_since.unwrap_or(u64::MAX)],
        );
    }
}

/// Thread id of a slot's tenant and the digest of where it is.
fn position_of(board: &Board, slot: usize) -> Option<(u64, u64)> {
    let tenant = board.tenants.get(slot)?;
    // Acquire: pairs with the release in `thread::fill`.
    let tid = tenant.tid.load(Ordering::Acquire);
    if tid == 0 {
        return None;
    }
    let block = tenant.block.load(Ordering::Relaxed) as usize & 1;
    let frames = &board.blocks.get(slot)?.blocks[block];
    let open = frames.iter().skip(1).enumerate().map_while(|(depth, frame)| {
        let scope = if depth == 0 { 0 } else { frame.scope.load(Ordering::Relaxed) };
        (depth == 0 || scope != 0).then(|| {
            let line = frame.line.load(Ordering::Relaxed) & !1;
            // As a reader has it: the scope itself is no line.
            [scope, if line == scope { 0 } else { line }]
        })
    });
    let generation = tenant.generation.load(Ordering::Relaxed);
    Some((tid, position_digest(generation, open.flatten())))
}

/// Nanoseconds that a thread has been on a processor, by its own clock: nothing is opened for that, and even
/// one turn of a thread moves it.
fn processor_time(tid: u64) -> Option<u64> {
    // As the C library numbers the clock of another thread: the id inverted, and "thread, scheduler" below it.
    const OF_THREAD: libc::clockid_t = 0b110;
    let tid = libc::clockid_t::try_from(tid).ok()?;
    let clock = ClockId::from_raw(!tid << 3 | OF_THREAD);
    let time = clock_gettime(clock).ok()?;
    let seconds = u64::try_from(time.tv_sec()).ok()?;
    seconds.checked_mul(1_000_000_000)?.checked_add(u64::try_from(time.tv_nsec()).ok()?)
}

const _: () = assert!(tenancy::LIVE == METRIC_LIVE && tenancy::LIVE == SLOT_LIVE);
