//! What a scenario costs: the Nodes that it has, and the Pods that it reserves.

use serde::{Deserialize, Serialize};

use crate::cluster::steady_replicas;
use crate::model::{Model, Workload};
use crate::stats::twelve_digits;

/// What a year of the system costs that the model asks for: its Nodes, and its Pods as reserved; those that it has more or fewer
/// while it is scaled by hand are not counted. `None` without prices.
pub fn cost_per_year(model: &Model) -> Option<f64> {
    let Costs { nodes, pod_hour } = Costs::of(model)?;
    Some(twelve_digits(nodes + pods(model) * HOURS * pod_hour))
}

/// What is paid in a year whatever is played, and for each hour of a Pod.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    nodes: f64,
    pod_hour: f64,
}

impl Costs {
    /// Those of a model, if it has prices.
    pub fn of(model: &Model) -> Option<Self> {
        let prices = model.cluster.prices.as_ref()?;
        let nodes: f64 = model.cluster.own_nodes().map(|node| node.hour_price.unwrap_or(prices.node_hour)).sum();
        Some(Self { nodes: nodes * HOURS, pod_hour: prices.pod_hour })
    }

    /// Those of a system whose number of Pods follows the load, as Nodes for all of them are there: Pods as used.
    pub fn as_used(self, pod_hours_per_year: f64) -> f64 {
        twelve_digits(self.nodes + pod_hours_per_year * self.pod_hour)
    }
}

/// How many Pods there are on average, as far as the model says; of one that follows the load as many as that would be if it were
/// followed at once.
fn pods(model: &Model) -> f64 {
    let of = |workload: &Workload| match (&workload.autoscaler, &model.traffic) {
        (Some(autoscaler), Some(traffic)) => {
            let by_hour: Vec<f64> =
                traffic.by_hour().map(|rate| f64::from(steady_replicas(autoscaler, workload.replicas, rate))).collect();
            by_hour.iter().sum::<f64>() / by_hour.len() as f64
        }
        _ => f64::from(workload.replicas),
    };
    model.workloads.iter().map(of).sum()
}

/// Hours of all Nodes in a year, dead ones included; those that upgrades and withdrawals have beside them for a while are not.
pub fn node_hours_per_year(model: &Model) -> f64 {
    model.cluster.size() as f64 * HOURS
}

/// Hours of a year.
const HOURS: f64 = 8_760.0;
