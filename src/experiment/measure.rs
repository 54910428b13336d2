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

use smallvec::SmallVec;

use super::control_variates::Control;
use super::division::{Bearer, Division, Fraction};
use super::ledger::{Causes, Ledger};
use super::outcome::Outcome;
use super::windows::Filling;
use crate::history::{Cause, CauseSet, EndpointView, Observed, Observer, Phase, PodCounts, SlotView};
use crate::ids::{FaultId, PodId, SlotId};
use crate::model::{Model, ProbeKind, Start};
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
    downtime_windows: Filling,
    failed_windows: Filling,
    /// By Pod.
    endpoints: Vec<Option<EndpointView>>,
    in_rotation: usize,
    /// Of these, those that serve: available is who has enough of them. A terminating one counts like any other.
    delivering: usize,
    /// How lost time is divided: without availability, without any endpoint, and by endpoints that fail.
    downtime_division: Division,
    dark_division: Division,
    failing_division: Division,
    failing_fraction: Fraction,
    /// When the present outage began.
    outage: Option<SimTime>,
    undetected: Vec<Pending>,
    pods: PodCounts,
    pods_since: SimTime,
    /// A system that has just been created has not been available yet.
    is_starting: bool,
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
    /// Pods of its own, the terminating ones included, that serve in rotation.
    delivering: u32,
    /// The fault that struck it last, and when.
    struck: Option<(FaultId, SimTime)>,
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
        let slot = Slot {
            // What has not been reported has not been created.
            view: SlotView { serves: false, in_rotation: false, causes: Cause::Start.into(), phase: Phase::Reschedule },
            delivering: 0,
            struck: None,
            settled: SimTime::ZERO,
            recovery: None,
        };
        let slots = model.deployment.replicas as usize;
        Self {
            window: Window { from, to: from + model.horizon },
            causes: Causes::new(model.faults.len()),
            min_serving: model.min_serving as usize,
            settled: SimTime::ZERO,
            slots: vec![slot; slots],
            downtime_windows: Filling::new(model),
            failed_windows: Filling::new(model),
            endpoints: Vec::with_capacity(2 * slots),
            in_rotation: 0,
            delivering: 0,
            downtime_division: Division::default(),
            dark_division: Division::default(),
            failing_division: Division::default(),
            failing_fraction: Fraction::default(),
            outage: None,
            undetected: Vec::new(),
            pods: PodCounts::default(),
            pods_since: SimTime::ZERO,
            is_starting: model.start == Start::Fresh,
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
        // Asked after every event: what is known to be open needs no account of the time until now.
        if self.has_open_outage() || !self.undetected.is_empty() {
            return true;
        }
        self.settle(now);
        let window = self.window;
        let recovers = |slot: &Slot| slot.recovery.as_ref().is_some_and(|recovery| window.contains(recovery.began));
        self.has_open_outage() || self.slots.iter().any(|slot| !slot.view.delivers() && recovers(slot))
    }

    fn has_open_outage(&self) -> bool {
        self.delivering < self.min_serving && self.outage.is_some_and(|began| self.window.contains(began))
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
        } else if self.is_starting {
            self.begin_counting(from);
        } else if self.outage.is_some() {
            self.end_outage(from);
        }
        if down || self.delivering < self.in_rotation || self.in_rotation == 0 {
            let nanos = self.window.overlap(from, now);
            if nanos > 0 {
                self.charge(self.window.since_begin(from), nanos, down);
            }
        }
    }

    /// A system that was created at time 0 is available for the first time: what was lost until then is its start, and is
    /// not counted.
    fn begin_counting(&mut self, now: SimTime) {
        self.is_starting = false;
        self.outage = None;
        self.outcome.forget_losses(now);
        self.downtime_windows.forget();
        self.failed_windows.forget();
    }

    /// `nanos` of downtime, of failing endpoints or without any; they begin at `from`, counted time.
    fn charge(&mut self, from: u64, nanos: u64, down: bool) {
        let to = from + nanos;
        if down {
            self.outcome.counted[Quantity::Downtime] += nanos;
            self.downtime_windows.add(from, to, nanos);
            let ledger = &mut self.outcome.downtime_by;
            divide_among_slots(&mut self.downtime_division, &self.slots, self.causes, ledger, nanos);
        }
        let failing = self.in_rotation - self.delivering;
        if self.in_rotation == 0 {
            self.outcome.counted[Quantity::FailedRequests] += nanos;
            self.failed_windows.add(from, to, nanos);
            let ledger = &mut self.outcome.failed_by;
            divide_among_slots(&mut self.dark_division, &self.slots, self.causes, ledger, nanos);
        } else if failing > 0 {
            // Each of n endpoints is sent an n-th of the traffic.
            let failed = self.failing_fraction.grow(nanos, failing, self.in_rotation);
            self.outcome.counted[Quantity::FailedRequests] += failed;
            self.failed_windows.add(from, to, failed);
            let mut bearers: SmallVec<[Bearer<'_>; 4]> = SmallVec::with_capacity(failing);
            for (pod, endpoint) in self.endpoints.iter().enumerate() {
                if let Some(EndpointView { slot, serves: false, causes, phase }) = endpoint {
                    // By slot, then by Pod.
                    let key = slot.index() * self.endpoints.len() + pod;
                    bearers.push(Bearer { key, causes, phase: *phase });
                }
            }
            bearers.sort_by_key(|bearer| bearer.key);
            self.failing_division.divide(failed, bearers.iter().copied(), self.causes, &mut self.outcome.failed_by);
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
            let cause = self.causes.number(slot.began_by(from));
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
        self.outcome.add_recovery(recovery.cause, recovery.phases.iter().sum());
    }

    fn count_pods(&mut self, now: SimTime) {
        let nanos = self.window.overlap(self.pods_since, now);
        self.outcome.pod_time += u128::from(self.pods.running) * u128::from(nanos);
        self.outcome.counted[Quantity::Pending] += u64::from(self.pods.unschedulable) * nanos;
        self.pods_since = now;
    }

    fn slot_changed(&mut self, now: SimTime, slot: SlotId, view: &SlotView) {
        self.advance(now);
        self.settle_slot(slot.index(), now);
        self.slots[slot.index()].view.clone_from(view);
    }

    fn endpoint_changed(&mut self, now: SimTime, pod: PodId, view: Option<&EndpointView>) {
        self.advance(now);
        if pod.index() >= self.endpoints.len() {
            self.endpoints.resize(pod.index() + 1, None);
        }
        if let Some(before) = self.endpoints[pod.index()].take() {
            self.in_rotation -= 1;
            self.delivering -= usize::from(before.serves);
            self.slots[before.slot.index()].delivering -= u32::from(before.serves);
        }
        if let Some(view) = view {
            self.in_rotation += 1;
            self.delivering += usize::from(view.serves);
            self.slots[view.slot.index()].delivering += u32::from(view.serves);
            self.endpoints[pod.index()] = Some(view.clone());
        }
    }

    fn slot_struck(&mut self, now: SimTime, slot: SlotId, fault: FaultId) {
        // The fault that begins a recovery strikes in its first instant, when the recovery is not there yet.
        self.settle_slot(slot.index(), now);
        let looks = &mut self.slots[slot.index()];
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
}

impl Observer for Measures {
    const HEARS_LOG: bool = false;

    fn observe(&mut self, at: SimTime, what: &Observed) {
        match what {
            Observed::SlotChanged { slot, view } => self.slot_changed(at, *slot, view),
            Observed::EndpointChanged { pod, view } => self.endpoint_changed(at, *pod, view.as_ref()),
            Observed::SlotStruck { slot, fault } => self.slot_struck(at, *slot, *fault),
            Observed::SlotFaultEnded { slot, fault } => self.slot_fault_ended(*slot, *fault),
            Observed::Reacted { slot } => self.reacted(at, *slot),
            Observed::ReadinessLost { while_serving: true, .. } => self.count(at, Quantity::NeedlessReadiness),
            Observed::ProbeKilled { by, needless: true, .. } => self.count(at, needless_kill(*by)),
            Observed::Restarted { .. } => self.count(at, Quantity::Restarts),
            Observed::Paged { .. } => self.count(at, Quantity::Pages),
            Observed::DeletedByHand { .. } => self.count(at, Quantity::Deletions),
            Observed::PodsChanged(counts) => {
                self.count_pods(at);
                self.pods = *counts;
            }
            Observed::ClockRan(spell) => {
                self.controls[spell.fault.index()].add(*spell, self.window.from, self.window.to);
            }
            Observed::ReadinessLost { .. } | Observed::ProbeKilled { .. } | Observed::Happened(_) => {}
        }
    }
}

impl Slot {
    /// Who began the recovery that begins at `from`: of several that are charged the one that has just struck, else the
    /// first.
    fn began_by(&self, from: SimTime) -> Cause {
        let causes = self.view.causes.as_slice();
        let struck = self.struck.filter(|&(_, at)| at == from).map(|(fault, _)| Cause::Fault(fault));
        struck.filter(|cause| causes.contains(cause)).or(causes.first().copied()).unwrap_or(Cause::Probe)
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

/// Divides `nanos` among the slots none of whose Pods delivers. Where each has one that does and more are wanted than there
/// are slots, the Deployment has not been started as it should be.
fn divide_among_slots(division: &mut Division, slots: &[Slot], causes: Causes, ledger: &mut Ledger, nanos: u64) {
    let missing = slots.iter().enumerate().filter(|(_, slot)| slot.delivering == 0);
    let bearers = missing.map(|(key, slot)| Bearer { key, causes: &slot.view.causes, phase: slot.view.phase });
    if bearers.clone().next().is_some() {
        division.divide(nanos, bearers, causes, ledger);
    } else {
        let nobody = CauseSet::from(Cause::Start);
        let bearer = Bearer { key: usize::MAX, causes: &nobody, phase: Phase::Reschedule };
        division.divide(nanos, std::iter::once(bearer), causes, ledger);
    }
}

#[cfg(test)]
#[path = "measure_tests.rs"]
mod tests;
