//! What is not foretold: of the dead, of what hangs, right after a change, and of what is full already.

use super::answer::{Group, QueueState};
use super::look::Series;
use super::tests::{Course, Dice, MS, SECOND, arrivals, batches, off, pool, said};
use crate::derive::blocked::Blocked;
use crate::render::{Look as Shown, capacity};
use crate::words::label::Label;

/// Looks for two seconds, and what the board remembers of the time before.
fn watched(course: &Course, at: u64) -> Series {
    course.watched(at, 2 * SECOND, 20 * MS)
}

/// Arrivals at one rate, and from a moment on at another.
fn changing(dice: &mut Dice, first: f64, change: u64, then: f64, until: u64) -> Vec<u64> {
    let mut all: Vec<u64> = arrivals(dice, first, change);
    all.extend(arrivals(dice, then, until - change).into_iter().map(|at| at + change));
    all
}

#[test]
fn the_dead_and_the_stopped_have_no_headroom() {
    let came = arrivals(&mut Dice(7), 250.0, 13 * SECOND);
    let mut dice = Dice(8);
    let course = pool(&came, 1, || dice.wait(2e6));
    for still in ["dead", "stopped"] {
        let series = Series { still: Some(still), ..course.remembered(12 * SECOND) };
        let group = said(&series);
        assert!(group.saturation.is_some() && off(&group, 500.0) < 0.15, "{group:?}");
        assert_eq!((group.headroom, group.headroom_low), (None, None));
        assert!(group.model.contains(still), "{}", group.model);
    }
}

/// A store of batches that was busy for most of its life, and had next to nothing to do in the end.
#[test]
fn a_life_of_batches_is_not_held_against_the_last_seconds() {
    let mut dice = Dice(4);
    let came = changing(&mut dice, 5_000.0, 20 * SECOND, 40.0, 40 * SECOND);
    let course = batches(&came, usize::MAX, |n| 4 * MS + n * 100_000);
    let series = course.remembered(36 * SECOND);
    let worker = &series.looks[0].workers[0];
    let (jobs, periods) = (worker.jobs as f64, worker.periods as f64);
    let spread = periods * worker.squares as f64 - jobs * jobs;
    let item = (periods * worker.products as f64 - jobs * worker.ended as f64) / spread;
    let group = said(&series);
    let naive = 1e9 / item / group.throughput.expect("known");
    assert!(naive > 100.0, "what would be said without care: {naive:.0} times");
    assert_eq!((group.headroom, group.saturation), (None, None));
    assert!(group.model.starts_with("too little to say: one look"), "{}", group.model);
}

#[test]
fn what_hangs_has_no_headroom() {
    let mut dice = Dice(5);
    let came = arrivals(&mut dice, 250.0, 20 * SECOND);
    let mut hung = false;
    let mut count = 0;
    // After eleven seconds an item never ends.
    let course = pool(&came, 1, || {
        count += 1;
        hung |= count > 2_700;
        if hung { 1_000 * SECOND } else { dice.wait(1e6) }
    });
    let mut series = watched(&course, 14 * SECOND);
    for look in &mut series.looks {
        look.workers[0].at_work = true;
    }
    let group = said(&series);
    assert_eq!((group.saturation, group.headroom), (None, None), "{group:?}");
    assert!(group.model.contains("nothing ended in"), "{}", group.model);
    assert!(group.model.ends_with("with 1 in hand"), "{}", group.model);
    assert_eq!(group.throughput, Some(0.0));
    // Held against all that the board remembers there would be room for plenty.
    let (first, last) = (&series.past[0], &series.looks[series.looks.len() - 1]);
    let ended = last.queues[&0].completions - first.completions[&0];
    assert!(ended > 500, "{ended}");
}

#[test]
fn after_a_change_of_load_only_the_time_since_counts() {
    let (mut right, mut naive) = (0, 0);
    for seed in 0..20 {
        let mut dice = Dice(seed);
        // A thousand a second are what it can.
        let came = changing(&mut dice, 150.0, 12 * SECOND, 700.0, 20 * SECOND);
        let course = pool(&came, 1, || dice.wait(1e6));
        let series = watched(&course, 12 * SECOND + 100 * MS);
        let group = said(&series);
        let near = |found: f64| (found / (1_000.0 / 700.0) - 1.0).abs() < 0.2;
        right += usize::from(group.headroom.is_some_and(near));
        assert!(group.changed_ago_ns.is_some_and(|ago| ago < 3 * SECOND), "{group:?}");
        assert!(group.throughput_before.is_some_and(|rate| (100.0..250.0).contains(&rate)));
        let (first, last) = (&series.past[0], &series.looks[series.looks.len() - 1]);
        let ended = (last.queues[&0].completions - first.completions[&0]) as f64;
        let mixed = ended * 1e9 / (last.stamp - first.stamp) as f64;
        naive += usize::from(near(1_000.0 / mixed));
    }
    assert!(right >= 18, "{right} of 20");
    assert_eq!(naive, 0, "by all that is remembered");
}

#[test]
fn a_steady_load_is_never_said_to_have_changed() {
    let changed = (0..20u64).filter(|&seed| {
        let mut dice = Dice(seed);
        let came = arrivals(&mut dice, 100.0 + seed as f64 * 40.0, 16 * SECOND);
        let course = pool(&came, 1, || dice.wait(1e6));
        said(&watched(&course, 13 * SECOND)).changed_ago_ns.is_some()
    });
    assert_eq!(changed.count(), 0);
}

#[test]
fn right_after_a_change_there_is_too_little_to_say() {
    let mut dice = Dice(2);
    let came = changing(&mut dice, 100.0, 14 * SECOND - 400 * MS, 900.0, 16 * SECOND);
    let course = pool(&came, 1, || dice.wait(1e6));
    let mut series = watched(&course, 12 * SECOND);
    series.looks.retain(|look| look.stamp <= 14 * SECOND);
    let group = said(&series);
    assert!(group.model.contains("the load changed"), "{group:?}");
    assert_eq!((group.saturation, group.headroom), (None, None));
}

/// Near full load what is said is steady: a server of batches that has reached its limit takes what it takes now.
#[test]
fn a_full_server_of_batches_takes_what_it_takes_now() {
    for seed in 0..10 {
        let mut dice = Dice(seed);
        let came = arrivals(&mut dice, 9_000.0, 5 * SECOND);
        // 64 at once, 4 ms and 0.1 ms each: 6,154 a second.
        let course = batches(&came, 64, |n| 4 * MS + n * 100_000);
        let group = said(&course.looked_at(3 * SECOND));
        assert_eq!(group.queue, Some(QueueState::Standing));
        assert!(off(&group, 64e9 / 10.4e6) < 0.05, "{group:?}");
        assert!(group.headroom.is_some_and(|times| (0.95..1.06).contains(&times)), "{group:?}");
        assert!(group.headroom_low.is_some() && group.headroom_high.is_some(), "{group:?}");
    }
}

/// A server of batches whose disk takes as it likes: what of it is fixed is lost in that. It takes many times as much, and
/// by the mean demand it is nearly full.
#[test]
fn what_may_be_fixed_makes_a_lower_bound() {
    let mut narrow = 0;
    for seed in 0..20 {
        let mut dice = Dice(seed);
        // 2 ms on average, and 10 us an item: 100,000 a second.
        let came = arrivals(&mut dice, 3_000.0, 4 * SECOND);
        let course = batches(&came, usize::MAX, |n| dice.wait(2e6) + n * 10_000);
        let group = said(&course.looked_at(2 * SECOND));
        let Some(range) = group.saturation else { continue };
        narrow += usize::from(!group.at_least && range.high.is_some_and(|high| high < 50_000.0));
        assert!(!group.at_least || range.high.is_none() && group.headroom_high.is_none());
        assert_eq!(
            group.at_least,
            text(std::slice::from_ref(&group), 100).contains('≥'),
            "{group:?}"
        );
    }
    assert_eq!(narrow, 0, "of 20 said to be nearly full");
}

/// Where little waits, a server that takes one and one that would take all look alike.
#[test]
fn where_several_never_wait_it_takes_at_least_so_much() {
    let quiet: Vec<u64> = (0..400).map(|index| index * 10 * MS + 1).collect();
    let group = said(&pool(&quiet, 1, || 4 * MS).looked_at(2 * SECOND));
    assert!(group.at_least && off(&group, 250.0) < 0.01, "{group:?}");
    assert_eq!((group.headroom, group.headroom_high), (Some(2.5), None));
    assert!(text(std::slice::from_ref(&group), 100).contains("≥2.5x"), "{}", text(&[group], 100));
    let came = arrivals(&mut Dice(3), 125.0, 6 * SECOND);
    let group = said(&pool(&came, 1, || 4 * MS).looked_at(4 * SECOND));
    assert!(!group.at_least, "several waited, and it took one: {group:?}");
}

/// A process that was stopped for five seconds with a job in hand: the job did not take five seconds.
#[test]
fn a_time_without_beats_is_no_demand() {
    let came = arrivals(&mut Dice(4), 300.0, 16 * SECOND);
    let course = pool(&came, 1, || MS);
    let mut series = watched(&course, 13 * SECOND);
    // From two seconds before the first look on all is five seconds later, and the job in hand counted meanwhile.
    let from = series.looks[0].stamp - 2 * SECOND;
    for past in series.past.iter_mut().filter(|past| past.stamp >= from) {
        past.stamp += 5 * SECOND;
        past.busy[0] += 5 * SECOND;
    }
    for look in &mut series.looks {
        look.stamp += 5 * SECOND;
        look.workers[0].busy += 5 * SECOND;
    }
    let group = said(&series);
    assert!(off(&group, 1_000.0) < 0.05, "{group:?}");
    assert!(group.utilization.is_some_and(|busy| busy < 0.35), "{group:?}");
}

/// Two groups, neither of which anything is foretold of: there is no other that one of them could come before.
#[test]
fn where_nothing_is_foretold_nothing_comes_first() {
    let mut hung =
        said(&pool(&arrivals(&mut Dice(1), 300.0, 5 * SECOND), 1, || MS).looked_at(SECOND));
    (hung.saturation, hung.headroom, hung.utilization) = (None, None, Some(1.0));
    let both = text(&[hung.clone(), hung.clone()], 120);
    assert!(both.contains("it may be the first to be full"), "{both}");
    assert!(!both.contains("before") && !both.contains("first to be full:"), "{both}");
    let other = Group { headroom: Some(3.0), ..hung.clone() };
    let both = text(&[hung, other], 120);
    assert!(both.contains("first to be full:") && both.contains("it may be full before"), "{both}");
}

fn text(groups: &[Group], columns: usize) -> String {
    capacity::groups(groups, &Shown { columns, ..Shown::default() })
}

/// Whoever takes all that waits is busy all of the time long before it is full: both numbers stand in one row.
#[test]
fn busy_beside_room_is_explained() {
    let mut dice = Dice(6);
    let came = arrivals(&mut dice, 4_000.0, 6 * SECOND);
    let course = batches(&came, usize::MAX, |n| {
        ((4e6 + 100e3 * n as f64) * (0.9 + 0.2 * dice.share())) as u64
    });
    let group = said(&course.looked_at(4 * SECOND));
    assert!(group.utilization.is_some_and(|busy| busy > 0.95), "{group:?}");
    assert!(group.headroom.is_some_and(|times| times > 2.0), "{group:?}");
    let said = text(&[group], 200);
    assert!(
        said.contains("who takes all that waits at once is busy long before it is full"),
        "{said}"
    );
}

#[test]
fn time_at_a_lock_counts_as_demand_with_a_warning() {
    let came = arrivals(&mut Dice(1), 300.0, 5 * SECOND);
    let course = pool(&came, 1, || MS);
    let mut series = course.looked_at(3 * SECOND);
    let lock = Blocked { what: "lock", name: Label::from("index") };
    for (number, look) in series.looks.iter_mut().enumerate() {
        look.workers[0].at_work = number % 2 == 0;
        look.workers[0].blocked = (number % 4 == 0).then(|| lock.clone());
    }
    let group = said(&series);
    assert_eq!(group.waiting_what, Some("lock"));
    assert!(group.waiting_share.is_some_and(|share| (0.45..0.55).contains(&share)), "{group:?}");
    let said = text(&[group], 120);
    assert!(said.contains("waiting, mostly for lock index: it counts as demand"), "{said}");
}

#[test]
fn rows_of_different_windows_say_theirs_and_a_narrow_terminal_keeps_the_headroom() {
    let came = arrivals(&mut Dice(1), 300.0, 16 * SECOND);
    let course = pool(&came, 1, || MS);
    let (long, short) = (said(&watched(&course, 13 * SECOND)), said(&course.looked_at(2 * SECOND)));
    let both = text(&[long.clone(), short], 100);
    assert!(both.lines().next().is_some_and(|heading| heading.starts_with(" GROUP  ")), "{both}");
    assert!(both.contains("over 2.00s; demand") && both.contains("over 13.0s; demand"), "{both}");
    assert!(both.contains("first to be full: jobs at 3."), "{both}");
    let alone = text(std::slice::from_ref(&long), 100);
    assert!(alone.starts_with(" GROUP 13.0s"), "{alone}");
    for columns in [40, 60, 80, 100] {
        let said = text(std::slice::from_ref(&long), columns);
        assert!(said.lines().all(|line| line.chars().count() <= columns), "{said}");
        assert!(said.contains("HEADROOM  QUEUE") && said.contains("3.3x"), "{said}");
        assert!(!said.contains('…'), "{said}");
    }
}
