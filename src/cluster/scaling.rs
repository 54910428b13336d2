//! A Deployment whose `spec.replicas` is changed: by hand, and changed back, or by its autoscaler (D6, D9, D10, D13–D18).
//! Follows `pkg/controller/deployment/sync.go scale` and `deployment_util.go GetReplicaSetProportion, getReplicaSetFraction`.
//!
//! A Deployment has as many slots as the largest number that it is ever scaled to. Those below the number of the moment are open.
//! A closed one has no Pod, its clocks stand, and nothing is expected of it. Scaling up opens slots at the top, which keep their
//! chance, so that scenarios with and without an operation meet the same faults. Scaling down closes the highest ones, whatever Pods
//! Kubernetes deletes: a Pod that stays moves from a slot that closes to one whose Pod has gone, as Pods of surges do.

use super::attribution::Account;
use super::happening::Happening;
use super::observer::{Observed, Observer, OperationEnd};
use super::on_call::Watch;
use super::state::Pod;
use super::timer::Timer;
use super::{Cluster, Cx, Event, Target};
use crate::cluster::cause::{Cause, CauseSet};
use crate::ids::{FaultId, PodId, SlotId, WorkloadId};
use crate::model::{Strategy, Workload};
use crate::time::Duration;

/// What a Deployment has of its number of replicas.
#[derive(Debug, Clone)]
pub(crate) struct Scaling {
    /// `spec.replicas` of the moment.
    pub replicas: u32,
    /// Those that the Deployment controller has given its `ReplicaSet`s, as their annotation `desired-replicas` says.
    pub applied: u32,
    /// The operation that is under way: until the manifest's number is set again, and there are as many Pods as are wanted.
    operation: Option<FaultId>,
    /// Who is charged with what the present number costs.
    cause: Option<Cause>,
    /// What the controllers delete now goes as there are fewer replicas, not for a rollout.
    is_charged: bool,
    /// The manifest's number is set again.
    back: Timer,
    /// What an operation has set, and what there was before.
    by_hand: Option<(u32, u32)>,
    /// What has reset the autoscaler's number, and what that was (D17).
    reset: Option<(FaultId, u32)>,
}

impl Scaling {
    /// At the number of the manifest.
    pub fn new(replicas: u32) -> Self {
        Self {
            replicas,
            applied: replicas,
            operation: None,
            cause: None,
            is_charged: false,
            back: Timer::NONE,
            by_hand: None,
            reset: None,
        }
    }

    /// The controllers have something to do for it, or it may be complete soon.
    pub fn is_at_work(&self) -> bool {
        self.replicas != self.applied || self.operation.is_some() && !self.back.is_set()
    }

    /// Who is charged with what the controllers delete now, unless a rollout is.
    pub fn charged(&self) -> Option<Cause> {
        self.cause.filter(|_| self.is_charged)
    }

    /// What is deleted from now on goes for a rollout.
    pub fn leave_to_rollout(&mut self) {
        self.is_charged = false;
    }

    /// What waits for an event.
    pub fn timer(&self) -> Timer {
        self.back
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// `kubectl scale`: another number of replicas, until the manifest's is set again, if it is. A scaling that is under way is
    /// superseded, and with it its return.
    pub(super) fn begin_scaling(
        &mut self,
        cx: &mut Cx<'_, Event>,
        workload: WorkloadId,
        operation: FaultId,
        to: u32,
        lasts: Option<Duration>,
    ) {
        let target = Target::Deployment(workload);
        let scaling = &self.workloads[workload].scaling;
        if scaling.operation.is_none() && scaling.replicas == to {
            self.observe(cx, &Observed::OperationSkipped { target: Some(target), operation });
            return;
        }
        self.end_scaling(cx, workload, OperationEnd::Superseded);
        let back = lasts.map(|lasts| (self.timer(), lasts));
        let scaling = &mut self.workloads[workload].scaling;
        scaling.operation = Some(operation);
        // One that supersedes another goes back to what was there before both.
        let undone = scaling.by_hand.filter(|(set, _)| scaling.back.is_set() && *set == scaling.replicas);
        scaling.by_hand = Some((to, undone.map_or(scaling.replicas, |(_, before)| before)));
        scaling.back = back.map_or(Timer::NONE, |(timer, _)| timer);
        if let Some((timer, lasts)) = back {
            cx.after(lasts, Event::ScaledBack(workload, timer));
        }
        self.observe(cx, &Observed::OperationBegan { target, operation });
        self.scale_for(cx, workload, Cause::Fault(operation), to);
    }

    /// Its manifest is applied once more: where it says how many replicas there are, what the autoscaler has set is lost (D17).
    pub(super) fn reset_replicas(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, cause: FaultId) {
        let reset_to = self.model.workloads[workload].autoscaler.as_ref().and_then(|autoscaler| autoscaler.reset_to);
        let before = self.workloads[workload].scaling.replicas;
        if let Some(replicas) = reset_to.filter(|&to| to != before) {
            self.workloads[workload].scaling.reset = Some((cause, before));
            self.scale_for(cx, workload, Cause::Fault(cause), replicas);
        }
    }

    /// The autoscaler has decided on a number. What a reset of it had taken is given back at the cost of whoever has done it.
    pub(super) fn autoscale(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, replicas: u32) {
        let state = &mut self.workloads[workload];
        let reset = state.scaling.reset.take();
        let (current, open) = (state.scaling.replicas, state.open);
        if let Some((_, before)) = reset {
            // The rest is not missed any more.
            let given_up = state.every_slot().take(before as usize).skip(replicas.max(open) as usize);
            for slot in given_up {
                self.observe(cx, &Observed::SlotClosed { slot, heir: None, causes: CauseSet::new(), is_missed: false });
            }
        }
        if replicas != current {
            let cause = reset.map_or(Cause::Autoscaler, |(cause, _)| Cause::Fault(cause));
            self.workloads[workload].scaling.cause = Some(cause);
            self.set_replicas(cx, workload, replicas, true);
        }
    }

    /// The manifest's number is set again.
    pub(super) fn on_scaled_back(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, timer: Timer) {
        if self.workloads[workload].scaling.back.expires(timer) {
            let scaling = &mut self.workloads[workload].scaling;
            scaling.cause = scaling.operation.map(Cause::Fault).or(scaling.cause);
            let Workload { replicas, autoscaler, .. } = &self.model.workloads[workload];
            let back = match (autoscaler, scaling.by_hand.take()) {
                (None, _) => *replicas,
                // Where an autoscaler sets the number the manifest has none, or one that it sets. What it has set meanwhile stays.
                (Some(autoscaler), Some((to, before))) if scaling.replicas == to => {
                    autoscaler.reset_to.unwrap_or(before)
                }
                (Some(autoscaler), _) => autoscaler.reset_to.unwrap_or(scaling.replicas),
            };
            self.set_replicas(cx, workload, back, false);
        }
    }

    /// The number of time 0, where nothing is under way: the slots of the model's number are open.
    pub(super) fn begin_at(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, replicas: u32) {
        let state = &mut self.workloads[workload];
        let written = state.open;
        if replicas == written {
            return;
        }
        state.open = replicas;
        state.scaling = Scaling { cause: Some(Cause::Autoscaler), ..Scaling::new(replicas) };
        state.rollouts.begin_with(replicas);
        let closed: Vec<SlotId> = state.every_slot().take(written as usize).skip(replicas as usize).collect();
        self.tell(cx, Happening::ReplicasSet { workload, replicas, by_load: true });
        for slot in closed {
            self.close_slot(cx, slot, None);
        }
    }

    /// Another number of replicas, whoever sets it.
    pub(super) fn scale_for(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, cause: Cause, replicas: u32) {
        self.workloads[workload].scaling.cause = Some(cause);
        self.set_replicas(cx, workload, replicas, false);
    }

    fn set_replicas(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, replicas: u32, by_load: bool) {
        self.workloads[workload].scaling.replicas = replicas;
        self.tell(cx, Happening::ReplicasSet { workload, replicas, by_load });
        for pod in self.active_pods(workload).collect::<Vec<_>>() {
            self.await_availability(cx, pod);
        }
        self.request_pass(cx, workload);
        self.load_changed(cx, workload);
    }

    /// The Deployment controller has not acted on the present number yet, and has a `ReplicaSet` with Pods to scale. From 0 a rollout
    /// takes the newest up (D2).
    pub(super) fn is_to_be_scaled(&self, workload: WorkloadId) -> bool {
        let Scaling { replicas, applied, .. } = self.workloads[workload].scaling;
        replicas != applied && self.workloads[workload].rollouts.sets().iter().any(|set| set.size > 0)
    }

    /// D15: the only `ReplicaSet` that has Pods gets the number as it is. D16: of several each gets its part.
    pub(super) fn scale_sets(&mut self, workload: WorkloadId) {
        let strategy = self.model.workloads[workload].strategy;
        let state = &mut self.workloads[workload];
        let Scaling { replicas, applied, .. } = state.scaling;
        let mut active: Vec<_> = state.rollouts.sets_mut().iter_mut().filter(|set| set.size > 0).collect();
        if let [only] = active.as_mut_slice() {
            only.size = replicas;
        } else if strategy != Strategy::Recreate {
            let most = |replicas: u32| if replicas == 0 { 0 } else { replicas + strategy.bounds(replicas).0 };
            let sizes: Vec<(u32, u32)> = active.iter().map(|set| (set.revision, set.size)).collect();
            let before = applied + strategy.bounds(applied).0;
            for (set, size) in active.into_iter().zip(proportional(&sizes, most(replicas), before)) {
                set.size = size;
            }
        }
        state.scaling.is_charged = true;
    }

    /// Opens or closes slots until those are open that the controllers' number wants.
    pub(super) fn fit_slots(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId) {
        let state = &self.workloads[workload];
        let (open, wanted) = (state.open, state.scaling.applied);
        let slots: Vec<SlotId> = state.every_slot().collect();
        for &slot in slots.iter().take(wanted as usize).skip(open as usize) {
            self.open_slot(cx, slot);
        }
        let closing: Vec<SlotId> = slots.into_iter().take(open as usize).skip(wanted as usize).collect();
        if !closing.is_empty() {
            self.close_slots(cx, workload, wanted, &closing);
        }
    }

    /// Until it delivers for the first time it owes its start to the scaling.
    fn open_slot(&mut self, cx: &mut Cx<'_, Event>, slot: SlotId) {
        let state = &mut self.workloads[self.slots[slot].workload];
        state.open += 1;
        let cause = state.scaling.cause;
        let account = &mut self.slots[slot].account;
        *account = Account::default();
        cause.into_iter().for_each(|cause| account.owe(cause));
        self.look_at_slot(cx, slot);
    }

    /// Pods that stay go on in slots that are vacant, the oldest in the lowest. In a rollout there may be more of them than slots: the
    /// youngest stand where Pods of surges do.
    fn close_slots(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, wanted: u32, closing: &[SlotId]) {
        let mut staying: Vec<(PodId, SlotId)> =
            closing.iter().filter_map(|&slot| Some((self.slots[slot].pod?, slot))).collect();
        staying.sort_by_key(|(pod, _)| self.pods[*pod].born);
        self.workloads[workload].open = wanted;
        let mut moves: Vec<(SlotId, SlotId)> = Vec::new();
        for &(pod, from) in &staying {
            let to = self.vacant_place(workload).expect("there are no more Pods than replicas and surge");
            self.move_to_slot(cx, pod, to);
            if !self.is_for_surge(to) {
                // Whatever its Pod owes goes with it.
                self.slots[to].account = std::mem::take(&mut self.slots[from].account);
                moves.push((from, to));
            }
        }
        for &slot in closing {
            let heir = moves.iter().find(|(from, _)| *from == slot).map(|(_, to)| *to);
            self.close_slot(cx, slot, heir);
        }
        for (pod, _) in staying {
            // Whose endpoint it is has changed, too.
            self.pods[pod].view = None;
            self.settle(cx, pod);
        }
    }

    fn close_slot(&mut self, cx: &mut Cx<'_, Event>, slot: SlotId, heir: Option<SlotId>) {
        let Scaling { cause, reset, .. } = self.workloads[self.slots[slot].workload].scaling;
        let causes = cause.map_or_else(CauseSet::new, CauseSet::from);
        let state = &mut self.slots[slot];
        (state.account, state.view) = (Account::default(), None);
        state.watch = Watch::after(state.watch);
        self.observe(cx, &Observed::SlotClosed { slot, heir, causes, is_missed: reset.is_some() });
        self.update_clocks(cx, slot);
    }

    /// A Pod that was deleted is out of rotation: a scaling may have waited for that.
    pub(super) fn tell_scaling(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId) {
        if self.workloads[workload].scaling.is_at_work() {
            self.request_pass(cx, workload);
        }
    }

    /// The scaling is over when the manifest's number is set again, or another one for good, as many Pods are available as are wanted,
    /// none is too many, and those that were too many are out of rotation.
    pub(super) fn end_scaling_if_complete(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId) {
        let state = &self.workloads[workload];
        let Scaling { replicas, applied, operation, back, .. } = state.scaling;
        if operation.is_none() || back.is_set() || replicas != applied || state.open != replicas {
            return;
        }
        let wanted: u32 = state.rollouts.sets().iter().map(|set| set.size).sum();
        let is_leaving = |pod: &Pod| pod.workload == workload && pod.deleted && pod.in_rotation;
        if self.pods.iter().any(is_leaving) {
            return;
        }
        if self.active_pods(workload).count() as u32 == wanted && self.available_pods(cx.now(), workload) >= replicas {
            self.end_scaling(cx, workload, OperationEnd::Complete);
        }
    }

    fn end_scaling(&mut self, cx: &Cx<'_, Event>, workload: WorkloadId, end: OperationEnd) {
        if let Some(operation) = self.workloads[workload].scaling.operation.take() {
            self.end_operation(cx, Target::Deployment(workload), operation, end);
        }
    }
}

/// D16: the sizes of `ReplicaSet`s, given by revision and size, when so many Pods are allowed in the place of so many before.
pub(crate) fn proportional(sets: &[(u32, u32)], allowed: u32, allowed_before: u32) -> Vec<u32> {
    let mut sizes: Vec<i64> = sets.iter().map(|(_, size)| i64::from(*size)).collect();
    let to_add = i64::from(allowed) - sizes.iter().sum::<i64>();
    let mut order: Vec<usize> = (0..sets.len()).collect();
    // The largest first; of equal ones the newer when Pods are added, the older when they are removed.
    order.sort_by_key(|&set| {
        let (revision, size) = (i64::from(sets[set].0), i64::from(sets[set].1));
        (-size, if to_add > 0 { -revision } else { revision })
    });
    let mut added = 0;
    for &set in &order {
        let left = to_add - added;
        let part = rounded_share(sizes[set], i64::from(allowed), i64::from(allowed_before)) - sizes[set];
        let part = match left {
            0 => 0,
            _ if to_add > 0 => part.min(left),
            _ => part.max(left),
        };
        sizes[set] += part;
        added += part;
    }
    if let Some(&largest) = order.first() {
        sizes[largest] = (sizes[largest] + to_add - added).max(0);
    }
    sizes.into_iter().map(|size| size as u32).collect()
}

/// `size · of / before`, to the nearest whole number; halves away from zero.
fn rounded_share(size: i64, of: i64, before: i64) -> i64 {
    if before == 0 { size } else { (2 * size * of + before) / (2 * before) }
}

#[cfg(test)]
#[path = "scaling_tests.rs"]
mod tests;
