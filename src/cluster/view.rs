//! How a slot and an endpoint look from outside: serving, in rotation, why not, how far.

use super::answers::{Answer, Audience};
use super::cause::{Cause, CauseSet};
use super::observer::{EndpointView, Observed, Observer, Phase, SlotView};
use super::state::{Kubelet, Pod, Stage};
use super::{Cluster, Cx, Event};
use crate::ids::{ContainerRef, NodeId, PodId, SlotId, WorkloadId};
use crate::model::{Millionths, ProbeKind, Role};

impl<O: Observer> Cluster<'_, O> {
    /// The slot that the Pod holds; one that a surge makes holds none.
    pub(super) fn slot_of(&self, pod: PodId) -> Option<SlotId> {
        let pod = &self.pods[pod];
        (pod.holds_slot && self.is_open(pod.home)).then_some(pod.home)
    }

    /// Whose Pod it is and the slot that it holds, none where a surge has made it; `None` once it is on its way out.
    pub(super) fn place_of(&self, pod: PodId) -> Option<(WorkloadId, Option<SlotId>)> {
        let state = &self.pods[pod];
        state.holds_slot.then_some((state.workload, self.slot_of(pod)))
    }

    /// Pods whose objects are bound to the Node.
    pub(super) fn pods_on(&self, node: NodeId) -> Vec<PodId> {
        let is_here = |pod: &Pod| pod.exists && pod.node == Some(node) && !pod.orphaned;
        let here = |&pod: &PodId| is_here(&self.pods[pod]);
        self.pods.ids().filter(here).collect()
    }

    pub(super) fn slots_on(&self, node: NodeId) -> Vec<SlotId> {
        self.pods_on(node).into_iter().filter_map(|pod| self.slot_of(pod)).collect()
    }

    /// The Pod's process would answer a request that reaches it now.
    pub(super) fn serves(&self, pod: PodId) -> bool {
        self.failing(pod) != Millionths::ALL
    }

    /// So many of the requests that reach it fail.
    pub(super) fn failing(&self, pod: PodId) -> Millionths {
        let reachable = self.pods[pod].node.is_some_and(|node| self.nodes[node].reachable);
        match self.answer(self.main(pod), Audience::Requests) {
            Answer::Good if reachable => Millionths::NONE,
            Answer::BadInPart(share) if reachable => share,
            _ => Millionths::ALL,
        }
    }

    /// Looks at a Pod after something has happened to it, and tells the observer what has changed.
    pub(super) fn look(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        self.note_load(cx, pod);
        let holds = self.slot_of(pod);
        if let Some(slot) = holds {
            self.look_at_slot(cx, slot);
        }
        let state = &self.pods[pod];
        let in_rotation = state.in_rotation;
        let failed = state.view.as_ref().map(|view| view.failing);
        if !in_rotation && failed.is_none() && !state.keeps_queue {
            return;
        }
        let failing = self.failing(pod);
        // While it serves all, causes and phase mean nothing.
        if in_rotation && failing == Millionths::NONE && failed == Some(Millionths::NONE) {
            return;
        }
        let view = in_rotation.then(|| self.endpoint_view(pod, holds, failing));
        let keeps_queue = !in_rotation && self.keeps_queue(pod);
        let state = &mut self.pods[pod];
        if state.view != view || state.keeps_queue != keeps_queue {
            state.view.clone_from(&view);
            state.keeps_queue = keeps_queue;
            self.note_queues(cx, pod);
            self.observe(cx, &Observed::EndpointChanged { pod, view, keeps_queue });
        }
    }

    /// The Pod, which has been in rotation, works on what waits in it, and may come back before that is done.
    fn keeps_queue(&self, pod: PodId) -> bool {
        let has_queue = self.model.traffic.is_some() && self.spec(pod).main().app.queue.is_some();
        has_queue && self.pods[pod].holds_slot && self.serves(pod)
    }

    /// How a Pod in rotation looks; one that holds its slot like the slot.
    fn endpoint_view(&self, pod: PodId, holds: Option<SlotId>, failing: Millionths) -> EndpointView {
        let state = &self.pods[pod];
        let slot = Some(state.home).filter(|&slot| !self.is_for_surge(slot));
        let like = |causes, phase| EndpointView { workload: state.workload, slot, failing, causes, phase };
        if failing == Millionths::NONE {
            return like(CauseSet::new(), Phase::EnterRotation);
        }
        if failing != Millionths::ALL {
            let flaws = self.strikes_on(self.main(pod)).filter(|(_, mode)| mode.serves_others());
            let phase = if state.holds_slot { Phase::Detect } else { self.parting_phase(pod) };
            return like(flaws.map(|(fault, _)| Cause::Fault(fault)).collect(), phase);
        }
        if let Some(SlotView { causes, phase, .. }) = holds.and_then(|slot| self.slots[slot].view.as_ref()) {
            return like(causes.clone(), *phase);
        }
        let at_work = self.at_work(state.workload, Some(pod));
        // A surge Pod owes nothing to any slot: what fails with it is the rollout's.
        let owed = || self.workloads[state.workload].rollouts.cause();
        let causes = [at_work, state.parting.clone()].into_iter().find(|causes| !causes.is_empty());
        let causes = causes.unwrap_or_else(owed);
        like(causes, if state.holds_slot { self.phase(pod) } else { self.parting_phase(pod) })
    }

    /// Looks at a slot that is open, held or vacant.
    pub(super) fn look_at_slot(&mut self, cx: &mut Cx<'_, Event>, slot: SlotId) {
        if !self.is_open(slot) {
            return;
        }
        let (serves, in_rotation) = match self.slots[slot].pod {
            Some(pod) => (self.serves(pod), self.pods[pod].in_rotation),
            None => (false, false),
        };
        let delivers = serves && in_rotation;
        let delivered = self.slots[slot].view.as_ref().is_some_and(SlotView::delivers);
        if !(delivers && delivered) {
            let is_stopped = |pod: &Pod| pod.main().kill.is_some() || pod.terminating;
            let is_doomed = self.slots[slot].pod.is_some_and(|pod| is_stopped(&self.pods[pod]));
            self.slots[slot].account.update(cx.now(), delivers, is_doomed);
            let view = if delivers {
                // Causes and phase mean nothing.
                SlotView { serves, in_rotation, causes: CauseSet::new(), phase: Phase::EnterRotation }
            } else {
                let phase = self.slots[slot].pod.map_or(Phase::Reschedule, |pod| self.phase(pod));
                SlotView { serves, in_rotation, causes: self.causes(cx.now(), slot), phase }
            };
            if self.slots[slot].view.as_ref() != Some(&view) {
                self.slots[slot].view = Some(view.clone());
                self.observe(cx, &Observed::SlotChanged { slot, view });
            }
        }
        self.update_watch(cx, slot, delivers);
        self.update_clocks(cx, slot);
    }

    /// The furthest phase that the Pod's present containers have reached: that of the one that serves until it does, then that
    /// of the one that is the furthest behind.
    fn phase(&self, pod: PodId) -> Phase {
        let state = &self.pods[pod];
        let Some(node) = state.node else { return Phase::Reschedule };
        let node = &self.nodes[node];
        let is_paged = self.slot_of(pod).is_some_and(|slot| self.slots[slot].watch.is_paged());
        // What somebody on call knows waits for their decision, wherever requests go meanwhile.
        let waiting = |reacted: bool| match (reacted, state.in_rotation) {
            _ if is_paged => Phase::Decide,
            (false, _) => Phase::Detect,
            (true, true) => Phase::LeaveRotation,
            (true, false) => Phase::Decide,
        };
        // A Node that cannot be reached: all waits for the control plane.
        if state.orphaned || !node.alive || !node.reachable || !node.linked {
            return waiting(state.orphaned || !node.ready || !node.registered);
        }
        let of = |at: ContainerRef| {
            let container = self.container(at);
            if node.kubelet != Kubelet::Up && !container.has_process() {
                return Phase::Start;
            }
            match container.stage {
                Stage::Absent | Stage::Creating => Phase::Start,
                Stage::Waiting => Phase::BackOff,
                Stage::Stopping => Phase::Terminate,
                Stage::Exited | Stage::Completed => Phase::Detect,
                Stage::Running if container.kill.is_some() => Phase::Terminate,
                Stage::Running if !container.serving => Phase::Start,
                Stage::Running if !self.answers_all(at) => waiting(!state.ready),
                Stage::Running if state.ready => Phase::EnterRotation,
                Stage::Running => Phase::BecomeReady,
            }
        };
        if let Some(stage) = self.unfinished_init(pod) {
            return if stage == Stage::Waiting { Phase::BackOff } else { Phase::Start };
        }
        let phase = of(self.main(pod));
        if phase < Phase::BecomeReady {
            return phase;
        }
        let beside = self.containers(pod).filter(|at| self.container_spec(*at).role != Role::Init);
        beside.map(of).min().unwrap_or(phase)
    }

    /// How far the init container is that the Pod's containers wait for, if they do (K3).
    fn unfinished_init(&self, pod: PodId) -> Option<Stage> {
        let state = &self.pods[pod];
        let is_init = |at: &ContainerRef| self.container_spec(*at).role == Role::Init;
        let stage = |at| self.container(at).stage;
        let first = self.containers(pod).filter(is_init).map(stage).find(|stage| *stage != Stage::Completed);
        first.filter(|_| state.adopted && !state.main().has_process())
    }

    /// The container answers whoever asks it: clients, if it is the one that serves, otherwise its readiness probe.
    pub(super) fn answers_all(&self, at: ContainerRef) -> bool {
        if at == self.main(at.pod) {
            return self.serves(at.pod);
        }
        self.answer(at, Audience::Probe(ProbeKind::Readiness)) == Answer::Good
    }

    /// How far a Pod in rotation that has lost its slot and does not serve has come: it is being stopped, or is gone and
    /// the load balancer has not noticed.
    fn parting_phase(&self, pod: PodId) -> Phase {
        if self.pods[pod].main().has_process() { Phase::Terminate } else { Phase::LeaveRotation }
    }
}
