//! What a program that does random things with operations says of them, in a file that outlives it: the
//! truth that its board is held against. The program writes it and the test reads it; both include
//! this very file.
//!
//! An entry says what is about to be done before it is done, and that it was done after. So what is in
//! flight before a reading of the board and still after it was in flight all the while, and what had
//! ended before a reading had ended for it.
#![expect(unsafe_code, reason = "maps a file that two processes share")]

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Entries. An entry is used again after as many ends as there are entries that nobody uses, so what
/// ended stays to be compared for much longer than a reading takes.
pub const ENTRIES: usize = 1 << 14;

/// Kinds of operations: number `n` is of kind `n % 5`.
pub const KINDS: [&str; 5] = ["request", "job", "task", "connection", "batch"];
/// Statuses: operation `n` has `n % 7` first, then each the one behind the last.
pub const STATUSES: [&str; 7] = ["s0", "s1", "s2", "s3", "s4", "s5", "s6"];

/// What an entry says of its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Nothing yet.
    Free = 0,
    /// It is about to begin.
    Beginning = 1,
    /// It has begun.
    InFlight = 2,
    /// It has begun on a thread that has ended, and nobody will end it.
    Forgotten = 3,
    /// It is about to end.
    Ending = 4,
    /// It has ended.
    Ended = 5,
    /// There was no room for it on the board.
    Lost = 6,
}

/// One operation.
#[derive(Debug, zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::KnownLayout)]
#[repr(C)]
pub struct Entry {
    /// Its number above its phase.
    state: AtomicU64,
    /// Its id on the board.
    pub id: AtomicU64,
    /// How it ends: a number of `OUTCOMES`.
    pub outcome: AtomicU64,
    /// Statuses that it was about to have.
    pub about: AtomicU64,
    /// Statuses that it has had.
    pub had: AtomicU64,
    /// Whether it saw that its cancellation was requested.
    pub asked: AtomicU64,
    /// Its parent's id on the board; 0 for none.
    pub parent: AtomicU64,
    rest: AtomicU64,
}

/// How an operation ends, as the board's reader says it.
pub const OUTCOMES: [&str; 4] = ["ok", "error", "cancelled", "panicked"];

/// An entry as read: its words, of which `state` is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub number: u64,
    /// What became of it.
    pub phase: Phase,
    /// See [`Entry::id`].
    pub id: u64,
    /// See [`Entry::outcome`].
    pub outcome: u64,
    /// See [`Entry::about`].
    pub about: u64,
    /// See [`Entry::had`].
    pub had: u64,
    /// See [`Entry::asked`].
    pub asked: bool,
    /// See [`Entry::parent`].
    pub parent: u64,
}

impl Entry {
    /// It is the entry of this operation, in this phase, from now on.
    pub fn set(&self, number: u64, phase: Phase) {
        self.state.store(number << 8 | phase as u64, SeqCst);
    }

    /// All of it, of one moment but for the numbers of statuses: `had` is as of the beginning and
    /// `about` as of the end of the reading.
    pub fn read(&self) -> Seen {
        loop {
            let state = self.state.load(SeqCst);
            let phase = match state & 0xff {
                1 => Phase::Beginning,
                2 => Phase::InFlight,
                3 => Phase::Forgotten,
                4 => Phase::Ending,
                5 => Phase::Ended,
                6 => Phase::Lost,
                _ => Phase::Free,
            };
            let had = self.had.load(SeqCst);
            let [id, outcome, asked, parent] =
                [&self.id, &self.outcome, &self.asked, &self.parent].map(|word| word.load(SeqCst));
            let about = self.about.load(SeqCst);
            if self.state.load(SeqCst) == state {
                let (number, asked) = (state >> 8, asked != 0);
                return Seen { number, phase, id, outcome, about, had, asked, parent };
            }
        }
    }
}

/// Kind of an operation.
pub fn kind(number: u64) -> &'static str {
    KINDS[(number % 5) as usize]
}

/// Label of an operation: of every length, and never another one's.
pub fn label(number: u64) -> String {
    let filler = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
    format!("{number}-{}", &filler[..(number * 7 % 50) as usize])
}

/// The number in a label.
pub fn number(label: &str) -> Option<u64> {
    label.split('-').next()?.parse().ok()
}

/// The journal of one program.
#[derive(Clone, Copy, Debug)]
pub struct Journal(&'static [Entry]);

impl Journal {
    /// Opens a journal, made if need be.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let file =
            File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        file.set_len(((ENTRIES + 1) * size_of::<Entry>()) as u64)?;
        // SAFETY: the file is the test's own and never shrinks; every access to it is atomic.
        let map = unsafe { memmap2::MmapMut::map_mut(&file) }?;
        // For as long as the process lives.
        let map: &'static mut memmap2::MmapMut = Box::leak(Box::new(map));
        let bytes: &'static mut [u8] = map;
        let entries = zerocopy::FromBytes::mut_from_bytes(bytes);
        let entries: &'static mut [Entry] =
            entries.map_err(|_| std::io::Error::other("not a whole number of entries"))?;
        Ok(Self(entries))
    }

    /// Operations for which there was no room: counted after each.
    pub fn lost(self) -> &'static AtomicU64 {
        // The last entry is no operation's.
        &self.0[ENTRIES].id
    }

    /// An entry.
    pub fn entry(self, index: usize) -> &'static Entry {
        &self.0[index]
    }

    /// All entries as they are.
    pub fn read(self) -> Vec<Seen> {
        self.0.iter().take(ENTRIES).map(Entry::read).collect()
    }
}
