//! Threads that rest where nobody told what they do: a span says only that it is open. The kernel knows, and the
//! keeper asks it, for threads that stay where they are; what it noted stands beside their slots. A thread that
//! used no processor time between its last two looks waits.

use probe::layout::{SectionKind, WORD, WatchCopy, position_digest};
use probe::protocol::keyed;
use probe::protocol::stack::Level;

use crate::snapshot::{Board, Sect};

/// The keeper's notes.
#[derive(Debug)]
pub(super) struct Watches(Option<Sect>);

impl Watches {
    pub(super) fn of(board: &Board) -> Self {
        let whole = |sect: &&Sect| sect.stride >= WatchCopy::BYTES as u64;
        Self(board.contents().get(SectionKind::Watches).filter(whole).copied())
    }

    /// Whether the thread of a slot with this generation rests at these frames, as far as the keeper looked.
    pub(super) fn rests(
        &self,
        board: &Board,
        slot: usize,
        generation: u64,
        levels: &[Level],
    ) -> bool {
        let Some(at) = self.0.and_then(|sect| sect.at(slot as u64)) else { return false };
        let word = |index: usize| board.source.word(at + (index * WORD) as u64);
        let busy = |position| position == u64::MAX;
        let (position, rest) = keyed::read(|| word(0), |index| word(1 + index), busy, &mut 0);
        let here =
            position_digest(generation, levels.iter().flat_map(|level| [level.scope, level.line]));
        matches!(rest, Some([since, still]) if since != 0 && still != u64::MAX && position == here)
    }
}
