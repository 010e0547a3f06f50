//! What stands beside a lock: who holds it, and where its record is once it has one.

use core::panic::Location;
use core::sync::atomic::{AtomicU64, Ordering};

use super::me::me;
use super::place;
use super::shared::{self, Note};
use super::table::{self, Entered, LockTable, Said, Twin, WANTED};
use crate::layout::{Class, LOCK_NAMED, LOCK_SENT, LockFamily, LockKind, LockRecord};
use crate::on::ground::record_ref::RecordRef;
use crate::on::thread::local;
use crate::protocol::held;

/// Times that who waits looks again for a holder that is not there yet: it has taken the lock and is about to say so.
const LOOKS: usize = 200;

/// What stands beside a lock.
#[derive(Debug)]
pub(crate) struct Watched {
    /// Who holds it exclusively; 0 for nobody.
    holder: AtomicU64,
    /// All ones until it has, or had, a record, or wants one; 0 from then on: one question for "is there a record" and
    /// "has this thread no slot yet".
    unseen: AtomicU64,
    /// Its record, once it has one.
    twin: RecordRef<Twin>,
    name: &'static str,
    /// Where it was made; where somebody first waited for it, if that is not known.
    place: Option<&'static Location<'static>>,
    kind_flags: u64,
}

// As the documents have it.
const _: () = assert!(size_of::<Watched>() == 56);

impl Watched {
    /// Of a new lock; without a name it is called by the place of its construction.
    pub(crate) const fn new(
        kind: LockKind,
        family: LockFamily,
        flags: u64,
        name: &'static str,
        place: &'static Location<'static>,
    ) -> Self {
        let named = !name.is_empty();
        Self {
            holder: AtomicU64::new(0),
            unseen: AtomicU64::new(if named { 0 } else { u64::MAX }),
            twin: if named { RecordRef::at(&WANTED) } else { RecordRef::unset() },
            name,
            place: Some(place),
            kind_flags: kind as u64
                | (family as u64) << 8
                | flags
                | if named { LOCK_NAMED } else { 0 },
        }
    }

    /// Of a new lock without a name that does not know where it is made.
    #[cfg(feature = "parking_lot")]
    pub(crate) const fn anywhere(kind: LockKind, family: LockFamily, flags: u64) -> Self {
        Self {
            holder: AtomicU64::new(0),
            unseen: AtomicU64::new(u64::MAX),
            twin: RecordRef::unset(),
            name: "",
            place: None,
            kind_flags: kind as u64 | (family as u64) << 8 | flags,
        }
    }

    /// Its name, or nothing.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// By what number threads note that they hold it shared.
    #[inline(always)]
    pub(crate) fn identity(&self) -> u64 {
        core::ptr::from_ref(self).addr() as u64
    }

    /// This thread took it.
    #[inline(always)]
    pub(crate) fn taken(&self) {
        let me = local::with(|local| local.me.get());
        held::take(&self.holder, me);
        if me & self.unseen.load(Ordering::Relaxed) == 0 {
            self.taken_with_record(me);
        }
    }

    /// It was taken by an operation, or by somebody of whom nothing is known.
    #[cfg(feature = "tokio")]
    pub(crate) fn taken_as(&self, party: u64) {
        held::take(&self.holder, party);
        if self.unseen.load(Ordering::Relaxed) == 0 {
            self.stands_on_record(party);
        }
    }

    /// It has a record, or this thread no slot yet. The holder notes it on his own slot; the record says it only while
    /// somebody waits, who copies it there when he comes.
    #[inline(never)]
    fn taken_with_record(&self, me: u64) {
        if me == 0 || self.kind_flags & LOCK_SENT != 0 {
            return self.taken_first_or_sent();
        }
        shared::note_alone(self.identity());
        if let Some(twin) = self.twin.get()
            && !twin.is_quiet(self.identity())
        {
            self.stands_on_record(me);
        }
    }

    #[cold]
    #[inline(never)]
    fn taken_first_or_sent(&self) {
        let me = me();
        held::take(&self.holder, me);
        // Without a record its end would not be looked for: what has no record is not noted.
        if self.unseen.load(Ordering::Relaxed) != 0 {
            return;
        }
        if self.kind_flags & LOCK_SENT == 0 {
            shared::note_alone(self.identity());
        }
        self.stands_on_record(me);
    }

    #[cold]
    #[inline(never)]
    fn stands_on_record(&self, party: u64) {
        if let Some(twin) = self.twin.get() {
            if core::ptr::eq(twin, &WANTED) {
                return self.named(party);
            }
            if self.kind_flags & LOCK_SENT == 0 {
                twin.is_at(self.identity());
            }
            twin.take(party);
        }
    }

    /// Several may hold it, and that changed: one of those who are known stands on its record, if it has one.
    #[cfg(feature = "tokio")]
    pub(crate) fn held_by_one_of(&self, known: impl Fn() -> u64) {
        held::cleared();
        if self.unseen.load(Ordering::Relaxed) != 0 {
            return;
        }
        if self.twin.get().is_some_and(|twin| core::ptr::eq(twin, &WANTED)) {
            self.named(0);
        }
        let Some(twin) = self.twin.get() else { return };
        let generation = twin.generation();
        // As in `cleared_on_record`.
        if self.twin.get().is_some_and(|now| core::ptr::eq(now, twin)) {
            held::copy_of(known, &twin.record.other, |party| {
                crate::layout::held(party, generation)
            });
        }
    }

    /// How many it is for, on its record, if it has one.
    #[cfg(feature = "tokio")]
    pub(crate) fn says_capacity(&self, capacity: u64) {
        if let Some(record) = self.record() {
            record.capacity.store(capacity, Ordering::Relaxed);
        }
    }

    /// The first use of a lock with a name: it has a record from now on, if there is one to spare.
    fn named(&self, me: u64) {
        let Some(table) = table::current() else { return };
        let twin = if table.is_tight() { None } else { self.claim(table, None) };
        if !self.twin.change(Some(&WANTED), twin)
            && let Some(twin) = twin
        {
            table.release(twin);
        }
        if let Some(twin) = self.twin.get() {
            twin.take(me);
        }
    }

    /// Of a channel: it is the end of this thread from now on.
    #[inline(always)]
    pub(crate) fn turns(&self, me: u64) {
        if !self.is_turn_of(me) {
            self.turns_to(me);
        }
    }

    /// Of a channel: whether it is this thread's end already.
    #[inline(always)]
    pub(crate) fn is_turn_of(&self, me: u64) -> bool {
        self.holder.load(Ordering::Relaxed) == me && me != 0
    }

    #[cold]
    #[inline(never)]
    fn turns_to(&self, party: u64) {
        let party = if party == 0 { me() } else { party };
        self.holder.store(party, Ordering::Relaxed);
        core::sync::atomic::fence(Ordering::SeqCst);
        if let Some(twin) = self.twin.get() {
            twin.take(party);
        }
    }

    /// Its record, if it has one.
    pub(super) fn record(&self) -> Option<&'static LockRecord> {
        self.twin.get().map(|twin| twin.record)
    }

    /// This thread lets go of it next.
    #[inline(always)]
    pub(crate) fn clear(&self) {
        held::clear(&self.holder);
    }

    /// It has let go of it.
    #[inline(always)]
    pub(crate) fn cleared(&self) {
        held::cleared();
        if self.unseen.load(Ordering::Relaxed) == 0 {
            self.cleared_with_record();
        }
    }

    #[inline(never)]
    fn cleared_with_record(&self) {
        let is_sent = self.kind_flags & LOCK_SENT != 0;
        if is_sent || self.twin.get().is_some_and(Twin::is_waited_for) {
            return self.cleared_everywhere();
        }
        shared::forget_alone(self.identity());
    }

    #[cold]
    #[inline(never)]
    fn cleared_everywhere(&self) {
        if self.kind_flags & LOCK_SENT == 0 {
            shared::forget_alone(self.identity());
        }
        self.cleared_on_record();
    }

    fn cleared_on_record(&self) {
        let Some(twin) = self.twin.get() else { return };
        let generation = twin.generation();
        // Read while the record was this lock's, it keeps what is written late from the record's next lock.
        if !self.twin.get().is_some_and(|now| core::ptr::eq(now, twin)) {
            return;
        }
        let record = &twin.record.holder;
        held::clear_on_record(record, crate::layout::held(me(), generation));
        if self.kind_flags & LOCK_SENT != 0 {
            // Another thread may have taken it.
            held::copy(&self.holder, record, |party| crate::layout::held(party, generation));
        }
    }

    /// This thread is about to wait for something, in a call that lets go of it first.
    pub(crate) fn clear_before_a_wait(&self) {
        self.clear();
        core::sync::atomic::fence(Ordering::SeqCst);
        if self.unseen.load(Ordering::Relaxed) == 0 {
            self.cleared_with_record();
        }
    }

    fn claim(
        &self,
        table: &'static LockTable,
        here: Option<&'static Location<'static>>,
    ) -> Option<&'static Twin> {
        let place = self.place.or(here);
        let site = place.and_then(|place| place::site(place, self.name, Class::Work));
        table.claim(&Said {
            kind_flags: self.kind_flags,
            site: site.map_or(0, |site| site.tag()),
            identity: self.identity(),
            capacity: 0,
        })
    }

    /// Its record, entered by one who waits; `None` when there is no room.
    pub(super) fn enter(
        &self,
        table: &'static LockTable,
        here: &'static Location<'static>,
    ) -> Option<Entered> {
        for _ in 0..LOOKS {
            let found = self.twin.get();
            let twin = match found {
                // A forked child goes on with locks of its parent.
                Some(twin) if table.has(twin) => twin,
                _ => {
                    let made = self.claim(table, Some(here))?;
                    if !self.twin.change(found, Some(made)) {
                        table.release(made);
                        continue;
                    }
                    // Whoever has, or will have, the lock looks for the record from now on.
                    self.unseen.store(0, Ordering::SeqCst);
                    made
                }
            };
            if let Some(entered) = twin.enter() {
                if self.twin.get().is_some_and(|now| core::ptr::eq(now, twin)) {
                    twin.is_at(self.identity());
                    self.copy_holder(twin);
                    return Some(entered);
                }
                entered.leave();
            }
            // Its last waiter is just giving it back.
            core::hint::spin_loop();
        }
        None
    }

    /// The record says who holds it.
    fn copy_holder(&self, twin: &Twin) {
        if LockKind::from_word(self.kind_flags) == Some(LockKind::Semaphore) {
            // Nobody holds it alone.
            return;
        }
        for _ in 0..LOOKS {
            held::copy(&self.holder, &twin.record.holder, |party| twin.held(party));
            if self.holder.load(Ordering::Relaxed) != 0 {
                break;
            }
            core::hint::spin_loop();
        }
    }

    /// Whoever waited last, and has it now, gives the record back when there are few of them.
    pub(super) fn give_back(&self, table: &'static LockTable, left: Entered) {
        let twin = left.twin;
        if self.kind_flags & LOCK_NAMED == 0
            && table.is_tight()
            && table.has(twin)
            && left.retire()
            && self.twin.take_from(twin)
        {
            table.release(twin);
        }
    }
}

impl Drop for Watched {
    #[inline]
    fn drop(&mut self) {
        if self.twin.is_placed() {
            self.dropped();
        }
    }
}

impl Watched {
    #[cold]
    #[inline(never)]
    fn dropped(&self) {
        if let (Some(twin), Some(table)) = (self.twin.get(), table::current())
            && table.has(twin)
            && self.twin.take_from(twin)
        {
            table.release(twin);
        }
    }
}

/// Dropped just before a guard lets go of its lock.
#[derive(Debug)]
pub(crate) struct Clearing<'a>(pub(crate) &'a Watched);

impl Drop for Clearing<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.clear();
    }
}

/// Dropped just after it has.
#[derive(Debug)]
pub(crate) struct Cleared<'a>(pub(crate) &'a Watched);

impl Drop for Cleared<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.cleared();
    }
}

/// What is noted of a lock that is held shared, until it is dropped.
#[derive(Debug)]
pub(crate) struct Noted<'a>(&'a Watched, Note);

impl<'a> Noted<'a> {
    #[inline(always)]
    pub(crate) fn new(on: &'a Watched) -> Self {
        Self(on, shared::note(on.identity()))
    }
}

impl Drop for Noted<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        shared::forget(self.1, self.0.identity());
    }
}
