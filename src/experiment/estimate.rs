//! From sums to the answer: means, intervals, quantiles and attributions, all in seconds and per year.

mod cost;
mod distribution;
mod end;
mod facts;
mod load;
mod operations;
mod precision;
mod scale;
mod scenario;
mod selection;
mod sensitivity;
mod uncertainty;
mod unseen;
mod windows;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::tally::Tally;
use crate::results::{ExperimentResult, MOST_WITH_HISTOGRAMS, ScenarioResult, Target};
use crate::stats::{Race, twelve_digits};
use crate::study::{API_VERSION, RESULTS_KIND};
use end::note_on_the_end;

pub use end::End;
pub use facts::{ScenarioFacts, StudyFacts};
pub use precision::Reached;
pub use scenario::scenario;

/// The answer of a whole experiment.
pub fn experiment(study: &StudyFacts, tallies: &[Tally], race: Option<&Race>, end: &End) -> ExperimentResult {
    let interrupted = matches!(end, End::Interrupted);
    // A scenario that was not reached before an interruption has no numbers.
    let scenarios = study.scenarios.iter().zip(tallies).enumerate();
    // With `sensitivity`, only the base scenario has a result of its own; the others appear as pairs.
    let most = if study.header.sensitivity.is_empty() { usize::MAX } else { 1 };
    let is_large = tallies.len().min(most) > MOST_WITH_HISTOGRAMS;
    let played: Vec<_> = scenarios.take(most).filter(|(_, (_, tally))| tally.has_any()).collect();
    // The intervals of a large grid take their time.
    let scenarios: Vec<ScenarioResult> = played
        .into_par_iter()
        .map(|(number, (scenario, tally))| {
            let other = study.header.baseline.filter(|&baseline| baseline != number);
            let other = other.map(|baseline| (&study.scenarios[baseline], &tallies[baseline]));
            let answer = scenario::scenario(study, scenario, tally, other);
            if is_large { answer.without_histograms() } else { answer }
        })
        .collect();
    let targets = scenarios
        .iter()
        .flat_map(|s| study.header.goals.iter().map(|goal| Target::of(goal, &s.name, &s.estimates[goal.metric])))
        .collect();
    ExperimentResult {
        api_version: API_VERSION.to_owned(),
        kind: RESULTS_KIND.to_owned(),
        experiment: study.header.name.clone(),
        question: study.header.question.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: study.header.seed,
        horizon_s: twelve_digits(study.horizon().as_secs_f64()),
        warm_up_s: twelve_digits(study.warm_up().as_secs_f64()),
        confidence: twelve_digits(study.header.confidence),
        objective: study.header.objective.clone(),
        varied: study.header.varied.clone(),
        baseline: study.header.baseline.map(|baseline| study.scenarios[baseline].name.clone()),
        interrupted,
        each_alone: study.header.each_alone,
        targets,
        comparison: None,
        selection: race.and_then(|race| selection::result(study, race, &scenarios)),
        currency: study.currency.clone(),
        sensitivity: sensitivity::results(study, tallies),
        scenarios,
        replays: Vec::new(),
        rollouts: Vec::new(),
        surges: Vec::new(),
        assumptions: Vec::new(),
        notes: study.header.notes.iter().cloned().chain(note_on_the_end(study, tallies, end)).collect(),
        faults: study.faults.clone(),
        inputs: study.header.inputs.clone(),
    }
}
