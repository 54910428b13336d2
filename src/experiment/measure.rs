//! Measuring one replication: from what an observer sees to an [`Outcome`], that of the system and, where several Deployments
//! make it, that of each.

mod load;
mod members;
mod operations;
mod queues;
mod service;

use service::Service;

use super::outcome::Outcome;
use crate::cluster::Requests;
use crate::history::{Observed, Observer, Target};
use crate::ids::{IdVec, PodId, SlotId, WorkloadId};
use crate::model::Model;
use crate::time::SimTime;

/// Watches one replication and adds up.
#[derive(Debug, Clone)]
pub struct Measures {
    system: Service,
    /// Each Deployment for itself; none where the only one is the system.
    workloads: IdVec<WorkloadId, Service>,
    /// Whose slot each is, and whose Pod was in rotation last at each place; not kept for one Deployment.
    slots: IdVec<SlotId, WorkloadId>,
    pods: Vec<Option<WorkloadId>>,
}

impl Measures {
    /// Measures for a replication of `model`, at time 0 before any report.
    pub fn new(model: &Model) -> Self {
        Self::with_requests(model, None)
    }

    /// The same where requests come like this.
    pub fn with_requests(model: &Model, requests: Option<&Requests>) -> Self {
        let mut measures = Self {
            system: Service::of_system(model, requests.cloned()),
            workloads: IdVec::default(),
            slots: IdVec::default(),
            pods: Vec::new(),
        };
        if model.workloads.len() > 1 {
            let of = |id| Service::of_workload(model, id, requests.cloned());
            measures.workloads = model.workloads.ids().map(of).collect();
            let slots = (0..model.slots()).map(SlotId::new);
            measures.slots = slots.map(|slot| model.owner_of(slot).0).collect();
        }
        measures
    }

    /// The end of the counted window.
    pub fn end(&self) -> SimTime {
        self.system.end()
    }

    /// Whether an outage, recovery or detection that began in the counted window is still open at `now`, when nothing
    /// more happens in this instant.
    pub fn has_open(&mut self, now: SimTime) -> bool {
        self.system.has_open(now) || self.workloads.iter_mut().any(|service| service.has_open(now))
    }

    /// The outcome, at `now`, the end of the replication: what is still open is censored.
    pub fn finish(&mut self, now: SimTime) -> Outcome {
        let mut outcome = self.system.finish(now);
        for (service, missing) in self.workloads.iter_mut().zip(self.system.missed()) {
            outcome.workloads.push(Outcome { missing, ..service.finish(now) });
        }
        outcome
    }

    /// Whom it concerns: a Deployment, or all of them.
    fn concerns(&mut self, what: &Observed) -> Option<WorkloadId> {
        match what {
            Observed::EndpointChanged { pod, view, .. } => {
                if self.pods.len() <= pod.index() {
                    self.pods.resize(pod.index() + 1, None);
                }
                if let Some(view) = view {
                    self.pods[pod.index()] = Some(view.workload);
                }
                self.owner(*pod)
            }
            Observed::SlotChanged { slot, .. }
            | Observed::SlotClosed { slot, .. }
            | Observed::SlotStruck { slot, .. }
            | Observed::SlotFaultEnded { slot, .. }
            | Observed::Reacted { slot }
            | Observed::Paged { slot }
            | Observed::DeletedByHand { slot } => Some(self.slots[*slot]),
            Observed::ReadinessLost { workload, .. }
            | Observed::ProbeKilled { workload, .. }
            | Observed::Restarted { workload, .. }
            | Observed::PodsChanged { workload, .. } => Some(*workload),
            Observed::OperationBegan { target, .. }
            | Observed::OperationEnded { target, .. }
            | Observed::EvictionsRefused { target, .. }
            | Observed::OperationSkipped { target: Some(target), .. } => match target {
                Target::Deployment(workload) => Some(*workload),
                // A Node has Pods of all.
                _ => None,
            },
            Observed::ClockRan(spell) => spell.workload,
            Observed::OperationSkipped { target: None, .. } | Observed::Happened(_) => None,
        }
    }

    /// Whose Pod it is, as far as one was in rotation there.
    fn owner(&self, pod: PodId) -> Option<WorkloadId> {
        self.pods[pod.index()]
    }
}

impl Observer for Measures {
    #[inline]
    fn hears_log(&self) -> bool {
        false
    }

    fn observe(&mut self, at: SimTime, what: &Observed) {
        self.system.observe(at, what);
        if !self.workloads.is_empty() {
            match self.concerns(what) {
                Some(workload) => self.workloads[workload].observe(at, what),
                None => self.workloads.iter_mut().for_each(|service| service.observe(at, what)),
            }
        }
    }
}
