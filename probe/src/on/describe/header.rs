//! The header: what kind of board this is, whose, and by which clock.

use core::sync::atomic::{AtomicU64, Ordering};

use super::texts::Texts;
use crate::layout::*;
use crate::on::board::tables::Board;
use crate::on::ground::clock::{self, Calibration};

/// What a board is to say of its process, besides what the process knows of itself.
pub(crate) struct Subject<'a> {
    /// Its name, as in the board's.
    pub(crate) name: &'a str,
    /// The program's version.
    pub(crate) build: &'a str,
    /// When the process began, as the kernel counts it.
    pub(crate) pid_start: u64,
    pub(crate) clock: &'a Calibration,
    /// Whether there will be a keeper.
    pub(crate) keeper: bool,
    /// Bytes of text that there is room for.
    pub(crate) text_bytes: usize,
    /// Which groups of probes are on.
    pub(crate) filter: &'a str,
}

/// Fills the header, but for the magic.
pub(super) fn write(board: &Board, about: &Subject<'_>, texts: &mut Texts) {
    let header = board.single.header;
    let set = |word: &AtomicU64, value: u64| word.store(value, Ordering::Relaxed);
    set(&header.layout_version, u64::from(MAJOR) << 32 | u64::from(MINOR));
    set(&header.byte_order, 0x0102_0304_0506_0708);
    set(&header.pointer_bytes, size_of::<usize>() as u64);
    set(&header.total_bytes, board.segment.length() as u64);
    set(&header.toc_offset, TOC_OFFSET as u64);
    set(&header.toc_count, board.contents.entries.count() as u64);
    set(&header.pid, u64::from(board.pid));
    set(&header.pid_start, about.pid_start);
    set(&header.uid, u64::from(nix::unistd::geteuid().as_raw()));
    let wall = clock::wall_ns();
    set(&header.instance, wall.rotate_left(17) ^ u64::from(board.pid) << 40 ^ about.clock.start);
    set(&header.started_wall_ns, wall);
    let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let boot_id = u128::from_str_radix(&boot_id.trim().replace('-', ""), 16).unwrap_or(0);
    set(&header.boot_id[0], (boot_id >> 64) as u64);
    set(&header.boot_id[1], boot_id as u64);
    set(&header.pid_namespace, namespace("pid"));
    set(&header.time_namespace, namespace("time"));
    set(&header.clock_kind, about.clock.kind as u64);
    set(&header.clock_start, about.clock.start);
    set(&header.clock_start_ns, about.clock.start_ns);
    set(&header.clock_ns_per_unit, about.clock.ns_per_unit);
    set(&header.name, texts.add(board, about.name));
    set(&header.build, texts.add(board, about.build));
    let program = std::env::current_exe().map(|path| path.display().to_string());
    set(&header.program, texts.add(board, &program.unwrap_or_default()));
    set(&header.keeper_period_ns, if about.keeper { KEEPER_PERIOD_NS } else { 0 });
}

fn namespace(kind: &str) -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(format!("/proc/self/ns/{kind}")).map_or(0, |stat| stat.ino())
}

/// Writes the header's check word, last.
pub(super) fn seal(board: &Board) {
    let words = board.segment.table::<AtomicU64>(0, WORD, HeaderCopy::BYTES / WORD);
    let load = |word: &AtomicU64| word.load(Ordering::Relaxed);
    let header: Vec<u64> = words.iter().flat_map(|table| table.iter()).map(load).collect();
    let entries = board.contents.entries.iter().map(|entry| {
        [&entry.kind, &entry.version, &entry.offset, &entry.length, &entry.stride, &entry.capacity]
            .map(load)
    });
    board.single.header.check.store(check_word(&header, entries), Ordering::Relaxed);
}
