//! From an experiment file to its scenarios: the files it names, the grid, and a model for each point.

use std::collections::HashMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value as Json};

use super::cluster::{self, ClusterSpec};
use super::convert;
use super::deployment;
use super::diagnostic::{Problem, Problems};
use super::experiment::{
    self, Candidate, FaultSource, Goal, Objective, Patch, Question, Reference, References, Stopping,
};
use super::faults;
use super::law;
use super::manifest::{self, Choice, Kind, Manifest};
use super::naming;
use super::objects::{self, Machine};
use super::reader::Item;
use super::script::{self, Stage};
use super::tree::{Mark, Node, Sources};
use super::vary::{self, Input};
use super::{Report, Severity, app, yaml};
use crate::model::{App, Fault, Model, Start, Strikes};

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
    /// Warnings and notes as sentences without places: what the model leaves out or assumes.
    pub notes: Vec<String>,
    /// The same with their places, for the terminal.
    pub findings: Report,
    /// The resolved documents, without the paths of their files.
    pub inputs: Json,
}

/// One point of the grid.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// `replicas=2 readinessProbe.failureThreshold=3`; the experiment's name where nothing varies.
    pub name: String,
    /// The value of every varied key.
    pub parameters: Map<String, Json>,
    /// What is simulated.
    pub model: Model,
}

/// A grid with more points says nothing that anybody could read.
const MAX_SCENARIOS: usize = 10_000;
/// Nodes of all scenarios together: some gigabytes of models.
const MAX_NODES_IN_ALL: usize = 5_000_000;
/// Enough errors to see what is wrong.
const MAX_DISTINCT_PROBLEMS: usize = 200;

/// How the bytes of a file are had.
pub(super) type Open<'o> = &'o dyn Fn(&Path) -> io::Result<Vec<u8>>;

/// Files that were read, and what was found in them.
pub(super) struct Loader<'o> {
    pub open: Open<'o>,
    pub sources: Sources,
    pub problems: Problems,
    read: HashMap<PathBuf, (u32, Vec<Node>)>,
}

impl<'o> Loader<'o> {
    pub fn new(open: Open<'o>) -> Self {
        Self { open, sources: Sources::default(), problems: Problems::default(), read: HashMap::new() }
    }

    /// Parses text and brings in the data files that its laws name.
    pub fn parse(&mut self, path: &Path, bytes: &[u8]) -> (u32, Vec<Node>) {
        let name = shown(path);
        let (file, mut documents) = yaml::read(&mut self.sources, &name, bytes, &mut self.problems);
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let open = self.open;
        let mut fetch = |path: &Path, at: Mark, problems: &mut Problems| fetch(open, path, at, "file", problems);
        for document in &mut documents {
            if document.text("apiVersion") == Some(manifest::OURS) {
                law::inline_files(document, "", &folder, &mut fetch, &mut self.problems);
            }
        }
        (file, documents)
    }

    /// Reads a file that another one names.
    fn refer(&mut self, folder: &Path, reference: &Reference) -> Option<(u32, Vec<Node>)> {
        let path = folder.join(&reference.file);
        if let Some(known) = self.read.get(&path) {
            return Some(known.clone());
        }
        let bytes = fetch(self.open, &path, reference.mark, &reference.path, &mut self.problems)?;
        let parsed = self.parse(&path, &bytes);
        self.read.insert(path, parsed.clone());
        Some(parsed)
    }

    /// The one document of a kind in a file, and the other documents there.
    fn refer_kind(&mut self, folder: &Path, reference: &Reference, wanted: Kind) -> Option<(Node, Manifest)> {
        let (file, documents) = self.refer(folder, reference)?;
        let manifest = manifest::sort(file, documents, &mut self.problems);
        let all: Vec<Node> = manifest.of(wanted).cloned().collect();
        match <[Node; 1]>::try_from(all) {
            Ok([document]) => Some((document, manifest)),
            Err(all) => {
                let message = format!("names a file with {} documents of kind {wanted:?}, must be one", all.len());
                self.problems.error(reference.mark, &reference.path, message);
                None
            }
        }
    }
}

fn fetch(open: Open<'_>, path: &Path, at: Mark, field: &str, problems: &mut Problems) -> Option<Vec<u8>> {
    match open(path) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let message = format!("names {}, which cannot be read: {error}", shown(path));
            problems.error(at, field, message).help("paths are relative to the file that names them");
            None
        }
    }
}

/// A path without its detours, for messages.
pub(super) fn shown(path: &Path) -> String {
    let mut short = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if matches!(short.components().next_back(), Some(Component::Normal(_))) => {
                short.pop();
            }
            Component::CurDir => {}
            other => short.push(other),
        }
    }
    short.display().to_string()
}

/// The documents of a system, as its files have them.
#[derive(Clone)]
struct System {
    manifest: Manifest,
    chosen: usize,
    app: Node,
    cluster: Node,
    machines: Vec<Machine>,
    machine_documents: Vec<Node>,
    faults: Vec<(Node, String)>,
}

impl System {
    /// Reads the files of an experiment, or of a candidate over those of the experiment.
    fn load(loader: &mut Loader<'_>, folder: &Path, references: &References, base: Option<&Self>) -> Option<Self> {
        let manifest = match &references.deployment {
            Some(reference) => load_manifest(loader, folder, reference),
            None => base.map(|base| (base.manifest.clone(), base.chosen)),
        };
        let app = match &references.app {
            Some(reference) => loader.refer_kind(folder, reference, Kind::App).map(|(node, _)| node),
            None => base.map(|base| base.app.clone()),
        };
        let cluster = match &references.cluster {
            Some(reference) => loader
                .refer_kind(folder, reference, Kind::Cluster)
                .map(|(node, manifest)| (node, manifest.of(Kind::Node).cloned().collect::<Vec<Node>>())),
            None => base.map(|base| (base.cluster.clone(), base.machine_documents.clone())),
        };
        let faults = match (&references.faults, base) {
            (Some(sources), _) => load_faults(loader, folder, sources),
            (None, Some(base)) => base.faults.clone(),
            (None, None) => Vec::new(),
        };
        if manifest.is_none() || app.is_none() || cluster.is_none() {
            // No scenario will be made, so what is there is read here: all errors are to be seen at once.
            let problems = &mut loader.problems;
            if let Some((manifest, chosen)) = &manifest {
                let _ = deployment::read(&manifest.documents[*chosen].1, problems);
            }
            let _ = app.map(|document| app::read(&document, problems));
            let _ = cluster.map(|(document, _)| cluster::read(&document, problems));
            return None;
        }
        let (manifest, chosen) = manifest?;
        let (cluster, machine_documents) = cluster?;
        let mut machines = manifest.machines(&mut loader.problems);
        machines.extend(machine_documents.iter().filter_map(|node| objects::read_node(node, &mut loader.problems)));
        Some(Self { manifest, chosen, app: app?, cluster, machines, machine_documents, faults })
    }

    /// What is needed to repeat the run.
    fn to_json(&self) -> Json {
        let mut manifest: Vec<Json> = vec![self.manifest.documents[self.chosen].1.to_json()];
        for kind in [Kind::Service, Kind::Budget, Kind::Node] {
            manifest.extend(self.manifest.of(kind).map(Node::to_json));
        }
        let cluster: Vec<Json> =
            std::iter::once(&self.cluster).chain(&self.machine_documents).map(Node::to_json).collect();
        let faults: Vec<Json> = self.faults.iter().map(|(fault, _)| fault.to_json()).collect();
        serde_json::json!({ "deployment": manifest, "app": self.app.to_json(), "cluster": cluster, "faults": faults })
    }
}

fn load_manifest(loader: &mut Loader<'_>, folder: &Path, reference: &Reference) -> Option<(Manifest, usize)> {
    let (file, documents) = loader.refer(folder, reference)?;
    let manifest = manifest::sort(file, documents, &mut loader.problems);
    let choice = Choice { name: reference.name.clone(), namespace: reference.namespace.clone() };
    let chosen = manifest.choose(&choice, reference.mark, &reference.path, &mut loader.problems)?;
    for budget in manifest.of(Kind::Budget) {
        objects::read_budget(budget, &mut loader.problems);
        let message = "PodDisruptionBudget restrains drains, which are not modelled";
        loader.problems.note(budget.mark, "", message);
    }
    for service in manifest.of(Kind::Service) {
        let _ = objects::read_service(service, &mut loader.problems);
    }
    Some((manifest, chosen))
}

/// Later faults override earlier ones of the same name, in their place.
fn load_faults(loader: &mut Loader<'_>, folder: &Path, sources: &[FaultSource]) -> Vec<(Node, String)> {
    let mut faults: Vec<(Node, String)> = Vec::new();
    for source in sources {
        let entries = match source {
            FaultSource::Inline(node, path) => vec![(node.clone(), path.clone())],
            FaultSource::File(reference) => {
                let Some((document, _)) = loader.refer_kind(folder, reference, Kind::FaultModel) else { continue };
                faults::check(&document, &mut loader.problems);
                faults::entries(&document, &mut Problems::default())
            }
        };
        for entry in entries {
            let name = entry.0.text("name").map(str::to_string);
            match faults.iter_mut().find(|(fault, _)| name.is_some() && fault.text("name") == name.as_deref()) {
                Some(earlier) => *earlier = entry,
                None => faults.push(entry),
            }
        }
    }
    faults
}

/// Reads the experiment in `document` and everything that it names.
pub(super) fn load(loader: &mut Loader<'_>, path: &Path, document: &Node) -> Option<Study> {
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
    let scenarios = scenario_models(loader, document.mark.file, &question, &systems)?;
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
    Some(Study {
        name: question.name.clone(),
        seed: question.seed,
        confidence: question.confidence,
        stopping: question.stopping,
        objective,
        goals: question.goals.clone(),
        varied: scenarios[0].parameters.keys().cloned().collect(),
        baseline,
        scenarios,
        notes: Vec::new(),
        findings: Report::default(),
        inputs: resolved_inputs(document, &base, &systems),
    })
}

fn resolved_inputs(document: &Node, base: &System, systems: &[(Option<&Candidate>, System)]) -> Json {
    let mut experiment = document.to_json();
    if let Some(spec) = experiment.get_mut("spec").and_then(Json::as_object_mut) {
        // The documents themselves follow; names of files mean nothing elsewhere.
        for key in ["deployment", "app", "cluster", "faults"] {
            spec.shift_remove(key);
        }
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

/// Problems of all scenarios, each once.
#[derive(Default)]
struct Seen {
    list: Vec<(Problem, usize, String)>,
    index: HashMap<(Mark, String, String), usize>,
}

impl Seen {
    fn take(&mut self, problems: Problems, scenario: &str) {
        let mut new_here: Vec<usize> = Vec::new();
        for problem in problems.list {
            let key = (problem.mark, problem.path.clone(), problem.message.clone());
            let at = *self.index.entry(key).or_insert(self.list.len());
            if at == self.list.len() {
                self.list.push((problem, 0, scenario.to_string()));
            }
            if !new_here.contains(&at) {
                self.list[at].1 += 1;
                new_here.push(at);
            }
        }
    }

    /// What only some of the scenarios have names the first of them.
    fn give(self, to: &mut Problems, played: usize) {
        for (mut problem, count, scenario) in self.list {
            if count < played {
                problem.scenario = Some(scenario);
            }
            to.list.push(problem);
        }
    }
}

fn scenario_models(
    loader: &mut Loader<'_>,
    experiment: u32,
    question: &Question,
    systems: &[(Option<&Candidate>, System)],
) -> Option<Vec<Scenario>> {
    let points = question.axes.iter().map(|(_, values)| values.len()).try_fold(systems.len(), usize::checked_mul);
    let total = match points {
        Some(total) if total <= MAX_SCENARIOS => total,
        _ => {
            let mark = question.axes.first().map_or(Mark::start_of(experiment), |(patch, _)| patch.mark);
            let message = format!("makes a grid of more than {MAX_SCENARIOS} scenarios");
            loader.problems.error(mark, "spec.vary", message).help("vary fewer keys at once");
            return None;
        }
    };
    let mut seen = Seen::default();
    let mut scenarios: Vec<Scenario> = Vec::new();
    let mut names: HashMap<String, usize> = HashMap::new();
    let (mut nodes, mut played) = (0, 0);
    for point in 0..total {
        let per_system = total / systems.len();
        let (candidate, system) = &systems[point / per_system];
        let values = coordinates(&question.axes, point % per_system);
        let (mut name, parameters) = label(question, *candidate, &values);
        // Long values are cut in a name, so two may look alike.
        let again = names.entry(name.clone()).or_insert(0);
        *again += 1;
        if *again > 1 {
            name = format!("{name} #{again}");
        }
        let mut problems = Problems { patching: Some(experiment), ..Problems::default() };
        let model = scenario_model(question, *candidate, system, &values, &mut problems);
        played += 1;
        if !problems.has_errors()
            && let Some(model) = model
        {
            nodes += model.cluster.nodes.len();
            scenarios.push(Scenario { name: name.clone(), parameters, model });
        }
        seen.take(problems, &name);
        if seen.list.len() > MAX_DISTINCT_PROBLEMS {
            break;
        }
        if nodes > MAX_NODES_IN_ALL {
            let message = format!("the scenarios have more than {MAX_NODES_IN_ALL} Nodes together");
            loader.problems.error(Mark::start_of(experiment), "spec.vary", message);
            break;
        }
    }
    seen.give(&mut loader.problems, played);
    (scenarios.len() == total).then_some(scenarios)
}

/// The values of a point of the grid; the last key varies fastest.
fn coordinates(axes: &[(Patch, Vec<Node>)], mut point: usize) -> Vec<(&Patch, &Node)> {
    let mut values: Vec<(&Patch, &Node)> = axes
        .iter()
        .rev()
        .map(|(patch, values)| {
            let value = &values[point % values.len()];
            point /= values.len();
            (patch, value)
        })
        .collect();
    values.reverse();
    values
}

fn label(
    question: &Question,
    candidate: Option<&Candidate>,
    values: &[(&Patch, &Node)],
) -> (String, Map<String, Json>) {
    let mut words = Vec::new();
    let mut parameters = Map::new();
    if let Some(candidate) = candidate {
        words.push(candidate.name.clone());
        parameters.insert("candidate".to_string(), Json::String(candidate.name.clone()));
    }
    for ((patch, value), (_, axis)) in values.iter().zip(&question.axes) {
        words.push(format!("{}={}", patch.key, naming::shown(value, axis)));
        parameters.insert(patch.key.clone(), value.to_json());
    }
    let name = if words.is_empty() { question.name.clone() } else { words.join(" ") };
    (name, parameters)
}

/// Applies the values to the documents, reads them, and converts what they say.
fn scenario_model(
    question: &Question,
    candidate: Option<&Candidate>,
    system: &System,
    values: &[(&Patch, &Node)],
    problems: &mut Problems,
) -> Option<Model> {
    let mut deployment = system.manifest.documents[system.chosen].1.clone();
    let mut app = system.app.clone();
    let mut cluster = system.cluster.clone();
    let mut faults = system.faults.clone();
    let mut script = question.script.clone();
    let mut objective = question.objective.clone();
    let own = candidate.map(|candidate| candidate.patches.as_slice()).unwrap_or_default();
    for (patch, value) in own.iter().map(|(patch, value)| (patch, value)).chain(values.iter().copied()) {
        let steps = &patch.target.steps;
        let result = match &patch.target.input {
            Input::Deployment => vary::apply(&mut deployment, steps, value, patch.mark),
            Input::App => vary::apply(&mut app, steps, value, patch.mark),
            Input::Cluster => vary::apply(&mut cluster, steps, value, patch.mark),
            Input::Objective => vary::apply(&mut objective, steps, value, patch.mark),
            Input::Fault(name) => patch_fault(&mut faults, name, steps, value, patch.mark),
            Input::Script(name) => patch_fault(&mut script, name, steps, value, patch.mark),
        };
        if let Err(message) = result {
            problems.error(patch.mark, &patch.path, message);
        }
    }
    let deployment = deployment::read(&deployment, problems);
    let app = app::read(&app, problems);
    let spec = cluster::read(&cluster, problems);
    let faults: Vec<Option<Fault>> =
        faults.iter().map(|(node, path)| faults::read(&Item::new(node, path.clone()), problems)).collect();
    let objective = experiment::read_objective(&objective, problems);
    let faults = faults.into_iter().collect::<Option<_>>()?;
    let parts = Parts { deployment: deployment?, app: app?, cluster: spec?, faults, script, objective: objective? };
    build(question, system, parts, problems)
}

/// What the documents of one scenario say, each valid by itself.
struct Parts {
    deployment: deployment::Deployment,
    app: App,
    cluster: ClusterSpec,
    faults: Vec<Fault>,
    script: Vec<(Node, String)>,
    objective: Objective,
}

fn build(question: &Question, system: &System, parts: Parts, problems: &mut Problems) -> Option<Model> {
    let Parts { deployment, app, cluster: spec, mut faults, script, objective } = parts;
    let (deployment, spec) = (&deployment, &spec);
    let machines = convert::machines(spec, system.machines.clone(), problems)?;
    let service = system.manifest.service(deployment, problems);
    if service.is_none() {
        let message =
            format!("no Service of the file selects the Pods of {}: one that does is assumed", deployment.name);
        problems.note(deployment.mark, "", message);
    }
    if deployment.replicas == 0 {
        problems.error(deployment.mark, "spec.replicas", "is 0: there is nothing to simulate");
        return None;
    }
    if objective.min_serving > deployment.replicas {
        let message = format!("is more than the {} replicas: the service is never available", deployment.replicas);
        problems.warn(question.objective.mark, "spec.objective.minServing", message);
    }
    let cluster = convert::cluster(spec, &machines);
    for fault in &faults {
        if matches!(fault.strikes, Strikes::Zone(_)) && cluster.zones.is_empty() {
            let message = format!("the fault {} never strikes: no Node has a zone", fault.name);
            problems.warn(spec.mark, "", message);
        }
    }
    let stage = Stage { replicas: deployment.replicas, cluster: &cluster, horizon: question.horizon };
    script::read_all(&script, &mut faults, stage, problems)?;
    // With a fresh start, starting is itself what is asked about.
    if faults.is_empty() && app.probe_failure == 0.0 && question.start == Start::Running {
        problems.warn(question.mark, "spec.faults", "is empty, and so is the script: nothing can fail");
    }
    Some(Model {
        deployment: convert::deployment(deployment, service.as_ref(), &machines, problems),
        app,
        cluster,
        faults,
        min_serving: objective.min_serving,
        start: question.start,
        warm_up: question.warm_up,
        horizon: question.horizon,
        window: objective.window,
    })
}

/// Changes a fault by name; null in its place removes it.
fn patch_fault(
    faults: &mut Vec<(Node, String)>,
    name: &str,
    steps: &[vary::Step],
    value: &Node,
    at: Mark,
) -> Result<(), String> {
    let Some(position) = faults.iter().position(|(fault, _)| fault.text("name") == Some(name)) else {
        let names: Vec<&str> = faults.iter().filter_map(|(fault, _)| fault.text("name")).collect();
        let names = if names.is_empty() { "none".to_string() } else { names.join(", ") };
        return Err(format!("leads nowhere: no fault is called {name}; there are: {names}"));
    };
    if steps.is_empty() && value.is_null() {
        faults.remove(position);
        return Ok(());
    }
    vary::apply(&mut faults[position].0, steps, value, at)
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
