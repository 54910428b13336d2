//! What one replication comes to: whole numbers only.

use super::examples::Examples;
use super::ledger::{Causes, Ledger};
use super::overflow::{MOST, Overflow};
use super::windows::Losses;
use crate::history::{Cause, Phase};
use crate::stats::{Control, Spans};
use crate::study::{PerQuantity, Quantity};
use crate::time::SimTime;

/// The outcome of one replication, in nanoseconds and numbers of events, all within the counted window; outages,
/// recoveries and detections belong to it by their beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub(super) causes: Causes,
    pub(super) counted: PerQuantity<u64>,
    pub(super) downtime_by: Ledger,
    pub(super) failed_by: Ledger,
    pub(super) downtime_windows: Losses,
    pub(super) failed_windows: Losses,
    /// How often each burn-rate alert of the SLO fired; none without an SLO.
    pub(super) alerts: Vec<u64>,
    /// Lengths of those that ended, as far as they are kept one by one.
    pub(super) outage_lengths: Vec<u64>,
    /// How long the last one lasted, if it had no end by then.
    pub(super) unended_outage: Option<u64>,
    pub(super) recoveries: Vec<Recoveries>,
    /// Cause and length of every complete Pod recovery, in the order of their ends, as far as they are kept one by one.
    pub(super) recovery_lengths: Vec<(u32, u64)>,
    pub(super) detections: Vec<Detections>,
    /// Fault and length of every detection, as far as they are kept one by one.
    pub(super) detection_times: Vec<(u32, u64)>,
    /// The lengths beyond those.
    pub(super) more: Overflow,
    /// Nanoseconds of Pods that ran, and of Pods that no Node could take: in a year of six hundred, more than there are in 64 bits.
    pub(super) pod_time: u128,
    pub(super) pending_time: u128,
    /// Of a system that was created at time 0: when it was available for the first time, in nanoseconds.
    pub(super) first_available: Option<u64>,
    /// Of each fault; the excess in millionths.
    pub(super) controls: Vec<Control>,
    /// Of each operation, in the order of the model.
    pub(super) operations: Vec<OperationOutcome>,
    /// Of one of several Deployments: nanoseconds in which the system was not available and this one was missing.
    pub(super) missing: u64,
    /// Where several Deployments make the system: those of each. Theirs have none.
    pub(super) workloads: Vec<Outcome>,
}

/// What one operation has come to, each time that it began in the counted window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OperationOutcome {
    /// Of those that were completed, from the beginning on.
    pub complete: Times,
    /// What it brought was bad, and was rolled back: from its beginning until the rollback was complete.
    pub rolled_back: Times,
    /// Another one has taken its place.
    pub superseded: u64,
    /// It has given up.
    pub gave_up: u64,
    /// It was completed, and Pods that had not left their Node went with its machine.
    pub forced: u64,
    /// A drain that has found no Pod on its Node.
    pub nothing_to_evict: u64,
    /// It had not ended by the end of the replication.
    pub censored: u64,
    /// It was due in the counted window, and did not begin.
    pub skipped: u64,
    /// It was over, and left the Pods of a Deployment uneven over the zones; of those that had something to do and were not superseded.
    pub left_uneven: u64,
    /// Evictions that were refused within the counted window.
    pub refused: u64,
    /// By a number of Pods: how often so few of the Deployment's served in rotation at the least; of those that had something to
    /// do and were not superseded.
    pub least: Vec<u64>,
    /// Nanoseconds in which they were under way and fewer Pods of the Deployment, or of any, served in rotation than it has replicas;
    /// of those that had something to do.
    pub short: u64,
}

/// Lengths of time in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Times {
    /// As far as they are kept one by one.
    pub each: Vec<u64>,
    /// Those beyond.
    pub more: Spans,
}

impl Times {
    /// One more.
    pub(super) fn add(&mut self, nanos: u64) {
        if self.each.len() < MOST {
            self.each.push(nanos);
        } else {
            self.more.add(nanos);
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.each.len() as u64 + self.more.count()
    }
}

impl OperationOutcome {
    /// So few Pods served in rotation; `None` where no time has passed.
    pub(super) fn count_least(&mut self, least: Option<usize>) {
        if let Some(least) = least {
            if self.least.len() <= least {
                self.least.resize(least + 1, 0);
            }
            self.least[least] += 1;
        }
    }

    /// How often it began.
    pub fn begun(&self) -> u64 {
        self.at_work() + self.nothing_to_evict
    }

    /// How often it began and had something to do.
    pub fn at_work(&self) -> u64 {
        self.complete.count() + self.rolled_back.count() + self.superseded + self.gave_up + self.censored
    }
}

/// Pod recoveries from one cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Recoveries {
    pub(super) censored: u64,
    /// Of the complete and the censored ones.
    pub(super) overlapped: u64,
    /// Over the complete ones.
    pub(super) phases: [u64; Phase::OF_RECOVERY.len()],
}

/// Occurrences of one fault that no reaction closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Detections {
    pub(super) undetected: u64,
    pub(super) censored: u64,
}

impl Outcome {
    /// Nothing yet, in a model with so many faults.
    pub(super) fn empty(faults: usize) -> Self {
        let causes = Causes::new(faults);
        Self {
            causes,
            counted: PerQuantity::default(),
            downtime_by: Ledger::new(causes),
            failed_by: Ledger::new(causes),
            downtime_windows: Losses::new(),
            failed_windows: Losses::new(),
            alerts: Vec::new(),
            outage_lengths: Vec::new(),
            unended_outage: None,
            recoveries: vec![Recoveries::default(); causes.count()],
            recovery_lengths: Vec::new(),
            detections: vec![Detections::default(); faults],
            detection_times: Vec::new(),
            more: Overflow::none(causes.count(), faults),
            pod_time: 0,
            pending_time: 0,
            first_available: None,
            controls: Vec::new(),
            operations: Vec::new(),
            missing: 0,
            workloads: Vec::new(),
        }
    }

    /// Nothing has been lost and no outage has been, before `now`, when the service was available for the first time.
    pub(super) fn forget_losses(&mut self, now: SimTime) {
        for quantity in [
            Quantity::Downtime,
            Quantity::FailedRequests,
            Quantity::Outages,
            Quantity::ShedRequests,
            Quantity::LateRequests,
            Quantity::Overloaded,
        ] {
            self.counted[quantity] = 0;
        }
        self.downtime_by = Ledger::new(self.causes);
        self.failed_by = Ledger::new(self.causes);
        self.outage_lengths.clear();
        self.more.outages = Spans::default();
        self.more.outage_examples = Examples::default();
        self.first_available = Some(now.as_nanos());
    }

    /// An outage has ended.
    pub(super) fn add_outage(&mut self, nanos: u64) {
        if self.outage_lengths.len() < MOST {
            self.outage_lengths.push(nanos);
        } else {
            self.more.outages.add(nanos);
            self.more.outage_examples.add_one(MOST as u64 + self.more.outages.count(), nanos);
        }
    }

    /// A Pod has recovered.
    pub(super) fn add_recovery(&mut self, cause: usize, nanos: u64) {
        if self.recovery_lengths.len() < MOST {
            self.recovery_lengths.push((cause as u32, nanos));
        } else {
            self.more.recoveries[cause].add(nanos);
        }
    }

    /// A fault has been detected.
    pub(super) fn add_detection(&mut self, fault: usize, nanos: u64) {
        if self.detection_times.len() < MOST {
            self.detection_times.push((fault as u32, nanos));
        } else {
            self.more.detections[fault].add(nanos);
        }
    }

    /// How much of a quantity was counted: nanoseconds or events.
    pub fn counted(&self, quantity: Quantity) -> u64 {
        u64::try_from(self.amount(quantity)).unwrap_or(u64::MAX)
    }

    /// The same, however much it is.
    pub(super) fn amount(&self, quantity: Quantity) -> u128 {
        if quantity == Quantity::Pending { self.pending_time } else { u128::from(self.counted[quantity]) }
    }

    /// How much of the downtime is charged to a cause, in nanoseconds.
    pub fn downtime_charged_to(&self, cause: Cause) -> u64 {
        self.downtime_by.of(self.causes, cause)
    }

    /// How much of the failed requests is charged to a cause, in nanoseconds of full traffic.
    pub fn failed_charged_to(&self, cause: Cause) -> u64 {
        self.failed_by.of(self.causes, cause)
    }

    /// How often each burn-rate alert of the SLO fired, the faster first; none without an SLO.
    pub fn alerts(&self) -> &[u64] {
        &self.alerts
    }

    /// When the service was available for the first time, in nanoseconds since time 0; `None` of a running system, or if it
    /// never was.
    pub fn first_available(&self) -> Option<u64> {
        self.first_available
    }

    /// Lengths of the outages that ended, in nanoseconds and in their order; the first 20,000, like the next two.
    pub fn outage_lengths(&self) -> &[u64] {
        &self.outage_lengths
    }

    /// Of each fault, how often its clocks struck in the counted window, and in millionths how much more often than was to be
    /// expected of the hazard they met: the mean of this excess is exactly zero. Both are always 0 for scripts and for laws
    /// whose hazard has no closed form.
    pub fn controls(&self) -> &[Control] {
        &self.controls
    }

    /// Cause, by number (the faults, `probe`, `start`), and length in nanoseconds of every complete Pod recovery.
    pub fn recovery_lengths(&self) -> &[(u32, u64)] {
        &self.recovery_lengths
    }

    /// Fault, by number, and length in nanoseconds of every detection.
    pub fn detection_times(&self) -> &[(u32, u64)] {
        &self.detection_times
    }

    /// Of one of several Deployments: nanoseconds in which the system was not available and this one was among those missing.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// What each operation has come to, in the order of the model.
    pub fn operations(&self) -> &[OperationOutcome] {
        &self.operations
    }

    /// Where several Deployments make the system: the outcome of each.
    pub fn workloads(&self) -> &[Self] {
        &self.workloads
    }

    /// What must hold of every outcome: the parts add up to their totals, in whole nanoseconds.
    pub fn assert_consistent(&self) {
        let sum = |ledger: &Ledger| ledger.cells().iter().sum::<u64>();
        assert_eq!(sum(&self.downtime_by), self.counted[Quantity::Downtime], "the parts of the downtime add up");
        assert_eq!(
            sum(&self.failed_by),
            self.counted[Quantity::FailedRequests],
            "the parts of the failed requests add up"
        );
        let in_windows = |losses: &Losses| losses.iter().map(|(amount, windows)| amount * windows).sum::<u64>();
        assert!(
            in_windows(&self.downtime_windows) <= self.counted[Quantity::Downtime],
            "windows hold no more than was lost"
        );
        // Where it is said how many requests come, a window's loss is told as the part of its own.
        assert!(
            self.counted[Quantity::Requests] > 0
                || in_windows(&self.failed_windows) <= self.counted[Quantity::FailedRequests],
            "windows hold no more than was lost"
        );
        let mut lengths: Vec<u128> = self.more.recoveries.iter().map(Spans::sum).collect();
        for &(cause, length) in &self.recovery_lengths {
            lengths[cause as usize] += u128::from(length);
        }
        for (recoveries, lengths) in self.recoveries.iter().zip(lengths) {
            let phases = recoveries.phases.iter().map(|&nanos| u128::from(nanos)).sum::<u128>();
            assert_eq!(phases, lengths, "the phases of the recoveries add up");
        }
        self.workloads.iter().for_each(Self::assert_consistent);
    }
}
