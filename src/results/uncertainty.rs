//! Parameter (epistemic) uncertainty of the estimates.

use serde::{Deserialize, Serialize};

use crate::stats::twelve_digits;

/// How far the answer hangs on what is not known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Uncertainty {
    /// Draws of the uncertain parameters that were played.
    pub draws: u64,
    /// The spread of the downtime, in seconds a year.
    pub downtime_s_per_year: Spread,
    /// The spread of the failed requests, in seconds of full traffic a year.
    pub failed_request_s_per_year: Spread,
    /// Of the probability that a window meets the SLO; `null` where none is stated or no window is whole.
    #[serde(default)]
    pub meets_slo: Option<Spread>,
}

/// Where the expected loss, or the probability, lies if only the draw were known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// It is lower in 2.5 % of the draws (with a confidence of 95 %).
    pub low: f64,
    /// It is higher in 2.5 % of the draws.
    pub high: f64,
    /// The part of its variance from replication to replication that comes from not knowing the parameters.
    pub share_of_variance: f64,
}

impl Spread {
    /// As it is written: to twelve digits.
    #[must_use]
    pub fn rounded(self) -> Self {
        let Self { low, high, share_of_variance } = self;
        let [low, high, share_of_variance] = [low, high, share_of_variance].map(twelve_digits);
        Self { low, high, share_of_variance }
    }
}
