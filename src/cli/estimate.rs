//! `hasim estimate MANIFEST`: the answer for a manifest in a few seconds, without an experiment file, and which guesses it
//! hangs on.

mod guesses;
mod many;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::bundled::{Playing, Surroundings, Unwritten};
use super::promised::Promised;
use super::{Exit, bundled};
use crate::results::{About, Assumption, ExperimentResult, Guess};
use crate::spec::{AppGuess, Diagnostic, guess_app};
use crate::study::{Metric, REPLICATIONS_PER_DRAW, Scenario, Stopping, Study};
use guesses::Alternative;
pub(super) use many::Entry;
use many::{Answer, Meant};

/// Replications of a year, if no number is asked for.
const REPLICATIONS: u64 = 1_000;
/// The least with which it is found out how much hangs on a guess, if the answer has so many.
const FEWEST: u64 = 256;

/// A manifest and what stands around it.
#[derive(Debug)]
pub(super) struct Estimate {
    /// At least one.
    pub manifests: Vec<PathBuf>,
    pub deployment: Option<String>,
    pub namespace: Option<String>,
    pub around: Surroundings,
    pub zones: Option<u32>,
    pub nodes_per_zone: Option<u32>,
    /// The SLO.
    pub slo: Option<Promised>,
    /// Several compete for the Nodes.
    pub together: bool,
    pub replications: Option<u64>,
    pub playing: Playing,
}

impl Estimate {
    /// All Deployments of some manifests, with the bundled models around them.
    pub fn of_all(manifests: Vec<PathBuf>) -> Self {
        Self {
            manifests,
            deployment: None,
            namespace: None,
            around: Surroundings::default(),
            zones: None,
            nodes_per_zone: None,
            slo: None,
            together: false,
            replications: None,
            playing: Playing::usual(),
        }
    }

    pub fn execute(mut self) -> Exit {
        match self.meant("estimate -").and_then(|meant| self.answer_of(meant)) {
            Ok(Answer { result, is_partial }) => match self.playing.deliver(&result) {
                Exit::Done if is_partial => Exit::BadInput,
                exit => exit,
            },
            Err(exit) => exit,
        }
    }

    /// The answer for the Deployments that are meant.
    fn answer_of(&mut self, meant: Vec<Meant>) -> Result<Answer, Exit> {
        let (meant, left_out) = Self::with_pods(meant);
        let mut answer = self.answer_with_pods(meant)?;
        answer.result.notes.extend(left_out);
        Ok(answer)
    }

    fn answer_with_pods(&mut self, mut meant: Vec<Meant>) -> Result<Answer, Exit> {
        if meant.len() > 1 {
            return self.answer_many(meant);
        }
        let only = meant.swap_remove(0);
        if only.is_told {
            return Err(Exit::BadInput);
        }
        self.narrow(only);
        self.answer().map(|result| Answer { result, is_partial: false })
    }

    /// Asks about this one only.
    fn narrow(&mut self, meant: Meant) {
        self.manifests = vec![meant.file];
        if let Some(one) = meant.name {
            (self.deployment, self.namespace) = (Some(one.name), Some(one.namespace));
        }
    }

    /// The manifest, where there is one.
    fn manifest(&self) -> &Path {
        &self.manifests[0]
    }

    fn answer(&self) -> Result<ExperimentResult, Exit> {
        let manifests = [("MANIFEST", self.manifest())];
        let mut question = Unwritten::new("estimate", &manifests, self.fields()?).with_slo("--slo", self.slo.as_ref());
        let (around, guessed) = self.with_guessed_app(&question)?;
        let study = self.study(&question, &around)?;
        let found = around.findings(&question).diagnostics;
        let killed = self.killed_starts(&found);
        let alternatives = self.alternatives(&mut question, &around, &study, guessed.as_ref())?;
        let mut result = self.play(&study, alternatives)?;
        let pages = result.scenarios.first().map(|one| one.estimates[Metric::Pages]);
        let is_paged = pages.is_some_and(|pages| !pages.bound && pages.mean > 0.0);
        result.notes.extend(unmended_hangs(&found).filter(|_| is_paged).into_iter().chain(killed));
        Ok(result)
    }

    /// What is assumed of the only Deployment, without playing anything.
    pub fn guesses(&self) -> Result<Vec<Guess>, Exit> {
        let manifests = [("MANIFEST", self.manifest())];
        let mut question = Unwritten::new("estimate", &manifests, self.fields()?).with_slo("--slo", self.slo.as_ref());
        let (around, guessed) = self.with_guessed_app(&question)?;
        let study = self.study(&question, &around)?;
        let alternatives = self.alternatives(&mut question, &around, &study, guessed.as_ref())?;
        Ok(alternatives.into_iter().map(|(alternative, _)| alternative.guess).collect())
    }

    /// What is assumed of several, in sentences.
    pub fn assumed_of(&self, entries: &[Entry]) -> Vec<String> {
        many::assumed(entries, &self.around)
    }

    /// What stands around the manifest, with the application that it shows a sign of where none is stated.
    fn with_guessed_app(&self, question: &Unwritten<'_>) -> Result<(Surroundings, Option<AppGuess>), Exit> {
        let mut around = self.around.clone();
        let guessed = if around.app.is_none() { self.guess_app(question)? } else { None };
        around.app = around.app.or(guessed.as_ref().map(|guess| guess.app.to_owned()));
        Ok((around, guessed))
    }

    /// How many starts of the application, guessed or stated, a probe kills, if it is worth a word.
    fn killed_starts(&self, found: &[Diagnostic]) -> Option<String> {
        let killed = found.iter().find(|one| one.advice.is_some_and(|advice| advice.id == "starts-killed"))?;
        let probe = killed.path.rsplit('.').next().unwrap_or(&killed.path);
        let whose = if self.around.app.is_none() { " (how it starts is assumed: state it with --app)" } else { "" };
        let help = killed.help.as_ref().map_or(String::new(), |help| format!(": {help}"));
        Some(format!("{probe} {}{whose}{help}.", killed.message))
    }

    /// What the flags say, as an experiment would.
    fn fields(&self) -> Result<Map<String, Value>, Exit> {
        let deployment = bundled::deployment(self.manifest(), self.deployment.as_deref(), self.namespace.as_deref())?;
        let mut fields = Map::from_iter([("deployment".to_owned(), deployment)]);
        let patch = self.patch();
        if !patch.is_empty() {
            fields.insert("candidates".to_owned(), json!([{"name": "estimate", "patch": patch}]));
        }
        if let Some(objective) = self.slo.as_ref().and_then(Promised::objective) {
            fields.insert("objective".to_owned(), objective);
        }
        Ok(fields)
    }

    /// What the flags change in the cluster.
    fn patch(&self) -> Map<String, Value> {
        let changes = [("cluster.zones", self.zones), ("cluster.nodesPerZone", self.nodes_per_zone)];
        changes.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into()))).collect()
    }

    /// The bundled application that the manifest shows a sign of.
    fn guess_app(&self, question: &Unwritten<'_>) -> Result<Option<AppGuess>, Exit> {
        let study = self.around.study(question, self.playing.overrides(REPLICATIONS), true)?.study;
        Ok(guess_app(&study.header.inputs["deployment"][0]))
    }

    /// The study whose only scenario is the Deployment.
    fn study(&self, question: &Unwritten<'_>, around: &Surroundings) -> Result<Study, Exit> {
        let mut study = around.study_of(question, &self.playing, self.replications, REPLICATIONS)?.study;
        // The reader asked for a Deployment, not for an experiment.
        let scenario = &mut study.scenarios[0];
        scenario.name.clone_from(&scenario.model.workload().name);
        scenario.parameters.clear();
        study.header.varied.clear();
        Ok(study)
    }

    /// What was assumed, and for each guess the scenario that has something else in its place.
    fn alternatives(
        &self,
        question: &mut Unwritten<'_>,
        around: &Surroundings,
        study: &Study,
        guessed: Option<&AppGuess>,
    ) -> Result<Vec<(Alternative, Scenario)>, Exit> {
        let model = &study.scenarios[0].model;
        let assumed = self.assumed_faults(question, study)?;
        let names: Vec<String> = assumed.iter().filter_map(|one| one["name"].as_str().map(str::to_owned)).collect();
        let mut alternatives = guesses::of_faults(model, &names);
        if assumed.iter().any(|one| one.get("onCall").is_some()) {
            alternatives.extend(model.on_call.as_ref().map(guesses::of_on_call));
        }
        if self.around.app.is_none() {
            alternatives.push(guesses::of_app(model, guessed));
        }
        if self.around.deploys.is_none() {
            alternatives.push(guesses::of_releases());
        }
        if self.around.node_image_every.is_none() {
            alternatives.push(guesses::of_node_images());
        }
        if self.around.cluster.is_none() {
            alternatives.push(guesses::of_cluster(model, !self.patch().is_empty()));
        }
        if alternatives.is_empty() {
            return Ok(Vec::new());
        }
        let candidates: Vec<Value> =
            alternatives.iter().enumerate().map(|(number, one)| one.candidate(number, self.patch())).collect();
        question.set("candidates", candidates.into());
        let others = around.study(question, self.playing.overrides(REPLICATIONS), true)?.study;
        Ok(alternatives.into_iter().zip(others.scenarios).collect())
    }

    /// The faults that are those of the bundled library, as no file overrides them, and so who is on call.
    fn assumed_faults(&self, question: &Unwritten<'_>, study: &Study) -> Result<Vec<Value>, Exit> {
        if !self.around.plays_the_library() {
            return Ok(Vec::new());
        }
        let around = Surroundings { faults: Vec::new(), ..self.around.clone() };
        let bundled = around.study(question, self.playing.overrides(REPLICATIONS), true)?.study;
        let documents = |study: &Study| study.header.inputs["faults"].as_array().cloned().unwrap_or_default();
        let bundled = documents(&bundled);
        Ok(documents(study).into_iter().filter(|one| bundled.contains(one)).collect())
    }

    /// The answer, and how much of it hangs on each guess.
    fn play(&self, study: &Study, alternatives: Vec<(Alternative, Scenario)>) -> Result<ExperimentResult, Exit> {
        // What all replicas share decides most answers, so the answer without it is as precise as the answer itself.
        let (shared, others): (Vec<_>, Vec<_>) =
            alternatives.into_iter().partition(|(one, _)| one.guess.about == About::SharedDependency);
        let (mut result, mut assumptions) = self.play_beside(study, shared)?;
        if !others.is_empty() {
            let fewer = study.with_stopping(Stopping::Replications(fewer_than(study.header.stopping)));
            assumptions.extend(self.play_beside(&fewer, others)?.1);
        }
        // Where nobody was paged, nothing hangs on who would have come.
        let was_paged = result.scenarios[0].estimates[Metric::Pages].mean > 0.0;
        assumptions.retain(|one| one.guess.about != About::OnCall || was_paged);
        Assumption::sort(&mut assumptions);
        result.assumptions = assumptions;
        crate::app::add_replays(&mut result, study);
        Ok(result)
    }

    /// The answer of a study with one scenario, and what others come to under the same faults.
    fn play_beside(
        &self,
        study: &Study,
        others: Vec<(Alternative, Scenario)>,
    ) -> Result<(ExperimentResult, Vec<Assumption>), Exit> {
        let mut all = study.clone();
        all.header.baseline = (!others.is_empty()).then_some(0);
        let (alternatives, scenarios): (Vec<_>, Vec<_>) = others.into_iter().unzip();
        all.scenarios.extend(scenarios);
        let mut result = self.playing.play_without_outages(&all)?;
        result.baseline = None;
        let others = result.scenarios.split_off(1);
        let guesses = alternatives.into_iter().map(|one| one.guess);
        let assumptions = guesses.zip(&others).filter_map(|(guess, scenario)| Assumption::of(guess, scenario));
        Ok((result, assumptions.collect()))
    }
}

/// Enough replications to see how much hangs on a guess: a quarter of those of the answer.
fn fewer_than(stopping: Stopping) -> u64 {
    let Stopping::Replications(all) = stopping else { return REPLICATIONS };
    (all / 4).next_multiple_of(REPLICATIONS_PER_DRAW).max(FEWEST).min(all)
}

/// What mends a container that hangs where its probes do not: the lever that the answer is about.
fn unmended_hangs(found: &[Diagnostic]) -> Option<String> {
    let unmended = found.iter().find(|one| one.advice.is_some_and(|advice| advice.id == "no-liveness-probe"))?;
    let help = unmended.help.as_ref()?;
    Some(format!(
        "Without a livenessProbe a container that hangs waits for somebody who is paged (phase decide): {help}."
    ))
}
