//! `spec.script` of an experiment: faults at moments that it sets, on targets that it names.
//!
//! An entry is a fault like those of a `FaultModel`, with `at` in place of `every` and with the very target in
//! place of a kind of target. Entries get their names before anything is varied, so that `script.<name>.…` is a
//! key of `vary`; they are read for each scenario anew, as slots and Nodes differ between scenarios.

use crate::durations;
use crate::ids::{IdVec, NodeId, SlotId, WorkloadId, ZoneId};
use crate::model::{Cluster, Fault, Occurrence, ScriptTarget, Workload};
use crate::random::Law;
use crate::spec::diagnostic::Problems;
use crate::spec::faults::{self, Kind, ReadFault};
use crate::spec::law;
use crate::spec::operations;
use crate::spec::reader::{Item, nearest};
use crate::spec::serving::Named;
use crate::spec::tree::{Entry, Node, Value};
use crate::time::Duration;

/// Longest name of a DNS label.
const NAME_MAX: usize = 63;

/// What the targets of a script are looked up in.
#[derive(Clone, Copy)]
pub(in crate::spec) struct Stage<'a> {
    pub workloads: &'a IdVec<WorkloadId, Workload>,
    pub cluster: &'a Cluster,
    /// The counted time; what comes later never happens.
    pub horizon: Duration,
}

/// The entries of `script` with their paths, each with a name: its own, or one made of mode and target.
pub(in crate::spec) fn entries(list: &Item<'_>, problems: &mut Problems) -> Vec<(Node, String)> {
    let items = list.list(problems).unwrap_or_default();
    let mut names: Vec<String> = items.iter().filter_map(|item| item.node.text("name")).map(str::to_string).collect();
    let mut entries = Vec::new();
    for item in items {
        let mut node = item.node.clone();
        if let Value::Map(fields) = &mut node.value
            && fields.iter().all(|field| field.key != "name")
        {
            let name = unique(&default_name(item.node), &names);
            names.push(name.clone());
            let value = Node { value: Value::String(name), mark: item.node.mark };
            fields.insert(0, Entry { key: "name".to_string(), key_mark: item.node.mark, value });
        }
        entries.push((node, item.path));
    }
    entries
}

/// `hang-each-slot`, `delete-slot-0`, `crash-zone-a`, `partition-node-of-0`, `error-deployment`, `upgrade-nodes`.
fn default_name(node: &Node) -> String {
    let target = node.get("target").map(|target| match &target.value {
        Value::Map(entries) => entries.first().map(name_of_target).unwrap_or_default(),
        _ => target.shown(),
    });
    let drained = node.get("operation").and_then(|_| node.text("node")).map(str::to_string);
    let operation = node.text("operation").map(in_kebab_case);
    let words = [operation.or(node.text("mode").map(str::to_string)), target, drained];
    let name = words.into_iter().flatten().collect::<Vec<_>>().join("-");
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
    let name: String = name.to_lowercase().chars().map(plain).take(NAME_MAX).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "script".to_string() } else { name.to_string() }
}

/// `upgrade-nodes` for `upgradeNodes`.
fn in_kebab_case(word: &str) -> String {
    word.chars()
        .flat_map(|c| c.is_ascii_uppercase().then_some('-').into_iter().chain([c.to_ascii_lowercase()]))
        .collect()
}

fn name_of_target(entry: &Entry) -> String {
    let one = entry.value.shown();
    match (entry.key.as_str(), one == EACH) {
        ("nodeOf", true) => "node-of-each-slot".to_string(),
        (kind, true) => format!("{EACH}-{kind}"),
        ("nodeOf", false) => format!("node-of-{one}"),
        // A zone may well be called zone-1.
        (kind, false) if one.starts_with(&format!("{kind}-")) => one,
        (kind, false) => format!("{kind}-{one}"),
    }
}

/// The name itself, or with a number behind it if it is taken.
fn unique(name: &str, taken: &[String]) -> String {
    let numbered = |number: usize| {
        let end = format!("-{number}");
        let head: String = name.chars().take(NAME_MAX - end.len()).collect();
        format!("{}{end}", head.trim_end_matches('-'))
    };
    let is_free = |name: &String| !taken.contains(name);
    std::iter::once(name.to_string()).chain((2..).map(numbered)).find(is_free).expect("numbers do not run out")
}

const EACH: &str = "each";

/// Reads one entry.
fn read(item: &Item<'_>, stage: Stage<'_>, problems: &mut Problems) -> Option<ReadFault> {
    let mut object = item.our_object(problems)?;
    let name = object.require("name", problems).and_then(|name| faults::read_name(&name, problems));
    let at = object.require("at", problems).and_then(|at| read_at(&at, stage.horizon, problems));
    if object.has("operation") {
        let what = operations::read_what(&mut object, "operation", problems);
        let help = "name the Node of a drain as `node`, and the Deployments of a rollout or a scaling as `deployments`";
        object.forbid("target", problems, "must only be set for a fault", help);
        let source = object.get("source").map_or(Some("script"), |source| source.string(problems));
        object.finish(problems, &[]);
        let what = what?;
        let targets = if what.is_of_nodes() {
            vec![ScriptTarget::Cluster]
        } else {
            named(&what.deployments, stage).into_iter().map(ScriptTarget::Deployment).collect()
        };
        return Some(what.into_fault(name?, Occurrence::Once { at: at?, targets }, source?.to_string()));
    }
    let deployments = faults::read_deployments(&mut object, None, problems);
    let of = named(&deployments, stage);
    let whose = Whose { of: &of, are_named: !deployments.is_empty() };
    let target = object.require("target", problems).and_then(|target| read_target(&target, stage, whose, problems));
    let kind = target.as_ref().map(|(kind, _)| *kind);
    let strikes = faults::read_strikes(&mut object, kind, problems);
    let lasts = faults::read_lasts(&mut object, strikes, faults::is_api_server(strikes), problems);
    let source = object.get("source").map_or(Some("script"), |source| source.string(problems));
    let container = faults::read_container(&mut object, strikes, problems);
    object.finish(problems, &[]);
    let fault = Fault {
        name: name?,
        occurs: Occurrence::Once { at: at?, targets: target?.1 },
        lasts: lasts?,
        strikes: strikes?,
        containers: Vec::new(),
        at_once: false,
        nodes: Vec::new(),
        bad: None,
        source: source?.to_string(),
    };
    Some(ReadFault::of(fault, container, deployments))
}

/// The Deployments that are named, or all. What is called otherwise is told of when the fault is resolved.
fn named(deployments: &[Named], stage: Stage<'_>) -> Vec<WorkloadId> {
    if deployments.is_empty() {
        return stage.workloads.ids().collect();
    }
    let named = |named: &Named| stage.workloads.iter().position(|workload| workload.name == named.name);
    deployments.iter().filter_map(named).map(WorkloadId::new).collect()
}

/// A moment, or a law of moments that begin within the counted time.
fn read_at(item: &Item<'_>, horizon: Duration, problems: &mut Problems) -> Option<Law> {
    let law = law::read(item, problems)?;
    if law.least() >= horizon.as_secs_f64() {
        let message = format!("does not lie before the horizon of {}", durations::shown(horizon));
        let problem = match &item.node.value {
            Value::Map(_) => problems.error(item.mark(), &item.path, message),
            _ => problems.value(item.node, &item.path, format_args!("which {message}")),
        };
        problem.help("`at` counts from the end of warmUp");
        return None;
    }
    Some(law)
}

/// Whose slots and Pods a target means.
#[derive(Clone, Copy)]
struct Whose<'a> {
    of: &'a [WorkloadId],
    are_named: bool,
}

/// `deployment`, `controlPlane`, or one of `{slot: …}`, `{node: …}`, `{nodeOf: …}`, `{zone: …}`.
fn read_target(
    item: &Item<'_>,
    stage: Stage<'_>,
    whose: Whose<'_>,
    problems: &mut Problems,
) -> Option<(Kind, Vec<ScriptTarget>)> {
    const HELP: &str =
        "write deployment, controlPlane, {slot: 0}, {node: NAME}, {nodeOf: 0} or {zone: NAME}; `each` stands for all";
    let entries = match &item.node.value {
        Value::String(word) if word == "deployment" => {
            // Several that are named are struck at once, by the clock of the first.
            let clocks = if whose.are_named { 1 } else { usize::MAX };
            let targets = whose.of.iter().take(clocks).map(|&workload| ScriptTarget::Deployment(workload));
            return Some((Kind::Deployment, targets.collect()));
        }
        Value::String(word) if word == "controlPlane" => {
            return Some((Kind::ControlPlane, vec![ScriptTarget::Cluster]));
        }
        Value::Map(entries) => entries,
        _ => {
            problems.value(item.node, &item.path, "must be a target").help(HELP);
            return None;
        }
    };
    let [entry] = entries.as_slice() else {
        problems.error(item.mark(), &item.path, format!("has {} keys, must have one", entries.len())).help(HELP);
        return None;
    };
    let value = Item::new(&entry.value, format!("{}.{}", item.path, entry.key));
    let zones = || stage.cluster.zones.iter().map(|zone| zone.name.as_str());
    let nodes = || stage.cluster.own_nodes().map(|node| node.name.as_str());
    match entry.key.as_str() {
        "slot" => {
            let slots = read_slots(&value, stage.workloads, whose, problems)?;
            Some((Kind::Container, slots.into_iter().map(ScriptTarget::Slot).collect()))
        }
        "nodeOf" => {
            let slots = read_slots(&value, stage.workloads, whose, problems)?;
            Some((Kind::Node, slots.into_iter().map(ScriptTarget::NodeOf).collect()))
        }
        "node" | "zone" if whose.are_named => {
            let message = "must not stand beside deployments: a Node has Pods of all";
            problems.error(item.mark(), &item.path, message).help("leave `deployments` out, or write {nodeOf: 0}");
            None
        }
        "node" => {
            let nodes = read_names(&value, "Node", nodes, problems)?;
            Some((Kind::Node, nodes.into_iter().map(|node| ScriptTarget::Node(NodeId::new(node))).collect()))
        }
        "zone" => {
            let zones = read_names(&value, "zone", zones, problems)?;
            Some((Kind::Zone, zones.into_iter().map(|zone| ScriptTarget::Zone(ZoneId::new(zone))).collect()))
        }
        other => {
            let problem = problems.error(entry.key_mark, &value.path, "is not a kind of target");
            let near = nearest(other, ["slot", "node", "nodeOf", "zone"]);
            problem.help(near.map_or_else(|| HELP.to_string(), |name| format!("did you mean `{name}`?")));
            None
        }
    }
}

/// A slot by its number, or each; of several Deployments those that are named.
fn read_slots(
    item: &Item<'_>,
    workloads: &IdVec<WorkloadId, Workload>,
    whose: Whose<'_>,
    problems: &mut Problems,
) -> Option<Vec<SlotId>> {
    let slots_of = |workload: WorkloadId| {
        let before = workloads.iter().take(workload.index()).map(|earlier| earlier.replicas as usize).sum::<usize>();
        (before..before + workloads[workload].replicas as usize).map(SlotId::new)
    };
    match &item.node.value {
        Value::String(word) if word == EACH => return Some(whose.of.iter().copied().flat_map(slots_of).collect()),
        Value::Int(slot) => {
            if whose.of.len() > 1 && !whose.are_named {
                let rule = "the number of a slot, must be of one Deployment: there are several";
                problems.value(item.node, &item.path, rule).help("add `deployments: NAME` to the entry");
                return None;
            }
            let mut slots = Vec::new();
            for &workload in whose.of {
                let replicas = workloads[workload].replicas;
                match usize::try_from(*slot).ok().and_then(|slot| slots_of(workload).nth(slot)) {
                    Some(slot) => slots.push(slot),
                    None => {
                        let last = replicas.saturating_sub(1);
                        item.refuse(
                            problems,
                            format_args!("must be a slot of the {replicas} replicas: from 0 to {last}"),
                        );
                        return None;
                    }
                }
            }
            return Some(slots);
        }
        _ => item.refuse(problems, format_args!("must be the number of a slot or `{EACH}`")),
    }
    None
}

fn read_names<'n, N: Iterator<Item = &'n str>>(
    item: &Item<'_>,
    what: &str,
    names: impl Fn() -> N,
    problems: &mut Problems,
) -> Option<Vec<usize>> {
    let text = item.string(problems)?;
    let count = names().count();
    if text == EACH && count > 0 {
        return Some((0..count).collect());
    }
    if let Some(index) = names().position(|name| name == text) {
        return Some(vec![index]);
    }
    let near = nearest(text, names()).map(|name| format!("did you mean `{name}`?"));
    let first: Vec<&str> = names().take(5).collect();
    let listed = if first.is_empty() {
        format!("the cluster has no {what}")
    } else {
        format!("there are {}{}", first.join(", "), if count > first.len() { ", …" } else { "" })
    };
    problems.value(item.node, &item.path, format!("which no {what} is called")).help(near.unwrap_or(listed));
    None
}

/// Reads the script for one scenario. Two faults of a name could not be told apart in the results.
pub(in crate::spec) fn read_all(
    script: &[(Node, String)],
    faults: &mut Vec<ReadFault>,
    stage: Stage<'_>,
    problems: &mut Problems,
) -> Option<()> {
    let mut all = Some(());
    for (node, path) in script {
        let Some(read) = read(&Item::new(node, path.clone()), stage, problems) else {
            all = None;
            continue;
        };
        if faults.iter().any(|earlier| earlier.fault.name == read.fault.name) {
            let message = format!("has the name {}, which an earlier fault or operation has", read.fault.name);
            problems.error(node.mark, path, message).help("give it a `name` of its own");
            all = None;
        }
        faults.push(read);
    }
    all
}
