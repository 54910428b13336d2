//! The disruption controller and its part in an eviction: what budgets know, and whether they let a Pod go (V1, V2, V8–V10).
//! Follows `pkg/controller/disruption/disruption.go` and `pkg/registry/core/pod/storage/eviction.go`.
//!
//! Only a drain asks. While none is under way nobody looks, and nothing is played; when the first begins, the statuses are those of
//! that moment.

use super::dice::Dice;
use super::observer::Observer;
use super::timer::Timer;
use super::{Cluster, Cx, Event};
use crate::ids::{BudgetId, PodId, WorkloadId};
use crate::model::{Budget, BudgetStatus, Role};
use crate::random::{Owner, Purpose, Streams, name_hash};
use crate::time::{Duration, SimTime};

/// An eviction that is asked for within this time of a grant has read the version of the status before it: its write fails, whatever
/// is left, and it has to try again (V9) [env].
const SAME_MOMENT: Duration = Duration::from_millis(10);

/// What the API knows of a budget.
#[derive(Debug, Clone)]
pub(crate) struct BudgetState {
    status: BudgetStatus,
    /// The last eviction that was counted off.
    granted_at: Option<SimTime>,
    /// The controller has yet to look at it.
    due: Timer,
    dice: Dice,
}

impl BudgetState {
    pub fn new(budget: &Budget, streams: Streams) -> Self {
        let dice = Dice::new(streams.stream(Owner::Replication, Purpose::Disruption(name_hash(&budget.name))));
        Self { status: BudgetStatus::default(), granted_at: None, due: Timer::NONE, dice }
    }

    /// What waits for an event.
    pub fn timer(&self) -> Timer {
        self.due
    }
}

/// What the API server answers to an eviction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Response {
    /// 201: it deletes the Pod.
    Granted,
    /// 429: not now.
    Refused,
    /// Another eviction was counted off at the same moment: the API server tries again by itself (V9).
    Conflict,
    /// 500: more than one budget selects the Pod.
    Error,
}

/// Whose leave an eviction needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leave {
    /// Nobody's.
    Free,
    /// The budget's, which counts it off.
    Counted(BudgetId),
    /// More than one budget selects the Pod.
    Ambiguous,
}

impl<O: Observer> Cluster<'_, O> {
    /// Something has happened to a Pod that its budgets look at: each recomputes its status a little later (V10).
    pub(super) fn request_budget_update(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId) {
        for budget in self.budgets_of(workload) {
            if self.budgets[budget].due.is_set() {
                continue;
            }
            let after = self.budgets[budget].dice.span(&self.model.cluster.latencies.disruption);
            let after = self.under_load(after);
            let timer = self.timer();
            self.budgets[budget].due = timer;
            cx.after(after, Event::BudgetUpdated(budget, timer));
        }
    }

    pub(super) fn on_budget_updated(&mut self, cx: &mut Cx<'_, Event>, budget: BudgetId, timer: Timer) {
        if !self.budgets[budget].due.expires(timer) {
            return;
        }
        let status = self.counted_status(budget);
        if std::mem::replace(&mut self.budgets[budget].status, status) != status {
            let selects = &self.model.budgets[budget].selects;
            self.wake_evictions(cx, |pod| selects[pod.workload]);
            self.look_for_candidates(cx);
        }
    }

    /// All statuses are those of this moment: the first drain begins.
    pub(super) fn meet_budgets(&mut self) {
        for budget in self.budgets.ids() {
            self.budgets[budget].status = self.counted_status(budget);
            self.budgets[budget].due = Timer::NONE;
        }
    }

    /// V1, of the Pods that there are now. Deployments of which there is none do not count.
    fn counted_status(&self, budget: BudgetId) -> BudgetStatus {
        let budget = &self.model.budgets[budget];
        let (mut healthy, mut pods) = (0, 0);
        let mut has_pods = vec![false; self.workloads.len()];
        for pod in self.pods.iter().filter(|pod| pod.exists && budget.selects[pod.workload]) {
            pods += 1;
            healthy += u32::from(!pod.deleted && pod.api_ready);
            has_pods[pod.workload.index()] = true;
        }
        // A change of `spec.replicas` is seen with the next change of a Pod (V10).
        let wanted = self.workloads.entries().filter(|(id, _)| has_pods[id.index()]);
        budget.status(healthy, pods, wanted.map(|(_, workload)| workload.scaling.replicas).sum())
    }

    /// Whether the Pod may be evicted now; if a budget counts that off, it does so (V2, V8, V9).
    pub(super) fn ask_for_eviction(&mut self, now: SimTime, pod: PodId) -> Response {
        let budget = match self.leave(pod, |budget| self.budgets[budget].status) {
            Leave::Free => return Response::Granted,
            Leave::Ambiguous => return Response::Error,
            Leave::Counted(budget) => budget,
        };
        // Before what is left: the last one that was allowed was still there when both read it.
        let granted_at = self.budgets[budget].granted_at;
        if granted_at.is_some_and(|granted| now.saturating_since(granted) < SAME_MOMENT) {
            return Response::Conflict;
        }
        if self.budgets[budget].status.allowed == 0 {
            return Response::Refused;
        }
        self.budgets[budget].status.allowed -= 1;
        self.budgets[budget].granted_at = Some(now);
        Response::Granted
    }

    /// Whoever looks before asking, as Karpenter does (V21a), finds that the Pod may be evicted.
    pub(super) fn would_allow_eviction(&self, pod: PodId) -> bool {
        // Statuses are kept while somebody drains.
        let status = |budget: BudgetId| {
            if self.drains.are_none() { self.counted_status(budget) } else { self.budgets[budget].status }
        };
        match self.leave(pod, status) {
            Leave::Free => true,
            Leave::Ambiguous => false,
            Leave::Counted(budget) => status(budget).allowed > 0,
        }
    }

    /// Whose leave the eviction of the Pod needs (V2, V8).
    fn leave(&self, pod: PodId, status: impl Fn(BudgetId) -> BudgetStatus) -> Leave {
        let state = &self.pods[pod];
        if state.deleted || self.is_pending(pod) {
            return Leave::Free;
        }
        let budget = match self.budgets_of(state.workload)[..] {
            [] => return Leave::Free,
            [budget] => budget,
            _ => return Leave::Ambiguous,
        };
        let BudgetStatus { healthy, desired, .. } = status(budget);
        let may_go_unhealthy = self.model.budgets[budget].always_allows_unhealthy || healthy >= desired && desired > 0;
        if !state.api_ready && may_go_unhealthy { Leave::Free } else { Leave::Counted(budget) }
    }

    /// The budgets that select the Deployment's Pods.
    fn budgets_of(&self, workload: WorkloadId) -> Vec<BudgetId> {
        let budgets = self.model.budgets.entries();
        budgets.filter(|(_, budget)| budget.selects[workload]).map(|(id, _)| id).collect()
    }

    /// Not all of its containers have been started: its phase is Pending (C18, K15).
    fn is_pending(&self, pod: PodId) -> bool {
        let is_unstarted = |at| self.container(at).instance == 0 && self.container_spec(at).role == Role::Regular;
        self.containers(pod).any(is_unstarted)
    }
}
