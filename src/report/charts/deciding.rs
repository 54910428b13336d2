//! Which picture decides: the one that the page and the summary begin with.

use super::{Chart, is_about_operations};
use crate::report::period::Period;
use crate::report::ranking;
use crate::results::ExperimentResult;

/// The name of the picture that decides; `None` where there is none. By the kind of the question, and of several the first that
/// is drawn.
pub fn deciding(result: &ExperimentResult, drawn: &[Chart]) -> Option<&'static str> {
    all_that_may(result, drawn).next()
}

/// The same with those that stand in for it where it has no room.
pub fn all_that_may(result: &ExperimentResult, drawn: &[Chart]) -> impl Iterator<Item = &'static str> {
    in_order(result).iter().copied().filter(|name| drawn.iter().any(|chart| chart.name == *name))
}

/// `docs/results.md` has the same as a table.
fn in_order(result: &ExperimentResult) -> &'static [&'static str] {
    let operations_decide = is_about_operations(result);
    let is_one = result.scenarios.len() == 1;
    if Period::of(result).is_run() && is_one {
        // A rehearsal: what happened.
        &["outage-longest", "rollout", "attribution"]
    } else if result.comparison.is_some() {
        &["attribution", "downtime"]
    } else if !result.sensitivity.is_empty() {
        &["tornado", "attribution"]
    } else if is_one && operations_decide {
        &["rollout", "attribution"]
    } else if is_one {
        &["attribution"]
    } else if result.each_alone {
        &["downtime"]
    } else if ranking::has_different_costs(result) {
        &["pareto", "downtime"]
    } else if operations_decide {
        &["operations", "heatmap", "downtime"]
    } else {
        &["tradeoff", "heatmap", "downtime"]
    }
}
