//! The state at time 0: a system met in the middle of its life, or one that is just being created.

use super::dice::Dice;
use super::eviction::TaintQueue;
use super::happening::{Endpoint, Happening};
use super::observer::Observer;
use super::prober::{Status, Worker};
use super::probing::KINDS;
use super::state::{Container, Prober, Stage};
use super::{Cluster, Cx, Event, Mode, Target};
use crate::ids::{ContainerId, ContainerRef, NodeId, PodId, SlotId};
use crate::model::{ProbeKind, Role, Start, YEAR};
use crate::random::{Owner, Purpose};
use crate::time::{Duration, Grid, SimTime};

impl<O: Observer> Cluster<'_, O> {
    /// Sets the scene and schedules the first events.
    pub(super) fn begin(&mut self, cx: &mut Cx<'_, Event>) {
        let rate = self.model.cluster.control_plane.eviction_rate;
        self.taint_queues = (0..=self.zones.len()).map(|_| TaintQueue::new(rate)).collect();
        for node in self.nodes.ids() {
            let queue = self.queue_of(node);
            let state = &self.nodes[node];
            self.taint_queues[queue].recount(None, state.registered.then_some(state.ready));
        }
        self.wind_clocks();
        self.schedule_script(cx);
        match self.model.start {
            Start::Running => self.begin_running(cx),
            Start::Fresh => self.begin_fresh(cx),
        }
        for target in self.nodes.ids().map(Target::Node) {
            self.update_clock(cx, target);
        }
        for target in self.zones.ids().map(Target::Zone) {
            self.update_clock(cx, target);
        }
        for target in self.workloads.ids().map(Target::Deployment) {
            self.update_clock(cx, target);
        }
        self.update_clock(cx, Target::Cluster);
        self.begin_autoscaling(cx);
        self.begin_queues(cx);
        if self.mode == Mode::EveryProbe {
            for node in self.nodes.ids() {
                if self.nodes[node].alive {
                    self.schedule_first_renewal(cx, node);
                }
            }
            self.plan_pass(cx);
        }
    }

    fn schedule_first_renewal(&mut self, cx: &mut Cx<'_, Event>, node: NodeId) {
        let timer = self.timer();
        let state = &mut self.nodes[node];
        state.lease = timer;
        cx.at(state.leases.at_or_after(SimTime::ZERO), Event::LeaseRenewed(node, timer));
    }

    /// All Pods are created together, at any moment of a second of the wall clock: whole seconds matter (P8).
    fn begin_fresh(&mut self, cx: &mut Cx<'_, Event>) {
        let initial = self.streams.stream(Owner::Replication, Purpose::Initial);
        let at = SimTime::ZERO + Duration::from_secs_f64(initial.uniform(4));
        for slot in self.all_slots() {
            self.look_at_slot(cx, slot);
            let timer = self.timer();
            cx.at(at, Event::ReplacementCreated(slot, timer));
        }
    }

    /// Every slot has a Pod, placed one after the other as the scheduler would on an empty cluster, Ready and in
    /// rotation for a long time, unless its probes never have a result (P15).
    fn begin_running(&mut self, cx: &mut Cx<'_, Event>) {
        for workload in self.workloads.ids() {
            self.begin_at(cx, workload, self.first_replicas(workload));
        }
        for slot in self.all_slots() {
            let set = self.first_set(self.slots[slot].workload);
            let pod = self.create_pod(cx, slot, set);
            match self.choose_node(self.slots[slot].workload, 0, None) {
                Some(node) => {
                    self.set_up(pod, slot, node);
                    self.tell(cx, Happening::PodMet { pod, node });
                }
                // It has been Pending for as long as the system has run.
                None => self.request_binding(cx, pod),
            }
        }
        self.balance();
        for pod in self.pods.ids() {
            self.note_long_running(pod);
        }
        self.count_pods(cx);
        for pod in self.pods.ids() {
            self.settle(cx, pod);
        }
        for slot in self.all_slots() {
            self.look_at_slot(cx, slot);
        }
    }

    /// The phases of a Pod's workers are coupled (P9b, K9): all tick from the first sync. Over a common multiple of the periods
    /// that has no preferred moment.
    fn set_up(&mut self, pod: PodId, slot: SlotId, node: NodeId) {
        let spec = self.spec(pod);
        let mut dice = self.initial_dice(slot, spec.serving);
        let periods = spec.containers.iter().flat_map(|container| KINDS.map(|kind| container.probe(kind)));
        let periods = periods.flatten().map(|probe| probe.period);
        let span = periods.reduce(common_multiple).unwrap_or(Duration::from_secs(1));
        let first_sync = SimTime::from_nanos((dice.uniform() * span.as_nanos() as f64) as u64);
        self.pods[pod].node = Some(node);
        self.pods[pod].adopted = true;
        self.pods[pod].sandbox = true;
        self.set_up_container(ContainerRef { pod, container: spec.serving }, first_sync, dice);
        for at in self.containers(pod).filter(|at| at.container != spec.serving) {
            let dice = self.initial_dice(slot, at.container);
            self.set_up_container(at, first_sync, dice);
        }
        let state = &mut self.pods[pod];
        let is_ready = |(spec, container): (&crate::model::Container, &Container)| {
            spec.role == Role::Init || container.is_ready(false)
        };
        let ready = spec.containers.iter().zip(&state.containers).all(is_ready);
        state.ready = ready;
        state.api_ready = ready;
        state.slice = Endpoint { listed: true, serving: ready, terminating: false };
        for container in &spec.containers {
            self.nodes[node].store_image((container.image, 0));
        }
    }

    fn initial_dice(&self, slot: SlotId, container: ContainerId) -> Dice {
        Dice::new(self.stream(Target::Container(slot, container), Purpose::Initial))
    }

    /// It has run for a long time; readiness probes tick from the first global relist after its start, or with a startup
    /// probe from the success of that, which falls on one of its ticks (P9b).
    fn set_up_container(&mut self, at: ContainerRef, first_sync: SimTime, mut dice: Dice) {
        let spec = self.container_spec(at);
        if spec.role == Role::Init {
            self.container_mut(at).instance = 1;
            self.container_mut(at).stage = Stage::Completed;
            return;
        }
        let latencies = &self.model.cluster.latencies;
        let start_up = dice.span(&latencies.sandbox) + dice.span(&latencies.container_start);
        let relist = Duration::from_nanos(
            (dice.uniform() * self.model.cluster.control_plane.relist_period.as_nanos() as f64) as u64,
        );
        let lag = match spec.startup {
            None => start_up + relist,
            Some(probe) => {
                let answers = start_up + dice.span(&spec.app.start_up).max(probe.initial_delay);
                Grid::new(SimTime::ZERO, probe.period).at_or_after(SimTime::ZERO + answers).since(SimTime::ZERO)
            }
        };
        let container = self.container_mut(at);
        for kind in KINDS {
            let Some(probe) = spec.probe(kind) else { continue };
            let lag = if kind == ProbeKind::Readiness { lag } else { Duration::ZERO };
            let worker = Worker::long_healthy(kind, probe, first_sync + lag, 1, SimTime::ZERO);
            container.workers[kind as usize] = Some(Prober::new(worker));
        }
        container.instance = 1;
        container.stage = Stage::Running;
        container.serving = true;
        let started = spec.startup.is_none_or(|probe| !probe.always_errs);
        container.status = Status { instance: 1, running: true, started, started_at: None };
    }
}

/// The least common multiple; where that is longer than a century, one in which no phase stands out either.
fn common_multiple(a: Duration, b: Duration) -> Duration {
    let (a, b) = (a.as_nanos(), b.as_nanos());
    let (mut divisor, mut rest) = (a, b);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    Duration::from_nanos((a / divisor).saturating_mul(b)).min(YEAR * 100)
}
