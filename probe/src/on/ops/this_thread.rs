//! A thread's part in operations: which one it works on, and the records that it keeps for its next ones.
//!
//! A thread that ended operations keeps up to [`KEPT`] of their records. They stay readable as the last
//! that ended, and its next operation takes the oldest of them without an atomic operation. All threads
//! together keep no more than the board has to spare, so room for operations in flight is never lost
//! to it.

use core::cell::Cell;
use core::sync::atomic::{Ordering, compiler_fence};

use super::entry::{Ended, Entry, Holder};
use super::table::{self, OpTable};
use super::text::Text;
use crate::layout::HOLDER_UNSEEN;
use crate::on::board::lost::lost;
use crate::on::sites::site::Site;
use crate::on::thread::local;
use crate::on::thread::registrar::{self, Ask};
use crate::trace::TraceContext;

/// What a thread works on while that found no room on the board: no operation, and not nothing either, so
/// that nobody takes what was around it for it.
pub(super) const LOST: u64 = 1 << 16;

/// Records that a thread keeps.
const KEPT: usize = 8;

/// What a thread knows of its operations.
pub(super) struct ThisThread {
    /// Set while something below is changed: a signal handler's operations are dropped then.
    inside: Cell<bool>,
    /// The operations that all of it is of.
    table: Cell<Option<&'static OpTable>>,
    /// This thread as an operation's holder.
    holder: Cell<u64>,
    /// What this thread works on, by its id; 0 for nothing. Not believed without its generation.
    current: Cell<u64>,
    kept: [Cell<u32>; KEPT],
    /// The oldest of those kept.
    oldest: Cell<u8>,
    count: Cell<u8>,
    /// How many it may keep.
    room: Cell<u8>,
    /// Whether it once had as many as it may keep: before, it takes new records, to have some history.
    filled: Cell<bool>,
    /// Whether it gave everything back, at its end.
    gone: Cell<bool>,
}

thread_local! {
    static THIS_THREAD: ThisThread = const {
        ThisThread {
            inside: Cell::new(false),
            table: Cell::new(None),
            holder: Cell::new(0),
            current: Cell::new(0),
            kept: [const { Cell::new(0) }; KEPT],
            oldest: Cell::new(0),
            count: Cell::new(0),
            room: Cell::new(0),
            filled: Cell::new(false),
            gone: Cell::new(false),
        }
    };
}

/// Runs `body` on this thread's part, unless a signal handler came in between. Nothing of the user's
/// runs inside, but for the last that [`ThisThread::end_otherwise`] does.
#[inline(always)]
pub(super) fn exclusive<T>(body: impl FnOnce(&ThisThread) -> T) -> Option<T> {
    THIS_THREAD.with(|this| {
        if this.inside.replace(true) {
            lost(|lost| &lost.signals);
            return None;
        }
        // For a signal handler on this thread the flag covers what stands between the two fences.
        compiler_fence(Ordering::SeqCst);
        let value = body(this);
        compiler_fence(Ordering::SeqCst);
        this.inside.set(false);
        Some(value)
    })
}

impl ThisThread {
    /// The board's operations, once there is one and this thread is on it.
    #[inline(always)]
    pub(super) fn table(&self) -> Option<&'static OpTable> {
        match self.table.get() {
            Some(table) => Some(table),
            None => self.first(),
        }
    }

    #[cold]
    #[inline(never)]
    fn first(&self) -> Option<&'static OpTable> {
        if !local::has_place() {
            registrar::ask(Ask::Place);
        }
        if self.gone.get() || !local::has_place() {
            return None;
        }
        let table = table::current()?;
        if self.holder.get() == 0 {
            self.holder.set(HOLDER_UNSEEN);
        }
        self.table.set(Some(table));
        Some(table)
    }

    /// This thread as whoever works on an operation.
    #[inline(always)]
    pub(super) fn worker(&self) -> Holder {
        Holder { holder: self.holder.get(), token: self.token() }
    }

    #[inline(always)]
    fn token(&self) -> u64 {
        core::ptr::from_ref(self).addr() as u64
    }

    /// What this thread works on, if that is in flight and nobody else took it up: guards may end out of
    /// order, and an operation may have gone to another thread while an inner one was in flight.
    #[inline(always)]
    pub(super) fn here<'a>(&self, table: &'a OpTable) -> Option<&'a Entry> {
        table.find(self.current.get()).filter(|entry| entry.is_worked_on_by(self.token()))
    }

    /// The id of what this thread works on; to be believed with [`ThisThread::here`] alone.
    #[inline(always)]
    pub(super) fn current(&self) -> u64 {
        self.current.get()
    }

    /// This thread works on `next` from now on; returns what it worked on.
    #[inline(always)]
    pub(super) fn work_on(&self, next: u64) -> u64 {
        self.current.replace(next)
    }

    /// This thread works on `before` again, if `now` is what it works on; otherwise guards ended out of
    /// order, and whoever ends last puts it right.
    #[inline(always)]
    pub(super) fn back_to(&self, before: u64, now: u64) {
        if self.current.get() == now {
            self.current.set(before);
        }
    }

    /// Begins an operation that `worker` works on, and its id; `None` when there is no room, which is counted.
    #[inline(always)]
    pub(super) fn begin(
        &self,
        table: &'static OpTable,
        site: &'static Site,
        text: impl Text,
        parent: u64,
        worker: Holder,
    ) -> Option<(&'static Entry, u64)> {
        let Some((entry, flags)) = self.take(table).and_then(|record| table.opened(record)) else {
            lost(|lost| &lost.ops);
            return None;
        };
        Some((entry, entry.begin(site, text, parent, worker, flags)))
    }

    /// Ends an operation, as it was told or as it looks.
    #[inline(always)]
    pub(super) fn end(&self, entry: &Entry, site: &'static Site, panicking: bool) {
        let ended = entry.end(site, panicking);
        let record = entry.home();
        match self.table() {
            Some(table) if table.has(record, entry) && !table.may_keep(&ended) => {
                self.give(table, record);
            }
            _ => self.end_otherwise(entry, ended.kind, ended.took, ended.now),
        }
    }

    /// The rest of the end of an operation that took long, that left a waker, or that is of another board.
    #[cold]
    #[inline(never)]
    fn end_otherwise(&self, entry: &Entry, kind: usize, took: u64, now: u64) {
        // First: whoever has the record next may leave a waker of his own.
        let waker = entry.take_waker();
        let record = entry.record_number();
        if let Some(table) = self.table().filter(|table| table.has(record, entry))
            && let Some(free) = table.free_after(record, Ended { kind, took, now })
        {
            self.give(table, free);
        }
        if waker.is_none() {
            return;
        }
        // The waker's task may go with it, and with that all that the program has in it, other operations too: for as long as
        // that takes, nothing is being changed here.
        compiler_fence(Ordering::SeqCst);
        self.inside.set(false);
        drop(waker);
        self.inside.set(true);
        compiler_fence(Ordering::SeqCst);
    }

    /// The operation in this record is part of a trace of others'.
    #[cold]
    #[inline(never)]
    pub(super) fn trace(&self, entry: &Entry, context: TraceContext) {
        // Of another board than this thread's: a forked child's operations are its own.
        if let Some(table) = self.table().filter(|table| table.has(entry.record_number(), entry)) {
            table.trace(entry, context);
        }
    }

    /// A record for a new operation.
    #[inline(always)]
    fn take(&self, table: &OpTable) -> Option<usize> {
        match self.count.get().checked_sub(1) {
            Some(rest) if self.filled.get() => {
                let oldest = self.oldest.get() % KEPT as u8;
                self.oldest.set(oldest + 1);
                self.count.set(rest);
                self.kept.get(oldest as usize).map(|place| place.get() as usize)
            }
            _ => table.claim(),
        }
    }

    /// An operation ended here: its record stays readable for a while.
    #[inline(always)]
    fn give(&self, table: &OpTable, record: usize) {
        if self.count.get() >= self.room.get() {
            return self.make_room(table, record);
        }
        self.keep(record);
    }

    #[inline(always)]
    fn keep(&self, record: usize) {
        let count = self.count.get();
        let newest = (self.oldest.get() + count) % KEPT as u8;
        if let Some(place) = self.kept.get(newest as usize) {
            place.set(record as u32);
            self.count.set(count + 1);
        }
    }

    #[cold]
    #[inline(never)]
    fn make_room(&self, table: &OpTable, record: usize) {
        let room = self.room.get();
        if (room as usize) < KEPT && !self.filled.get() && table.lend() {
            self.room.set(room + 1);
            return self.keep(record);
        }
        self.filled.set(true);
        // This one is newer than the oldest, which goes instead.
        if room > 0
            && let Some(oldest) = self.take(table)
        {
            table.release(oldest);
            self.keep(record);
        } else {
            table.release(record);
        }
    }

    fn leave(&self) {
        let Some(table) = self.table.take() else { return };
        self.filled.set(true);
        while self.count.get() > 0 {
            if let Some(record) = self.take(table) {
                table.release(record);
            }
        }
        table.take_back(self.room.get());
        self.forget();
    }

    fn forget(&self) {
        self.table.set(None);
        self.current.set(0);
        for number in [&self.oldest, &self.count, &self.room] {
            number.set(0);
        }
        self.filled.set(false);
    }
}

/// This thread has a slot from now on, or, with 0, none; it works on nothing.
pub(crate) fn begin_occupancy(slot: u32, generation: u64) {
    THIS_THREAD.with(|this| {
        this.forget();
        this.gone.set(false);
        let holder = generation << 16 | u64::from(slot);
        this.holder.set(if slot == 0 { HOLDER_UNSEEN } else { holder });
    });
}

/// This thread goes on in another slot, or with 0 in none, and keeps what it has.
pub(crate) fn move_to_slot(slot: u32, generation: u64) {
    let holder = generation << 16 | u64::from(slot);
    THIS_THREAD.with(|this| this.holder.set(if slot == 0 { HOLDER_UNSEEN } else { holder }));
}

/// Whether this thread works on no operation.
pub(crate) fn is_free() -> bool {
    THIS_THREAD.with(|this| this.current.get() == 0 && !this.inside.get())
}

/// This thread ends: what it kept is for others.
pub(crate) fn leave_thread() {
    THIS_THREAD.with(|this| {
        this.leave();
        this.gone.set(true);
    });
}

/// This thread's board is no longer its own: in a forked child.
pub(crate) fn forget_thread() {
    THIS_THREAD.with(|this| {
        this.forget();
        this.inside.set(false);
    });
}
