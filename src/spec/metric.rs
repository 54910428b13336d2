//! The numbers of a scenario that have an interval, by their keys in `results.json`.

use serde::{Deserialize, Serialize};

/// What a target, a precision or an objective may be stated of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Share of time with at least `minServing` Pods serving in rotation.
    Availability,
    /// Share of requests that met a serving Pod.
    RequestSuccess,
    /// Seconds a year without availability.
    #[serde(rename = "downtime_s_per_year")]
    Downtime,
    /// Failed requests a year, in seconds of full traffic.
    #[serde(rename = "failed_request_s_per_year")]
    FailedRequests,
    /// Outages a year.
    #[serde(rename = "outages_per_year")]
    Outages,
    /// Container restarts a year.
    #[serde(rename = "restarts_per_year")]
    Restarts,
}

impl Metric {
    /// Every metric; the shares first.
    pub const ALL: [Self; 6] =
        [Self::Availability, Self::RequestSuccess, Self::Downtime, Self::FailedRequests, Self::Outages, Self::Restarts];

    /// Its key in `results.json`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Availability => "availability",
            Self::RequestSuccess => "request_success",
            Self::Downtime => "downtime_s_per_year",
            Self::FailedRequests => "failed_request_s_per_year",
            Self::Outages => "outages_per_year",
            Self::Restarts => "restarts_per_year",
        }
    }

    /// Whether it is a share of all, in [0, 1].
    pub const fn is_share(self) -> bool {
        matches!(self, Self::Availability | Self::RequestSuccess)
    }

    /// What a relative precision refers to, in words: what is lost, never the 0.999….
    pub const fn lost(self) -> &'static str {
        match self {
            Self::Availability | Self::Downtime => "the downtime",
            Self::RequestSuccess | Self::FailedRequests => "the failed requests",
            Self::Outages => "the number of outages",
            Self::Restarts => "the number of restarts",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Metric;

    #[test]
    fn keys_are_what_is_written() {
        for metric in Metric::ALL {
            assert_eq!(serde_json::to_value(metric).unwrap(), metric.key());
        }
    }
}
