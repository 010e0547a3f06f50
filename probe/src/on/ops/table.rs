//! The records of operations, and what their writers must know in private memory. Nothing on the board
//! decides anything here.

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use core::task::Waker;

use atomic_waker::AtomicWaker;

use super::super::segment::Table;
use super::super::site::Site;
use super::super::spread::Spread;
use super::super::{clock, local};
use super::mine::Mine;
use super::slow::Slow;
use super::text::Label;
use crate::layout::*;
use crate::outcome::Outcome;
use crate::protocol::{claims, statuses, tenancy};

/// What a site that begins operations knows of their kind. Sites with one label share a histogram.
#[derive(Debug)]
pub struct Kind {
    /// Durations.
    pub(in super::super) times: Spread,
    /// Its number among the kinds; beyond the slow log's until it is placed.
    pub(in super::super) number: AtomicU32,
}

impl Kind {
    #[doc(hidden)]
    pub const fn new() -> Self {
        Self { times: Spread::nowhere(), number: AtomicU32::new(u32::MAX) }
    }
}

impl Default for Kind {
    fn default() -> Self {
        Self::new()
    }
}

/// What a site that is a status knows of itself.
#[derive(Debug)]
pub struct Spent {
    /// Its number among the sites, plus 1; 0 until it is on the board.
    pub(in super::super) number: AtomicU32,
    /// Bytes into every shard: how often it was taken, and behind that the time spent in it. 0, the
    /// words that nobody reads, until it is placed.
    pub(in super::super) offset: AtomicU32,
}

impl Spent {
    #[doc(hidden)]
    pub const fn new() -> Self {
        Self { number: AtomicU32::new(0), offset: AtomicU32::new(0) }
    }
}

impl Default for Spent {
    fn default() -> Self {
        Self::new()
    }
}

/// What its writers know of a record. Only whoever has the operation touches it, but for `open`, which
/// others look at, and `cancel`, which others set.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Tenant {
    /// Generation of the last operation.
    generation: AtomicU64,
    /// The same while that is in flight, else 0.
    open: AtomicU64,
    /// Generation that somebody asked to end.
    cancel: AtomicU64,
    begun: AtomicU64,
    /// Statuses so far.
    count: AtomicU64,
    /// Since when the current one.
    since: AtomicU64,
    /// Where the current one's time goes in the shards.
    offset: AtomicU32,
    /// Its place among the totals.
    place: AtomicU32,
    /// Statuses by their place among the totals: number in the site table, and time so far.
    numbers: [AtomicU32; OP_TOTALS],
    totals: [AtomicU64; OP_TOTALS],
    /// Places in use.
    used: AtomicU32,
    served: AtomicU64,
}

const RELAXED: Ordering = Ordering::Relaxed;

/// The operations of a board.
#[derive(Debug)]
pub(in super::super) struct OpTable {
    records: Table<OpRecord>,
    tenants: Box<[Tenant]>,
    claims: Box<[AtomicU64]>,
    /// Records lent to threads as history.
    lent: AtomicU32,
    slow: Slow,
    /// Who waits, in a future, to be told that his operation was asked to end.
    wakers: Box<[AtomicWaker]>,
    /// Whether operations can be asked to end.
    pub(in super::super) cancellable: AtomicBool,
}

impl OpTable {
    pub(in super::super) fn new(records: Table<OpRecord>) -> Self {
        let count = records.count();
        Self {
            records,
            tenants: (0..count).map(|_| Tenant::default()).collect(),
            claims: (0..count.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            lent: AtomicU32::new(0),
            slow: Slow::new(),
            wakers: (0..count).map(|_| AtomicWaker::new()).collect(),
            cancellable: AtomicBool::new(false),
        }
    }

    /// A record that nobody has.
    #[cold]
    pub(super) fn claim(&self) -> Option<usize> {
        claims::claim(&self.claims, self.records.count())
    }

    /// Gives a record back. What it says of an operation that ended may be read until it is claimed.
    #[cold]
    pub(super) fn release(&self, record: usize) {
        claims::release(&self.claims, record);
    }

    /// Lets a thread keep one more record, if the board can spare it.
    pub(super) fn lend(&self) -> bool {
        let more = |lent| ((lent as usize) < OP_HISTORY).then_some(lent + 1);
        self.lent.fetch_update(RELAXED, RELAXED, more).is_ok()
    }

    /// A thread will keep nothing any more.
    pub(super) fn take_back(&self, records: u8) {
        self.lent.fetch_sub(u32::from(records), RELAXED);
    }

    /// Lets go of those that were in the slow log long enough. Once a second, by the keeper.
    pub(in super::super) fn age(&self, now: u64) {
        self.slow.age(now, clock::to_ns, |record| self.release(record));
    }

    fn tenant(&self, record: usize, generation: u64) -> Option<&Tenant> {
        // Acquire: pairs with the release in `begin`, for those who were not given the operation.
        let tenant = self.tenants.get(record)?;
        (tenant.open.load(Ordering::Acquire) == generation).then_some(tenant)
    }

    /// Begins an operation: its record and generation; `None` when there is no room.
    #[inline(always)]
    pub(super) fn begin(
        &self,
        mine: &Mine,
        site: &'static Site,
        label: &Label,
        parent: u64,
        holder: u64,
        flags: u64,
    ) -> Option<(usize, u64)> {
        let index = mine.take(self)?;
        let (record, tenant) = (self.records.get(index)?, self.tenants.get(index)?);
        let generation = tenant.generation.load(RELAXED) + 1;
        tenant.generation.store(generation, RELAXED);
        let now = clock::units();
        tenancy::begin(&record.state, generation);
        record.site.store(site.tag(), RELAXED);
        record.begun.store(now, RELAXED);
        record.ended.store(0, RELAXED);
        record.parent.store(parent, RELAXED);
        let (words, lengths) = label.words();
        let open = if self.cancellable.load(RELAXED) { OP_CANCELLABLE } else { 0 };
        record.lengths_flags.store(lengths | flags | open, RELAXED);
        record.turned.store(now, RELAXED);
        record.holder.store(holder, RELAXED);
        record.statuses.store(0, RELAXED);
        record.served.store(0, RELAXED);
        for total in &record.totals {
            total.store(0, RELAXED);
        }
        for (to, word) in record.text.iter().zip(words) {
            to.store(word, RELAXED);
        }
        tenancy::settle(&record.state, generation);
        tenant.begun.store(now, RELAXED);
        tenant.count.store(0, RELAXED);
        tenant.used.store(0, RELAXED);
        tenant.served.store(0, RELAXED);
        tenant.open.store(generation, Ordering::Release);
        Some((index, generation))
    }

    /// Ends an operation.
    #[inline(always)]
    pub(super) fn end(
        &self,
        mine: &Mine,
        index: usize,
        generation: u64,
        site: &'static Site,
        outcome: Outcome,
    ) {
        let Some((record, tenant)) = self.records.get(index).zip(self.tenants.get(index)) else {
            return;
        };
        let now = clock::units();
        tenant.open.store(0, RELAXED);
        record.ended.store(now, RELAXED);
        tenancy::close(&record.state, generation, as_status(outcome));
        if tenant.count.load(RELAXED) > 0 {
            spend(tenant, now);
        }
        let took = now.saturating_sub(tenant.begun.load(RELAXED));
        let mut free = Some(index);
        if let Some(kind) = site.kind {
            kind.times.record(clock::to_ns(took));
            let number = kind.number.load(RELAXED) as usize;
            if self.slow.wants(number, took) {
                free = self.slow.offer(number, index, took, now);
            }
        }
        if let Some(free) = free {
            mine.give(self, free);
        }
    }

    /// The operation has another status.
    #[inline]
    pub(super) fn status(&self, index: usize, generation: u64, spent: &'static Spent) {
        let (Some(record), Some(tenant)) =
            (self.records.get(index), self.tenant(index, generation))
        else {
            return;
        };
        let now = clock::units();
        let count = tenant.count.load(RELAXED);
        let total = (count > 0).then(|| spend(tenant, now));
        let number = spent.number.load(RELAXED);
        statuses::step(
            &record.statuses,
            &record.recent,
            &record.totals,
            count,
            status_entry(u64::from(number), now.saturating_sub(tenant.begun.load(RELAXED))),
            total,
        );
        tenant.count.store(count + 1, RELAXED);
        tenant.since.store(now, RELAXED);
        tenant.place.store(place_of(tenant, number), RELAXED);
        let offset = spent.offset.load(RELAXED);
        tenant.offset.store(offset, RELAXED);
        if let Some(shard) = local::shard() {
            shard.add(offset, 1);
        }
    }

    /// The operation served `n` more.
    #[inline]
    pub(super) fn serve(&self, index: usize, generation: u64, n: u64) {
        let (Some(record), Some(tenant)) =
            (self.records.get(index), self.tenant(index, generation))
        else {
            return;
        };
        let served = tenant.served.load(RELAXED).wrapping_add(n);
        tenant.served.store(served, RELAXED);
        record.served.store(served, RELAXED);
    }

    /// Somebody works on the operation from now on, or, with 0, nobody.
    #[inline(always)]
    pub(super) fn hold(&self, index: usize, holder: u64) {
        if let Some(record) = self.records.get(index) {
            record.turned.store(clock::coarse(), RELAXED);
            // Release: who sees the holder sees since when, or a later time.
            record.holder.store(holder, Ordering::Release);
        }
    }

    /// From now on a future carries the operation.
    #[inline(always)]
    pub(super) fn becomes_future(&self, index: usize) {
        if let Some(record) = self.records.get(index) {
            // Read back only to be stored again: whatever it says, it is the reader's to doubt.
            let flags = record.lengths_flags.load(RELAXED) | OP_FUTURE;
            record.lengths_flags.store(flags, RELAXED);
        }
    }

    /// Whether somebody asked this operation to end.
    #[inline(always)]
    pub(super) fn is_cancelled(&self, index: usize, generation: u64) -> bool {
        self.tenants.get(index).is_some_and(|tenant| tenant.cancel.load(RELAXED) == generation)
    }

    /// Asks an operation to end; false when it is not in flight.
    pub(in super::super) fn cancel(&self, index: usize, generation: u64) -> bool {
        let Some(tenant) = self.tenant(index, generation) else { return false };
        // Should it end just now, the next operation in this record has another generation.
        // Release: pairs with the waker's own order; a poll that was woken finds it set.
        tenant.cancel.store(generation, Ordering::Release);
        if let Some(record) = self.records.get(index) {
            record.cancel.store(generation, RELAXED);
        }
        if let Some(waker) = self.wakers.get(index) {
            waker.wake();
        }
        true
    }

    /// `waker` is woken when the operation in this record is asked to end, if that is possible at all.
    pub(super) fn wake_on_cancel(&self, index: usize, waker: &Waker) {
        if self.cancellable.load(RELAXED)
            && let Some(place) = self.wakers.get(index)
        {
            place.register(waker);
        }
    }
}

/// How an operation ended, as a record's state says it.
#[inline(always)]
fn as_status(outcome: Outcome) -> u64 {
    match outcome {
        Outcome::Ok => OP_OK,
        Outcome::Error => OP_ERROR,
        Outcome::Cancelled => OP_CANCELLED,
        Outcome::Panicked => OP_PANICKED,
    }
}

/// Adds the time in the current status to what was spent in it, here and over all operations; its place
/// among the totals and the new total as packed.
#[inline]
fn spend(tenant: &Tenant, now: u64) -> (usize, u64) {
    let elapsed = now.saturating_sub(tenant.since.load(RELAXED));
    let place = tenant.place.load(RELAXED) as usize % OP_TOTALS;
    let (mut total, mut number) = (elapsed, 0);
    if let (Some(sum), Some(known)) = (tenant.totals.get(place), tenant.numbers.get(place)) {
        total = total.wrapping_add(sum.load(RELAXED));
        sum.store(total, RELAXED);
        number = known.load(RELAXED);
    }
    if let Some(shard) = local::shard() {
        shard.add_second(tenant.offset.load(RELAXED), elapsed);
    }
    (place, status_entry(u64::from(number), total))
}

/// The place of a status among the totals: the one it has, a new one, or the last, which is shared.
#[inline]
fn place_of(tenant: &Tenant, number: u32) -> u32 {
    let used = tenant.used.load(RELAXED);
    let known = tenant.numbers.iter().take(used as usize);
    if let Some(place) = known.map(|known| known.load(RELAXED)).position(|known| known == number) {
        return place as u32;
    }
    let place = (used as usize).min(OP_TOTALS - 1);
    if let (Some(known), Some(total)) = (tenant.numbers.get(place), tenant.totals.get(place)) {
        if used as usize >= OP_TOTALS {
            known.store(OP_OTHER as u32, RELAXED);
        } else {
            known.store(number, RELAXED);
            total.store(0, RELAXED);
            tenant.used.store(used + 1, RELAXED);
        }
    }
    place as u32
}
