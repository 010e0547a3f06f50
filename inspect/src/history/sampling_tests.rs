//! What is gathered by the second of what a sampler says.

use probe::layout::Class;

use super::sampling::Seen;
use crate::recording::{BoardInfo, Entry, SiteInfo};
use crate::words::label::Label;

const SECOND: u64 = 1_000_000_000;
/// A whole second.
const START: u64 = 1_700_000_000 * SECOND;

fn label(text: &str) -> Label {
    Label::from(text)
}

/// A board named `b` with this process id.
fn sampled_board(pid: u64) -> Entry {
    Entry::Board(BoardInfo {
        name: label("b"),
        pid,
        instance: 4,
        build: label(""),
        program: label(""),
        built_ns: 0,
    })
}

#[test]
fn what_a_sampler_says_is_gathered_by_the_second_and_its_fiftieths() {
    let site = |line, class| {
        Entry::Site(SiteInfo {
            board: 0,
            file: label("src/a.rs"),
            line,
            column: 1,
            function: label("f"),
            label: label("at"),
            class,
            scope: false,
            counted: false,
        })
    };
    let mut seen = Seen::default();
    let ms = |ms: u64| ms * 1_000_000;
    let at = |thread, stack| Entry::At { thread, stack };
    for entry in [
        // A hundred ticks a second, from half a second on.
        Entry::Start { rate_mhz: 100_000, wall_ns: START + SECOND / 2 },
        sampled_board(3),
        site(1, Class::Work),
        site(2, Class::Wait),
        site(3, Class::Idle),
        Entry::Stack(vec![0]),
        Entry::Stack(vec![0, 1]),
        Entry::Stack(vec![2]),
        Entry::Thread { board: 0, tid: 5, name: label("t") },
        Entry::Thread { board: 0, tid: 6, name: label("u") },
        at(0, 0),
        at(1, 2),
        Entry::Ticks { at_ns: 0, count: 20 },
        at(0, 2),
        at(1, 1),
        Entry::Ticks { at_ns: ms(200), count: 40 },
        Entry::Gone { thread: 1 },
        Entry::Ticks { at_ns: ms(600), count: 120 },
    ] {
        seen.put(&entry).expect("it has learnt little");
    }
    let over = seen.take();
    // The third second is not over.
    let moments: Vec<u64> = over.iter().map(|one| (one.at_ns - START) / SECOND).collect();
    assert_eq!(moments, [0, 1]);
    let column = |second: usize, column: usize| {
        let one = over[second].columns[column];
        (one.ticks, one.work, one.wait)
    };
    // Nobody looked; at work; waiting, into the next second; nowhere.
    assert_eq!((column(0, 24), column(0, 25), column(0, 34)), ((0, 0, 0), (2, 2, 0), (2, 2, 0)));
    assert_eq!((column(0, 35), column(1, 4), column(1, 5)), ((2, 0, 2), (2, 0, 2), (2, 0, 0)));
    assert_eq!(over[0].lines, [("a.rs:2 at".to_owned(), 30), ("a.rs:1 at".to_owned(), 20)]);
    assert!(seen.take().is_empty(), "handed out once");
}

#[test]
fn a_sampler_that_has_learnt_too_much_begins_again_and_loses_no_second_that_is_over() {
    let mut seen = Seen::default();
    let start = |wall_ns| Entry::Start { rate_mhz: 10_000, wall_ns };
    let ticks = |at_ns| Entry::Ticks { at_ns, count: 20 };
    for entry in [start(START), sampled_board(3), ticks(0)] {
        seen.put(&entry).expect("it has learnt little");
    }
    // Threads that come and go, for as long as the daemon lives.
    let mut threads = (0..).map(|tid| seen.put(&Entry::Thread { board: 0, tid, name: label("t") }));
    let learnt = threads.by_ref().take(1_000_000).position(|put| put.is_err());
    assert!(learnt.is_some_and(|learnt| learnt > 100_000), "{learnt:?}");
    drop(threads);
    seen.forget();
    let again = START + 2 * SECOND;
    for entry in [start(again), sampled_board(3), ticks(0)] {
        seen.put(&entry).expect("it knows nothing any more");
    }
    let over: Vec<u64> = seen.take().iter().map(|one| (one.at_ns - START) / SECOND).collect();
    assert_eq!(over, [0, 2]);
}

#[test]
fn of_a_board_that_ended_no_more_is_kept() {
    let mut seen = Seen::default();
    let ended = Entry::BoardEnd { board: 0, verdict: label("killed") };
    for entry in [
        Entry::Start { rate_mhz: 10_000, wall_ns: START },
        sampled_board(3),
        sampled_board(5),
        Entry::Ticks { at_ns: 0, count: 10 },
        ended,
        Entry::Ticks { at_ns: SECOND, count: 20 },
    ] {
        seen.put(&entry).expect("it has learnt little");
    }
    let over: Vec<(u64, u64)> =
        seen.take().iter().map(|one| ((one.at_ns - START) / SECOND, one.pid)).collect();
    assert_eq!(over, [(0, 3), (0, 5), (1, 5)]);
}
