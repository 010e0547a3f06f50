//! `history`: what was, between two moments; and `history record`, which keeps it.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::{Cli, HistoryPick};
use super::common::{boards, columns, document, leave_root, nothing_yet, unreadable};
use super::failure::Failure;
use super::history_table::{changed, table};
use crate::clock::Moment;
use crate::context::Look as Around;
use crate::error::OpenError;
use crate::history::{
    Collect, Gather, Heat, Past, Recorder, Sampled, Sampling, Second, Span, compare, files,
    heat_svg, heat_text_within, holds_any, past, read, read_sampled, svg,
};
use crate::liveness::State;
use crate::locate::{self, Candidate, Run, Target};
use crate::model::BoardReport;
use crate::open_board::{Found, OpenBoard};
use crate::root::{drop_root, leave_root_to_nobody};
use crate::words::glob::glob;
use crate::words::moment::moment;
use crate::words::term::term;

const SECOND_NS: u64 = 1_000_000_000;

/// Keeps what every board says, once a second, until the process is ended.
pub(super) fn record(
    cli: &Cli,
    target: &Target,
    directory: &Path,
    (bytes, sample): (u64, Option<u32>),
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    no_file(target)?;
    let name = term(&directory.display().to_string());
    let cannot = |error: std::io::Error| Failure::system(&error, format!("{name}: {error}"));
    // The directory first: whoever is root gives that up before any board is read, to nobody, since boards of others may
    // come later. Boards are opened and segments made by a process that keeps root and parses nothing.
    let mut recorder = Recorder::open(directory, bytes).map_err(cannot)?;
    if nix::unistd::geteuid().is_root() {
        recorder.lend().map_err(cannot)?;
        leave_root_to_nobody().map_err(|errno| {
            Failure::new(format!("cannot give up root before reading: {errno}"))
        })?;
    }
    let found = boards(target, &cli.common, Around::Usage, &mut std::io::sink());
    // Of a board that may not be read the looks say so.
    if let Err(failure) = found
        && (failure.code == 3 || locate::find(target).is_err())
    {
        nothing_yet(target, &failure, "recorded", remarks);
    }
    let start = |rate| Sampling::start(target.clone(), rate);
    let sampling = sample.map(start).transpose();
    let sampling = sampling.map_err(|error| Failure::new(format!("cannot sample: {error}")))?;
    keep(target, &mut recorder, sampling.as_ref(), (&name, remarks))
}

/// The past has names and pids alone.
fn no_file(target: &Target) -> Result<(), Failure> {
    match target {
        Target::File(_) => Err(Failure::usage(
            "history takes a name or a pid; --history DIR says where the past is kept",
        )),
        _ => Ok(()),
    }
}

/// Records until the process ends.
fn keep(
    target: &Target,
    recorder: &mut Recorder,
    sampling: Option<&Sampling>,
    (name, remarks): (&str, &mut dyn Write),
) -> Result<(), Failure> {
    let mut watched = Watched {
        target: target.clone(),
        boards: Vec::new(),
        over: HashSet::new(),
        unread: HashMap::new(),
    };
    let mut said = false;
    loop {
        // On the second, so that recorders on several hosts look at about the same moment.
        let now = Moment::now(false).wall_ns;
        std::thread::sleep(Duration::from_nanos(SECOND_NS - now % SECOND_NS));
        let now = Moment::now(false).wall_ns;
        let reports = watched.look(remarks);
        let seconds = recorder.seconds(&reports);
        let sampled = sampling.map(Sampling::take).unwrap_or_default();
        match recorder.put_sampled(now, &seconds, &sampled) {
            Ok(()) => said = false,
            // Nothing will be written any more: who kept root is gone, or the directory is somebody else's now.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                return Err(Failure {
                    code: 4,
                    text: format!("{name}: nothing is recorded: {error}"),
                });
            }
            // It goes on when there is room again.
            Err(error) if !std::mem::replace(&mut said, true) => {
                let _ = writeln!(remarks, "inspect: {name}: {error}; seconds are lost");
            }
            Err(_) => {}
        }
    }
}

/// Boards that live, and each for one look after its process ended.
struct Watched {
    target: Target,
    boards: Vec<OpenBoard>,
    over: HashSet<Run>,
    /// Looks at which one could not be read.
    unread: HashMap<Run, u32>,
}

impl Watched {
    fn look(&mut self, remarks: &mut dyn Write) -> Vec<BoardReport> {
        let found = locate::find(&self.target).unwrap_or_default();
        self.over.retain(|run| found.iter().any(|one| one.run() == *run));
        let known = |one: &Candidate| {
            self.over.contains(&one.run())
                || self.boards.iter().any(|old| old.candidate.id == one.id)
        };
        let new: Vec<Candidate> = found.into_iter().filter(|one| !known(one)).collect();
        let Found { boards: found, failed, .. } = Found::open(new, Around::Usage);
        self.say_unread(failed, remarks);
        // Nobody parses another's board as root.
        if drop_root(&found).is_err() {
            return Vec::new();
        }
        for mut board in found {
            if board.context.foreign || !board.exists() {
                // What ended before is not of this time.
                self.over.insert(board.candidate.run());
                continue;
            }
            let _ = board.first_look();
            self.boards.push(board);
        }
        let mut reports = Vec::new();
        let over = &mut self.over;
        self.boards.retain_mut(|board| {
            board.look(Around::Usage);
            let report = board.report();
            let lives = report.as_ref().is_ok_and(|report| report.state != State::Dead);
            reports.extend(report);
            if !lives {
                over.insert(board.candidate.run());
            }
            lives
        });
        reports
    }
}

impl Watched {
    /// Says once of each board that it is not recorded: at its second look, since at the first it may be half made.
    fn say_unread(&mut self, failed: Vec<(Candidate, OpenError)>, remarks: &mut dyn Write) {
        self.unread.retain(|run, _| failed.iter().any(|(one, _)| one.run() == *run));
        let mut said = Vec::new();
        for (one, error) in failed {
            let looks = self.unread.entry(one.run()).or_default();
            *looks = looks.saturating_add(1);
            if *looks == 2 {
                said.push(error);
            }
        }
        for text in unreadable(said) {
            let _ = writeln!(remarks, "inspect: not recorded: {text}");
        }
    }
}

/// Which time is meant.
///
/// # Errors
/// It is none.
pub(super) fn span(pick: &HistoryPick, now: u64) -> Result<Span, Failure> {
    let moment = |text: &str| moment(text, now).map_err(Failure::usage);
    let from_ns = moment(&pick.since)?;
    let to_ns = pick.until.as_deref().map(moment).transpose()?.unwrap_or(now);
    if from_ns >= to_ns {
        return Err(Failure::usage("--since is not before --until"));
    }
    Ok(Span { from_ns, to_ns })
}

/// How many points: more than a table has for a program or a picture, unless it was said.
pub(super) fn points(cli: &Cli, pick: &HistoryPick) -> u64 {
    let whole = cli.common.json || cli.common.jsonl || pick.svg.is_some();
    if whole && pick.points == 20 { 300 } else { pick.points }
}

pub(super) fn show(
    cli: &Cli,
    target: &Target,
    pick: &HistoryPick,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    no_file(target)?;
    let now = Moment::now(false).wall_ns;
    let directory = pick.place.directory();
    let span = span(pick, now)?;
    let picture = pick.svg.as_deref().map(super::output::Output::create).transpose()?;
    let segments = files(&directory);
    leave_root(&segments.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    if pick.heat {
        let heat = heat(&directory, span, target)?;
        return match picture {
            Some(file) => file.finish(heat_svg(&heat).as_bytes()),
            None if cli.common.json || cli.common.jsonl => document(cli, out, &heat),
            None => Ok(out.write_all(heat_text_within(&heat, columns()).as_bytes())?),
        };
    }
    let points = points(cli, pick);
    let against = pick.against.as_deref().map(|text| moment(text, now)).transpose();
    let against = against.map_err(Failure::usage)?;
    let against = against.map(|from| earlier(from, span, now)).transpose()?;
    let blank = |span| match against {
        Some(_) => past(span, pick.by, points).to_compare(),
        None => past(span, pick.by, points),
    };
    let mut collected = |span| collected(&directory, span, blank(span), target, remarks);
    let past = collected(span)?;
    if past.boards.is_empty() {
        return Err(nothing(&directory, span, target, &past));
    }
    if let Some(earlier) = against {
        let other = collected(earlier)?;
        // What nobody recorded is no time in which nothing was active.
        if other.boards.is_empty() {
            return Err(nothing(&directory, earlier, target, &other));
        }
        let changes = compare(&other, &past);
        if cli.common.json || cli.common.jsonl {
            let both = serde_json::json!({ "schema": 1, "before": { "from": other.from, "to": other.to, "gaps": other.gaps }, "after": { "from": past.from, "to": past.to, "gaps": past.gaps }, "changes": changes });
            return document(cli, out, &both);
        }
        return Ok(out.write_all(changed(&other, &past, &changes, columns()).as_bytes())?);
    }
    match picture {
        Some(file) => file.finish(svg(&past).as_bytes()),
        None if cli.common.json || cli.common.jsonl => document(cli, out, &past),
        None => Ok(out.write_all(table(&past, columns()).as_bytes())?),
    }
}

/// As long a time from another moment on, all of it past and none of it in both.
fn earlier(from_ns: u64, span: Span, now: u64) -> Result<Span, Failure> {
    let to_ns = from_ns.saturating_add(span.to_ns - span.from_ns);
    if to_ns > now {
        return Err(Failure::usage(
            "the time from --against on is not over: it is as long as that from --since to --until",
        ));
    }
    if from_ns < span.to_ns && span.from_ns < to_ns {
        return Err(Failure::usage(
            "the time from --against on overlaps with that from --since to --until, and is as long",
        ));
    }
    Ok(Span { from_ns, to_ns })
}

/// Why the past of a directory cannot be read: it may not, or there is none.
pub(super) fn unread(directory: &Path, error: &std::io::Error) -> Failure {
    let (code, helps) = match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            (4, "its recorder's user and group may read it: be in that group")
        }
        _ => (3, "`inspect history record --history DIR` keeps one"),
    };
    Failure { code, text: format!("{}: {error}; {helps}", term(&directory.display().to_string())) }
}

/// What was sampled.
fn heat(directory: &Path, span: Span, target: &Target) -> Result<Heat, Failure> {
    let mut all = Gather::new(span);
    let wanted = |one: &Sampled| match target {
        Target::Name(pattern) => glob(pattern, &one.name),
        Target::Pid(pid) => one.pid == u64::from(*pid),
        _ => true,
    };
    read_sampled(directory, span, &mut |one| {
        if wanted(&one) {
            all.take(one);
        }
    })
    .map_err(|error| unread(directory, &error))?;
    let heat = all.finish();
    if heat.boards.is_empty() {
        let text = format!(
            "nothing was sampled between {} and {}: `inspect history record --sample` does",
            heat.from, heat.to
        );
        return Err(Failure { code: 3, text });
    }
    Ok(heat)
}

fn collected(
    directory: &Path,
    span: Span,
    mut all: Collect,
    target: &Target,
    remarks: &mut dyn Write,
) -> Result<Past, Failure> {
    let wanted = |second: &Second| match target {
        Target::Name(pattern) => glob(pattern, &second.name),
        Target::Pid(pid) => second.pid == u64::from(*pid),
        _ => true,
    };
    let said = read(directory, span, &mut |at_ns, seconds| all.take(at_ns, seconds, &wanted));
    let name = term(&directory.display().to_string());
    for remark in said.map_err(|error| unread(directory, &error))? {
        let _ = writeln!(remarks, "inspect: {name}: {}", term(&remark));
    }
    Ok(all.finish())
}

/// Why there is nothing to be shown: nobody recorded then, or others than the one that was named.
fn nothing(directory: &Path, span: Span, target: &Target, past: &Past) -> Failure {
    let mut names = std::collections::BTreeSet::new();
    // What cannot be read of it was said.
    let _ = read(directory, span, &mut |_, seconds| {
        names.extend(seconds.iter().map(|second| second.name.clone()));
    });
    if !holds_any(directory) {
        let name = term(&directory.display().to_string());
        let text = format!(
            "{name} holds no history yet; `inspect history record --history DIR` keeps one"
        );
        return Failure { code: 3, text };
    }
    let when = format!("between {} and {}", past.from, past.to);
    let text = match (target, names.len()) {
        (Target::Any, _) | (_, 0) => format!("no board was recorded {when}"),
        (target, all) => {
            let some: Vec<String> = names.iter().take(10).map(|name| term(name)).collect();
            let more = if all > 10 { format!(" and {} more", all - 10) } else { String::new() };
            let some = some.join(", ");
            format!("{} was not recorded {when}; recorded were {some}{more}", target.words())
        }
    };
    Failure { code: 3, text }
}
