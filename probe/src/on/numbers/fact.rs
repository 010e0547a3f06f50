//! Named texts, written rarely.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::layout::{FACT_BYTES, FactRecord, WORD, pack};
use crate::on::board::lost::lost;
use crate::on::ground::record_ref::RecordRef;
use crate::protocol::doubled;

/// A named text; see [`fact!`](crate::fact).
#[derive(Debug)]
pub struct Fact {
    pub(crate) key: &'static str,
    pub(crate) record: RecordRef<FactRecord>,
    /// Times it was set: the sequence of its record.
    sequence: AtomicU64,
    /// The process in which it is being set, else 0: a second writer's text is dropped, and counted. What a thread of the
    /// parent's was at when it forked is nobody's.
    setting: AtomicU32,
}

impl Fact {
    #[doc(hidden)]
    pub const fn new(key: &'static str) -> Self {
        Self {
            key,
            record: RecordRef::unset(),
            sequence: AtomicU64::new(0),
            setting: AtomicU32::new(0),
        }
    }

    #[doc(hidden)]
    pub fn set(&'static self, text: &str) {
        let Some(record) = self.record.get() else {
            return;
        };
        // Acquire: pairs with the release below; the last writer's copy comes first.
        let me = std::process::id();
        if self.setting.swap(me, Ordering::Acquire) == me {
            return lost(|lost| &lost.facts);
        }
        let sequence = self.sequence.load(Ordering::Relaxed) + 1;
        self.sequence.store(sequence, Ordering::Relaxed);
        let mut copy = [0; 1 + FACT_BYTES / WORD];
        if let Some((length, words)) = copy.split_first_mut() {
            *length = pack(text, words) as u64;
        }
        doubled::publish(&record.sequence, &record.even, &record.odd, sequence, copy);
        self.setting.store(0, Ordering::Release);
    }
}
