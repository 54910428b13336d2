//! The words of the page.

use crate::results::ExperimentResult;

/// Each term and what it means, in the order in which a reader meets them.
const GLOSSARY: &[(&str, &str)] = &[
    (
        "serves, in rotation",
        "A Pod serves if its process would answer a request that reaches it now. It is in rotation if the load balancer sends it traffic. In rotation without serving is a failure not noticed yet; serving without rotation is a recovery not noticed yet, or a needless withdrawal.",
    ),
    ("availability", "The share of time in which at least minServing Pods serve and are in rotation."),
    ("downtime", "Time without availability. Years have 365 days."),
    (
        "failed requests",
        "Requests that meet a Pod that does not serve, given even balancing over what is in rotation, as time of full traffic. With one of two Pods dead and still in rotation the service is available and fails half of its requests.",
    ),
    ("outage", "A longest stretch of time without availability. Its length is the time to recovery of the service."),
    (
        "Pod recovery",
        "From the moment a fault ends a replica's serving in rotation until it serves in rotation again; of all faults together.",
    ),
    (
        "phase",
        "How far a recovery has come. Detect: nothing has reacted yet; leave rotation: the load balancer still sends traffic; decide: a kill or an eviction is not decided yet; terminate: the old process ends; back off: Kubernetes waits before the next start; reschedule: a replacement looks for a Node; start: the process is not up; become ready: the readiness probe does not know yet; enter rotation: the load balancer does not know yet. They add up to the recovery.",
    ),
    (
        "backlog",
        "A phase of what requests lose when all Pods are in rotation again: what has waited since, or is sent again, is too much for them still.",
    ),
    (
        "detection",
        "From a fault to the first reaction of the control plane: readiness lost, a kill decided, an exit seen, a Node Unknown.",
    ),
    (
        "needless reaction",
        "A false positive of probes: a withdrawal of a Pod that serves, or a kill of a container that would have served again if left alone. Fast detection costs these.",
    ),
    (
        "window",
        "A month or another span in which the objective is judged, laid end to end over each replication; the probability that one of them meets it.",
    ),
    ("interval", "In so many of a hundred such experiments it holds the true value of the model."),
    ("bound", "Nothing was seen, so this is the end of an interval and no estimate."),
    (
        "rests on few",
        "So few outages make up the sum that another sample may have a quite different mean. The interval allows for that and is wide; more replications may move the mean far.",
    ),
    (
        "missing",
        "Time in which the system is not available and this Deployment is among those that lack for it. Several may lack at once.",
    ),
    (
        "paired difference",
        "This scenario less the baseline, replication by replication under the same faults, with its interval.",
    ),
    (
        "elasticity",
        "By how many percent the loss grows for each percent more of a number: with 1 they grow alike, with 0 the number does not matter, below 0 more of it is better.",
    ),
    (
        "cost",
        "All Nodes, dead or not, and as many Pods as replicas asks for, for a year, at the prices of the Cluster.",
    ),
    (
        "standing",
        "How this scenario stands to the recommended one: as good, as it loses no more that matters; worse, as it surely loses more; unclear, as chance is not told apart. Where the cheapest is looked for that meets the objective: it meets it and costs more, or misses it. After a search: chosen; it misses or meets the objective; no cheaper than one that meets it, and not played on; beaten by another; or still open.",
    ),
    ("baseline", "The scenario that the others are compared with."),
    (
        "unplaceable",
        "No Node takes some of its replicas although all Nodes are up: they stay Pending. It is played, and never chosen or called the best.",
    ),
];

/// The terms that the page of this result uses.
pub fn of(result: &ExperimentResult) -> Vec<(&'static str, &'static str)> {
    let is_used = |term: &str| match term {
        "elasticity" => !result.sensitivity.is_empty(),
        "cost" => result.scenarios.iter().any(|scenario| scenario.cost_per_year.is_some()),
        "standing" => result.scenarios.len() > 1 && result.comparison.is_none() && !result.each_alone,
        "backlog" => {
            result.scenarios.iter().any(|one| one.load.as_ref().is_some_and(|load| load.late_per_year.is_some()))
        }
        "missing" => result.scenarios.iter().any(|scenario| !scenario.workloads.is_empty()),
        "unplaceable" => result.scenarios.iter().any(|scenario| scenario.unplaceable),
        "baseline" | "paired difference" => result.baseline.is_some() && result.scenarios.len() > 1,
        _ => true,
    };
    GLOSSARY.iter().copied().filter(|(term, _)| is_used(term)).collect()
}

/// What a term of the page means.
pub fn meaning(term: &str) -> &'static str {
    GLOSSARY.iter().find(|(word, _)| *word == term).map_or("", |(_, meaning)| meaning)
}
