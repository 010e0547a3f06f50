use std::path::Path;

use super::second::Second;
use super::*;

const SECOND: u64 = 1_000_000_000;
const START: u64 = 1_769_860_800 * SECOND;

/// A board like that of a busy store: 13 counters, 12 gauges, 2 queues, 10 threads, and operations that change.
fn busy(n: u64) -> Second {
    let mut second =
        Second { name: "recordd".into(), pid: 7, instance: 9, cores: 2, ..Second::default() };
    let noise = |of: u64| {
        let mut mixed =
            n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ of.wrapping_mul(0xd6e8_feb8_6659_fd93);
        for _ in 0..3 {
            mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        }
        (mixed >> 33) % 1000
    };
    for of in 0..13 {
        second.counters.insert(format!("counter_{of}"), n * 10_000 * (of + 1) + noise(of));
    }
    for of in 0..12 {
        second.gauges.insert(format!("gauge_{of}"), noise(of + 20).cast_signed() - 500);
    }
    for of in 0..10 {
        second.loads.insert(format!("worker-{of}"), noise(of + 40));
    }
    for of in 0..2 {
        second.queues.insert(
            format!("queue_{of}"),
            QueueSecond { depth: noise(of) % 50, oldest_age_ns: Some(noise(of) * 1_000_000) },
        );
    }
    for of in 0..6 {
        let active = Active {
            kind: "command".into(),
            status: format!("status {of}"),
            line: format!("file.rs:{}", 10 * of),
            thread: String::new(),
        };
        second.active.insert(active, noise(of) % 7 + 1);
        let active = Active {
            kind: String::new(),
            status: "work".into(),
            line: format!("file.rs:{}", noise(of) % 40),
            thread: format!("worker-{of}"),
        };
        second.active.insert(active, 1);
    }
    second
}

fn all(directory: &Path) -> Vec<(u64, Vec<Second>)> {
    let mut all = Vec::new();
    let span = Span { from_ns: 0, to_ns: u64::MAX };
    read(directory, span, &mut |at, seconds| all.push((at, seconds))).expect("a directory");
    all
}

fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut all: Vec<_> =
        std::fs::read_dir(directory).expect("it").flatten().map(|entry| entry.path()).collect();
    all.retain(|path| path.extension().is_some());
    all.sort();
    all
}

fn bytes(directory: &Path) -> u64 {
    files(directory).iter().map(|path| path.metadata().expect("it").len()).sum()
}

#[test]
fn seconds_come_back_as_they_were_open_and_packed_and_over_restarts() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut last = busy(0);
    last.end =
        Some(End { verdict: "dead: killed".into(), in_flight: vec!["1-1 command commit".into()] });
    last.finding = Some("store stalled".into());
    let mut expected = Vec::new();
    for restart in 0..3 {
        let mut recorder = Recorder::open(directory.path(), DEFAULT_BYTES).expect("a recorder");
        assert!(Recorder::open(directory.path(), DEFAULT_BYTES).is_err(), "two at a time");
        for n in 0..700 {
            let at = START + (restart * 1000 + n) * SECOND;
            let seconds = vec![busy(n), Second { name: "other".into(), ..last.clone() }];
            recorder.put(at, &seconds).expect("written");
            expected.push((at, seconds));
            // Readable while it is written, up to this second.
            if n % 333 == 0 {
                assert_eq!(all(directory.path()).last(), expected.last());
            }
        }
        // The second of them is killed: nothing closes its segment.
        if restart == 1 {
            let other = Recorder::open(&directory.path().join("x"), 0).expect("one");
            // Kept and not forgotten: a leak sanitizer would take it for lost.
            static KILLED: std::sync::OnceLock<std::sync::Mutex<Recorder>> =
                std::sync::OnceLock::new();
            _ = KILLED.set(std::sync::Mutex::new(std::mem::replace(&mut recorder, other)));
            assert!(files(directory.path()).iter().any(
                |path| path.ends_with("x") || path.extension().is_some_and(|end| end == "open")
            ));
            // It held the lock; a process that is killed does not.
            std::fs::remove_file(directory.path().join("lock")).expect("it");
        }
    }
    assert_eq!(all(directory.path()), expected);
    assert!(
        files(directory.path())
            .iter()
            .all(|path| path.extension().is_some_and(|end| end == "packed"))
    );
}

#[test]
fn a_segment_that_somebody_removes_takes_no_later_second_with_it() {
    let parent = tempfile::tempdir().expect("a directory");
    let directory = parent.path().join("history");
    let mut recorder = Recorder::open(&directory, DEFAULT_BYTES).expect("a recorder");
    recorder.put(START, &[busy(1)]).expect("written");
    std::fs::remove_file(&files(&directory)[0]).expect("removed");
    recorder.put(START + SECOND, &[busy(2)]).expect("written");
    assert_eq!(all(&directory), [(START + SECOND, vec![busy(2)])]);
    // Without its directory a second is lost, and said; it goes on when that is there again.
    std::fs::remove_dir_all(&directory).expect("removed");
    recorder.put(START + 2 * SECOND, &[busy(3)]).expect_err("nowhere");
    std::fs::create_dir(&directory).expect("made");
    recorder.put(START + 3 * SECOND, &[busy(4)]).expect("written");
    assert_eq!(all(&directory), [(START + 3 * SECOND, vec![busy(4)])]);
    assert_eq!(recorder.lost, 1);
    // Naively a directory of another name went on getting what this one was thought to have.
    let moved = parent.path().join("moved");
    std::fs::rename(&directory, &moved).expect("renamed");
    recorder.put(START + 4 * SECOND, &[busy(5)]).expect_err("nowhere");
    std::fs::create_dir(&directory).expect("made");
    recorder.put(START + 5 * SECOND, &[busy(6)]).expect("written");
    assert_eq!(all(&directory), [(START + 5 * SECOND, vec![busy(6)])]);
    assert_eq!((all(&moved), recorder.lost), (vec![(START + 3 * SECOND, vec![busy(4)])], 2));
}

#[test]
fn the_oldest_goes_first_and_the_bound_is_of_all_together() {
    let directory = tempfile::tempdir().expect("a directory");
    let bound = 1 << 20;
    let mut recorder = Recorder::open(directory.path(), bound).expect("a recorder");
    for n in 0..9_000 {
        recorder.put(START + n * SECOND, &[busy(n)]).expect("written");
        if n % 100 == 0 {
            assert!(bytes(directory.path()) <= bound, "{} at {n}", bytes(directory.path()));
        }
    }
    let kept = all(directory.path());
    let first = kept.first().expect("seconds").0;
    assert!(first > START && kept.last().expect("seconds").0 == START + 8_999 * SECOND);
    // Without a hole: what is kept is the newest.
    assert!(kept.windows(2).all(|two| two[1].0 - two[0].0 == SECOND));
}

/// With `HISTORY_HOURS=24` the day that the guide promises; else one, held against their part of the room.
#[test]
fn a_day_of_a_busy_store_fits() {
    let hours: u64 =
        std::env::var("HISTORY_HOURS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let directory = tempfile::tempdir().expect("a directory");
    let mut recorder = Recorder::open(directory.path(), DEFAULT_BYTES).expect("a recorder");
    for n in 0..hours * 3600 {
        recorder.put(START + n * SECOND, &[busy(n)]).expect("written");
    }
    drop(recorder);
    assert_eq!(all(directory.path()).len() as u64, hours * 3600);
    let (took, room) = (bytes(directory.path()), DEFAULT_BYTES * hours / 24);
    eprintln!("{hours} hours: {took} of {room} bytes");
    assert!(took <= room, "{took} of {room}");
}

/// What was read of a segment: its seconds, and the damage.
fn reading(file: &[u8]) -> (Vec<(u64, Vec<Second>)>, Option<&'static str>) {
    let mut all = Vec::new();
    let damage = segment::read(file, &mut |(at_ns, seconds, _)| all.push((at_ns, seconds)));
    (all, damage)
}

#[test]
fn a_segment_that_may_be_anything_is_read_up_to_the_damage() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut recorder = Recorder::open(directory.path(), DEFAULT_BYTES).expect("a recorder");
    for n in 0..20 {
        recorder.put(START + n * SECOND, &[busy(n)]).expect("written");
    }
    let open = std::fs::read(files(directory.path()).pop().expect("one")).expect("it");
    drop(recorder);
    let packed = std::fs::read(files(directory.path()).pop().expect("one")).expect("it");
    let whole = reading(&open).0;
    assert_eq!((whole.len(), reading(&packed).0 == whole), (20, true));
    for length in 0..open.len() {
        let cut = reading(&open[..length]).0;
        assert_eq!(cut[..], whole[..cut.len()], "cut at {length}");
    }
    for at in 0..open.len() {
        let mut wrong = open.clone();
        wrong[at] ^= 1 << (at % 8);
        let read = reading(&wrong).0;
        // A flipped bit is found by a checksum, and what stands before it is right.
        assert_eq!(read[..], whole[..read.len()], "flipped at {at}");
        assert!(read.len() < 20 || (12..16).contains(&at), "not seen at {at}");
    }
    for at in 0..packed.len() {
        let mut wrong = packed.clone();
        wrong[at] ^= 1 << (at % 8);
        let read = reading(&wrong).0;
        assert!(read.is_empty() || read == whole, "flipped at {at}");
    }
    // One that says it unpacks to more than any.
    let mut bomb = segment::head(true);
    bomb.extend(u32::MAX.to_le_bytes());
    bomb.extend([0; 4]);
    bomb.extend(miniz_oxide::deflate::compress_to_vec(&vec![0; 40 << 20], 1));
    assert!(reading(&bomb).1.is_some());
    bomb[16..20].copy_from_slice(&(40u32 << 20).to_le_bytes());
    assert!(reading(&bomb).1.is_some());
}

#[test]
fn points_are_means_and_growth_and_a_gap_is_said() {
    let span = Span { from_ns: START, to_ns: START + 60 * SECOND };
    let mut all = past(span, By::Status, 6);
    for n in (0..20).chain(40..60) {
        let mut second = Second { name: "d".into(), instance: 1, cores: 2, ..Second::default() };
        let active = Active {
            kind: "request".into(),
            status: if n < 40 { "lock" } else { "write" }.into(),
            ..Active::default()
        };
        second.active.insert(active, if n % 2 == 0 { 3 } else { 1 });
        second.counters.insert("done".into(), n * 50);
        second.loads.insert("w".into(), 250);
        all.take(START + n * SECOND, vec![second], &|_| true);
    }
    let past = all.finish();
    assert_eq!(past.step_ns, 10 * SECOND);
    assert_eq!((past.gaps.len(), &past.gaps[0].from[11..19]), (1, "12:00:19"));
    let points = &past.boards[0].points;
    assert_eq!(points.len(), 4);
    assert_eq!(points[0].active, [("lock".to_owned(), 2.0)].into());
    assert_eq!(points[3].active, [("write".to_owned(), 2.0)].into());
    assert_eq!(points[1].rates["done"], 50.0);
    assert_eq!(points[1].threads["w"].load, 0.25);

    // Twice as many in one status is more than noise, as many in another is not.
    let half = |from: u64, to: u64, extra: u64| {
        let mut all = super::past(
            Span { from_ns: START + from * SECOND, to_ns: START + to * SECOND },
            By::Status,
            10,
        )
        .to_compare();
        for n in from..to {
            let mut second = busy(n);
            let active =
                Active { kind: "command".into(), status: "slow".into(), ..Active::default() };
            second.active.insert(active, 1 + extra + n % 2);
            all.take(START + n * SECOND, vec![second], &|_| true);
        }
        all.finish()
    };
    let changes = compare(&half(0, 300, 0), &half(300, 600, 2));
    assert_eq!((changes[0].key.as_str(), changes[0].moved), ("slow", true));
    let others: Vec<_> = changes[1..].iter().filter(|change| change.moved).collect();
    assert!(others.len() <= 1, "one in twenty may be taken for moved: {others:?}");

    let picture = svg(&past);
    let mut reader = quick_xml::Reader::from_str(&picture);
    loop {
        match reader.read_event().expect("well-formed") {
            quick_xml::events::Event::Eof => break,
            _ => continue,
        }
    }
}

/// Naively a board had either operations or threads, and was one of operations from its first one on: threads that work
/// at none of them vanished in the middle of a picture, and a comparison was of threads here and of operations there.
#[test]
fn an_operation_that_comes_and_goes_takes_no_thread_out_of_the_picture() {
    let thread = |name: &str, kind: &str| Active {
        kind: kind.into(),
        status: "work".into(),
        line: format!("{name}.rs:1 works"),
        thread: name.into(),
    };
    let operation = Active {
        kind: "request".into(),
        status: "lock".into(),
        line: "server.rs:2".into(),
        ..Active::default()
    };
    // The server works on a request in the middle third, and on nothing of its own otherwise.
    let told = |by: By, seconds: std::ops::Range<u64>| {
        let span = Span { from_ns: START, to_ns: START + (seconds.end - seconds.start) * SECOND };
        let mut all = super::past(span, by, 300).to_compare();
        for n in seconds.clone() {
            let mut second = Second { name: "d".into(), instance: 1, ..Second::default() };
            let busy = (20..40).contains(&n);
            second.active.insert(thread("builder", ""), 1);
            second.active.insert(thread("server", if busy { "request" } else { "" }), 1);
            if busy {
                second.active.insert(operation.clone(), 1);
            }
            all.take(START + (n - seconds.start) * SECOND, vec![second], &|_| true);
        }
        all.finish()
    };
    let one = |key: &str, value: f64| (key.to_owned(), value);
    for (by, [rest, busy]) in [
        (
            By::Status,
            [vec![one("(thread) work", 2.0)], vec![one("lock", 1.0), one("(thread) work", 1.0)]],
        ),
        (By::Kind, [vec![one("(thread)", 2.0)], vec![one("request", 1.0), one("(thread)", 1.0)]]),
        (
            By::Line,
            [
                vec![one("builder.rs:1 works", 1.0), one("server.rs:1 works", 1.0)],
                vec![one("builder.rs:1 works", 1.0), one("server.rs:2", 1.0)],
            ],
        ),
        (By::Thread, std::array::from_fn(|_| vec![one("builder", 1.0), one("server", 1.0)])),
    ] {
        let [rest, busy] = [rest, busy].map(|keys| keys.into_iter().collect());
        let past = told(by, 0..60);
        let points = &past.boards[0].points;
        for (n, point) in (0..).zip(points) {
            let expected = if (20..40).contains(&n) { &busy } else { &rest };
            assert_eq!(&point.active, expected, "{by:?} at {n}");
        }
        assert_eq!(points.len(), 60);
    }
    // Before it and with it: what the thread does that has nothing to do with it is the same.
    let changes = compare(&told(By::Line, 0..20), &told(By::Line, 20..40));
    let moved: Vec<&str> =
        changes.iter().filter(|one| one.moved).map(|one| one.key.as_str()).collect();
    assert!(!moved.contains(&"builder.rs:1 works"), "{changes:?}");
    let sum = |past: &Past| past.boards[0].points[0].active.values().sum::<f64>();
    assert_eq!(sum(&told(By::Status, 0..20)), sum(&told(By::Status, 20..40)));
}

/// Operations may call their kind and status as threads are called, and as we call what has no name.
#[test]
fn no_operation_shares_a_key_with_what_is_none() {
    let of = |kind: &str, status: &str| Active {
        kind: kind.into(),
        status: status.into(),
        ..Active::default()
    };
    let thread = Active { status: "work".into(), thread: "builder".into(), ..Active::default() };
    let told = |by: By, all: &[Active]| {
        let mut past = super::past(Span { from_ns: START, to_ns: START + SECOND }, by, 300);
        let mut second = Second { name: "d".into(), instance: 1, ..Second::default() };
        second.active.extend(all.iter().map(|one| (one.clone(), 1)));
        past.take(START, vec![second], &|_| true);
        let past = past.finish();
        past.boards[0].points[0].active.keys().cloned().collect::<Vec<_>>()
    };
    let statuses = ["work", "(thread) work", ""].map(|status| of("request", status));
    let keys = told(By::Status, &[&statuses[..], std::slice::from_ref(&thread)].concat());
    assert_eq!(keys, ["(none)", "(thread) work", "\\(thread) work", "work"]);
    let kinds = ["thread", "(thread)"].map(|kind| of(kind, "lock"));
    let keys = told(By::Kind, &[&kinds[..], &[thread]].concat());
    assert_eq!(keys, ["(thread)", "\\(thread)", "thread"]);
}

/// Naively both processes had begun at the same second, and one that lasted longer had held all of the lock.
#[test]
fn a_process_and_the_next_one_stand_in_a_comparison_by_their_time() {
    let span = Span { from_ns: START, to_ns: START + 60 * SECOND };
    let mut both = super::past(span, By::Status, 6).to_compare();
    for n in 0..60 {
        let instance = if n < 40 { 1 } else { 2 };
        let mut second = Second { name: "d".into(), instance, cores: 2, ..Second::default() };
        let active = Active { kind: "request".into(), status: "lock".into(), ..Active::default() };
        second.active.insert(active, 3);
        both.take(START + n * SECOND, vec![second], &|_| true);
    }
    let both = both.finish();
    assert_eq!((both.boards.len(), compare(&both, &both)[0].before), (2, 3.0));
}

/// Naively each second was kept, which a week of them had no memory for, so that what came last was left out.
#[test]
fn a_long_time_is_compared_whole_in_no_more_stretches_than_a_day_has_seconds() {
    let long = 30 * 3600;
    let span = Span { from_ns: START, to_ns: START + long * SECOND };
    let mut all = super::past(span, By::Status, 6).to_compare();
    let of = |instance: u64, count: u64| {
        let mut second = Second { name: "d".into(), instance, cores: 2, ..Second::default() };
        let active = Active { kind: "request".into(), status: "lock".into(), ..Active::default() };
        second.active.insert(active, count);
        second
    };
    for n in 0..long {
        // Two boards at once; at the end there are more.
        all.take(START + n * SECOND, vec![of(1, 1), of(2, 1 + n / (long - 1))], &|_| true);
    }
    let all = all.finish();
    assert!((2..=24 * 3600).contains(&all.stretches.len()), "{}", all.stretches.len());
    let mean = compare(&all, &all)[0].before;
    assert!((mean - (2.0 + 1.0 / long as f64)).abs() < 1e-9, "{mean}");
}

/// Every column of a second another, as much as boards can differ.
fn sampled(n: u64, board: u64) -> Sampled {
    let name = format!("board-{board}");
    let mut one = Sampled::new(START + n * SECOND, &name, board, board);
    for (at, column) in (0u64..).zip(&mut one.columns) {
        let mixed = (n * 50 + at).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        *column = Column { ticks: 5, work: mixed % 300, wait: mixed / 300 % 300 };
    }
    one.lines = (0..30).map(|line| (format!("main.rs:{line} at it"), (n + line) % 200)).collect();
    one
}

#[test]
fn sampled_seconds_come_back_and_take_no_more_than_their_share() {
    let directory = tempfile::tempdir().expect("a directory");
    let plain = tempfile::tempdir().expect("a directory");
    let mut recorder = Recorder::open(directory.path(), DEFAULT_BYTES).expect("a recorder");
    let mut without = Recorder::open(plain.path(), DEFAULT_BYTES).expect("a recorder");
    // Late by two seconds, as whoever samples is; more boards than there is room for.
    for n in 2..3_602 {
        let at = START + n * SECOND + 7;
        let boards: Vec<Sampled> = (0..8).map(|board| sampled(n - 2, board)).collect();
        recorder.put_sampled(at, &[busy(n)], &boards).expect("written");
        without.put(at, &[busy(n)]).expect("written");
    }
    drop((recorder, without));
    let more = bytes(directory.path()) - bytes(plain.path());
    assert!(more <= 6 << 20, "{more} bytes an hour more");
    let span = Span { from_ns: START + 10 * SECOND, to_ns: START + 70 * SECOND };
    let mut found = Vec::new();
    let remarks = read_sampled(directory.path(), span, &mut |one| found.push(one)).expect("it");
    assert_eq!(remarks, Vec::<String>::new());
    let first: Vec<&Sampled> = found.iter().filter(|one| one.pid == 0).collect();
    assert_eq!(first.len(), 60, "the first board has room in each second");
    for (n, one) in (10..).zip(first) {
        let mut expected = sampled(n, 0);
        expected.lines.truncate(20);
        assert_eq!(one, &expected);
    }
    // Who wants only the rest reads it as before, and a history without any has none.
    let counted = all(directory.path()).len();
    assert_eq!(counted, 3_600);
    let mut none = 0;
    read_sampled(plain.path(), span, &mut |_| none += 1).expect("it");
    assert_eq!(none, 0);
}

#[test]
fn a_heat_map_has_each_second_with_its_fifty_parts() {
    let mut gather = Gather::new(Span { from_ns: START, to_ns: START + 3 * SECOND });
    for n in [0, 2] {
        let mut one = Sampled::new(START + n * SECOND, "<b>", 7, 9);
        for column in &mut one.columns[5..10] {
            *column = Column { ticks: 4, work: 8, wait: 4 };
        }
        for column in &mut one.columns[10..] {
            *column = Column { ticks: 4, work: 0, wait: 0 };
        }
        one.lines = vec![("a.rs:1 <i>".into(), 30), ("a.rs:2".into(), 10)];
        gather.take(one);
    }
    let heat = gather.finish();
    let board = &heat.boards[0];
    assert_eq!((heat.boards.len(), board.seconds.len(), board.most), (1, 2, 3.0));
    let second = &board.seconds[1];
    assert_eq!((second.work[4], second.work[5], second.wait[9]), (None, Some(2.0), Some(1.0)));
    assert_eq!((second.work[49], board.lines[0].share), (Some(0.0), 0.75));
    let text = heat_text(&heat);
    let row = format!("|{}{}{}|", "?".repeat(5), "@".repeat(5), " ".repeat(40));
    assert_eq!(text.matches(&row).count(), 2, "{text}");
    let picture = heat_svg(&heat);
    assert!(picture.contains("&lt;b&gt;") && !picture.contains("<i>"), "{picture}");
    assert_eq!(picture.matches("fill-opacity").count(), 10);
    assert_eq!(picture.matches("class=\"n\"").count(), 10);
    // Nobody worked or waited: no shade stands for that.
    let mut gather = Gather::new(Span { from_ns: START, to_ns: START + SECOND });
    let mut rests = Sampled::new(START, "rests", 7, 9);
    rests.columns.iter_mut().for_each(|column| *column = Column { ticks: 4, work: 0, wait: 0 });
    gather.take(rests);
    let text = heat_text(&gather.finish());
    assert!(text.contains("no threads that work or wait") && !text.contains('@'), "{text}");
}
