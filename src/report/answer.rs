//! The answer in a sentence or two, for the terminal and for markdown.

use crate::experiment::{Estimate, ExperimentResult, ScenarioResult, Standing};
use crate::report::assumptions;
use crate::report::best;
use crate::report::front;
use crate::report::human;
use crate::report::merged;
use crate::report::sensitivity;
use crate::spec::Wanted;
use crate::study::Metric;

/// What the numbers leave out, under every table.
pub const LEFT_OUT: &str = "Not modelled yet, so not in these numbers: rollouts and drains.";

/// Sentences, each a paragraph of its own.
pub fn sentences(result: &ExperimentResult) -> Vec<String> {
    let Some(shown) = merged::shown(result) else {
        return vec![format!("{} has no scenario.", result.experiment)];
    };
    let chosen = selection(result);
    // Of several scenarios the difference is the answer, and what one of them is like comes after it.
    let better = if chosen.is_none() { best::sentence(result) } else { None };
    let compared = chosen.is_some() || better.is_some();
    let mut sentences: Vec<String> = chosen.into_iter().chain(better).collect();
    sentences.push(availability(result, shown));
    sentences.extend(source(shown));
    sentences.extend(assumptions::sentences(result));
    if result.selection.is_none() {
        sentences.extend(if compared { None } else { least(result, shown) });
        sentences.extend(sensitivity::sentences(result));
        sentences.extend(cheapest(result));
    }
    sentences
}

/// What was asked, in a sentence.
pub fn question(result: &ExperimentResult) -> String {
    let n = result.scenarios.len();
    let slo = result.objective.slo.map_or(String::new(), human::plain_percent);
    let varied = if result.varied.is_empty() { String::new() } else { format!(" ({})", result.varied.join(" × ")) };
    match &result.selection {
        Some(selection) => {
            let n = selection.standings.len();
            match selection.goal {
                Wanted::Best => format!("Which of {n} scenarios{varied} is the best?"),
                Wanted::Cheapest => format!("Which of {n} scenarios{varied} is the cheapest that meets {slo}?"),
            }
        }
        None if !result.sensitivity.is_empty() => {
            format!("How available is {}, and which assumption matters?", result.experiment)
        }
        None if n == 1 => format!("How available is {}?", result.scenarios[0].name),
        None => format!("How available are {n} scenarios{varied}, and which is better?"),
    }
}

fn is_chosen(result: &ExperimentResult, scenario: &ScenarioResult) -> bool {
    result.selection.as_ref().is_some_and(|selection| selection.chosen.as_deref() == Some(scenario.name.as_str()))
}

/// What the search for the best scenario came to.
fn selection(result: &ExperimentResult) -> Option<String> {
    let selection = result.selection.as_ref()?;
    let (of, zone) = (selection.standings.len(), human::in_full(selection.indifference_s_per_year));
    let level = human::plain_percent(result.confidence);
    let slo = result.objective.slo.map_or(String::new(), human::plain_percent);
    let cost = |name: &str| {
        cost_of(result, name).map_or(String::new(), |cost| format!(", at {} a year", front::money(result, cost)))
    };
    if !selection.decided {
        let open = selection.standings.iter().filter(|scenario| scenario.standing == Standing::Open).count();
        let so_far = selection.chosen.as_ref().map_or(String::new(), |name| format!("; so far it is “{name}”"));
        return Some(format!(
            "Not decided: {open} of {of} scenarios may still be the one{so_far}. More replications (maxReplications) or \
             a wider indifference zone would tell."
        ));
    }
    Some(match (selection.goal, &selection.chosen) {
        (Wanted::Best, Some(name)) => format!(
            "The best of {of} scenarios is “{name}”{}: with {level} confidence no other loses over {zone} a year less.",
            cost(name)
        ),
        (Wanted::Cheapest, Some(name)) => format!(
            "The cheapest of {of} scenarios that meets {slo} on average is “{name}”{}{}. Right with {level} confidence, where \
             {zone} a year more or less than the limit do not matter.",
            cost(name),
            ties(result, name)
        ),
        (_, None) => format!("None of the {of} scenarios meets {slo} ({level} confidence)."),
    })
}

/// Those that meet the limit at the same cost: the first of those that lose about the least is chosen.
fn ties(result: &ExperimentResult, chosen: &str) -> String {
    let standings = result.selection.iter().flat_map(|selection| &selection.standings);
    let meets = standings.filter(|scenario| scenario.standing == Standing::Meets && scenario.scenario != chosen);
    match meets.filter(|scenario| cost_of(result, &scenario.scenario) == cost_of(result, chosen)).count() {
        0 => String::new(),
        1 => "; one other costs the same and meets it, too".to_owned(),
        n => format!("; {n} others cost the same and meet it, too"),
    }
}

fn cost_of(result: &ExperimentResult, name: &str) -> Option<f64> {
    result.scenarios.iter().find(|scenario| scenario.name == name)?.cost_per_year
}

/// The cheapest that meets the objective, where there are prices and nothing was selected.
fn cheapest(result: &ExperimentResult) -> Option<String> {
    front::places(result)?;
    let slo = human::plain_percent(result.objective.slo?);
    let level = human::plain_percent(result.confidence);
    Some(match front::cheapest(result) {
        Some(scenario) => format!(
            "The cheapest whose {level} interval meets {slo} is “{}”, at {} a year.",
            scenario.name,
            front::money(result, scenario.cost_per_year?)
        ),
        None => format!("No scenario's {level} interval meets {slo}."),
    })
}

fn availability(result: &ExperimentResult, shown: &ScenarioResult) -> String {
    let subject = if result.scenarios.len() == 1 {
        shown.name.clone()
    } else if is_chosen(result, shown) {
        "It".to_owned()
    } else if result.baseline.as_deref() == Some(shown.name.as_str()) {
        format!("The baseline ({})", shown.name)
    } else {
        format!("The first scenario ({})", shown.name)
    };
    let level = human::plain_percent(result.confidence);
    if shown.estimates[Metric::Availability].bound {
        return format!(
            "{subject} was never down in {} replications of {}: it is available at least {} of the time ({level} bound).",
            human::whole(shown.replications),
            human::tick(result.horizon_s),
            human::percent(&shown.estimates[Metric::Availability]).trim_start_matches("≥ "),
        );
    }
    format!(
        "{subject} is available {} of the time ({level} CI {}): {} of downtime a year, and failed requests worth {} of full traffic.",
        human::percent(&shown.estimates[Metric::Availability]),
        human::percent_interval(&shown.estimates[Metric::Availability]),
        full(&shown.estimates[Metric::Downtime]),
        full(&shown.estimates[Metric::FailedRequests]),
    )
}

/// With the minutes that its interval supports; a bound with its words.
pub(super) fn full(estimate: &Estimate) -> String {
    if estimate.bound {
        return format!("at most {}", human::in_full(estimate.high));
    }
    // Seconds that the interval does not support would only look exact.
    let step = if human::half_width(estimate) > 30.0 && estimate.mean > 600.0 { 60.0 } else { 1.0 };
    human::in_full(if estimate.mean < 60.0 { estimate.mean } else { (estimate.mean / step).round() * step })
}

/// The largest cause of downtime, or of failed requests where nothing was down.
fn source(shown: &ScenarioResult) -> Option<String> {
    let of = |what: &str, parts| {
        let causes = merged::by_cause(parts);
        let first = causes.first()?;
        let whole: f64 = causes.iter().map(|cause| cause.total).sum();
        let share = first.total / whole * 100.0;
        let phase = merged::phase_name(first.main_phase);
        let most = if share > 50.0 { "Most" } else { "The largest part of" };
        Some(format!(
            "{most} {what} comes from {} ({}), mainly in phase {phase}.",
            first.fault,
            human::share(first.total, whole)
        ))
    };
    let failures = || of("of what fails", &shown.request_failure_attribution);
    of("downtime", &shown.downtime_attribution).or_else(failures)
}

/// The scenario that loses least in the objective's metric, where there is no baseline to compare it with.
fn least(result: &ExperimentResult, shown: &ScenarioResult) -> Option<String> {
    let fails = result.objective.metric == Metric::RequestSuccess;
    let what = if fails { "failed requests" } else { "downtime" };
    let best = front::best(result)?;
    if result.scenarios.len() < 2 {
        return None;
    }
    let of_all = format!("Of {} scenarios", result.scenarios.len());
    if best.name == shown.name {
        return Some(format!("{of_all}, none has less {what}.").replace("less failed", "fewer failed"));
    }
    let least = if fails { "fewest failed requests, worth" } else { "least downtime:" };
    Some(format!("{of_all}, “{}” has the {least} {} a year.", best.name, full(front::lost(result, best))))
}
