//! Rules over made-up reports, each at its limit and just below it: of threads that stand, and of those that panicked.

use std::collections::BTreeMap;

use super::finding::Weight;
use super::tests::{SECOND, board, found, ids, worker};
use super::{Call, Ran, Seen, answer};
use crate::liveness::State;
use crate::model::{Heartbeat, LastPanic, ThreadReport};
use crate::vitals::Task;
use crate::words::label::Label;

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
            lately: None,
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

/// In which call a thread is blocked is told, and who or what could end it.
#[test]
fn of_a_blocked_thread_the_call_and_what_to_look_at_are_told() {
    let of = |call: Option<(Option<char>, &str, &str)>| {
        let mut report = board();
        (report.threads, report.state) = (vec![worker(true)], State::Live);
        let call = call.map(|(state, name, file)| Call {
            state,
            name: (!name.is_empty()).then(|| name.to_owned()),
            file: (!file.is_empty()).then(|| file.to_owned()),
            ..Call::default()
        });
        let seen = Seen {
            over_ns: 100,
            threads: BTreeMap::from([(7, Ran::default())]),
            calls: call.map(|call| (7, call)).into_iter().collect(),
            ..Seen::default()
        };
        let answer = answer(&report, &seen, &[], String::new());
        let unknown = answer.not_known.iter().any(|text| text.starts_with("in which call"));
        let first = answer.findings.into_iter().next().expect("a finding");
        assert_eq!(first.id, "thread-blocked");
        (first.title, first.confidence, first.next[0].clone(), unknown)
    };
    let said = |title: &str| {
        format!("thread worker says that it works, and is blocked, at computes, for 5.00s{title}")
    };
    let (title, sure, next, unknown) = of(Some((Some('S'), "read", "pipe:[4711]")));
    assert_eq!((title, sure, unknown), (said(", in read of pipe:[4711]"), 0.85, false));
    assert_eq!(next, r"find /proc/[0-9]*/fd -lname 'pipe:\[4711\]' 2>/dev/null");
    let (_, _, next, _) = of(Some((Some('S'), "recvfrom", "socket:[12]")));
    assert_eq!(next, "ss -anpe | grep -w 12");
    // What stands in its place is no number.
    let (_, _, next, _) = of(Some((Some('S'), "read", "/tmp/pipe:[1;reboot]")));
    assert!(next.ends_with("/task/7/stack"), "{next}");
    let (_, _, next, _) = of(Some((Some('S'), "read", "pipe:[1;reboot]")));
    assert!(next.ends_with("/task/7/stack"), "{next}");
    let (title, _, next, _) = of(Some((Some('D'), "fsync", "/data/log")));
    assert_eq!(title, said(", in fsync of /data/log"));
    assert!(next.starts_with("cat /proc/") && next.ends_with("/task/7/stack"), "{next}");
    assert!(of(Some((Some('S'), "futex", ""))).2.starts_with("inspect waits"));
    assert!(of(Some((Some('S'), "wait4", ""))).2.starts_with("ps -o pid,stat"));
    assert!(of(Some((Some('S'), "none", ""))).0.contains("a page of memory"));
    // It came to run meanwhile; and nobody was asked, or was told nothing.
    assert_eq!(of(Some((Some('R'), "read", ""))).1, 0.7);
    for (title, sure, next, unknown) in [of(None), of(Some((Some('S'), "", "")))] {
        assert_eq!((title, sure, unknown), (said(""), 0.7, true));
        assert!(next.starts_with("inspect waits"), "{next}");
    }
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
    // Somebody came to stand just after it died, and long after.
    let of_stalled = |panic_s: u64| {
        let mut report = board();
        report.panics = 1;
        let text = Label::from("out of rows");
        let (at, age_ns) = (String::new(), panic_s * SECOND);
        report.last_panic = Some(LastPanic { text, tid: Some(9), at, age_ns });
        (report.threads, report.unprobed_threads) = (vec![worker(true)], Some(Vec::new()));
        ids(&report, &Seen::default())
    };
    assert_eq!(of_stalled(5), ["thread-died", "thread-stalled"]);
    assert_eq!(of_stalled(15), ["thread-died", "thread-stalled"]);
    assert_eq!(of_stalled(16), ["thread-stalled", "thread-died"]);
    assert_eq!(of_stalled(4), ["thread-stalled", "thread-died"]);
    // Who is there is not to be seen, or who it was is not told.
    assert_eq!(of(Vec::new(), None), ["panics"]);
    assert_eq!(told(None, Vec::new(), Some(Vec::new())), ["panics"]);
}
