//! One board against what is asked. Pure: from a report alone.

use super::answer::{Finding, Measure, Status};
use super::limits::{Asked, Limits};
use crate::liveness::State;
use crate::model::{BoardReport, Cycle, ThreadReport};
use crate::trigger::{What, total, value};
use crate::words::human::{or_none, time, whole};

/// Every question about a board, answered.
pub fn judge(report: &BoardReport, asked: &Asked) -> Vec<Finding> {
    let mut findings = vec![life(report)];
    // Of what does not run, loads and ages mean nothing.
    if matches!(report.state, State::Dead | State::Stopped) {
        return findings;
    }
    findings.extend(asked.stalled.map(|limits| stalled(report, limits)));
    findings.extend(asked.overdue.then(|| overdue(report)));
    findings.extend(asked.deadlock.then(|| deadlock(report)));
    findings.extend(asked.load.map(|limits| load(report, limits)));
    findings.extend(asked.oldest.map(|limits| oldest(report, limits)));
    findings.extend(asked.lost.then(|| lost(report)));
    for number in &asked.numbers {
        findings.push(self::number(report, &number.name, &number.what, number.limits));
    }
    findings
}

fn finding(report: &BoardReport, status: Status, text: String) -> Finding {
    let name = report.name.raw().to_owned();
    Finding { status, name, pid: Some(report.pid), text, measure: None }
}

fn life(report: &BoardReport) -> Finding {
    let (status, text) = match report.state {
        State::Live => (Status::Ok, format!("live for {}", time(report.uptime_ns))),
        State::Dead => (Status::Critical, report.verdict.clone()),
        State::Stopped => (Status::Critical, report.verdict.clone()),
        State::Unreachable => (Status::Unknown, report.verdict.clone()),
    };
    finding(report, status, text)
}

/// A value against its limits. `per` is how many of them are one of the unit of the performance data.
fn against(
    report: &BoardReport,
    (label, unit, per): (&str, &'static str, f64),
    value: f64,
    limits: Limits,
    words: impl FnOnce(&str) -> String,
) -> Finding {
    let critical = limits.critical.filter(|limit| limits.beyond(value, *limit));
    let warning = Some(limits.warning).filter(|limit| limits.beyond(value, *limit));
    let status = match (critical, warning) {
        (Some(_), _) => Status::Critical,
        (None, Some(_)) => Status::Warning,
        (None, None) => Status::Ok,
    };
    let shown = |limit: f64| match unit {
        "s" => time(limit as u64),
        "%" => format!("{limit}%"),
        _ => format!("{limit}"),
    };
    let limit = critical.or(warning).map(|limit| format!(", limit {}", shown(limit)));
    let mut found = finding(report, status, words(limit.as_deref().unwrap_or_default()));
    let scaled = Limits {
        warning: limits.warning / per,
        critical: limits.critical.map(|limit| limit / per),
        below: limits.below,
    };
    let label = format!("{} {label}", report.name.raw());
    found.measure = Some(Measure { label, value: value / per, unit, limits: Some(scaled) });
    found
}

/// Threads that should come on, with how long they have been where they are.
fn there(report: &BoardReport) -> impl Iterator<Item = (&ThreadReport, u64)> {
    let works = |thread: &&ThreadReport| {
        matches!(thread.class, Some("work" | "wait"))
            && !thread.left
            && thread.exists != Some(false)
    };
    report.threads.iter().filter(works).filter_map(|thread| Some((thread, thread.since_ns?)))
}

/// A thread that has been at one line for longer than asked for, and yet uses the processor: whether it comes there
/// again and again is not known. A later look may tell.
pub fn unsure(report: &BoardReport, limits: Limits) -> Option<(&ThreadReport, u64)> {
    let open = |thread: &ThreadReport| {
        thread.standing.is_none() && !thread.stalled && !thread.waits_its_turn
    };
    let long = there(report)
        .filter(|(thread, ns)| open(thread) && limits.beyond(*ns as f64, limits.warning));
    long.max_by_key(|(_, ns)| *ns).filter(|_| report.state == State::Live)
}

fn stalled(report: &BoardReport, limits: Limits) -> Finding {
    let still = |thread: &ThreadReport| {
        thread.stalled || thread.standing == Some("still") && !thread.waits_its_turn
    };
    let longest = there(report).filter(|(thread, _)| still(thread)).max_by_key(|(_, ns)| *ns);
    let value = longest.map_or(0, |(_, ns)| ns);
    let place = |thread: &ThreadReport| {
        let label = thread.label.as_ref().or(thread.function.as_ref());
        label.map(|label| format!(" in {}", label.raw())).unwrap_or_default()
    };
    let found =
        against(report, ("stalled", "s", 1e9), value as f64, limits, |limit| match longest {
            Some((thread, _)) if !limit.is_empty() => {
                format!("{} stalled for {}{}{limit}", thread.name.raw(), time(value), place(thread))
            }
            _ => "no thread stalled".to_owned(),
        });
    match unsure(report, limits) {
        Some((thread, ns)) if found.status == Status::Ok => {
            let text = format!(
                "not known whether {} stalled: it runs{}, since {} or less",
                thread.name.raw(),
                place(thread),
                time(ns)
            );
            // As a warning it is said, and alarms nobody.
            let last = limits.critical.unwrap_or(limits.warning);
            let known = !limits.beyond(ns as f64, last);
            let status = if known { Status::Ok } else { Status::Unknown };
            Finding { status, text, ..found }
        }
        _ => found,
    }
}

fn overdue(report: &BoardReport) -> Finding {
    let late: Vec<String> = report
        .heartbeats
        .iter()
        .filter(|beat| beat.overdue)
        .map(|beat| {
            let age = or_none(beat.age_ns, time);
            format!("{} overdue: {age} ago, due every {}", beat.name.raw(), time(beat.every_ns))
        })
        .collect();
    let status = if late.is_empty() { Status::Ok } else { Status::Critical };
    let text = if late.is_empty() { "no job overdue".to_owned() } else { late.join(", ") };
    let mut found = finding(report, status, text);
    let label = format!("{} overdue", report.name.raw());
    found.measure = Some(Measure { label, value: late.len() as f64, unit: "", limits: None });
    found
}

fn deadlock(report: &BoardReport) -> Finding {
    let found: Vec<String> =
        report.waits.cycles.iter().map(crate::derive::headline::deadlock).collect();
    let (status, text) = match found.len() {
        0 if !report.waits.known => (
            Status::Unknown,
            "deadlocks not known: its probes are of a version without locks".to_owned(),
        ),
        0 => (Status::Ok, "no deadlock".to_owned()),
        _ if report.waits.cycles.iter().all(Cycle::may_end) => (Status::Warning, found.join("; ")),
        _ => (Status::Critical, found.join("; ")),
    };
    let mut said = finding(report, status, text);
    let label = format!("{} deadlocks", report.name.raw());
    said.measure = Some(Measure { label, value: found.len() as f64, unit: "", limits: None });
    said
}

fn load(report: &BoardReport, limits: Limits) -> Finding {
    let loads = report.threads.iter().filter_map(|thread| {
        // A process younger than 10 s has no such window yet.
        Some((thread, thread.load.s10.or(thread.load.s1)?))
    });
    let Some((thread, load)) = loads.max_by(|a, b| a.1.total_cmp(&b.1)) else {
        let why = "load not known: no thread has marked its work yet".to_owned();
        return finding(report, Status::Unknown, why);
    };
    against(report, ("load", "%", 1.0), (load * 1000.0).round() / 10.0, limits, |limit| {
        format!("{} is {:.0}% busy{limit}", thread.name.raw(), load * 100.0)
    })
}

fn oldest(report: &BoardReport, limits: Limits) -> Finding {
    let operations = crate::derive::active::at_it(&report.ops, 0);
    let operation = operations.first().and_then(|op| {
        let label = op.label.as_ref().map(|label| format!(" {}", label.raw()));
        Some((op.active_ns?, format!("{}{} active", op.kind.raw(), label.unwrap_or_default())))
    });
    let waiting = report.queues.iter().filter_map(|queue| {
        Some((queue.oldest_age_ns?, format!("the first of queue {} waits", queue.name.raw())))
    });
    let oldest = waiting.chain(operation).max_by_key(|(age, _)| *age);
    let age = oldest.as_ref().map_or(0, |(age, _)| *age);
    against(report, ("oldest", "s", 1e9), age as f64, limits, |limit| match oldest {
        Some((age, what)) => format!("{what} for {}{limit}", time(age)),
        None => "nothing in flight".to_owned(),
    })
}

fn lost(report: &BoardReport) -> Finding {
    let lost: u64 = report.lost.values().fold(0, |sum, lost| sum.saturating_add(*lost));
    let kinds = report.lost.iter().filter(|(_, lost)| **lost > 0);
    let kinds: Vec<String> = kinds.map(|(kind, lost)| format!("{} {kind}", whole(*lost))).collect();
    let (status, text) = match lost {
        0 => (Status::Ok, "nothing lost".to_owned()),
        _ => (Status::Warning, format!("no room on the board for {}", kinds.join(", "))),
    };
    let mut found = finding(report, status, text);
    let label = format!("{} lost", report.name.raw());
    found.measure = Some(Measure { label, value: lost as f64, unit: "c", limits: None });
    found
}

fn number(report: &BoardReport, name: &str, what: &What, limits: Limits) -> Finding {
    let (known, unit) = match what {
        What::Rate(counter) => (rate(report, counter), ""),
        What::Value(counter) if total(report, counter).is_some() => (value(report, counter), "c"),
        What::Value(gauge) => (value(report, gauge), ""),
        _ => (None, ""),
    };
    match known {
        Some(value) => against(report, (name, unit, 1.0), value, limits, |limit| {
            format!("{name} is {value}{limit}")
        }),
        // Its keeper has not looked twice yet.
        None if matches!(what, What::Rate(counter) if total(report, counter).is_some()) => {
            finding(report, Status::Unknown, format!("{name} is not known yet"))
        }
        None if matches!(what, What::Rate(gauge) if value(report, gauge).is_some()) => {
            let why = format!("{name}: that is a gauge, which has a value and no rate");
            finding(report, Status::Unknown, why)
        }
        None => finding(report, Status::Unknown, format!("{name} is not known on this board")),
    }
}

/// A counter's growth a second, members of a family added up.
fn rate(report: &BoardReport, name: &str) -> Option<f64> {
    let mut members = report.counters.iter().filter(|one| one.name.raw() == name).peekable();
    members.peek()?;
    members.map(|one| one.rate_per_s).sum()
}
