//! Since when load and service have been as they are now. What was learned of another load foretells nothing of this
//! one: stretches before the last change are left out. Pure arithmetic.

use super::demand::{Stretch, student};

/// Standard errors between before and after that are no chance. Every moment is tried, so more than the usual two.
const CLEAR: f64 = 5.0;
/// And by how much the two differ at least: less than that is within what is foretold.
const MUCH: f64 = 1.25;
/// Changes that are looked for one after the other: a stretch of time with more of them is all change.
const MOST: usize = 4;
/// Stretches that are needed to tell chance from change.
const FEW: usize = 5;
/// Stretches that are needed on either side of a change of service: one alone may hold a single slow item.
const SOME: usize = 2;
/// Items that would have ended meanwhile, from which on it is no chance that none did.
const MISSED: f64 = 20.0;

/// The stretches since the last change, and what was before it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settled<'a> {
    pub(super) stretches: &'a [Stretch],
    pub(super) before: &'a [Stretch],
}

/// Leaves out what was before the last change of load or of service.
pub(super) fn settled(all: &[Stretch]) -> Settled<'_> {
    let mut from = 0;
    let mut before = 0;
    for _ in 0..MOST {
        let rest = all.get(from..).unwrap_or_default();
        let load = split(rest, |one| (one.span_ns, one.done), true);
        let service = || split(rest, |one| (one.done, one.busy_ns), false);
        let Some(at) = load.or_else(service) else { break };
        (before, from) = (from, from + at);
    }
    if let Some(at) = ended(all.get(from..).unwrap_or_default()) {
        (before, from) = (from, from + at);
    }
    Settled {
        stretches: all.get(from..).unwrap_or_default(),
        before: all.get(before..from).unwrap_or_default(),
    }
}

/// Since when nothing comes any more: nobody was busy, for longer than twice any pause before, in which plenty would have
/// ended. Such a time is short at first, and what was before it is no load of now.
fn ended(all: &[Stretch]) -> Option<usize> {
    let empty = |one: &&Stretch| one.done == 0.0 && one.busy_ns == 0.0;
    let at = all.len() - all.iter().rev().take_while(empty).count();
    let (before, since) = all.split_at(at);
    let pause = |part: &[Stretch]| part.iter().map(|one| one.span_ns).sum::<f64>();
    let longest = before
        .chunk_by(|a, b| empty(&a) == empty(&b))
        .filter(|part| part.first().as_ref().is_some_and(empty))
        .map(pause)
        .fold(0.0, f64::max);
    let (span, done) = (pause(before), before.iter().map(|one| one.done).sum::<f64>());
    let missed = done / span.max(1.0) * pause(since);
    (missed >= MISSED && pause(since) > 2.0 * longest).then_some(at)
}

/// Where the ratio of the sums differs most from one side to the other, if that is no chance. `counts`: the second are
/// counts, that scatter at least as those of independent arrivals do.
fn split(all: &[Stretch], pick: impl Fn(&Stretch) -> (f64, f64), counts: bool) -> Option<usize> {
    if all.len() < FEW {
        return None;
    }
    let pairs: Vec<(f64, f64)> = all.iter().map(pick).collect();
    let sum = |part: &[(f64, f64)]| {
        part.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    };
    let whole = sum(&pairs);
    let scatter = |part: &[(f64, f64)], rate: f64| -> f64 {
        part.iter()
            .filter(|one| one.0 > 0.0)
            .map(|one| (one.1 - rate * one.0).powi(2) / one.0)
            .sum()
    };
    let floor = match counts {
        true => whole.1 / whole.0,
        // A service time, as standard deviation.
        false => (whole.1 / whole.0).powi(2),
    };
    let aside = if counts { 1 } else { SOME };
    // Few stretches tell their own spread badly.
    let needed = CLEAR * student((pairs.len() - 2) as f64) / student(f64::MAX);
    let mut best: Option<(f64, usize)> = None;
    for at in aside..=pairs.len() - aside {
        let (one, other) = pairs.split_at(at);
        let (was, is) = (sum(one), sum(other));
        if was.0 <= 0.0 || is.0 <= 0.0 {
            continue;
        }
        let (then, now) = (was.1 / was.0, is.1 / is.0);
        let (low, high) = (then.min(now), then.max(now));
        if high < MUCH * low || high <= 0.0 {
            continue;
        }
        let within = (scatter(one, then) + scatter(other, now)) / (pairs.len() - 2) as f64;
        let error = (within.max(floor) * (1.0 / was.0 + 1.0 / is.0)).sqrt();
        let clear = (now - then).abs() / error;
        if clear > needed && best.is_none_or(|(other, _)| clear > other) {
            best = Some((clear, at));
        }
    }
    best.map(|(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(done: f64, busy_ns: f64) -> Stretch {
        Stretch { from: 0, span_ns: 250e6, busy_ns, done }
    }

    #[test]
    fn a_steady_load_has_not_changed() {
        let all: Vec<Stretch> = (0..20).map(|at| stretch(50.0 + f64::from(at % 7), 1e8)).collect();
        assert_eq!(settled(&all).stretches.len(), 20);
        assert!(settled(&[]).stretches.is_empty());
    }

    #[test]
    fn what_was_before_the_last_change_is_left_out() {
        let mut all = vec![stretch(20.0, 4e7); 8];
        all.extend(vec![stretch(80.0, 16e7); 6]);
        all.extend(vec![stretch(200.0, 40e7); 5]);
        let found = settled(&all);
        assert_eq!((found.stretches.len(), found.stretches[0].done), (5, 200.0));
        assert_eq!(found.before.last().map(|one| one.done), Some(80.0));
        // As much comes, and each item takes three times as long.
        let mut all = vec![stretch(50.0, 5e7); 8];
        all.extend(vec![stretch(50.0, 15e7); 6]);
        assert_eq!(settled(&all).stretches.len(), 6);
        // Nothing ends any more.
        let mut all = vec![stretch(50.0, 5e7); 8];
        all.extend(vec![stretch(0.0, 25e7); 4]);
        assert_eq!(settled(&all).stretches.len(), 4);
    }

    /// One odd stretch of a few slow items, at the end or elsewhere, is what a disk does now and then.
    #[test]
    fn a_slow_item_is_no_change_of_service() {
        for odd in 0..8 {
            let mut all: Vec<Stretch> =
                (0..8).map(|at| stretch(25.0 + f64::from(at % 3), 5e6)).collect();
            all[odd].busy_ns = 15e6;
            assert_eq!(settled(&all).stretches.len(), 8, "{odd}");
        }
    }

    #[test]
    fn a_load_that_ended_a_moment_ago_has_ended() {
        let mut all = vec![stretch(100.0, 1e8); 40];
        all.push(stretch(0.0, 0.0));
        assert_eq!(settled(&all).stretches.len(), 1);
        assert!(settled(&all).before.iter().any(|one| one.done == 100.0));
        // Too little came for its absence to mean anything, or there were pauses as long before.
        let mut all = vec![stretch(2.0, 1e6); 40];
        all.push(stretch(0.0, 0.0));
        assert_eq!(settled(&all).stretches.len(), 41);
        let mut all: Vec<Stretch> = (0..40)
            .map(|at| if at % 2 == 0 { stretch(100.0, 1e8) } else { stretch(0.0, 0.0) })
            .collect();
        all.push(stretch(0.0, 0.0));
        assert_eq!(settled(&all).stretches.len(), 41);
    }

    #[test]
    fn bursts_are_no_change() {
        let all: Vec<Stretch> = (0..24)
            .map(|at| if at % 4 == 0 { stretch(400.0, 2e8) } else { stretch(0.0, 0.0) })
            .collect();
        assert_eq!(settled(&all).stretches.len(), 24);
    }
}
