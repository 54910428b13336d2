//! The table of metrics: every number of a scenario that is estimated by a mean over replications.
//!
//! A replication counts quantities in whole numbers; a metric says how one of them is told: its key, its unit and its form.
//! Results, tables, the schema, the objective, targets and precision follow from this table. A new metric is a variant of
//! [`Metric`], one of [`Quantity`] if nothing counts it yet, a row of [`TABLE`], and the line of
//! `experiment::measure` that counts it.

use std::ops::{Index, IndexMut};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of a scenario with a confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Share of time with at least `minServing` Pods serving in rotation.
    Availability,
    /// Share of requests that met a serving Pod.
    RequestSuccess,
    /// Seconds a year without availability.
    Downtime,
    /// Failed requests a year, in seconds of full traffic.
    FailedRequests,
    /// Outages a year.
    Outages,
    /// Readiness losses a year of Pods that served.
    NeedlessReadiness,
    /// Liveness kills a year of containers that would have served again.
    NeedlessLiveness,
    /// Startup kills a year of containers that would have served.
    NeedlessStartup,
    /// Container restarts a year.
    Restarts,
    /// Seconds a year in which a Pod stayed Pending because no Node could take it; several Pods count side by side.
    Pending,
    /// Pages a year: how often somebody was called for Pods that nothing else would have mended.
    Pages,
    /// Pods a year that somebody on call deleted.
    Deletions,
}

/// What one replication counts, within its counted window: nanoseconds or events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Nanoseconds without availability.
    Downtime,
    /// Failed requests, in nanoseconds of full traffic.
    FailedRequests,
    /// Outages that began.
    Outages,
    /// Readiness losses of a Pod that served.
    NeedlessReadiness,
    /// Liveness kills of a container that would have served again.
    NeedlessLiveness,
    /// The same by the startup probe.
    NeedlessStartup,
    /// Container restarts.
    Restarts,
    /// Nanoseconds in which a Pod stayed Pending because no Node could take it.
    Pending,
    /// Pages to somebody on call.
    Pages,
    /// Pods that somebody on call deleted.
    Deletions,
    /// Failed requests that Pods which serve refused or answered too late as too many came, in nanoseconds of full traffic.
    ShedRequests,
    /// Those of them that waited for longer than the clients do.
    LateRequests,
    /// Nanoseconds in which more requests came than the Pods in rotation could take.
    Overloaded,
    /// Requests that came, in nanoseconds of full traffic; 0 where nobody says how many.
    Requests,
}

/// In which form a quantity is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One less the part of the counted time, in [0, 1].
    ShareKept,
    /// Seconds in a year of 365 days.
    SecondsPerYear,
    /// Events in a year of 365 days.
    EventsPerYear,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Which metric.
    pub metric: Metric,
    /// Where it stands in a scenario of `results.json`; a dot leads into an object.
    pub key: &'static str,
    /// What it is told of.
    pub quantity: Quantity,
    /// How it is told.
    pub form: Form,
    /// What it is, in a sentence.
    pub meaning: &'static str,
    /// What a relative precision refers to, in words: what is lost, never the 0.999….
    pub lost: &'static str,
}

/// The table, in the order of results.
pub const TABLE: [Definition; Metric::COUNT] = [
    Definition {
        metric: Metric::Availability,
        key: "availability",
        quantity: Quantity::Downtime,
        form: Form::ShareKept,
        meaning: "Share of time with at least minServing Pods serving in rotation.",
        lost: "the downtime",
    },
    Definition {
        metric: Metric::RequestSuccess,
        key: "request_success",
        quantity: Quantity::FailedRequests,
        form: Form::ShareKept,
        meaning: "Share of requests that meet a serving Pod.",
        lost: "the failed requests",
    },
    Definition {
        metric: Metric::Downtime,
        key: "downtime_s_per_year",
        quantity: Quantity::Downtime,
        form: Form::SecondsPerYear,
        meaning: "Seconds a year without availability.",
        lost: "the downtime",
    },
    Definition {
        metric: Metric::FailedRequests,
        key: "failed_request_s_per_year",
        quantity: Quantity::FailedRequests,
        form: Form::SecondsPerYear,
        meaning: "Failed requests a year, in seconds of full traffic.",
        lost: "the failed requests",
    },
    Definition {
        metric: Metric::Outages,
        key: "outages_per_year",
        quantity: Quantity::Outages,
        form: Form::EventsPerYear,
        meaning: "Outages a year.",
        lost: "the number of outages",
    },
    Definition {
        metric: Metric::NeedlessReadiness,
        key: "false_positives_per_year.readiness",
        quantity: Quantity::NeedlessReadiness,
        form: Form::EventsPerYear,
        meaning: "Readiness losses a year of Pods that served.",
        lost: "the number of needless readiness losses",
    },
    Definition {
        metric: Metric::NeedlessLiveness,
        key: "false_positives_per_year.liveness",
        quantity: Quantity::NeedlessLiveness,
        form: Form::EventsPerYear,
        meaning: "Liveness kills a year of containers that would have served again.",
        lost: "the number of needless liveness kills",
    },
    Definition {
        metric: Metric::NeedlessStartup,
        key: "false_positives_per_year.startup",
        quantity: Quantity::NeedlessStartup,
        form: Form::EventsPerYear,
        meaning: "Startup kills a year of containers that would have served.",
        lost: "the number of needless startup kills",
    },
    Definition {
        metric: Metric::Restarts,
        key: "restarts_per_year",
        quantity: Quantity::Restarts,
        form: Form::EventsPerYear,
        meaning: "Container restarts a year.",
        lost: "the number of restarts",
    },
    Definition {
        metric: Metric::Pending,
        key: "pending_s_per_year",
        quantity: Quantity::Pending,
        form: Form::SecondsPerYear,
        meaning: "Seconds a year in which a Pod stayed Pending because no Node could take it.",
        lost: "the time in Pending",
    },
    Definition {
        metric: Metric::Pages,
        key: "pages_per_year",
        quantity: Quantity::Pages,
        form: Form::EventsPerYear,
        meaning: "Pages a year for Pods that nothing else would have mended.",
        lost: "the number of pages",
    },
    Definition {
        metric: Metric::Deletions,
        key: "deletions_per_year",
        quantity: Quantity::Deletions,
        form: Form::EventsPerYear,
        meaning: "Pods a year that somebody on call deleted.",
        lost: "the number of deletions",
    },
];

impl Metric {
    /// How many there are.
    pub const COUNT: usize = 12;

    /// Every metric, in the order of results.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.metric)
    }

    /// Its row of the table.
    pub const fn definition(self) -> &'static Definition {
        &TABLE[self as usize]
    }

    /// Its key in a scenario of `results.json`.
    pub const fn key(self) -> &'static str {
        self.definition().key
    }

    /// Its name in tables: the key without dots.
    pub fn column(self) -> String {
        self.key().replace('.', "_")
    }

    /// Its unit in tables.
    pub const fn unit(self) -> &'static str {
        match self.definition().form {
            Form::ShareKept => "share",
            Form::SecondsPerYear => "s/year",
            Form::EventsPerYear => "1/year",
        }
    }

    /// Whether it is a share of all, in [0, 1].
    pub const fn is_share(self) -> bool {
        matches!(self.definition().form, Form::ShareKept)
    }
}

impl Quantity {
    /// How many there are.
    pub const COUNT: usize = 14;

    /// Every quantity.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Downtime,
        Self::FailedRequests,
        Self::Outages,
        Self::NeedlessReadiness,
        Self::NeedlessLiveness,
        Self::NeedlessStartup,
        Self::Restarts,
        Self::Pending,
        Self::Pages,
        Self::Deletions,
        Self::ShedRequests,
        Self::LateRequests,
        Self::Overloaded,
        Self::Requests,
    ];

    /// Whether it is a span of time, in nanoseconds, and not a number of events.
    pub const fn is_time(self) -> bool {
        matches!(
            self,
            Self::Downtime
                | Self::FailedRequests
                | Self::Pending
                | Self::ShedRequests
                | Self::LateRequests
                | Self::Overloaded
                | Self::Requests
        )
    }
}

/// Something of each quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PerQuantity<T>([T; Quantity::COUNT]);

impl<T> PerQuantity<T> {
    /// Each, with its quantity.
    pub fn iter(&self) -> impl Iterator<Item = (Quantity, &T)> {
        Quantity::ALL.into_iter().zip(&self.0)
    }

    /// Each, to be changed, with its quantity.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Quantity, &mut T)> {
        Quantity::ALL.into_iter().zip(&mut self.0)
    }
}

impl<T> Index<Quantity> for PerQuantity<T> {
    type Output = T;

    fn index(&self, quantity: Quantity) -> &T {
        &self.0[quantity as usize]
    }
}

impl<T> IndexMut<Quantity> for PerQuantity<T> {
    fn index_mut(&mut self, quantity: Quantity) -> &mut T {
        &mut self.0[quantity as usize]
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.key().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = String::deserialize(deserializer)?;
        Self::all().find(|metric| metric.key() == key).ok_or_else(|| D::Error::custom(format!("no metric `{key}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_stands_where_its_metric_says() {
        for (place, row) in TABLE.iter().enumerate() {
            assert_eq!(row.metric as usize, place, "{}", row.key);
        }
        for (place, quantity) in Quantity::ALL.into_iter().enumerate() {
            assert_eq!(quantity as usize, place);
            // What only the requests have is told with them.
            let is_of_load = matches!(
                quantity,
                Quantity::ShedRequests | Quantity::LateRequests | Quantity::Overloaded | Quantity::Requests
            );
            assert!(is_of_load || TABLE.iter().any(|row| row.quantity == quantity), "nothing tells of {quantity:?}");
        }
    }

    #[test]
    fn keys_are_what_is_written_and_read() {
        for metric in Metric::all() {
            let written = serde_json::to_value(metric).unwrap();
            assert_eq!(written, metric.key());
            assert_eq!(serde_json::from_value::<Metric>(written).unwrap(), metric);
        }
    }
}
