//! Looks at one board, tick after tick: state words, counts of pushes and open frames of the slots in
//! use, and nothing else. What has not changed since the last tick says nothing.

use std::collections::HashMap;
use std::io;

use probe::layout::{
    BLOCK_BYTES, BLOCK_FRAMES, Class, FrameCopy, SITE_SCOPE, SectionCopy, SectionKind, SiteCopy,
    SlotCopy, WORD, unpack_zero_ended,
};
use probe::protocol::stack::{self, Level};
use probe::protocol::tenancy::{self, Reading};

use crate::recording::{BoardInfo, Entry, Sink, SiteInfo};
use crate::snapshot::{self, Board, Label, Sect};

/// Word of a table entry that holds the number of records in use, bytes from its start.
const USED_AT: u64 = 0x30;
/// Word of a slot that says which of its blocks is in use, bytes from its start.
const BLOCK_AT: u64 = 0x28;

/// Numbers given out so far, over all boards of a recording.
#[derive(Clone, Copy, Debug, Default)]
pub struct Numbers {
    boards: u32,
    sites: u32,
    stacks: u32,
    threads: u32,
}

/// Takes the next number.
fn next(number: &mut u32) -> u32 {
    *number += 1;
    *number - 1
}

/// What was last seen in a slot.
#[derive(Clone, Debug, Default)]
struct Seat {
    generation: u64,
    thread: Option<u32>,
    block: u64,
    /// Open scopes and the line in the innermost.
    words: Vec<u64>,
}

/// A reader of one board's positions.
#[derive(Debug)]
pub struct Eye {
    /// Index of the board.
    pub board: u32,
    slots: Sect,
    slots_used_at: u64,
    frames: Option<Sect>,
    seats: Vec<Seat>,
    seated: usize,
    sites: HashMap<u64, u32>,
    sites_used: u64,
    stacks: HashMap<Box<[u64]>, u32>,
    /// Counted sites: index, word of the shards, passes when last said.
    counted: Vec<(u32, u64, Option<u64>)>,
    shards: Option<Sect>,
    levels: [Level; BLOCK_FRAMES - 1],
    words: Vec<u64>,
    /// Readings that had to be tried again.
    pub retries: u64,
}

impl Eye {
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
        let mut eye = Self {
            board: next(&mut numbers.boards),
            slots,
            slots_used_at: entry + USED_AT,
            frames: contents.get(SectionKind::Frames).filter(|sect| sect.stride >= block).copied(),
            seats: Vec::new(),
            seated: 0,
            sites: HashMap::new(),
            sites_used: 0,
            stacks: HashMap::new(),
            counted: Vec::new(),
            shards: contents.get(SectionKind::Shards).copied(),
            levels: [Level::default(); BLOCK_FRAMES - 1],
            words: Vec::new(),
            retries: 0,
        };
        sink.put(&Entry::Board(info(board)))?;
        eye.read_sites(board, numbers, sink)?;
        Ok(Some(eye))
    }

    /// Introduces sites that are not known yet.
    fn read_sites(
        &mut self,
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<()> {
        let contents = board.contents();
        self.sites_used = contents.get(SectionKind::Sites).map_or(0, |sect| sect.used);
        let strings = snapshot::strings(board);
        let text = |word| strings.get(word).unwrap_or_else(|| Label::from(""));
        for site in snapshot::sites(board, &contents) {
            if self.sites.contains_key(&site.address) {
                continue;
            }
            let index = next(&mut numbers.sites);
            self.sites.insert(site.address, index);
            let word = site.hits.checked_sub(1).filter(|_| self.shards.is_some());
            self.counted.extend(word.map(|word| (index, word, None)));
            sink.put(&Entry::Site(SiteInfo {
                board: self.board,
                file: text(site.file),
                line: (site.line_column >> 32) as u32,
                column: site.line_column as u32,
                function: text(site.function),
                label: text(site.label),
                class: class(&site),
                scope: site.class_flags & SITE_SCOPE != 0,
                counted: word.is_some(),
            }))?;
        }
        Ok(())
    }

    /// Says how often each counted site was passed, where that changed since it was last said.
    ///
    /// # Errors
    /// The sink refused.
    pub fn hits(&mut self, board: &Board, all: bool, sink: &mut dyn Sink) -> io::Result<()> {
        let Some(shards) = self.shards else { return Ok(()) };
        for (site, word, said) in &mut self.counted {
            let place = *word * WORD as u64;
            if place >= shards.stride {
                continue;
            }
            let rows = (0..shards.capacity).filter_map(|row| shards.at(row));
            let passes = rows.fold(0u64, |sum, at| sum.wrapping_add(board.source.word(at + place)));
            if all || *said != Some(passes) {
                *said = Some(passes);
                sink.put(&Entry::Hits { site: *site, passes })?;
            }
        }
        Ok(())
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
        let used = board.source.word(self.slots_used_at).min(self.slots.capacity);
        // Pairs with the release store that publishes the number: slots below it are there.
        board.source.fence();
        if self.seats.len() < used as usize {
            self.seats.resize_with(used as usize, Seat::default);
        }
        for slot in 0..self.seats.len() {
            self.look_at(slot, board, numbers, sink)?;
        }
        Ok(())
    }

    fn look_at(
        &mut self,
        slot: usize,
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<()> {
        let Some(state_at) = self.slots.at(slot as u64) else { return Ok(()) };
        let frames_at = self.frames.and_then(|sect| sect.at(slot as u64));
        let Self { levels, seats, .. } = self;
        let seat = &mut seats[slot];
        let (mut again, mut pushed) = (0, 0);
        let read = tenancy::read(
            || board.source.word(state_at),
            |generation| {
                if generation != seat.generation || seat.thread.is_none() {
                    seat.block = board.source.word(state_at + BLOCK_AT) & 1;
                }
                let Some(at) = frames_at else { return Some(0) };
                let at = at + seat.block * BLOCK_BYTES as u64;
                let load = |frame: usize, word: usize| {
                    board.source.word(at + (frame * FrameCopy::BYTES + word * WORD) as u64)
                };
                stack::read(load, levels, &mut pushed)
            },
            &mut again,
        );
        self.retries += again + pushed;
        match read {
            Reading::Vacant => self.leave(slot, sink),
            Reading::Live(generation, depth) => {
                self.take_seat(slot, generation, board, numbers, sink)?;
                match depth {
                    Some(depth) => self.place(slot, depth, board, numbers, sink),
                    None => self.torn(slot, sink),
                }
            }
            // Whose it was last is the best that can be said; a slot of nobody's is not counted.
            Reading::Torn => self.torn(slot, sink),
        }
    }

    fn leave(&mut self, slot: usize, sink: &mut dyn Sink) -> io::Result<()> {
        let seat = &mut self.seats[slot];
        seat.words.clear();
        match seat.thread.take() {
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
        (0..self.seats.len()).try_for_each(|slot| self.leave(slot, sink))
    }

    /// Threads in sight.
    pub fn threads(&self) -> usize {
        self.seated
    }

    fn take_seat(
        &mut self,
        slot: usize,
        generation: u64,
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<()> {
        let seat = &self.seats[slot];
        if seat.thread.is_some() && seat.generation == generation {
            return Ok(());
        }
        self.leave(slot, sink)?;
        let mut words = [0; SlotCopy::BYTES / 8];
        board.record(&self.slots, slot as u64, &mut words);
        let Some(record) = SlotCopy::from_words(&words) else { return Ok(()) };
        let thread = next(&mut numbers.threads);
        let name = Label::from_bytes(&unpack_zero_ended(&record.name));
        sink.put(&Entry::Thread { board: self.board, tid: record.tid, name })?;
        // It is somewhere from here on, if only nowhere yet.
        let stack = self.stack(&[], board, numbers, sink)?;
        sink.put(&Entry::At { thread, stack })?;
        let seat = &mut self.seats[slot];
        seat.generation = generation;
        seat.thread = Some(thread);
        self.seated += 1;
        Ok(())
    }

    fn torn(&mut self, slot: usize, sink: &mut dyn Sink) -> io::Result<()> {
        match self.seats[slot].thread {
            Some(thread) => sink.put(&Entry::Torn { thread }),
            None => Ok(()),
        }
    }

    fn place(
        &mut self,
        slot: usize,
        depth: usize,
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<()> {
        let levels = &self.levels[..depth.min(self.levels.len())];
        self.words.clear();
        self.words.extend(levels.iter().map(|level| level.scope).filter(|&scope| scope != 0));
        self.words.extend(levels.last().map(|level| level.line).filter(|&line| line != 0));
        if self.words == self.seats[slot].words {
            return Ok(());
        }
        let words = std::mem::take(&mut self.words);
        let stack = self.stack(&words, board, numbers, sink)?;
        let seat = &mut self.seats[slot];
        self.words = std::mem::replace(&mut seat.words, words);
        match seat.thread {
            Some(thread) => sink.put(&Entry::At { thread, stack }),
            None => Ok(()),
        }
    }

    /// The number of a stack, which is introduced when it is new.
    fn stack(
        &mut self,
        words: &[u64],
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<u32> {
        if let Some(&stack) = self.stacks.get(words) {
            return Ok(stack);
        }
        let sites: io::Result<Vec<u32>> =
            words.iter().map(|&address| self.site(address, board, numbers, sink)).collect();
        sink.put(&Entry::Stack(sites?))?;
        let stack = next(&mut numbers.stacks);
        self.stacks.insert(words.into(), stack);
        Ok(stack)
    }

    /// The number of a site. One that is not in the table may be a library's that was loaded since; else
    /// it is said to be unknown, never guessed.
    fn site(
        &mut self,
        address: u64,
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<u32> {
        if !self.sites.contains_key(&address) {
            let used = board.contents().get(SectionKind::Sites).map_or(0, |sect| sect.used);
            if used != self.sites_used {
                self.read_sites(board, numbers, sink)?;
            }
        }
        if let Some(&site) = self.sites.get(&address) {
            return Ok(site);
        }
        let site = next(&mut numbers.sites);
        self.sites.insert(address, site);
        let none = || Label::from("");
        sink.put(&Entry::Site(SiteInfo {
            board: self.board,
            file: none(),
            line: 0,
            column: 0,
            function: none(),
            label: Label::from(format!("unknown site {address:#x}").as_str()),
            class: Class::Work,
            scope: false,
            counted: false,
        }))?;
        Ok(site)
    }
}

fn class(site: &SiteCopy) -> Class {
    Class::from_word(site.class_flags).unwrap_or_default()
}

/// What a recording keeps of a board.
fn info(board: &Board) -> BoardInfo {
    let strings = snapshot::strings(board);
    let text = |word| strings.get(word).unwrap_or_else(|| Label::from(""));
    let header = &board.header;
    let program = text(header.program);
    let changed = std::fs::metadata(program.raw()).and_then(|facts| facts.modified()).ok();
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
