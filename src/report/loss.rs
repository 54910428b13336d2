//! What the objective counts: downtime or failed requests.

use super::format;
use crate::results::{Estimate, ExperimentResult, ScenarioResult};
use crate::study::Metric;

/// What the objective counts, in words.
pub fn what(result: &ExperimentResult) -> &'static str {
    words_of(loss_of(result))
}

/// A loss in words.
pub fn words_of(loss: Metric) -> &'static str {
    if loss == Metric::FailedRequests { "failed requests" } else { "downtime" }
}

/// What the objective counts: downtime or failed requests.
pub fn loss_of(result: &ExperimentResult) -> Metric {
    if result.objective.metric == Metric::RequestSuccess { Metric::FailedRequests } else { Metric::Downtime }
}

/// The loss that it does not count.
pub fn other_loss_of(result: &ExperimentResult) -> Metric {
    if loss_of(result) == Metric::Downtime { Metric::FailedRequests } else { Metric::Downtime }
}

/// What the objective is about: downtime or failed requests, in seconds.
pub fn lost<'a>(result: &ExperimentResult, scenario: &'a ScenarioResult) -> &'a Estimate {
    &scenario.estimates[loss_of(result)]
}

/// The difference to the baseline, in the loss that the objective counts.
pub fn difference(result: &ExperimentResult, scenario: &ScenarioResult) -> Option<Estimate> {
    paired(scenario, loss_of(result))
}

/// The paired difference to the baseline in one kind of loss.
pub fn paired(scenario: &ScenarioResult, loss: Metric) -> Option<Estimate> {
    let difference = scenario.difference_to_baseline?;
    let fails = loss == Metric::FailedRequests;
    Some(if fails { difference.failed_request_s_per_year } else { difference.downtime_s_per_year })
}

/// A difference of two estimates that depend on each other in a way that is not known: never too narrow.
pub fn less(a: &Estimate, b: &Estimate) -> Estimate {
    Estimate { mean: a.mean - b.mean, low: a.low - b.high, high: a.high - b.low, bound: false, rests_on_few: false }
}

/// The sum of parts that depend on each other: their ends are added, which is never too narrow.
pub fn sum(a: &Estimate, b: &Estimate) -> Estimate {
    Estimate {
        mean: a.mean + b.mean,
        low: a.low + b.low,
        high: a.high + b.high,
        bound: a.bound && b.bound,
        rests_on_few: a.rests_on_few || b.rests_on_few,
    }
}

/// A loss in a title: its mean, or its bound.
pub fn amount(lost: &Estimate) -> String {
    if lost.bound { format!("at most {}", format::duration(lost.high)) } else { format::duration(lost.mean) }
}

/// The same where it stands for itself: where so little was seen that the mean alone says nothing, with its interval.
pub fn sure_amount(lost: &Estimate) -> String {
    if lost.rests_on_few { format::span_with_error(lost) } else { amount(lost) }
}
