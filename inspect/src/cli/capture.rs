//! `record --when`: the last seconds are kept in memory and written when a condition comes true.

use std::cell::RefCell;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use probe::layout::Class;
use serde_json::{Value, json};

use super::args::{Cli, Pacing, Trigger};
use super::failure::Failure;
use super::numbered::Files;
use super::output::Recorded;
use super::record::default_name;
use super::sampling::{Sampling, Turn, size};
use crate::context::Look;
use crate::locate::Target;
use crate::model::BoardReport;
use crate::open_board::Found;
use crate::recording::{Entry, Replay, Ring, Seen, Sink, SiteInfo};
use crate::report::Spot;
use crate::report::words::place;
use crate::trigger::{Condition, Excused, Level, Watch, What};
use crate::words::glob::glob;
use crate::words::human::{time, whole};
use crate::words::term::{label, term};

/// What is wanted.
pub(super) struct Way<'a> {
    pub(super) pacing: &'a Pacing,
    pub(super) trigger: &'a Trigger,
    pub(super) output: Option<&'a Path>,
}

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    way: &Way<'_>,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let conditions: Result<Vec<_>, _> =
        way.trigger.when.iter().map(|text| Condition::parse(text)).collect();
    let conditions = conditions.map_err(Failure::usage)?;
    let wanted = cli.common.count.unwrap_or(1);
    if wanted == 0 {
        return Err(Failure::usage("--count 0 with --when: say how many files, at least 1"));
    }
    let output = way.output.map_or_else(|| PathBuf::from(default_name(target)), Path::to_owned);
    if super::output::is_stdout(&output) {
        return Err(Failure::usage("--when writes files; name one with -o"));
    }
    let mut files = Files::new(output, wanted);
    // Opened first: reading may mean giving up the right to.
    files.begin()?;
    let captured = capture(cli, target, way, conditions, wanted, files, remarks);
    let done = captured?;
    if cli.common.json {
        let all: Vec<Value> = done.iter().map(Done::json).collect();
        let document = json!({ "schema": 1, "captures": all });
        return Ok(writeln!(out, "{}", super::common::pretty(&document)?)?);
    }
    done.iter().try_for_each(|one| Ok(writeln!(out, "{}", one.line())?))
}

fn capture(
    cli: &Cli,
    target: &Target,
    way: &Way<'_>,
    conditions: Vec<Condition>,
    wanted: u64,
    files: Files,
    remarks: &mut dyn Write,
) -> Result<Vec<Done>, Failure> {
    let capture = Rc::new(RefCell::new(Capture {
        ring: Ring::new(nanoseconds(way.trigger.keep)),
        holding: vec![false; conditions.len()],
        passed: vec![None; conditions.len()],
        excused: Excused::default(),
        conditions,
        keep: way.trigger.keep,
        after: way.trigger.after,
        wanted,
        files,
        writing: None,
        done: Vec::new(),
        failed: None,
        ended: 0,
        said: Vec::new(),
    }));
    let sampled = sample(cli, target, way, &capture, remarks);
    let mut capture = capture.borrow_mut();
    for line in capture.said.drain(..) {
        let _ = writeln!(remarks, "{line}");
    }
    let done = std::mem::take(&mut capture.done);
    if let Some(error) = capture.failed.take() {
        return Err(error);
    }
    sampled?;
    if done.is_empty() {
        let texts: Vec<&str> = capture.conditions.iter().map(|one| one.text.as_str()).collect();
        return Err(Failure::new(format!(
            "{} did not come true in {}; nothing was written",
            term(&texts.join(" or ")),
            time(capture.ring.now_ns())
        )));
    }
    Ok(done)
}

fn sample(
    cli: &Cli,
    target: &Target,
    way: &Way<'_>,
    capture: &Rc<RefCell<Capture>>,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let mut sampling = Sampling::open(cli, target, way.pacing, remarks)?;
    let conditions = capture.borrow().conditions.clone();
    exist(&sampling, &conditions)?;
    let watch = Watch::start(conditions);
    capture.borrow_mut().excused = watch.excused();
    sampling.tell(watch.boards());
    let mut sink = Shared(Rc::clone(capture));
    sampling.run(&mut sink, remarks, &mut |_| capture.borrow_mut().turn(&watch))?;
    Ok(())
}

/// A name that is on none of the boards would be waited for in vain.
fn exist(sampling: &Sampling, conditions: &[Condition]) -> Result<(), Failure> {
    let found = Found::open(sampling.candidates().to_vec(), Look::Verdict);
    let reports: Vec<BoardReport> =
        found.boards.into_iter().filter_map(|mut board| board.report().ok()).collect();
    if reports.is_empty() {
        return Ok(());
    }
    let any = |there: &dyn Fn(&BoardReport) -> bool| reports.iter().any(there);
    for condition in conditions {
        let (there, kind, name) = match &condition.what {
            What::Oldest(name) => {
                let there = |one: &BoardReport| one.queues.iter().any(|q| glob(name, q.name.raw()));
                (any(&there), "queue", name)
            }
            What::Rate(name) => {
                let there = |one: &BoardReport| one.counters.iter().any(|c| c.name.raw() == name);
                (any(&there), "counter", name)
            }
            What::Value(name) => {
                let there = |one: &BoardReport| {
                    let mut gauges = one.gauges.iter().map(|gauge| &gauge.name);
                    let mut counters = one.counters.iter().map(|counter| &counter.name);
                    gauges.any(|known| known.raw() == name)
                        || counters.any(|known| known.raw() == name)
                };
                (any(&there), "counter or gauge", name)
            }
            // Threads and operations come and go.
            What::Stalled(_) | What::Load(_) | What::Over(_) | What::Ended => continue,
        };
        if !there {
            return Err(Failure::usage(format!(
                "--when '{}': no {kind} `{}` on the board; `inspect --all` shows all of them",
                term(&condition.text),
                term(name)
            )));
        }
    }
    Ok(())
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A recording that is being written.
struct Writing {
    replay: Replay<Recorded>,
    path: PathBuf,
    until_ns: u64,
    condition: String,
    why: String,
    at_ns: u64,
}

/// One that is written.
struct Done {
    path: PathBuf,
    bytes: u64,
    ticks: u64,
    missed: u64,
    samples: u64,
    duration_ns: u64,
    condition: String,
    why: String,
    at_ns: u64,
}

impl Done {
    fn json(&self) -> Value {
        json!({
            "file": self.path.display().to_string(), "bytes": self.bytes, "ticks": self.ticks,
            "missed_ticks": self.missed, "samples": self.samples, "duration_ns": self.duration_ns,
            "condition": self.condition, "why": self.why, "fired_at_ns": self.at_ns,
        })
    }

    fn line(&self) -> String {
        format!(
            "recorded {} samples ({} ticks in {}, {} missed) in {} ({})",
            whole(self.samples),
            whole(self.ticks),
            time(self.duration_ns),
            whole(self.missed),
            term(&self.path.display().to_string()),
            size(self.bytes, self.samples)
        )
    }
}

/// What happens meanwhile.
struct Capture {
    ring: Ring,
    conditions: Vec<Condition>,
    /// Whether each held at the last look: it fires when it comes to hold.
    holding: Vec<bool>,
    /// For each why it held between the looks, and does no more.
    passed: Level,
    /// Who does not stand, whatever the samples say.
    excused: Excused,
    keep: Duration,
    after: Duration,
    wanted: u64,
    files: Files,
    writing: Option<Writing>,
    done: Vec<Done>,
    failed: Option<Failure>,
    /// Ends of processes that were looked at.
    ended: usize,
    /// What is to be said.
    said: Vec<String>,
}

/// The capture as the sampler's sink, while it is also asked.
struct Shared(Rc<RefCell<Capture>>);

impl Sink for Shared {
    fn put(&mut self, entry: &Entry) -> io::Result<()> {
        self.0.borrow_mut().put(entry)
    }
}

impl Capture {
    fn put(&mut self, entry: &Entry) -> io::Result<()> {
        if let Entry::At { thread, .. } | Entry::Gone { thread } = entry {
            self.moves(*thread);
        }
        self.ring.put(entry)?;
        if let Entry::End { why, .. } = entry {
            // The end of the last process is the end of the sampling: nobody asks any more.
            self.judge_samples();
            return self.end(why.raw()).map_err(|failure| io::Error::other(failure.text));
        }
        match &mut self.writing {
            Some(writing) => writing.replay.put(&self.ring, entry),
            None => Ok(()),
        }
    }

    /// Looks whether something came true, and whether a recording is complete.
    fn turn(&mut self, watch: &Watch) -> Turn {
        for level in watch.levels() {
            self.judge(level, by_numbers);
        }
        self.judge_samples();
        let now = self.ring.now_ns();
        if self.writing.as_ref().is_some_and(|writing| now >= writing.until_ns)
            && let Err(failure) = self.end("as long as asked")
        {
            self.failed = Some(failure);
        }
        let stop = match (&self.failed, self.done.len() as u64 >= self.wanted) {
            (Some(_), _) => Some("it cannot be written"),
            (None, true) => Some("as many as asked"),
            (None, false) => None,
        };
        Turn { stop: stop.map(str::to_owned), say: std::mem::take(&mut self.said) }
    }

    fn judge_samples(&mut self) {
        let level = self.own_level();
        // Each end is news once.
        self.ended = self.ring.ends().len();
        self.judge(level, |what| !by_numbers(what));
    }

    /// A thread leaves its line: what began and ended between two looks counts as well.
    fn moves(&mut self, thread: u32) {
        let Some((seen, site, ns)) = self.ring.one_standing(thread) else { return };
        for (condition, passed) in self.conditions.iter().zip(&mut self.passed) {
            if passed.is_none() && stands(condition, &self.ring, &self.excused, (seen, site, ns)) {
                *passed = Some(stood(&self.ring, seen, site, ns));
            }
        }
    }

    /// What the samples alone tell.
    fn own_level(&mut self) -> Level {
        let of = |condition: &Condition| match &condition.what {
            What::Stalled(_) => {
                let mut all = self.ring.standing();
                let (seen, site, ns) =
                    all.find(|one| stands(condition, &self.ring, &self.excused, *one))?;
                Some(stood(&self.ring, seen, site, ns))
            }
            What::Ended => {
                let (board, how) = self.ring.ends().get(self.ended..)?.last()?;
                let board = self.ring.board(*board)?;
                Some(format!("{} (pid {}) ended: {}", label(&board.name), board.pid, label(how)))
            }
            _ => None,
        };
        let level: Level = self.conditions.iter().map(of).collect();
        let passed = self.passed.iter_mut().map(Option::take);
        level.into_iter().zip(passed).map(|(now, passed)| now.or(passed)).collect()
    }

    /// Takes the levels of some conditions; begins to write when one has come to hold.
    fn judge(&mut self, level: Level, which: impl Fn(&What) -> bool) {
        for (index, why) in level.into_iter().enumerate() {
            if !which(&self.conditions[index].what) {
                continue;
            }
            let before = std::mem::replace(&mut self.holding[index], why.is_some());
            let Some(why) = why.filter(|_| !before) else { continue };
            let full = self.done.len() as u64 >= self.wanted;
            if self.writing.is_some() || full || self.failed.is_some() {
                continue;
            }
            let condition = self.conditions[index].text.clone();
            match self.begin(condition, why) {
                Ok(said) => self.said.push(said),
                Err(failure) => self.failed = Some(failure),
            }
        }
    }

    fn begin(&mut self, condition: String, why: String) -> Result<String, Failure> {
        let (path, file) = self.files.take()?;
        let replay = Replay::begin(file, &self.ring)?;
        let at_ns = self.ring.now_ns();
        let less = match self.ring.cut() {
            true => "; memory for less than that was allowed, it begins later",
            false => "",
        };
        let said = format!(
            "inspect: {} came true after {}: {why}; writing up to {} before it and {} after it to {}{less}",
            term(&condition),
            time(at_ns),
            time(nanoseconds(self.keep)),
            time(nanoseconds(self.after)),
            term(&path.display().to_string())
        );
        let until_ns = at_ns.saturating_add(nanoseconds(self.after));
        self.writing = Some(Writing { replay, path, until_ns, condition, why, at_ns });
        Ok(said)
    }

    fn end(&mut self, why: &str) -> Result<(), Failure> {
        let Some(mut writing) = self.writing.take() else { return Ok(()) };
        let said = format!("{}: {}; {why}", writing.condition, writing.why);
        let duration_ns = writing.replay.end(&self.ring, &said)?;
        self.done.push(Done {
            path: writing.path,
            bytes: writing.replay.bytes(),
            ticks: writing.replay.ticks,
            missed: writing.replay.missed,
            samples: writing.replay.samples,
            duration_ns,
            condition: writing.condition,
            why: writing.why,
            at_ns: writing.at_ns,
        });
        if (self.done.len() as u64) < self.wanted {
            self.files.prepare()?;
        }
        Ok(())
    }
}

/// Whether a thread has been at a line for longer than a condition says, and nothing is known that excuses it.
fn stands(
    condition: &Condition,
    ring: &Ring,
    excused: &Excused,
    (seen, site, ns): (&Seen, &SiteInfo, u64),
) -> bool {
    let What::Stalled(pattern) = &condition.what else { return false };
    let is_excused =
        || ring.board(seen.board).is_some_and(|board| excused.has(board.pid, seen.tid));
    let long = site.class != Class::Idle && condition.holds(ns as f64);
    long && glob(pattern, seen.name.raw()) && !is_excused()
}

/// That in words.
fn stood(ring: &Ring, seen: &Seen, site: &SiteInfo, ns: u64) -> String {
    let board = ring.board(seen.board);
    format!(
        "{} of {} (pid {}) has been at {} {} for {}",
        label(&seen.name),
        board.map(|board| label(&board.name)).unwrap_or_default(),
        board.map_or(0, |board| board.pid),
        place(&Spot::from(site)),
        label(&site.label),
        time(ns)
    )
}

/// Whether a condition is about the board's numbers, not the samples.
fn by_numbers(what: &What) -> bool {
    !matches!(what, What::Stalled(_) | What::Ended)
}

#[cfg(test)]
#[path = "capture_tests.rs"]
mod tests;
