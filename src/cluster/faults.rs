//! Faults: what they strike, how they end. `clocks.rs` says when.

use super::cause::Cause;
use super::happening::Happening;
use super::observer::{Observed, Observer};
use super::state::Strike;
use super::timer::Timer;
use super::{Cluster, Cx, Event, Target};
use crate::ids::{ContainerId, ContainerRef, FaultId, NodeId, PodId, SlotId, WorkloadId, ZoneId};
use crate::model::{Affects, ContainerMode, DeadNodes, NodeMode, NodeWithdrawal, Strikes, WithdrawalScope};
use crate::time::Duration;

impl<O: Observer> Cluster<'_, O> {
    /// Strikes what is there: a container that has a process, a Pod, a machine that is not being replaced.
    pub(super) fn strike(&mut self, cx: &mut Cx<'_, Event>, target: Target, fault: FaultId, lasts: Option<Duration>) {
        if self.is_postponed(target, fault, lasts) {
            return;
        }
        match (target, self.model.faults[fault].strikes) {
            (Target::Slot(slot) | Target::Container(slot, _), Strikes::Container(mode)) => {
                let Some(container) = self.struck_container(fault, self.slots[slot].workload) else { return };
                let at = |pod| ContainerRef { pod, container };
                let running = |at: &ContainerRef| self.container(*at).has_process();
                let Some(at) = self.slots[slot].pod.map(at).filter(running) else { return };
                self.tell(cx, Happening::FaultStruck { target, fault });
                self.mark_struck(cx, slot, fault);
                let timer = self.schedule_end(cx, target, lasts);
                self.strike_container(cx, at, mode, Strike { fault, timer });
            }
            (Target::Slot(slot), Strikes::Deletion) => {
                let Some(pod) = self.slots[slot].pod else { return };
                self.tell(cx, Happening::FaultStruck { target, fault });
                self.mark_struck(cx, slot, fault);
                self.slots[slot].account.owe(Cause::Fault(fault));
                // What goes through the API is known there at once.
                self.observe(cx, &Observed::Reacted { slot });
                self.delete_pod(cx, pod);
            }
            (Target::Deployment(first), Strikes::Deployment(mode)) => {
                let struck = self.struck_with(fault, first);
                if struck.is_empty() {
                    return;
                }
                self.tell(cx, Happening::FaultStruck { target, fault });
                let timer = self.schedule_end(cx, target, lasts);
                for workload in struck {
                    self.strike_deployment(cx, workload, mode, Strike { fault, timer });
                }
            }
            (Target::Deployment(workload), Strikes::Rollout { new_image }) => {
                self.tell(cx, Happening::FaultStruck { target, fault });
                self.begin_rollout(cx, workload, fault, (new_image, lasts));
            }
            (Target::Deployment(workload), Strikes::Scale { to }) => {
                self.tell(cx, Happening::FaultStruck { target, fault });
                self.begin_scaling(cx, workload, fault, to, lasts);
            }
            (Target::Cluster, Strikes::ControlPlane(mode)) => self.strike_control_plane(cx, fault, mode, lasts),
            (Target::Cluster, Strikes::Drain { node, timeout }) => {
                self.begin_drain(cx, fault, (node, timeout), lasts.unwrap_or(Duration::ZERO));
            }
            (Target::Cluster, Strikes::UpgradeNodes(plan)) => self.begin_upgrade(cx, fault, plan),
            (target, Strikes::WithdrawNode(plan)) => self.strike_withdrawal(cx, target, fault, plan),
            (Target::Node(node), Strikes::Node(mode)) => {
                if self.nodes[node].join.is_set() || self.nodes[node].absent {
                    return;
                }
                self.tell(cx, Happening::FaultStruck { target, fault });
                self.mark_node_struck(cx, node, fault);
                let replaced =
                    mode == NodeMode::Crash && matches!(self.model.cluster.dead_nodes, DeadNodes::Replace(_));
                // A machine that is gone does not come back; another takes its place.
                let timer = self.schedule_end(cx, target, lasts.filter(|_| !replaced));
                self.nodes[node].strikes.push(Strike { fault, timer });
                if replaced {
                    self.order_replacement_node(cx, node);
                    self.tell_withdrawal_of_death(cx, node);
                }
                self.refresh_node(cx, node);
                if replaced {
                    self.await_node_deletion(cx, node);
                }
            }
            (Target::Zone(zone), Strikes::Zone(_)) => {
                self.tell(cx, Happening::FaultStruck { target, fault });
                let timer = self.schedule_end(cx, target, lasts);
                self.zones[zone].strikes.push(Strike { fault, timer });
                for node in self.nodes_of(zone) {
                    self.mark_node_struck(cx, node, fault);
                    self.refresh_node(cx, node);
                }
            }
            (target, strikes) => unreachable!("{strikes} does not strike {target:?}"),
        }
    }

    fn strike_withdrawal(&mut self, cx: &mut Cx<'_, Event>, target: Target, operation: FaultId, plan: NodeWithdrawal) {
        match (target, plan.scope) {
            (Target::Node(node), _) => self.begin_withdrawal(cx, operation, plan, node),
            (Target::Zone(zone), WithdrawalScope::Zone { share }) => {
                self.begin_burst(cx, operation, plan, (zone, share));
            }
            (Target::Cluster, WithdrawalScope::Cluster { at_once }) => {
                self.begin_withdrawal_by_turn(cx, operation, plan, at_once);
            }
            (target, _) => unreachable!("{} does not strike {target:?}", plan.reason.in_words()),
        }
    }

    pub(super) fn strike_container(
        &mut self,
        cx: &mut Cx<'_, Event>,
        at: ContainerRef,
        mode: ContainerMode,
        strike: Strike,
    ) {
        let instantaneous = matches!(mode, ContainerMode::Crash | ContainerMode::Sandbox);
        if instantaneous
            && self.may_withdraw(at)
            && let Some(slot) = self.slot_of(at.pod)
        {
            self.slots[slot].account.owe(Cause::Fault(strike.fault));
        }
        match mode {
            ContainerMode::Crash => self.exit_container(cx, at),
            ContainerMode::Sandbox => {
                // With the network of the Pod: nobody gets an answer from any of its containers.
                for at in self.containers(at.pod) {
                    let container = self.container_mut(at);
                    if container.has_process() {
                        container.strikes.push(strike);
                    }
                }
                self.lose_sandbox(cx, at.pod);
            }
            ContainerMode::Hang(_) | ContainerMode::Error(_) | ContainerMode::ErrorInPart(_) => {
                self.container_mut(at).strikes.push(strike);
                self.settle(cx, at.pod);
            }
        }
    }

    fn strike_deployment(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, mode: ContainerMode, strike: Strike) {
        for slot in self.workloads[workload].slots() {
            self.mark_struck(cx, slot, strike.fault);
        }
        let pods: Vec<PodId> = self.running_pods(workload);
        if !strike.timer.is_set() {
            let Some(container) = self.struck_container(strike.fault, workload) else { return };
            for pod in pods {
                let at = ContainerRef { pod, container };
                if self.container(at).has_process() {
                    self.strike_container(cx, at, mode, strike);
                }
            }
            return;
        }
        self.workloads[workload].strikes.push(strike);
        self.settle_all(cx, workload, pods);
        self.update_clock(cx, Target::Deployment(workload));
    }

    /// What a shared dependency does concerns all: these Pods, and slots whose Pods are not there or do not run.
    fn settle_all(&mut self, cx: &mut Cx<'_, Event>, workload: WorkloadId, pods: Vec<PodId>) {
        for pod in pods {
            self.settle(cx, pod);
        }
        for slot in self.workloads[workload].slots() {
            self.look_at_slot(cx, slot);
        }
    }

    pub(super) fn schedule_end(&mut self, cx: &mut Cx<'_, Event>, target: Target, lasts: Option<Duration>) -> Timer {
        let Some(lasts) = lasts else { return Timer::NONE };
        let timer = self.timer();
        cx.after(lasts, Event::FaultEnded(target, timer));
        timer
    }

    pub(super) fn on_fault_ended(&mut self, cx: &mut Cx<'_, Event>, target: Target, timer: Timer) {
        let over = |strikes: &mut Vec<Strike>| {
            let position = strikes.iter().position(|strike| strike.timer == timer)?;
            Some(strikes.remove(position).fault)
        };
        match target {
            Target::Slot(slot) | Target::Container(slot, _) => {
                let Some(pod) = self.struck_with_timer(slot, timer) else { return };
                let mut struck = self.pods[pod].containers.iter_mut().map(|container| &mut container.strikes);
                let Some(fault) = struck.find_map(over) else { return };
                self.tell(cx, Happening::FaultEnded { target, fault });
                if let Some(slot) = self.slot_of(pod) {
                    self.mark_ended(cx, slot, fault);
                }
                self.settle(cx, pod);
            }
            Target::Deployment(first) => {
                let strikes = &self.workloads[first].strikes;
                let Some(fault) = strikes.iter().find(|strike| strike.timer == timer).map(|strike| strike.fault) else {
                    return;
                };
                self.tell(cx, Happening::FaultEnded { target, fault });
                for workload in self.struck_with(fault, first) {
                    self.workloads[workload].strikes.retain(|strike| strike.timer != timer);
                    for slot in self.workloads[workload].slots() {
                        self.mark_ended(cx, slot, fault);
                    }
                    let pods = self.running_pods(workload);
                    self.settle_all(cx, workload, pods);
                    self.update_clock(cx, Target::Deployment(workload));
                }
            }
            Target::Node(node) => {
                let Some(fault) = over(&mut self.nodes[node].strikes) else { return };
                self.tell(cx, Happening::FaultEnded { target, fault });
                self.mark_node_ended(cx, node, fault);
                self.refresh_node(cx, node);
            }
            Target::Zone(zone) => {
                let Some(fault) = over(&mut self.zones[zone].strikes) else { return };
                self.tell(cx, Happening::FaultEnded { target, fault });
                for node in self.nodes_of(zone) {
                    self.mark_node_ended(cx, node, fault);
                    self.refresh_node(cx, node);
                }
            }
            Target::Cluster => self.on_control_plane_fault_ended(cx, timer),
        }
        self.update_clock(cx, target);
    }

    /// The Pod on which the fault is at work that ends with this timer: that of the slot, or one that stood there before the slot was
    /// closed.
    fn struck_with_timer(&self, slot: SlotId, timer: Timer) -> Option<PodId> {
        let is_struck = |pod: &PodId| {
            let mut strikes = self.pods[*pod].containers.iter().flat_map(|container| &container.strikes);
            strikes.any(|strike| strike.timer == timer)
        };
        let holds_another = |pod: &PodId| self.pods[*pod].exists && self.pods[*pod].holds_slot && is_struck(pod);
        self.slots[slot].pod.filter(is_struck).or_else(|| self.pods.ids().find(holds_another))
    }

    fn mark_struck(&mut self, cx: &mut Cx<'_, Event>, slot: SlotId, fault: FaultId) {
        // The next sync looks at the slot, and finds the new cause.
        if let Some(pod) = self.slots[slot].pod {
            self.wake(cx, pod);
        }
        self.observe(cx, &Observed::SlotStruck { slot, fault });
    }

    fn mark_ended(&mut self, cx: &Cx<'_, Event>, slot: SlotId, fault: FaultId) {
        self.slots[slot].account.fault_ended(cx.now(), fault);
        self.observe(cx, &Observed::SlotFaultEnded { slot, fault });
    }

    fn mark_node_struck(&mut self, cx: &mut Cx<'_, Event>, node: NodeId, fault: FaultId) {
        for slot in self.slots_on(node) {
            self.mark_struck(cx, slot, fault);
        }
    }

    fn mark_node_ended(&mut self, cx: &Cx<'_, Event>, node: NodeId, fault: FaultId) {
        for slot in self.slots_on(node) {
            self.mark_ended(cx, slot, fault);
        }
    }

    /// Which container of the Deployment's Pods the fault strikes; `None` where it strikes those of others only.
    pub(super) fn struck_container(&self, fault: FaultId, workload: WorkloadId) -> Option<ContainerId> {
        let named = &self.model.faults[fault].containers;
        if named.is_empty() {
            return Some(self.model.workloads[workload].pod.serving);
        }
        named.iter().find(|named| named.workload == workload).map(|named| named.container)
    }

    /// The Deployments whose containers or Pods the fault strikes.
    pub(super) fn struck_workloads(&self, fault: FaultId) -> Vec<WorkloadId> {
        let named = &self.model.faults[fault].containers;
        if named.is_empty() {
            self.workloads.ids().collect()
        } else {
            named.iter().map(|named| named.workload).collect()
        }
    }

    /// The Deployments that the fault strikes when it strikes this one; none where this one has no such container.
    fn struck_with(&self, fault: FaultId, first: WorkloadId) -> Vec<WorkloadId> {
        let struck = self.struck_workloads(fault);
        let at_once = self.model.faults[fault].at_once;
        struck.into_iter().filter(|&workload| at_once || workload == first).collect()
    }

    /// The Deployment that the target belongs to, if it does to one.
    pub(super) fn workload_of(&self, target: Target) -> Option<WorkloadId> {
        match target {
            Target::Slot(slot) | Target::Container(slot, _) => Some(self.slots[slot].workload),
            Target::Deployment(workload) => Some(workload),
            Target::Node(_) | Target::Zone(_) | Target::Cluster => None,
        }
    }

    /// What stands for a container of the slot's Pod.
    pub(super) fn target(&self, slot: SlotId, container: ContainerId) -> Target {
        let serves = container == self.spec_of(slot).serving;
        if serves { Target::Slot(slot) } else { Target::Container(slot, container) }
    }

    /// What befalls the container may keep the Pod from delivering: it serves, or the Pod's readiness counts (K11, E4).
    pub(super) fn may_withdraw(&self, at: ContainerRef) -> bool {
        at == self.main(at.pod) || !self.workload(at.pod).publish_not_ready
    }

    /// The faults at work on this container of all Pods.
    pub(super) fn shared_strikes(&self, at: ContainerRef) -> impl Iterator<Item = &Strike> {
        let workload = self.pods[at.pod].workload;
        let strikes = self.workloads[workload].strikes.iter();
        strikes.filter(move |strike| self.struck_container(strike.fault, workload) == Some(at.container))
    }

    /// The faults at work on the container, of its own and of all Pods, as somebody sees them.
    pub(super) fn strikes_on(&self, at: ContainerRef) -> impl Iterator<Item = (FaultId, ContainerMode)> {
        let strikes = self.container(at).strikes.iter().chain(self.shared_strikes(at));
        strikes.filter_map(|strike| Some((strike.fault, self.container_mode(strike.fault)?)))
    }

    /// The faults at work on the container alone.
    pub(super) fn container_strikes(&self, at: ContainerRef) -> impl Iterator<Item = (Strike, ContainerMode)> {
        let strikes = self.container(at).strikes.iter();
        strikes.filter_map(|&strike| Some((strike, self.container_mode(strike.fault)?)))
    }

    /// How the fault strikes containers, if it does.
    pub(super) fn container_mode(&self, fault: FaultId) -> Option<ContainerMode> {
        match self.model.faults[fault].strikes {
            Strikes::Container(mode) | Strikes::Deployment(mode) => Some(mode),
            Strikes::Deletion
            | Strikes::Node(_)
            | Strikes::Zone(_)
            | Strikes::ControlPlane(_)
            | Strikes::Rollout { .. }
            | Strikes::Scale { .. }
            | Strikes::Drain { .. }
            | Strikes::UpgradeNodes(_)
            | Strikes::WithdrawNode(_) => None,
        }
    }

    /// What is at work on the container will not end by itself: left alone it would never serve again.
    pub(super) fn is_broken_for_good(&self, at: ContainerRef) -> bool {
        self.container_strikes(at).any(|(strike, mode)| !strike.timer.is_set() && !mode.serves_others())
    }

    /// A fault is at work on the Node or its zone.
    pub(super) fn is_struck(&self, node: NodeId) -> bool {
        !self.nodes[node].strikes.is_empty() || self.is_zone_struck(node)
    }

    /// A fault is at work on the Node's zone.
    pub(super) fn is_zone_struck(&self, node: NodeId) -> bool {
        let zone = self.model.cluster.nodes[node].zone;
        zone.is_some_and(|zone| !self.zones[zone].strikes.is_empty())
    }

    /// The faults at work on a Node or its zone.
    pub(super) fn node_strikes(&self, node: NodeId) -> impl Iterator<Item = (FaultId, NodeMode)> {
        let zone = self.model.cluster.nodes[node].zone;
        let of_zone = zone.into_iter().flat_map(|zone| &self.zones[zone].strikes);
        self.nodes[node].strikes.iter().chain(of_zone).filter_map(|strike| {
            match self.model.faults[strike.fault].strikes {
                Strikes::Node(mode) | Strikes::Zone(mode) => Some((strike.fault, mode)),
                Strikes::Container(_)
                | Strikes::Deletion
                | Strikes::Deployment(_)
                | Strikes::ControlPlane(_)
                | Strikes::Rollout { .. }
                | Strikes::Scale { .. }
                | Strikes::Drain { .. }
                | Strikes::UpgradeNodes(_)
                | Strikes::WithdrawNode(_) => None,
            }
        })
    }

    fn nodes_of(&self, zone: ZoneId) -> Vec<NodeId> {
        let nodes = &self.model.cluster.nodes;
        nodes.ids().filter(|&node| nodes[node].zone == Some(zone)).collect()
    }

    fn running_pods(&self, workload: WorkloadId) -> Vec<PodId> {
        let runs = |pod: &PodId| self.pods[*pod].workload == workload && self.pods[*pod].has_process();
        self.pods.ids().filter(runs).collect()
    }
}

/// Who sees a mode; a crash is seen by all.
pub(super) fn affects(mode: ContainerMode) -> Affects {
    match mode {
        ContainerMode::Crash | ContainerMode::Sandbox => Affects::ALL,
        ContainerMode::Hang(affects) | ContainerMode::Error(affects) => affects,
        ContainerMode::ErrorInPart(_) => Affects::REQUESTS,
    }
}
