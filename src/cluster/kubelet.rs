//! The kubelet's side of a Pod: its syncs and its status cache. What a sync does to containers is in `work`, `starts` and
//! `stops`. Follows `pkg/kubelet/pod_workers.go` and `pkg/kubelet/kubelet.go SyncPod`.

use smallvec::SmallVec;

use super::busy::Fate;
use super::happening::Happening;
use super::observer::{Observed, Observer};
use super::prober::{Status, Stored};
use super::resync::{begins_at, sync_span};
use super::state::{Container, Kubelet, Race, Stage};
use super::timer::Timer;
use super::{Cluster, Cx, Event};
use crate::ids::{ContainerId, ContainerRef, NodeId, PodId};
use crate::model::{PodSpec, ProbeKind, Role};
use crate::time::{Duration, Grid, SimTime};

/// A worker comes so late at most after its tick (P9b).
const LATE_WORKER: Duration = Duration::from_millis(50);

impl<'m, O: Observer> Cluster<'m, O> {
    pub(super) fn container(&self, at: ContainerRef) -> &Container {
        &self.pods[at.pod].containers[at.container]
    }

    pub(super) fn container_mut(&mut self, at: ContainerRef) -> &mut Container {
        &mut self.pods[at.pod].containers[at.container]
    }

    /// The containers of a Pod.
    pub(super) fn containers(&self, pod: PodId) -> impl DoubleEndedIterator<Item = ContainerRef> + use<O> {
        self.pods[pod].containers.ids().map(move |container| ContainerRef { pod, container })
    }

    /// The container of the Pod that answers clients.
    pub(super) fn main(&self, pod: PodId) -> ContainerRef {
        ContainerRef { pod, container: self.pods[pod].serving }
    }

    /// The kubelet runs on this Node and hears the control plane.
    pub(super) fn kubelet_listens(&self, node: NodeId) -> bool {
        let node = &self.nodes[node];
        node.kubelet == Kubelet::Up && node.connected
    }

    /// The kubelet of the Pod's Node hears what becomes of it.
    pub(super) fn is_heard_of(&self, pod: PodId) -> bool {
        let state = &self.pods[pod];
        !state.orphaned && state.node.is_some_and(|node| self.kubelet_listens(node))
    }

    pub(super) fn relists(&self, pod: PodId) -> Grid {
        let node = self.pods[pod].node.expect("only a bound Pod is synced");
        self.nodes[node].relists
    }

    // ---- Syncs ----

    /// Something calls for a sync. One at a time: it waits for runtime information newer than the end of the
    /// Pod's previous sync (C3), and requests meanwhile are merged.
    pub(super) fn request_sync(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let rested = self.end_rest(cx, pod);
        self.request_sync_awake(cx, pod);
        if rested {
            self.await_turn(cx, pod);
        }
    }

    fn request_sync_awake(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let state = &self.pods[pod];
        // Where a sync is at work another follows it in any case.
        if state.terminating || state.work.is_some() || state.containers.iter().all(Container::is_unknown) {
            return;
        }
        self.schedule_sync(cx, pod, self.begins_at(cx, pod));
    }

    /// When a sync that is asked for now can begin.
    fn begins_at(&self, cx: &Cx<'_, Event>, pod: PodId) -> SimTime {
        begins_at(cx.now(), self.pods[pod].last_sync, self.relists(pod))
    }

    /// A sync of the Pod that is asked for now begins now, or has just begun (C3).
    pub(super) fn sync_begins_at_once(&self, cx: &Cx<'_, Event>, pod: PodId) -> bool {
        let state = &self.pods[pod];
        let from = if state.sync.is_set() { state.sync_from } else { self.begins_at(cx, pod) };
        from <= cx.now()
    }

    /// Schedules a sync that can begin at `from`, unless an earlier one is scheduled.
    pub(super) fn schedule_sync(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, from: SimTime) {
        let state = &self.pods[pod];
        assert!(state.rest.is_none(), "a Pod is woken before its syncs change");
        if state.sync.is_set() && state.sync_from <= from {
            return;
        }
        // One that may begin sooner does not act later: probes have been left unscheduled in view of the other.
        let latest = if state.sync.is_set() { state.sync_due } else { SimTime::NEVER };
        let home = state.home;
        let at = from + sync_span(&mut self.slots[home].sync, &self.model.cluster.latencies.sync);
        self.await_sync(cx, pod, from, at.min(latest));
    }

    /// The sync that can begin at `from` acts at `at`.
    pub(super) fn await_sync(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, from: SimTime, at: SimTime) {
        let timer = self.timer();
        let state = &mut self.pods[pod];
        state.sync = timer;
        state.sync_from = from;
        state.sync_due = at;
        cx.at(at, Event::SyncDue(pod, timer));
    }

    pub(super) fn on_sync_due(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if self.pods[pod].sync.expires(timer) {
            self.sync_pod(cx, pod, timer);
        }
    }

    /// A sync: publish the status, trigger the readiness workers (P11), then act (K1): kill (C8) or restart (C5).
    fn sync_pod(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        let state = &self.pods[pod];
        if state.work.is_some() || state.containers.iter().all(|container| container.stage == Stage::Absent) {
            // Another sync is at work; but attempts may have been left unscheduled in view of this one.
            self.plan_all(cx, pod);
            return;
        }
        let (was_ready, stages) = (state.ready, self.visible_stages(pod));
        let resynced = self.pods[pod].resynced.take();
        self.pods[pod].turn = None;
        self.notice_exits(cx, pod);
        self.update_status(cx, pod);
        self.pods[pod].last_sync = cx.now();
        // K10: every container that is not ready.
        for at in self.containers(pod) {
            let race = self.container_mut(at).race.take().unwrap_or(Race::NewStatus);
            self.trigger_readiness(cx, at, race);
            self.wake_liveness(cx, at);
        }
        self.act(cx, pod);
        let turn = resynced.filter(|&(sync, _)| sync == timer).map(|(_, turn)| turn);
        self.schedule_resync(cx, pod, turn);
        self.sync_for_exits(cx, pod);
        self.plan_all(cx, pod);
        if self.pods[pod].ready != was_ready || self.visible_stages(pod) != stages {
            self.look(cx, pod);
        }
        self.rest_or_await_turn(cx, pod);
    }

    /// The sync that is about to act knows of exits that the runtime had listed when it began (C1).
    fn notice_exits(&mut self, cx: &Cx<'_, Event>, pod: PodId) {
        let from = self.pods[pod].sync_from;
        let mut reacts = !self.pods[pod].sandbox;
        for at in self.containers(pod) {
            let container = self.container_mut(at);
            if container.stage == Stage::Exited
                && container.listed <= from
                && !std::mem::replace(&mut container.noticed, true)
            {
                self.tell(cx, Happening::ExitNoticed { pod, container: at.container });
                reacts = true;
            }
        }
        if reacts {
            self.react(cx, pod);
        }
    }

    /// A container whose exit this sync could not know of waits for the listing that shows it (C1).
    fn sync_for_exits(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let state = &self.pods[pod];
        if state.work.is_some() {
            return;
        }
        let is_over = |container: &&Container| matches!(container.stage, Stage::Exited | Stage::Completed);
        let unseen = state.containers.iter().filter(is_over).map(|container| container.listed);
        if let Some(listed) = unseen.filter(|listed| *listed > state.sync_from).min() {
            self.schedule_sync(cx, pod, listed.max(cx.now()));
        }
    }

    /// How far the containers are, as far as that can be seen from outside; `None` where all run. One that is killed is as good
    /// as stopped.
    fn visible_stages(&self, pod: PodId) -> Option<SmallVec<[Stage; 4]>> {
        let state = &self.pods[pod];
        let stage = |container: &Container| if container.kill.is_some() { Stage::Stopping } else { container.stage };
        let all_run = state.containers.iter().all(|container| stage(container) == Stage::Running);
        (!all_run).then(|| state.containers.iter().map(stage).collect())
    }

    pub(super) fn react(&mut self, cx: &Cx<'_, Event>, pod: PodId) {
        if let Some(slot) = self.slot_of(pod) {
            self.observe(cx, &Observed::Reacted { slot });
        }
    }

    // ---- The status cache ----

    /// Takes the containers' state over into the status cache (P10) and publishes readiness.
    pub(super) fn update_status(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let from = self.pods[pod].sync_from;
        for container in &mut self.pods[pod].containers {
            container.update_status(from);
        }
        self.update_readiness(cx, pod);
        // The first status with an IP makes the Pod an endpoint, where that need not be ready (E4).
        let state = &self.pods[pod];
        let has_ip = state.containers.iter().any(|container| container.status.instance > 0);
        if self.workload(pod).publish_not_ready && has_ip && !state.slice.listed {
            self.request_status_write(cx, pod);
        }
    }

    /// The Pod is Ready when all its containers and sidecars are (K11).
    pub(super) fn update_readiness(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let spec = self.spec(pod);
        let state = &self.pods[pod];
        let ready = spec
            .containers
            .iter()
            .zip(&state.containers)
            .all(|(spec, container)| spec.role == Role::Init || container.is_ready(state.ready));
        self.set_ready(cx, pod, ready);
    }

    /// Whenever the kubelet recomputes the status of a started container whose readiness is not Success, it
    /// triggers the readiness worker (P11). The trigger comes before the new status is stored, so the worker may
    /// still see the one from before (P11a): then it acts on the old instance's account (P7a).
    fn trigger_readiness(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, race: Race) {
        let (pod, container) = (at.pod, self.container(at));
        let Some(worker) = container.worker(ProbeKind::Readiness) else { return };
        let stored = worker.result_for(container.status.instance);
        if !(container.status.running && container.status.started) || stored == Some(Stored::Success) {
            return;
        }
        #[cfg(test)]
        if self.mutation == Some(super::Mutation::RandomReadinessPhase) {
            return self.shift_readiness(cx, at);
        }
        self.catch_up(cx, at, ProbeKind::Readiness);
        let sees_new_status = race == Race::NewStatus;
        self.tell(cx, Happening::ReadinessTriggered { pod, container: at.container, sees_new_status });
        let Some(prober) = self.prober(at, ProbeKind::Readiness) else { return };
        if prober.worker.trigger(cx.now()) {
            let status = if sees_new_status { self.container(at).status } else { self.seen_instead(at) };
            self.attempt_under(cx, at, ProbeKind::Readiness, Fate::Open, &status);
        }
        if race == Race::OldStatusSynced {
            self.request_sync(cx, pod);
        }
    }

    /// In place of a trigger, a wrong simulator gives a new instance's ticks a random phase.
    #[cfg(test)]
    fn shift_readiness(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef) {
        self.catch_up(cx, at, ProbeKind::Readiness);
        let Container { status: Status { instance, .. }, status_before: before, .. } = *self.container(at);
        let u = (before.instance != instance).then(|| self.chance_of(at).race.uniform());
        let Some(prober) = self.prober(at, ProbeKind::Readiness) else { return };
        if let Some(u) = u {
            prober.worker.shift(cx.now(), u);
        }
    }

    /// What a worker sees that has lost the race of P11a. It need not lead to a stray probe: mostly nothing is there yet
    /// that could be probed.
    fn seen_instead(&mut self, at: ContainerRef) -> Status {
        let before = self.container(at).status_before;
        if before.running {
            let u = self.chance_of(at).race.uniform();
            if u >= self.model.cluster.start_race.stray_probe {
                return Status::default();
            }
        }
        before
    }

    /// Liveness and startup tick together. Now and then the liveness worker comes so late that it sees the success of
    /// the same tick, and probes at once (P9b).
    fn wake_liveness(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef) {
        let container = self.container(at);
        let (status, before) = (&container.status, &container.status_before);
        let has_just_started = status.started && !before.started && before.instance == status.instance;
        if !has_just_started || container.worker(ProbeKind::Startup).is_none() {
            return;
        }
        let u = self.chance_of(at).race.uniform();
        self.catch_up(cx, at, ProbeKind::Liveness);
        let Some(worker) = self.container(at).worker(ProbeKind::Liveness) else { return };
        let since_tick = (cx.now() + worker.probe().period).saturating_since(worker.next_attempt());
        if u < self.model.cluster.start_race.same_tick && since_tick <= LATE_WORKER {
            self.attempt(cx, at, ProbeKind::Liveness, Fate::Open);
        }
    }

    /// The chance of a container of the slot that the Pod was created for.
    pub(super) fn chance_of(&mut self, at: ContainerRef) -> &mut super::state::ContainerChance {
        let home = self.pods[at.pod].home;
        &mut self.slots[home].containers[at.container]
    }

    /// The container's place in its template.
    pub(super) fn container_spec(&self, at: ContainerRef) -> &'m crate::model::Container {
        &self.spec(at.pod).containers[at.container]
    }
}

impl Container {
    /// The kubelet has never started it, and has no worker for it.
    fn is_unknown(&self) -> bool {
        self.stage == Stage::Absent && self.workers.iter().all(Option::is_none)
    }

    /// What a sync that began at `from` stores of it (P10).
    fn update_status(&mut self, from: SimTime) {
        let is_unseen = matches!(self.stage, Stage::Exited | Stage::Completed) && self.listed > from;
        let running = self.has_process() || is_unseen;
        let started = running
            && match self.worker(ProbeKind::Startup) {
                None => true,
                Some(worker) => match worker.result_for(self.instance) {
                    Some(result) => result == Stored::Success,
                    // Killed and restarted within one sync, the new instance inherits the old one's value (P10).
                    None => self.status.started,
                },
            };
        self.status_before = self.status;
        self.status = Status {
            instance: self.instance,
            running,
            started,
            started_at: self.started.map(SimTime::floor_to_second),
        };
    }

    /// Whether it counts as ready by its status and the stored result of its readiness probe (P13, P18). `is_pod_ready` is the
    /// Pod's condition so far.
    pub(super) fn is_ready(&self, is_pod_ready: bool) -> bool {
        self.status.running
            && self.status.started
            && self.worker(ProbeKind::Readiness).is_none_or(|worker| match worker.result_for(self.status.instance) {
                Some(Stored::Success) => true,
                // A kubelet that has been restarted leaves the condition as it was (P21).
                Some(Stored::Unknown) => is_pod_ready,
                Some(Stored::Failure) | None => false,
            })
    }
}

/// The containers of a template that run before the others.
pub(super) fn init_containers(spec: &PodSpec) -> impl Iterator<Item = ContainerId> + '_ {
    // They stand first.
    spec.containers.entries().take_while(|(_, container)| container.role != Role::Regular).map(|(id, _)| id)
}

/// The containers of a template that run together.
pub(super) fn regular_containers(spec: &PodSpec) -> impl Iterator<Item = ContainerId> + '_ {
    spec.containers.entries().skip_while(|(_, container)| container.role != Role::Regular).map(|(id, _)| id)
}
