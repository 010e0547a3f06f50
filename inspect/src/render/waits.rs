//! Who waits for whom, as text.

use super::look::{Look, Paint};
use super::place::line;
use crate::derive::headline::circle as in_words;
use crate::model::{Chain, Circle, Cycle, Edge, LockReport, Party, QueueWaits, Waits};
use crate::words::human::{or_none, time, whole};
use crate::words::place::{short_file, short_function};
use crate::words::term::{ends, hanging, label, left, right, term, width};

/// The widest that a name of a waiter, or of what it waits for, gets.
const WIDEST: usize = 28;

/// Deadlocks, then chains.
pub fn chains(waits: &Waits, look: &Look) -> String {
    let mut out = String::new();
    for cycle in &waits.cycles {
        deadlock(&mut out, cycle, waits.looks, look);
    }
    let shown: Vec<&Chain> = waits.chains.iter().collect();
    for circle in &waits.circles {
        self::circle(&mut out, circle, waits.looks, look);
    }
    if shown.is_empty() && waits.cycles.is_empty() && waits.circles.is_empty() {
        let text = match waits.known {
            true => " nobody waits",
            false => {
                " nobody waits, as far as its tags tell: its probes are of a version without locks"
            }
        };
        said(&mut out, look, Paint::Plain, text);
    }
    for chain in shown {
        // Of a chain of two the victim's own wait is all there is.
        let behind = match chain.behind_ns > chain.age_ns {
            true => format!(", {} behind its end", time(chain.behind_ns)),
            false => String::new(),
        };
        let end = match chain.end {
            "holder" => "",
            _ if chain.deadlocked => ", into the deadlock",
            _ if chain.circling => ", into the circle",
            "outside" => ", for something outside",
            _ => ", who could end it is not known",
        };
        let age = chain.edges.first().map_or_else(|| time(chain.age_ns), since);
        let text = format!(" WAITS {age}{behind}{end}");
        said(&mut out, look, Paint::Strong, &text);
        edges(&mut out, &chain.edges, look);
    }
    if waits.chains_left_out > 0 {
        line(&mut out, look, &format!("   and {} more chains", whole(waits.chains_left_out)));
    }
    if waits.locks_left_out > 0 {
        let text =
            format!("   and {} more locks that were waited for less", whole(waits.locks_left_out));
        said(&mut out, look, Paint::Plain, &text);
    }
    if waits.lost > 0 {
        let text = format!(
            " {} locks or waits found no room on the board: raise Config::locks",
            whole(waits.lost)
        );
        said(&mut out, look, Paint::Warn, &text);
    }
    out
}

/// A sentence; what of it does not fit goes on below, further in.
fn said(out: &mut String, look: &Look, paint: Paint, text: &str) {
    for part in hanging(text, look.columns, 3).lines() {
        line(out, look, &look.paint(paint, part));
    }
}

fn deadlock(out: &mut String, cycle: &Cycle, looks: u32, look: &Look) {
    let looks = if looks < 2 { ", by one look" } else { "" };
    let members = cycle.members.len();
    let who = match members {
        1 => "waits for itself".to_owned(),
        _ => format!("{members} wait for each other"),
    };
    let text = format!(" DEADLOCK for {}: {who}{looks}", time(cycle.first_seen_ns));
    said(out, look, Paint::Bad, &text);
    edges(out, &cycle.members, look);
}

fn circle(out: &mut String, circle: &Circle, looks: u32, look: &Look) {
    let looks = if looks < 2 { ", by one look" } else { "" };
    let text = format!(" CIRCLE for {}: {}{looks}", time(circle.first_seen_ns), in_words(circle));
    said(out, look, Paint::Bad, &text);
    edges(out, &circle.members, look);
}

/// A line for each wait, and one for the last holder.
fn edges(out: &mut String, edges: &[Edge], look: &Look) {
    let names: Vec<String> = edges.iter().map(|edge| victim(&edge.waiter)).collect();
    let targets: Vec<String> = edges.iter().map(target).collect();
    let wide =
        |texts: &[String]| texts.iter().map(|text| width(text)).max().unwrap_or(0).min(WIDEST);
    let (first, second) = (wide(&names), wide(&targets));
    for ((edge, name), target) in edges.iter().zip(&names).zip(&targets) {
        let sure = if edge.confirmed || edge.target.what == "outside" { "" } else { " ?" };
        let by = if edge.target.what == "queue" { "served by" } else { "held by" };
        let held = match edge.held_by.as_slice() {
            [] => String::new(),
            [one] => format!("  {by} {}{}", self::name(one), at(one)),
            [one, rest @ ..] => format!("  {by} {} and {} more", self::name(one), rest.len()),
        };
        let place = at(&edge.waiter);
        line(
            out,
            look,
            &format!(
                "   {} {:>6}  {}{place}{held}{sure}",
                left(&ends(name, first), first),
                since(edge),
                left(&ends(target, second), second)
            ),
        );
    }
}

/// For how long: `<` at most.
fn since(edge: &Edge) -> String {
    format!("{}{}", if edge.since_at_most { "<" } else { "" }, time(edge.since_ns))
}

/// `lock index (exclusive)`
fn target(edge: &Edge) -> String {
    let name = label(&edge.target.name);
    let name = short_file(&name);
    let limited = if edge.limited { ", limited" } else { "" };
    match (edge.target.what, edge.target.mode) {
        ("lock", Some("shared")) => format!("lock {name} (shared{limited})"),
        ("channel", Some(mode)) => format!("channel {name} ({mode}{limited})"),
        ("outside", _) => name.to_owned(),
        (what, _) if edge.limited => format!("{what} {name} (limited)"),
        (what, _) => format!("{what} {name}"),
    }
}

/// The thread's name and its operation.
fn name(party: &Party) -> String {
    let op = party.op.as_ref().map(|op| term(op));
    match (&party.thread, op) {
        (Some(thread), Some(op)) => format!("{} op {op}", label(thread)),
        (Some(thread), None) => label(thread),
        (None, Some(op)) => format!("op {op}"),
        (None, None) => "somebody".to_owned(),
    }
}

/// The same, and what an operation that nobody works on is called.
fn victim(party: &Party) -> String {
    match party.op_label.as_ref().filter(|_| party.thread.is_none()) {
        Some(called) => format!("{} {}", name(party), label(called)),
        None => name(party),
    }
}

/// ` at file:line function`
fn at(party: &Party) -> String {
    let (Some(file), Some(number)) = (&party.file, party.line) else { return String::new() };
    let function = party.function.as_ref().map(|name| format!(" {}", short_function(&label(name))));
    format!(" at {}:{number}{}", short_file(&label(file)), function.unwrap_or_default())
}

/// How each lock fared.
pub fn locks(waits: &Waits, look: &Look) -> String {
    let mut out = String::new();
    let shown: Vec<&LockReport> =
        waits.locks.iter().filter(|lock| look.shows(&lock.name)).collect();
    if shown.is_empty() {
        line(&mut out, look, " no lock has a name or was waited for");
        return out;
    }
    let names: Vec<String> =
        shown.iter().map(|lock| short_file(&label(&lock.name)).to_owned()).collect();
    let wide = names.iter().map(|name| width(name)).max().unwrap_or(4).clamp(4, 40);
    let heading = format!(
        " {} {:9} {} {} {} {} {} {}  HELD BY",
        left("LOCK", wide),
        "KIND",
        right("WAITS", 9),
        right("WAITED", 7),
        right("p50<", 7),
        right("p99<", 7),
        right("MAX", 7),
        right("NOW", 4)
    );
    line(&mut out, look, &look.paint(Paint::Strong, &heading));
    for (lock, name) in shown.iter().zip(&names) {
        let held = lock.holder.iter().chain(&lock.readers).map(self::name).collect::<Vec<_>>();
        let times = &lock.wait_ns;
        line(
            &mut out,
            look,
            &format!(
                " {} {:9} {} {} {} {} {} {}  {}",
                left(&ends(name, wide), wide),
                lock.kind,
                right(&whole(lock.contended), 9),
                right(&time(lock.waited_ns.saturating_add(lock.waiting_ns)), 7),
                right(&or_none(times.p50, time), 7),
                right(&or_none(times.p99, time), 7),
                right(&or_none(times.max.max(lock.longest_waiting_ns), time), 7),
                right(&whole(lock.waiters), 4),
                held.join(", ")
            ),
        );
    }
    out
}

/// How each queue fares in which somebody waits.
pub fn queues(waits: &Waits, look: &Look) -> String {
    let mut out = String::new();
    let shown: Vec<&QueueWaits> =
        waits.queues.iter().filter(|queue| look.shows(&queue.name)).collect();
    if shown.is_empty() {
        line(&mut out, look, " nobody waits in a queue");
        return out;
    }
    let names: Vec<String> = shown.iter().map(|queue| label(&queue.name)).collect();
    let wide = names.iter().map(|name| width(name)).max().unwrap_or(5).clamp(5, 40);
    let heading = format!(
        " {} {} {} {} {} {} {}  SERVED BY",
        left("QUEUE", wide),
        right("ITEMS", 7),
        right("OLDEST", 7),
        right("WAITERS", 7),
        right("WAITED", 7),
        right("MAX", 7),
        right("AT WORK", 9)
    );
    line(&mut out, look, &look.paint(Paint::Strong, &heading));
    for (queue, name) in shown.iter().zip(&names) {
        let by: Vec<String> =
            queue.served_by.iter().map(|one| format!("{}{}", self::name(one), at(one))).collect();
        let by = if by.is_empty() { "not known".to_owned() } else { by.join(", ") };
        line(
            &mut out,
            look,
            &format!(
                " {} {} {} {} {} {} {}  {by}",
                left(&ends(name, wide), wide),
                right(&whole(queue.depth), 7),
                right(&or_none(queue.oldest_age_ns.filter(|_| queue.depth > 0), time), 7),
                right(&whole(queue.waiters), 7),
                right(&time(queue.waiting_ns), 7),
                right(&or_none(queue.longest_waiting_ns, time), 7),
                right(&format!("{} of {}", queue.at_work, queue.servers), 9),
            ),
        );
    }
    out
}
