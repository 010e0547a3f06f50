//! Claims about what a person reads first: the line that says what is the matter, what stands on the first
//! screen, and that every line fits at every width.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::{NOW, SECOND, Synth, report, sample};
use inspect::State;
use inspect::derive::headline::{at_it, headline};
use inspect::derive::ops::in_parts;
use inspect::model::{BoardReport, Op, OpStatus, Place, Severity, ThreadReport};
use inspect::render::{Look, Sort, text};
use inspect::snapshot::Label;
use inspect::words::term::width;
use probe::layout::{Capacity, Class, KEEPER_PERIOD_NS};

/// The same look but for this.
fn with(look: &Look, change: impl FnOnce(&mut Look)) -> Look {
    let mut look = look.clone();
    change(&mut look);
    look
}

/// A live board with so many threads that have nothing to do, and nothing else.
fn calm(threads: usize) -> BoardReport {
    let capacity = Capacity { threads: threads + 2, ..Capacity::default() };
    let mut board = Synth::new(&capacity);
    let idle = board.site(0, 30, "no job", Class::Idle, 0);
    board.site(1, 12, "slow commit", Class::Work, 0);
    for slot in 0..threads {
        let frames = [[0, idle, 0, 0]];
        board.thread(slot, &format!("conn-{slot}"), &frames);
        board.watch(slot, &frames, NOW - 30 * SECOND, NOW - 30 * SECOND);
    }
    board.pulse(KEEPER_PERIOD_NS);
    report(board.finish(), State::Live).unwrap()
}

fn op(id: &str, kind: &str, active_ns: Option<u64>) -> Op {
    let mut op = Op::default();
    (op.id, op.kind) = (id.to_owned(), kind.into());
    (op.age_ns, op.active_ns, op.told) = (100 * SECOND, active_ns, true);
    op
}

fn waiting(id: &str, for_ns: u64) -> Op {
    let mut op = op(id, "request", Some(for_ns));
    op.status = Some("queued".into());
    let mut status = OpStatus::default();
    (status.status, status.class, status.for_ns) = ("queued".into(), Some("wait"), for_ns);
    op.history = vec![status];
    op
}

fn stall(thread: &mut ThreadReport, name: &str, since_ns: u64) {
    thread.name = name.into();
    thread.class = Some("work");
    thread.label = Some("slow commit".into());
    thread.since_ns = Some(since_ns);
    thread.stalled = true;
}

#[test]
fn nothing_wrong_says_so_and_who_is_busiest() {
    let mut report = calm(3);
    assert_eq!(headline(&report).text, "all well: 0 of 3 threads at work");
    report.threads[1].load.s10 = Some(0.42);
    report.ops = vec![op("1-1", "request", Some(20_000_000)), op("2-1", "connection", None)];
    let found = headline(&report);
    assert_eq!(found.text, "all well: busiest conn-1 42%; 1 operation active, the longest 20.0ms");
    assert_eq!(found.severity, Severity::Ok);
    // A worker without a moment to spare is no longer well.
    report.threads[1].load.s10 = Some(1.0);
    assert_eq!(headline(&report).severity, Severity::Warning);
}

#[test]
fn a_stalled_thread_and_those_who_wait_come_first() {
    let mut report = calm(3);
    stall(&mut report.threads[2], "store-core", 9 * SECOND);
    report.ops = vec![waiting("1-1", 8 * SECOND), waiting("2-1", 7 * SECOND)];
    report.heartbeats = report_with_heartbeat();
    let found = headline(&report);
    let says =
        "store-core stalled 9.00s in slow commit; 2 operations wait; overdue heartbeat expiry";
    assert!(found.text.starts_with(says), "{}", found.text);
    assert_eq!(found.severity, Severity::Critical);
}

/// One thread waits inside its operation, another computes in its own: one is said with the thread, one is another.
#[test]
fn what_a_stalled_thread_has_in_hand_is_no_other_operation() {
    let mut report = calm(3);
    stall(&mut report.threads[2], "worker", 9 * SECOND);
    report.threads[2].class = Some("wait");
    let mut in_hand = waiting("1-1", 9 * SECOND);
    in_hand.tid = Some(report.threads[2].tid);
    report.ops = vec![in_hand.clone()];
    assert_eq!(headline(&report).text, "worker stalled 9.00s in slow commit");
    report.ops = vec![in_hand, op("2-1", "request", Some(5 * SECOND))];
    let text = "worker stalled 9.00s in slow commit; 1 other operation takes long";
    assert_eq!(headline(&report).text, text);
}

/// A span without a status may be a connection, which stays, or a request.
#[test]
fn what_nobody_tells_of_is_long_only_beside_very_many_of_its_kind() {
    let mut report = calm(3);
    let mut span = op("1-1", "http", Some(90 * SECOND));
    span.told = false;
    report.ops = vec![span];
    assert_eq!(headline(&report).text, "all well: 0 of 3 threads at work");
    report.histograms = report_with_histogram("http", 100, SECOND / 2);
    assert_eq!(headline(&report).text, "http active for 1m30s");
    for (count, longest) in [(99, SECOND / 2), (100, 2 * SECOND)] {
        report.histograms = report_with_histogram("http", count, longest);
        assert_eq!(headline(&report).severity, Severity::Ok);
    }
}

/// The only import works through its rows: that is said with what is well, and not beside what stands still.
#[test]
fn what_takes_long_and_comes_on_is_well() {
    let mut report = calm(3);
    let mut status = OpStatus::default();
    status.class = Some("work");
    let mut import = op("1-1", "import", Some(17 * SECOND));
    (import.label, import.history) = (Some("orders".into()), vec![status.clone(), status]);
    import.status_age_ns = Some(2 * SECOND);
    report.ops = vec![import];
    assert_eq!(headline(&report).text, "import orders active for 17.0s");
    let mut rows = some_progress();
    (rows.name, rows.done, rows.total, rows.advances) = ("import".into(), 7, 100, true);
    report.progress = vec![rows];
    let found = headline(&report);
    let says = "all well: 0 of 3 threads at work; 1 operation active, the longest 17.0s, which comes on: \
                import 7 of 100";
    assert_eq!((found.severity, found.text.as_str()), (Severity::Ok, says));
    // One long job, and nobody else of that name: there is room.
    report.threads[0].name = "importer".into();
    report.threads[0].load.s10 = Some(1.0);
    assert!(
        headline(&report).text.starts_with("all well: busiest importer 100%; 1 operation active")
    );
    report.threads[0].jobs = Some(2);
    assert!(headline(&report).text.starts_with("no room left: busiest importer 100%"));
    // Who has no room is named, and not who is busier with reason.
    report.threads[0].jobs = Some(1);
    report.threads[1].load.s10 = Some(0.95);
    assert!(headline(&report).text.starts_with("no room left: busiest conn-1 95%"));
    stall(&mut report.threads[2], "store-core", 9 * SECOND);
    assert_eq!(headline(&report).text, "store-core stalled 9.00s in slow commit");
    // Of two nobody knows whose rows they are.
    report.threads[2].stalled = false;
    report.ops.push(op("2-1", "import", Some(9 * SECOND)));
    let text = headline(&report).text;
    assert!(text.starts_with("import orders active for 17.0s, 1 more"), "{text}");
}

/// Lines and statuses that change may go round in circles: who takes far longer than others of its kind did is not well.
#[test]
fn who_moves_and_takes_far_longer_than_others_is_not_well() {
    let mut report = calm(1);
    let (statuses, mut status) = (|status: &OpStatus| vec![status.clone(); 2], OpStatus::default());
    status.class = Some("work");
    let mut export = op("1-1", "export", Some(5 * SECOND + 1));
    (export.history, export.status_age_ns) = (statuses(&status), Some(SECOND / 2));
    let of = |report: &BoardReport, op: &Op| {
        let mut report = report.clone();
        report.ops = vec![op.clone()];
        headline(&report).severity
    };
    assert_eq!(of(&report, &export), Severity::Ok);
    report.histograms = report_with_histogram("export", 10, SECOND / 2);
    assert_eq!(of(&report, &export), Severity::Warning);
    for (count, longest) in [(9, SECOND / 2), (10, SECOND / 2 + 1)] {
        report.histograms = report_with_histogram("export", count, longest);
        assert_eq!(of(&report, &export), Severity::Ok, "{count}");
    }
    // By lines only where it is the first of its kind.
    report.histograms.clear();
    (export.working, export.tid) = (true, Some(report.threads[0].tid));
    export.history.pop();
    assert_eq!(of(&report, &export), Severity::Warning);
    report.threads[0].since_ns = Some(SECOND / 2);
    assert_eq!(of(&report, &export), Severity::Ok);
    report.ended_ops = vec![op("1-0", "export", None)];
    assert_eq!(of(&report, &export), Severity::Warning);
    report.ended_ops.clear();
    export.working = false;
    assert_eq!(of(&report, &export), Severity::Warning);
}

fn report_with_histogram(kind: &str, count: u64, longest: u64) -> Vec<inspect::model::Histogram> {
    let mut histogram = inspect::model::Histogram::default();
    histogram.values.since_start.max = Some(longest);
    histogram.labels = [("kind".into(), kind.into())].into();
    (histogram.name, histogram.count) = ("op_time".into(), count);
    vec![histogram]
}

fn some_progress() -> inspect::model::Progress {
    report(sample().finish(), State::Live).unwrap().progress.remove(0)
}

fn report_with_heartbeat() -> Vec<inspect::model::Heartbeat> {
    report(sample().finish(), State::Live).unwrap().heartbeats
}

#[test]
fn who_holds_comes_before_who_waits_for_it() {
    let report = report(sample().finish(), State::Live).unwrap();
    let found = headline(&report).text;
    assert!(found.starts_with("holder stalled 21.0s in lock, 1 thread waits for it; "), "{found}");
    let look = Look::default();
    let names: Vec<_> =
        look.sorted(&report.threads).into_iter().map(|thread| thread.name.raw()).collect();
    assert_eq!(names, ["holder", "waiter", "core", "new", "lost"]);
}

#[test]
fn a_long_operation_is_said_once_though_its_connection_is_as_busy() {
    let mut report = calm(2);
    let mut part = op("2-1", "request", Some(9 * SECOND));
    part.parent = Some("1-1".to_owned());
    part.label = Some("SET a".into());
    report.ops = vec![op("1-1", "connection", Some(9 * SECOND)), part];
    assert_eq!(at_it(&report.ops, SECOND).len(), 1);
    assert_eq!(headline(&report).text, "request SET a active for 9.00s");
    report.ops.pop();
    report.ops[0].leaked = true;
    assert!(headline(&report).text.starts_with("1 operation suspected leaked; "));
}

#[test]
fn a_dead_process_is_never_well() {
    let report = report(sample().finish(), State::Dead).unwrap();
    let found = headline(&report);
    assert!(found.text.starts_with("at its end holder was in lock, "), "{}", found.text);
    assert!(report.ended_at.is_some());
    let table = text::board(&report, &Look::at(120));
    assert!(table.contains("  ended 2023-11-14 22:"), "{table}");
}

#[test]
fn of_the_dead_who_stood_longest_is_named_first() {
    let mut report = calm(3);
    report.state = State::Dead;
    for (slot, name, since) in [(0, "victim", 2 * SECOND), (2, "cause", 4 * SECOND)] {
        stall(&mut report.threads[slot], name, since);
        report.threads[slot].class = Some("wait");
    }
    let found = headline(&report).text;
    assert!(found.starts_with("at its end cause was in "), "{found}");
    report.threads.swap(0, 2);
    assert_eq!(headline(&report).text, found);
}

/// Three hundred connections that rest, and one thing that is stuck: it stands on the first screen.
#[test]
fn one_stuck_among_three_hundred_idle_is_on_the_first_screen() {
    let mut report = calm(300);
    stall(&mut report.threads[250], "stuck-one", 9 * SECOND);
    let mut ops: Vec<Op> = (0..300).map(|n| op(&format!("{n}-1"), "connection", None)).collect();
    let mut set = op("300-1", "SET", Some(9 * SECOND));
    set.age_ns = 9 * SECOND;
    set.label = Some("stuck-key".into());
    ops.push(set);
    report.ops = ops;
    report.headline = headline(&report);
    let look = Look::at(80);
    let table = text::board(&report, &look);
    let screen: Vec<&str> = table.lines().take(12).collect();
    let screen = screen.join("\n");
    assert!(screen.contains("!stuck-one") && screen.contains("stuck-key"), "{screen}");
    assert!(screen.contains(" 299 idle threads (--all shows them)"), "{screen}");
    // Asked for, they are there; and the order of slots, which does not know of trouble, hides it.
    let all = text::board(&report, &with(&look, |look| look.all = true));
    assert!(all.contains("conn-299") && all.lines().count() > 300);
    let slots = text::board(&report, &with(&look, |look| look.sort = Sort::Slot));
    assert!(!slots.lines().take(24).any(|line| line.contains("!stuck-one")));
    // Few are all shown: nobody looks in vain for a thread that rests.
    assert!(text::board(&calm(16), &look).contains("conn-15"));
}

/// A connection runs a command, which has statuses of its own: its time is told by them alone.
#[test]
fn a_status_in_which_a_part_runs_does_not_count_beside_the_part() {
    let place = |line| {
        let mut place = Place::default();
        (place.file, place.line) = (Some("src/net.rs".into()), Some(line));
        place.label = Some("run".into());
        place
    };
    let status = |line, class, at_ns, for_ns| {
        let mut status = OpStatus::default();
        (status.status, status.class) = ("run".into(), Some(class));
        (status.at_ns, status.for_ns, status.place) = (at_ns, for_ns, Some(place(line)));
        status
    };
    let mut connection = op("1-1", "connection", Some(5 * SECOND));
    connection.age_ns = 100 * SECOND;
    connection.history =
        vec![status(10, "idle", 0, 95 * SECOND), status(20, "work", 95 * SECOND, 5 * SECOND)];
    let mut command = op("2-1", "command", Some(5 * SECOND));
    (command.parent, command.age_ns) = (Some("1-1".to_owned()), 5 * SECOND);
    command.history = vec![status(30, "work", 0, 5 * SECOND)];
    let lines = |live: &[Op], ended: &[Op]| -> Vec<Option<u32>> {
        in_parts(live, ended).into_iter().map(|(_, line, _)| line).collect()
    };
    assert_eq!(lines(&[connection.clone(), command.clone()], &[]), [Some(20)]);
    // Begun in one status of the connection's, it goes on in the next: that one is told by it.
    let mut waits = connection.clone();
    waits.history = vec![
        status(20, "work", 94 * SECOND, SECOND + 1_000),
        status(25, "wait", 95 * SECOND + 1_000, 5 * SECOND - 1_000),
    ];
    assert_eq!(lines(&[waits, command.clone()], &[]), [Some(25)]);
    // It ended a second ago, and was begun while the connection was in that status.
    (command.age_ns, command.ended_ago_ns) = (3 * SECOND, Some(SECOND));
    assert_eq!(lines(&[connection.clone()], &[command.clone()]), [Some(20)]);
    // Where the history does not reach, or the whole rested, nothing is said; nor without a part.
    command.ended_ago_ns = Some(50 * SECOND);
    assert!(lines(&[connection.clone()], &[command]).is_empty());
    assert!(lines(&[connection], &[]).is_empty());
}

#[test]
fn of_many_operations_that_rest_there_is_a_number() {
    let mut report = calm(1);
    report.ops = (0..50).map(|n| op(&format!("{n}-1"), "connection", None)).collect();
    let look = Look::at(80);
    let table = text::board(&report, &look);
    assert!(table.contains(" 50 operations, all idle: inspect ops"), "{table}");
    report.ops.push(op("51-1", "SET", Some(SECOND)));
    let table = text::board(&report, &look);
    assert!(table.contains(" 51-1 SET ") && table.contains("and 50 idle ones"), "{table}");
    assert!(!table.contains(" 1-1 "), "{table}");
}

#[test]
fn units_and_help_of_numbers_are_there_to_be_read() {
    let mut report = report(sample().finish(), State::Live).unwrap();
    report.counters[0].help = Some("jobs that were taken in".into());
    let look = Look::at(80);
    let table = inspect::render::meaning::board(&report, &look);
    let row = table.lines().find(|line| line.contains("jobs_submitted")).unwrap();
    let words: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(words[..3], ["jobs_submitted", "counter", "jobs"], "{table}");
    assert!(row.ends_with("jobs that were taken in"), "{row}");
    // A family is said once.
    assert_eq!(table.lines().filter(|line| line.starts_with(" rows ")).count(), 1, "{table}");
    for kind in ["gauge", "ratio", "histogram", "queue", "heartbeat", "progress"] {
        assert!(table.contains(&format!(" {kind} ")), "{kind}: {table}");
    }
}

/// Names of any length and script, and what would leave its line.
fn hostile() -> BoardReport {
    let mut report = report(sample().finish(), State::Live).unwrap();
    let long: Label =
        "表\u{202e}\x1b[31mvery-long-name-of-something-that-nobody-would-write".into();
    report.name = long.clone();
    report.build = Some(long.clone());
    for thread in &mut report.threads {
        (thread.name, thread.label) = (long.clone(), Some(long.clone()));
    }
    for counter in &mut report.counters {
        (counter.name, counter.value) = (long.clone(), u64::MAX);
    }
    for gauge in &mut report.gauges {
        (gauge.name, gauge.value, gauge.max) = (long.clone(), i64::MIN, i64::MAX);
    }
    for queue in &mut report.queues {
        queue.name = long.clone();
        (queue.depth, queue.depth_max, queue.oldest_age_ns) = (u64::MAX, u64::MAX, Some(u64::MAX));
    }
    for beat in &mut report.heartbeats {
        (beat.name, beat.age_ns) = (long.clone(), Some(u64::MAX));
    }
    for histogram in &mut report.histograms {
        (histogram.name, histogram.count) = (long.clone(), u64::MAX);
    }
    for ratio in &mut report.ratios {
        ratio.name = long.clone();
    }
    for progress in &mut report.progress {
        (progress.name, progress.done, progress.total) = (long.clone(), u64::MAX, u64::MAX);
    }
    report.facts.insert(long.clone(), long.clone());
    let mut odd = op("65535-281474976710655", "connection", Some(u64::MAX));
    (odd.kind, odd.label, odd.peer) = (long.clone(), Some(long.clone()), Some(long.clone()));
    (odd.status, odd.thread, odd.leaked) = (Some(long.clone()), Some(long.clone()), true);
    report.ops = vec![odd.clone()];
    report.ended_ops = vec![odd];
    report.remarks = vec![long.raw().repeat(4)];
    report.headline = headline(&report);
    report
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let sample = report(sample().finish(), State::Live).unwrap();
    let dead = report(common::sample().finish(), State::Dead).unwrap();
    for report in [sample, dead, hostile(), calm(40)] {
        for columns in [20, 27, 40, 60, 80, 120, 200] {
            for (all, trail) in [(false, false), (true, true)] {
                let look = with(&Look::at(columns), |look| {
                    (look.all, look.trail, look.host) = (all, trail, Some("web-3".into()));
                });
                let mut table = text::board(&report, &look);
                table += &inspect::render::meaning::board(&report, &look);
                inspect::render::ops::by_kind(&mut table, &report, &look);
                inspect::render::ops::by_status(&mut table, &report, &look);
                for op in &report.ops {
                    inspect::render::ops::detail(&mut table, op, &look);
                }
                for line in table.lines() {
                    assert!(width(line) <= columns, "{columns}, {} wide: {line}", width(line));
                }
            }
        }
    }
}

/// Everything that is shown of a board, at so many columns.
fn shown(report: &BoardReport, columns: usize) -> String {
    let look = with(&Look::at(columns), |look| {
        (look.all, look.host) = (true, Some("web-3".into()));
    });
    let mut table = text::board(report, &look);
    table += &text::process(report, &look);
    let ops: Vec<_> = report.ops.iter().collect();
    inspect::render::ops::rows(&mut table, &ops, &look);
    inspect::render::ops::by_kind(&mut table, report, &look);
    inspect::render::ops::by_status(&mut table, report, &look);
    table
}

/// Words with a digit in them, as they stand between spaces and marks.
fn numbers(text: &str) -> std::collections::BTreeSet<&str> {
    let marks = |char: char| matches!(char, ',' | ';' | ':' | '…' | '(' | ')' | '"' | '!');
    let words = text.split_whitespace().map(|word| word.trim_matches(marks));
    // What a terminal would obey is spelled out, and no number.
    let words = words.filter(|word| !word.contains('\\'));
    words.filter(|word| word.contains(|char: char| char.is_ascii_digit())).collect()
}

/// Half a number is another number: `served 4…` is not 42. At every width each one is there whole, or not at all.
#[test]
fn no_number_is_cut_at_the_edge_of_any_terminal() {
    let mut busy = calm(3);
    busy.ops = (0..8)
        .map(|index| {
            let mut op = op(&format!("{index}-71"), "command", Some(9_820_000_000 + index));
            op.label = Some(Label::from(format!("GET /user/{}", 1_000 + index).as_str()));
            op.peer = Some("10.0.0.7:52044".into());
            op.served = 4_217_000 + index;
            (op.file, op.line) = (Some("src/net/io.rs".into()), Some(1_427));
            (op.status, op.status_age_ns) = (Some("reply".into()), Some(1_234_567_890));
            op
        })
        .collect();
    for report in [report(sample().finish(), State::Live).unwrap(), busy] {
        let whole = shown(&report, 400);
        let whole = numbers(&whole);
        for columns in 20..=200 {
            let table = shown(&report, columns);
            for line in table.lines() {
                assert!(width(line) <= columns, "{columns}, {} wide: {line}", width(line));
            }
            let cut: Vec<_> = numbers(&table).difference(&whole).copied().collect();
            assert!(cut.is_empty(), "{columns}: {cut:?} in\n{table}");
        }
    }
}
