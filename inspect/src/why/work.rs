//! Rules of what is done: workers, queues, operations, periodic jobs.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Weight, command, op, percent, seconds, thread};
use super::threads::place;
use crate::derive::headline::{at_it, wholes};
use crate::liveness::State;
use crate::model::{BoardReport, Heartbeat, Op, Queue, ThreadReport};
use crate::words::human::{time, whole};
use crate::words::label::Label;
use crate::words::stem::stem;

/// Load of the last ten seconds from which on a worker has no room left.
const FULL: f64 = 0.95;
/// Mean load of the other workers of a group below which work is spread badly.
const IDLE: f64 = 0.5;
/// Jobs that a thread has finished from which on it takes one after the other.
const JOBS: u64 = 2;
/// Time that an item at the head of a queue may wait, and that half of all may (RFC 8289 calls a queue standing when
/// even the shortest wait of 100 ms is above a target).
const STANDING_NS: u64 = 1_000_000_000;
const WAIT_NS: u64 = 100_000_000;
/// Load over ten seconds of those who serve a queue, below which it was empty now and then: items came in bursts.
const DRAINS: f64 = 0.8;
/// Operations that are active for so long take long.
const LONG_NS: u64 = 1_000_000_000;
/// A status that is younger than this is new.
const NEW_NS: u64 = 1_000_000_000;
/// A future that is polled for so long blocks its executor's thread.
const POLL_NS: u64 = 1_000_000_000;
/// One that works and was not polled for so long has lost its wake-up, perhaps.
const UNPOLLED_NS: u64 = 10_000_000_000;
/// Share of operations that fail from which on it is a burst, how many a second make a share, and how many in all: three of
/// the first five of a young process are no rate.
const ERRORS: f64 = 0.1;
const ENOUGH_PER_S: f64 = 1.0;
const ENOUGH: f64 = 10.0;

/// Workers without room: one of a group, or all of it.
pub(super) fn saturated(report: &BoardReport, found: &mut Vec<Finding>) {
    if report.state != State::Live {
        return;
    }
    let load = |one: &ThreadReport| one.load.s10.or(one.load.s1);
    let mut groups: BTreeMap<String, Vec<(&ThreadReport, f64)>> = BTreeMap::new();
    for one in &report.threads {
        if let Some(load) = load(one) {
            groups.entry(stem(one.name.raw()).to_owned()).or_default().push((one, load));
        }
    }
    // One who never had a job is a worker as well.
    for one in report.threads.iter().filter(|one| load(one).is_none() && one.class == Some("idle"))
    {
        if let Some(workers) = groups.get_mut(stem(one.name.raw())) {
            workers.push((one, 0.0));
        }
    }
    for (name, workers) in groups {
        let full: Vec<_> = workers.iter().filter(|(_, load)| *load >= FULL).collect();
        let Some(&&(first, most)) = full.first() else { continue };
        let others: Vec<f64> =
            workers.iter().filter(|(_, load)| *load < FULL).map(|(_, load)| *load).collect();
        let mean = others.iter().sum::<f64>() / others.len().max(1) as f64;
        let finding = if others.is_empty() {
            all_full(report, &name, first, workers.len())
        } else if mean < IDLE {
            let title = format!(
                "{} of {} workers {name} are saturated while the others are at {:.0} %: work is \
                 spread badly",
                full.len(),
                workers.len(),
                mean * 100.0
            );
            Finding::new("one-saturated", Weight::Warning, 0.85, title).with(
                "mean load of the others",
                percent(mean),
                Some("%"),
            )
        } else {
            continue;
        };
        found.push(
            finding
                .against("load over 10 s", percent(most), Some("%"), percent(FULL))
                .at(thread(report, first))
                .next(command(ask(first), report))
                .next(command("", report)),
        );
    }
}

/// All of a group without room. A single thread that serves no queue and has not finished two jobs works through a long
/// one: nothing tells that more would wait for it.
fn all_full(report: &BoardReport, name: &str, first: &ThreadReport, count: usize) -> Finding {
    let serves = |queue: &Queue| queue.served_by.contains(&first.tid);
    let takes = report.queues.iter().any(serves) || first.jobs.is_some_and(|jobs| jobs >= JOBS);
    let one = first.name.raw();
    let (weight, title) = match count {
        1 if takes => (Weight::Warning, format!("the only worker {one} has no room left")),
        1 => (
            Weight::Notice,
            format!("{one} works at one long job without a pause: no queue waits for it"),
        ),
        n => {
            (Weight::Warning, format!("all {n} workers {name} are saturated: more work will wait"))
        }
    };
    Finding::new("all-saturated", weight, 0.9, title)
}

/// What tells more of a worker: samples of one that does not move are all alike.
fn ask(worker: &ThreadReport) -> &'static str {
    match worker.stalled || worker.class == Some("wait") {
        true => "waits",
        false => "profile -d 5s",
    }
}

/// Queues that do not become empty, and those in which items wait because they come all at once.
pub(super) fn queues(report: &BoardReport, found: &mut Vec<Finding>) {
    if report.state == State::Dead {
        return;
    }
    for queue in &report.queues {
        let age = queue.oldest_age_ns.filter(|_| queue.depth > 0).unwrap_or(0);
        let wait = queue.wait_ns.recent.p50.unwrap_or(0);
        let (what, value, limit) = match (age, wait) {
            (age, _) if age >= STANDING_NS => ("the first waits for", age, STANDING_NS),
            (_, wait) if wait >= WAIT_NS => ("half of all wait", wait, WAIT_NS),
            _ => continue,
        };
        let load = queue.utilization.s10;
        let drains = load.filter(|&load| load < DRAINS && age < STANDING_NS);
        let name = queue.name.raw();
        let mut finding = if let Some(load) = drains {
            let title = format!(
                "queue {name}: {what} {}, and it drains: items come in bursts",
                time(value)
            );
            Finding::new("bursty-queue", Weight::Warning, 0.8, title).against(
                "load of its workers over 10 s",
                percent(load),
                Some("%"),
                percent(DRAINS),
            )
        } else if queue.depth > 0 {
            standing(report, queue, &format!("{what} {}", time(value)))
        } else {
            continue;
        };
        let next = if drains.is_some() { "capacity" } else { "" };
        finding = finding
            .against(what, seconds(value), Some("s"), seconds(limit))
            .with("depth", queue.depth, None)
            .next(command(next, report));
        if let Some(rate) = queue.rate_per_s {
            finding = finding.with("completions", rate, Some("/s"));
        }
        found.push(finding);
    }
}

/// A queue that stands, with what is known of who should take its items.
fn standing(report: &BoardReport, queue: &Queue, what: &str) -> Finding {
    let servers = report.threads.iter().filter(|one| queue.served_by.contains(&one.tid));
    let full = |one: &ThreadReport| one.load.s1.is_some_and(|load| load >= FULL);
    let rests = |one: &&ThreadReport| one.class == Some("idle") && !full(one);
    let (idle, at_work): (Vec<&ThreadReport>, Vec<&ThreadReport>) = servers.partition(rests);
    let longest = at_work.iter().max_by_key(|one| one.since_ns).copied();
    let by = match (longest, idle.as_slice()) {
        _ if queue.starts == 0 && queue.completions == 0 => {
            "; nobody has taken one since the start".to_owned()
        }
        (Some(_), _) | (None, []) => String::new(),
        (None, [one]) => format!("; its worker {} is idle at {}", one.name.raw(), place(one)),
        (None, [one, ..]) => {
            let (count, name) = (idle.len(), one.name.raw());
            format!("; its {count} workers are idle, {name} at {}", place(one))
        }
    };
    let title = format!("queue {}: {} wait, {what}{by}", queue.name.raw(), queue.depth);
    let mut finding = Finding::new("standing-queue", Weight::Warning, 0.85, title);
    let told = longest.or(idle.first().copied());
    finding.places.extend(told.map(|one| thread(report, one)));
    finding
}

/// Operations that never end, or take long.
pub(super) fn operations(report: &BoardReport, found: &mut Vec<Finding>) {
    if report.state == State::Dead {
        return;
    }
    leaked(report, found);
    blocked(report, found);
    unpolled(report, found);
    slow(report, found);
}

/// A future that is polled for long, and keeps its executor's thread.
fn blocked(report: &BoardReport, found: &mut Vec<Finding>) {
    for blocked in report.ops.iter().filter(|op| op.future && op.working).take(1) {
        let Some(polled) = blocked.turned_ns.filter(|&ns| ns >= POLL_NS) else { continue };
        let on = |one: &&ThreadReport| Some(one.tid) == blocked.tid;
        let thread = report.threads.iter().find(on);
        // Whom it waits for is the cause, and is told first.
        let holder = thread.and_then(|one| one.held_by.as_ref());
        let (weight, why) = match holder {
            Some(holder) => (Weight::Warning, format!(", waiting for {}", holder.thread.raw())),
            None => (Weight::Critical, String::new()),
        };
        let title = format!(
            "a {} has been polled for {}{why}: it blocks its executor's thread",
            blocked.kind.raw(),
            time(polled)
        );
        let still = thread.is_some_and(|one| one.stalled);
        found.push(
            Finding::new("blocked-executor", weight, 0.9, title)
                .against("in one poll", seconds(polled), Some("s"), seconds(POLL_NS))
                .at(op(report, blocked))
                .next(command(if still { "waits" } else { "profile -d 5s --by stack" }, report)),
        );
    }
}

/// Futures that should be polled, and are not.
fn unpolled(report: &BoardReport, found: &mut Vec<Finding>) {
    // Who waits for a lock or a message is not polled with reason; where not all of those are told, nobody knows.
    let Some(waiting) = waiting(report) else { return };
    // What is done in parts: the part tells more.
    let wholes = wholes(&report.ops);
    let unpolled = |op: &&Op| op.future && !op.working && op.told && !op.leaked && works(op);
    let lost: Vec<&Op> = report
        .ops
        .iter()
        .filter(unpolled)
        .filter(|op| !waiting.contains(op.id.as_str()) && !wholes.contains(op.id.as_str()))
        .filter(|op| op.turned_ns.is_some_and(|ns| ns >= UNPOLLED_NS))
        .collect();
    if let Some(first) = lost.first() {
        let title = format!(
            "{} of kind {} should run and have not been polled for {}: a wake-up may be lost",
            lost.len(),
            first.kind.raw(),
            time(first.turned_ns.unwrap_or(0))
        );
        found.push(
            Finding::new("lost-wake-up", Weight::Warning, 0.6, title)
                .against(
                    "not polled for",
                    seconds(first.turned_ns.unwrap_or(0)),
                    Some("s"),
                    seconds(UNPOLLED_NS),
                )
                .at(op(report, first))
                .next(command(&format!("ops --history {}", first.id), report)),
        );
    }
}

/// Operations that are known to wait for others; none when there are more than are told.
fn waiting(report: &BoardReport) -> Option<BTreeSet<&str>> {
    let waits = &report.waits;
    if waits.chains_left_out > 0 || waits.lost > 0 {
        return None;
    }
    let chains = waits.chains.iter().flat_map(|chain| &chain.edges);
    let edges = chains.chain(waits.cycles.iter().flat_map(|cycle| &cycle.members));
    Some(edges.filter_map(|edge| edge.waiter.op.as_deref()).collect())
}

/// Operations whose thread is gone, or that nobody polls.
fn leaked(report: &BoardReport, found: &mut Vec<Finding>) {
    let leaked: Vec<&Op> = report.ops.iter().filter(|op| op.leaked).collect();
    if let Some(first) = leaked.first() {
        let plural = if leaked.len() == 1 { "operation is" } else { "operations are" };
        let title = format!(
            "{} {plural} suspected leaked: the thread is gone, or nobody polls",
            leaked.len()
        );
        found.push(
            Finding::new("leaked-operations", Weight::Warning, 0.8, title)
                .with("leaked", leaked.len() as u64, None)
                .with("age of the first", seconds(first.age_ns), Some("s"))
                .at(op(report, first))
                .next(command("ops", report)),
        );
    }
}

/// Operations that wait long in one status: something outside is slow.
fn slow(report: &BoardReport, found: &mut Vec<Finding>) {
    let mut by_status: BTreeMap<String, Vec<&Op>> = BTreeMap::new();
    for one in at_it(&report.ops, LONG_NS).into_iter().filter(|op| op.told && !op.leaked) {
        let status = one.status.as_ref().map_or("", |status| status.raw());
        by_status.entry(status.to_owned()).or_default().push(one);
    }
    for (status, ops) in by_status {
        let Some(first) = ops.first() else { continue };
        let waits = first.history.last().is_some_and(|last| last.class == Some("wait"));
        let plural = if ops.len() == 1 { "operation" } else { "operations" };
        let on = (ops.len() == 1 && !waits).then(|| comes_on(report, first)).flatten();
        let weight = if on.is_some() { Weight::Notice } else { Weight::Warning };
        let title = format!(
            "{} {plural} active for over {}, {}, the longest for {}{}",
            ops.len(),
            time(LONG_NS),
            if status.is_empty() {
                "without a status".to_owned()
            } else {
                format!("in status {status}")
            },
            time(first.active_ns.unwrap_or(0)),
            on.unwrap_or_default()
        );
        let id = if waits { "operations-wait" } else { "operations-slow" };
        found.push(
            Finding::new(id, weight, 0.8, title)
                .against(
                    "the longest active for",
                    seconds(first.active_ns.unwrap_or(0)),
                    Some("s"),
                    seconds(LONG_NS),
                )
                .with("operations", ops.len() as u64, None)
                .at(op(report, first))
                .next(command(&format!("ops --history {}", first.id), report)),
        );
    }
}

/// What shows that an operation comes on: progress of its name, or a status after another one, the last of which is new.
fn comes_on(report: &BoardReport, op: &Op) -> Option<String> {
    let named = |name: &Label| {
        let (name, kind) = (name.raw().to_lowercase(), op.kind.raw().to_lowercase());
        !kind.is_empty() && !name.is_empty() && (name.contains(&kind) || kind.contains(&name))
    };
    let advances = report.progress.iter().find(|task| task.advances && named(&task.name));
    if let Some(task) = advances {
        let (name, done, total) = (task.name.raw(), whole(task.done), whole(task.total));
        return Some(format!("; it comes on: {name} {done} of {total}"));
    }
    let new = op.history.len() > 1 && op.status_age_ns.is_some_and(|age| age < NEW_NS);
    new.then(|| "; it comes on".to_owned())
}

/// Whether its status says that it is worked on.
fn works(op: &Op) -> bool {
    op.history.last().is_some_and(|status| status.class == Some("work"))
}

/// Operations that end badly, more than they did.
pub(super) fn errors(report: &BoardReport, found: &mut Vec<Finding>) {
    for kind in &report.op_kinds {
        let Some(rates) = kind.rates else { continue };
        let now = rates.per_s;
        let all = now.ok + now.error + now.cancelled + now.panicked;
        for (id, what, bad, ever) in [
            (
                "error-burst",
                "fail",
                now.error + now.panicked,
                kind.since_start.error + kind.since_start.panicked,
            ),
            ("cancellations", "are cancelled", now.cancelled, kind.since_start.cancelled),
        ] {
            let share = bad / all.max(f64::MIN_POSITIVE);
            let few = bad * rates.over_ns as f64 / 1e9 < ENOUGH;
            if few || bad < ENOUGH_PER_S || share < ERRORS {
                continue;
            }
            let title = format!(
                "{:.0} % of operations {} {what}, {bad:.1} a second",
                share * 100.0,
                kind.kind.raw()
            );
            found.push(
                Finding::new(id, Weight::Warning, 0.85, title)
                    .against("share", percent(share), Some("%"), percent(ERRORS))
                    .with("over", seconds(rates.over_ns), Some("s"))
                    .with("since the start", ever, None)
                    .next(command("ops --by kind", report)),
            );
        }
    }
}

/// Words that a daemon calls a further try by, and tries a second, over what completes without an error, from which on it is a storm.
const AGAIN: [&str; 5] = ["retr", "backoff", "back off", "reconnect", "resend"];
const TRIES_PER_S: f64 = 1.0;
const TRIES: f64 = 0.5;
/// Operations that are at a further try at once.
const TRYING: usize = 3;

/// What is tried again and again, by the names that the daemon has for that.
pub(super) fn retries(report: &BoardReport, found: &mut Vec<Finding>) {
    let called = |text: &str| AGAIN.iter().any(|word| text.to_lowercase().contains(word));
    let well: f64 =
        report.op_kinds.iter().filter_map(|kind| kind.rates).map(|rates| rates.per_s.ok).sum();
    let done: f64 = report.queues.iter().filter_map(|queue| queue.rate_per_s).sum();
    let well = well.max(done);
    let named = report.counters.iter().filter(|counter| called(counter.name.raw()));
    for counter in named {
        let Some(rate) = counter.rate_per_s.filter(|&rate| rate >= TRIES_PER_S) else { continue };
        let few = rate * counter.rate_over_ns.unwrap_or(0) as f64 / 1e9 < ENOUGH;
        if few || rate < TRIES * well {
            continue;
        }
        let title = format!(
            "{} grows by {rate:.1} a second, beside {well:.1} that end well: a retry storm",
            counter.name.raw()
        );
        found.push(
            Finding::new("retry-storm", Weight::Warning, 0.8, title)
                .against("tries a second", rate, Some("/s"), TRIES_PER_S.max(TRIES * well))
                .with("end well", well, Some("/s"))
                .next(command("ops --by status", report)),
        );
    }
    let mut trying: BTreeMap<&str, Vec<&Op>> = BTreeMap::new();
    for one in report.ops.iter().filter(|op| !op.leaked) {
        if let Some(status) = one.status.as_ref().filter(|status| called(status.raw())) {
            trying.entry(status.raw()).or_default().push(one);
        }
    }
    for (status, ops) in trying.into_iter().filter(|(_, ops)| ops.len() >= TRYING) {
        let title = format!("{} operations are in status {status}: a retry storm", ops.len());
        found.push(
            Finding::new("retry-storm", Weight::Warning, 0.7, title)
                .against("operations at it", ops.len() as u64, None, TRYING as u64)
                .at(op(report, ops[0]))
                .next(command(&format!("ops --why-slow {}", ops[0].kind.raw()), report)),
        );
    }
}

/// Periodic jobs that do not run.
pub(super) fn heartbeats(report: &BoardReport, found: &mut Vec<Finding>) {
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
fn drifts(report: &BoardReport, beat: &Heartbeat, found: &mut Vec<Finding>) {
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
