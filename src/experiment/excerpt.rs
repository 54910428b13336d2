//! A part of a large answer: histograms of the scenarios that reports draw, and an answer with only these.
//!
//! The histograms of ten thousand scenarios are some gigabytes that nobody looks at. Above [`MOST_WITH_HISTOGRAMS`] scenarios
//! an answer begins without them, and the program that ends a run adds those that its reports draw.

use super::answer;
use super::played::Played;
use super::result::{Distribution, ExperimentResult, ScenarioResult};

/// With more scenarios than these only some have histograms.
pub const MOST_WITH_HISTOGRAMS: usize = 500;

impl ScenarioResult {
    /// Without its histograms, which are its largest part by far.
    pub(super) fn without_histograms(mut self) -> Self {
        let forget = |distribution: &mut Distribution| distribution.histogram = Vec::new();
        forget(&mut self.time_to_recovery_s);
        self.first_available_s.iter_mut().for_each(forget);
        self.pod_recovery_s.0.iter_mut().for_each(|(_, recovery)| forget(&mut recovery.lengths));
        self.detection_s.0.iter_mut().for_each(|(_, detection)| forget(&mut detection.times));
        if let Some(windows) = &mut self.windows {
            windows.downtime_s.histogram = Vec::new();
            windows.failed_request_s.histogram = Vec::new();
        }
        self
    }
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
            version: self.version.clone(),
            seed: self.seed,
            horizon_s: self.horizon_s,
            warm_up_s: self.warm_up_s,
            confidence: self.confidence,
            objective: self.objective,
            varied: self.varied.clone(),
            baseline: self.baseline.clone(),
            interrupted: self.interrupted,
            targets: self.targets.iter().filter(|target| is_there(&target.scenario)).cloned().collect(),
            comparison: self.comparison.clone(),
            selection: self.selection.clone(),
            currency: self.currency.clone(),
            sensitivity: self.sensitivity.clone(),
            replays: self.replays.clone(),
            assumptions: self.assumptions.clone(),
            notes: self.notes.clone(),
            faults: self.faults.clone(),
            inputs: self.inputs.clone(),
            scenarios,
        }
    }
}

impl Played {
    /// Gives these scenarios of the answer their histograms, and notes that the others have none.
    pub fn add_histograms(&self, result: &mut ExperimentResult, which: &[usize]) {
        let baseline = self.outline.header.baseline;
        // Scenarios of the answer are those that were played, in their order.
        let numbers: Vec<usize> = (0..self.tallies.len()).filter(|&number| self.tallies[number].has_any()).collect();
        for &index in which {
            let number = numbers[index];
            let other = baseline.filter(|&baseline| baseline != number);
            let other = other.map(|other| (&self.outline.scenarios[other], &self.tallies[other].summary));
            let contents = &self.outline.scenarios[number];
            result.scenarios[index] = answer::scenario(&self.outline, contents, &self.tallies[number], other);
        }
        result.notes.push(format!(
            "Of {} scenarios, {} have their histograms in results.json: the baseline, the recommended one, those that none beats in \
             cost and loss, and those that lose least.",
            result.scenarios.len(),
            which.len()
        ));
    }
}
