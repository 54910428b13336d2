//! `sensitivity`: which assumption matters. Every number of the system becomes a pair of scenarios, one with less of it
//! and one with more, which are compared with each other.
//!
//! Spans, shares and the numbers of laws are multiplied by 1 − h and 1 + h. Whole numbers of a manifest take one step
//! each way (settings in seconds a part h of them, at least 1); where a side is refused, as `failureThreshold: 0` is, the
//! scenario as it is written stands in its place. What is uncertain is multiplied as a whole.

use serde_json::Map;

use crate::spec::diagnostic::{Problems, Severity};
use crate::spec::documents::{Documents, MemberDocuments};
use crate::spec::experiment::{Patch, Question};
use crate::spec::parameters::{self, Leaf};
use crate::spec::reader::{Item, nearest};
use crate::spec::scenario::scenario_model;
use crate::spec::system::System;
use crate::spec::tree::{Mark, Node, Value};
use crate::spec::uncertain;
use crate::spec::vary::{self, Input, Step, Target};
use crate::study::{Parameter, Scenario, Stopping};

const PATH: &str = "spec.sensitivity";
/// By how much, if nothing else is asked for.
const STEP: f64 = 0.1;

/// `sensitivity` as written.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Asked {
    mark: Mark,
    step: f64,
    /// Only these.
    of: Option<Vec<(Patch, Node)>>,
}

/// A number that will be changed.
struct Change {
    patch: Patch,
    base: Node,
    number: f64,
    whole: bool,
    sides: [Option<Node>; 2],
}

/// Reads `sensitivity`.
pub(in crate::spec) fn read(item: &Item<'_>, problems: &mut Problems) -> Option<Asked> {
    let mut object = item.our_object(problems)?;
    let step = object.get("step").map_or(Some(STEP), |item| item.share(problems, 0.001..=0.5));
    let of = object.get("of").and_then(|list| list.list(problems)).map(|keys| {
        let patch = |key: &Item<'_>| {
            let text = key.string(problems)?.to_string();
            match vary::resolve(&text) {
                Ok(target) => {
                    let patch = Patch { key: text, mark: key.mark(), path: key.path.clone(), target };
                    Some((patch, key.node.clone()))
                }
                Err((message, help)) => {
                    let problem = problems.value(key.node, &key.path, format_args!("which {message}"));
                    if let Some(help) = help {
                        problem.help(help);
                    }
                    None
                }
            }
        };
        keys.iter().filter_map(patch).collect()
    });
    object.finish(problems, &[]);
    Some(Asked { mark: item.mark(), step: step?, of })
}

/// Refuses what has no meaning together.
pub(in crate::spec) fn check(item: &Item<'_>, has_grid: bool, stopping: Stopping, problems: &mut Problems) {
    if has_grid {
        let message = "must not be set together with vary or candidates: it asks what matters around one scenario";
        problems.error(item.mark(), &item.path, message);
    }
    if !matches!(stopping, Stopping::Replications(_)) {
        let message = "needs a fixed number of replications: all its comparisons are made with the same ones";
        problems.error(item.mark(), &item.path, message).help("set replications instead of precision or select");
    }
}

/// The scenarios of every number that is asked about, which stand behind the base (scenario 0).
pub(in crate::spec) fn scenarios(
    asked: &Asked,
    question: &Question,
    system: &System,
    problems: &mut Problems,
) -> Option<(Vec<Scenario>, Vec<Parameter>)> {
    let documents = Documents::of(question, system);
    let quiet = &mut Problems::default();
    let mut replicas = Vec::new();
    for (member, own) in system.members.iter().zip(&documents.members) {
        replicas.push(member.manifest.deployment(&own.deployment, Some(&own.serving), quiet)?.replicas);
    }
    let changes = changes(asked, &documents, &replicas, problems)?;
    let (mut scenarios, mut parameters) = (Vec::new(), Vec::new());
    for change in changes {
        let mut places = [0, 0];
        let mut refused = None;
        for (place, side) in places.iter_mut().zip(&change.sides) {
            let Some(value) = side else { continue };
            let mut found = Problems { patching: Some(asked.mark.file), ..Problems::default() };
            let models = scenario_model(question, None, system, &[(&change.patch, value)], &mut found);
            if found.has_errors() {
                refused = found.list.into_iter().find(|problem| problem.severity == Severity::Error);
                continue;
            }
            let models = models?;
            let name = format!("{}={}", change.patch.key, value.shown());
            let parameters = Map::from_iter([(change.patch.key.clone(), value.to_json())]);
            scenarios.push(models.into_scenario(name, parameters));
            *place = scenarios.len();
        }
        if places == [0, 0] {
            let why = refused.map(|problem| format!(": {}", problem.message)).unwrap_or_default();
            let message = format!("{} can be changed neither way, so it is left out{why}", change.patch.key);
            problems.warn(change.patch.mark, &change.patch.path, message);
            continue;
        }
        // The last of the two carries the comparison.
        let [low, high] = places;
        scenarios[low.max(high) - 1].compared_with = Some(low.min(high));
        parameters.push(change.parameter(places));
    }
    Some((scenarios, parameters))
}

impl Change {
    fn parameter(&self, scenarios: [usize; 2]) -> Parameter {
        let side = |side: usize| match (&self.sides[side], scenarios[side]) {
            (Some(node), 1..) => node,
            _ => &self.base,
        };
        let nodes = [&self.base, side(0), side(1)];
        let number = |node: &Node| {
            let leaf = Leaf { key: self.patch.key.clone(), node, is_parameter: true };
            parameters::number(node).or_else(|| uncertain::median_of(&leaf)).unwrap_or(self.number)
        };
        Parameter {
            key: self.patch.key.clone(),
            written: nodes.map(Node::to_json),
            numbers: [self.number, number(nodes[1]), number(nodes[2])],
            whole: self.whole,
            scenarios,
        }
    }
}

/// The numbers that are changed, and to what.
fn changes(asked: &Asked, documents: &Documents, replicas: &[u32], problems: &mut Problems) -> Option<Vec<Change>> {
    let mut defaults: Vec<(String, Node)> = Vec::new();
    for (member, &replicas) in documents.members.iter().zip(replicas) {
        let prefix = documents.prefix(member);
        defaults
            .extend(self::defaults(member, replicas).into_iter().map(|(key, node)| (format!("{prefix}{key}"), node)));
    }
    let mut leaves = by_default(documents);
    leaves.extend(defaults.iter().map(|(key, node)| Leaf { key: key.clone(), node, is_parameter: false }));
    let all: Vec<(Leaf<'_>, Target)> =
        leaves.into_iter().filter_map(|leaf| vary::resolve(&leaf.key).ok().map(|target| (leaf, target))).collect();
    let mut changes: Vec<Change> = Vec::new();
    let Some(keys) = &asked.of else {
        let patch = |leaf: &Leaf<'_>, target: &Target| Patch {
            key: leaf.key.clone(),
            mark: asked.mark,
            path: PATH.to_string(),
            target: target.clone(),
        };
        changes.extend(all.iter().filter_map(|(leaf, target)| change(leaf, patch(leaf, target), asked.step)));
        return Some(changes);
    };
    let mut is_right = true;
    for (asked_for, node) in keys {
        let wanted = &asked_for.target;
        let steps = documents.steps(wanted);
        let below = |target: &Target| {
            (&target.input, &target.member) == (&wanted.input, &wanted.member)
                && documents.steps(target).starts_with(&steps)
        };
        let mut found: Vec<Change> = all
            .iter()
            .filter(|(_, target)| below(target))
            .filter_map(|(leaf, target)| {
                let patch = Patch { key: leaf.key.clone(), target: target.clone(), ..asked_for.clone() };
                change(leaf, patch, asked.step)
            })
            .collect();
        if found.is_empty()
            && let Some(node) = documents.get(wanted)
        {
            let leaf = Leaf { key: asked_for.key.clone(), node, is_parameter: false };
            found.extend(change(&leaf, asked_for.clone(), asked.step));
        }
        if found.is_empty() {
            let names = all.iter().map(|(leaf, _)| leaf.key.as_str());
            let near = nearest(&asked_for.key, names);
            let problem = problems.value(node, &asked_for.path, "which leads to no number that is written or usual");
            problem.help(near.map_or_else(
                || "write it with its value in the file that it belongs to".to_string(),
                |name| format!("did you mean `{name}`?"),
            ));
            is_right = false;
        }
        found.retain(|new| changes.iter().all(|earlier| earlier.patch.target != new.patch.target));
        changes.append(&mut found);
    }
    is_right.then_some(changes)
}

/// What is assumed and what is set, as far as it is written: the laws of the faults and of the application, and the
/// timings that the Cluster states.
fn by_default(documents: &Documents) -> Vec<Leaf<'_>> {
    let mut leaves = Vec::new();
    for (entries, word) in [(&documents.faults, "faults"), (&documents.operations, "operations")] {
        for (entry, _) in entries {
            for field in ["every", "lasts"] {
                if let (Some(name), Some(node)) = (entry.text("name"), entry.get(field)) {
                    parameters::walk(node, &format!("{word}.{name}.{field}"), &mut leaves);
                }
            }
        }
    }
    parameters::walk(&documents.on_call.0, "onCall", &mut leaves);
    for (app, word) in documents.apps() {
        if let Some(spec) = app.get("spec") {
            parameters::walk(spec, &word, &mut leaves);
        }
    }
    for field in ["controlPlane", "latencies", "deadNodes"] {
        if let Some(node) = documents.cluster.get("spec").and_then(|spec| spec.get(field)) {
            parameters::walk(node, &format!("cluster.{field}"), &mut leaves);
        }
    }
    leaves
}

/// The settings of the Deployment, by their defaults where they are not written (M3), and the replicas that it has.
fn defaults(documents: &MemberDocuments, replicas: u32) -> Vec<(String, Node)> {
    let mut settings = Vec::new();
    let spec = documents.deployment.get("spec");
    let pod = spec.and_then(|spec| spec.get("template")).and_then(|template| template.get("spec"));
    let containers = pod.and_then(|pod| pod.get("containers"));
    let container = containers.and_then(|list| vary::step(list, &Step::Key(documents.serving.clone())));
    if let Some(spec) = spec {
        let mark = spec.get("replicas").map_or(spec.mark, |node| node.mark);
        settings.push(("replicas".to_string(), Node { value: Value::Int(replicas.into()), mark }));
    }
    let mut setting = |key: String, above: Option<&Node>, default: Option<i128>| {
        let Some(above) = above else { return };
        let name = key.rsplit('.').next().unwrap_or_default();
        let written = above.get(name).filter(|node| !node.is_null());
        // M3: an explicit 0 means the default.
        let written = written.filter(|node| default.is_none_or(|d| d == 0) || !matches!(node.value, Value::Int(0)));
        let default = default.map(|value| Node { value: Value::Int(value), mark: above.mark });
        settings.extend(written.cloned().or(default).map(|node| (key, node)));
    };
    for probe in ["readinessProbe", "livenessProbe", "startupProbe"] {
        let node = container.and_then(|container| container.get(probe)).filter(|node| !node.is_null());
        let usual = [("periodSeconds", 10), ("timeoutSeconds", 1), ("failureThreshold", 3), ("initialDelaySeconds", 0)];
        for (name, default) in usual {
            setting(format!("{probe}.{name}"), node, Some(default));
        }
        if probe == "readinessProbe" {
            setting(format!("{probe}.successThreshold"), node, Some(1));
        } else {
            setting(format!("{probe}.terminationGracePeriodSeconds"), node, None);
        }
    }
    let sleep = ["lifecycle", "preStop", "sleep"];
    let sleep = sleep.iter().try_fold(container, |node, key| node.map(|node| node.get(key)));
    setting("lifecycle.preStop.sleep.seconds".to_string(), sleep.flatten(), None);
    let grace = "terminationGracePeriodSeconds";
    let grace_written = pod.and_then(|pod| pod.get(grace)).cloned();
    let grace_default = pod.map(|pod| Node { value: Value::Int(30), mark: pod.mark });
    let grace_node = grace_written.filter(|node| !node.is_null()).or(grace_default);
    settings.extend(grace_node.map(|node| (grace.to_string(), node)));
    if let Some(Value::List(tolerations)) = pod.and_then(|pod| pod.get("tolerations")).map(|list| &list.value) {
        for (index, toleration) in tolerations.iter().enumerate() {
            let seconds = toleration.get("tolerationSeconds").filter(|node| !node.is_null());
            settings.extend(seconds.map(|node| (format!("tolerations[{index}].tolerationSeconds"), node.clone())));
        }
    }
    settings
}

/// What a leaf is changed to; `None` if it is no number, or 0 and not whole.
fn change(leaf: &Leaf<'_>, patch: Patch, step: f64) -> Option<Change> {
    let base = leaf.node.clone();
    if let Value::Map(_) = base.value {
        let number = uncertain::median_of(leaf)?;
        let sides = [1.0 - step, 1.0 + step].map(|factor| uncertain::scaled(&base, factor));
        return Some(Change { patch, base, number, whole: false, sides });
    }
    let number = parameters::number(&base)?;
    let is_latency = patch.key.contains("latencies");
    let whole = matches!(base.value, Value::Int(_))
        && match patch.target.input {
            Input::Deployment | Input::Autoscaler | Input::Objective => true,
            Input::Cluster => !is_latency && !leaf.is_parameter,
            Input::App | Input::Traffic | Input::Fault(_) | Input::Operation(_) | Input::Script(_) | Input::OnCall => {
                false
            }
        };
    if !whole {
        let sides = [1.0 - step, 1.0 + step].map(|factor| parameters::scaled(&base, factor));
        return (number != 0.0).then_some(Change { patch, base, number, whole, sides });
    }
    let Value::Int(value) = base.value else { return None };
    let name = patch.key.rsplit('.').next().unwrap_or_default();
    let is_seconds = name.to_lowercase().ends_with("seconds");
    let by = if is_seconds { (((value as f64) * step).round() as i128).max(1) } else { 1 };
    // M3: 0 would mean the default, which may be more.
    let least = i128::from(patch.key.contains("Probe.") && name != "initialDelaySeconds");
    let mark = patch.mark;
    let side = |value: i128| (value >= least).then_some(Node { value: Value::Int(value), mark });
    let sides = [side(value - by), side(value + by)];
    Some(Change { patch, base, number, whole, sides })
}
