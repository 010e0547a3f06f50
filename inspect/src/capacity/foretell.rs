//! At which rate a group saturates, by which model; or why nothing is said of it.

use super::answer::{QueueState, Range};
use super::demand::{ENOUGH, Known, Stretch, Sums, parts};
use super::larger::larger;
use super::look::{Look, Series};
use super::stretches::Members;
use crate::words::human::{short, time, whole};

/// Jobs of a busy period, on average, from which on they are batches.
const BATCHES: f64 = 1.1;
/// Half the interval of a part, as a share of it, beyond which it is not known.
const VAGUE: f64 = 0.5;
/// The fixed part at most, as a share of a busy period, up to which jobs are taken to have none.
const NO_PART: f64 = 0.25;
/// Busy share from which on servers are full.
const FULL: f64 = 0.95;
/// After a change of load so much must have been seen, ns.
const SETTLED_NS: f64 = 1e9;

/// What is known of a group before anything is foretold.
pub(super) struct Facts<'a> {
    pub(super) series: &'a Series,
    pub(super) members: &'a Members<'a>,
    /// Since the last change.
    pub(super) total: Stretch,
    pub(super) sums: &'a [Sums],
    /// From the threads' begin to the first look.
    pub(super) earlier: Sums,
    pub(super) demand: Option<Known>,
    pub(super) utilization: Option<f64>,
    pub(super) queue: Option<QueueState>,
    /// Items a second before the last change, if there was one.
    pub(super) before: Option<f64>,
    /// Jobs in hand at the last look.
    pub(super) in_hand: usize,
}

/// What is foretold of a group, and how.
pub(super) struct Foretold {
    pub(super) saturation: Option<Range>,
    /// The saturation is a lower bound: it takes at least as much.
    pub(super) at_least: bool,
    pub(super) fixed_ns: Option<f64>,
    pub(super) item_ns: Option<f64>,
    /// By all that its threads did since they began, not by what was looked at.
    pub(super) by_life: bool,
    pub(super) model: String,
}

impl Foretold {
    fn nothing(why: &str) -> Self {
        let model = format!("too little to say: {why}");
        Self {
            saturation: None,
            at_least: false,
            fixed_ns: None,
            item_ns: None,
            by_life: false,
            model,
        }
    }
}

/// Items a second of so many servers, of which each takes `known` for one.
fn rate(servers: usize, known: Known) -> Range {
    let per_s = |ns: f64| servers as f64 * 1e9 / ns;
    let half = known.half;
    Range {
        value: per_s(known.value),
        low: half.map(|half| per_s(known.value + half)),
        high: half.filter(|half| *half < known.value).map(|half| per_s(known.value - half)),
    }
}

/// Why nothing can be said, whatever the model: `None` where something can.
fn silence(facts: &Facts<'_>) -> Option<String> {
    let total = &facts.total;
    if facts.members.workers.is_empty() {
        return Some("no thread that lives has served it".to_owned());
    }
    let over = time(total.span_ns as u64);
    if total.span_ns <= 0.0 {
        return Some("one look, and the board remembers nothing of the time before".to_owned());
    }
    if total.done == 0.0 && facts.in_hand > 0 {
        return Some(format!("nothing ended in {over}, with {} in hand", facts.in_hand));
    }
    if let Some(before) = facts.before
        && total.span_ns < SETTLED_NS
    {
        let now = short(total.done * 1e9 / total.span_ns);
        return Some(format!(
            "the load changed {over} ago, from {} to {now} a second",
            short(before)
        ));
    }
    if total.done < ENOUGH {
        return Some(format!(
            "{} ended in {over}, and {ENOUGH} are needed",
            whole(total.done as u64)
        ));
    }
    None
}

pub(super) fn foretell(facts: &Facts<'_>) -> Foretold {
    let all = Sums::of(facts.sums);
    if let Some(why) = silence(facts) {
        return Foretold::nothing(&why);
    }
    if serves_others(facts.series, facts.members, all) {
        return Foretold::nothing(
            "its workers serve others as well, and nothing tells which took how long",
        );
    }
    let Some(known) = facts.demand else {
        return Foretold::nothing("no time in which anything ended was seen");
    };
    let servers = facts.members.workers.len();
    let plain = |model: &str| Foretold {
        saturation: Some(rate(servers, known)),
        at_least: false,
        fixed_ns: None,
        item_ns: None,
        by_life: false,
        model: model.to_owned(),
    };
    if all.periods == 0.0 || all.mean() < BATCHES {
        return match one_by_one(facts, &all) {
            true => plain("the same for each item"),
            false => at_least(plain(
                "the same for each item as it comes now; several never waited together, so whether it would take them \
                 at once is not known: at least so much",
            )),
        };
    }
    let full = facts.utilization.is_some_and(|share| share >= FULL);
    match facts.queue {
        // Whoever could take larger batches would have: what it does now is all that it can.
        Some(QueueState::Standing) if full => plain("full, and the queue stands: as it serves now"),
        None if full => {
            Foretold::nothing("busy all of the time, and no queue tells whether anything waits")
        }
        _ => by_life(facts, &all).unwrap_or_else(|| batches(facts, &all, plain)),
    }
}

/// By the larger batches that it took before, if it did.
fn by_life(facts: &Facts<'_>, all: &Sums) -> Option<Foretold> {
    let queue = facts.members.queue.and_then(|place| facts.series.looks.last()?.queues.get(&place));
    let longest = queue.map_or(0, |queue| queue.depth_max);
    let larger = larger(&facts.earlier, all, facts.members.workers.len(), longest)?;
    Some(Foretold {
        saturation: Some(larger.saturation),
        at_least: false,
        fixed_ns: Some(larger.fixed_ns),
        item_ns: Some(larger.item_ns),
        by_life: true,
        model: larger.model,
    })
}

/// A saturation of which no more is known than that it is not less.
fn at_least(mut foretold: Foretold) -> Foretold {
    if let Some(range) = &mut foretold.saturation {
        range.high = None;
    }
    foretold.at_least = true;
    foretold
}

/// Whether a server took one after the other while several waited, as one does that has no batches. Nothing tells where
/// there is no queue to take from, or one look.
fn one_by_one(facts: &Facts<'_>, all: &Sums) -> bool {
    let Some(place) = facts.members.queue else { return true };
    let several = |look: &Look| look.queues.get(&place).is_some_and(|queue| queue.depth >= 2);
    let looks = &facts.series.looks;
    looks.len() < 2 || all.squares <= all.jobs && looks.iter().any(several)
}

/// Whether a server was seen with several in service at a time, more than once.
fn at_once(facts: &Facts<'_>) -> bool {
    let Some(place) = facts.members.queue else { return false };
    let most = 2 * facts.members.workers.len() as u64;
    let several = |look: &&Look| {
        let queue = look.queues.get(&place);
        queue.is_some_and(|queue| queue.starts.saturating_sub(queue.completions) >= most)
    };
    facts.series.looks.iter().filter(several).count() > 1
}

/// Busy periods of several jobs.
fn batches(facts: &Facts<'_>, all: &Sums, plain: impl Fn(&str) -> Foretold) -> Foretold {
    let mean = all.mean();
    if facts.series.looks.len() < 2 {
        return Foretold::nothing("one look does not tell what a batch takes whatever it holds");
    }
    let alike = || {
        let text = format!("busy periods of {mean:.1} items are too alike or too few");
        Foretold::nothing(&text)
    };
    let Some(parts) = parts(facts.sums).filter(|_| all.periods >= ENOUGH) else { return alike() };
    let half = |known: Known| known.half.unwrap_or(0.0);
    if parts.fixed_ns.value - half(parts.fixed_ns) <= 0.0 {
        // Jobs that one server takes on without a pause are no batches: each takes its time. But where all that is known of
        // the fixed part is that it may be none, larger batches may take less an item; and so they may where several are
        // served at once, also without such a part: of a store, two that are written to one page cost one write.
        let most = parts.fixed_ns.value + half(parts.fixed_ns);
        return match most <= NO_PART * all.time_ns / all.periods && !at_once(facts) {
            true => plain("the same for each item"),
            false => at_least(plain(&format!(
                "as it serves now, {mean:.1} items at once; what of it is the batch's is lost in the spread, and larger \
                 batches may take less an item: at least so much"
            ))),
        };
    }
    let item = parts.item_ns;
    if item.value <= 0.0 || item.half.is_none_or(|half| half > VAGUE * item.value) {
        return alike();
    }
    Foretold {
        // What an item costs may fall further with batches larger than any that was seen: nothing bounds it above.
        saturation: Some(Range { high: None, ..rate(facts.members.workers.len(), item) }),
        at_least: false,
        fixed_ns: Some(parts.fixed_ns.value),
        item_ns: Some(item.value),
        by_life: false,
        model: format!(
            "by {} busy periods of {mean:.1} items, and as long as batches may grow, to {} and more; larger ones may cost \
             less an item",
            whole(all.periods as u64),
            // Nine tenths of it.
            whole((9.0 * parts.fixed_ns.value / item.value).ceil() as u64)
        ),
    }
}

/// Whether workers ended clearly more, or less, than what the queue says was ended.
fn serves_others(series: &Series, members: &Members, all: Sums) -> bool {
    let Some(place) = members.queue else { return false };
    let (Some(first), Some(last)) = (series.looks.first(), series.looks.last()) else {
        return false;
    };
    if series.looks.len() < 2 {
        return false;
    }
    let ended = |look: &Look| look.queues.get(&place).map_or(0, |queue| queue.completions);
    let done = ended(last).saturating_sub(ended(first)) as f64;
    // Workers say what they ended when they have nothing in hand.
    let open = 2.0 * all.mean().max(1.0) * members.workers.len() as f64;
    all.periods > 0.0 && (all.jobs - done).abs() > 0.1 * done.max(all.jobs) + open
}
