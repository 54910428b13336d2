//! What a slot goes through, written down, and the questions that closed forms ask of it. Instants in seconds.

use rayon::prelude::*;

use crate::cluster::{Mode, Observer, Phase, Replication, SlotView};
use crate::ids::{FaultId, SlotId};
use crate::model::{Model, ProbeKind};
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
    Looks(SlotView),
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
        let is = |what: &What| matches!(what, What::Looks(view) if !view.delivers() && view.phase == phase);
        self.0.iter().find(|(at, what)| *at >= from && is(what)).map(|(at, _)| *at)
    }

    /// When the kubelet found the Pod Ready, at `from` or later: all that is left is the load balancer.
    pub fn ready(&self, from: f64) -> Option<f64> {
        self.reached(from, Phase::EnterRotation)
    }

    /// When it first delivered, at `from` or later.
    pub fn delivers(&self, from: f64) -> Option<f64> {
        let is = |what: &What| matches!(what, What::Looks(view) if view.delivers());
        self.0.iter().find(|(at, what)| *at >= from && is(what)).map(|(at, _)| *at)
    }
}

impl Observer for Log {
    fn slot_changed(&mut self, now: SimTime, slot: SlotId, view: SlotView) {
        self.add(now, slot, What::Looks(view));
    }
    fn fault_struck(&mut self, now: SimTime, slot: SlotId, _fault: FaultId) {
        self.add(now, slot, What::Struck);
    }
    fn fault_ended(&mut self, now: SimTime, slot: SlotId, _fault: FaultId) {
        self.add(now, slot, What::Ended);
    }
    fn reacted(&mut self, now: SimTime, slot: SlotId) {
        self.add(now, slot, What::Reacted);
    }
    fn readiness_lost(&mut self, now: SimTime, slot: SlotId, _while_serving: bool) {
        self.add(now, slot, What::Lost);
    }
    fn probe_killed(&mut self, now: SimTime, slot: SlotId, _by: ProbeKind, _needless: bool) {
        self.add(now, slot, What::Killed);
    }
    fn restarted(&mut self, now: SimTime, slot: SlotId) {
        self.add(now, slot, What::Restarted);
    }
}

/// One replication, played for so many seconds.
pub fn play_one(model: &Model, seed: u64, index: u64, seconds: f64) -> Log {
    let mut replication = Replication::new(model, seed, index, Mode::Fast, Log::default());
    replication.run_until(SimTime::ZERO + Duration::from_secs_f64(seconds));
    replication.into_observer()
}

/// The first `n` replications.
pub fn play(model: &Model, seed: u64, n: u64, seconds: f64) -> Vec<Log> {
    (0..n).into_par_iter().map(|index| play_one(model, seed, index, seconds)).collect()
}
