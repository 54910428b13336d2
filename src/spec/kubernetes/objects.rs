//! The objects around a Deployment: Service, `PodDisruptionBudget` and Node (M4, M7–M9).

use std::net::{IpAddr, Ipv4Addr};

use crate::model::{Limit, Resources};
use crate::spec::deployment::{Deployment, Metadata, int_or_percent, read_metadata};
use crate::spec::diagnostic::Problems;
use crate::spec::labels::{Labels, Selector, ZONE, read_labels, read_selector};
use crate::spec::node_labels;
use crate::spec::ports::{self, PortRef, Protocol};
use crate::spec::reader::{Item, Object};
use crate::spec::resources::{self, Capacity, Others};
use crate::spec::taints::{NOT_READY, Taint, UNREACHABLE, read_taints};
use crate::spec::tree::{Mark, Node};

/// A Service as far as it matters.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Service {
    pub name: String,
    pub namespace: String,
    /// `None` if it has none: then nobody maintains its endpoints (M7).
    pub selector: Option<Selector>,
    pub publish_not_ready: bool,
    /// Where its ports lead to.
    pub targets: Vec<Target>,
    /// It has no address of its own.
    pub is_headless: bool,
    /// Other Deployments of the file whose Pods it selects too.
    pub others: Vec<String>,
}

/// Where a port of a Service leads to.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Target {
    /// `targetPort`, or the number of the Service's own port.
    pub port: PortRef,
    pub protocol: Protocol,
    pub mark: Mark,
    pub path: String,
}

/// A Node object, or a Node made from a Cluster's `zones`.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Machine {
    pub name: String,
    pub labels: Labels,
    pub taints: Vec<Taint>,
    pub unschedulable: bool,
    pub allocatable: Resources,
    /// What it offers of other resources, by name.
    pub others: Others,
    pub max_pods: u32,
    /// What an hour of it costs, if its pool has a price of its own.
    pub hour_price: Option<f64>,
    /// Which pool of Nodes that are alike it is of, and whether it is a spare one for upgrades and withdrawals.
    pub pool: u32,
    pub is_spare: bool,
}

impl Machine {
    /// Its zone, if it has the label.
    pub fn zone(&self) -> Option<&String> {
        self.labels.get(ZONE)
    }
}

fn open<'a>(document: &'a Node, problems: &mut Problems) -> Option<Object<'a>> {
    let mut object = Item::new(document, "").object(problems)?;
    let _ = (object.get("apiVersion"), object.get("kind"));
    Some(object)
}

/// Reads a Service. Follows `pkg/apis/core/validation/validation.go ValidateService`.
pub(in crate::spec) fn read_service(document: &Node, problems: &mut Problems) -> Option<Service> {
    let mut object = open(document, problems)?;
    let metadata = read_metadata(&mut object, problems);
    let spec = object.require("spec", problems);
    object.finish(problems, &["status"]);
    let mut spec = spec?.object(problems)?;
    let selector = spec.get("selector").and_then(|labels| read_labels(&labels, problems));
    let publish = spec.get("publishNotReadyAddresses").and_then(|flag| flag.boolean(problems)).unwrap_or(false);
    let kinds = [("ClusterIP", true), ("NodePort", true), ("LoadBalancer", true), ("ExternalName", false)];
    let selects = spec.get("type").and_then(|kind| kind.word(problems, &kinds)).unwrap_or(true);
    let is_headless = spec.get("clusterIP").is_some_and(|address| read_cluster_ip(&address, problems));
    let ports = spec.get("ports").and_then(|ports| ports.list(problems)).unwrap_or_default();
    if ports.is_empty() && selects && !is_headless {
        spec.error(problems, "must have at least one port");
    }
    let targets = ports.iter().filter_map(|port| read_service_port(port, ports.len() > 1, problems)).collect();
    if let Some(affinity) = spec.get("sessionAffinity")
        && affinity.word(problems, &[("None", false), ("ClientIP", true)]) == Some(true)
    {
        affinity.warn(problems, "is not modelled: every request chooses its Pod anew here");
    }
    for key in ["internalTrafficPolicy", "externalTrafficPolicy"] {
        if let Some(policy) = spec.get(key)
            && policy.word(problems, &[("Cluster", false), ("Local", true)]) == Some(true)
        {
            policy.warn(problems, "is not modelled: requests go to all Pods in rotation, whatever their Node");
        }
    }
    spec.unmodelled(problems, "trafficDistribution", "requests go to all Pods in rotation, whatever their zone");
    spec.finish(
        problems,
        &[
            "allocateLoadBalancerNodePorts",
            "clusterIPs",
            "externalIPs",
            "externalName",
            "healthCheckNodePort",
            "ipFamilies",
            "ipFamilyPolicy",
            "loadBalancerClass",
            "loadBalancerIP",
            "loadBalancerSourceRanges",
            "sessionAffinityConfig",
        ],
    );
    let metadata = metadata?;
    let selector = selector.filter(|labels| selects && !labels.is_empty()).map(|labels| Selector::of_labels(&labels));
    Some(Service {
        name: metadata.name,
        namespace: metadata.namespace,
        selector,
        publish_not_ready: publish,
        targets,
        is_headless,
        others: Vec::new(),
    })
}

/// Whether the Service is headless: its address is None. Else it is an IP address, or none yet.
fn read_cluster_ip(address: &Item<'_>, problems: &mut Problems) -> bool {
    match address.string(problems) {
        Some("None") => {
            let message = "is not modelled: clients of a headless Service choose a Pod through DNS and its caches";
            address.warn(problems, message);
            true
        }
        Some(text) => {
            if !text.is_empty() && !is_ip(text) {
                let problem = problems.value(address.node, &address.path, "must be an IP address, None, or empty");
                problem.help("leave it out: the cluster chooses an address");
            }
            false
        }
        None => false,
    }
}

/// The API server takes zeros in front of an IPv4 number, as it always did.
fn is_ip(text: &str) -> bool {
    let plain = |part: &str| {
        let digits = part.trim_start_matches('0');
        if digits.is_empty() && !part.is_empty() { "0".to_string() } else { digits.to_string() }
    };
    let decimal = text.split('.').map(plain).collect::<Vec<_>>().join(".");
    text.parse::<IpAddr>().is_ok() || decimal.parse::<Ipv4Addr>().is_ok()
}

/// Checks a port of a Service; gives the port of the Pod that it leads to.
fn read_service_port(item: &Item<'_>, is_one_of_many: bool, problems: &mut Problems) -> Option<Target> {
    let mut object = item.object(problems)?;
    let port = object.require("port", problems).and_then(|port| port.integer(problems, 1..=65_535));
    // M9: targetPort is port.
    let stated = object.get("targetPort");
    let target = match &stated {
        Some(target) => ports::read_wanted(target, problems),
        None => port.map(PortRef::Number),
    };
    let protocol = ports::read_protocol(&mut object, problems);
    let name = if is_one_of_many { object.require("name", problems) } else { object.get("name") };
    let _ = name.and_then(|name| name.string(problems));
    object.finish(problems, &["appProtocol", "nodePort"]);
    let place = stated.as_ref().unwrap_or(item);
    Some(Target { port: target?, protocol, mark: place.mark(), path: place.path.clone() })
}

/// A `PodDisruptionBudget`: how many Pods a drain may take at once.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Budget {
    pub name: String,
    pub namespace: String,
    /// An empty one selects every Pod of the namespace; one that is absent, none.
    pub selector: Option<Selector>,
    pub limit: Limit,
    /// `unhealthyPodEvictionPolicy: AlwaysAllow`.
    pub always_allows_unhealthy: bool,
}

impl Budget {
    /// It selects the Deployment's Pods.
    pub fn selects(&self, deployment: &Deployment) -> bool {
        let selector = self.selector.as_ref();
        self.namespace == deployment.namespace && selector.is_some_and(|selector| selector.matches(&deployment.labels))
    }
}

/// Reads a `PodDisruptionBudget`.
pub(in crate::spec) fn read_budget(document: &Node, problems: &mut Problems) -> Option<Budget> {
    let mut object = open(document, problems)?;
    let metadata = read_metadata(&mut object, problems);
    let spec = object.get("spec");
    object.finish(problems, &["status"]);
    let mut spec = spec?.object(problems)?;
    let least = spec.get("minAvailable");
    let most = spec.get("maxUnavailable");
    let mut amount = |item: &Item<'_>| int_or_percent(item, true, problems);
    let min_available = least.as_ref().and_then(&mut amount);
    let max_unavailable = most.as_ref().and_then(&mut amount);
    if let (Some(_), Some(most)) = (least, most) {
        let help = "leave one of the two out";
        problems.error(most.mark(), &most.path, "must not be set together with minAvailable").help(help);
    }
    let selector = spec.get("selector").and_then(|selector| read_selector(&selector, problems));
    let policies = [("IfHealthyBudget", false), ("AlwaysAllow", true)];
    let policy = spec.get("unhealthyPodEvictionPolicy").and_then(|policy| policy.word(problems, &policies));
    spec.finish(problems, &[]);
    let limit = match (min_available, max_unavailable) {
        (Some(least), _) => Limit::MinAvailable(least),
        (None, Some(most)) => Limit::MaxUnavailable(most),
        (None, None) => Limit::Nothing,
    };
    let Metadata { name, namespace, .. } = metadata?;
    Some(Budget { name, namespace, selector, limit, always_allows_unhealthy: policy.unwrap_or(false) })
}

/// Reads a Node. Allocatable is capacity where it is absent (M9).
pub(in crate::spec) fn read_node(document: &Node, problems: &mut Problems) -> Option<Machine> {
    let mut object = open(document, problems)?;
    let metadata = read_metadata(&mut object, problems);
    let spec = object.get("spec").and_then(|spec| spec.object(problems));
    let status = object.get("status");
    object.finish(problems, &[]);
    let (mut taints, mut unschedulable) = (Vec::new(), false);
    if let Some(mut spec) = spec {
        if let Some(list) = spec.get("taints") {
            taints = read_taints(&list, problems);
            // What the control plane sets by a Node's condition is played, not taken over from a snapshot.
            let before = taints.len();
            taints.retain(|taint| taint.key != UNREACHABLE && taint.key != NOT_READY);
            if taints.len() < before {
                list.warn(problems, "says that the Node is not ready: hasim starts with all Nodes ready");
            }
        }
        unschedulable = spec.get("unschedulable").and_then(|flag| flag.boolean(problems)).unwrap_or(false);
        spec.finish(problems, &["podCIDR", "podCIDRs", "providerID", "externalID", "configSource"]);
    }
    let mut offered = Capacity::default();
    if let Some(mut status) = status.and_then(|status| status.object(problems)) {
        for key in ["allocatable", "capacity"] {
            if let Some(list) = status.get(key) {
                offered = offered.or(resources::read_capacity(&list, problems));
            }
        }
        // A Node reports much of itself; nothing else of it matters.
    }
    let metadata = metadata?;
    let (Some(cpu_millis), Some(memory_bytes)) = (offered.cpu, offered.memory) else {
        let message = format!("of Node {} must state cpu and memory", metadata.name);
        problems.error(document.mark, "status.allocatable", message);
        return None;
    };
    let mut labels = metadata.labels;
    node_labels::complete(&mut labels, &metadata.name);
    let max_pods = u32::try_from(offered.pods.unwrap_or(110)).unwrap_or(u32::MAX);
    let allocatable = Resources { cpu_millis, memory_bytes };
    Some(Machine {
        name: metadata.name,
        labels,
        taints,
        unschedulable,
        allocatable,
        others: offered.others,
        max_pods,
        hour_price: None,
        pool: 0,
        is_spare: false,
    })
}
