//! Traces: one replication, played as a run plays it and written down.
//!
//! A [`Recorder`] writes down what an observer is told. It watches beside the measures, so that the replication is
//! played exactly as far as a run plays it. What comes of it is a [`Timeline`].

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::drive::replicate_beside;
use super::panics::message_of;
use crate::cluster::Mode;
use crate::history::{
    Delivering, Entry, Happening, Look, Observed, Observer, Outage, PodLife, Rollout, Target, Timeline, Who,
};
use crate::ids::{FaultId, IdVec, PodId, SlotId, WorkloadId};
use crate::model::{Millionths, Model, Start};
use crate::time::SimTime;

/// Writes a [`Timeline`].
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    pods: Vec<PodLife>,
    entries: Vec<Entry>,
    looks: Vec<Look>,
    deliveries: Vec<Delivery>,
    /// Who has each place in memory.
    by_place: Vec<usize>,
    by_slot: Vec<Holders>,
    rollouts: Vec<Rollout>,
    /// The operation that began last.
    begun: Option<FaultId>,
}

/// A Pod serves in rotation, or does not, from now on.
#[derive(Debug, Clone, Copy)]
struct Delivery {
    at: SimTime,
    pod: PodId,
    /// Its Deployment; none where it leaves the rotation.
    workload: Option<WorkloadId>,
    /// So many of the requests to it fail.
    failing: Millionths,
}

/// The Pods of one slot.
#[derive(Debug, Clone, Copy, Default)]
struct Holders {
    ever: usize,
    present: Option<usize>,
}

impl Recorder {
    /// The timeline of a replication of `model` that was played until `end`.
    pub fn finish(mut self, model: &Model, end: SimTime) -> Timeline {
        self.entries.sort_by_key(|entry| entry.at);
        let counted_from = SimTime::ZERO + model.warm_up;
        let delivering = delivering(&self.deliveries, model);
        Timeline {
            counted_from,
            counted_to: counted_from + model.horizon,
            end,
            outages: outages(&delivering, model),
            delivering,
            pods: self.pods,
            entries: self.entries,
            looks: self.looks,
            rollouts: self.rollouts,
        }
    }

    /// The latest instant of which it has been told.
    fn heard_last(&self) -> SimTime {
        let entries = self.entries.iter().map(|entry| entry.at);
        entries.chain(self.looks.last().map(|look| look.at)).max().unwrap_or(SimTime::ZERO)
    }

    fn who(&self, what: Happening) -> Who {
        if let Some(pod) = what.pod() {
            return Who::Pod(self.by_place[pod.index()]);
        }
        if let Some(node) = what.node() {
            return Who::Node(node);
        }
        match what {
            Happening::FaultStruck { target, .. } | Happening::FaultEnded { target, .. } => match target {
                Target::Slot(slot) | Target::Container(slot, _) => self.holder(slot).map_or(Who::Slot(slot), Who::Pod),
                Target::Deployment(workload) => Who::Deployment(workload),
                Target::Node(node) => Who::Node(node),
                Target::Zone(zone) => Who::Zone(Some(zone)),
                Target::Cluster => Who::ControlPlane,
            },
            Happening::EvictionRateChanged { zone, .. } => Who::Zone(zone),
            Happening::LeaderExited { .. }
            | Happening::LeaderElected { .. }
            | Happening::UpgradeBegan { .. }
            | Happening::UpgradeEnded { .. } => Who::ControlPlane,
            Happening::RolloutBegan { workload, .. }
            | Happening::ProgressDeadlineExceeded { workload }
            | Happening::RolledBack { workload, .. }
            | Happening::RolloutEnded { workload, .. }
            | Happening::ReplicasSet { workload, .. } => Who::Deployment(workload),
            _ => unreachable!("{what:?} concerns a Pod or a Node"),
        }
    }

    /// The Pod that holds the slot.
    fn holder(&self, slot: SlotId) -> Option<usize> {
        self.by_slot.get(slot.index())?.present
    }

    fn create(&mut self, now: SimTime, place: PodId, (slot, revision): (SlotId, u32)) {
        let pod = self.pods.len();
        if self.by_place.len() <= place.index() {
            self.by_place.resize(place.index() + 1, pod);
        }
        self.by_place[place.index()] = pod;
        if self.by_slot.len() <= slot.index() {
            self.by_slot.resize(slot.index() + 1, Holders::default());
        }
        let holders = &mut self.by_slot[slot.index()];
        holders.ever += 1;
        holders.present = Some(pod);
        self.pods.push(PodLife { slot, ordinal: holders.ever, created: now, gone: None, revision, slot_since: None });
    }

    fn happened(&mut self, at: SimTime, what: Happening) {
        match what {
            Happening::PodCreated { pod, slot, revision } => self.create(at, pod, (slot, revision)),
            Happening::PodDeleted { pod } => self.vacate(pod),
            Happening::PodGone { pod } => {
                self.vacate(pod);
                self.pods[self.by_place[pod.index()]].gone = Some(at);
            }
            Happening::RolloutBegan { workload, revision, flaw } => {
                // Its operation has begun in this instant.
                if let Some(operation) = self.begun {
                    self.rollouts.push(Rollout { revision, flaw, ..Rollout::begin(at, workload, operation) });
                }
            }
            Happening::RolledBack { workload, .. } => {
                self.newest_rollout(workload).into_iter().for_each(|rollout| rollout.rolled_back = Some(at));
            }
            _ => {}
        }
        let who = self.who(what);
        self.entries.push(Entry { at, who, what });
    }

    /// The rollout of the Deployment that began last.
    fn newest_rollout(&mut self, workload: WorkloadId) -> Option<&mut Rollout> {
        self.rollouts.iter_mut().rev().find(|rollout| rollout.workload == workload)
    }

    /// The Pod gives its slot up, if it still has it.
    fn vacate(&mut self, place: PodId) {
        let pod = self.by_place[place.index()];
        let holders = &mut self.by_slot[self.pods[pod].slot.index()];
        holders.present = holders.present.filter(|&present| present != pod);
    }
}

impl Observer for Recorder {
    fn observe(&mut self, at: SimTime, what: &Observed) {
        match what {
            Observed::SlotChanged { slot, view } => self.looks.push(Look { at, slot: *slot, view: Some(view.clone()) }),
            Observed::SlotClosed { slot, .. } => self.looks.push(Look { at, slot: *slot, view: None }),
            Observed::EndpointChanged { pod, view, .. } => {
                let failing = view.as_ref().map_or(Millionths::ALL, |view| view.failing);
                let workload = view.as_ref().map(|view| view.workload);
                if view.as_ref().is_some_and(|view| view.slot.is_some()) {
                    self.pods[self.by_place[pod.index()]].slot_since.get_or_insert(at);
                }
                self.deliveries.push(Delivery { at, pod: *pod, workload, failing });
            }
            Observed::Happened(what) => self.happened(at, *what),
            Observed::OperationBegan { operation, .. } => self.begun = Some(*operation),
            Observed::OperationEnded { target: Target::Deployment(workload), operation, end, .. } => {
                let rollout = self.newest_rollout(*workload).filter(|rollout| rollout.operation == *operation);
                rollout.into_iter().for_each(|rollout| rollout.ended = Some((at, *end)));
            }
            // What else is told follows from these.
            Observed::SlotStruck { .. }
            | Observed::SlotFaultEnded { .. }
            | Observed::Reacted { .. }
            | Observed::ReadinessLost { .. }
            | Observed::ProbeKilled { .. }
            | Observed::Restarted { .. }
            | Observed::Paged { .. }
            | Observed::DeletedByHand { .. }
            | Observed::PodsChanged { .. }
            | Observed::EvictionsRefused { .. }
            | Observed::OperationSkipped { .. }
            | Observed::OperationEnded { .. }
            | Observed::ClockRan(_) => {}
        }
    }
}

/// How many Pods of each Deployment are in rotation and serve. What was told last in an instant holds from then on; what lasts no
/// time leaves no trace.
fn delivering(deliveries: &[Delivery], model: &Model) -> Vec<Delivering> {
    // By place in memory: whose Pod is in rotation there, and what it fails.
    let mut endpoints: Vec<Option<(WorkloadId, Millionths)>> = Vec::new();
    let none = |workload| Delivering { at: SimTime::ZERO, workload, pods: 0, in_rotation: 0, failing: 0 };
    let mut told: Vec<Delivering> = model.workloads.ids().map(none).collect();
    let mut last: IdVec<WorkloadId, Delivering> = told.clone().into();
    for instant in deliveries.chunk_by(|a, b| a.at == b.at) {
        let at = instant[0].at;
        let mut now: Vec<Delivering> = Vec::new();
        for delivery in instant {
            if endpoints.len() <= delivery.pod.index() {
                endpoints.resize(delivery.pod.index() + 1, None);
            }
            let after = delivery.workload.map(|workload| (workload, delivery.failing));
            let before = std::mem::replace(&mut endpoints[delivery.pod.index()], after);
            if let Some((workload, failing)) = before {
                let count = count_of(&mut now, workload, &last);
                count.in_rotation -= 1;
                count.pods -= usize::from(failing != Millionths::ALL);
                count.failing -= u64::from(failing.count());
            }
            if let Some((workload, failing)) = after {
                let count = count_of(&mut now, workload, &last);
                count.in_rotation += 1;
                count.pods += usize::from(failing != Millionths::ALL);
                count.failing += u64::from(failing.count());
            }
        }
        now.sort_by_key(|count| count.workload);
        for count in now.into_iter().map(|count| Delivering { at, ..count }) {
            let before = std::mem::replace(&mut last[count.workload], count);
            if (Delivering { at, ..before }) == count {
                continue;
            }
            if at == SimTime::ZERO {
                told[count.workload.index()] = count;
            } else {
                told.push(count);
            }
        }
    }
    told
}

/// The count of a Deployment in this instant, which begins as it was.
fn count_of<'a>(
    now: &'a mut Vec<Delivering>,
    workload: WorkloadId,
    last: &IdVec<WorkloadId, Delivering>,
) -> &'a mut Delivering {
    let place = now.iter().position(|count| count.workload == workload).unwrap_or_else(|| {
        now.push(last[workload]);
        now.len() - 1
    });
    &mut now[place]
}

fn outages(counts: &[Delivering], model: &Model) -> Vec<Outage> {
    let requirement = model.requirement();
    let least: Vec<(WorkloadId, u32)> = requirement.workloads();
    let mut pods = IdVec::of(0, model.workloads.len());
    let mut outages: Vec<Outage> = Vec::new();
    for instant in counts.chunk_by(|a, b| a.at == b.at) {
        instant.iter().for_each(|count| pods[count.workload] = count.pods);
        let at_least = |workload| least.iter().find(|(id, _)| *id == workload).map_or(0, |(_, least)| *least as usize);
        let down = !requirement.is_met(&|workload| pods[workload] >= at_least(workload));
        let open = outages.last_mut().filter(|outage| outage.ended.is_none());
        match (down, open) {
            (true, None) => outages.push(Outage { began: instant[0].at, ended: None }),
            (false, Some(outage)) => outage.ended = Some(instant[0].at),
            _ => {}
        }
    }
    // The start of a new system is no outage, if it succeeds.
    let is_start =
        |outage: &Outage| model.start == Start::Fresh && outage.began == SimTime::ZERO && outage.ended.is_some();
    outages.retain(|outage| !is_start(outage));
    outages
}

/// A replication that was written down.
#[derive(Debug, Clone)]
pub struct Trace {
    /// What happened.
    pub timeline: Timeline,
    /// It ended by a bug of the simulator, which said this.
    pub panicked: Option<String>,
}

/// Plays replication `index` of `model` under `seed`, as a run does, and writes it down. What was written before a
/// panic is kept: it shows what led to it.
pub fn trace(model: &Model, seed: u64, index: u64) -> Trace {
    let mut recorder = Recorder::default();
    let play = || replicate_beside(model, seed, index, Mode::Fast, &mut recorder).1;
    let (end, panicked) = match catch_unwind(AssertUnwindSafe(play)) {
        Ok(end) => (end, None),
        Err(panic) => (recorder.heard_last(), Some(message_of(&*panic))),
    };
    Trace { timeline: recorder.finish(model, end), panicked }
}
