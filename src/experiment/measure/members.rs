//! The Deployments of a service: which of them are missing, which share of requests fails, and who is to bear it.

use smallvec::{SmallVec, smallvec};

use super::load::{Lost, PARTS};
use super::operations::Serving;
use super::queues::{Queued, Queues};
use super::service::Recovery;
use crate::experiment::division::Bearer;
use crate::history::{Cause, CauseSet, EndpointView, Phase, SlotView, Target};
use crate::ids::{FaultId, IdVec, PodId, SlotId, WorkloadId};
use crate::model::{Millionths, Model, Requirement};
use crate::queueing::Clients;
use crate::time::SimTime;

/// The Deployments of a service and their Pods in rotation.
#[derive(Debug, Clone)]
pub(super) struct Members {
    requirement: Requirement,
    /// The Deployments, in the order of the model.
    parts: Vec<Member>,
    /// Those of all members.
    pub slots: Vec<Slot>,
    /// Where each slot of the model stands among them; nowhere, if it is of none.
    places: IdVec<SlotId, Option<usize>>,
    /// By Pod.
    endpoints: Vec<Option<EndpointView>>,
    is_down: bool,
    failing: Failing,
}

/// One of the Deployments.
#[derive(Debug, Clone)]
struct Member {
    workload: WorkloadId,
    /// How many of its Pods must serve in rotation; nothing hangs on it where nothing is required.
    at_least: Option<usize>,
    in_rotation: usize,
    /// Of these, those that serve. A terminating one counts like any other.
    delivering: usize,
    /// How many replicas it has at the moment: of so many slots that are open.
    replicas: usize,
    /// What those in rotation fail, in millionths of what each of them is asked.
    failing: u64,
    /// Nanoseconds in which the service was not available and this one was missing.
    missed: u64,
    /// Requests a second that each of its Pods answers, if that is said.
    capacity: Option<f64>,
    /// Where what comes beyond that waits.
    queues: Option<Box<Queues>>,
    clients: Clients,
    fate: Fate,
}

/// What becomes of the requests to a Deployment: shares of them that succeed.
#[derive(Debug, Clone, Copy, Default)]
struct Fate {
    succeed: f64,
    /// If its Pods could take whatever comes.
    without_limit: f64,
    /// If all were there.
    with_all: f64,
    /// Of those that its Pods cannot take, the share that would be answered too late.
    late: f64,
    is_overloaded: bool,
}

/// A slot and its recovery.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    member: usize,
    /// It is a place of its Deployment.
    is_open: bool,
    /// It is open, and its Pod has delivered since it was opened: what it does not deliver is lost.
    pub is_relied_on: bool,
    /// It was closed by mistake, and its Pod has not delivered since.
    is_missed: bool,
    /// The service wants so many Pods that it wants one here, whether or not the slot is open.
    is_required: bool,
    pub view: SlotView,
    /// Pods of its own, the terminating ones included, that are in rotation, and of these that serve.
    in_rotation: u32,
    delivering: u32,
    /// The fault that struck it last, and when.
    pub struck: Option<(FaultId, SimTime)>,
    /// Up to here its time is in its recovery.
    pub settled: SimTime,
    pub recovery: Option<Recovery>,
}

/// Which share of the requests fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failing {
    Nothing,
    Share { part: u64, of: u64 },
    Everything,
}

/// By Deployment of the service: a number of Pods.
pub(super) type Expected = SmallVec<[usize; 4]>;

/// Those who bear what is lost.
pub(super) type Bearers<'a> = SmallVec<[Bearer<'a>; 4]>;

impl Member {
    fn has(&self) -> bool {
        self.at_least.is_none_or(|least| self.delivering >= least)
    }

    /// The load balancer has no Pod to send its requests to.
    fn is_dark(&self) -> bool {
        self.in_rotation == 0
    }

    /// The share of its requests that succeed: each of n endpoints is sent an n-th of the traffic.
    fn success(&self) -> f64 {
        let asked = self.asked();
        if asked == 0 { 0.0 } else { (asked - self.failing) as f64 / asked as f64 }
    }

    /// The share of so many requests a second that so many of its Pods take, each an equal part of them.
    fn takes(&self, rate: f64, pods: usize) -> f64 {
        // Where nothing comes, all of it is taken.
        self.capacity.map_or(1.0, |capacity| if rate > 0.0 { (pods as f64 * capacity / rate).min(1.0) } else { 1.0 })
    }

    /// What becomes of so many requests a second, where so many Pods are expected; and until when.
    fn meet(&mut self, at: SimTime, rate: f64, expected: usize) -> SimTime {
        let good = self.success();
        let without_limit = self.clients.succeed(good);
        if let Some(queues) = &mut self.queues {
            queues.expect(at, expected);
            let Queued { present, whole, until } = queues.look(at, rate);
            self.fate = Fate {
                succeed: present.succeed,
                without_limit,
                with_all: whole.succeed,
                late: present.late,
                is_overloaded: present.is_overloaded,
            };
            return until;
        }
        // Who is refused at once tries again at once: whatever the tries, as much is done as can be.
        let succeed = match self.capacity {
            Some(capacity) if rate > 0.0 => without_limit.min(good * (self.in_rotation as f64 * capacity / rate)),
            _ => without_limit,
        };
        let (with_all, is_overloaded) = (self.takes(rate, expected), succeed < without_limit);
        self.fate = Fate { succeed, without_limit, with_all, late: 0.0, is_overloaded };
        SimTime::NEVER
    }

    /// In millionths of what each of those in rotation is asked: what all are.
    fn asked(&self) -> u64 {
        self.in_rotation as u64 * u64::from(Millionths::ALL.count())
    }
}

impl Members {
    /// These Deployments of a model, which follow one another, and what is required of them.
    pub fn new(model: &Model, workloads: impl Iterator<Item = WorkloadId>, requirement: Requirement) -> Self {
        let mut members = Self {
            parts: Vec::new(),
            slots: Vec::new(),
            places: IdVec::of(None, model.slots()),
            endpoints: Vec::new(),
            is_down: true,
            failing: Failing::Everything,
            requirement,
        };
        let required = members.requirement.workloads();
        let clients = model.traffic.as_ref().map_or(Clients::PATIENT, |traffic| traffic.clients);
        for workload in workloads {
            let at_least = required.iter().find(|(id, _)| *id == workload).map(|(_, least)| *least as usize);
            let app = &model.workloads[workload].pod.main().app;
            members.parts.push(Member {
                workload,
                at_least,
                in_rotation: 0,
                delivering: 0,
                replicas: 0,
                failing: 0,
                missed: 0,
                capacity: app.capacity,
                queues: Queues::new(app, clients),
                clients,
                fate: Fate::default(),
            });
        }
        for slot in (0..model.slots()).map(SlotId::new) {
            let (workload, number) = model.owner_of(slot);
            let Some(member) = members.parts.iter().position(|part| part.workload == workload) else { continue };
            members.places[slot] = Some(members.slots.len());
            let is_open = number < model.workloads[workload].replicas;
            members.parts[member].replicas += usize::from(is_open);
            members.slots.push(Slot {
                member,
                is_open,
                is_relied_on: is_open,
                is_missed: false,
                is_required: members.parts[member].at_least.is_some_and(|least| (number as usize) < least),
                // What has not been reported has not been created.
                view: SlotView {
                    serves: false,
                    in_rotation: false,
                    causes: Cause::Start.into(),
                    phase: Phase::Reschedule,
                },
                in_rotation: 0,
                delivering: 0,
                struck: None,
                settled: SimTime::ZERO,
                recovery: None,
            });
        }
        members.endpoints.reserve(2 * members.slots.len());
        members
    }

    /// Where the slot of the model stands among [`Members::slots`].
    pub fn place(&self, slot: SlotId) -> usize {
        self.places[slot].expect("only of its own slots a service is told")
    }

    /// What is required is not there.
    pub fn is_down(&self) -> bool {
        self.is_down
    }

    /// Which share of the requests fails. One to a system is one to each of its Deployments, and fails where what is required
    /// of them is not met by those that answer.
    pub fn failing(&self) -> Failing {
        self.failing
    }

    /// A Pod looks like this from now on; `None`: it is out of rotation, and works on what waits in it or has lost it.
    pub fn endpoint_changed(&mut self, now: SimTime, pod: PodId, view: Option<&EndpointView>, keeps_queue: bool) {
        if pod.index() >= self.endpoints.len() {
            self.endpoints.resize(pod.index() + 1, None);
        }
        for queues in self.parts.iter_mut().filter_map(|part| part.queues.as_mut()).filter(|_| view.is_none()) {
            queues.leave(now, pod, keeps_queue);
        }
        if let Some(before) = self.endpoints[pod.index()].take() {
            let part = self.part(before.workload);
            if view.is_some_and(|view| view.workload != before.workload)
                && let Some(queues) = &mut self.parts[part].queues
            {
                queues.leave(now, pod, false);
            }
            self.parts[part].in_rotation -= 1;
            self.parts[part].delivering -= usize::from(before.serves());
            self.parts[part].failing -= u64::from(before.failing.count());
            if let Some(place) = before.slot.map(|slot| self.place(slot)) {
                self.slots[place].in_rotation -= 1;
                self.slots[place].delivering -= u32::from(before.serves());
            }
        }
        if let Some(view) = view {
            let part = self.part(view.workload);
            if let Some(queues) = &mut self.parts[part].queues {
                queues.set(now, pod, view.failing);
            }
            self.parts[part].in_rotation += 1;
            self.parts[part].delivering += usize::from(view.serves());
            self.parts[part].failing += u64::from(view.failing.count());
            if let Some(place) = view.slot.map(|slot| self.place(slot)) {
                self.slots[place].in_rotation += 1;
                self.slots[place].delivering += u32::from(view.serves());
            }
            self.endpoints[pod.index()] = Some(view.clone());
        }
        self.judge();
    }

    fn judge(&mut self) {
        if let [only] = self.parts.as_slice() {
            self.is_down = !only.has();
            self.failing = match (only.asked(), only.failing) {
                (0, _) => Failing::Everything,
                (_, 0) => Failing::Nothing,
                (of, part) => Failing::Share { part, of },
            };
            return;
        }
        self.is_down = !self.requirement.is_met(&|workload| self.member(workload).has());
        let failing = 1.0 - self.requirement.probability(&|workload| self.member(workload).success());
        self.failing = match (failing * PARTS as f64).round() as u64 {
            0 => Failing::Nothing,
            part if part >= PARTS => Failing::Everything,
            part => Failing::Share { part, of: PARTS },
        };
    }

    /// Requests wait for some of its Pods.
    pub fn have_queues(&self) -> bool {
        self.parts.iter().any(|part| part.queues.is_some())
    }

    /// The most requests a second of which none is lost; below 0 where some are however few come.
    pub fn most_without_loss(&mut self) -> f64 {
        if self.failing != Failing::Nothing {
            return f64::NEG_INFINITY;
        }
        let takes = |part: &mut Member| match (&mut part.queues, part.capacity) {
            (Some(queues), _) => queues.quiet_rate(),
            (None, Some(capacity)) => part.in_rotation as f64 * capacity,
            (None, None) => f64::INFINITY,
        };
        self.parts.iter_mut().map(takes).fold(f64::INFINITY, f64::min)
    }

    /// Of each Deployment, how many Pods there would be if nothing were missing: one for each slot that has delivered or is wanted.
    pub fn expected(&self) -> Expected {
        let mut expected = smallvec![0; self.parts.len()];
        let slots = self.slots.iter().filter(|slot| slot.is_expected());
        slots.for_each(|slot| expected[slot.member] += 1);
        expected
    }

    /// Which shares of so many requests a second are lost from an instant on that is no earlier than any before, and until when.
    pub fn lost_at(&mut self, at: SimTime, rate: f64, expected: &Expected) -> (Lost, SimTime) {
        let mut until = SimTime::NEVER;
        for (part, expected) in self.parts.iter_mut().zip(expected) {
            until = until.min(part.meet(at, rate, *expected));
        }
        let lost = |succeeds: &dyn Fn(&Fate) -> f64| {
            1.0 - self.requirement.probability(&|workload| succeeds(&self.member(workload).fate))
        };
        let shares = [lost(&|fate| fate.succeed), lost(&|fate| fate.without_limit), lost(&|fate| fate.with_all)];
        // Of several Deployments each counts by what it cannot take.
        let (mut late, mut busy) = (0.0, 0.0);
        for Member { fate, .. } in &self.parts {
            let its = (fate.without_limit - fate.succeed).max(0.0);
            (late, busy) = (late + its * fate.late, busy + its);
        }
        let late = if busy > 0.0 { late / busy } else { 0.0 };
        let is_overloaded = self.parts.iter().any(|part| part.fate.is_overloaded);
        (Lost::of(shares, late, is_overloaded), until)
    }

    /// The slots without a Pod in rotation, whose part of the requests that came last the others of their Deployment cannot take.
    pub fn missing(&self) -> Bearers<'_> {
        let is_short = |number: usize| self.parts[number].fate.succeed < self.parts[number].fate.with_all;
        let is_missing = |slot: &Slot| slot.in_rotation == 0 && slot.is_expected() && is_short(slot.member);
        let missing = self.slots.iter().enumerate().filter(|(_, slot)| is_missing(slot));
        missing.map(|(place, slot)| slot.bearer(place)).collect()
    }

    fn member(&self, workload: WorkloadId) -> &Member {
        &self.parts[self.part(workload)]
    }

    /// How many Pods of the Deployment that is meant serve in rotation, or of all.
    pub fn serving_of(&self, target: Target) -> Serving {
        let meant = match target {
            Target::Deployment(workload) => self.part(workload)..self.part(workload) + 1,
            _ => 0..self.parts.len(),
        };
        let pods = self.parts[meant.clone()].iter().map(|part| part.delivering).min().unwrap_or(0);
        Serving { pods, is_short: self.parts[meant].iter().any(|part| part.delivering < part.replicas) }
    }

    /// The slot is a place of its Deployment from now on, or none.
    pub fn open(&mut self, place: usize, is_open: bool) {
        let slot = &mut self.slots[place];
        if std::mem::replace(&mut slot.is_open, is_open) != is_open {
            let replicas = &mut self.parts[slot.member].replicas;
            *replicas = if is_open { *replicas + 1 } else { *replicas - 1 };
        }
    }

    /// Where the Deployment stands among the members: all of the model are, in their order, or this one alone is.
    fn part(&self, workload: WorkloadId) -> usize {
        if self.parts.len() == 1 { 0 } else { workload.index() }
    }

    /// The service was not available for so many nanoseconds, as it is not now.
    pub fn miss(&mut self, nanos: u64) {
        let lacking = self.who_lack();
        for (part, _) in self.parts.iter_mut().zip(lacking).filter(|(_, lacks)| *lacks) {
            part.missed += nanos;
        }
    }

    /// For how many nanoseconds each Deployment was missing while the service was not available.
    pub fn missed(&self) -> impl Iterator<Item = u64> {
        self.parts.iter().map(|part| part.missed)
    }

    /// What was missed does not count, as the service had not been available yet.
    pub fn forget_missed(&mut self) {
        self.parts.iter_mut().for_each(|part| part.missed = 0);
    }

    /// Which Deployments keep the requirement from being met.
    fn who_lack(&self) -> SmallVec<[bool; 4]> {
        self.to_blame(&|part| part.is_met(&|workload| self.member(workload).has()))
    }

    /// Those who bear a time without availability: slots of the missing Deployments none of whose Pods delivers.
    pub fn lacking(&self) -> Bearers<'_> {
        let missing = self.who_lack();
        let lacking = self.slots.iter().enumerate().filter(|(_, slot)| missing[slot.member] && slot.is_lacking());
        lacking.map(|(place, slot)| slot.bearer(place)).collect()
    }

    /// By Deployment: it keeps the requirement from being met. Where a part is met by others, nothing hangs on it.
    fn to_blame(&self, is_met: &impl Fn(&Requirement) -> bool) -> SmallVec<[bool; 4]> {
        let mut blamed = smallvec![false; self.parts.len()];
        self.blame(&self.requirement, is_met, &mut blamed);
        blamed
    }

    fn blame(&self, requirement: &Requirement, is_met: &impl Fn(&Requirement) -> bool, blamed: &mut [bool]) {
        match requirement {
            _ if is_met(requirement) => {}
            Requirement::Pods { workload, .. } => {
                let place = self.parts.iter().position(|member| member.workload == *workload);
                place.into_iter().for_each(|place| blamed[place] = true);
            }
            Requirement::Parts { parts, .. } => parts.iter().for_each(|part| self.blame(part, is_met, blamed)),
        }
    }

    /// Those who bear failed requests: endpoints that do not answer everybody, and slots of Deployments that have no endpoint, by slot,
    /// then by Pod; and whether all that fails does so as there is no endpoint.
    pub fn failing_bearers(&self) -> (Bearers<'_>, bool) {
        let fails = self.to_blame(&|part| part.probability(&|workload| self.member(workload).success()) >= 1.0);
        let mut bearers = Bearers::new();
        for (pod, endpoint) in self.endpoints.iter().enumerate() {
            if let Some(EndpointView { workload, slot, failing, causes, phase, .. }) = endpoint
                && *failing != Millionths::NONE
                && fails[self.part(*workload)]
            {
                let place = slot.map_or(usize::MAX - 1, |slot| self.place(slot));
                bearers.push(Bearer { key: (place, pod + 1), weight: failing.count(), causes, phase: *phase });
            }
        }
        let is_dark = |member: usize| fails[member] && self.parts[member].is_dark();
        if (0..self.parts.len()).any(is_dark) {
            let dark = |slot: &Slot| is_dark(slot.member) && slot.is_lacking();
            let slots = self.slots.iter().enumerate().filter(|(_, slot)| dark(slot));
            bearers.extend(slots.map(|(place, slot)| slot.bearer(place)));
        }
        bearers.sort_by_key(|bearer| bearer.key);
        let in_the_dark = (0..self.parts.len()).all(|member| !fails[member] || is_dark(member));
        (bearers, in_the_dark)
    }
}

impl Slot {
    /// None of its Pods delivers, although one is relied on, or wanted by the service.
    fn is_lacking(&self) -> bool {
        self.delivering == 0 && self.is_expected()
    }

    /// A Pod of it is relied on, or wanted by the service.
    fn is_expected(&self) -> bool {
        self.is_relied_on || self.is_required || self.is_missed
    }

    /// It is closed: nothing is expected of it. Where the service wants more Pods than there are slots, these are charged.
    /// One that is closed by mistake is missed.
    pub fn close(&mut self, causes: &CauseSet, is_missed: bool) {
        self.is_missed = is_missed && self.is_expected();
        self.is_relied_on = false;
        self.view = SlotView { serves: false, in_rotation: false, causes: causes.clone(), phase: Phase::Reschedule };
    }

    /// Its Pod delivers, or does not yet.
    pub fn rely_on(&mut self, delivers: bool) {
        self.is_relied_on |= delivers;
        self.is_missed &= !delivers;
    }

    fn bearer(&self, place: usize) -> Bearer<'_> {
        let weight = Millionths::ALL.count();
        Bearer { key: (place, 0), weight, causes: &self.view.causes, phase: self.view.phase }
    }

    /// Who began the recovery that begins at `from`: of several that are charged the one that has just struck, else the
    /// first.
    pub fn began_by(&self, from: SimTime) -> Cause {
        let causes = self.view.causes.as_slice();
        let struck = self.struck.filter(|&(_, at)| at == from).map(|(fault, _)| Cause::Fault(fault));
        struck.filter(|cause| causes.contains(cause)).or(causes.first().copied()).unwrap_or(Cause::Probe)
    }
}
