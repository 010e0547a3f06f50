//! How far a share of samples may be from the share of time.
//!
//! The moments of looking are drawn evenly, one from each period, so over the time that was sampled a
//! share of ticks is an unbiased estimate of a share of time, with at most the binomial variance. The
//! samples of several threads at one tick are not independent, though: sixteen threads in one queue for
//! one lock are one observation, not sixteen. So the variance is taken between ticks, and the number of
//! samples is divided by what that exceeds the binomial one by (the design effect, never taken below 1).
//! The interval is Wilson's with that number, which holds its level also for shares near 0 and 1.

/// Standard deviations of a two-sided interval of 95 %.
pub const Z95: f64 = 1.959_964;

/// Sums over ticks: `c` threads of a row among `n` that count.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Sums {
    /// Sum of c.
    pub c: f64,
    /// Sum of c squared.
    pub cc: f64,
    /// Sum of c times n.
    pub cn: f64,
    /// Sum of those of c that work, over all threads that do.
    pub parallel: f64,
    /// Sum of the square of that.
    pub squares: f64,
}

/// Wilson's interval for a share of `samples`.
pub fn wilson(share: f64, samples: f64) -> (f64, f64) {
    if samples <= 0.0 {
        return (0.0, 1.0);
    }
    let zz = Z95 * Z95 / samples;
    let centre = (share + zz / 2.0) / (1.0 + zz);
    let half = Z95 / (1.0 + zz) * (share * (1.0 - share) / samples + zz / (4.0 * samples)).sqrt();
    ((centre - half).clamp(0.0, share), (centre + half).clamp(share, 1.0))
}

/// By how much samples that come several at a tick are worth less than as many single ones: the
/// variance of the share between ticks over the binomial one, never below 1. `nn` is the sum of n
/// squared, `n` that of n.
pub fn design_effect(sums: &Sums, nn: f64, n: f64) -> f64 {
    if n <= 0.0 {
        return 1.0;
    }
    let share = sums.c / n;
    let binomial = n * share * (1.0 - share);
    let between = sums.cc - 2.0 * share * sums.cn + share * share * nn;
    if binomial > 0.0 { (between / binomial).max(1.0) } else { 1.0 }
}

/// Variance of a share from batches of (c, n): what it really varied by over time, drifts and phases
/// included. `None` with fewer than two batches.
pub fn batch_variance(batches: &[(f64, f64)]) -> Option<f64> {
    let n: f64 = batches.iter().map(|batch| batch.1).sum();
    let c: f64 = batches.iter().map(|batch| batch.0).sum();
    let count = batches.iter().filter(|batch| batch.1 > 0.0).count() as f64;
    if count < 2.0 || n <= 0.0 {
        return None;
    }
    let share = c / n;
    let squares: f64 = batches.iter().map(|(c, n)| (c - share * n).powi(2)).sum();
    Some(squares / (n * n) * count / (count - 1.0))
}

/// The chance that pure noise is as many standard deviations off as `z` or more, either way: the
/// complementary error function by a rational approximation, relative error below 1.2e-7.
pub fn two_sided(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * x);
    let terms = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let sum = terms.iter().rev().fold(0.0, |sum, term| sum * t + term);
    (t * (sum - x * x).exp()).clamp(0.0, 1.0)
}

/// Chances corrected for having looked at several rows (Holm), in the order given.
pub fn holm(chances: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..chances.len()).collect();
    order.sort_by(|&a, &b| chances[a].total_cmp(&chances[b]));
    let mut corrected = vec![0.0; chances.len()];
    let mut highest = 0.0f64;
    for (rank, index) in order.into_iter().enumerate() {
        highest = highest.max((chances[index] * (chances.len() - rank) as f64).min(1.0));
        corrected[index] = highest;
    }
    corrected
}

/// Stretches that a time is cut into to see how much what is counted in it varies by itself.
pub const BATCHES: usize = 20;

/// A difference of two counts, held against noise.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Judged {
    /// Half of its 95 % interval.
    pub margin: f64,
    /// The chance that noise alone moves any of them by as much, corrected for their number.
    pub chance: f64,
}

impl Judged {
    /// Whether it is more than noise, at 95 %.
    pub fn significant(self) -> bool {
        self.chance < 0.05
    }
}

/// Differences with their variances, held against noise together: the test of every comparison.
pub fn judged(differences: &[(f64, f64)]) -> Vec<Judged> {
    let alone =
        |&(difference, variance): &(f64, f64)| two_sided(difference / variance.sqrt().max(1e-12));
    let chances: Vec<f64> = differences.iter().map(alone).collect();
    let margin = |&(_, variance): &(f64, f64)| Z95 * variance.sqrt();
    let margins = differences.iter().map(margin);
    margins.zip(holm(&chances)).map(|(margin, chance)| Judged { margin, chance }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_textbook() {
        let (low, high) = wilson(0.5, 100.0);
        assert!((low - 0.4038).abs() < 1e-4 && (high - 0.5962).abs() < 1e-4, "{low} {high}");
        let (low, high) = wilson(0.0, 10.0);
        assert!(low == 0.0 && (high - 0.2775).abs() < 1e-4, "{high}");
        assert_eq!(wilson(0.3, 0.0), (0.0, 1.0));
    }

    #[test]
    fn threads_that_move_together_are_one_observation() {
        // 16 threads, all at the line in every second tick.
        let together =
            Sums { c: 50.0 * 16.0, cc: 50.0 * 256.0, cn: 50.0 * 256.0, ..Sums::default() };
        let effect = design_effect(&together, 100.0 * 256.0, 1600.0);
        assert!((effect - 16.0).abs() < 1e-9, "{effect}");
        // One thread alone.
        let alone = Sums { c: 30.0, cc: 30.0, cn: 30.0, ..Sums::default() };
        assert!((design_effect(&alone, 100.0, 100.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn chances_of_noise() {
        assert!((two_sided(0.0) - 1.0).abs() < 1e-6);
        assert!((two_sided(Z95) - 0.05).abs() < 1e-6);
        assert!(two_sided(-6.0) < 2.1e-9);
        assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
    }
}
