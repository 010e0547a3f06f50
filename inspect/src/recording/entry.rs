//! One thing that a sampler says, and who takes it.

use probe::layout::Class;

use crate::words::label::Label;

/// First word of a recording, `SCOREREC` read as a big-endian number, stored little-endian.
pub const MAGIC: u64 = 0x5343_4F52_4552_4543;
/// Version of the format (`docs/RECORDING.md`).
pub const VERSION: u64 = 4;
/// The oldest version that is read: it knows neither names taken later nor threads out of sight.
pub const OLDEST: u64 = 2;
/// Frames of a stack at most: the scopes of a block and the line in the innermost.
pub const MAX_FRAMES: usize = probe::layout::BLOCK_FRAMES + 1;

/// One board that is sampled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BoardInfo {
    /// Board name.
    pub name: Label,
    /// Process id, in the writer's pid namespace.
    pub pid: u64,
    /// The run of the daemon.
    pub instance: u64,
    /// What was built.
    pub build: Label,
    /// Path of the program.
    pub program: Label,
    /// When the program's file was last changed, ns since 1970; 0 when that could not be told.
    pub built_ns: u64,
}

/// One probe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct SiteInfo {
    /// Index of its board.
    pub board: u32,
    /// Source file, as the compiler saw it; empty for an unknown site.
    pub file: Label,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
    /// Function.
    pub function: Label,
    /// Label, or `unknown site 0x…`.
    pub label: Label,
    /// What a thread does there.
    pub class: Class,
    /// Whether it opens a scope.
    pub scope: bool,
    /// Whether its passes are counted.
    pub counted: bool,
}

/// One thing that the sampler says. Numbers of boards, sites, stacks and threads are indexes: each is
/// introduced before it is used, in order from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entry {
    /// The first entry.
    Start {
        /// Ticks wanted, a thousandth of one a second.
        rate_mhz: u64,
        /// Wall clock, ns since 1970.
        wall_ns: u64,
    },
    /// The next board.
    Board(BoardInfo),
    /// The next site.
    Site(SiteInfo),
    /// The next stack: sites, outermost first; the last is where the thread is. Empty: it has not
    /// reached a line.
    Stack(Vec<u32>),
    /// The next thread. It is nowhere until the first [`Entry::At`].
    Thread {
        /// Its board.
        board: u32,
        /// Thread id in the daemon's pid namespace.
        tid: u64,
        /// Name.
        name: Label,
    },
    /// From the next tick on, the thread is there.
    At {
        /// Index of the thread.
        thread: u32,
        /// Index of the stack.
        stack: u32,
    },
    /// At the next tick alone, where the thread was could not be read.
    Torn {
        /// Index of the thread.
        thread: u32,
    },
    /// The thread is gone, and does not come back.
    Gone {
        /// Index of the thread.
        thread: u32,
    },
    /// Ticks, a period apart, at each of which every thread is where it was last said to be.
    Ticks {
        /// Moment of the first, ns since the start.
        at_ns: u64,
        /// How many.
        count: u64,
    },
    /// Ticks that were not delivered.
    Missed(u64),
    /// How often a site was passed so far, since its board began.
    Hits {
        /// Index of the site.
        site: u32,
        /// Passes.
        passes: u64,
    },
    /// The thread took another name.
    Renamed {
        /// Index of the thread.
        thread: u32,
        /// Name, from here on.
        name: Label,
    },
    /// Threads of a board's process that are not seen: they have reached no probe, or found no room.
    Unseen {
        /// Index of the board.
        board: u32,
        /// How many there are now.
        threads: u64,
        /// Threads that found no room on the board so far.
        without_room: u64,
    },
    /// A thread waited, at so many ticks since that was last said, for another that could act.
    Blamed {
        /// Index of the thread that waited.
        thread: u32,
        /// Its stack.
        stack: u32,
        /// The thread that could act; itself where nobody knows who could.
        by: u32,
        /// Where that one was.
        at: u32,
        /// Ticks.
        ticks: u64,
    },
    /// A board's process ended.
    BoardEnd {
        /// Index of the board.
        board: u32,
        /// How, in words.
        verdict: Label,
    },
    /// The last entry.
    End {
        /// Time sampled, ns.
        duration_ns: u64,
        /// Why it ended, in words.
        why: Label,
    },
}

/// Whoever takes entries.
pub trait Sink {
    /// Takes one entry.
    ///
    /// # Errors
    /// It could not be written.
    fn put(&mut self, entry: &Entry) -> std::io::Result<()>;

    /// Steps of work that its entries made so far; what it takes from a file is bounded by that.
    fn work(&self) -> u64 {
        0
    }
}

impl Sink for Vec<Entry> {
    fn put(&mut self, entry: &Entry) -> std::io::Result<()> {
        self.push(entry.clone());
        Ok(())
    }
}
