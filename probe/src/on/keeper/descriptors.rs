//! How many descriptors are open, over the life of the process: the least of each stretch of time, in at
//! most eight stretches, which double when they run out. What is opened and closed again leaves the
//! least as it was; what leaks raises it from stretch to stretch.

use core::sync::atomic::Ordering;
use std::os::fd::OwnedFd;

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use crate::layout::FD_STRETCHES;
use crate::on::board::tables::Board;
use crate::on::ground::ours::Identity;

/// The first stretches are so long, ns.
const FIRST_NS: u64 = 1_000_000_000;

/// What the keeper remembers between looks.
#[derive(Debug)]
pub(crate) struct Descriptors {
    /// The kernel's directory of them.
    directory: Option<(OwnedFd, Identity)>,
    /// The least of each stretch that is over.
    least: [u64; FD_STRETCHES],
    over: usize,
    stretch_ns: u64,
    /// Looks in one stretch, looks so far in this one, and the least so far.
    looks: u64,
    looked: u64,
    now_least: u64,
}

impl Descriptors {
    /// Opens what it looks at, which it never does again; `None` where the kernel does not say how many there are
    /// (before Linux 6.2).
    pub(crate) fn new() -> Option<Self> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = open("/proc/self/fd", flags, Mode::empty()).ok()?;
        let identity = Identity::of(&directory)?;
        let seen = Self { directory: Some((directory, identity)), ..Self::of_nothing() };
        (seen.open_now()? > 0).then_some(seen)
    }

    const fn of_nothing() -> Self {
        Self {
            directory: None,
            least: [0; FD_STRETCHES],
            over: 0,
            stretch_ns: FIRST_NS,
            looks: 1,
            looked: 0,
            now_least: u64::MAX,
        }
    }

    /// Looks, once a second, and writes down what changed.
    pub(crate) fn look(&mut self, board: &Board) {
        let Some(open) = self.open_now() else { return };
        if self.note(open) {
            self.publish(board);
        }
    }

    /// Takes note of a count; true when a stretch is over.
    fn note(&mut self, open: u64) -> bool {
        self.now_least = self.now_least.min(open);
        self.looked += 1;
        if self.looked < self.looks {
            return false;
        }
        if self.over == FD_STRETCHES {
            self.merge();
        }
        if let Some(place) = self.least.get_mut(self.over) {
            *place = self.now_least;
            self.over += 1;
        }
        self.looked = 0;
        self.now_least = u64::MAX;
        true
    }

    /// Two stretches become one, and so will those to come.
    fn merge(&mut self) {
        let half = FD_STRETCHES / 2;
        for index in 0..half {
            let pair = self.least.get(2 * index..2 * index + 2).unwrap_or_default();
            let least = pair.iter().copied().min().unwrap_or(0);
            if let Some(place) = self.least.get_mut(index) {
                *place = least;
            }
        }
        self.over = half;
        self.looks *= 2;
        self.stretch_ns *= 2;
    }

    fn publish(&self, board: &Board) {
        let pulse = board.single.pulse;
        // A reader that comes in between sees stretches of two lengths once.
        pulse.fd_stretches.store(0, Ordering::Relaxed);
        core::sync::atomic::fence(Ordering::Release);
        for (word, least) in pulse.fd_least.iter().zip(self.least) {
            word.store(least, Ordering::Relaxed);
        }
        pulse.fd_stretch_ns.store(self.stretch_ns, Ordering::Relaxed);
        pulse.fd_stretches.store(self.over as u64, Ordering::Release);
    }

    /// Descriptors open now, as long as the directory is still ours to ask.
    fn open_now(&self) -> Option<u64> {
        let (directory, identity) = self.directory.as_ref()?;
        let facts = nix::sys::stat::fstat(directory).ok()?;
        identity.is(&facts).then(|| u64::try_from(facts.st_size).ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(counts: impl Iterator<Item = u64>) -> Descriptors {
        let mut seen = Descriptors::of_nothing();
        for count in counts {
            seen.note(count);
        }
        seen
    }

    #[test]
    fn stretches_double_and_keep_the_least() {
        let seen = after(1..=8);
        assert_eq!((seen.over, seen.stretch_ns), (8, FIRST_NS));
        assert_eq!(seen.least, [1, 2, 3, 4, 5, 6, 7, 8]);
        // The ninth stretch begins with room made: it is as long as two.
        let seen = after(1..=10);
        assert_eq!((seen.over, seen.stretch_ns), (5, 2 * FIRST_NS));
        assert_eq!(seen.least[..5], [1, 3, 5, 7, 9]);
    }

    #[test]
    fn what_comes_and_goes_leaves_the_least() {
        let seen = after((0..1000).map(|second| if second % 2 == 0 { 10 } else { 500 }));
        assert!(seen.least[..seen.over].iter().skip(1).all(|&least| least == 10), "{seen:?}");
    }
}
