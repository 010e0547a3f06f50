//! A board of which anything may be wrong, through everything that is made of a board.
#![no_main]

#[path = "../../../inspect/tests/common/mod.rs"]
mod common;

use std::sync::OnceLock;

use inspect::State;
use inspect::render::{Look, json, ops, text};
use libfuzzer_sys::fuzz_target;
use probe::layout::Capacity;
use scoreboard_fuzz::{Input, is_plain, patch, standing};

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
    static BASE: OnceLock<(Vec<u64>, Vec<usize>)> = OnceLock::new();
    let (base, standing) = BASE.get_or_init(|| {
        let board = common::sample_of(&SMALL).finish();
        let standing = standing(&board);
        (board, standing)
    });
    let mut input = Input(data);
    let state = if input.byte() & 1 == 0 { State::Live } else { State::Dead };
    let mut board = base.clone();
    patch(&mut board, standing, input);
    let Ok(report) = common::report(board, state) else { return };
    let mut look = Look::at(80);
    look.all = true;
    assert!(is_plain(&text::board(&report, &look)));
    let mut out = String::new();
    let all: Vec<_> = report.ops.iter().chain(&report.ended_ops).collect();
    ops::rows(&mut out, &all, &look);
    ops::by_kind(&mut out, &report, &look);
    ops::by_status(&mut out, &report, &look);
    assert!(is_plain(&out));
    let document = json::document(vec![report], &look);
    let text = json::line(&document).expect("JSON");
    serde_json::from_str::<serde_json::Value>(&text).expect("JSON that is read back");
});
