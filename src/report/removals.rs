//! What the removal of the largest causes would bring, in words.

use crate::history::NamedCause;
use crate::report::aggregate;
use crate::report::format;
use crate::report::loss;
use crate::report::period::Period;
use crate::results::{Estimate, ExperimentResult, Removal, ScenarioResult};
use crate::study::Metric;

/// `Without db 18 ± 1 min of downtime a year would be saved; without crash at most 2 s.`; nothing where nothing was played.
pub fn sentence(result: &ExperimentResult, shown: &ScenarioResult) -> Option<String> {
    of_loss(result, shown, shown.loss_in_question(result.objective.metric))
}

/// The same of either loss.
pub fn of_loss(result: &ExperimentResult, shown: &ScenarioResult, loss: Metric) -> Option<String> {
    let charged = aggregate::by_cause(shown.attribution_of(loss));
    let all: f64 = charged.iter().map(|cause| cause.total).sum();
    let is_worth_it = |removal: &&Removal| {
        let its = charged.iter().find(|cause| *cause.cause == NamedCause::Fault(removal.fault.clone()));
        its.is_some_and(|its| its.total >= WORTH_A_WORD * all)
    };
    let (first, rest) = shown.without.split_first()?;
    let most = shown.estimates[loss].high;
    // That all is charged to it has been said, and how much would be saved is not told apart from all.
    let is_all = charged.first().is_some_and(|first| first.total >= NEARLY_ALL * all);
    if rest.iter().all(|other| !is_worth_it(&other)) && is_all && of(first, loss).low <= 0.0 {
        return None;
    }
    // That none, some or all of it may be saved is nothing to say.
    let says_nothing = |removal: &Removal| {
        let saved = of(removal, loss);
        !saved.bound && saved.low <= 0.0 && saved.high >= NEARLY_ALL * whole(removal, loss)
    };
    if says_nothing(first) && rest.iter().filter(is_worth_it).all(says_nothing) {
        return None;
    }
    let (what, each) = (loss::words_of(loss), Period::of(result).each());
    // Whether it is little was judged for the loss in question alone.
    let is_judged = loss == shown.loss_in_question(result.objective.metric);
    let little =
        |removal: &Removal| if removal.saves_little && is_judged { " (little of what is charged to it)" } else { "" };
    // No more than was lost where it was played.
    let would_be = |removal: &Removal| saved(of(removal, loss), most.min(whole(removal, loss)));
    let estimate = of(first, loss);
    let is_nearly_all = !estimate.bound && estimate.low > 0.0 && estimate.mean > NEARLY_ALL * whole(first, loss);
    let mut text = if estimate.bound {
        format!(
            "Without {} no {what} would be saved that was seen in the replications that were played again",
            first.fault
        )
    } else if is_nearly_all {
        format!("Without {} nearly all of the {what} would be saved", first.fault)
    } else {
        format!("Without {} {} of {what} {each} would be saved{}", first.fault, would_be(first), little(first))
    };
    if !estimate.bound && !is_nearly_all {
        text += &again(result, shown, first, loss);
    }
    for (number, other) in rest.iter().filter(is_worth_it).enumerate() {
        // The first amount says of what.
        let of = if is_nearly_all && number == 0 { format!(" of {what} {each}") } else { String::new() };
        text += &format!("; without {} {}{of}{}", other.fault, would_be(other), little(other));
    }
    text.push('.');
    Some(text)
}

/// How much was lost in the replications that were played again, where that is another amount than what is told of all.
fn again(result: &ExperimentResult, shown: &ScenarioResult, removal: &Removal, loss: Metric) -> String {
    let (there, all) = (whole(removal, loss), shown.estimates[loss].mean);
    if shown.estimates[loss].bound || (there - all).abs() <= ANOTHER * all {
        return String::new();
    }
    let period = Period::of(result);
    let played = if period.is_run() { "runs" } else { "replications" };
    let many = format::whole(removal.replications);
    format!(", of {} in the {many} {played} that were played again", format::duration(there))
}

/// So far apart, as a part of them, amounts are others.
const ANOTHER: f64 = 0.1;

/// A smaller part of the loss is not told apart from luck, and nobody would act on it.
const WORTH_A_WORD: f64 = 0.01;

/// From this part on it is nearly all: the difference is adjusted for luck, and may come out a little above the whole.
const NEARLY_ALL: f64 = 0.95;

/// What was lost with the fault in the same replications.
fn whole(removal: &Removal, loss: Metric) -> f64 {
    if loss == Metric::FailedRequests { removal.failed_request_s_per_year } else { removal.downtime_s_per_year }
}

fn of(removal: &Removal, loss: Metric) -> &Estimate {
    if loss == Metric::FailedRequests {
        &removal.failed_request_saved_s_per_year
    } else {
        &removal.downtime_saved_s_per_year
    }
}

/// A paired difference: with its error where it is told apart from nothing, else with the most that it may be.
fn saved(estimate: &Estimate, most: f64) -> String {
    if estimate.bound {
        "nothing that was seen in the years that were played again".to_owned()
    } else if estimate.low > 0.0 {
        format::span_with_error(estimate)
    } else if estimate.high <= 0.0 {
        "nothing".to_owned()
    } else {
        // The error may reach beyond all that there is.
        format!("at most {}", format::duration(estimate.high.min(most)))
    }
}
