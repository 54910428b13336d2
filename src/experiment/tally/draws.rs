//! What the replications of one draw of the uncertain parameters lose.

use serde::{Deserialize, Serialize};

use super::summary::Summary;
use crate::stats::Moments;

/// What was lost in the replications of one draw, in microseconds, and how many windows missed the SLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DrawSums {
    pub downtime: Moments,
    pub failed: Moments,
    pub missed: Moments,
}

impl DrawSums {
    /// Adds the replications of a batch.
    pub fn add(&mut self, batch: &Summary) {
        self.downtime.merge(batch.downtime_moments());
        self.failed.merge(batch.failed_moments());
        if let Some(allowance) = &batch.windows.allowance {
            self.missed.merge(&allowance.missed);
        }
    }

    /// Adds every replication of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.downtime.merge(&other.downtime);
        self.failed.merge(&other.failed);
        self.missed.merge(&other.missed);
    }
}
