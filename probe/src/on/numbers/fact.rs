//! Named texts, written rarely.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

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
    /// Held while it is being set: a second writer's text is dropped, and counted.
    setting: AtomicBool,
}

impl Fact {
    #[doc(hidden)]
    pub const fn new(key: &'static str) -> Self {
        Self {
            key,
            record: RecordRef::unset(),
            sequence: AtomicU64::new(0),
            setting: AtomicBool::new(false),
        }
    }

    #[doc(hidden)]
    pub fn set(&'static self, text: &str) {
        let Some(record) = self.record.get() else {
            return;
        };
        // Acquire: pairs with the release below; the last writer's copy comes first.
        if self.setting.swap(true, Ordering::Acquire) {
            return lost(|lost| &lost.facts);
        }
        let sequence = self.sequence.load(Ordering::Relaxed) + 1;
        self.sequence.store(sequence, Ordering::Relaxed);
        let mut copy = [0; 1 + FACT_BYTES / WORD];
        if let Some((length, words)) = copy.split_first_mut() {
            *length = pack(text, words) as u64;
        }
        doubled::publish(&record.sequence, &record.even, &record.odd, sequence, copy);
        self.setting.store(false, Ordering::Release);
    }
}
