use super::growth::growth;
use super::second::{Active, Second};
use super::store::{DEFAULT_BYTES, Recorder};
use super::usage::Usage;
use crate::why::{Grows, Taken};

const SECOND: u64 = 1_000_000_000;
const START: u64 = 1_769_860_800 * SECOND;
const MIB: u64 = 1 << 20;

/// What is said of one that was looked at every ten seconds for so many minutes.
fn said(minutes: u64, at: impl Fn(f64) -> Second) -> Option<Vec<Grows>> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut recorder = Recorder::open(directory.path(), DEFAULT_BYTES).expect("a recorder");
    let until = START + minutes * 60 * SECOND;
    for at_ns in (START..=until).step_by(10 * SECOND as usize) {
        let second = Second { instance: 9, ..at((at_ns - START) as f64 / 60e9) };
        let other = Second { name: "other".into(), instance: 3, ..Second::default() };
        recorder.put(at_ns, &[other, second]).expect("written");
    }
    growth(directory.path(), [(9, until)]).expect("a history").remove(&9)
}

/// One that takes so much memory.
fn taking(bytes: f64) -> Second {
    let usage = Usage { rss_bytes: Some(bytes as u64), threads: Some(20), ..Usage::default() };
    Second { usage: Usage { fds: Some(30), ..usage }, ..Second::default() }
}

fn of_memory(minutes: u64, bytes: impl Fn(f64) -> f64) -> Vec<Taken> {
    let said = said(minutes, |minute| taking(bytes(minute))).expect("long enough");
    said.into_iter().map(|one| one.what).collect()
}

fn mib(of: f64) -> f64 {
    of * MIB as f64
}

#[test]
fn a_leak_is_told_and_what_fills_or_is_given_back_is_not() {
    assert_eq!(of_memory(60, |minute| mib(100.0 + minute)), [Taken::Memory]);
    // It is cleaned up every three minutes, and leaks beneath.
    let saw = |minute: f64| mib(200.0 + 2.0 * minute + 60.0 * (minute / 3.0).fract());
    assert_eq!(of_memory(60, saw), [Taken::Memory]);
    // It leaked for the last twenty minutes of five hours.
    let late = |minute: f64| mib(500.0 + 8.0 * (minute - 280.0).max(0.0));
    assert_eq!(of_memory(300, late), [Taken::Memory]);
    type Course = (&'static str, fn(f64) -> f64);
    let never: [Course; 6] = [
        ("it begins, and takes what it needs", |minute| mib(900.0 - 800.0 / (1.0 + minute))),
        ("a cache that fills", |minute| mib(100.0 + 800.0 * (1.0 - (-minute / 12.0).exp()))),
        ("it is cleaned up", |minute| mib(200.0 + 300.0 * (minute / 9.0).fract())),
        ("it took a step", |minute| mib(if minute < 31.0 { 100.0 } else { 700.0 })),
        ("a little is no leak yet", |minute| mib(100.0 + minute / 6.0)),
        ("of much it is nothing", |minute| mib(4_000.0 + 5.0 * minute)),
    ];
    for (what, bytes) in never {
        assert_eq!(of_memory(60, bytes), [], "{what}");
    }
}

/// Naively the last level is held against the first: then each of those that are no leak would be one.
#[test]
fn the_last_against_the_first_is_not_enough() {
    let fills = |minute: f64| mib(100.0 + 800.0 * (1.0 - (-minute / 12.0).exp()));
    assert!(fills(60.0) > 2.0 * fills(0.0));
    assert_eq!(of_memory(60, fills), []);
}

#[test]
fn how_much_over_what_time_and_along_with_what_is_said() {
    let second = |minute: f64| {
        let mut second = taking(mib(100.0 + 10.0 * minute));
        second.usage.threads = Some(20 + minute as u64);
        second.usage.fds = Some(30 + minute as u64 % 5);
        for (name, level) in [("cached", 100.0 * minute), ("rate", 50.0), ("left", -minute)] {
            second.gauges.insert(name.to_owned(), level as i64);
        }
        second
    };
    let said = said(80, second).expect("long enough");
    let [memory, threads] = &said[..] else { panic!("{said:?}") };
    // Eight parts of ten minutes, the first of which does not count.
    assert_eq!((memory.what, memory.over_ns), (Taken::Memory, 3_600 * SECOND));
    assert_eq!((memory.from, memory.to), (200 * MIB, 800 * MIB));
    let (name, then, now) = memory.with.clone().expect("a gauge");
    assert!(name == "cached" && (1_400..1_600).contains(&then) && (7_400..7_600).contains(&now));
    assert_eq!((threads.what, threads.from, threads.to), (Taken::Threads, 30, 90));
}

#[test]
fn who_does_more_takes_more() {
    let active = |count: u64| Active { kind: format!("{count}"), ..Active::default() };
    let more = |minute: f64| {
        let mut second = taking(mib(100.0 + 10.0 * minute));
        second.active.insert(active(1), 4 + minute as u64);
        second
    };
    assert_eq!(said(60, more), Some(vec![]));
    let same = |minute: f64| {
        let mut second = taking(mib(100.0 + 10.0 * minute));
        second.active.insert(active(1), 4 + minute as u64 % 7);
        second
    };
    assert_eq!(said(60, same).map(|said| said.len()), Some(1));
}

#[test]
fn of_little_that_is_known_nothing_is_said() {
    assert_eq!(said(9, |minute| taking(mib(100.0 + 90.0 * minute))), None);
    assert_eq!(said(11, |minute| taking(mib(100.0 + 90.0 * minute))).map(|it| it.len()), Some(1));
    // Recorded by one that knew nothing of memory.
    assert_eq!(said(60, |_| Second::default()), Some(vec![]));
    // Another run, and one that ended before.
    let directory = tempfile::tempdir().expect("a directory");
    let mut recorder = Recorder::open(directory.path(), DEFAULT_BYTES).expect("a recorder");
    for minute in 0..60 {
        let second = Second { instance: 9, ..taking(mib(100.0 + 10.0 * minute as f64)) };
        recorder.put(START + minute * 60 * SECOND, &[second]).expect("written");
    }
    let at = |until: u64| {
        growth(directory.path(), [(9, START + until * 60 * SECOND), (4, u64::MAX)]).expect("one")
    };
    assert!(at(60).is_empty(), "the other ended at the end of time");
    let said = growth(directory.path(), [(9, START + 40 * 60 * SECOND)]).expect("one");
    assert_eq!(said.get(&9).map(Vec::len), Some(1), "its last forty minutes");
}
