//! The rule of what is tried again and again, by the names that a daemon has for that. Tries of one kind of work tell
//! nothing of another: they are held against what ends well of the kind that they are named after, and where that is not
//! to be known the finding says so.

use std::collections::BTreeMap;

use super::finding::{Finding, Weight, command, op};
use super::found::Found;
use crate::model::{BoardReport, Counter, Op, OpKind};
use crate::words::label::Label;

/// Words that a daemon calls a further try by, and tries a second, over what completes without an error, from which on it is a storm.
const AGAIN: [&str; 5] = ["retr", "backoff", "back off", "reconnect", "resend"];
const TRIES_PER_S: f64 = 1.0;
const TRIES: f64 = 0.5;
/// Tries in all, and ends of a kind: fewer are no rate.
const ENOUGH: f64 = 10.0;
/// Counters that are asked about at most, and names that each is held against.
const COUNTERS: usize = 64;
const OTHERS: usize = 2_048;
/// Share of a kind's operations that fail, from which on tries of an unknown kind may be its.
const FAILS: f64 = 0.5;
/// Kinds that are named.
const NAMED: usize = 8;
/// Operations that are at a further try at once.
const TRYING: usize = 3;

/// What is tried again and again.
pub(super) fn retries(report: &BoardReport, found: &mut Found) {
    let grow = report.counters.iter().filter_map(|counter| {
        Some((counter, counter.rate_per_s.filter(|&rate| rate >= TRIES_PER_S)?))
    });
    let mut named = grow.filter(|(counter, _)| is_again(counter.name.raw())).peekable();
    let others = named.peek().map_or_else(Vec::new, |_| others(report));
    for (counter, rate) in named.take(COUNTERS) {
        let few = rate * counter.rate_over_ns.unwrap_or(0) as f64 / 1e9 < ENOUGH;
        let against = if few { None } else { against(report, &others, counter, rate) };
        let Some(Against { well, what, kind, sure }) = against else { continue };
        let title = format!(
            "{} grows by {rate:.1} a second, beside {well:.1} of {what} that end well: a retry storm",
            counter.name.raw()
        );
        let mut finding = Finding::new("retry-storm", Weight::Warning, sure, title)
            .against("tries a second", rate, Some("/s"), TRIES_PER_S.max(TRIES * well))
            .with("end well", well, Some("/s"))
            .with("of", what.as_str(), None)
            .next(command("ops --by status", report));
        if let Some(kind) = kind {
            finding = finding.next(command(&format!("ops --why-slow {}", kind.raw()), report));
        }
        found.push(finding);
    }
    at_it(report, found);
}

fn is_again(text: &str) -> bool {
    let text = text.to_lowercase();
    AGAIN.iter().any(|word| text.contains(word))
}

/// What tries are held against.
struct Against<'a> {
    /// How many of it end well a second.
    well: f64,
    /// What that is, in words.
    what: String,
    /// The one kind of operation that it is.
    kind: Option<&'a Label>,
    /// How sure it is that these are what is tried.
    sure: f64,
}

impl Against<'_> {
    fn is_exceeded(&self, rate: f64) -> bool {
        rate >= TRIES * self.well
    }
}

/// What the tries of a counter are too many for: of what it is named after, else of everything.
fn against<'a>(
    report: &'a BoardReport,
    others: &[Other<'a>],
    counter: &Counter,
    rate: f64,
) -> Option<Against<'a>> {
    if let Some(named) = named_after(others, counter) {
        return named.is_exceeded(rate).then_some(named);
    }
    let well: f64 = report.op_kinds.iter().map(well_of).sum();
    let done: f64 = report.queues.iter().filter_map(|queue| queue.rate_per_s).sum();
    let ends = report.op_kinds.iter().any(|kind| bad_of(kind) > 0.0);
    let well = well.max(done);
    // Where things end and none of them well, it is not another kind's end that is missed.
    let sure = if ends && well == 0.0 { 0.8 } else { 0.5 };
    let kinds: Vec<&str> = report.op_kinds.iter().map(|kind| kind.kind.raw()).collect();
    let what = match kinds.as_slice() {
        [] => "all".to_owned(),
        [kind] => format!("the only kind {kind}"),
        kinds => format!("all kinds ({})", some(kinds)),
    };
    let all = Against { well, what, kind: None, sure };
    if all.is_exceeded(rate) { Some(all) } else { failing(report, rate) }
}

/// Of an unknown kind among others that end well: one that fails is the likely one.
fn failing(report: &BoardReport, rate: f64) -> Option<Against<'_>> {
    let fails = |kind: &&OpKind| {
        let (well, bad) = (well_of(kind), bad_of(kind));
        let over_ns = kind.rates.map_or(0, |rates| rates.over_ns);
        bad >= FAILS * (well + bad) && bad * over_ns as f64 / 1e9 >= ENOUGH
    };
    let kind = report.op_kinds.iter().find(fails)?;
    let what = format!("kind {}, which fails,", kind.kind.raw());
    let one = Against { well: well_of(kind), what, kind: Some(&kind.kind), sure: 0.5 };
    one.is_exceeded(rate).then_some(one)
}

/// Something that tries may be named after.
struct Other<'a> {
    /// Its name as words, and with an end that is of one or of many.
    whole: String,
    one: String,
    many: String,
    what: &'static str,
    name: &'a Label,
    /// How much of it ends well a second.
    well: f64,
    kind: Option<&'a Label>,
}

impl<'a> Other<'a> {
    fn new(what: &'static str, name: &'a Label, well: f64) -> Self {
        let whole = words(name.raw());
        let one = whole.trim_end_matches('_');
        let one = one.strip_suffix('s').unwrap_or(one);
        let (one, many) = (format!("{one}_"), format!("{one}s_"));
        Self { whole, one, many, what, name, well, kind: None }
    }
}

/// All that tries may be named after: kinds of operations, queues, counters. Members of a family have one name.
fn others(report: &BoardReport) -> Vec<Other<'_>> {
    let kinds = report.op_kinds.iter().map(|kind| Other {
        kind: Some(&kind.kind),
        ..Other::new("kind", &kind.kind, well_of(kind))
    });
    let rated = |rate: Option<f64>| rate.unwrap_or(0.0);
    let queues =
        report.queues.iter().map(|one| Other::new("queue", &one.name, rated(one.rate_per_s)));
    let counters = report.counters.chunk_by(|a, b| a.name == b.name).filter_map(|all| all.first());
    let counters = counters.filter(|one| !is_again(one.name.raw()));
    let counters = counters.map(|one| Other::new("counter", &one.name, rated(one.rate_per_s)));
    kinds.chain(queues).chain(counters).take(OTHERS).collect()
}

/// The kind of operation, the queue or the counter that tries are named after, by whole words or by a label.
fn named_after<'a>(others: &[Other<'a>], counter: &Counter) -> Option<Against<'a>> {
    let name = words(counter.name.raw());
    let labels: Vec<String> = counter.labels.values().map(|label| words(label.raw())).collect();
    let is = |other: &&Other<'_>| {
        let named = || name.contains(&other.one) || name.contains(&other.many);
        other.one.len() > 2 && (labels.contains(&other.whole) || named())
    };
    let other = others.iter().find(is)?;
    let what = format!("{} {}", other.what, other.name.raw());
    Some(Against { well: other.well, what, kind: other.kind, sure: 0.8 })
}

/// A name as words in lower case, each between two `_`.
fn words(name: &str) -> String {
    let words = name.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty());
    words.fold("_".to_owned(), |all, word| all + &word.to_lowercase() + "_")
}

/// Some of these names, and how many more there are.
fn some(names: &[&str]) -> String {
    let said = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => said,
        more => format!("{said} and {more} more"),
    }
}

/// Operations of a kind that end well a second, and that do not.
fn well_of(kind: &OpKind) -> f64 {
    kind.rates.map_or(0.0, |rates| rates.per_s.ok)
}

fn bad_of(kind: &OpKind) -> f64 {
    kind.rates.map_or(0.0, |rates| rates.per_s.error + rates.per_s.panicked)
}

/// Operations whose status says that they are at a further try: many of one kind; of several kinds, which may have
/// nothing to do with each other, that is worth knowing and no more.
fn at_it(report: &BoardReport, found: &mut Found) {
    let mut trying: BTreeMap<&str, BTreeMap<&str, Vec<&Op>>> = BTreeMap::new();
    for one in report.ops.iter().filter(|op| !op.leaked) {
        if let Some(status) = one.status.as_ref().filter(|status| is_again(status.raw())) {
            let kinds = trying.entry(status.raw()).or_default();
            kinds.entry(one.kind.raw()).or_default().push(one);
        }
    }
    for (status, kinds) in trying {
        let (many, few): (Vec<_>, Vec<_>) =
            kinds.into_iter().partition(|(_, ops)| ops.len() >= TRYING);
        for (kind, ops) in &many {
            let count = ops.len();
            let title = format!("{count} operations {kind} are in status {status}: a retry storm");
            found.push(
                Finding::new("retry-storm", Weight::Warning, 0.7, title)
                    .against("operations at it", count as u64, None, TRYING as u64)
                    .with("of kind", *kind, None)
                    .at(op(report, ops[0]))
                    .next(command(&format!("ops --why-slow {kind}"), report)),
            );
        }
        let count: usize = few.iter().map(|(_, ops)| ops.len()).sum();
        if !many.is_empty() || count < TRYING {
            continue;
        }
        let names: Vec<&str> = few.iter().map(|(kind, _)| *kind).collect();
        let title = format!(
            "{count} operations of {} kinds are in status {status}: each for itself, or what they share",
            names.len()
        );
        let mut finding = Finding::new("retry-storm", Weight::Notice, 0.4, title)
            .against("operations at it", count as u64, None, TRYING as u64)
            .with("of kinds", some(&names).as_str(), None)
            .next(command("ops --by status", report));
        finding.places.extend(few.iter().take(NAMED).map(|(_, ops)| op(report, ops[0])));
        found.push(finding);
    }
}
