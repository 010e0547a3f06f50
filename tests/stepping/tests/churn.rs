//! Hazard C2: slots change hands many thousand times a second, and no thread's name is ever shown with
//! another one's line.
//!
//! Three seconds by default, or until the control has been seen to fail; `STRESS_SECONDS` for longer.
#![expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use probe::layout::*;
use probe::protocol::{occupancy, stack};

/// Where the board is.
static PLACE: OnceLock<PathBuf> = OnceLock::new();

/// A thread of its name's class: it tags lines of that class only, and ends.
fn live(odd: bool) {
    let body = move || {
        if odd {
            probe::tag!("odd");
            let _scope = probe::scope!("odd in");
            probe::tag!("odd deeper", 1);
        } else {
            probe::tag!("even");
            let _scope = probe::scope!("even in");
            probe::tag!("even deeper", 2);
        }
    };
    let name = if odd { "odd" } else { "even" };
    let thread = std::thread::Builder::new().name(name.to_owned()).stack_size(64 << 10).spawn(body);
    if let Ok(thread) = thread {
        thread.join().expect("a probe never panics");
    }
}

/// The board, word by word as it is at the moment of asking: nothing is copied as a whole.
struct Live {
    file: File,
    slots: usize,
    frames: usize,
    /// Addresses of the sites, and whether they are of the odd threads.
    sites: Vec<(u64, bool)>,
}

impl Live {
    fn word(&self, at: usize) -> u64 {
        let mut bytes = [0; WORD];
        self.file.read_exact_at(&mut bytes, at as u64).expect("a readable board");
        u64::from_ne_bytes(bytes)
    }

    fn open(path: PathBuf) -> Self {
        let file = File::open(path).expect("a board");
        let mut live = Self { file, slots: 0, frames: 0, sites: Vec::new() };
        let (mut sites, mut strings) = ((0, 0), 0);
        for index in 0..live.word(0x30) as usize {
            let at = TOC_OFFSET + index * SectionCopy::BYTES;
            let offset = live.word(at + 0x10) as usize;
            match live.word(at) {
                kind if kind == SectionKind::Slots as u64 => live.slots = offset,
                kind if kind == SectionKind::Frames as u64 => live.frames = offset,
                kind if kind == SectionKind::Sites as u64 => sites = (offset, live.word(at + 0x30)),
                kind if kind == SectionKind::Strings as u64 => strings = offset,
                _ => {}
            }
        }
        for index in 0..sites.1 as usize {
            let at = sites.0 + index * SiteCopy::BYTES;
            let label = TextRef::from_word(live.word(at + 0x20));
            let mut first = [0];
            let start = (strings + label.offset as usize) as u64;
            live.file.read_exact_at(&mut first, start).expect("a label");
            live.sites.push((live.word(at), first == *b"o"));
        }
        live
    }

    fn slot_at(&self, slot: usize) -> usize {
        self.slots + slot * SlotCopy::BYTES
    }

    /// Whether the name in the slot is that of the odd threads.
    fn is_odd(&self, slot: usize) -> bool {
        self.word(self.slot_at(slot) + 0x10).to_le_bytes().starts_with(b"odd")
    }

    fn block(&self, slot: usize) -> usize {
        let block = self.word(self.slot_at(slot) + 0x28) as usize & 1;
        self.frames + (slot * 2 + block) * BLOCK_BYTES
    }

    /// Whether a name and a line belong together; no line belongs to every name.
    fn match_up(&self, odd: bool, site: u64) -> bool {
        site == 0 || self.sites.contains(&(site, odd))
    }

    /// A reading by the protocol: whether the levels are the named thread's.
    fn read(&self, slot: usize) -> Option<bool> {
        let body = |_| {
            let odd = self.is_odd(slot);
            let block = self.block(slot);
            let load = |frame: usize, word: usize| {
                self.word(block + frame * FrameCopy::BYTES + word * WORD)
            };
            let mut levels = [stack::Level::default(); 4];
            let depth = stack::read(load, &mut levels, &mut 0)?;
            let fits = |level: &stack::Level| {
                self.match_up(odd, level.scope) && self.match_up(odd, level.line)
            };
            Some(levels[..depth].iter().all(fits))
        };
        match occupancy::read(|| self.word(self.slot_at(slot)), body, &mut 0) {
            occupancy::Reading::Live(_, right) => right,
            _ => None,
        }
    }

    /// A reading that believes what it sees.
    fn read_naively(&self, slot: usize) -> Option<bool> {
        if self.word(self.slot_at(slot)) & 0xff != SLOT_LIVE {
            return None;
        }
        let odd = self.is_odd(slot);
        // As a reader is held up at times.
        std::thread::yield_now();
        let line = self.word(self.block(slot) + FrameCopy::BYTES + stack::LINE * WORD);
        Some(self.match_up(odd, line))
    }
}

#[test]
fn no_name_with_another_threads_line() {
    let directory = tempfile::tempdir().expect("a scratch directory");
    PLACE.set(directory.path().to_owned()).expect("set once");
    let status = probe::init!("churn", |config| {
        config.keeper(false).threads(3).directory_on_disk(PLACE.get().expect("set above"))
    });
    let probe::Status::Board(path) = status else { panic!("{status:?}") };
    let live_board = Live::open(path);

    let stop = Arc::new(AtomicBool::new(false));
    let makers: Vec<_> = [false, true]
        .map(|odd| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                let mut made = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    live(odd ^ (made.is_multiple_of(2)));
                    made += 1;
                }
                made
            })
        })
        .into();
    let seconds = std::env::var("STRESS_SECONDS").ok().and_then(|text| text.parse().ok());
    let began = Instant::now();
    let enough = Duration::from_secs(seconds.unwrap_or(3));
    let (mut accepted, mut wrong, mut believed, mut naively_wrong) = (0_u64, 0_u64, 0_u64, 0_u64);
    // The control decides how long it takes at most: a machine may be slow.
    while began.elapsed() < enough || naively_wrong == 0 && began.elapsed() < 20 * enough {
        for slot in 0..3 {
            if let Some(right) = live_board.read(slot) {
                accepted += 1;
                wrong += u64::from(!right);
            }
            if let Some(right) = live_board.read_naively(slot) {
                believed += 1;
                naively_wrong += u64::from(!right);
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    let made: u64 = makers.into_iter().map(|maker| maker.join().expect("no panic")).sum();
    println!(
        "{made} threads; by the protocol {wrong} of {accepted} readings wrong, \
         naively {naively_wrong} of {believed}"
    );
    assert_eq!(wrong, 0, "of {accepted}");
    assert!(
        accepted > 0 && naively_wrong > 0,
        "{accepted} accepted, {naively_wrong} wrong naively"
    );
}
