//! Where each thread is: slots and frames, read so that one thread's name never meets another's line.

use probe::layout::{
    BLOCK_BYTES, BLOCK_FRAMES, FrameCopy, SLOT_LIVE, SectionKind, SlotCopy, WatchCopy, WorkerCopy,
    unpack_zero_ended,
};

use super::board::{Board, Contents, Sect};
use super::records::doubled;
use super::{Effort, TRIES};
use crate::snapshot::Label;

/// One open frame: the base first, then scopes, outermost first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Address of the scope's site; 0 for the base.
    pub scope: u64,
    /// Address of the last tag's site, lowest bit masked; 0 before the first.
    pub line: u64,
    /// The tag's argument, unless it was just being replaced. It has a meaning only where the site
    /// carries one.
    pub arg: Option<u64>,
    /// The scope's argument, where its site carries one.
    pub scope_arg: u64,
}

/// What a thread did, from its worker record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Queue that it serves, as an index.
    pub queue: Option<u64>,
    /// Busy clock units up to the last change.
    pub busy: u64,
    /// Stamp of the last change.
    pub changed: u64,
    /// Jobs in hand: 0 when idle since.
    pub in_hand: u64,
    /// Jobs finished.
    pub finished: u64,
}

/// What the keeper noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Digest of the position it saw.
    pub position: u64,
    /// Stamp of the first look that saw it there.
    pub since: u64,
    /// Stamp since which the thread also used no processor time; `u64::MAX` when not known.
    pub still_since: u64,
}

/// One thread as read from its slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadRead {
    /// Index of its slot.
    pub slot: u64,
    /// Generation of the slot.
    pub generation: u64,
    /// Thread id in the daemon's pid namespace.
    pub tid: u64,
    /// Name.
    pub name: Label,
    /// Stamp of its first probe.
    pub started: u64,
    /// Busy time that the slot's earlier owners left.
    pub busy_at_start: u64,
    /// Open frames, the base first; `None` when they changed at every try.
    pub frames: Option<Vec<Frame>>,
    /// Its work, when it ever held a job.
    pub work: Option<Work>,
    /// What the keeper noticed, when it could be read.
    pub watch: Option<Watch>,
}

/// The sections that hold one record for each slot.
pub(super) struct Rooms<'a> {
    board: &'a Board,
    slots: &'a Sect,
    frames: Option<&'a Sect>,
    workers: Option<&'a Sect>,
    watches: Option<&'a Sect>,
}

impl<'a> Rooms<'a> {
    pub(super) fn new(board: &'a Board, contents: &'a Contents) -> Option<Self> {
        Some(Self {
            board,
            slots: contents.get(SectionKind::Slots)?,
            frames: contents.get(SectionKind::Frames),
            workers: contents.get(SectionKind::Workers),
            watches: contents.get(SectionKind::Watches),
        })
    }

    /// Every live thread.
    pub(super) fn threads(&self, effort: &mut Effort) -> Vec<ThreadRead> {
        (0..self.slots.used).filter_map(|slot| self.thread(slot, effort)).collect()
    }

    /// One slot. It changed hands at every try: counted as torn, and left out, since any row would
    /// pair one thread's name with another's line.
    fn thread(&self, slot: u64, effort: &mut Effort) -> Option<ThreadRead> {
        let state_at = self.slots.at(slot)?;
        for _ in 0..TRIES {
            let state = self.board.source.word(state_at);
            if state & 0xff != SLOT_LIVE {
                return None;
            }
            // Pairs with the release store of `state`: the slot's words are this generation's.
            self.board.source.fence();
            let mut words = [0; SlotCopy::BYTES / 8];
            self.board.record(self.slots, slot, &mut words);
            let record = SlotCopy::from_words(&words)?;
            let generation = state >> 8;
            let read = ThreadRead {
                slot,
                generation,
                tid: record.tid,
                name: Label::from_bytes(&unpack_zero_ended(&record.name)),
                started: record.started,
                busy_at_start: record.busy_at_start,
                frames: self.frames(slot, record.block & 1, effort),
                work: self.work(slot, generation, effort),
                watch: self.watch(slot, effort),
            };
            // Everything above was read before the state is read again.
            self.board.source.fence();
            if self.board.source.word(state_at) == state {
                return Some(read);
            }
            effort.retries += 1;
        }
        effort.torn += 1;
        None
    }

    /// The open frames of the block in use. Frames that two pushes tore apart never add up: the
    /// push count before and after tells.
    fn frames(&self, slot: u64, block: u64, effort: &mut Effort) -> Option<Vec<Frame>> {
        let Some(at) = self.frames.and_then(|sect| sect.at(slot)) else { return Some(Vec::new()) };
        let stride = self.frames.map_or(0, |sect| sect.stride);
        if stride < (block + 1) * BLOCK_BYTES as u64 {
            return Some(Vec::new());
        }
        let at = at + block * BLOCK_BYTES as u64;
        for _ in 0..TRIES {
            let pushes = self.board.source.word(at);
            self.board.source.fence();
            let frames = self.open_frames(at);
            self.board.source.fence();
            if self.board.source.word(at) == pushes {
                return Some(frames);
            }
            effort.retries += 1;
        }
        effort.torn += 1;
        None
    }

    fn open_frames(&self, block_at: u64) -> Vec<Frame> {
        let source = &self.board.source;
        let mut frames = Vec::new();
        for index in 1..BLOCK_FRAMES as u64 {
            let at = block_at + index * FrameCopy::BYTES as u64;
            let scope = if index == 1 { 0 } else { source.word(at) };
            if index > 1 && scope == 0 {
                break;
            }
            let (line, arg) = self.line(at + 8);
            let scope_arg = source.word(at + 24);
            source.fence();
            frames.push(Frame { scope, line, arg, scope_arg });
        }
        frames
    }

    /// A line and its argument: the writer marks the line, stores the argument, then the line. The same
    /// unmarked line on both sides of the argument is the one that it belongs to.
    fn line(&self, at: u64) -> (u64, Option<u64>) {
        let source = &self.board.source;
        let mut line = 0;
        for _ in 0..TRIES {
            line = source.word(at);
            source.fence();
            let arg = source.word(at + 8);
            source.fence();
            if line & 1 == 0 && source.word(at) == line {
                return (line, Some(arg));
            }
        }
        (line & !1, None)
    }

    /// The worker record, when it is this generation's.
    fn work(&self, slot: u64, generation: u64, effort: &mut Effort) -> Option<Work> {
        let sect = self.workers?;
        let mut head = [0; 3];
        self.board.record(sect, slot, &mut head);
        let [sequence, queue, owner] = head;
        if sequence == 0 || owner != generation {
            return None;
        }
        let at = sect.at(slot)?;
        if sect.stride < WorkerCopy::BYTES as u64 {
            return None;
        }
        let mut copy = [0; 4];
        doubled(&self.board.source, at, [at + 0x40, at + 0x80], &mut copy, effort)?;
        let [busy, changed, in_hand, finished] = copy;
        Some(Work { queue: queue.checked_sub(1), busy, changed, in_hand, finished })
    }

    /// What the keeper noticed. A watch that changed at every try is no loss: there is no age then.
    fn watch(&self, slot: u64, effort: &mut Effort) -> Option<Watch> {
        let sect = self.watches?;
        let at = sect.at(slot)?;
        for _ in 0..TRIES {
            let mut words = [0; WatchCopy::BYTES / 8];
            self.board.record(sect, slot, &mut words);
            let position = self.board.source.word(at);
            self.board.source.fence();
            self.board.record(sect, slot, &mut words);
            let watch = WatchCopy::from_words(&words)?;
            self.board.source.fence();
            if position != u64::MAX && self.board.source.word(at) == position {
                return (watch.since != 0).then_some(Watch {
                    position,
                    since: watch.since,
                    still_since: watch.still_since,
                });
            }
            effort.retries += 1;
        }
        effort.torn += 1;
        None
    }
}
