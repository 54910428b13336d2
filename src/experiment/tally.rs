//! Sums over replications: whole numbers, merged exactly, in any order and any grouping.

mod amounts;
mod draws;
mod loss;
mod summary;
pub mod windows;
mod with_base;

use serde::{Deserialize, Serialize};

pub use amounts::micros;
pub use draws::DrawSums;
pub use loss::Loss;
pub use summary::{Recoveries, Summary, Total};
pub use with_base::WithBase;

use crate::stats::Controlled;

/// In how many kinds of loss two scenarios are compared.
const RESPECTS: usize = 2;
/// The place of the downtime among them.
pub const DOWNTIME: usize = 0;
/// The place of the failed requests among them.
pub const FAILED: usize = 1;

/// What is kept of one scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    pub summary: Summary,
    /// This scenario less the one that it is compared with, in microseconds a replication: of the downtime and of the
    /// failed requests.
    pub differences: Controlled,
    /// With a question for what matters: how the differences go with the losses of the base.
    pub with_base: WithBase,
    /// With uncertain parameters: what was lost in the replications of each draw.
    pub draws: Vec<DrawSums>,
}

impl Tally {
    /// The tally of no replication yet: `draws` of uncertain parameters, and `controls` control variates with each difference.
    pub fn empty(summary: Summary, controls: usize, draws: usize) -> Self {
        Self {
            summary,
            differences: Controlled::new(RESPECTS, controls),
            with_base: WithBase::default(),
            draws: vec![DrawSums::default(); draws],
        }
    }

    /// Whether the differences come with so many controls.
    pub fn have_controls(&self, controls: usize) -> bool {
        self.differences.fits(RESPECTS, controls)
    }

    /// Whether anything was played.
    pub fn has_any(&self) -> bool {
        self.summary.replications() > 0
    }

    /// Adds every replication of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.summary.merge(&other.summary);
        self.differences.merge(&other.differences);
        self.with_base.merge(&other.with_base);
        for (ours, theirs) in self.draws.iter_mut().zip(&other.draws) {
            ours.merge(theirs);
        }
    }
}
