//! A board of which anything may be wrong, read by `inspect` and by a slow reader that was written from the
//! description alone: what both believe of threads is the same.
#![no_main]

#[path = "../../../inspect/tests/common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use inspect::State;
use libfuzzer_sys::fuzz_target;
use probe::layout::Capacity;
use scoreboard_fuzz::{Input, patch, standing};

/// A word, if the board has it.
fn word(board: &[u64], byte: u64) -> Option<u64> {
    board.get(usize::try_from(byte / 8).ok()?).copied()
}

/// Thread ids and the bytes of their names, of slots that are in use; `None` where the table of contents cannot be
/// believed.
fn threads(board: &[u64]) -> Option<BTreeMap<u64, Vec<u8>>> {
    const SLOTS: u64 = 5;
    const LIVE: u64 = 2;
    let (contents, sections) = (word(board, 0x28)?, word(board, 0x30)?);
    let mut found = BTreeMap::new();
    let mut tables = 0;
    for section in 0..sections {
        let at = contents + section * 64;
        if word(board, at)? != SLOTS {
            continue;
        }
        tables += 1;
        let (offset, stride) = (word(board, at + 16)?, word(board, at + 32)?);
        let (capacity, used) = (word(board, at + 40)?, word(board, at + 48)?);
        for slot in 0..capacity.min(used) {
            let record = offset + slot * stride;
            if word(board, record)? & 0xff != LIVE {
                continue;
            }
            let mut name = Vec::new();
            for byte in 0..16 {
                let letter = (word(board, record + 0x10 + byte / 8 * 8)? >> (byte % 8 * 8)) as u8;
                if letter == 0 {
                    break;
                }
                name.push(letter);
            }
            found.insert(word(board, record + 8)?, name);
        }
    }
    (tables == 1).then_some(found)
}

/// What the sample needs, and little more: a board of the usual size is copied and read at a hundredth of the speed.
const SMALL: Capacity = Capacity {
    threads: 8,
    sites: 16,
    metrics: 16,
    queues: 2,
    histograms: 6,
    ops: 8,
    locks: 4,
    facts: 2,
    strings: 2048,
    trails: false,
};

fuzz_target!(|data: &[u8]| {
    static BASE: OnceLock<(Vec<u64>, Vec<usize>, Vec<usize>)> = OnceLock::new();
    let (base, slots, _) = BASE.get_or_init(|| {
        let board = common::sample_of(&SMALL);
        let first = board.at(probe::layout::SectionKind::Slots, 0) / 8;
        let last = board.at(probe::layout::SectionKind::Slots, 7) / 8;
        let board = board.finish();
        let all = standing(&board);
        (board, (first..last).collect(), all)
    });
    // Slots and what is beside them: the table of contents stays as it is.
    let mut board = base.clone();
    let mut input = Input(data);
    while !input.is_empty() {
        let mut one = [0; 11];
        let bytes = input.bytes(11);
        one[..bytes.len()].copy_from_slice(bytes);
        one[0] = one[0] & 0xfc | 1;
        patch(&mut board, slots, Input(&one));
    }
    let Some(slow) = threads(&board) else { return };
    let Ok(report) = common::report(board, State::Dead) else { return };
    if !report.remarks.is_empty() || !report.left_out.is_empty() {
        return;
    }
    let fast: BTreeMap<u64, &str> =
        report.threads.iter().map(|thread| (thread.tid, thread.name.raw())).collect();
    assert_eq!(fast.keys().collect::<Vec<_>>(), slow.keys().collect::<Vec<_>>());
    for (tid, name) in &slow {
        let name = String::from_utf8_lossy(name);
        assert!(fast[tid] == name || name.contains('\u{fffd}'), "{tid}: {:?} {name:?}", fast[tid]);
    }
});
