//! Who wrote this board, when, and where its sections are; how it is doing, and how it ended.

use super::record::record;

/// First word of every board: `SCOREBD1` read as a big-endian number. It is stored last, with
/// release, so a reader that sees it sees everything that was written before.
pub const MAGIC: u64 = 0x5343_4F52_4542_4431;
/// Layouts with another major number are refused.
pub const MAJOR: u32 = 1;
/// Layouts with a higher minor number are read as far as they are known.
pub const MINOR: u32 = 2;
/// No board is larger; a reader refuses to believe otherwise.
pub const MAX_BOARD_BYTES: u64 = 64 << 20;
/// No table of contents is longer.
pub const MAX_SECTIONS: u64 = 64;

record! {
    /// The first bytes of a board. Written once, before [`MAGIC`]; never changed afterwards.
    Header, HeaderCopy, 256 bytes {
        /// [`MAGIC`], 0x53434F5245424431. Stored last: if it is not there, the board is not ready. Byte-reversed: written
        /// by a machine of the other byte order.
        0x00 magic,
        /// Major number in the high half, minor number in the low half. Refuse another major; read a higher minor as far
        /// as you know it.
        0x08 layout_version,
        /// 0x0102030405060708 as its writer stores it; tells byte order.
        0x10 byte_order,
        /// Bytes of a pointer in the writer: 8.
        0x18 pointer_bytes,
        /// Bytes of the whole board.
        0x20 total_bytes,
        /// Offset of the first [`Section`] entry, in bytes.
        0x28 toc_offset,
        /// Number of [`Section`] entries, at most 64.
        0x30 toc_count,
        /// Process id of the writer, in its own pid namespace.
        0x38 pid,
        /// The kernel's start time of that process, in clock ticks since boot. With the pid and
        /// the boot id this identifies the process for good.
        0x40 pid_start,
        /// Effective user id of the writer.
        0x48 uid,
        /// A number of its own for each run of the daemon: no difference is taken across two.
        0x50 instance,
        /// Wall clock at init, ns since 1970.
        0x58 started_wall_ns,
        /// Boot id of the kernel, 128 bits.
        0x60 boot_id[2],
        /// Inode number of the writer's pid namespace.
        0x70 pid_namespace,
        /// Inode number of the writer's time namespace; 0 where the kernel has none.
        0x78 time_namespace,
        /// [`ClockKind`] of every stamp on the board: 1 time-stamp counter (x86-64), 2 `CLOCK_MONOTONIC` in ns, 3 virtual
        /// counter (64-bit ARM).
        0x80 clock_kind,
        /// Stamp taken at init.
        0x88 clock_start,
        /// `CLOCK_MONOTONIC` at that stamp, ns.
        0x90 clock_start_ns,
        /// Nanoseconds of one clock unit, as 32.32 fixed point, as known at init.
        0x98 clock_ns_per_unit,
        /// Board name, a text reference.
        0xa0 name,
        /// What was built: package and version, a text reference.
        0xa8 build,
        /// Path of the running program, a text reference.
        0xb0 program,
        /// Period of the keeper, ns; 0 when the daemon runs without one.
        0xb8 keeper_period_ns,
        /// Build id of the running program (first 16 bytes), 0 when it has none.
        0xc0 build_id[2],
        /// Since 1.2. [`super::check_word`] of the other words here, but for the magic, and of the fixed words of the
        /// table of contents; 0 where the writer makes none. Checked whenever it is not 0, whatever the
        /// version says.
        0xd0 check,
        /// Written as zero and never changed; ignored by readers, but checked.
        0xd8 reserved[5],
    }
}

/// What the unit of a stamp is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockKind {
    /// The processor's time-stamp counter; the kernel itself keeps time by it.
    Tsc = 1,
    /// `CLOCK_MONOTONIC`, in nanoseconds.
    Monotonic = 2,
    /// The virtual counter of 64-bit ARM (`cntvct_el0`); the kernel itself keeps time by it.
    VirtualCounter = 3,
}

impl ClockKind {
    /// The kind that a word on a board names, if it is a known one.
    pub fn from_word(word: u64) -> Option<Self> {
        match word {
            1 => Some(Self::Tsc),
            2 => Some(Self::Monotonic),
            3 => Some(Self::VirtualCounter),
            _ => None,
        }
    }

    /// Whether it is a counter of the processor's, whose unit is known by calibration.
    pub fn is_counter(self) -> bool {
        self != Self::Monotonic
    }

    /// The counter that programs of this architecture can read.
    pub const OF_THIS_MACHINE: Option<Self> = if cfg!(target_arch = "x86_64") {
        Some(Self::Tsc)
    } else if cfg!(target_arch = "aarch64") {
        Some(Self::VirtualCounter)
    } else {
        None
    };
}

record! {
    /// One entry of the table of contents. `used` and `lost` grow; the rest never changes.
    Section, SectionCopy, 64 bytes {
        /// [`SectionKind`]. Readers skip kinds they do not know.
        0x00 kind,
        /// Version of this section's records.
        0x08 version,
        /// Offset of the first record, in bytes from the start of the board.
        0x10 offset,
        /// Bytes of the whole section.
        0x18 length,
        /// Bytes from one record to the next; 1 for text.
        0x20 stride,
        /// Records that fit; bytes for text.
        0x28 capacity,
        /// Records (bytes) in use, from the first on: published with release after they were
        /// written. For slots, the number of slots ever used.
        0x30 used,
        /// Records that found no room.
        0x38 lost,
    }
}

/// The kinds, and what the layout says of them.
macro_rules! section_kinds {
    ($($(#[doc = $about:literal])+ $name:ident = $number:literal,)+) => {
        /// What a section holds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u64)]
        pub enum SectionKind {
            $($(#[doc = $about])+ $name = $number,)+
        }

        #[cfg(feature = "layout")]
        impl SectionKind {
            pub(super) const DECLARED: &'static [$crate::layout::declared::Kind] = &[
                $($crate::layout::declared::Kind { number: $number, name: stringify!($name), about: concat!($($about),+) },)+
            ];
        }
    };
}

section_kinds! {
    /// Bytes of UTF-8 that text references point into.
    Strings = 1,
    /// [`super::SiteRecord`]: one probe in the source.
    Sites = 2,
    /// [`super::MetricRecord`]: one named number.
    Metrics = 3,
    /// [`super::CellRecord`]: the value of the metric with the same index, where it is shared.
    Cells = 4,
    /// [`super::SlotRecord`]: one thread.
    Slots = 5,
    /// Beside each slot two blocks of 1,024 bytes, of [`super::FrameRecord`]s.
    Frames = 6,
    /// One row of words for each slot, that thread's share of the counters, and one more row for all
    /// threads without a slot.
    Shards = 7,
    /// [`super::WatchRecord`]: what the keeper noticed about the slot with the same index.
    Watches = 8,
    /// [`super::WorkerRecord`]: busy time of the thread in the slot with the same index.
    Workers = 9,
    /// [`super::QueueRecord`]: one queue.
    Queues = 10,
    /// [`super::HistogramBlock`]: a head of 64 bytes, then 696 counts (before 1.2, 656).
    Histograms = 11,
    /// A [`super::RingHead`] and entries of busy time per slot; one section for each ring.
    BusyRing = 12,
    /// A [`super::RingHead`] and entries of totals per metric; one section for each ring.
    CountRing = 13,
    /// [`super::FactRecord`]: one fact of a run of the daemon.
    Facts = 14,
    /// [`super::OpRecord`]: one operation.
    Ops = 15,
    /// The last tags of the slot with the same index, 512 bytes; only when the daemon keeps trails.
    Trails = 16,
    /// One [`super::LostRecord`].
    Lost = 17,
    /// One [`super::PulseRecord`].
    Pulse = 18,
    /// One [`super::EndRecord`].
    End = 19,
    /// [`super::WindowRecord`]: what a histogram counted a while ago.
    Windows = 20,
    /// Since 1.2. [`super::LockRecord`]: one lock or channel that was waited for or has a name, or one future that waits.
    Locks = 21,
    /// Since 1.2. [`super::TraceRecord`]: the trace that the operation with the same index is part of.
    Traces = 22,
}

record! {
    /// What could not be recorded since init, by cause. Raised with an atomic add.
    LostRecord, LostCopy, 128 bytes {
        /// Threads that found no free slot; their counters are kept, their lines are not shown.
        0x00 threads,
        /// Metrics and family members that found no room.
        0x08 metrics,
        /// Sites that found no room in the site table.
        0x10 sites,
        /// Operations that found no room.
        0x18 ops,
        /// Scopes deeper than the frames of a slot.
        0x20 nested,
        /// Scopes that ended out of order or were forgotten, and were put right.
        0x28 healed,
        /// Texts that found no room among the strings.
        0x30 strings,
        /// Facts that found no room, or lost against another thread writing the same one.
        0x38 facts,
        /// Histogram samples without a block.
        0x40 histograms,
        /// Records dropped because a signal handler probed inside the write of the same record.
        0x48 signals,
        /// Queues that found no room.
        0x50 queues,
        /// Workers' nested jobs ended more often than begun, and the like: misuse that was ignored.
        0x58 misuse,
        /// Histograms without a record for their last seconds: quantiles since the start only.
        0x60 windows,
        /// Locks that were waited for, futures that waited and names of locks that found no room.
        0x68 locks,
        /// Written as zero, ignored by readers.
        0x70 reserved[2],
    }
}

record! {
    /// The keeper's sign of life, doubled: copy `sequence & 1` is the valid one.
    PulseRecord, PulseCopy, 256 bytes {
        /// Number of beats so far.
        0x00 sequence,
        /// Ring entries and other work skipped because the keeper woke late.
        0x08 skipped,
        /// Stretches of time in `fd_least`; 0 while they are being written.
        0x10 fd_stretches,
        /// Length of a stretch, ns.
        0x18 fd_stretch_ns,
        /// Written as zero, ignored by readers.
        0x20 reserved0[4],
        /// Stamp, `CLOCK_MONOTONIC` ns and wall clock ns of one beat; processor time of the process so far,
        /// ns, at most a second old; then stamp and processor time of a look 10 to 20 s ago (or at the
        /// start), and the stamp of the processor time before it. All zero before layout 1.2.
        0x40 even[8],
        /// The same of the other.
        0x80 odd[8],
        /// The least number of open descriptors in each stretch of the process's life, the first first.
        0xc0 fd_least[8],
    }
}

/// Stretches in [`PulseRecord::fd_least`].
pub const FD_STRETCHES: usize = 8;

record! {
    /// What is known of the daemon's end. All zero when it was killed.
    EndRecord, EndCopy, 1024 bytes {
        /// 1 once the process ran its exit handlers. Stored last, with release.
        0x00 exited,
        /// Exit code, as the process passed it; [`EXIT_CODE_UNKNOWN`] where the C library does not tell.
        0x08 exit_code,
        /// Stamp of the exit.
        0x10 exit_stamp,
        /// Wall clock of the exit, ns since 1970.
        0x18 exit_wall_ns,
        /// Panics so far; copy `panics & 1` below describes the last.
        0x20 panics,
        /// Written as zero, ignored by readers.
        0x28 reserved0[3],
        /// A panic: stamp, wall clock ns, tid, text length, then 320 bytes of text.
        0x40 even[44],
        /// The same of the other.
        0x1a0 odd[44],
        /// Written as zero, ignored by readers.
        0x300 reserved1[32],
    }
}

/// [`EndRecord::exit_code`] of an orderly exit whose code is not known.
pub const EXIT_CODE_UNKNOWN: u64 = u64::MAX;
/// Words before the text in a copy of the panic record.
pub const PANIC_TEXT_WORD: usize = 4;
/// Bytes of text in a copy of the panic record.
pub const PANIC_TEXT_BYTES: usize = 320;
