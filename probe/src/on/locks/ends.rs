//! Who is at the ends of a channel: the thread that receives, and the thread that sends if there is only one.

use core::panic::Location;
#[cfg(feature = "crossbeam")]
use core::sync::atomic::AtomicBool;
use core::sync::atomic::{AtomicU64, Ordering, fence};

use super::me::me;
use super::wait::{self, Limit, Waiting};
use super::watched::Watched;
use crate::layout::{LockFamily, LockKind, PARTY_UNKNOWN, WaitHow};
use crate::on::thread::local;
use crate::protocol::held;

/// The two ends of a channel.
#[derive(Debug)]
pub(crate) struct Ends {
    /// Who received last stands there as its holder.
    watched: Watched,
    /// Who sends; [`PARTY_UNKNOWN`] for good once there was more than one, or could have been.
    sender: AtomicU64,
    /// Several receive, or could, for good: who received last is not the only one who will.
    #[cfg(feature = "crossbeam")]
    several: AtomicBool,
    /// Items that fit; 0 for as many as come.
    capacity: u64,
}

impl Ends {
    pub(crate) const fn new(
        family: LockFamily,
        capacity: u64,
        place: &'static Location<'static>,
    ) -> Self {
        let watched = Watched::new(LockKind::Channel, family, 0, "", place);
        Self {
            watched,
            sender: AtomicU64::new(0),
            #[cfg(feature = "crossbeam")]
            several: AtomicBool::new(false),
            capacity,
        }
    }

    /// This thread sends.
    #[inline(always)]
    pub(crate) fn sends(&self) {
        let me = local::with(|local| local.me.get());
        if self.sender.load(Ordering::Relaxed) != me || me == 0 {
            self.sends_first();
        }
    }

    #[cold]
    #[inline(never)]
    fn sends_first(&self) {
        if !self.is_of_many() {
            self.sends_of(me());
        }
    }

    /// Whether several send, or could: that is for good, also when one alone is left, and was said when it came to be. So
    /// there is nothing to be written by any of them.
    fn is_of_many(&self) -> bool {
        self.sender.load(Ordering::Relaxed) == PARTY_UNKNOWN
    }

    fn sends_of(&self, me: u64) {
        let unknown = PARTY_UNKNOWN;
        let first = |who: u64| Some(if who == 0 || who == me { me } else { unknown });
        let _ = self.sender.fetch_update(Ordering::Relaxed, Ordering::Relaxed, first);
        self.say();
    }

    /// An operation sends, on whichever thread, or somebody of whom nothing is known.
    #[cfg(feature = "tokio")]
    pub(crate) fn sends_as(&self, party: u64) {
        if self.sender.load(Ordering::Relaxed) != party && !self.is_of_many() {
            self.sends_of(party);
        }
    }

    /// There are several who may send from now on.
    pub(crate) fn has_many_senders(&self) {
        if !self.is_of_many() && self.sender.swap(PARTY_UNKNOWN, Ordering::Relaxed) != PARTY_UNKNOWN
        {
            self.say();
        }
    }

    /// This thread receives.
    #[inline(always)]
    pub(crate) fn receives(&self) {
        let me = local::with(|local| local.me.get());
        if !self.watched.is_turn_of(me) {
            self.receives_anew(me);
        }
    }

    #[cold]
    #[inline(never)]
    fn receives_anew(&self, me: u64) {
        if !self.keeps_receivers_unknown() {
            self.watched.turns(me);
        }
    }

    /// Where several receive that stays, whoever receives next.
    #[cfg(feature = "crossbeam")]
    fn keeps_receivers_unknown(&self) -> bool {
        let several = self.several.load(Ordering::Relaxed);
        if several {
            self.watched.turns(PARTY_UNKNOWN);
        }
        several
    }

    #[cfg(not(feature = "crossbeam"))]
    fn keeps_receivers_unknown(&self) -> bool {
        false
    }

    /// An operation receives, on whichever thread, or somebody of whom nothing is known.
    #[cfg(feature = "tokio")]
    pub(crate) fn receives_as(&self, party: u64) {
        self.watched.turns(party);
    }

    /// Waits for `future` at the channel, and says so once it has to.
    #[cfg(feature = "tokio")]
    pub(crate) async fn waited<F: core::future::Future>(
        &self,
        how: WaitHow,
        here: &'static Location<'static>,
        future: F,
    ) -> F::Output {
        super::future::waited(&self.watched, how, here, || self.say_all(), future).await
    }

    /// There are several who may receive from now on.
    #[cfg(feature = "crossbeam")]
    pub(crate) fn has_many_receivers(&self) {
        self.several.store(true, Ordering::SeqCst);
        self.watched.turns(PARTY_UNKNOWN);
    }

    /// The record says who sends, if there is one. Of two who say so at once none leaves what the other has overtaken:
    /// nobody says it again.
    fn say(&self) {
        fence(Ordering::SeqCst);
        if let Some(record) = self.watched.record() {
            held::copy(&self.sender, &record.other, |sender| sender);
        }
    }

    fn say_all(&self) {
        if let Some(record) = self.watched.record() {
            record.capacity.store(self.capacity, Ordering::Relaxed);
        }
        // Of a receiver that was just at it when there came to be several.
        self.keeps_receivers_unknown();
        self.say();
    }

    /// This thread begins to wait at the channel.
    #[cold]
    pub(crate) fn begin(
        &self,
        how: WaitHow,
        limit: Limit,
        here: &'static Location<'static>,
    ) -> Waiting {
        let waiting = wait::begin(&self.watched, how, limit, here);
        self.say_all();
        waiting
    }

    /// The wait ends.
    #[cold]
    pub(crate) fn end(&self, waiting: Waiting) {
        wait::end(waiting, &self.watched, false);
    }
}
