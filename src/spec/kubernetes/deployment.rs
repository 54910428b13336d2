//! A Deployment (M1, M4). Follows `pkg/apis/apps/v1/defaults.go` and `pkg/apis/apps/validation/validation.go`.

use crate::model::{Part, Strategy};
use crate::spec::autoscaler::Autoscaler;
use crate::spec::diagnostic::Problems;
use crate::spec::labels::{Labels, check_name, read_labels, read_selector};
use crate::spec::pod::{self, Pod};
use crate::spec::reader::{Item, Object};
use crate::spec::strings;
use crate::spec::tree::{Mark, Node, Value};
use crate::time::Duration;

/// A Deployment as the API server would store it.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Deployment {
    pub mark: Mark,
    pub name: String,
    pub namespace: String,
    /// As it says, or as its autoscaler makes them.
    pub replicas: u32,
    /// Where it says so.
    pub replicas_mark: Option<Mark>,
    /// What scales it, if something does and nothing else says how many replicas there are to be.
    pub autoscaler: Option<Autoscaler>,
    /// Labels of its Pods.
    pub labels: Labels,
    pub strategy: Strategy,
    pub min_ready: Duration,
    pub progress_deadline: Duration,
    pub is_paused: bool,
    pub pod: Pod,
}

/// More slots than any experiment needs; each costs memory in every replication.
pub(in crate::spec) const MAX_REPLICAS: i64 = 1000;

/// Fields that change nothing in the model.
pub(in crate::spec) const WITHOUT_EFFECT: [&str; 1] = ["revisionHistoryLimit"];

/// Fields that are read, for paths that start in the Deployment's spec.
pub(in crate::spec) const WITH_EFFECT: [&str; 7] =
    ["replicas", "selector", "template", "strategy", "minReadySeconds", "progressDeadlineSeconds", "paused"];

/// The name and namespace of an object.
pub(in crate::spec) struct Metadata {
    pub name: String,
    pub namespace: String,
    pub labels: Labels,
}

/// Reads `metadata`; `name` is required.
pub(in crate::spec) fn read_metadata(object: &mut Object<'_>, problems: &mut Problems) -> Option<Metadata> {
    let mut metadata = object.require("metadata", problems)?.object(problems)?;
    let name = if metadata.has("generateName") {
        metadata.get("name").or_else(|| metadata.get("generateName"))
    } else {
        metadata.require("name", problems)
    };
    if let Some(name) = &name
        && !metadata.has("generateName")
    {
        check_name(name, problems, false);
    }
    let namespace = metadata.get("namespace");
    if let Some(namespace) = &namespace {
        check_name(namespace, problems, true);
    }
    let labels = metadata.get("labels").and_then(|labels| read_labels(&labels, problems));
    strings::check_annotations(&metadata, problems);
    metadata.finish(
        problems,
        &[
            "annotations",
            "creationTimestamp",
            "deletionGracePeriodSeconds",
            "deletionTimestamp",
            "finalizers",
            "generateName",
            "generation",
            "managedFields",
            "ownerReferences",
            "resourceVersion",
            "selfLink",
            "uid",
        ],
    );
    Some(Metadata {
        name: name?.string(problems)?.to_string(),
        namespace: namespace.and_then(|namespace| namespace.string(problems)).unwrap_or("default").to_string(),
        labels: labels.unwrap_or_default(),
    })
}

/// Reads a Deployment.
pub(in crate::spec) fn read(document: &Node, problems: &mut Problems) -> Option<Deployment> {
    const INT32: i64 = i32::MAX as i64;
    let item = Item::new(document, "");
    let mut object = item.object(problems)?;
    let _ = (object.get("apiVersion"), object.get("kind"));
    let metadata = read_metadata(&mut object, problems);
    let spec = object.require("spec", problems);
    object.finish(problems, &["status"]);
    let mut spec = spec?.object(problems)?;

    // M1: replicas 1.
    let replicas_item = spec.get("replicas");
    let replicas = replicas_item.as_ref().map_or(Some(1), |value| {
        let replicas = value.integer(problems, 0..=INT32)?;
        if replicas > MAX_REPLICAS {
            value.refuse(problems, format_args!("which is beyond what hasim simulates: at most {MAX_REPLICAS}"));
            return None;
        }
        Some(replicas)
    });
    let min_ready = spec.get("minReadySeconds").and_then(|value| value.integer(problems, 0..=INT32)).unwrap_or(0);
    let deadline = spec.get("progressDeadlineSeconds");
    let limit = deadline.as_ref().and_then(|value| value.integer(problems, 0..=INT32)).unwrap_or(600);
    if limit <= min_ready {
        let message = format!("is {limit}, must be greater than minReadySeconds ({min_ready})");
        let mark = deadline.map_or(spec.mark, |value| value.mark());
        problems.error(mark, &spec.join("progressDeadlineSeconds"), message);
    }
    let paused = spec.get("paused");
    let is_paused = paused.as_ref().and_then(|paused| paused.boolean(problems)) == Some(true);
    if let Some(paused) = paused.filter(|_| is_paused) {
        let message = "is true: Pods that run stay and are replaced, but no Pod is made of a template that is new; hasim plays \
                       a Deployment whose Pods run already";
        paused.warn(problems, message);
    }
    let strategy = spec.get("strategy").map_or(Some(Strategy::USUAL), |strategy| read_strategy(&strategy, problems));

    let selector_item =
        spec.require_or("selector", problems, &help_without_selector(spec.peek("template").map(|item| item.node)));
    let selector = selector_item.as_ref().and_then(|selector| read_selector(selector, problems));
    let template = spec.require("template", problems).and_then(|template| template.object(problems));
    spec.finish(problems, &WITHOUT_EFFECT);
    let mut template = template?;
    let labels_item = template.get("metadata").and_then(|metadata| {
        let mut metadata = metadata.object(problems)?;
        let labels = metadata.get("labels");
        strings::check_annotations(&metadata, problems);
        metadata
            .finish(problems, &["annotations", "creationTimestamp", "name", "namespace", "finalizers", "generateName"]);
        labels
    });
    let labels = labels_item.as_ref().and_then(|labels| read_labels(labels, problems)).unwrap_or_default();
    if let (Some(item), Some(selector)) = (&selector_item, &selector) {
        if selector.requirements.is_empty() {
            problems.error(item.mark(), &item.path, "is empty, must select the template's Pods");
        } else if !selector.matches(&labels) {
            let mark = labels_item.as_ref().map_or(template.mark, Item::mark);
            problems
                .error(mark, &template.join("metadata.labels"), "must match the selector, and does not")
                .help(format!("{} stands in line {}", item.path, item.mark().line));
        }
    }
    let namespace = metadata.as_ref().map_or("default", |metadata| metadata.namespace.as_str());
    let pod = template.require("spec", problems).and_then(|spec| pod::read(&spec, &labels, namespace, problems));
    template.finish(problems, &[]);
    let metadata = metadata?;
    Some(Deployment {
        mark: document.mark,
        name: metadata.name,
        namespace: metadata.namespace,
        replicas: replicas? as u32,
        replicas_mark: replicas_item.map(|value| value.mark()),
        autoscaler: None,
        labels,
        strategy: strategy?,
        min_ready: Duration::from_secs(min_ready as u64),
        progress_deadline: Duration::from_secs(limit as u64),
        is_paused,
        pod: pod?,
    })
}

/// What to do where the selector is missing: its labels are those of the template. Where an image is missing, too, the document changes
/// another one.
fn help_without_selector(template: Option<&Node>) -> String {
    let spec = template.and_then(|template| template.get("spec"));
    let containers = spec.and_then(|spec| spec.get("containers")).map(|list| &list.value);
    let lacks_image = |list: &[Node]| list.iter().any(|container| container.get("image").is_none());
    if template.is_none()
        || matches!(containers, None | Some(Value::Null))
        || matches!(containers, Some(Value::List(list)) if lacks_image(list))
    {
        return "it reads like a patch of another Deployment, as Kustomize has them: what `kubectl kustomize DIR` writes has both together"
            .to_owned();
    }
    let labels = template.and_then(|template| template.get("metadata")).and_then(|metadata| metadata.get("labels"));
    let named: Vec<String> = match labels.map(|labels| &labels.value) {
        Some(Value::Map(labels)) => {
            labels.iter().map(|entry| format!("{}: {}", entry.key, entry.value.to_json())).collect()
        }
        _ => Vec::new(),
    };
    if named.is_empty() {
        return "give the template labels, and the selector the same: `selector: {matchLabels: {app: NAME}}`"
            .to_owned();
    }
    format!(
        "apps/v1 wants one that no later version changes, of those of the template's labels that stay: `selector: {{matchLabels: {{{}}}}}`",
        named.join(", ")
    )
}

/// Reads `strategy` (D1, M1): a rolling update of a quarter each, unless stated.
fn read_strategy(item: &Item<'_>, problems: &mut Problems) -> Option<Strategy> {
    let mut object = item.object(problems)?;
    let kind = object
        .get("type")
        .map_or(Some(true), |kind| kind.word(problems, &[("RollingUpdate", true), ("Recreate", false)]));
    let (mut max_surge, mut max_unavailable) = (Part::Percent(25), Part::Percent(25));
    if let Some(rolling) = object.get("rollingUpdate") {
        if kind == Some(false) {
            problems.error(rolling.mark(), &rolling.path, "must not be set when strategy.type is Recreate");
        }
        if let Some(mut numbers) = rolling.object(problems) {
            let surge = numbers.get("maxSurge").map(|surge| int_or_percent(&surge, false, problems));
            let unavailable = numbers.get("maxUnavailable");
            let least = unavailable.as_ref().map(|number| int_or_percent(number, true, problems));
            let is_zero = |part: Option<Option<Part>>| matches!(part, Some(Some(Part::Number(0) | Part::Percent(0))));
            if let (true, true, Some(item)) = (is_zero(surge), is_zero(least), unavailable) {
                item.refuse(problems, "must not be 0 when maxSurge is 0");
                if let Some(problem) = problems.list.last_mut() {
                    problem.help(
                        "write maxSurge: 1 for a Pod more while it rolls out, or maxUnavailable: 1 for one fewer",
                    );
                }
            }
            max_surge = surge.flatten().unwrap_or(max_surge);
            max_unavailable = least.flatten().unwrap_or(max_unavailable);
            numbers.finish(problems, &[]);
        }
    }
    object.finish(problems, &[]);
    Some(if kind? { Strategy::RollingUpdate { max_surge, max_unavailable } } else { Strategy::Recreate })
}

/// An integer ≥ 0 or a percentage (M5).
pub(in crate::spec) fn int_or_percent(item: &Item<'_>, at_most_100: bool, problems: &mut Problems) -> Option<Part> {
    let Value::String(text) = &item.node.value else {
        return item.integer(problems, 0..=i64::from(i32::MAX)).map(|number| Part::Number(number as u32));
    };
    let digits = text.strip_suffix('%').filter(|digits| digits.bytes().all(|c| c.is_ascii_digit()));
    let Some(percent) = digits.and_then(|digits| digits.parse::<u32>().ok()) else {
        item.refuse(problems, "must be an integer, or a percentage such as 25%");
        return None;
    };
    if at_most_100 && percent > 100 {
        item.refuse(problems, "must not be greater than 100%");
        return None;
    }
    Some(Part::Percent(percent))
}
