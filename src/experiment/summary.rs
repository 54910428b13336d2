//! Many outcomes of one scenario, merged exactly: sums of whole numbers and histograms, so any order and any grouping
//! give the same summary, and its size does not grow with their number.

use serde::{Deserialize, Serialize};

use super::examples::Examples;
use super::ledger::Causes;
use super::outcome::{Needless, Outcome};
use super::windows::Windows;
use crate::cluster::Phase;
use crate::model::Model;
use crate::spec::Objective;
use crate::stats::{Moments, Spans};

/// What the replications of one scenario come to together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub(super) causes: Causes,
    pub(super) replications: u64,
    /// Nanoseconds.
    pub(super) downtime_sum: u128,
    /// Nanoseconds of full traffic.
    pub(super) failed_sum: u128,
    /// Of the same, in microseconds: for the intervals.
    pub(super) downtime: Moments,
    pub(super) failed: Moments,
    /// Nanoseconds, cell by cell of the ledgers.
    pub(super) downtime_by: Vec<u128>,
    pub(super) failed_by: Vec<u128>,
    pub(super) outages: Moments,
    pub(super) outage_lengths: Spans,
    pub(super) outage_examples: Examples,
    pub(super) recoveries: Vec<Recoveries>,
    pub(super) detections: Vec<Detections>,
    pub(super) needless_readiness: Moments,
    pub(super) needless_liveness: Moments,
    pub(super) needless_startup: Moments,
    pub(super) restarts: Moments,
    pub(super) pod_time: u128,
    pub(super) windows: Windows,
}

/// Pod recoveries from one cause.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Recoveries {
    pub(super) lengths: Spans,
    pub(super) censored: u64,
    pub(super) overlapped: u64,
    pub(super) phases: [u128; Phase::ALL.len()],
}

/// Detections of one fault.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Detections {
    pub(super) times: Spans,
    pub(super) undetected: u64,
    pub(super) censored: u64,
}

impl Summary {
    /// Of no replication of `model` yet.
    pub fn empty(model: &Model, objective: &Objective) -> Self {
        let faults = model.faults.len();
        let causes = Causes::new(faults);
        let cells = causes.count() * Phase::ALL.len();
        Self {
            causes,
            replications: 0,
            downtime_sum: 0,
            failed_sum: 0,
            downtime: Moments::default(),
            failed: Moments::default(),
            downtime_by: vec![0; cells],
            failed_by: vec![0; cells],
            outages: Moments::default(),
            outage_lengths: Spans::default(),
            outage_examples: Examples::default(),
            recoveries: vec![Recoveries::default(); causes.count()],
            detections: vec![Detections::default(); faults],
            needless_readiness: Moments::default(),
            needless_liveness: Moments::default(),
            needless_startup: Moments::default(),
            restarts: Moments::default(),
            pod_time: 0,
            windows: Windows::empty(model, objective),
        }
    }

    /// Whether it can be that of a scenario with so many faults.
    pub(super) fn fits(&self, faults: usize) -> bool {
        let causes = Causes::new(faults);
        let cells = causes.count() * Phase::ALL.len();
        self.causes == causes
            && self.recoveries.len() == causes.count()
            && self.detections.len() == faults
            && self.downtime_by.len() == cells
            && self.failed_by.len() == cells
            && self.outages.sum() >= i128::from(self.outage_lengths.count())
    }

    /// How many replications it holds.
    pub fn replications(&self) -> u64 {
        self.replications
    }

    /// Adds one replication, the `index`-th.
    pub fn add(&mut self, index: u64, outcome: &Outcome) {
        debug_assert_eq!(self.causes, outcome.causes);
        self.replications += 1;
        self.downtime_sum += u128::from(outcome.downtime);
        self.failed_sum += u128::from(outcome.failed);
        self.downtime.add(micros(outcome.downtime));
        self.failed.add(micros(outcome.failed));
        add_cells(&mut self.downtime_by, outcome.downtime_by.cells());
        add_cells(&mut self.failed_by, outcome.failed_by.cells());
        self.outages.add(number(outcome.outages));
        outcome.outage_lengths.iter().for_each(|&nanos| self.outage_lengths.add(nanos));
        self.outage_examples.add(index, outcome);
        for (sums, new) in self.recoveries.iter_mut().zip(&outcome.recoveries) {
            sums.censored += new.censored;
            sums.overlapped += new.overlapped;
            add_cells(&mut sums.phases, &new.phases);
        }
        for &(cause, nanos) in &outcome.recovery_lengths {
            self.recoveries[cause as usize].lengths.add(nanos);
        }
        for (sums, new) in self.detections.iter_mut().zip(&outcome.detections) {
            sums.undetected += new.undetected;
            sums.censored += new.censored;
        }
        for &(fault, nanos) in &outcome.detection_times {
            self.detections[fault as usize].times.add(nanos);
        }
        let Needless { readiness, liveness, startup } = outcome.needless;
        self.needless_readiness.add(number(readiness));
        self.needless_liveness.add(number(liveness));
        self.needless_startup.add(number(startup));
        self.restarts.add(number(outcome.restarts));
        self.pod_time += outcome.pod_time;
        self.windows.add(&outcome.downtime_windows, &outcome.failed_windows);
    }

    /// Adds every replication of `other`.
    pub fn merge(&mut self, other: &Self) {
        debug_assert_eq!(self.causes, other.causes);
        self.replications += other.replications;
        self.downtime_sum += other.downtime_sum;
        self.failed_sum += other.failed_sum;
        self.downtime.merge(&other.downtime);
        self.failed.merge(&other.failed);
        add_cells(&mut self.downtime_by, &other.downtime_by);
        add_cells(&mut self.failed_by, &other.failed_by);
        self.outages.merge(&other.outages);
        self.outage_lengths.merge(&other.outage_lengths);
        self.outage_examples.merge(&other.outage_examples);
        for (sums, new) in self.recoveries.iter_mut().zip(&other.recoveries) {
            sums.lengths.merge(&new.lengths);
            sums.censored += new.censored;
            sums.overlapped += new.overlapped;
            add_cells(&mut sums.phases, &new.phases);
        }
        for (sums, new) in self.detections.iter_mut().zip(&other.detections) {
            sums.times.merge(&new.times);
            sums.undetected += new.undetected;
            sums.censored += new.censored;
        }
        self.needless_readiness.merge(&other.needless_readiness);
        self.needless_liveness.merge(&other.needless_liveness);
        self.needless_startup.merge(&other.needless_startup);
        self.restarts.merge(&other.restarts);
        self.pod_time += other.pod_time;
        self.windows.merge(&other.windows);
    }
}

/// Nanoseconds to the nearest microsecond; but what is not zero stays so, as `nothing seen` hangs on it.
pub(super) fn micros(nanos: u64) -> i64 {
    if nanos == 0 { 0 } else { number((nanos + 500) / 1_000).max(1) }
}

/// As the moments take it.
fn number(events: u64) -> i64 {
    i64::try_from(events).expect("nothing is counted so often")
}

fn add_cells<T: Copy + Into<u128>>(sums: &mut [u128], new: &[T]) {
    for (sum, &nanos) in sums.iter_mut().zip(new) {
        *sum += nanos.into();
    }
}
