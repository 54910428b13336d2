//! `objective.system`: what is required of several Deployments together.

use crate::ids::{Id, IdVec, WorkloadId};
use crate::model::{Requirement, Workload};
use crate::spec::diagnostic::Problems;
use crate::spec::experiment::MIN_SERVING;
use crate::spec::reader::{Item, Object, nearest};
use crate::spec::tree::{Mark, Node, Value};

const PATH: &str = "spec.objective.system";

/// Reads what is required, if anything is said: else all Deployments must be available, each as its own objective says.
/// `Some(None)`: there is one Deployment and nothing to say.
pub(in crate::spec) fn read(
    node: Option<&Node>,
    workloads: &IdVec<WorkloadId, Workload>,
    are_listed: bool,
    problems: &mut Problems,
) -> Option<Option<Requirement>> {
    let whole = |id: WorkloadId| Requirement::Pods { workload: id, at_least: workloads[id].min_serving };
    let Some(node) = node else {
        let all = || Requirement::all(workloads.ids().map(whole).collect());
        return Some((workloads.len() > 1).then(all));
    };
    if !are_listed {
        let message = "must go with `deployments`: of one Deployment, minServing says what is required";
        problems.error(node.mark, PATH, message);
        return None;
    }
    let mut seen: Vec<(WorkloadId, Mark)> = Vec::new();
    let read = read_part(&Item::new(node, PATH), workloads, &mut seen, problems);
    let unused = workloads.ids().filter(|id| seen.iter().all(|(used, _)| used != id));
    let unused: Vec<&str> = unused.map(|id| workloads[id].name.as_str()).collect();
    if !unused.is_empty() && read.is_some() {
        let message = format!("does not name {}: the system is available whatever becomes of it", unused.join(", "));
        problems.note(node.mark, PATH, message);
    }
    read.map(Some)
}

/// A name, `{workload, minServing}`, `{all: […]}`, `{any: […]}` or `{atLeast: k, of: […]}`.
fn read_part(
    item: &Item<'_>,
    workloads: &IdVec<WorkloadId, Workload>,
    seen: &mut Vec<(WorkloadId, Mark)>,
    problems: &mut Problems,
) -> Option<Requirement> {
    const FORMS: &str =
        "the name of a Deployment, {workload: NAME, minServing: 1}, {all: […]}, {any: […]} or {atLeast: 2, of: […]}";
    if let Value::String(_) = item.node.value {
        let workload = read_name(item, workloads, seen, problems)?;
        return Some(Requirement::Pods { workload, at_least: workloads[workload].min_serving });
    }
    if !matches!(item.node.value, Value::Map(_)) {
        item.refuse(problems, format_args!("must be {FORMS}"));
        return None;
    }
    let mut object = item.our_object(problems)?;
    let forms: Vec<&str> = ["workload", "all", "any", "atLeast"].into_iter().filter(|key| object.has(key)).collect();
    if forms.len() > 1 {
        let message = format!("has {}, must have one of them", forms.join(" and "));
        problems.error(item.mark(), &item.path, message).help("one may stand in the other: `all: [a, {any: [b, c]}]`");
        return None;
    }
    let read = if object.has("workload") {
        read_pods(&mut object, workloads, seen, problems)
    } else if object.has("atLeast") {
        read_some(&mut object, workloads, seen, problems)
    } else if object.has("all") {
        let list = object.require("all", problems)?;
        read_parts(&list, workloads, seen, problems).map(Requirement::all)
    } else if object.has("any") {
        let list = object.require("any", problems)?;
        read_parts(&list, workloads, seen, problems).map(Requirement::any)
    } else {
        problems.error(item.mark(), &item.path, format!("must be {FORMS}"));
        return None;
    };
    object.finish(problems, &[]);
    read
}

fn read_pods(
    object: &mut Object<'_>,
    workloads: &IdVec<WorkloadId, Workload>,
    seen: &mut Vec<(WorkloadId, Mark)>,
    problems: &mut Problems,
) -> Option<Requirement> {
    let name = object.require("workload", problems)?;
    let least = object.get("minServing");
    let workload = read_name(&name, workloads, seen, problems)?;
    let replicas = workloads[workload].replicas;
    let at_least = match least {
        None => workloads[workload].min_serving,
        Some(item) => {
            let least = item.integer(problems, MIN_SERVING)? as u32;
            if least > replicas {
                item.refuse(
                    problems,
                    format_args!("must be at most the {replicas} replicas of {}", workloads[workload].name),
                );
                return None;
            }
            least
        }
    };
    Some(Requirement::Pods { workload, at_least })
}

fn read_some(
    object: &mut Object<'_>,
    workloads: &IdVec<WorkloadId, Workload>,
    seen: &mut Vec<(WorkloadId, Mark)>,
    problems: &mut Problems,
) -> Option<Requirement> {
    let least = object.require("atLeast", problems);
    let least = least.and_then(|least| least.integer(problems, 1..=i64::from(u16::MAX)));
    let list = object.require("of", problems)?;
    let parts = read_parts(&list, workloads, seen, problems)?;
    let at_least = least? as usize;
    if at_least > parts.len() {
        let message = format!("has {} parts, of which {at_least} can never be met", parts.len());
        problems.error(list.mark(), &list.path, message).help("write at most that many in atLeast, or add parts");
        return None;
    }
    Some(Requirement::Parts { at_least, parts })
}

fn read_parts(
    list: &Item<'_>,
    workloads: &IdVec<WorkloadId, Workload>,
    seen: &mut Vec<(WorkloadId, Mark)>,
    problems: &mut Problems,
) -> Option<Vec<Requirement>> {
    let items = list.list(problems)?;
    if items.is_empty() {
        problems.error(list.mark(), &list.path, "is empty, must have at least one part");
        return None;
    }
    let parts: Vec<Option<Requirement>> = items.iter().map(|item| read_part(item, workloads, seen, problems)).collect();
    parts.into_iter().collect()
}

/// The Deployment of this name, which stands nowhere else: a request to the system asks each of its Deployments once.
fn read_name(
    item: &Item<'_>,
    workloads: &IdVec<WorkloadId, Workload>,
    seen: &mut Vec<(WorkloadId, Mark)>,
    problems: &mut Problems,
) -> Option<WorkloadId> {
    let text = item.string(problems)?;
    let id = find(item, text, workloads, problems)?;
    if let Some((_, earlier)) = seen.iter().find(|(used, _)| *used == id) {
        let line = earlier.line;
        let problem = problems.value(item.node, &item.path, format_args!("which stands in line {line} already"));
        problem.help("name each Deployment once: `all: [a, {any: [b, c]}]` says what `any: [{all: [a, b]}, {all: [a, c]}]` would");
        return None;
    }
    seen.push((id, item.mark()));
    Some(id)
}

/// The Deployment of this name; an error names those that there are.
pub(in crate::spec) fn find(
    item: &Item<'_>,
    name: &str,
    workloads: &IdVec<WorkloadId, Workload>,
    problems: &mut Problems,
) -> Option<WorkloadId> {
    let place = workloads.iter().position(|workload| workload.name == name);
    if place.is_none() {
        let names: Vec<&str> = workloads.iter().map(|workload| workload.name.as_str()).collect();
        let near = nearest(name, names.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        let help = near.unwrap_or_else(|| format!("there are {}", names.join(", ")));
        problems.value(item.node, &item.path, "which no Deployment of the experiment is called").help(help);
    }
    place.map(Id::new)
}

/// What is required, in words: `shop, mail and (auth or 2 Pods of cache)`.
pub(in crate::spec) fn in_words(requirement: &Requirement, workloads: &IdVec<WorkloadId, Workload>) -> String {
    words(requirement, workloads, false)
}

fn words(requirement: &Requirement, workloads: &IdVec<WorkloadId, Workload>, is_part: bool) -> String {
    match requirement {
        Requirement::Pods { workload, at_least: 1 } => workloads[*workload].name.clone(),
        Requirement::Pods { workload, at_least } => format!("{at_least} Pods of {}", workloads[*workload].name),
        Requirement::Parts { at_least, parts } => {
            let each: Vec<String> = parts.iter().map(|part| words(part, workloads, true)).collect();
            let text = match (*at_least, parts.len()) {
                (_, 1) => return each.concat(),
                (least, all) if least == all && all > MOST_NAMED && !is_part => {
                    return format!("all {all} Deployments");
                }
                (least, all) if least == all => listed(&each, "and"),
                (1, _) => listed(&each, "or"),
                (least, _) => return format!("{least} of ({})", each.join(", ")),
            };
            if is_part { format!("({text})") } else { text }
        }
    }
}

/// More names than these nobody reads in a sentence.
const MOST_NAMED: usize = 6;

/// `a, b and c`.
fn listed(names: &[String], word: &str) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} {word} {last}", first.join(", ")),
        _ => names.concat(),
    }
}
