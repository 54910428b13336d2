//! When a run ends: after a number of replications, at a precision, or when the best scenario is known.

use serde::{Deserialize, Serialize};

use super::metric::Metric;

/// When an experiment has played enough.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Stopping {
    /// After a fixed number of replications of each scenario.
    Replications(u64),
    /// When the interval of a metric is narrow enough.
    Precision(Precision),
    /// When the best scenario is known well enough.
    Selection(Selection),
}

/// How narrow an interval must be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Precision {
    /// The metric whose interval is to be narrow.
    pub metric: Metric,
    /// The largest half width that is narrow enough.
    pub half_width: HalfWidth,
    /// Replications before the interval is looked at.
    pub min_replications: u64,
    /// Replications in which something was lost (an outage, a failed request, an event) before it is believed.
    pub min_with_loss: u64,
    /// Replications after which a scenario stops anyway.
    pub max_replications: u64,
}

impl Precision {
    /// A half width relative to the loss, with the usual minimum of replications and of losses.
    pub fn relative(metric: Metric, part: f64, max_replications: u64) -> Self {
        Self {
            metric,
            half_width: HalfWidth::Relative(part),
            min_replications: MIN_REPLICATIONS,
            min_with_loss: MIN_WITH_LOSS,
            max_replications,
        }
    }
}

/// Replications before a precision is looked at, if nothing else is asked for.
const MIN_REPLICATIONS: u64 = 256;
/// Replications with a loss before it is believed, if nothing else is asked for.
const MIN_WITH_LOSS: u64 = 20;

/// Half the width of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum HalfWidth {
    /// As a part of the downtime or of the failed share (never of the 0.999…).
    Relative(f64),
    /// In the metric's own unit: a share, seconds a year, or events a year.
    Absolute(f64),
}

/// Which scenario is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    /// What makes it the best.
    pub goal: Wanted,
    /// Differences that do not matter, in seconds of downtime (or of failed requests) a year.
    pub indifference_secs: f64,
    /// Replications of a scenario after which the search ends undecided.
    pub max_replications: u64,
}

/// What makes a scenario the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// It loses least, in the metric of the objective.
    Best,
    /// It costs least of those that meet the objective's SLO.
    Cheapest,
}
