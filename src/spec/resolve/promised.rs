//! The objective of an experiment that names an SLO in a file of another tool: what that promises takes its place before the
//! experiment is read, each value with its place in that file. So it is checked, explained and kept like what the experiment says
//! itself.

use std::borrow::Cow;
use std::path::Path;

use crate::durations;
use crate::spec::experiment::Reference;
use crate::spec::loader::Loader;
use crate::spec::manifest;
use crate::spec::reader::Item;
use crate::spec::slo::{self, Slo};
use crate::spec::tree::{Entry, Mark, Node, Value};
use crate::study::Metric;

const PATH: &str = "spec.objective.from";

/// The experiment in `folder`, with the SLO that `objective.from` names in its place.
pub(in crate::spec) fn bring_in<'n>(loader: &mut Loader<'_>, folder: &Path, experiment: &'n Node) -> Cow<'n, Node> {
    let objective = experiment.get("spec").and_then(|spec| spec.get("objective"));
    if objective.and_then(|objective| objective.get("from")).is_none_or(Node::is_null) {
        return Cow::Borrowed(experiment);
    }
    let mut experiment = experiment.clone();
    if let Some(fields) = fields_of(&mut experiment, "spec").and_then(|spec| fields_of(spec, "objective")) {
        put(loader, folder, fields);
    }
    Cow::Owned(experiment)
}

/// The map under a key.
fn fields_of<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    let Value::Map(entries) = &mut node.value else { return None };
    entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value)
}

fn put(loader: &mut Loader<'_>, folder: &Path, objective: &mut Node) {
    let Value::Map(fields) = &mut objective.value else { return };
    let Some(position) = fields.iter().position(|field| field.key == "from") else { return };
    let from = fields.remove(position).value;
    let mut is_alone = true;
    for field in fields.iter().filter(|field| ["slo", "window"].contains(&field.key.as_str())) {
        let path = format!("spec.objective.{}", field.key);
        let problem = loader.problems.error(field.key_mark, &path, "must not be set beside from, which says it");
        problem.help("leave out `from` to state it here");
        is_alone = false;
    }
    let found = find(loader, folder, &from);
    let Some(slo) = found.filter(|_| is_alone) else {
        // Whatever is stated twice has been told of; reading it again would tell of less.
        fields.retain(|field| !["slo", "window"].contains(&field.key.as_str()));
        return;
    };
    let mut add = |key: &str, value: Value, mark: Mark| {
        fields.push(Entry { key: key.to_owned(), key_mark: mark, value: Node { value, mark } });
    };
    add("slo", Value::Float(slo.target.value), slo.target.mark);
    if let Some(window) = slo.window {
        add("window", Value::String(durations::shown(window.value)), window.mark);
    }
    if slo.metric.value != Metric::Availability && fields.iter().all(|field| field.key != "metric") {
        let metric = slo.metric.value.key().to_owned();
        fields.push(Entry {
            key: "metric".to_owned(),
            key_mark: slo.metric.mark,
            value: Node { value: Value::String(metric), mark: slo.metric.mark },
        });
    }
    let message = format!("is the objective: {}, {} ({})", slo.name, slo.promise(), slo.format);
    loader.problems.note(slo.mark, &slo.path, message);
}

/// The SLO that is meant by `FILE` or `FILE#NAME`.
fn find(loader: &mut Loader<'_>, folder: &Path, from: &Node) -> Option<Slo> {
    let text = Item::new(from, PATH).string(&mut loader.problems)?;
    let (file, name) = text.split_once('#').map_or((text, None), |(file, name)| (file, Some(name)));
    if file.trim().is_empty() {
        let problem = loader.problems.value(from, PATH, "must be the name of a file with an SLO");
        problem.help("such as slo.yaml, or slo.yaml#NAME where it holds several");
        return None;
    }
    let path = PATH.to_owned();
    let reference = Reference { file: file.to_owned(), mark: from.mark, path, name: None, namespace: None };
    let errors = loader.problems.list.len();
    let (_, documents) = loader.refer(folder, &reference)?;
    let documents = manifest::flatten(documents);
    let is_one = documents.iter().any(|document| slo::format(document).is_some());
    let slos = slo::read_all(&documents.iter().collect::<Vec<_>>(), &mut loader.problems);
    let is_sound =
        !loader.problems.list[errors..].iter().any(|problem| problem.severity == crate::spec::Severity::Error);
    if !is_sound {
        return None;
    }
    if !is_one {
        let message = format!("names {file}, which holds no SLO: must be one of OpenSLO, Sloth or Pyrra");
        loader.problems.error(from.mark, PATH, message).help("or write `slo` and `window` themselves");
        return None;
    }
    match slo::choose(&slos, name, file) {
        Ok(slo) => Some(slo.clone()),
        Err((what, help)) => {
            loader.problems.error(from.mark, PATH, format!("names {file}, {what}")).help(help);
            None
        }
    }
}
