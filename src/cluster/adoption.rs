//! How a kubelet comes to know of a Pod, and what is left when it or its machine dies (P1, P2, P21, C4, N16).
//! Follows `pkg/kubelet/prober/worker.go run` and `prober_manager.go setReadyStateOnKubeletRestart`.

use smallvec::SmallVec;

use super::back_off::BackOff;
use super::happening::{Exit, Happening};
use super::observer::Observer;
use super::prober::Worker;
use super::probing::KINDS;
use super::state::{Container, Prober, Stage};
use super::timer::Timer;
use super::{Cluster, Cx, Event};
use crate::ids::{ContainerRef, PodId};
use crate::model::Probe;
use crate::time::{Duration, SimTime};

/// A container that has run for longer when its kubelet starts keeps its state (P21).
const KUBELET_RESTART_GRACE: Duration = Duration::from_secs(10);

impl<O: Observer> Cluster<'_, O> {
    pub(super) fn on_first_sync_due(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if !self.pods[pod].life.expires(timer) {
            return;
        }
        if self.is_heard_of(pod) && !self.pods[pod].adopted {
            self.adopt_pod(cx, pod);
        }
    }

    /// The first sync of the Pod by this kubelet (P1, P9's t0): probe workers of all containers start (K9), then sandbox,
    /// images and containers, unless they have outlived an earlier kubelet (P21).
    pub(super) fn adopt_pod(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        self.tell(cx, Happening::FirstSync { pod });
        if self.pods[pod].node.is_some_and(|node| self.nodes[node].shutdown.is_some()) {
            // It takes no new Pods (V6).
            return self.stop_pod(cx, pod);
        }
        let state = &mut self.pods[pod];
        state.adopted = true;
        state.sync_from = cx.now();
        // The kubelet knows of the Pod's condition what the API says.
        state.ready = state.api_ready;
        for at in self.containers(pod) {
            self.adopt_container(cx, at);
        }
        self.update_status(cx, pod);
        let state = &mut self.pods[pod];
        if state.has_process() {
            // No trigger: in this sync the workers are only being made (P11).
            state.last_sync = cx.now();
            if !state.sandbox {
                self.react(cx, pod);
            }
        }
        self.act(cx, pod);
        self.schedule_resync(cx, pod, None);
        self.await_turn(cx, pod);
        self.settle(cx, pod);
    }

    fn adopt_container(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef) {
        let keeps_state = self.has_outlived_a_kubelet(at);
        let container = self.container_mut(at);
        let (instance, started) = (container.instance, container.status.started);
        container.status.started &= keeps_state;
        container.back_off = BackOff::default();
        // Its listing shows all that is there.
        container.listed = SimTime::ZERO;
        for kind in KINDS {
            let Some(probe) = self.container_spec(at).probe(kind) else { continue };
            let worker = Worker::new(kind, probe, cx.now() + self.worker_sleep(cx, at.pod, &probe));
            let worker = if keeps_state { worker.resumes(instance, started) } else { worker };
            self.container_mut(at).workers[kind as usize] = Some(Prober::new(worker));
        }
    }

    /// A container started more than 10 s before its kubelet keeps its state (P21).
    fn has_outlived_a_kubelet(&self, at: ContainerRef) -> bool {
        let node = self.pods[at.pod].node;
        let Some(since) = node.and_then(|node| self.nodes[node].kubelet_since) else { return false };
        let container = self.container(at);
        let is_old = |started| since.saturating_since(started) > KUBELET_RESTART_GRACE;
        container.has_process() && container.started.is_none_or(is_old)
    }

    /// Workers of a kubelet younger than their period sleep before their first attempt (P2).
    fn worker_sleep(&mut self, cx: &Cx<'_, Event>, pod: PodId, probe: &Probe) -> Duration {
        let state = &self.pods[pod];
        let since = state.node.and_then(|node| self.nodes[node].kubelet_since);
        if since.is_none_or(|since| cx.now().since(since) >= probe.period) {
            return Duration::ZERO;
        }
        let home = state.home;
        let u = self.slots[home].sync.uniform();
        Duration::from_nanos((u * probe.period.as_nanos() as f64) as u64)
    }

    // ---- The end of a kubelet, a sandbox, a machine ----

    /// The sandbox is dead; the kubelet finds out at its next listing (C1, C4).
    pub(super) fn lose_sandbox(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        self.wake(cx, pod);
        let state = &mut self.pods[pod];
        let was_there = std::mem::replace(&mut state.sandbox, false);
        if let Some(work) = &mut state.work {
            work.sandbox_died |= was_there;
        }
        let runs = |container: &Container| container.stage == Stage::Running;
        if state.adopted && !state.terminating && state.work.is_none() && state.containers.iter().any(runs) {
            state.sync = Timer::NONE;
            let listed = self.relists(pod).after(cx.now());
            self.schedule_sync(cx, pod, listed);
            self.await_turn(cx, pod);
        }
        self.settle(cx, pod);
    }

    /// The machine is dead, and with it processes, sandbox and kubelet.
    pub(super) fn lose_containers(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let state = &mut self.pods[pod];
        state.sandbox = false;
        if state.has_process() {
            let dead: SmallVec<[ContainerRef; 4]> =
                self.containers(pod).filter(|at| self.container(*at).has_process()).collect();
            for at in &dead {
                self.container_mut(*at).end_life(cx.now());
            }
            self.hand_over(cx, pod);
            for at in dead {
                let (container, instance) = (at.container, self.container(at).instance);
                self.tell(cx, Happening::ContainerExited { pod, container, instance, exit: Exit::MachineDied });
            }
        }
        self.lose_kubelet(cx, pod);
    }

    /// The kubelet is dead, and with it the workers and all that it remembered. A process lives on. A start
    /// that was under way is lost; of a stop, what the process has been told cannot be taken back.
    pub(super) fn lose_kubelet(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        self.wake(cx, pod);
        self.end_workers(cx, pod);
        let state = &mut self.pods[pod];
        state.adopted = false;
        state.terminating = false;
        state.work = None;
        state.sync = Timer::NONE;
        state.turn = None;
        state.resync = Timer::NONE;
        state.status_write = Timer::NONE;
        state.owes_loss = false;
        for container in &mut state.containers {
            container.lose_kubelet();
        }
        self.settle(cx, pod);
    }
}

impl Container {
    fn lose_kubelet(&mut self) {
        self.race = None;
        self.start = Timer::NONE;
        self.kill = None;
        self.awaits_turn_since = None;
        match self.stage {
            Stage::Absent | Stage::Running | Stage::Completed => {}
            Stage::Creating | Stage::Exited | Stage::Waiting => self.stage = Stage::Exited,
            Stage::Stopping => {
                self.stage = Stage::Running;
                if !self.sigterm {
                    self.exit = Timer::NONE;
                }
            }
        }
    }
}
