//! Simulated queues, whose saturation is known, looked at as a board is.

use std::collections::BTreeMap;

use super::answer::{Group, QueueState};
use super::groups::groups;
use super::look::{Look, Past, QueueLook, Series, Worker};
use crate::words::label::Label;

pub(super) const MS: u64 = 1_000_000;
pub(super) const SECOND: u64 = 1_000_000_000;

/// Numbers that are the same each time.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn share(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// A time of an exponential distribution.
    pub(super) fn wait(&mut self, mean_ns: f64) -> u64 {
        (-self.share().ln() * mean_ns) as u64
    }
}

/// An item: arrival, begin and end of service.
#[derive(Clone, Copy)]
pub(super) struct Item {
    arrived: u64,
    begun: u64,
    ended: u64,
}

/// A busy period: its server, begin, end, and how many items.
#[derive(Clone, Copy)]
pub(super) struct Period {
    server: usize,
    begun: u64,
    ended: u64,
    items: u64,
}

/// What happened.
pub(super) struct Course {
    pub(super) items: Vec<Item>,
    pub(super) periods: Vec<Period>,
    pub(super) servers: usize,
}

pub(super) fn arrivals(dice: &mut Dice, per_s: f64, until: u64) -> Vec<u64> {
    let mut all = Vec::new();
    let mut at = 0;
    while at < until {
        at += dice.wait(1e9 / per_s);
        all.push(at);
    }
    all
}

/// Servers that take one item at a time.
pub(super) fn pool(arrivals: &[u64], servers: usize, mut service: impl FnMut() -> u64) -> Course {
    let mut free = vec![0; servers];
    let mut course = Course { items: Vec::new(), periods: Vec::new(), servers };
    for &arrived in arrivals {
        let server = (0..servers).min_by_key(|&server| free[server]).expect("a server");
        let begun = arrived.max(free[server]);
        let ended = begun + service();
        free[server] = ended;
        course.items.push(Item { arrived, begun, ended });
        course.periods.push(Period { server, begun, ended, items: 1 });
    }
    course
}

/// A server that takes all that waits, at most so many, and then takes `took(n)`.
pub(super) fn batches(arrivals: &[u64], most: usize, mut took: impl FnMut(u64) -> u64) -> Course {
    let mut course = Course { items: Vec::new(), periods: Vec::new(), servers: 1 };
    let (mut at, mut next) = (0, 0);
    while next < arrivals.len() {
        let begun = arrivals[next].max(at);
        let count = arrivals[next..].iter().take(most).take_while(|&&one| one <= begun).count();
        let ended = begun + took(count as u64);
        let batch = &arrivals[next..next + count];
        course.items.extend(batch.iter().map(|&arrived| Item { arrived, begun, ended }));
        course.periods.push(Period { server: 0, begun, ended, items: count as u64 });
        (at, next) = (ended, next + count);
    }
    course
}

impl Course {
    /// Whoever finds more takes it on: busy periods of several jobs, each of which takes its time. Of one server.
    pub(super) fn in_runs(mut self) -> Self {
        self.periods = self
            .periods
            .chunk_by(|a, b| a.ended == b.begun)
            .map(|run| Period {
                server: 0,
                begun: run[0].begun,
                ended: run[run.len() - 1].ended,
                items: run.len() as u64,
            })
            .collect();
        self
    }

    /// What a look at this moment would have; the one before was at `before`.
    pub(super) fn look(&self, at: u64, before: u64) -> Look {
        let workers = (0..self.servers).map(|server| {
            let mut worker = Worker {
                slot: server as u64,
                generation: 1,
                name: Label::from(format!("worker-{server}").as_str()),
                queue: Some(0),
                ..Worker::default()
            };
            let so_far = self.periods.partition_point(|one| one.begun < at);
            for period in self.periods[..so_far].iter().filter(|one| one.server == server) {
                let took = period.ended.min(at) - period.begun;
                worker.busy += took;
                if period.ended <= at {
                    worker.ended += took;
                    worker.jobs += period.items;
                    worker.periods += 1;
                    worker.squares += period.items * period.items;
                    worker.products += period.items * took;
                }
            }
            worker
        });
        // First come, first served.
        let begun = &self.items[..self.items.partition_point(|item| item.begun <= at)];
        let waits = |item: &Item| item.begun - item.arrived;
        let new = &begun[begun.partition_point(|item| item.begun <= before || before == 0)..];
        let first = self.items.get(begun.len()).filter(|item| item.arrived <= at);
        let arrivals = self.items.partition_point(|item| item.arrived <= at) as u64;
        let queue = QueueLook {
            name: Label::from("jobs"),
            depth: arrivals - begun.len() as u64,
            depth_max: self.items[..self.items.partition_point(|item| item.ended <= at)]
                .chunk_by(|a, b| a.begun == b.begun)
                .map(|batch| batch.len() as u64)
                .max()
                .unwrap_or(0),
            oldest: Some(first.map_or(0, |item| at - item.arrived)),
            arrivals,
            starts: begun.len() as u64,
            removed: 0,
            completions: begun.iter().filter(|item| item.ended <= at).count() as u64,
            waited_ns: begun.iter().map(waits).sum(),
            waits: new.iter().map(waits).min().zip(new.iter().map(waits).max()),
            recent: None,
        };
        Look { stamp: at, workers: workers.collect(), queues: BTreeMap::from([(0, queue)]) }
    }

    /// Looks 20 ms apart for so long, from one second on.
    pub(super) fn looked_at(&self, for_ns: u64) -> Series {
        let mut series = Series { unit_ns: 1.0, ..Series::default() };
        series.looks.push(self.look(SECOND, 0));
        self.look_on(&mut series, for_ns, 20 * MS);
        series
    }

    /// What the board remembers at a moment, and looks for so long, so far apart.
    pub(super) fn watched(&self, at: u64, for_ns: u64, apart: u64) -> Series {
        let mut series = self.remembered(at);
        self.look_on(&mut series, for_ns, apart);
        series
    }

    fn look_on(&self, series: &mut Series, for_ns: u64, apart: u64) {
        let mut before = series.looks[series.looks.len() - 1].stamp;
        let until = before + for_ns;
        while before + apart <= until {
            series.looks.push(self.look(before + apart, before));
            before += apart;
        }
    }

    /// One look after so long, and the seconds before as the keeper notes them.
    pub(super) fn remembered(&self, at: u64) -> Series {
        let past = (1..=11).rev().map(|back| {
            let look = self.look(at - back * SECOND, 0);
            Past {
                stamp: look.stamp,
                busy: look.workers.iter().map(|worker| worker.busy).collect(),
                completions: look
                    .queues
                    .iter()
                    .map(|(&place, queue)| (place, queue.completions))
                    .collect(),
            }
        });
        Series {
            unit_ns: 1.0,
            past: past.collect(),
            looks: vec![self.look(at, 0)],
            ..Series::default()
        }
    }
}

pub(super) fn said(series: &Series) -> Group {
    let mut all = groups(series);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

pub(super) fn off(group: &Group, truth: f64) -> f64 {
    let found = group.saturation.unwrap_or_else(|| panic!("foretold: {}", group.model)).value;
    (found / truth - 1.0).abs()
}

fn holds(group: &Group, truth: f64) -> bool {
    let range = group.saturation.expect("foretold");
    range.low.is_some_and(|low| low <= truth) && range.high.is_some_and(|high| truth <= high)
}

#[test]
fn from_half_load_the_saturation_of_a_plain_pool_is_foretold() {
    let (mut right, mut inside) = (0, 0);
    for seed in 0..20 {
        let mut dice = Dice(seed);
        let servers = 1 + (seed as usize) % 4;
        let mean = 2e6;
        let truth = servers as f64 * 1e9 / mean;
        let came = arrivals(&mut dice, truth / 2.0, 6 * SECOND);
        let course = pool(&came, servers, || dice.wait(mean));
        let group = said(&course.looked_at(4 * SECOND));
        right += usize::from(off(&group, truth) < 0.1);
        inside += usize::from(holds(&group, truth));
        assert_eq!(group.model, "the same for each item");
        assert!((group.utilization.expect("known") - 0.5).abs() < 0.1, "{group:?}");
        assert!((group.headroom.expect("known") - 2.0).abs() < 0.4, "{group:?}");
    }
    assert!(right >= 18 && inside >= 17, "{right} within 10 %, {inside} in their interval");
}

#[test]
fn one_look_and_the_boards_own_seconds_are_enough() {
    let mut dice = Dice(7);
    let came = arrivals(&mut dice, 500.0, 13 * SECOND);
    let course = pool(&came, 2, || dice.wait(2e6));
    let group = said(&course.remembered(12 * SECOND));
    assert!(off(&group, 1000.0) < 0.1 && holds(&group, 1000.0), "{group:?}");
    assert_eq!((group.over_ns, group.looked_ns), (Some(11 * SECOND), None));
}

#[test]
fn what_is_fixed_in_batches_is_told_apart() {
    let (mut right, mut naive) = (0, 0);
    for seed in 0..20 {
        let mut dice = Dice(100 + seed);
        // A write of 4 ms, and 100 us an item: 10,000 a second as batches grow. At half of that about 40 wait.
        let (fixed, item) = (4e6, 100e3);
        let came = arrivals(&mut dice, 5_000.0, 6 * SECOND);
        let course = batches(&came, usize::MAX, |n| {
            ((fixed + item * n as f64) * (0.9 + 0.2 * dice.share())) as u64
        });
        let group = said(&course.looked_at(4 * SECOND));
        right += usize::from(off(&group, 10_000.0) < 0.2);
        assert!((group.demand_fixed_ns.expect("a part") / fixed - 1.0).abs() < 0.3, "{group:?}");
        // Without the parts it is foretold that there is hardly room left.
        let today = 1e9 / group.demand_ns.expect("known");
        naive += usize::from((today / 10_000.0 - 1.0).abs() < 0.2);
    }
    assert!(right >= 18, "{right} of 20 within 20 %");
    assert_eq!(naive, 0);
}

#[test]
fn batches_that_are_all_alike_tell_nothing_and_that_is_said() {
    // Eight at a time, each 10 ms.
    let came: Vec<u64> = (0..5_000).map(|index| index / 8 * 10 * MS + 1).collect();
    let course = batches(&came, 8, |n| 4 * MS + n * 100_000);
    let group = said(&course.looked_at(4 * SECOND));
    assert_eq!((group.saturation, group.headroom), (None, None));
    assert!(
        group.model.starts_with("too little to say: busy periods of 8.0 items"),
        "{}",
        group.model
    );
}

#[test]
fn jobs_that_overlap_in_hand_are_no_batches() {
    let mut dice = Dice(3);
    let came = arrivals(&mut dice, 400.0, 6 * SECOND);
    let course = pool(&came, 1, || dice.wait(1e6)).in_runs();
    let group = said(&course.looked_at(4 * SECOND));
    assert_eq!(group.model, "the same for each item");
    assert!(off(&group, 1000.0) < 0.1, "{group:?}");
}

#[test]
fn too_little_is_said() {
    let course = pool(&[SECOND + 1, SECOND + 2], 1, || MS);
    let group = said(&course.looked_at(SECOND));
    assert!(group.saturation.is_none() && group.headroom.is_none());
    assert_eq!(group.model, "too little to say: 2 ended in 1.00s, and 30 are needed");
    let mut nobody = pool(&arrivals(&mut Dice(1), 100.0, 3 * SECOND), 1, || MS).looked_at(SECOND);
    nobody.looks.iter_mut().for_each(|look| look.workers.clear());
    assert_eq!(said(&nobody).model, "too little to say: no thread that lives has served it");
    assert!(groups(&Series::default()).is_empty());
}

#[test]
fn workers_that_serve_others_too_foretell_nothing() {
    let course = pool(&arrivals(&mut Dice(1), 300.0, 4 * SECOND), 1, || MS);
    let mut series = course.looked_at(2 * SECOND);
    // Half of what they ended came from elsewhere.
    for look in &mut series.looks {
        look.queues.values_mut().for_each(|queue| queue.completions /= 2);
    }
    assert!(said(&series).model.contains("serve others"), "{}", said(&series).model);
}

#[test]
fn a_queue_is_empty_bursty_or_standing() {
    let state = |came: &[u64], service: u64| {
        said(&pool(came, 1, || service).looked_at(3 * SECOND)).queue.expect("a queue")
    };
    let even = |every: u64| (0..5 * SECOND / every).map(|index| index * every).collect::<Vec<_>>();
    assert_eq!(state(&even(10 * MS), MS), QueueState::Empty);
    // 50 at once every 200 ms, and all served after 100.
    let bursts: Vec<u64> = (0..1250).map(|index| index / 50 * 200 * MS).collect();
    assert_eq!(state(&bursts, 2 * MS), QueueState::Bursty);
    // More comes than is served.
    assert_eq!(state(&even(MS), 2 * MS), QueueState::Standing);
    // 20 wait from the start, and as many come as go: a load of 100 % that no average of waits tells from a burst.
    let mut full = even(2 * MS);
    full.splice(0..0, std::iter::repeat_n(0, 20));
    assert_eq!(state(&full, 2 * MS), QueueState::Standing);
    // One job at a time of 50 ms: whoever comes meanwhile waits for one, and that is no queue that stands.
    assert_ne!(state(&even(60 * MS), 50 * MS), QueueState::Standing);
}

#[test]
fn littles_law_holds_of_what_is_right_and_is_said_not_to_of_what_is_wrong() {
    let mut wrong = 0;
    for seed in 0..20 {
        let mut dice = Dice(seed);
        let came = arrivals(&mut dice, 400.0, 6 * SECOND);
        let course = pool(&came, 1, || dice.wait(2e6));
        let group = said(&course.looked_at(4 * SECOND));
        assert_ne!(group.littles_law_holds, Some(false), "{group:?}");
        // A daemon that stamps its items half a wait too late.
        let mut series = course.looked_at(4 * SECOND);
        for look in &mut series.looks {
            look.queues.values_mut().for_each(|queue| queue.waited_ns /= 3);
        }
        let group = said(&series);
        wrong += usize::from(group.littles_law_holds == Some(false));
        assert!(group.littles_law_error.is_none_or(|error| error > 0.5), "{group:?}");
    }
    assert!(wrong >= 18, "{wrong} of 20 found");
}

#[test]
fn nonsense_of_a_board_does_no_harm() {
    let course = pool(&arrivals(&mut Dice(1), 300.0, 4 * SECOND), 2, || MS);
    let mut dice = Dice(9);
    for _ in 0..200 {
        let mut series = course.looked_at(SECOND / 2);
        series.past = course.remembered(12 * SECOND).past;
        for look in &mut series.looks {
            let mut wild = |word: &mut u64| {
                if dice.share() < 0.3 {
                    *word = [0, 1, u64::MAX, u64::MAX / 2][(dice.share() * 4.0) as usize % 4];
                }
            };
            wild(&mut look.stamp);
            for worker in &mut look.workers {
                [&mut worker.busy, &mut worker.ended, &mut worker.jobs, &mut worker.periods]
                    .into_iter()
                    .for_each(&mut wild);
                [&mut worker.squares, &mut worker.products, &mut worker.slot, &mut worker.started]
                    .into_iter()
                    .for_each(&mut wild);
            }
            for queue in look.queues.values_mut() {
                [&mut queue.depth, &mut queue.starts, &mut queue.arrivals, &mut queue.completions]
                    .into_iter()
                    .for_each(&mut wild);
            }
        }
        for group in groups(&series) {
            assert!(group.utilization.is_none_or(|share| (0.0..=1.0).contains(&share)));
        }
    }
}
