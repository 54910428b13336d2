//! Differences of two scenarios, replication by replication.

use super::Moments;
use super::interval::{Interval, SURPRISE, gamma, is_enough, student};

/// Differences in pairs. Increases and decreases are kept apart, because where only few pairs differ they are two
/// rare things and not one normal one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Paired {
    increases: Moments,
    decreases: Moments,
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

    /// The moments of the differences.
    pub fn moments(&self) -> Moments {
        self.increases.less(&self.decreases)
    }

    /// The interval of the mean difference; `None` where no pair differed.
    ///
    /// Student's t when at least [`ENOUGH`](super::ENOUGH) pairs differ, or all do. With fewer, increases and decreases have a gamma interval
    /// each, at half the error: the largest increase less the smallest decrease, and the reverse, hold together (Bonferroni).
    /// A side on which nothing was seen is taken to be able to bring what the other brought.
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let all = self.moments();
        if all.nonzero() == 0 {
            return None;
        }
        if is_enough(&all)
            && let Some(t) = student(&all, confidence)
        {
            return Some(t);
        }
        let each = f64::midpoint(1.0, confidence);
        let weight = SURPRISE * all.largest() as f64;
        let up = gamma(&self.increases, each, 0.0, weight);
        let down = gamma(&self.decreases, each, 0.0, weight);
        Some(Interval { low: up.low - down.high, high: up.high - down.low })
    }
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
