//! `hasim compare BEFORE AFTER`: what a change of a manifest does to availability, with an exit code for a pipeline.
//!
//! Both manifests are scenarios of one experiment that meet the same faults, so the difference is known far better than
//! either side. What the manifests do not say comes from bundled models, or from files that are named. A new manifest of
//! which no Pod would ever be Ready is told before any year is played.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::bundled::{Playing, Surroundings, Unwritten};
use super::intake::{expect_manifest, plain, word};
use super::library::{Bundled, Kind};
use super::promised::Promised;
use super::{Exit, bundled, complain};
use crate::app;
use crate::experiment;
use crate::report::{Indifference, format};
use crate::results::comparison::{against_limit, without_limit, worst};
use crate::results::{Comparison, Estimate, ExperimentResult, ManifestFinding, Target, Verdict};
use crate::shell;
use crate::spec::{AppGuess, Diagnostic, Loaded, Report, Severity, guess_app};
use crate::study::{Bound, Goal, Metric, REPLICATIONS_PER_DRAW, Stopping, Study};

/// Replications of a year, if no number is asked for.
const REPLICATIONS: u64 = 2_000;
const BEFORE: &str = "before";
const AFTER: &str = "after";
/// Replications by which it is seen how much there is to play.
const FIRST_LOOK: u64 = 16;
/// Restarts of containers in all replications together: beyond them fewer are played. In a crash loop a year has a hundred
/// thousand, each of which takes its time, and a loss of months is known after a few years.
const RESTARTS: f64 = 2e7;

/// Two manifests, and when the second is too bad.
#[derive(Debug)]
pub(super) struct Compare {
    pub before: PathBuf,
    pub after: PathBuf,
    /// Which of several Deployments; in both manifests the same.
    pub deployment: Option<String>,
    pub namespace: Option<String>,
    pub around: Surroundings,
    pub fail_below: Option<Promised>,
    /// Seconds a year.
    pub max_regression: Option<f64>,
    pub replications: Option<u64>,
    pub playing: Playing,
}

/// Says how a manifest that is named alone is compared: with what it was before.
pub(super) fn with_what(manifest: &Path) -> Exit {
    let name = plain(manifest);
    let (folder, file) =
        if name.is_absolute() { (name.parent(), name.file_name().map(Path::new)) } else { (None, Some(name)) };
    let git = folder.map_or("git".to_owned(), |folder| format!("git -C {}", word(folder)));
    // From the present folder, not from the top of the repository.
    let file = shell::quoted(&Path::new(".").join(file.unwrap_or(name)).display().to_string());
    complain(format_args!(
        "there is one manifest, must be two: as it is and as it shall be\nhelp: `{git} show HEAD:{file} | hasim compare - {}` compares it \
         with what was committed",
        word(name)
    ));
    Exit::WrongUse
}

impl Compare {
    pub fn execute(self) -> Exit {
        self.compare().unwrap_or_else(|exit| exit)
    }

    fn compare(&self) -> Result<Exit, Exit> {
        if self.before == Path::new("-") && self.after == Path::new("-") {
            complain("standard input can be one of the manifests, not both");
            return Err(Exit::WrongUse);
        }
        expect_manifest(&self.before, &format!("compare - {}", word(&self.after)))?;
        expect_manifest(&self.after, &format!("compare {} -", word(&self.before)))?;
        let manifests = [("BEFORE", self.before.as_path()), ("AFTER", self.after.as_path())];
        let mut experiment = Unwritten::new("comparison", &manifests, self.fields(&[None, None])?)
            .with_slo("--fail-below", self.fail_below.as_ref());
        let guesses = self.guess_apps(&experiment)?;
        for (key, value) in self.fields(&guesses)? {
            experiment.set(&key, value);
        }
        let loaded = self.around.study_of(&experiment, &self.playing, self.replications, REPLICATIONS)?;
        let Loaded { study, findings: found } = loaded;
        let findings = |manifest, guess: &Option<AppGuess>| self.findings(&experiment, manifest, guess.as_ref());
        let (before, after) = (findings(&self.before, &guesses[0])?, findings(&self.after, &guesses[1])?);
        let never_ready = self.never_ready(&found);
        // A system under two names differs by exactly nothing, which no number of replications shows.
        let [ours, theirs] = [0, 1].map(|number| (&study.scenarios[number].model, &study.scenarios[number].draws));
        let mut result = if never_ready.is_empty() { self.play(&study)? } else { experiment::unplayed(&study) };
        let mut comparison = Comparison {
            before: BEFORE.to_owned(),
            after: AFTER.to_owned(),
            verdict: Verdict::Pass,
            change: Verdict::Pass,
            max_regression_s_per_year: self.max_regression,
            same: ours == theirs,
            never_ready,
            new_findings: Vec::new(),
            changed_findings: Vec::new(),
            gone_findings: Vec::new(),
            kept_findings: Vec::new(),
        };
        // A check that ends with an error has not looked for the rest.
        if let (Some(before), Some(after)) = (before, after) {
            comparison.sort_findings(before, after);
        }
        comparison.change = self.change(&result, &comparison);
        let verdicts = result.targets.iter().map(|target| target.verdict).chain([comparison.change]);
        comparison.verdict = worst(verdicts);
        let exit = self.exit(&result, &comparison);
        result.comparison = Some(comparison);
        result.notes.extend(self.assumed(&guesses));
        if !result.scenarios.is_empty() {
            // In what restarts so often that it was played less, nothing but that matters.
            if !is_cut(&study, &result) {
                self.playing.add_removals(&mut result, &study)?;
            }
            // What outages look like takes a replication each.
            if self.playing.shows_outages() {
                app::add_replays(&mut result, &study);
            }
        }
        Ok(self.playing.deliver(&result).then(exit))
    }

    /// The bundled applications that the manifests show signs of, if none is stated.
    fn guess_apps(&self, experiment: &Unwritten<'_>) -> Result<[Option<AppGuess>; 2], Exit> {
        if self.around.app.is_some() {
            return Ok([None, None]);
        }
        let inputs = self.around.study(experiment, self.playing.overrides(REPLICATIONS), true)?.study.header.inputs;
        let manifests = [&inputs["deployment"][0], &inputs["candidates"][AFTER]["deployment"][0]];
        Ok(manifests.map(guess_app))
    }

    /// The `spec` of the experiment, but for what stands around the manifests.
    fn fields(&self, guesses: &[Option<AppGuess>; 2]) -> Result<Map<String, Value>, Exit> {
        let (before, after) = (self.chosen(&self.before)?, self.chosen(&self.after)?);
        let mut candidates = [json!({"name": BEFORE}), json!({"name": AFTER, "deployment": after})];
        if self.around.app.is_none() {
            for (candidate, guess) in candidates.iter_mut().zip(guesses) {
                candidate["app"] = json!(played(guess.as_ref()).reference);
            }
        }
        candidates.reverse();
        let mut fields = Map::new();
        fields.insert("deployment".to_owned(), before);
        fields.insert("candidates".to_owned(), json!(candidates));
        fields.insert("baseline".to_owned(), json!(BEFORE));
        if let Some(objective) = self.fail_below.as_ref().and_then(Promised::objective) {
            fields.insert("objective".to_owned(), objective);
        }
        Ok(fields)
    }

    /// The Deployment of a manifest that is compared.
    fn chosen(&self, manifest: &Path) -> Result<Value, Exit> {
        bundled::deployment(manifest, self.deployment.as_deref(), self.namespace.as_deref())
    }

    /// What was assumed, as the manifests do not say it.
    fn assumed(&self, guesses: &[Option<AppGuess>; 2]) -> Option<String> {
        let app = self.around.app.is_none().then(|| {
            let words = |guess: &Option<AppGuess>| {
                let sign = guess.as_ref().map_or(String::new(), |guess| format!(" (guessed from {})", guess.sign));
                format!("{}{sign}", played(guess.as_ref()).name)
            };
            let [before, after] = [&guesses[0], &guesses[1]].map(words);
            let both = if before == after { after } else { format!("{before} before, {after} after") };
            format!("the application {both}, --app")
        });
        let cluster =
            self.around.cluster.is_none().then(|| format!("the cluster {}, --cluster", Kind::Cluster.default().name));
        let faults = self
            .around
            .plays_the_library()
            .then(|| format!("the faults of the bundled {}, --faults", Kind::Faults.default().name));
        let changes = self.around.assumed_changes().into_iter().map(|(what, flag)| format!("{what}, {flag}"));
        let all: Vec<String> = [app, cluster, faults].into_iter().flatten().chain(changes).collect();
        (!all.is_empty()).then(|| {
            format!(
                "Assumed, with the flag that states it: {}. `hasim estimate` tells how much hangs on each.",
                all.join("; ")
            )
        })
    }

    /// What a check finds in one of the manifests with what stands around it; `None` if that is an error.
    fn findings(
        &self,
        experiment: &Unwritten<'_>,
        manifest: &Path,
        guess: Option<&AppGuess>,
    ) -> Result<Option<Vec<ManifestFinding>>, Exit> {
        let mut fields = Map::from_iter([("deployment".to_owned(), self.chosen(manifest)?)]);
        if self.around.app.is_none() {
            fields.insert("app".to_owned(), json!(played(guess).reference));
        }
        let found = self.around.findings(&experiment.with_fields(fields));
        let has_errors = found.diagnostics.iter().any(|one| one.severity == Severity::Error);
        Ok((!has_errors).then(|| found.diagnostics.iter().map(finding).collect()))
    }

    /// Why no Pod of the new manifest would ever be Ready, as far as the old one does not have the same reason.
    fn never_ready(&self, findings: &Report) -> Vec<String> {
        let of = |scenario: &str| -> Vec<&Diagnostic> {
            let is_its = |one: &&Diagnostic| one.never_ready && one.scenario.as_deref() == Some(scenario);
            findings.diagnostics.iter().filter(is_its).collect()
        };
        let before = of(BEFORE);
        let is_new =
            |one: &&Diagnostic| before.iter().all(|other| (&other.path, &other.message) != (&one.path, &one.message));
        let hangs_on_the_app = |one: &Diagnostic| one.path.ends_with("Probe") && self.around.app.is_none();
        let in_words = |one: &Diagnostic| {
            let assumed = if hangs_on_the_app(one) { " (how it starts is assumed: state it with --app)" } else { "" };
            format!("{} {}{assumed}", short(&one.path), one.message)
        };
        of(AFTER).into_iter().filter(is_new).map(in_words).collect()
    }

    /// As many replications as are asked for, or as few as a crash loop leaves time for.
    fn play(&self, study: &Study) -> Result<ExperimentResult, Exit> {
        let Stopping::Replications(wanted) = study.header.stopping else { return self.judged(study) };
        let first = study.with_stopping(Stopping::Replications(FIRST_LOOK.min(wanted)));
        let seen = self.judged(&first)?;
        let years = seen.horizon_s / YEAR_S;
        let restarts = seen.scenarios.iter().map(|scenario| scenario.estimates[Metric::Restarts].mean * years);
        let affordable = affordable(restarts.sum());
        if wanted <= FIRST_LOOK || affordable <= FIRST_LOOK {
            return Ok(noted(seen, wanted));
        }
        let played = study.with_stopping(Stopping::Replications(wanted.min(affordable)));
        self.judged(&played).map(|result| noted(result, wanted))
    }

    /// Plays a study, and judges the new manifest by the SLO.
    fn judged(&self, study: &Study) -> Result<ExperimentResult, Exit> {
        let mut result = self.playing.play_without_outages(study)?;
        let objective = &study.header.objective;
        let slo = objective.slo.unwrap_or(0.0);
        let goal = self.fail_below.as_ref().map(|_| Goal { metric: objective.metric, bound: Bound::AtLeast(slo) });
        let after = result.scenarios.iter().find(|scenario| scenario.name == AFTER);
        result.targets = goal
            .iter()
            .zip(after)
            .map(|(goal, after)| Target::of(goal, &after.name, &after.estimates[goal.metric]))
            .collect();
        Ok(result)
    }

    /// How the change stands to what it may be.
    fn change(&self, result: &ExperimentResult, comparison: &Comparison) -> Verdict {
        if !comparison.never_ready.is_empty() {
            return Verdict::Fail;
        }
        let after = result.scenarios.iter().find(|scenario| scenario.name == AFTER);
        let Some(difference) = after.and_then(|after| after.difference_to_baseline).filter(|_| !comparison.same) else {
            return Verdict::Pass;
        };
        if let Some(most) = self.max_regression {
            return against_limit(&difference.downtime_s_per_year, most);
        }
        let judged = |loss, difference: &Estimate| {
            // Where no pair differs there is nothing to fail by.
            if difference.bound {
                Verdict::Pass
            } else {
                without_limit(difference, Indifference::of_loss(result, loss).secs)
            }
        };
        worst([
            judged(Metric::Downtime, &difference.downtime_s_per_year),
            judged(Metric::FailedRequests, &difference.failed_request_s_per_year),
        ])
    }

    /// A stated limit must surely be kept; without one a change fails only where it surely is for the worse.
    fn exit(&self, result: &ExperimentResult, comparison: &Comparison) -> Exit {
        let is_missed = result.targets.iter().any(|target| target.verdict != Verdict::Pass);
        let fails = match comparison.change {
            Verdict::Pass => false,
            Verdict::Undecided => self.max_regression.is_some(),
            Verdict::Fail => true,
        };
        if is_missed || fails { Exit::TargetMissed } else { Exit::Done }
    }
}

const YEAR_S: f64 = 365.0 * 86_400.0;

/// As many replications as there is time for, with so many restarts in each: whole batches, if it is more than one.
fn affordable(restarts: f64) -> u64 {
    let most = (RESTARTS / restarts.max(1.0)) as u64;
    if most < REPLICATIONS_PER_DRAW { most } else { most - most % REPLICATIONS_PER_DRAW }
}

/// How many were played of the scenario that had most.
fn replications(result: &ExperimentResult) -> u64 {
    result.scenarios.iter().map(|scenario| scenario.replications).max().unwrap_or(0)
}

/// Whether fewer replications were played than were asked for.
fn is_cut(study: &Study, result: &ExperimentResult) -> bool {
    matches!(study.header.stopping, Stopping::Replications(wanted) if replications(result) < wanted)
}

/// Says that fewer replications were played than were asked for.
fn noted(mut result: ExperimentResult, wanted: u64) -> ExperimentResult {
    let played = replications(&result);
    if played < wanted {
        result.notes.push(format!(
            "{} of {} replications were played: containers restart so often that each of them is long.",
            format::whole(played),
            format::whole(wanted)
        ));
    }
    result
}

/// The bundled application that is played.
fn played(guess: Option<&AppGuess>) -> &'static Bundled {
    guess.and_then(|guess| Kind::App.find(guess.app)).unwrap_or(Kind::App.default())
}

/// What leads to the Pod of a Deployment is always the same, and long.
fn short(path: &str) -> &str {
    path.strip_prefix("spec.template.spec.").unwrap_or(path)
}

/// A finding without its place, which says nothing where the manifest is not at hand.
fn finding(diagnostic: &Diagnostic) -> ManifestFinding {
    ManifestFinding {
        severity: diagnostic.severity.to_string(),
        id: diagnostic.advice.map(|advice| advice.id.to_owned()),
        path: diagnostic.path.clone(),
        message: diagnostic.message.clone(),
        before: None,
        help: diagnostic.help.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_loop_is_played_less_often() {
        assert!(affordable(0.0) > 10_000_000, "no restart, no limit");
        assert!(affordable(500.0) >= 2_000, "what crashes now and then is played as asked");
        // Two Pods that loop every 300 s.
        assert_eq!(affordable(2.0 * 105_120.0), 64);
        assert_eq!(affordable(1e6), 20);
    }
}
