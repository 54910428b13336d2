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
    /// That hour, in words: `Mon 14:00`.
    pub peak_hour: String,
    /// Requests a second that one Pod answers; `null` where that is not said, or several Deployments make the service.
    pub capacity_of_pod: Option<f64>,
    /// With how many Pods it begins.
    pub replicas: u32,
    /// How many of them are left when the zone with most of them is away, where they are spread evenly over the zones; `null` where
    /// there are not several.
    pub without_a_zone: Option<u32>,
    /// Requests a second in each hour of the week, from the first of Monday on.
    pub rate_by_hour: Vec<f64>,
    /// Failed requests a year.
    pub failed_per_year: Estimate,
    /// Those of them that Pods which serve refused, as more came than they could take.
    pub shed_per_year: Estimate,
    /// Seconds a year in which more came than the Pods in rotation could take.
    pub overloaded_s_per_year: Estimate,
}

impl LoadResult {
    /// What of the capacity of so many Pods comes at the peak; `None` where nobody says what a Pod can take.
    pub fn peak_share(&self, pods: u32) -> Option<f64> {
        self.capacity_of_pod.map(|capacity| self.peak_rate / (capacity * f64::from(pods)))
    }
}
