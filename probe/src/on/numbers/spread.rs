//! A histogram's values, spread over blocks: each thread adds to one of its own with plain stores; those
//! that found none left share one with atomic adds. The reader adds all blocks up.
//!
//! A thread's block stays its slot's: the next thread there goes on with it.

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering};

use super::pool;
use crate::layout::{HistogramRole, bucket_of};
use crate::on::board::lost::lost;
use crate::on::board::records::Buckets;
use crate::on::ground::record_ref::RecordRef;
use crate::on::thread::local;
use crate::on::thread::registrar::{self, Ask};
use crate::protocol::sums;

/// Histograms that a thread may have blocks of its own for, one less: those with this number and higher ones are shared.
const OWN: usize = 32;

/// Where the values of one histogram go.
#[derive(Debug)]
pub(crate) struct Spread {
    /// The block for whoever has none of his own.
    shared: RecordRef<Buckets>,
    /// Its number among the histograms in the order in which they were placed, plus 1; 0 until it is placed.
    number: AtomicU32,
}

/// This thread's blocks, by number.
struct Own {
    blocks: [Cell<Option<&'static Buckets>>; OWN],
    /// One bit for each number that was asked for and came to nothing.
    refused: Cell<u32>,
}

thread_local! {
    static OWN_BLOCKS: Own = const {
        Own { blocks: [const { Cell::new(None) }; OWN], refused: Cell::new(0) }
    };
}

impl Spread {
    pub(crate) const fn nowhere() -> Self {
        Self { shared: RecordRef::unset(), number: AtomicU32::new(0) }
    }

    /// Takes the shared block of a new histogram, `metric` in this role; false when there is no room.
    pub(crate) fn take_shared(&self, metric: usize, role: HistogramRole) -> bool {
        let Some((block, number)) =
            pool::current().and_then(|pool| pool.shared_block(metric, role))
        else {
            return false;
        };
        self.place(block, number);
        true
    }

    /// From now on values go to `block`, or to blocks like it.
    fn place(&self, block: &'static Buckets, number: usize) {
        self.shared.place(block);
        self.number.store(u32::try_from(number).unwrap_or(0), Ordering::Relaxed);
    }

    /// Goes where `other` goes.
    pub(crate) fn join(&self, other: &Self) {
        if let Some(block) = other.shared.get() {
            self.place(block, other.number.load(Ordering::Relaxed) as usize);
        }
    }

    /// Adds one value: three plain adds and a compare on a thread with a block of its own.
    #[inline]
    pub(crate) fn record(&self, value: u64) {
        let number = self.number.load(Ordering::Relaxed) as usize;
        let own = OWN_BLOCKS.with(|own| own.blocks.get(number).and_then(Cell::get));
        match own {
            Some(block) => add_alone(block, value),
            None => self.record_first(number, value),
        }
    }

    #[cold]
    #[inline(never)]
    fn record_first(&self, number: usize, value: u64) {
        let Some(shared) = self.shared.get() else {
            return lost(|lost| &lost.histograms);
        };
        match own_block(number, shared) {
            Some(block) => add_alone(block, value),
            None => add_together(shared, value),
        }
    }
}

/// This thread's block for a histogram, made if there is room.
fn own_block(number: usize, shared: &Buckets) -> Option<&'static Buckets> {
    if !local::has_place() {
        registrar::ask(Ask::Place);
    }
    let slot = local::with(|local| local.slot.get());
    OWN_BLOCKS.with(|own| {
        let place = own.blocks.get(number)?;
        let bit = 1u32.checked_shl(number as u32)?;
        if slot == 0 || own.refused.get() & bit != 0 {
            return None;
        }
        own.refused.set(own.refused.get() | bit);
        let block = pool::current()?.block_for(slot, number, shared)?;
        place.set(Some(block));
        Some(block)
    })
}

/// The thread has another place, or none: its blocks were the old one's.
pub(crate) fn forget() {
    OWN_BLOCKS.with(|own| {
        for block in &own.blocks {
            block.set(None);
        }
        own.refused.set(0);
    });
}

#[inline(always)]
fn add_alone(block: &Buckets, value: u64) {
    if let Some(bucket) = block.counts.get(bucket_of(value)) {
        sums::add_alone(bucket, 1);
    }
    sums::add_alone(&block.head.sum, value);
    if value > block.head.max.load(Ordering::Relaxed) {
        sums::raise_highest(&block.head.max, value);
    }
}

fn add_together(block: &Buckets, value: u64) {
    if let Some(bucket) = block.counts.get(bucket_of(value)) {
        sums::add_together(bucket, 1);
    }
    sums::add_together(&block.head.sum, value);
    if value > block.head.max.load(Ordering::Relaxed) {
        sums::raise_highest(&block.head.max, value);
    }
}
