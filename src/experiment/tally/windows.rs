//! Lost time by windows, over all replications.

use serde::{Deserialize, Serialize};

use super::amounts::{micros, number};
use crate::experiment::windows::{Losses, complete};
use crate::model::Model;
use crate::stats::{Clustered, Moments};
use crate::study::{Metric, Objective, burn_alerts};

/// The windows of all replications.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Windows {
    pub downtime: Loss,
    pub failed: Loss,
    /// What the objective allows in a window, if it states an SLO.
    pub allowance: Option<Allowance>,
    /// How often each burn-rate alert fired in a replication, if there are some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<Moments>,
}

/// Lost time of one kind: without availability, or as failed requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Loss {
    /// Microseconds lost in all windows of a replication.
    pub totals: Moments,
    pub windows: Clustered,
}

/// How much may be lost, and how many windows of each replication lost more.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Allowance {
    metric: Metric,
    /// Nanoseconds of a window.
    most: u64,
    pub missed: Moments,
}

impl Windows {
    /// The windows of no replication yet.
    pub fn empty(model: &Model, objective: &Objective) -> Self {
        let loss = Loss { totals: Moments::default(), windows: Clustered::new(complete(model)) };
        let allowance = objective.slo.map(|slo| Allowance {
            metric: objective.metric,
            most: ((1.0 - slo) * model.window.as_nanos() as f64).round() as u64,
            missed: Moments::default(),
        });
        let alerts = objective.slo.and_then(|_| burn_alerts(model.window));
        let alerts = alerts.map(|alerts| vec![Moments::default(); alerts.len()]).unwrap_or_default();
        Self { downtime: loss.clone(), failed: loss, allowance, alerts }
    }

    /// Adds the windows of a replication.
    pub fn add(&mut self, downtime: &Losses, failed: &Losses) {
        self.downtime.add(downtime);
        self.failed.add(failed);
        if let Some(allowance) = &mut self.allowance {
            let losses = if allowance.metric == Metric::RequestSuccess { failed } else { downtime };
            let missed: u64 = losses.iter().filter(|(amount, _)| *amount > allowance.most).map(|run| run.1).sum();
            allowance.missed.add(missed as i64);
        }
    }

    /// Adds the firings of the alerts in a replication.
    pub fn add_alerts(&mut self, fired: &[u64]) {
        for (moments, &fired) in self.alerts.iter_mut().zip(fired) {
            moments.add(number(fired));
        }
    }

    /// Adds the windows of every replication of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.downtime.merge(&other.downtime);
        self.failed.merge(&other.failed);
        if let (Some(ours), Some(theirs)) = (&mut self.allowance, &other.allowance) {
            ours.missed.merge(&theirs.missed);
        }
        for (ours, theirs) in self.alerts.iter_mut().zip(&other.alerts) {
            ours.merge(theirs);
        }
    }
}

impl Loss {
    fn add(&mut self, losses: &Losses) {
        self.totals.add(micros(losses.iter().map(|(amount, windows)| amount * windows).sum::<u64>()));
        self.windows.add(losses);
    }

    fn merge(&mut self, other: &Self) {
        self.totals.merge(&other.totals);
        self.windows.merge(&other.windows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::sample::model;
    use crate::time::Duration;

    #[test]
    fn the_allowance_is_the_slos() {
        let objective = Objective {
            min_serving: 1,
            system: None,
            metric: Metric::RequestSuccess,
            slo: Some(0.9),
            window: Duration::from_nanos(100),
            indifference_secs: None,
        };
        let mut windows = Windows::empty(&Model { window: objective.window, ..model(1, 1, 0, 0, 500) }, &objective);
        windows.add(&vec![(99, 1)], &vec![(10, 1), (11, 2)]);
        windows.add(&vec![], &vec![]);
        let missed = windows.allowance.unwrap().missed;
        assert_eq!((missed.count(), missed.sum()), (2, 2), "10 of 100 are allowed");
        assert_eq!(windows.downtime.windows.count(), 10);
    }
}
