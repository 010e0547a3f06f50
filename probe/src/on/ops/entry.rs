//! One record of an operation: what is written there, and what its writers must know beside it.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use core::task::Waker;

use atomic_waker::AtomicWaker;

use super::text::{self, Label, Text};
use crate::layout::*;
use crate::on::board::lost::lost;
use crate::on::ground::clock;
use crate::on::sites::kind::Spent;
use crate::on::sites::site::Site;
use crate::on::thread::shard::{Shard, shard};
use crate::outcome::Outcome;
use crate::protocol::{asking, holding, occupancy, statuses, texts};

const RELAXED: Ordering = Ordering::Relaxed;

/// In [`Entry::numbers`] where no status is.
const UNUSED: u32 = u32::MAX;

/// In [`Entry::home`]: its operation has left a waker.
const LEFT_WAKER: u32 = u32::MAX;

/// Whoever works on an operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    /// As the record's holder: slot and generation; 0 for nobody.
    pub(super) holder: u64,
    /// No two threads that live have the same; 0 for nobody. Never followed.
    pub(super) token: u64,
}

impl Holder {
    /// No thread works on it.
    pub(super) const NOBODY: Self = Self { holder: 0, token: 0 };
}

/// An operation that ended, for whoever looks how long it took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    /// The kind's number; beyond all of them when it has none.
    pub(super) kind: usize,
    /// Clock units.
    pub(super) took: u64,
    /// When, in clock units.
    pub(super) now: u64,
}

/// A record and what its writers know of it. Only whoever has the operation touches it, but for `open`
/// and `worker`, which others look at, `cancel`, which others set, and the waker. Values on the board are written,
/// and nothing is decided by them.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Entry {
    record: &'static OpRecord,
    number: u32,
    /// The same, as the end of an operation looks for its record, or [`LEFT_WAKER`]: so that an end without a waker asks
    /// nothing more, and one with a waker finds that it is no plain one.
    home: AtomicU32,
    /// How it will have ended, as its state says it; 0 while nothing was said.
    outcome: AtomicU32,
    /// Generation of the last operation.
    generation: AtomicU64,
    /// Its id.
    id: AtomicU64,
    /// The same while that is in flight, else 0.
    open: AtomicU64,
    /// Generation whose cancellation was requested.
    cancel: AtomicU64,
    /// Which thread works on it, by its token; 0 for nobody.
    worker: AtomicU64,
    begun: AtomicU64,
    /// Lengths and flags of its texts, as they were last written.
    texts: AtomicU64,
    /// Statuses so far.
    count: AtomicU64,
    /// Since when the current one.
    since: AtomicU64,
    /// Where the current one's time goes in the shards.
    offset: AtomicU32,
    /// Its place among the totals.
    place: AtomicU32,
    /// Places in use.
    used: AtomicU32,
    /// Statuses by their place among the totals: number in the site table, and time so far.
    numbers: [AtomicU32; OP_TOTALS],
    totals: [AtomicU64; OP_TOTALS],
    /// Who waits, in a future, to be told that cancellation of his operation was requested.
    waker: AtomicWaker,
}

impl Entry {
    /// The next operation in it is of the generation after `generation`.
    pub(super) fn new(record: &'static OpRecord, number: u32, generation: u64) -> Self {
        Self {
            record,
            number,
            home: AtomicU32::new(number),
            outcome: AtomicU32::new(0),
            generation: AtomicU64::new(generation),
            id: AtomicU64::new(op_id(number as usize, generation)),
            open: AtomicU64::new(0),
            cancel: AtomicU64::new(0),
            worker: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            texts: AtomicU64::new(0),
            count: AtomicU64::new(0),
            since: AtomicU64::new(0),
            offset: AtomicU32::new(0),
            place: AtomicU32::new(0),
            used: AtomicU32::new(0),
            numbers: [const { AtomicU32::new(UNUSED) }; OP_TOTALS],
            totals: [const { AtomicU64::new(0) }; OP_TOTALS],
            waker: AtomicWaker::new(),
        }
    }

    /// The record's number.
    #[inline(always)]
    pub(super) fn record_number(&self) -> usize {
        self.number as usize
    }

    /// The record's number for an operation that ends; that of no record when it left a waker.
    #[inline(always)]
    pub(super) fn home(&self) -> usize {
        self.home.load(RELAXED) as usize
    }

    /// The id of the operation that has it.
    #[inline(always)]
    pub(super) fn id(&self) -> u64 {
        self.id.load(RELAXED)
    }

    /// The generation of the operation that has it.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(RELAXED)
    }

    /// Whether the operation of this generation is in flight.
    #[inline(always)]
    pub(super) fn is_open(&self, generation: u64) -> bool {
        asking::is_open(&self.open, generation)
    }

    /// Begins an operation in this record, which the caller has claimed. Returns its id.
    #[inline(always)]
    pub(super) fn begin(
        &self,
        site: &'static Site,
        text: impl Text,
        parent: u64,
        worker: Holder,
        flags: u64,
    ) -> u64 {
        let record = self.record;
        let generation = self.generation.load(RELAXED) + 1;
        self.generation.store(generation, RELAXED);
        let now = clock::units();
        occupancy::begin(&record.state, generation);
        record.site.store(site.tag(), RELAXED);
        record.begun.store(now, RELAXED);
        record.parent.store(parent, RELAXED);
        let texts = text.store(&record.text);
        self.texts.store(texts, RELAXED);
        record.lengths_flags.store(text::on_board(texts) | flags, RELAXED);
        record.turned.store(now, RELAXED);
        record.holder.store(worker.holder, RELAXED);
        // The rest of what belongs to statuses is reset by the first of them.
        record.statuses.store(0, RELAXED);
        record.served.store(0, RELAXED);
        occupancy::publish(&record.state, generation);
        self.worker.store(worker.token, RELAXED);
        self.begun.store(now, RELAXED);
        self.count.store(0, RELAXED);
        self.outcome.store(0, RELAXED);
        let id = op_id(self.number as usize, generation);
        self.id.store(id, RELAXED);
        asking::begin(&self.open, generation);
        id
    }

    /// Ends the operation, as it was told or as it looks.
    #[inline(always)]
    pub(super) fn end(&self, site: &'static Site, panicking: bool) -> Ended {
        let now = clock::units();
        asking::end(&self.open);
        self.record.ended.store(now, RELAXED);
        let status = match self.outcome.load(RELAXED) {
            _ if panicking => OP_PANICKED,
            0 => OP_OK,
            set => u64::from(set),
        };
        occupancy::close(&self.record.state, self.generation.load(RELAXED), status);
        if self.count.load(RELAXED) > 0 {
            self.spend(now, shard());
        }
        let took = now.saturating_sub(self.begun.load(RELAXED));
        let kind = match site.kind {
            Some(kind) => {
                kind.times.record(clock::to_ns(took));
                if status != OP_OK {
                    kind.ended(site.label, status);
                }
                kind.number.load(RELAXED) as usize
            }
            None => usize::MAX,
        };
        Ended { kind, took, now }
    }

    /// How it will have ended.
    #[inline]
    pub(super) fn set_outcome(&self, outcome: Outcome) {
        self.outcome.store(as_status(outcome), RELAXED);
    }

    /// How it ends, unless its own code said otherwise.
    #[inline]
    pub(super) fn end_unless_said(&self, outcome: Outcome) {
        if self.outcome.load(RELAXED) == 0 {
            self.set_outcome(outcome);
        }
    }

    /// It has another status.
    #[inline]
    pub(super) fn status(&self, spent: &'static Spent) {
        let record = self.record;
        let now = clock::units();
        let count = self.count.load(RELAXED);
        let shard = shard();
        let total = if count == 0 {
            self.first_status();
            None
        } else {
            Some(self.spend(now, shard))
        };
        let number = spent.number.load(RELAXED);
        let entry = status_entry(u64::from(number), now.saturating_sub(self.begun.load(RELAXED)));
        let words = (&record.statuses, &record.recent, &record.totals);
        statuses::step(words.0, words.1, words.2, count, entry, total);
        self.count.store(count + 1, RELAXED);
        self.since.store(now, RELAXED);
        self.place.store(self.place_of(number), RELAXED);
        let offset = spent.offset.load(RELAXED);
        self.offset.store(offset, RELAXED);
        if let Some(shard) = shard {
            shard.add(offset, 1);
        }
    }

    /// Forgets the statuses of the last operation: a reader does not look at them before there is one.
    fn first_status(&self) {
        let used = self.used.load(RELAXED);
        self.used.store(0, RELAXED);
        for known in self.numbers.iter().take(used as usize) {
            known.store(UNUSED, RELAXED);
        }
        for total in &self.record.totals {
            total.store(0, RELAXED);
        }
    }

    /// Adds the time in the current status to what was spent in it, here and over all operations; its
    /// place among the totals and the new total as packed.
    #[inline]
    fn spend(&self, now: u64, shard: Option<Shard>) -> (usize, u64) {
        let elapsed = now.saturating_sub(self.since.load(RELAXED));
        let place = self.place.load(RELAXED) as usize;
        let (mut total, mut number) = (elapsed, 0);
        if let (Some(sum), Some(known)) = (self.totals.get(place), self.numbers.get(place)) {
            total = total.wrapping_add(sum.load(RELAXED));
            sum.store(total, RELAXED);
            number = known.load(RELAXED);
        }
        if let Some(shard) = shard {
            shard.add_second(self.offset.load(RELAXED), elapsed);
        }
        (place, status_entry(u64::from(number), total))
    }

    /// The place of a status among the totals: the one it has, a new one, or the last, which is shared.
    #[inline]
    fn place_of(&self, number: u32) -> u32 {
        // Places that are not in use have no status's number, so all are asked alike.
        let known = self.numbers.iter().position(|known| known.load(RELAXED) == number);
        known.map_or_else(|| self.new_place(number), |place| place as u32)
    }

    #[cold]
    #[inline(never)]
    fn new_place(&self, number: u32) -> u32 {
        let used = self.used.load(RELAXED);
        let place = (used as usize).min(OP_TOTALS - 1);
        if let (Some(known), Some(total)) = (self.numbers.get(place), self.totals.get(place)) {
            if used as usize >= OP_TOTALS {
                known.store(OP_OTHER as u32, RELAXED);
            } else {
                known.store(number, RELAXED);
                total.store(0, RELAXED);
                self.used.store(used + 1, RELAXED);
            }
        }
        place as u32
    }

    /// It served `n` more.
    #[inline]
    pub(super) fn serve(&self, n: u64) {
        let word = &self.record.served;
        word.store(word.load(RELAXED).wrapping_add(n), RELAXED);
    }

    /// This thread works on it from now on, or nobody.
    #[inline(always)]
    pub(super) fn hold(&self, worker: Holder) {
        holding::turn(&self.record.holder, &self.record.turned, worker.holder, clock::coarse());
        self.worker.store(worker.token, RELAXED);
    }

    /// Whether the thread with this token works on it.
    #[inline(always)]
    pub(super) fn is_worked_on_by(&self, token: u64) -> bool {
        // Relaxed: a thread's own token was stored by the thread itself.
        self.worker.load(RELAXED) == token
    }

    /// From now on a future carries it.
    #[inline(always)]
    pub(super) fn becomes_future(&self) {
        let word = &self.record.lengths_flags;
        if word.load(RELAXED) & OP_FUTURE == 0 {
            // In one piece: its texts may be changed from another thread.
            word.fetch_or(OP_FUTURE, RELAXED);
        }
    }

    /// It has another label, and the peer that it had.
    pub(super) fn set_label(&self, label: Label) {
        self.change_texts(|old| label.in_place_of(old));
    }

    /// It is for somebody else, and has the label that it had.
    pub(super) fn set_peer(&self, who: &Label) {
        self.change_texts(|old| who.beside(old));
    }

    /// More is known of it: label and peer.
    #[cfg(feature = "tracing")]
    pub(super) fn add_texts(&self, more: &Label) {
        self.change_texts(|old| more.behind(old));
    }

    /// Others may be reading them.
    #[inline(never)]
    fn change_texts(&self, make: impl FnOnce(&Label) -> Label) {
        let record = self.record;
        let new = make(&Label::stored(&record.text, self.texts.load(RELAXED)));
        // The second time nobody can have set another bit.
        if !texts::begin(&record.lengths_flags, OP_TEXT_BITS)
            && !texts::begin(&record.lengths_flags, OP_TEXT_BITS)
        {
            return lost(|lost| &lost.signals);
        }
        let texts = (&new).store(&record.text);
        self.texts.store(texts, RELAXED);
        texts::finish(&record.lengths_flags, text::on_board(texts));
    }

    /// Whether somebody asked it to end: then it will have ended as cancelled, unless it says otherwise.
    #[inline(always)]
    pub(super) fn sees_cancel(&self) -> bool {
        let asked = asking::is_asked(&self.cancel, self.generation.load(RELAXED));
        if asked {
            self.end_unless_said(Outcome::Cancelled);
        }
        asked
    }

    /// Asks the operation of this generation to end. Should that end just now, the next one in this record
    /// has another generation.
    pub(crate) fn cancel(&self, generation: u64) {
        asking::ask(&self.cancel, generation);
        self.record.cancel.store(generation, RELAXED);
        self.waker.wake();
    }

    /// `waker` is woken when its cancellation is requested, until the operation ends.
    pub(super) fn wake_on_cancel(&self, waker: &Waker) {
        self.home.store(LEFT_WAKER, RELAXED);
        self.waker.register(waker);
    }

    /// The waker that its operation left, if it did and was not woken: this is its end.
    pub(super) fn take_waker(&self) -> Option<Waker> {
        if self.home.load(RELAXED) != LEFT_WAKER {
            return None;
        }
        self.home.store(self.number, RELAXED);
        self.waker.take()
    }
}

/// How an operation ended, as a record's state says it.
#[inline(always)]
fn as_status(outcome: Outcome) -> u32 {
    let status = match outcome {
        Outcome::Ok => OP_OK,
        Outcome::Error => OP_ERROR,
        Outcome::Cancelled => OP_CANCELLED,
        Outcome::Panicked => OP_PANICKED,
    };
    status as u32
}
