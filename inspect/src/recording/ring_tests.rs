//! What a ring keeps, and what a recording made of it says.

use std::path::Path;

use probe::layout::Class;

use super::*;
use crate::recording::{Recording, Replay};

fn site(line: u32) -> Entry {
    let text = Label::from;
    let (file, function, label) = (text("a.rs"), text("a::f"), text("here"));
    let (class, scope, counted) = (Class::Work, false, true);
    Entry::Site(SiteInfo {
        board: 0,
        file,
        line,
        column: 1,
        function,
        label,
        class,
        scope,
        counted,
    })
}

/// Each second a new thread appears, is at another of two lines in turn at every tick, and goes.
fn fed(keep_s: u64, seconds: u64, max_events: usize) -> Ring {
    let mut ring = Ring { max_events, ..Ring::new(keep_s * SECOND_NS) };
    let text = Label::from;
    let board = BoardInfo {
        name: text("d"),
        pid: 7,
        instance: 1,
        build: text(""),
        program: text(""),
        built_ns: 0,
    };
    let mut put = |entry: Entry| ring.put(&entry).expect("memory");
    put(Entry::Start { rate_mhz: 1_000_000, wall_ns: 5 });
    put(Entry::Board(board));
    put(site(10));
    put(site(11));
    put(Entry::Stack(vec![0]));
    put(Entry::Stack(vec![1]));
    for second in 0..seconds {
        let thread = second as u32;
        let name = Label::from(format!("t{second}").as_str());
        put(Entry::Thread { board: 0, tid: second, name });
        for tick in 0..1000 {
            put(Entry::At { thread, stack: (tick % 2) as u32 });
            if tick == 500 {
                put(Entry::Hits { site: 0, passes: second * 100 });
            }
            put(Entry::Ticks { at_ns: (second * 1000 + tick) * 1_000_000, count: 1 });
        }
        put(Entry::Gone { thread });
    }
    ring
}

fn entries(ring: &Ring) -> Vec<Entry> {
    let mut bytes = Vec::new();
    let mut replay = Replay::begin(&mut bytes, ring).expect("memory");
    replay.end(ring, "enough").expect("memory");
    drop(replay);
    let recording = Recording::from_bytes(bytes, Path::new("r")).expect("a recording");
    let mut entries = Vec::new();
    assert_eq!(recording.read(&mut entries).expect("read"), Vec::<String>::new());
    entries
}

#[test]
fn it_keeps_the_last_seconds_and_forgets_the_threads_of_the_others() {
    let ring = fed(3, 60, MAX_EVENTS);
    assert!(ring.threads.len() <= 5, "{} threads", ring.threads.len());
    assert!(!ring.cut());
    let entries = entries(&ring);
    let ticks: u64 = entries
        .iter()
        .map(|entry| if let Entry::Ticks { count, .. } = entry { *count } else { 0 })
        .sum();
    assert!((3000..=4000).contains(&ticks), "{ticks}");
    let names = entries.iter().filter_map(|entry| match entry {
        Entry::Thread { name, .. } => Some(name.raw().to_owned()),
        _ => None,
    });
    // The first of them was still there when the oldest second began, and went at once.
    assert_eq!(names.collect::<Vec<_>>(), ["t55", "t56", "t57", "t58", "t59"]);
    // Moments are counted from its own start; the clock says when that was.
    let wall = entries.iter().find_map(|entry| match entry {
        Entry::Start { wall_ns, .. } => Some(*wall_ns),
        _ => None,
    });
    assert_eq!(wall, Some(5 + 56 * SECOND_NS));
    let moments = entries.iter().filter_map(|entry| match entry {
        Entry::Ticks { at_ns, .. } => Some(*at_ns),
        _ => None,
    });
    assert_eq!(moments.min(), Some(0));
    // At every tick the thread is at the line it was at.
    let mut places: Vec<(u32, u32)> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::At { thread, stack } => Some((*thread, *stack)),
            _ => None,
        })
        .filter(|(thread, _)| *thread > 0)
        .collect();
    // Each chunk begins with where everybody is.
    places.dedup();
    let first = places[0].1;
    assert_eq!(places.len(), 4000);
    for (index, place) in (0u32..).zip(places) {
        assert_eq!(place, (index / 1000 + 1, (first + index) % 2));
    }
    // The passes before it began are the base of those in it.
    let hits: Vec<u64> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Hits { passes, .. } => Some(*passes),
            _ => None,
        })
        .collect();
    assert_eq!(hits, [5500, 5600, 5700, 5800, 5900]);
}

#[test]
fn memory_is_a_limit_too_and_is_said() {
    let ring = fed(3600, 60, 10_000);
    assert!(ring.cut());
    assert!(ring.events <= 10_000, "{}", ring.events);
    assert!(entries(&ring).len() > 4000);
}

#[test]
fn a_thread_stands_from_the_tick_that_saw_it_come() {
    let mut ring = fed(3, 1, MAX_EVENTS);
    let name = Label::from("still");
    ring.put(&Entry::Thread { board: 0, tid: 9, name }).expect("memory");
    ring.put(&Entry::At { thread: 1, stack: 1 }).expect("memory");
    ring.put(&Entry::Ticks { at_ns: SECOND_NS, count: 1500 }).expect("memory");
    let standing: Vec<_> = ring.standing().collect();
    assert_eq!(standing.len(), 1, "the other one is gone");
    assert_eq!((standing[0].1.line, standing[0].2), (11, 1_500_000_000));
}
