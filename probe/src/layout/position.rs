//! Where each thread is: sites, slots, frames, trails, and what the keeper noticed.

use super::record::record;

record! {
    /// One probe in the source. Written at init, or when a site is made at run time; never changed.
    SiteRecord, SiteCopy, 64 bytes {
        /// The site's address in the daemon: the tag that frames hold. A multiple of 8.
        0x00 address,
        /// Source file as the compiler saw it, a text reference.
        0x08 file,
        /// Line in the high half, column in the low half.
        0x10 line_column,
        /// Path of the enclosing function, a text reference.
        0x18 function,
        /// Label, a text reference, or 0.
        0x20 label,
        /// [`Class`] in the low byte, [`SITE_ARG`] and other flags above it.
        0x28 class_flags,
        /// Group that switches it, a text reference, or 0.
        0x30 group,
        /// Shard word that counts its passes, plus 1; 0 when passes are not counted.
        0x38 hits,
    }
}

/// Flag in [`SiteRecord::class_flags`]: the probe carries an argument.
pub const SITE_ARG: u64 = 1 << 8;
/// Flag in [`SiteRecord::class_flags`]: the probe opens a scope.
pub const SITE_SCOPE: u64 = 1 << 9;
/// Flag in [`SiteRecord::class_flags`]: the probe's group is switched off.
pub const SITE_OFF: u64 = 1 << 10;
/// Flag in [`SiteRecord::class_flags`]: the site begins operations; its label is their kind.
pub const SITE_OP: u64 = 1 << 11;
/// Flag in [`SiteRecord::class_flags`]: the site is a status of operations, its label the status. `hits` counts
/// how often it was taken, and the shard word behind it the clock units spent in it.
pub const SITE_STATUS: u64 = 1 << 12;
/// Flag in [`SiteRecord::class_flags`]: the program did not tell the class, as spans of other crates do not. A thread
/// there that was seen to use no processor time waits.
pub const SITE_UNTOLD: u64 = 1 << 13;
/// What a thread does at a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(u8)]
pub enum Class {
    /// It works. The default.
    #[default]
    Work = 0,
    /// It waits for something that the work in hand needs: a lock, a disk, a peer.
    Wait = 1,
    /// It has nothing to do.
    Idle = 2,
}

impl Class {
    /// The class in the low byte of [`SiteRecord::class_flags`].
    pub fn from_word(word: u64) -> Option<Self> {
        match word & 0xff {
            0 => Some(Self::Work),
            1 => Some(Self::Wait),
            2 => Some(Self::Idle),
            _ => None,
        }
    }
}

record! {
    /// One thread. Written by that thread at its first probe and at its exit.
    SlotRecord, SlotCopy, 128 bytes {
        /// Generation in the high 56 bits, [`SLOT_FREE`], [`SLOT_CLAIMING`] or [`SLOT_LIVE`] in the
        /// low 8. A reader that finds it changed by the end of its reading throws the reading away.
        0x00 state,
        /// Thread id, in the daemon's pid namespace.
        0x08 tid,
        /// The thread's name as the kernel has it, zero-ended.
        0x10 name[2],
        /// Stamp of the claim.
        0x20 started,
        /// Which of its two frame blocks it uses: 0 or 1.
        0x28 block,
        /// Busy time in [`super::WorkerRecord`] at the claim, in clock units.
        0x30 busy_at_start,
        /// Since 1.2. The number of its wait for a lock, a channel or a thread, odd while it waits; raised once when it
        /// begins to wait, once when it ends. The three words behind belong to it.
        0x38 wait,
        /// What it waits for: the number of a lock's record plus 1 in the low 16 bits, the record's generation above,
        /// 0 for one without a record; to join, the [`super::party`] whose end it waits for.
        0x40 wait_for,
        /// [`super::WaitHow`] in the low byte, [`super::WAIT_LIMITED`] (bit 8: it ends by itself) above.
        0x48 wait_how,
        /// Stamp of its beginning.
        0x50 wait_since,
        /// How many locks more than in `shared` it holds shared: there was no room for them.
        0x58 shared_more,
        /// Locks that it holds shared, by their [`super::LockRecord::identity`], and those that it holds alone, by what
        /// [`super::noted_alone`] makes of that; 0 for none.
        0x60 shared[4],
    }
}

/// Locks that a slot has room for which its thread holds shared.
pub const SHARED_LOCKS: usize = 4;

/// Low byte of [`SlotRecord::state`]: nobody's.
pub const SLOT_FREE: u64 = 0;
/// Low byte of [`SlotRecord::state`]: being filled; the rest is not to be believed.
pub const SLOT_CLAIMING: u64 = 1;
/// Low byte of [`SlotRecord::state`]: a thread's.
pub const SLOT_LIVE: u64 = 2;

/// Bytes of one frame block, which starts at a multiple of it.
pub const BLOCK_BYTES: usize = 1024;
/// Frames in a block. The first holds the counts, the second is the base, the rest are scopes.
pub const BLOCK_FRAMES: usize = BLOCK_BYTES / 32;
/// Scopes that can be open at once in a slot; deeper ones are counted, not shown.
pub const MAX_DEPTH: usize = BLOCK_FRAMES - 2;

record! {
    /// One level of a thread's stack. The first frame of a block is none: its `scope` counts pushes and its
    /// `line` counts arguments of lines, each raised before the stores that it announces. The base frame
    /// has no scope. From there, the stack ends before the first frame whose scope is zero.
    FrameRecord, FrameCopy, 32 bytes {
        /// Address of the site whose scope this is. Zero: not open.
        0x00 scope,
        /// Address of the site of the last tag in it; before the first 0, or in a scope the scope's own site. Its
        /// lowest bit set: the argument is just being replaced. Stays when the scope is left: in the frame behind a
        /// base without a line it is what the thread did last.
        0x08 line,
        /// Argument of that tag, when its site carries one.
        0x10 arg,
        /// Argument of the scope, when its site carries one.
        0x18 scope_arg,
    }
}

record! {
    /// What the keeper noticed about one slot. The position is stored busy (all ones), then the
    /// rest, then the position: a reader takes it only when it reads the same position before and after,
    /// and then the same rest once more. The position may come back; `since` never does.
    WatchRecord, WatchCopy, 64 bytes {
        /// A digest of the slot's generation, stack and line.
        0x00 position,
        /// Stamp of the first look that found it there.
        0x08 since,
        /// Stamp of the first look since which the thread used no processor time and was not
        /// switched; `u64::MAX` when that is not known. The kernel is asked each half second about a thread that
        /// stays where it is; of a board with more than 640 slots each slots/64 looks of the keeper (20 a second),
        /// so that the keeper stays cheap.
        0x10 still_since,
        /// Written as zero, ignored by readers.
        0x18 reserved[5],
    }
}

/// Bytes of a trail: 32 entries and the word that closes them, padded.
pub const TRAIL_STRIDE: usize = 512;
/// Entries of a trail. The newest is the one before the first zero among them, or the last.
pub const TRAIL_ENTRIES: usize = 32;

/// The position digest that both sides compute: two looks that agree in it found the thread at
/// the same place. FNV-1a over words; a collision makes an age too old, never a place wrong.
pub fn position_digest(generation: u64, words: impl IntoIterator<Item = u64>) -> u64 {
    let mut digest = 0xcbf2_9ce4_8422_2325 ^ generation;
    for word in words {
        digest = (digest ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        digest ^= digest >> 29;
    }
    // All ones is the busy mark.
    digest >> 1
}
