//! `list`: every board on this host.

use std::io::Write;

use super::args::Cli;
use super::common::look;
use super::common::repeat;
use super::failure::Failure;
use crate::clock::{Moment, rfc3339};
use crate::context::Look as Around;
use crate::listed::Row;
use crate::liveness::State;
use crate::locate::{self, Candidate, Target};
use crate::model::Severity;
use crate::open_board::Found;
use crate::render::{Look, Paint};
use crate::root::drop_root;
use crate::snapshot::Depth;
use crate::words::glob::glob;
use crate::words::human::{NONE, bytes, or_none, time};
use crate::words::term::{cut, left, right, term};

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let look = look(&cli.common);
    let deadline = cli.common.wait.map(|wait| std::time::Instant::now() + wait);
    repeat(&cli.common, |_| {
        let mut rows = rows(target, &look)?;
        while rows.is_empty() && deadline.is_some_and(|at| std::time::Instant::now() < at) {
            std::thread::sleep(std::time::Duration::from_millis(20));
            rows = self::rows(target, &look)?;
        }
        if cli.common.json || cli.common.jsonl {
            let document = serde_json::json!({
                "schema": 1, "taken_at": rfc3339(Moment::now(false).wall_ns), "boards": rows,
            });
            super::common::document(cli, out, &document)?;
        } else {
            table(out, &rows, &look)?;
        }
        if rows.is_empty() {
            if *target != Target::Any {
                return Err(locate::missing(target, &locate::elsewhere().denied).into());
            }
            let _ = writeln!(
                remarks,
                "inspect: no boards; `inspect doctor` says what could be missing"
            );
        }
        Ok(out.flush()?)
    })
}

fn rows(target: &Target, look: &Look) -> Result<Vec<Row>, Failure> {
    let candidates = candidates(target)?;
    if let Target::File(path) = target {
        super::common::leave_root(&[path])?;
    }
    let mut found = Found::open(candidates, Around::Verdict);
    // Everything that needs root is done: the boards themselves are hostile until proved otherwise.
    drop_root(&found.boards)
        .map_err(|errno| Failure::new(format!("cannot give up root before reading: {errno}")))?;
    let mut rows: Vec<Row> = Vec::new();
    for board in &mut found.boards {
        match board.report_of(Depth::Full) {
            Ok(report) => rows.push(Row::of(report, board.owner.0)),
            Err(error) => found.failed.push((board.candidate.clone(), error)),
        }
    }
    rows.extend(found.failed.into_iter().map(|(candidate, error)| Row::unread(&candidate, &error)));
    rows.retain(|row| look.filter.as_ref().is_none_or(|pattern| glob(pattern, &row.name)));
    rows.sort_by(|a, b| (&a.name, a.pid, &a.path).cmp(&(&b.name, b.pid, &b.path)));
    Ok(rows)
}

/// The boards that a target means, here and in containers.
fn candidates(target: &Target) -> Result<Vec<Candidate>, Failure> {
    if let Target::File(path) = target {
        return Ok(vec![locate::named(path)?]);
    }
    let mut all = locate::here();
    all.extend(locate::elsewhere().found);
    let mut seen = std::collections::HashSet::new();
    all.retain(|candidate| seen.insert(candidate.id));
    all.retain(|candidate| match target {
        Target::Name(pattern) => glob(pattern, &candidate.name),
        Target::Pid(pid) => candidate.pid == *pid,
        _ => true,
    });
    Ok(if all.is_empty() { locate::unnamed(target) } else { all })
}

fn table(out: &mut dyn Write, rows: &[Row], look: &Look) -> Result<(), Failure> {
    writeln!(out, "{}", look.paint(Paint::Strong, &cut(&heading(), look.columns)))?;
    for row in rows {
        let text = cells(row);
        let (paint, why, trouble) = matter(row);
        let beside = look.columns > 110 || row.state == State::Unreachable;
        let text = if beside { format!("{text}  {why}") } else { text };
        writeln!(out, "{}", look.paint(paint, cut(&text, look.columns).trim_end()))?;
        // Where there is no room beside it, trouble has a line of its own.
        if !beside && trouble {
            let below = cut(&format!("    {why}"), look.columns);
            writeln!(out, "{}", look.paint(paint, &below))?;
        }
    }
    if rows.is_empty() {
        writeln!(out, "{NONE}")?;
    }
    Ok(())
}

/// What stands above the cells.
pub(super) fn heading() -> String {
    line(["NAME", "PID", "STATE", "UP", "HEARTBEAT", "THREADS", "SIZE", "OWNER"].map(String::from))
}

/// A board's cells.
pub(super) fn cells(row: &Row) -> String {
    line([
        term(&row.name),
        row.pid.to_string(),
        row.state.word().to_owned(),
        or_none(row.uptime_ns, time),
        or_none(row.heartbeat_age_ns, time),
        or_none(row.threads, |threads| threads.to_string()),
        or_none(row.size_bytes, bytes),
        term(&row.owner),
    ])
}

/// How a row stands out, and in words: of a living one what is the matter, of any other why it is not living; and
/// whether a living one is in trouble.
pub(super) fn matter(row: &Row) -> (Paint, String, bool) {
    let matter = row.headline.as_ref().filter(|_| row.state == State::Live);
    let why = term(matter.map_or(&row.verdict, |headline| &headline.text));
    let paint = match row.state {
        State::Live => match matter.map(|headline| headline.severity) {
            Some(Severity::Critical) => Paint::Bad,
            Some(Severity::Warning) => Paint::Warn,
            _ => Paint::Plain,
        },
        State::Dead => Paint::Bad,
        _ => Paint::Warn,
    };
    (paint, why, matter.is_some_and(|headline| headline.severity != Severity::Ok))
}

fn line(cells: [String; 8]) -> String {
    let [name, pid, state, up, beat, threads, size, owner] = cells;
    format!(
        "{} {} {}{}{}{}{}  {}",
        left(&name, 16),
        right(&pid, 8),
        left(&state, 11),
        right(&up, 7),
        right(&beat, 11),
        right(&threads, 8),
        right(&size, 9),
        left(&owner, 10),
    )
}
