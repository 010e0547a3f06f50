//! A store whose batches cost less an item the larger they are: what two of them write to one page is written once.

use super::answer::Group;
use super::tests::{Course, Dice, MS, SECOND, arrivals, batches, off, pool, said};

/// Most that waits before writers are slowed.
const MOST: usize = 1_200;

/// A commit of so many rows, on one of a hundred pages each, ns.
fn commit(dice: &mut Dice, rows: u64) -> u64 {
    let pages = 100.0 * (1.0 - (-(rows as f64) / 100.0).exp());
    let took = 3e6 + 200e3 * rows as f64 + 200e3 * pages;
    (took * (0.8 + 0.4 * dice.share())) as u64
}

/// So many rows a second are what it can.
fn truth() -> f64 {
    MOST as f64 * 1e9 / (3e6 + 200e3 * MOST as f64 + 20e6)
}

/// Looks at a life, its last four seconds.
fn looked_at(course: &Course, from: u64) -> Group {
    said(&course.watched(from, 4 * SECOND, 50 * MS))
}

/// More than it can take for three seconds, and half of what it can for the last seventeen.
fn full_once(seed: u64) -> Group {
    let mut dice = Dice(300 + seed);
    let mut came = arrivals(&mut dice, 1.2 * truth(), 3 * SECOND);
    let then = arrivals(&mut dice, truth() / 2.0, 18 * SECOND);
    came.extend(then.into_iter().map(|at| at + 3 * SECOND));
    let mut costs = Dice(400 + seed);
    looked_at(&batches(&came, MOST, |rows| commit(&mut costs, rows)), 16 * SECOND)
}

#[test]
fn what_larger_batches_took_before_is_what_they_take() {
    let (mut right, mut naive) = (0, 0);
    for seed in 0..20 {
        let group = full_once(seed);
        right += usize::from(off(&group, truth()) < 0.2 && !group.at_least);
        assert!(group.model.starts_with("by batches of "), "{}", group.model);
        // Its threads began 20 seconds ago, and the looks took four.
        assert_eq!(group.model_over_ns.map(|ns| ns / SECOND), Some(20), "{group:?}");
        let today = 1e9 / group.demand_ns.expect("known");
        naive += usize::from((today / truth() - 1.0).abs() < 0.2);
    }
    assert!(right >= 18, "{right} of 20 within 20 %");
    assert_eq!(naive, 0, "by what an item costs now");
}

/// The same load of one that was never full: what the largest it saw cost is no limit.
#[test]
fn where_larger_batches_were_never_seen_it_takes_at_least_so_much() {
    let mut narrow = 0;
    for seed in 0..20 {
        let mut dice = Dice(500 + seed);
        let came = arrivals(&mut dice, truth() / 2.0, 17 * SECOND);
        let group = looked_at(&batches(&came, MOST, |rows| commit(&mut dice, rows)), 12 * SECOND);
        let high = group.saturation.and_then(|range| range.high);
        narrow += usize::from(high.is_some_and(|high| high < 0.9 * truth()));
    }
    assert_eq!(narrow, 0, "of 20 said to be full before it is");
}

/// Rows that were loaded at once in the beginning, each a tenth of what one costs now.
#[test]
fn larger_batches_of_other_work_foretell_nothing() {
    let mut dice = Dice(9);
    let mut came = arrivals(&mut dice, 6_000.0, 3 * SECOND);
    came.extend(arrivals(&mut dice, 100.0, 13 * SECOND).into_iter().map(|at| at + 4 * SECOND));
    let mut rows_so_far = 0;
    let course = batches(&came, MOST, |rows| {
        rows_so_far += rows;
        let each = if rows_so_far < 18_000 { 100_000 } else { 4_000_000 };
        2_000_000 + each * rows
    });
    let group = looked_at(&course, 12 * SECOND);
    assert!(!group.model.starts_with("by batches of "), "{}", group.model);
    assert!(group.saturation.is_none_or(|range| range.value < 500.0), "{group:?}");
}

/// Two who take one each are no batch.
#[test]
fn servers_with_one_each_are_not_taken_for_batches() {
    let mut dice = Dice(3);
    let came = arrivals(&mut dice, 900.0, 17 * SECOND);
    let group = looked_at(&pool(&came, 2, || dice.wait(1e6)), 12 * SECOND);
    assert!(!group.at_least && off(&group, 2_000.0) < 0.15, "{group:?}");
}

/// A server that takes one after the other, without a pause for longer when there was more to do: an item costs the same.
#[test]
fn longer_runs_of_the_same_items_are_no_larger_batches() {
    for seed in 0..10 {
        let mut dice = Dice(700 + seed);
        let mut came = arrivals(&mut dice, 850.0, 8 * SECOND);
        came.extend(arrivals(&mut dice, 500.0, 9 * SECOND).into_iter().map(|at| at + 8 * SECOND));
        let course = pool(&came, 1, || (1e6 * (0.8 + 0.4 * dice.share())) as u64).in_runs();
        let group = looked_at(&course, 12 * SECOND);
        assert!(!group.model.starts_with("by batches of "), "{}", group.model);
    }
}
