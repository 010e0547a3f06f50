//! The records of locks, and who has which, in private memory: nothing on the board decides it.
//!
//! A lock has its record from the first wait for it, or, with a name, from its first use, until it is dropped. When half of
//! the records are in use, names get none any more, and the last who waited for a lock gives its record back: so half of
//! them are always there for locks that are waited for just now, however many locks there are.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::layout::{LockRecord, held};
use crate::on::board::lost::lost;
use crate::on::board::tables::Board;
use crate::on::ground::latest::Latest;
use crate::protocol::{claims, entering, held, occupancy};

/// What its writers know of a record.
#[derive(Debug)]
pub(crate) struct Twin {
    pub(crate) record: &'static LockRecord,
    /// The record's number plus 1; 0 for one that is on no board.
    number: u64,
    generation: AtomicU64,
    /// Which lock it is, as the record says.
    identity: AtomicU64,
    /// How many wait for its lock, or use it otherwise; see [`entering`].
    waiters: AtomicU64,
}

/// A record that somebody uses, and of which lock it was when he entered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entered {
    pub(crate) twin: &'static Twin,
    owner: u64,
}

/// The records of a board.
#[derive(Debug)]
pub(crate) struct LockTable {
    twins: Box<[Twin]>,
    claims: Box<[AtomicU64]>,
    used: AtomicU32,
}

static LOCKS: Latest<LockTable> = Latest::none();

/// A record that no reader sees, of locks that have a name and were not used yet.
static UNUSED: LockRecord = LockRecord {
    state: AtomicU64::new(0),
    kind_flags: AtomicU64::new(0),
    site: AtomicU64::new(0),
    identity: AtomicU64::new(0),
    holder: AtomicU64::new(0),
    other: AtomicU64::new(0),
    capacity: AtomicU64::new(0),
    waiting: AtomicU64::new(0),
    waited: AtomicU64::new(0),
    longest: AtomicU64::new(0),
    buckets: [const { AtomicU64::new(0) }; 6],
};

/// What stands for the record of a lock that has a name and was not used yet.
pub(crate) static WANTED: Twin = Twin {
    record: &UNUSED,
    number: 0,
    generation: AtomicU64::new(0),
    identity: AtomicU64::new(0),
    waiters: AtomicU64::new(entering::NOBODYS),
};

/// Those of this process's board.
pub(crate) fn current() -> Option<&'static LockTable> {
    LOCKS.get()
}

/// From now on records are those of `board`.
pub(crate) fn install(board: &Board) {
    let twins: Box<[Twin]> = (1..).zip(board.work.locks.iter()).map(Twin::new).collect();
    let claims = (0..twins.len().div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
    LOCKS.set(LockTable { twins, claims, used: AtomicU32::new(0) });
}

/// What a record is to say of its lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    pub(crate) kind_flags: u64,
    pub(crate) site: u64,
    pub(crate) identity: u64,
    pub(crate) capacity: u64,
}

impl Twin {
    fn new((number, record): (u64, &'static LockRecord)) -> Self {
        Self {
            record,
            number,
            generation: AtomicU64::new(0),
            identity: AtomicU64::new(0),
            waiters: AtomicU64::new(entering::NOBODYS),
        }
    }

    /// As a thread names what it waits for.
    pub(crate) fn reference(&self) -> u64 {
        self.generation.load(Ordering::Relaxed) << 16 | self.number & 0xffff
    }

    /// A holder as it stands in this record.
    #[inline]
    pub(crate) fn held(&self, party: u64) -> u64 {
        held(party, self.generation.load(Ordering::Relaxed))
    }

    /// Somebody who holds the lock stands there from now on.
    #[inline]
    pub(crate) fn take(&self, me: u64) {
        held::take_on_record(&self.record.holder, self.held(me));
    }

    /// Of the lock that has it.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// Whether somebody waits for its lock, or none has it, or none has yet.
    #[inline(always)]
    pub(super) fn is_waited_for(&self) -> bool {
        // Relaxed, and `held` says what orders it.
        entering::is_used(&self.waiters)
    }

    /// Whether whoever takes this lock has nothing to say on the record: nobody waits for it, and the record is of the lock
    /// where it is.
    #[inline(always)]
    pub(super) fn is_quiet(&self, identity: u64) -> bool {
        !self.is_waited_for() && self.identity.load(Ordering::Relaxed) == identity
    }

    /// Its lock is there: it may have been moved.
    pub(super) fn is_at(&self, identity: u64) {
        self.identity.store(identity, Ordering::Relaxed);
        self.record.identity.store(identity, Ordering::Relaxed);
    }

    /// One more uses it; `None` when it is no lock's any more. By then it may be another lock's than the one that he
    /// looked for.
    pub(crate) fn enter(&'static self) -> Option<Entered> {
        entering::enter(&self.waiters).map(|owner| Entered { twin: self, owner })
    }
}

impl Entered {
    /// One less; tells whether nobody uses it any more.
    pub(crate) fn leave(self) -> bool {
        entering::leave(&self.twin.waiters, self.owner)
    }

    /// From now on nobody enters, if it is that lock's still and nobody is in it; tells whether that is so.
    pub(crate) fn retire(self) -> bool {
        entering::retire(&self.twin.waiters, self.owner)
    }
}

impl LockTable {
    /// Whether half of the records are in use.
    pub(crate) fn is_tight(&self) -> bool {
        self.used.load(Ordering::Relaxed) as usize * 2 >= self.twins.len()
    }

    /// Whether a record is of this table: a forked child has another.
    pub(crate) fn has(&self, twin: &'static Twin) -> bool {
        let index = (twin.number as usize).checked_sub(1);
        index.and_then(|index| self.twins.get(index)).is_some_and(|own| core::ptr::eq(own, twin))
    }

    /// A record that says this, and that nobody knows of yet; `None` when there is none, which is counted.
    pub(crate) fn claim(&self, said: &Said) -> Option<&Twin> {
        let Some(index) = claims::claim(&self.claims, self.twins.len()) else {
            lost(|lost| &lost.locks);
            return None;
        };
        let twin = self.twins.get(index)?;
        self.used.fetch_add(1, Ordering::Relaxed);
        let generation = twin.generation.load(Ordering::Relaxed) + 1;
        twin.generation.store(generation, Ordering::Relaxed);
        let record = twin.record;
        occupancy::begin(&record.state, generation);
        let words = [
            (&record.kind_flags, said.kind_flags),
            (&record.site, said.site),
            (&record.identity, said.identity),
            (&record.capacity, said.capacity),
        ];
        for (word, value) in words {
            word.store(value, Ordering::Relaxed);
        }
        let rest =
            [&record.holder, &record.other, &record.waiting, &record.waited, &record.longest];
        for word in rest.into_iter().chain(&record.buckets) {
            word.store(0, Ordering::Relaxed);
        }
        twin.identity.store(said.identity, Ordering::Relaxed);
        entering::open(&twin.waiters, generation);
        occupancy::publish(&record.state, generation);
        Some(twin)
    }

    /// Gives a record back, which its lock does not know of any more and nobody enters.
    pub(crate) fn release(&self, twin: &'static Twin) {
        entering::close(&twin.waiters);
        occupancy::end(&twin.record.state, twin.generation.load(Ordering::Relaxed));
        self.used.fetch_sub(1, Ordering::Relaxed);
        if let Some(index) = (twin.number as usize).checked_sub(1) {
            claims::release(&self.claims, index);
        }
    }
}
