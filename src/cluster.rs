//! One replication: Deployments on a cluster, from Kubernetes' own state machines.
//!
//! `Cluster` holds the whole state as plain data, vectors reached by typed ids, and
//! every event it reacts to stands in one match. Its `impl` blocks lie in one file per
//! concern:
//!
//! | file | what it plays | rules |
//! |---|---|---|
//! | `faults` | clocks of faults, what strikes and what ends | |
//! | `script` | faults at moments that an experiment sets | |
//! | `kubelet` | Pod syncs and the status cache | C1–C3, P10, P11, K10, K11 |
//! | `work` | what a sync does: which containers it stops and starts, in which order | C4–C12, K1–K7, K12, K13, K17 |
//! | `starts`, `stops` | starts, kills and exits of containers | C4–C9, C14, K8, K16, K18 |
//! | `resync` | the kubelet's work queue | C13, C16 |
//! | `rest` | syncs that need not be played | C13, C16, P12 |
//! | `adoption` | what a kubelet knows of a Pod, and what its death leaves | P1, P2, P21, C4 |
//! | `probing` | attempts, verdicts and what they cause | P1–P20 |
//! | `busy` | probes that wait behind requests | P5, P16 |
//! | `rotation` | status to EndpointSlice to proxy | E1–E10 |
//! | `nodes` | heartbeats, the node monitor, reboots and replacements | N1–N16 |
//! | `eviction` | taints, tolerations, zone states | N5–N12 |
//! | `rollout` | new revisions, surges, scale-down | D1–D3, D5, D10 |
//! | `requests` | how many requests come, and when | |
//! | `scaling` | replicas changed by hand or by the load | D6, D9, D10, D13–D18 |
//! | `autoscaler` | the `HorizontalPodAutoscaler`, and the metrics that it reads | H1–H18 |
//! | `drain` | `kubectl drain`: cordon, evictions and what waits for them | V4, V7, V13–V15 |
//! | `upgrade` | new machines for all Nodes, some at a time | V5, V16–V20, V24 |
//! | `withdrawal` | single Nodes that are reclaimed, expire or are consolidated | V21, V21a, V23, V24 |
//! | `shutdown` | a kubelet that shuts its Node down | V6, D8 |
//! | `budget` | the disruption controller, and what the API server answers to evictions | V1, V2, V8–V10 |
//! | `control_plane` | its outages: what waits, and how its leaders come back | N17, N17a |
//! | `replicas` | the `ReplicaSet`, deletion, garbage collection | D7–D9, T1–T8, N15 |
//! | `scheduler` | when a Pod is bound; [`placement`](crate::placement) says where | S1–S17 |
//! | `workload` | what belongs to a Deployment as a whole | |
//! | `view` | how a slot looks from outside | |
//! | `on_call` | people who mend what no probe mends | T1 |
//! | `attribution` | who is charged while it does not deliver | |
//! | `beginning` | the state at time 0 | |
//! | `replication` | engine and cluster together, and whoever watches them | |
//! | `check` | what holds of the whole state between two events | |
//!
//! `prober`, `back_off`, `chance` and `chain` are pure: time is an argument.

mod adoption;
mod answers;
mod attribution;
mod autoscaler;
mod back_off;
mod bad_revision;
mod beginning;
mod budget;
mod busy;
mod chain;
mod chance;
mod check;
mod clocks;
mod control_plane;
mod dice;
mod drain;
mod eviction;
mod faults;
mod kubelet;
mod nodes;
mod on_call;
mod operations;
mod planning;
mod prober;
mod probing;
mod progress;
mod replicas;
mod replication;
mod requests;
mod rest;
mod resync;
mod rollout;
mod rotation;
mod scaling;
mod scheduler;
mod script;
mod shutdown;
mod starts;
mod state;
mod stops;
mod timer;
mod upgrade;
mod view;
mod withdrawal;
mod work;
mod workload;

pub use autoscaler::steady_replicas;
pub use requests::Requests;
// What watches a replication needs nothing else.
pub use replication::{Replication, Watched, begins_in_week, watch, watch_unchecked};

pub use crate::history::{
    Cause, CauseSet, Endpoint, EndpointView, Exit, Happening, Observation, Observed, Observer, OperationEnd, Phase,
    PodCounts, Reply, SkippedProbes, SlotView, Spell, Stored, Target,
};

use crate::engine::{Cx, World};
use crate::history::{cause, happening, observer};
use crate::ids::{BudgetId, ContainerRef, FaultId, IdVec, NodeId, PodId, SlotId, WorkloadId, ZoneId};
use crate::model::{ControlPlanePart, Model, ProbeKind, ScriptTarget};
use crate::random::{Owner, Purpose, Streams};
use crate::time::{Grid, SimTime};
use dice::Dice;
use state::{NodeState, Pod, Slot, ZoneState};
use timer::Timer;
use workload::WorkloadState;

/// How a replication is played. Both modes give the same history (invariant 5): with probes that fail by
/// chance, the same in law; without, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// What cannot change anything is skipped by arithmetic.
    Fast,
    /// Every probe, lease renewal and pass of the node monitor is an event: the judge of the fast mode.
    EveryProbe,
}

/// Everything that can happen. The order of the variants breaks ties: what changes the surroundings of probes
/// comes before the probes, and these before what only passes on their results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    FaultDue(Target, Timer),
    FaultEnded(Target, Timer),
    ScriptDue(FaultId, ScriptTarget),
    LeaderDue(ControlPlanePart, Timer),
    ContainerExited(ContainerRef, Timer),
    AppServing(ContainerRef, Timer),
    SigtermSent(ContainerRef, Timer),
    ContainerStarted(ContainerRef, Timer),
    PostStartEnded(ContainerRef, Timer),
    FirstSyncDue(PodId, Timer),
    SyncDue(PodId, Timer),
    ResyncDue(PodId, Timer),
    DeletionSeen(PodId, Timer),
    KubeletStarted(NodeId, Timer),
    NodeReported(NodeId, Timer),
    LeaseRenewed(NodeId, Timer),
    NodeJoined(NodeId, Timer),
    QueuesMoved(WorkloadId, Timer),
    ProbeEnded(ContainerRef, ProbeKind, Timer),
    ProbeDue(ContainerRef, ProbeKind, Timer),
    StatusWritten(PodId, Timer),
    StatusesReconciled(NodeId, Timer),
    EndpointSliceUpdated(PodId, Timer),
    ProxySynced(Timer),
    MonitorPassDue(Timer),
    TaintDue(u32, Timer),
    EvictionDue(PodId, Timer),
    NodeDeleted(NodeId, Timer),
    OrphanCollected(PodId, Timer),
    PodGone(PodId, Timer),
    OnCallDue(SlotId, Timer),
    ReplicaSetsDue(WorkloadId, Timer),
    PodAvailable(PodId, Timer),
    FlawStrikes(ContainerRef, Timer),
    FlawNoticed(WorkloadId, Timer),
    ProgressDeadlineOver(WorkloadId, Timer),
    RolloutPassDue(WorkloadId, Timer),
    ScaledBack(WorkloadId, Timer),
    AutoscalerDue(WorkloadId, Timer),
    ReplacementCreated(SlotId, Timer),
    BindDue(PodId, Timer),
    QueueFlushed(Timer),
    NodeUncordoned(NodeId, Timer),
    BudgetUpdated(BudgetId, Timer),
    DrainListed(NodeId, Timer),
    DrainStepDue(NodeId, u32, Timer),
    UpgradeStepDue(NodeId, Timer),
    CandidatesDue(Timer),
    WithdrawalDue(NodeId, Timer),
}

impl Event {
    /// One of the many that the fast mode leaves out, as they hardly ever change anything.
    fn is_routine(self) -> bool {
        matches!(
            self,
            Self::ProbeDue(..)
                | Self::ProbeEnded(..)
                | Self::LeaseRenewed(..)
                | Self::MonitorPassDue(..)
                | Self::ResyncDue(..)
                | Self::AutoscalerDue(..)
        )
    }
}

/// The state of one replication and its observer.
#[derive(Debug, Clone)]
pub(crate) struct Cluster<'m, O> {
    model: &'m Model,
    mode: Mode,
    /// Whether the state as a whole is checked after events: where somebody watches, and where assertions are on.
    is_checked: bool,
    streams: Streams,
    observer: O,
    timers: u32,
    workloads: IdVec<WorkloadId, WorkloadState>,
    budgets: IdVec<BudgetId, budget::BudgetState>,
    drains: drain::Drains,
    upgrades: upgrade::Upgrades,
    withdrawals: withdrawal::Withdrawals,
    /// The clock of what strikes the control plane, or is done to Nodes by turns.
    clock: clocks::Clock,
    /// Those of each workload in a row, then those that operations open; behind all of them the places for Pods that surges make.
    slots: IdVec<SlotId, Slot>,
    first_surge_slot: usize,
    pods: IdVec<PodId, Pod>,
    /// How many have been created.
    births: u64,
    nodes: IdVec<NodeId, NodeState>,
    zones: IdVec<ZoneId, ZoneState>,
    monitor: nodes::Monitor,
    taint_queues: Vec<eviction::TaintQueue>,
    all_zones_down: bool,
    proxy: rotation::Proxy,
    scheduler: scheduler::Scheduler,
    control_plane: control_plane::ControlPlane,
    control_plane_dice: Dice,
    /// Factor on latencies of the control plane (E10a).
    load: f64,
    /// A rule that is broken on purpose, to see that the proof notices.
    #[cfg(test)]
    pub(crate) mutation: Option<Mutation>,
    pass_grid: Grid,
    taint_grid: Grid,
    cloud_grid: Grid,
    gc_grid: Grid,
}

/// A wrong simulator, for tests of the proof.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// The first readiness probe comes at the initial delay and a random part of the period, against P11 and P12.
    RandomReadinessPhase,
    /// A kill by a probe backs off from its own exit, against C12.
    BackOffFromOwnExit,
}

impl<'m, O: Observer> Cluster<'m, O> {
    fn new(model: &'m Model, streams: Streams, mode: Mode, observer: O) -> Self {
        let initial = streams.stream(Owner::Replication, Purpose::Initial);
        let rules = &model.cluster.control_plane;
        let requests = Requests::new(model, streams);
        let of = |id| WorkloadState::new(model, id, requests.as_ref(), streams);
        let workloads: IdVec<WorkloadId, WorkloadState> = model.workloads.ids().map(of).collect();
        let slots_of = |(id, state): (WorkloadId, &WorkloadState)| {
            let slot = |(place, ordinal)| (place, Slot::new(id, state, ordinal, &model.workloads[id].pod));
            state.every_slot().chain(state.surge_slots()).zip(0..).map(slot).collect::<Vec<_>>()
        };
        let mut slots: Vec<(SlotId, Slot)> = workloads.entries().flat_map(slots_of).collect();
        slots.sort_by_key(|(place, _)| *place);
        let slots = slots.into_iter().map(|(_, slot)| slot).collect();
        // Each periodic loop of the control plane runs in a phase of its own, drawn once.
        let grid = |ordinal, period| dice::phase(initial.uniform(ordinal), period);
        Self {
            model,
            mode,
            is_checked: cfg!(debug_assertions),
            streams,
            observer,
            timers: 0,
            slots,
            first_surge_slot: model.slots(),
            workloads,
            budgets: model.budgets.iter().map(|budget| budget::BudgetState::new(budget, streams)).collect(),
            drains: drain::Drains::new(model.faults.len()),
            upgrades: upgrade::Upgrades::default(),
            withdrawals: withdrawal::Withdrawals::default(),
            clock: clocks::Clock::default(),
            pods: Vec::with_capacity(model.slots() + 4).into(),
            births: 0,
            nodes: model.cluster.nodes.entries().map(|(id, node)| NodeState::new(streams, id, node, rules)).collect(),
            zones: vec![ZoneState::default(); model.cluster.zones.len()].into(),
            monitor: nodes::Monitor::default(),
            taint_queues: Vec::new(),
            all_zones_down: false,
            proxy: rotation::Proxy::default(),
            scheduler: scheduler::Scheduler::default(),
            #[cfg(test)]
            mutation: None,
            load: streams.stream(Owner::Replication, Purpose::Load).draw(0, &model.cluster.latencies.load),
            control_plane: control_plane::ControlPlane::new(Dice::new(
                streams.stream(Owner::Replication, Purpose::ControlPlane),
            )),
            control_plane_dice: Dice::new(streams.stream(Owner::Replication, Purpose::Propagation)),
            pass_grid: grid(0, rules.node_monitor_period),
            taint_grid: grid(1, rules.taint_queue_period),
            cloud_grid: grid(2, rules.cloud_node_monitor),
            gc_grid: grid(3, rules.pod_gc_period),
        }
    }

    /// Tells the observer what is so from now on.
    fn observe(&mut self, cx: &Cx<'_, Event>, what: &Observed) {
        self.observer.observe(cx.now(), what);
    }

    /// Tells the observer what happens now.
    fn tell(&mut self, cx: &Cx<'_, Event>, what: Happening) {
        self.tell_at(cx.now(), what);
    }

    /// The same of what has happened at `at` and is told late.
    fn tell_at(&mut self, at: SimTime, what: Happening) {
        if self.observer.hears_log() {
            self.observer.observe(at, &Observed::Happened(what));
        }
    }

    /// A new timer. An event is stale unless its owner still holds the timer that it carries.
    fn timer(&mut self) -> Timer {
        self.timers = self.timers.wrapping_add(1).max(1);
        Timer::new(self.timers)
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// Each event, but the judge's routine; of a long replication in the end some.
    fn is_to_be_checked(&self, event: Event) -> bool {
        const ALL_UNTIL: u32 = 300;
        match self.mode {
            Mode::EveryProbe => !event.is_routine(),
            Mode::Fast => self.timers < ALL_UNTIL || self.timers.is_multiple_of(128),
        }
    }
}

impl<O: Observer> World for Cluster<'_, O> {
    type Event = Event;

    fn handle(&mut self, cx: &mut Cx<'_, Event>, event: Event) {
        if self.is_held(event) {
            return;
        }
        match event {
            Event::FaultDue(target, timer) => self.on_fault_due(cx, target, timer),
            Event::FaultEnded(target, timer) => self.on_fault_ended(cx, target, timer),
            Event::LeaderDue(part, timer) => self.on_leader_due(cx, part, timer),
            Event::ScriptDue(fault, target) => self.on_script_due(cx, fault, target),
            Event::ContainerExited(at, timer) => self.on_container_exited(cx, at, timer),
            Event::AppServing(at, timer) => self.on_app_serving(cx, at, timer),
            Event::SigtermSent(at, timer) => self.on_sigterm_sent(cx, at, timer),
            Event::ContainerStarted(at, timer) => self.on_container_started(cx, at, timer),
            Event::PostStartEnded(at, timer) => self.on_post_start_ended(cx, at, timer),
            Event::FirstSyncDue(pod, timer) => self.on_first_sync_due(cx, pod, timer),
            Event::SyncDue(pod, timer) => self.on_sync_due(cx, pod, timer),
            Event::ResyncDue(pod, timer) => self.on_resync_due(cx, pod, timer),
            Event::DeletionSeen(pod, timer) => self.on_deletion_seen(cx, pod, timer),
            Event::KubeletStarted(node, timer) => self.on_kubelet_started(cx, node, timer),
            Event::NodeReported(node, timer) => self.on_node_reported(cx, node, timer),
            Event::LeaseRenewed(node, timer) => self.on_lease_renewed(cx, node, timer),
            Event::NodeJoined(node, timer) => self.on_node_joined(cx, node, timer),
            Event::QueuesMoved(workload, timer) => self.on_queues_moved(cx, workload, timer),
            Event::ProbeEnded(at, kind, timer) => self.on_probe_ended(cx, at, kind, timer),
            Event::ProbeDue(at, kind, timer) => self.on_probe_due(cx, at, kind, timer),
            Event::StatusWritten(pod, timer) => self.on_status_written(cx, pod, timer),
            Event::StatusesReconciled(node, timer) => self.on_statuses_reconciled(cx, node, timer),
            Event::EndpointSliceUpdated(pod, timer) => self.on_endpoint_slice_updated(cx, pod, timer),
            Event::ProxySynced(timer) => self.on_proxy_synced(cx, timer),
            Event::MonitorPassDue(timer) => self.on_monitor_pass_due(cx, timer),
            Event::TaintDue(zone, timer) => self.on_taint_due(cx, zone, timer),
            Event::EvictionDue(pod, timer) => self.on_eviction_due(cx, pod, timer),
            Event::NodeDeleted(node, timer) => self.on_node_deleted(cx, node, timer),
            Event::OrphanCollected(pod, timer) => self.on_orphan_collected(cx, pod, timer),
            Event::PodGone(pod, timer) => self.on_pod_gone(cx, pod, timer),
            Event::OnCallDue(slot, timer) => self.on_on_call_due(cx, slot, timer),
            Event::ReplicaSetsDue(workload, timer) => self.on_replica_sets_due(cx, workload, timer),
            Event::PodAvailable(pod, timer) => self.on_pod_available(cx, pod, timer),
            Event::FlawStrikes(at, timer) => self.on_flaw_strikes(cx, at, timer),
            Event::FlawNoticed(workload, timer) => self.on_flaw_noticed(cx, workload, timer),
            Event::ProgressDeadlineOver(workload, timer) => self.on_progress_deadline_over(cx, workload, timer),
            Event::RolloutPassDue(workload, timer) => self.on_rollout_pass_due(cx, workload, timer),
            Event::ScaledBack(workload, timer) => self.on_scaled_back(cx, workload, timer),
            Event::AutoscalerDue(workload, timer) => self.on_autoscaler_due(cx, workload, timer),
            Event::ReplacementCreated(slot, timer) => self.on_replacement_created(cx, slot, timer),
            Event::BindDue(pod, timer) => self.on_bind_due(cx, pod, timer),
            Event::QueueFlushed(timer) => self.on_queue_flushed(cx, timer),
            Event::NodeUncordoned(node, timer) => self.on_node_uncordoned(cx, node, timer),
            Event::BudgetUpdated(budget, timer) => self.on_budget_updated(cx, budget, timer),
            Event::DrainListed(node, timer) => self.on_drain_listed(cx, node, timer),
            Event::DrainStepDue(node, number, timer) => self.on_drain_step_due(cx, node, number, timer),
            Event::UpgradeStepDue(node, timer) => self.on_upgrade_step_due(cx, node, timer),
            Event::CandidatesDue(timer) => self.on_candidates_due(cx, timer),
            Event::WithdrawalDue(node, timer) => self.on_withdrawal_due(cx, node, timer),
        }
        if self.is_checked && self.is_to_be_checked(event) {
            self.check(cx.now());
        }
    }
}
