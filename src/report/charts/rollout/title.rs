//! What the picture of a rollout says: what one costs on average, and those that are drawn.

use super::{ALIKE, cost, flaw};
use crate::report::featured;
use crate::report::format;
use crate::report::labels::Labels;
use crate::report::loss;
use crate::results::{Estimate, ExperimentResult, Rollback, RolloutReplay};

/// What the picture says: what one costs on average, and those that are drawn.
pub fn title(result: &ExperimentResult, replays: &[&RolloutReplay], is_same: bool) -> String {
    let [first, rest @ ..] = replays else { return String::new() };
    let there_in = featured::in_the_other(result);
    match (&first.rollback, mean(result, first)) {
        (Some(rollback), _) => bad_title(result, first, rollback, rest.first().copied(), is_same),
        (None, Some(each)) => {
            let [quality, one, two] = if each.is_over_bad_ones {
                [", good or bad,", "this good one", "the good ones"]
            } else {
                ["", "this one", "the two"]
            };
            let one_in = |settings: String| {
                let name = format::capital(&format::one(&first.operation));
                format!("{name}{settings}{quality} fails requests worth {}", each.in_words(rest.is_empty()))
            };
            let Some(second) = rest.first() else {
                let as_there = if is_same { format!(", and {there_in} it is alike") } else { String::new() };
                return format!("{} on average; {one} fails {}{as_there}", one_in(String::new()), failed(first));
            };
            let there = mean(result, second).map_or(String::new(), |there| {
                format!(", {there_in}{} {}", setting(result, first, second), loss::sure_amount(&there.each))
            });
            let here = one_in(setting(result, second, first));
            format!("{here} on average{there}; {two} drawn here fail {} and {}", failed(first), failed(second))
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

/// What one costs on average in a scenario.
struct Mean {
    each: Estimate,
    /// Over good and bad ones: no single one is like it.
    is_over_bad_ones: bool,
}

impl Mean {
    /// Its amount, with its interval where that is told too, or where it rests on few.
    fn in_words(&self, with_ends: bool) -> String {
        if self.each.rests_on_few || self.each.bound {
            return loss::sure_amount(&self.each);
        }
        let (words, ends) = format::span_and_ends(&self.each);
        if with_ends { format!("{words} ({ends})") } else { words }
    }
}

/// What one costs on average in the scenario of this one.
fn mean(result: &ExperimentResult, replay: &RolloutReplay) -> Option<Mean> {
    let scenario = result.scenarios.iter().find(|scenario| scenario.name == replay.scenario)?;
    let (_, operation) = scenario.operations.iter().find(|(name, _)| **name == replay.operation)?;
    let is_over_bad_ones = operation.rolled_back_s.count > 0;
    operation.failed_request_s_each.map(|each| Mean { each, is_over_bad_ones })
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
