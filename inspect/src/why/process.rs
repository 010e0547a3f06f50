//! Rules of the process as a whole.

use super::finding::{Finding, Weight, command, percent, seconds, thread};
use super::found::Found;
use super::panics::start;
use super::seen::{Life, Seen};
use crate::derive::headline::at_its_end;
use crate::liveness::State;
use crate::model::BoardReport;
use crate::words::human::time;

/// Share of a limit from which on it is near.
const NEAR: f64 = 0.9;
/// Sockets whose peer has gone, and which nobody closes.
const UNCLOSED: u64 = 100;
/// Share of time throttled that is felt.
const THROTTLED: f64 = 0.05;

/// Threads of the dead that are named.
const PLACES: usize = 2;

/// How it ended.
pub(super) fn dead(report: &BoardReport, found: &mut Found) {
    let clean = report.end.as_ref().is_some_and(|end| end.clean);
    if report.state != State::Dead || clean {
        return;
    }
    let title = format!("the process is dead: {}", report.verdict.trim_start_matches("dead: "));
    let mut finding = Finding::new("dead", Weight::Critical, 1.0, title)
        .with("lived", seconds(report.uptime_ns), Some("s"))
        .next(command("", report));
    if let Some(code) = report.end.as_ref().and_then(|end| end.exit_code) {
        finding = finding.with("exit code", code as f64, None);
    }
    if let Some(panic) = &report.last_panic {
        let before = seconds(panic.age_ns);
        finding = finding.with("last panic", start(&panic.text).as_str(), None);
        finding = finding.with("that long before the end", before, Some("s"));
    }
    // Of a deadlock the members are told with it.
    if report.waits.cycles.is_empty() {
        let at = at_its_end(report).into_iter().take(PLACES);
        finding.places.extend(at.map(|one| thread(report, one)));
    }
    found.push(finding);
}

/// Lives of at most so long are short, and so many of them within so long are a loop. Of a series of short lives the
/// boards of the first and the newest are kept.
const SHORT_NS: u64 = 10_000_000_000;
const LIVES: usize = 3;
const LOOP_NS: u64 = 600_000_000_000;

/// It ends again and again.
pub(super) fn crash_loop(report: &BoardReport, seen: &Seen, found: &mut Found) {
    // One that has come through its first seconds is out of it.
    if report.uptime_ns > SHORT_NS {
        return;
    }
    let now = Life::of(report);
    let short = |life: &&Life| {
        life.lived_ns <= SHORT_NS
            && !life.clean
            && now.began_ns.saturating_sub(life.began_ns) <= LOOP_NS
    };
    let mut lives: Vec<Life> = seen.earlier.iter().filter(short).copied().collect();
    if now.clean || lives.len() + 1 < LIVES {
        return;
    }
    lives.sort_by_key(|life| life.began_ns);
    let (Some(first), Some(last)) = (lives.first(), lives.last()) else { return };
    let over = now.began_ns.saturating_sub(first.began_ns);
    let title = format!(
        "it ends and is started again, since {} before this start: the last time it lived {}",
        time(over),
        time(last.lived_ns)
    );
    found.push(
        Finding::new("crash-loop", Weight::Critical, 0.9, title)
            .against("short lives that are kept", lives.len() as u64 + 1, None, LIVES as u64)
            .against("the last lived", seconds(last.lived_ns), Some("s"), seconds(SHORT_NS))
            .next(format!("inspect list -n {}", report.name.raw())),
    );
}

/// Stopped, or nobody can tell.
pub(super) fn stopped(report: &BoardReport, found: &mut Found) {
    let silent = report.heartbeat_age_ns.unwrap_or(0);
    match report.state {
        State::Stopped => found.push(
            Finding::new(
                "process-stopped",
                Weight::Critical,
                1.0,
                "the process is stopped: a signal or a debugger holds all of its threads"
                    .to_owned(),
            )
            .with("no heartbeat for", seconds(silent), Some("s"))
            .next(format!("kill -CONT {}", report.pid)),
        ),
        State::Unreachable => found.push(
            Finding::new(
                "unreachable",
                Weight::Warning,
                1.0,
                format!("it is not known whether the process lives: {}", report.verdict),
            )
            .next("inspect doctor"),
        ),
        State::Live | State::Dead => {}
    }
}

/// A keeper that does not beat, in a process that lives: all processors are taken, or it is blocked.
pub(super) fn keeper(report: &BoardReport, found: &mut Found) {
    const LATE_NS: u64 = 2_000_000_000;
    let Some(age) = report.heartbeat_age_ns.filter(|&age| age >= LATE_NS) else { return };
    if report.state != State::Live {
        return;
    }
    let title =
        format!("nothing has looked at its threads for {}: ages and loads are old", time(age));
    found.push(
        Finding::new("keeper-silent", Weight::Warning, 0.9, title)
            .against("keeper's last beat", seconds(age), Some("s"), seconds(LATE_NS))
            .next("inspect doctor"),
    );
}

/// Descriptors and sockets.
pub(super) fn descriptors(report: &BoardReport, found: &mut Found) {
    if report.state != State::Live {
        return;
    }
    let Some(vitals) = &report.vitals else { return };
    if let (Some(fds), Some(max)) = (vitals.fds, vitals.fds_max)
        && max > 0
        && fds as f64 >= max as f64 * NEAR
    {
        let title = format!("{fds} of {max} descriptors are open: accepting and opening will fail");
        found.push(
            Finding::new("descriptor-limit", Weight::Critical, 0.95, title)
                .against("open descriptors", fds, None, max)
                .next(format!("ls -l /proc/{}/fd", report.pid)),
        );
    }
    let unclosed = vitals.sockets.as_ref().and_then(|states| states.get("close_wait"));
    if let Some(&unclosed) = unclosed.filter(|&&count| count >= UNCLOSED) {
        let title = format!("{unclosed} sockets whose peer has closed are still open: they leak");
        found.push(
            Finding::new("sockets-unclosed", Weight::Warning, 0.8, title)
                .against("sockets in close_wait", unclosed, None, UNCLOSED)
                .next(format!("ss -tnp state close-wait | grep pid={}", report.pid)),
        );
    }
}

/// Limits of its control groups.
pub(super) fn limits(report: &BoardReport, seen: &Seen, found: &mut Found) {
    if let Some((used, limit)) = seen.memory
        && limit > 0
        && used as f64 >= limit as f64 * NEAR
    {
        let share = used as f64 / limit as f64;
        let title = format!("memory is at {:.0} % of its control group's limit", share * 100.0);
        found.push(
            Finding::new("memory-limit", Weight::Critical, 0.9, title)
                .against("memory in use, without idle cache", used, Some("bytes"), limit)
                .next(format!("cat /proc/{}/cgroup", report.pid)),
        );
    }
    let throttled = seen.throttled_ns.unwrap_or(0) as f64 / seen.over_ns.max(1) as f64;
    if throttled >= THROTTLED {
        let title = format!(
            "its control group's processor quota stops it {:.0} % of the time",
            throttled * 100.0
        );
        found.push(
            Finding::new("cpu-throttled", Weight::Critical, 0.9, title)
                .against("time throttled", percent(throttled), Some("%"), percent(THROTTLED))
                .next(format!("cat /proc/{}/cgroup", report.pid)),
        );
    }
}
