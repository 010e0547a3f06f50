//! The count against a truth that is known, on a clock that the test drives.

use probe::layout::Class;

use super::*;
use crate::recording::{BoardInfo, Entry, SiteInfo};
use crate::render::Look;
use crate::sampler::Pace;
use crate::words::label::Label;

fn site(line: u32, class: Class, label: &str, counted: bool) -> Entry {
    Entry::Site(SiteInfo {
        board: 0,
        file: Label::from("src/demo.rs"),
        line,
        column: 5,
        function: Label::from("demo::serve"),
        label: Label::from(label),
        class,
        scope: label == "request",
        counted,
    })
}

/// A board with lines 10 (work, counted), 20 (wait), 30 (work), 40 (idle) and a scope at 50; stack 0 is
/// nowhere, stacks 1 to 4 are the lines, 5 is line 30 in the scope.
pub(super) fn begin(threads: u64) -> Vec<Entry> {
    let mut all = vec![
        Entry::Start { rate_mhz: 1_000_000, wall_ns: 1_700_000_000_000_000_000 },
        Entry::Board(BoardInfo {
            name: Label::from("recordd"),
            pid: 4711,
            instance: 1,
            build: Label::from("daemon 1.0"),
            program: Label::from("/usr/bin/recordd"),
            built_ns: 0,
        }),
        site(10, Class::Work, "parse", true),
        site(20, Class::Wait, "disk", false),
        site(30, Class::Work, "", false),
        site(40, Class::Idle, "waiting", false),
        site(50, Class::Work, "request", false),
        Entry::Stack(vec![]),
    ];
    all.extend((0..4).map(|site| Entry::Stack(vec![site])));
    all.push(Entry::Stack(vec![4, 2]));
    for tid in 0..threads {
        all.push(Entry::Thread { board: 0, tid, name: Label::from("worker") });
        all.push(Entry::At { thread: tid as u32, stack: 0 });
    }
    all.push(Entry::Hits { site: 0, passes: 100 });
    all
}

fn counted(entries: &[Entry], options: Options) -> (Tally, Answer) {
    let mut tally = Tally::new(options);
    entries.iter().for_each(|entry| tally.take(entry));
    tally.finish();
    let answer = answer(&tally);
    (tally, answer)
}

/// Samples of `threads` threads for `ticks` ticks at the drawn moments. `at` is the stack of a thread
/// at a moment.
fn sampled(threads: u64, ticks: u64, seed: u64, at: impl Fn(u64, u64) -> u32) -> Vec<Entry> {
    let mut entries = begin(threads);
    let mut pace = Pace::new(0, 1_000_000, seed);
    let mut now = 0;
    for tick in 0..ticks {
        now = pace.next(now).at;
        for thread in 0..threads {
            entries.push(Entry::At { thread: thread as u32, stack: at(thread, now) });
        }
        entries.push(Entry::Ticks { at_ns: tick * 1_000_000, count: 1 });
    }
    entries.push(Entry::Hits { site: 0, passes: 100 + ticks * 2 });
    entries.push(Entry::End { duration_ns: ticks * 1_000_000, why: Label::from("as asked") });
    entries
}

/// In how many of 100 runs the truth is inside the interval of each line, and how wide the intervals
/// are on average against binomial ones.
fn trial(threads: u64, truth: [f64; 3], at: impl Fn(u64, u64) -> u32) -> ([u32; 3], f64) {
    let (mut inside, mut width, mut rows) = ([0; 3], 0.0, 0.0);
    for run in 0..100u64 {
        let entries = sampled(threads, 1_500, run * 7_919 + 3, &at);
        let (_, answer) = counted(&entries, Options::default());
        for (index, line) in [10, 20, 30].into_iter().enumerate() {
            let row = answer.rows.iter().find(|row| row.key.spot().is_some_and(|s| s.line == line));
            let row = row.expect("every line was seen");
            inside[index] += u32::from((row.low..=row.high).contains(&truth[index]));
            let share = truth[index];
            let binomial =
                2.0 * stats::Z95 * (share * (1.0 - share) / answer.denominator as f64).sqrt();
            width += (row.high - row.low) / binomial;
            rows += 1.0;
        }
    }
    (inside, width / rows)
}

/// 60, 30 and 10 % of every `period_ns`, shifted for each thread.
fn shares(period_ns: u64) -> impl Fn(u64, u64) -> u32 {
    move |thread, now| match (now + thread * 7_777_777) % period_ns * 100 / period_ns {
        0..60 => 1,
        60..90 => 2,
        _ => 3,
    }
}

#[test]
fn the_truth_is_inside_the_interval() {
    // A beat of 700 us and one of exactly the sampler's period, a slow one, and many threads.
    for (threads, period) in [(1, 700_000), (1, 1_000_000), (1, 13_000_000), (8, 700_000)] {
        let (inside, width) = trial(threads, [0.6, 0.3, 0.1], shares(period));
        assert!(inside.iter().all(|&runs| runs >= 89), "{threads} x {period}: {inside:?}");
        assert!(width <= 1.2, "{threads} x {period}: {width}");
    }
}

#[test]
fn threads_in_step_do_not_narrow_the_interval() {
    let together = |_: u64, now: u64| shares(700_000)(0, now);
    let (inside, _) = trial(16, [0.6, 0.3, 0.1], together);
    assert!(inside.iter().all(|&runs| runs >= 89), "{inside:?}");
}

#[test]
fn torn_samples_are_a_row_of_their_own_in_the_denominator() {
    let mut entries = begin(1);
    entries.push(Entry::At { thread: 0, stack: 1 });
    for tick in 0..100 {
        if tick % 4 == 0 {
            entries.push(Entry::Torn { thread: 0 });
        }
        entries.push(Entry::Ticks { at_ns: tick * 1_000_000, count: 1 });
    }
    let (_, answer) = counted(&entries, Options::default());
    assert_eq!((answer.denominator, answer.torn), (100, 25));
    let torn = answer.rows.iter().find(|row| row.key == Key::Torn).expect("a row");
    assert_eq!((torn.samples, torn.share), (25, 0.25));
}

#[test]
fn idle_is_left_out_unless_asked_for_and_threads_can_be_chosen() {
    let mut entries = begin(2);
    entries.push(Entry::At { thread: 0, stack: 2 });
    entries.push(Entry::At { thread: 1, stack: 4 });
    entries.push(Entry::Ticks { at_ns: 0, count: 1_000 });
    let lines = |options: Options| {
        let (_, answer) = counted(&entries, options);
        (answer.rows.len(), answer.denominator, answer.classes)
    };
    assert_eq!(lines(Options::default()), (1, 1_000, [0, 1_000, 1_000]));
    assert_eq!(lines(Options { idle: true, ..Options::default() }), (2, 2_000, [0, 1_000, 1_000]));
    let none = Options { thread: Some("x*".into()), ..Options::default() };
    assert_eq!(lines(none), (0, 0, [0, 0, 0]));
    for by in [By::Function, By::Thread, By::Label, By::Stack] {
        assert_eq!(lines(Options { by, ..Options::default() }).1, 1_000, "{by:?}");
    }
}

#[test]
fn time_per_hit_separates_rare_and_slow_from_frequent_and_fast() {
    let entries = sampled(1, 1_000, 1, |_, _| 1);
    let (_, answer) = counted(&entries, Options::default());
    assert_eq!(answer.rows[0].hits, Some(2_000));
    assert_eq!(answer.rows[0].ns_per_hit, Some(500_000.0));
}

#[test]
fn samples_after_the_last_reading_of_hits_are_not_counted_into_the_time_per_hit() {
    let entries = sampled(1, 1_000, 1, |_, _| 1);
    // The recorder was killed half a recording after it last read the hits.
    let (end, before) = entries.split_last().expect("an end");
    assert!(matches!(end, Entry::End { .. }));
    let mut cut = before.to_vec();
    cut.push(Entry::Ticks { at_ns: 1_000_000_000, count: 500 });
    let (_, answer) = counted(&cut, Options::default());
    let (_, whole) = counted(&entries, Options::default());
    assert_eq!(answer.rows[0].samples, 1_500);
    let (cut, whole) = (answer.rows[0].ns_per_hit, whole.rows[0].ns_per_hit);
    let [cut, whole] = [cut, whole].map(|ns| ns.expect("hits"));
    assert!((cut / whole - 1.0).abs() < 0.01, "{cut} and {whole} ns");
}

#[test]
fn long_times_at_one_line_are_listed_with_start_and_length() {
    let mut entries = begin(1);
    for (at_ns, stack, count) in [(0, 1, 500), (500_000_000, 2, 2_500), (3_000_000_000, 3, 10)] {
        entries.push(Entry::At { thread: 0, stack });
        entries.push(Entry::Ticks { at_ns, count });
    }
    let (tally, _) = counted(&entries, Options::default());
    let found: Vec<_> = tally.stalls.iter().map(|s| (s.start_ns, s.length_ns, s.open)).collect();
    assert_eq!(found, [(500_000_000, 2_500_000_000, false)]);
}

#[test]
fn stretches_hold_every_sample_however_long_it_takes() {
    let mut entries = begin(1);
    for second in 0..600u64 {
        entries.push(Entry::At { thread: 0, stack: 1 + (second % 3) as u32 });
        entries.push(Entry::Ticks { at_ns: second * 1_000_000_000, count: 1_000 });
    }
    let (tally, answer) = counted(&entries, Options::default());
    let held: u64 = tally.stretches.iter().flat_map(|s| &s.cells).map(|(_, n)| n).sum();
    assert_eq!((held, answer.denominator), (600_000, 600_000));
    assert!(tally.stretches.len() <= 256 && tally.stretches.len() > 100);
}

#[test]
fn the_table_stands_as_it_stood() {
    let mut entries = begin(2);
    for (thread, stack, at_ns, count) in
        [(0, 1, 0, 300), (0, 2, 300_000_000, 200), (1, 5, 500_000_000, 1_500)]
    {
        entries.push(Entry::At { thread, stack });
        entries.push(Entry::Ticks { at_ns, count });
    }
    entries.push(Entry::Missed(3));
    entries.push(Entry::Hits { site: 0, passes: 1_100 });
    entries.push(Entry::End { duration_ns: 2_003_000_000, why: Label::from("as asked") });
    let (tally, answer) = counted(&entries, Options::default());
    let text = text::report(&tally, &answer, &Look::default(), 20);
    let golden = include_str!("golden.txt");
    assert_eq!(text, golden, "\n{text}");
}

#[test]
fn a_moved_line_is_matched_and_a_real_change_is_told_from_noise() {
    let profile =
        |seed: u64, percent: u64, moved: u32| {
            let mut entries = sampled(1, 20_000, seed, |_, now| {
                if now % 700_000 * 100 / 700_000 < percent { 1 } else { 2 }
            });
            for entry in &mut entries {
                if let Entry::Site(site) = entry {
                    site.line += moved;
                }
            }
            counted(&entries, Options::default())
        };
    let (before, same, after) = (profile(3, 60, 0), profile(5, 60, 0), profile(7, 50, 4));
    let noise = diff::changes((&before.0, &before.1), (&same.0, &same.1));
    assert!(noise.iter().all(|change| !change.significant()), "{noise:?}");
    let real = diff::changes((&before.0, &before.1), (&after.0, &after.1));
    assert_eq!(real.len(), 2, "lines that moved are the same lines: {real:?}");
    assert!(real.iter().all(|change| change.significant()));
    let text = diff::text(&real, &Look::default());
    assert!(text.contains("demo.rs:14 (was 10) serve"), "{text}");
}

#[test]
fn the_source_has_its_gutter_and_lines_that_were_never_seen() {
    let mut entries = begin(1);
    entries.push(Entry::At { thread: 0, stack: 1 });
    entries.push(Entry::Ticks { at_ns: 0, count: 10 });
    entries.push(Entry::Hits { site: 0, passes: 104 });
    let (tally, answer) = counted(&entries, Options::default());
    let files = annotate::files(&tally, &answer);
    let (name, lines) = files.first_key_value().expect("a file");
    let source: String = (1..=60).map(|line| format!("code of {line}\n")).collect();
    let text = annotate::file(name, lines, Some(&source), &Look::default(), false);
    assert!(text.contains(" 100.0%        10         4 work  |   10 code of 10\n"), "{text}");
    assert!(text.contains("never seen         - wait  |   20 code of 20\n"), "{text}");
    assert!(!text.contains("code of 15\n"), "{text}");
}

#[test]
fn a_line_that_was_only_idle_or_only_around_others_was_seen() {
    let mut entries = begin(2);
    for (thread, stack) in [(0, 4), (1, 5)] {
        entries.push(Entry::At { thread, stack });
    }
    entries.push(Entry::Ticks { at_ns: 0, count: 10 });
    let (tally, answer) = counted(&entries, Options::default());
    let files = annotate::files(&tally, &answer);
    let (name, lines) = files.first_key_value().expect("a file");
    let text = annotate::file(name, lines, None, &Look::default(), false);
    assert!(text.contains("       idle 50.0%         - idle  |   40"), "{text}");
    assert!(text.contains("    inside 100.0%         - work  |   50"), "{text}");
    assert!(text.contains("       never seen         - wait  |   20"), "{text}");
}

#[test]
fn a_loop_through_one_counted_line_is_told_from_a_stall() {
    let stall = |passes: &dyn Fn(u64) -> u64| {
        let mut entries = begin(1);
        entries.push(Entry::At { thread: 0, stack: 1 });
        for second in 0..5 {
            entries.push(Entry::Hits { site: 0, passes: passes(second) });
            entries.push(Entry::Ticks { at_ns: second * 1_000_000_000, count: 1_000 });
        }
        let (tally, answer) = counted(&entries, Options::default());
        assert_eq!(tally.stalls.len(), 1);
        (tally.stalls[0].passes, text::report(&tally, &answer, &Look::default(), 20))
    };
    // What it passed before it came to stand is read a second later.
    let (passes, text) = stall(&|second| if second == 0 { 100 } else { 900 });
    assert_eq!(passes, Some(0));
    assert!(!text.contains("a loop, or others"), "{text}");
    let (passes, text) = stall(&|second| 100 + second * 50);
    assert_eq!(passes, Some(150));
    assert!(text.contains("demo.rs:10 (passed 150 times: a loop, or others)  parse"), "{text}");
}

#[test]
fn tables_fit_their_columns_and_never_cut_a_line_number() {
    let mut entries = sampled(3, 400, 1, |thread, now| 1 + ((thread + now / 1_000_000) % 3) as u32);
    for entry in &mut entries {
        if let Entry::Site(site) = entry {
            site.file = Label::from("src/a_module_with_a_name_that_is_long_enough.rs");
            site.function = Label::from("demo::a_function_with_quite_a_name");
            site.line += 1_230;
        }
    }
    entries.push(Entry::Hits { site: 0, passes: 1_234_567_890 });
    let (tally, answer) = counted(&entries, Options::default());
    for columns in [60, 80, 100, 200] {
        let look = Look { columns, ..Look::default() };
        let report = text::report(&tally, &answer, &look, 20);
        let differences = diff::changes((&tally, &answer), (&tally, &answer));
        let differences = diff::text(&differences, &look);
        for row in report.lines().skip(4).chain(differences.lines()) {
            assert!(crate::words::term::width(row) <= columns, "{columns}: {row}");
        }
        for line in [":1240", ":1250", ":1260"] {
            assert!(report.contains(line), "{columns}: no {line} in\n{report}");
        }
    }
}

#[test]
fn processes_are_told_apart_where_there_are_several() {
    let mut entries = begin(1);
    let other = entries.iter().find_map(|entry| match entry {
        Entry::Board(board) => Some(BoardInfo { pid: 4712, ..board.clone() }),
        _ => None,
    });
    entries.push(Entry::Board(other.expect("a board")));
    entries.push(Entry::Thread { board: 1, tid: 9, name: Label::from("worker") });
    for (thread, stack) in [(0, 1), (1, 2)] {
        entries.push(Entry::At { thread, stack });
    }
    entries.push(Entry::Ticks { at_ns: 0, count: 1_500 });
    let (tally, answer) = counted(&entries, Options::default());
    let text = text::report(&tally, &answer, &Look::default(), 20);
    assert!(text.contains("recordd, pid 4712, daemon 1.0: 1,500 samples\n"), "{text}");
    assert!(text.contains("    4711 work  demo.rs:10"), "{text}");
    assert!(text.contains("    4712 wait  demo.rs:20"), "{text}");
    // The stalls too.
    assert!(text.contains("    4711 worker          demo.rs:10"), "{text}");
}
