//! What an item costs its workers, and how surely that is known. Pure arithmetic.

/// Items that must have ended, and busy periods, before anything is foretold.
pub(super) const ENOUGH: f64 = 30.0;

/// A stretch of time of a group: busy time of all of its workers, and what they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Stretch {
    /// Stamp of its begin.
    pub(super) from: u64,
    pub(super) span_ns: f64,
    pub(super) busy_ns: f64,
    pub(super) done: f64,
}

/// A value with half the width of its 95 % interval, where the spread is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Known {
    pub(super) value: f64,
    pub(super) half: Option<f64>,
}

/// Sums over busy periods: how many, jobs, jobs squared, time, and jobs times time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) periods: f64,
    pub(super) jobs: f64,
    pub(super) squares: f64,
    pub(super) time_ns: f64,
    pub(super) products: f64,
}

/// What a busy period costs whatever it holds, and what each of its items adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Parts {
    pub(super) fixed_ns: Known,
    pub(super) item_ns: Known,
}

/// Busy time over items, by the ratio of the sums: the demand law. The spread is that between the stretches.
pub(super) fn demand(stretches: &[Stretch]) -> Option<Known> {
    let done: f64 = stretches.iter().map(|one| one.done).sum();
    let busy: f64 = stretches.iter().map(|one| one.busy_ns).sum();
    if done <= 0.0 || busy <= 0.0 {
        return None;
    }
    let value = busy / done;
    let used = stretches.iter().filter(|one| one.done > 0.0 || one.busy_ns > 0.0).count();
    let squares: f64 = stretches.iter().map(|one| (one.busy_ns - value * one.done).powi(2)).sum();
    let half = (used >= 3).then(|| {
        let used = used as f64;
        student(used - 1.0) * (used / (used - 1.0) * squares).sqrt() / done
    });
    Some(Known { value, half })
}

impl Sums {
    fn plus(self, other: Self, sign: f64) -> Self {
        Self {
            periods: self.periods + sign * other.periods,
            jobs: self.jobs + sign * other.jobs,
            squares: self.squares + sign * other.squares,
            time_ns: self.time_ns + sign * other.time_ns,
            products: self.products + sign * other.products,
        }
    }

    /// All of them.
    pub(super) fn of(all: &[Self]) -> Self {
        all.iter().fold(Self::default(), |sum, one| sum.plus(*one, 1.0))
    }

    /// Jobs of a busy period, on average.
    pub(super) fn mean(self) -> f64 {
        self.jobs / self.periods.max(1.0)
    }

    /// Jobs of the period that a job finds itself in, on average.
    pub(super) fn size(self) -> f64 {
        self.squares / self.jobs.max(1.0)
    }

    /// Least squares of a period's time by its jobs: the fixed part, and that of each job. `None` where all periods
    /// are of one size.
    pub(super) fn line(self) -> Option<(f64, f64)> {
        let spread = self.periods * self.squares - self.jobs * self.jobs;
        // A hundredth of the mean, as standard deviation, is no difference to learn from.
        if self.periods < 3.0 || spread <= 1e-4 * self.jobs * self.jobs {
            return None;
        }
        let item = (self.periods * self.products - self.jobs * self.time_ns) / spread;
        Some(((self.time_ns - item * self.jobs) / self.periods, item))
    }
}

/// Fixed part and part of each item. The spread is what leaving out one stretch after the other changes (the
/// jackknife): stretches are long enough that what one of them met does not tell of the next.
pub(super) fn parts(stretches: &[Sums]) -> Option<Parts> {
    let all = Sums::of(stretches);
    let (fixed, item) = all.line()?;
    let used: Vec<Sums> = stretches.iter().copied().filter(|one| one.periods > 0.0).collect();
    let without: Option<Vec<(f64, f64)>> =
        used.iter().map(|one| all.plus(*one, -1.0).line()).collect();
    let half = |pick: fn(&(f64, f64)) -> f64| {
        let values: Vec<f64> = without.as_ref()?.iter().map(pick).collect();
        if values.len() < 4 {
            return None;
        }
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some(student(count - 1.0) * ((count - 1.0) / count * squares).sqrt())
    };
    Some(Parts {
        fixed_ns: Known { value: fixed, half: half(|pair| pair.0) },
        item_ns: Known { value: item, half: half(|pair| pair.1) },
    })
}

/// Standard errors of a two-sided 95 % interval, by degrees of freedom.
pub(super) fn student(freedom: f64) -> f64 {
    const FEW: [f64; 10] = [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];
    let few = (freedom as usize).checked_sub(1).and_then(|index| FEW.get(index));
    few.copied().unwrap_or(1.96 + 2.6 / freedom.max(1.0))
}
