//! Who holds which slot, and what the writer must know of each, in private memory: nothing on the board decides it.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::on::board::tables::Board;
use crate::on::ground::latest::Latest;
use crate::on::thread::registrar;
use crate::protocol::claims;

/// What the writer knows of a slot, besides what it writes there.
#[derive(Debug, Default)]
pub(crate) struct SlotUser {
    /// Generation of the last occupancy.
    pub(crate) generation: AtomicU64,
    /// Thread id of the occupant; 0 when there is none.
    pub(crate) tid: AtomicU64,
    /// Which of the slot's blocks the occupant uses.
    pub(crate) block: AtomicU64,
    /// Busy units of all occupants so far.
    pub(super) busy: AtomicU64,
    /// Number of the thread's last wait for a lock.
    pub(crate) waits: AtomicU64,
    /// Publications in the worker record so far.
    pub(super) sequence: AtomicU64,
}

/// The slots of a board, and who holds each.
#[derive(Debug)]
pub(crate) struct Slots {
    pub(crate) board: &'static Board,
    claims: Box<[AtomicU64]>,
    users: Box<[SlotUser]>,
}

static HELD: Latest<Slots> = Latest::none();

/// Those of this process's board.
pub(crate) fn current() -> Option<&'static Slots> {
    HELD.get()
}

/// From now on slots are those of `board`.
pub(crate) fn install(board: &'static Board) {
    let count = board.threads.slots.count();
    HELD.set(Slots {
        board,
        claims: (0..count.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
        users: (0..count).map(|_| SlotUser::default()).collect(),
    });
}

impl Slots {
    /// A slot that nobody has.
    pub(super) fn claim(&self) -> Option<usize> {
        let slot = claims::claim(&self.claims, self.board.threads.slots.count());
        self.count();
        slot
    }

    /// Gives a slot back.
    pub(super) fn release(&self, slot: usize) {
        claims::release(&self.claims, slot);
        self.count();
    }

    /// Looks again whether slots are short: whether three quarters are held. A moment's error is put right by the
    /// next who comes or goes.
    fn count(&self) {
        let words = self.claims.iter().map(|word| word.load(Ordering::Relaxed).count_ones());
        let held = words.sum::<u32>() as usize;
        registrar::set_tight(held * 4 >= self.board.threads.slots.count() * 3);
    }

    /// What the writer knows of a slot.
    pub(crate) fn user(&self, slot: usize) -> Option<&SlotUser> {
        self.users.get(slot)
    }

    /// Indices of slots that are held just now.
    pub(super) fn held(&self) -> impl Iterator<Item = usize> + use<'_> {
        (0..self.users.len()).filter(|&slot| claims::is_held(&self.claims, slot))
    }
}
