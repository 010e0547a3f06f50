//! Rules over made-up reports, each at its limit and just below it: of workers, queues, operations and periodic jobs.

use std::collections::BTreeMap;

use super::finding::{Weight, thread};
use super::tests::{SECOND, board, found, told, waits_for, worker};
use super::{Seen, answer};
use crate::model::{
    BoardReport, Counter, Distribution, Heartbeat, LockReport, Op, OpEnds, OpKind, OpRates,
    OpStatus, Progress, Quantiles, Queue, ThreadReport, Windows,
};
use crate::words::label::Label;

/// An operation in one status of this class.
fn op(class: &'static str) -> Op {
    let status = OpStatus { status: Label::from("now"), class: Some(class), ..OpStatus::default() };
    Op { told: true, status: Some(Label::from("now")), history: vec![status], ..Op::default() }
}

/// A kind of which so many a second end in each way.
fn kind(ok: f64, error: f64, cancelled: f64) -> OpKind {
    let per_s = OpEnds { ok, error, cancelled, panicked: 0.0 };
    OpKind {
        kind: Label::from("request"),
        in_flight: 0,
        oldest_ns: None,
        rates: Some(OpRates { per_s, over_ns: 15 * SECOND }),
        since_start: OpEnds::default(),
    }
}

/// A queue with so many items.
fn queue(depth: u64) -> Queue {
    Queue {
        name: Label::from("inbox"),
        depth,
        depth_max: depth,
        oldest_age_ns: Some(0),
        arrivals: 0,
        starts: 0,
        removed: 0,
        completions: 0,
        rate_per_s: None,
        rate_over_ns: None,
        wait_ns: Distribution::default(),
        wait_counts: Vec::new(),
        service_ns: Distribution::default(),
        service_counts: Vec::new(),
        utilization: Windows::default(),
        help: None,
        served_by: Vec::new(),
    }
}

#[test]
fn operations_that_wait_work_or_are_not_polled_are_told_apart() {
    let long = |class| Op { active_ns: Some(SECOND), ..op(class) };
    assert_eq!(found(|board| board.ops = vec![long("wait")]), ["operations-wait"]);
    assert_eq!(found(|board| board.ops = vec![long("work")]), ["operations-slow"]);
    let short = Op { active_ns: Some(SECOND - 1), ..op("wait") };
    assert!(found(|board| board.ops = vec![short]).is_empty());
    let unpolled = |class, ns| Op { future: true, turned_ns: Some(ns), ..op(class) };
    assert_eq!(found(|board| board.ops = vec![unpolled("work", 10 * SECOND)]), ["lost-wake-up"]);
    // Who says that he waits is not polled with reason.
    assert!(found(|board| board.ops = vec![unpolled("wait", 10 * SECOND)]).is_empty());
    assert!(found(|board| board.ops = vec![unpolled("work", 10 * SECOND - 1)]).is_empty());
}

#[test]
fn who_waits_for_a_lock_or_for_its_part_has_not_lost_its_wake_up() {
    let unpolled =
        || Op { id: "6-1".to_owned(), future: true, turned_ns: Some(10 * SECOND), ..op("work") };
    let of = |change: &dyn Fn(&mut BoardReport)| {
        found(|board| {
            board.ops = vec![unpolled()];
            change(board);
        })
    };
    assert_eq!(of(&|board| board.waits.chains = vec![waits_for("token", "6-2")]), ["lost-wake-up"]);
    assert!(of(&|board| board.waits.chains = vec![waits_for("token", "6-1")]).is_empty());
    // Not all who wait are told.
    assert!(of(&|board| board.waits.chains_left_out = 1).is_empty());
    assert!(of(&|board| board.waits.lost = 1).is_empty());
    let part = Op { id: "7-1".to_owned(), parent: Some("6-1".to_owned()), ..op("wait") };
    assert!(of(&|board| board.ops.push(part.clone())).is_empty());
}

/// A thread at full load, which has finished so many jobs.
fn full(jobs: u64) -> ThreadReport {
    let mut one = ThreadReport { jobs: Some(jobs), ..worker(false) };
    one.load.s10 = Some(0.95);
    one
}

#[test]
fn one_long_job_is_no_lack_of_room_unless_more_would_wait() {
    let of = |threads: Vec<ThreadReport>, served_by: Vec<u64>| {
        let mut report = board();
        report.queues = vec![Queue { served_by, ..queue(0) }];
        report.threads = threads;
        told(&report, "all-saturated").expect("it is told").0
    };
    assert_eq!(of(vec![full(1)], Vec::new()), Weight::Notice);
    assert_eq!(of(vec![full(2)], Vec::new()), Weight::Warning);
    assert_eq!(of(vec![full(0)], vec![7]), Weight::Warning);
    assert_eq!(of(vec![full(0)], vec![8]), Weight::Notice);
    // Several of a name are a pool.
    assert_eq!(of(vec![full(0), full(0)], Vec::new()), Weight::Warning);
}

#[test]
fn one_operation_that_comes_on_is_a_notice() {
    let long = || Op { kind: Label::from("import"), active_ns: Some(60 * SECOND), ..op("work") };
    let of = |ops: Vec<Op>, name: &str, advances: bool| {
        let mut report = board();
        let (name, unit) = (Label::from(name), None);
        report.progress =
            vec![Progress { name, done: 7, total: 100, unit, advances, grew_ns: None }];
        report.ops = ops;
        told(&report, "operations-slow").expect("it is told")
    };
    let (weight, title) = of(vec![long()], "import", true);
    assert_eq!(weight, Weight::Notice);
    assert!(title.ends_with("; it comes on: import 7 of 100"), "{title}");
    assert_eq!(of(vec![long()], "import", false).0, Weight::Warning);
    assert_eq!(of(vec![long()], "export", true).0, Weight::Warning);
    assert_eq!(of(vec![long(), long()], "import", true).0, Weight::Warning);
    let in_turn = |age_ns, statuses| {
        let mut one = long();
        one.history = vec![one.history[0].clone(); statuses];
        one.status_age_ns = Some(age_ns);
        of(vec![one], "export", true).0
    };
    assert_eq!(in_turn(SECOND - 1, 2), Weight::Notice);
    assert_eq!(in_turn(SECOND, 2), Weight::Warning);
    assert_eq!(in_turn(SECOND - 1, 1), Weight::Warning);
}

#[test]
fn a_job_that_runs_half_as_often_as_it_should_is_told() {
    let of = |count: u64, life: u64, age_tenths: u64, lately: Option<(u64, u64)>| {
        let mut report = board();
        report.uptime_ns = life * SECOND;
        report.heartbeats = vec![Heartbeat {
            name: Label::from("expiry"),
            every_ns: SECOND,
            age_ns: Some(age_tenths * SECOND / 10),
            count,
            overdue: age_tenths > 20,
            help: None,
            lately,
        }];
        told(&report, "overdue-heartbeat")
    };
    let (weight, title) = of(6, 18, 6, Some((3, 10 * SECOND))).expect("it drifts");
    assert_eq!(
        (weight, title),
        (Weight::Warning, "periodic job expiry runs every 3.33s instead of every 1.00s".to_owned())
    );
    // Half as often as it should, to one; and of the young nothing is said, nor of who ran twice.
    assert!(of(7, 17, 6, Some((3, 10 * SECOND))).is_some());
    assert!(of(8, 18, 6, Some((3, 10 * SECOND))).is_none());
    assert!(of(3, 9, 6, Some((3, 9 * SECOND))).is_none());
    assert!(of(3, 10, 6, Some((3, 9 * SECOND))).is_some());
    assert!(of(2, 18, 6, Some((2, 10 * SECOND))).is_none());
    // It began late: of the last seconds it has run in each.
    assert!(of(10, 100, 6, Some((9, 9 * SECOND))).is_none());
    assert!(of(10, 100, 6, Some((6, 9 * SECOND))).is_some());
    assert!(of(10, 100, 6, Some((7, 9 * SECOND))).is_none());
    // Where they tell too little, while it is late.
    assert!(of(10, 100, 12, Some((1, 2 * SECOND))).is_none());
    assert!(of(10, 100, 13, Some((1, 2 * SECOND))).is_some());
    // Overdue is worse.
    assert_eq!(of(10, 100, 21, None).map(|(weight, _)| weight), Some(Weight::Critical));
}

#[test]
fn a_standing_queue_says_who_should_take_its_items() {
    let of = |starts: u64, threads: Vec<ThreadReport>| {
        let mut report = board();
        let served_by = threads.iter().map(|one| one.tid).collect();
        let oldest_age_ns = Some(SECOND);
        report.queues = vec![Queue { starts, served_by, oldest_age_ns, ..queue(3) }];
        report.threads = threads;
        let answer = answer(&report, &Seen::default(), &[], String::new());
        let first = answer.findings.into_iter().next().expect("a finding");
        assert_eq!(first.id, "standing-queue");
        (first.title, first.places.first().and_then(|place| place.tid))
    };
    let base = "queue inbox: 3 wait, the first waits for 1.00s";
    assert_eq!(of(0, Vec::new()), (format!("{base}; nobody has taken one since the start"), None));
    assert_eq!(of(1, Vec::new()), (base.to_owned(), None));
    let at = |tid, class, ns| ThreadReport {
        tid,
        label: Some(Label::from("wait for a job")),
        since_ns: Some(ns),
        ..ThreadReport::for_tests("mailer", Some(class))
    };
    let idle = |tid| at(tid, "idle", SECOND);
    assert_eq!(
        of(1, vec![idle(8)]),
        (format!("{base}; its worker mailer is idle at wait for a job"), Some(8))
    );
    assert_eq!(
        of(1, vec![idle(8), idle(9)]),
        (format!("{base}; its 2 workers are idle, mailer at wait for a job"), Some(8))
    );
    // The one at work longest.
    let some = vec![idle(8), at(9, "work", 5), at(10, "wait", 6)];
    assert_eq!(of(1, some), (base.to_owned(), Some(10)));
    // It says that it is idle, and has an item.
    let mut has_one = idle(8);
    (has_one.load.s1, has_one.load.s10) = (Some(1.0), Some(0.5));
    assert_eq!(of(1, vec![has_one]), (base.to_owned(), Some(8)));
}

/// All who serve it wait for the lock that one of them has, while that one waits for a message.
#[test]
fn a_pool_that_waits_in_turn_hangs_where_items_wait() {
    let of = |age: u64, since: u64, waiters: u64, holder: u64, depth: u64| {
        let mut report = board();
        let idle = |tid| ThreadReport {
            tid,
            label: Some(Label::from("wait for the bell")),
            since_ns: Some(since),
            ..ThreadReport::for_tests("pool", Some("idle"))
        };
        report.threads = vec![idle(8), idle(9), idle(10)];
        let served_by = vec![8, 9, 10];
        let oldest_age_ns = Some(age);
        report.queues = vec![Queue { starts: 1, served_by, oldest_age_ns, ..queue(depth) }];
        let one = ThreadReport { tid: holder, ..idle(8) };
        report.waits.locks = vec![LockReport {
            waiters,
            holder: Some(thread(&report, &one)),
            ..super::tests::lock("bell", "mutex")
        }];
        told(&report, "standing-queue")
    };
    let (weight, title) = of(3 * SECOND, SECOND, 2, 9, 4).expect("it is told");
    assert_eq!(weight, Weight::Critical);
    let says = "; its 3 workers hang: pool holds mutex bell and waits at wait for the bell, the others wait for \
                that lock";
    assert!(title.ends_with(says), "{title}");
    // It may be a moment, one of them is elsewhere, or another thread has the lock.
    for other in [
        of(3 * SECOND - 1, SECOND, 2, 9, 4),
        of(3 * SECOND, SECOND - 1, 2, 9, 4),
        of(3 * SECOND, SECOND, 1, 9, 4),
        of(3 * SECOND, SECOND, 2, 11, 4),
    ] {
        let (weight, title) = other.expect("it is told");
        assert_eq!(weight, Weight::Warning);
        assert!(title.ends_with("; its 3 workers are idle, pool at wait for the bell"), "{title}");
    }
    // Nothing waits: a pool that has nothing to do.
    assert!(of(3 * SECOND, SECOND, 2, 9, 0).is_none());
}

#[test]
fn bad_ends_are_a_burst_by_share_and_by_number() {
    assert_eq!(found(|board| board.op_kinds = vec![kind(8.0, 2.0, 0.0)]), ["error-burst"]);
    assert_eq!(found(|board| board.op_kinds = vec![kind(8.0, 0.0, 2.0)]), ["cancellations"]);
    assert!(found(|board| board.op_kinds = vec![kind(91.0, 9.0, 0.0)]).is_empty());
    assert!(found(|board| board.op_kinds = vec![kind(0.0, 0.9, 0.0)]).is_empty());
    // Three of the first five, after two seconds.
    let young = OpRates { over_ns: 2 * SECOND, ..kind(1.0, 1.5, 0.0).rates.expect("rates") };
    let few = OpKind { rates: Some(young), ..kind(0.0, 0.0, 0.0) };
    assert!(found(|board| board.op_kinds = vec![few]).is_empty());
}

fn counted(name: &str, rate: f64) -> Counter {
    Counter {
        name: Label::from(name),
        labels: BTreeMap::new(),
        value: 1_000,
        rate_per_s: Some(rate),
        rate_over_ns: Some(10 * SECOND),
        unit: None,
        help: None,
    }
}

#[test]
fn tries_are_a_storm_by_name_and_by_what_ends_well_beside() {
    let of = |name: &str, rate: f64, well: f64| {
        found(|board| {
            board.counters = vec![counted(name, rate)];
            board.op_kinds = vec![kind(well, 0.0, 0.0)];
        })
    };
    assert_eq!(of("send_retries", 50.0, 100.0), ["retry-storm"]);
    assert!(of("send_retries", 49.0, 100.0).is_empty());
    assert!(of("send_retries", 0.9, 0.0).is_empty());
    assert!(of("sends", 500.0, 100.0).is_empty());
    let back_off = || Op { status: Some(Label::from("back off")), ..Op::default() };
    let some = |count| found(|board| board.ops = (0..count).map(|_| back_off()).collect());
    assert_eq!(some(3), ["retry-storm"]);
    assert!(some(2).is_empty());
}

/// How sure the first finding is, how bad, and what it was held against.
fn storm(report: &BoardReport) -> Option<(f64, Weight, String)> {
    let answer = answer(report, &Seen::default(), &[], String::new());
    let first = answer.findings.into_iter().next().filter(|one| one.id == "retry-storm")?;
    let of = first.evidence.iter().find(|one| one.what.starts_with("of"))?;
    Some((first.confidence, first.severity, format!("{:?}", of.value)))
}

#[test]
fn tries_of_one_kind_are_held_against_that_kind() {
    let named = |name: &str, ok, error| OpKind { kind: Label::from(name), ..kind(ok, error, 0.0) };
    let of = |counter: Counter, kinds: &[OpKind], queues: &[(&str, f64)]| {
        let mut report = board();
        (report.counters, report.op_kinds) = (vec![counter], kinds.to_vec());
        let queues = queues.iter().map(|&(name, rate)| Queue {
            name: Label::from(name),
            rate_per_s: Some(rate),
            ..queue(0)
        });
        report.queues = queues.collect();
        storm(&report).map(|(sure, weight, of)| {
            assert_eq!(weight, Weight::Warning);
            (sure, of)
        })
    };
    let (pings, fetches) = (named("ping", 900.0, 0.0), named("fetch", 99.0, 0.0));
    let both = [pings.clone(), fetches.clone()];
    let (sure, what) = of(counted("fetch_retries", 50.0), &both, &[]).expect("a storm");
    assert!(sure == 0.8 && what.contains("kind fetch"), "{sure} {what}");
    assert!(of(counted("fetch_retries", 49.0), &both, &[]).is_none());
    assert!(of(counted("fetcher_retries", 50.0), &both, &[]).is_none());
    let labels = BTreeMap::from([(Label::from("kind"), Label::from("fetch"))]);
    let (sure, _) = of(Counter { labels, ..counted("retries", 50.0) }, &both, &[]).expect("one");
    assert_eq!(sure, 0.8);
    // After a queue: the rate of that one alone.
    let queues = [("mails", 100.0), ("jobs", 900.0)];
    let (_, what) = of(counted("mail_resends", 50.0), &both, &queues).expect("a storm");
    assert!(what.contains("queue mails"), "{what}");
    // After none of them: against all, and not sure unless nothing ends well.
    let slow = [named("report", 1.0, 0.0), named("mail", 1.0, 0.0)];
    let (sure, what) = of(counted("dns_retries", 5.0), &slow, &[]).expect("perhaps a storm");
    assert!(sure == 0.5 && what.contains("report, mail"), "{sure} {what}");
    let failing = [named("fetch", 0.0, 8.0)];
    let (sure, what) = of(counted("upstream_retries", 5.0), &failing, &[]).expect("a storm");
    assert!(sure == 0.8 && what.contains("the only kind fetch"), "{sure} {what}");
    // Another kind ends well all the time: the one that fails is the likely one.
    let masked = [pings, named("fetch", 0.0, 8.0)];
    let (sure, what) = of(counted("upstream_retries", 5.0), &masked, &[]).expect("a storm");
    assert!(sure == 0.5 && what.contains("kind fetch, which fails"), "{sure} {what}");
}

#[test]
fn operations_of_several_kinds_at_a_further_try_are_a_notice() {
    let at = |kinds: &[&str]| {
        let mut report = board();
        let one = |kind: &&str| Op {
            kind: Label::from(*kind),
            status: Some(Label::from("wait to retry")),
            ..Op::default()
        };
        report.ops = kinds.iter().map(one).collect();
        storm(&report)
    };
    let (sure, weight, of) = at(&["mail", "backup", "feed"]).expect("it is told");
    assert_eq!((sure, weight), (0.4, Weight::Notice));
    assert!(of.contains("backup, feed, mail"), "{of}");
    let (sure, weight, of) = at(&["mail", "mail", "feed", "mail"]).expect("a storm");
    assert_eq!((sure, weight), (0.7, Weight::Warning));
    assert!(of.contains("mail") && !of.contains("feed"), "{of}");
    assert!(at(&["mail", "feed"]).is_none());
}

#[test]
fn a_queue_whose_workers_have_time_is_no_standing_one() {
    let of = |load: Option<f64>, wait_ns: u64, depth: u64| {
        let recent = Quantiles { p50: Some(wait_ns), ..Quantiles::default() };
        let mut queue = queue(depth);
        queue.wait_ns = Distribution { recent, ..Distribution::default() };
        queue.utilization = Windows { s10: load, ..Windows::default() };
        found(|board| board.queues = vec![queue])
    };
    assert_eq!(of(Some(0.79), SECOND / 10, 0), ["bursty-queue"]);
    assert_eq!(of(Some(0.8), SECOND / 10, 1), ["standing-queue"]);
    assert_eq!(of(None, SECOND / 10, 1), ["standing-queue"]);
    assert!(of(Some(0.5), SECOND / 10 - 1, 1).is_empty());
    // The mean of one without a pause and of one that has nothing to do.
    let mut report = board();
    let mut shards = queue(100);
    let recent = Quantiles { p50: Some(SECOND), ..Quantiles::default() };
    shards.wait_ns = Distribution { recent, ..Distribution::default() };
    shards.utilization = Windows { s10: Some(0.58), ..Windows::default() };
    shards.served_by = vec![full(9).tid];
    (report.queues, report.threads) = (vec![shards], vec![full(9)]);
    let answer = answer(&report, &Seen::default(), &[], String::new());
    assert!(answer.findings.iter().any(|finding| finding.id == "standing-queue"));
}
