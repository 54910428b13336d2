//! What a manifest does not say: the bundled app, cluster and faults, or files instead of them; and how it is played.

use std::cell::OnceCell;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::Args;
use serde_json::{Map, Value, json};

use super::progress::Bar;
use super::run::eprint_report;
use super::{Exit, Format, complain, print, rendered, replays};
use crate::experiment::{self, ExperimentResult, Options};
use crate::output;
use crate::spec::{self, Instead, Report, Study};

const APP: &str = "bundled:models/apps/jvm-service.yaml";
const CLUSTER: &str = "bundled:models/clusters/three-zones.yaml";
const FAULTS: &str = "bundled:models/faults/cloud.yaml";
const BUNDLED: [(&str, &str); 3] = [
    (APP, include_str!("../../models/apps/jvm-service.yaml")),
    (CLUSTER, include_str!("../../models/clusters/three-zones.yaml")),
    (FAULTS, include_str!("../../models/faults/cloud.yaml")),
];

/// What stands around a manifest.
#[derive(Debug, Args)]
pub(super) struct Surroundings {
    /// How the application starts and stops, instead of the bundled JVM service.
    #[arg(long, value_name = "FILE")]
    app: Option<PathBuf>,
    /// Zones and Nodes, instead of the bundled three zones.
    #[arg(long, value_name = "FILE")]
    cluster: Option<PathBuf>,
    /// What breaks, instead of the bundled faults; later files override by name.
    #[arg(long, value_name = "FILE")]
    faults: Vec<PathBuf>,
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
    /// So many replications, under the seed that is given.
    pub fn instead(&self, replications: u64) -> Instead {
        Instead { seed: Some(self.seed), replications: Some(replications) }
    }

    /// Plays the study, and the outages that a report shows.
    pub fn play(&self, study: &Study) -> Result<ExperimentResult, Exit> {
        let mut result = self.play_without_outages(study)?;
        replays::add(&mut result, study);
        Ok(result)
    }

    /// Plays the study.
    pub fn play_without_outages(&self, study: &Study) -> Result<ExperimentResult, Exit> {
        let bar = Bar::new(self.quiet);
        let (stop, progress) = (AtomicBool::new(false), &mut |progress| bar.show(progress));
        let options = Options { threads: self.threads.map_or(0, usize::from), stop: &stop, progress };
        let played = experiment::run(study, options, experiment::replicate);
        bar.clear();
        played.map_err(|error| {
            complain(error);
            Exit::Failed
        })
    }

    /// Whether anybody will see the outages that were played once more.
    pub fn shows_outages(&self) -> bool {
        self.out_dir.is_some() || self.output == Format::Json
    }

    /// Writes the folder, if one is named, and prints `before` and the answer.
    pub fn deliver(&self, before: &str, result: &ExperimentResult) -> Exit {
        let written = self.out_dir.as_deref().map_or(Ok(()), |folder| output::write_all(folder, result));
        let folder = self.out_dir.as_deref().filter(|_| written.is_ok());
        let printed = print(&(before.to_owned() + &rendered(result, self.output, folder)));
        if let Err(error) = written {
            complain(format_args!("{error}\nhelp: choose another folder with --out-dir"));
            return Exit::Failed;
        }
        printed
    }
}

/// An experiment that no file states, over manifests that arguments name.
#[derive(Debug)]
pub(super) struct Unwritten<'a> {
    name: &'a str,
    /// The manifests, each with the argument that names it.
    manifests: Vec<(&'a str, &'a Path)>,
    /// Its `spec`, but for what stands around the manifests.
    fields: Map<String, Value>,
    /// What standard input holds, once it has been read.
    stdin: OnceCell<Vec<u8>>,
}

impl<'a> Unwritten<'a> {
    pub fn new(name: &'a str, manifests: &[(&'a str, &'a Path)], fields: Map<String, Value>) -> Self {
        Self { name, manifests: manifests.to_vec(), fields, stdin: OnceCell::new() }
    }

    /// The same manifests in another experiment.
    pub fn with_fields(&self, fields: Map<String, Value>) -> Self {
        Self { name: self.name, manifests: self.manifests.clone(), fields, stdin: self.stdin.clone() }
    }

    /// What standard input holds; it can be read only once.
    fn stdin(&self) -> io::Result<Vec<u8>> {
        if let Some(bytes) = self.stdin.get() {
            return Ok(bytes.clone());
        }
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        Ok(self.stdin.get_or_init(|| bytes).clone())
    }

    /// Its own text, bundled models, standard input and files.
    fn open(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path == Path::new("-") {
            return self.stdin();
        }
        match BUNDLED.iter().find(|(name, _)| path == Path::new(name)) {
            Some((_, text)) => Ok(text.as_bytes().to_vec()),
            None => spec::read_file(path),
        }
    }
}

impl Surroundings {
    /// The study of an experiment. What is found in its files goes to standard error, unless `quiet`.
    pub fn study(&self, experiment: &Unwritten<'_>, instead: Instead, quiet: bool) -> Result<Study, Exit> {
        self.try_files(&experiment.manifests)?;
        let name = format!("bundled:{}", experiment.name);
        let text = self.experiment(experiment.name, experiment.fields.clone())?;
        let open = |path: &Path| -> io::Result<Vec<u8>> {
            if path == Path::new(&name) { Ok(text.clone().into_bytes()) } else { experiment.open(path) }
        };
        let study = spec::load_experiment_as(Path::new(&name), &open, instead).map_err(|report| {
            eprint_report(&report);
            Exit::BadInput
        })?;
        if !quiet {
            eprint_report(&study.findings);
        }
        Ok(study)
    }

    /// Whether it is said how the application starts; else a bundled one is assumed.
    pub fn states_the_app(&self) -> bool {
        self.app.is_some()
    }

    /// What `hasim check` finds in an experiment.
    pub fn findings(&self, experiment: &Unwritten<'_>) -> Result<Report, Exit> {
        let text = self.experiment(experiment.name, experiment.fields.clone())?;
        let name = format!("bundled:{}", experiment.name);
        let open = |path: &Path| experiment.open(path);
        Ok(spec::check_bytes_with(Path::new(&name), text.as_bytes(), &open).report)
    }

    /// Whoever names a file that is not there hears of the argument, not of the experiment that is made of it.
    fn try_files(&self, manifests: &[(&str, &Path)]) -> Result<(), Exit> {
        let mut files = manifests.to_vec();
        files.extend(self.app.iter().map(|path| ("--app", path.as_path())));
        files.extend(self.cluster.iter().map(|path| ("--cluster", path.as_path())));
        files.extend(self.faults.iter().map(|path| ("--faults", path.as_path())));
        let mut found = Ok(());
        for (argument, path) in files.iter().filter(|(_, path)| *path != Path::new("-")) {
            let readable = std::fs::File::open(path)
                .and_then(|file| file.metadata())
                .and_then(|data| if data.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(()) });
            if let Err(error) = readable {
                complain(format_args!("{argument}: {} cannot be read: {error}", path.display()));
                found = Err(Exit::BadInput);
            }
        }
        found
    }

    /// The experiment as a file would state it: JSON, which YAML includes.
    fn experiment(&self, name: &str, fields: Map<String, Value>) -> Result<String, Exit> {
        let or = |path: &Option<PathBuf>, bundled: &str| {
            path.as_deref().map_or_else(|| Ok(bundled.to_owned()), |path| named(path).map(str::to_owned))
        };
        let faults = match self.faults.as_slice() {
            [] => vec![FAULTS],
            files => files.iter().map(|path| named(path)).collect::<Result<_, _>>()?,
        };
        let mut spec = json!({"app": or(&self.app, APP)?, "cluster": or(&self.cluster, CLUSTER)?, "faults": faults});
        if let Value::Object(spec) = &mut spec {
            spec.extend(fields);
        }
        let experiment =
            json!({"apiVersion": "hasim/v1", "kind": "Experiment", "metadata": {"name": name}, "spec": spec});
        Ok(experiment.to_string())
    }
}

/// The name of a file as an experiment states it.
pub(super) fn named(path: &Path) -> Result<&str, Exit> {
    path.to_str().ok_or_else(|| {
        complain(format_args!("{}: the name of a file must be UTF-8", path.display()));
        Exit::WrongUse
    })
}
