//! When requests come in a replication: time as they count it.

use crate::model::{self, Model, Traffic};
use crate::time::Duration;

/// The requests of a replication. An amount of them is told in nanoseconds of full traffic, in which as many come as do on average over
/// a week.
#[derive(Debug, Clone)]
pub(super) struct Requests {
    traffic: Box<Traffic>,
    /// When counting begins, since the beginning of a Monday.
    begins: u64,
}

/// A time in which as many requests come each second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    /// Nanoseconds since counting began.
    pub from: u64,
    pub to: u64,
    /// Requests a second.
    pub rate: f64,
}

impl Requests {
    /// Of a replication of `model` whose time 0 lies so long after the beginning of a Monday; `None` if nothing is said of them.
    pub fn new(model: &Model, week: Duration) -> Option<Self> {
        let traffic = Box::new(model.traffic.clone()?);
        Some(Self { traffic, begins: (week + model.warm_up).as_nanos() })
    }

    /// The most that come in a second of a week.
    pub fn peak(&self) -> f64 {
        self.traffic.peak()
    }

    /// What comes between two instants of the counted time.
    pub fn between(&self, from: u64, to: u64) -> u64 {
        self.traffic.come_until(self.begins + to) - self.traffic.come_until(self.begins + from)
    }

    /// The stretches from one instant to another.
    pub fn stretches(&self, from: u64, to: u64) -> impl Iterator<Item = Stretch> {
        let next = move |from: u64| {
            let model::Stretch { end, rate } = self.traffic.stretch(self.begins + from);
            Stretch { from, to: (end - self.begins).min(to), rate }
        };
        std::iter::successors((from < to).then(|| next(from)), move |stretch| {
            (stretch.to < to).then(|| next(stretch.to))
        })
    }
}
