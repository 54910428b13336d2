//! Changing a document before it is read: the paths of `vary` and of patches.

use crate::spec::container;
use crate::spec::deployment;
use crate::spec::pod;
use crate::spec::reader::nearest;
use crate::spec::tree::{Entry, Mark, Node, Value};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::spec) enum Step {
    Key(String),
    Index(usize),
    /// Of the containers of a Pod, the one that serves; [`Target::within`] tells which that is.
    Serving,
}

/// Which input a path leads into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::spec) enum Input {
    Deployment,
    App,
    Autoscaler,
    Cluster,
    Traffic,
    Fault(String),
    Operation(String),
    Script(String),
    OnCall,
    Objective,
}

/// A path of `vary`, resolved to an input and the steps within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::spec) struct Target {
    /// Of which Deployment, where the path names one of several.
    pub member: Option<String>,
    pub input: Input,
    pub steps: Vec<Step>,
}

impl Target {
    /// The steps in a Deployment in which the container of this name serves.
    pub fn within(&self, serving: &str) -> Vec<Step> {
        let step = |step: &Step| match step {
            Step::Serving => Step::Key(serving.to_string()),
            other => other.clone(),
        };
        self.steps.iter().map(step).collect()
    }
}

const INPUTS: [&str; 11] = [
    "deployment",
    "deployments",
    "autoscaler",
    "app",
    "cluster",
    "traffic",
    "faults",
    "operations",
    "onCall",
    "script",
    "objective",
];

/// The beginning of the paths of one Deployment of several.
pub(in crate::spec) fn member_path(name: &str) -> String {
    let is_plain = !name.contains(['.', '[']) && name.parse::<usize>().is_err();
    if is_plain { format!("deployments.{name}") } else { format!("deployments[\"{name}\"]") }
}

/// `deployments.NAME.…`: what follows is a path like any other, of that Deployment alone.
fn of_member(path: &str, rest: &[Step]) -> Result<Target, (String, Option<String>)> {
    let Some((Step::Key(name), within)) = rest.split_first().filter(|(_, within)| !within.is_empty()) else {
        let help = "`deployments.NAME.replicas`, `deployments.NAME.app.…`, `deployments.NAME.objective.minServing`";
        return Err(("must name a Deployment and one of its fields".to_string(), Some(help.to_string())));
    };
    let target = resolve_steps(path, within.to_vec())?;
    if !matches!(target.input, Input::Deployment | Input::Autoscaler | Input::App | Input::Objective)
        || target.member.is_some()
    {
        return Err(("leads to what all Deployments share: leave out `deployments.NAME.`".to_string(), None));
    }
    Ok(Target { member: Some(name.clone()), ..target })
}

/// Finds out what a key of `vary` means. The error completes "KEY …".
pub(in crate::spec) fn resolve(path: &str) -> Result<Target, (String, Option<String>)> {
    resolve_steps(path, parse(path).map_err(|error| (error, None))?)
}

fn resolve_steps(path: &str, steps: Vec<Step>) -> Result<Target, (String, Option<String>)> {
    let Some(Step::Key(first)) = steps.first().cloned() else {
        return Err(("must begin with the name of a field".to_string(), None));
    };
    let rest = steps[1..].to_vec();
    if first == "deployments" {
        return of_member(path, &rest);
    }
    let within = |input, mut steps: Vec<Step>, spec: bool| {
        if steps.is_empty() {
            return Err((format!("must go on: a path below `{first}.`"), None));
        }
        if spec && steps[0] != Step::Key("spec".to_string()) {
            steps.insert(0, Step::Key("spec".to_string()));
        }
        Ok(Target { member: None, input, steps })
    };
    match first.as_str() {
        "deployment" => return within(Input::Deployment, rest, false),
        "app" => return within(Input::App, rest, true),
        "autoscaler" => return within(Input::Autoscaler, rest, true),
        "cluster" => return within(Input::Cluster, rest, true),
        "traffic" => return within(Input::Traffic, rest, true),
        "onCall" => return Ok(Target { member: None, input: Input::OnCall, steps: rest }),
        "objective" => return within(Input::Objective, rest, false),
        "faults" | "operations" | "script" => {
            let Some((Step::Key(name), rest)) = rest.split_first() else {
                let what = if first == "operations" { "an operation" } else { "a fault" };
                return Err((format!("must name {what}: `{first}.<name>.…`"), None));
            };
            let name = name.clone();
            let input = match first.as_str() {
                "faults" => Input::Fault(name),
                "operations" => Input::Operation(name),
                _ => Input::Script(name),
            };
            return Ok(Target { member: None, input, steps: rest.to_vec() });
        }
        _ => {}
    }
    let key = |text: &str| Step::Key(text.to_string());
    let spec = vec![key("spec")];
    let pod_spec = [spec.clone(), vec![key("template"), key("spec")]].concat();
    let container_spec = [pod_spec.clone(), vec![key("containers"), Step::Serving]].concat();
    let homes: [(&str, Vec<&str>, Vec<Step>); 3] = [
        ("deployment.spec", [&deployment::WITH_EFFECT[..], &deployment::WITHOUT_EFFECT].concat(), spec),
        ("deployment.spec.template.spec", [&pod::WITH_EFFECT[..], &pod::WITHOUT_EFFECT].concat(), pod_spec),
        (
            "deployment.spec.template.spec.containers.NAME",
            [&container::WITH_EFFECT[..], &container::WITHOUT_EFFECT].concat(),
            container_spec,
        ),
    ];
    let found: Vec<_> = homes.iter().filter(|(_, fields, _)| fields.contains(&first.as_str())).collect();
    match found.as_slice() {
        [(_, _, prefix)] => {
            let steps = [prefix.clone(), steps].concat();
            Ok(Target { member: None, input: Input::Deployment, steps })
        }
        [] => {
            let names = homes.iter().flat_map(|(_, fields, _)| fields.iter().copied()).chain(INPUTS);
            let help = nearest(&first, names).map(|name| format!("did you mean `{name}`?"));
            let help = help.unwrap_or_else(|| {
                format!(
                    "a path begins with {}, or with a field of the Deployment's spec, its Pod or container",
                    INPUTS.join(", ")
                )
            });
            Err((format!("leads nowhere: `{first}` is not a known field"), Some(help)))
        }
        _ => {
            let full: Vec<String> = found.iter().map(|(home, _, _)| format!("`{home}.{path}`")).collect();
            Err(("is ambiguous".to_string(), Some(format!("write {}", full.join(" or ")))))
        }
    }
}

/// Splits `a.b[0].c["d.e/f"]`.
pub(in crate::spec) fn parse(path: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = path;
    let mut expects_key = true;
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('[') {
            let (inside, after) = if let Some(quoted) = tail.strip_prefix('"') {
                let (key, after) = quoted.split_once("\"]").ok_or("has a bracket that is not closed")?;
                (Step::Key(key.to_string()), after)
            } else {
                let (number, after) = tail.split_once(']').ok_or("has a bracket that is not closed")?;
                let index = number.parse().map_err(|_| format!("has [{number}], must be a number or a quoted key"))?;
                (Step::Index(index), after)
            };
            steps.push(inside);
            rest = after;
            expects_key = false;
            continue;
        }
        if !expects_key {
            rest = rest.strip_prefix('.').ok_or("must have `.` or `[` after a bracket")?;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        if key.is_empty() {
            return Err("has an empty part".to_string());
        }
        steps.push(key.parse().map_or_else(|_| Step::Key(key.to_string()), Step::Index));
        rest = after;
        expects_key = false;
    }
    if steps.is_empty() { Err("is empty".to_string()) } else { Ok(steps) }
}

/// Sets (or with null removes) what a path leads to. New keys get the place of the path itself, so that
/// messages about them point into the experiment. The error completes "KEY …".
pub(in crate::spec) fn apply(node: &mut Node, steps: &[Step], value: &Node, at: Mark) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else {
        *node = value.clone();
        return Ok(());
    };
    let name = match (step, &mut node.value) {
        (step, Value::List(items)) => {
            let index = match step {
                Step::Index(index) => *index,
                Step::Key(name) => items
                    .iter()
                    .position(|item| item.text("name") == Some(name))
                    .ok_or_else(|| format!("leads nowhere: the list has no element with the name {name}"))?,
                Step::Serving => return Err("leads nowhere: no container of this Deployment serves".to_string()),
            };
            let count = items.len();
            let Some(item) = items.get_mut(index) else {
                return Err(format!("leads nowhere: the list has {count} elements, none at [{index}]"));
            };
            if rest.is_empty() && value.is_null() {
                items.remove(index);
                return Ok(());
            }
            return apply(item, rest, value, at);
        }
        (Step::Key(name), _) => name.clone(),
        (Step::Serving, other) => return Err(format!("leads nowhere: there is {} and no container", other.kind())),
        // A label may well be called 1.
        (Step::Index(index), Value::Map(entries)) if entries.iter().any(|entry| entry.key == index.to_string()) => {
            index.to_string()
        }
        (Step::Index(index), other) => {
            return Err(format!("leads nowhere: there is {} and no element [{index}]", other.kind()));
        }
    };
    if node.is_null() {
        *node = Node { value: Value::Map(Vec::new()), mark: at };
    }
    let Value::Map(entries) = &mut node.value else {
        return Err(format!("leads nowhere: there is {} above `{name}`", node.value.kind()));
    };
    let position = entries.iter().position(|entry| entry.key == name);
    if rest.is_empty() && value.is_null() {
        if let Some(position) = position {
            entries.remove(position);
        }
        return Ok(());
    }
    let position = position.unwrap_or_else(|| {
        entries.push(Entry { key: name.clone(), key_mark: at, value: Node { value: Value::Null, mark: at } });
        entries.len() - 1
    });
    let entry = &mut entries[position];
    entry.key_mark = at;
    apply(&mut entry.value, rest, value, at)
}

/// Follows one step of a path.
pub(in crate::spec) fn step<'a>(node: &'a Node, step: &Step) -> Option<&'a Node> {
    match (step, &node.value) {
        (Step::Index(index), Value::List(items)) => items.get(*index),
        (Step::Key(name), Value::List(items)) => items.iter().find(|item| item.text("name") == Some(name)),
        (Step::Key(name), _) => node.get(name),
        (Step::Index(index), _) => node.get(&index.to_string()),
        (Step::Serving, _) => None,
    }
}
