//! What a manifest does not say: the bundled app, cluster and faults, or files instead of them; and how it is played.

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
use crate::spec::{self, Instead, Study};

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
    /// The container that serves, instead of the one that Service, probes and ports point at.
    #[arg(long, value_name = "NAME")]
    container: Option<String>,
    /// Play replicas for which no Node has room as well: they stay Pending.
    #[arg(long)]
    allow_pending: bool,
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
        Instead { seed: Some(self.seed), replications: Some(replications), ..Instead::default() }
    }

    /// Plays the study.
    pub fn play(&self, study: &Study) -> Result<ExperimentResult, Exit> {
        let bar = Bar::new(self.quiet);
        let (stop, progress) = (AtomicBool::new(false), &mut |progress| bar.show(progress));
        let options = Options { threads: self.threads.map_or(0, usize::from), stop: &stop, progress };
        let played = experiment::run(study, options, experiment::replicate);
        bar.clear();
        let mut result = played.map_err(|error| {
            complain(error);
            Exit::Failed
        })?;
        replays::add(&mut result, study);
        Ok(result)
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

impl Surroundings {
    /// The study of an experiment that no file states: `fields` beside the surroundings, for manifests that are named by
    /// these arguments.
    pub fn study(
        &self,
        name: &str,
        manifests: &[(&str, &Path)],
        fields: Map<String, Value>,
        instead: Instead,
        quiet: bool,
    ) -> Result<Study, Exit> {
        self.try_files(manifests)?;
        let experiment = format!("bundled:{name}");
        let text = self.experiment(name, fields)?;
        let open = |path: &Path| -> io::Result<Vec<u8>> {
            if path == Path::new(&experiment) {
                return Ok(text.clone().into_bytes());
            }
            if path == Path::new("-") {
                let mut bytes = Vec::new();
                io::stdin().lock().read_to_end(&mut bytes)?;
                return Ok(bytes);
            }
            match BUNDLED.iter().find(|(name, _)| path == Path::new(name)) {
                Some((_, text)) => Ok(text.as_bytes().to_vec()),
                None => spec::read_file(path),
            }
        };
        let study = spec::load_experiment_as(Path::new(&experiment), &open, instead).map_err(|report| {
            eprint_report(&report);
            Exit::BadInput
        })?;
        if !quiet {
            eprint_report(&study.findings);
        }
        Ok(study)
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
            spec.extend(self.container.iter().map(|name| ("container".to_owned(), json!(name))));
            spec.extend(self.allow_pending.then(|| ("allowPending".to_owned(), json!(true))));
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
