//! What an answer says of one scenario.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::difference::Difference;
use super::distribution::Distribution;
use super::estimate::Estimate;
use super::estimates::Estimates;
use super::load::LoadResult;
use super::operation::OperationResult;
use super::ordered_map::OrderedMap;
use super::removal::Removal;
use super::replay::OutageExample;
use super::uncertainty::Uncertainty;
use super::windows::WindowsResult;
use crate::history::{NamedCause, PerPhase, Phase};
use crate::study::Metric;

/// One scenario's numbers: those of the system, where several Deployments make it.
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
    /// The requests, where the experiment says how many come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadResult>,
    /// With `start: fresh`, from the creation until the service is available for the first time: outages and losses count
    /// from then. `censored` are the replications in which it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_available_s: Option<Distribution>,
    /// Length of the outages.
    pub time_to_recovery_s: Distribution,
    /// Outages to look at: those nearest to the median and the 95th percentile, and the longest.
    #[serde(default)]
    pub outage_examples: Vec<OutageExample>,
    /// Pod recoveries of all causes together, without what operations hand over from one Pod to the next.
    #[serde(default)]
    pub any_recovery_s: Distribution,
    /// Pod recoveries by the fault that began them (`probe` and `start` where none did).
    pub pod_recovery_s: OrderedMap<NamedCause, PodRecovery>,
    /// Fault to first reaction, by fault.
    pub detection_s: OrderedMap<String, Detection>,
    /// Changes that are made on purpose, by the name of the operation. Left out where there are none.
    #[serde(default, skip_serializing_if = "OrderedMap::is_empty")]
    pub operations: OrderedMap<String, OperationResult>,
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
    /// Of one of several Deployments: seconds a year in which the system was not available and this one was among those
    /// missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_s_per_year: Option<Estimate>,
    /// With several Deployments, each for itself, by the name that it has in the experiment: the same fields. Its causes are
    /// all faults; differences are to the same Deployment of the baseline.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workloads: Vec<ScenarioResult>,
}

impl ScenarioResult {
    /// One of its operations is hardly ever completed.
    pub fn blocks_operations(&self) -> bool {
        self.operations.iter().any(|(_, operation)| operation.is_blocked())
    }

    /// The loss whose causes are removed: the one that the objective counts, or the other where nothing of that was lost.
    pub fn loss_in_question(&self, objective: Metric) -> Metric {
        let [counted, other] = match objective {
            Metric::RequestSuccess => [Metric::FailedRequests, Metric::Downtime],
            _ => [Metric::Downtime, Metric::FailedRequests],
        };
        if self.attribution_of(counted).is_empty() { other } else { counted }
    }

    /// The causes of a loss, and what is charged to each.
    pub fn attribution_of(&self, loss: Metric) -> &[Attribution] {
        if loss == Metric::FailedRequests { &self.request_failure_attribution } else { &self.downtime_attribution }
    }

    /// Without its histograms, which are its largest part by far.
    #[must_use]
    pub fn without_histograms(mut self) -> Self {
        let forget = |distribution: &mut Distribution| distribution.histogram = Vec::new();
        forget(&mut self.time_to_recovery_s);
        self.first_available_s.iter_mut().for_each(forget);
        self.pod_recovery_s.0.iter_mut().for_each(|(_, recovery)| forget(&mut recovery.lengths));
        self.detection_s.0.iter_mut().for_each(|(_, detection)| forget(&mut detection.times));
        for (_, operation) in &mut self.operations.0 {
            forget(&mut operation.duration_s);
            forget(&mut operation.rolled_back_s);
        }
        if let Some(windows) = &mut self.windows {
            windows.downtime_s.histogram = Vec::new();
            windows.failed_request_s.histogram = Vec::new();
        }
        self.workloads = self.workloads.into_iter().map(Self::without_histograms).collect();
        self
    }

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
    /// The phase of the recovery; `null` of `overload`, which is none.
    pub phase: Option<Phase>,
    /// Seconds a year.
    pub s_per_year: f64,
}
