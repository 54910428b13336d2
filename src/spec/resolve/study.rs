//! From an experiment file to a study: a model for every point that it asks about.

use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::model::Prices;
use crate::spec::advice;
use crate::spec::diagnostic::Problems;
use crate::spec::experiment::{self, Candidate, Question};
use crate::spec::loader::Loader;
use crate::spec::promised;
use crate::spec::requirement;
use crate::spec::scenario::scenario_models;
use crate::spec::sensitivity;
use crate::spec::system::System;
use crate::spec::tree::Node;
use crate::spec::{Loaded, Report, Severity};
use crate::study::{REPLICATIONS_PER_DRAW, Scenario, Selection, Stopping, Study, StudyHeader, Wanted};

/// Reads the experiment in `document` and everything that it names.
pub(in crate::spec) fn load(loader: &mut Loader<'_>, path: &Path, document: &Node) -> Option<Study> {
    read(loader, path, document, |_, study, _, _| study)
}

/// The same for a check: advises on the baseline, or the first scenario, and gives a study of what following it changes.
pub(in crate::spec) fn advise(loader: &mut Loader<'_>, path: &Path, document: &Node) -> Option<Study> {
    read(loader, path, document, |problems, study, question, systems| {
        advice::on_experiment(&study, question, systems, problems)
    })?
}

fn read<R>(
    loader: &mut Loader<'_>,
    path: &Path,
    document: &Node,
    then: impl FnOnce(&mut Problems, Study, &Question, &[(Option<&Candidate>, System)]) -> R,
) -> Option<R> {
    let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
    let document = &*promised::bring_in(loader, &folder, document);
    let question = experiment::read(document, &mut loader.problems)?;
    let base = System::load(loader, &folder, &question.references, None)?;
    let mut systems: Vec<(Option<&Candidate>, System)> = Vec::new();
    for candidate in &question.candidates {
        systems.push((Some(candidate), System::load(loader, &folder, &candidate.references, Some(&base))?));
    }
    if systems.is_empty() {
        systems.push((None, base.clone()));
    }
    let mut scenarios = scenario_models(loader, document.mark.file, &question, &systems)?;
    if loader.problems.has_errors() {
        return None;
    }
    let points: Vec<(&str, &Map<String, Json>)> =
        scenarios.iter().map(|scenario| (scenario.name.as_str(), &scenario.parameters)).collect();
    let baseline =
        question.baseline.as_ref().map(|node| experiment::find_baseline(node, &points, &mut loader.problems));
    let baseline = match baseline {
        Some(found) => Some(found?),
        None => None,
    };
    let mut objective = experiment::read_objective(&question.objective, &mut Problems::default())?;
    let model = &scenarios[0].model;
    objective.system = model.system.as_ref().map(|required| requirement::in_words(required, &model.workloads));
    if let Stopping::Selection(selection) = question.stopping {
        check_selection(selection, document, &scenarios, &mut loader.problems)?;
    }
    check_draws(&question, &scenarios[0], document, &mut loader.problems);
    let mut sensitivity = Vec::new();
    if let Some(asked) = &question.sensitivity {
        let (sides, parameters) = sensitivity::scenarios(asked, &question, &base, &mut loader.problems)?;
        scenarios.extend(sides);
        sensitivity = parameters;
    }
    let header = StudyHeader {
        name: question.name.clone(),
        question: question.in_words.clone(),
        seed: question.seed,
        confidence: question.confidence,
        stopping: question.stopping,
        objective,
        goals: question.goals.clone(),
        varied: scenarios[0].parameters.keys().cloned().collect(),
        each_alone: false,
        baseline,
        sensitivity,
        notes: Vec::new(),
        inputs: resolved_inputs(document, &base, &systems),
    };
    let study = Study { header, without: question.without, scenarios };
    Some(then(&mut loader.problems, study, &question, &systems))
}

/// Whether the draws of what is not known are played, and as often as each other.
fn check_draws(question: &Question, scenario: &Scenario, document: &Node, problems: &mut Problems) {
    let draws = scenario.draws.len() as u64;
    if draws == 0 {
        if question.draws.is_some() {
            let message = "has no effect: no parameter of the first scenario is uncertain";
            problems.warn(document.mark, "spec.uncertainty", message);
        }
    } else if let Stopping::Replications(replications) = question.stopping
        && !replications.is_multiple_of(draws * REPLICATIONS_PER_DRAW)
    {
        let played = replications.div_ceil(REPLICATIONS_PER_DRAW);
        let effect = if played < draws {
            format!("only {played} of the {draws} draws of what is uncertain are played")
        } else {
            format!("the {draws} draws of what is uncertain are not played equally often")
        };
        let message =
            format!("is {replications}, so {effect}: best is a multiple of {}", draws * REPLICATIONS_PER_DRAW);
        problems.warn(document.mark, "spec.replications", message);
    }
}

/// Whether there is anything to select from, and by what.
fn check_selection(
    selection: Selection,
    document: &Node,
    scenarios: &[Scenario],
    problems: &mut Problems,
) -> Option<()> {
    const PATH: &str = "spec.select";
    // Every pair of them is compared.
    const MOST: usize = 1_000;
    let mark = document.get("spec").and_then(|spec| spec.get("select")).map_or(document.mark, |select| select.mark);
    if scenarios.len() < 2 || scenarios.len() > MOST {
        let message = format!("is for 2 to {MOST} scenarios, and there are {}", scenarios.len());
        problems.error(mark, PATH, message).help("vary a key, or name candidates");
        return None;
    }
    let prices = || scenarios.iter().map(|scenario| scenario.model.cluster.prices.as_ref());
    if selection.goal == Wanted::Cheapest {
        if prices().any(|prices| prices.is_none()) {
            let message = "looks for the cheapest scenario, and there are clusters without prices";
            problems.error(mark, PATH, message).help("set spec.prices in the Cluster: {nodeHour: 0.20, currency: USD}");
            return None;
        }
        let currency = |prices: Option<&Prices>| prices.and_then(|prices| prices.currency.clone());
        if prices().any(|one| currency(one) != currency(prices().next().flatten())) {
            problems.error(mark, PATH, "compares prices in different currencies");
            return None;
        }
    }
    Some(())
}

fn resolved_inputs(document: &Node, base: &System, systems: &[(Option<&Candidate>, System)]) -> Json {
    let mut experiment = document.to_json();
    if let Some(spec) = experiment.get_mut("spec").and_then(Json::as_object_mut) {
        // The documents themselves follow; names of files mean nothing elsewhere.
        let candidates = spec.get_mut("candidates").and_then(Json::as_array_mut).into_iter().flatten();
        let candidates = candidates.filter_map(Json::as_object_mut);
        let forget = |whose: &mut Map<String, Json>| {
            for key in ["deployment", "deployments", "app", "cluster", "traffic", "faults", "operations"] {
                whose.shift_remove(key);
            }
        };
        candidates.for_each(forget);
        forget(spec);
    }
    let mut inputs = base.to_json();
    if let Some(object) = inputs.as_object_mut() {
        object.insert("experiment".to_string(), experiment);
        let candidates: Map<String, Json> = systems
            .iter()
            .filter_map(|(candidate, system)| Some((candidate.as_ref()?.name.clone(), system.to_json())))
            .collect();
        if !candidates.is_empty() {
            object.insert("candidates".to_string(), Json::Object(candidates));
        }
    }
    inputs
}

/// A study with what was found in its files.
pub(in crate::spec) fn complete(mut study: Study, findings: Report) -> Loaded {
    let told = findings.diagnostics.iter().filter(|diagnostic| diagnostic.severity != Severity::Error);
    study.header.notes = told.map(crate::spec::Diagnostic::sentence).collect();
    study.header.notes.dedup();
    Loaded { study, findings }
}
