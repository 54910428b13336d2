//! The Pod template of a Deployment, with every default applied (M2, M9) and every rule of M4 checked.
//! Follows `pkg/apis/core/validation/validation.go` and `pkg/apis/core/v1/defaults.go`.

use super::affinity::{self, AntiTerm, NodeTerm, PodSelector};
use super::container::{self, Container};
use super::diagnostic::Problems;
use super::labels::{HOSTNAME, Labels, check_label_key, read_labels, read_selector};
use super::ports::{self, ContainerPort, HostPort};
use super::probe::seconds;
use super::reader::{Item, Object};
use super::resources::{self, Requests};
use super::taints::{self, PodToleration};
use super::tree::Value;
use super::volumes;
use crate::time::Duration;

/// A Pod as the API server would store it.
#[derive(Debug, Clone)]
pub(super) struct Pod {
    /// At least one.
    pub containers: Vec<Container>,
    /// Init containers, sidecars among them, in their order.
    pub init: Vec<Container>,
    /// The position of the container that serves: the first, until [`serving`](super::serving) chooses.
    pub main: usize,
    pub termination_grace: Duration,
    pub requests: Requests,
    /// The ports of the Node that its containers and sidecars take.
    pub host_ports: Vec<HostPort>,
    pub uses_host_network: bool,
    pub tolerations: Vec<PodToleration>,
    pub node_selector: Labels,
    /// Required node affinity: one of the terms must match. `None` if there is none.
    pub node_terms: Option<Vec<NodeTerm>>,
    pub spread: Vec<SpreadConstraint>,
    pub anti_affinity: Vec<AntiTerm>,
}

impl Pod {
    /// The container that serves.
    pub fn main(&self) -> &Container {
        &self.containers[self.main]
    }

    /// All containers, in the order in which they start.
    pub fn all(&self) -> impl Iterator<Item = &Container> {
        self.init.iter().chain(&self.containers)
    }

    /// Init containers that run as long as the Pod.
    pub fn sidecars(&self) -> impl Iterator<Item = &Container> {
        self.init.iter().filter(|one| one.is_sidecar)
    }

    /// The containers that run together: the sidecars are among them.
    pub fn running(&self) -> impl Iterator<Item = &Container> {
        self.containers.iter().chain(self.sidecars())
    }
}

/// One of the Pod's `topologySpreadConstraints`.
#[derive(Debug, Clone)]
pub(super) struct SpreadConstraint {
    pub topology_key: String,
    pub max_skew: u32,
    pub hard: bool,
    pub min_domains: u32,
    pub honor_affinity: bool,
    pub honor_taints: bool,
    /// Which Pods it counts; `None`: those of the Deployment itself.
    pub pods: Option<PodSelector>,
    /// Of those only the ones of the same revision: `matchLabelKeys: [pod-template-hash]`.
    pub by_revision: bool,
}

/// The label by which the Deployment controller tells revisions apart.
const REVISION_LABEL: &str = "pod-template-hash";

/// Fields of a Pod that change nothing in the model.
pub(super) const WITHOUT_EFFECT: [&str; 24] = [
    "automountServiceAccountToken",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "hostAliases",
    "hostIPC",
    "hostPID",
    "hostUsers",
    "hostname",
    "hostnameOverride",
    "imagePullSecrets",
    "os",
    "preemptionPolicy",
    "priority",
    "runtimeClassName",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "setHostnameAsFQDN",
    "shareProcessNamespace",
    "subdomain",
    "ephemeralContainers",
    "workloadRef",
    "schedulingGroup",
];

/// Fields of a Pod that are read, for paths that start in the Pod.
pub(super) const WITH_EFFECT: [&str; 18] = [
    "affinity",
    "containers",
    "hostNetwork",
    "initContainers",
    "nodeName",
    "nodeSelector",
    "overhead",
    "priorityClassName",
    "readinessGates",
    "resourceClaims",
    "resources",
    "restartPolicy",
    "schedulerName",
    "schedulingGates",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
    "volumes",
];

/// Reads a Pod template's spec. `labels` and `namespace` are those of its Pods.
pub(super) fn read(item: &Item<'_>, labels: &Labels, namespace: &str, problems: &mut Problems) -> Option<Pod> {
    let mut object = item.object(problems)?;
    let grace = match object.get("terminationGracePeriodSeconds") {
        Some(value) => value.integer(problems, i64::MIN..=i64::MAX).unwrap_or(30),
        None => 30,
    };
    // M2: negative means 1.
    let grace = if grace < 0 { 1 } else { grace };
    let containers = read_containers(&mut object, "containers", grace, problems);
    let init = read_containers(&mut object, "initContainers", grace, problems);
    let uses_host_network = read_host_network(&mut object, &containers, &init, problems);
    let volumes = volumes::read(&mut object, problems);
    for key in ["containers", "initContainers"] {
        volumes::check_mounts(&object, key, &volumes, problems);
    }
    let requests = read_requests(&mut object, &containers, &init, problems);
    if let Some(policy) = object.get("restartPolicy") {
        let _ = policy.word(problems, &[("Always", ())]);
    }
    let tolerations = object.get("tolerations").map(|list| taints::read_tolerations(&list, problems));
    let node_selector = object.get("nodeSelector").and_then(|labels| read_labels(&labels, problems));
    let affinity = object.get("affinity").map(|item| affinity::read(&item, labels, namespace, problems));
    let spread = object.get("topologySpreadConstraints").map(|list| read_spread(&list, labels, namespace, problems));
    check_dns(&object, problems);
    let rule = "must not be set in the template of a Deployment, whose Pods run until they are replaced";
    object.forbid("activeDeadlineSeconds", problems, rule, "remove it; a Job may have it");
    warn_of_the_rest(&mut object, problems);
    object.finish(problems, &WITHOUT_EFFECT);
    let affinity = affinity.unwrap_or_default();
    if containers.is_empty() {
        return None;
    }
    let sidecars = init.iter().filter(|one| one.is_sidecar);
    let ports = containers.iter().chain(sidecars).flat_map(|container| &container.ports);
    let host_ports = ports.filter_map(|port| port.on_host(uses_host_network)).collect();
    Some(Pod {
        containers,
        init,
        main: 0,
        termination_grace: seconds(grace),
        requests,
        host_ports,
        uses_host_network,
        tolerations: tolerations.unwrap_or_default(),
        node_selector: node_selector.unwrap_or_default(),
        node_terms: affinity.node_terms,
        spread: spread.unwrap_or_default(),
        anti_affinity: affinity.anti,
    })
}

/// Whether the Pods share the network of their Node, so that every port of a container is a port of the Node.
fn read_host_network(
    object: &mut Object<'_>,
    containers: &[Container],
    init: &[Container],
    problems: &mut Problems,
) -> bool {
    let flag = object.get("hostNetwork");
    let is_shared = flag.as_ref().and_then(|flag| flag.boolean(problems)).unwrap_or(false);
    let together: Vec<&ContainerPort> = containers.iter().flat_map(|container| &container.ports).collect();
    ports::check_host_ports(&together, problems);
    // Init containers run one after the other.
    for container in init {
        ports::check_host_ports(&container.ports.iter().collect::<Vec<_>>(), problems);
    }
    if let Some(flag) = flag.filter(|_| is_shared && together.is_empty()) {
        let message = "gives the Pods the network of their Node, and no container declares a port: the scheduler may put two \
                       of them on one Node, where the second finds the port taken, which is not modelled";
        problems.warn(flag.mark(), &flag.path, message).help("declare the ports that the containers listen on");
    }
    if is_shared {
        together.into_iter().for_each(|port| ports::check_same_host_port(port, problems));
    }
    is_shared
}

/// What would matter and is not modelled yet: named, never silent.
fn warn_of_the_rest(object: &mut Object<'_>, problems: &mut Problems) {
    object.unmodelled(problems, "readinessGates", "a Pod is ready here when its container is");
    object.unmodelled(problems, "schedulingGates", "Pods are scheduled here as soon as they exist");
    object.unmodelled(problems, "priorityClassName", "no Pod preempts another here");
    object.unmodelled(problems, "nodeName", "the scheduler places the Pods here");
    object.unmodelled(problems, "resourceClaims", "devices are not allocated here");
    if let Some(name) = object.get("schedulerName")
        && let Some(text) = name.string(problems)
        && text != "default-scheduler"
        && !text.is_empty()
    {
        name.warn(problems, format!("is not modelled: hasim places Pods as the default-scheduler does, not {text}"));
    }
}

/// Follows `validateDNSPolicy` and `validatePodDNSConfig`.
fn check_dns(object: &Object<'_>, problems: &mut Problems) {
    const POLICIES: [(&str, bool); 4] =
        [("ClusterFirst", false), ("ClusterFirstWithHostNet", false), ("Default", false), ("None", true)];
    let Some(policy) = object.peek("dnsPolicy") else { return };
    if policy.word(problems, &POLICIES) != Some(true) {
        return;
    }
    let servers = object.peek("dnsConfig").and_then(|config| Some(&config.node.get("nameservers")?.value));
    if !matches!(servers, Some(Value::List(servers)) if !servers.is_empty()) {
        let rule = "must go with at least one nameserver in dnsConfig";
        problems
            .value(policy.node, &policy.path, rule)
            .help("add `dnsConfig: {nameservers: [10.0.0.10]}`, or use ClusterFirst");
    }
}

fn read_containers<'a>(object: &mut Object<'a>, key: &'a str, grace: i64, problems: &mut Problems) -> Vec<Container> {
    let is_init = key == "initContainers";
    let list = if is_init { object.get(key) } else { object.require(key, problems) };
    let Some(items) = list.as_ref().and_then(|list| list.list(problems)) else { return Vec::new() };
    if items.is_empty() && !is_init {
        object.error(problems, "must have at least one container");
    }
    let containers: Vec<Container> =
        items.iter().filter_map(|item| container::read(item, is_init, grace, problems)).collect();
    for (index, item) in items.iter().enumerate() {
        if let Some(name) = item.node.text("name")
            && items[..index].iter().any(|earlier| earlier.node.text("name") == Some(name))
        {
            problems.error(item.mark(), &item.path, format!("has the name {name}, which another container has"));
        }
    }
    containers
}

/// What the scheduler sets aside for a Pod (S4): containers and sidecars together, or an init container with the
/// sidecars before it, whichever is more; then the overhead. Follows `pkg/api/v1/resource/helpers.go PodRequests`.
fn read_requests(
    object: &mut Object<'_>,
    containers: &[Container],
    init: &[Container],
    problems: &mut Problems,
) -> Requests {
    let mut sidecars = Requests::default();
    let mut peak = Requests::default();
    for one in init {
        let now = sidecars.clone().plus(&one.requests);
        peak = peak.or_more(&now);
        if one.is_sidecar {
            sidecars = now;
        }
    }
    let sum = containers.iter().fold(sidecars, |sum, container| sum.plus(&container.requests));
    let mut sum = sum.or_more(&peak);
    if let Some(whole) = object.get("resources").and_then(|item| resources::read_of_pod(&item, problems)) {
        sum = sum.replaced(whole);
    }
    if let Some(overhead) = object.get("overhead") {
        sum = sum.plus(&resources::read_overhead(&overhead, problems));
        if !object.has("runtimeClassName") {
            let message = "is set without runtimeClassName: admission refuses such a Pod, and takes the overhead from the \
                           RuntimeClass; it counts as requested here";
            overhead.warn(problems, message);
        }
    }
    sum
}

fn read_spread(item: &Item<'_>, labels: &Labels, namespace: &str, problems: &mut Problems) -> Vec<SpreadConstraint> {
    let items = item.list(problems).unwrap_or_default();
    let mut constraints: Vec<SpreadConstraint> = Vec::new();
    for item in items {
        let Some(constraint) = read_constraint(&item, labels, namespace, problems) else { continue };
        if constraints
            .iter()
            .any(|other| other.topology_key == constraint.topology_key && other.hard == constraint.hard)
        {
            let message = format!(
                "repeats the pair of topologyKey {} and whenUnsatisfiable of an earlier constraint",
                constraint.topology_key
            );
            problems.error(item.mark(), &item.path, message);
        }
        constraints.push(constraint);
    }
    constraints
}

fn read_constraint(
    item: &Item<'_>,
    labels: &Labels,
    namespace: &str,
    problems: &mut Problems,
) -> Option<SpreadConstraint> {
    const INT32: i64 = i32::MAX as i64;
    const POLICIES: [(&str, bool); 2] = [("Honor", true), ("Ignore", false)];
    let mut object = item.object(problems)?;
    let max_skew = object.require("maxSkew", problems).and_then(|skew| skew.integer(problems, 1..=INT32));
    let key = object.require("topologyKey", problems);
    if let Some(key) = &key {
        check_label_key(key, problems);
    }
    let hard = object
        .require("whenUnsatisfiable", problems)
        .and_then(|word| word.word(problems, &[("DoNotSchedule", true), ("ScheduleAnyway", false)]));
    let min_domains_item = object.get("minDomains");
    let min_domains = min_domains_item.as_ref().and_then(|domains| domains.integer(problems, 1..=INT32));
    if let Some(domains) = &min_domains_item
        && hard == Some(false)
    {
        domains.refuse(problems, "must only be set with whenUnsatisfiable: DoNotSchedule");
    }
    // M9: affinity is honoured and taints are ignored unless stated.
    let honor_affinity = object.get("nodeAffinityPolicy").and_then(|policy| policy.word(problems, &POLICIES));
    let honor_taints = object.get("nodeTaintsPolicy").and_then(|policy| policy.word(problems, &POLICIES));
    let selector = object.get("labelSelector").and_then(|selector| read_selector(&selector, problems));
    // Values of these keys are taken from the Pod itself, so they never keep it from matching itself (S7b).
    let mut same = Labels::new();
    let mut by_revision = false;
    if let Some(keys) = object.get("matchLabelKeys").and_then(|keys| keys.list(problems)) {
        for key in keys {
            check_label_key(&key, problems);
            let text = key.string(problems).unwrap_or_default();
            by_revision |= text == REVISION_LABEL;
            same.extend(labels.get(text).map(|value| (text.to_string(), value.clone())));
            if selector.as_ref().is_none_or(|s| s.requirements.iter().any(|r| r.key == text)) {
                key.refuse(problems, "must go with a labelSelector that does not name the key itself");
            }
        }
    }
    object.finish(problems, &[]);
    Some(SpreadConstraint {
        topology_key: key?.string(problems)?.to_string(),
        max_skew: max_skew? as u32,
        hard: hard?,
        min_domains: min_domains.unwrap_or(1) as u32,
        honor_affinity: honor_affinity.unwrap_or(true),
        honor_taints: honor_taints.unwrap_or(false),
        pods: Some(PodSelector { selector, namespaces: vec![namespace.to_string()], same, ..PodSelector::default() }),
        by_revision,
    })
}

impl SpreadConstraint {
    /// The system's defaults for a Pod without constraints (S8).
    pub fn system_defaults() -> Vec<Self> {
        [(HOSTNAME, 3), (super::labels::ZONE, 5)]
            .into_iter()
            .map(|(key, max_skew)| Self {
                topology_key: key.to_string(),
                max_skew,
                hard: false,
                min_domains: 1,
                honor_affinity: true,
                honor_taints: false,
                pods: None,
                by_revision: false,
            })
            .collect()
    }
}
