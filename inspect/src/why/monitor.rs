//! What the monitor itself did not see.

use super::finding::{Finding, Weight, command};
use crate::model::BoardReport;

/// Keeper's beats skipped from which on ages and loads are coarse.
const SKIPPED: u64 = 100;

/// What found no room on the board.
pub(super) fn losses(report: &BoardReport, found: &mut Vec<Finding>) {
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
    let lost: Vec<(&str, u64)> = report
        .lost
        .iter()
        .filter(|(what, count)| **count > 0 && **what != "windows")
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
    let without = report.unprobed_threads.as_ref().map_or(0, Vec::len);
    if without > 0 && report.lost.get("threads").is_some_and(|lost| *lost > 0) {
        let title = format!("{without} threads have no slot: nothing of them is seen");
        found.push(
            Finding::new("threads-unseen", Weight::Notice, 0.9, title)
                .with("threads without a slot", without as u64, None)
                .next("inspect doctor"),
        );
    }
}

/// A keeper that came late.
pub(super) fn skipped(report: &BoardReport, found: &mut Vec<Finding>) {
    if report.keeper_skipped < SKIPPED {
        return;
    }
    let title =
        "the keeper woke late many times: processors are short, and loads are coarse".to_owned();
    found.push(
        Finding::new("keeper-late", Weight::Notice, 0.7, title)
            .against("beats skipped", report.keeper_skipped, None, SKIPPED)
            .next(command("", report)),
    );
}
