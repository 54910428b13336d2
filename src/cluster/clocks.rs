//! The clocks of faults and operations: when what comes again and again is due.
//!
//! A clock counts the time that its target is in service and outlives restarts and
//! replacements. All faults of one target share the clock's hand; each has an age at
//! which it strikes next.

use std::collections::BTreeSet;

use super::begins_in_week;
use super::dice::Dice;
use super::observer::{Observed, Observer, Spell};
use super::state::{Kubelet, Stage};
use super::timer::Timer;
use super::{Cluster, Cx, Event, Target};
use crate::ids::{ContainerId, ContainerRef, FaultId, NodeId, SlotId, WorkloadId, ZoneId};
use crate::model::{Occurrence, Role, Start, Strikes, WEEK, WithdrawalScope};
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

    /// A new machine stands at the Node's place. What comes of the age of a machine (V21) begins anew; whatever else befalls the place
    /// keeps its time.
    pub(super) fn begin_life_of_machine(&mut self, now: SimTime, node: NodeId) {
        let model = self.model;
        for number in 0..self.nodes[node].clock.pending.len() {
            let clock = &mut self.nodes[node].clock;
            let fault = clock.pending[number].fault;
            let Some((every, _)) = model.faults[fault].occurs.every() else { continue };
            if !model.faults[fault].strikes.comes_of_age() {
                continue;
            }
            let after = clock.pending[number].every.span(every);
            let after = self.in_hours(fault, now, after);
            let clock = &mut self.nodes[node].clock;
            let age = clock.age;
            let pending = &mut clock.pending[number];
            (pending.strikes_at, pending.life_began) = (age + after, Some(age));
        }
    }

    /// What was to befall the machine of the one Node befalls that of the other from now on.
    pub(super) fn move_clock(&mut self, now: SimTime, from: NodeId, to: NodeId) {
        let (clock, observer) = self.watched_clock(Target::Node(from));
        clock.stop(now, None, None, observer);
        self.nodes[to].clock = std::mem::take(&mut self.nodes[from].clock);
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

    /// Since the beginning of Monday.
    fn of_week(&self, now: SimTime) -> Duration {
        (begins_in_week(self.streams) + now.since(SimTime::ZERO)) % WEEK
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
}
