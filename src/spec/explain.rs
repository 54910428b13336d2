//! What is understood of a file: each field that matters with its value, as it is after all defaults, and where that comes from.
//!
//! The values are those of the readers; only where they come from is looked up, in the tree of the file.

mod load;

use std::io;
use std::path::Path;

use crate::durations;
use crate::model::{ImagePull, Part, Probe, Strategy, Toleration};
use crate::spec::container::Container;
use crate::spec::deployment::Deployment;
use crate::spec::diagnostic::{Problems, Report};
use crate::spec::experiment::{self, Question};
use crate::spec::loader::Loader;
use crate::spec::manifest::{self, Kind, Manifest};
use crate::spec::promised;
use crate::spec::slo;
use crate::spec::system::System;
use crate::spec::taints;
use crate::spec::traffic;
use crate::spec::tree::{Mark, Node, Sources, Value};
use crate::spec::unreadable;
use crate::spec::vary;
use crate::to_yaml;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of a file, from 1.
    Written {
        /// The file, as it was named to hasim.
        file: String,
        /// The line.
        line: u32,
    },
    /// Nothing says it: the API server, or an admission plugin of its own, sets it.
    Kubernetes,
    /// Nothing says it: the default of a field of hasim's own.
    Hasim,
    /// Nothing says it: the default of the tool whose file it is.
    Tool(String),
    /// Nothing says it: hasim assumes it.
    Assumed,
}

/// A value that is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The path of its field.
    pub field: String,
    /// The value.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// What belongs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What it is of: `Deployment default/web`.
    pub of: String,
    /// Its values.
    pub values: Vec<Explained>,
}

/// What is understood of a manifest, or of an experiment with all that it names as they are before anything is varied.
///
/// # Errors
/// All that is wrong in it.
pub fn explain(path: &Path, open: &dyn Fn(&Path) -> io::Result<Vec<u8>>) -> Result<Vec<Explanation>, Report> {
    let bytes = open(path).map_err(|error| unreadable(path, &error))?;
    let mut loader = Loader::new(open);
    let (file, documents) = loader.parse_first(path, &bytes);
    let manifest = manifest::sort(file, documents, &mut loader.problems);
    let found = match manifest.of(Kind::Experiment).next() {
        Some(experiment) => of_experiment(&mut loader, path, experiment),
        None => of_manifest(&mut loader, &manifest),
    };
    match found {
        Some(found) if !loader.problems.has_errors() => Ok(found),
        _ => Err(loader.problems.report(&loader.sources)),
    }
}

fn of_manifest(loader: &mut Loader<'_>, manifest: &Manifest) -> Option<Vec<Explanation>> {
    if manifest.of(Kind::Deployment).next().is_none() {
        if manifest.of(Kind::Slo).next().is_some() {
            return Some(of_slos(loader, manifest));
        }
        // It is told what there is instead.
        let at = manifest.documents.first().map(|(_, document)| document.mark)?;
        manifest.choose(&manifest::Choice::default(), (at, ""), &loader.sources, &mut loader.problems)?;
    }
    let (sources, problems) = (&loader.sources, &mut loader.problems);
    manifest.of(Kind::Deployment).map(|document| of_deployment(manifest, document, None, sources, problems)).collect()
}

/// What is taken of each SLO.
fn of_slos(loader: &mut Loader<'_>, manifest: &Manifest) -> Vec<Explanation> {
    let documents: Vec<&Node> = manifest.documents.iter().map(|(_, document)| document).collect();
    let slos = slo::read_all(&documents, &mut loader.problems);
    let explain = |slo: &slo::Slo| {
        let row = |field: &str, value: String, origin| Explained { field: field.to_owned(), value, origin };
        let at = |mark| written(mark, &loader.sources);
        let window = match slo.window {
            Some(window) => row("window", durations::shown(window.value), at(window.mark)),
            None => row("window", durations::shown(slo::DEFAULT_WINDOW), slo.default_window()),
        };
        let slo_row = row("slo", slo::percent(slo.target.value), at(slo.target.mark));
        let metric = row("metric", slo.metric.value.key().to_owned(), at(slo.metric.mark));
        let unplayed = slo.unplayed().map(|why| format!(", which {why}")).unwrap_or_default();
        let of = format!("SLO {} ({}){unplayed}", slo.name, slo.format);
        Explanation { of, values: vec![slo_row, window, metric] }
    };
    slos.iter().map(explain).collect()
}

fn of_experiment(loader: &mut Loader<'_>, path: &Path, document: &Node) -> Option<Vec<Explanation>> {
    let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
    let document = &*promised::bring_in(loader, &folder, document);
    let question = experiment::read(document, &mut loader.problems)?;
    let system = System::load(loader, &folder, &question.references, None)?;
    let (sources, problems) = (&loader.sources, &mut loader.problems);
    let mut all = vec![of_question(&question, document, sources, problems)?];
    for member in &system.members {
        let (manifest, deployment) = (&member.manifest, member.document());
        all.push(of_deployment(manifest, deployment, Some(&member.serving), sources, problems)?);
    }
    all.push(of_models(&system, sources));
    all.extend(load::explain(&system, sources));
    Some(all)
}

/// What the experiment itself says.
fn of_question(
    question: &Question,
    document: &Node,
    sources: &Sources,
    problems: &mut Problems,
) -> Option<Explanation> {
    let objective = experiment::read_objective(&question.objective, problems)?;
    let mut rows = Rows { document, sources, values: Vec::new(), default: Origin::Hasim };
    rows.add("spec.objective.minServing", objective.min_serving);
    rows.add("spec.objective.metric", objective.metric.key());
    if let Some(slo) = objective.slo {
        rows.add("spec.objective.slo", slo::percent(slo));
    }
    rows.add("spec.objective.window", durations::shown(objective.window));
    rows.add("spec.horizon", durations::shown(question.horizon));
    rows.add("spec.warmUp", durations::shown(question.warm_up));
    rows.add("spec.start", format!("{:?}", question.start).to_lowercase());
    rows.add("spec.seed", question.seed);
    Some(Explanation { of: format!("Experiment {}", question.name), values: rows.values })
}

/// Which models are played.
fn of_models(system: &System, sources: &Sources) -> Explanation {
    let mut values = Vec::new();
    let mut add = |field: &str, node: &Node, value: String| {
        values.push(Explained { field: field.to_owned(), value, origin: written(node.mark, sources) });
    };
    let name = |document: &Node| -> String {
        let metadata = document.get("metadata");
        metadata.and_then(|metadata| metadata.text("name")).unwrap_or_default().to_owned()
    };
    if let Some(app) = &system.app {
        add("app", app, name(app));
    }
    for member in &system.members {
        if let Some(app) = &member.app {
            add(&format!("app of {}", member.name), app, name(app));
        }
    }
    add("cluster", &system.cluster, name(&system.cluster));
    if let Some(traffic) = &system.traffic {
        let read = traffic::read(traffic, &mut Problems::default());
        let rates =
            read.map(|read| format!(": {} requests a second, {} at the peak", read.rate(), read.peak().round()));
        add("traffic", traffic, format!("{}{}", name(traffic), rates.unwrap_or_default()));
    }
    for (fields, all) in [("faults", &system.faults), ("operations", &system.operations)] {
        for (node, _) in all {
            let named = node.text("name").unwrap_or_default();
            let every = node.get("every").filter(|every| matches!(every.value, Value::Map(_)));
            let every = every.map(|every| to_yaml::in_one_line(every.to_json()));
            add(&format!("{fields}.{named}"), node, every.unwrap_or_else(|| "as written".to_owned()));
        }
    }
    Explanation { of: "what stands around it".to_owned(), values }
}

fn of_deployment(
    manifest: &Manifest,
    document: &Node,
    container: Option<&str>,
    sources: &Sources,
    problems: &mut Problems,
) -> Option<Explanation> {
    let deployment = manifest.deployment(document, container, problems)?;
    let mut rows = Rows { document, sources, values: Vec::new(), default: Origin::Kubernetes };
    replicas(&mut rows, manifest, &deployment);
    match deployment.strategy {
        Strategy::Recreate => rows.add("spec.strategy.type", "Recreate"),
        Strategy::RollingUpdate { max_surge, max_unavailable } => {
            rows.add("spec.strategy.type", "RollingUpdate");
            rows.add("spec.strategy.rollingUpdate.maxSurge", part(max_surge));
            rows.add("spec.strategy.rollingUpdate.maxUnavailable", part(max_unavailable));
        }
    }
    rows.add("spec.minReadySeconds", deployment.min_ready.as_secs_f64());
    rows.add("spec.progressDeadlineSeconds", deployment.progress_deadline.as_secs_f64());
    let pod = &deployment.pod;
    rows.add("spec.template.spec.terminationGracePeriodSeconds", pod.termination_grace.as_secs_f64());
    let stays = match taints::unreachable(&pod.tolerations) {
        Toleration::None => "no time".to_owned(),
        Toleration::For(span) => durations::shown(span),
        Toleration::Forever => "for ever".to_owned(),
    };
    rows.add("spec.template.spec.tolerations", format!("{stays} on a lost Node"));
    let spread: Vec<String> =
        pod.spread.iter().map(|one| format!("{} (maxSkew {})", one.topology_key, one.max_skew)).collect();
    let spread = if spread.is_empty() { "the scheduler's own preference".to_owned() } else { spread.join(", ") };
    rows.add("spec.template.spec.topologySpreadConstraints", spread);
    for container in pod.running() {
        of_container(&mut rows, container, pod.running().count() > 1 && container.name == pod.main().name);
    }
    let services = manifest.services(&deployment, &mut Problems::default());
    let names: Vec<&str> = services.iter().map(|service| service.name.as_str()).collect();
    let place =
        manifest.of(Kind::Service).find(|one| names.first().is_some_and(|name| manifest::label(one).1 == *name));
    rows.values.push(Explained {
        field: "Service".to_owned(),
        value: if names.is_empty() { "one that selects the Pods".to_owned() } else { names.join(", ") },
        origin: place.map_or(Origin::Assumed, |service| written(service.mark, sources)),
    });
    let of = format!("Deployment {}/{}", deployment.namespace, deployment.name);
    Some(Explanation { of, values: rows.values })
}

/// The replicas: as it says, or as its autoscaler makes them.
fn replicas(rows: &mut Rows<'_>, manifest: &Manifest, deployment: &Deployment) {
    let says = rows.node("spec.replicas").map(|node| node.value.clone());
    let is_written = matches!(says, Some(Value::Int(number)) if number == i128::from(deployment.replicas));
    let scaler = manifest.of(Kind::Autoscaler).next().filter(|_| !is_written);
    match scaler {
        Some(scaler) if deployment.replicas != 1 || says.is_some() => {
            let value = format!("{} (its autoscaler)", deployment.replicas);
            let origin = written(scaler.mark, rows.sources);
            rows.values.push(Explained { field: "spec.replicas".to_owned(), value, origin });
        }
        _ => rows.add("spec.replicas", deployment.replicas),
    }
}

fn of_container(rows: &mut Rows<'_>, container: &Container, is_main_of_many: bool) {
    let at = &container.path;
    let pull = match container.image_pull {
        ImagePull::Always => "Always",
        ImagePull::IfNotPresent => "IfNotPresent",
        ImagePull::Never => "Never",
    };
    let serves = if is_main_of_many { " (it serves)" } else { "" };
    rows.add(&format!("{at}.name"), format!("{}{serves}", container.name));
    rows.add(&format!("{at}.imagePullPolicy"), pull);
    let main = &container.requests.main;
    rows.add(&format!("{at}.resources.requests.cpu"), amount(main.cpu_millis, "m"));
    rows.add(&format!("{at}.resources.requests.memory"), amount(main.memory_bytes >> 20, "Mi"));
    let probes = [
        ("startupProbe", container.startup),
        ("readinessProbe", container.readiness),
        ("livenessProbe", container.liveness),
    ];
    for (name, probe) in probes {
        match probe {
            Some(probe) => of_probe(rows, &format!("{at}.{name}"), &probe),
            None => rows.add(&format!("{at}.{name}"), "none"),
        }
    }
}

fn of_probe(rows: &mut Rows<'_>, at: &str, probe: &Probe) {
    rows.add(&format!("{at}.initialDelaySeconds"), probe.initial_delay.as_secs_f64());
    rows.add(&format!("{at}.timeoutSeconds"), probe.timeout.as_secs_f64());
    rows.add(&format!("{at}.periodSeconds"), probe.period.as_secs_f64());
    rows.add(&format!("{at}.successThreshold"), probe.success_threshold);
    rows.add(&format!("{at}.failureThreshold"), probe.failure_threshold);
}

fn amount(number: u64, unit: &str) -> String {
    if number == 0 { "none".to_owned() } else { format!("{number}{unit}") }
}

fn part(part: Part) -> String {
    match part {
        Part::Number(number) => number.to_string(),
        Part::Percent(percent) => format!("{percent}%"),
    }
}

fn written(mark: Mark, sources: &Sources) -> Origin {
    Origin::Written { file: sources.name(mark.file).to_owned(), line: mark.line }
}

/// A value as it is shown.
struct Shown(String);

impl From<&str> for Shown {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Shown {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<u32> for Shown {
    fn from(number: u32) -> Self {
        Self(number.to_string())
    }
}

impl From<u64> for Shown {
    fn from(number: u64) -> Self {
        Self(number.to_string())
    }
}

impl From<f64> for Shown {
    fn from(number: f64) -> Self {
        Self(number.to_string())
    }
}

/// The values of one document.
struct Rows<'a> {
    document: &'a Node,
    sources: &'a Sources,
    values: Vec<Explained>,
    /// Where a value comes from that the document does not state.
    default: Origin,
}

impl Rows<'_> {
    fn add(&mut self, path: &str, value: impl Into<Shown>) {
        let stated = self.node(path).map(|node| written(node.mark, self.sources));
        let origin = stated.unwrap_or_else(|| self.default.clone());
        self.values.push(Explained { field: path.to_owned(), value: value.into().0, origin });
    }

    /// What stands at a path, if anything does.
    fn node(&self, path: &str) -> Option<&Node> {
        let steps = vary::parse(path).ok()?;
        steps.iter().try_fold(self.document, |node, step| vary::step(node, step)).filter(|node| !node.is_null())
    }
}
