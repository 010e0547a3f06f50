//! Operations, in flight and ended, each read under one occupancy.

use probe::layout::{
    HOLDER_UNSEEN, OP_LABEL_BYTES, OP_PEER_BYTES, OP_RECENT, OP_TEXT_BITS, OP_TEXT_BYTES,
    OP_TOTALS, OpCopy, OpRecord, SectionKind, TraceCopy, TraceRecord, WORD, from_op_id, unpack,
};
use probe::protocol::holding;
use probe::protocol::occupancy::{self, LIVE, Reading};
use probe::protocol::statuses::{self, Statuses};
use probe::protocol::{texts, traces};

use super::board::{Board, Contents, Sect};
use super::effort::Effort;
use super::pages::{Pages, Record};
use super::room::Room;
use crate::words::label::Label;

/// One operation, copied out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpRead {
    /// Its record's number.
    pub index: u64,
    /// The record's generation.
    pub generation: u64,
    /// In flight, or how it ended: the low byte of its state.
    pub state: u64,
    /// The record's other words.
    pub record: OpCopy,
    /// The thread that worked on it is gone.
    pub gone: bool,
    /// What it went through.
    pub statuses: Statuses<OP_RECENT, OP_TOTALS>,
    /// What it is called; empty when it says nothing.
    pub label: Label,
    /// Whom it is for; empty when it says nothing.
    pub peer: Label,
    /// The trace of others' that it is part of.
    pub trace: Option<TraceRead>,
}

/// A trace, as an operation says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TraceRead {
    /// Its id.
    pub trace: u128,
    /// The span there that the operation is part of; 0 for none.
    pub span: u64,
    /// Whether those who began it keep it.
    pub sampled: bool,
}

/// Every operation in flight, and those that ended and are still there.
pub(super) fn operations(
    board: &Board,
    contents: &Contents,
    effort: &mut Effort,
    room: &mut Room,
) -> Vec<OpRead> {
    let Some(sect) = contents.get(SectionKind::Ops) else { return Vec::new() };
    // Boards of version 1.0 reserved the section and left it empty.
    if sect.stride < OpCopy::BYTES as u64 {
        return Vec::new();
    }
    let slots = contents.get(SectionKind::Slots);
    let mut pages = Pages::new(board, sect);
    let mut operations = Vec::new();
    for index in 0..sect.capacity {
        let Some(record) = pages.record(index) else { break };
        if let Some(read) = operation(record, index, effort)
            && room
                .take("ops", size_of::<OpRead>() + read.label.raw().len() + read.peer.raw().len())
        {
            operations.push(read);
        }
    }
    operations.shrink_to_fit();
    gone(board, sect, slots, &mut operations);
    traces(board, contents, &mut operations, effort);
    operations
}

/// Of which traces these operations are part. Boards from before there were any have none.
fn traces(board: &Board, contents: &Contents, operations: &mut [OpRead], effort: &mut Effort) {
    let Some(sect) = contents.get(SectionKind::Traces) else { return };
    if sect.stride < TraceCopy::BYTES as u64 {
        return;
    }
    let mut pages = Pages::new(board, sect);
    for one in operations {
        let Some(at) = pages.record(one.index) else { break };
        let first = core::mem::offset_of!(TraceRecord, trace);
        let load = |index: usize| at.word((first + index * WORD) as u64);
        let said = traces::read(|| at.word(0), load, one.generation, &mut effort.retries);
        one.trace = said
            .map(|(sampled, [high, low, span])| TraceRead {
                trace: u128::from(high) << 64 | u128::from(low),
                span,
                sampled,
            })
            .filter(|read| read.trace != 0);
    }
}

/// Marks operations whose thread has given up its place: every place is looked at after the operations were read, and
/// the operations once more after that.
fn gone(board: &Board, sect: &Sect, slots: Option<&Sect>, operations: &mut [OpRead]) {
    let Some(slots) = slots else { return };
    board.source.fence();
    let mut pages = Pages::new(board, slots);
    let states: Vec<u64> =
        (0..slots.used).map_while(|slot| Some(pages.record(slot)?.word(0))).collect();
    let has_ended = |holder| {
        let slot = from_op_id(holder).filter(|_| holder != HOLDER_UNSEEN);
        slot.is_some_and(|(slot, generation)| {
            states.get(slot).is_some_and(|&state| occupancy::has_ended(state, generation))
        })
    };
    let holder = core::mem::offset_of!(OpRecord, holder) as u64;
    let mut pages = Pages::new(board, sect);
    for one in operations.iter_mut().filter(|one| one.state == LIVE) {
        let Some(record) = pages.record(one.index) else { break };
        let mut first = Some(one.record.holder);
        let load = || first.take().unwrap_or_else(|| record.word(holder));
        one.gone = holding::is_gone(load, has_ended);
        // An operation that has ended meanwhile keeps its last holder.
        record.fence();
        one.gone &= record.word(0) == occupancy::state(one.generation, LIVE);
    }
}

fn operation(at: Record, index: u64, effort: &mut Effort) -> Option<OpRead> {
    let mut retries = 0;
    let read = occupancy::read_if(
        |_| true,
        || at.word(0),
        |generation, state| {
            let mut words = [0; OpCopy::BYTES / WORD];
            at.words(0, &mut words);
            let mut record = OpCopy::from_words(&words)?;
            let word = |field: usize| at.word(field as u64);
            let (holder, turned) =
                (core::mem::offset_of!(OpRecord, holder), core::mem::offset_of!(OpRecord, turned));
            (record.holder, record.turned) = holding::read(|| word(holder), || word(turned));
            let statuses = statuses(at, effort);
            let (label, peer) = texts(at, &mut record, effort);
            let (gone, trace) = (false, None);
            Some(OpRead { index, generation, state, record, gone, statuses, label, peer, trace })
        },
        &mut retries,
    );
    effort.retries += retries;
    match read {
        Reading::Live(_, operation) => operation,
        Reading::Vacant => None,
        Reading::Torn => {
            effort.torn += 1;
            None
        }
    }
}

fn statuses(at: Record, effort: &mut Effort) -> Statuses<OP_RECENT, OP_TOTALS> {
    let word = |field: usize, index: usize| at.word((field + index * WORD) as u64);
    let count = core::mem::offset_of!(OpRecord, statuses);
    let (recent, totals) =
        (core::mem::offset_of!(OpRecord, recent), core::mem::offset_of!(OpRecord, totals));
    statuses::read(
        || word(count, 0),
        |of_totals, index| word(if of_totals { totals } else { recent }, index),
        &mut effort.retries,
    )
}

/// Label and peer, which may be changed at any time: the peer begins at the next whole word.
fn texts(at: Record, record: &mut OpCopy, effort: &mut Effort) -> (Label, Label) {
    let word = |field: usize, index: usize| at.word((field + index * WORD) as u64);
    let (lengths, text) = texts::read(
        || word(core::mem::offset_of!(OpRecord, lengths_flags), 0),
        OP_TEXT_BITS,
        |_| core::array::from_fn(|index| word(core::mem::offset_of!(OpRecord, text), index)),
        &mut effort.retries,
    );
    (record.lengths_flags, record.text) = (lengths, text);
    let label = (lengths as usize & 0xff).min(OP_LABEL_BYTES);
    let peer = (lengths as usize >> 8 & 0xff).min(OP_PEER_BYTES);
    let bytes = unpack(&text, OP_TEXT_BYTES);
    let behind = label.next_multiple_of(WORD);
    let part = |from: usize, length: usize| {
        Label::from_bytes(bytes.get(from..(from + length).min(bytes.len())).unwrap_or_default())
    };
    (part(0, label), part(behind, peer))
}
