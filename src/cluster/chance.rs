//! Probes of a healthy container that fail by chance: found by geometric skipping (invariant 5).
//!
//! While a container is healthy each probe fails with the same small probability,
//! independently. Almost all such failures stand alone and change nothing. So a
//! [`Walk`] jumps from one failing burst to the next and stops where one of them
//! reaches the failure threshold. If the surroundings change before that, the same
//! walk is taken again, with the same draws, up to that instant.

use rand::Rng;

use super::prober::{Counter, InFlight, Observation, Worker};
use crate::random::{Stream, open_unit};
use crate::time::SimTime;

/// Bursts that one look-ahead examines. Few, as the surroundings change often and what was found beyond is lost.
const BURSTS: u32 = 8;

/// Where a walk ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The attempt at this instant fails and reaches the threshold.
    Threshold(SimTime),
    /// Nothing until here.
    Pause {
        /// Observations so far.
        counter: Counter,
        /// The next attempt, undecided.
        at: SimTime,
    },
    /// The limit was reached in this state.
    Cut {
        /// Observations so far.
        counter: Counter,
        /// The failing probe that is on its way, if one is.
        in_flight: Option<InFlight>,
        /// The next attempt (after the one on its way).
        next: SimTime,
    },
}

/// A look-ahead over a healthy container's probes.
#[derive(Debug, Clone, Copy)]
pub struct Walk {
    /// The first attempt.
    pub first: SimTime,
    /// Which draw of the worker's stream it uses.
    pub ordinal: u64,
}

impl Walk {
    /// Walks on from `worker`'s state, at most up to `limit` (attempts at `limit` are not made).
    pub fn take(self, worker: &Worker, stream: Stream, p: f64, limit: SimTime) -> End {
        let mut rng = stream.rng(self.ordinal);
        let inverse_log = 1.0 / libm::log1p(-p);
        let probe = *worker.probe();
        let mut counter = worker.counter();
        let mut at = self.first;
        // Where the attempts lie that follow the first one, which may stand off the grid.
        let step = |at: SimTime, n: u64| if n == 0 { at } else { worker.follows(at, at) + probe.period * (n - 1) };
        for _ in 0..BURSTS {
            let successes = geometric(&mut rng, inverse_log);
            let failing = step(at, successes);
            if failing >= limit {
                let n = if at >= limit { 0 } else { attempts_before(worker, at, limit) };
                counter.observe(Observation::Success, n);
                return End::Cut { counter, in_flight: None, next: step(at, n) };
            }
            counter.observe(Observation::Success, successes);
            at = failing;
            loop {
                let ends = at + probe.timeout;
                let next = worker.follows(at, ends);
                // An end at the limit itself is still to come: what changes the surroundings sorts before it.
                if ends >= limit {
                    let in_flight = Some(InFlight { sent: at, ends, answered: false });
                    return End::Cut { counter, in_flight, next };
                }
                if counter.observe(Observation::Failure, 1) >= probe.failure_threshold {
                    return End::Threshold(at);
                }
                at = next;
                if at >= limit {
                    return End::Cut { counter, in_flight: None, next: at };
                }
                if open_unit(&mut rng) >= p {
                    counter.observe(Observation::Success, 1);
                    at = worker.follows(at, at);
                    break;
                }
            }
        }
        End::Pause { counter, at }
    }
}

fn attempts_before(worker: &Worker, first: SimTime, limit: SimTime) -> u64 {
    let second = worker.follows(first, first);
    if second >= limit {
        return 1;
    }
    let period = worker.probe().period.as_nanos();
    2 + (limit.as_nanos() - 1 - second.as_nanos()) / period
}

/// Successes before the first failure; `inverse_log` is 1 / ln(1 − p).
fn geometric(rng: &mut impl Rng, inverse_log: f64) -> u64 {
    // Saturates for tiny p: later than any horizon.
    (libm::log(open_unit(rng)) * inverse_log) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Probe, ProbeKind};
    use crate::random::{Owner, Purpose, Streams};
    use crate::time::Duration;

    fn worker(timeout: u64, failures: u32) -> Worker {
        let probe = Probe {
            initial_delay: Duration::ZERO,
            timeout: Duration::from_secs(timeout),
            period: Duration::from_secs(5),
            success_threshold: 1,
            failure_threshold: failures,
            termination_grace: None,
        };
        Worker::long_healthy(ProbeKind::Readiness, probe, SimTime::ZERO, 1, SimTime::ZERO)
    }

    fn secs(s: u64) -> SimTime {
        SimTime::ZERO + Duration::from_secs(s)
    }

    /// Property: cut anywhere and walked on, a walk's state agrees with one that plays each burst.
    #[test]
    fn a_cut_walk_agrees_with_the_whole_one() {
        let stream = Streams::new(5, 0).stream(Owner::Slot(0), Purpose::ProbeFailure);
        for timeout in [1, 5, 12] {
            for ordinal in 0..200 {
                let worker = worker(timeout, 3);
                let walk = Walk { first: secs(5), ordinal };
                let End::Threshold(at) = walk.take(&worker, stream, 0.4, SimTime::NEVER) else { continue };
                let ends = at + Duration::from_secs(timeout);
                // Just before the failing probe ends it is in flight, and two failures stand before it.
                let before = SimTime::from_nanos(ends.as_nanos() - 1);
                let End::Cut { mut counter, in_flight, .. } = walk.take(&worker, stream, 0.4, before) else {
                    panic!("a walk is cut at its limit")
                };
                assert_eq!(in_flight, Some(InFlight { sent: at, ends, answered: false }));
                assert_eq!(counter.observe(Observation::Failure, 1), 3);
            }
        }
    }

    /// Validation: the mean number of probes until a run of F failures is (1 − p^F) / (p^F·(1 − p))
    /// (Feller, An Introduction to Probability Theory, vol. 1, XIII.7), within 3.3 standard errors (99.9 %).
    #[test]
    fn the_threshold_is_reached_as_often_as_it_should() {
        let stream = Streams::new(6, 0).stream(Owner::Slot(0), Purpose::ProbeFailure);
        let (p, failures, n) = (0.2f64, 2, 20_000u64);
        let mut ordinal = 0;
        let counts: Vec<f64> = (0..n)
            .map(|_| {
                let worker = worker(1, failures);
                let mut first = secs(5);
                loop {
                    ordinal += 1;
                    match (Walk { first, ordinal }).take(&worker, stream, p, SimTime::NEVER) {
                        End::Threshold(at) => return at.as_secs_f64() / 5.0,
                        // The state at a pause is that after a success, as at the beginning.
                        End::Pause { at, .. } => first = at,
                        End::Cut { .. } => unreachable!("no limit was given"),
                    }
                }
            })
            .collect();
        let mean = counts.iter().sum::<f64>() / n as f64;
        let sd = (counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
        let pf = p.powi(failures as i32);
        let exact = (1.0 - pf) / (pf * (1.0 - p));
        assert!((mean - exact).abs() < 3.3 * sd / (n as f64).sqrt(), "mean {mean}, exact {exact}");
    }
}
