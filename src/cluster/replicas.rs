//! The `ReplicaSet` and the life of Pod objects: creation, deletion, the end (D7–D9, T1–T8).

use smallvec::{SmallVec, smallvec};

use super::happening::{Endpoint, Happening};
use super::observer::{Observed, Observer, PodCounts};
use super::rollout::ReplicaSet;
use super::state::{Pod, Stage};
use super::timer::Timer;
use super::{Cluster, Cx, Event};
use crate::ids::{NodeId, PodId, SlotId};
use crate::model::ProbeKind;

impl<O: Observer> Cluster<'_, O> {
    /// A controller deletes the Pod: its successor owes that to whoever is charged now.
    pub(super) fn evict_pod(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        self.hand_over(cx, pod);
        self.delete_pod(cx, pod);
    }

    /// An ordinary graceful deletion: the slot is vacant at once, and a replacement follows (T1, D7).
    pub(super) fn delete_pod(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        if !self.pods[pod].exists || self.pods[pod].deleted {
            return;
        }
        let lost = self.pods[pod].holds_slot.then_some(self.pods[pod].home);
        self.delete_for_good(cx, pod);
        if let Some(slot) = lost {
            self.replace(cx, slot);
        }
    }

    /// The same where no replacement follows.
    pub(super) fn delete_for_good(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        self.pods[pod].deleted = true;
        self.note_load(cx, pod);
        self.tell(cx, Happening::PodDeleted { pod });
        self.vacate(cx, pod);
        self.request_pass(cx, self.pods[pod].workload);
        self.tell_drains(cx, pod);
        if self.pods[pod].node.is_none() {
            self.end_pod(cx, pod);
            return;
        }
        self.request_slice_update(cx, pod);
        if self.is_heard_of(pod) {
            self.notice_deletion(cx, pod);
        }
    }

    /// The Pod gives up its slot.
    fn vacate(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        if !self.pods[pod].holds_slot {
            return;
        }
        let slot = self.pods[pod].home;
        self.wake(cx, pod);
        let parting = self.slots[slot].account.debt().clone();
        let state = &mut self.pods[pod];
        state.holds_slot = false;
        state.parting = parting;
        self.slots[slot].pod = None;
        self.look_at_slot(cx, slot);
        self.look(cx, pod);
    }

    /// The replacement is created when the deletion timestamp is set (D7).
    fn replace(&mut self, cx: &mut Cx<'_, Event>, slot: SlotId) {
        let after = self.slots[slot].scheduling.span(&self.model.cluster.latencies.replacement);
        let after = self.under_load(after);
        let timer = self.timer();
        cx.after(after, Event::ReplacementCreated(slot, timer));
    }

    /// Too few active Pods: one is created for the lowest vacant slot of the Deployment. One such event follows every loss,
    /// whatever slot it was.
    pub(super) fn on_replacement_created(&mut self, cx: &mut Cx<'_, Event>, lost: SlotId, _timer: Timer) {
        let workload = self.slots[lost].workload;
        if let Some(set) = self.lacking_set(workload) {
            self.create_replica(cx, workload, set);
        }
    }

    /// A new Pod object for `slot`.
    pub(super) fn create_pod(&mut self, cx: &mut Cx<'_, Event>, slot: SlotId, set: ReplicaSet) -> PodId {
        self.births += 1;
        let (born, created) = (self.births, cx.now());
        let ReplicaSet { revision, image, flaw, .. } = set;
        let workload = self.slots[slot].workload;
        let new = Pod::new(workload, slot, self.spec_of(slot));
        let pod = Pod { revision, flaw, image, born, created, ..new };
        let id = match self.workloads[workload].vacated.pop() {
            Some(id) => {
                self.pods[id] = pod;
                id
            }
            None => self.pods.push(pod),
        };
        self.slots[slot].pod = Some(id);
        self.slots[slot].pods += 1;
        self.tell(cx, Happening::PodCreated { pod: id, slot, revision });
        self.note_load(cx, id);
        self.tell_drains(cx, id);
        id
    }

    /// The kubelet is told of the deletion (T2).
    pub(super) fn notice_deletion(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let home = self.pods[pod].home;
        let after = self.slots[home].propagation.span(&self.model.cluster.latencies.deletion_seen);
        let timer = self.timer();
        self.pods[pod].life = timer;
        cx.after(after, Event::DeletionSeen(pod, timer));
    }

    /// The kubelet stops the Pod: liveness and startup probes end, readiness goes on (P20), the container is
    /// stopped with its grace (C9) and never restarted (T6).
    pub(super) fn on_deletion_seen(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if !self.pods[pod].life.expires(timer) {
            return;
        }
        if !self.is_heard_of(pod) {
            return;
        }
        self.tell(cx, Happening::DeletionSeen { pod });
        self.stop_pod(cx, pod);
    }

    /// The kubelet stops all containers of the Pod, which is deleted or is rejected or stopped by a shutdown of its Node (V6).
    pub(super) fn stop_pod(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        self.wake(cx, pod);
        for at in self.containers(pod) {
            self.end_worker(cx, at, ProbeKind::Liveness);
            self.end_worker(cx, at, ProbeKind::Startup);
        }
        let state = &mut self.pods[pod];
        if !state.adopted {
            // A kubelet that was not there knows of the Pod what the API says; it makes no workers (N14).
            state.adopted = true;
            state.ready = state.api_ready;
        }
        state.terminating = true;
        state.sync = Timer::NONE;
        state.turn = None;
        state.resync = Timer::NONE;
        state.work = None;
        // All at once (K16); where a stop is under way the end follows its exit.
        for at in self.containers(pod) {
            let container = self.container_mut(at);
            container.race = None;
            match container.stage {
                Stage::Running => self.begin_kill(cx, at),
                Stage::Stopping => {}
                Stage::Absent | Stage::Creating | Stage::Exited | Stage::Completed | Stage::Waiting => {
                    container.start = Timer::NONE;
                    container.stage = Stage::Exited;
                }
            }
        }
        if !self.pods[pod].has_process() {
            self.finish_termination(cx, pod);
        }
        self.settle(cx, pod);
    }

    /// The containers have stopped: the object goes after the next listing and what the kubelet cleans up (T5).
    pub(super) fn finish_termination(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        let Some(node) = self.pods[pod].node else { return };
        self.end_workers(cx, pod);
        self.set_ready(cx, pod, false);
        if !self.pods[pod].deleted {
            // The status with its terminal phase (V6).
            self.request_status_write(cx, pod);
            return;
        }
        let listed = self.nodes[node].relists.after(cx.now());
        let home = self.pods[pod].home;
        let after = self.slots[home].propagation.span(&self.model.cluster.latencies.object_gone);
        let timer = self.timer();
        self.pods[pod].life = timer;
        cx.at(listed + after, Event::PodGone(pod, timer));
    }

    /// Without its kubelet the object stays (N13); the one that returns deals with the deletion anew.
    pub(super) fn on_pod_gone(&mut self, cx: &mut Cx<'_, Event>, pod: PodId, timer: Timer) {
        if self.pods[pod].life.expires(timer) && self.is_heard_of(pod) {
            self.end_pod(cx, pod);
        }
    }

    /// The object is removed without anybody's confirmation (T7, N15).
    pub(super) fn remove_pod(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        self.hand_over(cx, pod);
        if self.pods[pod].holds_slot {
            self.vacate(cx, pod);
            self.replace(cx, self.pods[pod].home);
        }
        self.end_pod(cx, pod);
    }

    fn end_pod(&mut self, cx: &mut Cx<'_, Event>, pod: PodId) {
        self.wake(cx, pod);
        self.end_workers(cx, pod);
        let state = &mut self.pods[pod];
        state.exists = false;
        state.deleted = true;
        state.api_ready = false;
        state.life = Timer::NONE;
        state.eviction = Timer::NONE;
        state.availability = Timer::NONE;
        self.scheduler.forget(pod);
        self.proxy.leaving.push(pod);
        let home = self.pods[pod].home;
        self.slots[home].pods -= 1;
        self.tell(cx, Happening::PodGone { pod });
        self.note_load(cx, pod);
        self.count_pods(cx);
        self.request_slice_update(cx, pod);
        self.request_pass(cx, self.pods[pod].workload);
        self.tell_drains(cx, pod);
        // Resources and anti-affinity are free only now (S4, S9, S16).
        self.retry_pending(cx);
    }

    /// Gives the memory of Pods back that the proxy has forgotten too.
    pub(super) fn forget_pods(&mut self) {
        if self.proxy.leaving.is_empty() {
            return;
        }
        self.proxy.leaving.sort_unstable();
        let pods = &self.pods;
        let unknown = |e: Endpoint| !e.listed;
        let is_over = |pod: &PodId| {
            let state = &pods[*pod];
            !state.slice_update.is_set() && unknown(state.slice) && unknown(state.proxied)
        };
        for pod in self.proxy.leaving.iter().copied().filter(is_over) {
            self.workloads[pods[pod].workload].vacated.push(pod);
        }
        self.proxy.leaving.retain(|pod| !is_over(pod));
    }

    /// Tells the observer how many Pods run and how many find no Node, if that has changed.
    pub(super) fn count_pods(&mut self, cx: &Cx<'_, Event>) {
        let counted = self.counted();
        for (workload, counts) in self.workloads.ids().zip(counted) {
            if counts != self.workloads[workload].counts {
                self.workloads[workload].counts = counts;
                self.observe(cx, &Observed::PodsChanged { workload, counts });
            }
        }
    }

    /// Pods by what they cost and lack, by Deployment.
    pub(super) fn counted(&self) -> SmallVec<[PodCounts; 4]> {
        let machine_runs = |node: NodeId| self.nodes[node].alive && self.nodes[node].registered;
        let mut counted = smallvec![PodCounts::default(); self.workloads.len()];
        for pod in self.pods.iter().filter(|pod| pod.exists) {
            let counts: &mut PodCounts = &mut counted[pod.workload.index()];
            counts.running += u32::from(!pod.orphaned && pod.node.is_some_and(machine_runs));
            counts.unschedulable += u32::from(pod.unschedulable);
        }
        counted
    }
}
