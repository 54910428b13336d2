//! The kubelet's side of a Pod: syncs, container starts, kills and back-off.
//! Follows `pkg/kubelet/pod_workers.go` and `pkg/kubelet/kuberuntime/kuberuntime_manager.go SyncPod`.

use super::happening::{Exit, Happening};
use super::observer::{Observed, Observer};
use super::prober::{Status, Stored};
use super::resync::{begins_at, sync_span};
use super::state::{Container, Kubelet, Pod, Race, Stage, StartKind, Timer};
use super::{Cluster, Cx, Event};
use crate::ids::{NodeId, PodId};
use crate::model::{ImagePull, OnSigterm, ProbeKind, RaceOdds};
use crate::time::{Duration, Grid, NANOS_PER_SEC, SimTime};

/// SIGKILL never comes sooner after SIGTERM (C9).
const MIN_SIGTERM_WINDOW: Duration = Duration::from_secs(2);
/// A stop takes some time whatever the law says: the probes of the sync that begins it come first.
const MIN_STOP: Duration = Duration::from_nanos(1);
/// A worker comes so late at most after its tick (P9b).
const LATE_WORKER: Duration = Duration::from_millis(50);
/// From the exit of a stopped process until its runtime's answer has reached the kubelet, which then asks the back-off
/// whether to go on (C12) [env].
const STOP_RETURNS: Duration = Duration::from_millis(3);

impl<O: Observer> Cluster<'_, O> {
    /// The kubelet runs on this Node and hears the control plane.
    pub(super) fn kubelet_listens(&self, node: NodeId) -> bool {
        let node = &self.nodes[node];
        node.kubelet == Kubelet::Up && node.connected
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
        if state.terminating || state.workers.iter().all(Option::is_none) && state.container.stage == Stage::Absent {
            return;
        }
        // A sync is at work and another follows it in any case.
        if matches!(state.container.stage, Stage::Creating | Stage::Stopping) {
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
        debug_assert!(state.rest.is_none(), "a Pod is woken before its syncs change");
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

    /// A sync: publish the status, trigger the readiness worker (P11), then act: kill (C8) or restart (C5).
    fn sync_pod(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        let stage = self.pods[pod].container.stage;
        if matches!(stage, Stage::Absent | Stage::Creating | Stage::Stopping) {
            // Another sync is at work; but attempts may have been left unscheduled in view of this one.
            self.plan_all(cx, pod);
            return;
        }
        let looked = self.has_reacted(pod);
        let resynced = self.pods[pod].resynced.take();
        self.pods[pod].turn = None;
        let race = self.pods[pod].race.take().unwrap_or(Race::NewStatus);
        if stage == Stage::Exited {
            self.tell(cx, Happening::ExitNoticed { pod });
        }
        if stage == Stage::Exited || !self.pods[pod].container.sandbox {
            self.react(cx, pod);
        }
        let before = self.pods[pod].status;
        self.update_status(cx, pod);
        self.pods[pod].last_sync = cx.now();
        self.trigger_readiness(cx, pod, race, &before);
        self.wake_liveness(cx, pod, &before);
        let container = &self.pods[pod].container;
        match container.stage {
            // A container without a sandbox is stopped, whatever its probes say (C4).
            Stage::Running if container.kill.is_some() || !container.sandbox => self.begin_kill(cx, pod),
            Stage::Exited | Stage::Waiting => self.try_restart(cx, pod, container.exited, StartKind::CrashRestart),
            _ => {}
        }
        let turn = resynced.filter(|&(sync, _)| sync == timer).map(|(_, turn)| turn);
        self.schedule_resync(cx, pod, turn);
        self.plan_all(cx, pod);
        if self.has_reacted(pod) != looked {
            self.look(cx, pod);
        }
        self.rest_or_await_turn(cx, pod);
    }

    /// What can be seen from outside of what a sync does: the Ready condition and how far the container is. One that is
    /// killed is as good as stopped.
    fn has_reacted(&self, pod: PodId) -> (bool, Stage) {
        let Pod { ready, container, .. } = &self.pods[pod];
        (*ready, if container.kill.is_some() { Stage::Stopping } else { container.stage })
    }

    pub(super) fn react(&mut self, cx: &Cx<'_, Event>, pod: PodId) {
        if let Some(slot) = self.slot_of(pod) {
            self.observe(cx, &Observed::Reacted { slot });
        }
    }

    /// Takes the container's state over into the status cache (P10) and publishes readiness.
    pub(super) fn update_status(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let state = &self.pods[pod];
        let container = &state.container;
        let running = container.has_process();
        let started = running
            && match state.worker(ProbeKind::Startup) {
                None => true,
                Some(worker) => match worker.result_for(container.instance) {
                    Some(result) => result == Stored::Success,
                    // Killed and restarted within one sync, the new instance inherits the old one's value (P10).
                    None => state.status.started,
                },
            };
        let status = Status {
            instance: container.instance,
            running,
            started,
            started_at: container.started.map(SimTime::floor_to_second),
        };
        self.pods[pod].status = status;
        self.update_readiness(cx, pod);
        // The first status with an IP makes the Pod an endpoint, where that need not be ready (E4).
        if self.model.deployment.publish_not_ready && status.instance > 0 && !self.pods[pod].slice.listed {
            self.request_status_write(cx, pod);
        }
    }

    /// The Pod's Ready condition follows from the status and the stored readiness result (P13, P18).
    pub(super) fn update_readiness(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let state = &self.pods[pod];
        let ready = state.status.running
            && state.status.started
            && state.worker(ProbeKind::Readiness).is_none_or(|worker| match worker.result_for(state.status.instance) {
                Some(Stored::Success) => true,
                // A kubelet that has been restarted leaves the condition as it was (P21).
                Some(Stored::Unknown) => state.ready,
                Some(Stored::Failure) | None => false,
            });
        self.set_ready(cx, pod, ready);
    }

    /// Whenever the kubelet recomputes the status of a started container whose readiness is not Success, it
    /// triggers the readiness worker (P11). The trigger comes before the new status is stored, so the worker may
    /// still see the one from before (P11a): then it acts on the old instance's account (P7a).
    fn trigger_readiness(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, race: Race, before: &Status) {
        let state = &self.pods[pod];
        let Some(worker) = state.worker(ProbeKind::Readiness) else { return };
        let stored = worker.result_for(state.status.instance);
        if !(state.status.running && state.status.started) || stored == Some(Stored::Success) {
            return;
        }
        #[cfg(test)]
        if self.mutation == Some(super::Mutation::RandomReadinessPhase) {
            return self.shift_readiness(cx, pod, before);
        }
        self.catch_up(cx, pod, ProbeKind::Readiness);
        let sees_new_status = race == Race::NewStatus;
        self.tell(cx, Happening::ReadinessTriggered { pod, sees_new_status });
        let state = &mut self.pods[pod];
        let Some(prober) = state.workers[ProbeKind::Readiness as usize].as_mut() else { return };
        if prober.worker.trigger(cx.now()) {
            let status = if sees_new_status { self.pods[pod].status } else { self.seen_instead(pod, before) };
            self.attempt_under(cx, pod, ProbeKind::Readiness, false, &status);
        }
        if race == Race::OldStatusSynced {
            self.request_sync(cx, pod);
        }
    }

    /// In place of a trigger, a wrong simulator gives a new instance's ticks a random phase.
    #[cfg(test)]
    fn shift_readiness(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, before: &Status) {
        self.catch_up(cx, pod, ProbeKind::Readiness);
        let state = &mut self.pods[pod];
        let Some(prober) = state.workers[ProbeKind::Readiness as usize].as_mut() else { return };
        if before.instance != state.status.instance {
            let u = self.slots[state.home].race.uniform();
            prober.worker.shift(cx.now(), u);
        }
    }

    /// What a worker sees that has lost the race of P11a. It need not lead to a stray probe: mostly nothing is there yet
    /// that could be probed.
    fn seen_instead(&mut self, pod: PodId, before: &Status) -> Status {
        if before.running {
            let home = self.pods[pod].home;
            let u = self.slots[home].race.uniform();
            if u >= self.model.cluster.start_race.stray_probe {
                return Status::default();
            }
        }
        *before
    }

    /// Liveness and startup tick together. Now and then the liveness worker comes so late that it sees the success of
    /// the same tick, and probes at once (P9b).
    fn wake_liveness(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, before: &Status) {
        let state = &self.pods[pod];
        let has_just_started = state.status.started && !before.started && before.instance == state.status.instance;
        if !has_just_started || state.worker(ProbeKind::Startup).is_none() {
            return;
        }
        let u = self.slots[state.home].race.uniform();
        self.catch_up(cx, pod, ProbeKind::Liveness);
        let Some(worker) = self.pods[pod].worker(ProbeKind::Liveness) else { return };
        let since_tick = (cx.now() + worker.probe().period).saturating_since(worker.next_attempt());
        if u < self.model.cluster.start_race.same_tick && since_tick <= LATE_WORKER {
            self.attempt(cx, pod, ProbeKind::Liveness, false);
        }
    }

    // ---- Starts ----

    /// Back-off permitting, the sync goes on to start the container again (C5, C10).
    pub(super) fn try_restart(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, exited: Option<SimTime>, kind: StartKind) {
        let rules = &self.model.cluster.control_plane;
        // With the kill behind it, if there was one (C12).
        let now = cx.now() + if kind == StartKind::Killed { STOP_RETURNS } else { Duration::ZERO };
        match self.pods[pod].container.back_off.try_start(now, exited, rules) {
            Ok(()) => self.begin_start(cx, pod, kind),
            Err(expiry) => {
                self.pods[pod].container.stage = Stage::Waiting;
                self.tell(cx, Happening::BackedOff { pod, until: expiry });
                self.schedule_retry(cx, pod, expiry);
            }
        }
    }

    fn draw_container(
        &mut self,
        pod: PodId,
        law: impl Fn(&crate::model::Latencies) -> &crate::random::Law,
    ) -> Duration {
        let home = self.pods[pod].home;
        self.slots[home].container.span(law(&self.model.cluster.latencies))
    }

    /// Sandbox, unless there is one (C4); image (C14), creation and start.
    fn begin_start(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, kind: StartKind) {
        let sandbox = if self.pods[pod].container.sandbox {
            Duration::ZERO
        } else {
            self.draw_container(pod, |latencies| &latencies.sandbox)
        };
        let node = self.pods[pod].node.expect("only a bound Pod starts");
        let image = match self.model.deployment.pod.image_pull {
            ImagePull::Never => Duration::ZERO,
            _ if !self.nodes[node].image_present => self.draw_container(pod, |latencies| &latencies.image_pull),
            ImagePull::Always => self.draw_container(pod, |latencies| &latencies.image_check),
            ImagePull::IfNotPresent => Duration::ZERO,
        };
        let start = self.draw_container(pod, |latencies| &latencies.container_start);
        let timer = self.timer();
        let container = &mut self.pods[pod].container;
        container.stage = Stage::Creating;
        container.start_kind = kind;
        container.start = timer;
        container.starts_at = cx.now() + sandbox + image + start;
        cx.at(container.starts_at, Event::ContainerStarted(pod, timer));
        self.tell(cx, Happening::StartBegan { pod, sandbox: !sandbox.is_zero() });
    }

    pub(super) fn on_container_started(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        let state = &mut self.pods[pod];
        if !state.container.start.expires(timer) {
            return;
        }
        let home = self.pods[pod].home;
        let start_up = self.slots[home].start_up.span(&self.model.app.start_up);
        let u = self.slots[home].race.uniform();
        let app = self.timer();
        let state = &mut self.pods[pod];
        let container = &mut state.container;
        let restarted = container.instance > 0;
        container.begin_life(cx.now(), start_up, app);
        cx.after(start_up, Event::AppServing(pod, app));
        let odds = &self.model.cluster.start_race;
        state.race = Some(match container.start_kind {
            StartKind::First => race(odds.first, u),
            StartKind::Killed => race(odds.probe_restart, u),
            StartKind::CrashRestart => race(odds.crash_restart, u),
        });
        // The start was a change, so the Pod is listed on demand and synced at once (C2, P11a).
        state.sync = Timer::NONE;
        if let Some(node) = state.node {
            self.nodes[node].image_present = true;
        }
        self.schedule_sync(cx, pod, cx.now());
        self.await_turn(cx, pod);
        let instance = self.pods[pod].container.instance;
        self.tell(cx, Happening::ContainerStarted { pod, instance });
        if restarted && let Some(slot) = self.slot_of(pod) {
            self.observe(cx, &Observed::Restarted { slot });
        }
        // From outside it looks as it did while it was being created.
        self.settle_probes(cx, pod);
    }

    pub(super) fn on_app_serving(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if !self.pods[pod].container.app.expires(timer) {
            return;
        }
        self.pods[pod].container.serving = true;
        let instance = self.pods[pod].container.instance;
        self.tell(cx, Happening::AppServing { pod, instance });
        self.settle(cx, pod);
    }

    // ---- Kills and exits ----

    /// preStop, SIGTERM, and SIGKILL when the grace is over (C9).
    pub(super) fn begin_kill(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let container = &mut self.pods[pod].container;
        if container.sigterm {
            // An earlier kubelet has begun it, and the process is about to exit.
            container.stage = Stage::Stopping;
            container.exited_before = container.exited;
            return;
        }
        let overhead = self.draw_container(pod, |latencies| &latencies.container_stop).max(MIN_STOP);
        let timer = self.timer();
        let grace = self.kill_grace(pod);
        let container = &mut self.pods[pod].container;
        container.stage = Stage::Stopping;
        container.exited_before = container.exited;
        container.exit = timer;
        let instance = container.instance;
        let pre_stop = self.model.deployment.pod.pre_stop_sleep.min(grace);
        container.exits_at = cx.now() + pre_stop + overhead;
        cx.at(container.exits_at, Event::SigtermSent(pod, timer));
        self.tell(cx, Happening::StopBegan { pod, instance, pre_stop });
    }

    fn kill_grace(&self, pod: PodId) -> Duration {
        let spec = &self.model.deployment.pod;
        let state = &self.pods[pod];
        let probe = match state.container.kill {
            _ if state.terminating => None,
            Some(ProbeKind::Liveness) => spec.liveness,
            Some(ProbeKind::Startup) => spec.startup,
            Some(ProbeKind::Readiness) | None => None,
        };
        probe.and_then(|probe| probe.termination_grace).unwrap_or(spec.termination_grace)
    }

    pub(super) fn on_sigterm_sent(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if !self.pods[pod].container.exit.expires(timer) {
            return;
        }
        let served = self.serves(pod);
        let grace = self.kill_grace(pod);
        let slept = self.model.deployment.pod.pre_stop_sleep.min(grace);
        let slept = Duration::from_secs(slept.as_nanos() / NANOS_PER_SEC);
        let left = grace.saturating_sub(slept).max(MIN_SIGTERM_WINDOW);
        let home = self.pods[pod].home;
        let exits_after = match &self.model.app.on_sigterm {
            OnSigterm::Exits(law) => self.slots[home].shutdown.span(law).min(left),
            OnSigterm::Ignores => left,
        };
        let timer = self.timer();
        let container = &mut self.pods[pod].container;
        container.sigterm = true;
        container.exit = timer;
        let instance = container.instance;
        container.exits_at = cx.now() + exits_after;
        cx.at(container.exits_at, Event::ContainerExited(pod, timer));
        self.tell(cx, Happening::SigtermSent { pod, instance });
        self.settle_probes(cx, pod);
        if served != self.serves(pod) {
            self.look(cx, pod);
        }
    }

    pub(super) fn on_container_exited(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if self.pods[pod].container.exit.expires(timer) {
            self.exit_container(cx, pod);
        }
    }

    /// The process is gone: killed by its kubelet, or by itself.
    pub(super) fn exit_container(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        if !self.pods[pod].container.has_process() {
            return;
        }
        self.wake(cx, pod);
        let killed = self.pods[pod].container.stage == Stage::Stopping;
        self.pods[pod].container.end_life(cx.now());
        let instance = self.pods[pod].container.instance;
        let exit = if killed { Exit::Stopped } else { Exit::Crashed };
        self.tell(cx, Happening::ContainerExited { pod, instance, exit });
        self.refresh_answers(pod);
        self.break_connections(cx, pod);
        let before = self.pods[pod].container.exited_before;
        #[cfg(test)]
        let before = match self.mutation {
            Some(super::Mutation::BackOffFromOwnExit) => Some(cx.now()),
            _ => before,
        };
        self.pods[pod].container.kill = None;
        if !self.pods[pod].adopted {
            // Its next kubelet will find it.
            self.settle(cx, pod);
            return;
        }
        let listed = self.relists(pod).after(cx.now());
        if self.pods[pod].terminating {
            self.finish_termination(cx, pod);
        } else if killed {
            // The same sync goes on to the restart, with the status from before the kill (C8, C12).
            self.pods[pod].last_sync = cx.now();
            self.try_restart(cx, pod, before, StartKind::Killed);
            if self.pods[pod].container.stage == Stage::Waiting {
                self.schedule_sync(cx, pod, listed);
            }
        } else {
            // Nobody knows until the next listing (C1).
            self.pods[pod].sync = Timer::NONE;
            self.schedule_sync(cx, pod, listed);
        }
        self.await_turn(cx, pod);
        self.settle(cx, pod);
    }
}

impl Container {
    fn begin_life(&mut self, now: SimTime, start_up: Duration, app: Timer) {
        self.instance += 1;
        self.stage = Stage::Running;
        self.sandbox = true;
        self.started = Some(now);
        self.serving = false;
        self.serves_at = now + start_up;
        self.sigterm = false;
        self.app = app;
    }

    pub(super) fn end_life(&mut self, now: SimTime) {
        self.stage = Stage::Exited;
        self.serving = false;
        self.sigterm = false;
        self.strikes.clear();
        self.exited = Some(now);
        self.app = Timer::NONE;
        self.exit = Timer::NONE;
    }
}

fn race(odds: RaceOdds, u: f64) -> Race {
    if u < odds.new_status {
        Race::NewStatus
    } else if u < odds.new_status + odds.old_status_synced {
        Race::OldStatusSynced
    } else {
        Race::OldStatus
    }
}
