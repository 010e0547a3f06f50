//! What the monitor itself did not see.

use super::finding::{Finding, Weight, command, percent};
use super::found::Found;
use crate::model::BoardReport;
use probe::layout::KEEPER_PERIOD_NS;

/// Keeper's beats skipped from which on ages and loads are coarse: so many, and this share of all that were due. They are
/// counted since the start, so a share: a pause of some seconds is nothing in a life of days.
const SKIPPED: u64 = 100;
const SHARE: f64 = 0.01;

/// What found no room on the board.
pub(super) fn losses(report: &BoardReport, found: &mut Found) {
    if let Some(&without) = report.lost.get("windows").filter(|count| **count > 0) {
        let title = format!(
            "{without} histograms show no quantiles of the last seconds, but those since the start: \
             Config::histograms gives room"
        );
        found.push(
            Finding::new("windows-unseen", Weight::Notice, 1.0, title)
                .with("histograms without windows", without, None)
                .next(command("", report)),
        );
    }
    let without = report.unprobed_threads.as_ref().map_or(0, Vec::len);
    let unseen = without > 0 && report.lost.get("threads").is_some_and(|lost| *lost > 0);
    // What has a finding of its own is told once.
    let apart = |what: &str| what == "windows" || unseen && what == "threads";
    let lost: Vec<(&str, u64)> = report
        .lost
        .iter()
        .filter(|(what, count)| **count > 0 && !apart(what))
        .map(|(what, count)| (*what, *count))
        .collect();
    if let Some(most) = lost.iter().max_by_key(|(_, count)| *count) {
        let names: Vec<&str> = lost.iter().map(|(what, _)| *what).collect();
        let title = format!("the board has lost {}: what is shown is not all", names.join(", "));
        found.push(
            Finding::new("losses", Weight::Notice, 1.0, title)
                .with("most of one kind", most.1, None)
                .with("kind", most.0, None)
                .next("inspect doctor"),
        );
    }
    if unseen {
        let title = format!("{without} threads have no slot: nothing of them is seen");
        found.push(
            Finding::new("threads-unseen", Weight::Notice, 0.9, title)
                .with("threads without a slot", without as u64, None)
                .next("inspect doctor"),
        );
    }
}

/// A keeper that came late.
pub(super) fn skipped(report: &BoardReport, found: &mut Found) {
    let due = report.uptime_ns / KEEPER_PERIOD_NS;
    let share = (report.keeper_skipped as f64 / due.max(1) as f64).min(1.0);
    if report.keeper_skipped < SKIPPED || share < SHARE {
        return;
    }
    let title = format!(
        "the keeper missed {:.0} % of its looks since the start: the process was stopped, or processors are short; \
         loads of that time are coarse",
        share * 100.0
    );
    found.push(
        Finding::new("keeper-late", Weight::Notice, 0.7, title)
            .against("looks missed", percent(share), Some("%"), percent(SHARE))
            .with("since the start", report.keeper_skipped, None)
            .next(command("", report)),
    );
}
