//! The system under study: complete, validated and immutable.
//!
//! A [`Model`] holds no text to interpret and no default to apply: `spec` makes it
//! from files, and everything below simulates it without a `Result`. What a rule
//! needs of labels, selectors and topology keys is resolved here to plain indices
//! per Node, so a replication compares numbers only.

mod autoscaler;
mod budget;
mod calendar;
mod cluster;
mod container;
mod drain;
mod fault;
mod millionths;
mod requirement;
mod traffic;
mod upgrade;
mod withdrawal;
mod workload;

pub use autoscaler::{
    Autoscaler, Behavior, Change, CpuTarget, CpuUsage, ScalingMetric, ScalingPolicy, ScalingRules, SelectPolicy,
};
pub use budget::{Budget, BudgetStatus, Limit};
pub use calendar::{Calendar, DAYS, WEEK};
pub use cluster::{
    Cluster, ControlPlane, DeadNodes, Eviction, Latencies, NewNode, Node, Prices, RaceOdds, StartRace, Zone,
};
pub use container::{App, Container, CpuShare, ImagePull, OnSigterm, Probe, ProbeKind, Queue, Role, WhileStarting};
pub use drain::Drainer;
pub use fault::{
    Affects, BadRevisions, ContainerMode, ControlPlaneMode, ControlPlanePart, Fault, NodeMode, Occurrence,
    ScriptTarget, Strikes,
};
pub use millionths::Millionths;
pub use requirement::Requirement;
pub use traffic::{Stretch, Surges, Traffic};
pub use upgrade::{NodeUpgrade, OnTimeout, UpgradeOrder};
pub use withdrawal::{Handler, NodeWithdrawal, Replacement, WithdrawalReason, WithdrawalScope};
pub use workload::{
    AntiAffinity, OtherRequest, Part, PodSpec, PodTolerations, Resources, Spread, Strategy, Toleration, Workload,
};

use std::ops::Range;

use crate::ids::{BudgetId, FaultId, IdVec, SlotId, WorkloadId};
use crate::random::Law;
use crate::time::Duration;

/// A year everywhere: 365 days.
pub const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Everything one replication needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// What runs, side by side: at least one.
    pub workloads: IdVec<WorkloadId, Workload>,
    /// When the system is available that they make together; `None`: when the only one of them is.
    pub system: Option<Requirement>,
    /// What restrains drains, those of upgrades included (V1).
    pub budgets: IdVec<BudgetId, Budget>,
    /// Where it runs.
    pub cluster: Cluster,
    /// How many requests come; `None`: nobody says, and each second counts like any other.
    pub traffic: Option<Traffic>,
    /// What breaks.
    pub faults: IdVec<FaultId, Fault>,
    /// Who mends what nothing else mends; `None`: nobody.
    pub on_call: Option<OnCall>,
    /// How the replication begins.
    pub start: Start,
    /// Played before the counting begins.
    pub warm_up: Duration,
    /// The counted time, after the warm-up.
    pub horizon: Duration,
    /// The span in which the objective is judged: counted time is divided into such windows. Not zero.
    pub window: Duration,
    /// The share that is promised in it, whose alerts are watched; `None`: none.
    pub slo: Option<f64>,
}

impl Model {
    /// The first Deployment: the one of a model that has no other.
    pub fn workload(&self) -> &Workload {
        &self.workloads.as_slice()[0]
    }

    /// The same, to be changed.
    pub fn workload_mut(&mut self) -> &mut Workload {
        &mut self.workloads[WorkloadId::new(0)]
    }

    /// How the application in the container that serves behaves, of the first Deployment.
    pub fn app(&self) -> &App {
        &self.workload().pod.main().app
    }

    /// The same, to be changed.
    pub fn app_mut(&mut self) -> &mut App {
        &mut self.workload_mut().pod.main_mut().app
    }

    /// How many Pods all Deployments want at the beginning.
    pub fn replicas(&self) -> usize {
        self.workloads.iter().map(|workload| workload.replicas as usize).sum()
    }

    /// How many slots all Deployments have, those included that only an operation or an autoscaler opens.
    pub fn slots(&self) -> usize {
        self.replicas() + self.workloads.ids().map(|id| self.scaled_by(id)).sum::<usize>()
    }

    /// The slots that a Deployment has at the beginning.
    pub fn slots_of(&self, workload: WorkloadId) -> Range<usize> {
        self.range_of(workload, 0, |id| self.workloads[id].replicas as usize)
    }

    /// The slots that operations and autoscalers open beside them; behind the first slots of all Deployments, whose numbers hang on no operation.
    pub fn scaled_slots_of(&self, workload: WorkloadId) -> Range<usize> {
        self.range_of(workload, self.replicas(), |id| self.scaled_by(id))
    }

    /// Where Pods of a Deployment stand that a surge makes beside its slots; behind those of all.
    pub fn surge_slots_of(&self, workload: WorkloadId) -> Range<usize> {
        self.range_of(workload, self.slots(), |id| self.surge_of(id))
    }

    /// Whose slot it is, and which of its own; those of surges follow the others.
    pub fn owner_of(&self, slot: SlotId) -> (WorkloadId, u32) {
        let first = |id: WorkloadId| self.workloads[id].replicas as usize;
        let scaled = |id| self.scaled_by(id);
        let surge = |id| self.surge_of(id);
        let rows: [&dyn Fn(WorkloadId) -> usize; 3] = [&first, &scaled, &surge];
        let mut left = slot.index();
        for (row, count) in rows.iter().enumerate() {
            for id in self.workloads.ids() {
                if left < count(id) {
                    let before = rows[..row].iter().map(|count| count(id)).sum::<usize>();
                    return (id, (before + left) as u32);
                }
                left -= count(id);
            }
        }
        unreachable!("{slot:?} is not of the model")
    }

    /// The part of a Deployment in a row that begins at `first` and has so many places for each of them.
    fn range_of(&self, workload: WorkloadId, first: usize, count: impl Fn(WorkloadId) -> usize) -> Range<usize> {
        let before = self.workloads.ids().take(workload.index()).map(&count).sum::<usize>();
        first + before..first + before + count(workload)
    }

    /// By how many Pods the most that operations or its autoscaler scale the Deployment to is more than its replicas.
    fn scaled_by(&self, workload: WorkloadId) -> usize {
        let by_hand = self.faults.iter().filter_map(|fault| fault.scales(workload)).max().unwrap_or(0);
        let Workload { replicas, autoscaler, .. } = &self.workloads[workload];
        let most = autoscaler
            .as_ref()
            .map_or(by_hand, |autoscaler| autoscaler.max.max(by_hand).max(autoscaler.reset_to.unwrap_or(0)));
        most.saturating_sub(*replicas) as usize
    }

    /// The most Pods that a surge may make.
    fn surge_of(&self, workload: WorkloadId) -> usize {
        let Workload { replicas, strategy, .. } = &self.workloads[workload];
        strategy.bounds(replicas + self.scaled_by(workload) as u32).0 as usize
    }

    /// When the system is available.
    pub fn requirement(&self) -> Requirement {
        self.system.clone().unwrap_or_else(|| self.requirement_of(WorkloadId::new(0)))
    }

    /// When a Deployment is available.
    pub fn requirement_of(&self, workload: WorkloadId) -> Requirement {
        Requirement::Pods { workload, at_least: self.workloads[workload].min_serving }
    }
}

/// Somebody who is paged for Pods that nothing else mends, and deletes them.
#[derive(Debug, Clone, PartialEq)]
pub struct OnCall {
    /// Seconds until somebody is paged.
    pub notices: Law,
    /// Seconds from the page until the Pod is deleted.
    pub acts: Law,
    /// Where the numbers come from.
    pub source: String,
}

/// The state at time 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Start {
    /// All is up and in rotation, fault clocks at residual lives: a system met in the middle of its life.
    Running,
    /// All Pods are created within the first second, at one moment of it, and every fault clock is new.
    Fresh,
}
