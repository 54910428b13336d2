//! What a scenario costs: the Nodes that it has, and the Pods that it reserves.

use crate::model::Model;
use crate::stats::twelve_digits;

/// What a year of the system costs that the model asks for: its Nodes, and its Pods as reserved; those that it has more or fewer
/// while it is scaled by hand are not counted. `None` without prices.
pub fn cost_per_year(model: &Model) -> Option<f64> {
    let prices = model.cluster.prices.as_ref()?;
    let pods = model.replicas() as f64;
    let nodes: f64 = model.cluster.own_nodes().map(|node| node.hour_price.unwrap_or(prices.node_hour)).sum();
    Some(twelve_digits(nodes * HOURS + pods * HOURS * prices.pod_hour))
}

/// Hours of all Nodes in a year, dead ones included; those that upgrades and withdrawals have beside them for a while are not.
pub fn node_hours_per_year(model: &Model) -> f64 {
    model.cluster.size() as f64 * HOURS
}

/// Hours of a year.
const HOURS: f64 = 8_760.0;
