//! Plays one replication to its end: the counted window, then on until nothing that began in it is open.

use std::ops::ControlFlow;

use super::measure::Measures;
use super::outcome::Outcome;
use crate::cluster::{Mode, Replication, Requests};
use crate::history::Observer;
use crate::model::Model;
use crate::random::Streams;
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

/// Measures, and somebody else who watches the same replication.
type Beside<'o, O> = (Measures, &'o mut O);

impl<O: Observer + ?Sized> Play for Replication<'_, Beside<'_, O>> {
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

/// Hears now and then which share of a replication has been played. If it answers that this is enough, the replication is
/// given up.
pub type Watcher<'r> = dyn FnMut(f64) -> ControlFlow<()> + 'r;

fn measures(model: &Model, seed: u64, index: u64) -> Measures {
    Measures::with_requests(model, Requests::new(model, Streams::new(seed, index)).as_ref())
}

/// Plays and measures one replication: a function of model, seed and index (invariant 1).
pub fn replicate(model: &Model, seed: u64, index: u64) -> Outcome {
    let watch = (measures(model, seed, index), &mut ());
    drive(&mut Replication::new(model, seed, index, Mode::Fast, watch), model.horizon)
}

/// Like [`replicate`], for somebody who waits; `None` where that is given up.
pub fn replicate_watched(model: &Model, seed: u64, index: u64, reached: &mut Watcher<'_>) -> Option<Outcome> {
    let watch = (measures(model, seed, index), &mut ());
    let mut replication = Replication::new(model, seed, index, Mode::Fast, watch);
    drive_watched(&mut replication, model.horizon, reached)
}

/// Like [`replicate`], in any mode, and watched by somebody else, too; the outcome, and when it was over.
pub fn replicate_beside(
    model: &Model,
    seed: u64,
    index: u64,
    mode: Mode,
    other: &mut dyn Observer,
) -> (Outcome, SimTime) {
    let mut replication = Replication::new(model, seed, index, mode, (measures(model, seed, index), other));
    let outcome = drive(&mut replication, model.horizon);
    let end = replication.now();
    replication.into_observer();
    (outcome, end)
}

/// Plays `replication` to the end of the counted window, and at most one `horizon` further.
pub fn drive(replication: &mut impl Play, horizon: Duration) -> Outcome {
    drive_watched(replication, horizon, &mut |_| ControlFlow::Continue(())).expect("it is not given up")
}

fn drive_watched(replication: &mut impl Play, horizon: Duration, reached: &mut Watcher<'_>) -> Option<Outcome> {
    /// Events after the end of the counted window between two words with who waits.
    const MANY: u64 = 1 << 16;
    let end = replication.measures().end();
    let last = end + horizon;
    // The replication has been set up.
    if reached(0.0).is_break() {
        return None;
    }
    for share in shares() {
        replication.run_until(end.min(SimTime::from_nanos((end.as_nanos() as f64 * share) as u64)));
        if reached(share).is_break() {
            return None;
        }
    }
    replication.run_until(end);
    replication.tell_clocks();
    let mut events = 0u64;
    let mut open = is_open(replication);
    while open {
        events += 1;
        if events.is_multiple_of(MANY) && reached(1.0).is_break() {
            return None;
        }
        if !replication.step(last) {
            // Nothing more happens: what is open stays open.
            replication.run_until(last);
            break;
        }
        open = is_open(replication);
        if !open {
            // The instant is over only when all its events have been played.
            let next = replication.now() + Duration::from_nanos(1);
            replication.run_until(next);
            open = is_open(replication);
        }
    }
    let now = replication.now();
    let outcome = replication.measures().finish(now);
    outcome.assert_consistent();
    Some(outcome)
}

/// After which shares of a replication it tells how far it is: at first very early, as a replication may take hours, each
/// time after twice as much as before; then sixteen times in all.
fn shares() -> impl Iterator<Item = f64> {
    const FIRST: i32 = -20;
    const STEPS: i32 = 16;
    let early = (FIRST..-4).map(|power| f64::from(power).exp2());
    early.chain((1..STEPS).map(|step| f64::from(step) / f64::from(STEPS)))
}

fn is_open(replication: &mut impl Play) -> bool {
    let now = replication.now();
    replication.measures().has_open(now)
}

#[cfg(test)]
#[path = "drive_tests.rs"]
mod tests;
