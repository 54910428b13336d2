//! Measuring one replication: from what an observer sees to an [`Outcome`].
//!
//! What was reported last holds until something else is reported at a later
//! instant. So states are taken into account when their time is over, not when they
//! begin: whatever lasts no time at all (three reports in one instant) leaves no
//! trace, and an outage that ends and begins again in one instant is one outage.
//!
//! Integrals run over the counted window, `warmUp ≤ t < warmUp + horizon`. Outages,
//! recoveries and detections that begin in it are followed to their end
//! ([`Measures::has_open`]), however late the caller calls [`Measures::finish`].

use super::controls::Control;
use super::ledger::{Causes, Cell, Ledger};
use super::outcome::Outcome;
use super::windows::Filling;
use crate::cluster::{Cause, EndpointView, Observed, Observer, Phase, SlotView};
use crate::ids::{FaultId, PodId, SlotId};
use crate::model::{Model, ProbeKind};
use crate::study::Quantity;
use crate::time::SimTime;

/// Watches one replication and adds up.
#[derive(Debug, Clone)]
pub struct Measures {
    window: Window,
    causes: Causes,
    min_serving: usize,
    /// Everything up to here is in the integrals.
    settled: SimTime,
    slots: Vec<Slot>,
    delivering: usize,
    downtime_windows: Filling,
    failed_windows: Filling,
    /// By Pod.
    endpoints: Vec<Option<Endpoint>>,
    in_rotation: usize,
    failing: usize,
    /// When the present outage began.
    outage: Option<SimTime>,
    undetected: Vec<Pending>,
    pods: u32,
    pods_since: SimTime,
    /// By fault.
    controls: Vec<Control>,
    outcome: Outcome,
}

/// The counted window: from its beginning to before its end.
#[derive(Debug, Clone, Copy)]
struct Window {
    from: SimTime,
    to: SimTime,
}

#[derive(Debug, Clone)]
struct Slot {
    view: SlotView,
    cell: Cell,
    /// Up to here its time is in its recovery.
    settled: SimTime,
    recovery: Option<Recovery>,
}

/// A Pod recovery under way; its length is the sum of its phases.
#[derive(Debug, Clone)]
struct Recovery {
    began: SimTime,
    cause: usize,
    overlapped: bool,
    phases: [u64; Phase::ALL.len()],
}

#[derive(Debug, Clone, Copy)]
struct Endpoint {
    serves: bool,
    cell: Cell,
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

    /// Nanoseconds of `[from, to)` inside.
    fn overlap(self, from: SimTime, to: SimTime) -> u64 {
        to.min(self.to).saturating_since(from.max(self.from)).as_nanos()
    }

    /// Nanoseconds since the beginning, if there are any.
    fn since_begin(self, t: SimTime) -> u64 {
        t.saturating_since(self.from).as_nanos()
    }
}

impl Measures {
    /// Measures for a replication of `model`, at time 0 before any report.
    pub fn new(model: &Model) -> Self {
        let from = SimTime::ZERO + model.warm_up;
        let causes = Causes::new(model.faults.len());
        // What has not been reported has not been created.
        let unseen = SlotView { serves: false, in_rotation: false, cause: Cause::Start, phase: Phase::Reschedule };
        let slot = Slot {
            view: unseen,
            cell: causes.cell(unseen.cause, unseen.phase),
            settled: SimTime::ZERO,
            recovery: None,
        };
        let slots = model.deployment.replicas as usize;
        Self {
            window: Window { from, to: from + model.horizon },
            causes,
            min_serving: model.min_serving as usize,
            settled: SimTime::ZERO,
            slots: vec![slot; slots],
            delivering: 0,
            downtime_windows: Filling::new(model),
            failed_windows: Filling::new(model),
            endpoints: Vec::with_capacity(2 * slots),
            in_rotation: 0,
            failing: 0,
            outage: None,
            undetected: Vec::new(),
            pods: 0,
            pods_since: SimTime::ZERO,
            controls: model.faults.iter().map(Control::new).collect(),
            outcome: Outcome::empty(model.faults.len()),
        }
    }

    /// The end of the counted window.
    pub fn end(&self) -> SimTime {
        self.window.to
    }

    /// Whether an outage, recovery or detection that began in the counted window is still open at `now`, when nothing
    /// more happens in this instant.
    pub fn has_open(&mut self, now: SimTime) -> bool {
        self.settle(now);
        let window = self.window;
        let outage = self.delivering < self.min_serving && self.outage.is_some_and(|began| window.contains(began));
        outage
            || !self.undetected.is_empty()
            || self
                .slots
                .iter()
                .any(|slot| !slot.view.delivers() && slot.recovery.as_ref().is_some_and(|r| window.contains(r.began)))
    }

    /// The outcome, at `now`, the end of the replication: what is still open is censored.
    pub fn finish(&mut self, now: SimTime) -> Outcome {
        self.settle(now);
        for index in 0..self.slots.len() {
            if let Some(recovery) = self.slots[index].recovery.take() {
                if self.slots[index].view.delivers() {
                    self.close(&recovery);
                } else if self.window.contains(recovery.began) {
                    let recoveries = &mut self.outcome.recoveries[recovery.cause];
                    recoveries.censored += 1;
                    recoveries.overlapped += u64::from(recovery.overlapped);
                }
            }
        }
        if self.delivering >= self.min_serving {
            self.end_outage(self.settled);
        } else if let Some(began) = self.outage.filter(|&began| self.window.contains(began)) {
            self.outcome.counted[Quantity::Outages] += 1;
            self.outcome.unended_outage = Some(self.settled.saturating_since(began).as_nanos());
        }
        for pending in &self.undetected {
            self.outcome.detections[pending.fault.index()].censored += 1;
        }
        self.outcome.controls = self.controls.iter().map(Control::value).collect();
        self.outcome.downtime_windows = self.downtime_windows.finish();
        self.outcome.failed_windows = self.failed_windows.finish();
        std::mem::replace(&mut self.outcome, Outcome::empty(0))
    }

    /// Takes all that held until `now` into account.
    fn settle(&mut self, now: SimTime) {
        self.advance(now);
        self.count_pods(now);
        for index in 0..self.slots.len() {
            self.settle_slot(index, now);
        }
    }

    /// The integrals reach `now`: since the last instant the service looked as it does.
    fn advance(&mut self, now: SimTime) {
        let from = std::mem::replace(&mut self.settled, now);
        debug_assert!(from <= now, "time never runs back");
        if from == now {
            return;
        }
        let down = self.delivering < self.min_serving;
        if down {
            self.outage.get_or_insert(from);
        } else if self.outage.is_some() {
            self.end_outage(from);
        }
        if down || self.failing > 0 || self.in_rotation == 0 {
            let nanos = self.window.overlap(from, now);
            if nanos > 0 {
                self.charge(self.window.since_begin(from), nanos, down);
            }
        }
    }

    /// `nanos` of downtime, of failing endpoints or without any; they begin at `from`, counted time.
    fn charge(&mut self, from: u64, nanos: u64, down: bool) {
        let to = from + nanos;
        if down {
            self.outcome.counted[Quantity::Downtime] += nanos;
            self.downtime_windows.add(from, to, nanos);
            blame_slots(&self.slots, self.delivering, self.causes, &mut self.outcome.downtime_by, nanos);
        }
        if self.in_rotation == 0 {
            self.outcome.counted[Quantity::FailedRequests] += nanos;
            self.failed_windows.add(from, to, nanos);
            blame_slots(&self.slots, self.delivering, self.causes, &mut self.outcome.failed_by, nanos);
        } else if self.failing > 0 {
            // Each of n endpoints is sent an n-th of the traffic.
            let failed = (u128::from(nanos) * self.failing as u128 / self.in_rotation as u128) as u64;
            self.outcome.counted[Quantity::FailedRequests] += failed;
            self.failed_windows.add(from, to, failed);
            let blamed = self.endpoints.iter().flatten().filter(|endpoint| !endpoint.serves);
            self.outcome.failed_by.charge(failed, self.failing, blamed.map(|endpoint| endpoint.cell));
        }
    }

    fn end_outage(&mut self, now: SimTime) {
        if let Some(began) = self.outage.take()
            && self.window.contains(began)
        {
            self.outcome.outage_lengths.push(now.since(began).as_nanos());
            self.outcome.counted[Quantity::Outages] += 1;
        }
    }

    /// What the slot looked like until `now` goes into its recovery.
    fn settle_slot(&mut self, index: usize, now: SimTime) {
        let slot = &mut self.slots[index];
        let from = std::mem::replace(&mut slot.settled, now);
        if from == now {
            return;
        }
        if slot.view.delivers() {
            if let Some(recovery) = slot.recovery.take() {
                self.close(&recovery);
            }
        } else {
            let cause = self.causes.number(slot.view.cause);
            let recovery = slot.recovery.get_or_insert(Recovery {
                began: from,
                cause,
                overlapped: false,
                phases: [0; Phase::ALL.len()],
            });
            recovery.phases[slot.view.phase as usize] += now.since(from).as_nanos();
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
        self.outcome.recovery_lengths.push((recovery.cause as u32, recovery.phases.iter().sum()));
    }

    fn count_pods(&mut self, now: SimTime) {
        let nanos = self.window.overlap(self.pods_since, now);
        self.outcome.pod_time += u128::from(self.pods) * u128::from(nanos);
        self.pods_since = now;
    }
}

impl Observer for Measures {
    fn observe(&mut self, at: SimTime, what: &Observed) {
        match *what {
            Observed::SlotChanged { slot, view } => self.slot_changed(at, slot, view),
            Observed::EndpointChanged { pod, view } => self.endpoint_changed(at, pod, view),
            Observed::SlotStruck { slot, fault } => self.slot_struck(at, slot, fault),
            Observed::SlotFaultEnded { slot, fault } => self.slot_fault_ended(slot, fault),
            Observed::Reacted { slot } => self.reacted(at, slot),
            Observed::ReadinessLost { while_serving: true, .. } => self.count(at, Quantity::NeedlessReadiness),
            Observed::ProbeKilled { by, needless: true, .. } => self.count(at, needless_kill(by)),
            Observed::Restarted { .. } => self.count(at, Quantity::Restarts),
            Observed::PodsChanged { pods } => {
                self.count_pods(at);
                self.pods = pods;
            }
            Observed::ClockRan(spell) => {
                self.controls[spell.fault.index()].add(spell, self.window.from, self.window.to);
            }
            Observed::ReadinessLost { .. } | Observed::ProbeKilled { .. } | Observed::Happened(_) => {}
        }
    }
}

impl Measures {
    fn slot_changed(&mut self, now: SimTime, slot: SlotId, view: SlotView) {
        self.advance(now);
        self.settle_slot(slot.index(), now);
        let cell = self.causes.cell(view.cause, view.phase);
        let slot = &mut self.slots[slot.index()];
        self.delivering -= usize::from(slot.view.delivers());
        self.delivering += usize::from(view.delivers());
        slot.view = view;
        slot.cell = cell;
    }

    fn endpoint_changed(&mut self, now: SimTime, pod: PodId, view: Option<EndpointView>) {
        self.advance(now);
        if pod.index() >= self.endpoints.len() {
            self.endpoints.resize(pod.index() + 1, None);
        }
        let endpoint =
            view.map(|view| Endpoint { serves: view.serves, cell: self.causes.cell(view.cause, view.phase) });
        let before = std::mem::replace(&mut self.endpoints[pod.index()], endpoint);
        let failing = |endpoint: Option<Endpoint>| usize::from(endpoint.is_some_and(|e| !e.serves));
        self.in_rotation = self.in_rotation + usize::from(endpoint.is_some()) - usize::from(before.is_some());
        self.failing = self.failing + failing(endpoint) - failing(before);
    }

    fn slot_struck(&mut self, now: SimTime, slot: SlotId, fault: FaultId) {
        // The fault that begins a recovery strikes in its first instant, when the recovery is not there yet.
        self.settle_slot(slot.index(), now);
        let looks = &mut self.slots[slot.index()];
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
        let times = &mut self.outcome.detection_times;
        self.undetected.retain(|pending| {
            if pending.slot == slot {
                times.push((pending.fault.index() as u32, now.since(pending.struck).as_nanos()));
            }
            pending.slot != slot
        });
    }

    /// An event that counts if it happens in the counted window.
    fn count(&mut self, at: SimTime, quantity: Quantity) {
        self.outcome.counted[quantity] += u64::from(self.window.contains(at));
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

/// Divides `nanos` among the slots that do not deliver. Where all deliver and more are wanted than there are, the
/// Deployment has not been started as it should be.
fn blame_slots(slots: &[Slot], delivering: usize, causes: Causes, ledger: &mut Ledger, nanos: u64) {
    let down = slots.len() - delivering;
    if down == 0 {
        ledger.charge(nanos, 1, std::iter::once(causes.cell(Cause::Start, Phase::Reschedule)));
    } else {
        ledger.charge(nanos, down, slots.iter().filter(|slot| !slot.view.delivers()).map(|slot| slot.cell));
    }
}

#[cfg(test)]
#[path = "measure_tests.rs"]
mod tests;
