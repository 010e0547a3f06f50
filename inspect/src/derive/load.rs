//! Load: the share of a window that a thread spent at work.
//!
//! A worker's record holds its busy time up to its last change of state; the keeper notes every
//! worker's busy time, up to that look, in rings. So busy time is a curve of which some points are
//! known exactly: the thread's start, every look, and now. Load over a window is the curve's growth
//! from the window's begin to now, over the time really covered. Between two looks the curve is taken
//! as straight. A thread stuck in one job is busy, an idle one idle, at any moment and without a
//! transition; after a step from 20 to 80 % each window follows within its length; an exponential
//! average would do none of this.

/// A known point of a thread's busy time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Point {
    /// When, in clock units.
    pub stamp: u64,
    /// Busy time up to then, in clock units.
    pub busy: u64,
}

/// A load and the time that it covers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Load {
    /// Share of that time, 0 to 1.
    pub share: f64,
    /// Clock units really covered, at most the window.
    pub covered: u64,
}

/// Busy time now: up to the last change, and since then if a job is in hand.
pub fn busy_now(busy: u64, changed: u64, in_hand: u64, now: u64) -> u64 {
    if in_hand > 0 { busy.saturating_add(now.saturating_sub(changed)) } else { busy }
}

/// The known points of one thread, in order: its start, the ring entries since, and now.
pub fn curve(start: Point, ring: impl IntoIterator<Item = Point>, now: Point) -> Vec<Point> {
    let looks = ring
        .into_iter()
        // A look before the start saw the slot's earlier owner; one after "now" came after this
        // thread's record was read.
        .filter(|point| point.stamp > start.stamp && point.stamp < now.stamp);
    let mut points: Vec<Point> = std::iter::once(start).chain(looks).collect();
    points.sort_unstable();
    points.dedup_by_key(|point| point.stamp);
    // Busy time only grows: a look that found a record in change noted too little, and is left out.
    let mut grown = 0;
    points.retain(|point| {
        let keep = point.busy >= grown;
        grown = grown.max(point.busy);
        keep
    });
    points.push(now);
    points
}

/// Load over the `window` before the last point; `None` when nothing is known of it.
///
/// The window begins where the curve is known to within half a window; when the thread is younger, or
/// when the looks begin later, less is covered, and said.
pub fn load(points: &[Point], window: u64) -> Option<Load> {
    let now = points.last()?;
    let begin = now.stamp.saturating_sub(window);
    let after = points.iter().position(|point| point.stamp > begin)?;
    let from = match after.checked_sub(1).map(|before| (points[before], points[after])) {
        // The thread is younger than the window.
        None => points[after],
        Some((before, next)) if before.stamp == begin => {
            Point { stamp: begin, busy: before.busy.min(next.busy) }
        }
        Some((before, next)) if next.stamp - before.stamp <= window / 2 => {
            let part = (begin - before.stamp) as f64 / (next.stamp - before.stamp) as f64;
            let grown = next.busy.saturating_sub(before.busy) as f64;
            Point { stamp: begin, busy: before.busy + (grown * part) as u64 }
        }
        // Two looks of our own, a little more than the window apart, and nothing between them.
        Some((before, next)) if next == *now && now.stamp - before.stamp <= window / 2 * 3 => {
            before
        }
        // Nobody looked for long: what is known begins at the next look.
        Some((_, next)) => next,
    };
    let covered = now.stamp.checked_sub(from.stamp).filter(|&covered| covered > 0)?;
    let busy = now.busy.saturating_sub(from.busy);
    Some(Load { share: (busy as f64 / covered as f64).clamp(0.0, 1.0), covered })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// The curve of a worker with the given duty (0..1 over time), looked at as the keeper does.
    fn looks(duty: impl Fn(u64) -> f64, seconds: u64) -> Vec<Point> {
        let step = SECOND / 1000;
        let mut busy = 0.0;
        let mut all = vec![];
        for at in 0..=seconds * 1000 {
            all.push(Point { stamp: at * step + 1, busy: busy as u64 });
            busy += duty(at * step) * step as f64;
        }
        let newest = all.len() - 1;
        // Looks end 30 ms before now; rings of 24 x 50 ms, 24 x 500 ms, 27 x 2.5 s.
        let ring = [(50, 24), (500, 24), (2500, 27)].into_iter().flat_map(|(every, count)| {
            let last = newest.saturating_sub(30) / every * every;
            (0..count).filter_map(move |back| last.checked_sub(back * every))
        });
        let points: Vec<_> = ring.map(|index| all[index]).collect();
        curve(all[0], points, all[newest])
    }

    fn share(points: &[Point], seconds: u64) -> f64 {
        load(points, seconds * SECOND).expect("a load").share
    }

    #[test]
    fn after_a_step_every_window_shows_its_own_mixture() {
        // 20 % for two minutes, then 80 % for five seconds.
        let points = looks(|at| if at < 120 * SECOND { 0.2 } else { 0.8 }, 125);
        for (seconds, expected) in [(1, 0.8), (10, 0.5), (60, 0.25)] {
            let found = share(&points, seconds);
            assert!((found - expected).abs() < 0.01, "{seconds} s: {found}, not {expected}");
        }
    }

    #[test]
    fn a_minute_inside_one_job_is_full_load_and_a_minute_idle_is_none() {
        let busy = looks(|at| f64::from(at >= 10 * SECOND), 75);
        let idle = looks(|at| f64::from(at < 10 * SECOND), 75);
        for seconds in [1, 10, 60] {
            assert!(share(&busy, seconds) > 0.999);
            assert!(share(&idle, seconds) < 0.001);
        }
    }

    #[test]
    fn a_young_thread_covers_what_there_is() {
        let points = looks(|_| 0.5, 3);
        let minute = load(&points, 60 * SECOND).expect("a load");
        assert!((minute.share - 0.5).abs() < 0.01);
        assert_eq!(minute.covered, 3 * SECOND);
        assert_eq!(load(&points, SECOND).expect("a load").covered, SECOND);
    }

    #[test]
    fn without_looks_an_old_thread_has_no_load() {
        let start = Point { stamp: 1, busy: 0 };
        let now = Point { stamp: 100 * SECOND, busy: 50 * SECOND };
        assert_eq!(load(&curve(start, [], now), SECOND), None);
        let look =
            Point { stamp: now.stamp - SECOND / 10 * 11, busy: now.busy - SECOND / 10 * 11 / 2 };
        for seconds in [1, 10, 60] {
            let found = load(&curve(start, [look], now), seconds * SECOND).expect("a load");
            assert_eq!((found.share, found.covered), (0.5, SECOND / 10 * 11));
        }
        let young = Point { stamp: SECOND / 2 + 1, busy: SECOND / 4 };
        assert!(load(&curve(start, [], young), SECOND).is_some());
    }

    #[test]
    fn a_look_that_noted_too_little_changes_nothing() {
        let mut points = looks(|_| 0.5, 70);
        let (start, now) = (points[0], points.pop().expect("now"));
        points[30].busy = 0;
        let points = curve(start, points, now);
        for seconds in [1, 10, 60] {
            assert!((share(&points, seconds) - 0.5).abs() < 0.01);
        }
    }

    #[test]
    fn nonsense_gives_a_share_between_0_and_1_or_nothing() {
        let wild = |stamp, busy| Point { stamp, busy };
        for points in [
            curve(wild(5, u64::MAX), [wild(6, 3), wild(6, 9), wild(u64::MAX, 0)], wild(9, 1)),
            curve(wild(u64::MAX, 0), [wild(1, 1)], wild(0, u64::MAX)),
            vec![],
        ] {
            for window in [0, 1, 4, u64::MAX] {
                if let Some(load) = load(&points, window) {
                    assert!((0.0..=1.0).contains(&load.share));
                }
            }
        }
    }

    #[test]
    fn a_job_in_hand_counts_up_to_now() {
        assert_eq!(busy_now(10, 100, 1, 150), 60);
        assert_eq!(busy_now(10, 100, 0, 150), 10);
        assert_eq!(busy_now(10, 100, 1, 50), 10);
    }
}
