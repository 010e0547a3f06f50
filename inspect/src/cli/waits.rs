//! `waits`: who waits for whom.

use std::io::Write;
use std::time::Duration;

use super::args::{Cli, WaitsBy, WaitsPick};
use super::common::{boards, look, repeat};
use super::failure::Failure;
use crate::clock::{Moment, rfc3339};
use crate::context::Look as Around;
use crate::derive::waits::together;
use crate::locate::Target;
use crate::model::{BoardReport, Edge, Waits, WaitsDocument};
use crate::render::{Look, text, waits};

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    pick: &WaitsPick,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let look = look(&cli.common);
    let mut attached = boards(target, &cli.common, Around::All, remarks)?;
    repeat(&cli.common, |again| {
        let mut reports = Vec::new();
        for board in &mut attached {
            if again {
                board.look(Around::All);
            }
            let mut report = board.report()?;
            let all = report.waits.chains.len();
            choose(&mut report.waits, pick, &look);
            let left_out = all - report.waits.chains.len();
            if left_out > 0 && report.waits.chains.is_empty() {
                // What would be said below, that nobody waits, is not so.
                let _ = writeln!(
                    remarks,
                    "inspect: no chain is as asked for; without --over and --filter there are {left_out}"
                );
            }
            reports.push(report);
        }
        if cli.common.json || cli.common.jsonl {
            let waits = together(reports.into_iter().map(|report| report.waits));
            let taken_at = rfc3339(Moment::now(false).wall_ns);
            super::common::document(cli, out, &WaitsDocument { schema: 1, taken_at, waits })?;
        } else {
            let tables: Vec<String> =
                reports.iter().map(|report| table(report, pick, &look)).collect();
            write!(out, "{}", tables.join("\n"))?;
        }
        Ok(out.flush()?)
    })
}

/// Leaves what was asked for. Deadlocks are never left out.
pub(super) fn choose(waits: &mut Waits, pick: &WaitsPick, look: &Look) {
    let least = u64::try_from(pick.over.unwrap_or(Duration::ZERO).as_nanos()).unwrap_or(u64::MAX);
    let shows = |edge: &Edge| {
        let names = [&edge.waiter.thread, &edge.waiter.file, &edge.waiter.label];
        look.shows(&edge.target.name) || names.into_iter().flatten().any(|name| look.shows(name))
    };
    waits.chains.retain(|chain| chain.age_ns >= least && chain.edges.iter().any(shows));
}

fn table(report: &BoardReport, pick: &WaitsPick, look: &Look) -> String {
    let heading = text::heading(report, look);
    match pick.by {
        Some(WaitsBy::Lock) => heading + &waits::locks(&report.waits, look),
        Some(WaitsBy::Queue) => heading + &waits::queues(&report.waits, look),
        None => heading + &waits::chains(&report.waits, look),
    }
}
