//! Many Deployments: each alone on the cluster under the same shocks, in one table; or with `--together` all of them side by
//! side, competing for the Nodes.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{Estimate, REPLICATIONS};
use crate::cli::bundled::{Surroundings, Unwritten, named, reference};
use crate::cli::intake::{expect_manifest, units};
use crate::cli::library::Kind;
use crate::cli::promised::Promised;
use crate::cli::{Exit, complain, note};
use crate::model::{Fault, Strikes};
use crate::results::ExperimentResult;
use crate::spec::{DeploymentName, Loaded, deployments_in, guess_app, read_file, read_standard_input};
use crate::study::Study;

/// A Deployment that is estimated among others.
pub(in crate::cli) struct Entry {
    /// What it is called here: unlike any other.
    pub label: String,
    /// Its manifest.
    pub path: PathBuf,
    /// No other Deployment is in that manifest.
    pub is_alone: bool,
    /// Its replicas.
    pub replicas: u32,
    /// What its application was guessed from.
    pub sign: Option<String>,
    /// Its file, without folder and extension, its namespace and its name.
    file: String,
    namespace: String,
    name: String,
    /// As `deployments` of an experiment names it.
    pub member: Map<String, Value>,
    /// The bundled application that it was guessed to be, or the one that is assumed of every other.
    app: Option<&'static str>,
    /// That a probe kills starts of it.
    killed: Option<String>,
}

/// A Deployment that the arguments name.
pub(super) struct Meant {
    pub file: PathBuf,
    /// None where the file itself is to tell what is wrong with it, when it is tried.
    pub name: Option<DeploymentName>,
    /// What is wrong with it has been said.
    pub is_told: bool,
}

/// What came of all of them.
pub(super) struct Answer {
    pub result: ExperimentResult,
    /// Some could not be estimated; why is told already.
    pub is_partial: bool,
}

impl Estimate {
    /// The Deployments that the arguments name: at least one. `piped` is the command that reads standard input.
    pub(super) fn meant(&self, piped: &str) -> Result<Vec<Meant>, Exit> {
        let mut all = Vec::new();
        for path in &self.manifests {
            if let Err(exit) = expect_manifest(path, piped) {
                if self.manifests.len() == 1 {
                    return Err(exit);
                }
                all.push(Meant { file: path.clone(), name: None, is_told: true });
                continue;
            }
            if path.is_dir() {
                for unit in units(path, piped, self.playing.quiet)? {
                    let named = |name| Meant { file: unit.path.clone(), name: Some(name), is_told: false };
                    if unit.deployments.is_empty() {
                        all.push(Meant { file: unit.path.clone(), name: None, is_told: false });
                    }
                    all.extend(unit.deployments.iter().cloned().map(named));
                }
                continue;
            }
            let bytes = if path == Path::new("-") { read_standard_input() } else { read_file(path) };
            match bytes.ok().and_then(|bytes| deployments_in(path, &bytes)) {
                None => all.push(Meant { file: path.clone(), name: None, is_told: false }),
                Some(names) if names.is_empty() && self.manifests.len() > 1 => note(format_args!(
                    "{}: holds no Deployment. What else it holds, such as a Service or an autoscaler, counts only beside its \
                     Deployment: put both into one file or pipe them through `-`",
                    path.display()
                )),
                Some(names) => all.extend(names.into_iter().map(|name| Meant {
                    file: path.clone(),
                    name: Some(name),
                    is_told: false,
                })),
            }
        }
        let is_asked_for = |one: &Meant| {
            let Some(one) = &one.name else { return true };
            self.deployment.as_ref().is_none_or(|name| *name == one.name)
                && self.namespace.as_ref().is_none_or(|namespace| *namespace == one.namespace)
        };
        let there: Vec<String> = all.iter().map(Meant::in_words).collect();
        all.retain(is_asked_for);
        if !all.is_empty() {
            return Ok(all);
        }
        if self.manifests.len() > 1 && !there.is_empty() {
            complain(format_args!(
                "no file holds the Deployment that --deployment and --namespace ask for\nhelp: there are {}",
                there.join(", ")
            ));
            return Err(Exit::BadInput);
        }
        // The file tells what it holds instead.
        Ok(vec![Meant { file: self.manifests[0].clone(), name: None, is_told: false }])
    }

    /// Those that are to have Pods, and what is said of the others. Where all are to have none, the file says so as an error.
    pub(super) fn with_pods(mut all: Vec<Meant>) -> (Vec<Meant>, Option<String>) {
        let is_idle = |one: &Meant| one.name.as_ref().is_some_and(|name| name.is_idle);
        let idle: Vec<String> = all.iter().filter(|one| is_idle(one)).map(Meant::in_words).collect();
        if idle.is_empty() || idle.len() == all.len() {
            return (all, None);
        }
        all.retain(|one| !is_idle(one));
        (all, Some(format!("Left out, as their replicas are 0: {}.", idle.join(", "))))
    }

    /// Plays them. Those that cannot be estimated are told of one by one; the others go on.
    pub(super) fn answer_many(&mut self, mut all: Vec<Meant>) -> Result<Answer, Exit> {
        if self.around.container.is_some() {
            complain(format_args!(
                "--container names a container of one Deployment, and there are {}\nhelp: estimate that one alone",
                all.len()
            ));
            return Err(Exit::WrongUse);
        }
        let mut entries: Vec<Entry> = Vec::new();
        let mut left_out: Vec<String> = Vec::new();
        for one in &all {
            match self.entry(one)? {
                Some(entry) => entries.push(entry),
                None => left_out.push(one.in_words()),
            }
        }
        if !left_out.is_empty() {
            let without = if self.together { ": together they are asked about only as a whole" } else { "" };
            let (lost, asked) = (left_out.len(), all.len());
            complain(format_args!("{lost} of {asked} Deployments cannot be estimated, see above{without}"));
        }
        if entries.is_empty() || self.together && !left_out.is_empty() {
            return Err(Exit::BadInput);
        }
        if entries.len() == 1 {
            all.retain(|one| !left_out.contains(&one.in_words()));
            self.narrow(all.swap_remove(0));
            return self.answer().map(|result| Answer { result, is_partial: true });
        }
        tell_apart(&mut entries);
        let experiment =
            Unwritten::new(self.name(), &[], self.fields_of(&entries)).with_slo("--slo", self.slo.as_ref());
        let Loaded { mut study, findings } =
            self.around.study_of_quiet(&experiment, &self.playing, self.replications, REPLICATIONS)?;
        study.header.notes.clear();
        if !self.together {
            study.make_each_alone();
        }
        let mut result = self.playing.play_without_outages(&study)?;
        crate::app::add_replays(&mut result, &study);
        result.notes.extend(assumed(&entries, &self.around));
        result.notes.extend(self.told_of_all(&study));
        let killed = entries.iter().filter_map(|entry| Some(format!("{}: {}", entry.label, entry.killed.as_ref()?)));
        result.notes.extend(killed);
        if !left_out.is_empty() {
            result.notes.push(format!("Left out, as they cannot be estimated: {}.", left_out.join(", ")));
        }
        let is_played = |(namespace, name): &(String, String)| {
            entries.iter().any(|entry| entry.namespace == *namespace && entry.name == *name)
        };
        if findings.diagnostics.iter().any(|one| one.served_too.iter().any(is_played)) {
            let counted = if self.together {
                "the system counts as down when one of them is, though the others answer their part of the requests"
            } else {
                "each is estimated as if it alone answered, though the others answer their part of the requests"
            };
            result.notes.push(format!("A Service has the Pods of several of these Deployments: {counted}."));
        }
        let found = findings.diagnostics.len();
        if found > 0 {
            result.notes.push(format!(
                "Of the files there are {found} warnings and notes, which `hasim check FILE` tells; `hasim estimate FILE` shows of \
                 one Deployment how much hangs on each assumption."
            ));
        }
        Ok(Answer { result, is_partial: !left_out.is_empty() })
    }

    /// All of them, each told from the others; what is wrong with one is told, and ends it.
    pub(in crate::cli) fn entries(&self, piped: &str) -> Result<Vec<Entry>, Exit> {
        let mut entries = Vec::new();
        let all = self.meant(piped)?;
        let files: Vec<PathBuf> = all.iter().map(|one| one.file.clone()).collect();
        let (all, left_out) = Self::with_pods(all);
        if let Some(left_out) = left_out {
            note(format_args!("{left_out}"));
        }
        for one in all {
            let mut entry = self.entry(&one)?.ok_or(Exit::BadInput)?;
            entry.is_alone = files.iter().filter(|file| **file == one.file).count() == 1;
            entries.push(entry);
        }
        tell_apart(&mut entries);
        Ok(entries)
    }

    /// One of them, if it can be played; what is wrong with it is told.
    fn entry(&self, meant: &Meant) -> Result<Option<Entry>, Exit> {
        if meant.is_told {
            return Ok(None);
        }
        let path = meant.file.as_path();
        let mut member = Map::from_iter([("file".to_owned(), json!(named(path)?))]);
        if let Some(DeploymentName { name, namespace, .. }) = &meant.name {
            member.extend([("name".to_owned(), json!(name)), ("namespace".to_owned(), json!(namespace))]);
        }
        let fields = Map::from_iter([("deployment".to_owned(), Value::Object(member.clone()))]);
        let manifests = [("MANIFEST", path)];
        let alone = Unwritten::new("estimate", &manifests, fields);
        let study = match self.around.study(&alone, self.playing.overrides(REPLICATIONS), true) {
            Ok(loaded) => loaded.study,
            Err(Exit::BadInput) => return Ok(None),
            Err(exit) => return Err(exit),
        };
        let mut around = self.around.clone();
        let (mut app, mut sign) = (None, None);
        if around.app.is_none() {
            let guess = guess_app(&study.header.inputs["deployment"][0]);
            let guessed = guess.as_ref().map_or(Kind::App.default().name, |guess| guess.app);
            sign = guess.map(|guess| guess.sign);
            app = Some(guessed);
            around.app = Some(guessed.to_owned());
            member.insert("app".to_owned(), json!(reference(Kind::App, guessed)));
        }
        let workload = study.scenarios[0].model.workload();
        let file = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (name, namespace) = (workload.name.clone(), workload.namespace.clone());
        let killed = self.killed_starts(&around.findings(&alone).diagnostics);
        let replicas = workload.replicas;
        let path = path.to_owned();
        Ok(Some(Entry {
            label: name.clone(),
            name,
            path,
            is_alone: false,
            replicas,
            sign,
            file,
            namespace,
            member,
            app,
            killed,
        }))
    }

    /// The experiment of all of them.
    fn fields_of(&self, entries: &[Entry]) -> Map<String, Value> {
        let members: Vec<Value> = entries.iter().map(|entry| Value::Object(entry.member.clone())).collect();
        let patch = self.patch();
        let mut fields = self.common_fields();
        let candidates: Vec<Value> = if self.together {
            fields.insert("deployments".to_owned(), members.into());
            (!patch.is_empty()).then(|| json!({"name": SYSTEM, "patch": patch})).into_iter().collect()
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

    /// What the experiment is called and, of several together, its only scenario.
    fn name(&self) -> &'static str {
        if self.together { SYSTEM } else { "estimate" }
    }

    /// What is to be known of how several are played.
    fn told_of_all(&self, study: &Study) -> Option<String> {
        let is_shared = |fault: &&Fault| matches!(fault.strikes, Strikes::Deployment(_)) && fault.containers.is_empty();
        let shared: Vec<&str> =
            study.scenarios[0].model.faults.iter().filter(is_shared).map(|fault| fault.name.as_str()).collect();
        (self.together && !shared.is_empty()).then(|| {
            format!(
                "Each Deployment has a shared dependency of its own ({}): they do not fail together in it, unless a file of \
                 --faults names them in the `deployments` of a fault.",
                shared.join(", ")
            )
        })
    }

    fn common_fields(&self) -> Map<String, Value> {
        let objective = self.slo.as_ref().and_then(Promised::objective);
        objective.map(|objective| ("objective".to_owned(), objective)).into_iter().collect()
    }
}

/// What several Deployments together are called.
const SYSTEM: &str = "system";

impl Meant {
    /// It and its file, for messages.
    fn in_words(&self) -> String {
        let file = self.file.display();
        self.name.as_ref().map_or_else(|| file.to_string(), |one| format!("{}/{} of {file}", one.namespace, one.name))
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
pub(super) fn assumed(entries: &[Entry], around: &Surroundings) -> Vec<String> {
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
    for (what, flag) in around.assumed_changes() {
        notes.push(format!("Assumed ({flag}): {what}."));
    }
    if around.plays_the_library() {
        let what = "How often what breaks, and who is on call, is assumed (--faults): the bundled library cloud.";
        notes.push(what.to_owned());
    }
    notes
}
