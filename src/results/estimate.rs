//! A number with its confidence interval.

use serde::{Deserialize, Serialize};

use crate::stats::{Interval, twelve_digits};

/// A mean over replications with its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Point estimate.
    pub mean: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// True where nothing was seen: then the interval is a bound, not an estimate.
    pub bound: bool,
    /// So few outages carry the mean that another sample may have a quite different one; the interval allows for it,
    /// but its width is chance. Left out if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rests_on_few: bool,
}

impl Estimate {
    /// Nothing, and known to be nothing.
    pub const ZERO: Self = Self { mean: 0.0, low: 0.0, high: 0.0, bound: false, rests_on_few: false };

    /// Whether a difference is more than chance alone explains.
    pub fn is_told_apart(&self) -> bool {
        !self.bound && (self.low > 0.0 || self.high < 0.0)
    }

    /// A mean with its interval, which contains it, whatever was rounded on the way.
    pub fn within(mean: f64, interval: Interval, bound: bool) -> Self {
        Self { mean, low: interval.low.min(mean), high: interval.high.max(mean), bound, rests_on_few: false }
    }

    /// The same in a unit of which there are `factor` in one of this.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        let Self { mean, low, high, .. } = self;
        Self { mean: mean * factor, low: low * factor, high: high * factor, ..self }
    }

    /// One less this share.
    #[must_use]
    pub fn complement(self) -> Self {
        Self { mean: 1.0 - self.mean, low: 1.0 - self.high, high: 1.0 - self.low, ..self }
    }

    /// The opposite difference.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { mean: -self.mean, low: -self.high, high: -self.low, ..self }
    }

    /// As it is written: to twelve digits.
    #[must_use]
    pub fn rounded(self) -> Self {
        let [mean, low, high] = [self.mean, self.low, self.high].map(twelve_digits);
        Self { mean, low, high, ..self }
    }
}
