//! `list`: every board on this host.

use std::io::Write;

use super::args::Cli;
use super::common::{look, repeat};
use super::failure::Failure;
use crate::clock::{Moment, rfc3339};
use crate::context::Look as Around;
use crate::error::OpenError;
use crate::listed::Row;
use crate::liveness::State;
use crate::locate::{self, Candidate, Target};
use crate::open_board::Found;
use crate::render::list::{cells, heading, matter};
use crate::render::{Look, Paint};
use crate::root::drop_root;
use crate::snapshot::Depth;
use crate::words::glob::glob;
use crate::words::human::NONE;
use crate::words::term::cut;

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
        } else if !rows.is_empty() || *target == Target::Any {
            table(out, &rows, &look)?;
        }
        if rows.is_empty() {
            if *target != Target::Any {
                let elsewhere = locate::elsewhere();
                let seen = !elsewhere.found.is_empty() || !locate::here().is_empty();
                return Err(locate::missing(target, &elsewhere.denied, seen).into());
            }
            let _ = writeln!(remarks, "inspect: {}", nothing());
        }
        Ok(out.flush()?)
    })
}

/// Why a list of all boards is empty: what could not be looked into comes first.
fn nothing() -> String {
    match locate::missing(&Target::Any, &locate::elsewhere().denied, false) {
        OpenError::NotFound { .. } => {
            "no boards; `inspect doctor` says what could be missing".to_owned()
        }
        hidden => Failure::from(hidden).text,
    }
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
    if matches!(target, Target::File(_))
        && let Some((_, error)) = found.failed.pop()
    {
        // A file that was named and is none is no row of a list, as for every other verb.
        return Err(error.into());
    }
    rows.extend(found.failed.into_iter().map(|(candidate, error)| Row::unread(&candidate, &error)));
    rows.retain(|row| look.filter.as_ref().is_none_or(|pattern| glob(pattern, &row.name)));
    rows.sort_by(|a, b| place(a).cmp(&place(b)));
    Ok(rows)
}

/// Where a row stands: of a name those that can be judged first, so that somebody's file with a copied header is never
/// above the board that it was copied from.
fn place(row: &Row) -> (&str, bool, u64, &str) {
    (&row.name, row.state == State::Unreachable, row.pid, &row.path)
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
    writeln!(out, "{}", look.paint(Paint::Strong, &cut(&heading(look.columns), look.columns)))?;
    for row in rows {
        let text = cells(row, look.columns);
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
