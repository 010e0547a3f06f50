//! What is only claimed, what is short, and what follows from another: none of it is told as the cause. Over made-up reports of
//! programs that were tried.

use std::collections::BTreeMap;

use super::finding::{Weight, thread};
use super::tests::{SECOND, board, ids, lock, told, waits_for, worker};
use super::{Ran, Seen, answer};
use crate::derive::headline::headline;
use crate::model::{
    BoardReport, Chain, Cycle, Heartbeat, LastPanic, LockReport, Op, OpEnds, OpKind, OpRates,
    Severity, ThreadReport, WaitTarget, Waits,
};
use crate::words::label::Label;

/// A wait of a thread for another one.
fn wait(waiter: &ThreadReport, target: WaitTarget, holder: &ThreadReport, since_ns: u64) -> Chain {
    let mut chain = waits_for("state", "1-1");
    let edge = &mut chain.edges[0];
    (edge.waiter, edge.target) = (thread(&board(), waiter), target);
    (edge.held_by, edge.since_ns) = (vec![thread(&board(), holder)], since_ns);
    chain
}

fn called(name: &str, tid: u64, class: &'static str) -> ThreadReport {
    ThreadReport { tid, name: Label::from(name), class: Some(class), ..worker(false) }
}

/// Naively a request that takes a second lock within `timeout` or `select!`, and ends well, was a deadlock for certain.
#[test]
fn futures_that_wait_for_each_other_may_give_up_for_a_while() {
    let of = |first_seen_ns: u64, thread_too: bool| {
        let mut report = board();
        let mut members = waits_for("left", "1-1").edges;
        members.extend(waits_for("right", "2-1").edges);
        if thread_too {
            members = members
                .into_iter()
                .map(|mut edge| {
                    edge.waiter.thread = Some(Label::from("worker"));
                    edge
                })
                .collect();
        }
        let cycles = vec![Cycle { members, first_seen_ns }];
        report.waits = Waits { cycles, looks: 2, ..report.waits };
        let first = headline(&report);
        let answer = answer(&report, &Seen::default(), &[], String::new());
        let finding = &answer.findings[0];
        assert_eq!(finding.id, "deadlock");
        assert_eq!(
            finding.title.ends_with("unless one of them gives up"),
            finding.confidence < 0.8
        );
        let bad = finding.severity == Weight::Critical;
        assert_eq!(bad, first.severity == Severity::Critical, "{}", first.text);
        (bad, finding.confidence)
    };
    assert_eq!(of(10 * SECOND - 1, false), (false, 0.6));
    assert_eq!(of(10 * SECOND, false), (true, 1.0));
    // A thread's own wait says that it has no limit.
    assert_eq!(of(SECOND, true), (true, 1.0));
}

/// Naively a loop was found where the program says that it works, and was well where it says that it waits.
#[test]
fn who_says_that_it_waits_and_runs_all_the_time_runs_hot() {
    let seen = |ran_ns| Seen {
        over_ns: 100,
        threads: BTreeMap::from([(7, Ran { ran_ns, waited_ns: 0 })]),
        ..Seen::default()
    };
    let of = |class, ran_ns| {
        let mut report = board();
        report.threads = vec![ThreadReport { class: Some(class), ..worker(false) }];
        let answer = answer(&report, &seen(ran_ns), &[], String::new());
        answer.findings.first().map(|finding| (finding.id, finding.title.clone()))
    };
    let (id, title) = of("wait", 90).expect("it is told");
    assert_eq!(id, "thread-hot");
    assert!(title.ends_with("where the program says that it waits"), "{title}");
    assert!(of("work", 90).is_some_and(|(_, title)| !title.contains("says that it waits")));
    assert_eq!((of("wait", 10), of("idle", 90)), (None, None));
}

/// Naively three who wait for one lock for some milliseconds, as there always are where it is wanted often, were critical.
#[test]
fn a_convoy_has_waited_for_a_while() {
    let of = |since_ns: u64| {
        let mut report = board();
        let mut chains: Vec<Chain> = ["1-1", "2-1", "3-1"].map(|id| waits_for("state", id)).into();
        chains[1].edges[0].since_ns = since_ns;
        (chains[0].edges[0].since_ns, chains[2].edges[0].since_ns) = (1, 2);
        report.waits.chains = chains;
        report.waits.locks = vec![LockReport { waiters: 3, ..lock("state", "mutex") }];
        ids(&report, &Seen::default())
    };
    assert_eq!(of(SECOND / 10), ["lock-convoy"]);
    assert!(of(SECOND / 10 - 1).is_empty());
}

/// Naively who waits for room in the next one's channel came first, by its name, and had no room of its own.
#[test]
fn who_has_no_room_stands_before_who_waits_for_it() {
    let mut report = board();
    let (mut enrich, mut store) = (called("enrich", 1, "wait"), called("store", 2, "work"));
    for one in [&mut enrich, &mut store] {
        (one.load.s10, one.jobs) = (Some(1.0), Some(9));
    }
    let channel = WaitTarget { what: "channel", name: Label::from("rows"), mode: Some("send") };
    report.waits.chains = vec![wait(&enrich, channel, &store, SECOND)];
    report.threads = vec![enrich, store];
    let answer = answer(&report, &Seen::default(), &[], String::new());
    let titles: Vec<&str> = answer.findings.iter().map(|finding| &*finding.title).collect();
    assert_eq!(
        titles,
        [
            "the only worker store has no room left",
            "the only worker enrich has no room left: it waits for store"
        ]
    );
}

/// Naively a holder that gets no processor "comes on", beside another finding that it does not.
#[test]
fn a_holder_that_gets_no_processor_does_not_come_on() {
    let of = |ran_ns, waited_ns| {
        let mut report = board();
        let waiter = ThreadReport { stalled: true, ..called("request", 1, "wait") };
        let holder = called("statistics", 2, "work");
        let mutex =
            WaitTarget { what: "lock", name: Label::from("state"), mode: Some("exclusive") };
        report.waits.chains = vec![wait(&waiter, mutex, &holder, 5 * SECOND)];
        report.threads = vec![waiter, holder];
        let threads = BTreeMap::from([(2, Ran { ran_ns, waited_ns })]);
        let seen = Seen { over_ns: 100, threads, ..Seen::default() };
        let answer = answer(&report, &seen, &[], String::new());
        let starved = answer.findings.iter().find(|finding| finding.id == "thread-starved");
        let shares = starved.into_iter().flat_map(|finding| &finding.evidence);
        for share in shares.filter(|one| one.unit == Some("%")) {
            let text = serde_json::to_string(&share.value).expect("a number");
            assert!(text.parse::<f64>().expect("a number") <= 100.0, "{text}");
        }
        let held = answer.findings.into_iter().find(|finding| finding.id == "long-hold");
        let held = held.expect("it is told");
        (held.title.contains("gets no processor"), held.next[1].starts_with("ps -L"))
    };
    // What it waited for before the first look is said of the time after it.
    assert_eq!(of(4, 142), (true, true));
    assert_eq!(of(50, 10), (false, false));
}

/// Naively a runtime whose tasks sleep for 400 ms at a time was well, and the database behind them slow: one poll of a second was
/// looked for, and in the first of all operations.
#[test]
fn threads_that_are_in_long_polls_mostly_block_what_else_they_carry() {
    let of = |polls: &[[u64; 2]], waits: bool| {
        let mut seen = Seen::default();
        let mut report = board();
        for polls in polls {
            let ops = (0..).zip(polls).map(|(tid, &ms)| Op {
                kind: Label::from("login"),
                status: Some(Label::from("check the password")),
                future: true,
                working: true,
                tid: Some(tid),
                turned_ns: Some(ms * 1_000_000),
                ..Op::default()
            });
            report.ops = ops.collect();
            seen.polls.note(&report);
        }
        if waits {
            report.ops.push(Op { future: true, ..Op::default() });
        }
        let answer = answer(&report, &seen, &[], String::new());
        let found = answer.findings.into_iter().find(|finding| finding.id == "blocked-executor");
        found.map(|finding| (finding.severity, finding.confidence))
    };
    let both = [[100, 400], [0, 0], [350, 100], [0, 0]];
    assert_eq!(of(&both, true), Some((Weight::Warning, 0.8)));
    assert_eq!(of(&[[0, 400], [0, 0], [0, 100], [0, 0]], true), Some((Weight::Warning, 0.6)));
    // Nobody else waits; too few looks; once in four; never for long.
    assert_eq!(of(&both, false), None);
    assert_eq!(of(&both[..3], true), None);
    assert_eq!(of(&[[0, 400], [0, 0], [0, 0], [0, 0]], true), None);
    assert_eq!(of(&[[99, 99]; 6], true), None);
    // The longest of all polls tells, not the first operation's.
    assert_eq!(of(&[[10, 1_000]], false), Some((Weight::Critical, 0.9)));
}

fn panicked(report: &mut BoardReport, age_ns: u64, tid: Option<u64>) {
    let (text, at) = (Label::from("out of rows"), String::new());
    (report.panics, report.last_panic) = (1, Some(LastPanic { text, tid, at, age_ns }));
}

/// Naively what fails since a panic, since what it held is poisoned or its task is gone, came before it.
#[test]
fn a_panic_comes_before_what_fails_since_then() {
    let of = |age_ns: u64, panicked_ever: u64, per_s: OpEnds<f64>| {
        let mut report = board();
        panicked(&mut report, age_ns, None);
        report.op_kinds = vec![OpKind {
            kind: Label::from("request"),
            in_flight: 0,
            oldest_ns: None,
            rates: Some(OpRates { per_s, over_ns: 15 * SECOND }),
            since_start: OpEnds { panicked: panicked_ever, ..OpEnds::default() },
        }];
        ids(&report, &Seen::default())
    };
    let all_fail = OpEnds { error: 10.0, ..OpEnds::default() };
    assert_eq!(of(60 * SECOND, 1, all_fail), ["panics", "error-burst"]);
    assert_eq!(of(60 * SECOND, 0, all_fail), ["error-burst", "panics"]);
    let some_fail = OpEnds { ok: 10.0, ..all_fail };
    assert_eq!(of(60 * SECOND, 1, some_fail), ["error-burst", "panics"]);
    let by_panics = OpEnds { ok: 10.0, panicked: 10.0, ..OpEnds::default() };
    assert_eq!(of(SECOND, 9, by_panics), ["panics", "error-burst"]);
    // Operations that have hung since then.
    let hang = |active_ns| {
        let mut report = board();
        panicked(&mut report, 7 * SECOND, None);
        let status = Some(Label::from("cache"));
        report.ops = vec![Op { told: true, active_ns: Some(active_ns), status, ..Op::default() }];
        ids(&report, &Seen::default())[0]
    };
    assert_eq!((hang(7 * SECOND), hang(20 * SECOND)), ("panics", "operations-slow"));
}

#[test]
fn a_job_that_died_with_its_thread_makes_that_critical() {
    let of = |beaten_s: u64| {
        let mut report = board();
        panicked(&mut report, 5 * SECOND, Some(9));
        report.unprobed_threads = Some(Vec::new());
        report.heartbeats = vec![Heartbeat {
            name: Label::from("expiry"),
            every_ns: SECOND,
            age_ns: Some(beaten_s * SECOND),
            count: 3,
            overdue: true,
            help: None,
            lately: None,
        }];
        told(&report, "thread-died").map(|(weight, _)| weight)
    };
    assert_eq!(of(6), Some(Weight::Critical));
    // It was late long before, so that it is told first.
    assert_eq!(of(60), None);
}
