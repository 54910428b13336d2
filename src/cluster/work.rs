//! What a sync does to the containers of a Pod: which it stops, which it starts and in which order (K1–K7, K12, K13, K17).
//! Follows `pkg/kubelet/kuberuntime/kuberuntime_manager.go computePodActions, SyncPod` and `kuberuntime_container.go
//! computeInitContainerActions`.

use smallvec::SmallVec;

use super::happening::Happening;
use super::kubelet::{init_containers, regular_containers};
use super::observer::Observer;
use super::prober::Stored;
use super::state::{Container, Pod, Stage, StartKind};
use super::timer::Timer;
use super::{Cluster, Cx, Event};
use crate::ids::{ContainerId, ContainerRef, PodId};
use crate::model::{PodSpec, ProbeKind, Role};
use crate::time::{Duration, SimTime};

/// From the exit of a stopped process until its runtime's answer has reached the kubelet, which then asks the back-off
/// whether to go on (C12) [env].
const STOP_RETURNS: Duration = Duration::from_millis(3);

/// What a sync that is at work has yet to do. It begins with the stops; when all are over come the starts, one after the other,
/// each with its image and its hook (K2).
#[derive(Debug, Clone, Default)]
pub(crate) struct Work {
    /// Containers to be stopped. With a dead sandbox all at once (K17), otherwise one after the other.
    pub stops: SmallVec<[ContainerId; 4]>,
    /// The sandbox is dead: the Pod begins anew.
    pub from_scratch: bool,
    /// Containers to be started, in this order.
    starts: SmallVec<[Start; 4]>,
    /// The sandbox has died since the sync began.
    pub sandbox_died: bool,
    /// Something has been stopped or started.
    has_changed: bool,
    /// Starts were refused, until then at the soonest (K13).
    refused_until: Option<SimTime>,
}

/// A container to be started, and why it does not run.
#[derive(Debug, Clone, Copy)]
struct Start {
    container: ContainerId,
    kind: StartKind,
}

impl Work {
    fn stop(&mut self, container: ContainerId) {
        self.stops.push(container);
        self.start(container, StartKind::Killed);
    }

    fn start(&mut self, container: ContainerId, kind: StartKind) {
        self.starts.push(Start { container, kind });
    }

    fn is_idle(&self) -> bool {
        self.stops.is_empty() && self.starts.is_empty()
    }

    fn next_start(&mut self) -> Option<Start> {
        (!self.starts.is_empty()).then(|| self.starts.remove(0))
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// The sync acts.
    pub(super) fn act(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let spec = self.spec(pod);
        let state = &self.pods[pod];
        if state.is_at_peace() {
            return;
        }
        let containers = Snapshot { spec, state: state.containers.as_slice(), from: state.sync_from };
        let mut work = if state.sandbox { containers.actions() } else { containers.new_sandbox() };
        if work.from_scratch {
            for id in init_containers(spec) {
                self.pods[pod].containers[id].purge();
            }
        }
        self.shuffle_stops(pod, &mut work);
        let stops = work.stops.clone();
        let first = if work.from_scratch { stops.len() } else { stops.len().min(1) };
        if !work.is_idle() {
            // What was asked for meanwhile is merged into the sync that follows this one.
            self.pods[pod].sync = Timer::NONE;
        }
        self.pods[pod].work = Some(work);
        if stops.is_empty() {
            return self.start_next(cx, pod);
        }
        for &container in &stops[..first] {
            self.begin_kill(cx, ContainerRef { pod, container });
        }
    }

    /// Kubernetes stops them in the order of a map (K1).
    fn shuffle_stops(&mut self, pod: PodId, work: &mut Work) {
        let home = self.pods[pod].home;
        for last in (1..work.stops.len()).rev().take_while(|_| !work.from_scratch) {
            let u = self.slots[home].sync.uniform();
            work.stops.swap(last, (u * (last + 1) as f64) as usize);
        }
    }

    /// A container that the sync has stopped is gone: the sync stops the next one, or goes on to the starts.
    pub(super) fn go_on_after_stop(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef) {
        let pod = at.pod;
        self.pods[pod].last_sync = cx.now();
        let Some(work) = &mut self.pods[pod].work else { return };
        work.has_changed = true;
        work.stops.retain(|stopped| *stopped != at.container);
        let (next, from_scratch) = (work.stops.first().copied(), work.from_scratch);
        if from_scratch && self.container_spec(at).role != Role::Regular {
            self.container_mut(at).purge();
        }
        match next {
            None => self.start_next(cx, pod),
            Some(_) if from_scratch => {}
            Some(container) => self.begin_kill(cx, ContainerRef { pod, container }),
        }
    }

    /// A start of the sync is complete, its hook included.
    pub(super) fn go_on_after_start(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        if let Some(work) = &mut self.pods[pod].work {
            work.has_changed = true;
            self.start_next(cx, pod);
        }
    }

    /// Begins the next start; where none is left the sync is over.
    fn start_next(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        self.give_up_dead_sandbox(pod);
        while let Some(start) = self.pods[pod].work.as_mut().and_then(Work::next_start) {
            let at = ContainerRef { pod, container: start.container };
            let Some(expiry) = self.refuse_or_start(cx, at, start.kind) else { return };
            let role = self.container_spec(at).role;
            let Some(work) = &mut self.pods[pod].work else { return };
            work.refused_until = Some(work.refused_until.map_or(expiry, |earlier| earlier.min(expiry)));
            // A sidecar that is refused is passed over; without an init container nothing after it starts (K1).
            if role == Role::Init {
                work.starts.clear();
            }
        }
        self.end_work(cx, pod);
    }

    /// Nothing starts in a sandbox that has died: the sync ends, and the next one stops what is left in it and begins with a new
    /// one (C4, K17).
    pub(super) fn give_up_dead_sandbox(&mut self, pod: PodId) -> bool {
        let state = &mut self.pods[pod];
        let is_left = state.has_process();
        let Some(work) = state.work.as_mut().filter(|work| work.sandbox_died && is_left) else { return false };
        work.starts.clear();
        work.has_changed = true;
        true
    }

    /// The sync is over. One that has changed something has the Pod listed on demand and synced at once (C2, P11a), but not
    /// where a start was refused: then the next listing shows what has changed (K12).
    fn end_work(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let Some(work) = self.pods[pod].work.take() else { return };
        if let Some(expiry) = work.refused_until {
            self.schedule_retry(cx, pod, expiry);
        }
        if !work.has_changed {
            return;
        }
        if work.refused_until.is_some() {
            let listed = self.relists(pod).after(cx.now());
            self.schedule_sync(cx, pod, listed);
        } else {
            self.pods[pod].sync = Timer::NONE;
            self.schedule_sync(cx, pod, cx.now());
        }
    }

    /// Back-off permitting, the sync goes on to start the container (C5, C10); otherwise, until when it is refused.
    fn refuse_or_start(&mut self, cx: &mut Cx<'_, Event>, at: ContainerRef, kind: StartKind) -> Option<SimTime> {
        let rules = &self.model.cluster.control_plane;
        let container = self.container_mut(at);
        // With the kill behind it, if there was one (C12).
        let (now, exited) = match kind {
            StartKind::Killed => (cx.now() + STOP_RETURNS, container.exited_before),
            StartKind::First | StartKind::CrashRestart => (cx.now(), container.exited),
        };
        match container.back_off.try_start(now, exited, rules) {
            Ok(()) => {
                self.begin_start(cx, at, kind);
                None
            }
            Err(expiry) => {
                container.stage = Stage::Waiting;
                self.tell(cx, Happening::BackedOff { pod: at.pod, container: at.container, until: expiry });
                Some(expiry)
            }
        }
    }
}

impl Pod {
    /// All that is to run runs, and nothing is to be killed: a sync finds nothing to do.
    pub(super) fn is_at_peace(&self) -> bool {
        let runs = |container: &Container| match container.stage {
            Stage::Running => container.kill.is_none(),
            Stage::Completed => true,
            _ => false,
        };
        self.sandbox && self.work.is_none() && self.containers.iter().all(runs)
    }
}

impl Container {
    /// Its status is removed from the runtime, as those of all init containers are with a new sandbox (K5).
    fn purge(&mut self) {
        if !self.has_process() {
            self.stage = Stage::Absent;
            self.exited = None;
        }
    }
}

/// What a sync that began at an instant knows of the containers.
struct Snapshot<'a> {
    spec: &'a PodSpec,
    state: &'a [Container],
    from: SimTime,
}

impl Snapshot<'_> {
    fn of(&self, id: ContainerId) -> &Container {
        &self.state[id.index()]
    }

    /// An exit is known once the runtime has listed it (C1).
    fn stage(&self, id: ContainerId) -> Stage {
        let container = self.of(id);
        match container.stage {
            Stage::Exited | Stage::Completed if container.listed > self.from => Stage::Running,
            stage => stage,
        }
    }

    /// Without a sandbox: all that runs is stopped, and the Pod begins with its first init container (C4, K1, K17).
    fn new_sandbox(&self) -> Work {
        let mut work = Work { from_scratch: true, ..Work::default() };
        let ids = self.spec.containers.ids();
        work.stops = ids.filter(|id| self.of(*id).has_process()).collect();
        let first = init_containers(self.spec).next();
        let starts: SmallVec<[ContainerId; 4]> =
            first.map_or_else(|| regular_containers(self.spec).collect(), |first| SmallVec::from_slice(&[first]));
        for id in starts {
            let container = self.of(id);
            let kind = match container.instance {
                0 => StartKind::First,
                _ if container.has_process() => StartKind::Killed,
                _ => StartKind::CrashRestart,
            };
            work.start(id, kind);
        }
        work
    }

    fn actions(&self) -> Work {
        let mut work = Work::default();
        if !self.init_actions(&mut work) {
            return work;
        }
        for id in regular_containers(self.spec) {
            match self.stage(id) {
                Stage::Running if self.of(id).kill.is_some() => work.stop(id),
                Stage::Exited | Stage::Waiting => work.start(id, StartKind::CrashRestart),
                Stage::Absent => work.start(id, StartKind::First),
                Stage::Running | Stage::Creating | Stage::Stopping | Stage::Completed => {}
            }
        }
        work
    }

    /// What is to be done about init containers and sidecars (K3–K7); whether the others may start. From the last one back: the
    /// first that there is decides how far the Pod has come, and before it only sidecars matter.
    fn init_actions(&self, work: &mut Work) -> bool {
        let init: SmallVec<[ContainerId; 4]> = init_containers(self.spec).collect();
        let runs = |id| matches!(self.stage(id), Stage::Running | Stage::Stopping | Stage::Creating);
        let mut has_initialized = init.is_empty() || regular_containers(self.spec).any(runs);
        let mut is_past = has_initialized;
        let mut starts: SmallVec<[Start; 4]> = SmallVec::new();
        for (place, &id) in init.iter().enumerate().rev() {
            let is_sidecar = self.spec.containers[id].role == Role::Sidecar;
            let stage = self.stage(id);
            if stage == Stage::Absent || is_past && !is_sidecar {
                if is_past && is_sidecar {
                    starts.push(Start { container: id, kind: StartKind::First });
                }
                continue;
            }
            let is_done =
                if is_sidecar { stage == Stage::Running && self.has_started(id) } else { stage == Stage::Completed };
            if is_done {
                match init.get(place + 1) {
                    None => has_initialized = true,
                    Some(&next) if !is_past => starts.push(Start { container: next, kind: StartKind::First }),
                    Some(_) => {}
                }
            }
            match stage {
                Stage::Running if is_sidecar && self.of(id).kill.is_some() => {
                    work.stops.push(id);
                    starts.push(Start { container: id, kind: StartKind::Killed });
                }
                Stage::Exited | Stage::Waiting => starts.push(Start { container: id, kind: StartKind::CrashRestart }),
                _ => {}
            }
            is_past = true;
        }
        if let (false, Some(&first)) = (is_past, init.first()) {
            starts.push(Start { container: first, kind: StartKind::First });
        }
        work.starts.extend(starts.into_iter().rev());
        has_initialized
    }

    /// Its startup probe, if it has one, has succeeded (K6).
    fn has_started(&self, id: ContainerId) -> bool {
        let container = self.of(id);
        let Some(worker) = container.worker(ProbeKind::Startup) else { return true };
        worker.result_for(container.instance) == Some(Stored::Success)
    }
}
