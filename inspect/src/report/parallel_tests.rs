//! Programs of phases with a barrier behind each, whose bottleneck is known by taking each line away: which line stands
//! first by ticks shared by those that work, and which by samples.

use probe::layout::Class;

use super::*;
use crate::recording::{BoardInfo, Entry, SiteInfo};
use crate::words::label::Label;

const LINES: u32 = 6;
/// Where threads wait at a barrier: the stack behind those of the lines.
const WAITS: u32 = LINES;

struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most.max(1)
    }
}

/// Of each phase, what each thread does: a line and how many ticks, or nothing.
type Program = Vec<Vec<Option<(u32, u64)>>>;

/// One line that only one thread at a time is in, and others that several are in, about as long each.
fn program(dice: &mut Dice) -> Program {
    let threads = 2 + dice.below(7) as usize;
    let alone = dice.below(u64::from(LINES)) as u32;
    let mut phases = Vec::new();
    for _ in 0..40 {
        let mut together = vec![None; threads];
        let line = (alone + 1 + dice.below(u64::from(LINES) - 1) as u32) % LINES;
        for one in &mut together {
            *one = Some((line, 12 + dice.below(4)));
        }
        phases.push(together);
        let mut serial = vec![None; threads];
        serial[dice.below(threads as u64) as usize] = Some((alone, 5 + dice.below(8)));
        phases.push(serial);
    }
    phases
}

/// Ticks from the beginning to the end, if one line took no time.
fn makespan(program: &Program, without: Option<u32>) -> u64 {
    let ticks = |one: &Option<(u32, u64)>| match one {
        Some((line, ticks)) if Some(*line) != without => *ticks,
        _ => 0,
    };
    program.iter().map(|phase| phase.iter().map(ticks).max().unwrap_or(0)).sum()
}

fn recorded(program: &Program) -> Vec<Entry> {
    let mut all = vec![
        Entry::Start { rate_mhz: 1_000_000, wall_ns: 0 },
        Entry::Board(BoardInfo {
            name: Label::from("phases"),
            pid: 1,
            instance: 1,
            build: Label::from(""),
            program: Label::from(""),
            built_ns: 0,
        }),
    ];
    for line in 0..=WAITS {
        all.push(Entry::Site(SiteInfo {
            board: 0,
            file: Label::from("src/phases.rs"),
            line,
            column: 1,
            function: Label::from("phases"),
            label: Label::from(""),
            class: if line == WAITS { Class::Wait } else { Class::Work },
            scope: false,
            counted: false,
        }));
    }
    all.extend((0..=WAITS).map(|line| Entry::Stack(vec![line])));
    for tid in 0..program[0].len() {
        all.push(Entry::Thread { board: 0, tid: tid as u64, name: Label::from("worker") });
    }
    let mut now = 0;
    for phase in program {
        let length = phase.iter().flatten().map(|(_, ticks)| *ticks).max().unwrap_or(0);
        for tick in 0..length {
            for (thread, one) in phase.iter().enumerate() {
                let at = one.filter(|(_, ticks)| tick < *ticks).map_or(WAITS, |(line, _)| line);
                all.push(Entry::At { thread: thread as u32, stack: at });
            }
            all.push(Entry::Ticks { at_ns: now * 1_000_000, count: 1 });
            now += 1;
        }
    }
    all.push(Entry::End { duration_ns: now * 1_000_000, why: Label::from("as asked") });
    all
}

/// The first row that is no wait.
fn first(entries: &[Entry], weight: Weight) -> (u32, Row) {
    let mut tally = Tally::new(Options { weight, ..Options::default() });
    entries.iter().for_each(|entry| tally.take(entry));
    tally.finish();
    let rows = answer(&tally).rows;
    if weight == Weight::Parallel {
        let sum: f64 = rows.iter().map(|row| row.share).sum();
        assert!((sum - 1.0).abs() < 1e-9, "each tick is shared out once: {sum}");
        let of_threads: f64 = tally.threads.iter().map(|thread| thread.parallel).sum();
        assert!((of_threads - tally.worked as f64).abs() < 1e-6);
    }
    let row = rows.into_iter().find(|row| row.key.class() == Some(Class::Work)).expect("work");
    (row.key.spot().expect("a line").line, row)
}

#[test]
fn what_runs_alone_comes_first_and_by_samples_it_does_not() {
    let (mut right, mut plain, mut gains) = (0, 0, 0);
    for seed in 0..100 {
        let program = program(&mut Dice(seed * 977 + 5));
        let all = makespan(&program, None);
        let truth = (0..LINES).min_by_key(|&line| makespan(&program, Some(line))).expect("a line");
        let entries = recorded(&program);
        let (line, row) = first(&entries, Weight::Parallel);
        right += u32::from(line == truth);
        plain += u32::from(first(&entries, Weight::Samples).0 == truth);
        let gain = all as f64 / makespan(&program, Some(line)) as f64;
        let bound = row.bound.expect("a bound");
        assert!(gain < bound * 1.01, "{gain} is more than at most {bound}");
        gains += u32::from((gain / bound - 1.0).abs() < 0.2);
    }
    let said = format!("{right} by shared ticks, {plain} by samples, {gains} gains as bound");
    assert!(right >= 95 && gains >= 95, "{said}");
    assert!(plain <= 50, "{said}: then the plain share does as well");
}

#[test]
fn who_is_not_shown_works_all_the_same() {
    let mut entries = recorded(&vec![vec![Some((0, 10)), Some((1, 10))]; 4]);
    entries.insert(entries.len() - 1, Entry::Renamed { thread: 1, name: Label::from("other") });
    let mut tally = Tally::new(Options {
        weight: Weight::Parallel,
        thread: Some("worker".into()),
        ..Options::default()
    });
    entries.iter().for_each(|entry| tally.take(entry));
    tally.finish();
    let rows = answer(&tally).rows;
    assert_eq!(rows.len(), 1);
    assert!((rows[0].share - 0.5).abs() < 1e-9, "{}", rows[0].share);
}

/// What gets nothing of the time in which somebody works cannot be gained at: no number stands there. A bound is rounded
/// up: it is never said to be nothing, or reached.
#[test]
fn a_wait_has_no_gain_and_a_small_one_is_not_nothing() {
    let program = vec![vec![Some((0, 2_000)), None], vec![Some((1, 1)), None]];
    let mut tally = Tally::new(Options { weight: Weight::Parallel, ..Options::default() });
    recorded(&program).iter().for_each(|entry| tally.take(entry));
    tally.finish();
    let answer = answer(&tally);
    let wait = answer.rows.iter().find(|row| row.key.class() == Some(Class::Wait)).expect("a wait");
    assert_eq!((wait.share, wait.bound), (0.0, None));
    for columns in [40, 100] {
        let look = crate::render::Look { columns, ..Default::default() };
        let said = crate::report::text::report(&tally, &answer, &look, 30);
        let row = |class: &str| said.lines().find(|line| line.contains(class)).unwrap_or("");
        assert!(row(" wait ").contains(" - "), "{said}");
        assert!(said.contains("<1.01x") && !said.contains("<1.00x"), "{said}");
        assert!(said.lines().all(|line| line.chars().count() <= columns), "{said}");
    }
}

#[test]
fn a_bottle_is_as_high_as_the_time_and_as_wide_as_the_program_was_parallel() {
    // Ten ticks together, ten of the first alone.
    let program = vec![vec![Some((0, 10)), Some((1, 10))], vec![Some((2, 10)), None]];
    let mut tally = Tally::new(Options::default());
    recorded(&program).iter().for_each(|entry| tally.take(entry));
    tally.finish();
    let parts: Vec<(f64, u64)> =
        tally.threads.iter().map(|thread| (thread.parallel, thread.worked)).collect();
    assert_eq!(parts, [(15.0, 20), (5.0, 10)]);
}
