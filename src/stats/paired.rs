//! Differences of two scenarios, replication by replication.

use serde::{Deserialize, Serialize};

use super::Moments;
use super::interval::{ENOUGH, Further, Interval, Kind, SURPRISE, Total, gamma, is_few};

/// Differences in pairs. Increases and decreases are kept apart, because where only few pairs differ they are two
/// rare things and not one normal one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Paired {
    increases: Moments,
    decreases: Moments,
}

/// A mean difference as it is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanDifference {
    /// The mean; with controls less what they explain.
    pub mean: f64,
    /// Its variance; `None` with fewer than two pairs.
    pub variance: Option<f64>,
    /// Its interval; `None` where no pair differed.
    pub interval: Option<Interval>,
    /// So few pairs carry it that another sample may have a quite different one.
    pub rests_on_few: bool,
}

impl Paired {
    /// Adds a difference.
    pub fn add(&mut self, difference: i64) {
        self.increases.add(difference.max(0));
        self.decreases.add(difference.saturating_neg().max(0));
    }

    /// Adds every difference of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.increases.merge(&other.increases);
        self.decreases.merge(&other.decreases);
    }

    /// The mean difference.
    pub fn mean(&self, confidence: f64) -> MeanDifference {
        let moments = self.moments();
        let variance = moments.variance().map(|variance| variance / moments.count() as f64);
        let rests_on_few = is_few(effective(&self.sizes()));
        MeanDifference { mean: moments.mean(), variance, interval: self.interval(confidence), rests_on_few }
    }

    /// The moments of the differences.
    pub fn moments(&self) -> Moments {
        self.increases.less(&self.decreases)
    }

    /// The sizes of the differences, whatever their sign, and as many zeros.
    fn sizes(&self) -> Moments {
        let mut sizes = self.increases;
        sizes.merge(&self.decreases);
        sizes
    }

    /// The interval of the mean difference; `None` where no pair differed.
    ///
    /// Increases and decreases have a gamma interval each, as amounts have. Their distances from the means are added as
    /// squares, less what the two have in common: where one is, the other is not (MOVER: Zou and Donner, Statistics in
    /// Medicine 27:1693, 2008). While few pairs differ, either side is taken to be able to bring what the other brought, at
    /// first three times the largest of all differences, and ever less as more are seen.
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let (up, down) = (&self.increases, &self.decreases);
        let sizes = self.sizes();
        if sizes.nonzero() == 0 {
            return None;
        }
        let effective = effective(&sizes);
        let either = SURPRISE.min(ENOUGH / effective) * sizes.largest() as f64;
        let side = |moments: &Moments| {
            let total = Total::of(moments, 0.0);
            let Further { below, above } = total.further(moments, Kind::Amounts, effective);
            gamma(&total, moments.count(), confidence, Further { below, above: above.max(either) })
        };
        let (ups, downs) = (side(up), side(down));
        let spread = |moments: &Moments| moments.variance().unwrap_or(0.0).sqrt();
        let both = spread(up) * spread(down);
        let correlation = if both > 0.0 { (-up.mean() * down.mean() / both).max(-1.0) } else { 0.0 };
        let distance = |up: f64, down: f64| (up * up + down * down - 2.0 * correlation * up * down).max(0.0).sqrt();
        let mean = up.mean() - down.mean();
        Some(Interval {
            low: mean - distance(up.mean() - ups.low, downs.high - down.mean()),
            high: mean + distance(ups.high - up.mean(), down.mean() - downs.low),
        })
    }
}

/// As how many equal differences they scatter; without limit where there is none, so that nothing rests on few.
fn effective(sizes: &Moments) -> f64 {
    if sizes.nonzero() == 0 {
        return f64::INFINITY;
    }
    (sizes.sum() as f64).powi(2) / (sizes.squares() as f64).max(sizes.likely_squares())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = i64>) -> Paired {
        let mut paired = Paired::default();
        values.into_iter().for_each(|value| paired.add(value));
        paired
    }

    #[test]
    fn the_moments_are_those_of_the_differences() {
        let values = [3, -5, 0, 7, -1];
        let mut direct = Moments::default();
        values.iter().for_each(|&value| direct.add(value));
        assert_eq!(of(values).moments(), direct);
        let mut merged = of(values[..2].iter().copied());
        merged.merge(&of(values[2..].iter().copied()));
        assert_eq!(merged, of(values));
    }

    #[test]
    fn no_difference_anywhere_has_no_interval() {
        assert_eq!(of([0; 50]).interval(0.95), None);
    }

    #[test]
    fn a_few_differences_do_not_decide() {
        let interval = of((0..1_000).map(|i| if i < 3 { 100 } else { 0 })).interval(0.95).unwrap();
        assert!(interval.low < 0.0 && interval.high > 0.3, "{interval:?}");
        // Many on one side do.
        let interval = of((0..1_000).map(|i| if i < 29 { 100 } else { 0 })).interval(0.95).unwrap();
        assert!(interval.low > 0.0 && interval.high > 2.0, "{interval:?}");
    }
}
