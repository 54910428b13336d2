//! Many outcomes of one scenario, merged exactly: sums of whole numbers and histograms, so any order and any grouping
//! give the same summary, and its size does not grow with their number.

use serde::{Deserialize, Serialize};

use super::amounts::{micros, number};
use super::operations::OperationSums;
use super::windows::Windows;
use crate::experiment::examples::Examples;
use crate::experiment::ledger::Causes;
use crate::experiment::outcome::Outcome;
use crate::history::{Cause, Phase};
use crate::ids::FaultId;
use crate::model::{Model, Start};
use crate::stats::{Lengths, Moments, Spans};
use crate::study::{Objective, PerQuantity, Quantity};

/// What the replications of one scenario come to together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub(in crate::experiment) causes: Causes,
    pub(in crate::experiment) replications: u64,
    pub(in crate::experiment) totals: PerQuantity<Total>,
    /// Nanoseconds, cell by cell of the ledgers.
    pub(in crate::experiment) downtime_by: Vec<u128>,
    pub(in crate::experiment) failed_by: Vec<u128>,
    pub(in crate::experiment) outage_lengths: Lengths,
    pub(in crate::experiment) outage_examples: Examples,
    /// Pod recoveries of all causes.
    pub(in crate::experiment) recovery_lengths: Lengths,
    pub(in crate::experiment) recoveries: Vec<Recoveries>,
    pub(in crate::experiment) detections: Vec<Detections>,
    pub(in crate::experiment) pod_time: u128,
    /// Of a system that was created at time 0: when it was available for the first time, in nanoseconds.
    pub(in crate::experiment) first_available: Option<Lengths>,
    pub(in crate::experiment) windows: Windows,
    /// Of one of several Deployments: the downtime of the system in which it was missing.
    pub(in crate::experiment) missing: Total,
    /// Every operation, in the order of the model, by the number of the cause.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::experiment) operations: Vec<(usize, OperationSums)>,
}

/// What all replications counted of one quantity.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Total {
    /// Nanoseconds or events.
    pub sum: u128,
    /// Moments of what a replication counts, for the intervals: in microseconds or events.
    pub moments: Moments,
}

impl Total {
    fn add(&mut self, quantity: Quantity, counted: u128) {
        self.sum += counted;
        self.moments.add(if quantity.is_time() { micros(counted) } else { number(counted) });
    }

    fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.moments.merge(&other.moments);
    }
}

/// Pod recoveries from one cause.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Recoveries {
    pub lengths: Lengths,
    pub overlapped: u64,
    pub phases: [u128; Phase::OF_RECOVERY.len()],
}

/// Detections of one fault.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Detections {
    pub times: Lengths,
    pub undetected: u64,
}

impl Summary {
    /// The summary of no replication of `model` yet.
    pub fn empty(model: &Model, objective: &Objective) -> Self {
        let faults = model.faults.len();
        let causes = Causes::new(faults);
        let cells = causes.count() * Phase::ALL.len();
        let operations = model.faults.ids().filter(|&fault| model.faults[fault].strikes.is_operation());
        Self {
            causes,
            replications: 0,
            totals: PerQuantity::default(),
            downtime_by: vec![0; cells],
            failed_by: vec![0; cells],
            outage_lengths: Lengths::default(),
            outage_examples: Examples::default(),
            recovery_lengths: Lengths::default(),
            recoveries: vec![Recoveries::default(); causes.count()],
            detections: vec![Detections::default(); faults],
            pod_time: 0,
            first_available: (model.start == Start::Fresh).then(Lengths::default),
            windows: Windows::empty(model, objective),
            missing: Total::default(),
            operations: operations.map(|fault| (fault.index(), OperationSums::empty(&model.faults[fault]))).collect(),
        }
    }

    /// Whether it can be that of a scenario with so many faults.
    pub(in crate::experiment) fn fits(&self, faults: usize) -> bool {
        let causes = Causes::new(faults);
        let cells = causes.count() * Phase::ALL.len();
        self.causes == causes
            && self.recoveries.len() == causes.count()
            && self.detections.len() == faults
            && self.downtime_by.len() == cells
            && self.failed_by.len() == cells
            && self.operations.iter().all(|(fault, sums)| *fault < faults && sums.flaws < faults - fault)
            && self.totals[Quantity::Outages].sum >= u128::from(self.outage_lengths.spans().count())
    }

    /// How many replications it holds.
    pub fn replications(&self) -> u64 {
        self.replications
    }

    /// Adds one replication, the `index`-th.
    pub fn add(&mut self, index: u64, outcome: &Outcome) {
        assert_eq!(self.causes, outcome.causes);
        self.replications += 1;
        for (quantity, total) in self.totals.iter_mut() {
            total.add(quantity, outcome.amount(quantity));
        }
        add_cells(&mut self.downtime_by, outcome.downtime_by.cells());
        add_cells(&mut self.failed_by, outcome.failed_by.cells());
        let outages = outcome.counted(Quantity::Outages);
        let ended = outcome.outage_lengths.len() as u64 + outcome.more.outages.count();
        self.outage_lengths.add(&outcome.outage_lengths, &outcome.more.outages, outages - ended);
        let (lengths, others) = (&outcome.outage_lengths, &outcome.more.outage_examples);
        self.outage_examples.add(index, lengths, others, outcome.unended_outage, outages);
        // What an operation hands over on purpose is no recovery: a release would make all look quick.
        let recovers = |cause: usize| self.operations.iter().all(|(operation, _)| *operation != cause);
        let its = outcome.recovery_lengths.iter().filter(|(cause, _)| recovers(*cause as usize));
        let all: Vec<u64> = its.map(|recovery| recovery.1).collect();
        let causes = || (0..outcome.recoveries.len()).filter(|cause| recovers(*cause));
        let mut more = Spans::default();
        causes().for_each(|cause| more.merge(&outcome.more.recoveries[cause]));
        let censored = causes().map(|cause| outcome.recoveries[cause].censored).sum();
        self.recovery_lengths.add(&all, &more, censored);
        for (cause, (sums, new)) in self.recoveries.iter_mut().zip(&outcome.recoveries).enumerate() {
            let (lengths, more) = (lengths_of(cause, &outcome.recovery_lengths), &outcome.more.recoveries[cause]);
            sums.lengths.add(&lengths, more, new.censored);
            sums.overlapped += new.overlapped;
            add_cells(&mut sums.phases, &new.phases);
        }
        for (fault, (sums, new)) in self.detections.iter_mut().zip(&outcome.detections).enumerate() {
            let (lengths, more) = (lengths_of(fault, &outcome.detection_times), &outcome.more.detections[fault]);
            sums.times.add(&lengths, more, new.censored);
            sums.undetected += new.undetected;
        }
        self.pod_time += outcome.pod_time;
        if let Some(times) = &mut self.first_available {
            times.add(
                outcome.first_available.as_slice(),
                &Spans::default(),
                u64::from(outcome.first_available.is_none()),
            );
        }
        self.windows.add(&outcome.downtime_windows, &outcome.failed_windows);
        self.windows.add_alerts(&outcome.alerts);
        self.missing.add(Quantity::Downtime, u128::from(outcome.missing));
        for ((number, sums), outcome_of) in self.operations.iter_mut().zip(&outcome.operations) {
            let causes = || (*number..=*number + sums.flaws).map(|number| Cause::Fault(FaultId::new(number)));
            let downtime = causes().map(|cause| outcome.downtime_charged_to(cause)).sum();
            let failed = causes().map(|cause| outcome.failed_charged_to(cause)).sum();
            sums.add(outcome_of, downtime, failed);
        }
    }

    /// Microseconds of downtime of a replication.
    pub(in crate::experiment) fn downtime_moments(&self) -> &Moments {
        &self.totals[Quantity::Downtime].moments
    }

    /// Microseconds of full traffic that failed in a replication.
    pub(in crate::experiment) fn failed_moments(&self) -> &Moments {
        &self.totals[Quantity::FailedRequests].moments
    }

    /// Takes as little room as can be, until the next replication is added: a batch of every scenario may have to wait for the
    /// last of them.
    pub(in crate::experiment) fn pack(&mut self) {
        self.outage_lengths.pack();
        self.recovery_lengths.pack();
        self.recoveries.iter_mut().for_each(|recoveries| recoveries.lengths.pack());
        self.detections.iter_mut().for_each(|detections| detections.times.pack());
        self.operations.iter_mut().for_each(|(_, operation)| operation.pack());
    }

    /// Adds every replication of `other`.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.causes, other.causes);
        self.replications += other.replications;
        for (quantity, total) in self.totals.iter_mut() {
            total.merge(&other.totals[quantity]);
        }
        add_cells(&mut self.downtime_by, &other.downtime_by);
        add_cells(&mut self.failed_by, &other.failed_by);
        self.outage_lengths.merge(&other.outage_lengths);
        self.outage_examples.merge(&other.outage_examples);
        self.recovery_lengths.merge(&other.recovery_lengths);
        for (sums, new) in self.recoveries.iter_mut().zip(&other.recoveries) {
            sums.lengths.merge(&new.lengths);
            sums.overlapped += new.overlapped;
            add_cells(&mut sums.phases, &new.phases);
        }
        for (sums, new) in self.detections.iter_mut().zip(&other.detections) {
            sums.times.merge(&new.times);
            sums.undetected += new.undetected;
        }
        self.pod_time += other.pod_time;
        if let (Some(ours), Some(theirs)) = (&mut self.first_available, &other.first_available) {
            ours.merge(theirs);
        }
        self.windows.merge(&other.windows);
        self.missing.merge(&other.missing);
        for ((_, sums), (_, new)) in self.operations.iter_mut().zip(&other.operations) {
            sums.merge(new);
        }
    }
}

/// The lengths of one cause, or fault.
fn lengths_of(number: usize, all: &[(u32, u64)]) -> Vec<u64> {
    all.iter().filter(|one| one.0 as usize == number).map(|one| one.1).collect()
}

fn add_cells<T: Copy + Into<u128>>(sums: &mut [u128], new: &[T]) {
    for (sum, &nanos) in sums.iter_mut().zip(new) {
        *sum += nanos.into();
    }
}
