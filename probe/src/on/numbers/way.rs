//! One of some ways in which things end: a member of a family, made when it is first needed.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::on::board::tables;
use crate::on::ground::record_ref::RecordRef;
use crate::on::numbers::family::CounterMember;
#[cfg(any(feature = "tracing", feature = "tower"))]
use crate::on::numbers::family::{CounterFamily, Family as _};
use crate::on::numbers::verbs::Count as _;

/// Classes of HTTP statuses.
#[cfg(any(feature = "tracing", feature = "tower"))]
pub(crate) const STATUSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// One way to end.
#[derive(Debug)]
pub(crate) struct Way {
    member: RecordRef<CounterMember>,
    made: AtomicBool,
    /// Those that came while it was being made.
    waiting: AtomicU64,
}

impl Way {
    pub(crate) const fn new() -> Self {
        let (made, waiting) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { member: RecordRef::unset(), made, waiting }
    }

    /// One more ended so; `make` makes its number, once. Before there is a board nothing is counted.
    pub(crate) fn count(&self, make: impl FnOnce() -> CounterMember) {
        match self.member.get() {
            Some(member) => member.add(1),
            None if tables::board().is_some() => self.count_first(make),
            None => {}
        }
    }

    #[cold]
    fn count_first(&self, make: impl FnOnce() -> CounterMember) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        if !self.made.swap(true, Ordering::SeqCst) {
            self.member.place(Box::leak(Box::new(make())));
        }
        // Who made it looks after it is there, and so does who waited: one of the two finds what waits.
        if let Some(member) = self.member.get() {
            member.add(self.waiting.swap(0, Ordering::SeqCst));
        }
    }
}

#[cfg(any(feature = "tracing", feature = "tower"))]
impl Way {
    /// One for each class of [`STATUSES`].
    pub(crate) const fn of_statuses() -> [Self; STATUSES.len()] {
        [const { Self::new() }; STATUSES.len()]
    }

    /// One more ended with this status.
    pub(crate) fn count_status(ways: &[Self], family: &'static CounterFamily, status: u16) {
        let class = usize::from(status / 100).wrapping_sub(1);
        if let (Some(way), Some(name)) = (ways.get(class), STATUSES.get(class)) {
            way.count(|| family.member(name));
        }
    }
}
