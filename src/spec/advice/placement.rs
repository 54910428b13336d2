//! Advice on places: replicas that one loss takes together, and rules that leave no place.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Advice, Around, Finding, Subject, finding};
use crate::ids::{NodeId, ZoneId};
use crate::model::{AntiAffinity, Spread};
use crate::spec::cluster::ClusterSpec;
use crate::spec::labels::{HOSTNAME, ZONE};
use crate::spec::pod::SpreadConstraint;
use crate::spec::tree::Node;

const SPREAD: &str = "spec.template.spec.topologySpreadConstraints";

pub(super) static SINGLE_REPLICA: Advice = Advice {
    id: "single-replica",
    says: "There is only one replica",
    why: "While its Pod is away nothing answers: at every crash and every drain until a new one has started, and after \
          the loss of its Node for about six minutes.",
    rules: &["D7", "N10"],
    help: "Run two replicas or more, spread over zones.",
};

pub(super) fn single_replica(subject: &Subject<'_>) -> Vec<Finding> {
    if subject.deployment.replicas != 1 {
        return Vec::new();
    }
    let states = |document: &Node, key| document.get("spec").is_some_and(|s| s.get(key).is_some_and(|n| !n.is_null()));
    let default = |is_stated| if is_stated { "" } else { " (the default)" };
    if let Some(autoscaler) = subject.autoscaler {
        let default = default(states(autoscaler, "minReplicas"));
        let message =
            format!("is 1{default}: under little load there is one Pod, and while it is away nothing answers");
        let help = "set minReplicas: 2 or more, spread over zones";
        let finding = finding([autoscaler; 2], "spec.minReplicas", message, help);
        return vec![finding.followed_by([("replicas".to_string(), json!(2))])];
    }
    let default = default(states(subject.document, "replicas"));
    let message = format!("is 1{default}: while its Pod is away nothing answers");
    let finding = subject.finding("spec.replicas", message, "set replicas: 2 or more, spread over zones");
    vec![finding.followed_by([("replicas".to_string(), json!(2))])]
}

pub(super) static SINGLE_ZONE: Advice = Advice {
    id: "single-zone",
    says: "All replicas can only be in one zone",
    why: "The outage of that zone is an outage of the service, however many replicas there are.",
    rules: &["S3", "N11"],
    help: "Run Nodes in two zones or more, and let the Pods go there.",
};

pub(super) fn single_zone(subject: &Subject<'_>) -> Vec<Finding> {
    if let Some(zone) = subject.deployment.pod.node_selector.get(ZONE) {
        let message = format!("keeps every replica in the zone {zone}");
        return vec![subject.finding("spec.template.spec.nodeSelector", message, "let the Pods go to other zones too")];
    }
    let Some(around) = &subject.around else { return Vec::new() };
    if around.model.cluster.zones.len() == 1 {
        return vec![one_zone(around.clusters)];
    }
    let zones = zones_of(around);
    let is_only_one = zones.len() == 1 && !zones.contains(&None);
    if !is_only_one {
        return Vec::new();
    }
    let message = "lets the Pods go to the Nodes of one zone only";
    vec![subject.finding("spec.template.spec", message, "tolerate or select Nodes of other zones too")]
}

/// The same of a Cluster alone.
pub(super) fn single_zone_cluster(spec: &ClusterSpec, document: &Node) -> Option<Finding> {
    let zones: BTreeSet<_> = spec.machines.as_ref()?.iter().map(|machine| machine.zone()).collect();
    (zones.len() == 1 && !zones.contains(&None)).then(|| one_zone([document; 2]))
}

fn one_zone(clusters: [&Node; 2]) -> Finding {
    finding(
        clusters,
        "spec.zones",
        "is one zone: when it fails, every replica fails with it",
        "add Nodes in another zone",
    )
}

/// The Nodes that take the Pods.
fn eligible(around: &Around<'_>) -> impl Iterator<Item = usize> {
    let (pod, nodes) = (&around.workload.pod, &around.model.cluster.nodes);
    let takes = |node: &usize| pod.selects_node[*node] && pod.tolerations.node_admits[*node];
    (0..nodes.len()).filter(|node| !nodes[NodeId::new(*node)].is_spare).filter(takes)
}

/// Their zones.
fn zones_of(around: &Around<'_>) -> BTreeSet<Option<usize>> {
    eligible(around).map(|node| around.model.cluster.nodes[NodeId::new(node)].zone.map(ZoneId::index)).collect()
}

/// What the Deployment says of where its replicas go relative to each other.
#[derive(Default)]
struct Kept {
    /// Off one Node.
    off_nodes: bool,
    /// Out of one zone, or another domain of many Nodes.
    out_of_zones: bool,
}

fn kept_apart(subject: &Subject<'_>) -> Kept {
    let pod = &subject.deployment.pod;
    // A hard constraint does not score, so a skew of all replicas keeps nothing apart.
    let tells_apart = |skew: u32, hard: bool| !hard || skew < subject.deployment.replicas;
    let own = (&subject.deployment.labels, subject.deployment.namespace.as_str());
    let selects_self = |spread: &SpreadConstraint| spread.pods.as_ref().is_none_or(|pods| pods.matches(own.0, own.1));
    let spread = pod.spread.iter().filter(|spread| selects_self(spread) && tells_apart(spread.max_skew, spread.hard));
    let apart = pod.anti_affinity.iter().filter(|term| term.pods.matches(own.0, own.1));
    let keys = spread.map(|spread| &spread.topology_key).chain(apart.map(|term| &term.topology_key));
    let mut kept = Kept::default();
    for key in keys {
        if key == HOSTNAME { kept.off_nodes = true } else { kept.out_of_zones = true }
    }
    kept
}

pub(super) static NO_ZONE_SPREAD: Advice = Advice {
    id: "no-zone-spread",
    says: "Nothing keeps the replicas from sharing one zone",
    why: "Without a constraint on zones the scheduler's own preference is weak or, beside other constraints, absent, and \
          nothing moves Pods later on. One zone outage can then take every replica.",
    rules: &["S8", "S17"],
    help: "Add a topologySpreadConstraint for topology.kubernetes.io/zone with maxSkew 1.",
};

pub(super) fn no_zone_spread(subject: &Subject<'_>) -> Vec<Finding> {
    let (replicas, kept) = (subject.deployment.replicas, kept_apart(subject));
    let is_bound = subject.deployment.pod.node_selector.contains_key(ZONE);
    let has_zones = |around: &Around<'_>| zones_of(around).len() > 1;
    let has_zones = subject.around.as_ref().is_none_or(has_zones);
    if replicas < 2 || kept.out_of_zones || is_bound || !has_zones {
        return Vec::new();
    }
    let or_node = if kept.off_nodes { "" } else { ", or even a Node" };
    let pod = &subject.deployment.pod;
    let message = if pod.spread.is_empty() && pod.anti_affinity.is_empty() {
        format!("are missing: nothing keeps the {replicas} replicas from sharing a zone{or_node}")
    } else {
        format!("do not keep the {replicas} replicas from sharing a zone{or_node}")
    };
    let help = "add {topologyKey: topology.kubernetes.io/zone, maxSkew: 1, whenUnsatisfiable: ScheduleAnyway} with a \
                labelSelector that matches these Pods";
    vec![subject.finding(SPREAD, message, help)]
}

pub(super) static SHARED_NODE: Advice = Advice {
    id: "shared-node",
    says: "Several replicas may share a Node",
    why: "Constraints of its own replace the scheduler's defaults: within a zone nothing tells Nodes apart but their load. \
          Replicas on one Node are lost together at its crash, and evicted together when it is drained.",
    rules: &["S8", "S17"],
    help: "Add a topologySpreadConstraint for kubernetes.io/hostname with maxSkew 1.",
};

pub(super) fn shared_node(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(around) = &subject.around else { return Vec::new() };
    let (replicas, kept) = (subject.deployment.replicas, kept_apart(subject));
    let zones = zones_of(around).len();
    // Where there is no constraint at all, that has been said of zones.
    let is_said = zones > 1 && !kept.out_of_zones;
    if replicas < 2 || kept.off_nodes || is_said || replicas as usize <= zones {
        return Vec::new();
    }
    let plural = if zones == 1 { "zone" } else { "zones" };
    let message = format!("spread {replicas} replicas over {zones} {plural}, and within a zone two may share a Node");
    let help = "add {topologyKey: kubernetes.io/hostname, maxSkew: 1, whenUnsatisfiable: ScheduleAnyway} with a \
                labelSelector that matches these Pods";
    vec![subject.finding(SPREAD, message, help)]
}

pub(super) static SPREAD_LEAVES_PENDING: Advice = Advice {
    id: "spread-leaves-pending",
    says: "A hard rule of placement leaves replacements Pending while a zone is down",
    why: "Hard rules hold in an outage, too. By default the Nodes of a dead zone still count as an empty domain, so no \
          other domain may take more than maxSkew; what is Pending starts only when the zone is back.",
    rules: &["S6", "S7", "S9"],
    help: "Set nodeTaintsPolicy: Honor, or make the rule a preference.",
};

pub(super) fn spread_leaves_pending(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(around) = &subject.around else { return Vec::new() };
    let replicas = subject.deployment.replicas;
    let message =
        |room: u32| format!("has room for {room} of {replicas} replicas while a zone is down; the others stay Pending");
    let mut findings = Vec::new();
    let pod = &around.workload.pod;
    for (index, spread) in pod.spread.iter().enumerate().filter(|(_, spread)| spread.hard && spread.selects[around.id])
    {
        let Some(room) = room_by_spread(around, spread).filter(|room| *room < replicas) else { continue };
        let path = format!("{SPREAD}[{index}]");
        // Otherwise too few domains are left for minDomains, whatever counts.
        let honored = Spread { honor_taints: true, ..spread.clone() };
        let helps = room_by_spread(around, &honored).is_none_or(|room| room >= replicas);
        let finding = if helps {
            let key = format!("topologySpreadConstraints[{index}].nodeTaintsPolicy");
            let help = "set nodeTaintsPolicy: Honor, or whenUnsatisfiable: ScheduleAnyway";
            subject.finding(&path, message(room), help).followed_by([(key, json!("Honor"))])
        } else {
            subject.finding(&path, message(room), "set whenUnsatisfiable: ScheduleAnyway")
        };
        findings.push(finding);
    }
    let required = pod.anti_affinity.iter().filter(|term| term.preferred_weight.is_none());
    let tightest = required.filter_map(|term| room_by_anti_affinity(around, term)).min();
    if let Some(room) = tightest.filter(|room| *room < replicas) {
        let help = "make the term preferred, or have a domain more than replicas in the zones that are left";
        findings.push(subject.finding("spec.template.spec.affinity.podAntiAffinity", message(room), help));
    }
    findings
}

/// The domains of those Nodes for which the test holds.
fn domains(domain: &[Option<u32>], mut nodes: impl FnMut(usize) -> bool) -> BTreeSet<u32> {
    (0..domain.len()).filter(|&node| nodes(node)).filter_map(|node| domain[node]).collect()
}

/// For each zone without which there still are Nodes for the Pods: whether a Node survives its loss.
fn losses(around: &Around<'_>) -> impl Iterator<Item = impl Fn(usize) -> bool> {
    let nodes = &around.model.cluster.nodes;
    let is_left =
        move |zone: usize| move |node: usize| nodes[NodeId::new(node)].zone.is_none_or(|own| own.index() != zone);
    (0..around.model.cluster.zones.len()).map(is_left).filter(|is_left| eligible(around).any(is_left))
}

/// How many replicas a hard spread constraint has room for while the worst zone is down; `None` without a limit (S6, S7).
fn room_by_spread(around: &Around<'_>, spread: &Spread) -> Option<u32> {
    let can_take: BTreeSet<usize> = eligible(around).collect();
    let pod = &around.workload.pod;
    let counts = |node: usize| {
        !around.model.cluster.nodes[NodeId::new(node)].is_spare
            && (!spread.honor_affinity || pod.selects_node[node])
            && (!spread.honor_taints || pod.tolerations.node_admits[node])
    };
    let all = domains(&spread.domain, counts);
    losses(around)
        .filter_map(|is_left| {
            let counted = domains(&spread.domain, |node| counts(node) && is_left(node));
            let open = domains(&spread.domain, |node| can_take.contains(&node) && is_left(node));
            // A domain that counts and takes nothing stays at 0; so does the minimum where there are too few domains.
            let has_empty = if spread.honor_taints {
                counted != open || counted.len() < spread.min_domains as usize
            } else {
                all != open || all.len() < spread.min_domains as usize
            };
            has_empty.then(|| open.len() as u32 * spread.max_skew)
        })
        .min()
}

/// The same of a required anti-affinity term (S9). Nodes without its key take as many as come.
fn room_by_anti_affinity(around: &Around<'_>, term: &AntiAffinity) -> Option<u32> {
    let can_take: BTreeSet<usize> = eligible(around).collect();
    if can_take.iter().any(|&node| term.domain[node].is_none()) {
        return None;
    }
    let open =
        |is_left: &dyn Fn(usize) -> bool| domains(&term.domain, |node| can_take.contains(&node) && is_left(node));
    losses(around).map(|is_left| open(&is_left).len() as u32).min()
}
