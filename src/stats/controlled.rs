//! Paired differences with control variates: the part that controls of known mean zero explain is subtracted.
//!
//! A control is a number that comes with every pair and whose mean is known to be zero. Where its mean over the pairs seen
//! is not zero, that was chance, and the part of the differences that goes with it is taken off: least squares tell how much
//! (Lavenberg and Welch, Management Science 27:322, 1981). The remainder varies less, and so does its mean.
//!
//! Two things make a control explode, and are kept out:
//!
//! - A fault that hardly ever struck. Its control is then nearly constant, a little below zero, and least squares find in it
//!   whatever else goes with the time in service. So a control takes part only if its event occurred at least
//!   [`EVENTS`] times and its mean is within [`ERRORS`] standard errors of zero. One that fails is left out alone.
//! - An outlier that sets its own coefficient. So coefficients are cross-fitted: the pairs are in ten folds, and those of
//!   a fold are adjusted with the coefficients that the other nine give (sample splitting: Avramidis and Wilson,
//!   Operations Research 41:1065, 1993). Given those, the controls of the fold still have mean zero, so the adjusted
//!   mean has no bias, however skewed the differences are.

use serde::{Deserialize, Serialize};

use super::interval::{Interval, t_quantile, tail};
use super::{MeanDifference, Paired};

/// Folds of the pairs.
const FOLDS: u64 = 10;
/// Pairs for each number that is fitted; with fewer the fit is chance itself.
const PAIRS_EACH: u64 = 10;
/// So often must the event of a control have occurred; half of that in the pairs that give the coefficients of a fold.
const EVENTS: u64 = 30;
/// So many standard errors may the mean of a control be from zero, where it belongs.
const ERRORS: f64 = 4.0;
/// A control that is nearly a sum of others (so much of its variance is left) says nothing more.
const NEW: f64 = 1e-9;

/// A control of one pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Control {
    /// How often its event occurred less how often that was to be expected, in any unit; the mean is exactly zero.
    pub excess: i64,
    /// How often its event occurred.
    pub events: u64,
}

/// Differences in one or several respects, with the controls that their pairs have in common. All sums are of whole
/// numbers, so merges are exact in any order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Controlled {
    differences: Vec<Paired>,
    controls: usize,
    /// As far as any has pairs.
    folds: Vec<Sums>,
}

/// What least squares need of some pairs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Sums {
    pairs: u64,
    /// By respect.
    differences: Vec<Of>,
    /// By control.
    controls: Vec<Of>,
    events: Vec<u64>,
    /// Products of differences and controls: by respect, then by control.
    with: Vec<i128>,
    /// Products of each control and those before it.
    among: Vec<i128>,
}

/// The sum of a number and of its squares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Of {
    sum: i128,
    squares: i128,
}

/// The differences of one respect, adjusted.
struct Adjusted {
    mean: f64,
    /// Of the mean.
    variance: f64,
}

impl Controlled {
    /// Of no pair yet, each with differences in so many respects and with so many controls.
    pub fn new(respects: usize, controls: usize) -> Self {
        Self { differences: vec![Paired::default(); respects], controls, folds: Vec::new() }
    }

    /// Whether each pair has so many differences and controls and every sum is there: what comes from a file may be
    /// anything.
    pub fn fits(&self, respects: usize, controls: usize) -> bool {
        let blank = Sums::new(respects, controls);
        self.differences.len() == respects
            && self.controls == controls
            && self.folds.len() as u64 <= FOLDS
            && self.folds.iter().all(|fold| fold.is_like(&blank))
    }

    /// Adds a pair of the `batch`-th batch: its differences and its controls. All pairs of a batch are in one fold, so
    /// the folds are the same whoever played it.
    pub fn add(&mut self, batch: u64, differences: &[i64], controls: &[Control]) {
        assert_eq!((differences.len(), controls.len()), (self.differences.len(), self.controls));
        self.differences.iter_mut().zip(differences).for_each(|(sum, &new)| sum.add(new));
        let fold = (batch % FOLDS) as usize;
        if self.controls > 0 {
            self.reach(fold + 1);
            self.folds[fold].add(differences, controls);
        }
    }

    /// Adds every pair of `other`, which has as many differences and controls.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!((self.differences.len(), self.controls), (other.differences.len(), other.controls));
        self.differences.iter_mut().zip(&other.differences).for_each(|(sum, new)| sum.merge(new));
        self.reach(other.folds.len());
        self.folds.iter_mut().zip(&other.folds).for_each(|(sum, new)| sum.merge(new));
    }

    fn reach(&mut self, folds: usize) {
        let blank = Sums::new(self.differences.len(), self.controls);
        self.folds.resize(self.folds.len().max(folds), blank);
    }

    /// The differences in a respect without their controls.
    pub fn plain(&self, respect: usize) -> &Paired {
        &self.differences[respect]
    }

    /// The mean difference in a respect with its interval. Without a control that takes part, or with too few pairs, it is
    /// that of the plain differences.
    ///
    /// With controls the interval is Student's about the adjusted differences. From what a skewed difference adds at either
    /// end beyond Student's ([`Paired::interval`]) nothing is taken off: the rare large pairs that it allows for are what
    /// controls explain least.
    pub fn mean(&self, respect: usize, confidence: f64) -> MeanDifference {
        let differences = &self.differences[respect];
        let plain = differences.mean(confidence);
        let (Some(variance), Some(interval), Some(adjusted)) = (plain.variance, plain.interval, self.adjusted(respect))
        else {
            return plain;
        };
        let t = t_quantile(differences.moments().count() as f64 - 1.0, 1.0 - tail(confidence));
        let (half, new_half) = (t * variance.sqrt(), t * adjusted.variance.sqrt());
        let side =
            |distance: f64| if distance >= half { new_half + distance - half } else { new_half * distance / half };
        let low = adjusted.mean - side(plain.mean - interval.low);
        let high = adjusted.mean + side(interval.high - plain.mean);
        let (variance, interval) = (Some(adjusted.variance), Some(Interval { low, high }));
        MeanDifference { mean: adjusted.mean, variance, interval, ..plain }
    }

    /// The sums of all folds but one.
    fn without(&self, left_out: Option<usize>) -> Sums {
        let mut sums = Sums::new(self.differences.len(), self.controls);
        let folds = self.folds.iter().enumerate().filter(|(number, _)| Some(*number) != left_out);
        folds.for_each(|(_, fold)| sums.merge(fold));
        sums
    }

    /// The differences less what the controls explain; `None` where they explain nothing that can be relied on.
    fn adjusted(&self, respect: usize) -> Option<Adjusted> {
        let all = self.without(None);
        let used: Vec<usize> = (0..self.controls).filter(|&control| all.is_sound(control)).collect();
        let mut is_adjusted = false;
        let mut folds = Vec::new();
        for (number, fold) in self.folds.iter().enumerate().filter(|(_, fold)| fold.pairs > 0) {
            let coefficients = self.without(Some(number)).coefficients(respect, &used);
            is_adjusted |= !coefficients.is_empty();
            folds.push((fold.pairs as f64, fold.less(respect, &coefficients)));
        }
        if !is_adjusted {
            return None;
        }
        let n = all.pairs as f64;
        let mean = folds.iter().map(|(pairs, (mean, _))| pairs * mean).sum::<f64>() / n;
        let squares: f64 = folds.iter().map(|(pairs, (at, squares))| squares + pairs * (at - mean).powi(2)).sum();
        Some(Adjusted { mean, variance: squares / (n * (n - 1.0)) })
    }
}

impl Sums {
    fn new(respects: usize, controls: usize) -> Self {
        Self {
            pairs: 0,
            differences: vec![Of::default(); respects],
            controls: vec![Of::default(); controls],
            events: vec![0; controls],
            with: vec![0; respects * controls],
            among: vec![0; controls * controls.saturating_sub(1) / 2],
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        let shape = |sums: &Self| {
            [sums.differences.len(), sums.controls.len(), sums.events.len(), sums.with.len(), sums.among.len()]
        };
        shape(self) == shape(other)
    }

    fn add(&mut self, differences: &[i64], controls: &[Control]) {
        let product = |a: i64, b: i64| i128::from(a) * i128::from(b);
        let add = |of: &mut Of, value: i64| {
            of.sum += i128::from(value);
            of.squares += product(value, value);
        };
        self.pairs += 1;
        self.differences.iter_mut().zip(differences).for_each(|(of, &value)| add(of, value));
        self.controls.iter_mut().zip(controls).for_each(|(of, control)| add(of, control.excess));
        self.events.iter_mut().zip(controls).for_each(|(sum, control)| *sum += control.events);
        let pairs = differences.iter().flat_map(|&difference| controls.iter().map(move |c| (difference, c.excess)));
        self.with.iter_mut().zip(pairs).for_each(|(sum, (a, b))| *sum += product(a, b));
        let before =
            controls.iter().enumerate().flat_map(|(index, one)| controls[..index].iter().map(move |b| (one, b)));
        self.among.iter_mut().zip(before).for_each(|(sum, (a, b))| *sum += product(a.excess, b.excess));
    }

    /// Adds every pair of `other`, which has the same shape.
    fn merge(&mut self, other: &Self) {
        self.pairs += other.pairs;
        let of = self.differences.iter_mut().chain(&mut self.controls);
        for (of, new) in of.zip(other.differences.iter().chain(&other.controls)) {
            of.sum += new.sum;
            of.squares += new.squares;
        }
        self.events.iter_mut().zip(&other.events).for_each(|(sum, new)| *sum += new);
        let products = self.with.iter_mut().chain(&mut self.among);
        products.zip(other.with.iter().chain(&other.among)).for_each(|(sum, new)| *sum += new);
    }

    /// Whether a control may take part.
    fn is_sound(&self, control: usize) -> bool {
        let own = self.about(self.controls[control].squares, self.controls[control], self.controls[control]);
        let mean = self.controls[control].sum as f64 / self.pairs as f64;
        let error = (own / self.pairs as f64 / (self.pairs as f64 - 1.0)).sqrt();
        self.events[control] >= EVENTS && own > 0.0 && mean.abs() <= ERRORS * error
    }

    /// The sum of products about the means; whole until it is divided, so nothing cancels.
    fn about(&self, products: i128, a: Of, b: Of) -> f64 {
        (i128::from(self.pairs) * products - a.sum * b.sum) as f64 / self.pairs as f64
    }

    fn product(&self, a: usize, b: usize) -> f64 {
        let products = match a.cmp(&b) {
            std::cmp::Ordering::Equal => self.controls[a].squares,
            std::cmp::Ordering::Greater => self.among[a * (a - 1) / 2 + b],
            std::cmp::Ordering::Less => self.among[b * (b - 1) / 2 + a],
        };
        self.about(products, self.controls[a], self.controls[b])
    }

    fn with(&self, respect: usize, control: usize) -> f64 {
        let products = self.with[respect * self.controls.len() + control];
        self.about(products, self.differences[respect], self.controls[control])
    }

    /// The coefficients of `used`, by least squares over these pairs: each control with its own; none with too few pairs.
    fn coefficients(&self, respect: usize, used: &[usize]) -> Vec<(usize, f64)> {
        let is_seen = |&control: &usize| 2 * self.events[control] >= EVENTS && self.product(control, control) > 0.0;
        let used: Vec<usize> = used.iter().copied().filter(is_seen).collect();
        if self.pairs < PAIRS_EACH * (used.len() as u64 + 1) {
            return Vec::new();
        }
        let scales: Vec<f64> = used.iter().map(|&control| self.product(control, control).sqrt()).collect();
        let fit =
            Fit::new(
                used.len(),
                |i, j| {
                    if i == j { 1.0 } else { self.product(used[i], used[j]) / (scales[i] * scales[j]) }
                },
            );
        let with: Vec<f64> =
            used.iter().zip(&scales).map(|(&control, scale)| self.with(respect, control) / scale).collect();
        let solved = fit.solve(&with);
        used.iter().zip(&scales).zip(solved).map(|((&control, scale), solved)| (control, solved / scale)).collect()
    }

    /// Mean of the differences less the controls with these coefficients, and the sum of squares about it.
    fn less(&self, respect: usize, coefficients: &[(usize, f64)]) -> (f64, f64) {
        let of = self.differences[respect];
        let (mut mean, mut squares) = (of.sum as f64 / self.pairs as f64, self.about(of.squares, of, of));
        for &(control, by) in coefficients {
            mean -= by * self.controls[control].sum as f64 / self.pairs as f64;
            squares -= 2.0 * by * self.with(respect, control);
            squares += coefficients.iter().map(|&(other, with)| by * with * self.product(control, other)).sum::<f64>();
        }
        (mean, squares.max(0.0))
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

    /// The solution for the right side `vector`, by substitution down the triangle and up again; 0 where a row is left
    /// out.
    fn solve(&self, vector: &[f64]) -> Vec<f64> {
        let mut solved = vec![0.0; vector.len()];
        for (i, row) in self.rows() {
            let known: f64 = (0..i).map(|k| row[k] * solved[k]).sum();
            solved[i] = (vector[i] - known) / row[i];
        }
        for (i, row) in self.rows().rev() {
            let known: f64 = self.rows().filter(|(k, _)| *k > i).map(|(k, below)| below[i] * solved[k]).sum();
            solved[i] = (solved[i] - known) / row[i];
        }
        solved
    }

    fn rows(&self) -> impl DoubleEndedIterator<Item = (usize, &Vec<f64>)> {
        self.0.iter().enumerate().filter_map(|(i, row)| Some((i, row.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pairs with a difference and the excess of three controls, whose events occur once in each pair.
    fn of(pairs: &[(i64, [i64; 3])]) -> Controlled {
        let mut sums = Controlled::new(1, 3);
        for (index, (difference, controls)) in pairs.iter().enumerate() {
            sums.add(index as u64 / 32, &[*difference], &controls.map(|excess| Control { excess, events: 1 }));
        }
        sums
    }

    /// A number between −0.5 and 0.5.
    fn noise(seed: u64) -> f64 {
        let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    }

    /// What two controls explain is taken off whole, and a third that is their sum does no harm.
    #[test]
    fn what_is_explained_leaves_no_variance() {
        let pairs: Vec<_> = (0..200u64)
            .map(|i| {
                let (a, b) = ((noise(i) * 100.0) as i64, (noise(i + 1_000) * 90.0) as i64);
                (1_000 + 5 * a - 3 * b, [a, b, a + b])
            })
            .collect();
        let sums = of(&pairs);
        let mean = sums.mean(0, 0.95);
        assert!((mean.mean - 1_000.0).abs() < 1e-6, "{mean:?}");
        assert!(mean.variance.unwrap() < 1e-9, "{mean:?}");
        let interval = mean.interval.unwrap();
        assert!(interval.low <= mean.mean && mean.mean <= interval.high, "{mean:?}");
    }

    /// Oracle: one control, by the textbook, the coefficient of each fold from the pairs of the others.
    #[test]
    fn one_control_is_simple_regression_over_the_other_folds() {
        let pair = |i: u64| {
            let control = (noise(i) * 100.0) as i64;
            (3_000 + 7 * control + (noise(i + 5_000) * 500.0) as i64, [control, 0, 0])
        };
        let pairs: Vec<_> = (0..500).map(pair).collect();
        let fold = |i: usize| i / 32 % 10;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let slope = |without: usize| {
            let rest: Vec<_> = (0..500).filter(|&i| fold(i) != without).map(|i| pairs[i]).collect();
            let (y, x): (Vec<f64>, Vec<f64>) = rest.iter().map(|(y, x)| (*y as f64, x[0] as f64)).unzip();
            let (my, mx) = (mean(&y), mean(&x));
            let xy = x.iter().zip(&y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>();
            xy / x.iter().map(|x| (x - mx).powi(2)).sum::<f64>()
        };
        let slopes: Vec<f64> = (0..10).map(slope).collect();
        let adjusted: Vec<f64> = (0..500).map(|i| pairs[i].0 as f64 - slopes[fold(i)] * pairs[i].1[0] as f64).collect();
        let expected = mean(&adjusted);
        let variance = adjusted.iter().map(|x| (x - expected).powi(2)).sum::<f64>() / (500.0 * 499.0);
        let told = of(&pairs).mean(0, 0.95);
        assert!((told.mean - expected).abs() < 1e-6, "{told:?}, not {expected}");
        assert!((told.variance.unwrap() / variance - 1.0).abs() < 1e-9, "{told:?}, not {variance}");
    }

    /// With so many pairs there would be a fit, and with so many events a control.
    #[test]
    fn few_pairs_and_unseen_controls_leave_the_plain_interval() {
        let add = |sums: &mut Controlled, i: u64, events: u64| {
            let control = Control { excess: events as i64 * 1_000 - i as i64 % 7, events };
            sums.add(i / 32, &[100 + i as i64 % 13 + 50 * events as i64], &[control]);
        };
        let mut few = Controlled::new(1, 1);
        (0..36).for_each(|i| add(&mut few, i, 1));
        let mut rare = Controlled::new(1, 1);
        (0..500).for_each(|i| add(&mut rare, i, u64::from(i % 17 == 0 && i / 17 < 29)));
        for sums in [few, rare] {
            let told = sums.mean(0, 0.95);
            assert_eq!(told.mean, sums.plain(0).moments().mean());
            assert_eq!(told.interval, sums.plain(0).interval(0.95));
        }
    }

    /// A control that is not about zero, or that was never seen, is left out; the other still takes its part off.
    #[test]
    fn a_control_that_fails_leaves_itself_out_and_no_other() {
        let sums = |second: fn(u64) -> Control| {
            let mut sums = Controlled::new(1, 2);
            for i in 0..640 {
                let excess = (noise(i) * 2_000.0) as i64;
                let first = Control { excess, events: 1 };
                sums.add(i / 32, &[5_000 + 3 * excess + (noise(i + 9_000) * 100.0) as i64], &[first, second(i)]);
            }
            sums.mean(0, 0.95)
        };
        let alone = sums(|_| Control::default());
        assert!(alone.variance.unwrap() < 5.0, "{alone:?}");
        // The hazard of a fault that never struck, which goes with the time in service.
        let unseen = sums(|i| Control { excess: -90 - (noise(i) * 3.0) as i64, events: 0 });
        let shifted = sums(|i| Control { excess: 400 + (noise(i + 77) * 100.0) as i64, events: 3 });
        assert_eq!((unseen, shifted), (alone, alone));
    }

    #[test]
    fn no_difference_stays_none() {
        let pairs: Vec<_> = (0..500i64).map(|i| (0, [i % 7 - 3, 0, 0])).collect();
        let told = of(&pairs).mean(0, 0.95);
        assert_eq!((told.mean, told.interval), (0.0, None));
    }

    /// Respects have the same controls and nothing else in common.
    #[test]
    fn respects_do_not_meet() {
        let pairs: Vec<_> = (0..300u64).map(|i| ((noise(i) * 1e6) as i64, (noise(i + 400) * 1e3) as i64)).collect();
        let mut both = Controlled::new(2, 1);
        let mut second = Controlled::new(1, 1);
        for (i, (excess, other)) in (0u64..).zip(&pairs) {
            let control = [Control { excess: *excess, events: 1 }];
            both.add(i / 32, &[i as i64, 7 * other + excess / 1_000], &control);
            second.add(i / 32, &[7 * other + excess / 1_000], &control);
        }
        assert_eq!(both.mean(1, 0.95), second.mean(0, 0.95));
        assert!(both.fits(2, 1) && !both.fits(1, 1) && !both.fits(2, 2));
    }

    proptest! {
        /// Property: any split merges to the same.
        #[test]
        fn merging_is_exact(
            pairs in prop::collection::vec((any::<i32>(), any::<[i32; 3]>(), 0u64..20), 0..40),
            at in 0usize..40,
        ) {
            let of = |pairs: &[(i32, [i32; 3], u64)]| {
                let mut sums = Controlled::new(1, 3);
                for (difference, controls, batch) in pairs {
                    let controls = controls.map(|excess| Control { excess: excess.into(), events: *batch });
                    sums.add(*batch, &[(*difference).into()], &controls);
                }
                sums
            };
            let (left, right) = pairs.split_at(at.min(pairs.len()));
            let mut merged = of(right);
            merged.merge(&of(left));
            prop_assert_eq!(merged, of(&pairs));
        }
    }
}
