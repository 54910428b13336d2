//! The answer of an experiment: what `results.json` holds, and all that a report is made from.
//!
//! Nothing in it differs between equal runs: no clock, no duration, no thread
//! count, no path. Floats are rounded to 12 digits when the result is made.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::assumption::Assumption;
use super::comparison::Comparison;
use super::fault::FaultInfo;
use super::load::LoadReplay;
use super::replay::Replay;
use super::rollout::RolloutReplay;
use super::scenario::ScenarioResult;
use super::selection::SelectionResult;
use super::sensitivity::Sensitivity;
use super::target::Target;
use crate::study::Objective;

/// With more scenarios than these only some have histograms: those of ten thousand scenarios are some gigabytes that nobody
/// looks at. An answer begins without them, and the program that ends a run adds those that its reports draw.
pub const MOST_WITH_HISTOGRAMS: usize = 500;

/// The answer of one experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExperimentResult {
    /// `hasim/v1`.
    #[serde(rename = "apiVersion")]
    pub api_version: String,
    /// `Results`.
    pub kind: String,
    /// Name of the experiment.
    pub experiment: String,
    /// What it asks, in words; left out where the experiment does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Version of hasim.
    pub version: String,
    /// Seed.
    pub seed: u64,
    /// Counted time of each replication, in seconds.
    pub horizon_s: f64,
    /// Time played before counting, in seconds.
    pub warm_up_s: f64,
    /// Confidence level of every interval, for example 0.95.
    pub confidence: f64,
    /// What the service must achieve.
    pub objective: Objective,
    /// The keys of `vary`, in the order of the file.
    pub varied: Vec<String>,
    /// The scenario that others are compared with, by name.
    pub baseline: Option<String>,
    /// The run was stopped from outside: the numbers are those of the replications played until then. Left out if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// The scenarios are Deployments that were each played alone on the same cluster under the same shocks, worst first: none
    /// is an alternative to another, as `hasim estimate` plays several. Left out if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub each_alone: bool,
    /// Every target of every scenario.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// What a comparison of two manifests came to; left out where it is none. Filled in by `hasim compare`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// What a search for the best scenario came to; left out where none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<SelectionResult>,
    /// The currency of `cost_per_year`, if the Cluster names one.
    #[serde(default)]
    pub currency: Option<String>,
    /// Where the experiment asks what matters: every parameter, in the order of the files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitivity: Vec<Sensitivity>,
    /// One entry per scenario, in the order of the grid.
    pub scenarios: Vec<ScenarioResult>,
    /// Outages that were played once more to be shown; filled in by the program that ends a run, as it takes the models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replays: Vec<Replay>,
    /// Rollouts that were played once more to be shown; left out where there is no operation. Filled in like the replays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollouts: Vec<RolloutReplay>,
    /// Surges or days in which an autoscaler followed the load, played once more to be shown; left out where none is played. Filled in
    /// like the replays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub surges: Vec<LoadReplay>,
    /// What `hasim estimate` assumed, that on which most hangs first; filled in by that command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumptions: Vec<Assumption>,
    /// What is in the inputs and not in the model, and what was assumed; each a sentence.
    pub notes: Vec<String>,
    /// The faults of the baseline (or first) scenario, for the legend of the reports.
    pub faults: Vec<FaultInfo>,
    /// The resolved inputs: enough to repeat the run.
    pub inputs: Value,
}

impl ExperimentResult {
    /// Whether some scenario says how many requests come and how many a Pod answers.
    pub fn has_capacity(&self) -> bool {
        self.scenarios.iter().filter_map(|scenario| scenario.load.as_ref()).any(|load| load.capacity_of_pod.is_some())
    }

    /// The scenarios of which one may be the best, by their order: all whose replicas have a place or, where there is none
    /// such, all. Of these, those whose operations are completed: one that is blocked costs little, and is to be done all the same.
    pub fn contenders(&self) -> Vec<usize> {
        let placed = contenders(self.scenarios.iter().map(|scenario| scenario.unplaceable));
        let free = contenders(placed.iter().map(|&i| self.scenarios[i].blocks_operations()));
        free.into_iter().map(|place| placed[place]).collect()
    }

    /// Of each scenario whether one of its operations is hardly ever completed, while those of others are: what it loses is no merit.
    pub fn blocked(&self) -> Vec<bool> {
        let mut blocked: Vec<bool> = self.scenarios.iter().map(ScenarioResult::blocks_operations).collect();
        self.contenders().into_iter().for_each(|i| blocked[i] = false);
        blocked
    }

    /// Whether this cause is an operation, or what a bad revision of one brings.
    pub fn is_of_operation(&self, cause: &str) -> bool {
        self.faults.iter().any(|fault| fault.causes_of_operation().any(|name| name == cause))
    }
}

/// Which scenarios may be the best, by whether each is barred: all if all are.
pub fn contenders(barred: impl Iterator<Item = bool> + Clone) -> Vec<usize> {
    let all_are = barred.clone().all(|barred| barred);
    barred.enumerate().filter(|(_, barred)| all_are || !barred).map(|(number, _)| number).collect()
}

impl ExperimentResult {
    /// Whether it has too many scenarios for all their histograms.
    pub fn lacks_histograms(&self) -> bool {
        self.scenarios.len() > MOST_WITH_HISTOGRAMS
    }

    /// The answer with only these scenarios, in this order.
    #[must_use]
    pub fn only(&self, which: &[usize]) -> Self {
        let scenarios: Vec<ScenarioResult> = which.iter().map(|&index| self.scenarios[index].clone()).collect();
        let is_there = |name: &str| scenarios.iter().any(|scenario| scenario.name == name);
        Self {
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
            experiment: self.experiment.clone(),
            question: self.question.clone(),
            version: self.version.clone(),
            seed: self.seed,
            horizon_s: self.horizon_s,
            warm_up_s: self.warm_up_s,
            confidence: self.confidence,
            objective: self.objective.clone(),
            varied: self.varied.clone(),
            baseline: self.baseline.clone(),
            interrupted: self.interrupted,
            each_alone: self.each_alone,
            targets: self.targets.iter().filter(|target| is_there(&target.scenario)).cloned().collect(),
            comparison: self.comparison.clone(),
            selection: self.selection.clone(),
            currency: self.currency.clone(),
            sensitivity: self.sensitivity.clone(),
            replays: self.replays.clone(),
            rollouts: self.rollouts.clone(),
            surges: self.surges.clone(),
            assumptions: self.assumptions.clone(),
            notes: self.notes.clone(),
            faults: self.faults.clone(),
            inputs: self.inputs.clone(),
            scenarios,
        }
    }
}

impl ExperimentResult {
    /// The scenarios that are compared: as it is, and as it shall be. `None` without a comparison, or where nothing was
    /// played.
    pub fn compared(&self) -> Option<[&ScenarioResult; 2]> {
        let comparison = self.comparison.as_ref()?;
        let named = |name: &String| self.scenarios.iter().find(|scenario| scenario.name == *name);
        Some([named(&comparison.before)?, named(&comparison.after)?])
    }
}
