//! What matters: the parameters of an experiment by what they change, and what is not known beside what was not sampled.

use serde_json::Value;

use crate::report::format;
use crate::report::labels::value_text;
use crate::report::loss;
use crate::report::period::Period;
use crate::results::{Estimate, ExperimentResult, Response, ScenarioResult, Sensitivity, Spread, Uncertainty};
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
    /// Those of them of which only a range is known.
    pub silent_ranges: Vec<&'a Sensitivity>,
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
    let silent_ranges = uncertain(result).into_iter().filter(|one| !is_seen(one)).collect();
    Some(Ranking { more: seen - top.len(), silent: result.sensitivity.len() - seen, silent_ranges, top })
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

/// The same in a sentence or in a picture: `container-hang, once in`, `dependency-error, median length`.
pub fn label(key: &str) -> String {
    let name = name(key);
    let endings =
        [(" every mean", ", once in"), (" lasts median", ", median length"), (" lasts p95", ", p95 of length")];
    let spoken = endings.iter().find_map(|(ending, words)| Some(format!("{}{words}", name.strip_suffix(ending)?)));
    spoken.unwrap_or(name)
}

/// The same where the values do not stand behind it.
pub fn label_alone(key: &str) -> String {
    label(key).replace(", once in", ", time between")
}

/// A value in a sentence: `27 to 108 d`, `1.5 h`, `3`.
pub fn spoken(value: &Value) -> String {
    let apart = |text: &str| -> (String, String) {
        let at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let is_plain = text[..at].parse::<f64>().is_ok() && text[at..].chars().all(|c| c.is_ascii_alphabetic());
        if !is_plain {
            return (text.to_owned(), String::new());
        }
        let unit = if &text[at..] == "m" { "min" } else { &text[at..] };
        (text[..at].to_owned(), unit.to_owned())
    };
    let joined = |(number, unit): (String, String)| if unit.is_empty() { number } else { format!("{number} {unit}") };
    let Some(ends) = value.get("between").and_then(|ends| ends.as_array()) else {
        return joined(apart(&value_text(value)));
    };
    let ends: Vec<(String, String)> = ends.iter().map(|end| apart(&value_text(end))).collect();
    match ends.as_slice() {
        [(low, unit), (high, same)] if unit == same => joined((format!("{low} to {high}"), unit.clone())),
        _ => ends.into_iter().map(joined).collect::<Vec<_>>().join(" to "),
    }
}

/// What was changed, in a sentence: `replicas 3 instead of 1`, `dependency-error once in 33 to 132 d instead of 27 to 108 d`.
pub fn change_in_words(parameter: &Sensitivity) -> String {
    let [low, high] = [&parameter.low, &parameter.high].map(spoken);
    format!("{} {high} instead of {low}", label(&parameter.key).replace(", once in", " once in"))
}

/// What a parameter changes: in words which value instead of which, and by how much. Of a setting of which one step does nearly all, that
/// step from the value that is assumed, and beside it the other.
pub fn told(result: &ExperimentResult, parameter: &Sensitivity) -> (String, String) {
    let response = response(result, parameter);
    let whole = (change_in_words(parameter), signed(response.change_s_per_year.mean));
    let lost = result.scenarios.first().map(|one| loss::lost(result, one)).filter(|lost| !lost.bound);
    let Some(lost) = lost.filter(|_| parameter.whole) else { return whole };
    let [less, more] = response.at_s_per_year.map(|loss| loss - lost.mean);
    let (value, change, other, rest) = if less.abs() > more.abs() {
        (&parameter.low, less, &parameter.high, more)
    } else {
        (&parameter.high, more, &parameter.low, less)
    };
    if *value == parameter.base || rest.abs() > ONE_STEP * change.abs() {
        return whole;
    }
    let [value, base, other] = [value, &parameter.base, other].map(spoken);
    let beside = if other == base { String::new() } else { format!(" (with {other}: {})", signed(rest)) };
    (format!("{} {value} instead of {base}", label(&parameter.key)), format!("{}{beside}", signed(change)))
}

/// A step that does less than this part of what the other does is told beside it.
const ONE_STEP: f64 = 0.25;

/// Those of which nothing better is known than a range.
pub fn uncertain(result: &ExperimentResult) -> Vec<&Sensitivity> {
    result.sensitivity.iter().filter(|one| one.base.get("between").is_some()).collect()
}

/// `two rates`, as far as the result knows what is uncertain.
pub fn unknown_things(result: &ExperimentResult) -> String {
    let uncertain = uncertain(result);
    let are_rates = uncertain.iter().all(|one| one.key.contains(".every."));
    let thing = if are_rates { "rate" } else { "number" };
    match uncertain.len() {
        0 => "the parameters".to_owned(),
        1 => format!("one {thing}"),
        2 => format!("two {thing}s"),
        3 => format!("three {thing}s"),
        n => format!("{n} {thing}s"),
    }
}

/// Which of the uncertain ones is told apart from chance; nothing where all are, or none is.
pub fn of_them(result: &ExperimentResult) -> Option<String> {
    let uncertain = uncertain(result);
    let is_seen = |one: &&&Sensitivity| response(result, one).change_s_per_year.is_told_apart();
    let seen: Vec<&&Sensitivity> = uncertain.iter().filter(is_seen).collect();
    let [only] = seen.as_slice() else { return None };
    let which = label(&only.key).replace(", once in", "");
    (uncertain.len() > 1).then(|| format!("of them only {which} shows an effect beyond chance"))
}

/// Which loss not knowing the parameters leaves, and the estimate beside it.
pub fn spread(result: &ExperimentResult) -> Option<(&ScenarioResult, Uncertainty, Spread, Estimate)> {
    let scenario = result.scenarios.iter().find(|scenario| scenario.uncertainty.is_some())?;
    let uncertainty = scenario.uncertainty?;
    Some(if fails(result) {
        (scenario, uncertainty, uncertainty.failed_request_s_per_year, scenario.estimates[Metric::FailedRequests])
    } else {
        (scenario, uncertainty, uncertainty.downtime_s_per_year, scenario.estimates[Metric::Downtime])
    })
}

/// What the answer depends on, in a sentence or two: where an experiment asks what matters.
pub fn headline(result: &ExperimentResult) -> Option<String> {
    let ranking = ranking(result).filter(|_| result.selection.is_none())?;
    let each = Period::of(result).each();
    let what = what(result);
    let first = match ranking.top.as_slice() {
        [] => format!("Of {} parameters none changes the {what} by more than chance.", ranking.silent),
        [first, ..] => {
            let other = ranking.top.iter().find(|one| one.whole != first.whole);
            let other = other.map_or(String::new(), |one| {
                let (who, change) = told(result, one);
                format!(", then {who} ({change})")
            });
            let (who, change) = told(result, first);
            format!("What matters most is {who}: {change} of {what} {each}{other}.")
        }
    };
    let Some((_, _, spread, _)) = spread(result) else { return Some(first) };
    let things = unknown_things(result);
    let second = if spread.share_of_variance > 0.0 {
        let which = of_them(result).map_or(String::new(), |which| format!("; {which}"));
        format!("Not knowing {things} leaves {}{which}.", format::span_range(spread.low, spread.high))
    } else {
        format!("Not knowing {things} makes no difference beyond the error of sampling.")
    };
    Some(format!("{first} {second}"))
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

/// What matters beside what the [`headline`] says, and what not knowing the parameters does.
pub fn sentences(result: &ExperimentResult) -> Vec<String> {
    let mut sentences = Vec::new();
    let each = Period::of(result).each();
    if let Some(ranking) = ranking(result) {
        let one = |one: &&Sensitivity| {
            let (who, change) = told(result, one);
            format!("{who} ({change} {each})")
        };
        let rest: Vec<String> = ranking.top.iter().skip(1).take(3).map(one).collect();
        if !rest.is_empty() {
            sentences.push(format!("After that for the {}: {}.", what(result), rest.join("; ")));
        }
    }
    sentences.extend(unknown(result));
    sentences
}

/// The error of sampling and that of not knowing, apart.
fn unknown(result: &ExperimentResult) -> Option<String> {
    let (scenario, uncertainty, spread, estimate) = spread(result)?;
    let estimate = &estimate;
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
        "{of}he error of sampling is ± {sampling} of {} {each}; not knowing the parameters leaves {} to {} ({}).{meets}",
        what(result),
        format::in_full(spread.low),
        format::in_full(spread.high),
        of_draws(uncertainty.draws, &format::plain_percent(result.confidence)),
    ))
}

/// From fewer draws a range that leaves out so few of them is a rough one.
const MANY_DRAWS: u64 = 20;

/// What a range over so many draws holds.
pub fn of_draws(draws: u64, level: &str) -> String {
    if draws < MANY_DRAWS {
        format!("roughly {level}, from only {draws} draws")
    } else {
        format!("{level} of {draws} draws")
    }
}

/// Where the probability of meeting the SLO lies over the draws of what is not known.
pub fn over_draws(scenario: &ScenarioResult) -> Option<String> {
    scenario.uncertainty?.meets_slo.map(|range| format::percent_range(range.low, range.high))
}

/// The probability of meeting the SLO, with its interval and with its range over the draws.
pub fn meets(result: &ExperimentResult, scenario: &ScenarioResult) -> Option<String> {
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

/// What is not named; a range that somebody gave is, as not knowing it was asked about.
pub fn rest(ranking: &Ranking<'_>) -> String {
    let numbered = |n: usize, words: &str| (n > 0).then(|| format!("{n} {words}"));
    let parts = [numbered(ranking.more, "more"), numbered(ranking.silent, "without an effect beyond chance")];
    let rest = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let among =
        |one: &&Sensitivity| format!("{} {}", label(&one.key).replace(", once in", " once in"), spoken(&one.base));
    let ranges: Vec<String> = ranking.silent_ranges.iter().map(among).collect();
    if ranges.is_empty() { rest } else { format!("{rest}; among them {}", ranges.join(" and ")) }
}
