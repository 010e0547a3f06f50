//! How many requests ended in which way: by their answer's status, or without one.
#![expect(unsafe_code, reason = "declares a number, in the section of those that are declared")]

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::on::board::tables;
use crate::on::ground::placed::Placed;
use crate::on::numbers::family::{CounterMember, Family as _};
use crate::on::numbers::verbs::Count as _;

crate::metrics! {
    /// Requests in `OpLayer` that ended: by the class of their answer's status, or without all of an answer.
    counter family ENDED = "tower_requests", "requests", by "end";
}

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// With all of an answer of this status.
    Status(u16),
    /// Its service, or its answer's body, failed.
    Failed,
    /// Its client left, or something timed out.
    Cancelled,
    /// A poll of it panicked.
    Panicked,
}

/// One way to end.
struct Way {
    name: &'static str,
    /// Made when it is first needed.
    member: Placed<CounterMember>,
    made: AtomicBool,
    /// Those that came while it was being made.
    waiting: AtomicU64,
}

impl Way {
    const fn new(name: &'static str) -> Self {
        let (made, waiting) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { name, member: Placed::nowhere(), made, waiting }
    }

    fn count(&self) {
        if let Some(member) = self.member.get() {
            return member.add(1);
        }
        // Before there is a board nothing is counted.
        if tables::board().is_some() {
            self.count_first();
        }
    }

    #[cold]
    fn count_first(&self) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        if !self.made.swap(true, Ordering::SeqCst) {
            self.member.place(Box::leak(Box::new(ENDED.member(self.name))));
        }
        // Who made it looks after it is there, and so does who waited: one of the two finds what waits.
        if let Some(member) = self.member.get() {
            member.add(self.waiting.swap(0, Ordering::SeqCst));
        }
    }
}

static STATUSES: [Way; 5] =
    [Way::new("1xx"), Way::new("2xx"), Way::new("3xx"), Way::new("4xx"), Way::new("5xx")];
static FAILED: Way = Way::new("failed");
static CANCELLED: Way = Way::new("cancelled");
static PANICKED: Way = Way::new("panicked");

/// One more.
pub(super) fn count(end: End) {
    let way = match end {
        End::Status(status) => STATUSES.get(usize::from(status / 100).wrapping_sub(1)),
        End::Failed => Some(&FAILED),
        End::Cancelled => Some(&CANCELLED),
        End::Panicked => Some(&PANICKED),
    };
    if let Some(way) = way {
        way.count();
    }
}
