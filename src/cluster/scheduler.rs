//! The scheduler's queue: when a Pod is bound, and how long one without a place waits (S1, S16, S17). Where it goes is
//! decided in [`placement`](crate::placement). Follows `pkg/scheduler/schedule_one.go` and `pkg/scheduler/backend/queue`.

use super::happening::Happening;
use super::observer::Observer;
use super::state::NodeState;
use super::timer::Timer;
use super::{Cluster, Cx, Event};
use crate::ids::{NodeId, PodId, WorkloadId};
use crate::model::Eviction;
use crate::placement::{NodeView, Placement, Usages};
use crate::time::{Duration, SimTime};

/// How often the scheduler has not heard of a deletion that came shortly before (D2a): it depends on the environment, and was
/// seen in a few per cent of the steps.
const UNSEEN: f64 = 0.04;
const SHORTLY: Duration = Duration::from_millis(500);

/// Unschedulable Pods are tried again after 5 min even if nothing has happened (S16).
const FLUSH: Duration = Duration::from_secs(300);

/// Pods that no Node could take.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scheduler {
    pending: Vec<PodId>,
    flush: Timer,
}

impl Scheduler {
    pub fn forget(&mut self, pod: PodId) {
        self.pending.retain(|&pending| pending != pod);
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// The Pod enters the scheduling queue (S1).
    pub(super) fn request_binding(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let home = self.pods[pod].home;
        let after = self.slots[home].scheduling.span(&self.model.cluster.latencies.bind);
        let after = self.under_load(after);
        let timer = self.timer();
        self.pods[pod].life = timer;
        cx.after(after, Event::BindDue(pod, timer));
    }

    pub(super) fn on_bind_due(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if !self.pods[pod].life.expires(timer) {
            return;
        }
        let unseen = self.unseen_deletion(cx.now(), self.pods[pod].workload);
        match self.choose_node(self.pods[pod].workload, self.pods[pod].revision, unseen) {
            Some(node) => self.bind(cx, pod, node),
            None => {
                self.scheduler.pending.push(pod);
                self.pods[pod].unschedulable = true;
                self.tell(cx, Happening::PodUnschedulable { pod });
                self.count_pods(cx);
                if !self.scheduler.flush.is_set() {
                    let timer = self.timer();
                    self.scheduler.flush = timer;
                    cx.after(FLUSH, Event::QueueFlushed(timer));
                }
            }
        }
    }

    fn bind(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, node: NodeId) {
        let state = &mut self.pods[pod];
        state.node = Some(node);
        state.unschedulable = false;
        self.tell(cx, Happening::PodBound { pod, node });
        self.count_pods(cx);
        let home = self.pods[pod].home;
        let after = self.slots[home].scheduling.span(&self.model.cluster.latencies.first_sync);
        let timer = self.timer();
        self.pods[pod].life = timer;
        cx.after(after, Event::FirstSyncDue(pod, timer));
        if self.nodes[node].no_execute && self.model.cluster.control_plane.eviction == Eviction::Taints {
            self.schedule_eviction(cx, pod);
        }
        self.look(cx, pod);
    }

    /// Something has happened that may let a pending Pod in: a Node came, went or lost a taint, or a Pod object
    /// is gone (S16).
    pub(super) fn retry_pending(&mut self, cx: &mut Cx<'_, Event>) {
        for pod in std::mem::take(&mut self.scheduler.pending) {
            self.request_binding(cx, pod);
        }
    }

    pub(super) fn on_queue_flushed(&mut self, cx: &mut Cx<'_, Event>, timer: Timer) {
        if self.scheduler.flush.expires(timer) {
            self.retry_pending(cx);
        }
    }

    /// The Pod that a rollout has deleted so shortly before that the scheduler may not have heard of it, and has not (D2a).
    fn unseen_deletion(&mut self, now: SimTime, workload: WorkloadId) -> Option<PodId> {
        let (victim, deleted) = self.workloads[workload].rollouts.victim?;
        let is_it = self.pods[victim].exists && self.pods[victim].deleted && now.since(deleted) < SHORTLY;
        (is_it && self.workloads[workload].rollouts.dice.uniform() < UNSEEN).then_some(victim)
    }

    /// The Node for one more Pod of the Deployment, or none that fits. All its Pods of one revision are alike, so it does not
    /// matter which one asks.
    pub(super) fn choose_node(&self, workload: WorkloadId, revision: u32, unseen: Option<PodId>) -> Option<NodeId> {
        let mut usages = Usages::empty(self.nodes.len(), self.workloads.len());
        for (id, pod) in self.pods.entries().filter(|(_, pod)| pod.exists) {
            if let Some(node) = pod.node.filter(|_| !pod.orphaned) {
                let is_kin = pod.workload == workload && pod.revision == revision;
                let is_terminating = pod.deleted && Some(id) != unseen;
                usages.add(node, pod.workload, is_terminating, is_kin);
            }
        }
        let view = |node: &NodeState| NodeView {
            registered: node.registered,
            ready: node.ready,
            no_execute: node.no_execute,
            cordoned: node.cordoned,
            order: node.order,
        };
        let nodes: Vec<NodeView> = self.nodes.iter().map(view).collect();
        Placement::new(self.model, workload, &nodes, &usages).choose()
    }
}
