//! A history's segment that may be anything: bytes as they are, or records of anything with checksums that are right.
#![no_main]

use std::cell::RefCell;
use std::path::PathBuf;

use inspect::history::{self, Span};
use inspect::recording::wire::crc32;
use libfuzzer_sys::fuzz_target;
use scoreboard_fuzz::{Input, directory};

thread_local! {
    static PLACE: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

fn sealed(mut input: Input<'_>) -> Vec<u8> {
    let mut out = b"SCOREHIS\x01\0\0\0\0\0\0\0".to_vec();
    while !input.is_empty() {
        let length = usize::from(input.byte()) * 4;
        let payload = input.bytes(length);
        out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        out.extend_from_slice(&crc32(payload).to_le_bytes());
        out.extend_from_slice(payload);
    }
    out
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let bytes = if input.byte() & 1 == 0 { input.0.to_vec() } else { sealed(input) };
    let place =
        PLACE.with_borrow_mut(|place| place.get_or_insert_with(|| directory("history")).clone());
    std::fs::write(place.join("1000.open"), &bytes).expect("written");
    let mut span = Span::default();
    span.to_ns = u64::MAX;
    let mut seconds = 0u64;
    let read = history::read(&place, span, &mut |_, boards| seconds += boards.len() as u64);
    read.expect("a directory that can be read");
    assert!(seconds <= bytes.len() as u64 + 1);
});
