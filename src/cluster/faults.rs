//! Faults: their clocks, what they strike, how they end.
//!
//! A clock counts the time that its target is in service and outlives restarts and
//! replacements. All faults of one target share the clock's hand; each has an age at
//! which it strikes next.

use std::collections::BTreeSet;

use super::dice::Dice;
use super::happening::Happening;
use super::observer::{Observed, Observer, Spell};
use super::state::{Kubelet, Stage, Strike};
use super::timer::Timer;
use super::{Cluster, Cx, Event, Target};
use crate::ids::{ContainerId, ContainerRef, FaultId, NodeId, PodId, SlotId, WorkloadId, ZoneId};
use crate::model::{
    Affects, ContainerMode, DeadNodes, NodeMode, NodeWithdrawal, Occurrence, Role, Start, Strikes, WEEK,
    WithdrawalScope,
};
use crate::random::{Law, Purpose, name_hash};
use crate::time::{Duration, SimTime};

/// The time in service of one target, and the ages at which faults strike it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    age: Duration,
    running_since: Option<SimTime>,
    pending: Vec<Pending>,
    timer: Timer,
}

#[derive(Debug, Clone)]
struct Pending {
    fault: FaultId,
    /// It strikes several Deployments at once, by the clock of the first.
    is_of_several: bool,
    strikes_at: Duration,
    /// The age at which the present life began; `None` while that is a residual one.
    life_began: Option<Duration>,
    every: Dice,
    lasts: Dice,
}

impl Clock {
    fn is_running(&self) -> bool {
        self.running_since.is_some()
    }

    /// The target leaves service, or the fault that is due strikes; the observer is told how long each has run.
    fn stop(&mut self, now: SimTime, of: Option<WorkloadId>, striking: Option<usize>, observer: &mut impl Observer) {
        if let Some(since) = self.running_since.take() {
            for (index, pending) in self.pending.iter().enumerate() {
                let life = pending.life_began.map(|began| self.age.saturating_sub(began));
                let strikes = striking == Some(index);
                let workload = of.filter(|_| !pending.is_of_several);
                let spell = Spell { fault: pending.fault, workload, from: since, to: now, life, strikes };
                observer.observe(now, &Observed::ClockRan(spell));
            }
            self.age += now.since(since);
            self.timer = Timer::NONE;
        }
    }

    /// Tells the observer how long it has run, and runs on.
    fn tell(&mut self, now: SimTime, of: Option<WorkloadId>, observer: &mut impl Observer) {
        let timer = self.timer;
        if self.is_running() {
            self.stop(now, of, None, observer);
            self.running_since = Some(now);
            self.timer = timer;
        }
    }

    /// The target enters service; the time left until the next strike.
    fn start(&mut self, now: SimTime) -> Option<Duration> {
        self.running_since = Some(now);
        self.pending.iter().map(|p| p.strikes_at).min().map(|at| at.saturating_sub(self.age))
    }

    /// The fault that is due at the present age; the first of the model's order if several are.
    fn due(&self) -> Option<usize> {
        (0..self.pending.len()).min_by_key(|&i| (self.pending[i].strikes_at, self.pending[i].fault))
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// Draws the first strike of every fault and gives each target its clock.
    pub(super) fn wind_clocks(&mut self) {
        let model = self.model;
        for (id, fault) in model.faults.entries() {
            let Some((every, _)) = fault.occurs.every() else { continue };
            match fault.strikes {
                Strikes::Container(_) => {
                    for workload in self.struck_workloads(id) {
                        let Some(container) = self.struck_container(id, workload) else { continue };
                        let slots = self.workloads[workload].every_slot();
                        slots.for_each(|slot| self.wind(self.target(slot, container), id, every));
                    }
                }
                Strikes::Deletion => {
                    for workload in self.struck_workloads(id) {
                        let slots = self.workloads[workload].every_slot();
                        slots.for_each(|slot| self.wind(Target::Slot(slot), id, every));
                    }
                }
                Strikes::Deployment(_) => {
                    // The clock of what strikes several at once is that of the first.
                    let clocks = if fault.at_once { 1 } else { usize::MAX };
                    for workload in self.struck_workloads(id).into_iter().take(clocks) {
                        self.wind(Target::Deployment(workload), id, every);
                    }
                }
                Strikes::Rollout { .. } | Strikes::Scale { .. } => {
                    for workload in self.struck_workloads(id) {
                        self.wind(Target::Deployment(workload), id, every);
                    }
                }
                // A clock of the cluster runs on whatever befalls it and its Nodes.
                Strikes::Drain { .. } | Strikes::UpgradeNodes(_) | Strikes::ControlPlane(_) => {
                    self.wind(Target::Cluster, id, every);
                }
                Strikes::WithdrawNode(plan) => self.wind_withdrawals(id, plan.scope, every),
                Strikes::Node(_) => {
                    let places: Vec<NodeId> = self.places().map(|(_, node)| node).collect();
                    places.into_iter().for_each(|node| self.wind(Target::Node(node), id, every));
                }
                Strikes::Zone(_) => self.zones.ids().for_each(|zone| self.wind(Target::Zone(zone), id, every)),
            }
        }
    }

    /// A clock for each Node that is withdrawn, for each zone that has some of them, or for the cluster.
    fn wind_withdrawals(&mut self, id: FaultId, scope: WithdrawalScope, every: &Law) {
        let places: Vec<NodeId> =
            self.places().map(|(place, _)| place).filter(|place| self.is_about(id, *place)).collect();
        match scope {
            WithdrawalScope::Node => places.into_iter().for_each(|place| self.wind(Target::Node(place), id, every)),
            WithdrawalScope::Zone { .. } => {
                let zones: BTreeSet<ZoneId> =
                    places.iter().filter_map(|place| self.model.cluster.nodes[*place].zone).collect();
                zones.into_iter().for_each(|zone| self.wind(Target::Zone(zone), id, every));
            }
            WithdrawalScope::Cluster { .. } => self.wind(Target::Cluster, id, every),
        }
    }

    fn wind(&mut self, target: Target, fault: FaultId, law: &Law) {
        let name = name_hash(&self.model.faults[fault].name);
        let mut every = Dice::new(self.stream(target, Purpose::FaultEvery(name)));
        let lasts = Dice::new(self.stream(target, Purpose::FaultLasts(name)));
        let (after, life_began) = match self.model.start {
            Start::Fresh => (every.span(law), Some(Duration::ZERO)),
            Start::Running => {
                let (stream, ordinal) = every.reserve();
                (Duration::from_secs_f64(law.sample_residual(&mut stream.rng(ordinal))), None)
            }
        };
        let strikes_at = self.in_hours(fault, SimTime::ZERO, after);
        let is_of_several = self.model.faults[fault].at_once;
        let pending = Pending { fault, is_of_several, strikes_at, life_began, every, lasts };
        self.clock_mut(target).pending.push(pending);
    }

    /// What comes so long after `now` comes later or sooner where it keeps hours of the week.
    fn in_hours(&self, fault: FaultId, now: SimTime, after: Duration) -> Duration {
        match self.model.faults[fault].occurs {
            Occurrence::InHours { calendar, .. } => calendar.stretched(self.of_week(now), after),
            _ => after,
        }
    }

    /// How long it is still closed for what is due now. Its clock has stood, else it would have come when it is open.
    fn opens_after(&self, fault: FaultId, now: SimTime) -> Duration {
        match self.model.faults[fault].occurs {
            Occurrence::InHours { calendar, .. } => calendar.wait(self.of_week(now), Duration::ZERO),
            _ => Duration::ZERO,
        }
    }

    /// Since the beginning of Monday; the same in all scenarios.
    fn of_week(&self, now: SimTime) -> Duration {
        let begins = self.stream(Target::Cluster, Purpose::Week).uniform(0) * WEEK.as_secs_f64();
        (Duration::from_secs_f64(begins) + now.since(SimTime::ZERO)) % WEEK
    }

    fn clock_mut(&mut self, target: Target) -> &mut Clock {
        self.watched_clock(target).0
    }

    /// A target's clock and who watches.
    fn watched_clock(&mut self, target: Target) -> (&mut Clock, &mut O) {
        let clock = match target {
            Target::Slot(slot) => {
                let serving = self.spec_of(slot).serving;
                &mut self.slots[slot].containers[serving].clock
            }
            Target::Container(slot, container) => &mut self.slots[slot].containers[container].clock,
            Target::Deployment(workload) => &mut self.workloads[workload].clock,
            Target::Node(node) => &mut self.nodes[node].clock,
            Target::Zone(zone) => &mut self.zones[zone].clock,
            Target::Cluster => &mut self.clock,
        };
        (clock, &mut self.observer)
    }

    /// Tells the observer how far every clock has run.
    pub(super) fn tell_clocks(&mut self, now: SimTime) {
        for slot in &mut self.slots {
            for chance in &mut slot.containers {
                chance.clock.tell(now, Some(slot.workload), &mut self.observer);
            }
        }
        let of_nodes = self.nodes.iter_mut().map(|node| &mut node.clock);
        for clock in of_nodes.chain(self.zones.iter_mut().map(|zone| &mut zone.clock)) {
            clock.tell(now, None, &mut self.observer);
        }
        for (workload, state) in self.workloads.ids().zip(&mut self.workloads) {
            state.clock.tell(now, Some(workload), &mut self.observer);
        }
        self.clock.tell(now, None, &mut self.observer);
    }

    fn is_in_service(&self, target: Target) -> bool {
        match target {
            Target::Slot(slot) => self.is_container_in_service(slot, self.spec_of(slot).serving),
            Target::Container(slot, container) => self.is_container_in_service(slot, container),
            Target::Deployment(workload) => self.workloads[workload].strikes.is_empty(),
            Target::Node(node) => {
                let node = &self.nodes[node];
                // Without an API server a machine runs on all the same.
                node.linked && node.kubelet == Kubelet::Up && node.registered && node.strikes.is_empty()
            }
            Target::Zone(zone) => self.zones[zone].strikes.is_empty(),
            Target::Cluster => true,
        }
    }

    /// An init container is in service while it runs.
    fn is_container_in_service(&self, slot: SlotId, container: ContainerId) -> bool {
        let Some(pod) = self.slots[slot].pod else { return false };
        let at = ContainerRef { pod, container };
        let (state, role) = (self.container(at), self.container_spec(at).role);
        state.stage == Stage::Running && (state.serving || role == Role::Init) && state.strikes.is_empty()
    }

    /// Starts or stops the clocks of the slot's containers.
    pub(super) fn update_clocks(&mut self, cx: &mut Cx<'_, Event>, slot: SlotId) {
        for container in self.slots[slot].containers.ids() {
            self.update_clock(cx, self.target(slot, container));
        }
    }

    /// The target's clock, if any fault strikes it, runs while it is in service, and may run until a container that is being
    /// stopped is gone.
    pub(super) fn is_clock_right(&self, target: Target) -> bool {
        let clock = match target {
            Target::Slot(slot) => &self.slots[slot].containers[self.spec_of(slot).serving].clock,
            Target::Container(slot, container) => &self.slots[slot].containers[container].clock,
            Target::Deployment(workload) => &self.workloads[workload].clock,
            Target::Node(node) => &self.nodes[node].clock,
            Target::Zone(zone) => &self.zones[zone].clock,
            Target::Cluster => &self.clock,
        };
        let container = match target {
            Target::Slot(slot) => Some((slot, self.spec_of(slot).serving)),
            Target::Container(slot, container) => Some((slot, container)),
            Target::Deployment(_) | Target::Node(_) | Target::Zone(_) | Target::Cluster => None,
        };
        let is_stopping = container.is_some_and(|(slot, container)| {
            self.slots[slot].pod.is_some_and(|pod| self.pods[pod].containers[container].stage == Stage::Stopping)
        });
        clock.pending.is_empty() || clock.is_running() == self.is_in_service(target) || is_stopping
    }

    /// Starts or stops the target's clock as its service demands.
    pub(super) fn update_clock(&mut self, cx: &mut Cx<'_, Event>, target: Target) {
        let in_service = self.is_in_service(target);
        let clock = self.clock_mut(target);
        if clock.pending.is_empty() || clock.is_running() == in_service {
            return;
        }
        if in_service {
            if let Some(left) = clock.start(cx.now()) {
                let timer = self.timer();
                self.clock_mut(target).timer = timer;
                cx.after(left, Event::FaultDue(target, timer));
            }
        } else {
            let of = self.workload_of(target);
            let (clock, observer) = self.watched_clock(target);
            clock.stop(cx.now(), of, None, observer);
        }
    }

    pub(super) fn on_fault_due(&mut self, cx: &mut Cx<'_, Event>, target: Target, timer: Timer) {
        let (model, of) = (self.model, self.workload_of(target));
        let clock = self.clock_mut(target);
        if !clock.timer.expires(timer) {
            return;
        }
        let Some(index) = clock.due() else { return };
        let fault = clock.pending[index].fault;
        let closed = self.opens_after(fault, cx.now());
        let (clock, observer) = self.watched_clock(target);
        clock.stop(cx.now(), of, Some(index).filter(|_| closed.is_zero()), observer);
        let age = clock.age;
        if !closed.is_zero() {
            clock.pending[index].strikes_at = age + closed;
            self.update_clock(cx, target);
            return;
        }
        let model = &model.faults[fault];
        let Some((every, _)) = model.occurs.every() else { return };
        let after = clock.pending[index].every.span(every);
        let after = self.in_hours(fault, cx.now(), after);
        let pending = &mut self.clock_mut(target).pending[index];
        pending.strikes_at = age + after;
        pending.life_began = Some(age);
        let lasts = model.lasts.as_ref().map(|lasts| pending.lasts.span(lasts));
        self.strike(cx, target, fault, lasts);
        self.update_clock(cx, target);
    }

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
                self.slots[slot].account.owe(fault);
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
            self.slots[slot].account.owe(strike.fault);
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
            ContainerMode::Hang(_) | ContainerMode::Error(_) => {
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
    fn struck_workloads(&self, fault: FaultId) -> Vec<WorkloadId> {
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
    fn workload_of(&self, target: Target) -> Option<WorkloadId> {
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
        self.container(at).strikes.iter().any(|strike| !strike.timer.is_set())
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
    }
}
