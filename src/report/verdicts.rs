//! What a run passes or fails by, in words: before the numbers, in every report for people.

use crate::experiment::{ExperimentResult, Target, Verdict};
use crate::report::human;

/// A verdict and what it is about.
pub struct Line {
    /// PASS, FAIL or UNDECIDED.
    pub verdict: Verdict,
    /// `aidbox: availability at least 99.95 %`
    pub words: String,
}

impl Line {
    /// The verdict's word.
    pub fn word(&self) -> &'static str {
        match self.verdict {
            Verdict::Pass => "PASS",
            Verdict::Fail => "FAIL",
            Verdict::Undecided => "UNDECIDED",
        }
    }
}

/// A line for each.
pub fn lines(result: &ExperimentResult) -> Vec<Line> {
    result.targets.iter().map(|target| Line { verdict: target.verdict, words: words(target) }).collect()
}

fn words(target: &Target) -> String {
    let value = |value: f64| match target.metric.unit() {
        "share" => human::plain_percent(value),
        "s/year" => format!("{} a year", human::in_full(value)),
        _ => format!("{} a year", human::significant(value, 6)),
    };
    let bound = match (target.at_least, target.at_most) {
        (Some(least), _) => format!("at least {}", value(least)),
        (None, most) => format!("at most {}", value(most.unwrap_or(f64::INFINITY))),
    };
    format!("{}: {} {bound}", target.scenario, target.metric.key())
}
