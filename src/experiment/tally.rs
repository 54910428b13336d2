//! Sums over replications: whole numbers, merged exactly, in any order and any grouping.

mod amounts;
mod draws;
mod loss;
mod operations;
mod summary;
pub mod windows;
mod with_base;

use serde::{Deserialize, Serialize};

pub use amounts::micros;
pub use draws::DrawSums;
pub use loss::Loss;
pub use operations::{Charged, OperationSums};
pub use summary::{Recoveries, Summary, Total};
pub use with_base::WithBase;

use crate::stats::Controlled;
use crate::study::{Objective, Scenario};

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
    /// The same of each Deployment, where several make the system; theirs have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workloads: Vec<Tally>,
}

impl Tally {
    /// The tally of no replication of a scenario yet, with `controls` control variates with each difference.
    pub fn nothing(scenario: &Scenario, objective: &Objective, controls: usize) -> Self {
        let draws = scenario.draws.len();
        let one = || Self::empty(Summary::empty(&scenario.model, objective), controls, draws);
        Self { workloads: (0..scenario.services()).map(|_| one()).collect(), ..one() }
    }

    fn empty(summary: Summary, controls: usize, draws: usize) -> Self {
        Self {
            summary,
            differences: Controlled::new(RESPECTS, controls),
            with_base: WithBase::default(),
            draws: vec![DrawSums::default(); draws],
            workloads: Vec::new(),
        }
    }

    /// Whether it can be that of a scenario with so many faults, draws and services of their own.
    pub fn fits(&self, faults: usize, controls: usize, draws: usize, services: usize) -> bool {
        self.summary.fits(faults)
            && self.differences.fits(RESPECTS, controls)
            && self.draws.len() == draws
            && self.workloads.len() == services
            && self.workloads.iter().all(|workload| workload.fits(faults, controls, draws, 0))
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
        for (ours, theirs) in self.workloads.iter_mut().zip(&other.workloads) {
            ours.merge(theirs);
        }
    }
}
