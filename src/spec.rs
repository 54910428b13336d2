//! Files as typed text, and the one conversion into a [`Model`](crate::model::Model).
//!
//! ```text
//! bytes ──yaml──▶ tree of values with places ──vary──▶ tree of a scenario
//!       ──manifest, deployment, pod, …, app, cluster, faults──▶ what is said, defaults applied, rules checked
//!       ──convert──▶ Model
//! ```
//!
//! Every reader collects what is wrong and goes on, so that one run shows all
//! errors of all files, each with file, line, column, field and rule. What the API
//! server would refuse is refused (rules M1–M9); what it would accept and hasim
//! does not model is named in a warning. After the conversion nothing checks again.
//!
//! This layer knows nothing of the simulation.

pub mod advice;
mod container;
mod contents;
mod convert;
mod explain;
mod kinds;
mod kubernetes;
mod pod;
pub mod records;
mod resolve;
pub mod schema;
mod text;

// Files name each other by what they are, whatever folder they lie in.
pub use kinds::incidents;
use kinds::{
    app, cluster, control_plane, experiment, faults, latencies, law, operations, script, slo, stopping, traffic,
};
use kubernetes::{
    affinity, autoscaler, deployment, hooks, image, labels, manifest, node_labels, objects, ports, probe, resources,
    taints, unplayed, volumes,
};
use resolve::{
    autoscaling, demand, never_ready, never_served, never_starts, overrides, placing, promised, requirement, rerun,
    scenario, sensitivity, serving, spares, study, system, uncertain,
};
use text::{
    diagnostic, documents, files, loader, naming, parameters, places, quantity, quoting, reader, strings, template,
    tree, vary, yaml,
};

use std::io;
use std::path::Path;

pub use app::guess::{AppGuess, guess_app};
pub use contents::{Contents, Document, DocumentKind};
pub use diagnostic::{Diagnostic, Report, Severity, wrapped};
pub use explain::{Explained, Explanation, Origin, explain};
pub use files::{BUNDLED, files_in, folders_in, read_beginning, read_file, read_file_of_ours, read_standard_input};
pub use overrides::Overrides;
pub use template::{chart_of, rendered};

use diagnostic::Problems;
use loader::Loader;
use manifest::Kind;
use tree::{Mark, Node};

use crate::study::Study;

/// A study, and what was found in the files that it was read from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The study.
    pub study: Study,
    /// Warnings and notes with their places, for the terminal.
    pub findings: Report,
}

/// Reads an experiment file and all that it names; or the `results.json` of a run, which holds all that.
///
/// # Errors
/// All that is wrong, in all the files.
pub fn load_experiment(path: &Path) -> Result<Loaded, Report> {
    load_experiment_with(path, &read_file)
}

/// Like [`load_experiment`], with the files from elsewhere: embedded ones, or standard input under a name.
///
/// # Errors
/// All that is wrong, in all the files.
pub fn load_experiment_with(path: &Path, open: &dyn Fn(&Path) -> io::Result<Vec<u8>>) -> Result<Loaded, Report> {
    load_experiment_as(path, open, Overrides::default())
}

/// Like [`load_experiment_with`], with overrides of what the file says.
///
/// # Errors
/// All that is wrong, in all the files.
pub fn load_experiment_as(
    path: &Path,
    open: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
    overrides: Overrides,
) -> Result<Loaded, Report> {
    let bytes = match open(path) {
        Ok(bytes) => bytes,
        Err(error) => return Err(unreadable(path, &error)),
    };
    if let Some(results) = rerun::results_in(&bytes) {
        let mut loaded = load_inputs(&results.inputs, path, overrides)?;
        loaded.findings.diagnostics.extend(results.warning(path));
        if results.each_alone {
            loaded.study.make_each_alone();
        }
        return Ok(loaded);
    }
    let mut loader = Loader::new(open);
    let (file, documents) = loader.parse_first(path, &bytes);
    let mut experiment = None;
    for document in manifest::flatten(documents) {
        match manifest::kind(&document, &mut loader.problems) {
            Some(Kind::Experiment) if experiment.is_none() => experiment = Some(document),
            Some(Kind::Experiment) => {
                loader.problems.error(document.mark, "", "is a second experiment: one file holds one");
            }
            Some(_) => {
                let kind = document.text("kind").unwrap_or_default().to_string();
                loader.problems.error(document.mark, "kind", format!("is {kind}, must be Experiment"));
            }
            None => {}
        }
    }
    if let Some(experiment) = &mut experiment {
        overrides.put_into(experiment);
    }
    if experiment.is_none() && !loader.problems.has_errors() {
        let help = "an experiment begins with `apiVersion: hasim/v1` and `kind: Experiment`";
        loader.problems.error(Mark::start_of(file), "", "holds no experiment").help(help);
    }
    let study = experiment.and_then(|document| study::load(&mut loader, path, &document));
    let failed = loader.problems.has_errors();
    let report = loader.problems.report(&loader.sources);
    match study {
        Some(study) if !failed => Ok(study::complete(study, report)),
        _ => Err(report),
    }
}

/// Reads the experiment again of which these are the resolved inputs ([`StudyHeader::inputs`](crate::study::StudyHeader::inputs)), from the file at `path`.
///
/// # Errors
/// If they are not whole, or say what is wrong.
pub fn load_inputs(inputs: &serde_json::Value, path: &Path, overrides: Overrides) -> Result<Loaded, Report> {
    match rerun::Inputs::of(inputs) {
        Some(inputs) => load_experiment_as(Path::new(rerun::EXPERIMENT), &|path| inputs.open(path), overrides),
        None => Err(Report {
            diagnostics: vec![Diagnostic::unreadable(&path.display().to_string(), "its inputs are not whole")],
        }),
    }
}

/// The name of a Deployment in a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentName {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// It is to have no Pods: `replicas: 0`.
    pub is_idle: bool,
}

/// The Deployments that a manifest holds, in the order of the file; `None` if it cannot be read as one.
pub fn deployments_in(path: &Path, bytes: &[u8]) -> Option<Vec<DeploymentName>> {
    let mut loader = Loader::new(&read_file);
    let (file, documents) = loader.parse_first(path, bytes);
    if loader.problems.has_errors() {
        return None;
    }
    let manifest = manifest::sort(file, documents, &mut loader.problems);
    let documents = manifest.of(Kind::Deployment);
    let named = documents.map(|document| {
        let (namespace, name) = manifest::label(document);
        DeploymentName { name, namespace, is_idle: manifest::is_idle(document) }
    });
    Some(named.collect())
}

/// An SLO of another tool that hasim can play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SloInFile {
    /// What it is called; `#NAME` behind its file means it.
    pub name: String,
    /// The service that it says to be of.
    pub service: Option<String>,
    /// What it promises, in words.
    pub promise: String,
    /// The tool whose format it has.
    pub tool: String,
    /// Whether its name, labels or indicator say that it is about availability.
    pub is_of_availability: bool,
    /// Whether the name of the file alone does not tell that it is meant.
    pub must_be_named: bool,
}

/// The SLOs of availability that a file holds, in its order; none if it cannot be read.
pub fn slos_in(path: &Path, bytes: &[u8]) -> Vec<SloInFile> {
    let mut loader = Loader::new(&read_file);
    let (_, documents) = loader.parse_first(path, bytes);
    let documents = manifest::flatten(documents);
    let slos = slo::read_all(&documents.iter().collect::<Vec<_>>(), &mut loader.problems);
    if loader.problems.has_errors() {
        return Vec::new();
    }
    let chosen = slo::choose(&slos, None, "").ok().map(|slo| &slo.name);
    let played = slos.iter().filter(|slo| slo.unplayed().is_none());
    let told = played.map(|slo| SloInFile {
        name: slo.name.clone(),
        service: slo.service.clone(),
        promise: slo.promise(),
        tool: slo.format.to_string(),
        is_of_availability: slo.about == slo::About::Availability,
        must_be_named: chosen != Some(&slo.name),
    });
    told.collect()
}

/// What a check has found.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Errors, warnings, advice and notes.
    pub report: Report,
    /// For an experiment with advice that values alone can follow: the scenario that is advised on, as it is, and after it
    /// the same with one piece of advice followed in each.
    pub changes: Option<Study>,
    /// The file holds documents, and all are of kinds that hasim does not read.
    pub is_unread: bool,
}

/// Validates any file that hasim reads, and advises on it: manifests, our kinds, an experiment with all that it names.
pub fn check_file(path: &Path) -> Checked {
    check_file_with(path, &read_file)
}

/// Like [`check_file`], with the files from elsewhere.
pub fn check_file_with(path: &Path, open: &dyn Fn(&Path) -> io::Result<Vec<u8>>) -> Checked {
    match open(path) {
        Ok(bytes) => check_bytes_with(path, &bytes, open),
        Err(error) => Checked { report: unreadable(path, &error), ..Checked::default() },
    }
}

/// Like [`check_file`] for content that is at hand, such as standard input. `path` names it in messages, and
/// files that the content names are looked for beside it.
pub fn check_bytes(path: &Path, bytes: &[u8]) -> Checked {
    check_bytes_with(path, bytes, &read_file)
}

/// Like [`check_bytes`], with the files that the content names from elsewhere.
pub fn check_bytes_with(path: &Path, bytes: &[u8], open: &dyn Fn(&Path) -> io::Result<Vec<u8>>) -> Checked {
    let mut loader = Loader::new(open);
    let (file, documents) = loader.parse_first(path, bytes);
    let documents = manifest::flatten(documents);
    if incidents::is_record(&documents) {
        // How many targets there were is a flag of calibrate: here it is only seen whether the rest is sound.
        let targets = incidents::Targets { replicas: Some(1), nodes: Some(1) };
        let _ = incidents::read_record(&documents, targets, &mut loader.problems);
        return Checked { report: loader.problems.report(&loader.sources), ..Checked::default() };
    }
    let is_other = |document: &Node| manifest::kind(document, &mut Problems::default()) == Some(Kind::Other);
    let is_unread = !documents.is_empty() && documents.iter().all(is_other);
    let manifest = manifest::sort(file, documents, &mut loader.problems);
    manifest::check(&manifest, &mut loader.problems);
    slo::check(&manifest, &mut loader.problems);
    let mut changes = None;
    for (kind, document) in &manifest.documents {
        if let (Kind::Experiment, None) = (kind, &changes) {
            changes = study::advise(&mut loader, path, document);
        } else {
            check_ours(&mut loader, path, *kind, document);
        }
    }
    Checked { report: loader.problems.report(&loader.sources), changes, is_unread }
}

fn check_ours(loader: &mut Loader<'_>, path: &Path, kind: Kind, document: &Node) {
    let problems: &mut Problems = &mut loader.problems;
    match kind {
        Kind::App => {
            let _ = app::read(document, problems);
        }
        Kind::Cluster => {
            if let Some(spec) = cluster::read(document, problems) {
                advice::on_cluster(&spec, document, problems);
            }
        }
        Kind::FaultModel => faults::check(document, problems),
        Kind::Operations => operations::check(document, problems),
        Kind::Traffic => {
            let _ = traffic::read(document, problems);
        }
        Kind::Incidents => {
            let _ = incidents::read(loader, path, document);
        }
        Kind::Experiment => {
            let _ = study::load(loader, path, document);
        }
        _ => {}
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Report {
    Report { diagnostics: vec![Diagnostic::unreadable(&path.display().to_string(), &error.to_string())] }
}
