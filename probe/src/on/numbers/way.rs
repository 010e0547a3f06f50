//! One of some ways in which things end: a member of a family, made when it is first needed.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::on::board::tables::{self, Board};
use crate::on::ground::latest::Latest;
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
    number: Latest<Made>,
    /// The board that its number is made on, or was.
    on: RecordRef<Board>,
    /// Those that came while it was being made, below the process that they came in: a forked child has its parent's.
    waiting: AtomicU64,
}

/// The number of a way, on one board.
#[derive(Debug)]
struct Made {
    board: &'static Board,
    member: CounterMember,
}

impl Way {
    pub(crate) const fn new() -> Self {
        Self { number: Latest::none(), on: RecordRef::unset(), waiting: AtomicU64::new(0) }
    }

    /// One more ended so; `make` makes its number, once on each board: a forked child's has none of its parent's.
    /// Before there is a board nothing is counted.
    pub(crate) fn count(&self, make: impl FnOnce() -> CounterMember) {
        let Some(board) = tables::board() else { return };
        match self.number_on(board) {
            Some(member) => member.add(1),
            None => self.count_first(board, make),
        }
    }

    fn number_on(&self, board: &Board) -> Option<&'static CounterMember> {
        let made = self.number.get()?;
        core::ptr::eq(made.board, board).then_some(&made.member)
    }

    #[cold]
    fn count_first(&self, board: &'static Board, make: impl FnOnce() -> CounterMember) {
        let one_more = |waiting| Some((waiting_in(waiting, board.pid) + 1) | of(board.pid));
        _ = self.waiting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more);
        let before = self.on.get();
        let is_new = before.is_none_or(|before| !core::ptr::eq(before, board));
        if is_new && self.on.change(before, Some(board)) {
            self.number.set(Made { board, member: make() });
        }
        // Who made it looks after it is there, and so does who waited: one of the two finds what waits.
        if let Some(member) = self.number_on(board) {
            member.add(waiting_in(self.waiting.swap(0, Ordering::SeqCst), board.pid));
        }
    }
}

/// A process, above those that wait in it.
fn of(pid: u32) -> u64 {
    u64::from(pid) << 32
}

/// How many wait in this process.
fn waiting_in(waiting: u64, pid: u32) -> u64 {
    if waiting & of(u32::MAX) == of(pid) { waiting & u64::from(u32::MAX) } else { 0 }
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
