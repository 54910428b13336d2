//! `hasim estimate MANIFEST`: the answer for a manifest in a second or two, without an experiment file.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::Exit;
use super::bundled::{Playing, Surroundings, Unwritten, named};
use crate::spec::Study;

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
    pub playing: Playing,
}

impl Estimate {
    pub fn execute(self) -> Exit {
        let played = self.study().and_then(|study| self.playing.play(&study));
        match played {
            Ok(result) => self.playing.deliver("", &result),
            Err(exit) => exit,
        }
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
        let manifests = [("MANIFEST", self.manifest.as_path())];
        let instead = self.playing.instead(self.replications);
        let estimate = Unwritten::new("estimate", &manifests, fields);
        let mut study = self.around.study(&estimate, instead, self.playing.quiet)?;
        // The reader asked for a Deployment, not for an experiment.
        let scenario = &mut study.scenarios[0];
        scenario.name.clone_from(&scenario.model.deployment.name);
        scenario.parameters.clear();
        study.varied.clear();
        Ok(study)
    }
}
