//! `select`: the best scenario, or the cheapest that meets the objective.

use super::facts::StudyFacts;
use crate::results::{Estimate, ScenarioResult, ScenarioStanding, SelectionResult};
use crate::stats::{Race, twelve_digits};
use crate::study::Stopping;

/// What the search has come to.
pub fn result(study: &StudyFacts, race: &Race, scenarios: &[ScenarioResult]) -> Option<SelectionResult> {
    let Stopping::Selection(selection) = study.header.stopping else { return None };
    let name = |i: usize| study.scenarios[i].name.clone();
    let standings = race.standings().iter().enumerate();
    Some(SelectionResult {
        goal: selection.goal,
        indifference_s_per_year: twelve_digits(selection.indifference_secs),
        decided: race.is_decided(),
        chosen: preferred(race.winners(), study, scenarios).map(name),
        standings: standings.map(|(i, &standing)| ScenarioStanding { scenario: name(i), standing }).collect(),
    })
}

/// Of equally good and equally cheap scenarios one with the fewest Pods; of several the first of those with the fewest
/// needless reactions, as far as they are told apart.
fn preferred(winners: Vec<usize>, study: &StudyFacts, scenarios: &[ScenarioResult]) -> Option<usize> {
    let fewest_pods = winners.iter().map(|&i| study.scenarios[i].replicas).min()?;
    let result_of = |i: usize| scenarios.iter().find(|scenario| scenario.name == study.scenarios[i].name);
    let few = winners.into_iter().filter(|&i| study.scenarios[i].replicas == fewest_pods);
    let few: Vec<(usize, Estimate)> = few.filter_map(|i| Some((i, result_of(i)?.needless_reactions()))).collect();
    let fewest = few.iter().map(|(_, needless)| needless).min_by(|a, b| a.mean.total_cmp(&b.mean))?;
    few.iter().find(|(_, needless)| needless.low <= fewest.high).map(|(i, _)| *i)
}
