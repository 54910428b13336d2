//! How a kubelet comes to know of a Pod, and what is left when it or its machine dies (P1, P2, P21, C4, N16).
//! Follows `pkg/kubelet/prober/worker.go run` and `prober_manager.go setReadyStateOnKubeletRestart`.

use super::back_off::BackOff;
use super::happening::{Exit, Happening};
use super::observer::Observer;
use super::prober::Worker;
use super::probing::KINDS;
use super::state::{Prober, Stage, StartKind, Timer};
use super::{Cluster, Cx, Event};
use crate::ids::PodId;
use crate::model::Probe;
use crate::time::Duration;

/// A container that has run for longer when its kubelet starts keeps its state (P21).
const KUBELET_RESTART_GRACE: Duration = Duration::from_secs(10);

impl<O: Observer> Cluster<'_, O> {
    pub(super) fn on_first_sync_due(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if !self.pods[pod].life.expires(timer) {
            return;
        }
        let Some(node) = self.pods[pod].node else { return };
        if self.kubelet_listens(node) && !self.pods[pod].adopted {
            self.adopt_pod(cx, pod);
        }
    }

    /// The first sync of the Pod by this kubelet (P1, P9's t0): probe workers start, then sandbox, image and
    /// container, unless the container has outlived an earlier kubelet (P21).
    pub(super) fn adopt_pod(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        self.tell(cx, Happening::FirstSync { pod });
        let keeps_state = self.has_outlived_a_kubelet(pod);
        let state = &mut self.pods[pod];
        let (instance, started) = (state.container.instance, state.status.started);
        state.adopted = true;
        // The kubelet knows of the Pod's condition what the API says.
        state.ready = state.api_ready;
        state.status.started &= keeps_state;
        state.container.back_off = BackOff::default();
        let spec = &self.model.deployment.pod;
        let probes = [&spec.liveness, &spec.readiness, &spec.startup];
        for (kind, probe) in KINDS.into_iter().zip(probes) {
            let Some(probe) = *probe else { continue };
            let worker = Worker::new(kind, probe, cx.now() + self.worker_sleep(cx, pod, &probe));
            let worker = if keeps_state { worker.resumes(instance, started) } else { worker };
            self.pods[pod].workers[kind as usize] = Some(Prober::new(worker));
        }
        self.update_status(cx, pod);
        let container = &self.pods[pod].container;
        if container.has_process() {
            // No trigger: in this sync the workers are only being made (P11).
            self.pods[pod].last_sync = cx.now();
            if !self.pods[pod].container.sandbox {
                self.react(cx, pod);
                self.begin_kill(cx, pod);
            }
            self.schedule_resync(cx, pod, None);
        } else {
            let kind = if instance == 0 { StartKind::First } else { StartKind::CrashRestart };
            self.try_restart(cx, pod, container.exited, kind);
        }
        self.await_turn(cx, pod);
        self.settle(cx, pod);
    }

    /// A container started more than 10 s before its kubelet keeps its state (P21).
    fn has_outlived_a_kubelet(&self, pod: PodId) -> bool {
        let state = &self.pods[pod];
        let Some(since) = state.node.and_then(|node| self.nodes[node].kubelet_since) else { return false };
        let started = state.container.started;
        state.container.has_process()
            && started.is_none_or(|started| since.saturating_since(started) > KUBELET_RESTART_GRACE)
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
        state.container.sandbox = false;
        if state.adopted && state.container.stage == Stage::Running {
            state.sync = Timer::NONE;
            let listed = self.relists(pod).after(cx.now());
            self.schedule_sync(cx, pod, listed);
            self.await_turn(cx, pod);
        }
        self.settle(cx, pod);
    }

    /// The machine is dead, and with it process, sandbox and kubelet.
    pub(super) fn lose_container(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let container = &mut self.pods[pod].container;
        container.sandbox = false;
        if container.has_process() {
            container.end_life(cx.now());
            let instance = container.instance;
            self.hand_over(cx, pod);
            self.tell(cx, Happening::ContainerExited { pod, instance, exit: Exit::MachineDied });
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
        state.sync = Timer::NONE;
        state.turn = None;
        state.resync = Timer::NONE;
        state.status_write = Timer::NONE;
        state.owes_loss = false;
        state.race = None;
        let container = &mut state.container;
        container.start = Timer::NONE;
        container.kill = None;
        match container.stage {
            Stage::Absent | Stage::Running => {}
            Stage::Creating | Stage::Exited | Stage::Waiting => container.stage = Stage::Exited,
            Stage::Stopping => {
                container.stage = Stage::Running;
                if !container.sigterm {
                    container.exit = Timer::NONE;
                }
            }
        }
        self.settle(cx, pod);
    }
}
