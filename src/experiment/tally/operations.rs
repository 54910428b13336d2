//! What the operations of many replications came to.

use serde::{Deserialize, Serialize};

use super::amounts::{micros, number};
use crate::experiment::outcome::OperationOutcome;
use crate::model::Fault;
use crate::stats::{Lengths, Moments};

/// One operation over all replications.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct OperationSums {
    /// So many of the causes that follow are what may be wrong with what it brings.
    #[serde(default)]
    pub flaws: usize,
    /// Of those that were completed; those whose end was not seen are endless.
    pub lengths: Lengths,
    /// Of those that brought something bad and were rolled back.
    pub rolled_back: Lengths,
    /// Another one has taken its place.
    pub superseded: u64,
    /// It has given up.
    pub gave_up: u64,
    /// It has left the Pods uneven over the zones.
    #[serde(default)]
    pub left_uneven: u64,
    /// It was completed, and Pods that had not left their Node went with its machine.
    #[serde(default)]
    pub forced: u64,
    /// It was due, and did not begin.
    pub skipped: u64,
    /// Evictions that were refused.
    pub refused: u64,
    /// By a number of Pods: how often so few of the Deployment's served in rotation at the least.
    pub least: Vec<u64>,
    /// How often it began in a replication.
    pub begun: Moments,
    /// How often it began in a replication and had something to do.
    pub at_work: Moments,
    /// What is charged to it and to its flaws in a replication, in microseconds, and times how often it had something to do.
    pub downtime: Charged,
    pub failed: Charged,
    /// In which they were under way and fewer Pods served than there are replicas.
    pub short: Charged,
}

/// A time of all operations of each replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Charged {
    /// In nanoseconds.
    pub sum: u128,
    /// In microseconds.
    pub moments: Moments,
    /// The sum of the products with how often it had something to do.
    pub products: u128,
}

impl OperationSums {
    /// Of no replication yet.
    pub fn empty(operation: &Fault) -> Self {
        Self { flaws: operation.bad.as_ref().map_or(0, |bad| bad.flaws), ..Self::default() }
    }

    /// Adds one replication, in which so many nanoseconds were charged to it.
    pub fn add(&mut self, outcome: &OperationOutcome, downtime: u64, failed: u64) {
        self.lengths.add(&outcome.complete.each, &outcome.complete.more, outcome.censored);
        self.rolled_back.add(&outcome.rolled_back.each, &outcome.rolled_back.more, 0);
        self.superseded += outcome.superseded;
        self.gave_up += outcome.gave_up;
        self.left_uneven += outcome.left_uneven;
        self.forced += outcome.forced;
        self.skipped += outcome.skipped;
        self.refused += outcome.refused;
        add_counts(&mut self.least, &outcome.least);
        let at_work = outcome.at_work();
        self.begun.add(number(outcome.begun()));
        self.at_work.add(number(at_work));
        self.downtime.add(downtime, at_work);
        self.failed.add(failed, at_work);
        self.short.add(outcome.short, at_work);
    }

    /// How many found nothing to do.
    pub fn nothing_to_evict(&self) -> u64 {
        u64::try_from(self.begun.sum() - self.at_work.sum()).unwrap_or_default()
    }

    /// Takes as little room as can be.
    pub fn pack(&mut self) {
        self.lengths.pack();
        self.rolled_back.pack();
    }

    /// Adds every replication of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.lengths.merge(&other.lengths);
        self.rolled_back.merge(&other.rolled_back);
        self.superseded += other.superseded;
        self.gave_up += other.gave_up;
        self.left_uneven += other.left_uneven;
        self.forced += other.forced;
        self.skipped += other.skipped;
        self.refused += other.refused;
        add_counts(&mut self.least, &other.least);
        self.begun.merge(&other.begun);
        self.at_work.merge(&other.at_work);
        self.downtime.merge(&other.downtime);
        self.failed.merge(&other.failed);
        self.short.merge(&other.short);
    }
}

impl Charged {
    fn add(&mut self, nanos: u64, at_work: u64) {
        let micros = micros(nanos);
        self.sum += u128::from(nanos);
        self.moments.add(micros);
        self.products += u128::from(micros.unsigned_abs()) * u128::from(at_work);
    }

    fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.moments.merge(&other.moments);
        self.products += other.products;
    }

    /// The correlation with how often the operation had something to do.
    pub fn correlation(&self, at_work: &Moments) -> f64 {
        let n = at_work.count() as f64;
        let variance = |moments: &Moments| moments.variance().unwrap_or(0.0);
        let both = (variance(&self.moments) * variance(at_work)).sqrt();
        let shared = (self.products as f64 - n * self.moments.mean() * at_work.mean()) / (n - 1.0).max(1.0);
        if both > 0.0 { (shared / both).clamp(-1.0, 1.0) } else { 0.0 }
    }
}

fn add_counts(sums: &mut Vec<u64>, new: &[u64]) {
    if sums.len() < new.len() {
        sums.resize(new.len(), 0);
    }
    sums.iter_mut().zip(new).for_each(|(sum, new)| *sum += new);
}
