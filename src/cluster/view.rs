//! How a slot and an endpoint look from outside: serving, in rotation, why not, how far.

use super::observer::{Cause, EndpointView, Observed, Observer, Phase, SlotView};
use super::probing::{Answer, Audience};
use super::state::{Kubelet, Stage};
use super::{Cluster, Cx, Event, Target};
use crate::ids::{NodeId, PodId, SlotId};
use crate::time::{Duration, SimTime};

impl<O: Observer> Cluster<'_, O> {
    /// The slot that the Pod holds.
    pub(super) fn slot_of(&self, pod: PodId) -> Option<SlotId> {
        let pod = &self.pods[pod.index()];
        pod.holds_slot.then_some(pod.home)
    }

    /// Pods whose objects are bound to the Node.
    pub(super) fn pods_on(&self, node: NodeId) -> Vec<PodId> {
        let here = |pod: &usize| self.pods[*pod].exists && self.pods[*pod].node == Some(node);
        (0..self.pods.len()).filter(here).map(PodId::new).collect()
    }

    pub(super) fn slots_on(&self, node: NodeId) -> Vec<SlotId> {
        self.pods_on(node).into_iter().filter_map(|pod| self.slot_of(pod)).collect()
    }

    /// The Pod's process would answer a request that reaches it now.
    pub(super) fn serves(&self, pod: PodId) -> bool {
        let reachable = self.pods[pod.index()].node.is_some_and(|node| self.nodes[node.index()].reachable);
        reachable && self.answer(pod, Audience::Requests) == Answer::Good
    }

    /// Looks at a Pod after something has happened to it, and tells the observer what has changed.
    pub(super) fn look(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let seen = self.slot_of(pod).map(|slot| self.look_at_slot(cx, slot));
        let state = &self.pods[pod.index()];
        let view = if !state.in_rotation {
            None
        } else if let Some(SlotView { serves, cause, phase, .. }) = seen {
            Some(EndpointView { serves, cause, phase })
        } else {
            let (cause, phase) = state.parting.unwrap_or((Cause::Start, Phase::Start));
            Some(EndpointView { serves: self.serves(pod), cause, phase })
        };
        // While it serves, cause and phase mean nothing.
        let news = match (self.pods[pod.index()].view, view) {
            (Some(old), Some(new)) => old != new && !(old.serves && new.serves),
            (old, new) => old != new,
        };
        if news {
            self.pods[pod.index()].view = view;
            self.observe(cx, &Observed::EndpointChanged { pod, view });
        }
    }

    /// Looks at a slot, held or vacant.
    pub(super) fn look_at_slot(&mut self, cx: &mut Cx<'_, Event>, slot: SlotId) -> SlotView {
        let (serves, in_rotation, struck) = match self.slots[slot.index()].pod {
            Some(pod) => (self.serves(pod), self.pods[pod.index()].in_rotation, self.is_struck(pod)),
            None => (false, false, false),
        };
        let delivers = serves && in_rotation;
        self.assign_cause(cx.now(), slot, delivers, struck);
        // While it delivers, cause and phase mean nothing: only the change itself is news.
        let old = self.slots[slot.index()].view;
        let view = match old {
            Some(old) if old.delivers() && delivers => old,
            _ => {
                let (cause, phase) = self.why(slot);
                SlotView { serves, in_rotation, cause, phase }
            }
        };
        if old != Some(view) {
            self.slots[slot.index()].view = Some(view);
            self.observe(cx, &Observed::SlotChanged { slot, view });
        }
        self.update_clock(cx, Target::Slot(slot));
        view
    }

    /// A slot that delivers and is not struck has no cause. One that stops delivering without a fault at work
    /// owes it to the fault that has just ended, if its probes were still counting, else to the probes.
    fn assign_cause(&mut self, now: SimTime, slot: SlotId, delivers: bool, struck: bool) {
        let state = &mut self.slots[slot.index()];
        if delivers {
            if !struck {
                state.cause = None;
            }
        } else if state.cause.is_none() {
            let memory = self.probe_memory();
            let state = &mut self.slots[slot.index()];
            let recent = state.recent.filter(|&(_, ended)| now.saturating_since(ended) <= memory);
            state.cause = Some(recent.map_or(Cause::Probe, |(cause, _)| cause));
        }
    }

    /// How long after a fault its unanswered probes can still make a threshold.
    fn probe_memory(&self) -> Duration {
        let spec = &self.model.deployment.pod;
        let budget = |probe: &crate::model::Probe| {
            probe.period.max(probe.timeout) * u64::from(probe.failure_threshold) + probe.timeout
        };
        [&spec.liveness, &spec.readiness].into_iter().flatten().map(budget).max().unwrap_or(Duration::ZERO)
    }

    /// Why a slot does not deliver, and how far it has come.
    pub(super) fn why(&self, slot: SlotId) -> (Cause, Phase) {
        let state = &self.slots[slot.index()];
        let phase = state.pod.map_or(Phase::Reschedule, |pod| self.phase(pod));
        (state.cause.unwrap_or(Cause::Start), phase)
    }

    /// The furthest phase that the Pod's present container has reached.
    fn phase(&self, pod: PodId) -> Phase {
        let state = &self.pods[pod.index()];
        let Some(node) = state.node else { return Phase::Reschedule };
        let node = &self.nodes[node.index()];
        let waiting = |reacted| match (reacted, state.in_rotation) {
            (false, _) => Phase::Detect,
            (true, true) => Phase::LeaveRotation,
            (true, false) => Phase::Decide,
        };
        // A Node that cannot be reached: all waits for the control plane.
        if !node.alive || !node.reachable || !node.connected {
            return waiting(!node.ready || !node.registered);
        }
        let container = &state.container;
        if node.kubelet != Kubelet::Up && !container.has_process() {
            return Phase::Start;
        }
        match container.stage {
            Stage::Absent | Stage::Creating => Phase::Start,
            Stage::Waiting => Phase::BackOff,
            Stage::Stopping => Phase::Terminate,
            Stage::Exited => Phase::Detect,
            Stage::Running if container.kill.is_some() => Phase::Terminate,
            Stage::Running if !container.serving => Phase::Start,
            Stage::Running if !self.serves(pod) => waiting(!state.ready),
            Stage::Running if state.ready => Phase::EnterRotation,
            Stage::Running => Phase::BecomeReady,
        }
    }
}
