//! What availability costs: which scenarios nobody should take, as another costs no more and surely loses less.

use crate::experiment::{Estimate, ExperimentResult, ScenarioResult, Standing};
use crate::report::human;
use crate::study::Metric;

/// How a scenario stands to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// None costs less, or as little, and loses less, by the means.
    Front,
    /// Another does by the means, but the intervals do not tell.
    Perhaps,
    /// Another costs no more and surely loses less.
    Dominated,
}

/// What the objective is about: downtime or failed requests, in seconds a year.
pub fn lost<'a>(result: &ExperimentResult, scenario: &'a ScenarioResult) -> &'a Estimate {
    let fails = result.objective.metric == Metric::RequestSuccess;
    if fails { &scenario.estimates[Metric::FailedRequests] } else { &scenario.estimates[Metric::Downtime] }
}

/// The scenario that loses least in the objective's metric; of equals the first.
pub fn best(result: &ExperimentResult) -> Option<&ScenarioResult> {
    let value = |scenario: &ScenarioResult| {
        let lost = lost(result, scenario);
        if lost.bound { 0.0 } else { lost.mean }
    };
    result.scenarios.iter().min_by(|a, b| value(a).total_cmp(&value(b)))
}

/// The place of every scenario; `None` unless all have a cost and not all the same.
pub fn places(result: &ExperimentResult) -> Option<Vec<Place>> {
    let costs: Vec<f64> = result.scenarios.iter().map(|scenario| scenario.cost_per_year).collect::<Option<_>>()?;
    if costs.windows(2).all(|pair| pair[0] == pair[1]) {
        return None;
    }
    let lost: Vec<&Estimate> = result.scenarios.iter().map(|scenario| lost(result, scenario)).collect();
    let mean = |i: usize| if lost[i].bound { 0.0 } else { lost[i].mean };
    let place = |i: usize| {
        let cheaper = || (0..costs.len()).filter(move |&k| k != i).filter(|&k| costs[k] <= costs[i]);
        let surely = |k: usize| lost[k].high < lost[i].low;
        // Of two that are equal in both, the first stands for both.
        let by_mean = |k: usize| mean(k) < mean(i) || (mean(k) == mean(i) && (costs[k] < costs[i] || k < i));
        if cheaper().any(surely) {
            Place::Dominated
        } else if cheaper().any(by_mean) {
            Place::Perhaps
        } else {
            Place::Front
        }
    };
    Some((0..costs.len()).map(place).collect())
}

/// The cheapest scenario whose whole interval meets the objective; each interval holds for itself.
pub fn cheapest(result: &ExperimentResult) -> Option<&ScenarioResult> {
    let slo = result.objective.slo?;
    let meets = |scenario: &&ScenarioResult| scenario.estimates[result.objective.metric].low >= slo;
    let priced = result.scenarios.iter().filter(|scenario| scenario.cost_per_year.is_some());
    priced.filter(meets).min_by(|a, b| {
        let of = |scenario: &ScenarioResult| scenario.cost_per_year.unwrap_or(f64::INFINITY);
        let least = |scenario: &ScenarioResult| lost(result, scenario).mean;
        of(a).total_cmp(&of(b)).then(least(a).total_cmp(&least(b)))
    })
}

/// At most so many scenarios, in their order: the chosen one and the baseline, those of the front, then those that lose
/// least.
pub fn first(result: &ExperimentResult, most: usize) -> Vec<usize> {
    let places = places(result);
    let chosen = result.selection.as_ref().and_then(|selection| selection.chosen.as_ref());
    let is_named = |i: usize| {
        let name = Some(&result.scenarios[i].name);
        name == chosen || name == result.baseline.as_ref()
    };
    let mut all: Vec<usize> = (0..result.scenarios.len()).collect();
    if all.len() > most {
        let on_front = |i: usize| places.as_ref().is_some_and(|places| places[i] == Place::Front);
        let loss = |i: usize| lost(result, &result.scenarios[i]).mean;
        all.sort_by(|&a, &b| {
            (is_named(b), on_front(b)).cmp(&(is_named(a), on_front(a))).then(loss(a).total_cmp(&loss(b)))
        });
        all.truncate(most);
        all.sort_unstable();
    }
    all
}

/// So many scenarios are drawn row by row and line by line: nobody tells more of them apart.
pub const MOST_DRAWN: usize = 60;

/// The scenarios that are drawn; in a large answer only these have histograms.
pub fn drawn(result: &ExperimentResult) -> Vec<usize> {
    first(result, MOST_DRAWN)
}

/// An amount of money: `USD 1,230`.
pub fn money(result: &ExperimentResult, cost: f64) -> String {
    match &result.currency {
        Some(currency) => format!("{currency} {}", amount(cost)),
        None => amount(cost),
    }
}

/// An amount without its currency.
pub fn amount(cost: f64) -> String {
    if cost < 100.0 { human::significant(cost, 3) } else { human::whole(cost.round() as u64) }
}

/// How a scenario stands in the search for the best one, in a word; `None` where nothing was searched for.
pub fn standing(result: &ExperimentResult, scenario: &ScenarioResult) -> Option<&'static str> {
    let selection = result.selection.as_ref()?;
    if selection.chosen.as_deref() == Some(scenario.name.as_str()) {
        return Some(if selection.decided { "chosen" } else { "ahead" });
    }
    let standing = selection.standings.iter().find(|standing| standing.scenario == scenario.name)?;
    Some(match standing.standing {
        Standing::Open => "open",
        Standing::Beaten => "beaten",
        Standing::Meets => "meets",
        Standing::Misses => "misses",
        Standing::Dearer => "no cheaper",
    })
}
