//! What two scenarios differ by.

use serde::{Deserialize, Serialize};

use super::estimate::Estimate;

/// Paired differences (this scenario less the baseline), replication by replication with the same faults.
///
/// The means are adjusted: what is due to more or fewer faults than their clocks would bring on average is taken off. So
/// they are not the differences of the printed means, but estimate the same thing with a smaller error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The difference of the downtime, in seconds a year.
    pub downtime_s_per_year: Estimate,
    /// The difference of the failed requests, in seconds of full traffic a year.
    pub failed_request_s_per_year: Estimate,
    /// The variance that the difference of the downtimes would have with faults of their own in either scenario, as a
    /// multiple of that of the mean given here: as many times the replications would be needed. `null` where no pair differs.
    #[serde(default)]
    pub downtime_variance_ratio: Option<f64>,
    /// The same of the failed requests.
    #[serde(default)]
    pub failed_request_variance_ratio: Option<f64>,
}
