//! Locks, channels, and futures that wait for one: who holds, who waits, how long that took.

use super::record::record;

record! {
    /// One lock, channel or semaphore that somebody waited for or that has a name; or one future that waits for
    /// such a thing. Words are written by whoever holds the lock or waits for it.
    LockRecord, LockCopy, 128 bytes {
        /// Generation in the high 56 bits, free, claiming or live in the low 8, as in a slot's state, with the same
        /// rule for readers.
        0x00 state,
        /// [`LockKind`] in the low byte, [`LockFamily`] in the next, then flags ([`LOCK_NAMED`] and on: bit 16 it has
        /// a name, bit 17 its guard may go to another thread).
        0x08 kind_flags,
        /// Address of the site of its construction: the label of that is its name, file and line its place. Of a
        /// future that waits: where it waits.
        0x10 site,
        /// Which lock it is: the number by which threads note what they hold shared. Of a future that waits: what it
        /// waits for, as [`SlotRecord::wait_for`](super::SlotRecord::wait_for) has it.
        0x18 identity,
        /// Who holds it exclusively, a [`party`] with this record's generation as [`held`] adds it; 0 for nobody. Of a
        /// lock for which [`is_noted`] it is to be believed only while `waiting` is not 0: whoever holds it otherwise
        /// has it among his slot's `shared`. Of a channel: who received from it last. Of a future that waits: the operation that waits.
        0x20 holder,
        /// Of a channel: who sends to it, a party. [`PARTY_UNKNOWN`] when that is more than one. Of a semaphore, and
        /// of a lock of `tokio`'s that is held shared: one of those who hold it, as in `holder`; 0 when none is known.
        /// Of a future that waits: the number of the wait, odd.
        0x28 other,
        /// Of a channel: items that fit, 0 for as many as come. Of a semaphore: permits. Of a future that waits: how,
        /// as [`SlotRecord::wait_how`](super::SlotRecord::wait_how) has it.
        0x30 capacity,
        /// Threads and futures that wait for it now. Of a future that waits: the stamp of its beginning.
        0x38 waiting,
        /// Clock units that were waited for it, by all who waited, ever.
        0x40 waited,
        /// The longest of these waits, clock units.
        0x48 longest,
        /// Waits that ended, by how long they took, four bytes apiece: bucket 0 below 1 us, bucket `n` below 4^n us,
        /// the last any longer ones.
        0x50 buckets[6],
    }
}

/// Wait times that [`LockRecord::buckets`] tells apart.
pub const LOCK_BUCKETS: usize = 12;

/// The bucket of a wait.
pub fn lock_bucket(ns: u64) -> usize {
    let us = ns / 1000;
    let bits = 64 - us.leading_zeros() as usize;
    bits.div_ceil(2).min(LOCK_BUCKETS - 1)
}

/// Nanoseconds below which the waits of a bucket are; `None` for the last, which has no end.
pub fn lock_bucket_ends(bucket: usize) -> Option<u64> {
    (bucket + 1 < LOCK_BUCKETS).then(|| 1000 << (2 * bucket))
}

/// Flag in [`LockRecord::kind_flags`]: its site's label is its name.
pub const LOCK_NAMED: u64 = 1 << 16;
/// Flag in [`LockRecord::kind_flags`]: a guard of it may go to another thread, so that who took it may not be the one
/// to let go of it.
pub const LOCK_SENT: u64 = 1 << 17;

/// Whether a thread that holds such a lock alone notes that on its slot, so that the lock's record says it only while
/// somebody waits. Of [`LockRecord::kind_flags`].
pub fn is_noted(kind_flags: u64) -> bool {
    let kind = LockKind::from_word(kind_flags);
    kind_flags & LOCK_SENT == 0 && matches!(kind, Some(LockKind::Mutex | LockKind::RwLock))
}

/// A lock that is held alone, as its holder's slot notes it beside those that he holds shared: its identity, which is
/// even, plus 1.
#[inline(always)]
pub const fn noted_alone(identity: u64) -> u64 {
    identity.wrapping_add(1)
}

/// What a [`LockRecord`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum LockKind {
    /// One holder at a time.
    Mutex = 1,
    /// One writer, or several readers.
    RwLock = 2,
    /// Waits to be notified; nobody holds it.
    Condvar = 3,
    /// Items go through it.
    Channel = 4,
    /// So many permits.
    Semaphore = 5,
    /// Not a lock: a future that waits for one.
    Wait = 6,
}

impl LockKind {
    /// The kind in the low byte of [`LockRecord::kind_flags`].
    pub fn from_word(word: u64) -> Option<Self> {
        [Self::Mutex, Self::RwLock, Self::Condvar, Self::Channel, Self::Semaphore, Self::Wait]
            .into_iter()
            .find(|&kind| kind as u64 == word & 0xff)
    }
}

/// Whose lock it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum LockFamily {
    /// The standard library's.
    Std = 0,
    /// `parking_lot`'s.
    ParkingLot = 1,
    /// `crossbeam`'s.
    Crossbeam = 2,
    /// `tokio`'s.
    Tokio = 3,
}

/// How one waits, in the low byte of [`SlotRecord::wait_how`](super::SlotRecord::wait_how).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum WaitHow {
    /// To hold a lock alone.
    Exclusive = 1,
    /// To hold a lock beside other readers, or to have some permits.
    Shared = 2,
    /// For room in a channel.
    Send = 3,
    /// For an item in a channel.
    Receive = 4,
    /// For the end of a thread: what is waited for is a [`party`].
    Join = 5,
    /// To be notified.
    Notify = 6,
    /// For any of several channels, of which the first is named.
    Select = 7,
}

impl WaitHow {
    /// How one waits, by the low byte.
    pub fn from_word(word: u64) -> Option<Self> {
        use WaitHow::*;
        [Exclusive, Shared, Send, Receive, Join, Notify, Select]
            .into_iter()
            .find(|&how| how as u64 == word & 0xff)
    }
}

/// Flag in [`SlotRecord::wait_how`](super::SlotRecord::wait_how): the wait ends by itself after a time.
pub const WAIT_LIMITED: u64 = 1 << 8;

/// Bit of a party: it is an operation, not a thread.
pub const PARTY_OP: u64 = 1 << 63;
/// Bits of a party that say who it is. The rest is for the generation of the record in which it stands.
pub const PARTY_BITS: u64 = PARTY_OP | ((1 << 48) - 1);
/// A party of which nothing is known, or that is more than one.
pub const PARTY_UNKNOWN: u64 = super::operation::HOLDER_UNSEEN;

/// A thread as the holder of something: its slot's number plus 1 in the low 16 bits, 32 bits of the slot's generation
/// above.
pub const fn party(slot: usize, generation: u64) -> u64 {
    (generation << 16 | (slot as u64 + 1) & 0xffff) & PARTY_BITS & !PARTY_OP
}

/// An operation as the holder of something, from its id.
pub const fn op_party(id: u64) -> u64 {
    PARTY_OP | id & PARTY_BITS
}

/// A party as it stands in a record of that generation: 15 bits of it are added, so that whoever lets go late never lets
/// go of what the record's next lock has.
pub const fn held(party: u64, generation: u64) -> u64 {
    if party == 0 { 0 } else { party & PARTY_BITS | (generation & 0x7fff) << 48 }
}

/// The party that stands in a record of that generation; `None` when it was left by an earlier one, or there is none.
pub const fn holder_of(word: u64, generation: u64) -> Option<u64> {
    if word == 0 || word >> 48 & 0x7fff != generation & 0x7fff {
        None
    } else {
        Some(word & PARTY_BITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_fall_into_buckets_that_say_where_they_end() {
        let ends: Vec<_> = (0..LOCK_BUCKETS).map(lock_bucket_ends).collect();
        assert_eq!(ends[0], Some(1_000));
        assert_eq!(ends[1], Some(4_000));
        assert_eq!(ends[LOCK_BUCKETS - 1], None);
        for ns in [0, 999, 1_000, 3_999, 4_000, 1_000_000, 4_194_303_000, 4_194_304_000, u64::MAX] {
            let bucket = lock_bucket(ns);
            assert!(lock_bucket_ends(bucket).is_none_or(|end| ns < end), "{ns} in {bucket}");
            let before = bucket.checked_sub(1).and_then(lock_bucket_ends);
            assert!(before.is_none_or(|end| ns >= end), "{ns} in {bucket}");
        }
    }

    #[test]
    fn a_party_comes_back_from_its_own_record_only() {
        let thread = party(63, 9);
        assert_eq!(holder_of(held(thread, 5), 5), Some(thread));
        assert_eq!(holder_of(held(thread, 5), 6), None);
        assert_eq!(held(0, 5), 0);
        let op = op_party(super::super::operation::op_id(335, 7));
        assert_ne!(op & PARTY_OP, 0);
        assert_eq!(holder_of(held(op, 0x1_2345), 0x1_2345), Some(op));
    }
}
