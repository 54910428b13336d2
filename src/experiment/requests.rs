//! The requests of a replication, by their stretches.

use crate::cluster;
use crate::model::Model;
use crate::time::{Duration, SimTime};

/// When requests come.
#[derive(Debug, Clone)]
pub(super) struct Requests {
    requests: cluster::Requests,
    warm_up: Duration,
}

/// A time in which as many requests come each second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    pub from: SimTime,
    pub to: SimTime,
    /// Requests a second.
    pub rate: f64,
    /// Nanoseconds of full traffic that come in it.
    pub come: u64,
}

/// Stretches of time, one after the other.
#[derive(Debug)]
pub(super) struct Stretches<'a> {
    requests: &'a cluster::Requests,
    at: SimTime,
    end: SimTime,
    /// What has come until then, if that is known.
    come: Option<u64>,
}

impl Requests {
    /// Those of a replication of `model`.
    pub fn counted(requests: cluster::Requests, model: &Model) -> Self {
        Self { requests, warm_up: model.warm_up }
    }

    /// Requests a second that no instant between these has more of.
    pub fn most_between(&self, from: SimTime, to: SimTime) -> f64 {
        self.requests.most_between(from, to)
    }

    /// What comes between two instants, in nanoseconds of full traffic.
    pub fn between(&self, from: SimTime, to: SimTime) -> u64 {
        self.requests.until(to) - self.requests.until(from)
    }

    /// The same of two instants of the counted time, in nanoseconds since it began.
    pub fn counted_between(&self, from: u64, to: u64) -> u64 {
        let at = |counted| SimTime::ZERO + self.warm_up + Duration::from_nanos(counted);
        self.between(at(from), at(to))
    }

    /// The stretches from one instant to another.
    pub fn stretches(&self, from: SimTime, to: SimTime) -> Stretches<'_> {
        Stretches { requests: &self.requests, at: from, end: to, come: None }
    }
}

impl Stretches<'_> {
    /// The next one in which more than so many come each second.
    pub fn next_above(&mut self, rate: f64) -> Option<Stretch> {
        if rate >= 0.0 {
            let next = self.requests.first_outside(self.at, self.end, (0.0, rate))?;
            self.come = self.come.filter(|_| next == self.at);
            self.at = next;
        }
        if self.at >= self.end {
            return None;
        }
        let (rate, until) = self.requests.rate(self.at);
        let (from, to) = (self.at, until.min(self.end));
        let (before, after) = (self.come.unwrap_or_else(|| self.requests.until(from)), self.requests.until(to));
        (self.at, self.come) = (to, Some(after));
        Some(Stretch { from, to, rate, come: after - before })
    }
}
