//! Rules of periodic jobs.

use super::finding::{Finding, Weight, command, seconds};
use super::found::Found;
use crate::liveness::State;
use crate::model::{BoardReport, Heartbeat};
use crate::words::human::time;

/// Periodic jobs that do not run.
pub(super) fn heartbeats(report: &BoardReport, found: &mut Found) {
    if report.state == State::Dead {
        return;
    }
    for beat in report.heartbeats.iter().filter(|beat| !beat.overdue) {
        drifts(report, beat, found);
    }
    for beat in report.heartbeats.iter().filter(|beat| beat.overdue) {
        let age = beat.age_ns.unwrap_or(0);
        let title = format!(
            "periodic job {} last ran {} ago, and should every {}",
            beat.name.raw(),
            time(age),
            time(beat.every_ns)
        );
        found.push(
            Finding::new("overdue-heartbeat", Weight::Critical, 0.95, title)
                .against(
                    "since it ran",
                    seconds(age),
                    Some("s"),
                    seconds(beat.every_ns.saturating_mul(2)),
                )
                .next(command("", report)),
        );
    }
}

/// Periods of a life, and beats in it, from which on it is told how often a job ran.
const PERIODS: u64 = 10;
const BEATS: u64 = 3;

/// A job that runs less than half as often as it should, and is not overdue just now. One that began late has run less often
/// since the start as well: what the last minute tells stands against that, and of long periods, that it is late now.
fn drifts(report: &BoardReport, beat: &Heartbeat, found: &mut Found) {
    let (life, count, every) = (report.uptime_ns, beat.count, beat.every_ns.max(1));
    let seldom = count.saturating_add(1).saturating_mul(2).saturating_mul(every) < life;
    let young = count < BEATS || life / every < PERIODS;
    if report.state != State::Live || young || !seldom {
        return;
    }
    let age = beat.age_ns.unwrap_or(0);
    let late = age > every.saturating_add(every / 4);
    let (slow, interval) = match beat.lately.filter(|(_, over)| over / every >= BEATS) {
        // Two thirds: between what is half as often and what is as often as it should.
        Some((ran, over)) => (ran.saturating_mul(3) <= over / every * 2, over / ran.max(1)),
        None => (late, life.saturating_sub(age) / count),
    };
    if !slow {
        return;
    }
    let name = beat.name.raw();
    let title = format!(
        "periodic job {name} runs every {} instead of every {}",
        time(interval),
        time(beat.every_ns)
    );
    found.push(
        Finding::new("overdue-heartbeat", Weight::Warning, 0.8, title)
            .against("times it ran since the start", count, None, life / every / 2)
            .with("since the start", seconds(life), Some("s"))
            .next(command("", report)),
    );
}
