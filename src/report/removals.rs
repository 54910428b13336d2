//! What the removal of the largest causes would bring, in words.

use crate::experiment::{Estimate, ExperimentResult, Removal, ScenarioResult};
use crate::report::best;
use crate::report::human;
use crate::report::period::Period;
use crate::study::Metric;

/// `Without db 18 ± 1 min of downtime a year would be saved; without crash at most 2 s.`; nothing where nothing was played.
pub fn sentence(result: &ExperimentResult, shown: &ScenarioResult) -> Option<String> {
    let metric = best::loss_of(result);
    let (first, rest) = shown.without.split_first()?;
    let what = best::words_of(metric);
    let mut text = format!(
        "Without {} {} of {what} {} would be saved{}",
        first.fault,
        saved(of(first, metric)),
        Period::of(result).each(),
        little(first)
    );
    for other in rest {
        text += &format!("; without {} {}{}", other.fault, saved(of(other, metric)), little(other));
    }
    text.push('.');
    Some(text)
}

/// In the metric of the objective.
fn of(removal: &Removal, metric: Metric) -> &Estimate {
    if metric == Metric::FailedRequests {
        &removal.failed_request_saved_s_per_year
    } else {
        &removal.downtime_saved_s_per_year
    }
}

/// A paired difference: with its error where it is told apart from nothing, else with the most that it may be.
fn saved(estimate: &Estimate) -> String {
    if estimate.bound {
        "nothing that was seen".to_owned()
    } else if estimate.low > 0.0 {
        human::span_with_error(estimate)
    } else if estimate.high <= 0.0 {
        "nothing".to_owned()
    } else {
        format!("at most {}", human::duration(estimate.high))
    }
}

fn little(removal: &Removal) -> &'static str {
    if removal.saves_little { " (little of what is charged to it)" } else { "" }
}
