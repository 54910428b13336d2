//! Replicas that no Node takes, told in the scheduler's own words, with what to do about it.
//! Follows `pkg/scheduler/framework/types.go FitError`.

use std::collections::BTreeMap;

use crate::ids::WorkloadId;
use crate::model::{Model, PodSpec, Resources, Strikes};
use crate::placement::{self, Refusal, Unplaced};
use crate::spec::affinity::{AntiTerm, NodeTerm};
use crate::spec::cluster;
use crate::spec::convert;
use crate::spec::deployment::Deployment;
use crate::spec::diagnostic::Problems;
use crate::spec::documents::Documents;
use crate::spec::experiment::Question;
use crate::spec::faults::Place;
use crate::spec::objects::Machine;
use crate::spec::places;
use crate::spec::system::System;
use crate::spec::taints::{self, Taint};

/// The Deployments of which the scheduler leaves a replica Pending although all Nodes are up; each is told of.
pub(in crate::spec) fn tell_pending(
    model: &Model,
    documents: &Documents,
    question: &Question,
    system: &System,
    problems: &mut Problems,
) -> Vec<WorkloadId> {
    let all = placement::unplaced(model, question.seed);
    for unplaced in &all {
        tell(unplaced, model, documents, question, system, problems);
    }
    all.iter().map(|unplaced| unplaced.workload).collect()
}

/// Scalings to more replicas than the Nodes have room for, given by name and where they say to how many.
pub(in crate::spec) fn warn_of_scalings(
    model: &Model,
    seed: u64,
    scalings: &[(String, Place)],
    problems: &mut Problems,
) {
    for (name, Place { mark, path }) in scalings {
        let Some(fault) = model.faults.iter().find(|fault| fault.name == *name) else { continue };
        let Strikes::Scale { to } = fault.strikes else { continue };
        let mut scaled = model.clone();
        let is_struck =
            |id: &WorkloadId| fault.containers.is_empty() || fault.containers.iter().any(|one| one.workload == *id);
        let struck: Vec<WorkloadId> = model.workloads.ids().filter(is_struck).collect();
        struck.iter().for_each(|&workload| scaled.workloads[workload].replicas = to);
        for Unplaced { workload, placed, .. } in placement::unplaced(&scaled, seed) {
            // Of one that has no room for its own replicas more is told.
            if struck.contains(&workload) && placed >= model.workloads[workload].replicas {
                let of = &model.workloads[workload].name;
                let message = format!("is {to}, and the Nodes have room for {placed} of {of}: the others stay Pending");
                problems.warn(*mark, path, message).help("give the cluster more or larger Nodes, or scale to fewer");
            }
        }
    }
}

/// Says why some replicas of a Deployment have no place.
fn tell(
    unplaced: &Unplaced,
    model: &Model,
    documents: &Documents,
    question: &Question,
    system: &System,
    problems: &mut Problems,
) {
    let quiet = &mut Problems::default();
    let (member, own) = (&system.members[unplaced.workload.index()], &documents.members[unplaced.workload.index()]);
    let deployment = member.manifest.deployment(&own.deployment, Some(&own.serving), quiet);
    let cluster = cluster::read(&documents.cluster, quiet);
    let machines = cluster.and_then(|cluster| convert::machines(&cluster, system.machines.clone(), quiet));
    let (Some(deployment), Some(machines)) = (deployment, machines) else { return };

    let pod = &model.workloads[unplaced.workload].pod;
    let words = in_the_schedulers_words(unplaced, pod, &machines);
    // Of one Deployment there is nothing to tell apart.
    let of = if model.workloads.len() > 1 { format!(" of {}", own.name) } else { String::new() };
    let message = match unplaced.placed {
        0 => format!("no replica{of} can be placed: {words}"),
        placed => {
            format!("only {placed} of {} replicas{of} can be placed; for the next one {words}", deployment.replicas)
        }
    };
    let reason = main_reason(unplaced);
    let (path, mut help) =
        reason.map_or_else(Default::default, |reason| next_step(reason, pod, &deployment, &machines));
    if reason.is_some_and(hangs_on_others) {
        help.push_str(&beside(model, unplaced.workload));
    }
    let mark = places::place([member.document(), &own.deployment], &path);
    // Among others such a scenario is no mistake: it is marked in the results.
    let problem = problems.note(mark, &path, message);
    let anyway = "`allowPending: true` in an experiment, `--allow-pending` with a manifest alone";
    problem.help(format!("{help}; to play it all the same: {anyway}"));
    problem.is_hopeless = !question.allow_pending;
    problem.never_ready = problem.is_hopeless && unplaced.placed == 0;
}

/// `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s).`
fn in_the_schedulers_words(unplaced: &Unplaced, pod: &PodSpec, machines: &[Machine]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (refusals, machine) in unplaced.refusals.iter().zip(machines) {
        for refusal in refusals {
            *counts.entry(words(*refusal, pod, machine)).or_default() += 1;
        }
    }
    let mut reasons: Vec<String> = counts.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    reasons.sort();
    format!("0/{} nodes are available: {}.", machines.len(), reasons.join(", "))
}

/// The plugins' words. Of a Node that does not admit the Pod the cordon is looked at first.
fn words(refusal: Refusal, pod: &PodSpec, machine: &Machine) -> String {
    let words = match refusal {
        Refusal::Other(other) => return format!("Insufficient {}", pod.other_requests[other].resource),
        Refusal::NotAdmitted if machine.unschedulable => "node(s) were unschedulable",
        Refusal::NotAdmitted => "node(s) had untolerated taint(s)",
        Refusal::NotSelected => "node(s) didn't match Pod's node affinity/selector",
        Refusal::HostPorts => "node(s) didn't have free ports for the requested pod ports",
        Refusal::TooManyPods => "Too many pods",
        Refusal::Cpu => "Insufficient cpu",
        Refusal::Memory => "Insufficient memory",
        Refusal::NoSpreadKey => "node(s) didn't match pod topology spread constraints (missing required label)",
        Refusal::Spread => "node(s) didn't match pod topology spread constraints",
        Refusal::AntiAffinity => "node(s) didn't match pod anti-affinity rules",
    };
    words.to_string()
}

/// Whether what stands on the Nodes already may be the reason.
fn hangs_on_others(reason: Refusal) -> bool {
    match reason {
        Refusal::NotAdmitted | Refusal::NotSelected | Refusal::NoSpreadKey => false,
        Refusal::HostPorts
        | Refusal::TooManyPods
        | Refusal::Cpu
        | Refusal::Memory
        | Refusal::Other(_)
        | Refusal::Spread
        | Refusal::AntiAffinity => true,
    }
}

/// Of several Deployments, that the others' Pods stand on the same Nodes.
fn beside(model: &Model, of: WorkloadId) -> String {
    const MOST: usize = 3;
    let others = model.workloads.entries().filter(|(id, _)| *id != of);
    let names: Vec<&str> = others.map(|(_, workload)| workload.name.as_str()).collect();
    match names.len() {
        0 => String::new(),
        n if n > MOST => {
            format!("; the Pods of {} and {} others stand on the same Nodes", names[..MOST].join(", "), n - MOST)
        }
        _ => format!("; the Pods of {} stand on the same Nodes", names.join(", ")),
    }
}

/// The reason that most Nodes have; of equal ones that which the scheduler looks at last, and which is nearest to a place.
fn main_reason(unplaced: &Unplaced) -> Option<Refusal> {
    let mut counts: BTreeMap<Refusal, usize> = BTreeMap::new();
    for refusal in unplaced.refusals.iter().flatten() {
        *counts.entry(*refusal).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(refusal, count)| (*count, *refusal)).map(|(refusal, _)| refusal)
}

/// The field that is in the way, and what to do.
fn next_step(reason: Refusal, template: &PodSpec, deployment: &Deployment, machines: &[Machine]) -> (String, String) {
    const POD: &str = "spec.template.spec";
    let pod = &deployment.pod;
    let offered =
        |of: fn(&Resources) -> u64| machines.iter().map(|machine| of(&machine.allocatable)).max().unwrap_or(0);
    let more = "set larger Nodes or more of them in the Cluster (`node`, `zones`, `nodesPerZone`)";
    match reason {
        Refusal::NotAdmitted => {
            let kept_out = |machine: &Machine| {
                let taint = machine.taints.iter().find(|taint| taints::keeps_out(&pod.tolerations, taint));
                taint.map(Taint::to_string).filter(|_| !machine.unschedulable)
            };
            let help = machines.iter().find_map(kept_out).map_or_else(
                || "uncordon a Node".to_string(),
                |taint| format!("tolerate the taint {taint}, or have Nodes without it"),
            );
            (format!("{POD}.tolerations"), help)
        }
        Refusal::NotSelected => unselected(deployment, machines),
        Refusal::HostPorts => {
            let field = if pod.uses_host_network { "hostNetwork" } else { "containers" };
            let help = format!(
                "a Node takes one such Pod, as each needs the same ports of it: have at least {} Nodes for it (`zones`, \
                 `nodesPerZone`), or leave out hostPort and hostNetwork",
                deployment.replicas
            );
            (format!("{POD}.{field}"), help)
        }
        Refusal::Other(other) => {
            let name = &template.other_requests[other].resource;
            let asked = pod.requests.others.get(name).copied().unwrap_or(0);
            let most = machines.iter().filter_map(|machine| machine.others.get(name)).max().copied().unwrap_or(0);
            let help = format!(
                "a Pod requests {asked}, and the largest Node offers {most}: say what the Nodes have in the Cluster (`node: \
                 {{{name}: {asked}}}`, `--cluster FILE`), have more of them, or request less"
            );
            (format!("{}.resources", pod.main().path), help)
        }
        Refusal::TooManyPods => {
            let most = machines.iter().map(|machine| machine.max_pods).max().unwrap_or(0);
            ("spec.replicas".to_string(), format!("a Node takes at most {most} Pods: {more}"))
        }
        Refusal::Cpu => {
            let (asked, most) = (cpus(pod.requests.main.cpu_millis), cpus(offered(|node| node.cpu_millis)));
            let path = format!("{}.resources", pod.main().path);
            (path, format!("a Pod requests {asked} CPU, and the largest Node offers {most}: request less, or {more}"))
        }
        Refusal::Memory => {
            let (asked, most) = (bytes(pod.requests.main.memory_bytes), bytes(offered(|node| node.memory_bytes)));
            let path = format!("{}.resources", pod.main().path);
            (path, format!("a Pod requests {asked}, and the largest Node offers {most}: request less, or {more}"))
        }
        Refusal::NoSpreadKey => {
            let keys = pod.spread.iter().filter(|constraint| constraint.hard).map(|one| one.topology_key.as_str());
            let lacking = |key: &&str| machines.iter().any(|machine| !machine.labels.contains_key(*key));
            let keys: Vec<&str> = keys.filter(lacking).collect();
            let help = format!("give the Nodes the label {} (`node: {{labels: …}}` in the Cluster)", keys.join(", "));
            (format!("{POD}.topologySpreadConstraints"), help)
        }
        Refusal::Spread => {
            let help = "raise maxSkew, set whenUnsatisfiable: ScheduleAnyway, or have Nodes in more domains";
            (format!("{POD}.topologySpreadConstraints"), help.to_string())
        }
        Refusal::AntiAffinity => {
            let own = |term: &&AntiTerm| term.pods.matches(&deployment.labels, &deployment.namespace);
            let terms = pod.anti_affinity.iter().filter(|term| term.preferred_weight.is_none()).filter(own);
            let keys: Vec<&str> = terms.map(|term| term.topology_key.as_str()).collect();
            let help = format!(
                "have at least {} domains of {}, one for each replica (`zones`, `nodesPerZone`), or make the term preferred",
                deployment.replicas,
                keys.join(", ")
            );
            (format!("{POD}.affinity.podAntiAffinity"), help)
        }
    }
}

/// Labels that are asked for and that no Node has.
fn unselected(deployment: &Deployment, machines: &[Machine]) -> (String, String) {
    let pod = &deployment.pod;
    let nobody = |holds: &dyn Fn(&Machine) -> bool| !machines.iter().any(holds);
    let missing: Vec<String> = pod
        .node_selector
        .iter()
        .filter(|(key, value)| nobody(&|machine| machine.labels.get(*key) == Some(*value)))
        .map(|(key, value)| format!("{key}: {value}"))
        .collect();
    let advice = |what: String| {
        format!(
            "{what}: set `node: {{labels: …}}` in the Cluster (`--cluster FILE`), or ask for labels that Nodes have"
        )
    };
    if !missing.is_empty() {
        let help = advice(format!("no Node has the label {}", missing.join(", ")));
        return ("spec.template.spec.nodeSelector".to_string(), help);
    }
    let Some(terms) = &pod.node_terms else {
        return (
            "spec.template.spec.nodeSelector".to_string(),
            advice("no Node has all these labels at once".to_string()),
        );
    };
    let path = "spec.template.spec.affinity.nodeAffinity".to_string();
    let unmet: Vec<String> = terms.iter().flat_map(|term| term.unmet(machines)).collect();
    if !unmet.is_empty() {
        return (path, advice(format!("no Node has {}", unmet.join(", nor "))));
    }
    if terms.iter().all(NodeTerm::is_empty) {
        return (path, "a term without expressions matches no Node: add some, or remove it".to_string());
    }
    (path, advice("no Node has all these labels at once".to_string()))
}

fn cpus(millis: u64) -> String {
    format!("{}", millis as f64 / 1000.0)
}

fn bytes(bytes: u64) -> String {
    let units = [(1u64 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")];
    let unit = units.iter().find(|(size, _)| bytes > 0 && bytes.is_multiple_of(*size));
    let memory = unit.map_or_else(|| bytes.to_string(), |(size, unit)| format!("{}{unit}", bytes / size));
    format!("{memory} of memory")
}
