//! Differences in pairs, less what luck with known odds has brought.
//!
//! A control is a number that comes with every pair and whose mean is known to be zero. Where its mean over the pairs seen
//! is not zero, that was luck, and the differences that go with it are taken off: least squares tell how much (control
//! variates: Lavenberg and Welch, Management Science 27:322, 1981). What is left varies less, and so does its mean.

use serde::{Deserialize, Serialize};

use super::interval::{Interval, is_enough, t_quantile, tail};
use super::{MeanDifference, Moments, Paired};

/// Pairs for each number that is fitted; with fewer the fit is luck itself.
const PAIRS_EACH: u64 = 10;
/// A control must have been seen: its squares must come to so many times the largest of them.
const SEEN: f64 = 30.0;
/// A control that is nearly a sum of others (so much of its variance is left) says nothing more.
const NEW: f64 = 1e-9;

/// Differences with their controls. All sums are of whole numbers, so merges are exact in any order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Controlled {
    differences: Paired,
    controls: Vec<Moments>,
    /// Sums of the products of differences and controls.
    with: Vec<i128>,
    /// Sums of the products of each control and those before it.
    among: Vec<i128>,
}

/// What is left of the differences.
struct Rest {
    mean: f64,
    /// Of the mean.
    variance: f64,
    freedom: f64,
}

impl Controlled {
    /// Of no pair yet, each with so many controls.
    pub fn new(controls: usize) -> Self {
        Self {
            differences: Paired::default(),
            controls: vec![Moments::default(); controls],
            with: vec![0; controls],
            among: vec![0; controls * controls.saturating_sub(1) / 2],
        }
    }

    /// Whether each pair has so many controls and every sum is there: what comes from a file may be anything.
    pub fn fits(&self, controls: usize) -> bool {
        self.controls.len() == controls
            && self.with.len() == controls
            && self.among.len() == controls * controls.saturating_sub(1) / 2
    }

    /// Adds a pair.
    pub fn add(&mut self, difference: i64, controls: &[i64]) {
        debug_assert_eq!(controls.len(), self.controls.len());
        self.differences.add(difference);
        let product = |a: i64, b: i64| i128::from(a) * i128::from(b);
        let mut among = self.among.iter_mut();
        for (index, &control) in controls.iter().enumerate() {
            self.controls[index].add(control);
            self.with[index] += product(difference, control);
            for (&other, sum) in controls[..index].iter().zip(&mut among) {
                *sum += product(control, other);
            }
        }
    }

    /// Adds every pair of `other`, which has as many controls.
    pub fn merge(&mut self, other: &Self) {
        debug_assert_eq!(self.controls.len(), other.controls.len());
        self.differences.merge(&other.differences);
        self.controls.iter_mut().zip(&other.controls).for_each(|(sum, new)| sum.merge(new));
        self.with.iter_mut().zip(&other.with).for_each(|(sum, new)| *sum += new);
        self.among.iter_mut().zip(&other.among).for_each(|(sum, new)| *sum += new);
    }

    /// The differences without their controls.
    pub fn plain(&self) -> &Paired {
        &self.differences
    }

    /// The mean difference with its interval. With too few pairs, or too few that differ, or no control that was seen
    /// often enough, it is that of the plain differences.
    ///
    /// With controls the interval is Student's about what is left, with one degree of freedom fewer for each of them. To
    /// what a skewed difference adds at either end beyond Student's ([`Paired::interval`]) nothing is taken off: the
    /// rare large pairs that it allows for are what controls explain least.
    pub fn mean(&self, confidence: f64) -> MeanDifference {
        let n = self.differences.moments().count() as f64;
        let plain = self.differences.mean(confidence);
        let (Some(variance), Some(interval), Some(rest)) = (plain.variance, plain.interval, self.rest()) else {
            return plain;
        };
        let p = 1.0 - tail(confidence);
        let half = t_quantile(n - 1.0, p) * variance.sqrt();
        let new_half = t_quantile(rest.freedom, p) * rest.variance.sqrt();
        let side =
            |distance: f64| if distance > half { new_half + distance - half } else { new_half * distance / half };
        let low = rest.mean - side(plain.mean - interval.low);
        let high = rest.mean + side(interval.high - plain.mean);
        MeanDifference { mean: rest.mean, variance: Some(rest.variance), interval: Some(Interval { low, high }) }
    }

    /// What least squares leave, if they hold.
    fn rest(&self) -> Option<Rest> {
        let moments = self.differences.moments();
        let seen = |moments: &Moments| {
            let largest = moments.largest() as f64;
            moments.squares() as f64 >= SEEN * largest * largest && moments.variance().is_some_and(|v| v > 0.0)
        };
        let used: Vec<usize> = (0..self.controls.len()).filter(|&index| seen(&self.controls[index])).collect();
        let pairs = moments.count();
        if used.is_empty() || pairs < PAIRS_EACH * (used.len() as u64 + 1) {
            return None;
        }
        if !is_enough(self.differences.size(), moments.squares() as f64) {
            return None;
        }
        let n = i128::from(pairs);
        // Sums of products about the means; whole until they are divided, so nothing cancels.
        let about = |products: i128, a: &Moments, b: &Moments| (n * products - a.sum() * b.sum()) as f64 / pairs as f64;
        let own = |moments: &Moments| about(moments.squares() as i128, moments, moments);
        let scales: Vec<f64> = used.iter().map(|&index| own(&self.controls[index]).sqrt()).collect();
        let fit = Fit::new(used.len(), |i, j| {
            let (a, b) = (used[i], used[j]);
            let products = if a == b { return 1.0 } else { self.among[a * (a - 1) / 2 + b] };
            about(products, &self.controls[a], &self.controls[b]) / (scales[i] * scales[j])
        });
        let scaled = |value: &dyn Fn(usize) -> f64| -> Vec<f64> {
            used.iter().zip(&scales).map(|(&index, scale)| value(index) / scale).collect()
        };
        // In the coordinates of the triangle the controls are unrelated and of size one.
        let explained = fit.solve(&scaled(&|index| about(self.with[index], &moments, &self.controls[index])));
        let luck = fit.solve(&scaled(&|index| self.controls[index].mean()));
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let freedom = pairs as f64 - fit.used() as f64 - 1.0;
        let left = (own(&moments) - product(&explained, &explained)).max(0.0) / freedom;
        Some(Rest {
            mean: moments.mean() - product(&explained, &luck),
            variance: left * (1.0 / pairs as f64 + product(&luck, &luck)),
            freedom,
        })
    }
}

/// Cholesky's triangle of a matrix of correlations; rows that say nothing new are left out.
struct Fit(Vec<Option<Vec<f64>>>);

impl Fit {
    /// `entry(i, j)` for j ≤ i < `size`.
    fn new(size: usize, entry: impl Fn(usize, usize) -> f64) -> Self {
        let mut rows: Vec<Option<Vec<f64>>> = Vec::with_capacity(size);
        for i in 0..size {
            let mut row = vec![0.0; i + 1];
            for j in 0..=i {
                let below: f64 = match rows.get(j) {
                    Some(Some(above)) => (0..j).map(|k| row[k] * above[k]).sum(),
                    Some(None) => continue,
                    None => (0..j).map(|k| row[k] * row[k]).sum(),
                };
                let rest = entry(i, j) - below;
                row[j] = match rows.get(j) {
                    Some(Some(above)) => rest / above[j],
                    _ => rest,
                };
            }
            let left = row[i];
            row[i] = left.max(0.0).sqrt();
            rows.push((left > NEW).then_some(row));
        }
        Self(rows)
    }

    fn used(&self) -> usize {
        self.0.iter().flatten().count()
    }

    /// The coordinates of `vector` in the triangle; 0 where a row is left out.
    fn solve(&self, vector: &[f64]) -> Vec<f64> {
        let mut solved = vec![0.0; vector.len()];
        for (i, row) in self.0.iter().enumerate() {
            if let Some(row) = row {
                let known: f64 = (0..i).map(|k| row[k] * solved[k]).sum();
                solved[i] = (vector[i] - known) / row[i];
            }
        }
        solved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(pairs: &[(i64, [i64; 3])]) -> Controlled {
        let mut sums = Controlled::new(3);
        pairs.iter().for_each(|(difference, controls)| sums.add(*difference, controls));
        sums
    }

    /// What two controls explain is taken off whole, and a third that is their sum does no harm.
    #[test]
    fn what_is_explained_leaves_no_variance() {
        let pairs: Vec<_> = (0..200i64)
            .map(|i| {
                let (a, b) = (i * 37 % 101 - 45, i * i * 13 % 89 - 40);
                (1_000 + 5 * a - 3 * b, [a, b, a + b])
            })
            .collect();
        let sums = of(&pairs);
        let mean = sums.mean(0.95);
        assert!((mean.mean - 1_000.0).abs() < 1e-6, "{mean:?}");
        assert!(mean.variance.unwrap() < 1e-9, "{mean:?}");
        let interval = mean.interval.unwrap();
        assert!(interval.low <= mean.mean && mean.mean <= interval.high, "{mean:?}");
    }

    /// Oracle: one control, by the textbook.
    #[test]
    fn one_control_is_simple_regression() {
        let pairs: Vec<_> = (0..500i64).map(|i| (3_000 + i * 7_919 % 613, [i * 7_919 % 613 / 7 - 40, 0, 0])).collect();
        let n = pairs.len() as f64;
        let (y, x): (Vec<f64>, Vec<f64>) = pairs.iter().map(|(y, x)| (*y as f64, x[0] as f64)).unzip();
        let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
        let (my, mx) = (mean(&y), mean(&x));
        let about =
            |a: &[f64], ma: f64, b: &[f64], mb: f64| a.iter().zip(b).map(|(a, b)| (a - ma) * (b - mb)).sum::<f64>();
        let (xx, xy, yy) = (about(&x, mx, &x, mx), about(&x, mx, &y, my), about(&y, my, &y, my));
        let slope = xy / xx;
        let told = of(&pairs).mean(0.95);
        assert!((told.mean - (my - slope * mx)).abs() < 1e-6, "{told:?}");
        let variance = (yy - slope * xy) / (n - 2.0) * (1.0 / n + mx * mx / xx);
        assert!((told.variance.unwrap() / variance - 1.0).abs() < 1e-9, "{told:?}, not {variance}");
    }

    #[test]
    fn few_pairs_and_unseen_controls_leave_the_plain_interval() {
        let few: Vec<_> = (0..9i64).map(|i| (100 + i, [i - 4, 0, 0])).collect();
        let rare: Vec<_> = (0..500i64).map(|i| (100 + i, [i64::from(i < 20), 0, 0])).collect();
        for pairs in [few, rare] {
            let sums = of(&pairs);
            let told = sums.mean(0.95);
            assert_eq!(told.mean, sums.plain().moments().mean());
            assert_eq!(told.interval, sums.plain().interval(0.95));
        }
    }

    #[test]
    fn no_difference_stays_none() {
        let pairs: Vec<_> = (0..500i64).map(|i| (0, [i % 7 - 3, 0, 0])).collect();
        let told = of(&pairs).mean(0.95);
        assert_eq!((told.mean, told.interval), (0.0, None));
    }

    proptest! {
        /// Property: any split merges to the same.
        #[test]
        fn merging_is_exact(
            pairs in prop::collection::vec((any::<i32>(), any::<[i32; 3]>()), 0..40),
            at in 0usize..40,
        ) {
            let pairs: Vec<_> = pairs.into_iter().map(|(y, c)| (i64::from(y), c.map(i64::from))).collect();
            let (left, right) = pairs.split_at(at.min(pairs.len()));
            let mut merged = of(right);
            merged.merge(&of(left));
            prop_assert_eq!(merged, of(&pairs));
        }
    }
}
