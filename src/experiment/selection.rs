//! `select`: the best scenario, or the cheapest that meets the objective.

use serde::{Deserialize, Serialize};

use super::played::Outline;
use super::result::{Estimate, ScenarioResult, contenders};
use crate::model::{Model, YEAR};
use crate::stats::{Contest, Race, Standing, twelve_digits};
use crate::study::{Selection, Stopping, Wanted};

/// Replications of every scenario before the first is let go.
pub(super) const FIRST_LOOK: u64 = 64;

/// What a search for the best scenario has come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelectionResult {
    /// What was looked for.
    pub goal: Wanted,
    /// Differences that do not matter, in seconds a year of downtime or of failed requests, as the objective's metric is.
    pub indifference_s_per_year: f64,
    /// Whether the search came to its end: then with the confidence of the experiment no other scenario is better by
    /// more than the indifference zone.
    pub decided: bool,
    /// The one that was chosen, by name; the best so far if nothing is decided, `null` if none meets the objective.
    pub chosen: Option<String>,
    /// How each scenario stands, in their order.
    pub standings: Vec<ScenarioStanding>,
}

/// How a scenario stands in a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioStanding {
    /// The scenario.
    pub scenario: String,
    /// How it stands.
    pub standing: Standing,
}

/// The search at its start, if the experiment asks for one.
pub(super) fn race(outline: &Outline) -> Option<Race> {
    let Stopping::Selection(Selection { goal, indifference_secs, .. }) = outline.header.stopping else { return None };
    let horizon = outline.horizon().as_secs_f64();
    let zone = indifference_secs * 1e6 * horizon / YEAR.as_secs_f64();
    let contest = match goal {
        Wanted::Best => Contest::Least,
        Wanted::Cheapest => Contest::Cheapest {
            limit: (1.0 - outline.header.objective.slo.unwrap_or(0.0)) * 1e6 * horizon,
            costs: outline.scenarios.iter().map(|scenario| scenario.cost_per_year.unwrap_or(0.0)).collect(),
        },
    };
    let mut race = Race::new(outline.scenarios.len(), contest, outline.header.confidence, zone);
    let contenders = contenders(outline.scenarios.iter().map(|scenario| scenario.unplaceable));
    (0..outline.scenarios.len()).filter(|number| !contenders.contains(number)).for_each(|number| race.bar(number));
    Some(race)
}

/// The replications at which the search looks again.
pub(super) fn next_look(replications: u64, batch: u64) -> u64 {
    replications + (replications / 4).div_ceil(batch) * batch
}

/// What the search has come to.
pub(super) fn result(outline: &Outline, race: &Race, scenarios: &[ScenarioResult]) -> Option<SelectionResult> {
    let Stopping::Selection(selection) = outline.header.stopping else { return None };
    let name = |i: usize| outline.scenarios[i].name.clone();
    let standings = race.standings().iter().enumerate();
    Some(SelectionResult {
        goal: selection.goal,
        indifference_s_per_year: twelve_digits(selection.indifference_secs),
        decided: race.is_decided(),
        chosen: preferred(race.winners(), outline, scenarios).map(name),
        standings: standings.map(|(i, &standing)| ScenarioStanding { scenario: name(i), standing }).collect(),
    })
}

/// Of equally good and equally cheap scenarios one with the fewest Pods; of several the first of those with the fewest
/// needless reactions, as far as they are told apart.
fn preferred(winners: Vec<usize>, outline: &Outline, scenarios: &[ScenarioResult]) -> Option<usize> {
    let fewest_pods = winners.iter().map(|&i| outline.scenarios[i].replicas).min()?;
    let result_of = |i: usize| scenarios.iter().find(|scenario| scenario.name == outline.scenarios[i].name);
    let few = winners.into_iter().filter(|&i| outline.scenarios[i].replicas == fewest_pods);
    let few: Vec<(usize, Estimate)> = few.filter_map(|i| Some((i, result_of(i)?.needless_reactions()))).collect();
    let fewest = few.iter().map(|(_, needless)| needless).min_by(|a, b| a.mean.total_cmp(&b.mean))?;
    few.iter().find(|(_, needless)| needless.low <= fewest.high).map(|(i, _)| *i)
}

/// What a year of the system costs that the model asks for: its Nodes, and its Pods as reserved. `None` without prices.
pub(super) fn cost_per_year(model: &Model) -> Option<f64> {
    let prices = model.cluster.prices.as_ref()?;
    let pods = f64::from(model.deployment.replicas);
    Some(twelve_digits(node_hours_per_year(model) * prices.node_hour + pods * HOURS * prices.pod_hour))
}

/// Hours of all Nodes in a year, dead ones included.
pub(super) fn node_hours_per_year(model: &Model) -> f64 {
    model.cluster.nodes.len() as f64 * HOURS
}

/// Of a year.
const HOURS: f64 = 8_760.0;
