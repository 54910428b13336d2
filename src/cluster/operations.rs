//! What all changes have in common that are made on purpose: how they end, and how they leave the Pods.

use std::collections::BTreeMap;

use super::observer::{Observed, Observer, OperationEnd};
use super::{Cluster, Cx, Event, Target};
use crate::ids::{FaultId, WorkloadId, ZoneId};

/// So many Pods more in one zone than in another, and they are uneven: a fresh placement differs by one.
const UNEVEN: u32 = 2;

impl<O: Observer> Cluster<'_, O> {
    /// The operation that was under way on the target is over.
    pub(super) fn end_operation(&mut self, cx: &Cx<'_, Event>, target: Target, operation: FaultId, end: OperationEnd) {
        let is_uneven = match target {
            Target::Deployment(workload) => self.is_uneven(workload),
            _ => self.workloads.ids().any(|workload| self.is_uneven(workload)),
        };
        self.observe(cx, &Observed::OperationEnded { target, operation, end, is_uneven });
    }

    /// One of the zones that take its Pods has two of them more than another, or more still. Nothing moves them (S17).
    fn is_uneven(&self, workload: WorkloadId) -> bool {
        let pod = &self.model.workloads[workload].pod;
        let mut by_zone: BTreeMap<ZoneId, u32> = BTreeMap::new();
        for (node, state) in self.model.cluster.nodes.entries() {
            let takes = pod.selects_node[node.index()] && pod.tolerations.node_admits[node.index()];
            if let Some(zone) = state.zone.filter(|_| takes && !state.is_spare) {
                by_zone.entry(zone).or_default();
            }
        }
        for pod in self.active_pods(workload) {
            let zone = self.pods[pod].node.and_then(|node| self.model.cluster.nodes[node].zone);
            if let Some(count) = zone.and_then(|zone| by_zone.get_mut(&zone)) {
                *count += 1;
            }
        }
        let (most, least) = (by_zone.values().max(), by_zone.values().min());
        most.zip(least).is_some_and(|(most, least)| most - least >= UNEVEN)
    }
}
