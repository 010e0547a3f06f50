//! `history`: what was, between two moments; and `history record`, which keeps it.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::args::{Cli, HistoryPick};
use super::common::{boards, document};
use super::failure::Failure;
use crate::clock::Moment;
use crate::context::Look as Around;
use crate::history::{By, Change, Past, Recorder, Second, Span, compare, past, read, svg};
use crate::liveness::State;
use crate::locate::{self, Candidate, Target};
use crate::model::BoardReport;
use crate::open_board::{Found, OpenBoard};
use crate::root::{drop_root, leave_root_to_nobody};
use crate::words::glob::glob;
use crate::words::human::time;
use crate::words::moment::moment;
use crate::words::term::{cut, term};

const SECOND_NS: u64 = 1_000_000_000;

/// Columns of a table that are keys.
const KEYS: usize = 6;

/// Keeps what every board says, once a second, until the process is ended.
pub(super) fn record(
    cli: &Cli,
    target: &Target,
    directory: &Path,
    bytes: u64,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let name = term(&directory.display().to_string());
    let cannot = |error: std::io::Error| Failure::new(format!("{name}: {error}"));
    // The directory first: whoever is root gives that up before any board is read, to nobody, since boards of others may
    // come later. Boards are opened and segments made by a process that keeps root and parses nothing.
    let mut recorder = Recorder::open(directory, bytes).map_err(cannot)?;
    if nix::unistd::geteuid().is_root() {
        recorder.lend().map_err(cannot)?;
        leave_root_to_nobody().map_err(|errno| {
            Failure::new(format!("cannot give up root before reading: {errno}"))
        })?;
    }
    let _ = boards(target, &cli.common, Around::Verdict, &mut std::io::sink());
    keep(target, &mut recorder, &name, remarks)
}

/// Records until the process ends.
fn keep(
    target: &Target,
    recorder: &mut Recorder,
    name: &str,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let mut watched = Watched { target: target.clone(), boards: Vec::new(), over: HashSet::new() };
    let mut said = false;
    loop {
        // On the second, so that recorders on several hosts look at about the same moment.
        let now = Moment::now(false).wall_ns;
        std::thread::sleep(Duration::from_nanos(SECOND_NS - now % SECOND_NS));
        let now = Moment::now(false).wall_ns;
        let reports = watched.look();
        let seconds = recorder.seconds(&reports);
        match recorder.put(now, &seconds) {
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
    over: HashSet<(u64, u64)>,
}

impl Watched {
    fn look(&mut self) -> Vec<BoardReport> {
        let found = locate::find(&self.target).unwrap_or_default();
        let known = |one: &Candidate| {
            self.over.contains(&one.id) || self.boards.iter().any(|old| old.candidate.id == one.id)
        };
        let new: Vec<Candidate> = found.into_iter().filter(|one| !known(one)).collect();
        let found = Found::open(new, Around::Verdict).boards;
        // Nobody parses another's board as root.
        if drop_root(&found).is_err() {
            return Vec::new();
        }
        for mut board in found {
            if board.context.foreign || !board.exists() {
                // What ended before is not of this time.
                self.over.insert(board.candidate.id);
                continue;
            }
            let _ = board.first_look();
            self.boards.push(board);
        }
        let mut reports = Vec::new();
        let over = &mut self.over;
        self.boards.retain_mut(|board| {
            board.look(Around::Verdict);
            let report = board.report();
            let lives = report.as_ref().is_ok_and(|report| report.state != State::Dead);
            reports.extend(report);
            if !lives {
                over.insert(board.candidate.id);
            }
            lives
        });
        reports
    }
}

pub(super) fn show(
    cli: &Cli,
    target: &Target,
    pick: &HistoryPick,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let now = Moment::now(false).wall_ns;
    let directory = pick.place.directory();
    let moment = |text: &str| moment(text, now).map_err(Failure::usage);
    let from_ns = moment(&pick.since)?;
    let to_ns = pick.until.as_deref().map(moment).transpose()?.unwrap_or(now);
    if from_ns >= to_ns {
        return Err(Failure::usage("--since is not before --until"));
    }
    let picture = pick.svg.as_deref().map(super::output::Output::create).transpose()?;
    let span = Span { from_ns, to_ns };
    let whole = cli.common.json || cli.common.jsonl || picture.is_some();
    let points = if whole && pick.points == 20 { 300 } else { pick.points };
    let mut collected = |span| collected(&directory, span, pick.by, points, target, remarks);
    let past = collected(span)?;
    if past.boards.is_empty() {
        return Err(nothing(&directory, span, target, &past));
    }
    if let Some(since) = &pick.against {
        let from_ns = moment(since)?;
        let to_ns = from_ns.saturating_add(span.to_ns - span.from_ns);
        let other = collected(Span { from_ns, to_ns })?;
        let changes = compare(&other, &past);
        if cli.common.json || cli.common.jsonl {
            let both = serde_json::json!({ "schema": 1, "before": { "from": other.from, "to": other.to }, "after": { "from": past.from, "to": past.to }, "changes": changes });
            return document(cli, out, &both);
        }
        return Ok(out.write_all(changed(&other, &past, &changes).as_bytes())?);
    }
    match picture {
        Some(file) => file.finish(svg(&past).as_bytes()),
        None if cli.common.json || cli.common.jsonl => document(cli, out, &past),
        None => Ok(out.write_all(table(&past).as_bytes())?),
    }
}

fn collected(
    directory: &Path,
    span: Span,
    by: By,
    points: u64,
    target: &Target,
    remarks: &mut dyn Write,
) -> Result<Past, Failure> {
    let wanted = |second: &Second| match target {
        Target::Name(pattern) => glob(pattern, &second.name),
        Target::Pid(pid) => second.pid == u64::from(*pid),
        _ => true,
    };
    let mut all = past(span, by, points);
    let said = read(directory, span, &mut |at_ns, seconds| all.take(at_ns, seconds, &wanted));
    let name = term(&directory.display().to_string());
    let said = said.map_err(|error| Failure {
        code: 3,
        text: format!("{name}: {error}; `inspect history record --history DIR` keeps one"),
    })?;
    for remark in said {
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

/// The time of day of a moment.
fn clock(at: &str) -> &str {
    at.get(11..19).unwrap_or(at)
}

fn table(past: &Past) -> String {
    let mut out = format!("{} to {}, a row {}\n", past.from, past.to, time(past.step_ns));
    for board in &past.boards {
        let mut totals: Vec<(String, f64)> = Vec::new();
        for (key, value) in board.points.iter().flat_map(|point| &point.active) {
            match totals.iter_mut().find(|(known, _)| known == key) {
                Some((_, total)) => *total += value,
                None => totals.push((key.clone(), *value)),
            }
        }
        totals.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        totals.truncate(KEYS);
        out.push_str(&format!(
            "\n{}  pid {}  {} processors; average active:\n TIME      {:>7} {:>5} {:>6}",
            term(&board.name),
            board.pid,
            board.cores,
            "ACTIVE",
            "LOAD",
            "QUEUED"
        ));
        for (key, _) in &totals {
            out.push_str(&format!("  {:>12}", cut(&term(key), 12)));
        }
        out.push('\n');
        for point in &board.points {
            let active: f64 = point.active.values().sum();
            // Of no worker, and of no queue, nothing is known.
            let load = point.threads.values().map(|one| one.load).reduce(f64::max);
            let load = load.map_or_else(|| "-".to_owned(), |load| format!("{:.0}%", load * 100.0));
            let queued = point.queues.values().map(|one| one.depth).reduce(|sum, one| sum + one);
            let queued = queued.map_or_else(|| "-".to_owned(), |depth| depth.to_string());
            let at = clock(&point.at);
            out.push_str(&format!(" {at}  {active:>7.2} {load:>5} {queued:>6}"));
            for (key, _) in &totals {
                out.push_str(&format!("  {:>12.2}", point.active.get(key).copied().unwrap_or(0.0)));
            }
            if let Some(finding) = &point.finding {
                out.push_str(&format!("  {}", cut(&term(finding), 60)));
            }
            out.push('\n');
        }
        if let Some(end) = &board.end {
            out.push_str(&format!(" ended: {}\n", term(&end.verdict)));
            for line in &end.in_flight {
                out.push_str(&format!("   in flight: {}\n", term(line)));
            }
        }
    }
    for gap in &past.gaps {
        out.push_str(&format!(
            "not known: {} to {}: {}\n",
            clock(&gap.from),
            clock(&gap.to),
            gap.why
        ));
    }
    out
}

fn changed(before: &Past, after: &Past, changes: &[Change]) -> String {
    let mut out =
        format!("before {} to {}, after {} to {}\n", before.from, before.to, after.from, after.to);
    out.push_str("  BEFORE    AFTER  DIFFERENCE, 95 %          KEY\n");
    for change in changes {
        let mark = if change.moved { '*' } else { ' ' };
        out.push_str(&format!(
            "{mark}{:>7.2}  {:>7.2}  {:>+7.2} ({:+.2} to {:+.2})  {}\n",
            change.before,
            change.after,
            change.after - change.before,
            change.low,
            change.high,
            term(&change.key)
        ));
    }
    out.push_str("* more than noise\n");
    out
}
