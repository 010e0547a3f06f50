//! Claims about boards made by hand: what is said of them, and that no damage does any.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{NOW, SECOND, Synth, context, report, sample};
use inspect::render::{Look, json, text};
use inspect::snapshot::{Board, Depth, Snapshot};
use inspect::source::Source;
use inspect::{OpenError, State, derive};
use probe::layout::{
    Capacity, Class, HistogramRole, LABEL_BYTES, METRIC_LIVE, METRIC_OP, METRIC_SHARED, MetricKind,
    SITE_OP, SITE_STATUS, SLOT_CLAIMING, SectionCopy, SectionKind, SlotRecord, TOC_OFFSET, WaitHow,
    kind_label, op_id, status_entry,
};
use proptest::prelude::*;

/// Compares with a kept text; `UPDATE_GOLDEN=1` rewrites it, for a person to read the difference.
fn golden(name: &str, found: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == found, "{name} differs; it is now:\n{found}");
}

fn at(columns: usize) -> Look {
    Look::at(columns)
}

#[test]
fn the_table_reads_as_kept_at_100_and_80_columns() {
    let report = report(sample().finish(), State::Live).unwrap();
    for columns in [100, 80] {
        let table = text::board(&report, &at(columns));
        golden(&format!("table-{columns}.txt"), &table);
        for line in table.lines() {
            assert!(line.chars().count() <= columns, "{columns}: {line}");
        }
    }
}

#[test]
fn the_json_has_every_name_of_schema_1() {
    let report = report(sample().finish(), State::Live).unwrap();
    let document = serde_json::to_value(json::document(vec![report], &at(100))).unwrap();
    let board = &document["boards"][0];
    let names = "name pid uid state verdict layout_version instance build started_at uptime_ns \
                 heartbeat_age_ns path size_bytes capacity lost reader vitals threads unprobed_threads \
                 end counters gauges ratios histograms queues heartbeats progress facts ops";
    for name in names.split_whitespace() {
        assert!(board.get(name).is_some(), "{name}");
    }
    let thread = &board["threads"][0];
    let names =
        "name tid class file line column function label arg since_ns stack load stalled exists";
    for name in names.split_whitespace() {
        assert!(thread.get(name).is_some(), "{name}");
    }
    assert_eq!(thread["line"], 12);
    assert_eq!(thread["stack"][1]["line"], 10);
    assert_eq!(thread["stack"][1]["arg"], 17);
    assert_eq!(thread["stack"][2]["line"], 12);
    assert_eq!(thread["load"], serde_json::json!({ "1s": 1.0, "10s": 1.0, "60s": 0.5 }));
    assert_eq!(board["threads"][1]["held_by"]["thread"], "holder");
    assert_eq!(board["threads"][1]["stalled"], true);
    assert_eq!(board["threads"][3]["class"], serde_json::Value::Null);
    assert_eq!(board["threads"][4]["label"], "unknown site 0xdead0");
    assert_eq!(board["counters"][0]["value"], 1000);
    assert_eq!(board["counters"][0]["rate_per_s"], 50.0);
    assert_eq!(board["ratios"][0]["value"], 0.0);
    assert_eq!(board["ratios"][0]["value_over_ns"], 10 * SECOND);
    assert_eq!(board["ratios"][0]["since_start"]["value"], 0.25);
    assert_eq!(board["queues"][0]["wait_ns"]["over_ns"], 14 * SECOND);
    assert_eq!(board["queues"][0]["rate_over_ns"], 10 * SECOND);
    assert_eq!(board["queues"][0]["depth"], 30);
    assert_eq!(board["queues"][0]["oldest_age_ns"], 2 * SECOND);
    assert_eq!(board["queues"][0]["utilization"]["10s"], 1.0);
    assert_eq!(board["heartbeats"][0]["overdue"], true);
    assert_eq!(board["histograms"][0]["count"], 1000);
    assert_eq!(board["histograms"][0]["over_ns"], 14 * SECOND);
    assert_eq!(board["histograms"][0]["since_start"]["max"], 5_000_000);
    assert_eq!(board["histograms"][0]["since_start"]["over_ns"], board["uptime_ns"]);
    assert_eq!(board["gauges"][0]["value"], -4);
    assert_eq!(board["vitals"], serde_json::Value::Null);
}

#[test]
fn a_dead_board_has_the_load_of_its_last_moment() {
    let mut board = sample();
    board.pulse(0);
    let report = report(board.finish(), State::Dead).unwrap();
    assert_eq!(report.threads[0].load.s60, Some(0.5));
    assert_eq!(report.threads[0].load.s1, Some(1.0));
    assert!(report.end.is_none() && report.verdict.contains("killed"));
    assert_eq!(report.threads[0].exists, Some(false));
}

#[test]
fn a_thread_that_moved_since_the_last_look_has_been_there_for_less() {
    let mut board = sample();
    board.watch(0, &[[0, 0x5000, 0, 0]], NOW - 50 * SECOND, NOW - 50 * SECOND);
    let report = report(board.finish(), State::Live).unwrap();
    let core = &report.threads[0];
    assert!(core.since_at_most && !core.stalled);
    assert!(core.since_ns.unwrap() < SECOND);
}

/// One look: what the keeper noted of the place and of the processor, and the stamp of the last job.
#[test]
fn who_runs_at_one_line_is_not_said_to_stand_there() {
    let look = |since: u64, still: u64, job: u64| {
        let mut board = sample();
        let frames = [[0, 0x5018, 77, 0]];
        board.thread(1, "waiter", &frames);
        board.watch(1, &frames, NOW - since, still);
        board.worker(1, SECOND, NOW - job, 1);
        let thread = report(board.finish(), State::Live).unwrap().threads.remove(1);
        (thread.since_ns.unwrap() / SECOND, thread.since_at_most, thread.stalled, thread.standing)
    };
    let (ran, long) = (u64::MAX, 40 * SECOND);
    // It stood from when it came, or from when it ran no more.
    assert_eq!(look(20 * SECOND, NOW - 19 * SECOND, long), (20, false, true, Some("still")));
    assert_eq!(look(20 * SECOND, NOW - 3 * SECOND, long), (3, false, true, Some("still")));
    // It runs: a loop, or not.
    assert_eq!(look(20 * SECOND, ran, long), (20, true, false, None));
    // The keeper has not asked twice: it may have come again as well.
    assert_eq!(look(SECOND, ran, long), (1, true, false, None));
    // A job of its own began or ended there.
    assert_eq!(look(20 * SECOND, ran, 2 * SECOND), (2, true, false, Some("again")));
    assert_eq!(look(20 * SECOND, NOW - 3 * SECOND, 2 * SECOND), (2, true, false, Some("again")));
    assert_eq!(look(20 * SECOND, NOW - 3 * SECOND, 4 * SECOND), (4, false, true, Some("still")));
}

#[test]
fn what_a_queue_passed_is_told_wherever_its_word_stands() {
    // The linker orders what is declared: a queue's word may be behind those of all counters and lines.
    let passed = |place: usize| {
        let mut board = sample();
        let record = board.at(SectionKind::Metrics, 7);
        board.put(record + 0x30, &[place as u64]);
        board.shard(2, place, 7);
        board.shard(6, place, 4);
        let queue = report(board.finish(), State::Live).unwrap().queues.remove(0);
        (queue.arrivals, queue.removed, queue.depth)
    };
    let (arrivals, removed) = (1000 + 11, 10 + 11);
    for place in [3, 9, 40] {
        assert_eq!(passed(place), (arrivals, removed, 30), "word {place}");
    }
}

#[test]
fn an_argument_in_change_is_not_shown_and_its_line_is() {
    let mut board = sample();
    board.thread(1, "waiter", &[[0, 0x5018 | 1, 77, 0]]);
    let report = report(board.finish(), State::Live).unwrap();
    assert_eq!((report.threads[1].line, report.threads[1].arg), (Some(40), None));
    assert!(!report.threads[1].torn);
}

#[test]
fn a_slot_that_is_being_filled_is_not_shown() {
    let mut board = sample();
    let state = board.at(SectionKind::Slots, 1);
    board.put(state, &[6 << 8 | SLOT_CLAIMING]);
    let names: Vec<_> =
        report(board.finish(), State::Live).unwrap().threads.into_iter().map(|t| t.tid).collect();
    assert_eq!(names, [100, 102, 103, 104]);
}

#[test]
fn a_watch_that_stays_busy_costs_the_age_and_nothing_else() {
    let mut board = sample();
    for slot in 0..5 {
        let at = board.at(SectionKind::Watches, slot);
        board.put(at, &[u64::MAX, 1, 1]);
    }
    let report = report(board.finish(), State::Live).unwrap();
    assert_eq!((report.reader.torn, report.reader.retries), (0, 0));
    assert_eq!(report.threads.len(), 5);
    assert!(report.threads[0].since_at_most && !report.threads[0].stalled);
}

#[test]
fn strides_of_other_writers_are_followed() {
    // A later writer with slots of 256 bytes, and an earlier one whose cells have 16.
    let mut board = sample();
    let toc = |board: &Synth, kind: SectionKind| {
        let mut entries = (0..64).map(|n| (TOC_OFFSET + n * SectionCopy::BYTES) / 8);
        entries.find(|&at| board.words[at] == kind as u64).unwrap()
    };
    let cells = toc(&board, SectionKind::Cells);
    let (from, gauge) = (board.words[cells + 2] as usize / 8, board.at(SectionKind::Cells, 3) / 8);
    let level = board.words[gauge];
    board.words[cells + 4] = 16;
    board.words[from + 3 * 2] = level;
    board.words[from + 3 * 2 + 1] = 9;
    let sites = toc(&board, SectionKind::Sites);
    let first = board.words[sites + 2] as usize / 8;
    board.words[sites + 4] = 128;
    for index in (1..5).rev() {
        let record: Vec<u64> = board.words[first + index * 8..][..8].to_vec();
        board.words[first + index * 16..][..8].copy_from_slice(&record);
    }
    let report = report(board.finish(), State::Live).unwrap();
    assert_eq!(report.gauges[0].value, -4);
    assert_eq!(report.threads[1].line, Some(40));
}

#[test]
fn every_wrong_header_field_is_named_or_does_no_harm() {
    let words = sample().finish();
    let wrong = |at: usize, word: u64| {
        let mut words = words.clone();
        words[at / 8] = word;
        report(words, State::Live).map_err(|error| error.to_string())
    };
    for (at, word, says) in [
        (0x00, 0, "has not finished"),
        (0x00, 0x3144_4245_524f_4353, "other byte order"),
        (0x00, 5, "it begins with"),
        (0x08, 2 << 32, "layout is 2.0, this inspect reads 1.0"),
        (0x10, 1, "byte order"),
        (0x18, 4, "64-bit"),
        (0x20, 1 << 40, "truncated"),
        (0x28, u64::MAX - 3, "table of contents"),
        (0x30, 65, "section count"),
    ] {
        let error = wrong(at, word).map(|_| ()).unwrap_err();
        assert!(error.contains(says), "{at:#x}: {error}");
    }
    // A higher minor number is read as far as it is known.
    assert!(wrong(0x08, 1 << 32 | 9).is_ok());
    for bit in 0..256 * 8 {
        let mut words = words.clone();
        words[bit / 64] ^= 1 << (bit % 64);
        let _ = report(words, State::Live);
    }
    let short = words[..words.len() / 2].to_vec();
    assert!(matches!(report(short, State::Live), Err(OpenError::Truncated { .. })));
    for length in [0, 1, 31, 32] {
        assert!(report(words[..length].to_vec(), State::Live).is_err());
    }
}

#[test]
fn a_stride_beyond_the_board_costs_its_section_and_nothing_else() {
    for kind in 1..=19 {
        for stride in [1 << 63, u64::MAX - 7, 1 << 40] {
            let mut words = sample().finish();
            for entry in 0..words[0x30 / 8] as usize {
                let at = (TOC_OFFSET + entry * SectionCopy::BYTES) / 8;
                if words[at] == kind {
                    words[at + 4] = stride;
                } else if words[at] == SectionKind::Metrics as u64 {
                    // A counter far out makes the reader want a row as long as the stride.
                    let first = words[at + 2] as usize / 8;
                    words[first + 5] = u64::MAX;
                }
            }
            let report = report(words, State::Live).unwrap();
            assert!(!text::board(&report, &at(100)).is_empty(), "{kind} {stride:#x}");
        }
    }
}

#[test]
fn a_board_made_to_waste_time_does_not() {
    // All sections span the whole board, with the smallest strides.
    let mut words = Synth::new(&Capacity::default()).finish();
    let bytes = 16 << 20;
    words.resize(bytes / 8, u64::MAX / 3);
    words[0x20 / 8] = bytes as u64;
    words[0x30 / 8] = 64;
    for entry in 0..64 {
        let at = (TOC_OFFSET + entry * SectionCopy::BYTES) / 8;
        let kind = 1 + entry as u64 % 19;
        words[at..at + 8].copy_from_slice(&[kind, 1, 0, bytes as u64, 8, u64::MAX, u64::MAX, 0]);
    }
    let before = Instant::now();
    let report = report(words, State::Live).unwrap();
    let _ = text::board(&report, &at(100)).len();
    // A bound against runaway work, far above what it takes in a slow build on a busy machine.
    assert!(before.elapsed() < Duration::from_secs(20), "{:?}", before.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_make_the_reader_panic(
        words in proptest::collection::vec(
            (any::<prop::sample::Index>(), prop_oneof![
                any::<u64>(), Just(0), Just(u64::MAX), 0u64..70_000, Just(1 << 32), Just(2 << 8 | 2),
            ]),
            1..60,
        ),
        hot in any::<bool>(),
    ) {
        let mut board = sample().finish();
        // Half of the cases aim at the header and the table of contents.
        let reach = if hot { 0x700 / 8 } else { board.len() };
        for (index, word) in words {
            let at = index.index(reach);
            if at > 0 {
                board[at] = word;
            }
        }
        for state in [State::Live, State::Dead] {
            if let Ok(report) = report(board.clone(), state) {
                let table = text::board(&report, &at(80));
                prop_assert!(table.chars().all(|char| char == '\n' || !char.is_control()));
                serde_json::to_string(&json::document(vec![report], &at(80))).unwrap();
            }
        }
    }
}

/// Found by the fuzzer: ages that are as long as can be were added up.
#[test]
fn slots_and_operations_of_any_words_make_nobody_panic() {
    let board = sample();
    let places = [SectionKind::Slots, SectionKind::Ops, SectionKind::Locks];
    let ranges = places.map(|kind| board.at(kind, 0) / 8..board.at(kind, 3) / 8);
    let words = board.finish();
    let mut random = 1u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for _ in 0..300 {
        let mut words = words.clone();
        for range in &ranges {
            for at in range.clone() {
                // Its state stays, or nobody reads the rest.
                let likely = [u64::MAX, 1 << 63, next(), next() % 8, 2 << 48 | 2 << 16 | 1, 0];
                if words[at] & 0xff != 2 {
                    words[at] = likely[next() as usize % likely.len()];
                }
            }
        }
        for state in [State::Live, State::Dead] {
            if let Ok(report) = report(words.clone(), state) {
                let table = text::board(&report, &at(80));
                assert!(table.chars().all(|char| char == '\n' || !char.is_control()));
            }
        }
    }
}

#[test]
fn a_file_of_any_small_size_is_refused_with_a_reason() {
    for size in 0..300 {
        let board = Board::open(Source::Memory(vec![7; size]), Path::new("x"));
        assert!(matches!(board.unwrap_err(), OpenError::NotABoard { .. }));
    }
}

#[test]
fn leaked_is_said_only_where_nothing_else_explains_it() {
    // Sites of the sample: 0 works, 2 idles, 3 waits.
    let (work, idle, wait) = (0, 2, 3);
    let part = op_id(6, 1);
    let mut board = sample();
    for (index, unpolled, status, parent, peer) in [
        (0, 70 * SECOND, work, 0, 0),
        // Not for a minute yet.
        (1, 50 * SECOND, work, 0, 0),
        // It says that it idles: a kept connection.
        (2, 70 * SECOND, idle, 0, 0),
        // It says that it waits.
        (3, 70 * SECOND, wait, 0, 0),
        // Somebody else's turn: its peer's.
        (4, 70 * SECOND, work, 0, 6),
        // A part of 6.
        (5, 70 * SECOND, idle, part, 0),
        // What it does, its part does.
        (6, 70 * SECOND, work, 0, 0),
    ] {
        board.unpolled(index, unpolled, status, parent, peer);
    }
    let report = report(board.finish(), State::Live).unwrap();
    let leaked: Vec<&str> =
        report.ops.iter().filter(|op| op.leaked).map(|op| op.id.as_str()).collect();
    assert_eq!(report.ops.len(), 7);
    assert_eq!(leaked, ["0-1"]);
}

/// Naively a daemon without a keeper had lived until its last thread began: an hour of operations was no time at all.
#[test]
fn without_a_keeper_whatever_has_a_stamp_tells_how_long_a_daemon_lived() {
    type Fill = fn(&mut Synth);
    let begun: Fill = |board| {
        let at = board.at(SectionKind::Ops, 0);
        board.put(at, &[1 << 8 | METRIC_LIVE, 0x5000, NOW]);
    };
    let status: Fill = |board| {
        let at = board.at(SectionKind::Ops, 0);
        board.put(at, &[1 << 8 | METRIC_LIVE, 0x5000, NOW - 50 * SECOND, 0, 0, 0, 0, 0, 2]);
        board.put(at + 0x58, &[status_entry(1, 50 * SECOND)]);
    };
    let queued: Fill = |board| {
        board.metric(0, MetricKind::Queue as u64, "jobs", "items", 0);
        let at = board.at(SectionKind::Queues, 0);
        board.put(at + 0xc0, &[NOW, 1]);
    };
    let waits: Fill = |board| {
        let at = board.at(SectionKind::Slots, 0) + offset_of!(SlotRecord, wait);
        board.put(at, &[7, 1 << 16 | 1, WaitHow::Exclusive as u64, NOW]);
    };
    for (what, fill) in [("begun", begun), ("status", status), ("queued", queued), ("waits", waits)]
    {
        let with = |fill: Fill| {
            let mut board = Synth::new(&Capacity { threads: 8, ..Capacity::default() });
            let site = board.site(0, 10, "at it", Class::Work, SITE_OP | SITE_STATUS);
            board.thread(0, "first", &[[0, site, 0, 0]]);
            fill(&mut board);
            board.finish()
        };
        let naive = report(with(|_| ()), State::Dead).unwrap().uptime_ns;
        let words = with(fill);
        let dead = report(words.clone(), State::Dead).unwrap();
        // Coarser by a status's clock.
        assert!(
            dead.uptime_ns.abs_diff(naive + 90 * SECOND) < 1_000,
            "{what}: {} {naive}",
            dead.uptime_ns
        );
        // Who asks how long others lived reads no less of them.
        let board = Board::open(Source::Memory(words), Path::new("board")).unwrap();
        let brief = Snapshot::take(&board, Depth::Brief).unwrap();
        let brief = derive::report(&board, &brief, &context(State::Dead));
        assert_eq!(brief.uptime_ns, dead.uptime_ns, "{what}");
    }
}

/// Naively the kind of what failed was cut at another place than that of all that ended: all had ended well.
#[test]
fn operations_of_a_kind_with_a_long_name_fail_under_that_name() {
    let kind = "GET /api/v2/organizations/{organization}/members/{member}";
    let mut board = Synth::new(&Capacity { threads: 8, ..Capacity::default() });
    board.site(0, 10, kind, Class::Work, SITE_OP);
    let short = kind_label(kind);
    assert!(short.len() <= 41 && short != kind);
    board.metric(0, MetricKind::Histogram as u64 | METRIC_OP, "op_time", "ns", 0);
    board.labels(0, &format!("kind={short}"));
    board.histogram(0, 0, HistogramRole::Values, &[1_000_000; 10]);
    for (index, outcome) in [(1, "error"), (2, "cancelled")] {
        let flags = MetricKind::Counter as u64 | METRIC_SHARED;
        board.metric(index, flags, "op_ends", "", 0);
        let labels = format!("outcome={outcome}\nkind={short}");
        assert!(labels.len() <= LABEL_BYTES);
        board.labels(index, &labels);
        board.cell(index, &[2 + index as u64]);
    }
    let report = report(board.finish(), State::Live).unwrap();
    let kinds: Vec<_> =
        report.op_kinds.iter().map(|one| (one.kind.raw(), one.since_start)).collect();
    let (name, ends) = kinds[0];
    assert_eq!((kinds.len(), name), (1, kind));
    assert_eq!((ends.ok, ends.error, ends.cancelled), (3, 3, 4));
}
