//! An observer that writes the log of a replication down, and questions to ask of it.

use hasim::cluster::{Happening, Mode, Observed, Observer, watch};
use hasim::model::Model;
use hasim::time::SimTime;

/// What happened, each with its instant in seconds.
#[derive(Debug, Clone, Default)]
pub struct Film(pub Vec<(f64, Happening)>);

impl Observer for Film {
    fn observe(&mut self, at: SimTime, what: &Observed) {
        if let Observed::Happened(what) = what {
            self.0.push((at.as_secs_f64(), *what));
        }
    }
}

impl Film {
    /// One replication, until the end of the counted time.
    pub fn of(model: &Model, index: u64) -> Self {
        let end = SimTime::ZERO + model.warm_up + model.horizon;
        watch(model, 3, index, Mode::Fast, end, Self::default())
    }

    /// When it happened.
    pub fn when(&self, is: impl Fn(&Happening) -> bool) -> Vec<f64> {
        self.0.iter().filter(|(_, what)| is(what)).map(|(at, _)| *at).collect()
    }

    /// When it happened, at `from` or later.
    pub fn after(&self, from: f64, is: impl Fn(&Happening) -> bool) -> Vec<f64> {
        self.when(is).into_iter().filter(|at| *at >= from).collect()
    }

    /// When it happened, between two instants.
    pub fn between(&self, (from, to): (f64, f64), is: impl Fn(&Happening) -> bool) -> Vec<f64> {
        self.after(from, is).into_iter().filter(|at| *at < to).collect()
    }
}
