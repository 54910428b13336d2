//! What the requests come to, where it is said how many there are.

use serde::{Deserialize, Serialize};

use super::scale::Scale;
use crate::experiment::tally::Summary;
use crate::model::{DAYS, Model, Workload, YEAR};
use crate::results::{AutoscalerResult, LoadResult};
use crate::stats::twelve_digits;
use crate::study::{Metric, Quantity};

/// The requests of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadFacts {
    mean_rate: f64,
    peak_rate: f64,
    /// In the largest surge at the peak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    surge_rate: Option<f64>,
    /// Hours since the beginning of Monday.
    peak_hour: usize,
    rate_by_hour: Vec<f64>,
    zones: u32,
    /// Of each Deployment: requests a second that a Pod answers, and its replicas.
    workloads: Vec<(Option<f64>, u32)>,
    /// How often a request is sent at most, and of each Deployment the requests a second to a Pod from which on an overload stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    most_tries: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    persists_above: Vec<Option<f64>>,
    /// In some Deployment requests wait.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    has_queues: bool,
    /// Of each Deployment the bounds of its autoscaler, if one has any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bounds: Vec<Option<(u32, u32)>>,
}

impl LoadFacts {
    /// Those of a model, if it says how many come.
    pub fn of(model: &Model) -> Option<Self> {
        let traffic = model.traffic.as_ref()?;
        let workloads = model.workloads.iter().map(|one| (one.pod.main().app.capacity, one.replicas)).collect();
        let bounds = |workload: &Workload| workload.autoscaler.as_ref().map(|scaler| (scaler.min, scaler.max));
        let mut bounds: Vec<Option<(u32, u32)>> = model.workloads.iter().map(bounds).collect();
        if bounds.iter().all(Option::is_none) {
            bounds.clear();
        }
        let most_tries = traffic.clients.most_sent();
        let persists = |workload: &Workload| workload.pod.main().app.persists_above(&traffic.clients);
        let mut persists_above: Vec<Option<f64>> = model.workloads.iter().map(persists).collect();
        if persists_above.iter().all(Option::is_none) {
            persists_above.clear();
        }
        Some(Self {
            most_tries: (most_tries > 1.0).then_some(most_tries),
            persists_above,
            has_queues: model.workloads.iter().any(|workload| workload.pod.main().app.queue.is_some()),
            mean_rate: traffic.rate(),
            peak_rate: traffic.peak(),
            surge_rate: traffic.surge_peak(),
            peak_hour: traffic.peak_hour(),
            rate_by_hour: traffic.by_hour().map(twelve_digits).collect(),
            zones: model.cluster.zones.len() as u32,
            workloads,
            bounds,
        })
    }

    /// What is told of a system, or of one of its Deployments.
    pub fn result(&self, workload: Option<usize>, summary: &Summary, scale: &Scale) -> LoadResult {
        let place = workload.or((self.workloads.len() == 1).then_some(0));
        let bounds = place.and_then(|place| *self.bounds.get(place)?);
        let autoscaler = bounds.map(|(min_replicas, max_replicas)| AutoscalerResult {
            min_replicas,
            max_replicas,
            mean_pods: twelve_digits(scale.seconds_per_year(summary.pod_time) / YEAR.as_secs_f64()),
        });
        let replicas = |workloads: &[(Option<f64>, u32)]| workloads.iter().map(|(_, replicas)| replicas).sum();
        let (capacity_of_pod, replicas) = match (workload, self.workloads.as_slice()) {
            (Some(place), workloads) => workloads[place],
            (None, [only]) => *only,
            (None, several) => (None, replicas(several)),
        };
        // An amount in seconds of full traffic, as so many requests.
        let requests = scale.estimate(Metric::FailedRequests, summary);
        let shed = scale.requests(&summary.totals[Quantity::ShedRequests]);
        let late = self.has_queues.then(|| scale.requests(&summary.totals[Quantity::LateRequests]));
        let persists_above = place.and_then(|place| *self.persists_above.get(place)?).map(|of_pod| {
            let pods = bounds.map_or(replicas, |(_, most)| most);
            twelve_digits(of_pod * f64::from(pods))
        });
        let overloaded = scale.time(&summary.totals[Quantity::Overloaded]);
        LoadResult {
            mean_rate: twelve_digits(self.mean_rate),
            peak_rate: twelve_digits(self.peak_rate),
            surge_rate: self.surge_rate.map(twelve_digits),
            peak_hour: format!("{} {:02}:00", DAYS[self.peak_hour / 24], self.peak_hour % 24),
            capacity_of_pod,
            replicas,
            autoscaler,
            without_a_zone: (self.zones > 1).then(|| replicas - replicas.div_ceil(self.zones)),
            rate_by_hour: self.rate_by_hour.clone(),
            failed_per_year: requests.times(self.mean_rate).rounded(),
            shed_per_year: shed.times(self.mean_rate).rounded(),
            late_per_year: late.map(|late| late.times(self.mean_rate).rounded()),
            overloaded_s_per_year: overloaded.rounded(),
            most_tries: self.most_tries.map(twelve_digits),
            persists_above,
        }
    }
}
