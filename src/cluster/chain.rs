//! A chain of jittered periods whose k-th point follows from k alone (invariant 5):
//! lease renewals (N1) and node status updates (N2).
//!
//! Kubernetes adds up periods `min·U[1, 1+j)`. Here the k-th point is `offset + k·mean`
//! displaced by a uniform draw of its own, so neighbours are between `min` and `max`
//! apart, the mean period is the same, and the last point before any instant is found
//! without playing those in between.

use crate::random::Stream;
use crate::time::{Duration, SimTime};

/// A chain of jittered periods.
#[derive(Debug, Clone, Copy)]
pub struct Chain {
    stream: Stream,
    offset: u64,
    mean: u64,
    jitter: u64,
}

impl Chain {
    /// Points between `min` and `max` apart, in a phase drawn from `stream`.
    pub fn new(stream: Stream, min: Duration, max: Duration) -> Self {
        let mean = u64::midpoint(min.as_nanos(), max.as_nanos());
        let jitter = (max.as_nanos() - min.as_nanos()) / 2;
        let offset = (stream.uniform(0) * mean as f64) as u64;
        Self { stream, offset, mean, jitter }
    }

    fn point(self, k: u64) -> SimTime {
        let displacement = (self.stream.uniform(k + 1) * self.jitter as f64) as u64;
        SimTime::from_nanos(self.offset + k * self.mean + displacement)
    }

    /// The last point before `t`; the start of the replication if there is none.
    pub fn last_before(self, t: SimTime) -> SimTime {
        let Some(past) = t.as_nanos().checked_sub(self.offset) else { return SimTime::ZERO };
        let k = past / self.mean;
        if self.point(k) < t {
            self.point(k)
        } else if k > 0 {
            self.point(k - 1)
        } else {
            SimTime::ZERO
        }
    }

    /// The first point at or after `t`.
    pub fn at_or_after(self, t: SimTime) -> SimTime {
        let k = t.as_nanos().saturating_sub(self.offset) / self.mean;
        if self.point(k) >= t { self.point(k) } else { self.point(k + 1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Owner, Purpose, Streams};

    /// N2 is such a chain, too.
    #[test]
    fn n1_neighbours_keep_their_distance_and_are_found_from_anywhere() {
        let stream = Streams::new(3, 0).stream(Owner::Node { zone: 0, index: 0 }, Purpose::Lease);
        let (min, max) = (Duration::from_secs(10), Duration::from_millis(10_400));
        let chain = Chain::new(stream, min, max);
        let mut t = chain.at_or_after(SimTime::ZERO);
        for _ in 0..1000 {
            let next = chain.at_or_after(t + Duration::from_nanos(1));
            assert!((min..=max).contains(&next.since(t)));
            assert_eq!(chain.last_before(next), t);
            assert_eq!(chain.last_before(next + Duration::from_nanos(1)), next);
            assert_eq!(chain.at_or_after(next), next);
            t = next;
        }
    }
}
