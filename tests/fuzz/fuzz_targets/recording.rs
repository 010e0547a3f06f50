//! A recording that may come from anywhere: its bytes as they are, or chunks of anything with checksums that are right.
#![no_main]

use std::cell::RefCell;
use std::path::PathBuf;

use inspect::export::{self, Format};
use inspect::recording::wire::crc32;
use inspect::recording::{MAGIC, Recording, VERSION};
use inspect::report::{Options, Tally, answer};
use libfuzzer_sys::fuzz_target;
use scoreboard_fuzz::{Input, directory};

thread_local! {
    static FILE: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

/// Chunks of these payloads, packed and sealed.
fn sealed(mut input: Input<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [MAGIC, VERSION, 1_000_000, 5] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    while !input.is_empty() {
        let kind = input.byte() % 4;
        let length = usize::from(input.byte()) * 8;
        let payload = input.bytes(length);
        // Stored as it is: what deflate makes of it is tried by bytes as they are.
        let length = payload.len() as u16;
        let mut packed = vec![1];
        packed.extend_from_slice(&length.to_le_bytes());
        packed.extend_from_slice(&(!length).to_le_bytes());
        packed.extend_from_slice(payload);
        out.extend_from_slice(&[kind, 0, 0, 0]);
        for word in [packed.len() as u32, payload.len() as u32, crc32(&packed)] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&packed);
    }
    out
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let bytes = if input.byte() & 1 == 0 { input.0.to_vec() } else { sealed(input) };
    let path = FILE.with_borrow_mut(|file| {
        file.get_or_insert_with(|| directory("recording").join("a.rec")).clone()
    });
    std::fs::write(&path, &bytes).expect("written");
    let Ok(recording) = Recording::open(&path) else { return };
    let mut tally = Tally::new(Options::default());
    if recording.read(&mut tally).is_err() {
        return;
    }
    let _ = answer(&tally);
    for format in [Format::Folded, Format::Csv, Format::Speedscope, Format::Svg, Format::Timeline] {
        let text = export::export(format, &tally);
        assert!(std::str::from_utf8(&text).is_ok());
    }
    let _ = export::export(Format::Pprof, &tally);
});
