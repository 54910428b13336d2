//! Who is charged while a slot does not deliver.
//!
//! In this order: (1) the faults *at work* that by themselves keep it from delivering; (2) else its *debt*, what a replaced
//! container or Pod has handed to its successor; (3) else the fault that ended last, in the present spell of not delivering
//! or so shortly before it that probes may still count its failures; else `probe`, and `start` for a slot that has never
//! delivered. docs/model.md explains each with an example. Here the simulator only says who; the measures divide the time.

use super::cause::{Cause, CauseSet};
use super::faults::affects;
use super::observer::Observer;
use super::state::Strike;
use super::{Cluster, Cx, Event};
use crate::ids::{ContainerRef, FaultId, PodId, SlotId, WorkloadId};
use crate::model::{ContainerMode, NodeMode, Occurrence, Probe, ProbeKind};
use crate::time::{Duration, SimTime};

/// What a slot remembers for its attribution.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    /// (2): charged when nothing at work is, until the slot's Pod delivers. Empty: none.
    debt: CauseSet,
    /// (3): the fault on the slot that ended last, and when.
    ended: Option<(FaultId, SimTime)>,
    /// Since when the slot's Pod has not delivered; `None` while it does.
    missing_since: Option<SimTime>,
    /// The slot's Pod has delivered before.
    has_delivered: bool,
}

impl Account {
    /// The slot's Pod delivers, or does not, from now on. One that is doomed, as a probe has decided to kill its container,
    /// may serve until then, but its successor pays what is owed.
    pub fn update(&mut self, now: SimTime, delivers: bool, is_doomed: bool) {
        if delivers {
            if !is_doomed {
                self.debt = CauseSet::new();
            }
            self.missing_since = None;
            self.has_delivered = true;
        } else {
            self.missing_since.get_or_insert(now);
        }
    }

    /// What is charged when nothing at work is; empty if nothing is owed.
    pub fn debt(&self) -> &CauseSet {
        &self.debt
    }

    /// A fault on the slot has ended by itself.
    pub fn fault_ended(&mut self, now: SimTime, fault: FaultId) {
        self.ended = Some((fault, now));
    }

    /// What has no duration has struck: a crash, a lost sandbox, a deletion. It makes a debt, and leaves one that is open as
    /// it is.
    pub fn owe(&mut self, cause: Cause) {
        if self.debt.is_empty() {
            self.debt = cause.into();
        }
    }

    /// What has struck takes over whatever is owed.
    pub fn owe_instead(&mut self, fault: FaultId) {
        self.debt = Cause::Fault(fault).into();
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// Who is charged with the slot's not delivering.
    pub(super) fn causes(&self, now: SimTime, slot: SlotId) -> CauseSet {
        let at_work = self.at_work(self.slots[slot].workload, self.slots[slot].pod);
        if at_work.is_empty() { self.debt_or_memory(now, slot) } else { at_work }
    }

    /// (2), else (3).
    fn debt_or_memory(&self, now: SimTime, slot: SlotId) -> CauseSet {
        let account = &self.slots[slot].account;
        if !account.debt.is_empty() {
            return account.debt.clone();
        }
        if !account.has_delivered {
            return Cause::Start.into();
        }
        let began = account.missing_since.unwrap_or(now);
        let remembered = account.ended.filter(|&(_, ended)| began.saturating_since(ended) <= self.probe_memory(slot));
        remembered.map_or(Cause::Probe, |(fault, _)| Cause::Fault(fault)).into()
    }

    /// A probe has decided to kill the container of the slot: its successor owes that to the faults that the probe saw.
    pub(super) fn hand_over_to_restart(&mut self, cx: &Cx<'_, Event>, at: ContainerRef, killer: ProbeKind) {
        let Some(slot) = self.slot_of(at.pod).filter(|_| self.may_withdraw(at)) else { return };
        let strikes = self.strikes_on(at);
        let seen: CauseSet = strikes
            .filter(|&(_, mode)| affects(mode).is_seen_by(killer))
            .map(|(fault, _)| Cause::Fault(fault))
            .collect();
        if !seen.is_empty() {
            self.slots[slot].account.debt = seen;
        } else if self.slots[slot].account.debt.is_empty() {
            self.slots[slot].account.debt = self.causes(cx.now(), slot);
        }
    }

    /// A Pod that does not deliver is deleted on purpose: its slot owes that to whoever is charged at this instant.
    pub(super) fn hand_over_missing(&mut self, cx: &Cx<'_, Event>, slot: SlotId) {
        if self.slots[slot].account.missing_since.is_some() {
            self.slots[slot].account.debt = self.causes(cx.now(), slot);
        }
    }

    /// The process of the slot's Pod has died with its machine, or the Pod is deleted: what comes next owes it to whoever is
    /// charged at this instant.
    pub(super) fn hand_over(&mut self, cx: &Cx<'_, Event>, pod: PodId) {
        if let Some(slot) = self.slot_of(pod) {
            self.slots[slot].account.debt = self.causes(cx.now(), slot);
        }
    }

    /// (1): faults at work that by themselves keep the Pod from delivering, or whatever Pod comes where there is none.
    pub(super) fn at_work(&self, workload: WorkloadId, pod: Option<PodId>) -> CauseSet {
        let mut causes = CauseSet::new();
        for &strike in &self.workloads[workload].strikes {
            self.charge_container_strike(&mut causes, workload, strike);
        }
        let Some(pod) = pod else { return causes };
        for container in &self.pods[pod].containers {
            // A flaw of the revision costs nothing while a good one would start, too.
            let starts = container.app.is_set();
            for &strike in &container.strikes {
                if !(starts && matches!(self.model.faults[strike.fault].occurs, Occurrence::WithRevision { .. })) {
                    self.charge_container_strike(&mut causes, workload, strike);
                }
            }
        }
        if let Some(node) = self.pods[pod].node
            && self.is_struck(node)
        {
            for (fault, mode) in self.node_strikes(node) {
                if self.keeps_from_delivering(mode, pod) {
                    causes.insert(Cause::Fault(fault));
                }
            }
        }
        causes
    }

    /// Clients or readiness must see it: what only liveness or startup probes see acts through the restarts that it brings.
    fn charge_container_strike(&self, causes: &mut CauseSet, workload: WorkloadId, strike: Strike) {
        let Some(mode) = self.container_mode(strike.fault) else { return };
        let is_instantaneous = matches!(mode, ContainerMode::Crash | ContainerMode::Sandbox) && !strike.timer.is_set();
        let affects = affects(mode);
        let Some(container) = self.struck_container(strike.fault, workload) else { return };
        let workload = &self.model.workloads[workload];
        let fails_requests = affects.requests && container == workload.pod.serving;
        let is_probed = workload.pod.containers[container].readiness.is_some();
        let withdraws = affects.readiness && is_probed && !workload.publish_not_ready;
        if !is_instantaneous && !mode.serves_others() && (fails_requests || withdraws) {
            causes.insert(Cause::Fault(strike.fault));
        }
    }

    /// A dead or isolated machine does so always. Where only the control plane is cut off or the kubelet is dead, containers
    /// serve on (N16): such a fault does so once the Node is Unknown; a dead kubelet also where something is left to be
    /// started, a partition where only the word of the Pod's readiness is missing.
    fn keeps_from_delivering(&self, mode: NodeMode, pod: PodId) -> bool {
        let state = &self.pods[pod];
        let would_serve = state.main().has_process() && state.main().serving;
        let is_unknown = state.node.is_some_and(|node| !self.nodes[node].ready);
        match mode {
            NodeMode::Crash | NodeMode::Isolation => true,
            NodeMode::Kubelet => is_unknown || !would_serve,
            NodeMode::Partition => is_unknown || would_serve && !state.in_rotation,
        }
    }

    /// How long after a fault its unanswered probes can still make a threshold.
    fn probe_memory(&self, slot: SlotId) -> Duration {
        let spec = self.spec_of(slot);
        let budget =
            |probe: &Probe| probe.period.max(probe.timeout) * u64::from(probe.failure_threshold) + probe.timeout;
        let probes = spec.containers.iter().flat_map(|container| [&container.liveness, &container.readiness]);
        probes.flatten().map(budget).max().unwrap_or(Duration::ZERO)
    }
}
