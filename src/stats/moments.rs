//! Count, sum, sum of squares and moments of half orders of whole numbers: exact, and in no order.

use serde::{Deserialize, Serialize};

/// The first two moments of whole numbers, and of their sizes those of the orders ½ and 3/2.
///
/// Squares of a year in nanoseconds would overflow even `u128` after some 300,000
/// samples, so the unit is the caller's: microseconds for time, one for events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Moments {
    count: u64,
    nonzero: u64,
    sum: i128,
    squares: u128,
    largest: u64,
    /// Square roots of the sizes, each in parts of 2⁻¹⁰, rounded down.
    roots: u128,
    /// Sizes times their roots.
    root_cubes: u128,
}

/// Of a root, so that those of small numbers are not whole numbers.
const ROOT_BITS: u32 = 10;

impl Moments {
    /// Adds a sample.
    pub fn add(&mut self, value: i64) {
        let size = value.unsigned_abs();
        self.count += 1;
        self.nonzero += u64::from(value != 0);
        self.sum += i128::from(value);
        self.squares += u128::from(size) * u128::from(size);
        self.largest = self.largest.max(size);
        let root = (u128::from(size) << (2 * ROOT_BITS)).isqrt();
        self.roots += root;
        self.root_cubes += u128::from(size) * root;
    }

    /// Adds every sample of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.nonzero += other.nonzero;
        self.sum += other.sum;
        self.squares += other.squares;
        self.largest = self.largest.max(other.largest);
        self.roots += other.roots;
        self.root_cubes += other.root_cubes;
    }

    /// The moments of the differences `these − those`, where of each pair at most one is not zero.
    #[must_use]
    pub(super) fn less(&self, those: &Self) -> Self {
        Self {
            count: self.count,
            nonzero: self.nonzero + those.nonzero,
            sum: self.sum - those.sum,
            squares: self.squares + those.squares,
            largest: self.largest.max(those.largest),
            roots: self.roots + those.roots,
            root_cubes: self.root_cubes + those.root_cubes,
        }
    }

    /// How many samples.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many of them are not zero.
    pub fn nonzero(&self) -> u64 {
        self.nonzero
    }

    /// The sum.
    pub fn sum(&self) -> i128 {
        self.sum
    }

    /// The sum of squares.
    pub(super) fn squares(&self) -> u128 {
        self.squares
    }

    /// The sum of squares as the moments of lower orders would have it, for samples that are not negative; 0 without any.
    ///
    /// ln E[Xᵠ] is a parabola in q for a log-normal law, and near one for the sums of few or many such. The parabola
    /// through the orders ½, 1 and 3/2 gives the second moment, to which the largest samples matter less than to the mean
    /// square itself: where a tail has not been seen, the mean square is too small by far, and these are by less.
    pub(super) fn likely_squares(&self) -> f64 {
        if self.sum == 0 {
            return 0.0;
        }
        let parts = f64::from(1u32 << ROOT_BITS);
        self.roots as f64 / parts * (self.root_cubes as f64 / parts / self.sum as f64).powi(3)
    }

    /// How much the sizes differ: the variance of the logarithm that the same parabola gives; 0 if all are equal or zero.
    pub(super) fn spread(&self) -> f64 {
        if self.sum == 0 {
            return 0.0;
        }
        let parts = f64::from(1u32 << ROOT_BITS);
        let ratio = (self.roots as f64 / parts) * (self.root_cubes as f64 / parts) / (self.sum as f64).powi(2);
        (4.0 * ratio.ln()).max(0.0)
    }

    /// The largest size of a sample.
    pub fn largest(&self) -> u64 {
        self.largest
    }

    /// The mean; 0 without samples.
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 }
    }

    /// The sample variance (over n − 1); `None` for fewer than two samples.
    pub fn variance(&self) -> Option<f64> {
        if self.count < 2 {
            return None;
        }
        // About the whole part m of the mean everything is an integer, so nothing cancels:
        // Σ(x−x̄)² = Σx² − m(Σx + r) − r²/n, where Σx = n·m + r.
        let n = i128::from(self.count);
        let (m, r) = (self.sum.div_euclid(n), self.sum.rem_euclid(n));
        let about_m = self.squares as i128 - m * (self.sum + r);
        let about_mean = about_m as f64 - (r as f64) * (r as f64) / self.count as f64;
        Some((about_mean / (self.count - 1) as f64).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[i64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|&value| moments.add(value));
        moments
    }

    #[test]
    fn a_constant_has_no_variance_however_large() {
        let year_in_micros = 31_536_000_000_000;
        let moments = of(&[year_in_micros; 1_000]);
        assert_eq!(moments.variance(), Some(0.0));
        assert_eq!(moments.mean(), year_in_micros as f64);
    }

    /// Oracle: log-normal quantiles, all of the law but a ten-thousandth at either end.
    #[test]
    fn the_parabola_gives_the_second_moment_of_a_log_normal_law() {
        use statrs::distribution::{ContinuousCDF as _, Normal};
        let sigma = 0.8;
        let value =
            |i: u32| (1e6 * (sigma * Normal::standard().inverse_cdf((f64::from(i) + 0.5) / 5_000.0)).exp()) as i64;
        let moments = of(&(0..5_000).map(value).collect::<Vec<_>>());
        let relative = moments.likely_squares() / moments.squares() as f64;
        assert!((0.98..1.02).contains(&relative), "{relative}");
        assert!((moments.spread() / (sigma * sigma) - 1.0).abs() < 0.03, "{}", moments.spread());
    }

    #[test]
    fn equal_samples_have_no_spread() {
        let moments = of(&[3; 7]);
        assert_eq!((moments.spread(), of(&[0, 0]).spread()), (0.0, 0.0));
        assert!((moments.likely_squares() / 63.0 - 1.0).abs() < 2e-3, "{}", moments.likely_squares());
    }

    #[test]
    fn too_few_samples_have_no_variance() {
        assert_eq!(of(&[]).variance(), None);
        assert_eq!(of(&[3]).variance(), None);
        assert_eq!(of(&[3, 5]).variance(), Some(2.0));
    }

    proptest! {
        /// Property: any split merges to the same, and the variance is the textbook's.
        #[test]
        fn merging_is_exact(values in prop::collection::vec(-1_000i64..1_000, 2..50), at in 0usize..50) {
            let (left, right) = values.split_at(at.min(values.len()));
            let mut merged = of(right);
            merged.merge(&of(left));
            prop_assert_eq!(merged, of(&values));
            let n = values.len() as f64;
            let mean = values.iter().sum::<i64>() as f64 / n;
            let variance = values.iter().map(|&x| (x as f64 - mean).powi(2)).sum::<f64>() / (n - 1.0);
            prop_assert!((merged.variance().unwrap() - variance).abs() <= 1e-9 * (1.0 + variance));
        }
    }
}
