//! Advice on leaving a Node: too slowly when it is lost, not at all when it is drained.

use serde_json::json;

use super::{Advice, Finding, Subject, finding};
use crate::model::{DeadNodes, Eviction, Limit, Toleration};
use crate::spec::objects::Budget;
use crate::spec::taints::{self, NOT_READY, UNREACHABLE};
use crate::spec::tree::Node;
use crate::time::Duration;

/// What admission adds, which is long for a service that cannot spare a replica (N8).
const LONG: Duration = Duration::from_secs(300);
/// As many replicas cannot spare one for long.
const FEW: u32 = 2;
const SHORTER_SECS: u64 = 30;

pub(super) static SLOW_EVICTION: Advice = Advice {
    id: "slow-eviction",
    says: "One or two replicas, and the Pod of a lost Node is kept for five minutes or longer",
    why: "Until the Pod is evicted there is no replacement: with the detection a replica is missing for about six minutes, \
          and what strikes the last other one meanwhile is an outage.",
    rules: &["N8", "N9", "N10"],
    help: "Tolerate node.kubernetes.io/unreachable and node.kubernetes.io/not-ready with a shorter tolerationSeconds, or \
           run more replicas.",
};

pub(super) fn slow_eviction(subject: &Subject<'_>) -> Vec<Finding> {
    let deployment = subject.deployment;
    // Where a dead machine's Node object is deleted, nothing waits for the toleration (N15).
    let waits_for_taints = subject.around.as_ref().is_none_or(|around| {
        let cluster = &around.model.cluster;
        cluster.control_plane.eviction == Eviction::Taints && matches!(cluster.dead_nodes, DeadNodes::Reboot)
    });
    if deployment.replicas > FEW || !waits_for_taints {
        return Vec::new();
    }
    let message = match taints::unreachable(&deployment.pod.tolerations) {
        Toleration::Forever => "keep the Pod of a lost Node for as long as the Node is lost".to_string(),
        Toleration::For(span) if span >= LONG => {
            let default = if deployment.pod.tolerations.is_empty() { " (the default)" } else { "" };
            format!("keep the Pod of a lost Node for {} s{default}", span.as_secs_f64())
        }
        Toleration::For(_) | Toleration::None => return Vec::new(),
    };
    let help = format!(
        "tolerate {UNREACHABLE} and {NOT_READY} (NoExecute) with tolerationSeconds: {SHORTER_SECS}; the shorter, the \
         sooner Pods also leave Nodes that are cut off for a moment"
    );
    let path = "spec.template.spec.tolerations";
    let own = subject.document.get("spec").and_then(|spec| spec.get("template")?.get("spec")?.get("tolerations"));
    // Of several that match, the shortest counts (N9).
    let mut tolerations = own.and_then(|own| own.to_json().as_array().cloned()).unwrap_or_default();
    tolerations.extend([UNREACHABLE, NOT_READY].map(
        |key| json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SHORTER_SECS}),
    ));
    vec![subject.finding(path, message, help).followed_by([("tolerations".to_string(), json!(tolerations))])]
}

pub(super) static BUDGET_BLOCKS_DRAINS: Advice = Advice {
    id: "budget-blocks-drains",
    says: "A PodDisruptionBudget never allows an eviction",
    why: "A drain repeats a refused eviction every 5 s for as long as the budget allows none: upgrades of Nodes hang, or \
          are forced through without any budget.",
    rules: &["V1", "V2", "V4"],
    help: "Set maxUnavailable: 1 in the budget, and run at least two replicas.",
};

pub(super) fn budget_blocks_drains(subject: &Subject<'_>) -> Vec<Finding> {
    // Of an autoscaled Deployment the least, at which it is whenever there is little load.
    let replicas = subject.deployment.replicas;
    let never = subject.budgets.iter().filter_map(|(document, budget)| blocks(document, budget, replicas));
    let second = subject.budgets.get(1).map(|(document, budget)| {
        let first = &subject.budgets[0].1.name;
        let message = format!("{} selects the same Pods as {first}: an eviction is refused with an error", budget.name);
        finding([document; 2], "spec.selector", message, "keep one budget for each Pod")
    });
    never.chain(second).collect()
}

fn blocks(document: &Node, budget: &Budget, replicas: u32) -> Option<Finding> {
    let shown = |key: &str| document.get("spec").and_then(|spec| spec.get(key)).map(Node::shown).unwrap_or_default();
    let (path, message) = match budget.limit {
        Limit::MinAvailable(least) if replicas > 0 && least.rounded_up(replicas) >= replicas => {
            let of = if replicas == 1 { "the only replica".to_string() } else { format!("all {replicas} replicas") };
            ("spec.minAvailable", format!("is {}, which is {of}: no Pod may ever be evicted", shown("minAvailable")))
        }
        Limit::MaxUnavailable(most) if replicas > 0 && most.rounded_up(replicas) == 0 => {
            ("spec.maxUnavailable", format!("is {}: no Pod may ever be evicted", shown("maxUnavailable")))
        }
        Limit::Nothing => {
            ("spec", "has neither minAvailable nor maxUnavailable: no Pod may ever be evicted".to_string())
        }
        _ => return None,
    };
    let help = if replicas == 1 {
        "run at least 2 replicas, and set maxUnavailable: 1"
    } else {
        "set maxUnavailable: 1 instead"
    };
    Some(finding([document; 2], path, message, help))
}
