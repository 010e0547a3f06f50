//! Are the sampler's shares true? Programs whose shares are known, on boards in files, on a clock that the
//! test drives: time passes only when the sampler waits, and each thread is where its program is at that
//! moment. A hundred runs each, from other moments on, so with other draws; nothing here depends on the
//! machine. The variants that are known to be wrong are shown to fail.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use common::Synth;
use inspect::board_file::{BoardFile, Mapping, Trust};
use inspect::report::stats::{Z95, wilson};
use inspect::report::{Options as Counting, Tally, answer};
use inspect::sampler::{self, Clock, Options, Progress, Subject, Wish};
use inspect::snapshot::Board;
use inspect::source::Source;
use probe::layout::{BLOCK_BYTES, Capacity, Class, SectionKind};

/// Lines of the three sites, and their addresses.
const LINES: [u32; 3] = [20, 21, 22];
const SITES: [u64; 3] = [0x5000 + 8 * 20, 0x5000 + 8 * 21, 0x5000 + 8 * 22];
/// A scope that some of the lines are in.
const SCOPE: u64 = 0x5000 + 8 * 23;

/// Where a thread is at a moment: which of the lines, and whether in a scope.
type Place = fn(thread: u64, now: u64) -> (usize, bool);

/// 60, 30 and 10 of every hundred parts of a period.
fn part(now: u64, period: u64) -> usize {
    match now % period * 100 / period {
        0..60 => 0,
        60..90 => 1,
        _ => 2,
    }
}

/// The clock, and the program that goes with it.
struct Driven {
    now: u64,
    file: File,
    threads: u64,
    /// Byte offset of each thread's block.
    blocks: Vec<u64>,
    place: Place,
    /// Where each thread was, and its pushes.
    last: Vec<(Option<(usize, bool)>, u64)>,
    /// Wakes at the end of the period that the moment is in: as a sampler without jitter would.
    in_step: bool,
}

impl Driven {
    fn put(&self, at: u64, word: u64) {
        self.file.write_all_at(&word.to_ne_bytes(), at).unwrap();
    }

    /// Moves a thread as `probe` would: pushes are counted first, a scope begins without a line.
    fn go(&mut self, thread: usize, (line, scoped): (usize, bool)) {
        let (last, pushes) = self.last[thread];
        if last == Some((line, scoped)) {
            return;
        }
        let block = self.blocks[thread];
        let scope_at = block + 64;
        match (last.is_some_and(|last| last.1), scoped) {
            (false, true) => {
                self.last[thread].1 = pushes + 1;
                self.put(block, 17 + pushes + 1);
                self.put(scope_at + 8, 0);
                self.put(scope_at, SCOPE);
            }
            (true, false) => self.put(scope_at, 0),
            _ => {}
        }
        let line_at = if scoped { scope_at + 8 } else { block + 32 + 8 };
        self.put(line_at, SITES[line]);
        self.last[thread].0 = Some((line, scoped));
    }
}

impl Clock for Driven {
    fn now(&mut self) -> u64 {
        self.now
    }

    fn sleep_until(&mut self, moment: u64) {
        let moment = if self.in_step { moment.next_multiple_of(1_000_000) } else { moment };
        self.now = self.now.max(moment);
        for thread in 0..self.threads {
            let place = (self.place)(thread, self.now);
            self.go(thread as usize, place);
        }
    }
}

/// A board with so many threads, in a file; and the clock that moves them.
fn board(path: &Path, threads: u64, place: Place, mapped: bool) -> (Board, Driven) {
    let capacity = Capacity { threads: 64, sites: 32, metrics: 1, ..Capacity::default() };
    let mut synth = Synth::new(&capacity);
    for (index, class) in (20..).zip([Class::Work, Class::Wait, Class::Work, Class::Work]) {
        synth.site(index, index as u32, "line", class, 0);
    }
    let mut blocks = Vec::new();
    for slot in 0..threads as usize {
        synth.thread(slot, "worker", &[[0, SITES[0], 0, 0], [0; 4], [0; 4]]);
        blocks.push((synth.at(SectionKind::Frames, slot) + BLOCK_BYTES) as u64);
    }
    let bytes: Vec<u8> = synth.finish().iter().flat_map(|word| word.to_ne_bytes()).collect();
    std::fs::write(path, bytes).unwrap();
    let opened = BoardFile::open(path, Trust::Named).unwrap();
    let source = match mapped {
        true => Source::Map(Mapping::new(&opened).unwrap(), opened),
        false => Source::Copy(opened),
    };
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let last = vec![(None, 0); threads as usize];
    let clock = Driven { now: 0, file, threads, blocks, place, last, in_step: false };
    (Board::open(source, path).unwrap(), clock)
}

/// What a hundred runs came to.
#[derive(Debug, Default)]
struct Trial {
    /// In how many the truth was inside each line's interval.
    inside: [u32; 3],
    /// The same, had samples been taken for independent.
    naive: [u32; 3],
    /// Width of the intervals, on average, over that of independent draws.
    width: f64,
    torn: u64,
}

fn trial(threads: u64, truth: [f64; 3], in_step: bool, place: Place) -> Trial {
    let directory = tempfile::tempdir().unwrap();
    let mut trial = Trial::default();
    for run in 0..100u64 {
        // Every second board is mapped, the others are copied tick by tick: what is seen is the same.
        let (board, mut clock) =
            board(&directory.path().join("recordd.1.2"), threads, place, run % 2 == 0);
        clock.now = 1_000_000 * (1 + run * 7_919);
        clock.in_step = in_step;
        let mut tally = Tally::new(Counting::default());
        let subject = Subject::new(board, Box::new(|_, _| None));
        let ticks = (24_000 / threads).clamp(300, 1_500);
        let options = Options::lasting(Duration::from_millis(ticks));
        let mut on = |_: &Progress| Wish::default();
        let progress =
            sampler::run(vec![subject], &options, &mut clock, &mut tally, &mut on).unwrap();
        assert_eq!(progress.missed, 0);
        tally.finish();
        let answer = answer(&tally);
        assert_eq!(answer.denominator, progress.ticks * threads, "every sample is in it");
        trial.torn += answer.torn;
        for (index, line) in LINES.into_iter().enumerate() {
            let row = answer.rows.iter().find(|row| row.key.spot().is_some_and(|s| s.line == line));
            let (share, low, high) = row.map_or((0.0, 0.0, 0.0), |r| (r.share, r.low, r.high));
            trial.inside[index] += u32::from((low..=high).contains(&truth[index]));
            let samples = answer.denominator as f64;
            let (low_naive, high_naive) = wilson(share, samples);
            trial.naive[index] += u32::from((low_naive..=high_naive).contains(&truth[index]));
            let binomial = 2.0 * Z95 * (truth[index] * (1.0 - truth[index]) / samples).sqrt();
            trial.width += (high - low) / binomial / 300.0;
        }
    }
    trial
}

/// The truth is inside in at least 89 of 100 runs of every line (a right interval does so almost surely),
/// and the intervals are no wider than they need to be.
#[track_caller]
fn is_right(trial: &Trial) {
    assert!(trial.inside.iter().all(|&runs| runs >= 89), "{trial:?}");
    assert!(trial.width <= 1.2, "{trial:?}");
    assert_eq!(trial.torn, 0);
}

const TENTHS: [f64; 3] = [0.6, 0.3, 0.1];

#[test]
fn shares_of_60_30_and_10() {
    is_right(&trial(1, TENTHS, false, |_, now| (part(now, 700_000), false)));
}

#[test]
fn lines_that_change_every_700_us() {
    // Seven millis in ten steps of 700 us each: six, three, one.
    let place: Place = |_, now| (part(now / 700_000, 10), false);
    is_right(&trial(1, TENTHS, false, place));
}

#[test]
fn a_program_in_step_with_the_sampler_is_met_at_all_points_of_its_beat() {
    let place: Place = |_, now| (part(now, 1_000_000), false);
    is_right(&trial(1, TENTHS, false, place));
    // The same sampler, were its moments not drawn: it sees one line and nothing else, in every run.
    let wrong = trial(1, TENTHS, true, place);
    assert_eq!(wrong.inside, [0, 0, 0], "{wrong:?}");
}

#[test]
fn lines_in_scopes_that_come_and_go() {
    // The second line, and the third half of the time, stand in a scope.
    is_right(&trial(1, TENTHS, false, |_, now| {
        let line = part(now, 700_000);
        (line, line == 1 || line == 2 && now / 700_000 % 2 == 0)
    }));
}

#[test]
fn sixty_four_threads_each_at_its_own_beat() {
    let place: Place = |thread, now| {
        let period = 600_000 + thread * 7_001;
        (part(now + thread * 77_777, period), false)
    };
    is_right(&trial(64, TENTHS, false, place));
}

#[test]
fn threads_that_move_as_one_are_one_observation() {
    let together = trial(16, TENTHS, false, |_, now| (part(now, 700_000), false));
    assert!(together.inside.iter().all(|&runs| runs >= 89), "{together:?}");
    // Taken for sixteen times as many, the samples promise what they cannot keep.
    assert!(together.naive.iter().all(|&runs| runs < 89), "{together:?}");
}
