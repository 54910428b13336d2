//! What the picture of a rollout says: what one costs on average, and those that are drawn.

use super::{ALIKE, cost, flaw};
use crate::report::featured;
use crate::report::format;
use crate::report::labels::Labels;
use crate::report::loss;
use crate::results::{Estimate, ExperimentResult, OperationResult, Rollback, RolloutReplay};

/// What the picture says: what one costs on average, and those that are drawn.
pub fn title(result: &ExperimentResult, replays: &[&RolloutReplay], is_same: bool) -> String {
    let [first, rest @ ..] = replays else { return String::new() };
    let there_in = featured::in_the_other(result);
    match (&first.rollback, mean(result, first)) {
        (Some(rollback), _) => bad_title(result, first, rollback, rest.first().copied(), is_same),
        (None, Some(each)) => {
            let (mut words, ends) = format::span_and_ends(&each);
            if each.rests_on_few {
                words = loss::sure_amount(&each);
            }
            let ends =
                if rest.is_empty() && !each.bound && !each.rests_on_few { format!(" ({ends})") } else { String::new() };
            let here = rest.first().map_or(String::new(), |second| setting(result, second, first));
            let whole = format!(
                "{}{here} fails requests worth {words}{ends} on average",
                format::capital(&format::one(&first.operation))
            );
            let Some(second) = rest.first() else {
                let as_there = if is_same { format!(", and {there_in} it is alike") } else { String::new() };
                return format!("{whole}; this one fails {}{as_there}", failed(first));
            };
            let there = mean(result, second).map_or(String::new(), |each| {
                format!(", {there_in}{} {}", setting(result, first, second), loss::sure_amount(&each))
            });
            format!("{whole}{there}; the two drawn here fail {} and {}", failed(first), failed(second))
        }
        (None, None) if let Some(each) = mean_of_all(result, first) => {
            let one = format::capital(&format::one(&first.operation));
            let here = rest.first().map_or(String::new(), |second| setting(result, second, first));
            let whole =
                format!("{one}{here}, good or bad, fails requests worth {} on average", loss::sure_amount(&each));
            let Some(second) = rest.first() else {
                let as_there = if is_same { format!(", and {there_in} it is alike") } else { String::new() };
                return format!("{whole}; this good one fails {}{as_there}", failed(first));
            };
            let there = mean_of_all(result, second).map_or(String::new(), |each| {
                format!(", {there_in}{} {}", setting(result, first, second), loss::sure_amount(&each))
            });
            format!("{whole}{there}; the good ones drawn here fail {} and {}", failed(first), failed(second))
        }
        (None, None) => {
            let this = format!(
                "This {} takes {} and fails {}",
                first.operation,
                format::in_full(first.took_s),
                requests(first)
            );
            match rest.first() {
                Some(second) => {
                    format!(
                        "A good {} takes {}, {there_in}{} {}; the two drawn here fail {} and {}",
                        first.operation,
                        format::in_full(first.took_s),
                        setting(result, first, second),
                        format::in_full(second.took_s),
                        requests(first),
                        failed(second)
                    )
                }
                None if is_same => format!("{this}, as {there_in}"),
                None => this,
            }
        }
    }
}

/// The same of a bad revision, of which one with the flaw that costs the most is drawn.
fn bad_title(
    result: &ExperimentResult,
    first: &RolloutReplay,
    rollback: &Rollback,
    second: Option<&RolloutReplay>,
    is_same: bool,
) -> String {
    let title = format!(
        "This bad {} ({}) is found after {} and fails {}",
        first.operation,
        flaw(first, rollback),
        format::in_full(rollback.after_s),
        requests(first)
    );
    let there_in = featured::in_the_other(result);
    let Some(second) = second else {
        return if is_same { format!("{title}, as {there_in}") } else { title };
    };
    let setting = setting(result, first, second);
    if (cost(first) - cost(second)).abs() <= ALIKE * cost(first).max(cost(second)) {
        return format!("{title}; about as much as {there_in}{setting}");
    }
    format!("{title}; {there_in}{setting} {}", failed(second))
}

/// What one costs on average in the scenario of this one, where it is one of them all: none of them was bad.
fn mean(result: &ExperimentResult, replay: &RolloutReplay) -> Option<Estimate> {
    let operation = operation_of(result, replay)?;
    operation.failed_request_s_each.filter(|_| operation.rolled_back_s.count == 0)
}

/// The same over all, the good and the bad: no single one is like it.
fn mean_of_all(result: &ExperimentResult, replay: &RolloutReplay) -> Option<Estimate> {
    operation_of(result, replay)?.failed_request_s_each
}

fn operation_of<'a>(result: &'a ExperimentResult, replay: &RolloutReplay) -> Option<&'a OperationResult> {
    let scenario = result.scenarios.iter().find(|scenario| scenario.name == replay.scenario)?;
    scenario.operations.iter().find(|(name, _)| **name == replay.operation).map(|(_, operation)| operation)
}

/// What fails, after "fails".
fn requests(replay: &RolloutReplay) -> String {
    match cost(replay) {
        secs if secs > 0.0 => format!("requests worth {} of full traffic", format::duration(secs)),
        _ => "no request".to_owned(),
    }
}

/// What fails, as an amount.
fn failed(replay: &RolloutReplay) -> String {
    match cost(replay) {
        secs if secs > 0.0 => format::duration(secs),
        _ => "none".to_owned(),
    }
}

/// In which settings the baseline is another scenario, if that is short enough for a title.
fn setting(result: &ExperimentResult, first: &RolloutReplay, second: &RolloutReplay) -> String {
    let labels = Labels::of(result);
    let place = |name: &str| result.scenarios.iter().position(|scenario| scenario.name == name);
    let (Some(shown), Some(other)) = (place(&first.scenario), place(&second.scenario)) else {
        return String::new();
    };
    let differing = labels.columns.iter().filter(|column| column.cells[shown] != column.cells[other]);
    let settings: Vec<String> =
        differing.map(|column| format!("{} {}", column.short_key, column.cells[other]).trim().to_owned()).collect();
    let settings = settings.join(", ");
    if settings.is_empty() || settings.chars().count() > LONGEST_SETTING {
        String::new()
    } else {
        format!(" ({settings})")
    }
}

/// Characters of a setting in a title.
const LONGEST_SETTING: usize = 40;

/// What is drawn, and how it was chosen.
pub fn lead(replays: &[&RolloutReplay], first: &RolloutReplay) -> String {
    let which = if replays.len() > 1 { "Of each scenario the" } else { "The" };
    let (chosen, bad) = match first.rollback {
        None => ("whose length is nearest to the median, among the first of a replication", ""),
        Some(_) if replays.len() > 1 => {
            ("with the flaw that costs the most, found after about as long as usual", " (the new one is the bad one)")
        }
        Some(_) => ("with the flaw that costs the most, found after as long as usual", " (the new one is the bad one)"),
    };
    let mut text = format!(
        "{which} {} {chosen}. Above: the Pods of {} by the revision of their template{bad}, as the API has them. Below: the share \
         of its requests that reach no Pod that answers.",
        first.operation, first.deployment
    );
    text += " What lasts too short a time to be seen is not drawn.";
    if let Some(cut) = replays.iter().find_map(|replay| replay.cut.as_ref()) {
        text = format!("{text} {cut}");
    }
    text
}
