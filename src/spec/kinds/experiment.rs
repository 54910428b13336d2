//! The kind `Experiment`: the question that is asked of a system.

use std::ops::RangeInclusive;

use crate::durations::LONGEST;
use crate::model::{Start, YEAR};
use crate::spec::app;
use crate::spec::diagnostic::Problems;
use crate::spec::labels::is_dns_label;
use crate::spec::reader::{Item, Object, nearest};
use crate::spec::script;
use crate::spec::sensitivity;
use crate::spec::serving::Named;
use crate::spec::stopping;
use crate::spec::tree::{Mark, Node, Value};
use crate::spec::vary::{self, Target};
use crate::study::{Bound, Goal, Metric, Objective, Stopping, Without};
use crate::time::Duration;

/// A file that an experiment names, and which Deployment in it.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Reference {
    pub file: String,
    pub mark: Mark,
    pub path: String,
    pub name: Option<String>,
    pub namespace: Option<String>,
}

/// An entry of `faults` or `operations`: a file, or a fault or an operation itself.
#[derive(Debug, Clone)]
pub(in crate::spec) enum FaultSource {
    File(Reference),
    Inline(Node, String),
}

/// The Deployments that an experiment names: one as `deployment`, or several as `deployments`.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Deployments {
    /// They stand in `deployments`, so that keys of `vary` name them.
    pub are_listed: bool,
    /// At least one.
    pub list: Vec<Member>,
}

/// A Deployment that an experiment names, with what is said of it alone.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Member {
    /// Where it stands in the experiment, for messages.
    pub path: String,
    pub deployment: Reference,
    /// What it is called in the experiment, if not as its manifest says.
    pub alias: Option<String>,
    /// Its own App.
    pub app: Option<Reference>,
    /// Its own container that serves, if that is said.
    pub container: Option<Named>,
    /// Its own objective.
    pub objective: Option<Node>,
}

impl Member {
    /// A Deployment of which nothing more is said.
    fn of(path: String, deployment: Reference) -> Self {
        Self { path, deployment, alias: None, app: None, container: None, objective: None }
    }
}

/// The files of a system; in a candidate those that it replaces.
#[derive(Debug, Clone, Default)]
pub(in crate::spec) struct References {
    pub deployments: Option<Deployments>,
    pub app: Option<Reference>,
    pub cluster: Option<Reference>,
    /// How many requests come.
    pub traffic: Option<Reference>,
    pub faults: Option<Vec<FaultSource>>,
    /// Changes that are made on purpose.
    pub operations: Option<Vec<FaultSource>>,
    /// The container that serves, if that is said.
    pub container: Option<Named>,
}

/// One change of an input.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Patch {
    pub key: String,
    pub mark: Mark,
    /// Where it stands in the experiment, for messages.
    pub path: String,
    pub target: Target,
}

/// A named alternative.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Candidate {
    pub name: String,
    pub patches: Vec<(Patch, Node)>,
    pub references: References,
}

/// An experiment file as written, before the files that it names are read.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Question {
    pub mark: Mark,
    pub name: String,
    /// The question in words, if it is stated.
    pub in_words: Option<String>,
    pub seed: u64,
    pub confidence: f64,
    pub stopping: Stopping,
    pub start: Start,
    /// Replicas that no Node takes are no reason not to play.
    pub allow_pending: bool,
    pub warm_up: Duration,
    pub horizon: Duration,
    pub objective: Node,
    pub goals: Vec<Goal>,
    pub references: References,
    /// The entries of the script, each with its name and its path.
    pub script: Vec<(Node, String)>,
    pub axes: Vec<(Patch, Vec<Node>)>,
    pub candidates: Vec<Candidate>,
    pub baseline: Option<Node>,
    pub sensitivity: Option<sensitivity::Asked>,
    /// Draws of what is not known, if the experiment says how many.
    pub draws: Option<u32>,
    pub without: Without,
}

/// Characters of a question: two lines of a page.
const LONGEST_QUESTION: usize = 160;

/// The question in words: one line.
fn read_words(item: &Item<'_>, problems: &mut Problems) -> Option<String> {
    let words = item.string(problems)?.trim();
    if words.is_empty() || words.contains(char::is_control) || words.chars().count() > LONGEST_QUESTION {
        item.refuse(problems, format_args!("one line of 1 to {LONGEST_QUESTION} characters"));
        return None;
    }
    Some(words.to_owned())
}

/// Reads an experiment.
pub(in crate::spec) fn read(document: &Node, problems: &mut Problems) -> Option<Question> {
    let (name, mut spec) = app::open(document, problems)?;
    let in_words = spec.get("question").and_then(|item| read_words(&item, problems));
    let references = read_references(&mut spec, true, problems);
    let objective = spec.get("objective").map(|item| item.node.clone());
    let objective = objective.unwrap_or(Node { value: Value::Map(Vec::new()), mark: document.mark });
    // Read here for its errors; scenarios read it again with their own values.
    let window = read_objective(&objective, problems).map(|objective| objective.window);
    let least = Duration::from_secs(1);
    let horizon = match spec.get("horizon") {
        Some(item) => item.duration(problems, least..=LONGEST),
        None => Some(YEAR),
    };
    let warm_up_item = spec.get("warmUp");
    let warm_up = match &warm_up_item {
        Some(item) => item.duration(problems, Duration::ZERO..=LONGEST),
        None => Some(Duration::from_secs(7 * 86_400)),
    };
    if let (Some(horizon), Some(warm_up)) = (horizon, warm_up)
        && horizon + warm_up > LONGEST
    {
        let mark = warm_up_item.map_or(spec.mark, |item| item.mark());
        problems.error(mark, "spec.warmUp", "must not exceed 100y together with the horizon");
    }
    if let (Some(horizon), Some(window)) = (horizon, window)
        && window > horizon
        && ["window", "slo"].iter().any(|key| objective.get(key).is_some())
    {
        let message = "is longer than the horizon: no window is whole, so nothing can be said of one";
        problems.warn(objective.mark, "spec.objective.window", message);
    }
    let starts = [("running", Start::Running), ("fresh", Start::Fresh)];
    let start = spec.get("start").and_then(|word| word.word(problems, &starts)).unwrap_or(Start::Running);
    let allow_pending = spec.get("allowPending").and_then(|flag| flag.boolean(problems)).unwrap_or(false);
    let seed = spec.get("seed").and_then(|item| item.integer(problems, 0..=i64::MAX)).unwrap_or(1);
    let script = spec.get("script").map(|list| script::entries(&list, problems)).unwrap_or_default();
    let (stopping, confidence) = stopping::read(&mut spec, &objective, problems);
    let goals = spec.get("targets").and_then(|list| list.list(problems)).unwrap_or_default();
    let goals = goals.iter().filter_map(|goal| read_goal(goal, problems)).collect();
    let axes = spec.get("vary").map(|item| read_axes(&item, problems)).unwrap_or_default();
    let candidates = spec.get("candidates").and_then(|list| list.list(problems)).unwrap_or_default();
    let candidates = read_candidates(&candidates, problems);
    let baseline = spec.get("baseline").map(|item| item.node.clone());
    let sensitivity = spec.get("sensitivity").and_then(|item| {
        let grid = !axes.is_empty() || !candidates.is_empty();
        sensitivity::check(&item, grid, stopping, problems);
        sensitivity::read(&item, problems)
    });
    let without = spec.get("without").and_then(|item| read_without(&item, problems)).unwrap_or_default();
    let draws = spec.get("uncertainty").and_then(|item| read_uncertainty(&item, problems));
    spec.finish(problems, &[]);
    Some(Question {
        mark: document.mark,
        name,
        in_words,
        seed: seed as u64,
        confidence,
        stopping,
        start,
        allow_pending,
        // Where one is wrong the error is noted; reading goes on to show the others.
        warm_up: warm_up.unwrap_or_default(),
        horizon: horizon.unwrap_or(YEAR),
        objective,
        goals,
        references,
        script,
        axes,
        candidates,
        baseline,
        sensitivity,
        draws,
        without,
    })
}

/// Reads for which scenarios the removal of causes is played.
fn read_without(item: &Item<'_>, problems: &mut Problems) -> Option<Without> {
    // To YAML 1.1, `off` is false.
    if matches!(item.node.value, Value::Bool(false)) {
        return Some(Without::Off);
    }
    item.word(problems, &[("off", Without::Off), ("all", Without::All)])
}

/// How many draws there are of what is not known.
fn read_uncertainty(item: &Item<'_>, problems: &mut Problems) -> Option<u32> {
    let mut object = item.our_object(problems)?;
    let draws = object.require("draws", problems).and_then(|item| item.integer(problems, 2..=10_000));
    object.finish(problems, &[]);
    draws.map(|draws| draws as u32)
}

fn read_references(spec: &mut Object<'_>, is_whole: bool, problems: &mut Problems) -> References {
    let deployments = read_deployments(spec, is_whole, problems);
    let all_have_apps =
        deployments.as_ref().is_some_and(|all| all.are_listed && all.list.iter().all(|one| one.app.is_some()));
    let mut file = |key: &'static str, is_needed: bool, problems: &mut Problems| {
        let item = if is_needed { spec.require(key, problems) } else { spec.get(key) };
        read_reference(&item?, false, problems)
    };
    let app = file("app", is_whole && !all_have_apps, problems);
    let cluster = file("cluster", is_whole, problems);
    let traffic = file("traffic", false, problems);
    let mut sources = |key: &'static str| {
        let list = spec.get(key).and_then(|list| list.list(problems))?;
        let read = |item: Item<'_>| match &item.node.value {
            Value::Map(_) => Some(FaultSource::Inline(item.node.clone(), item.path)),
            _ => read_reference(&item, false, problems).map(FaultSource::File),
        };
        Some(list.into_iter().filter_map(read).collect())
    };
    let (faults, operations) = (sources("faults"), sources("operations"));
    let container = spec.get("container").and_then(|item| read_named(&item, problems));
    let container = container.filter(|named| {
        let has_own = deployments.as_ref().is_some_and(|all| all.are_listed);
        if has_own {
            refuse_container_beside_deployments(named, problems);
        }
        !has_own
    });
    References { deployments, app, cluster, traffic, faults, operations, container }
}

/// Each of several Deployments says itself which of its containers serves.
pub(in crate::spec) fn refuse_container_beside_deployments(named: &Named, problems: &mut Problems) {
    let message = "must not be set beside deployments: each has its own";
    problems.error(named.mark, &named.path, message).help("write `{file: …, container: NAME}` in deployments");
}

/// `deployment`, or `deployments`.
fn read_deployments(spec: &mut Object<'_>, is_whole: bool, problems: &mut Problems) -> Option<Deployments> {
    let Some(all) = spec.get("deployments") else {
        let item = if is_whole { spec.require("deployment", problems) } else { spec.get("deployment") };
        let item = item?;
        let only = Member::of(item.path.clone(), read_reference(&item, true, problems)?);
        return Some(Deployments { are_listed: false, list: vec![only] });
    };
    if let Some(one) = spec.get("deployment") {
        let help = "leave out `deployment`, or `deployments` if there is one only";
        problems.error(one.mark(), &one.path, "must not be set together with deployments").help(help);
    }
    let items = all.list(problems)?;
    if items.is_empty() {
        let help = "write `deployments: [FILE, …]`";
        problems.error(all.mark(), &all.path, "is empty, must name at least one Deployment").help(help);
        return None;
    }
    let list = items.iter().map(|item| read_member(item, problems)).collect::<Vec<_>>();
    let list = list.into_iter().collect::<Option<Vec<_>>>()?;
    Some(Deployments { are_listed: true, list })
}

/// An entry of `deployments`: a file, or `{file, name, namespace, as, app, container, objective}`.
fn read_member(item: &Item<'_>, problems: &mut Problems) -> Option<Member> {
    if !matches!(item.node.value, Value::Map(_)) {
        return Some(Member::of(item.path.clone(), read_reference(item, false, problems)?));
    }
    let mut object = item.our_object(problems)?;
    let deployment = read_selected(&mut object, problems);
    let alias = object.get("as").and_then(|item| {
        let name = item.string(problems)?;
        if !is_dns_label(name) {
            item.refuse(problems, "must be lower-case letters, digits or `-`, first and last a letter or digit");
        }
        Some(name.to_string())
    });
    let app = object.get("app").map(|item| read_reference(&item, false, problems));
    let container = object.get("container").and_then(|item| read_named(&item, problems));
    let objective = object.get("objective").map(|item| {
        read_min_serving(item.node, &item.path, problems);
        item.node.clone()
    });
    object.finish(problems, &[]);
    let app = match app {
        Some(read) => Some(read?),
        None => None,
    };
    Some(Member { alias, app, container, objective, ..Member::of(item.path.clone(), deployment?) })
}

fn read_named(item: &Item<'_>, problems: &mut Problems) -> Option<Named> {
    let name = item.string(problems)?.to_string();
    Some(Named { name, mark: item.mark(), path: item.path.clone() })
}

/// Reads the objective of one Deployment of several: `{minServing: 2}`.
pub(in crate::spec) fn read_min_serving(node: &Node, path: &str, problems: &mut Problems) -> Option<u32> {
    let mut object = Item::new(node, path.to_string()).our_object(problems)?;
    let least = object.require("minServing", problems).and_then(|item| item.integer(problems, MIN_SERVING));
    object.finish(problems, &[]);
    least.map(|least| least as u32)
}

/// What `minServing` may be.
pub(in crate::spec) const MIN_SERVING: RangeInclusive<i64> = 1..=u16::MAX as i64;

/// A file name, or for a Deployment `{file, name, namespace}`.
fn read_reference(item: &Item<'_>, selects: bool, problems: &mut Problems) -> Option<Reference> {
    if selects && matches!(item.node.value, Value::Map(_)) {
        let mut object = item.our_object(problems)?;
        let reference = read_selected(&mut object, problems);
        object.finish(problems, &[]);
        return reference;
    }
    read_file(item, None, None, problems)
}

/// `file`, and which Deployment in it by `name` and `namespace`.
fn read_selected(object: &mut Object<'_>, problems: &mut Problems) -> Option<Reference> {
    let file = object.require("file", problems);
    let mut text = |key: &'static str, problems: &mut Problems| {
        object.get(key).and_then(|item| item.string(problems)).map(str::to_string)
    };
    let (name, namespace) = (text("name", problems), text("namespace", problems));
    read_file(&file?, name, namespace, problems)
}

fn read_file(
    file: &Item<'_>,
    name: Option<String>,
    namespace: Option<String>,
    problems: &mut Problems,
) -> Option<Reference> {
    let text = file.string(problems)?;
    if text.trim().is_empty() {
        file.refuse(problems, "must be the name of a file");
        return None;
    }
    Some(Reference { file: text.to_string(), mark: file.mark(), path: file.path.clone(), name, namespace })
}

/// Reads `objective`; everything in it has a default.
pub(in crate::spec) fn read_objective(node: &Node, problems: &mut Problems) -> Option<Objective> {
    let mut object = Item::new(node, "spec.objective").our_object(problems)?;
    // Read where the Deployments are known.
    let _ = object.get("system");
    // What it names has been put in its place.
    let _ = object.get("from");
    let min_serving =
        object.get("minServing").map_or(Some(1), |item| item.integer(problems, MIN_SERVING)).map(|least| least as u32);
    let words = [Metric::Availability, Metric::RequestSuccess].map(|metric| (metric.key(), metric));
    let metric = object.get("metric").map_or(Some(Metric::Availability), |word| word.word(problems, &words));
    let slo = object.get("slo").map(|item| match item.share(problems, 0.0..=1.0)? {
        0.0 => {
            item.refuse(problems, "must be above 0: any service meets that");
            None
        }
        share => Some(share),
    });
    let window = object.get("window").map_or(Some(Duration::from_secs(30 * 86_400)), |item| {
        item.duration(problems, Duration::from_secs(60)..=LONGEST)
    });
    let indifference = object.get("indifference").map(|item| item.duration(problems, Duration::ZERO..=YEAR));
    object.finish(problems, &[]);
    let slo = match slo {
        Some(share) => Some(share?),
        None => None,
    };
    let indifference_secs = match indifference {
        Some(span) => Some(span?.as_secs_f64()),
        None => None,
    };
    Some(Objective {
        min_serving: min_serving?,
        system: None,
        metric: metric?,
        slo,
        window: window?,
        indifference_secs,
    })
}

pub(in crate::spec) fn read_metric(object: &mut Object<'_>, problems: &mut Problems) -> Option<Metric> {
    let item = object.require("metric", problems)?;
    let words: Vec<(&str, Metric)> = Metric::all().map(|metric| (metric.key(), metric)).collect();
    item.word(problems, &words)
}

/// A value of this metric: a share, a span of time a year, or a number of events a year.
pub(in crate::spec) fn read_amount(item: &Item<'_>, metric: Metric, problems: &mut Problems) -> Option<f64> {
    match &item.node.value {
        _ if metric.is_share() => item.share(problems, 0.0..=1.0),
        Value::String(_) => item.duration(problems, Duration::ZERO..=LONGEST).map(Duration::as_secs_f64),
        _ => item.number(problems, 0.0..=1e12),
    }
}

fn read_goal(item: &Item<'_>, problems: &mut Problems) -> Option<Goal> {
    let mut object = item.our_object(problems)?;
    let metric = read_metric(&mut object, problems);
    let least = object.get("atLeast");
    let most = object.get("atMost");
    object.finish(problems, &[]);
    let metric = metric?;
    let bound = match (least, most) {
        (Some(least), None) => Bound::AtLeast(read_amount(&least, metric, problems)?),
        (None, Some(most)) => Bound::AtMost(read_amount(&most, metric, problems)?),
        _ => {
            problems.error(item.mark(), &item.path, "must have one of atLeast and atMost");
            return None;
        }
    };
    Some(Goal { metric, bound })
}

/// The keys of `vary` or of a patch, with their places.
fn read_patches<'a>(item: &Item<'a>, problems: &mut Problems) -> Vec<(Patch, &'a Node)> {
    let Some(object) = item.our_object(problems) else { return Vec::new() };
    let mut patches: Vec<(Patch, &Node)> = Vec::new();
    for entry in object.keys() {
        let path = format!("{}[{}]", item.path, entry.key);
        let target = match vary::resolve(&entry.key) {
            Ok(target) => target,
            Err((message, help)) => {
                let problem = problems.error(entry.key_mark, &path, message);
                if let Some(help) = help {
                    problem.help(help);
                }
                continue;
            }
        };
        let steps_are =
            |names: &[&str]| matches!(target.steps.as_slice(), [vary::Step::Key(k)] if names.contains(&k.as_str()));
        if target.input == vary::Input::Objective && !steps_are(&["minServing"]) {
            let message = "cannot vary: of the objective only minServing can";
            problems.error(entry.key_mark, &path, message);
            continue;
        }
        if let Some((earlier, _)) = patches.iter().find(|(patch, _)| patch.target == target) {
            problems.error(entry.key_mark, &path, format!("leads to the same field as {}", earlier.key));
            continue;
        }
        patches.push((Patch { key: entry.key.clone(), mark: entry.key_mark, path, target }, &entry.value));
    }
    patches
}

fn read_axes(item: &Item<'_>, problems: &mut Problems) -> Vec<(Patch, Vec<Node>)> {
    let mut axes = Vec::new();
    for (patch, node) in read_patches(item, problems) {
        let Value::List(values) = &node.value else {
            problems
                .error(node.mark, &patch.path, format!("is {}, must be a list of values", node.value.kind()))
                .help("put the values in brackets");
            continue;
        };
        if values.is_empty() {
            problems.error(node.mark, &patch.path, "is empty, must have at least one value");
            continue;
        }
        for (index, value) in values.iter().enumerate() {
            let json = value.to_json();
            if values[..index].iter().any(|earlier| earlier.to_json() == json) {
                problems.value(value, &patch.path, "which occurs twice");
            }
        }
        axes.push((patch, values.clone()));
    }
    axes
}

fn read_candidates(items: &[Item<'_>], problems: &mut Problems) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for item in items {
        let Some(mut object) = item.our_object(problems) else { continue };
        let name_item = object.require("name", problems);
        let name = name_item.as_ref().and_then(|name| name.string(problems)).unwrap_or_default().to_string();
        if let Some(name_item) = name_item {
            let is_plain = |c: char| !c.is_control() && !c.is_whitespace();
            if candidates.iter().any(|earlier| earlier.name == name) {
                name_item.refuse(problems, "which an earlier candidate is called too");
            } else if name.is_empty() || name.len() > 100 || !name.chars().all(is_plain) {
                name_item.refuse(problems, "must be a word of at most 100 letters without spaces");
            }
        }
        let patches = object.get("patch").map(|patch| {
            let patches = read_patches(&patch, problems);
            patches.into_iter().map(|(patch, node)| (patch, node.clone())).collect()
        });
        let references = read_references(&mut object, false, problems);
        object.finish(problems, &[]);
        candidates.push(Candidate { name, patches: patches.unwrap_or_default(), references });
    }
    candidates
}

/// Finds the scenario that `baseline` means among names and parameters.
pub(in crate::spec) fn find_baseline(
    node: &Node,
    scenarios: &[(&str, &serde_json::Map<String, serde_json::Value>)],
    problems: &mut Problems,
) -> Option<usize> {
    const PATH: &str = "spec.baseline";
    let matching: Vec<usize> = match &node.value {
        Value::String(name) => {
            let exact = scenarios.iter().position(|(scenario, _)| scenario == name);
            let by_candidate =
                |index: &usize| scenarios[*index].1.get("candidate").and_then(|value| value.as_str()) == Some(name);
            exact.map_or_else(|| (0..scenarios.len()).filter(by_candidate).collect(), |index| vec![index])
        }
        Value::Map(entries) => {
            let keys = || scenarios.first().map(|(_, parameters)| parameters.keys()).into_iter().flatten();
            for entry in entries {
                if keys().all(|key| *key != entry.key) {
                    let path = format!("{PATH}[{}]", entry.key);
                    let problem = problems.error(entry.key_mark, &path, "is not a key of vary");
                    if let Some(name) = nearest(&entry.key, keys().map(String::as_str)) {
                        problem.help(format!("did you mean `{name}`?"));
                    }
                    return None;
                }
            }
            let fits = |index: &usize| {
                entries.iter().all(|entry| scenarios[*index].1.get(&entry.key) == Some(&entry.value.to_json()))
            };
            (0..scenarios.len()).filter(fits).collect()
        }
        _ => {
            problems.value(node, PATH, "must be a point of the grid, such as {replicas: 2}, or a candidate's name");
            return None;
        }
    };
    match matching.as_slice() {
        [index] => Some(*index),
        [] => {
            problems.value(node, PATH, "must be a point of the grid or the name of a candidate");
            None
        }
        several => {
            let message =
                format!("fits {} scenarios, must name one: give a value for every key of vary", several.len());
            problems.error(node.mark, PATH, message);
            None
        }
    }
}
