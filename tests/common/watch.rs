//! An observer that writes down what it is told, and questions to ask of what it wrote.

use hasim::cluster::{EndpointView, Mode, Observed, Observer, Phase, SlotView, watch};
use hasim::ids::{FaultId, PodId, SlotId};
use hasim::model::{Model, ProbeKind};
use hasim::time::SimTime;

/// Something that happened to a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Struck(FaultId),
    Ended(FaultId),
    Reacted,
    Lost,
    Killed(ProbeKind),
    Restarted,
    Paged,
    DeletedByHand,
    Looks(SlotView),
}

/// One line of the log; instants in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub at: f64,
    pub slot: usize,
    pub what: What,
}

/// Everything that happened to slots, in order, and to endpoints.
#[derive(Debug, Clone, Default)]
pub struct Log {
    pub entries: Vec<Entry>,
    pub endpoints: Vec<(f64, PodId, Option<EndpointView>)>,
    /// How many Pods run, from each change on.
    pub pods: Vec<(f64, u32)>,
}

impl Log {
    fn add(&mut self, now: SimTime, slot: SlotId, what: What) {
        self.entries.push(Entry { at: now.as_secs_f64(), slot: slot.index(), what });
    }

    /// When `is` first held for something that happened to the slot at `from` or later.
    pub fn first(&self, slot: usize, from: f64, is: impl Fn(&What) -> bool) -> Option<f64> {
        self.entries.iter().find(|e| e.slot == slot && e.at >= from && is(&e.what)).map(|e| e.at)
    }

    /// All instants at which `is` held for what happened to the slot.
    pub fn all(&self, slot: usize, is: impl Fn(&What) -> bool) -> Vec<f64> {
        self.entries.iter().filter(|e| e.slot == slot && is(&e.what)).map(|e| e.at).collect()
    }

    /// The first strike of any fault on the slot.
    pub fn struck(&self, slot: usize) -> Option<f64> {
        self.first(slot, 0.0, struck)
    }

    /// When the slot's view, as it was reported, first satisfied `is` at `from` or later.
    pub fn looked(&self, slot: usize, from: f64, is: impl Fn(&SlotView) -> bool) -> Option<f64> {
        self.first(slot, from, |what| matches!(what, What::Looks(view) if is(view)))
    }

    /// When the slot was first in this phase, at `from` or later.
    pub fn reached(&self, slot: usize, from: f64, phase: Phase) -> Option<f64> {
        self.looked(slot, from, |view| !view.delivers() && view.phase == phase)
    }

    /// When the kubelet found the slot's Pod Ready, at `from` or later: all that is left is the load balancer.
    pub fn ready(&self, slot: usize, from: f64) -> Option<f64> {
        self.reached(slot, from, Phase::EnterRotation)
    }

    /// The slot's view that was reported last before `until`.
    pub fn view_at(&self, slot: usize, until: f64) -> Option<SlotView> {
        let before = self.entries.iter().filter(|e| e.slot == slot && e.at < until);
        before.filter_map(|e| if let What::Looks(view) = &e.what { Some(view.clone()) } else { None }).next_back()
    }
}

pub fn struck(what: &What) -> bool {
    matches!(what, What::Struck(_))
}

pub fn killed(what: &What) -> bool {
    matches!(what, What::Killed(_))
}

pub fn ended(what: &What) -> bool {
    matches!(what, What::Ended(_))
}

impl Observer for Log {
    fn hears_log(&self) -> bool {
        false
    }

    fn observe(&mut self, at: SimTime, what: &Observed) {
        match what {
            Observed::SlotChanged { slot, view } => self.add(at, *slot, What::Looks(view.clone())),
            Observed::EndpointChanged { pod, view, .. } => self.endpoints.push((at.as_secs_f64(), *pod, view.clone())),
            Observed::SlotStruck { slot, fault } => self.add(at, *slot, What::Struck(*fault)),
            Observed::SlotFaultEnded { slot, fault } => self.add(at, *slot, What::Ended(*fault)),
            Observed::Reacted { slot } => self.add(at, *slot, What::Reacted),
            Observed::ReadinessLost { slot: Some(slot), .. } => self.add(at, *slot, What::Lost),
            Observed::ProbeKilled { slot: Some(slot), by, .. } => self.add(at, *slot, What::Killed(*by)),
            Observed::Restarted { slot: Some(slot), .. } => self.add(at, *slot, What::Restarted),
            Observed::PodsChanged { counts, .. } => self.pods.push((at.as_secs_f64(), counts.running)),
            Observed::Paged { slot } => self.add(at, *slot, What::Paged),
            Observed::DeletedByHand { slot } => self.add(at, *slot, What::DeletedByHand),
            Observed::SlotClosed { .. }
            | Observed::ReadinessLost { .. }
            | Observed::ProbeKilled { .. }
            | Observed::Restarted { .. }
            | Observed::OperationBegan { .. }
            | Observed::OperationSkipped { .. }
            | Observed::OperationEnded { .. }
            | Observed::EvictionsRefused { .. }
            | Observed::ClockRan(_)
            | Observed::Happened(_) => {}
        }
    }
}

/// Replication `index` of the model, played for so many seconds.
pub fn play(model: &Model, seed: u64, index: u64, seconds: f64) -> Log {
    watch(model, seed, index, Mode::Fast, SimTime::ZERO + super::secs(seconds), Log::default())
}

/// The first `n` replications, each for so many seconds.
pub fn play_many(model: &Model, seed: u64, n: u64, seconds: f64) -> Vec<Log> {
    (0..n).map(|index| play(model, seed, index, seconds)).collect()
}
