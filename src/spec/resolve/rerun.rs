//! From the answer of a run back to its question: `results.json` holds the resolved inputs, so wherever an experiment file
//! is wanted it will do. The documents in it are read again, like files that the experiment names.

use std::io;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::spec::diagnostic::{Diagnostic, Severity};
use crate::study::RESULTS_KIND;

/// The experiment, by this name.
pub(in crate::spec) const EXPERIMENT: &str = "experiment";

/// Documents by the names under which the experiment refers to them.
pub(in crate::spec) struct Inputs(Map<String, Json>);

/// What a `results.json` says of its making.
#[derive(Deserialize)]
pub(in crate::spec) struct Results {
    kind: String,
    /// The version of hasim that wrote it.
    #[serde(default)]
    version: String,
    /// The scenarios are Deployments that were each played alone.
    #[serde(default)]
    pub each_alone: bool,
    pub inputs: Json,
}

impl Results {
    /// That another version may play the same inputs differently.
    pub fn warning(&self, path: &Path) -> Option<Diagnostic> {
        let here = env!("CARGO_PKG_VERSION");
        let message =
            format!("was written by hasim {}, this is {here}: replications may not be the same", self.version);
        (self.version != here).then(|| Diagnostic {
            help: Some("`hasim run` on it gives the answer of this version".to_owned()),
            ..Diagnostic::of_file(&path.display().to_string(), Severity::Warning, message)
        })
    }
}

/// The answer of a run in these bytes, if they are a `results.json`.
pub(in crate::spec) fn results_in(bytes: &[u8]) -> Option<Results> {
    // Other files are not read twice for this.
    let begins = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let results: Results = begins.filter(|byte| **byte == b'{').and_then(|_| serde_json::from_slice(bytes).ok())?;
    Some(results).filter(|results| results.kind == RESULTS_KIND)
}

impl Inputs {
    /// Those of a result; none if it is not whole.
    pub fn of(inputs: &Json) -> Option<Self> {
        let inputs = inputs.as_object()?;
        let mut documents = Map::new();
        let mut experiment = inputs.get(EXPERIMENT)?.clone();
        let spec = experiment.get_mut("spec")?.as_object_mut()?;
        refer(spec, "", inputs, &mut documents);
        let systems = inputs.get("candidates").and_then(Json::as_object);
        let candidates = spec.get_mut("candidates").and_then(Json::as_array_mut);
        for (number, candidate) in candidates.into_iter().flatten().enumerate() {
            let candidate = candidate.as_object_mut()?;
            let name = candidate.get("name").and_then(Json::as_str)?;
            let system = systems?.get(name)?.as_object()?;
            refer(candidate, &format!("candidate-{number}-"), system, &mut documents);
        }
        documents.insert(EXPERIMENT.to_owned(), experiment);
        Some(Self(documents))
    }

    /// The document of this name, as bytes.
    ///
    /// # Errors
    /// If there is none.
    pub fn open(&self, path: &Path) -> io::Result<Vec<u8>> {
        let document = path.to_str().and_then(|name| self.0.get(name)).ok_or(io::ErrorKind::NotFound)?;
        Ok(match document {
            // Documents of one file.
            Json::Array(documents) => json!({"apiVersion": "v1", "kind": "List", "items": documents}).to_string(),
            one => one.to_string(),
        }
        .into_bytes())
    }
}

/// Puts the documents of a system aside, and their names where an experiment has them.
fn refer(whose: &mut Map<String, Json>, prefix: &str, system: &Map<String, Json>, documents: &mut Map<String, Json>) {
    for key in ["deployment", "app", "cluster", "traffic"] {
        if let Some(document) = system.get(key) {
            let name = format!("{prefix}{key}");
            whose.insert(key.to_owned(), Json::String(name.clone()));
            documents.insert(name, document.clone());
        }
    }
    if let Some(members) = system.get("deployments").and_then(Json::as_array) {
        let members = members.iter().enumerate().map(|(number, member)| {
            let mut member = member.clone();
            for key in ["file", "app"] {
                if let Some(document) = member.get_mut(key) {
                    let name = format!("{prefix}deployment-{number}-{key}");
                    let document = std::mem::replace(document, Json::String(name.clone()));
                    documents.insert(name, document);
                }
            }
            member
        });
        whose.insert("deployments".to_owned(), members.collect());
    }
    for key in ["faults", "operations"] {
        if let Some(entries) = system.get(key) {
            whose.insert(key.to_owned(), entries.clone());
        }
    }
}
