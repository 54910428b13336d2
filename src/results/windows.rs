//! Time lost in windows of the objective's length.

use serde::{Deserialize, Serialize};

use super::distribution::Quantile;
use super::estimate::Estimate;

/// Time lost in a window: the counted time of every replication is divided into windows of equal length, laid end to end
/// from its beginning. What is left at the end and is no whole window does not count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowsResult {
    /// The length of a window in seconds: the objective's.
    pub length_s: f64,
    /// Windows of all replications.
    pub count: u64,
    /// Seconds without availability in a window.
    pub downtime_s: WindowLoss,
    /// Failed requests in a window, in seconds of full traffic.
    pub failed_request_s: WindowLoss,
    /// Probability that a window meets the SLO in the objective's metric; `null` if no SLO is stated.
    pub meets_slo: Option<Estimate>,
    /// How often burn-rate alerts on the share of failed requests fire, the faster first; left out if no SLO is stated, or for a
    /// window of less than five days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerts: Option<[Alert; 2]>,
}

/// A multiwindow burn-rate alert: it fires while the share of failed requests is above `burn_rate` times what the SLO allows, both over
/// the long and over the short span, and counts once until that ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// For example 14.4.
    pub burn_rate: f64,
    /// The long span in seconds.
    pub long_s: f64,
    /// The short span in seconds.
    pub short_s: f64,
    /// How often a year it begins to fire.
    pub per_year: Estimate,
}

/// The distribution over windows of what is lost in one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowLoss {
    /// Its mean.
    pub mean: Estimate,
    /// Median.
    pub p50: Quantile,
    /// 95th percentile: one window of twenty is worse.
    pub p95: Quantile,
    /// 99th percentile.
    pub p99: Quantile,
    /// The worst window seen; more replications may show a worse one.
    pub worst: f64,
    /// The histogram behind it: `[seconds, windows]`, ascending, empty buckets left out.
    pub histogram: Vec<(f64, u64)>,
}
