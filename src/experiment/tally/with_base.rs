//! How a difference of two scenarios goes with the losses of the base scenario.

use serde::{Deserialize, Serialize};

use super::loss::Loss;
use crate::stats::Moments;

/// The sum of a difference and of what the base lost, replication by replication: its variance tells how they go
/// together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WithBase {
    pub downtime: Moments,
    pub failed: Moments,
}

impl WithBase {
    /// Adds the replications of a batch, those that they are compared with, and the base's.
    pub fn add(&mut self, ours: &[Loss], theirs: &[Loss], base: &[Loss]) {
        for ((ours, theirs), base) in ours.iter().zip(theirs).zip(base) {
            self.downtime.add(ours.downtime - theirs.downtime + base.downtime);
            self.failed.add(ours.failed - theirs.failed + base.failed);
        }
    }

    /// Adds every replication of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.downtime.merge(&other.downtime);
        self.failed.merge(&other.failed);
    }
}
