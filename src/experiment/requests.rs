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
    /// Nanoseconds of full traffic that come in it.
    pub come: u64,
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

    /// The stretches from one instant to another in which more than so many come each second.
    pub fn stretches(&self, from: u64, to: u64, above: f64) -> impl Iterator<Item = Stretch> {
        let mut at = self.at(from);
        let end = self.at(to);
        // What has come until then, if that is known.
        let mut come: Option<u64> = None;
        std::iter::from_fn(move || {
            if above >= 0.0 {
                let next = self.requests.first_outside(at, end, (0.0, above))?;
                come = come.filter(|_| next == at);
                at = next;
            }
            if at >= end {
                return None;
            }
            let (rate, until) = self.requests.rate(at);
            let until = until.min(end);
            let (before, after) = (come.unwrap_or_else(|| self.requests.until(at)), self.requests.until(until));
            let counted = |at: SimTime| at.since(self.at(0)).as_nanos();
            let stretch = Stretch { from: counted(at), to: counted(until), rate, come: after - before };
            (at, come) = (until, Some(after));
            Some(stretch)
        })
    }
}
