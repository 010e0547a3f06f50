//! Rules of operations: which take long, are forgotten, or end badly.

use std::collections::BTreeSet;

use super::finding::{Finding, Weight, command, op, percent, seconds};
use super::found::Found;
use super::polls;
use super::seen::Seen;
use crate::derive::active::{LONG_NS, Times, at_it, come_on, long_by_status, waits, wholes};
use crate::liveness::State;
use crate::model::{BoardReport, Chain, Op, Party, ThreadReport};
use crate::words::human::{time, whole};

/// A future that is polled for so long blocks its executor's thread.
const POLL_NS: u64 = 1_000_000_000;
/// One that works and was not polled for so long has lost its wake-up, perhaps.
const UNPOLLED_NS: u64 = 10_000_000_000;
/// Share of operations that fail from which on it is a burst, how many a second make a share, and how many in all: three of
/// the first five of a young process are no rate.
const ERRORS: f64 = 0.1;
const ENOUGH_PER_S: f64 = 1.0;
const ENOUGH: f64 = 10.0;

/// Operations that never end, or take long.
pub(super) fn operations(report: &BoardReport, seen: &Seen, found: &mut Found) {
    if report.state == State::Dead {
        return;
    }
    leaked(report, found);
    if !blocked(report, found) {
        polls::executors(report, seen, found);
    }
    unpolled(report, found);
    slow(report, found);
}

/// A future that is polled for long, and keeps its executor's thread: the one that has been longest. Whether there is one.
fn blocked(report: &BoardReport, found: &mut Found) -> bool {
    let polled = report.ops.iter().filter(|op| op.future && op.working);
    let longest = polled.filter_map(|op| Some((op, op.turned_ns?))).max_by_key(|(_, ns)| *ns);
    let Some((blocked, polled)) = longest.filter(|(_, ns)| *ns >= POLL_NS) else { return false };
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
    true
}

/// Futures that should be polled, and are not.
fn unpolled(report: &BoardReport, found: &mut Found) {
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
fn leaked(report: &BoardReport, found: &mut Found) {
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
fn slow(report: &BoardReport, found: &mut Found) {
    let (come_on, times) = (come_on(report), Times::new(report));
    unusual(report, &times, found);
    for (status, ops) in long_by_status(report) {
        let Some(first) = ops.first() else { continue };
        let plural = if ops.len() == 1 { "operation" } else { "operations" };
        let on = come_on.get(first.id.as_str());
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
            on.map(|how| format!("; it comes on{how}")).unwrap_or_default()
        );
        let id = if waits(first) { "operations-wait" } else { "operations-slow" };
        let mut finding = Finding::new(id, weight, 0.8, title)
            .against(
                "the longest active for",
                seconds(first.active_ns.unwrap_or(0)),
                Some("s"),
                seconds(LONG_NS),
            )
            .with("operations", ops.len() as u64, None);
        // Who works takes long or far longer than others do; who waits, as long as it takes.
        let works = Some(*first).filter(|op| !waits(op));
        // Nothing where none has ended.
        let ended = works.and_then(|op| times.of(op)?.values.since_start.max).filter(|&ns| ns > 0);
        if let Some(longest) = ended {
            finding =
                finding.with("the longest of its kind that ended", seconds(longest), Some("s"));
        }
        finding = finding.at(op(report, first));
        // Whom it waits for leads further than what it did before.
        if let Some(end) = end_of_chain(report, first) {
            finding = finding.at(end.clone()).next(command("waits", report));
        }
        found.push(finding.next(command(&format!("ops --history {}", first.id), report)));
    }
}

/// Operations of which nobody tells what they do, that take longer than any of very many did.
fn unusual(report: &BoardReport, times: &Times<'_>, found: &mut Found) {
    let mut long = at_it(&report.ops, LONG_NS);
    long.retain(|op| !op.told && !op.leaked && times.is_unusual(op));
    let Some((first, ended)) = long.first().and_then(|first| Some((*first, times.of(first)?)))
    else {
        return;
    };
    let title = format!(
        "{} active for {}: of {} that ended none took so long",
        first.kind.raw(),
        time(first.active_ns.unwrap_or(0)),
        whole(ended.count)
    );
    let longest = ended.values.since_start.max.unwrap_or(0);
    found.push(
        Finding::new("operations-slow", Weight::Warning, 0.7, title)
            .against(
                "active for",
                seconds(first.active_ns.unwrap_or(0)),
                Some("s"),
                seconds(LONG_NS),
            )
            .with("the longest of its kind that ended", seconds(longest), Some("s"))
            .with("operations", long.len() as u64, None)
            .at(op(report, first))
            .next(command(&format!("ops --history {}", first.id), report)),
    );
}

/// The last one of the chain that begins with an operation that no thread works on, if that is another one.
fn end_of_chain<'a>(report: &'a BoardReport, op: &Op) -> Option<&'a Party> {
    let begins = |chain: &&Chain| {
        let waiter = chain.edges.first().map(|edge| &edge.waiter);
        waiter.is_some_and(|who| who.thread.is_none() && who.op.as_ref() == Some(&op.id))
    };
    let edges = &report.waits.chains.iter().find(begins)?.edges;
    let last = edges.last()?;
    last.held_by.first().or((edges.len() > 1).then_some(&last.waiter))
}

/// Whether its status says that it is worked on.
fn works(op: &Op) -> bool {
    op.history.last().is_some_and(|status| status.class == Some("work"))
}

/// Operations that end badly, more than they did.
pub(super) fn errors(report: &BoardReport, found: &mut Found) {
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
                    // Where their time went comes before how many there were.
                    .next(command("ops --by status", report))
                    .next(command("ops --by kind", report)),
            );
        }
    }
}
