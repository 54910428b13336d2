//! Graceful shutdown of a Node (V6): its kubelet reports it not Ready and stops its containers by itself. Nobody is asked, and no Pod
//! is deleted: it is in rotation until its containers have stopped, and is replaced when its phase is Failed (D8).
//! Follows `pkg/kubelet/nodeshutdown/nodeshutdown_manager.go killPods` and `pkg/kubelet/status/status_manager.go mergePodStatus`.

use super::happening::Happening;
use super::observer::Observer;
use super::state::Kubelet;
use super::{Cluster, Cx, Event};
use crate::ids::{FaultId, NodeId, PodId};
use crate::time::Duration;

impl<O: Observer> Cluster<'_, O> {
    /// The kubelet, if it runs, shuts its Node down; Pods get no more grace than this. Their slots owe that to the operation.
    pub(super) fn shut_down_node(
        &mut self,
        cx: &mut Cx<'_, Event>,
        node: NodeId,
        operation: FaultId,
        pod_grace: Duration,
    ) {
        if self.nodes[node].kubelet != Kubelet::Up {
            return;
        }
        self.nodes[node].shutdown = Some(pod_grace);
        self.tell(cx, Happening::ShutdownBegan { node });
        self.schedule_report(cx, node, cx.now());
        // Those that it has not seen yet it rejects when it does.
        for pod in self.pods_on(node) {
            if self.pods[pod].adopted && !self.pods[pod].deleted {
                if !self.owe_to_operation(cx, pod, operation) {
                    self.part_for_operation(cx, pod, operation);
                }
                self.stop_pod(cx, pod);
            }
        }
    }

    /// Its containers have been stopped by a shutdown of its Node: the next status that is written says Failed.
    pub(super) fn has_failed(&self, pod: PodId) -> bool {
        let state = &self.pods[pod];
        state.exists && state.terminating && !state.deleted && !state.has_process()
    }

    /// Its phase is terminal: it is no endpoint and counts for nothing any more, and its `ReplicaSet` replaces it (D8).
    pub(super) fn fail_pod(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        self.tell(cx, Happening::PodFailed { pod });
        self.remove_pod(cx, pod);
    }
}
