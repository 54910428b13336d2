//! The scenario that pictures of a single one show, what it is compared with, and what both are called.

use super::choice::Choice;
use super::format;
use super::ranking::recommended;
use crate::results::{ExperimentResult, ScenarioResult};

/// The scenario that pictures of a single scenario show: the new one of a comparison, the recommended one, of a grid in which one key
/// is given the best choice where it matters most, else the baseline, else the first.
pub fn shown(result: &ExperimentResult) -> Option<&ScenarioResult> {
    let new = result.compared().map(|[_, after]| after);
    new.or_else(|| recommended(result))
        .or_else(|| chosen(result).map(|(_, best, _)| best))
        .or_else(|| baseline(result))
        .or_else(|| result.scenarios.first())
}

/// What that is compared with, where it is another one: the baseline, or what the baseline has chosen where the same is given.
pub fn other(result: &ExperimentResult) -> Option<&ScenarioResult> {
    if let Some((_, _, other)) = chosen(result) {
        return Some(other);
    }
    let shown = shown(result)?;
    baseline(result).filter(|baseline| baseline.name != shown.name)
}

/// What tells the other one, in a sentence: `in the baseline`, `with “none”`.
pub fn in_the_other(result: &ExperimentResult) -> String {
    chosen(result).map_or("in the baseline".to_owned(), |(words, ..)| format!("with {words}"))
}

fn baseline(result: &ExperimentResult) -> Option<&ScenarioResult> {
    result.scenarios.iter().find(|one| Some(&one.name) == result.baseline.as_ref())
}

/// Of a grid in which one key is given: the best choice where it matters most, and what it is compared with, also in words.
fn chosen(result: &ExperimentResult) -> Option<(String, &ScenarioResult, &ScenarioResult)> {
    if result.scenarios.len() < 2 || recommended(result).is_some() || result.compared().is_some() {
        return None;
    }
    let choice = Choice::of(result)?;
    let (best, other) = choice.pair(result).filter(|(best, other)| best != other)?;
    Some((choice.chosen(other), &result.scenarios[best], &result.scenarios[other]))
}

/// What a scenario is among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is the new manifest of a comparison.
    New,
    /// It is recommended, and not the baseline.
    Recommended,
    /// The best choice where something is given that nobody chooses.
    Best,
    /// The others are compared with it.
    Baseline,
}

/// What this scenario is among the others.
pub fn role(result: &ExperimentResult, scenario: &ScenarioResult) -> Option<Role> {
    if result.baseline.as_ref() == Some(&scenario.name) {
        return Some(Role::Baseline);
    }
    if result.compared().is_some_and(|[_, after]| after.name == scenario.name) {
        return Some(Role::New);
    }
    if recommended(result).is_some_and(|best| best.name == scenario.name) {
        return Some(Role::Recommended);
    }
    chosen(result).filter(|(_, best, _)| best.name == scenario.name).map(|_| Role::Best)
}

/// The same as a word before the name of the scenario.
pub fn role_word(result: &ExperimentResult, scenario: &ScenarioResult) -> &'static str {
    match role(result, scenario) {
        Some(Role::New) => "New",
        Some(Role::Recommended) => "Recommended",
        Some(Role::Best) => "Best",
        Some(Role::Baseline) => "Baseline",
        None if result.each_alone => "Worst",
        None => "First",
    }
}

/// The same of one that may be what it is compared with: `Best`, `With “none”`.
pub fn heading(result: &ExperimentResult, scenario: &ScenarioResult) -> String {
    if role(result, scenario).is_none() && other(result).is_some_and(|other| other.name == scenario.name) {
        return format::capital(&in_the_other(result));
    }
    role_word(result, scenario).to_owned()
}

/// The scenarios whose outages are shown one by one: that of the pictures, and what it is compared with.
pub fn featured_scenarios(result: &ExperimentResult) -> Vec<&ScenarioResult> {
    shown(result).into_iter().chain(other(result)).collect()
}
