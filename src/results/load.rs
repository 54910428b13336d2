//! What an answer says of the requests, where the experiment says how many come.

use serde::{Deserialize, Serialize};

use super::estimate::Estimate;

/// The requests to a service, and how many of them fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadResult {
    /// Requests a second, on average over a week.
    pub mean_rate: f64,
    /// Requests a second in the hour of the week in which most come.
    pub peak_rate: f64,
    /// Requests a second in the largest surge that may come in that hour; left out without surges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surge_rate: Option<f64>,
    /// That hour, in words: `Mon 14:00`.
    pub peak_hour: String,
    /// Requests a second that one Pod answers; `null` where that is not said, or several Deployments make the service.
    pub capacity_of_pod: Option<f64>,
    /// With how many Pods it begins.
    pub replicas: u32,
    /// What its autoscaler makes of them; left out where none is played, or several Deployments make the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaler: Option<AutoscalerResult>,
    /// How many of them are left when the zone with most of them is away, where they are spread evenly over the zones; `null` where
    /// there are not several.
    pub without_a_zone: Option<u32>,
    /// Requests a second in each hour of the week, from the first of Monday on.
    pub rate_by_hour: Vec<f64>,
    /// Failed requests a year.
    pub failed_per_year: Estimate,
    /// Those of them that Pods which serve refused or answered too late, as more came than they could take.
    pub shed_per_year: Estimate,
    /// Those of these that were answered too late; left out where nothing waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_per_year: Option<Estimate>,
    /// Seconds a year in which more came than the Pods in rotation could take, or waited still.
    pub overloaded_s_per_year: Estimate,
    /// How often a request is sent at most, on average over all; left out where each is sent once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_tries: Option<f64>,
    /// Requests a second with all Pods from which on an overload outlasts its cause, as what fails is sent again; left out where it never
    /// does, or several Deployments make the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persists_above: Option<f64>,
}

/// An autoscaler, and what it makes of the load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AutoscalerResult {
    /// `minReplicas`.
    pub min_replicas: u32,
    /// `maxReplicas`.
    pub max_replicas: u32,
    /// How many Pods run on average.
    pub mean_pods: f64,
}

/// A while in which an autoscaler follows the load, played once more: a surge or, where there are none, a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadReplay {
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the Deployment.
    pub deployment: String,
    /// The replication, from 0.
    pub replication: u64,
    /// Where the excerpt begins, in seconds after the start of counting.
    pub begins_s: f64,
    /// How long the excerpt is, in seconds.
    pub lasts_s: f64,
    /// When in the excerpt the surge begins, in seconds; left out of a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surge_from_s: Option<f64>,
    /// The day of the week; left out of a surge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// Requests a second that one Pod answers.
    pub capacity_of_pod: f64,
    /// By time: each lasts until the next.
    pub moments: Vec<LoadMoment>,
}

impl LoadReplay {
    /// The moments, each with its end in seconds of the excerpt.
    pub fn lasting(&self) -> impl Iterator<Item = (&LoadMoment, f64)> {
        let ends = self.moments.iter().skip(1).map(|next| next.at_s).chain([self.lasts_s]);
        self.moments.iter().zip(ends)
    }

    /// Requests a second that the Pods take.
    pub fn taken(&self, moment: &LoadMoment) -> f64 {
        f64::from(moment.pods) * self.capacity_of_pod
    }

    /// Requests that are refused in all.
    pub fn refused(&self) -> f64 {
        self.lasting().map(|(moment, end)| (moment.rate - self.taken(moment)).max(0.0) * (end - moment.at_s)).sum()
    }
}

/// How much comes, and how many Pods there are for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LoadMoment {
    /// From when on it is so, in seconds of the excerpt.
    pub at_s: f64,
    /// Requests a second.
    pub rate: f64,
    /// Pods that serve in rotation.
    pub pods: u32,
    /// `spec.replicas`.
    pub replicas: u32,
}

impl LoadResult {
    /// How many Pods there are where there are most of them: all that an autoscaler may add.
    pub fn most_pods(&self) -> u32 {
        self.autoscaler.as_ref().map_or(self.replicas, |autoscaler| autoscaler.max_replicas)
    }

    /// What of the capacity of so many Pods comes at the peak; `None` where nobody says what a Pod can take.
    pub fn peak_share(&self, pods: u32) -> Option<f64> {
        self.share_of(self.peak_rate, pods)
    }

    /// The same in the largest surge at the peak, if there are any.
    pub fn surge_share(&self, pods: u32) -> Option<f64> {
        self.share_of(self.surge_rate?, pods)
    }

    /// What of the capacity of so many Pods such a rate is.
    pub fn share_of(&self, rate: f64, pods: u32) -> Option<f64> {
        self.capacity_of_pod.map(|capacity| rate / (capacity * f64::from(pods)))
    }
}
