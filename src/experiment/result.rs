//! The answer of an experiment: what `results.json` holds, and all that a report is made from.
//!
//! Nothing in it differs between equal runs: no clock, no duration, no thread
//! count, no path. Floats are rounded to 12 digits when the result is made.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::assumption::Assumption;
use super::comparison::Comparison;
use super::estimates::Estimates;
use super::ordered_map::OrderedMap;
use super::removal::Removal;
use super::replay::{OutageExample, Replay};
use super::selection::SelectionResult;
use super::sensitivity::Sensitivity;
use super::target::Target;
use super::uncertainty::Uncertainty;
use crate::history::{NamedCause, PerPhase, Phase};
use crate::model::Fault;
use crate::stats::twelve_digits;
use crate::study::{Metric, Objective};

/// The answer of one experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExperimentResult {
    /// `hasim/v1`.
    #[serde(rename = "apiVersion")]
    pub api_version: String,
    /// `Results`.
    pub kind: String,
    /// Name of the experiment.
    pub experiment: String,
    /// Version of hasim.
    pub version: String,
    /// Seed.
    pub seed: u64,
    /// Counted time of each replication, in seconds.
    pub horizon_s: f64,
    /// Time played before counting, in seconds.
    pub warm_up_s: f64,
    /// Confidence level of every interval, for example 0.95.
    pub confidence: f64,
    /// What the service must achieve.
    pub objective: Objective,
    /// The keys of `vary`, in the order of the file.
    pub varied: Vec<String>,
    /// The scenario that others are compared with, by name.
    pub baseline: Option<String>,
    /// The run was stopped from outside: the numbers are those of the replications played until then. Left out if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// Every target of every scenario.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// What a comparison of two manifests came to; left out where it is none. Filled in by `hasim compare`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// What a search for the best scenario came to; left out where none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<SelectionResult>,
    /// The currency of `cost_per_year`, if the Cluster names one.
    #[serde(default)]
    pub currency: Option<String>,
    /// Where the experiment asks what matters: every parameter, in the order of the files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitivity: Vec<Sensitivity>,
    /// One entry per scenario, in the order of the grid.
    pub scenarios: Vec<ScenarioResult>,
    /// Outages that were played once more to be shown; filled in by the program that ends a run, as it takes the models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replays: Vec<Replay>,
    /// What `hasim estimate` assumed, that on which most hangs first; filled in by that command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumptions: Vec<Assumption>,
    /// What is in the inputs and not in the model, and what was assumed; each a sentence.
    pub notes: Vec<String>,
    /// The faults of the baseline (or first) scenario, for the legend of the reports.
    pub faults: Vec<FaultInfo>,
    /// The resolved inputs: enough to repeat the run.
    pub inputs: Value,
}

impl ExperimentResult {
    /// The scenarios of which one may be the best, by their order: all whose replicas have a place or, where there is none
    /// such, all.
    pub fn contenders(&self) -> Vec<usize> {
        contenders(self.scenarios.iter().map(|scenario| scenario.unplaceable))
    }
}

/// Of scenarios that are unplaceable or not.
pub(super) fn contenders(unplaceable: impl Iterator<Item = bool> + Clone) -> Vec<usize> {
    let all_are = unplaceable.clone().all(|unplaceable| unplaceable);
    unplaceable.enumerate().filter(|(_, unplaceable)| all_are || !unplaceable).map(|(number, _)| number).collect()
}

/// A fault, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultInfo {
    /// Its name.
    pub name: String,
    /// What it strikes and how, in words: `container crash`, `zone isolation`.
    pub strikes: String,
    /// Mean time in service between occurrences, in seconds; `null` for an entry of the script.
    pub every_mean_s: Option<f64>,
    /// Mean duration in seconds; `null` if it lasts until the restart.
    pub lasts_mean_s: Option<f64>,
    /// Where the numbers come from.
    pub source: String,
}

impl FaultInfo {
    /// What a result tells of this fault.
    pub(super) fn of(fault: &Fault) -> Self {
        Self {
            name: fault.name.clone(),
            strikes: fault.strikes.to_string(),
            every_mean_s: fault.every_mean().map(twelve_digits),
            lasts_mean_s: fault.lasts.as_ref().map(|law| twelve_digits(law.mean())),
            source: fault.source.clone(),
        }
    }
}

/// A mean over replications with its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Point estimate.
    pub mean: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// True where nothing was seen: then the interval is a bound, not an estimate.
    pub bound: bool,
    /// So few long outages carry the mean that another sample may have a quite different one; the interval allows for it,
    /// but its width is chance. Left out if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rests_on_few: bool,
}

impl Estimate {
    /// Nothing, and known to be nothing.
    pub const ZERO: Self = Self { mean: 0.0, low: 0.0, high: 0.0, bound: false, rests_on_few: false };

    /// Of a difference: chance alone does not explain it.
    pub fn is_told_apart(&self) -> bool {
        !self.bound && (self.low > 0.0 || self.high < 0.0)
    }
}

/// One scenario's numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioResult {
    /// Its name: the varied values, `replicas=2 readinessProbe.failureThreshold=3`, or `aidbox` where nothing varies.
    pub name: String,
    /// The value of every varied key.
    pub parameters: Map<String, Value>,
    /// No Node takes some of its replicas, although all Nodes are up: it is never chosen. Left out where all have a place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unplaceable: bool,
    /// Independent replications played.
    pub replications: u64,
    /// Every metric of the table, by its key.
    #[serde(flatten)]
    pub estimates: Estimates,
    /// With `start: fresh`, from the creation until the service is available for the first time: outages and losses count
    /// from then. `censored` are the replications in which it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_available_s: Option<Distribution>,
    /// Length of the outages.
    pub time_to_recovery_s: Distribution,
    /// Outages to look at: those nearest to the median and the 95th percentile, and the longest.
    #[serde(default)]
    pub outage_examples: Vec<OutageExample>,
    /// Pod recoveries of all causes together.
    #[serde(default)]
    pub any_recovery_s: Distribution,
    /// Pod recoveries by the fault that began them (`probe` and `start` where none did).
    pub pod_recovery_s: OrderedMap<NamedCause, PodRecovery>,
    /// Fault to first reaction, by fault.
    pub detection_s: OrderedMap<String, Detection>,
    /// Lost time over windows of the objective's length; `null` where the horizon holds none.
    #[serde(default)]
    pub windows: Option<WindowsResult>,
    /// Pod-hours a year, as they came: with Pods that wait, and with dead ones until they are deleted.
    pub pod_hours_per_year: f64,
    /// Node-hours a year: all Nodes, all the time.
    #[serde(default)]
    pub node_hours_per_year: f64,
    /// What a year costs: all Nodes, and `replicas` Pods as reserved; `null` if the Cluster has no prices.
    #[serde(default)]
    pub cost_per_year: Option<f64>,
    /// Downtime by cause; the parts add up to `downtime_s_per_year.mean`.
    pub downtime_attribution: Vec<Attribution>,
    /// Failed requests by cause; the parts add up to `failed_request_s_per_year.mean`.
    pub request_failure_attribution: Vec<Attribution>,
    /// What the removal of its largest causes would bring, one at a time; filled in by the program that ends a run, as it takes
    /// the models. Left out where nothing was played for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<Removal>,
    /// Where parameters are uncertain: what that alone makes of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<Uncertainty>,
    /// Against the baseline, where there is one and this is not it.
    pub difference_to_baseline: Option<Difference>,
}

impl ScenarioResult {
    /// All withdrawals and kills by probes that were for nothing. The parts depend on each other: their ends are added, which
    /// is never too narrow.
    pub fn needless_reactions(&self) -> Estimate {
        let parts = [Metric::NeedlessReadiness, Metric::NeedlessLiveness, Metric::NeedlessStartup];
        let sum = |of: fn(&Estimate) -> f64| parts.iter().map(|&metric| of(&self.estimates[metric])).sum();
        let bound = parts.iter().all(|&metric| self.estimates[metric].bound);
        let rests_on_few = parts.iter().any(|&metric| self.estimates[metric].rests_on_few);
        Estimate { mean: sum(|e| e.mean), low: sum(|e| e.low), high: sum(|e| e.high), bound, rests_on_few }
    }
}

/// Paired differences (this scenario less the baseline), replication by replication with the same faults.
///
/// The means are adjusted: what is due to more or fewer faults than their clocks would bring on average is taken off. So
/// they are not the differences of the printed means, but estimate the same thing with a smaller error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Of the downtime, in seconds a year.
    pub downtime_s_per_year: Estimate,
    /// Of the failed requests, in seconds of full traffic a year.
    pub failed_request_s_per_year: Estimate,
    /// The variance that the difference of the downtimes would have with faults of their own in either scenario, as a
    /// multiple of that of the mean given here: as many times the replications would be needed. `null` where no pair differs.
    #[serde(default)]
    pub downtime_variance_ratio: Option<f64>,
    /// The same of the failed requests.
    #[serde(default)]
    pub failed_request_variance_ratio: Option<f64>,
}

/// Time lost in a window: the counted time of every replication is divided into windows of equal length, laid end to end
/// from its beginning. What is left at the end and is no whole window does not count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowsResult {
    /// The length of a window in seconds: the objective's.
    pub length_s: f64,
    /// Windows of all replications.
    pub count: u64,
    /// Seconds without availability in a window.
    pub downtime_s: WindowLoss,
    /// Failed requests in a window, in seconds of full traffic.
    pub failed_request_s: WindowLoss,
    /// Probability that a window meets the SLO in the objective's metric; `null` if no SLO is stated.
    pub meets_slo: Option<Estimate>,
}

/// The distribution over windows of what is lost in one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowLoss {
    /// Its mean.
    pub mean: Estimate,
    /// Median.
    pub p50: Quantile,
    /// 95th percentile: one window of twenty is worse.
    pub p95: Quantile,
    /// 99th percentile.
    pub p99: Quantile,
    /// The worst window seen; more replications may show a worse one.
    pub worst: f64,
    /// The histogram behind it: `[seconds, windows]`, ascending, empty buckets left out.
    pub histogram: Vec<(f64, u64)>,
}

/// A quantile with its confidence interval, both to the width of a bucket (0.8 %). It is about as often too low as too high.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantile {
    /// The quantile of the sample.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval; where the replications are too few to give one, the length of the window, or `null` of
    /// what may last for ever.
    pub high: Option<f64>,
}

/// A distribution of spans of time. Quantiles come from a histogram with 1 % wide buckets.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Distribution {
    /// Complete samples.
    pub count: u64,
    /// Samples that had no end at the end of the replication.
    pub censored: u64,
    /// Mean of the complete samples in seconds; `null` without samples.
    pub mean: Option<f64>,
    /// Median of all, in seconds: those without an end are longer than any. `null` without samples, or where it has no end;
    /// so are the other quantiles.
    pub p50: Option<Quantile>,
    /// 90th percentile.
    pub p90: Option<Quantile>,
    /// 95th percentile.
    pub p95: Option<Quantile>,
    /// 99th percentile.
    pub p99: Option<Quantile>,
    /// Largest of the complete samples.
    pub max: Option<f64>,
    /// The histogram behind the charts: `[seconds, samples]`, ascending, empty buckets left out. None for several causes
    /// together, of which each has its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub histogram: Vec<(f64, u64)>,
}

/// Recoveries of Pods from one fault.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PodRecovery {
    /// Lengths.
    #[serde(flatten)]
    pub lengths: Distribution,
    /// Recoveries in which a further fault struck.
    pub overlapped: u64,
    /// Mean seconds in each phase, over the complete recoveries.
    pub phases: PerPhase<f64>,
}

/// Detections of one fault.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Detection {
    /// Fault to first reaction.
    #[serde(flatten)]
    pub times: Distribution,
    /// Occurrences that ended by themselves before any reaction.
    pub undetected: u64,
}

/// A part of the downtime or of the failed requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribution {
    /// The fault, or `probe`, or `start`.
    #[serde(rename = "fault")]
    pub cause: NamedCause,
    /// The phase of the recovery.
    pub phase: Phase,
    /// Seconds a year.
    pub s_per_year: f64,
}
