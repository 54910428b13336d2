//! The history of one replication: who, when, what, as plain data.
//!
//! A [`Recorder`] writes down what an observer is told. It watches beside the [`Measures`], so that the replication is
//! played exactly as far as a run plays it. The [`Timeline`] that comes of it holds no text: reports put it into words,
//! or draw it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::drive::drive;
use super::measure::Measures;
use super::runner::message_of;
use crate::cluster::{Mode, Replication};
use crate::history::{Happening, Observed, Observer, SkippedProbes, SlotView, Target};
use crate::ids::{NodeId, PodId, SlotId, ZoneId};
use crate::model::{Model, Start};
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
    /// How many Pods served in rotation, by time: each count lasts until the next.
    pub delivering: Vec<Delivering>,
    /// Times without availability, by time.
    pub outages: Vec<Outage>,
}

/// So many Pods serve in rotation from now on, those included that are being terminated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivering {
    /// From when.
    pub at: SimTime,
    /// How many.
    pub pods: usize,
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
    /// All Pods of the Deployment.
    Deployment,
    /// A Node.
    Node(NodeId),
    /// A zone; `None` is where Nodes without one are.
    Zone(Option<ZoneId>),
}

/// A slot looks like this from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// From when.
    pub at: SimTime,
    /// Which slot.
    pub slot: SlotId,
    /// How.
    pub view: SlotView,
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
                *since = if look.view.delivers() { None } else { since.or(Some(now)) };
            }
            if now <= outage.began {
                from = missing.iter().flatten().copied().min().unwrap_or(outage.began);
            } else if now > ended {
                to = now;
            }
        }
        let earliest = SimTime::from_nanos(outage.began.as_nanos().saturating_sub(reach.as_nanos()));
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
            let SkippedProbes { pod, kind, reaches, reply, lasts, .. } = run;
            // One that was sent before may have ended within.
            let asked = SimTime::from_nanos(from.as_nanos().saturating_sub(lasts.as_nanos()));
            for sent in (run.sent_before(asked)..run.sent_before(to)).map(|n| run.instant(n)) {
                let sending = Entry { at: sent, what: Happening::ProbeSent { pod, kind, reaches }, ..entry };
                let ending = Entry { at: sent + lasts, what: Happening::ProbeEnded { pod, kind, reply }, ..entry };
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
}

/// A Pod serves in rotation, or does not, from now on.
#[derive(Debug, Clone, Copy)]
struct Delivery {
    at: SimTime,
    pod: PodId,
    delivers: bool,
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
        let delivering = delivering(&self.deliveries);
        Timeline {
            counted_from,
            counted_to: counted_from + model.horizon,
            end,
            outages: outages(&delivering, model),
            delivering,
            pods: self.pods,
            entries: self.entries,
            looks: self.looks,
        }
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
                Target::Slot(slot) => self.holder(slot).map_or(Who::Slot(slot), Who::Pod),
                Target::Deployment => Who::Deployment,
                Target::Node(node) => Who::Node(node),
                Target::Zone(zone) => Who::Zone(Some(zone)),
            },
            Happening::EvictionRateChanged { zone, .. } => Who::Zone(zone),
            _ => Who::Deployment,
        }
    }

    /// The Pod that holds the slot.
    fn holder(&self, slot: SlotId) -> Option<usize> {
        self.by_slot.get(slot.index())?.present
    }

    fn create(&mut self, now: SimTime, place: PodId, slot: SlotId) {
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
        self.pods.push(PodLife { slot, ordinal: holders.ever, created: now, gone: None });
    }

    fn happened(&mut self, at: SimTime, what: Happening) {
        match what {
            Happening::PodCreated { pod, slot } => self.create(at, pod, slot),
            Happening::PodDeleted { pod } => self.vacate(pod),
            Happening::PodGone { pod } => {
                self.vacate(pod);
                self.pods[self.by_place[pod.index()]].gone = Some(at);
            }
            _ => {}
        }
        let who = self.who(what);
        self.entries.push(Entry { at, who, what });
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
            Observed::SlotChanged { slot, view } => self.looks.push(Look { at, slot: *slot, view: view.clone() }),
            Observed::EndpointChanged { pod, view } => {
                let delivers = view.as_ref().is_some_and(|view| view.serves);
                self.deliveries.push(Delivery { at, pod: *pod, delivers });
            }
            Observed::Happened(what) => self.happened(at, *what),
            // What else is told follows from these.
            Observed::SlotStruck { .. }
            | Observed::SlotFaultEnded { .. }
            | Observed::Reacted { .. }
            | Observed::ReadinessLost { .. }
            | Observed::ProbeKilled { .. }
            | Observed::Restarted { .. }
            | Observed::Paged { .. }
            | Observed::DeletedByHand { .. }
            | Observed::PodsChanged(_)
            | Observed::ClockRan(_) => {}
        }
    }
}

/// What was told last in an instant holds from then on; what lasts no time leaves no trace.
fn delivering(deliveries: &[Delivery]) -> Vec<Delivering> {
    let mut delivers: Vec<bool> = Vec::new();
    let mut counts = vec![Delivering { at: SimTime::ZERO, pods: 0 }];
    for instant in deliveries.chunk_by(|a, b| a.at == b.at) {
        for delivery in instant {
            if delivers.len() <= delivery.pod.index() {
                delivers.resize(delivery.pod.index() + 1, false);
            }
            delivers[delivery.pod.index()] = delivery.delivers;
        }
        let (at, pods) = (instant[0].at, delivers.iter().filter(|&&delivers| delivers).count());
        counts.pop_if(|last| last.at == at);
        if counts.last().is_none_or(|last| last.pods != pods) {
            counts.push(Delivering { at, pods });
        }
    }
    counts
}

fn outages(counts: &[Delivering], model: &Model) -> Vec<Outage> {
    let mut outages: Vec<Outage> = Vec::new();
    for count in counts {
        let down = count.pods < model.min_serving as usize;
        let open = outages.last_mut().filter(|outage| outage.ended.is_none());
        match (down, open) {
            (true, None) => outages.push(Outage { began: count.at, ended: None }),
            (false, Some(outage)) => outage.ended = Some(count.at),
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
    let watch = (Measures::new(model), Recorder::default());
    let begun = catch_unwind(AssertUnwindSafe(|| Replication::new(model, seed, index, Mode::Fast, watch)));
    let mut replication = match begun {
        Ok(replication) => replication,
        Err(panic) => {
            let timeline = Recorder::default().finish(model, SimTime::ZERO);
            return Trace { timeline, panicked: Some(message_of(&*panic)) };
        }
    };
    let played = catch_unwind(AssertUnwindSafe(|| drive(&mut replication, model.horizon)));
    let panicked = played.err().map(|panic| message_of(&*panic));
    let end = replication.now();
    let (_, recorder) = match panicked {
        None => replication.into_observer(),
        // What is half done cannot be ended properly.
        Some(_) => replication.observer().clone(),
    };
    Trace { timeline: recorder.finish(model, end), panicked }
}
