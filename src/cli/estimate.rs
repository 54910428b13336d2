//! `hasim estimate MANIFEST`: the answer for a manifest in a second or two, without an experiment file.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde_json::{Map, Value, json};

use super::bundled::{Surroundings, named};
use super::progress::Bar;
use super::{Exit, Format, complain, print, rendered};
use crate::experiment::{self, Options};
use crate::output;
use crate::spec::{Stopping, Study};

/// A manifest and what stands around it.
#[derive(Debug)]
pub(super) struct Estimate {
    pub manifest: PathBuf,
    pub deployment: Option<String>,
    pub namespace: Option<String>,
    pub around: Surroundings,
    pub zones: Option<u32>,
    pub nodes_per_zone: Option<u32>,
    /// The SLO as a share.
    pub slo: Option<f64>,
    pub replications: u64,
    pub seed: u64,
    pub threads: usize,
    pub folder: Option<PathBuf>,
    pub format: Format,
    pub quiet: bool,
}

impl Estimate {
    pub fn execute(self) -> Exit {
        let study = match self.study() {
            Ok(study) => study,
            Err(exit) => return exit,
        };
        let bar = Bar::new(self.quiet);
        let (stop, progress) = (AtomicBool::new(false), &mut |progress| bar.show(progress));
        let played =
            experiment::run(&study, Options { threads: self.threads, stop: &stop, progress }, experiment::replicate);
        bar.clear();
        let result = match played {
            Ok(result) => result,
            Err(error) => {
                complain(error);
                return Exit::Failed;
            }
        };
        let written = self.folder.as_deref().map_or(Ok(()), |folder| output::write_all(folder, &result));
        let folder = self.folder.as_deref().filter(|_| written.is_ok());
        let printed = print(&rendered(&result, self.format, folder));
        if let Err(error) = written {
            complain(format_args!("{error}\nhelp: choose another folder with --out-dir"));
            return Exit::Failed;
        }
        printed
    }

    fn study(&self) -> Result<Study, Exit> {
        let mut deployment = json!({"file": named(&self.manifest)?});
        for (key, value) in [("name", &self.deployment), ("namespace", &self.namespace)] {
            if let Some(value) = value {
                deployment[key] = json!(value);
            }
        }
        let mut fields = Map::new();
        fields.insert("deployment".to_owned(), deployment);
        let mut patch = Map::new();
        for (key, value) in [("cluster.zones", self.zones), ("cluster.nodesPerZone", self.nodes_per_zone)] {
            patch.extend(value.map(|value| (key.to_owned(), Value::from(value))));
        }
        if !patch.is_empty() {
            fields.insert("candidates".to_owned(), json!([{"name": "estimate", "patch": patch}]));
        }
        if let Some(slo) = self.slo {
            fields.insert("objective".to_owned(), json!({"slo": slo}));
        }
        let mut study =
            self.around.study("estimate", &[("MANIFEST", Path::new(&self.manifest))], fields, self.quiet)?;
        study.seed = self.seed;
        study.stopping = Stopping::Replications(self.replications);
        // The reader asked for a Deployment, not for an experiment.
        let scenario = &mut study.scenarios[0];
        scenario.name.clone_from(&scenario.model.deployment.name);
        scenario.parameters.clear();
        study.varied.clear();
        Ok(study)
    }
}
