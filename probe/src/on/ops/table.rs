//! The records of operations, and who holds which, in private memory: nothing on the board decides it.

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::mine::Mine;
use super::slow::Slow;
use super::tenant::Tenant;
use super::text::Text;
use crate::layout::{OP_CANCELLABLE, OP_HISTORY, OpRecord, from_op_id};
use crate::on::board::segment::Table;
use crate::on::ground::clock;
use crate::on::sites::site::Site;
use crate::protocol::claims;

/// The operations of a board.
#[derive(Debug)]
pub(crate) struct OpTable {
    tenants: Box<[Tenant]>,
    claims: Box<[AtomicU64]>,
    /// Records lent to threads as history.
    lent: AtomicU32,
    pub(super) slow: Slow,
    /// Whether operations can be asked to end.
    pub(crate) cancellable: AtomicBool,
}

impl OpTable {
    pub(crate) fn new(records: Table<OpRecord>) -> Self {
        let tenants: Box<[Tenant]> =
            records.iter().zip(0..).map(|(record, index)| Tenant::new(record, index)).collect();
        Self {
            claims: (0..tenants.len().div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            tenants,
            lent: AtomicU32::new(0),
            slow: Slow::new(),
            cancellable: AtomicBool::new(false),
        }
    }

    /// Every record, for a reader.
    pub(crate) fn records(&self) -> impl Iterator<Item = &'static OpRecord> + use<'_> {
        self.tenants.iter().map(Tenant::record)
    }

    /// A record that nobody has.
    #[cold]
    pub(super) fn claim(&self) -> Option<usize> {
        claims::claim(&self.claims, self.tenants.len())
    }

    /// Gives a record back. What it says of an operation that ended may be read until it is claimed.
    #[cold]
    pub(super) fn release(&self, record: usize) {
        claims::release(&self.claims, record);
    }

    /// Lets a thread keep one more record, if the board can spare it.
    pub(super) fn lend(&self) -> bool {
        let more = |lent| ((lent as usize) < OP_HISTORY).then_some(lent + 1);
        self.lent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// A thread will keep nothing any more.
    pub(super) fn take_back(&self, records: u8) {
        self.lent.fetch_sub(u32::from(records), Ordering::Relaxed);
    }

    /// Lets go of those that were in the slow log long enough. Once a second, by the keeper.
    pub(crate) fn age(&self, now: u64) {
        self.slow.age(now, clock::to_ns, |record| self.release(record));
    }

    /// Begins an operation; `None` when there is no room, which is counted.
    #[inline(always)]
    pub(super) fn begin(
        &'static self,
        mine: &Mine,
        site: &'static Site,
        text: impl Text,
        parent: u64,
        worker: Option<&Mine>,
    ) -> Option<&'static Tenant> {
        let Some(tenant) = mine.take(self).and_then(|record| self.tenants.get(record)) else {
            crate::on::board::tables::lost(|lost| &lost.ops);
            return None;
        };
        let flags = if self.cancellable.load(Ordering::Relaxed) { OP_CANCELLABLE } else { 0 };
        tenant.begin(site, text, parent, worker, flags);
        Some(tenant)
    }

    /// The operation with this id, if it is in flight.
    #[inline]
    pub(crate) fn find(&self, id: u64) -> Option<&Tenant> {
        let (record, generation) = from_op_id(id)?;
        self.tenants.get(record).filter(|tenant| tenant.is_open(generation))
    }

    /// Whether this is a record of this table: a forked child has another.
    #[inline(always)]
    pub(super) fn has(&self, tenant: &Tenant) -> bool {
        self.tenants.get(tenant.record_number()).is_some_and(|own| core::ptr::eq(own, tenant))
    }
}
