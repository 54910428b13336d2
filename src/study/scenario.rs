//! One of the systems that a study plays.

use serde_json::{Map, Value as Json};

use crate::ids::WorkloadId;
use crate::model::Model;

/// Successive replications that play the same draw of the uncertain parameters; a batch of replications is as long.
pub const REPLICATIONS_PER_DRAW: u64 = 32;

/// One point of the grid.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// `replicas=2 readinessProbe.failureThreshold=3`; the experiment's name where nothing varies.
    pub name: String,
    /// The value of every varied key.
    pub parameters: Map<String, Json>,
    /// What is simulated; uncertain parameters have their medians.
    pub model: Model,
    /// Models in which the uncertain parameters have been drawn; empty where nothing is uncertain.
    pub draws: Vec<Model>,
    /// The scenario that it is compared with instead of the baseline.
    pub compared_with: Option<usize>,
    /// The Deployments of which no Node takes some replicas, although all Nodes are up.
    pub pending: Vec<WorkloadId>,
}

impl Scenario {
    /// No Node takes some of its replicas, although all Nodes are up.
    pub fn is_unplaceable(&self) -> bool {
        !self.pending.is_empty()
    }

    /// How many services have results of their own beside the system: its Deployments, where there are several.
    pub fn services(&self) -> usize {
        let workloads = self.model.workloads.len();
        if workloads > 1 { workloads } else { 0 }
    }

    /// The number of the draw that a replication plays.
    pub fn draw_of(&self, replication: u64) -> Option<usize> {
        let draws = self.draws.len() as u64;
        (draws > 0).then(|| (replication / REPLICATIONS_PER_DRAW % draws) as usize)
    }

    /// What a replication simulates.
    pub fn model_of(&self, replication: u64) -> &Model {
        self.draw_of(replication).map_or(&self.model, |draw| &self.draws[draw])
    }
}
