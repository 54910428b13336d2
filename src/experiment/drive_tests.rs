//! Tests of the driver with a replication that follows a script.

use super::{Play, drive};
use crate::experiment::sample::{deliver, model};
use crate::experiment::{Measures, Outcome};
use crate::study::Quantity;
use crate::time::{Duration, SimTime};

/// One slot that goes down and up at these nanoseconds; every change is an event.
struct Script {
    now: SimTime,
    changes: Vec<(u64, bool)>,
    played: usize,
    measures: Measures,
}

impl Play for Script {
    fn run_until(&mut self, until: SimTime) {
        while self.step(until) {}
        self.now = until;
    }

    fn step(&mut self, until: SimTime) -> bool {
        let Some(&(nanos, delivers)) = self.changes.get(self.played) else { return false };
        let now = SimTime::from_nanos(nanos);
        if now >= until {
            return false;
        }
        self.played += 1;
        self.now = now;
        deliver(&mut self.measures, now, 0, delivers);
        true
    }

    fn tell_clocks(&mut self) {}

    fn now(&self) -> SimTime {
        self.now
    }

    fn measures(&mut self) -> &mut Measures {
        &mut self.measures
    }
}

/// Counted from 0 to before 1,000.
fn played(changes: &[(u64, bool)]) -> Outcome {
    let mut all = vec![(0, true)];
    all.extend_from_slice(changes);
    let measures = Measures::new(&model(1, 1, 1, 0, 1_000));
    let mut script = Script { now: SimTime::ZERO, changes: all, played: 0, measures };
    drive(&mut script, Duration::from_nanos(1_000))
}

#[test]
fn an_outage_is_followed_to_its_end_and_not_a_step_further() {
    let outcome = played(&[(900, false), (1_400, true), (1_500, false)]);
    assert_eq!((outcome.counted[Quantity::Downtime], outcome.counted[Quantity::Outages]), (100, 1));
    assert_eq!(outcome.outage_lengths, [500]);
}

#[test]
fn it_is_followed_one_horizon_at_most() {
    assert_eq!(played(&[(900, false), (1_999, true)]).outage_lengths, [1_099]);
    for late in [played(&[(900, false), (2_000, true)]), played(&[(900, false)])] {
        assert_eq!((late.counted[Quantity::Outages], late.outage_lengths.len()), (1, 0));
        assert_eq!(late.recoveries[0].censored, 1);
        assert_eq!(late.counted[Quantity::Downtime], 100, "integrals stop at the horizon");
    }
}

#[test]
fn an_instant_is_played_whole() {
    // Up and down again in one instant is not the end.
    let outcome = played(&[(900, false), (1_100, true), (1_100, false), (1_200, true)]);
    assert_eq!(outcome.outage_lengths, [300]);
}
