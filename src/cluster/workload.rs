//! What belongs to a Deployment as a whole: its slots, its chance, what strikes all its Pods at once, its Service's endpoints.

use std::ops::Range;

use super::autoscaler::AutoscalerState;
use super::bad_revision::Flaws;
use super::busy::Busy;
use super::chance::Chance;
use super::clocks::Clock;
use super::dice::Dice;
use super::observer::{Observer, PodCounts};
use super::requests::Requests;
use super::rollout::Rollouts;
use super::scaling::Scaling;
use super::state::Strike;
use super::{Cluster, Target};
use crate::ids::{ContainerId, IdVec, PodId, SlotId, WorkloadId};
use crate::model::{Model, PodSpec, Workload};
use crate::random::{Owner, Purpose, Stream, Streams, name_hash};
use crate::time::SimTime;

/// A Deployment.
#[derive(Debug, Clone)]
pub(crate) struct WorkloadState {
    /// Its slots: those of the manifest's replicas, and those that are opened beside them; and the places of Pods that surges
    /// make beside the full number.
    slots: Range<usize>,
    scaled_slots: Range<usize>,
    surge_slots: Range<usize>,
    /// So many of its slots are open: the first.
    pub open: u32,
    pub scaling: Scaling,
    /// What scales it by its load.
    pub autoscaler: Option<Box<AutoscalerState>>,
    /// What waits in its Pods, where probes feel it.
    pub busy: Option<Box<Busy>>,
    /// Its ReplicaSets.
    pub rollouts: Rollouts,
    /// All its chance.
    pub streams: Streams,
    /// By container of the template: how its probes fail by chance.
    pub chances: IdVec<ContainerId, Chance>,
    /// Clock of what strikes all its Pods at once.
    pub clock: Clock,
    /// What does.
    pub strikes: Vec<Strike>,
    /// How many EndpointSlice entries are ready, and whether one was when the proxy ran last: if none is, others get the
    /// traffic (E7).
    pub ready: usize,
    pub any_was_ready: bool,
    /// When the last change of its Service that the controller has taken on is written (E5).
    pub slices_written: SimTime,
    /// Places in memory of Pods that are forgotten. Only a Pod of the same template takes one: what is still scheduled for a
    /// container of the former finds one of that number, and is stale by its timer.
    pub vacated: Vec<PodId>,
    /// What the observer was told last.
    pub counts: PodCounts,
}

impl WorkloadState {
    pub fn new(model: &Model, id: WorkloadId, requests: Option<&Requests>, streams: Streams) -> Self {
        let workload = &model.workloads[id];
        let containers = workload.pod.containers.iter();
        let streams = if workload.chance_by_name { streams.of_workload(name_hash(&workload.name)) } else { streams };
        let of = |purpose| streams.stream(Owner::Deployment, purpose);
        let dice = Dice::new(of(Purpose::Rollout));
        let flaws = Flaws {
            which: of(Purpose::Flaw),
            strike: Dice::new(of(Purpose::FlawStrikes)),
            alike: of(Purpose::FlawOfRevision),
        };
        Self {
            slots: model.slots_of(id),
            scaled_slots: model.scaled_slots_of(id),
            surge_slots: model.surge_slots_of(id),
            open: workload.replicas,
            scaling: Scaling::new(workload.replicas),
            autoscaler: AutoscalerState::new(model, id, requests, streams),
            busy: Busy::new(model, id, requests),
            rollouts: Rollouts::new(workload.replicas, dice, flaws),
            streams,
            chances: containers.map(|container| Chance::new(container.app.probe_failure)).collect(),
            clock: Clock::default(),
            strikes: Vec::new(),
            ready: 0,
            any_was_ready: false,
            slices_written: SimTime::ZERO,
            vacated: Vec::new(),
            counts: PodCounts::default(),
        }
    }

    /// Its slots that are open.
    pub fn slots(&self) -> impl Iterator<Item = SlotId> + use<> {
        self.every_slot().take(self.open as usize)
    }

    /// Its slots, with those that are closed.
    pub fn every_slot(&self) -> impl Iterator<Item = SlotId> + use<> {
        self.slots.clone().chain(self.scaled_slots.clone()).map(SlotId::new)
    }

    /// The places of Pods that surges make.
    pub fn surge_slots(&self) -> impl DoubleEndedIterator<Item = SlotId> + use<> {
        self.surge_slots.clone().map(SlotId::new)
    }
}

impl<'m, O: Observer> Cluster<'m, O> {
    /// The Deployment of the Pod.
    pub(super) fn workload(&self, pod: PodId) -> &'m Workload {
        &self.model.workloads[self.pods[pod].workload]
    }

    /// The template of the Pod.
    pub(super) fn spec(&self, pod: PodId) -> &'m PodSpec {
        &self.workload(pod).pod
    }

    /// The template of the Pods that hold the slot.
    pub(super) fn spec_of(&self, slot: SlotId) -> &'m PodSpec {
        &self.model.workloads[self.slots[slot].workload].pod
    }

    /// The slots of all Deployments that are open.
    pub(super) fn all_slots(&self) -> Vec<SlotId> {
        self.workloads.iter().flat_map(WorkloadState::slots).collect()
    }

    /// It is a place for Pods that surges make, no slot that counts.
    pub(super) fn is_for_surge(&self, slot: SlotId) -> bool {
        slot.index() >= self.first_surge_slot
    }

    /// It is a slot that counts: no place for surges, and none that is closed.
    pub(super) fn is_open(&self, slot: SlotId) -> bool {
        let state = &self.slots[slot];
        state.ordinal < self.workloads[state.workload].open
    }

    /// The chance of a target for a purpose.
    pub(super) fn stream(&self, target: Target, purpose: Purpose) -> Stream {
        let (streams, owner) = match target {
            Target::Slot(slot) => self.slot_owner(slot, self.spec_of(slot).serving),
            Target::Container(slot, container) => self.slot_owner(slot, container),
            Target::Deployment(workload) => (self.workloads[workload].streams, Owner::Deployment),
            Target::Node(node) => (self.streams, self.model.cluster.nodes[node].owner()),
            Target::Zone(zone) => (self.streams, Owner::Zone(zone.index() as u32)),
            Target::Cluster => (self.streams, Owner::Replication),
        };
        streams.stream(owner, purpose)
    }

    fn slot_owner(&self, slot: SlotId, container: ContainerId) -> (Streams, Owner) {
        let state = &self.slots[slot];
        (self.workloads[state.workload].streams, owner(state.ordinal, self.spec_of(slot), container))
    }
}

/// Whose chance befalls a container of the n-th slot of a Deployment: that of the slot, where it is the one that serves.
pub(super) fn owner(slot: u32, spec: &PodSpec, container: ContainerId) -> Owner {
    if container == spec.serving {
        Owner::Slot(slot)
    } else {
        Owner::Container { slot, name: name_hash(&spec.containers[container].name) }
    }
}
