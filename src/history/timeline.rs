//! The history of one replication: who, when, what, as plain data.
//!
//! A timeline holds no text: reports put it into words, or draw it.

use super::happening::Happening;
use super::observer::{OperationEnd, SlotView};
use super::reply::SkippedProbes;
use crate::ids::{FaultId, NodeId, SlotId, WorkloadId, ZoneId};
use crate::model::Millionths;
use crate::time::{Duration, SimTime};

/// What happened in one replication.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// The start of counting: the end of the warm-up.
    pub counted_from: SimTime,
    /// The end of counting: the horizon.
    pub counted_to: SimTime,
    /// How far the replication was played.
    pub end: SimTime,
    /// Every Pod that ever was, in the order of creation.
    pub pods: Vec<PodLife>,
    /// What happened, by time; in one instant in the order of cause and effect. Skipped probes stand where the first of
    /// them was sent.
    pub entries: Vec<Entry>,
    /// How slots looked, by time: each look lasts until the next one of its slot.
    pub looks: Vec<Look>,
    /// How many Pods were in rotation and served, by time: each count lasts until the next of its Deployment.
    pub delivering: Vec<Delivering>,
    /// Times without availability, by time.
    pub outages: Vec<Outage>,
    /// Rollouts, by their beginning.
    pub rollouts: Vec<Rollout>,
}

/// So many Pods of a Deployment are in rotation and serve from now on, those included that are being terminated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivering {
    /// From when.
    pub at: SimTime,
    /// Of which Deployment.
    pub workload: WorkloadId,
    /// How many serve in rotation.
    pub pods: usize,
    /// How many the load balancer sends traffic, whether or not they serve.
    pub in_rotation: usize,
    /// What these fail, in millionths of what each of them is asked.
    pub failing: u64,
}

impl Delivering {
    /// The share of the requests to the Deployment that fail, as each of n Pods in rotation is sent an n-th of them.
    pub fn failing_share(self) -> f64 {
        let asked = self.in_rotation as u64 * u64::from(Millionths::ALL.count());
        if asked == 0 { 1.0 } else { self.failing as f64 / asked as f64 }
    }

    /// Of the requests that meet Pods that serve, the share that these fail.
    pub fn failing_in_part(self) -> f64 {
        let all = u64::from(Millionths::ALL.count());
        let dead = (self.in_rotation - self.pods) as u64 * all;
        if self.pods == 0 { 0.0 } else { (self.failing - dead) as f64 / (self.pods as u64 * all) as f64 }
    }
}

/// A rollout of a new revision of a Deployment's template, with the rollback that undoes a bad one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rollout {
    /// Of which Deployment.
    pub workload: WorkloadId,
    /// The operation that began it; it stands among the faults.
    pub operation: FaultId,
    /// The new revision; the first template of a replication is 0.
    pub revision: u32,
    /// When the template changed.
    pub began: SimTime,
    /// What is wrong with the revision: it stands among the faults.
    pub flaw: Option<FaultId>,
    /// When that was found, and the revision before was to take over again.
    pub rolled_back: Option<SimTime>,
    /// When it was over, and how it came out; `None` if it outlived the replication.
    pub ended: Option<(SimTime, OperationEnd)>,
}

impl Rollout {
    /// One that begins.
    pub const fn begin(began: SimTime, workload: WorkloadId, operation: FaultId) -> Self {
        Self { workload, operation, revision: 0, began, flaw: None, rolled_back: None, ended: None }
    }

    /// When it came out so; `None` if it did not.
    pub fn ended_as(self, wanted: OperationEnd) -> Option<SimTime> {
        self.ended.filter(|(_, end)| *end == wanted).map(|(at, _)| at)
    }
}

/// The life of a Pod object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PodLife {
    /// The slot that it was created for.
    pub slot: SlotId,
    /// It was the n-th of its slot, from 1.
    pub ordinal: usize,
    /// When it was created.
    pub created: SimTime,
    /// When its object was gone; `None` if it outlived the replication.
    pub gone: Option<SimTime>,
    /// The revision of the template that it was made from; the first one of a replication is 0.
    pub revision: u32,
    /// When it was first seen in rotation with a slot that its Deployment counts: later than `created` of one that a surge has made.
    pub slot_since: Option<SimTime>,
}

/// One happening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: SimTime,
    /// To whom.
    pub who: Who,
    /// What. The `PodId` in it is a place in memory, which several Pods may have had: `who` says which Pod it is.
    pub what: Happening,
}

/// Whom a happening concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// A Pod, by its place in [`Timeline::pods`].
    Pod(usize),
    /// A slot without a Pod.
    Slot(SlotId),
    /// All Pods of a Deployment.
    Deployment(WorkloadId),
    /// A Node.
    Node(NodeId),
    /// A zone; `None` is where Nodes without one are.
    Zone(Option<ZoneId>),
    /// The API server, the controller manager and the scheduler.
    ControlPlane,
}

/// A slot looks like this from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// From when.
    pub at: SimTime,
    /// Which slot.
    pub slot: SlotId,
    /// How; `None`: it is closed, as its Deployment has fewer replicas.
    pub view: Option<SlotView>,
}

/// A maximal time in which fewer Pods than the objective wants served in rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Its first instant.
    pub began: SimTime,
    /// When it was over; `None` if it outlived the replication.
    pub ended: Option<SimTime>,
}

impl Timeline {
    /// Outages that began in the counted time: those that results count.
    pub fn counted_outages(&self) -> impl Iterator<Item = Outage> {
        let counted = self.counted_from..self.counted_to;
        self.outages.iter().copied().filter(move |outage| counted.contains(&outage.began))
    }

    /// The story of an outage: from when the first of the slots that are missing at its beginning went missing, until
    /// no slot is missing any more; at most `reach` before its beginning and after its end.
    pub fn story(&self, outage: Outage, reach: Duration) -> (SimTime, SimTime) {
        let ended = outage.ended.unwrap_or(self.end);
        let slots = self.looks.iter().map(|look| look.slot.index() + 1).max().unwrap_or(0);
        let mut missing: Vec<Option<SimTime>> = vec![None; slots];
        let mut from = outage.began;
        let mut to = ended;
        for instant in self.looks.chunk_by(|a, b| a.at == b.at) {
            let now = instant[0].at;
            if now > outage.began && now > ended && missing.iter().all(Option::is_none) {
                break;
            }
            for look in instant {
                let since = &mut missing[look.slot.index()];
                let is_missing = look.view.as_ref().is_some_and(|view| !view.delivers());
                *since = if is_missing { since.or(Some(now)) } else { None };
            }
            if now <= outage.began {
                from = missing.iter().flatten().copied().min().unwrap_or(outage.began);
            } else if now > ended {
                to = now;
            }
        }
        let earliest = outage.began.earlier_by(reach);
        (from.max(earliest), to.min(ended + reach))
    }

    /// What happened in `[from, to)`, by time. Skipped probes stay together, cut to those sent in that time, and stand where
    /// the first of them ended.
    pub fn between(&self, from: SimTime, to: SimTime) -> Vec<Entry> {
        let mut all = Vec::new();
        for &entry in &self.entries {
            let Happening::ProbesSkipped(run) = entry.what else {
                all.extend(Some(entry).filter(|entry| (from..to).contains(&entry.at)));
                continue;
            };
            let (begin, end) = (run.sent_before(from), run.sent_before(to));
            if begin < end {
                let (first, second) = (run.instant(begin), run.instant(begin + 1));
                let part = SkippedProbes { first, second, count: end - begin, ..run };
                all.push(Entry { at: first + run.lasts, what: Happening::ProbesSkipped(part), ..entry });
            }
        }
        all.sort_by_key(|entry| entry.at);
        all
    }

    /// What happened in `[from, to)`, by time, as if no probe had been skipped. A year has millions: see
    /// [`probes_between`](Self::probes_between).
    pub fn each_between(&self, from: SimTime, to: SimTime) -> Vec<Entry> {
        let within = |entry: &Entry| (from..to).contains(&entry.at);
        let mut all = Vec::new();
        for &entry in &self.entries {
            let Happening::ProbesSkipped(run) = entry.what else {
                all.extend(Some(entry).filter(within));
                continue;
            };
            let SkippedProbes { pod, container, kind, reaches, reply, lasts, .. } = run;
            // One that was sent before may have ended within.
            let asked = from.earlier_by(lasts);
            for sent in (run.sent_before(asked)..run.sent_before(to)).map(|n| run.instant(n)) {
                let sending = Entry { at: sent, what: Happening::ProbeSent { pod, container, kind, reaches }, ..entry };
                let ending =
                    Entry { at: sent + lasts, what: Happening::ProbeEnded { pod, container, kind, reply }, ..entry };
                all.extend([sending, ending].into_iter().filter(within));
            }
        }
        all.sort_by_key(|entry| entry.at);
        all
    }

    /// How many probes were sent in `[from, to)`.
    pub fn probes_between(&self, from: SimTime, to: SimTime) -> u64 {
        let count = |entry: &Entry| match entry.what {
            Happening::ProbesSkipped(probes) => probes.sent_before(to) - probes.sent_before(from),
            Happening::ProbeSent { .. } => u64::from((from..to).contains(&entry.at)),
            _ => 0,
        };
        self.entries.iter().map(count).sum()
    }
}
