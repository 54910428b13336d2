//! Many Deployments: each alone on the cluster under the same shocks, in one table; or with `--together` all of them side by
//! side, competing for the Nodes.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Estimate, REPLICATIONS};
use crate::cli::bundled::{Surroundings, Unwritten, named, reference};
use crate::cli::library::Kind;
use crate::cli::{Exit, complain, note};
use crate::report::sort_deployments;
use crate::results::ExperimentResult;
use crate::spec::{DeploymentName, guess_app};

/// A Deployment that is estimated among others.
struct Entry {
    /// What it is called here: unlike any other.
    label: String,
    /// Its file, without folder and extension, and its namespace.
    file: String,
    namespace: String,
    /// As `deployments` of an experiment names it.
    member: Map<String, Value>,
    /// The bundled application that it was guessed to be, or the one that is assumed of every other.
    app: Option<&'static str>,
}

/// What came of all of them.
pub(super) struct Answer {
    pub result: ExperimentResult,
    /// Some could not be estimated; why is told already.
    pub is_partial: bool,
}

impl Estimate {
    /// The Deployments that the arguments name, where that is more than one.
    pub(super) fn several(&self) -> Option<Vec<(&Path, Option<DeploymentName>)>> {
        let mut all = Vec::new();
        for path in &self.manifests {
            // Standard input can be read only once, and holds what one would name.
            let bytes = if path == Path::new("-") { None } else { crate::spec::read_file(path).ok() };
            let found = bytes.and_then(|bytes| crate::spec::deployments_in(path, &bytes));
            match found {
                // What cannot be read is told of when it is tried.
                None => all.push((path.as_path(), None)),
                Some(names) if names.is_empty() && self.manifests.len() > 1 => {
                    note(format_args!("{}: holds no Deployment", path.display()));
                }
                Some(names) if names.is_empty() => all.push((path.as_path(), None)),
                Some(names) => {
                    let is_meant = |one: &DeploymentName| {
                        self.deployment.as_ref().is_none_or(|name| *name == one.name)
                            && self.namespace.as_ref().is_none_or(|namespace| *namespace == one.namespace)
                    };
                    all.extend(names.into_iter().filter(is_meant).map(|name| (path.as_path(), Some(name))));
                }
            }
        }
        (all.len() > 1).then_some(all)
    }

    /// Plays them. Those that cannot be estimated are told of one by one; the others go on.
    pub(super) fn answer_many(&self, all: Vec<(&Path, Option<DeploymentName>)>) -> Result<Answer, Exit> {
        if self.around.container.is_some() {
            complain(format_args!(
                "--container names a container of one Deployment, and there are {}\nhelp: estimate that one alone",
                all.len()
            ));
            return Err(Exit::WrongUse);
        }
        let asked = all.len();
        let mut entries: Vec<Entry> = Vec::new();
        for (path, name) in all {
            entries.extend(self.entry(path, name.as_ref())?);
        }
        tell_apart(&mut entries);
        let lost = asked - entries.len();
        if lost > 0 {
            complain(format_args!("{lost} of {asked} Deployments cannot be estimated: see above"));
        }
        if entries.is_empty() {
            return Err(Exit::BadInput);
        }
        let is_together = self.together && entries.len() > 1;
        let experiment = Unwritten::new("estimate", &[], self.fields_of(&entries, is_together));
        let mut playing = self.around.study_of_quiet(&experiment, &self.playing, self.replications, REPLICATIONS)?;
        let study = &mut playing.study;
        study.header.varied.clear();
        for scenario in &mut study.scenarios {
            scenario.parameters.clear();
            if is_together {
                "The system".clone_into(&mut scenario.name);
            }
        }
        let findings = playing.findings.diagnostics.len();
        study.header.notes.clear();
        let mut result = self.playing.play_without_outages(study)?;
        if is_together {
            crate::app::add_replays(&mut result, study);
        } else {
            result.each_alone = true;
            sort_deployments(&mut result);
            crate::app::add_replays(&mut result, study);
        }
        result.notes.extend(assumed(&entries, &self.around));
        if findings > 0 {
            result.notes.push(format!(
                "Of the files there are {findings} warnings and notes, which `hasim check FILE` tells; `hasim estimate FILE` shows of \
                 one Deployment how much hangs on each assumption."
            ));
        }
        Ok(Answer { result, is_partial: lost > 0 })
    }

    /// One of them, if it can be played; what is wrong with it is told.
    fn entry(&self, path: &Path, name: Option<&DeploymentName>) -> Result<Option<Entry>, Exit> {
        let mut member = Map::from_iter([("file".to_owned(), json!(named(path)?))]);
        if let Some(DeploymentName { name, namespace }) = name {
            member.extend([("name".to_owned(), json!(name)), ("namespace".to_owned(), json!(namespace))]);
        }
        let mut fields = Map::from_iter([("deployment".to_owned(), Value::Object(member.clone()))]);
        fields.extend(self.common_fields());
        let manifests = [("MANIFEST", path)];
        let alone = Unwritten::new("estimate", &manifests, fields);
        let study = match self.around.study(&alone, self.playing.overrides(REPLICATIONS), true) {
            Ok(loaded) => loaded.study,
            Err(Exit::BadInput) => return Ok(None),
            Err(exit) => return Err(exit),
        };
        let mut app = None;
        if self.around.app.is_none() {
            let guessed = guess_app(&study.header.inputs["deployment"][0]).map(|guess| guess.app);
            let guessed = guessed.unwrap_or(Kind::App.default().name);
            app = Some(guessed);
            member.insert("app".to_owned(), json!(reference(Kind::App, guessed)));
        }
        let workload = study.scenarios[0].model.workload();
        let file = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (label, namespace) = (workload.name.clone(), workload.namespace.clone());
        Ok(Some(Entry { label, file, namespace, member, app }))
    }

    /// The experiment of all of them.
    fn fields_of(&self, entries: &[Entry], is_together: bool) -> Map<String, Value> {
        let members: Vec<Value> = entries.iter().map(|entry| Value::Object(entry.member.clone())).collect();
        let patch = self.patch();
        let mut fields = self.common_fields();
        let candidates: Vec<Value> = if is_together {
            fields.insert("deployments".to_owned(), members.into());
            (!patch.is_empty()).then(|| json!({"name": "estimate", "patch": patch})).into_iter().collect()
        } else {
            fields.insert("deployments".to_owned(), json!([members[0]]));
            let each = entries.iter().zip(&members);
            each.map(|(entry, member)| json!({"name": entry.label, "deployments": [member], "patch": patch})).collect()
        };
        if !candidates.is_empty() {
            fields.insert("candidates".to_owned(), candidates.into());
        }
        fields
    }

    fn common_fields(&self) -> Map<String, Value> {
        self.slo.iter().map(|slo| ("objective".to_owned(), json!({"slo": slo}))).collect()
    }
}

/// Gives those of one name the name of their file before it or, where that is the same, of their namespace; and a number behind
/// it where need be.
fn tell_apart(entries: &mut [Entry]) {
    let labels = |of: &dyn Fn(&Entry) -> String| entries.iter().map(of).collect::<Vec<String>>();
    let choices = [
        labels(&|entry| entry.label.clone()),
        labels(&|entry| plain(&format!("{}-{}", entry.file, entry.label))),
        labels(&|entry| plain(&format!("{}-{}", entry.namespace, entry.label))),
    ];
    let mut taken: Vec<String> = Vec::new();
    for number in 0..entries.len() {
        let is_alone = |labels: &&Vec<String>| labels.iter().filter(|label| **label == labels[number]).count() == 1;
        let label = &choices.iter().find(is_alone).unwrap_or(&choices[1])[number];
        let numbered = (2..).map(|more| format!("{label}-{more}"));
        let mut free = std::iter::once(label.clone()).chain(numbered).filter(|label| !taken.contains(label));
        let label = free.next().expect("numbers do not run out");
        if label != entries[number].label {
            entries[number].member.insert("as".to_owned(), json!(label));
        }
        taken.push(label);
    }
    for (entry, label) in entries.iter_mut().zip(taken) {
        entry.label = label;
    }
}

/// As the experiment can call a Deployment: a label as DNS has it, with room for a number.
fn plain(text: &str) -> String {
    const LONGEST: usize = 59;
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    text.chars().map(letter).take(LONGEST).collect::<String>().trim_matches('-').to_owned()
}

/// What is assumed of them that nobody has stated.
fn assumed(entries: &[Entry], around: &Surroundings) -> Vec<String> {
    let mut notes = Vec::new();
    let mut apps: Vec<(&str, Vec<&str>)> = Vec::new();
    for entry in entries {
        let Some(app) = entry.app else { continue };
        match apps.iter_mut().find(|(name, _)| *name == app) {
            Some((_, of)) => of.push(&entry.label),
            None => apps.push((app, vec![&entry.label])),
        }
    }
    if !apps.is_empty() {
        let each: Vec<String> = apps.iter().map(|(app, of)| format!("{app} of {}", of.join(", "))).collect();
        notes.push(format!("Applications are assumed (--app): {}.", each.join("; ")));
    }
    if around.cluster.is_none() {
        notes.push(format!("The cluster is assumed (--cluster): {}.", Kind::Cluster.default().name));
    }
    if around.plays_the_library() {
        notes.push("How often what breaks is assumed (--faults): the bundled library cloud.".to_owned());
    }
    notes
}
