//! What the service must achieve, and what a run passes or fails by.

use serde::{Deserialize, Serialize};

use super::metric::Metric;
use crate::time::Duration;

/// What the service must achieve, as `results.json` repeats it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// Pods that must serve in rotation, of each Deployment; the model of each scenario has its own, which a grid may vary.
    pub min_serving: u32,
    /// What is required of the Deployments together, in words: `shop and (auth or cache)`. `None` where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// `availability` or `request_success`.
    pub metric: Metric,
    /// For example 0.9995; `null` if none is stated.
    pub slo: Option<f64>,
    /// The span in which the objective is judged, in seconds where it is written; at least a minute.
    #[serde(rename = "window_s", with = "seconds")]
    pub window: Duration,
    /// Differences that do not matter, in seconds of downtime or of failed requests, as the metric is: a year, and of a run
    /// where nothing recurs and a script says what strikes. 0 or more; `None` where nothing is stated, and reports take
    /// 1 % of what the SLO leaves.
    #[serde(rename = "indifference_s", default, skip_serializing_if = "Option::is_none")]
    pub indifference_secs: Option<f64>,
}

/// A metric and the side of a value on which it must lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// The bounded metric.
    pub metric: Metric,
    /// The least or the greatest value that passes.
    pub bound: Bound,
}

/// The bound of a [`Goal`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Bound {
    /// The metric must not be below.
    AtLeast(f64),
    /// The metric must not be above.
    AtMost(f64),
}

/// A span of time as seconds.
mod seconds {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::time::Duration;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    pub fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(span.as_secs_f64())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        // The conversion saturates: no number panics.
        f64::deserialize(deserializer).map(|secs| Duration::from_nanos((secs * 1e9).round() as u64))
    }
}
