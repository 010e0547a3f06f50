//! Looks at one board, tick after tick: state words, counts of pushes and open frames of the slots in
//! use, and nothing else. What has not changed since the last tick says nothing, and costs one load of
//! each word that could have changed.

use std::io;

use probe::layout::{
    BLOCK_BYTES, BLOCK_FRAMES, FrameCopy, MAX_BOARD_BYTES, SectionCopy, SectionKind, SlotCopy,
    WORD, unpack_zero_ended,
};
use probe::protocol::occupancy::{self, Reading};
use probe::protocol::stack::{self, Level};

use super::blame::Blame;
use super::names::{Names, Numbers, next};
use super::rest::Watches;
use super::waits::Seat;
use super::words::{Copies, Words};
use crate::recording::{BoardInfo, Entry, Sink};
use crate::snapshot::{self, Board, Sect};
use crate::words::label::Label;

/// Word of a table entry that holds the number of records in use, bytes from its start.
const USED_AT: u64 = 0x30;
/// Word of a slot that says which of its blocks is in use, bytes from its start.
const BLOCK_AT: u64 = 0x28;
/// Words of a frame.
const FRAME_WORDS: usize = FrameCopy::BYTES / WORD;
/// Lines whose stack is remembered for each thread, by [`nest`].
const NESTS: usize = 8;

/// What was last seen in a slot: no more than a tick at rest needs, one cache line.
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
struct SlotView {
    /// Index of the slot's first word, and of its block's.
    state_at: u32,
    block_at: u32,
    /// The state word of `thread`'s occupancy.
    state: u64,
    thread: Option<u32>,
    /// The count of pushes before the stack was last read as a whole.
    pushes: u64,
    /// The line in the innermost scope, 0 for none.
    line: u64,
    /// Open scopes, outermost first.
    scopes: Vec<u64>,
}

const _: () = assert!(size_of::<SlotView>() == 64);
/// Indexes of words fit 32 bits.
const _: () = assert!(MAX_BOARD_BYTES / 8 < 1 << 32);

/// Lines in the scopes that a thread has open, and the stacks that they make.
type Nests = [(u64, u32); NESTS];

/// Where a line's stack is remembered. Sites stand a fixed number of bytes apart.
fn nest(line: u64) -> usize {
    (line >> 3 ^ line >> 6) as usize % NESTS
}

/// What changed in a view.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// The line, in the same scopes.
    Line(u64),
    /// Maybe more: it must be read as a whole.
    Anew,
}

impl SlotView {
    /// What changed since the last tick, by one load of each word that could have.
    #[inline]
    fn glance(&self, words: Words<'_>) -> Option<Change> {
        let state = |word: u32| words.state(word as usize);
        if self.thread.is_none() {
            let vacant = state(self.state_at) & 0xff != occupancy::LIVE;
            return (!vacant).then_some(Change::Anew);
        }
        let block_at = self.block_at as usize;
        let load = |frame: usize, word: usize| match frame {
            0..BLOCK_FRAMES => words.position(block_at + frame * FRAME_WORDS + word),
            _ => 0,
        };
        let line = stack::read_again(load, self.pushes, self.scopes.iter().copied());
        // After the fence in there: still the same occupancy, so the line was this thread's.
        match line.filter(|_| state(self.state_at) == self.state) {
            Some(line) if line == self.line => None,
            Some(line) => Some(Change::Line(line)),
            None => Some(Change::Anew),
        }
    }
}

/// A reader of one board's positions.
#[derive(Debug)]
pub struct BoardSampler {
    /// Index of the board.
    pub board: u32,
    slots: Sect,
    slots_used_at: u64,
    frames: Option<Sect>,
    views: Vec<SlotView>,
    nests: Vec<Nests>,
    /// Thread id and name of each view's thread.
    known: Vec<(u64, Label)>,
    /// What changed at this tick, by slot.
    changes: Vec<(usize, Change)>,
    seated: usize,
    names: Names,
    watches: Watches,
    /// Which views' threads were said to rest where nobody told what they do.
    resting: Vec<bool>,
    /// Stack of each view's thread, and who keeps whom waiting.
    at: Vec<u32>,
    blame: Blame,
    seats: Vec<Option<Seat>>,
    copies: Copies,
    levels: [Level; BLOCK_FRAMES - 1],
    words: Vec<u64>,
    /// Readings that had to be tried again.
    pub retries: u64,
}

impl BoardSampler {
    /// Introduces a board. `None`: it has no threads' section.
    ///
    /// # Errors
    /// The sink refused.
    pub fn open(
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<Option<Self>> {
        let contents = board.contents();
        let Some(slots) = contents.get(SectionKind::Slots).copied() else { return Ok(None) };
        let entry_at = |index: u64| board.header.toc_offset + index * SectionCopy::BYTES as u64;
        let entry = (0..board.header.toc_count)
            .map(entry_at)
            .find(|&at| board.source.word(at) == SectionKind::Slots as u64);
        let Some(entry) = entry else { return Ok(None) };
        let block = (BLOCK_BYTES * 2) as u64;
        let index = next(&mut numbers.boards);
        sink.put(&Entry::Board(info(board)))?;
        Ok(Some(Self {
            board: index,
            slots,
            slots_used_at: entry + USED_AT,
            frames: contents.get(SectionKind::Frames).filter(|sect| sect.stride >= block).copied(),
            views: Vec::new(),
            nests: Vec::new(),
            known: Vec::new(),
            changes: Vec::new(),
            seated: 0,
            names: Names::open(index, board, numbers, sink)?,
            watches: Watches::of(board),
            resting: Vec::new(),
            at: Vec::new(),
            blame: Blame::of(board),
            seats: Vec::new(),
            copies: Copies::default(),
            levels: [Level::default(); BLOCK_FRAMES - 1],
            words: Vec::new(),
            retries: 0,
        }))
    }

    /// Says how often each counted site was passed, where that changed since it was last said.
    ///
    /// # Errors
    /// The sink refused.
    pub fn hits(&mut self, board: &Board, all: bool, sink: &mut dyn Sink) -> io::Result<()> {
        self.names.hits(board, all, sink)
    }

    /// Looks at every slot in use and says what changed.
    ///
    /// # Errors
    /// The sink refused.
    pub fn look(
        &mut self,
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<()> {
        let used = board.source.word(self.slots_used_at).min(self.slots.capacity) as usize;
        // Pairs with the release store that publishes the number: slots below it are there.
        board.source.fence();
        for slot in self.views.len()..used {
            let state_at = self.slots.at(slot as u64).unwrap_or_default() as usize / WORD;
            self.views.push(SlotView { state_at: state_at as u32, ..SlotView::default() });
            self.nests.push(Nests::default());
            self.known.push((0, Label::from("")));
            self.resting.push(false);
            self.at.push(0);
        }
        let mut copies = std::mem::take(&mut self.copies);
        if !board.source.is_mapped() {
            copies.take(board, &self.slots, self.frames.as_ref(), self.views.len());
        }
        // All are looked at before anything is said of one: loads that have to come from another core's
        // cache wait together.
        let words = Words::of(board, &copies);
        let mut changes = std::mem::take(&mut self.changes);
        let views = self.views.iter().enumerate();
        changes.extend(views.filter_map(|(slot, view)| Some((slot, view.glance(words)?))));
        self.copies = copies;
        let said = changes.drain(..).try_for_each(|(slot, change)| match change {
            Change::Line(line) => self.line(slot, line, board, numbers, sink),
            Change::Anew => self.look_at(slot, board, numbers, sink),
        });
        self.changes = changes;
        said?;
        self.look_who_waits(board);
        Ok(())
    }

    /// At this tick, who keeps whom waiting.
    fn look_who_waits(&mut self, board: &Board) {
        let seats = self.views.iter().zip(&self.at);
        self.seats.clear();
        self.seats.extend(
            seats.map(|(view, &stack)| {
                Some(Seat { state: view.state, thread: view.thread?, stack })
            }),
        );
        self.blame.look(board, Words::of(board, &self.copies), &self.seats);
    }

    /// Says who kept whom waiting since it was last said.
    ///
    /// # Errors
    /// The sink refused.
    pub fn blame(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        self.blame.say(sink)
    }

    /// Reads a slot as a whole.
    fn look_at(
        &mut self,
        slot: usize,
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<()> {
        let Some(state_at) = self.slots.at(slot as u64) else { return Ok(()) };
        let frames_at = self.frames.and_then(|sect| sect.at(slot as u64));
        let Self { levels, views, .. } = self;
        let (mut again, mut torn) = (0, 0);
        let (mut pushes, mut block_at) = (0, 0);
        let read = occupancy::read(
            || board.source.word(state_at),
            |_| {
                let at = frames_at?;
                block_at = at + (board.source.word(state_at + BLOCK_AT) & 1) * BLOCK_BYTES as u64;
                // Before the reading: if it moves meanwhile, the next look does not trust this one.
                pushes = board.source.word(block_at + (stack::SCOPE * WORD) as u64);
                let load = |frame: usize, word: usize| {
                    board.source.word(block_at + (frame * FrameCopy::BYTES + word * WORD) as u64)
                };
                stack::read(load, levels, &mut torn)
            },
            &mut again,
        );
        self.retries += again + torn;
        match read {
            Reading::Vacant => self.leave(slot, sink),
            Reading::Live(generation, depth) => {
                let state = occupancy::state(generation, occupancy::LIVE);
                if views[slot].thread.is_none() || views[slot].state != state {
                    self.take_seat(slot, state, board, numbers, sink)?;
                }
                let view = &mut self.views[slot];
                view.block_at = (block_at / WORD as u64) as u32;
                match depth {
                    Some(depth) => {
                        // Only of a reading that came to an end may the next look ask what followed.
                        view.pushes = pushes;
                        self.place(slot, depth, board, numbers, sink)
                    }
                    // It has no frames to be read at all.
                    None if frames_at.is_none() => Ok(()),
                    None => self.torn(slot, sink),
                }
            }
            // Whose it was last is the best that can be said; a slot of nobody's is not counted.
            Reading::Torn => self.torn(slot, sink),
        }
    }

    /// Looks whether threads rest where nobody told, and says so, and when they do no more. To be done as often
    /// as the keeper looks.
    ///
    /// # Errors
    /// The sink refused.
    pub fn rest(
        &mut self,
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<()> {
        (0..self.views()).try_for_each(|slot| self.rest_at(slot, board, numbers, sink))
    }

    /// Seats so far.
    pub(super) fn views(&self) -> usize {
        self.views.len()
    }

    /// Says of one view's thread that it rests, or that it does no more, where its site leaves that to the
    /// kernel.
    pub(super) fn rest_at(
        &mut self,
        slot: usize,
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<()> {
        let view = &self.views[slot];
        let leaf = if view.line == 0 { view.scopes.last().copied() } else { Some(view.line) };
        let (Some(thread), Some(leaf)) = (view.thread, leaf) else { return Ok(()) };
        if !self.names.is_untold(leaf) {
            return Ok(());
        }
        let block_at = u64::from(view.block_at) * WORD as u64;
        let load = |frame: usize, word: usize| {
            board.source.word(block_at + (frame * FrameCopy::BYTES + word * WORD) as u64)
        };
        let depth = stack::read(load, &mut self.levels, &mut self.retries);
        let levels = depth.and_then(|depth| self.levels.get(..depth)).unwrap_or_default();
        // The next tick says where it is, if it has moved since the last one.
        let scopes = levels.iter().skip(1).map(|level| level.scope);
        let moved = levels.last().map_or(0, |level| level.line) != view.line
            || !scopes.eq(view.scopes.iter().copied());
        let rests = !moved && self.watches.rests(board, slot, view.state >> 8, levels);
        if moved || rests == self.resting[slot] {
            return Ok(());
        }
        self.words.clear();
        self.words.extend(&view.scopes);
        self.words.extend(Some(view.line).filter(|&line| line != 0));
        if rests && let Some(last) = self.words.last_mut() {
            *last = self.names.resting(leaf, numbers, sink)?;
        }
        let Some(stack) = self.names.stack(&self.words, board, numbers, sink)? else {
            return Ok(());
        };
        self.resting[slot] = rests;
        self.at[slot] = stack;
        sink.put(&Entry::At { thread, stack })
    }

    fn leave(&mut self, slot: usize, sink: &mut dyn Sink) -> io::Result<()> {
        match self.views[slot].thread.take() {
            Some(thread) => {
                self.seated -= 1;
                sink.put(&Entry::Gone { thread })
            }
            None => Ok(()),
        }
    }

    /// Every thread leaves: the board's process ended.
    ///
    /// # Errors
    /// The sink refused.
    pub fn leave_all(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        (0..self.views.len()).try_for_each(|slot| self.leave(slot, sink))
    }

    /// Threads in sight.
    pub fn threads(&self) -> usize {
        self.seated
    }

    /// The next seated thread from slot `turn` on, which goes on behind it: its number, its id, and the name
    /// that it is known by.
    pub(super) fn seated_from(&mut self, turn: &mut usize) -> Option<(u32, u64, &mut Label)> {
        let count = self.views.len();
        let slot = (0..count)
            .map(|step| (*turn + step) % count)
            .find(|&slot| self.views[slot].thread.is_some())?;
        *turn = slot + 1;
        let (tid, name) = &mut self.known[slot];
        Some((self.views[slot].thread?, *tid, name))
    }

    /// Introduces a slot's new occupant, which is somewhere from here on, if only nowhere yet.
    fn take_seat(
        &mut self,
        slot: usize,
        state: u64,
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<()> {
        self.leave(slot, sink)?;
        let mut words = [0; SlotCopy::BYTES / 8];
        board.record(&self.slots, slot as u64, &mut words);
        let Some(record) = SlotCopy::from_words(&words) else { return Ok(()) };
        let Some(stack) = self.names.stack(&[], board, numbers, sink)? else { return Ok(()) };
        let thread = next(&mut numbers.threads);
        let name = Label::from_bytes(&unpack_zero_ended(&record.name));
        self.known[slot] = (record.tid, name.clone());
        self.at[slot] = stack;
        sink.put(&Entry::Thread { board: self.board, tid: record.tid, name })?;
        sink.put(&Entry::At { thread, stack })?;
        let state_at = self.views[slot].state_at;
        self.views[slot] =
            SlotView { state_at, state, thread: Some(thread), ..SlotView::default() };
        self.nests[slot] = Nests::default();
        self.seated += 1;
        Ok(())
    }

    fn torn(&mut self, slot: usize, sink: &mut dyn Sink) -> io::Result<()> {
        match self.views[slot].thread {
            Some(thread) => sink.put(&Entry::Torn { thread }),
            None => Ok(()),
        }
    }

    /// A stack that was read as a whole.
    fn place(
        &mut self,
        slot: usize,
        depth: usize,
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<()> {
        let levels = &self.levels[..depth.min(self.levels.len())];
        let scopes = levels.iter().skip(1).map(|level| level.scope);
        let line = levels.last().map_or(0, |level| level.line);
        let view = &mut self.views[slot];
        if scopes.clone().eq(view.scopes.iter().copied()) {
            return if line == view.line {
                Ok(())
            } else {
                self.line(slot, line, board, numbers, sink)
            };
        }
        view.scopes.clear();
        view.scopes.extend(scopes);
        self.nests[slot] = Nests::default();
        self.line(slot, line, board, numbers, sink)
    }

    /// Another line, or another stack, than at the last tick.
    fn line(
        &mut self,
        slot: usize,
        line: u64,
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<()> {
        // It moved: what is known of its rest is of before.
        self.resting[slot] = false;
        let view = &mut self.views[slot];
        view.line = line;
        let Some(thread) = view.thread else { return Ok(()) };
        let (known, stack) = self.nests[slot][nest(line)];
        if line != 0 && known == line {
            self.at[slot] = stack;
            return sink.put(&Entry::At { thread, stack });
        }
        self.words.clear();
        self.words.extend(&view.scopes);
        self.words.extend(Some(line).filter(|&line| line != 0));
        let Some(stack) = self.names.stack(&self.words, board, numbers, sink)? else {
            // No line is odd: the next look says the same again.
            self.views[slot].line = u64::MAX;
            return sink.put(&Entry::Torn { thread });
        };
        self.nests[slot][nest(line)] = (line, stack);
        self.at[slot] = stack;
        sink.put(&Entry::At { thread, stack })
    }
}

/// What a recording keeps of a board.
fn info(board: &Board) -> BoardInfo {
    let strings = snapshot::strings(board);
    let text = |word| strings.get(word).unwrap_or_else(|| Label::from(""));
    let header = &board.header;
    let program = text(header.program);
    // A board may name any path.
    let path = std::path::Path::new(program.raw());
    let facts = crate::patience::answers(path).and_then(|()| std::fs::metadata(path));
    let changed = facts.and_then(|facts| facts.modified()).ok();
    let since = changed.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    BoardInfo {
        name: text(header.name),
        pid: header.pid,
        instance: header.instance,
        build: text(header.build),
        program,
        built_ns: since.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(0)),
    }
}
