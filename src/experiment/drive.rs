//! Plays one replication to its end: the counted window, then on until nothing that began in it is open.

use super::measure::Measures;
use super::outcome::Outcome;
use crate::cluster::{Mode, Observer, Replication};
use crate::model::Model;
use crate::time::{Duration, SimTime};

/// A replication that can be played on, watched by [`Measures`].
pub trait Play {
    /// Plays every event before `until`, then sets the clock there.
    fn run_until(&mut self, until: SimTime);
    /// Plays the earliest event before `until`; false if there is none.
    fn step(&mut self, until: SimTime) -> bool;
    /// Tells what watches how far the clocks of faults have run.
    fn tell_clocks(&mut self);
    /// The present instant.
    fn now(&self) -> SimTime;
    /// What watches.
    fn measures(&mut self) -> &mut Measures;
}

impl<O: Observer> Play for Replication<'_, (Measures, O)> {
    fn run_until(&mut self, until: SimTime) {
        Replication::run_until(self, until);
    }

    fn step(&mut self, until: SimTime) -> bool {
        Replication::step(self, until)
    }

    fn tell_clocks(&mut self) {
        Replication::tell_clocks(self);
    }

    fn now(&self) -> SimTime {
        Replication::now(self)
    }

    fn measures(&mut self) -> &mut Measures {
        &mut self.observer_mut().0
    }
}

/// Plays and measures one replication: a function of model, seed and index (invariant 1).
pub fn replicate(model: &Model, seed: u64, index: u64) -> Outcome {
    let observer = (Measures::new(model), ());
    drive(&mut Replication::new(model, seed, index, Mode::Fast, observer), model.horizon)
}

/// Plays `replication` to the end of the counted window, and at most one `horizon` further.
pub fn drive(replication: &mut impl Play, horizon: Duration) -> Outcome {
    let end = replication.measures().end();
    let last = end + horizon;
    replication.run_until(end);
    replication.tell_clocks();
    while is_open(replication) {
        if !replication.step(last) {
            // Nothing more happens: what is open stays open.
            replication.run_until(last);
            break;
        }
        if !is_open(replication) {
            // The instant is over only when all its events have been played.
            let next = replication.now() + Duration::from_nanos(1);
            replication.run_until(next);
        }
    }
    let now = replication.now();
    let outcome = replication.measures().finish(now);
    if cfg!(debug_assertions) {
        outcome.assert_consistent();
    }
    outcome
}

fn is_open(replication: &mut impl Play) -> bool {
    let now = replication.now();
    replication.measures().has_open(now)
}

#[cfg(test)]
#[path = "drive_tests.rs"]
mod tests;
