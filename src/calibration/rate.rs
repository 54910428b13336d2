//! What a count says of a rate.

use crate::random::Law;

/// The rate of a Poisson process of which `count` events were seen in a time that was watched, after Jeffreys: with his prior,
/// which is proportional to 1/√rate, what is known of the rate is a gamma law with shape `count` + ½ and mean
/// (`count` + ½) / time. Its intervals lie between those of exact tests, and it has a median where nothing was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Shape of the gamma law.
    pub shape: f64,
    /// Its mean: events in a unit of the time.
    pub mean: f64,
}

impl Rate {
    /// From so many events in a time that must be positive.
    pub fn of(count: u64, time: f64) -> Self {
        let shape = count as f64 + 0.5;
        Self { shape, mean: shape / time }
    }

    /// The rate that is as likely exceeded as not.
    pub fn median(self) -> f64 {
        self.quantile(0.5)
    }

    /// The rate that lies below with this probability.
    pub fn quantile(self, u: f64) -> f64 {
        let law = Law::gamma(self.shape, self.mean).ok();
        law.and_then(|law| law.quantile(u)).unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Validation: 31 crashes in 270 replica-days are 42.6 a year, 95 %: 29.0 to 58.7; and nothing seen has half of the chi-square
    /// quantiles with one degree of freedom (Abramowitz and Stegun, table 26.8).
    #[test]
    fn counts_become_rates() {
        let rate = Rate::of(31, 270.0 / 365.0);
        let rounded = |value: f64| (value * 10.0).round() / 10.0;
        assert_eq!(
            (rounded(rate.mean), rounded(rate.quantile(0.025)), rounded(rate.quantile(0.975))),
            (42.6, 29.0, 58.7)
        );
        let none = Rate::of(0, 1.0);
        assert!(
            (none.median() - 0.454_936 / 2.0).abs() < 1e-6 && (none.quantile(0.975) - 5.023_886 / 2.0).abs() < 1e-6
        );
    }
}
