//! Affinity to Nodes and against Pods (S3, S9, S10).
//! Follows `pkg/apis/core/validation/validation.go validateAffinity` and
//! `staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go`.

use crate::spec::diagnostic::Problems;
use crate::spec::labels::{
    Labels, Operator, Requirement, Selector, check_label_key, read_node_requirement, read_selector,
};
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

/// Which Pods a term of affinity, or a spread constraint, means.
#[derive(Debug, Clone, Default)]
pub(in crate::spec) struct PodSelector {
    /// One that is absent matches no Pod.
    pub selector: Option<Selector>,
    /// In these namespaces, or in those that `by_label` matches.
    pub namespaces: Vec<String>,
    pub by_label: Option<Selector>,
    /// Labels that must have the same values (`matchLabelKeys`).
    pub same: Labels,
    /// Labels that must not (`mismatchLabelKeys`).
    pub different: Labels,
}

impl PodSelector {
    /// Whether it means Pods with these labels in this namespace. Of a namespace's own labels only its name is known.
    pub fn matches(&self, labels: &Labels, namespace: &str) -> bool {
        let of_namespace = Labels::from([("kubernetes.io/metadata.name".to_string(), namespace.to_string())]);
        let in_namespace = self.namespaces.iter().any(|name| name == namespace)
            || self.by_label.as_ref().is_some_and(|selector| selector.matches(&of_namespace));
        in_namespace
            && self.selector.as_ref().is_some_and(|selector| selector.matches(labels))
            && self.same.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.different.iter().all(|(key, value)| labels.get(key) != Some(value))
    }
}

/// An anti-affinity term.
#[derive(Debug, Clone)]
pub(in crate::spec) struct AntiTerm {
    pub topology_key: String,
    pub pods: PodSelector,
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
            if let Some((key, pods)) = read_pod_term(&term, labels, namespace, problems) {
                affinity.anti.push(AntiTerm { topology_key: key, pods, preferred_weight: weight });
            }
        }
        anti.finish(problems, &[]);
    }
    if let Some(mut pod) = object.get("podAffinity").and_then(|pod| pod.object(problems)) {
        for (term, weight) in read_pod_terms(&mut pod, problems) {
            let read = read_pod_term(&term, labels, namespace, problems);
            let Some((_, pods)) = read else { continue };
            let message = match (pods.matches(labels, namespace), weight) {
                (true, _) => "is not modelled: Pods are not drawn to each other here",
                (false, None) => "is not modelled: Pods are not bound to those of others here",
                (false, Some(_)) => continue,
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

/// The topology key of a term of a Pod with these labels in this namespace, and which Pods it concerns.
fn read_pod_term(
    item: &Item<'_>,
    labels: &Labels,
    namespace: &str,
    problems: &mut Problems,
) -> Option<(String, PodSelector)> {
    let mut object = item.object(problems)?;
    let key = object.require("topologyKey", problems);
    if let Some(key) = &key {
        check_label_key(key, problems);
    }
    // A term without a labelSelector matches no Pod.
    let selector = object.get("labelSelector").and_then(|selector| read_selector(&selector, problems));
    let namespaces = object.get("namespaces").and_then(|list| list.list(problems));
    let namespaces: Option<Vec<String>> =
        namespaces.map(|list| list.iter().filter_map(|name| name.string(problems)).map(str::to_string).collect());
    let by_label = object.get("namespaceSelector").and_then(|selector| read_selector(&selector, problems));
    let mut own_values = |key: &'static str| -> Labels {
        let list = object.get(key).and_then(|keys| keys.list(problems)).unwrap_or_default();
        let keys = list.iter().filter_map(|key| key.string(problems));
        keys.filter_map(|key| Some((key.to_string(), labels.get(key)?.clone()))).collect()
    };
    let (same, different) = (own_values("matchLabelKeys"), own_values("mismatchLabelKeys"));
    object.finish(problems, &[]);
    let is_own = namespaces.as_ref().is_none_or(Vec::is_empty) && by_label.is_none();
    let namespaces = if is_own { vec![namespace.to_string()] } else { namespaces.unwrap_or_default() };
    let pods = PodSelector { selector, namespaces, by_label, same, different };
    Some((key?.string(problems)?.to_string(), pods))
}
