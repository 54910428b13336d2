//! What a slot goes through, written down, and the questions that closed forms ask of it. Instants in seconds.

use rayon::prelude::*;

use crate::cluster::{Mode, Observed, Observer, Phase, watch_unchecked};
use crate::ids::SlotId;
use crate::model::Model;
use crate::time::{Duration, SimTime};

/// Something that happened to the one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Struck,
    Ended,
    Reacted,
    Lost,
    Killed,
    Restarted,
    Looks { delivers: bool, phase: Phase },
}

/// Everything that happened to slot 0, in order.
#[derive(Debug, Clone, Default)]
pub struct Log(Vec<(f64, What)>);

impl Log {
    fn add(&mut self, now: SimTime, slot: SlotId, what: What) {
        if slot.index() == 0 {
            self.0.push((now.as_secs_f64(), what));
        }
    }

    /// All instants at which this happened.
    pub fn all(&self, what: What) -> Vec<f64> {
        self.0.iter().filter(|(_, w)| *w == what).map(|(at, _)| *at).collect()
    }

    /// The first of them at `from` or later.
    pub fn first(&self, from: f64, what: What) -> Option<f64> {
        self.0.iter().find(|(at, w)| *at >= from && *w == what).map(|(at, _)| *at)
    }

    /// When the slot, not delivering, was first in this phase, at `from` or later.
    pub fn reached(&self, from: f64, phase: Phase) -> Option<f64> {
        let is = |what: &What| matches!(what, What::Looks { delivers: false, phase: reached } if *reached == phase);
        self.0.iter().find(|(at, what)| *at >= from && is(what)).map(|(at, _)| *at)
    }

    /// When the kubelet found the Pod Ready, at `from` or later: all that is left is the load balancer.
    pub fn ready(&self, from: f64) -> Option<f64> {
        self.reached(from, Phase::EnterRotation)
    }

    /// When it first delivered, at `from` or later.
    pub fn delivers(&self, from: f64) -> Option<f64> {
        let is = |what: &What| matches!(what, What::Looks { delivers: true, .. });
        self.0.iter().find(|(at, what)| *at >= from && is(what)).map(|(at, _)| *at)
    }
}

impl Observer for Log {
    fn hears_log(&self) -> bool {
        false
    }

    fn observe(&mut self, at: SimTime, what: &Observed) {
        match what {
            Observed::SlotChanged { slot, view } => {
                self.add(at, *slot, What::Looks { delivers: view.delivers(), phase: view.phase });
            }
            Observed::SlotStruck { slot, .. } => self.add(at, *slot, What::Struck),
            Observed::SlotFaultEnded { slot, .. } => self.add(at, *slot, What::Ended),
            Observed::Reacted { slot } => self.add(at, *slot, What::Reacted),
            Observed::ReadinessLost { slot: Some(slot), .. } => self.add(at, *slot, What::Lost),
            Observed::ProbeKilled { slot: Some(slot), .. } => self.add(at, *slot, What::Killed),
            Observed::Restarted { slot: Some(slot), .. } => self.add(at, *slot, What::Restarted),
            // Of no slot.
            Observed::EndpointChanged { .. }
            | Observed::SlotClosed { .. }
            | Observed::Paged { .. }
            | Observed::DeletedByHand { .. }
            | Observed::ReadinessLost { .. }
            | Observed::ProbeKilled { .. }
            | Observed::Restarted { .. }
            | Observed::PodsChanged { .. }
            | Observed::OperationBegan { .. }
            | Observed::OperationSkipped { .. }
            | Observed::OperationEnded { .. }
            | Observed::EvictionsRefused { .. }
            | Observed::ClockRan(_)
            | Observed::Happened(_) => {}
        }
    }
}

/// One replication, played for so many seconds.
pub fn play_one(model: &Model, seed: u64, index: u64, seconds: f64) -> Log {
    let until = SimTime::ZERO + Duration::from_secs_f64(seconds);
    watch_unchecked(model, seed, index, Mode::Fast, until, Log::default())
}

/// The first `n` replications.
pub fn play(model: &Model, seed: u64, n: u64, seconds: f64) -> Vec<Log> {
    (0..n).into_par_iter().map(|index| play_one(model, seed, index, seconds)).collect()
}
