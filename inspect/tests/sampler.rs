//! The sampler on a board in a file, on a clock that the test drives: time passes only when the sampler
//! waits, and the board says what the thread does at that moment.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use common::{NOW, SECOND, sample};
use inspect::board_file::{BoardFile, Trust};
use inspect::recording::Entry;
use inspect::report::{Options as Counting, Tally, answer};
use inspect::sampler::{self, Clock, Options, Progress, Subject, Wish};
use inspect::snapshot::Board;
use inspect::source::Source;
use probe::layout::{
    BLOCK_BYTES, Class, SITE_SCOPE, SITE_UNTOLD, SLOT_FREE, SLOT_LIVE, SectionKind,
};

/// Sites of the thread's three lines.
const LINES: [u64; 3] = [0x5000 + 8 * 20, 0x5000 + 8 * 21, 0x5000 + 8 * 22];

struct Driven {
    now: u64,
    file: File,
    line_at: u64,
    /// Every so many waits the clock jumps by this much: a machine that was busy elsewhere.
    late: Option<(u64, u64)>,
    waits: u64,
}

impl Clock for Driven {
    fn now(&mut self) -> u64 {
        self.now
    }

    fn sleep_until(&mut self, moment: u64) {
        self.now = self.now.max(moment);
        self.waits += 1;
        if let Some((every, by)) = self.late
            && self.waits.is_multiple_of(every)
        {
            self.now += by;
        }
        let line = match self.now % 700_000 / 7_000 {
            0..60 => LINES[0],
            60..90 => LINES[1],
            _ => LINES[2],
        };
        self.file.write_all_at(&line.to_ne_bytes(), self.line_at).unwrap();
    }
}

/// A board with one thread, in a file; and the clock that moves it.
fn board(dir: &std::path::Path) -> (Board, Driven) {
    let mut synth = sample();
    for (index, class) in (20..).zip([Class::Work, Class::Wait, Class::Work]) {
        synth.site(index, index as u32, "line", class, 0);
    }
    // Others rest in free slots.
    for slot in 1..8 {
        let at = synth.at(SectionKind::Slots, slot);
        synth.put(at, &[SLOT_FREE]);
    }
    // The scopes that the sample has open are closed.
    synth.thread(0, "worker", &[[0, LINES[0], 0, 0], [0; 4], [0; 4]]);
    let line_at = (synth.at(SectionKind::Frames, 0) + BLOCK_BYTES + 32 + 8) as u64;
    let state_at = synth.at(SectionKind::Slots, 0);
    assert_eq!(synth.words[state_at / 8] & 0xff, SLOT_LIVE);
    let path = dir.join("recordd.1.2");
    let words = synth.finish();
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    std::fs::write(&path, bytes).unwrap();
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    let source = Source::Copy(BoardFile::open(&path, Trust::Named).unwrap());
    let board = Board::open(source, &path).unwrap();
    (board, Driven { now: 1_000, file, line_at, late: None, waits: 0 })
}

fn options(duration: u64) -> Options {
    Options::lasting(Duration::from_secs(duration))
}

fn alive() -> sampler::Life {
    Box::new(|_, _| None)
}

#[test]
fn a_program_in_step_with_the_sampler_is_told_truly() {
    let dir = tempfile::tempdir().unwrap();
    let (board, mut clock) = board(dir.path());
    let mut tally = Tally::new(Counting::default());
    let subject = Subject::new(board, alive());
    let mut go_on = |_: &Progress| Wish::default();
    let progress =
        sampler::run(vec![subject], &options(30), &mut clock, &mut tally, &mut go_on).unwrap();
    tally.finish();
    let answer = answer(&tally);
    assert_eq!((progress.ticks, progress.missed), (30_000, 0));
    assert_eq!((answer.denominator, answer.torn), (30_000, 0));
    for (line, truth) in [(20, 0.6), (21, 0.3), (22, 0.1)] {
        let row = answer.rows.iter().find(|row| row.key.spot().is_some_and(|s| s.line == line));
        let row = row.unwrap_or_else(|| panic!("{line} in {:?}", answer.rows));
        assert!((row.low..=row.high).contains(&truth), "{line}: {row:?}");
    }
}

#[test]
fn missed_ticks_are_counted_and_never_made_up_for() {
    let dir = tempfile::tempdir().unwrap();
    let (board, mut clock) = board(dir.path());
    clock.late = Some((100, 25_000_000));
    let mut entries: Vec<Entry> = Vec::new();
    let subject = Subject::new(board, alive());
    let mut go_on = |_: &Progress| Wish::default();
    let progress =
        sampler::run(vec![subject], &options(2), &mut clock, &mut entries, &mut go_on).unwrap();
    assert!(progress.missed > 200, "{progress:?}");
    assert_eq!(progress.ticks + progress.missed, 2_000, "{progress:?}");
    let moments: Vec<u64> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Ticks { at_ns, .. } => Some(*at_ns),
            _ => None,
        })
        .collect();
    assert!(moments.is_sorted_by(|a, b| a < b), "one tick a period");
}

#[test]
fn the_end_of_the_process_is_noticed_within_a_hundredth_of_a_second() {
    let dir = tempfile::tempdir().unwrap();
    let (board, mut clock) = board(dir.path());
    let end = 500_000_000;
    let life: sampler::Life = Box::new(move |_, now| (now >= end).then(|| "killed".to_owned()));
    let mut entries: Vec<Entry> = Vec::new();
    let mut go_on = |_: &Progress| Wish::default();
    let subject = Subject::new(board, life);
    let progress =
        sampler::run(vec![subject], &Options::default(), &mut clock, &mut entries, &mut go_on)
            .unwrap();
    assert!((490..=512).contains(&progress.ticks), "{progress:?}");
    let said = entries
        .iter()
        .any(|entry| matches!(entry, Entry::BoardEnd { verdict, .. } if verdict.raw() == "killed"));
    assert!(said);
}

/// Whoever follows a daemon over its restarts for weeks keeps no board of the past, and no descriptor.
#[test]
fn a_board_whose_process_ended_is_let_go_of() {
    let dir = tempfile::tempdir().unwrap();
    let (board, mut clock) = board(dir.path());
    let held = std::sync::Arc::new(());
    let kept = std::sync::Arc::downgrade(&held);
    let life: sampler::Life = Box::new(move |_, now| {
        let _ = &held;
        (now >= 500_000_000).then(|| "killed".to_owned())
    });
    let mut last = (0, 1, true);
    let mut go_on = |progress: &Progress| {
        last = (progress.elapsed_ns, progress.boards, kept.upgrade().is_some());
        Wish::default()
    };
    let mut options = options(1);
    options.follow = true;
    let mut entries: Vec<Entry> = Vec::new();
    let subjects = vec![Subject::new(board, life)];
    sampler::run(subjects, &options, &mut clock, &mut entries, &mut go_on).unwrap();
    assert!(last.0 > 900_000_000 && (last.1, last.2) == (0, false), "{last:?}");
}

/// At a site that leaves it to the kernel what is done there, a thread works until the keeper found that it used
/// no processor time, and from there on until it moves or uses some.
#[test]
fn a_thread_rests_where_nobody_told_as_the_keeper_noted() {
    let dir = tempfile::tempdir().unwrap();
    let mut synth = sample();
    let span = synth.site(20, 20, "span", Class::Work, SITE_UNTOLD | SITE_SCOPE);
    let told = synth.site(21, 21, "told", Class::Work, 0);
    for slot in 0..8 {
        let at = synth.at(SectionKind::Slots, slot);
        synth.put(at, &[SLOT_FREE]);
    }
    let frames = [[0; 4], [span, 0, 0, 0]];
    synth.thread(0, "joins", &frames);
    synth.watch(0, &frames, NOW - SECOND, NOW - SECOND);
    synth.thread(1, "works", &frames);
    synth.watch(1, &frames, NOW - SECOND, u64::MAX);
    // What the keeper noted is of another place.
    synth.thread(2, "moved", &frames);
    synth.watch(2, &[[0, told, 0, 0]], NOW - SECOND, NOW - SECOND);
    // Its program says that it works.
    let frames = [[0, told, 0, 0]];
    synth.thread(3, "told", &frames);
    synth.watch(3, &frames, NOW - SECOND, NOW - SECOND);
    let path = dir.path().join("recordd.1.2");
    std::fs::write(&path, zerocopy::IntoBytes::as_bytes(&synth.finish()[..])).unwrap();
    let source = Source::Copy(BoardFile::open(&path, Trust::Named).unwrap());
    let board = Board::open(source, &path).unwrap();
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    let mut clock = Driven { now: 1_000, file, line_at: 1 << 30, late: None, waits: 0 };
    let mut entries: Vec<Entry> = Vec::new();
    let subject = Subject::new(board, alive());
    let mut go_on = |_: &Progress| Wish::default();
    sampler::run(vec![subject], &options(2), &mut clock, &mut entries, &mut go_on).unwrap();
    let (mut sites, mut stacks, mut names) = (Vec::new(), Vec::new(), Vec::new());
    let mut last = std::collections::BTreeMap::new();
    for entry in &entries {
        match entry {
            Entry::Site(site) => sites.push(site),
            Entry::Stack(stack) => stacks.push(stack),
            Entry::Thread { name, .. } => names.push(name.raw()),
            Entry::At { thread, stack } => {
                _ = last.insert(names[*thread as usize], *stack as usize)
            }
            _ => {}
        }
    }
    let classes: Vec<_> = last
        .iter()
        .map(|(name, stack)| {
            let site = sites[*stacks[*stack].last().unwrap() as usize];
            (*name, site.label.raw(), site.class)
        })
        .collect();
    assert_eq!(
        classes,
        [
            ("joins", "span", Class::Wait),
            ("moved", "span", Class::Work),
            ("told", "told", Class::Work),
            ("works", "span", Class::Work),
        ]
    );
}
