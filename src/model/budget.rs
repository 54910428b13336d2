//! `PodDisruptionBudget`s: how many Pods drains may take at once (V1). Nothing else asks them (V3).

use super::workload::Part;
use crate::ids::{IdVec, WorkloadId};

/// A `PodDisruptionBudget` that selects Pods of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// Its name.
    pub name: String,
    /// By Deployment: it selects its Pods.
    pub selects: IdVec<WorkloadId, bool>,
    /// How many of them must be left, or may be missing.
    pub limit: Limit,
    /// `unhealthyPodEvictionPolicy: AlwaysAllow`: a Pod that is not Ready may always be evicted. Otherwise, as by default, only while
    /// enough others are healthy, or within the budget (V2).
    pub always_allows_unhealthy: bool,
}

/// What a budget says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// `minAvailable`: so many must be left.
    MinAvailable(Part),
    /// `maxUnavailable`: so many may be missing.
    MaxUnavailable(Part),
    /// Neither is set: no eviction is ever allowed.
    Nothing,
}

/// What the disruption controller has written into a budget's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BudgetStatus {
    /// Pods that are Ready and not being deleted.
    pub healthy: u32,
    /// How many must be.
    pub desired: u32,
    /// How many more evictions are allowed.
    pub allowed: u32,
}

impl Budget {
    /// The status where so many of its Pods are healthy, so many there are, terminating ones included, and their Deployments want so
    /// many. Shares are rounded up, whichever of the two they stand for.
    /// Follows `pkg/controller/disruption/disruption.go getExpectedPodCount, updatePdbStatus`.
    pub fn status(&self, healthy: u32, pods: u32, replicas: u32) -> BudgetStatus {
        let (expected, desired) = match self.limit {
            Limit::MinAvailable(Part::Number(least)) => (pods, least),
            Limit::MinAvailable(share) => (replicas, share.rounded_up(replicas)),
            Limit::MaxUnavailable(most) => (replicas, replicas.saturating_sub(most.rounded_up(replicas))),
            Limit::Nothing => (0, 0),
        };
        let allowed = if expected == 0 { 0 } else { healthy.saturating_sub(desired) };
        BudgetStatus { healthy, desired, allowed }
    }
}

#[cfg(test)]
#[path = "budget_tests.rs"]
mod tests;
