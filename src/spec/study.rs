//! From an experiment file to a study: a model for every point that it asks about.

use std::path::Path;

use serde_json::{Map, Value as Json};

use super::advice;
use super::diagnostic::Problems;
use super::experiment::{self, Candidate, Goal, Objective, Question};
use super::loader::Loader;
use super::scenario::{Models, scenario_models};
use super::sensitivity::{self, Parameter};
use super::stopping::{Selection, Stopping, Wanted};
use super::system::System;
use super::tree::Node;
use super::uncertain::REPLICATIONS_PER_DRAW;
use super::{Report, Severity};
use crate::model::{Model, Prices};

/// An experiment, complete: every scenario has its model.
#[derive(Debug, Clone)]
pub struct Study {
    /// Name of the experiment; fit for a file name.
    pub name: String,
    /// Seed of all random streams.
    pub seed: u64,
    /// Confidence level of every interval.
    pub confidence: f64,
    /// When enough has been played.
    pub stopping: Stopping,
    /// What the service must achieve.
    pub objective: Objective,
    /// `targets`: the run passes or fails by them.
    pub goals: Vec<Goal>,
    /// The keys of the scenarios' parameters, in the order of the file (`candidate` first where there are some).
    pub varied: Vec<String>,
    /// The scenario that others are compared with.
    pub baseline: Option<usize>,
    /// The points of the grid, the last key varying fastest.
    pub scenarios: Vec<Scenario>,
    /// With a question for what matters: every parameter and its scenarios, which follow the only one of the grid.
    pub sensitivity: Vec<Parameter>,
    /// Of which scenarios it is played what the removal of causes would bring.
    pub without: Without,
    /// Warnings and notes as sentences without places: what the model leaves out or assumes.
    pub notes: Vec<String>,
    /// The same with their places, for the terminal.
    pub findings: Report,
    /// The resolved documents, without the paths of their files.
    pub inputs: Json,
}

/// Of which scenarios the removal of the largest causes is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Without {
    /// Of none.
    Off,
    /// Of the baseline, the recommended scenario, and the only one.
    #[default]
    Featured,
    /// Of every scenario.
    All,
}

/// One point of the grid.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// `replicas=2 readinessProbe.failureThreshold=3`; the experiment's name where nothing varies.
    pub name: String,
    /// The value of every varied key.
    pub parameters: Map<String, Json>,
    /// What is simulated; with the medians of what is not known.
    pub model: Model,
    /// Models in which what is not known has been drawn; none where everything is known.
    pub draws: Vec<Model>,
    /// The scenario that it is compared with instead of the baseline.
    pub compared_with: Option<usize>,
    /// No Node takes some of its replicas, although all Nodes are up.
    pub unplaceable: bool,
}

impl Scenario {
    pub(super) fn new(name: String, parameters: Map<String, Json>, models: Models) -> Self {
        let Models { model, draws, unplaceable } = models;
        Self { name, parameters, model, draws, compared_with: None, unplaceable }
    }

    /// The number of the draw that a replication plays.
    pub fn draw_of(&self, replication: u64) -> Option<usize> {
        let draws = self.draws.len() as u64;
        (draws > 0).then(|| (replication / REPLICATIONS_PER_DRAW % draws) as usize)
    }

    /// What a replication simulates.
    pub fn model_of(&self, replication: u64) -> &Model {
        self.draw_of(replication).map_or(&self.model, |draw| &self.draws[draw])
    }
}

impl Study {
    /// The scenario that this one is compared with.
    pub fn compared_with(&self, scenario: usize) -> Option<usize> {
        self.scenarios[scenario].compared_with.or(self.baseline).filter(|&other| other != scenario)
    }

    /// Whether the losses of single replications are of use.
    pub fn keeps_values(&self) -> bool {
        self.baseline.is_some() || !self.sensitivity.is_empty() || matches!(self.stopping, Stopping::Selection(_))
    }
}

/// Reads the experiment in `document` and everything that it names.
pub(super) fn load(loader: &mut Loader<'_>, path: &Path, document: &Node) -> Option<Study> {
    read(loader, path, document, |_, study, _, _| study)
}

/// The same for a check: advises on the baseline, or the first scenario, and gives a study of what following it changes.
pub(super) fn advise(loader: &mut Loader<'_>, path: &Path, document: &Node) -> Option<Study> {
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
    let question = experiment::read(document, &mut loader.problems);
    let question = question?;
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
    let objective = experiment::read_objective(&question.objective, &mut Problems::default())?;
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
    let study = Study {
        name: question.name.clone(),
        seed: question.seed,
        confidence: question.confidence,
        stopping: question.stopping,
        objective,
        goals: question.goals.clone(),
        varied: scenarios[0].parameters.keys().cloned().collect(),
        baseline,
        scenarios,
        sensitivity,
        without: question.without,
        notes: Vec::new(),
        findings: Report::default(),
        inputs: resolved_inputs(document, &base, &systems),
    };
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
        let message = format!(
            "is {replications}, so the {draws} draws of what is uncertain are not played equally often: best is a \
             multiple of {}",
            draws * REPLICATIONS_PER_DRAW
        );
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
            for key in ["deployment", "app", "cluster", "faults"] {
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

/// Completes a study by what was found on the way.
pub(super) fn finish(study: &mut Study, findings: Report) {
    study.notes = findings
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity != Severity::Error)
        .map(super::Diagnostic::sentence)
        .collect();
    study.notes.dedup();
    study.findings = findings;
}
