//! Affinity to Nodes and against Pods (S3, S9, S10).
//! Follows `pkg/apis/core/validation/validation.go validateAffinity` and
//! `staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go`.

use crate::spec::diagnostic::Problems;
use crate::spec::labels::{Labels, Operator, Requirement, check_label_key, read_node_requirement, read_selector};
use crate::spec::objects::Machine;
use crate::spec::reader::{Item, Object};

/// A Node selector term: all of it must hold. An empty one matches nothing.
#[derive(Debug, Clone, Default)]
pub(in crate::spec) struct NodeTerm {
    labels: Vec<Requirement>,
    names: Vec<Requirement>,
}

impl NodeTerm {
    /// Without a requirement it matches nothing.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.names.is_empty()
    }

    /// What it asks for and none of these has.
    pub fn unmet(&self, machines: &[Machine]) -> Vec<String> {
        let label = |asked: &&Requirement| !machines.iter().any(|machine| asked.holds(machine.labels.get(&asked.key)));
        let name = |asked: &&Requirement| !machines.iter().any(|machine| asked.holds(Some(&machine.name)));
        let labels = self.labels.iter().filter(label).map(|asked| format!("a label {asked}"));
        labels
            .chain(self.names.iter().filter(name).map(|asked| format!("the name {}", asked.values.join(", "))))
            .collect()
    }

    /// Whether a Node of this name with these labels matches.
    pub fn matches(&self, name: &str, labels: &Labels) -> bool {
        let name = name.to_string();
        !self.is_empty()
            && self.labels.iter().all(|requirement| requirement.holds(labels.get(&requirement.key)))
            && self.names.iter().all(|requirement| requirement.holds(Some(&name)))
    }
}

/// An anti-affinity term that concerns the Deployment's own Pods.
#[derive(Debug, Clone)]
pub(in crate::spec) struct AntiTerm {
    pub topology_key: String,
    /// `None` if required.
    pub preferred_weight: Option<u32>,
}

/// What is modelled of `affinity`.
#[derive(Debug, Clone, Default)]
pub(in crate::spec) struct Affinity {
    pub node_terms: Option<Vec<NodeTerm>>,
    pub anti: Vec<AntiTerm>,
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Reads `affinity` of a Pod with these labels in this namespace.
pub(in crate::spec) fn read(item: &Item<'_>, labels: &Labels, namespace: &str, problems: &mut Problems) -> Affinity {
    let mut affinity = Affinity::default();
    let Some(mut object) = item.object(problems) else { return affinity };
    if let Some(mut node) = object.get("nodeAffinity").and_then(|node| node.object(problems)) {
        affinity.node_terms = node.get(REQUIRED).and_then(|required| read_node_selector(&required, problems));
        if let Some(preferred) = node.get(PREFERRED) {
            for term in preferred.list(problems).unwrap_or_default() {
                if let Some(mut weighted) = term.object(problems) {
                    let _ = read_weight(&mut weighted, problems);
                    if let Some(preference) = weighted.require("preference", problems) {
                        let _ = read_node_term(&preference, problems);
                    }
                    weighted.finish(problems, &[]);
                }
                term.warn(problems, "is not modelled: no Node is preferred to another by its labels here");
            }
        }
        node.finish(problems, &[]);
    }
    if let Some(mut anti) = object.get("podAntiAffinity").and_then(|anti| anti.object(problems)) {
        for (term, weight) in read_pod_terms(&mut anti, problems) {
            if let Some((key, true)) = read_pod_term(&term, labels, namespace, problems) {
                affinity.anti.push(AntiTerm { topology_key: key, preferred_weight: weight });
            }
        }
        anti.finish(problems, &[]);
    }
    if let Some(mut pod) = object.get("podAffinity").and_then(|pod| pod.object(problems)) {
        for (term, weight) in read_pod_terms(&mut pod, problems) {
            let read = read_pod_term(&term, labels, namespace, problems);
            let message = match (read, weight) {
                (Some((_, true)), _) => "is not modelled: Pods are not drawn to each other here",
                (Some((_, false)), None) => "is not modelled: other Pods do not exist here, so nothing binds to them",
                _ => continue,
            };
            term.warn(problems, message);
        }
        pod.finish(problems, &[]);
    }
    object.finish(problems, &[]);
    affinity
}

fn read_node_selector(item: &Item<'_>, problems: &mut Problems) -> Option<Vec<NodeTerm>> {
    let mut object = item.object(problems)?;
    let terms = object.require("nodeSelectorTerms", problems);
    object.finish(problems, &[]);
    let terms = terms?;
    let items = terms.list(problems)?;
    if items.is_empty() {
        problems.error(terms.mark(), &terms.path, "is empty, must have at least one node selector term");
    }
    Some(items.iter().filter_map(|term| read_node_term(term, problems)).collect())
}

fn read_node_term(item: &Item<'_>, problems: &mut Problems) -> Option<NodeTerm> {
    let mut object = item.object(problems)?;
    let mut term = NodeTerm::default();
    for expression in object.get("matchExpressions").and_then(|list| list.list(problems)).unwrap_or_default() {
        term.labels.extend(read_node_requirement(&expression, problems));
    }
    for field in object.get("matchFields").and_then(|list| list.list(problems)).unwrap_or_default() {
        if let Some(requirement) = read_node_requirement(&field, problems) {
            let fits = requirement.key == "metadata.name"
                && requirement.values.len() == 1
                && matches!(requirement.operator, Operator::In | Operator::NotIn);
            if fits {
                term.names.push(requirement);
            } else {
                let message = "must be metadata.name with operator In or NotIn and one value";
                problems.error(field.mark(), &field.path, message);
            }
        }
    }
    object.finish(problems, &[]);
    Some(term)
}

fn read_weight(weighted: &mut Object<'_>, problems: &mut Problems) -> Option<u32> {
    let weight = weighted.require("weight", problems)?;
    weight.integer(problems, 1..=100).map(|weight| weight as u32)
}

/// The terms of podAffinity or podAntiAffinity; the preferred ones with their weight.
fn read_pod_terms<'a>(object: &mut Object<'a>, problems: &mut Problems) -> Vec<(Item<'a>, Option<u32>)> {
    let required = object.get(REQUIRED).and_then(|list| list.list(problems)).unwrap_or_default();
    let mut terms: Vec<_> = required.into_iter().map(|term| (term, None)).collect();
    for item in object.get(PREFERRED).and_then(|list| list.list(problems)).unwrap_or_default() {
        if let Some(mut weighted) = item.object(problems) {
            let weight = read_weight(&mut weighted, problems);
            let term = weighted.require("podAffinityTerm", problems);
            weighted.finish(problems, &[]);
            if let (Some(term), Some(weight)) = (term, weight) {
                terms.push((term, Some(weight)));
            }
        }
    }
    terms
}

/// The topology key of a term, and whether it concerns the Deployment's own Pods.
fn read_pod_term(item: &Item<'_>, labels: &Labels, namespace: &str, problems: &mut Problems) -> Option<(String, bool)> {
    let mut object = item.object(problems)?;
    let key = object.require("topologyKey", problems);
    if let Some(key) = &key {
        check_label_key(key, problems);
    }
    // A term without a labelSelector matches no Pod.
    let selector = object.get("labelSelector").and_then(|selector| read_selector(&selector, problems));
    let namespaces: Option<Vec<&str>> = object
        .get("namespaces")
        .and_then(|list| list.list(problems))
        .map(|list| list.iter().filter_map(|name| name.string(problems)).collect());
    let by_label = object.get("namespaceSelector").and_then(|selector| read_selector(&selector, problems));
    let mut keys = |key: &'static str| -> Vec<&str> {
        let list = object.get(key).and_then(|keys| keys.list(problems)).unwrap_or_default();
        list.iter().filter_map(|key| key.string(problems)).collect()
    };
    let _ = keys("matchLabelKeys");
    let mismatch = keys("mismatchLabelKeys");
    object.finish(problems, &[]);
    let own = Labels::from([("kubernetes.io/metadata.name".to_string(), namespace.to_string())]);
    let in_namespace = match (&namespaces, &by_label) {
        (None, None) => true,
        (Some(names), None) if names.is_empty() => true,
        _ => {
            namespaces.is_some_and(|names| names.contains(&namespace))
                || by_label.is_some_and(|selector| selector.matches(&own))
        }
    };
    let differs = mismatch.iter().any(|key| labels.contains_key(*key));
    let concerns_own = in_namespace && !differs && selector.is_some_and(|selector| selector.matches(labels));
    Some((key?.string(problems)?.to_string(), concerns_own))
}
