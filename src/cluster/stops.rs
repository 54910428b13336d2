//! Stops and exits of containers: preStop, SIGTERM, SIGKILL, the order of sidecars, and what follows an exit (C1, C8, C9, K16–K18).
//! Follows `pkg/kubelet/kuberuntime/kuberuntime_container.go killContainer` and `kuberuntime_termination_order.go`.

use super::happening::{Exit, Happening};
use super::observer::Observer;
use super::state::{Container, Stage};
use super::timer::Timer;
use super::{Cluster, Cx, Event};
use crate::ids::{ContainerRef, PodId};
use crate::model::{OnSigterm, ProbeKind, Role};
use crate::time::{Duration, NANOS_PER_SEC, SimTime};

/// SIGKILL never comes sooner after SIGTERM (C9).
const MIN_SIGTERM_WINDOW: Duration = Duration::from_secs(2);
/// A stop takes some time whatever the law says: the probes of the sync that begins it come first.
const MIN_STOP: Duration = Duration::from_nanos(1);

impl<O: Observer> Cluster<'_, O> {
    /// preStop, SIGTERM, and SIGKILL when the grace is over (C9).
    pub(super) fn begin_kill(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef) {
        let container = self.container_mut(at);
        if container.sigterm {
            // An earlier kubelet has begun it, and the process is about to exit.
            container.stage = Stage::Stopping;
            container.exited_before = container.exited;
            return;
        }
        let overhead = self.draw_creation(at, |latencies| &latencies.container_stop).max(MIN_STOP);
        let timer = self.timer();
        let pre_stop = self.container_spec(at).pre_stop_sleep.min(self.kill_grace(at));
        let container = self.container_mut(at);
        container.stage = Stage::Stopping;
        container.exited_before = container.exited;
        container.start = Timer::NONE;
        container.exit = timer;
        container.awaits_turn_since = None;
        let instance = container.instance;
        container.exits_at = cx.now() + pre_stop + overhead;
        cx.at(container.exits_at, Event::SigtermSent(at, timer));
        self.tell(cx, Happening::StopBegan { pod: at.pod, container: at.container, instance, pre_stop });
    }

    fn kill_grace(&self, at: ContainerRef) -> Duration {
        let state = &self.pods[at.pod];
        let spec = self.container_spec(at);
        let probe = match self.container(at).kill {
            _ if state.terminating => None,
            Some(ProbeKind::Liveness) => spec.liveness,
            Some(ProbeKind::Startup) => spec.startup,
            Some(ProbeKind::Readiness) | None => None,
        };
        let grace = probe.and_then(|probe| probe.termination_grace).unwrap_or(self.spec(at.pod).termination_grace);
        let limit = state.node.filter(|_| state.terminating).and_then(|node| self.nodes[node].shutdown);
        limit.map_or(grace, |limit| grace.min(limit))
    }

    /// What preStop leaves of the grace, which loses whole seconds to it (C9).
    fn left_after_pre_stop(&self, at: ContainerRef) -> Duration {
        let grace = self.kill_grace(at);
        grace.saturating_sub(whole_seconds(self.container_spec(at).pre_stop_sleep.min(grace)))
    }

    /// preStop is over. SIGTERM reaches the process, unless it is a sidecar that waits for its turn (K16).
    pub(super) fn on_sigterm_sent(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, timer: Timer) {
        if !self.container_mut(at).exit.expires(timer) {
            return;
        }
        let left = self.left_after_pre_stop(at);
        if self.container(at).awaits_turn_since.is_none() && !left.is_zero() && self.awaits_others(at) {
            // Until the grace is used up.
            let timer = self.timer();
            let container = self.container_mut(at);
            container.awaits_turn_since = Some(cx.now());
            container.exit = timer;
            container.exits_at = cx.now() + left;
            cx.at(container.exits_at, Event::SigtermSent(at, timer));
            return self.settle_probes(cx, at.pod);
        }
        self.send_sigterm(cx, at, left);
    }

    /// SIGTERM, with what is `left` of the grace but for the wait for its turn.
    fn send_sigterm(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, left: Duration) {
        let served = self.serves(at.pod);
        let waited = self.container_mut(at).awaits_turn_since.take();
        let waited = waited.map_or(Duration::ZERO, |since| whole_seconds(cx.now().since(since)));
        let left = left.saturating_sub(waited).max(MIN_SIGTERM_WINDOW);
        let exits_after = match &self.container_spec(at).app.on_sigterm {
            OnSigterm::Exits(law) | OnSigterm::Drains(law) => self.chance_of(at).shutdown.span(law).min(left),
            OnSigterm::Ignores => left,
        };
        let timer = self.timer();
        let container = self.container_mut(at);
        container.sigterm = true;
        container.exit = timer;
        let instance = container.instance;
        container.exits_at = cx.now() + exits_after;
        cx.at(container.exits_at, Event::ContainerExited(at, timer));
        self.tell(cx, Happening::SigtermSent { pod: at.pod, container: at.container, instance });
        self.settle_probes(cx, at.pod);
        if served != self.serves(at.pod) {
            self.look(cx, at.pod);
        }
    }

    /// A sidecar of a Pod that ends as a whole is stopped after all regular containers and the sidecars after it (K16, K17).
    fn awaits_others(&self, at: ContainerRef) -> bool {
        let (spec, state) = (self.spec(at.pod), &self.pods[at.pod]);
        let ends_whole = state.terminating || state.work.as_ref().is_some_and(|work| work.from_scratch);
        let comes_first = |id| match spec.containers[id].role {
            Role::Init => false,
            Role::Sidecar => id > at.container,
            Role::Regular => true,
        };
        ends_whole
            && spec.containers[at.container].role == Role::Sidecar
            && state.containers.entries().any(|(id, other)| comes_first(id) && other.has_process())
    }

    /// A container has gone: sidecars whose turn it is now are stopped.
    fn release_sidecars(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        for at in self.containers(pod) {
            if self.container(at).awaits_turn_since.is_some() && !self.awaits_others(at) {
                self.send_sigterm(cx, at, self.left_after_pre_stop(at));
            }
        }
    }

    // ---- Exits ----

    pub(super) fn on_container_exited(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, timer: Timer) {
        if self.container_mut(at).exit.expires(timer) {
            self.exit_container(cx, at);
        }
    }

    /// The process is gone: killed by its kubelet, or by itself.
    pub(super) fn exit_container(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef) {
        if !self.container(at).has_process() {
            return;
        }
        let killed = self.container(at).stage == Stage::Stopping;
        self.end_process(cx, at, if killed { Exit::Stopped } else { Exit::Crashed });
        self.follow_exit(cx, at, killed);
    }

    /// An init container has done its work (K3).
    pub(super) fn complete_container(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef) {
        let killed = self.container(at).stage == Stage::Stopping;
        self.end_process(cx, at, if killed { Exit::Stopped } else { Exit::Completed });
        if !killed {
            self.container_mut(at).stage = Stage::Completed;
        }
        self.follow_exit(cx, at, killed);
    }

    fn end_process(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, exit: Exit) {
        let pod = at.pod;
        self.wake(cx, pod);
        let container = self.container_mut(at);
        container.end_life(cx.now());
        let instance = container.instance;
        self.tell(cx, Happening::ContainerExited { pod, container: at.container, instance, exit });
        self.refresh_answers(pod);
        self.break_connections(cx, at);
        #[cfg(test)]
        if self.mutation == Some(super::Mutation::BackOffFromOwnExit) {
            self.container_mut(at).exited_before = Some(cx.now());
        }
        self.container_mut(at).kill = None;
    }

    fn follow_exit(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, killed: bool) {
        let pod = at.pod;
        if self.container_mut(at).start.is_set() {
            // Its hook ends with it.
            self.container_mut(at).start = Timer::NONE;
            self.go_on_after_start(cx, pod);
        }
        if !self.pods[pod].adopted {
            // Its next kubelet will find it.
            self.settle(cx, pod);
            return;
        }
        let listed = self.relists(pod).after(cx.now());
        self.container_mut(at).listed = listed;
        if self.pods[pod].terminating {
            self.release_sidecars(cx, pod);
            if !self.pods[pod].has_process() {
                self.finish_termination(cx, pod);
            }
        } else if killed {
            // The same sync goes on to the restart, with the status from before the kill (C8, C12).
            self.release_sidecars(cx, pod);
            self.go_on_after_stop(cx, at);
        } else if self.pods[pod].work.is_none() {
            // Nobody knows until the next listing (C1). With one container a sync before that finds nothing.
            if self.pods[pod].containers.len() == 1 {
                self.pods[pod].sync = Timer::NONE;
            }
            self.schedule_sync(cx, pod, listed);
        }
        self.await_turn(cx, pod);
        self.settle(cx, pod);
    }
}

impl Container {
    pub(super) fn end_life(&mut self, now: SimTime) {
        self.stage = Stage::Exited;
        self.serving = false;
        self.sigterm = false;
        self.awaits_turn_since = None;
        self.strikes.clear();
        self.exited = Some(now);
        self.noticed = false;
        self.app = Timer::NONE;
        self.exit = Timer::NONE;
        self.flaw = Timer::NONE;
    }
}

fn whole_seconds(span: Duration) -> Duration {
    Duration::from_secs(span.as_nanos() / NANOS_PER_SEC)
}
