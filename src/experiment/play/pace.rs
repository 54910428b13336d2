//! How fast an experiment is played and what that makes of the rest, for whoever waits. Nothing here alters a result.
//!
//! Workers note how far they are, also within a replication, which may take minutes; a watch in another thread reads it at
//! any moment. Scenarios differ in what they cost by orders of magnitude, so each is measured by itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::study::Study;

/// Parts of a replication in which progress is counted.
const PARTS: f64 = 1e9;

/// How far each scenario of an experiment has been played, and in how much time.
#[derive(Debug)]
pub struct Pace {
    begun: Instant,
    scenarios: Vec<Scenario>,
}

#[derive(Debug, Default)]
struct Scenario {
    /// Replications that this run plays at most.
    planned: AtomicU64,
    /// Parts of replications that are played.
    parts: AtomicU64,
    /// Nanoseconds that threads have spent on them.
    spent: AtomicU64,
}

impl Pace {
    /// Of the scenarios of this study, beginning now.
    pub fn of(study: &Study) -> Self {
        Self { begun: Instant::now(), scenarios: study.scenarios.iter().map(|_| Scenario::default()).collect() }
    }

    /// At most so many more replications are played of a scenario.
    pub(super) fn plan(&self, scenario: usize, more: u64) {
        let scenario = &self.scenarios[scenario];
        let played = scenario.parts.load(Ordering::Relaxed).div_ceil(PARTS as u64);
        scenario.planned.store(played + more, Ordering::Relaxed);
    }

    /// For a thread that plays replications of a scenario, beginning now.
    pub(super) fn meter(&self, scenario: usize) -> Meter<'_> {
        Meter { scenario: &self.scenarios[scenario], last: Instant::now(), part: 0, held: Duration::ZERO }
    }

    /// What is left, judged by what has been played; `None` before anything has.
    pub fn forecast(&self) -> Option<Forecast> {
        let seen: Vec<(f64, f64, f64)> = self.scenarios.iter().map(Scenario::read).collect();
        let spent: f64 = seen.iter().map(|(_, _, spent)| spent).sum();
        let costs = seen.iter().map(|&(_, played, spent)| (played > 0.0).then(|| spent / played));
        let known: Vec<f64> = costs.clone().flatten().collect();
        if spent <= 0.0 || known.is_empty() {
            return None;
        }
        // A scenario that has not been met yet costs as much as those that have, on average.
        let usual = known.iter().sum::<f64>() / known.len() as f64;
        // How long a second of a thread's work takes: less than one where several work, more where they wait.
        let threads = self.begun.elapsed().as_secs_f64() / spent;
        let costs: Vec<f64> = costs.map(|cost| cost.unwrap_or(usual) * threads).collect();
        let left = seen.iter().zip(&costs).map(|((planned, played, _), cost)| (planned - played).max(0.0) * cost).sum();
        Some(Forecast {
            left: seconds(left),
            replication_of_each: seconds(costs.iter().sum()),
            planned: seen.iter().map(|(planned, ..)| *planned as u64).max().unwrap_or(0),
            is_complete: known.len() == seen.len(),
        })
    }
}

impl Scenario {
    /// Replications that are planned, those played, and seconds spent on these.
    fn read(&self) -> (f64, f64, f64) {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed) as f64;
        (read(&self.planned), read(&self.parts) / PARTS, read(&self.spent) / 1e9)
    }
}

fn seconds(secs: f64) -> Duration {
    Duration::try_from_secs_f64(secs).unwrap_or(Duration::MAX)
}

/// What is left of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    /// The time that it still takes, if all is played that is planned.
    pub left: Duration,
    /// The time that one replication of every scenario takes.
    pub replication_of_each: Duration,
    /// The most replications that are planned of a scenario.
    pub planned: u64,
    /// Whether every scenario has been met.
    pub is_complete: bool,
}

/// Notes how far a thread has come with the replications of a scenario.
#[derive(Debug)]
pub(super) struct Meter<'p> {
    scenario: &'p Scenario,
    last: Instant,
    /// Parts of the present replication that are counted already.
    part: u64,
    /// What it took to set the present replication up. Early in a replication that says nothing about the rest of it.
    held: Duration,
}

impl Meter<'_> {
    /// This share of the present replication has been played.
    pub fn reached(&mut self, share: f64) {
        let part = ((share.clamp(0.0, 1.0) * PARTS) as u64).max(self.part);
        let now = Instant::now();
        let spent = now - self.last;
        if part == 0 {
            self.held += spent;
        } else {
            self.scenario.parts.fetch_add(part - self.part, Ordering::Relaxed);
            self.scenario.spent.fetch_add(spent.as_nanos() as u64, Ordering::Relaxed);
        }
        (self.part, self.last) = (part, now);
    }

    /// The present replication is over, the next one begins.
    pub fn next(&mut self) {
        self.reached(1.0);
        self.scenario.spent.fetch_add(self.held.as_nanos() as u64, Ordering::Relaxed);
        (self.part, self.held) = (0, Duration::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(scenarios: usize) -> Pace {
        Pace { begun: Instant::now(), scenarios: (0..scenarios).map(|_| Scenario::default()).collect() }
    }

    fn played(pace: &Pace, scenario: usize, replications: f64, secs: f64) {
        let scenario = &pace.scenarios[scenario];
        scenario.parts.fetch_add((replications * PARTS) as u64, Ordering::Relaxed);
        scenario.spent.fetch_add((secs * 1e9) as u64, Ordering::Relaxed);
    }

    /// Of what was spent, by one thread that never waits, so that the time since the beginning does not matter.
    fn relative(pace: &Pace) -> (f64, f64) {
        let spent: f64 = pace.scenarios.iter().map(|scenario| scenario.read().2).sum();
        let elapsed = pace.begun.elapsed().as_secs_f64();
        let Forecast { left, replication_of_each, .. } = pace.forecast().unwrap();
        let after = pace.begun.elapsed().as_secs_f64();
        assert!(after < 2.0 * elapsed + 1.0);
        let unit = after / spent;
        (left.as_secs_f64() / unit, replication_of_each.as_secs_f64() / unit)
    }

    #[test]
    fn each_scenario_is_judged_by_its_own_cost() {
        let pace = Pace { begun: Instant::now().checked_sub(Duration::from_secs(1_000)).unwrap(), ..with(3) };
        (0..3).for_each(|scenario| pace.plan(scenario, 100));
        assert_eq!(pace.forecast(), None);
        played(&pace, 0, 10.0, 1.0);
        played(&pace, 1, 0.25, 30.0);
        // 90 × 0.1 + 99.75 × 120, and of the third 100 × (0.1 + 120) / 2.
        let (left, each) = relative(&pace);
        assert!((left / (9.0 + 11_970.0 + 6_005.0) - 1.0).abs() < 0.01, "{left}");
        assert!((each / (0.1 + 120.0 + 60.05) - 1.0).abs() < 0.01, "{each}");
        assert!(!pace.forecast().unwrap().is_complete);
        pace.plan(1, 0);
        let (left, _) = relative(&pace);
        assert!((left / (9.0 + 90.0 + 6_005.0) - 1.0).abs() < 0.01, "{left}");
    }

    #[test]
    fn a_replication_counts_while_it_is_played() {
        let pace = with(1);
        pace.plan(0, 2);
        let mut meter = pace.meter(0);
        meter.reached(0.5);
        meter.reached(0.25);
        assert_eq!(pace.scenarios[0].parts.load(Ordering::Relaxed), 500_000_000);
        meter.next();
        meter.reached(0.5);
        assert_eq!(pace.scenarios[0].parts.load(Ordering::Relaxed), 1_500_000_000);
        assert!(pace.forecast().is_some_and(|forecast| forecast.planned == 2 && forecast.is_complete));
    }
}
