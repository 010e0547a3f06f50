//! Operations: what is being done right now, and what was done last.

use super::record::record;

record! {
    /// One operation. Whoever works on it writes it, one thread at a time; the rest of the daemon's threads
    /// only hand it on.
    OpRecord, OpCopy, 256 bytes {
        /// Generation in the high 56 bits; in the low 8 free, claiming, in flight (as in a slot's
        /// state) or how it ended ([`OP_OK`] and on: 3 well, 4 failed, 5 cancelled, 6 panicked), with the same rule for
        /// readers as a slot's.
        0x00 state,
        /// Address of the site where it began, whose label is its kind.
        0x08 site,
        /// Stamp of its beginning.
        0x10 begun,
        /// Stamp of its end. Of one in flight it says nothing: 0, or the end of one that had the record before.
        0x18 ended,
        /// The operation that it is part of, as [`op_id`] has it; 0 for none.
        0x20 parent,
        /// Bytes of its label, in the second byte of its peer, then flags ([`OP_SENSITIVE`] and on: bit 16 label
        /// not to be seen, 17 can be cancelled, 18 carried by a future, 19 label cut). The high half
        /// counts changes of its texts since it began, odd while one is being written: lengths are 0 then.
        0x28 lengths_flags,
        /// Who works on it: a slot's number plus 1 and the slot's generation above 16 bits; 0 for nobody,
        /// [`HOLDER_UNSEEN`], 0xffff, for a thread without a slot.
        0x30 holder,
        /// Stamp of the last change of `holder`, as old as the keeper's last beat at most; stored first.
        0x38 turned,
        /// Twice the number of statuses so far, plus one while the next is being written.
        0x40 statuses,
        /// What it served: requests of a connection, rows of a job.
        0x48 served,
        /// Generation of which cancellation was requested; says nothing of another generation.
        0x50 cancel,
        /// The last statuses, status `n` at `n % 5`: packed as [`status_entry`] has it, with the time from
        /// the beginning on.
        0x58 recent[5],
        /// Time in each status up to the last change, packed likewise; what found no room of its own
        /// is in the last, under [`OP_OTHER`]. Those after the first zero are not in use, and none is before the first
        /// status.
        0x80 totals[6],
        /// The label, and from the next whole word on the peer.
        0xb0 text[10],
    }
}

record! {
    /// The trace that others count an operation to: beside the operations, since most have none, and whoever has none
    /// writes nothing here. By the rule for readers of [`OpRecord::state`], with a state of its own.
    TraceRecord, TraceCopy, 32 bytes {
        /// Generation of the operation that it is said of in the high 56 bits; it says nothing of another one. In the low
        /// 8 bits 0 while nothing was said, 1 while it is being written, else 2 and on: odd where the trace is
        /// sampled, and another one each time that it is said again of the same operation.
        0x00 state,
        /// Id of the trace, its first 8 bytes as a big-endian number, then the others.
        0x08 trace[2],
        /// Id of the span there that the operation is part of, as a big-endian number; 0 for none.
        0x18 span,
    }
}

/// Bytes of one operation.
pub const OP_BYTES: usize = OpCopy::BYTES;
/// Low byte of [`OpRecord::state`]: it ended well.
pub const OP_OK: u64 = 3;
/// Low byte of [`OpRecord::state`]: it failed.
pub const OP_ERROR: u64 = 4;
/// Low byte of [`OpRecord::state`]: it was given up before its end: asked to, or dropped.
pub const OP_CANCELLED: u64 = 5;
/// Low byte of [`OpRecord::state`]: it panicked.
pub const OP_PANICKED: u64 = 6;

/// Flag in [`OpRecord::lengths_flags`]: it has a label that is not shown.
pub const OP_SENSITIVE: u64 = 1 << 16;
/// Flag in [`OpRecord::lengths_flags`]: it can be cancelled.
pub const OP_CANCELLABLE: u64 = 1 << 17;
/// Flag in [`OpRecord::lengths_flags`]: it belongs to a future, so nobody working on it means that it
/// is not being polled.
pub const OP_FUTURE: u64 = 1 << 18;
/// Flag in [`OpRecord::lengths_flags`]: its label was cut.
pub const OP_CUT: u64 = 1 << 19;

/// Flag in [`OpRecord::lengths_flags`]: its peer was cut.
pub const OP_PEER_CUT: u64 = 1 << 20;
/// What [`OpRecord::lengths_flags`] says of an operation's texts, and nothing else.
pub const OP_TEXT_BITS: u64 = 0xffff | OP_SENSITIVE | OP_CUT | OP_PEER_CUT;

/// The most operations in flight that a board has room for: their ids have 16 bits for the record, of which one number
/// is nobody's.
pub const OP_MOST: usize = 0xfffe - OP_SPARE;

/// [`OpRecord::holder`] of a thread that has no slot.
pub const HOLDER_UNSEEN: u64 = 0xffff;
/// Statuses that [`OpRecord::recent`] holds.
pub const OP_RECENT: usize = 5;
/// Statuses that [`OpRecord::totals`] holds.
pub const OP_TOTALS: usize = 6;
/// The status number that gathers those without a total of their own.
pub const OP_OTHER: u64 = 0xffff;
/// Bytes of text in an operation.
pub const OP_TEXT_BYTES: usize = 80;
/// Bytes of a label; longer ones are cut.
pub const OP_LABEL_BYTES: usize = 64;
/// Bytes of a peer; longer ones are cut, and a label gives way to it.
pub const OP_PEER_BYTES: usize = 40;

/// Times in a packed status are this many bits coarser than the board's clock.
pub const OP_TIME_SHIFT: u32 = 8;

/// A status as packed: the site's number plus 1 in the high 16 bits, a time in the low 48.
pub const fn status_entry(number: u64, units: u64) -> u64 {
    number << 48 | (units >> OP_TIME_SHIFT) & ((1 << 48) - 1)
}

/// Number and clock units of a packed status.
pub const fn from_status_entry(entry: u64) -> (u64, u64) {
    (entry >> 48, (entry & ((1 << 48) - 1)) << OP_TIME_SHIFT)
}

/// An operation's id: generation above 16 bits, its record's number plus 1 in them.
pub const fn op_id(record: usize, generation: u64) -> u64 {
    generation << 16 | (record as u64 + 1) & 0xffff
}

/// The record's number and the generation of an id; `None` for the id of nothing.
pub const fn from_op_id(id: u64) -> Option<(usize, u64)> {
    match (id & 0xffff).checked_sub(1) {
        Some(record) => Some((record as usize, id >> 16)),
        None => None,
    }
}

/// Records that are no room for operations in flight, but keep the last and the slowest that ended.
pub const OP_SPARE: usize = OP_HISTORY + OP_SLOW;
/// Ended operations that threads keep in view, all together.
pub const OP_HISTORY: usize = 64;
/// The slowest of each kind that stay in view, all kinds together.
pub const OP_SLOW: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_times_and_ids_come_back() {
        assert_eq!(from_status_entry(status_entry(7, 1 << 40)), (7, 1 << 40));
        assert_eq!(from_status_entry(status_entry(OP_OTHER, 300)), (OP_OTHER, 256));
        assert_eq!(from_op_id(op_id(335, 9)), Some((335, 9)));
        assert_eq!(from_op_id(0), None);
        let last = OP_MOST + OP_SPARE - 1;
        assert_eq!(
            from_op_id(op_id(last, 1)),
            Some((last, 1)),
            "the last record has an id of its own"
        );
    }
}
