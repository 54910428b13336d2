//! The one conversion: what was read → the [`Model`], with labels, selectors and topology keys resolved to Nodes.

use std::collections::BTreeSet;

use super::affinity::PodSelector;
use super::app::Apps;
use super::cluster::{ClusterSpec, natural};
use super::container::Container;
use super::deployment::Deployment;
use super::diagnostic::Problems;
use super::labels::{HOSTNAME, Selector};
use super::never_served;
use super::objects::{Machine, Service};
use super::pod::{Pod, SpreadConstraint};
use super::resources::{self, Others};
use super::taints::{self, Effect, Taint, UNSCHEDULABLE};
use crate::ids::{ContainerId, IdVec, ImageId, WorkloadId, ZoneId};
use crate::model;
use crate::model::{AntiAffinity, Cluster, Node, OtherRequest, PodSpec, Probe, Role, Spread, Workload, Zone};

/// Joins a Cluster with its Nodes. Node objects stand in for `zones`.
pub(super) fn machines(spec: &ClusterSpec, objects: Vec<Machine>, problems: &mut Problems) -> Option<Vec<Machine>> {
    let mut machines = match (&spec.machines, objects.is_empty()) {
        (Some(made), true) => return Some(made.clone()),
        (Some(made), false) => {
            problems.warn(spec.mark, "spec.zones", "makes the Nodes; the Node objects of the files are not used");
            return Some(made.clone());
        }
        (None, false) => objects,
        (None, true) => {
            problems
                .error(spec.mark, "spec.zones", "is missing, and there are no Node objects either")
                .help("write `zones: 3` and `nodesPerZone: 2`, or add the Nodes of a cluster to the file");
            return None;
        }
    };
    if machines.len() > super::cluster::MAX_NODES as usize {
        let message = format!("there are {} Nodes, beyond what hasim simulates", machines.len());
        problems.error(spec.mark, "", message);
        return None;
    }
    machines.sort_by_key(|machine| natural(&machine.name));
    for pair in machines.windows(2) {
        if pair[0].name == pair[1].name {
            problems.error(spec.mark, "", format!("the Node {} occurs twice", pair[0].name));
            return None;
        }
    }
    Some(machines)
}

/// The cluster of the model.
pub(super) fn cluster(spec: &ClusterSpec, machines: &[Machine]) -> Cluster {
    let mut names: Vec<&String> = machines.iter().filter_map(Machine::zone).collect();
    names.sort_by_key(|name| natural(name));
    names.dedup();
    let mut counts = vec![0; names.len() + 1];
    let nodes = machines
        .iter()
        .map(|machine| {
            let zone = machine.zone().and_then(|zone| names.iter().position(|name| *name == zone));
            let count = &mut counts[zone.unwrap_or(names.len())];
            *count += 1;
            Node {
                name: machine.name.clone(),
                zone: zone.map(ZoneId::new),
                index_in_zone: *count - 1,
                allocatable: machine.allocatable,
                max_pods: machine.max_pods,
                hour_price: machine.hour_price,
                pool: machine.pool,
                is_spare: machine.is_spare,
            }
        })
        .collect();
    Cluster {
        zones: names.iter().map(|name| Zone { name: (*name).clone() }).collect(),
        nodes,
        control_plane: spec.control_plane.clone(),
        latencies: spec.latencies.clone(),
        start_race: spec.start_race,
        dead_nodes: spec.dead_nodes.clone(),
        prices: spec.prices.clone(),
    }
}

/// A Deployment to be converted.
pub(super) struct Member<'a> {
    /// What the experiment calls it.
    pub name: &'a str,
    pub deployment: &'a Deployment,
    pub app: &'a Apps,
    pub services: Vec<Service>,
    pub min_serving: u32,
}

/// The Deployments of the model on these Nodes.
pub(super) fn workloads(members: &[Member<'_>], machines: &[Machine], are_listed: bool) -> IdVec<WorkloadId, Workload> {
    // By name, so that the order of containers decides nothing.
    let images: BTreeSet<&str> =
        members.iter().flat_map(|member| member.deployment.pod.all()).map(|one| one.image.as_str()).collect();
    let images: Vec<&str> = images.into_iter().collect();
    members.iter().map(|member| workload(member, members, machines, &images, are_listed)).collect()
}

fn workload(
    member: &Member<'_>,
    members: &[Member<'_>],
    machines: &[Machine],
    images: &[&str],
    are_listed: bool,
) -> Workload {
    let Member { deployment: read, app: apps, services, .. } = member;
    let pod = &read.pod;
    let is_cut_off = never_served::is_cut_off(read, services);
    let wanted = Selector::of_labels(&pod.node_selector);
    let selects_node: Vec<bool> = machines
        .iter()
        .map(|machine| {
            let by_term = |terms: &Vec<_>| {
                terms.iter().any(|term: &super::affinity::NodeTerm| term.matches(&machine.name, &machine.labels))
            };
            wanted.matches(&machine.labels) && pod.node_terms.as_ref().is_none_or(by_term)
        })
        .collect();
    let node_admits: Vec<bool> = machines.iter().map(|machine| admits(read, machine)).collect();
    let matched = |pods: &PodSelector| -> IdVec<WorkloadId, bool> {
        members.iter().map(|other| pods.matches(&other.deployment.labels, &other.deployment.namespace)).collect()
    };
    let own = || members.iter().map(|other| std::ptr::eq(other, member)).collect();
    // S8: constraints of its own, or the system's.
    let default_spread = pod.spread.is_empty();
    let defaults = if default_spread { SpreadConstraint::system_defaults() } else { Vec::new() };
    let constraints = if default_spread { &defaults } else { &pod.spread };
    let spread = constraints
        .iter()
        .map(|constraint| spread(constraint, machines, constraint.pods.as_ref().map_or_else(own, matched)))
        .collect();
    let anti_affinity = pod.anti_affinity.iter().map(|term| AntiAffinity {
        domain: domains(&term.topology_key, machines).0,
        preferred_weight: term.preferred_weight,
        selects: matched(&term.pods),
    });
    let contends = |other: &Member<'_>| {
        let theirs = &other.deployment.pod.host_ports;
        pod.host_ports.iter().any(|port| theirs.iter().any(|other| port.contends_with(other)))
    };
    let (mut containers, serving) = containers(pod, apps, images);
    if is_cut_off {
        // Endpoints without a port are as good as Pods that are never ready.
        containers[serving].readiness = Some(Probe::that_errs());
    }
    Workload {
        name: member.name.to_string(),
        namespace: read.namespace.clone(),
        replicas: read.replicas,
        // What it makes of the load is known when that is.
        autoscaler: None,
        // Of several Services the first counts.
        publish_not_ready: !is_cut_off && services.first().is_some_and(|service| service.publish_not_ready),
        min_serving: member.min_serving,
        strategy: read.strategy,
        min_ready: read.min_ready,
        progress_deadline: read.progress_deadline,
        is_paused: read.is_paused,
        chance_by_name: are_listed,
        pod: PodSpec {
            containers,
            serving,
            termination_grace: pod.termination_grace,
            requests: pod.requests.main,
            other_requests: other_requests(&pod.requests.others, machines),
            contends_for_ports: members.iter().map(contends).collect(),
            tolerations: taints::resolve(&pod.tolerations, node_admits),
            selects_node,
            spread,
            default_spread,
            // What matches no Pod of the model changes nothing.
            anti_affinity: anti_affinity.filter(|term| term.selects.iter().any(|selects| *selects)).collect(),
        },
    }
}

/// The containers of a Pod, init containers first, and the one that serves.
fn containers(pod: &Pod, apps: &Apps, images: &[&str]) -> (IdVec<ContainerId, model::Container>, ContainerId) {
    let serving = ContainerId::new(pod.init.len() + pod.main);
    let all = pod.init.iter().map(|one| (one, true)).chain(pod.containers.iter().map(|one| (one, false)));
    let convert = |(index, (read, is_init)): (usize, (&Container, bool))| {
        let role = match (is_init, read.is_sidecar) {
            (true, true) => Role::Sidecar,
            (true, false) => Role::Init,
            (false, _) => Role::Regular,
        };
        let image = ImageId::new(images.binary_search(&read.image.as_str()).unwrap_or_default());
        let serves = apps.serving(pod).filter(|_| index == serving.index());
        let app = serves.cloned().unwrap_or_else(|| apps.of(&read.name));
        model::Container {
            liveness: read.liveness,
            readiness: read.readiness,
            startup: read.startup,
            pre_stop_sleep: read.hook.pre_stop.sleep(),
            post_start: read.hook.post_start,
            ..model::Container::new(&read.name, role, image, read.image_pull, app)
        }
    };
    (all.enumerate().map(convert).collect(), serving)
}

/// What is asked for, with how much of it each Node has. Nothing of a resource always fits (S4).
fn other_requests(requested: &Others, machines: &[Machine]) -> Vec<OtherRequest> {
    let asked = requested.iter().filter(|(_, amount)| **amount > 0);
    asked
        .map(|(name, amount)| OtherRequest {
            resource: name.clone(),
            amount: *amount,
            allocatable: machines.iter().map(|machine| resources::allocatable(&machine.others, name)).collect(),
        })
        .collect()
}

/// Whether the Node's own taints and its cordon let the Pod in (S3).
fn admits(read: &Deployment, machine: &Machine) -> bool {
    let tolerations = &read.pod.tolerations;
    let cordon = Taint { key: UNSCHEDULABLE.to_string(), value: String::new(), effect: Effect::NoSchedule };
    let cordoned = machine.unschedulable && !taints::tolerated(tolerations, &cordon);
    !cordoned && !machine.taints.iter().any(|taint| taints::keeps_out(tolerations, taint))
}

fn spread(constraint: &SpreadConstraint, machines: &[Machine], selects: IdVec<WorkloadId, bool>) -> Spread {
    let (domain, domains) = domains(&constraint.topology_key, machines);
    Spread {
        domain,
        domains,
        max_skew: constraint.max_skew,
        hard: constraint.hard,
        min_domains: constraint.min_domains,
        honor_affinity: constraint.honor_affinity,
        honor_taints: constraint.honor_taints,
        by_hostname: constraint.topology_key == HOSTNAME,
        selects,
        by_revision: constraint.by_revision,
    }
}

/// The domain of each Node for a topology key, numbered in the order of the Nodes, and how many there are.
fn domains(key: &str, machines: &[Machine]) -> (Vec<Option<u32>>, u32) {
    let mut numbers = std::collections::BTreeMap::new();
    let domain = machines
        .iter()
        .map(|machine| {
            let value = machine.labels.get(key)?;
            let next = numbers.len() as u32;
            Some(*numbers.entry(value.as_str()).or_insert(next))
        })
        .collect();
    (domain, numbers.len() as u32)
}
