//! `export otlp --spans`: every operation once, when it ended or its process did. Looks are much more frequent than
//! requests: what a board remembers of operations that ended is bounded.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::args::{Cli, Numbers};
use super::collector::{Sink, say};
use super::common::{boards, nothing_yet};
use super::failure::Failure;
use super::replace::{other_than_a_file, replace};
use crate::clock::Moment;
use crate::context::Look as Around;
use crate::export::operations::{Book, Operation};
use crate::export::otlp::{About, Ids, Sent, pending, spans};
use crate::liveness::State;
use crate::locate::{self, Candidate, Run, Target};
use crate::open_board::{Found, OpenBoard};
use crate::root::drop_root;
use crate::words::term::term;

/// Time between two looks at a board, and between two searches for boards.
const LOOK: Duration = Duration::from_millis(50);
const SEARCH: Duration = Duration::from_millis(200);

/// Spans of a request at most.
const MOST: usize = 2_000;

/// A board that is followed.
struct Followed {
    board: OpenBoard,
    book: Book,
    about: Option<About>,
    /// Ended, and not yet sent.
    over: Vec<Operation>,
    dead: bool,
}

/// What has been sent, by run of a process. Those that a board no longer has are forgotten with it.
#[derive(Default)]
struct Noted {
    sent: HashMap<u64, HashSet<String>>,
}

impl Noted {
    /// From the file that an earlier one wrote, if there is one: a run and an id a line.
    ///
    /// # Errors
    /// It is something else, which would be written over.
    fn read(path: &Path) -> Result<Self, Failure> {
        other_than_a_file(path)?;
        let name = term(&path.display().to_string());
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(|error| Failure::system(&error, format!("{name}: {error}")))?,
        };
        let mut noted = Self::default();
        for line in String::from_utf8_lossy(&bytes).lines() {
            let run = |run| u64::from_str_radix(run, 16).ok();
            let entry = line.split_once(' ').and_then(|(first, id)| Some((run(first)?, id)));
            let Some((run, id)) = entry else {
                let why = "it is there, and nothing that --state wrote; name another file";
                return Err(Failure::usage(format!("{name}: {why}")));
            };
            noted.sent.entry(run).or_default().insert(id.to_owned());
        }
        Ok(noted)
    }

    fn write(&self, path: &Path) -> Result<(), Failure> {
        let mut text = String::new();
        for (run, ids) in &self.sent {
            for id in ids {
                text.push_str(&format!("{run:016x} {id}\n"));
            }
        }
        replace(path, text.as_bytes())
    }
}

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    numbers: &Numbers,
    mut sink: Sink<'_>,
    more: &[(String, String)],
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    // Waits for the first, and gives up root.
    let first = boards(target, &cli.common, Around::Verdict, &mut std::io::sink());
    match first {
        Err(failure) if numbers.every.is_some() => {
            nothing_yet(target, &failure, "exported", remarks);
        }
        first => drop(first?),
    }
    let mut all = Follower {
        target: target.clone(),
        followed: Vec::new(),
        finished: HashMap::new(),
        noted: numbers.state.as_deref().map(Noted::read).transpose()?.unwrap_or_default(),
        waiting: HashMap::new(),
        ids: Ids::default(),
        more: more.to_vec(),
        state: numbers.state.clone(),
    };
    let (mut sent, mut last) = (Sent::default(), String::new());
    let every = numbers.every.unwrap_or_default();
    let (mut search, mut send) = (Instant::now(), Instant::now());
    loop {
        let now = Instant::now();
        if now >= search {
            search = now + SEARCH;
            all.search();
        }
        all.look();
        if now >= send {
            send = now + every;
            all.send(&mut sink, numbers.pending, &mut sent)?;
        } else {
            sink.again(&mut sent);
        }
        all.settle(&mut sent)?;
        if numbers.every.is_none() {
            let done = sink.finish(&mut sent);
            all.settle(&mut sent)?;
            say(&mut sent, &mut last, remarks);
            return done;
        }
        say(&mut sent, &mut last, remarks);
        std::thread::sleep(LOOK.saturating_sub(now.elapsed()));
    }
}

/// All boards of a target, and what was sent of them.
struct Follower {
    target: Target,
    followed: Vec<Followed>,
    /// Boards of ended processes of which all was handed out, and their runs.
    finished: HashMap<Run, u64>,
    noted: Noted,
    /// What each request that waits has of whom.
    waiting: HashMap<u64, Vec<(u64, String)>>,
    ids: Ids,
    more: Vec<(String, String)>,
    state: Option<std::path::PathBuf>,
}

impl Follower {
    /// Boards that were not there before, also of processes that ended: what they had in flight is on them.
    fn search(&mut self) {
        let found = locate::find(&self.target).unwrap_or_default();
        self.finished.retain(|run, _| found.iter().any(|one| one.run() == *run));
        let known = |one: &Candidate| {
            self.finished.contains_key(&one.run())
                || self.followed.iter().any(|old| old.board.candidate.id == one.id)
        };
        let new: Vec<Candidate> = found.into_iter().filter(|one| !known(one)).collect();
        let found = Found::open(new, Around::Verdict).boards;
        // Nobody parses another's board as root.
        if drop_root(&found).is_err() {
            return;
        }
        for board in found {
            if !board.context.foreign {
                let (book, over) = (Book::default(), Vec::new());
                self.followed.push(Followed { board, book, about: None, over, dead: false });
            }
        }
        self.followed.iter_mut().for_each(|one| one.board.look(Around::Verdict));
        // What was sent of a board that is gone is asked for by nobody.
        let runs: HashSet<u64> = self.runs().chain(self.finished.values().copied()).collect();
        self.noted.sent.retain(|run, _| runs.contains(run));
    }

    fn runs(&self) -> impl Iterator<Item = u64> {
        self.followed.iter().map(|one| one.board.board.header.instance)
    }

    fn look(&mut self) {
        for one in self.followed.iter_mut().filter(|one| !one.dead) {
            // What cannot be read now is read at the next look.
            let Ok(report) = one.board.report() else {
                one.dead = !one.board.exists();
                continue;
            };
            one.dead = report.state == State::Dead;
            if let Some(sent) = self.noted.sent.get_mut(&report.instance) {
                let there = report.ended_ops.iter().chain(&report.ops);
                let there: HashSet<&str> = there.map(|op| op.id.as_str()).collect();
                sent.retain(|id| there.contains(id.as_str()));
            }
            let sent = self.noted.sent.get(&report.instance);
            let new = one.book.look(&report).into_iter();
            one.over.extend(new.filter(|op| sent.is_none_or(|sent| !sent.contains(&op.op.id))));
            one.about = Some(About::report(&report, &self.more));
        }
    }

    fn send(
        &mut self,
        sink: &mut Sink<'_>,
        also_pending: bool,
        sent: &mut Sent,
    ) -> Result<(), Failure> {
        for one in &mut self.followed {
            let Some(about) = one.about.clone() else { continue };
            let missed = one.book.missed();
            for part in one.over.chunks(MOST) {
                let of: Vec<(u64, String)> =
                    part.iter().map(|op| (op.instance, op.op.id.clone())).collect();
                let all = [(about.clone(), part.iter().collect(), missed)];
                let number = sink.put(spans(&all, &mut self.ids), sent)?;
                self.waiting.insert(number, of);
                // Stdout has one number for all.
                Self::note(&mut self.waiting, &mut self.noted, sent);
            }
            one.over.clear();
            if also_pending && !one.dead && one.book.open().next().is_some() {
                let now_ns = Moment::now(false).wall_ns;
                let all = [(about, one.book.open().collect(), missed)];
                sink.put(pending(&all, &mut self.ids, now_ns), sent)?;
            }
        }
        for one in self.followed.iter().filter(|one| one.dead) {
            self.finished.insert(one.board.candidate.run(), one.board.board.header.instance);
        }
        self.followed.retain(|one| !one.dead);
        Ok(())
    }

    /// Notes what was taken.
    fn note(
        waiting: &mut HashMap<u64, Vec<(u64, String)>>,
        noted: &mut Noted,
        sent: &Sent,
    ) -> bool {
        let mut changed = false;
        for number in &sent.taken {
            for (run, id) in waiting.remove(number).unwrap_or_default() {
                noted.sent.entry(run).or_default().insert(id);
                changed = true;
            }
        }
        changed
    }

    fn settle(&mut self, sent: &mut Sent) -> Result<(), Failure> {
        Self::note(&mut self.waiting, &mut self.noted, sent);
        if let Some(path) = self.state.as_deref().filter(|_| !sent.taken.is_empty()) {
            self.noted.write(path)?;
        }
        sent.taken.clear();
        for number in &sent.given_up {
            self.waiting.remove(number);
        }
        Ok(())
    }
}
