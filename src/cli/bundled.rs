//! What a manifest does not say: the bundled app, cluster and faults, or files instead of them; and how it is played.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use super::library::{self, Kind, NO_FAULTS};
use super::progress::Bar;
use super::promised::Promised;
use super::run::{self, eprint_report, player};
use super::{Exit, Format, complain};
use crate::durations;
use crate::results::ExperimentResult;
use crate::spec::{self, Diagnostic, Loaded, Overrides, Report, Severity};
use crate::study::{REPLICATIONS_PER_DRAW, Study};
use crate::time::Duration;

const APP: &str = "How the application starts and stops, instead of the bundled JVM service";
const CLUSTER: &str = "Zones and Nodes, instead of the bundled three zones";
/// Rollouts a week, if nobody says how many: an assumption. The State of DevOps reports put most teams between several a day and
/// one a month.
pub(super) const USUAL_DEPLOYS: f64 = 1.0;
/// What such a rollout is called.
pub(super) const RELEASE: &str = "release";
/// From one image of all Nodes to the next, if nobody says how long: an assumption, as providers bring one out each week, and node
/// pools follow each month or sooner.
pub(super) const USUAL_NODE_IMAGE: Duration = Duration::from_secs(30 * 86_400);
/// What an upgrade of the Nodes is called.
pub(super) const NODE_IMAGE: &str = "node-image";
/// The flag that says how often there is one.
pub(super) const NODE_IMAGE_FLAG: &str = "--node-image-every";
const FAULTS: &str = "What breaks, over the bundled library `cloud`: of faults with the same name the last one counts";

/// How long it is from one image of all Nodes to the next; `None`: there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeImageEvery(Option<Duration>);

/// What stands around a manifest.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Surroundings {
    #[arg(long, value_name = "NAME|FILE", help = Kind::App.short_help(APP), long_help = Kind::App.help(APP))]
    pub app: Option<String>,
    #[arg(long, value_name = "NAME|FILE", help = Kind::Cluster.short_help(CLUSTER), long_help = Kind::Cluster.help(CLUSTER))]
    pub cluster: Option<String>,
    #[arg(long, value_name = "NAME|FILE", help = Kind::Faults.short_help(FAULTS), long_help = Kind::Faults.help(FAULTS))]
    pub faults: Vec<String>,
    /// So many rollouts of a new image a week, at random; 1 if not given, 0 for none.
    #[arg(long, value_name = "PER_WEEK", value_parser = per_week)]
    pub deploys: Option<f64>,
    /// A new image of all Nodes so often, at random: as GKE does it, a new Node joins and an old one is drained, one after the
    /// other; 30d if not given, `never` for none.
    #[arg(long, value_name = "DURATION", value_parser = node_image_every)]
    pub node_image_every: Option<NodeImageEvery>,
    /// The container that serves, instead of the one that Service, probes and ports point at.
    #[arg(long, value_name = "NAME")]
    pub container: Option<String>,
    /// Play replicas for which no Node has room as well: they stay Pending.
    #[arg(long)]
    pub allow_pending: bool,
}

/// How a study that no file states is played, and where its answer goes.
#[derive(Debug, Args)]
pub(super) struct Playing {
    /// Seed of all chance.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Worker threads; one per core if not given. The numbers do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// The folder for results and charts; none are written if it is not given.
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// What goes to standard output.
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
    /// No progress and no notes on standard error.
    #[arg(long)]
    pub quiet: bool,
}

impl Playing {
    /// As it is where no flag says anything.
    pub fn usual() -> Self {
        Self { seed: 1, threads: None, out_dir: None, output: Format::default(), quiet: false }
    }

    /// So many replications, under the seed that is given.
    pub fn overrides(&self, replications: u64) -> Overrides {
        Overrides { seed: Some(self.seed), replications: Some(replications), ..Overrides::default() }
    }

    /// Adds what the removal of causes would bring.
    pub fn add_removals(&self, result: &mut ExperimentResult, study: &Study) -> Result<(), Exit> {
        let bar = Bar::new(self.quiet);
        player(study, self.threads.map_or(0, usize::from), &bar).add_removals(result).map_err(|error| {
            complain(error);
            Exit::Failed
        })
    }

    /// Whether anybody will see the outages that were played once more.
    pub fn shows_outages(&self) -> bool {
        self.out_dir.is_some() || self.output == Format::Json
    }

    /// Plays the study.
    pub fn play_without_outages(&self, study: &Study) -> Result<ExperimentResult, Exit> {
        run::play(study, self.threads.map_or(0, usize::from), self.quiet)
    }

    /// Writes the folder, if one is named, and prints the answer.
    pub fn deliver(&self, result: &ExperimentResult) -> Exit {
        run::deliver(result, self.out_dir.as_deref(), self.output)
    }
}

/// An experiment that no file states, over manifests that arguments name.
#[derive(Debug)]
pub(super) struct Unwritten<'a> {
    name: &'a str,
    /// The manifests, each with the argument that names it.
    manifests: Vec<(&'a str, &'a Path)>,
    /// The file of an SLO, with the flag that names it.
    slo: Option<(&'a str, &'a Path)>,
    /// Its `spec`, but for what stands around the manifests.
    fields: Map<String, Value>,
}

impl<'a> Unwritten<'a> {
    pub fn new(name: &'a str, manifests: &[(&'a str, &'a Path)], fields: Map<String, Value>) -> Self {
        Self { name, manifests: manifests.to_vec(), slo: None, fields }
    }

    /// With the SLO that a flag names, if it names a file.
    pub fn with_slo(mut self, flag: &'a str, promised: Option<&'a Promised>) -> Self {
        self.slo = promised.and_then(Promised::file).map(|file| (flag, file));
        self
    }

    /// Puts a field into its `spec`.
    pub fn set(&mut self, key: &str, value: Value) {
        self.fields.insert(key.to_owned(), value);
    }

    /// The same manifests in another experiment.
    pub fn with_fields(&self, fields: Map<String, Value>) -> Self {
        Self { name: self.name, manifests: self.manifests.clone(), slo: self.slo, fields }
    }
}

/// Bundled models, standard input and files.
fn open(path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new("-") {
        return spec::read_standard_input();
    }
    library::open(path)
}

impl Surroundings {
    /// The study of an experiment with as many replications as are asked for, else with `usual`, or somewhat more so that
    /// the draws of parameters that are not known are played equally often.
    pub fn study_of(
        &self,
        experiment: &Unwritten<'_>,
        playing: &Playing,
        asked: Option<u64>,
        usual: u64,
    ) -> Result<Loaded, Exit> {
        self.study_as(experiment, playing, asked, usual, playing.quiet)
    }

    /// The same without a word of what is found in files that is no error.
    pub fn study_of_quiet(
        &self,
        experiment: &Unwritten<'_>,
        playing: &Playing,
        asked: Option<u64>,
        usual: u64,
    ) -> Result<Loaded, Exit> {
        self.study_as(experiment, playing, asked, usual, true)
    }

    fn study_as(
        &self,
        experiment: &Unwritten<'_>,
        playing: &Playing,
        asked: Option<u64>,
        usual: u64,
        quiet: bool,
    ) -> Result<Loaded, Exit> {
        let replications = match asked {
            Some(replications) => replications,
            None => {
                let study = self.study(experiment, playing.overrides(usual), true)?.study;
                let draws = study.scenarios.iter().map(|scenario| scenario.draws.len() as u64).max().unwrap_or(0);
                usual.next_multiple_of((draws * REPLICATIONS_PER_DRAW).max(1))
            }
        };
        self.study(experiment, playing.overrides(replications), quiet)
    }

    /// The study of an experiment. What is found in its files goes to standard error, unless `quiet`.
    pub fn study(&self, experiment: &Unwritten<'_>, overrides: Overrides, quiet: bool) -> Result<Loaded, Exit> {
        self.try_files(experiment.manifests.iter().copied().chain(experiment.slo))?;
        let name = format!("bundled:{}", experiment.name);
        let text = self.experiment(experiment);
        let open_all = |path: &Path| -> io::Result<Vec<u8>> {
            if path == Path::new(&name) { Ok(text.clone().into_bytes()) } else { open(path) }
        };
        let loaded = spec::load_experiment_as(Path::new(&name), &open_all, overrides).map_err(|report| {
            eprint_report(&about_arguments(report, &name, &experiment.manifests));
            Exit::BadInput
        })?;
        if !quiet {
            eprint_report(&loaded.findings);
        }
        Ok(loaded)
    }

    /// What `hasim check` finds in an experiment.
    pub fn findings(&self, experiment: &Unwritten<'_>) -> Report {
        let name = format!("bundled:{}", experiment.name);
        spec::check_bytes_with(Path::new(&name), self.experiment(experiment).as_bytes(), &open).report
    }

    /// The names of bundled models and of files among what was given, with their kind.
    fn named(&self) -> impl Iterator<Item = (Kind, &str)> {
        let app = self.app.iter().map(|name| (Kind::App, name.as_str()));
        let cluster = self.cluster.iter().map(|name| (Kind::Cluster, name.as_str()));
        app.chain(cluster).chain(self.faults.iter().map(|name| (Kind::Faults, name.as_str())))
    }

    /// Whoever names a file that is not there hears of the argument, not of the experiment that is made of it.
    fn try_files<'f>(&'f self, named: impl Iterator<Item = (&'f str, &'f Path)>) -> Result<(), Exit> {
        let mut files: Vec<_> = named.filter(|(_, path)| !path.is_dir()).collect();
        for (kind, name) in self.named() {
            let is_bundled = kind.find(name).is_some() || kind == Kind::Faults && name == NO_FAULTS;
            // A word without a folder and an extension is rather meant as a name.
            let is_word = !name.contains(['/', '\\', '.']) && name != "-";
            if is_word && !is_bundled && !Path::new(name).exists() {
                return Err(kind.refuse(name));
            }
            if !is_bundled {
                files.push((kind.flag(), Path::new(name)));
            }
        }
        let mut found = Ok(());
        for (argument, path) in files.iter().filter(|(_, path)| *path != Path::new("-")) {
            if let Err(error) = spec::read_beginning(path, 0) {
                complain(format_args!("{argument}: {} cannot be read: {error}", path.display()));
                found = Err(Exit::BadInput);
            }
        }
        found
    }

    /// The experiment as a file would state it: JSON, which YAML includes.
    fn experiment(&self, experiment: &Unwritten<'_>) -> String {
        let or_default = |kind: Kind, name: &Option<String>| match name {
            None => kind.default().reference.to_owned(),
            Some(name) => reference(kind, name),
        };
        let library = self.plays_the_library().then(|| Kind::Faults.default().reference.to_owned());
        let given = self.faults.iter().filter(|name| *name != NO_FAULTS).map(|name| reference(Kind::Faults, name));
        let mut faults: Vec<String> = library.into_iter().chain(given).collect();
        // Whoever names the library, too, does not mean it twice.
        faults.dedup();
        let mut spec = json!({
            "app": or_default(Kind::App, &self.app),
            "cluster": or_default(Kind::Cluster, &self.cluster),
            "faults": faults,
        });
        if let Value::Object(spec) = &mut spec {
            let operations: Vec<Value> = self.releases().into_iter().chain(self.node_images()).collect();
            spec.extend((!operations.is_empty()).then(|| ("operations".to_owned(), operations.into())));
            spec.extend(self.container.iter().map(|name| ("container".to_owned(), json!(name))));
            spec.extend(self.allow_pending.then(|| ("allowPending".to_owned(), json!(true))));
            spec.extend(experiment.fields.clone());
        }
        let metadata = json!({"name": experiment.name});
        json!({"apiVersion": "hasim/v1", "kind": "Experiment", "metadata": metadata, "spec": spec}).to_string()
    }

    /// What is changed on purpose where no flag says anything.
    pub fn usual_operations() -> Vec<Value> {
        let usual = Self::default();
        usual.releases().into_iter().chain(usual.node_images()).collect()
    }

    /// The rollouts of new images, where there are some.
    fn releases(&self) -> Option<Value> {
        let per_week = self.deploys.unwrap_or(USUAL_DEPLOYS);
        let mean = span(7.0 * 86_400.0 / per_week);
        let source = if self.deploys.is_some() { "--deploys" } else { "assumption" };
        (per_week > 0.0).then(
            || json!({"name": RELEASE, "kind": "rollout", "every": {"exponential": {"mean": mean}}, "source": source}),
        )
    }

    /// The upgrades of all Nodes, where there are some.
    fn node_images(&self) -> Option<Value> {
        let mean =
            durations::shown(self.node_image_every.map_or(Some(USUAL_NODE_IMAGE), |NodeImageEvery(every)| every)?);
        let source = if self.node_image_every.is_some() { NODE_IMAGE_FLAG } else { "assumption" };
        Some(json!({
            "name": NODE_IMAGE,
            "kind": "upgradeNodes",
            "every": {"exponential": {"mean": mean}},
            "preset": "gke",
            "nodeTakes": {"lognormal": {"median": "2m", "p95": "5m"}},
            "source": source,
        }))
    }

    /// What is assumed to be changed on purpose, in words, with the flag that states it.
    pub fn assumed_changes(&self) -> Vec<(String, &'static str)> {
        let releases = format!("{USUAL_DEPLOYS} release a week of each Deployment, with a new image");
        let images = format!("a new image of all Nodes every {}", durations::shown(USUAL_NODE_IMAGE));
        let all = [
            (self.deploys.is_none(), releases, "--deploys"),
            (self.node_image_every.is_none(), images, NODE_IMAGE_FLAG),
        ];
        all.into_iter().filter(|(is_assumed, ..)| *is_assumed).map(|(_, what, flag)| (what, flag)).collect()
    }

    /// Whether the faults of the bundled library are played, but for those that files override.
    pub fn plays_the_library(&self) -> bool {
        self.faults.iter().all(|name| name != NO_FAULTS)
    }
}

/// Nobody has written the experiment that is made of the arguments: what is wrong with it is wrong with a manifest, and is told
/// only where that has no error of its own.
fn about_arguments(report: Report, experiment: &str, manifests: &[(&str, &Path)]) -> Report {
    let is_ours = |one: &Diagnostic| one.file == experiment;
    let (ours, mut others): (Vec<_>, Vec<_>) = report.diagnostics.into_iter().partition(is_ours);
    if !others.iter().any(|one| one.severity == Severity::Error) {
        others.extend(ours.into_iter().map(|one| {
            let first = || manifests.first().map_or(one.file.clone(), |(_, path)| path.display().to_string());
            let named =
                one.message.split_once(", which ").and_then(|(file, rest)| Some((file.strip_prefix("names ")?, rest)));
            let (file, message) = match named {
                Some((file, rest)) => (file.to_owned(), rest.to_owned()),
                None => (first(), one.message.replacen("names a file", "is a file", 1)),
            };
            let experiment = || "an experiment is played by `hasim run`".to_owned();
            let help = one.help.clone().or_else(|| message.ends_with("without a Deployment").then(experiment));
            Diagnostic { file, line: 0, column: 0, path: String::new(), source: None, message, help, ..one }
        }));
    }
    Report { diagnostics: others }
}

/// A span as a file states it: in the unit that people use, where it is a round number of it.
fn span(secs: f64) -> String {
    let shown = durations::shown(Duration::from_secs_f64(secs));
    let is_exact = durations::parse(&shown).is_ok_and(|read| read.as_secs_f64() == secs);
    if is_exact { shown } else { format!("{secs:.3}s") }
}

/// Rollouts a week, as they were typed: no more than one a minute.
fn per_week(text: &str) -> Result<f64, String> {
    const MOST: f64 = 7.0 * 24.0 * 60.0;
    let number = text.parse::<f64>().ok().filter(|number| *number == 0.0 || (0.001..=MOST).contains(number));
    number.ok_or_else(|| format!("must be 0, or a number from 0.001 to {MOST}"))
}

/// From one Node image to the next, as it was typed.
fn node_image_every(text: &str) -> Result<NodeImageEvery, String> {
    if text == "never" {
        return Ok(NodeImageEvery(None));
    }
    let every = durations::parse(text)?;
    // Sooner than that no upgrade is over before the next.
    let is_sound = (Duration::from_secs(3600)..=crate::model::YEAR * 10).contains(&every);
    is_sound.then_some(NodeImageEvery(Some(every))).ok_or_else(|| "must be `never`, or from 1h to 10y".to_owned())
}

/// How an experiment refers to a bundled model, or to a file.
pub(super) fn reference(kind: Kind, name: &str) -> String {
    kind.find(name).map_or(name, |model| model.reference).to_owned()
}

/// One Deployment of a manifest as an experiment states it; the only one where no name is given.
pub(super) fn deployment(manifest: &Path, name: Option<&str>, namespace: Option<&str>) -> Result<Value, Exit> {
    let mut deployment = json!({"file": named(manifest)?});
    for (key, value) in [("name", name), ("namespace", namespace)] {
        if let Some(value) = value {
            deployment[key] = json!(value);
        }
    }
    Ok(deployment)
}

/// The name of a file as an experiment states it.
pub(super) fn named(path: &Path) -> Result<&str, Exit> {
    path.to_str().ok_or_else(|| {
        complain(format_args!("{}: the name of a file must be UTF-8", path.display()));
        Exit::WrongUse
    })
}
