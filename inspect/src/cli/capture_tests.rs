//! Stalls that began and ended between two looks.

use super::*;
use crate::recording::BoardInfo;
use crate::words::label::Label;

const TICK: u64 = 1_000_000;

fn capture(output: PathBuf, condition: &str) -> Capture {
    Capture {
        ring: Ring::new(1_000 * TICK),
        holding: vec![false],
        passed: vec![None],
        excused: Excused::default(),
        conditions: vec![Condition::parse(condition).expect("a condition")],
        keep: Duration::from_secs(1),
        after: Duration::ZERO,
        wanted: 9,
        files: Files::new(output, 9),
        writing: None,
        done: Vec::new(),
        failed: None,
        ended: 0,
        said: Vec::new(),
    }
}

/// One thread, at a line that works and at one that rests.
fn begun(capture: &mut Capture) {
    let text = Label::from;
    let board = BoardInfo {
        name: text("d"),
        pid: 7,
        instance: 1,
        build: text(""),
        program: text(""),
        built_ns: 0,
    };
    let site = |line, class, label: &str| SiteInfo {
        board: 0,
        file: text("a.rs"),
        line,
        column: 1,
        function: text("a::f"),
        label: Label::from(label),
        class,
        scope: false,
        counted: false,
    };
    let entries = [
        Entry::Start { rate_mhz: 1_000_000, wall_ns: 5 },
        Entry::Board(board),
        Entry::Site(site(10, Class::Work, "stuck")),
        Entry::Site(site(11, Class::Idle, "rests")),
        Entry::Site(site(12, Class::Work, "goes on")),
        Entry::Stack(vec![0]),
        Entry::Stack(vec![1]),
        Entry::Stack(vec![2]),
        Entry::Thread { board: 0, tid: 7, name: text("worker-1") },
    ];
    entries.iter().for_each(|entry| capture.put(entry).expect("memory"));
}

/// For each pair so many ticks at this place. How often it is said that the condition came true, when it is asked at the end
/// alone, as it is where a look comes after all of that.
fn fires(condition: &str, stays: &[(u32, u64)], look_on_the_way: bool) -> usize {
    let directory = tempfile::tempdir().expect("a directory");
    let mut capture = capture(directory.path().join("c.rec"), condition);
    begun(&mut capture);
    let mut at_ns = 0;
    for &(stack, count) in stays {
        capture.put(&Entry::At { thread: 0, stack }).expect("memory");
        capture.put(&Entry::Ticks { at_ns, count }).expect("memory");
        at_ns += count * TICK;
        if look_on_the_way {
            capture.judge_samples();
        }
    }
    capture.judge_samples();
    assert!(capture.failed.is_none());
    capture.said.len()
}

#[test]
fn a_stall_that_is_over_at_the_next_look_counts() {
    let ended = [(2, 5), (0, 6), (2, 1)];
    assert_eq!(fires("stalled>5ms", &ended, false), 1);
    assert_eq!(fires("stalled>6ms", &ended, false), 0);
    assert_eq!(fires("stalled(worker-*)>5ms", &ended, false), 1);
    assert_eq!(fires("stalled(io-*)>5ms", &ended, false), 0);
    // Who rests is not stalled, and who is still there is told once.
    assert_eq!(fires("stalled>5ms", &[(2, 5), (1, 60), (2, 1)], false), 0);
    assert_eq!(fires("stalled>5ms", &[(2, 5), (0, 60)], false), 1);
    assert_eq!(fires("stalled>5ms", &[(0, 6), (2, 1)], true), 1);
}

/// Whoever is gone has left its line as well.
#[test]
fn a_thread_that_ends_after_a_stall_counts() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut capture = capture(directory.path().join("c.rec"), "stalled>5ms");
    begun(&mut capture);
    capture.put(&Entry::At { thread: 0, stack: 0 }).expect("memory");
    capture.put(&Entry::Ticks { at_ns: 0, count: 6 }).expect("memory");
    capture.put(&Entry::Gone { thread: 0 }).expect("memory");
    // Who looks at where everybody is now finds nobody.
    assert_eq!(capture.ring.standing().count(), 0);
    capture.judge_samples();
    assert_eq!(capture.said.len(), 1);
    assert!(capture.said[0].contains("a.rs:10") && capture.said[0].contains("for 6.00ms"));
}
