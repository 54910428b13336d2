//! Intervals of a share of trials that come in clusters: windows of one replication, say.
//!
//! Trials of different clusters are independent, those of one cluster are not. So the trials are counted as so many
//! independent ones as would give the variance seen *between* clusters, and these have the exact interval of
//! Clopper and Pearson (Korn and Graubard, Survey Methodology 24:193, 1998). Never more than there are, and fewer
//! by Student's t where the variance comes from few clusters. With one trial a cluster it is Clopper and Pearson's
//! interval itself. Where all trials agree there is no variance to see; then a cluster counts as one trial, which
//! holds whatever the dependence: a share of 1 − p within clusters takes at least as large a share of clusters.

use statrs::distribution::{ContinuousCDF as _, Normal};
use statrs::function::beta::beta_reg;

use super::Moments;
use super::interval::{Interval, t_quantile, tail};

/// Trials in clusters, and how many of them succeeded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Trials {
    /// Clusters.
    pub clusters: u64,
    /// Trials in all clusters.
    pub all: u128,
    /// Successes in all clusters.
    pub successes: u128,
    /// The sum over clusters of the squares of their successes less those that the share of all would have.
    pub spread: f64,
}

/// The interval of the share of successes among trials that come in clusters of `size`; `successes` has a sample for
/// each cluster.
pub fn share(successes: &Moments, size: u64, confidence: f64) -> Interval {
    Trials::of_equal(successes.count(), size, successes.sum() as u128, successes.squares()).interval(confidence)
}

impl Trials {
    /// Clusters of equal size; `squares` is the sum over clusters of their squared successes.
    pub fn of_equal(clusters: u64, size: u64, successes: u128, squares: u128) -> Self {
        let n = u128::from(clusters);
        // In whole numbers, so nothing cancels.
        let spread = if n == 0 { 0.0 } else { (n * squares - successes * successes) as f64 / n as f64 };
        Self { clusters, all: n * u128::from(size), successes, spread }
    }

    /// The share of successes.
    pub fn share(&self) -> f64 {
        self.successes as f64 / self.all as f64
    }

    /// The interval of the share; with no trial it may be anything.
    pub fn interval(&self, confidence: f64) -> Interval {
        let few = Self::fewness(self.clusters, self.all, confidence);
        let Some((hits, trials)) = self.effective(few) else { return Interval { low: 0.0, high: 1.0 } };
        let p = tail(confidence);
        let low = if hits > 0.0 { beta_quantile(hits, trials - hits + 1.0, p) } else { 0.0 };
        let high = if hits < trials { beta_quantile(hits + 1.0, trials - hits, 1.0 - p) } else { 1.0 };
        Interval { low, high }
    }

    /// The mid-P probability of so few successes where the share is `share`: ½·P(no more) + ½·P(fewer). The
    /// interval that holds the shares at which it lies between both tails has, over many
    /// levels, the confidence that it is meant to have, where the exact one has more.
    ///
    /// `few` is [`Trials::fewness`]: a search for the end of an interval asks many times of the same clusters.
    pub fn mid_p(&self, share: f64, few: f64) -> f64 {
        let Some((hits, trials)) = self.effective(few) else { return 0.5 };
        let no_more = if hits < trials { 1.0 - beta_cdf(hits + 1.0, trials - hits, share) } else { 1.0 };
        let fewer = if hits > 0.0 { 1.0 - beta_cdf(hits, trials - hits + 1.0, share) } else { 0.0 };
        f64::midpoint(no_more, fewer)
    }

    /// By how much Student's t is wider for so many clusters than for as many trials; it takes a while.
    pub fn fewness(clusters: u64, all: u128, confidence: f64) -> f64 {
        if clusters < 2 || all < 2 {
            return 1.0;
        }
        let t = |freedom: f64| t_quantile(freedom, 1.0 - tail(confidence));
        t(all as f64 - 1.0) / t(clusters as f64 - 1.0)
    }

    /// Successes and trials as if independent.
    fn effective(&self, few: f64) -> Option<(f64, f64)> {
        let (all, clusters) = (self.all, u128::from(self.clusters));
        if all == 0 {
            return None;
        }
        if self.successes == 0 || self.successes == all {
            return Some((if self.successes == 0 { 0.0 } else { clusters as f64 }, clusters as f64));
        }
        let share = self.share();
        let trials = if clusters == 1 {
            1.0
        } else {
            // Over n, not n − 1, so that independent trials count as what they are.
            let of_mean = self.spread / (all as f64 * all as f64);
            (share * (1.0 - share) / of_mean * few * few).min(all as f64)
        };
        Some((share * trials, trials))
    }
}

/// From here on the cube roots of a beta variate's two parts are taken for normal.
const LARGE: f64 = 1_000.0;

/// Probability that a beta variate does not exceed `x`.
fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    if a.min(b) < LARGE {
        return beta_reg(a, b, x);
    }
    // Paulson's approximation (Abramowitz and Stegun 26.5.22), here good to 1e-6; the continued fraction would
    // need more terms than statrs takes.
    let root = |part: f64, of: f64| (part.cbrt() * (1.0 - 1.0 / (9.0 * of)), part.cbrt().powi(2) / of);
    let ((above, spread_above), (below, spread_below)) = (root(b * x, b), root(a * (1.0 - x), a));
    Normal::standard().cdf(3.0 * (above - below) / (spread_above + spread_below).sqrt())
}

/// By bisection, which needs no derivative and stops at the last bit.
fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if beta_cdf(a, b, middle) < p { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `successes` in each cluster of `size`.
    fn of(size: u64, successes: impl IntoIterator<Item = u64>) -> Trials {
        let each: Vec<u128> = successes.into_iter().map(u128::from).collect();
        Trials::of_equal(each.len() as u64, size, each.iter().sum(), each.iter().map(|n| n * n).sum())
    }

    fn close(interval: Interval, low: f64, high: f64) {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-5;
        assert!(near(interval.low, low) && near(interval.high, high), "{interval:?} is not {low} to {high}");
    }

    #[test]
    fn validation_single_trials_have_the_exact_interval() {
        // From tables of Clopper and Pearson's limits.
        close(of(1, (0..10).map(|i| u64::from(i < 1))).interval(0.95), 0.002_529, 0.445_016);
        close(of(1, (0..20).map(|i| u64::from(i < 5))).interval(0.95), 0.086_571, 0.491_046);
        close(of(1, (0..100).map(|i| u64::from(i < 99))).interval(0.95), 0.945_539, 0.999_747);
        close(of(1, [0; 10]).interval(0.95), 0.0, 0.308_497);
        close(of(1, [1; 10]).interval(0.95), 0.691_503, 1.0);
    }

    #[test]
    fn a_cluster_that_moves_as_one_is_one_trial() {
        let together = of(12, (0..50).map(|i| if i < 20 { 12 } else { 0 })).interval(0.95);
        let single = of(1, (0..50).map(|i| u64::from(i < 20))).interval(0.95);
        assert!(together.low <= single.low && together.high >= single.high);
        assert!((together.high - single.high).abs() < 0.01, "{together:?} {single:?}");
        // Where nothing failed in 600 trials of 50 clusters, 50 are what counts.
        assert_eq!(of(12, [12; 50]).interval(0.95), of(1, [1; 50]).interval(0.95));
    }

    #[test]
    fn the_beta_law_has_no_seam() {
        for x in [0.000_9, 0.001, 0.001_1, 0.49, 0.5, 0.51] {
            for ratio in [1.0, 999.0] {
                let (a, b) = (LARGE, LARGE * ratio);
                let (below, above) = (beta_cdf(a - 1e-6, b, x), beta_cdf(a, b, x));
                assert!((below - above).abs() < 1e-5, "{ratio} {x}: {below} {above}");
            }
        }
    }

    #[test]
    fn validation_mid_p_of_single_trials() {
        let mid_p = |trials: &Trials, share| trials.mid_p(share, Trials::fewness(trials.clusters, trials.all, 0.95));
        // Binomial(5, 0.5) has (1 + 5) / 32 up to 1 and 1 / 32 at 0.
        let trials = of(1, [0, 1, 0, 0, 0]);
        assert!((mid_p(&trials, 0.5) - f64::midpoint(6.0, 1.0) / 32.0).abs() < 1e-12);
        assert!((mid_p(&of(1, [1; 5]), 0.5) - f64::midpoint(32.0, 31.0) / 32.0).abs() < 1e-12);
        assert!((mid_p(&of(1, [0; 5]), 0.5) - 0.5 / 32.0).abs() < 1e-12);
    }
}
