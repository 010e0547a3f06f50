//! What was written comes back, whatever happened to it in between.

use std::path::Path;

use probe::layout::Class;
use proptest::prelude::*;

use super::reader::chunk;
use super::wire::{Bytes, crc32};
use super::*;
use crate::words::label::Label;

fn sample(ticks: u64) -> Vec<Entry> {
    let text = Label::from;
    let mut all = vec![
        Entry::Start { rate_mhz: 1_000_000, wall_ns: 5 },
        Entry::Board(BoardInfo {
            name: text("recordd"),
            pid: 1,
            instance: 2,
            build: text("b"),
            program: text("/p"),
            built_ns: 3,
        }),
    ];
    for line in [10, 20, 30] {
        all.push(Entry::Site(SiteInfo {
            board: 0,
            file: text("src/a.rs"),
            line,
            column: 5,
            function: text("a::f"),
            label: text("x"),
            class: Class::Wait,
            scope: line == 10,
            counted: true,
        }));
    }
    all.extend([Entry::Stack(vec![]), Entry::Stack(vec![0, 1]), Entry::Stack(vec![0, 2])]);
    for tid in 0..3 {
        all.push(Entry::Thread { board: 0, tid, name: text("worker") });
        all.push(Entry::At { thread: tid as u32, stack: 0 });
    }
    all.push(Entry::Hits { site: 1, passes: 7 });
    for tick in 0..ticks {
        // One of the three goes half way.
        let thread = if tick < 1500 { tick % 3 } else { tick % 2 * 2 } as u32;
        match tick % 7 {
            0 => all.push(Entry::At { thread, stack: (tick % 2) as u32 + 1 }),
            3 => all.push(Entry::Torn { thread: 2 }),
            _ => {}
        }
        if tick == 1500 {
            all.push(Entry::Gone { thread: 1 });
            all.push(Entry::Missed(4));
        }
        let late = if tick >= 1500 { 4 } else { 0 };
        all.push(Entry::Ticks { at_ns: (tick + late) * 1_000_000, count: 1 });
    }
    all.push(Entry::Blamed { thread: 0, stack: 1, by: 2, at: 2, ticks: 70 });
    let why = text("as asked");
    all.push(Entry::Hits { site: 1, passes: 9 });
    all.push(Entry::End { duration_ns: ticks * 1_000_000, why });
    all
}

fn written(entries: &[Entry]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    entries.iter().for_each(|entry| writer.put(entry).expect("written"));
    writer.into_inner()
}

/// For every tick and thread: its place, or `None` where it was torn.
fn seen(mut each: impl FnMut(&mut dyn FnMut(Entry))) -> Vec<(u64, Vec<Option<u32>>)> {
    let (mut places, mut torn) = (std::collections::BTreeMap::new(), Vec::new());
    let mut rows = Vec::new();
    each(&mut |entry| match entry {
        Entry::At { thread, stack } => {
            places.insert(thread, stack);
        }
        Entry::Gone { thread } => {
            places.remove(&thread);
        }
        Entry::Torn { thread } => torn.push(thread),
        Entry::Ticks { at_ns, count } => {
            for nth in 0..count {
                let place =
                    |(thread, stack): (&u32, &u32)| Some(*stack).filter(|_| !torn.contains(thread));
                rows.push((at_ns + nth * 1_000_000, places.iter().map(place).collect()));
                torn.clear();
            }
        }
        _ => {}
    });
    rows
}

/// Every entry of a recording; what it remarks on.
fn entries_of(recording: &Recording, take: impl FnMut(Entry)) -> Vec<String> {
    struct Take<F>(F);
    impl<F: FnMut(Entry)> Sink for Take<F> {
        fn put(&mut self, entry: &Entry) -> std::io::Result<()> {
            (self.0)(entry.clone());
            Ok(())
        }
    }
    recording.read(&mut Take(take)).expect("within its limits")
}

fn back(bytes: Vec<u8>) -> Option<Recording> {
    Recording::from_bytes(bytes, Path::new("x")).ok()
}

#[test]
fn what_was_written_comes_back() {
    let entries = sample(3_000);
    let recording = back(written(&entries)).expect("a recording");
    let truth = seen(|take| entries.iter().cloned().for_each(take));
    let mut remarks = Vec::new();
    let read = seen(|take| remarks = entries_of(&recording, take));
    assert_eq!(remarks, Vec::<String>::new());
    assert_eq!(read.len(), 3_000);
    assert_eq!(read, truth);
    let mut hits = Vec::new();
    entries_of(&recording, |entry| {
        if let Entry::Hits { passes, .. } = entry {
            hits.push(passes);
        }
    });
    assert_eq!(hits, [7, 9]);
}

#[test]
fn a_cut_recording_is_readable_up_to_its_last_whole_second() {
    let entries = sample(5_000);
    let bytes = written(&entries);
    let truth = seen(|take| entries.iter().cloned().for_each(take));
    for cut in (40..bytes.len()).step_by(97) {
        let recording = back(bytes[..cut].to_vec()).expect("a recording");
        let mut remarks = Vec::new();
        let read = seen(|take| remarks = entries_of(&recording, take));
        assert!(!remarks.is_empty(), "cut at {cut}");
        assert_eq!(read, truth[..read.len()], "cut at {cut}");
    }
}

#[test]
fn threads_that_go_around_the_end_of_a_chunk_are_gone() {
    // The first chunk ends with tick 900.
    for at in 898..904u64 {
        let mut entries = sample(1);
        let end = entries.pop().expect("an end");
        for tick in 1..2_000 {
            if tick == at {
                entries.push(Entry::Torn { thread: 2 });
                entries.push(Entry::Gone { thread: 1 });
                entries.push(Entry::Thread { board: 0, tid: 9, name: Label::from("next") });
                entries.push(Entry::At { thread: 3, stack: 2 });
            }
            if tick == at + 1 {
                entries.push(Entry::Gone { thread: 2 });
                entries.push(Entry::Missed(3));
            }
            let late = if tick > at { 3 } else { 0 };
            entries.push(Entry::Ticks { at_ns: (tick + late) * 1_000_000, count: 1 });
        }
        entries.push(end);
        let truth = seen(|take| entries.iter().cloned().for_each(take));
        let recording = back(written(&entries)).expect("a recording");
        assert_eq!(seen(|take| drop(entries_of(&recording, take))), truth, "gone at {at}");
    }
}

#[test]
fn threads_at_rest_cost_next_to_nothing() {
    let mut entries = sample(1);
    let end = entries.pop().expect("an end");
    entries.extend((1..60_000).map(|tick| Entry::Ticks { at_ns: tick * 1_000_000, count: 1 }));
    entries.push(end);
    let bytes = written(&entries).len();
    assert!(bytes < 60 * 64, "{bytes} bytes for a minute");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn no_damage_makes_it_panic_or_name_what_is_not_there(
        at in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        seal in any::<bool>(),
    ) {
        let mut bytes = written(&sample(2_000));
        if seal {
            // Damage below the checksum: in the unpacked payload of each chunk, sealed again.
            bytes = sealed(&bytes, &at);
        } else {
            for (index, byte) in &at {
                let length = bytes.len();
                bytes[index.index(length)] = *byte;
            }
        }
        if let Some(recording) = back(bytes) {
            let (mut threads, mut stacks) = (0, 0);
            entries_of(&recording, |entry| match entry {
                Entry::Thread { .. } => threads += 1,
                Entry::Stack(_) => stacks += 1,
                Entry::At { thread, stack } => assert!(thread < threads && stack < stacks),
                _ => {}
            });
        }
    }
}

/// The same chunks with some payload bytes replaced, and checksums that are right.
fn sealed(bytes: &[u8], at: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    let mut out = bytes[..32].to_vec();
    let mut rest = Bytes(&bytes[32..]);
    while let Some((kind, packed, size, _)) = chunk(&mut rest) {
        let mut payload =
            miniz_oxide::inflate::decompress_to_vec_with_limit(packed, size).expect("whole");
        for (index, byte) in at {
            let length = payload.len();
            payload[index.index(length)] = *byte;
        }
        let packed = miniz_oxide::deflate::compress_to_vec(&payload, 1);
        out.extend_from_slice(&[kind, 0, 0, 0]);
        for word in [packed.len() as u32, payload.len() as u32, crc32(&packed)] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&packed);
    }
    out
}

#[test]
fn who_kept_whom_waiting_comes_back_and_only_of_those_who_are_known() {
    let said = |entries: &[Entry]| {
        let mut found = Vec::new();
        let recording = back(written(entries)).expect("a recording");
        let remarks = entries_of(&recording, |entry| {
            if matches!(entry, Entry::Blamed { .. }) {
                found.push(entry);
            }
        });
        assert!(recording.tells_blame);
        (found, remarks)
    };
    let entries = sample(20);
    let (found, remarks) = said(&entries);
    assert_eq!(found, [Entry::Blamed { thread: 0, stack: 1, by: 2, at: 2, ticks: 70 }]);
    assert!(remarks.is_empty(), "{remarks:?}");
    for wrong in [
        Entry::Blamed { thread: 3, stack: 1, by: 2, at: 2, ticks: 1 },
        Entry::Blamed { thread: 0, stack: 3, by: 2, at: 2, ticks: 1 },
        Entry::Blamed { thread: 0, stack: 1, by: 3, at: 2, ticks: 1 },
        Entry::Blamed { thread: 0, stack: 1, by: 2, at: 3, ticks: 1 },
    ] {
        let mut entries = entries.clone();
        let last = entries.len() - 1;
        entries.insert(last, wrong);
        let (_, remarks) = said(&entries);
        assert_eq!(remarks, ["1 damaged chunks (a second each) are left out"]);
    }
}
