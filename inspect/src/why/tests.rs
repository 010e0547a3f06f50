//! Rules over made-up reports, each at its limit and just below it: of processes, locks and the monitor.

use std::collections::BTreeMap;

use super::finding::{Weight, thread};
use super::{Answer, Grows, Life, Seen, Taken, answer, together};
use crate::liveness::State;
use crate::model::{
    BoardReport, Chain, Edge, FdTrend, Holder, LockReport, Party, ThreadReport, WaitTarget,
    WaitTimes,
};
use crate::vitals::{Task, Vitals};
use crate::words::label::Label;

pub(super) const SECOND: u64 = 1_000_000_000;

pub(super) fn board() -> BoardReport {
    BoardReport::for_tests("recordd", 0)
}

/// Ids of what is found, the first one first.
pub(super) fn ids(report: &BoardReport, seen: &Seen) -> Vec<&'static str> {
    let answer = answer(report, seen, &[], String::new());
    answer.findings.iter().map(|finding| finding.id).collect()
}

/// What one change of a healthy board is found as.
pub(super) fn found(change: impl FnOnce(&mut BoardReport)) -> Vec<&'static str> {
    let mut report = board();
    change(&mut report);
    ids(&report, &Seen::default())
}

fn vitals(fds: u64, unclosed: u64) -> Option<Vitals> {
    let sockets = Some(BTreeMap::from([("close_wait".to_owned(), unclosed)]));
    Some(Vitals { fds: Some(fds), fds_max: Some(1_000), sockets, ..Vitals::default() })
}

pub(super) fn worker(stalled: bool) -> ThreadReport {
    ThreadReport {
        label: Some(Label::from("computes")),
        since_ns: Some(5 * SECOND),
        stalled,
        ..ThreadReport::for_tests("worker", Some("work"))
    }
}

/// The first finding's severity and title, when it is this one.
pub(super) fn told(report: &BoardReport, id: &str) -> Option<(Weight, String)> {
    let answer = answer(report, &Seen::default(), &[], String::new());
    let first = answer.findings.into_iter().next().filter(|finding| finding.id == id)?;
    Some((first.severity, first.title))
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
    assert_eq!(unseen(1), ["threads-unseen"]);
    assert!(unseen(0).is_empty());
    // What else was lost is told beside; who had no slot is gone.
    let both = found(|board| {
        board.lost.extend([("threads", 1), ("ops", 1)]);
        board.unprobed_threads = Some(vec![Task { tid: 7, name: "late".to_owned() }]);
    });
    assert_eq!(both, ["losses", "threads-unseen"]);
    let gone = found(|board| {
        _ = board.lost.insert("threads", 1);
        board.unprobed_threads = Some(Vec::new());
    });
    assert_eq!(gone, ["losses"]);
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
fn what_grows_is_told_by_a_history_and_nearer_its_limit_more_surely() {
    let grows = |what, to, with: Option<&str>| Grows {
        what,
        from: 100 << 20,
        to,
        over_ns: 3_600 * SECOND,
        with: with.map(|name| (name.to_owned(), 1, 9)),
    };
    let of = |grows: Vec<Grows>, limit: Option<u64>| {
        let memory = limit.map(|limit| (100 << 20, limit));
        let seen = Seen { grows: Some(grows), memory, ..Seen::default() };
        answer(&board(), &seen, &[], String::new())
    };
    let evidence = |answer: &Answer| {
        answer.findings[0].evidence.iter().map(|one| one.what).collect::<Vec<_>>()
    };
    let one = of(vec![grows(Taken::Memory, 200 << 20, None)], None);
    assert!(one.verdict.contains("100MiB more in 1h"), "{}", one.verdict);
    assert_eq!(one.findings[0].confidence, 0.6);
    assert_eq!(evidence(&one), ["resident memory", "before", "over"]);
    // A hundred MiB an hour: in a day 2,400.
    let near = of(vec![grows(Taken::Memory, 200 << 20, Some("cached"))], Some(2_500 << 20));
    assert_eq!(near.findings[0].confidence, 0.8);
    assert!(evidence(&near).ends_with(&["grows with it", "at this pace at its limit in"]));
    let far = of(vec![grows(Taken::Memory, 200 << 20, None)], Some(2_501 << 20));
    assert_eq!(far.findings[0].confidence, 0.6);
    // What memory is taken for comes first; descriptors that the keeper saw grow as well are told once.
    let all = Taken::ALL.map(|what| grows(what, 200 << 20, None)).to_vec();
    let mut report = board();
    report.fd_trend = Some(FdTrend { least: vec![1], stretch_ns: SECOND, growing: true });
    let seen = Seen { grows: Some(all), ..Seen::default() };
    assert_eq!(ids(&report, &seen), ["threads-grow", "descriptors-grow", "memory-grows"]);
    // Not looked for where no history is.
    let looked = |grows| {
        let seen = Seen { grows, ..Seen::default() };
        let answer = answer(&board(), &seen, &[], String::new());
        let said = answer.not_known.iter().any(|text| text.contains("threads grow"));
        (answer.looked_at.contains(&"memory-grows"), said)
    };
    assert_eq!((looked(None), looked(Some(Vec::new()))), ((false, true), (true, false)));
}

/// An operation that waits for a lock.
pub(super) fn waits_for(lock: &str, id: &str) -> Chain {
    let nobody = thread(&board(), &worker(false));
    let party = Party { op: Some(id.to_owned()), tid: None, thread: None, ..nobody };
    let target = WaitTarget { what: "lock", name: Label::from(lock), mode: None };
    let edge = Edge {
        waiter: party,
        target,
        held_by: Vec::new(),
        since_ns: SECOND,
        confirmed: true,
        limited: false,
        since_at_most: false,
    };
    let (edges, age_ns, behind_ns) = (vec![edge], SECOND, SECOND);
    Chain { edges, age_ns, end: "unknown", behind_ns, deadlocked: false, circling: false }
}

/// A lock that nobody has and nobody waits for.
pub(super) fn lock(name: &str, kind: &'static str) -> LockReport {
    LockReport {
        board: Label::from("recordd"),
        name: Label::from(name),
        kind,
        library: "tokio",
        site: None,
        contended: 0,
        wait_ns: WaitTimes::default(),
        waited_ns: 0,
        waiting_ns: 0,
        longest_waiting_ns: None,
        waiters: 0,
        holder: None,
        readers: Vec::new(),
    }
}

#[test]
fn a_lock_whose_holder_is_not_known_says_so() {
    let of = |kind: &'static str, holder: Option<Party>| {
        let mut report = board();
        report.waits.chains =
            ["1-1", "2-1", "3-1"].map(|id| waits_for("token", id)).into_iter().collect();
        report.waits.locks = vec![LockReport { waiters: 3, holder, ..lock("token", kind) }];
        told(&report, "lock-convoy").expect("a convoy").1
    };
    assert!(of("mutex", None).ends_with("mutex token; who holds it is not known"));
    assert!(of("semaphore", None).ends_with("leaked, or held outside of operations"));
    assert!(of("channel", None).ends_with("; who is at its other end is not known"));
    let holder = thread(&board(), &worker(false));
    assert!(of("mutex", Some(holder.clone())).ends_with("token, held by worker"));
    let of_nobody = Party { thread: None, op: Some("5-1".to_owned()), ..holder };
    assert!(of("mutex", Some(of_nobody)).ends_with("token, held by operation 5-1"));
}

#[test]
fn of_the_dead_two_threads_are_named() {
    let of = |threads: Vec<ThreadReport>| {
        let mut report = board();
        (report.state, report.threads) = (State::Dead, threads);
        let answer = answer(&report, &Seen::default(), &[], String::new());
        let places = answer.findings[0].places.iter();
        places.map(|place| place.tid.unwrap_or(0)).collect::<Vec<_>>()
    };
    let at = |tid, class| ThreadReport { tid, ..ThreadReport::for_tests("worker", Some(class)) };
    assert_eq!(of(vec![at(1, "idle"), at(2, "wait"), at(3, "work"), at(4, "wait")]), [3, 2]);
    assert!(of(vec![at(1, "idle")]).is_empty());
}

#[test]
fn memory_without_a_limit_is_not_known() {
    let of = |state: State, memory| {
        let mut report = board();
        report.state = state;
        let seen = Seen { memory, ..Seen::default() };
        let not_known = answer(&report, &seen, &[], String::new()).not_known;
        not_known.iter().any(|text| text.starts_with("how near memory is"))
    };
    assert!(of(State::Live, None));
    assert!(!of(State::Live, Some((1, 100))));
    assert!(!of(State::Dead, None));
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
        waiter.held_by = Some(Holder {
            thread: holder.name.clone(),
            tid: holder.tid,
            file: None,
            line: None,
            queue: None,
        });
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
        let chain = Chain {
            edges,
            age_ns: for_ns,
            end: "holder",
            behind_ns,
            deadlocked: false,
            circling: false,
        };
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

/// A finding about a whole process names no place.
#[test]
fn of_several_boards_each_finding_says_whose_it_is() {
    let mut broken = BoardReport::for_tests("broken", 0);
    (broken.pid, broken.panics) = (7, 1);
    let mut full = BoardReport::for_tests("full", 0);
    (full.pid, full.panics) = (8, 1);
    let of = |report| answer(report, &Seen::default(), &[], String::new());
    let all = together(vec![of(&broken), of(&full)], String::new());
    let said: Vec<_> = all.findings.iter().map(|one| (one.board.clone(), one.pid)).collect();
    let whose = |name: &str, pid| (Some(Label::from(name)), Some(pid));
    assert_eq!(said, [whose("broken", 7), whose("full", 8)]);
    assert!(all.findings.iter().all(|one| one.places.is_empty()), "{all:?}");
}
