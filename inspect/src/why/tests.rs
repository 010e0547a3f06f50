//! Rules whose faults a test cannot make of a process: each at its limit and just below it.

use std::collections::BTreeMap;

use super::finding::{Weight, thread};
use super::{Life, Ran, Seen, answer};
use crate::liveness::State;
use crate::model::{
    BoardReport, Chain, Counter, Distribution, Edge, FdTrend, Heartbeat, Holder, LastPanic, Op,
    OpEnds, OpKind, OpRates, OpStatus, Quantiles, Queue, ThreadReport, WaitTarget, Windows,
};
use crate::vitals::{Task, Vitals};
use crate::words::label::Label;

const SECOND: u64 = 1_000_000_000;

fn board() -> BoardReport {
    BoardReport::for_tests("recordd", 0)
}

/// Ids of what is found, the first one first.
fn ids(report: &BoardReport, seen: &Seen) -> Vec<&'static str> {
    let answer = answer(report, seen, &[], String::new());
    answer.findings.iter().map(|finding| finding.id).collect()
}

/// What one change of a healthy board is found as.
fn found(change: impl FnOnce(&mut BoardReport)) -> Vec<&'static str> {
    let mut report = board();
    change(&mut report);
    ids(&report, &Seen::default())
}

fn vitals(fds: u64, unclosed: u64) -> Option<Vitals> {
    let sockets = Some(BTreeMap::from([("close_wait".to_owned(), unclosed)]));
    Some(Vitals { fds: Some(fds), fds_max: Some(1_000), sockets, ..Vitals::default() })
}

fn worker(stalled: bool) -> ThreadReport {
    ThreadReport {
        label: Some(Label::from("computes")),
        since_ns: Some(5 * SECOND),
        stalled,
        ..ThreadReport::for_tests("worker", Some("work"))
    }
}

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

#[test]
fn of_a_healthy_board_nothing_is_found() {
    assert!(found(|_| {}).is_empty());
}

#[test]
fn descriptors_and_sockets_have_limits() {
    assert_eq!(found(|board| board.vitals = vitals(900, 0)), ["descriptor-limit"]);
    assert!(found(|board| board.vitals = vitals(899, 99)).is_empty());
    assert_eq!(found(|board| board.vitals = vitals(10, 100)), ["sockets-unclosed"]);
    let trend = |growing| Some(FdTrend { least: vec![1, 2, 3], stretch_ns: SECOND, growing });
    assert_eq!(found(|board| board.fd_trend = trend(true)), ["descriptors-grow"]);
    assert!(found(|board| board.fd_trend = trend(false)).is_empty());
}

#[test]
fn who_cannot_be_looked_at_is_told() {
    assert_eq!(found(|board| board.state = State::Unreachable), ["unreachable"]);
    assert_eq!(found(|board| board.heartbeat_age_ns = Some(2 * SECOND)), ["keeper-silent"]);
    assert!(found(|board| board.heartbeat_age_ns = Some(2 * SECOND - 1)).is_empty());
    // Of the dead it is no wonder.
    let dead = found(|board| {
        (board.state, board.heartbeat_age_ns) = (State::Dead, Some(60 * SECOND));
    });
    assert_eq!(dead, ["dead"]);
}

#[test]
fn what_the_monitor_lost_is_a_notice_and_names_its_kind() {
    assert_eq!(found(|board| _ = board.lost.insert("ops", 3)), ["losses"]);
    assert_eq!(found(|board| _ = board.lost.insert("windows", 3)), ["windows-unseen"]);
    assert!(found(|board| _ = board.lost.insert("ops", 0)).is_empty());
    let unseen = |lost| {
        found(|board| {
            board.lost.insert("threads", lost);
            board.unprobed_threads = Some(vec![Task { tid: 7, name: "late".to_owned() }]);
        })
    };
    // Who found no room may have ended since; who has no slot may have no probe.
    assert_eq!(unseen(1), ["losses", "threads-unseen"]);
    assert!(unseen(0).is_empty());
    // A keeper looks twenty times a second.
    let late = |skipped, life_s| {
        found(|board| (board.keeper_skipped, board.uptime_ns) = (skipped, life_s * SECOND))
    };
    assert_eq!(late(100, 500), ["keeper-late"]);
    assert!(late(99, 500).is_empty());
    // It was stopped for five seconds, once in a life of an hour.
    assert!(late(100, 3_600).is_empty());
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

#[test]
fn a_loop_is_three_short_lives_that_did_not_end_well() {
    let life = |back: u64, lived: u64| Life {
        began_ns: (1_000 - back) * SECOND,
        lived_ns: lived,
        clean: false,
    };
    let of = |uptime_ns: u64, earlier: &[Life]| {
        let mut report = board();
        (report.started_wall_ns, report.uptime_ns) = (1_000 * SECOND, uptime_ns);
        ids(&report, &Seen { earlier: earlier.to_vec(), ..Seen::default() })
    };
    assert_eq!(of(SECOND, &[life(60, SECOND), life(5, SECOND)]), ["crash-loop"]);
    // Two, one long ago, one that ended as it should, one that lived; and this one has come through.
    assert!(of(SECOND, &[life(5, SECOND)]).is_empty());
    assert!(of(SECOND, &[life(601, SECOND), life(5, SECOND)]).is_empty());
    let clean = Life { clean: true, ..life(60, SECOND) };
    assert!(of(SECOND, &[clean, life(5, SECOND)]).is_empty());
    assert!(of(SECOND, &[life(60, 11 * SECOND), life(5, SECOND)]).is_empty());
    assert!(of(11 * SECOND, &[life(60, SECOND), life(5, SECOND)]).is_empty());
}

#[test]
fn tries_are_a_storm_by_name_and_by_what_ends_well_beside() {
    let counted = |name: &str, rate: f64| Counter {
        name: Label::from(name),
        labels: BTreeMap::new(),
        value: 1_000,
        rate_per_s: Some(rate),
        rate_over_ns: Some(10 * SECOND),
        unit: None,
        help: None,
    };
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

#[test]
fn the_kernels_account_tells_starving_from_running_and_from_standing() {
    let seen = |ran: u64, waited: u64| Seen {
        over_ns: 100,
        threads: BTreeMap::from([(7, Ran { ran_ns: ran, waited_ns: waited })]),
        ..Seen::default()
    };
    let of = |stalled: bool, seen: &Seen| {
        let mut report = board();
        report.threads = vec![worker(stalled)];
        ids(&report, seen)
    };
    assert_eq!(of(true, &seen(9, 50)), ["thread-starved"]);
    assert_eq!(of(false, &seen(30, 60)), ["thread-hot"]);
    assert_eq!(of(true, &seen(0, 0)), ["thread-blocked"]);
    assert_eq!(of(true, &Seen::default()), ["thread-stalled"]);
    // It moves on, or has for all that is known.
    assert!(of(false, &seen(40, 10)).is_empty());
}

#[test]
fn a_job_that_is_overdue_since_a_thread_runs_hot_follows_from_it() {
    let seen = Seen {
        over_ns: 100,
        threads: BTreeMap::from([(7, Ran { ran_ns: 100, waited_ns: 0 })]),
        ..Seen::default()
    };
    let of = |age: u64| {
        let mut report = board();
        report.threads = vec![worker(false)];
        report.heartbeats = vec![Heartbeat {
            name: Label::from("expiry"),
            every_ns: SECOND,
            age_ns: Some(age * SECOND),
            count: 3,
            overdue: true,
            help: None,
        }];
        ids(&report, &seen)
    };
    assert_eq!(of(6), ["thread-hot", "overdue-heartbeat"]);
    // It ran while the thread was hot, or it did not for long before.
    assert_eq!(of(4), ["overdue-heartbeat", "thread-hot"]);
    assert_eq!(of(60), ["overdue-heartbeat", "thread-hot"]);
}

#[test]
fn of_several_the_longest_stands_for_all() {
    let title = |ages: &[u64], since_at_most: bool| {
        let mut report = board();
        let of = |(tid, &age): (u64, &u64)| {
            let name = Label::from(format!("client-{tid}").as_str());
            let since_ns = Some(age * SECOND);
            ThreadReport { tid, name, since_ns, since_at_most, ..worker(true) }
        };
        report.threads = (0..).zip(ages).map(of).collect();
        let answer = answer(&report, &Seen::default(), &[], String::new());
        answer.findings[0].title.clone()
    };
    assert_eq!(title(&[5], false), "thread client-0 has not moved from computes, for 5.00s");
    assert_eq!(title(&[5], true), "thread client-0 has not moved from computes, for up to 5.00s");
    let two = "client-1 and 1 more thread have not moved from computes, for 9.00s";
    assert_eq!(title(&[5, 9], false), two);
    let three = "client-1 and 2 more threads have not moved from computes, for 9.00s";
    assert_eq!(title(&[5, 9, 7], false), three);
}

/// Every look may find a loop at the same line.
#[test]
fn who_comes_on_between_the_looks_does_not_stand() {
    let of = |standing: Option<&'static str>| {
        let mut report = board();
        report.threads = vec![ThreadReport { standing, ..worker(false) }];
        let ran = Ran { ran_ns: 90, waited_ns: 0 };
        let threads = BTreeMap::from([(report.threads[0].tid, ran)]);
        ids(&report, &Seen { over_ns: 100, threads, ..Seen::default() })
    };
    assert_eq!(of(None), ["thread-hot"]);
    assert!(of(Some("again")).is_empty());
}

#[test]
fn a_queue_whose_workers_have_time_is_no_standing_one() {
    let of = |load: Option<f64>, wait_ns: u64, depth: u64| {
        let recent = Quantiles { p50: Some(wait_ns), ..Quantiles::default() };
        let queue = Queue {
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
            wait_ns: Distribution { recent, ..Distribution::default() },
            wait_counts: Vec::new(),
            service_ns: Distribution::default(),
            service_counts: Vec::new(),
            utilization: Windows { s10: load, ..Windows::default() },
            help: None,
        };
        found(|board| board.queues = vec![queue])
    };
    assert_eq!(of(Some(0.79), SECOND / 10, 0), ["bursty-queue"]);
    assert_eq!(of(Some(0.8), SECOND / 10, 1), ["standing-queue"]);
    assert_eq!(of(None, SECOND / 10, 1), ["standing-queue"]);
    assert!(of(Some(0.5), SECOND / 10 - 1, 1).is_empty());
}

/// Samples of a thread that does not move are all alike: who waits for whom is asked.
#[test]
fn of_what_stands_waits_are_asked_and_not_a_profile() {
    let mut report = board();
    report.threads = vec![worker(true)];
    report.threads[0].load.s10 = Some(1.0);
    let answer = answer(&report, &Seen::default(), &[], String::new());
    assert!(!answer.findings.is_empty());
    for finding in &answer.findings {
        let next = format!("{:?}", finding.next);
        assert!(!next.contains("profile"), "{}: {next}", finding.id);
        assert!(finding.next[0].contains("waits"), "{}: {next}", finding.id);
    }
}

#[test]
fn limits_of_control_groups_are_told_before_what_follows_from_them() {
    let limits = |throttled: u64, used: u64| Seen {
        over_ns: 100,
        throttled_ns: Some(throttled),
        memory: Some((used, 100)),
        ..Seen::default()
    };
    assert_eq!(ids(&board(), &limits(5, 89)), ["cpu-throttled"]);
    assert_eq!(ids(&board(), &limits(4, 90)), ["memory-limit"]);
    assert!(ids(&board(), &limits(4, 89)).is_empty());
    let mut report = board();
    report.threads = vec![worker(true)];
    assert_eq!(ids(&report, &limits(50, 0)), ["cpu-throttled", "thread-stalled"]);
}

#[test]
fn who_waits_for_long_is_told_whatever_the_holder_does() {
    let of = |for_ns: u64, what: &'static str, holder_stalled: bool| {
        let mut report = board();
        let mut waiter = ThreadReport { tid: 8, ..worker(true) };
        let holder = ThreadReport { stalled: holder_stalled, ..worker(holder_stalled) };
        let holder = ThreadReport { since_ns: Some(SECOND / 100), ..holder };
        waiter.held_by =
            Some(Holder { thread: holder.name.clone(), tid: holder.tid, file: None, line: None });
        let party = |one: &ThreadReport| thread(&report, one);
        let target = WaitTarget { what, name: Label::from("totals"), mode: None };
        let edge = Edge {
            waiter: party(&waiter),
            target,
            held_by: vec![party(&holder)],
            since_ns: for_ns,
            confirmed: true,
            limited: false,
            since_at_most: false,
        };
        let (edges, behind_ns) = (vec![edge], for_ns);
        let chain = Chain { edges, age_ns: for_ns, end: "holder", behind_ns, deadlocked: false };
        report.waits.chains = vec![chain];
        report.threads = vec![holder, waiter];
        ids(&report, &Seen::default())
    };
    assert_eq!(of(SECOND, "lock", false), ["long-hold"]);
    assert!(of(SECOND - 1, "lock", false).is_empty());
    // Who waits for a message, or for a thread's end, has nothing to do until then.
    assert!(of(SECOND, "channel", false).is_empty());
    assert!(of(SECOND, "join", false).is_empty());
    // The holder stands: that is told.
    assert_eq!(of(SECOND, "lock", true), ["thread-stalled"]);
}

#[test]
fn a_panic_is_an_alarm_for_an_hour() {
    let weight = |age_ns: Option<u64>| {
        let mut report = board();
        report.panics = 2;
        report.last_panic = age_ns.map(|age_ns| LastPanic {
            text: Label::from("out of rows"),
            tid: None,
            at: String::new(),
            age_ns,
        });
        let answer = answer(&report, &Seen::default(), &[], String::new());
        assert_eq!(answer.findings[0].id, "panics");
        answer.findings[0].severity
    };
    assert_eq!(weight(Some(3_600 * SECOND)), Weight::Warning);
    assert_eq!(weight(Some(3_600 * SECOND + 1)), Weight::Notice);
    // A board that does not say when.
    assert_eq!(weight(None), Weight::Warning);
}

#[test]
fn a_thread_that_died_of_its_panic_is_told_apart_from_one_that_lives_on() {
    let told = |tid: Option<u64>, threads: Vec<ThreadReport>, others: Option<Vec<Task>>| {
        found(|board| {
            board.panics = 1;
            let text = Label::from("out of rows");
            let at = String::new();
            board.last_panic = Some(LastPanic { text, tid, at, age_ns: SECOND });
            (board.threads, board.unprobed_threads) = (threads, others);
        })
    };
    let of = |threads, others| told(Some(7), threads, others);
    let idle = ThreadReport::for_tests("worker", Some("idle"));
    assert_eq!(of(Vec::new(), Some(Vec::new())), ["thread-died"]);
    assert_eq!(
        of(vec![ThreadReport { exists: Some(false), ..idle.clone() }], None),
        ["thread-died"]
    );
    assert_eq!(of(vec![idle], Some(Vec::new())), ["panics"]);
    let task = Task { tid: 7, name: "worker".to_owned() };
    assert_eq!(of(Vec::new(), Some(vec![task])), ["panics"]);
    // Who is there is not to be seen, or who it was is not told.
    assert_eq!(of(Vec::new(), None), ["panics"]);
    assert_eq!(told(None, Vec::new(), Some(Vec::new())), ["panics"]);
}
