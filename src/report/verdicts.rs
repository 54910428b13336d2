//! What a run passes or fails by, in words: before the numbers, in every report for people.

use crate::report::{comparison, format};
use crate::results::comparison::worst;
use crate::results::{ExperimentResult, Target, Verdict};

/// A verdict and what it is about.
pub struct Line<'a> {
    /// The scenario that it is about.
    pub scenario: &'a str,
    /// PASS, FAIL or UNDECIDED.
    pub verdict: Verdict,
    /// `aidbox: availability at least 99.95 %`
    pub words: String,
}

impl Line<'_> {
    /// The verdict's word.
    pub fn word(&self) -> &'static str {
        word(self.verdict)
    }
}

/// A verdict's word.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail => "FAIL",
        Verdict::Undecided => "UNDECIDED",
    }
}

/// The verdict on a scenario and its words, where anything judges it: the worst of all that do.
pub fn of_scenario(result: &ExperimentResult, scenario: &str) -> Option<(&'static str, String)> {
    let lines: Vec<Line<'_>> = lines(result).into_iter().filter(|line| line.scenario == scenario).collect();
    let words: Vec<&str> = lines.iter().map(|line| line.words.as_str()).collect();
    let verdict = worst(lines.iter().map(|line| line.verdict));
    (!lines.is_empty()).then(|| (word(verdict), words.join("; ")))
}

/// A line for each: of the change first, where manifests are compared.
pub fn lines(result: &ExperimentResult) -> Vec<Line<'_>> {
    let change = result.comparison.as_ref().map(|comparison| Line {
        scenario: &comparison.after,
        verdict: comparison.change,
        words: comparison::change(result, comparison),
    });
    change.into_iter().chain(result.targets.iter().map(of_target)).collect()
}

fn of_target(target: &Target) -> Line<'_> {
    Line { scenario: &target.scenario, verdict: target.verdict, words: words(target) }
}

fn words(target: &Target) -> String {
    let value = |value: f64| match target.metric.unit() {
        "share" => format::plain_percent(value),
        "s/year" => format!("{} a year", format::in_full(value)),
        _ => format!("{} a year", format::significant(value, 6)),
    };
    let bound = match (target.at_least, target.at_most) {
        (Some(least), _) => format!("at least {}", value(least)),
        (None, most) => format!("at most {}", value(most.unwrap_or(f64::INFINITY))),
    };
    format!("{}: {} {bound}", target.scenario, target.metric.key())
}
