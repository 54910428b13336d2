//! Measuring one service in a replication: a Deployment, or the system that several of them make.
//!
//! What was reported last holds until something else is reported at a later
//! instant. So states are taken into account when their time is over, not when they
//! begin: whatever lasts no time at all (three reports in one instant) leaves no
//! trace, and an outage that ends and begins again in one instant is one outage.
//!
//! Integrals run over the counted window, `warmUp ≤ t < warmUp + horizon`. Outages,
//! recoveries and detections that begin in it are followed to their end
//! ([`Measures::has_open`]), however late the caller calls [`Measures::finish`].

use super::load::{Blamed, Load};
use super::members::{Failing, Members, Slot};
use super::operations::Operations;
use crate::cluster::Requests;
use crate::experiment::burn::Burn;
use crate::experiment::control_variates::Control;
use crate::experiment::division::{Bearer, Division, Fraction};
use crate::experiment::ledger::{Causes, Ledger};
use crate::experiment::outcome::Outcome;
use crate::experiment::requests::Stretch;
use crate::experiment::windows::Filling;
use crate::history::{Cause, CauseSet, EndpointView, Observed, Phase, PodCounts, SlotView};
use crate::ids::{FaultId, IdVec, PodId, SlotId, WorkloadId};
use crate::model::{Model, ProbeKind, Requirement, Start};
use crate::study::Quantity;
use crate::time::SimTime;

/// Watches one service and adds up.
#[derive(Debug, Clone)]
pub(super) struct Service {
    window: Window,
    causes: Causes,
    /// Everything up to here is in the integrals.
    settled: SimTime,
    /// Its Deployments, with their slots and the Pods in rotation.
    members: Members,
    downtime_windows: Filling,
    failed_windows: Filling,
    burn: Burn,
    /// How lost time is divided: without availability, without any endpoint, and by endpoints that fail.
    downtime_division: Division,
    dark_division: Division,
    failing_division: Division,
    failing_fraction: Fraction,
    /// The requests, if it is said how many come.
    load: Option<Box<Load>>,
    /// When the present outage began.
    outage: Option<SimTime>,
    undetected: Vec<Pending>,
    pods: IdVec<WorkloadId, PodCounts>,
    pods_since: SimTime,
    /// A system that has just been created has not been available yet.
    is_starting: bool,
    /// By fault.
    controls: Vec<Control>,
    operations: Operations,
    outcome: Outcome,
}

/// The counted window: from its beginning to before its end.
#[derive(Debug, Clone, Copy)]
struct Window {
    from: SimTime,
    to: SimTime,
}

/// A Pod recovery under way; its length is the sum of its phases.
#[derive(Debug, Clone)]
pub(super) struct Recovery {
    began: SimTime,
    cause: usize,
    overlapped: bool,
    phases: [u64; Phase::OF_RECOVERY.len()],
}

/// A fault that Kubernetes has not reacted to.
#[derive(Debug, Clone, Copy)]
struct Pending {
    slot: SlotId,
    fault: FaultId,
    struck: SimTime,
}

impl Window {
    fn contains(self, t: SimTime) -> bool {
        self.from <= t && t < self.to
    }

    /// In nanoseconds.
    fn length(self) -> u64 {
        self.to.since(self.from).as_nanos()
    }

    /// Nanoseconds of `[from, to)` inside.
    fn overlap(self, from: SimTime, to: SimTime) -> u64 {
        to.min(self.to).saturating_since(from.max(self.from)).as_nanos()
    }

    /// Nanoseconds since the beginning, if there are any.
    fn since_begin(self, t: SimTime) -> u64 {
        t.saturating_since(self.from).as_nanos()
    }
}

impl Service {
    /// The whole of a model.
    pub(super) fn of_system(model: &Model, requests: Option<Requests>) -> Self {
        Self::new(model, model.workloads.ids(), model.requirement(), requests)
    }

    /// One of its Deployments.
    pub(super) fn of_workload(model: &Model, workload: WorkloadId, requests: Option<Requests>) -> Self {
        Self::new(model, std::iter::once(workload), model.requirement_of(workload), requests)
    }

    fn new(
        model: &Model,
        workloads: impl Iterator<Item = WorkloadId>,
        requirement: Requirement,
        requests: Option<Requests>,
    ) -> Self {
        let from = SimTime::ZERO + model.warm_up;
        let load = Load::new(model, requests);
        Self {
            window: Window { from, to: from + model.horizon },
            causes: Causes::new(model.faults.len()),
            settled: SimTime::ZERO,
            members: Members::new(model, workloads, requirement),
            downtime_windows: Filling::new(model),
            failed_windows: Filling::of_requests(model, load.as_ref().map(|load| load.requests.clone())),
            burn: Burn::new(model),
            downtime_division: Division::default(),
            dark_division: Division::default(),
            failing_division: Division::default(),
            failing_fraction: Fraction::default(),
            load,
            outage: None,
            undetected: Vec::new(),
            pods: IdVec::of(PodCounts::default(), model.workloads.len()),
            pods_since: SimTime::ZERO,
            is_starting: model.start == Start::Fresh,
            controls: model.faults.iter().map(Control::new).collect(),
            operations: Operations::new(model),
            outcome: Outcome::empty(model.faults.len()),
        }
    }

    /// The end of the counted window.
    pub(super) fn end(&self) -> SimTime {
        self.window.to
    }

    /// Whether an outage, recovery or detection that began in the counted window is still open at `now`, when nothing
    /// more happens in this instant.
    pub(super) fn has_open(&mut self, now: SimTime) -> bool {
        // Asked after every event: what is known to be open needs no account of the time until now.
        if self.has_open_outage() || !self.undetected.is_empty() || self.operations.is_open() {
            return true;
        }
        self.settle(now);
        let window = self.window;
        let recovers = |slot: &Slot| slot.recovery.as_ref().is_some_and(|recovery| window.contains(recovery.began));
        self.has_open_outage() || self.members.slots.iter().any(|slot| !slot.view.delivers() && recovers(slot))
    }

    fn has_open_outage(&self) -> bool {
        self.members.is_down() && self.outage.is_some_and(|began| self.window.contains(began))
    }

    /// The outcome, at `now`, the end of the replication: what is still open is censored.
    pub(super) fn finish(&mut self, now: SimTime) -> Outcome {
        self.settle(now);
        for index in 0..self.members.slots.len() {
            if let Some(recovery) = self.members.slots[index].recovery.take() {
                if self.members.slots[index].view.delivers() {
                    self.close(&recovery);
                } else if self.window.contains(recovery.began) {
                    let recoveries = &mut self.outcome.recoveries[recovery.cause];
                    recoveries.censored += 1;
                    recoveries.overlapped += u64::from(recovery.overlapped);
                }
            }
        }
        if !self.members.is_down() {
            self.end_outage(self.settled);
        } else if let Some(began) = self.outage.filter(|&began| self.window.contains(began)) {
            self.outcome.counted[Quantity::Outages] += 1;
            self.outcome.unended_outage = Some(self.settled.saturating_since(began).as_nanos());
        }
        for pending in &self.undetected {
            self.outcome.detections[pending.fault.index()].censored += 1;
        }
        if let Some(load) = &self.load {
            self.outcome.counted[Quantity::Requests] = load.requests.counted_between(0, self.window.length());
        }
        self.outcome.controls = self.controls.iter().map(Control::value).collect();
        self.outcome.operations = self.operations.finish();
        self.outcome.downtime_windows = self.downtime_windows.finish();
        self.outcome.failed_windows = self.failed_windows.finish();
        self.outcome.alerts = self.burn.finish();
        std::mem::replace(&mut self.outcome, Outcome::empty(0))
    }

    /// For how many nanoseconds each of its Deployments was missing while it was not available.
    pub(super) fn missed(&self) -> impl Iterator<Item = u64> {
        self.members.missed()
    }

    /// Takes all that held until `now` into account.
    fn settle(&mut self, now: SimTime) {
        self.advance(now);
        self.count_pods(now);
        for index in 0..self.members.slots.len() {
            self.settle_slot(index, now);
        }
    }

    /// The integrals reach `now`: since the last instant the service looked as it does.
    fn advance(&mut self, now: SimTime) {
        let from = std::mem::replace(&mut self.settled, now);
        assert!(from <= now, "time never runs back");
        if from == now {
            return;
        }
        self.operations.time_passes(now.since(from).as_nanos(), |target| self.members.serving_of(target));
        let down = self.members.is_down();
        if down {
            self.outage.get_or_insert(from);
        } else if self.is_starting {
            self.begin_counting(from);
        } else if self.outage.is_some() {
            self.end_outage(from);
        }
        let nanos = self.window.overlap(from, now);
        if down && nanos > 0 {
            self.charge_downtime(self.window.since_begin(from), nanos);
        }
        if self.load.is_some() {
            self.charge_requests(from, now);
        } else if nanos > 0 && self.members.failing() != Failing::Nothing {
            self.charge_failing(self.window.since_begin(from), nanos);
        }
    }

    /// A system that was created at time 0 is available for the first time: what was lost until then is its start, and is
    /// not counted.
    fn begin_counting(&mut self, now: SimTime) {
        self.is_starting = false;
        self.outage = None;
        self.outcome.forget_losses(now);
        self.downtime_windows.forget();
        self.members.forget_missed();
        self.failed_windows.forget();
        self.burn.forget();
    }

    /// `nanos` of downtime; they begin at `from`, counted time.
    fn charge_downtime(&mut self, from: u64, nanos: u64) {
        self.outcome.counted[Quantity::Downtime] += nanos;
        self.downtime_windows.add(from, from + nanos, nanos);
        self.members.miss(nanos);
        let ledger = &mut self.outcome.downtime_by;
        divide(&mut self.downtime_division, &self.members.lacking(), self.causes, ledger, nanos);
    }

    /// `nanos` of failing endpoints or without any; they begin at `from`, counted time.
    fn charge_failing(&mut self, from: u64, nanos: u64) {
        let to = from + nanos;
        let failed = match self.members.failing() {
            Failing::Nothing => return,
            Failing::Everything => nanos,
            Failing::Share { part, of } => self.failing_fraction.grow(nanos, part, of),
        };
        self.outcome.counted[Quantity::FailedRequests] += failed;
        self.failed_windows.add(from, to, failed);
        self.burn.add(from, to, failed);
        let (bearers, in_the_dark) = self.members.failing_bearers();
        let division = if in_the_dark { &mut self.dark_division } else { &mut self.failing_division };
        divide(division, &bearers, self.causes, &mut self.outcome.failed_by, failed);
    }

    /// What is lost of the requests that come between two instants, in which the service looks the same.
    fn charge_requests(&mut self, from: SimTime, to: SimTime) {
        let to = to.min(self.window.to);
        // What waits when counting begins has come before.
        let from = if self.members.have_queues() { from } else { from.max(self.window.from) };
        let quiet = self.members.most_without_loss();
        let Some(load) = &self.load else { return };
        if from >= to || quiet >= 0.0 && load.requests.most_between(from, to) <= quiet {
            return;
        }
        let begin = self.window.from.clamp(from, to);
        if from < begin {
            self.pass_requests(from, begin, false);
        }
        if begin < to {
            self.pass_requests(begin, to, true);
        }
    }

    /// The same of a time that is counted, or is not.
    fn pass_requests(&mut self, from: SimTime, to: SimTime, is_counted: bool) {
        let Some(load) = &mut self.load else { return };
        let Load { requests, counts, division, overload, blamed } = &mut **load;
        let expected = self.members.expected();
        let mut stretches = requests.stretches(from, to);
        // After an overload fewer may be too many than before it.
        while let Some(stretch) = stretches.next_above(self.members.most_without_loss()) {
            let mut rest = stretch;
            while rest.from < stretch.to {
                // Only the rate changes from hour to hour, and what waits.
                let (lost, until) = self.members.lost_at(rest.from, stretch.rate, &expected);
                let mut piece = rest;
                if until < stretch.to {
                    (piece.to, piece.come) = (until, requests.between(rest.from, until));
                }
                rest = Stretch { from: piece.to, come: rest.come - piece.come, ..rest };
                if until == SimTime::NEVER {
                    // At rest nobody bears a part but who is away or fails now.
                    blamed.clear();
                } else if blamed.is_empty() && lost.shed > lost.overload {
                    let missing = self.members.missing();
                    let them = if missing.is_empty() { self.members.failing_bearers().0 } else { missing };
                    *blamed = them.iter().map(Blamed::of).collect();
                }
                if !is_counted {
                    continue;
                }
                let passed = counts.pass(piece, lost);
                self.outcome.counted[Quantity::FailedRequests] += passed.failed;
                self.outcome.counted[Quantity::ShedRequests] += passed.shed;
                self.outcome.counted[Quantity::LateRequests] += passed.late;
                self.outcome.counted[Quantity::Overloaded] += passed.overloaded;
                let (from, to) = (self.window.since_begin(piece.from), self.window.since_begin(piece.to));
                self.failed_windows.add(from, to, passed.failed);
                self.burn.add(from, to, passed.of_time);
                if lost.all > 0 {
                    let (missing, (failing, _)) = (self.members.missing(), self.members.failing_bearers());
                    let bearers = lost.bearers(failing, missing, overload, blamed);
                    divide(division, &bearers, self.causes, &mut self.outcome.failed_by, passed.failed);
                }
            }
        }
    }

    fn end_outage(&mut self, now: SimTime) {
        if let Some(began) = self.outage.take()
            && self.window.contains(began)
        {
            self.outcome.add_outage(now.since(began).as_nanos());
            self.outcome.counted[Quantity::Outages] += 1;
        }
    }

    /// What the slot looked like until `now` goes into its recovery.
    fn settle_slot(&mut self, index: usize, now: SimTime) {
        let slot = &mut self.members.slots[index];
        let from = std::mem::replace(&mut slot.settled, now);
        if from == now || !slot.is_relied_on {
            return;
        }
        if slot.view.delivers() {
            if let Some(recovery) = slot.recovery.take() {
                self.close(&recovery);
            }
        } else {
            let cause = self.causes.number(slot.began_by(from));
            let recovery = slot.recovery.get_or_insert(Recovery {
                began: from,
                cause,
                overlapped: false,
                phases: [0; Phase::OF_RECOVERY.len()],
            });
            recovery.phases[slot.view.phase as usize] += now.since(from).as_nanos();
        }
    }

    /// The slot's Pod is not wanted any more: its recovery counts if it is over in this instant, and otherwise nobody waits for it.
    fn leave_recovery(&mut self, index: usize) {
        let recovery = self.members.slots[index].recovery.take();
        if let Some(recovery) = recovery.filter(|_| self.members.slots[index].view.delivers()) {
            self.close(&recovery);
        }
    }

    fn close(&mut self, recovery: &Recovery) {
        if !self.window.contains(recovery.began) {
            return;
        }
        let sums = &mut self.outcome.recoveries[recovery.cause];
        sums.overlapped += u64::from(recovery.overlapped);
        for (sum, nanos) in sums.phases.iter_mut().zip(recovery.phases) {
            *sum += nanos;
        }
        self.outcome.add_recovery(recovery.cause, recovery.phases.iter().sum());
    }

    fn count_pods(&mut self, now: SimTime) {
        let nanos = self.window.overlap(self.pods_since, now);
        for pods in &self.pods {
            self.outcome.pod_time += u128::from(pods.running) * u128::from(nanos);
            self.outcome.pending_time += u128::from(pods.unschedulable) * u128::from(nanos);
        }
        self.pods_since = now;
    }

    fn slot_changed(&mut self, now: SimTime, slot: SlotId, view: &SlotView) {
        self.advance(now);
        let place = self.members.place(slot);
        self.settle_slot(place, now);
        self.members.open(place, true);
        let slot = &mut self.members.slots[place];
        slot.view.clone_from(view);
        slot.rely_on(view.delivers());
    }

    /// The slot's Pod goes on in its heir, if there is one, with all that has befallen it. What was under way with a Pod that is not
    /// wanted any more is not counted.
    fn slot_closed(
        &mut self,
        now: SimTime,
        slot: SlotId,
        heir: Option<SlotId>,
        (causes, is_missed): (&CauseSet, bool),
    ) {
        self.advance(now);
        let place = self.members.place(slot);
        self.settle_slot(place, now);
        if let Some(heir) = heir {
            let to = self.members.place(heir);
            self.settle_slot(to, now);
            self.leave_recovery(to);
            if !self.members.slots[place].view.delivers() {
                self.members.slots[to].recovery = self.members.slots[place].recovery.take();
            }
            self.members.slots[to].is_relied_on |= self.members.slots[place].is_relied_on;
            self.members.slots[to].struck = self.members.slots[place].struck.take();
        }
        self.leave_recovery(place);
        self.members.open(place, false);
        self.members.slots[place].close(causes, is_missed);
        self.undetected.retain(|pending| pending.slot != heir.unwrap_or(slot));
        self.undetected.iter_mut().filter(|pending| pending.slot == slot).for_each(|pending| {
            pending.slot = heir.unwrap_or(slot);
        });
    }

    fn endpoint_changed(&mut self, now: SimTime, pod: PodId, view: Option<&EndpointView>, keeps_queue: bool) {
        self.advance(now);
        self.members.endpoint_changed(now, pod, view, keeps_queue);
    }

    fn slot_struck(&mut self, now: SimTime, slot: SlotId, fault: FaultId) {
        // The fault that begins a recovery strikes in its first instant, when the recovery is not there yet.
        let place = self.members.place(slot);
        self.settle_slot(place, now);
        let looks = &mut self.members.slots[place];
        looks.struck = Some((fault, now));
        if let Some(recovery) = &mut looks.recovery
            && !looks.view.delivers()
        {
            recovery.overlapped = true;
        }
        if self.window.contains(now) {
            self.undetected.push(Pending { slot, fault, struck: now });
        }
    }

    fn slot_fault_ended(&mut self, slot: SlotId, fault: FaultId) {
        let occurrence = self.undetected.iter().position(|p| p.slot == slot && p.fault == fault);
        if let Some(index) = occurrence {
            self.undetected.remove(index);
            self.outcome.detections[fault.index()].undetected += 1;
        }
    }

    fn reacted(&mut self, now: SimTime, slot: SlotId) {
        let outcome = &mut self.outcome;
        self.undetected.retain(|pending| {
            if pending.slot == slot {
                outcome.add_detection(pending.fault.index(), now.since(pending.struck).as_nanos());
            }
            pending.slot != slot
        });
    }

    /// An event that counts if it happens in the counted window.
    fn count(&mut self, at: SimTime, quantity: Quantity) {
        self.outcome.counted[quantity] += u64::from(self.window.contains(at));
    }

    /// This has happened at `at`, to one of its Deployments or to what they stand on.
    pub(super) fn observe(&mut self, at: SimTime, what: &Observed) {
        match what {
            Observed::SlotChanged { slot, view } => self.slot_changed(at, *slot, view),
            Observed::SlotClosed { slot, heir, causes, is_missed } => {
                self.slot_closed(at, *slot, *heir, (causes, *is_missed));
            }
            Observed::EndpointChanged { pod, view, keeps_queue } => {
                self.endpoint_changed(at, *pod, view.as_ref(), *keeps_queue);
            }
            Observed::SlotStruck { slot, fault } => self.slot_struck(at, *slot, *fault),
            Observed::SlotFaultEnded { slot, fault } => self.slot_fault_ended(*slot, *fault),
            Observed::Reacted { slot } => self.reacted(at, *slot),
            Observed::ReadinessLost { while_serving: true, .. } => self.count(at, Quantity::NeedlessReadiness),
            Observed::ProbeKilled { by, needless: true, .. } => self.count(at, needless_kill(*by)),
            Observed::Restarted { .. } => self.count(at, Quantity::Restarts),
            Observed::Paged { .. } => self.count(at, Quantity::Pages),
            Observed::DeletedByHand { .. } => self.count(at, Quantity::Deletions),
            Observed::OperationBegan { target, operation } => {
                self.advance(at);
                self.operations.begin(at, *target, *operation, self.window.contains(at));
            }
            Observed::OperationEnded { target, operation, end, is_uneven } => {
                self.advance(at);
                self.operations.end(at, (*target, *operation), *end, *is_uneven);
            }
            Observed::OperationSkipped { operation, .. } => {
                if self.window.contains(at) {
                    self.operations.skip(*operation);
                }
            }
            // Told at the end of the counted time for the last time that matters.
            Observed::EvictionsRefused { target, operation, count } => {
                if at <= self.window.to {
                    self.operations.refuse((*target, *operation), *count);
                }
            }
            Observed::PodsChanged { workload, counts } => {
                self.count_pods(at);
                self.pods[*workload] = *counts;
            }
            Observed::ClockRan(spell) => {
                self.controls[spell.fault.index()].add(*spell, self.window.from, self.window.to);
            }
            Observed::ReadinessLost { .. } | Observed::ProbeKilled { .. } | Observed::Happened(_) => {}
        }
    }
}

/// What a needless kill by this probe counts as.
fn needless_kill(by: ProbeKind) -> Quantity {
    match by {
        ProbeKind::Liveness => Quantity::NeedlessLiveness,
        ProbeKind::Startup => Quantity::NeedlessStartup,
        ProbeKind::Readiness => unreachable!("a readiness probe kills nothing"),
    }
}

/// Divides `nanos` among those who bear it. Where nobody does, as each slot has a Pod that delivers and more are wanted than
/// there are slots, the Deployment has not been started as it should be.
fn divide(division: &mut Division, bearers: &[Bearer<'_>], causes: Causes, ledger: &mut Ledger, nanos: u64) {
    if bearers.is_empty() {
        let nobody = CauseSet::from(Cause::Start);
        let bearer = Bearer { key: (usize::MAX, 0), weight: 1, causes: &nobody, phase: Phase::Reschedule };
        division.divide(nanos, std::iter::once(bearer), causes, ledger);
    } else {
        division.divide(nanos, bearers.iter().copied(), causes, ledger);
    }
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
