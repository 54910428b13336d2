//! What matters: the parameters of an experiment by what they change, and what is not known beside what was not sampled.

use serde_json::Value;

use crate::report::format;
use crate::report::labels::value_text;
use crate::report::period::Period;
use crate::results::{Estimate, ExperimentResult, Response, ScenarioResult, Sensitivity, Spread};
use crate::study::Metric;

/// Parameters that are named; the rest is counted.
pub const TOP: usize = 15;
const LAWS: [&str; 7] = ["fixed", "uniform", "exponential", "weibull", "lognormal", "gamma", "mixture"];

/// The parameters that change something beyond chance, the largest change first.
pub struct Ranking<'a> {
    /// In the order of their changes; at most [`TOP`].
    pub top: Vec<&'a Sensitivity>,
    /// How many more have an effect.
    pub more: usize,
    /// How many have none that is more than chance.
    pub silent: usize,
}

/// The response of the loss that the objective counts.
pub fn response<'a>(result: &ExperimentResult, parameter: &'a Sensitivity) -> &'a Response {
    if fails(result) { &parameter.failed } else { &parameter.downtime }
}

fn fails(result: &ExperimentResult) -> bool {
    result.objective.metric == Metric::RequestSuccess
}

/// What is lost, in words.
pub fn what(result: &ExperimentResult) -> &'static str {
    if fails(result) { "failed requests" } else { "downtime" }
}

/// `None` where the experiment does not ask what matters.
pub fn ranking(result: &ExperimentResult) -> Option<Ranking<'_>> {
    if result.sensitivity.is_empty() {
        return None;
    }
    let change = |parameter: &Sensitivity| response(result, parameter).change_s_per_year;
    let is_seen = |parameter: &&Sensitivity| change(parameter).is_told_apart();
    let mut top: Vec<&Sensitivity> = result.sensitivity.iter().filter(is_seen).collect();
    top.sort_by(|a, b| change(b).mean.abs().total_cmp(&change(a).mean.abs()));
    let seen = top.len();
    top.truncate(TOP);
    Some(Ranking { more: seen - top.len(), silent: result.sensitivity.len() - seen, top })
}

/// A parameter as people call it: `container-hang every mean`, `startUp median`, `readinessProbe.failureThreshold`.
pub fn name(key: &str) -> String {
    let Some((first, rest)) = key.split_once('.') else { return key.to_owned() };
    if !["faults", "app", "cluster", "script"].contains(&first) {
        return key.to_owned();
    }
    let is_law = |part: &&str| LAWS.contains(&part.split('[').next().unwrap_or_default());
    rest.split('.').filter(|part| !is_law(part)).collect::<Vec<_>>().join(" ")
}

/// The values that were played: `27d`, `33d`; of what is uncertain its ranges.
pub fn played(parameter: &Sensitivity) -> [String; 2] {
    [&parameter.low, &parameter.high].map(range_text)
}

/// A value as it would be written, a range as `27d–33d`.
pub fn range_text(value: &Value) -> String {
    match value.get("between").and_then(|ends| ends.as_array()) {
        Some(ends) => ends.iter().map(value_text).collect::<Vec<_>>().join("–"),
        None => value_text(value),
    }
}

/// A change with its sign.
pub fn signed(secs: f64) -> String {
    if secs > 0.0 { format!("+{}", format::duration(secs)) } else { format::duration(secs) }
}

/// A change with half of its interval.
fn with_error(change: &Estimate) -> String {
    if change.mean >= 0.0 {
        return format!("+{}", format::span_with_error(change));
    }
    let size = Estimate { mean: -change.mean, low: -change.high, high: -change.low, ..*change };
    format!("−{}", format::span_with_error(&size))
}

/// The ends of the interval of a change.
pub fn interval(change: &Estimate) -> String {
    format!("{} to {}", signed(change.low), signed(change.high))
}

/// An elasticity with its interval.
pub fn elasticity(response: &Response) -> String {
    let Some(e) = response.elasticity else { return "–".to_owned() };
    let half = format::half_width(&e);
    let decimals = if half > 0.0 { (-(half / 2.0).log10()).ceil().clamp(0.0, 4.0) as usize } else { 2 };
    let text = format!("{:.decimals$} ± {half:.decimals$}", e.mean);
    text.replace('-', "−")
}

/// What matters most, and what not knowing the parameters does.
pub fn sentences(result: &ExperimentResult) -> Vec<String> {
    let mut sentences = Vec::new();
    let each = Period::of(result).each();
    if let Some(ranking) = ranking(result) {
        let one = |parameter: &&Sensitivity| {
            let [low, high] = played(parameter);
            let change = response(result, parameter).change_s_per_year.mean;
            format!("{} ({} {each} from {low} to {high})", name(&parameter.key), signed(change))
        };
        let first: Vec<String> = ranking.top.iter().take(3).map(one).collect();
        sentences.push(match first.as_slice() {
            [] => format!("Of {} parameters none changes the {} by more than chance.", ranking.silent, what(result)),
            [only] => format!("What matters for the {}: {only}.", what(result)),
            [first, others @ ..] => {
                format!("What matters most for the {}: {first}, then {}.", what(result), others.join(" and "))
            }
        });
    }
    sentences.extend(unknown(result));
    sentences
}

/// The error of sampling and that of not knowing, apart.
fn unknown(result: &ExperimentResult) -> Option<String> {
    let scenario = result.scenarios.iter().find(|scenario| scenario.uncertainty.is_some())?;
    let uncertainty = scenario.uncertainty?;
    let (spread, estimate): (Spread, &Estimate) = if fails(result) {
        (uncertainty.failed_request_s_per_year, &scenario.estimates[Metric::FailedRequests])
    } else {
        (uncertainty.downtime_s_per_year, &scenario.estimates[Metric::Downtime])
    };
    let of = if result.scenarios.len() > 1 { format!("In “{}”, t", scenario.name) } else { "T".to_owned() };
    let meets = meets(result, scenario).unwrap_or_default();
    let each = Period::of(result).each();
    let sampling = format::in_full(format::half_width(estimate));
    if spread.share_of_variance <= 0.0 {
        return Some(format!(
            "{of}he error of sampling is ± {sampling} of {} {each}; over {} draws, not knowing the parameters makes no \
             difference beyond it.{meets}",
            what(result),
            uncertainty.draws
        ));
    }
    Some(format!(
        "{of}he error of sampling is ± {sampling} of {} {each}; not knowing the parameters ({} draws) leaves {} to {} \
         ({} of draws).{meets}",
        what(result),
        uncertainty.draws,
        format::in_full(spread.low),
        format::in_full(spread.high),
        format::plain_percent(result.confidence),
    ))
}

/// Where the probability of meeting the SLO lies over the draws of what is not known.
pub fn over_draws(scenario: &ScenarioResult) -> Option<String> {
    scenario.uncertainty?.meets_slo.map(|range| format::percent_range(range.low, range.high))
}

/// The probability of meeting the SLO, with its interval and with its range over the draws.
fn meets(result: &ExperimentResult, scenario: &ScenarioResult) -> Option<String> {
    let meets = scenario.windows.as_ref()?.meets_slo?;
    let range = over_draws(scenario)?;
    Some(format!(
        " A window of {} meets {} with a probability of {}; over the draws it is {}.",
        format::tick(result.objective.window.as_secs_f64()),
        format::plain_percent(result.objective.slo?),
        format::percent_with_interval(&meets),
        range,
    ))
}

/// The head of the table of parameters.
pub fn head(result: &ExperimentResult) -> [String; 5] {
    let change = format!("change{}", Period::of(result).per());
    ["parameter".to_owned(), "less".to_owned(), "more".to_owned(), "elasticity".to_owned(), change]
}

/// The table of parameters, and what is not in it in words.
pub fn table(result: &ExperimentResult) -> Option<(Vec<Vec<String>>, String)> {
    let ranking = ranking(result)?;
    let row = |parameter: &&Sensitivity| {
        let (response, [low, high]) = (response(result, parameter), played(parameter));
        let change = response.change_s_per_year;
        // A narrow column breaks at spaces.
        vec![name(&parameter.key).replace('.', " "), low, high, elasticity(response), with_error(&change)]
    };
    Some((ranking.top.iter().map(row).collect(), rest(&ranking)))
}

/// What is not named.
pub fn rest(ranking: &Ranking<'_>) -> String {
    let numbered = |n: usize, words: &str| (n > 0).then(|| format!("{n} {words}"));
    let parts = [numbered(ranking.more, "more"), numbered(ranking.silent, "without an effect beyond chance")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
