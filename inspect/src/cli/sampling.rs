//! What `record` and `profile` share: whom to sample, until when, and the line that says how far it is.

use std::collections::HashSet;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::mpsc::Sender;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::args::{Cli, Only, Pacing, Pick};
use super::common::boards;
use super::failure::Failure;
use crate::context::Look as Around;
use crate::locate::{self, Candidate, Target};
use crate::open_board::{Found, OpenBoard};
use crate::recording::{Entry, Recording, Sink, is_recording};
use crate::report::{Answer, By, Tally, Weight, answer};
use crate::sampler::{self, Machine, Options, Progress, Spinning, Subject, Wish};
use crate::words::glob::glob;
use crate::words::human::{bytes, time, whole};
use crate::words::term::term;

/// Nanoseconds between two searches for restarted processes, and between two progress lines.
const SEARCH_NS: u64 = 250_000_000;

/// Up to so many samples a second a sleep between two is exact enough.
const MOST_SLEPT_HZ: u32 = 10_000;

/// SIGINT, SIGTERM and SIGHUP as something to be asked, so that what was sampled is still reported.
struct Stop(Option<SignalFd>);

impl Stop {
    fn new() -> Self {
        let mut set = SigSet::empty();
        [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().for_each(|one| set.add(one));
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let listening = set.thread_block().and_then(|()| SignalFd::with_flags(&set, flags));
        Self(listening.ok())
    }

    fn asked(&self) -> Option<String> {
        let signals = self.0.as_ref()?;
        let mut fds = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        let ready = poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0);
        ready.then(|| "stopped".to_owned())
    }
}

/// What a caller says, a hundred times a second.
#[derive(Default)]
pub(super) struct Turn {
    /// Stop, for this reason.
    pub(super) stop: Option<String>,
    /// Lines for stderr.
    pub(super) say: Vec<String>,
}

/// Whom to sample.
pub(super) struct Sampling {
    subjects: Vec<Subject>,
    known: HashSet<(u64, u64)>,
    target: Target,
    options: Options,
    candidates: Vec<Candidate>,
    /// Who else wants to know which boards are sampled.
    also: Option<Sender<Candidate>>,
    stop: Stop,
}

impl Sampling {
    /// Opens the boards of a target; every one whose process lives is sampled.
    pub(super) fn open(
        cli: &Cli,
        target: &Target,
        pacing: &Pacing,
        remarks: &mut dyn Write,
    ) -> Result<Self, Failure> {
        let found = boards(target, &cli.common, Around::Verdict, remarks)?;
        if *target == Target::Any && found.len() > 1 {
            return Err(Failure::usage(
                "several boards: name one (or -n '*' for all of them on one clock); `inspect list` shows them",
            ));
        }
        if found.iter().any(OpenBoard::is_saved) {
            return Err(Failure::usage(
                "a saved board stands still; `inspect -f` shows it, there is nothing to sample",
            ));
        }
        let dead =
            found.iter().find(|board| !board.exists()).map(|board| board.context.verdict.clone());
        let known = found.iter().map(|board| board.candidate.id).collect();
        let living: Vec<OpenBoard> = found.into_iter().filter(OpenBoard::exists).collect();
        let candidates = living.iter().map(|board| board.candidate.clone()).collect();
        if living.len() > 1 {
            let pids: Vec<String> =
                living.iter().map(|board| board.board.header.pid.to_string()).collect();
            let _ = writeln!(
                remarks,
                "inspect: {} are {} processes, sampled together: {}; -p PID samples one",
                target.words(),
                pids.len(),
                pids.join(", ")
            );
        }
        let subjects: Vec<Subject> = living.into_iter().map(Subject::from).collect();
        if subjects.is_empty() && !pacing.follow {
            let verdict = term(&dead.unwrap_or_default());
            return Err(Failure::new(format!(
                "nothing to sample: the process is {verdict}; start it, or wait for the next one with --follow"
            )));
        }
        if pacing.rate > MOST_SLEPT_HZ {
            spin(pacing.rate, remarks)?;
        }
        let options = Options {
            rate_hz: pacing.rate,
            duration: pacing.duration,
            follow: pacing.follow,
            all_hits: false,
        };
        // Before any thread is started beside the sampler: a signal ends the process through whichever
        // thread lets it in.
        let stop = Stop::new();
        Ok(Self { subjects, known, target: target.clone(), options, candidates, also: None, stop })
    }

    /// Also tells somebody else which boards are sampled, now and later.
    pub(super) fn tell(&mut self, who: Sender<Candidate>) {
        // Whoever does not listen any more has ended.
        self.candidates.iter().for_each(|candidate| drop(who.send(candidate.clone())));
        self.also = Some(who);
    }

    /// The boards that are sampled first.
    pub(super) fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Stops after this long, unless something else was asked for.
    pub(super) fn or_for(&mut self, duration: std::time::Duration) {
        self.options.duration.get_or_insert(duration);
    }

    /// Samples into a sink. `also` is asked a hundred times a second whether to stop, and what to say.
    pub(super) fn run<S: Sink>(
        self,
        sink: &mut S,
        remarks: &mut dyn Write,
        also: &mut dyn FnMut(&Progress) -> Turn,
    ) -> Result<Progress, Failure> {
        let Self { subjects, mut known, target, options, also: told, stop, .. } = self;
        let mut line = Line { terminal: io::stderr().is_terminal(), next: 0 };
        let mut next_search = 0;
        let mut ask = |progress: &Progress| {
            let turn = also(progress);
            let mut wish = Wish { stop: stop.asked().or(turn.stop), more: Vec::new() };
            for said in turn.say {
                line.clear(remarks);
                let _ = writeln!(remarks, "{said}");
            }
            if options.follow && progress.elapsed_ns >= next_search {
                next_search = progress.elapsed_ns + SEARCH_NS;
                let new = newcomers(&target, &mut known);
                for (board, told) in new.iter().zip(told.iter().cycle()) {
                    let _ = told.send(board.candidate.clone());
                }
                wish.more = new.into_iter().map(Subject::from).collect();
            }
            line.show(progress, remarks);
            wish
        };
        let mut noting = Noting { sink, why: String::new(), verdict: String::new() };
        let run = match options.rate_hz {
            0..=MOST_SLEPT_HZ => {
                sampler::run(subjects, &options, &mut Machine::new(), &mut noting, &mut ask)
            }
            _ => sampler::run(subjects, &options, &mut Spinning::new(), &mut noting, &mut ask),
        };
        line.clear(remarks);
        let progress = run?;
        // Shorter than asked is said, with the reason.
        let short =
            options.duration.filter(|asked| u128::from(progress.elapsed_ns) < asked.as_nanos());
        if let Some(asked) = short {
            let asked = time(u64::try_from(asked.as_nanos()).unwrap_or(u64::MAX));
            let lasted = time(progress.elapsed_ns);
            let why = noting.reason();
            let _ = writeln!(remarks, "inspect: ended after {lasted} of {asked}: {why}");
        }
        Ok(progress)
    }
}

/// Says that this program will spin, where there is a processor for it.
fn spin(rate_hz: u32, remarks: &mut dyn Write) -> Result<(), Failure> {
    let rate = whole(rate_hz.into());
    if std::thread::available_parallelism().is_ok_and(|processors| processors.get() == 1) {
        return Err(Failure::new(format!(
            "{rate} samples a second take a processor of their own, and this process may use one only; -r 10k is the most here"
        )));
    }
    let _ = writeln!(
        remarks,
        "inspect: for {rate} samples a second it spins on a processor of its own until it ends"
    );
    Ok(())
}

/// A line that says how far it is, where a person watches.
struct Line {
    terminal: bool,
    /// When it is written again, ns since the start.
    next: u64,
}

impl Line {
    fn clear(&self, remarks: &mut dyn Write) {
        if self.terminal {
            let _ = write!(remarks, "\r\x1b[K");
        }
    }

    fn show(&mut self, progress: &Progress, remarks: &mut dyn Write) {
        if !self.terminal || progress.elapsed_ns < self.next {
            return;
        }
        self.next = progress.elapsed_ns + SEARCH_NS;
        let _ = write!(
            remarks,
            "\r{}: {} ticks, {} missed, {} threads of {} processes (Ctrl-C ends it) ",
            time(progress.elapsed_ns),
            whole(progress.ticks),
            whole(progress.missed),
            progress.threads,
            progress.boards
        );
        let _ = remarks.flush();
    }
}

/// Passes everything on, and remembers why it ended.
struct Noting<'a, S> {
    sink: &'a mut S,
    why: String,
    /// Of the last process that ended.
    verdict: String,
}

impl<S> Noting<'_, S> {
    /// Why it ended, with the last verdict.
    fn reason(&self) -> String {
        let verdict = term(&self.verdict);
        let beside = if verdict.is_empty() { verdict } else { format!(" ({verdict})") };
        format!("{}{beside}", term(&self.why))
    }
}

impl<S: Sink> Sink for Noting<'_, S> {
    fn put(&mut self, entry: &Entry) -> io::Result<()> {
        match entry {
            Entry::End { why, .. } => self.why = why.raw().to_owned(),
            Entry::BoardEnd { verdict, .. } => self.verdict = verdict.raw().to_owned(),
            _ => {}
        }
        self.sink.put(entry)
    }
}

/// Living boards of the target that were not there before.
fn newcomers(target: &Target, known: &mut HashSet<(u64, u64)>) -> Vec<OpenBoard> {
    if matches!(target, Target::File(_) | Target::Pid(_)) {
        return Vec::new();
    }
    let candidates = locate::here().into_iter().filter(|candidate| match target {
        Target::Name(pattern) => glob(pattern, &candidate.name),
        _ => true,
    });
    let new: Vec<_> = candidates.filter(|candidate| !known.contains(&candidate.id)).collect();
    // One that cannot be opened yet is tried again.
    let found = Found::open(new, Around::Verdict).boards;
    let living: Vec<OpenBoard> = found.into_iter().filter(OpenBoard::exists).collect();
    known.extend(living.iter().map(|board| board.candidate.id));
    living
}

/// The options of a count.
pub(super) fn options(cli: &Cli, only: &Only, by: By) -> crate::report::Options {
    crate::report::Options {
        by,
        idle: only.idle,
        whole: false,
        weight: Weight::Samples,
        blame: only.blame,
        thread: only.thread.clone(),
        filter: cli.common.filter.clone(),
        stall_ns: 0,
    }
}

/// The options of a count for a report.
pub(super) fn counting(cli: &Cli, pick: &Pick) -> crate::report::Options {
    let ns = |time: std::time::Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let stall_ns = pick.stall.map_or(0, ns);
    let (whole, weight) = (pick.whole, pick.weight);
    crate::report::Options { stall_ns, whole, weight, ..options(cli, &pick.only, pick.by) }
}

/// The recording that a target means, for a verb that reads one.
pub(super) fn path(verb: &str, target: &Target) -> Result<PathBuf, Failure> {
    match target {
        Target::File(path) => Ok(path.clone()),
        // A name without a slash is a file's in this directory; what is not there may be a board's.
        Target::Name(name) if !PathBuf::from(name).exists() => Err(Failure {
            code: 3,
            text: format!(
                "no recording {}: `inspect {verb}` reads a file that `inspect record` wrote; `inspect profile {}` samples now",
                term(name),
                term(name)
            ),
        }),
        Target::Name(name) => Ok(name.into()),
        Target::Any => Err(Failure::usage(format!("name a recording: `inspect {verb} FILE`"))),
        Target::Pid(pid) => Err(Failure::usage(format!(
            "{pid} is a pid: `inspect {verb}` reads a recording, `inspect profile {pid}` samples a process"
        ))),
    }
}

/// The recording that a target of `export` means, if it is one: how to sample is said in vain then.
pub(super) fn recorded(target: &Target, pacing: &Pacing) -> Result<Option<PathBuf>, Failure> {
    let file = path("export", target).ok().filter(|path| is_recording(path));
    let said = [
        ("--rate", pacing.rate != Pacing::RATE),
        ("--duration", pacing.duration.is_some()),
        ("--follow", pacing.follow),
    ];
    match said.into_iter().find(|(_, said)| *said && file.is_some()) {
        Some((flag, _)) => Err(Failure::usage(format!(
            "{flag} does nothing for a recording, which is as it was sampled; name a board or a pid"
        ))),
        None => Ok(file),
    }
}

/// Reads and counts a recording.
pub(super) fn read(
    path: &std::path::Path,
    options: crate::report::Options,
    remarks: &mut dyn Write,
) -> Result<Tally, Failure> {
    let recording = if options.blame { open_for_blame(path)? } else { open(path)? };
    let mut tally = Tally::new(options);
    for remark in recording.read(&mut tally)? {
        let _ = writeln!(remarks, "inspect: {}: {remark}", term(&path.display().to_string()));
    }
    tally.finish();
    Ok(tally)
}

/// Opens a recording that tells who kept whom waiting.
pub(super) fn open_for_blame(path: &std::path::Path) -> Result<Recording, Failure> {
    let recording = open(path)?;
    match recording.tells_blame {
        true => Ok(recording),
        false => Err(Failure::new(
            "this recording does not tell who kept whom waiting: it was made by an earlier inspect",
        )),
    }
}

/// Opens a recording; a saved board is told apart.
pub(super) fn open(path: &std::path::Path) -> Result<Recording, Failure> {
    let name = term(&path.display().to_string());
    let answers = crate::patience::answers(path).is_ok();
    if answers && path.is_file() && !is_recording(path) {
        return Err(Failure {
            code: 5,
            text: format!("{name}: not a recording; `inspect record -o FILE` makes one"),
        });
    }
    if answers && path.is_dir() {
        return Err(Failure { code: 5, text: format!("{name}: a directory, not a recording") });
    }
    super::common::leave_root(&[path])?;
    Ok(Recording::open(path)?)
}

/// Why there is nothing to show, when there is nothing.
pub(super) fn nonempty(tally: &Tally, answer: &Answer) -> Result<(), Failure> {
    if answer.denominator > 0 {
        return Ok(());
    }
    let idle = answer.classes[2];
    let why = if tally.ticks == 0 {
        "no tick was delivered".to_owned()
    } else if tally.options().blame {
        return Err(Failure::new(nobody_waited(tally)));
    } else if tally.threads.is_empty() {
        "no thread has a probe on its way yet".to_owned()
    } else if idle > 0 {
        format!("all {} samples are idle; --idle counts them", whole(idle))
    } else if answer.nowhere > 0 {
        "no thread has reached a probed line".to_owned()
    } else {
        "no thread matches".to_owned()
    };
    Err(Failure::new(format!("no samples: {why}")))
}

/// Why something is not asked together with `--blame`.
pub(super) fn not_with_blame(what: &str) -> Failure {
    Failure::usage(format!(
        "{what} tells where threads are, --blame whom they wait for: ask one of them"
    ))
}

/// There are no waiters: whose, and of what kind.
pub(super) fn nobody_waited(tally: &Tally) -> String {
    let ticks = whole(tally.ticks);
    match tally.unblamed {
        0 => format!(
            "nobody waited at any of {ticks} ticks for a lock, a channel or a thread that shows itself; tags of class \
             wait are not charged (`inspect profile` counts those)"
        ),
        some => format!(
            "at {ticks} ticks {} samples waited, and who could act is not known of any",
            whole(some)
        ),
    }
}

/// The answer of a finished count.
pub(super) fn answered(tally: &Tally) -> Answer {
    answer(tally)
}

/// A size and what it is for each sample.
pub(super) fn size(total: u64, samples: u64) -> String {
    let each = total as f64 / samples.max(1) as f64;
    format!("{}, {each:.3} bytes a sample", bytes(total))
}
