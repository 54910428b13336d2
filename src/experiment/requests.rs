//! The requests of a replication, in the time that is counted.

use crate::cluster;
use crate::model::Model;
use crate::time::{Duration, SimTime};

/// When requests come, counted from the end of the warm-up.
#[derive(Debug, Clone)]
pub(super) struct Requests {
    requests: cluster::Requests,
    warm_up: Duration,
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
    /// Those of a replication of `model`.
    pub fn counted(requests: cluster::Requests, model: &Model) -> Self {
        Self { requests, warm_up: model.warm_up }
    }

    fn at(&self, counted: u64) -> SimTime {
        SimTime::ZERO + self.warm_up + Duration::from_nanos(counted)
    }

    /// Requests a second that no instant between these has more of.
    pub fn most_between(&self, from: u64, to: u64) -> f64 {
        self.requests.most_between(self.at(from), self.at(to))
    }

    /// What comes between two instants of the counted time.
    pub fn between(&self, from: u64, to: u64) -> u64 {
        self.requests.until(self.at(to)) - self.requests.until(self.at(from))
    }

    /// The stretches from one instant to another.
    pub fn stretches(&self, from: u64, to: u64) -> impl Iterator<Item = Stretch> {
        let next = move |from: u64| {
            let (rate, until) = self.requests.rate(self.at(from));
            let end = until.since(self.at(0)).as_nanos();
            Stretch { from, to: end.min(to), rate }
        };
        std::iter::successors((from < to).then(|| next(from)), move |stretch| {
            (stretch.to < to).then(|| next(stretch.to))
        })
    }
}
