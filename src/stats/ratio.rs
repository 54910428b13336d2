//! The ratio of two means that were taken from the same replications.

use super::Interval;

/// A mean and its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// Its interval.
    pub interval: Interval,
}

impl Mean {
    fn negated(self) -> Self {
        let Interval { low, high } = self.interval;
        Self { mean: -self.mean, interval: Interval { low: -high, high: -low } }
    }
}

/// The interval of `over / under`, whose estimates are correlated; `None` where it has no end, as `under` may be 0.
///
/// From the intervals of both (MOVER for ratios: Donner and Zou, Statistical Methods in Medical Research 21:347, 2012): an
/// end is the ratio R at which the interval of `over − R·under` ends in 0. So it is as lopsided as they are.
pub fn ratio(over: Mean, under: Mean, correlation: f64) -> Option<Interval> {
    if under.interval.low <= 0.0 {
        return None;
    }
    let low = lower(over, under, correlation);
    let high = -lower(over.negated(), under, -correlation);
    (low.is_finite() && high.is_finite()).then_some(Interval { low, high })
}

fn lower(over: Mean, under: Mean, correlation: f64) -> f64 {
    let (m, n, least) = (over.mean, under.mean, over.interval.low);
    let a = m - least;
    let b = if least > 0.0 { under.interval.high - n } else { n - under.interval.low };
    let (square, half, rest) = (n * n - b * b, m * n - correlation * a * b, least * (2.0 * m - least));
    let root = (half * half - square * rest).max(0.0).sqrt();
    // The same root twice: the first way where the square may vanish, the second where the sum may.
    if least > 0.0 { rest / (half + root) } else { (half - root) / square }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(mean: f64, low: f64, high: f64) -> Mean {
        Mean { mean, interval: Interval { low, high } }
    }

    /// Validation: a known divisor only scales; a certain ratio (both the same) has no width.
    #[test]
    fn validation_limits_of_a_ratio() {
        let near = |interval: Interval, low: f64, high: f64| {
            assert!((interval.low - low).abs() < 1e-9 && (interval.high - high).abs() < 1e-9, "{interval:?}");
        };
        near(ratio(mean(6.0, 4.0, 9.0), mean(2.0, 2.0, 2.0), 0.0).unwrap(), 2.0, 4.5);
        near(ratio(mean(-1.0, -3.0, 2.0), mean(2.0, 2.0, 2.0), 0.0).unwrap(), -1.5, 1.0);
        near(ratio(mean(6.0, 4.0, 8.0), mean(6.0, 4.0, 8.0), 1.0).unwrap(), 1.0, 1.0);
        assert_eq!(ratio(mean(6.0, 4.0, 9.0), mean(2.0, 0.0, 5.0), 0.0), None);
    }

    /// Validation: with narrow normal intervals it is Fieller's, and so nearly the delta method's.
    #[test]
    fn validation_narrow_intervals_add_as_squares() {
        let interval = ratio(mean(10.0, 9.9, 10.1), mean(5.0, 4.95, 5.05), 0.5).unwrap();
        // Relative half-widths of 1 % each, correlated by a half: √(1 + 1 − 1) % of 2.
        assert!((interval.high - 2.02).abs() < 3e-4 && (interval.low - 1.98).abs() < 3e-4, "{interval:?}");
    }
}
