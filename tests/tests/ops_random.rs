//! Random operations on many threads, held against the program's own journal: what is in flight is shown,
//! once, as what it is; what ended is not; and a kill at any instant leaves just what was in flight.
//!
//! Ten seconds by default; `OPS_SECONDS` for longer.
#![expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use inspect::model::{BoardReport, Op};
use inspect::open_board::OpenBoard;
use inspect::{State, Target};
use tests::journal::{self, ENTRIES, Journal, OUTCOMES, Phase, STATUSES, Seen};
use tests::{build, program};

/// How long one program runs before it is killed.
const ROUND: Duration = Duration::from_secs(2);
/// Threads of the program that do something at the same time: those that the fixture keeps, their
/// successors, and those that forget.
const THREADS: u64 = 16;

#[test]
fn nothing_is_lost_shown_twice_or_shown_after_its_end() {
    let fixture = build::release("fixture-behave", "fixture-behave", &[]);
    let seconds = std::env::var("OPS_SECONDS").ok().and_then(|text| text.parse().ok());
    let until = Instant::now() + Duration::from_secs(seconds.unwrap_or(10));
    let mut sums = Sums::default();
    let mut seed = 1;
    while Instant::now() < until {
        // Every other program has too little room for its threads and operations.
        let what = if seed % 2 == 1 { "random" } else { "random-tight" };
        round(&fixture, what, seed, &mut sums);
        seed += 1;
    }
    println!("{} programs killed: {sums:?}", seed - 1);
    let Sums { readings, in_flight, ended, statuses, lost, asked, saw, leaked, .. } = sums;
    for (what, number) in [
        ("readings", readings),
        ("operations in flight", in_flight),
        ("operations ended", ended),
        ("statuses", statuses),
        ("operations lost", lost),
        ("requests", asked),
        ("operations that saw one", saw),
        ("operations left behind", leaked),
    ] {
        assert!(number > 0, "no {what} in {sums:?}");
    }
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    readings: u64,
    /// Shown in flight, those of them that were in flight all the while, and shown as ended.
    in_flight: u64,
    certain: u64,
    ended: u64,
    /// Histories that were held against the journal.
    statuses: u64,
    /// Begun, by the journals; of those, without room.
    begun: u64,
    lost: u64,
    /// Asked to end, and seen to have noticed.
    asked: u64,
    saw: u64,
    leaked: u64,
    /// In flight at the kill, and being changed then.
    at_kill: u64,
    changing: u64,
}

/// The journal's operations at one moment, by number.
struct Moment(HashMap<u64, Seen>);

impl Moment {
    fn of(journal: Journal) -> Self {
        let all =
            journal.read().into_iter().filter(|seen| seen.id != 0 || seen.phase != Phase::Free);
        Self(all.map(|seen| (seen.number, seen)).collect())
    }

    fn last(&self) -> u64 {
        self.0.keys().copied().max().unwrap_or(0)
    }
}

fn is_open(seen: &Seen) -> bool {
    matches!(seen.phase, Phase::InFlight | Phase::Forgotten)
}

/// An id as a number; 0 for none.
fn id(text: Option<&str>) -> u64 {
    let parts = text.and_then(|text| text.split_once('-'));
    let parts = parts.and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
    parts.map_or(0, |(index, generation): (u64, u64)| generation << 16 | (index + 1))
}

/// A reading between two looks at the journal.
struct Reading<'a> {
    before: &'a Moment,
    report: &'a BoardReport,
    after: &'a Moment,
    asked: &'a HashSet<u64>,
}

impl Reading<'_> {
    /// Holds all that is shown against the journal.
    fn check(&self, sums: &mut Sums) {
        let mut ids = HashSet::new();
        let mut live = HashMap::new();
        for op in &self.report.ops {
            assert!(ids.insert(op.id.clone()), "twice: {op:#?}");
            live.insert(self.in_flight(op, sums), op);
        }
        for op in &self.report.ended_ops {
            assert!(ids.insert(op.id.clone()), "twice: {op:#?}");
            self.ended(op, sums);
        }
        for (number, seen) in self.before.0.iter().filter(|(_, seen)| is_open(seen)) {
            let Some(still) = self.after.0.get(number).filter(|seen| is_open(seen)) else {
                continue;
            };
            sums.certain += 1;
            let op = live.get(number);
            let op = op.unwrap_or_else(|| panic!("not shown: {seen:?}, {still:?}"));
            assert_eq!(id(Some(&op.id)), seen.id, "{op:#?}");
            if seen.phase == Phase::Forgotten {
                assert!(op.leaked, "its thread is gone: {op:#?}");
                sums.leaked += 1;
            }
            if still.phase == Phase::InFlight {
                assert!(!op.leaked, "its thread is there: {op:#?}");
            }
        }
        sums.readings += 1;
    }

    /// What an operation is by its label, which must be its own in all it says.
    fn number(&self, op: &Op) -> u64 {
        let label = op.label.as_ref().map_or("", |label| label.raw());
        let number = journal::number(label).unwrap_or_else(|| panic!("{op:#?}"));
        assert_eq!(label, journal::label(number), "{op:#?}");
        assert_eq!(op.kind.raw(), journal::kind(number), "{op:#?}");
        let peer = (number % 5 == 3).then(|| number.to_string());
        assert_eq!(op.peer.as_ref().map(|peer| peer.raw()), peer.as_deref(), "{op:#?}");
        number
    }

    fn in_flight(&self, op: &Op, sums: &mut Sums) -> u64 {
        sums.in_flight += 1;
        let number = self.number(op);
        let (before, after) = (self.before.0.get(&number), self.after.0.get(&number));
        if let Some(before) = before {
            assert!(before.phase != Phase::Ended, "ended before: {before:?}, {op:#?}");
            assert!(before.phase != Phase::Lost, "had no room: {before:?}, {op:#?}");
        }
        let between = self.after.last() - self.before.last();
        if between < ENTRIES as u64 / 2 {
            assert!(before.or(after).is_some(), "ended long before: {op:#?}");
        }
        assert_eq!(op.outcome, None, "{op:#?}");
        if op.cancelled {
            assert!(self.asked.contains(&id(Some(&op.id))), "nobody asked: {op:#?}");
        }
        if let Some(after) = after {
            assert_eq!(id(op.parent.as_deref()), after.parent, "{after:?}, {op:#?}");
            self.history(op, before.map_or(0, |before| before.had), after.about, sums);
        }
        number
    }

    fn ended(&self, op: &Op, sums: &mut Sums) {
        sums.ended += 1;
        let number = self.number(op);
        if let Some(before) = self.before.0.get(&number) {
            assert!(before.phase != Phase::Lost, "had no room: {before:?}, {op:#?}");
        }
        let Some(after) = self.after.0.get(&number) else { return };
        assert!(matches!(after.phase, Phase::Ending | Phase::Ended), "{after:?}, {op:#?}");
        assert_eq!(op.outcome, OUTCOMES.get(after.outcome as usize).copied(), "{after:?}, {op:#?}");
        assert_eq!(id(Some(&op.id)), after.id, "{after:?}, {op:#?}");
        assert_eq!(id(op.parent.as_deref()), after.parent, "{after:?}, {op:#?}");
        assert!(!op.leaked && op.turned_ns.is_none(), "{op:#?}");
        self.history(op, after.had, after.about, sums);
    }

    /// Its statuses are a stretch of the row that it went through, which was between `had` and `about`
    /// long.
    fn history(&self, op: &Op, had: u64, about: u64, sums: &mut Sums) {
        sums.statuses += 1;
        let place = |label: &str| STATUSES.iter().position(|status| *status == label);
        let number = self.number(op);
        let row: Vec<u64> = op
            .history
            .iter()
            .map(|status| place(status.status.raw()).unwrap_or_else(|| panic!("{op:#?}")) as u64)
            .collect();
        assert!(row.windows(2).all(|pair| pair[1] == (pair[0] + 1) % 7), "{row:?}, {op:#?}");
        let fits = |count: &u64| match row.last() {
            Some(last) => (number + count + 6) % 7 == *last && row.len() as u64 <= *count,
            // A row that moved at every try is not shown, and that is counted.
            None => *count == 0 || self.report.reader.torn > 0,
        };
        assert!((had..=about).any(|count| fits(&count)), "{had} to {about}: {row:?}, {op:#?}");
        if had == about {
            assert_eq!(row.len() as u64, had.min(5), "{op:#?}");
        }
        let times: Vec<u64> = op.history.iter().map(|status| status.at_ns).collect();
        assert!(times.is_sorted(), "{op:#?}");
    }
}

/// Requests cancellation of an operation of `instance`, through the daemon's cancel socket.
fn ask(instance: u64, op: u64) {
    let name = format!("scoreboard-cancel-{instance:016x}");
    let address = SocketAddr::from_abstract_name(name).expect("a name");
    let mut stream = UnixStream::connect_addr(&address).expect("the cancel socket is there");
    let request = [*b"SCOREBC1", instance.to_le_bytes(), op.to_le_bytes()].concat();
    stream.write_all(&request).expect("the cancel socket listens");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    assert!(matches!(answer.last(), Some(1 | 2)), "{answer:?}");
}

fn one_board(target: &Target) -> OpenBoard {
    let mut boards = inspect::open(target).expect("a board");
    assert_eq!(boards.len(), 1, "{target:?}");
    boards.remove(0)
}

/// One program, from its start to its kill.
fn round(fixture: &Path, what: &str, seed: u64, sums: &mut Sums) {
    let scratch = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let scratch = scratch.expect("a folder");
    let path = scratch.path().join("journal");
    let name = program::name("ops-random");
    let mut command = Command::new(fixture);
    command.args([&name, what, &seed.to_string()]).arg(&path);
    let mut program = program::Program::start(&mut command, &name);
    program.until_ready();
    let asked = watch(&program, &path, seed, sums);
    program.kill();
    let mut board = one_board(&Target::Name(name));
    let report = board.report().expect("a readable board");
    assert_eq!(report.state, State::Dead, "{}", report.verdict);
    let journal = Journal::open(&path).expect("a journal");
    let moment = Moment::of(journal);
    let at_kill = Reading { before: &moment, report: &report, after: &moment, asked: &asked };
    at_kill.check(sums);
    // What was being changed is either; nothing else is in flight but what the journal says.
    let open = moment.0.values().filter(|seen| is_open(seen)).count() as u64;
    let shown = report.ops.len() as u64;
    assert!((open..=open + THREADS).contains(&shown), "{shown} shown of {open}");
    sums.at_kill += open;
    sums.changing += shown - open;
    sums.begun += moment.last();
    sums.lost += report.lost["ops"];
}

/// Reads the board over and over, and asks operations to end; the ids of those.
fn watch(program: &program::Program, path: &Path, seed: u64, sums: &mut Sums) -> HashSet<u64> {
    let journal = Journal::open(path).expect("a journal");
    let mut board = one_board(&Target::Pid(program.pid()));
    let (mut asked, mut saw) = (HashSet::new(), HashSet::new());
    let mut dice = seed;
    // Another instant for each seed.
    let until = Instant::now() + ROUND / 2 + ROUND / 40 * (seed * 7 % 20) as u32;
    while Instant::now() < until {
        let lost_before = journal.lost().load(SeqCst);
        let before = Moment::of(journal);
        let report = board.report().expect("a readable board");
        let after = Moment::of(journal);
        let lost_after = journal.lost().load(SeqCst);
        Reading { before: &before, report: &report, after: &after, asked: &asked }.check(sums);
        let lost = report.lost["ops"];
        assert!((lost_before..=lost_after + THREADS).contains(&lost), "{lost} of {lost_after}");
        for seen in after.0.values().filter(|seen| seen.asked) {
            assert!(asked.contains(&seen.id), "nobody asked: {seen:?}");
            sums.saw += u64::from(saw.insert(seen.number));
        }
        for op in &report.ops {
            dice = dice
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            if op.cancellable && dice >> 60 == 0 {
                sums.asked += 1;
                asked.insert(id(Some(&op.id)));
                ask(report.instance, id(Some(&op.id)));
            }
        }
    }
    asked
}
