//! `ops`: what is being done, for how long, and where it is stuck.

use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

use super::args::{Cli, OpsBy, OpsPick};
use super::common::{boards, look, repeat};
use super::failure::Failure;
use crate::clock::{Moment, rfc3339};
use crate::context::Look as Around;
use crate::derive::slow;
use crate::locate::Target;
use crate::model::{BoardReport, Op, WhySlowDocument};
use crate::open_board::OpenBoard;
use crate::render::ops::{by_active, by_kind, by_status, detail, rows, shows};
use crate::render::slow::why_slow as render_slow;
use crate::render::{Look, Paint, Sort, json, text};
use crate::words::{human, term};

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    pick: &OpsPick,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let look = look(&cli.common);
    if let Some(id) = &pick.history {
        super::cancel::parse(id)?;
    }
    let mut attached = boards(target, &cli.common, Around::All, remarks)?;
    if let Some(kind) = &pick.why_slow {
        return repeat(&cli.common, |again| why_slow(cli, &mut attached, kind, again, out));
    }
    repeat(&cli.common, |again| {
        let mut reports = Vec::new();
        for board in &mut attached {
            if again {
                board.look(Around::All);
            }
            let mut report = board.report()?;
            choose(&mut report, pick, &look);
            reports.push(report);
        }
        if let Some(id) = &pick.history
            && !reports.iter().any(|report| found(report, id).is_some())
        {
            return Err(Failure::new(format!(
                "no operation {}: it ended and its record was used again, or never was; \
                 `inspect ops --ended` lists those that are still there",
                term::term(id)
            )));
        }
        if cli.common.json || cli.common.jsonl {
            let document = json::document(reports, &look);
            super::common::document(cli, out, &document)?;
        } else {
            let tables: Vec<String> =
                reports.iter().map(|report| table(report, pick, &look)).collect();
            write!(out, "{}", tables.join("\n"))?;
        }
        Ok(out.flush()?)
    })
}

/// Where the time of a kind goes, of all and of the slowest.
fn why_slow(
    cli: &Cli,
    attached: &mut [OpenBoard],
    kind: &str,
    again: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let look = look(&cli.common);
    let (mut found, mut known, mut tables) = (Vec::new(), Vec::new(), Vec::new());
    for board in attached {
        if again {
            board.look(Around::All);
        }
        let report = board.report()?;
        known.extend(slow::kinds(&report).into_iter().cloned());
        if let Some(one) = slow::why_slow(&report, kind) {
            tables.push(text::heading(&report, &look) + &render_slow(&one, &look));
            found.push(one);
        }
    }
    if found.is_empty() {
        known.sort();
        known.dedup();
        let known: Vec<String> = known.iter().take(16).map(term::label).collect();
        let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
        let text = format!("no operation of kind {}; kinds: {known}", term::term(kind));
        return Err(Failure::new(text));
    }
    if cli.common.json || cli.common.jsonl {
        let taken_at = rfc3339(Moment::now(false).wall_ns);
        let document = WhySlowDocument { schema: 1, taken_at, why_slow: found };
        super::common::document(cli, out, &document)?;
    } else {
        write!(out, "{}", tables.join("\n"))?;
    }
    Ok(out.flush()?)
}

/// Leaves what was asked for, in the order that was asked for.
pub(super) fn choose(report: &mut BoardReport, pick: &OpsPick, look: &Look) {
    let least = u64::try_from(pick.over.unwrap_or(Duration::ZERO).as_nanos()).unwrap_or(u64::MAX);
    for ops in [&mut report.ops, &mut report.ended_ops] {
        // A connection of an hour whose request just came is not an hour late.
        ops.retain(|op| {
            (least == 0 || op.active_ns.is_some_and(|ns| ns >= least)) && shows(op, look)
        });
    }
    if let Some(id) = &pick.history {
        for ops in [&mut report.ops, &mut report.ended_ops] {
            ops.retain(|op| op.id == *id);
        }
    }
    if pick.slowest {
        report.ended_ops.sort_by_key(|op| std::cmp::Reverse(op.age_ns));
    }
    match look.sort {
        // They come the oldest first.
        Sort::Age => {}
        Sort::Status => {
            let key = |op: &Op| (op.status.clone(), std::cmp::Reverse(op.status_age_ns));
            report.ops.sort_by_key(key);
        }
        Sort::Kind => report.ops.sort_by_key(|op| op.kind.clone()),
        _ => by_active(&mut report.ops),
    }
}

fn found<'a>(report: &'a BoardReport, id: &str) -> Option<&'a Op> {
    report.ops.iter().chain(&report.ended_ops).find(|op| op.id == id)
}

pub(super) fn table(report: &BoardReport, pick: &OpsPick, look: &Look) -> String {
    let mut out = text::heading(report, look) + &text::process(report, look);
    if let Some(id) = &pick.history {
        if let Some(op) = found(report, id) {
            detail(&mut out, op, look);
        }
        return out;
    }
    match pick.by {
        Some(OpsBy::Kind) => {
            by_kind(&mut out, report, look);
            return out;
        }
        Some(OpsBy::Status) => {
            by_status(&mut out, report, look);
            return out;
        }
        None => {}
    }
    let (ops, none) = if pick.ended || pick.slowest {
        (&report.ended_ops, "nothing that ended is still there")
    } else {
        (&report.ops, "nothing in flight")
    };
    if ops.is_empty() {
        let over = pick.over.map(|over| u64::try_from(over.as_nanos()).unwrap_or(u64::MAX));
        let over = over.map(|ns| format!(" for {} or longer", human::time(ns)));
        let _ = writeln!(out, " {none}{}", over.unwrap_or_default());
    } else {
        let shown: Vec<&Op> = ops.iter().collect();
        rows(&mut out, &shown, look);
    }
    let lost = report.lost.get("ops").copied().unwrap_or(0);
    if lost > 0 {
        let text = format!(" {lost} found no room in the table: raise Config::ops");
        let _ = writeln!(out, "{}", look.paint(Paint::Warn, &text));
    }
    out
}
