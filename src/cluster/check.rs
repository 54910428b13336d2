//! What holds of the whole state between two events. Checked where somebody watches (oracles, traces, replays) and, in debug builds, in
//! every replication: after each event that is no routine of the judge, in the fast mode after each of the first few hundred, then of some.

use super::answers::{Answer, Audience};
use super::budget::BudgetState;
use super::observer::{Observer, SlotView};
use super::state::{Container, Kubelet, Pod, Stage};
use super::timer::Timer;
use super::workload::WorkloadState;
use super::{Cluster, Target};
use crate::ids::{ContainerRef, NodeId, PodId, SlotId};
use crate::time::SimTime;

impl<O: Observer> Cluster<'_, O> {
    /// Panics where the state has come apart: a bug of the simulator.
    pub(super) fn check(&self, now: SimTime) {
        for slot in self.slots.ids() {
            self.check_slot(slot);
        }
        for pod in self.pods.ids() {
            self.check_pod(pod);
            for at in self.containers(pod) {
                self.check_container(at);
            }
        }
        for node in self.nodes.ids() {
            self.check_node(node, now);
        }
        self.check_zones();
        self.check_clocks();
        self.check_proxy();
        self.check_timers();
        self.check_places();
        assert!(self.drains.are_sound(), "a drain that is under way has something left to do");
        for (workload, counted) in self.workloads.iter().zip(self.counted()) {
            let is_beside = |place| self.slots[place].pod.is_some();
            assert!(
                workload.rollouts.is_under_way() || !workload.surge_slots().any(is_beside),
                "a surge lasts as long as its rollout"
            );
            assert_eq!(workload.counts, counted, "the counts are those of the Pods that there are");
            self.check_scaling(workload);
        }
    }

    /// The lowest slots are open, as many as the controllers were told of last or are about to be; nobody stands in a closed one.
    fn check_scaling(&self, workload: &WorkloadState) {
        let closed = workload.every_slot().skip(workload.open as usize);
        let is_empty = |slot: SlotId| self.slots[slot].pod.is_none() && self.slots[slot].view.is_none();
        assert!(closed.into_iter().all(is_empty), "a closed slot has no Pod, and nobody is told of it");
        assert_eq!(workload.slots().count(), workload.open as usize, "no more slots are open than there are");
        let applied = workload.scaling.applied;
        assert!(
            workload.open == applied || workload.rollouts.is_to_scale(),
            "slots are opened and closed when ReplicaSets are scaled"
        );
    }

    /// A slot and the Pod that holds it know each other, and what was told of the slot is how it looks.
    fn check_slot(&self, slot: SlotId) {
        let state = &self.slots[slot];
        let of_slot = |pod: &&Pod| pod.exists && pod.home == slot && pod.workload == state.workload;
        assert_eq!(self.pods.iter().filter(of_slot).count(), state.pods as usize, "{slot:?} counts its Pods");
        let delivers = state.pod.is_some_and(|pod| {
            let held = &self.pods[pod];
            assert!(
                held.exists && held.holds_slot && held.home == slot && !held.deleted,
                "{slot:?} is held by {pod:?}"
            );
            self.serves(pod) && held.in_rotation
        });
        assert!(
            state.view.is_none() || self.is_open(slot),
            "nobody is told of {slot:?}, which is no slot that is open"
        );
        if let Some(view) = &state.view {
            assert_eq!(SlotView::delivers(view), delivers, "the observer knows whether {slot:?} delivers");
        }
    }

    fn check_pod(&self, pod: PodId) {
        let state = &self.pods[pod];
        if state.holds_slot && state.exists {
            assert_eq!(self.slots[state.home].pod, Some(pod), "{pod:?} holds its slot");
        }
        assert_eq!(state.view.is_some(), state.in_rotation, "the observer knows whether {pod:?} is in rotation");
        if !state.exists {
            assert!(!state.api_ready, "{pod:?} is gone and not Ready");
            assert!(!state.life.is_set() && !state.eviction.is_set(), "{pod:?} is gone and waits for nothing");
            return;
        }
        let kubelet = state.node.map(|node| self.nodes[node].kubelet);
        assert!(!state.adopted || kubelet == Some(Kubelet::Up), "only a kubelet that runs syncs {pod:?}");
        if state.work.is_some() {
            let is_at_work = |container: &Container| container.start.is_set() || container.stage == Stage::Stopping;
            assert!(
                state.adopted && !state.terminating && state.containers.iter().any(is_at_work),
                "{pod:?} is synced"
            );
        }
        let alive = state.node.is_some_and(|node| self.nodes[node].alive);
        assert!(alive || !state.has_process(), "no process of {pod:?} outlives its machine");
    }

    fn check_container(&self, at: ContainerRef) {
        let (pod, container) = (&self.pods[at.pod], self.container(at));
        let set = |timer: Timer| timer.is_set();
        match container.stage {
            Stage::Creating => assert!(set(container.start) && pod.work.is_some(), "{at:?} is being created"),
            Stage::Stopping => assert!(set(container.exit), "{at:?} is being stopped"),
            Stage::Running => assert!(!set(container.exit) || container.sigterm, "{at:?} runs"),
            Stage::Absent | Stage::Exited | Stage::Completed | Stage::Waiting => {
                let is_still = !set(container.app) && !set(container.exit) && !set(container.start);
                assert!(is_still && !container.serving && container.strikes.is_empty(), "{at:?} has no process");
            }
        }
        assert!(container.kill.is_none() || container.has_process(), "{at:?} is killed only while it runs");
        assert!(pod.adopted || container.workers.iter().all(Option::is_none), "{at:?} is probed by a kubelet");
        let client = self.answer(at, Audience::Requests);
        assert!(container.has_process() || matches!(client, Answer::Bad(_)), "{at:?} answers while it has a process");
    }

    /// Each place of the cluster has one Node.
    fn check_places(&self) {
        let own = self.model.cluster.nodes.entries().filter(|(_, node)| !node.is_spare).map(|(id, _)| id);
        let mut places: Vec<NodeId> = self.places().map(|(place, _)| place).collect();
        places.sort_unstable();
        assert!(
            own.eq(places.iter().copied()),
            "each place of the cluster has one Node: {places:?}, {:?}",
            self.withdrawals
        );
        for spare in self.upgrades.reserve() {
            let state = &self.nodes[spare];
            let is_coming = state.registered || state.join.is_set();
            assert!(state.place.is_none() && is_coming, "{spare:?} stands beside the others or is on its way");
        }
        assert!(self.upgrades.is_sound(), "an upgrade that is under way has something left to do");
        assert!(self.withdrawals.are_sound(), "a Node is withdrawn once at a time: {:?}", self.withdrawals);
    }

    /// The Nodes of each zone are counted.
    fn check_zones(&self) {
        for (index, queue) in self.taint_queues.iter().enumerate() {
            let of_zone = |node: &NodeId| self.nodes[*node].registered && self.queue_of(*node) == index;
            let nodes: Vec<NodeId> = self.nodes.ids().filter(of_zone).collect();
            let not_ready = nodes.iter().filter(|node| !self.nodes[**node].ready).count();
            assert_eq!(queue.counts(), (nodes.len() as u32, not_ready as u32), "zone {index} counts its Nodes");
        }
    }

    /// What the API knows of a Node, its place in the queue for a taint, and the pass of the monitor that it needs.
    fn check_node(&self, node: NodeId, now: SimTime) {
        assert!(self.is_pass_planned(node, now), "the monitor looks at {node:?} in time");
        let state = &self.nodes[node];
        assert!(!state.absent || !state.alive, "{node:?} is there only with its machine");
        let is_lost = self.withdrawals.has_lost(node);
        assert!(!state.absent || !state.registered || is_lost, "{node:?} without a machine has been withdrawn");
        let runs = state.alive && state.kubelet == Kubelet::Up;
        assert!(state.shutdown.is_none() || runs, "{node:?} is shut down by its kubelet");
        assert!(state.registered || !state.ready, "{node:?} is Ready only while there is a Node object");
        assert!(!state.alive || state.kubelet != Kubelet::Up || state.kubelet_since.is_some() || !state.join.is_set());
        assert!(
            !state.connected || state.reachable && state.alive,
            "{node:?} reaches the control plane only while it lives"
        );
        let queued: usize = self.taint_queues.iter().map(|queue| queue.places(node)).sum();
        assert_eq!(queued, usize::from(state.queued), "{node:?} waits for its taint in one queue");
    }

    /// A Pod's memory is given back once.
    fn check_proxy(&self) {
        let gone = self.pods.iter().filter(|pod| !pod.exists).count();
        let vacated = self.workloads.iter().map(|workload| workload.vacated.len()).sum::<usize>();
        assert_eq!(gone, vacated + self.proxy.leaving.len(), "a Pod that is gone is forgotten once");
    }

    /// A clock runs while what it is of is in service.
    fn check_clocks(&self) {
        let containers = |slot| self.spec_of(slot).containers.ids().map(move |id| self.target(slot, id));
        let targets = self.slots.ids().flat_map(containers).chain(self.nodes.ids().map(Target::Node));
        let targets = targets.chain(self.zones.ids().map(Target::Zone)).chain([Target::Cluster]);
        for target in targets.chain(self.workloads.ids().map(Target::Deployment)) {
            assert!(self.is_clock_right(target), "the clock of {target:?} runs while it is in service");
        }
    }

    /// A timer stands for one event, and one place waits for it.
    fn check_timers(&self) {
        let mut timers: Vec<Timer> = Vec::new();
        for pod in &self.pods {
            timers.extend([
                pod.sync,
                pod.resync,
                pod.status_write,
                pod.slice_update,
                pod.eviction,
                pod.availability,
                pod.life,
            ]);
            for container in &pod.containers {
                timers.extend([container.start, container.app, container.exit, container.flaw]);
                timers.extend(container.workers.iter().flatten().flat_map(|prober| [prober.due, prober.ended]));
            }
        }
        for node in &self.nodes {
            timers.extend([
                node.report,
                node.lease,
                node.boot,
                node.reconcile,
                node.deletion,
                node.join,
                node.uncordon,
            ]);
        }
        timers.extend(self.workloads.iter().flat_map(|workload| workload.rollouts.timers()));
        timers.extend(self.workloads.iter().map(|workload| workload.scaling.timer()));
        timers.extend(self.workloads.iter().filter_map(|workload| Some(workload.autoscaler.as_ref()?.timer())));
        timers.extend(self.workloads.iter().filter_map(|workload| Some(workload.busy.as_ref()?.timer())));
        timers.extend(self.budgets.iter().map(BudgetState::timer));
        timers.extend(self.drains.timers());
        timers.extend(self.upgrades.timers());
        timers.extend(self.withdrawals.timers());
        timers.extend(self.control_plane.timers());
        timers.retain(|timer| timer.is_set());
        timers.sort_unstable();
        assert!(timers.windows(2).all(|pair| pair[0] != pair[1]), "two wait for one event");
    }
}
