//! Rules on what grows without an end: of descriptors also by the keeper's own looks, of the rest by a history.

use super::finding::{Finding, Weight, command, seconds};
use super::found::Found;
use super::seen::{Grows, Seen, Taken};
use crate::liveness::State;
use crate::model::BoardReport;
use crate::words::human::{bytes, time};

/// A limit that is reached within this time is near.
const NEAR_NS: u128 = 24 * 3_600_000_000_000;

/// Of what there is more and more.
pub(super) fn growth(report: &BoardReport, seen: &Seen, found: &mut Found) {
    let all = seen.grows.as_deref().unwrap_or_default();
    all.iter().for_each(|grows| found.push(grown(report, seen, grows)));
    let told = all.iter().any(|one| one.what == Taken::Descriptors);
    let growing = report.fd_trend.as_ref().is_some_and(|trend| trend.growing);
    if growing && !told && report.state == State::Live {
        let title = "open descriptors grow without an end: something is not closed".to_owned();
        let mut finding = Finding::new("descriptors-grow", Weight::Warning, 0.8, title)
            .next(format!("ls -l /proc/{}/fd", report.pid));
        if let Some(fds) = report.vitals.as_ref().and_then(|vitals| vitals.fds) {
            finding = finding.with("open descriptors", fds, None);
        }
        found.push(finding);
    }
}

fn grown(report: &BoardReport, seen: &Seen, grows: &Grows) -> Finding {
    let Grows { what, from, to, over_ns, with } = grows;
    let over = time(*over_ns);
    let more = to.saturating_sub(*from);
    let new = |id, confidence, title| Finding::new(id, Weight::Warning, confidence, title);
    let mut finding = match what {
        Taken::Memory => {
            let title =
                format!("resident memory grows without an end: {} more in {over}", bytes(more));
            new("memory-grows", 0.6, title).with("resident memory", *to, Some("bytes"))
        }
        Taken::Threads => {
            let title = format!("threads grow without an end: {more} more in {over}");
            new("threads-grow", 0.8, title).with("threads", *to, None)
        }
        Taken::Descriptors => {
            let title = format!(
                "open descriptors grow without an end: {more} more in {over}, something is not closed"
            );
            new("descriptors-grow", 0.8, title).with("open descriptors", *to, None)
        }
    };
    finding = finding.with("before", *from, (*what == Taken::Memory).then_some("bytes"));
    finding = finding.with("over", seconds(*over_ns), Some("s"));
    if let Some((name, then, now)) = with {
        let text = format!("gauge {name}, {then} to {now}");
        finding = finding.with("grows with it", text.as_str(), None);
    }
    if *what == Taken::Memory
        && let Some((used, limit)) = seen.memory
        && let Some(left_ns) = until(limit.saturating_sub(used), more, *over_ns)
    {
        finding.confidence = 0.8;
        finding = finding.with("at this pace at its limit in", seconds(left_ns), Some("s"));
    }
    if report.state == State::Live && *what == Taken::Descriptors {
        finding = finding.next(format!("ls -l /proc/{}/fd", report.pid));
    }
    finding.next(command("history", report) + " --since 6h")
}

/// How long so much more takes at a pace, where that is soon.
fn until(left: u64, more: u64, over_ns: u64) -> Option<u64> {
    let ns = u128::from(left) * u128::from(over_ns) / u128::from(more.max(1));
    u64::try_from(ns).ok().filter(|_| ns <= NEAR_NS)
}
